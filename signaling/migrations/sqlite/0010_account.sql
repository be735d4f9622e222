-- People who sign in.
CREATE TABLE account (
    id              TEXT PRIMARY KEY,
    login           TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    person_id       TEXT REFERENCES person (id) ON DELETE SET NULL,
    -- Where it belongs: who administers this place administers the account.
    org_id          TEXT    NOT NULL REFERENCES org (id),
    -- Argon2id, PHC string. NULL: only by OIDC.
    password_hash   TEXT,
    oidc_issuer     TEXT,
    oidc_subject    TEXT,
    -- Sealed; NULL: no second factor.
    totp_secret     TEXT,
    -- The newest time step that was used: a code opens once.
    totp_step       INTEGER NOT NULL DEFAULT 0,
    disabled_at     INTEGER,
    created_at      INTEGER NOT NULL,
    UNIQUE (oidc_issuer, oidc_subject)
) STRICT;
CREATE TABLE role_grant (
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       TEXT NOT NULL,
    org_id     TEXT NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    -- From where: '' by hand, else the OIDC group.
    source     TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, role, org_id)
) STRICT;
-- A link by which a person sets a first password.
CREATE TABLE invitation_link (
    secret_hash TEXT PRIMARY KEY,
    account_id  TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    expires_at  INTEGER NOT NULL
) STRICT;
ALTER TABLE session ADD COLUMN account_id TEXT REFERENCES account (id) ON DELETE CASCADE;
-- Has the second factor been given? And the provider's session, for its logout.
ALTER TABLE session ADD COLUMN second_factor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN oidc_sid TEXT;
CREATE INDEX session_by_account ON session (account_id);
-- A sign-in at a provider that has begun: state, nonce, PKCE verifier.
CREATE TABLE oidc_flow (
    state_hash TEXT PRIMARY KEY,
    nonce      TEXT    NOT NULL,
    verifier   TEXT    NOT NULL,
    back_to    TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
