-- The secrets of calendar feeds.
CREATE TABLE calendar_feed (
    secret_hash TEXT PRIMARY KEY,
    kind        TEXT    NOT NULL,
    who         TEXT    NOT NULL,
    made_at     BIGINT NOT NULL,
    account_id  TEXT REFERENCES account (id) ON DELETE CASCADE
);
