-- The set-up link that was asked for last, until it is used. The first one of an installation stands in
-- data_dir/secrets and not here. Those that were used or replaced are in used_setup_secret.
CREATE TABLE setup_link (
    secret_hash TEXT PRIMARY KEY,
    made_at     BIGINT NOT NULL
);
