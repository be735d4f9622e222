-- Times are milliseconds since 1970 (UTC). Secrets are stored as SHA-256, never as themselves.
-- Tables and columns are those of migrations/sqlite; a boolean is a BIGINT 0 or 1 here, too.

-- What the SQL of src/store uses of SQLite's functions.
CREATE FUNCTION instr(whole TEXT, part TEXT) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT strpos(whole, part)';
CREATE FUNCTION json_each(list TEXT) RETURNS TABLE (value TEXT)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT jsonb_array_elements_text(list::jsonb)';

CREATE TABLE lesson (
    id             TEXT PRIMARY KEY,
    title          TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    video_codec    TEXT    NOT NULL,
    -- Is it to be recorded while live?
    record         BIGINT NOT NULL,
    -- Six digits while classrooms may join, NULL afterwards, so that codes are used again.
    code           TEXT,
    on_stage       TEXT,
    recording_id   TEXT UNIQUE,
    -- The last event of the recording.
    last_event_seq BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    started_at     BIGINT,
    ended_at       BIGINT
);
CREATE UNIQUE INDEX lesson_code ON lesson (code) WHERE code IS NOT NULL;
CREATE INDEX lesson_state ON lesson (state);

CREATE TABLE device (
    id              TEXT PRIMARY KEY,
    name            TEXT    NOT NULL,
    credential_hash TEXT    NOT NULL UNIQUE,
    paired_at       BIGINT NOT NULL
);

-- Which screens belong to a lesson; the newest lesson with media is the one a screen shows.
CREATE TABLE invitation (
    lesson_id  TEXT    NOT NULL REFERENCES lesson (id) ON DELETE CASCADE,
    device_id  TEXT    NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    invited_at BIGINT NOT NULL,
    PRIMARY KEY (lesson_id, device_id)
);
CREATE INDEX invitation_device ON invitation (device_id);

CREATE TABLE participant (
    id               TEXT PRIMARY KEY,
    lesson_id        TEXT    NOT NULL REFERENCES lesson (id) ON DELETE CASCADE,
    -- Order of admission within the lesson.
    position         BIGINT NOT NULL,
    role             TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    device_id        TEXT REFERENCES device (id) ON DELETE SET NULL,
    muted            BIGINT NOT NULL,
    hand_raised_at   BIGINT,
    last_on_stage_at BIGINT,
    expelled_at      BIGINT,
    UNIQUE (lesson_id, position)
);
-- A screen sits in a lesson once; the one that was expelled sits there no more.
CREATE UNIQUE INDEX participant_device ON participant (lesson_id, device_id)
    WHERE device_id IS NOT NULL AND expelled_at IS NULL;

-- What composing needs to know of a lesson, in the order it happened.
CREATE TABLE lesson_event (
    recording_id TEXT    NOT NULL,
    seq          BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    kind         TEXT    NOT NULL,
    PRIMARY KEY (recording_id, seq)
);

CREATE TABLE resource (
    id           TEXT PRIMARY KEY,
    lesson_id    TEXT    NOT NULL UNIQUE REFERENCES lesson (id),
    recording_id TEXT    NOT NULL UNIQUE,
    title        TEXT    NOT NULL,
    recorded_at  BIGINT NOT NULL,
    duration_ms  BIGINT,
    playlist     TEXT,
    poster       TEXT,
    chapters     TEXT    NOT NULL,
    gap_ms       BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);

-- One row an attempt; the newest attempt of a resource is the one that counts.
CREATE TABLE job (
    id           TEXT PRIMARY KEY,
    resource_id  TEXT    NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    recording_id TEXT    NOT NULL,
    attempt      BIGINT NOT NULL,
    state        TEXT    NOT NULL,
    percent      BIGINT NOT NULL,
    step         TEXT,
    eta_s        BIGINT,
    error        TEXT,
    -- The node that works on it, and until when it need not say so again.
    lease_node   TEXT,
    lease_until  BIGINT,
    created_at   BIGINT NOT NULL,
    UNIQUE (resource_id, attempt)
);
CREATE INDEX job_state ON job (state);

CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    role       TEXT    NOT NULL,
    lesson_id  TEXT REFERENCES lesson (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Set-up links that made an administrator, and do so no more.
CREATE TABLE used_setup_secret (
    secret_hash TEXT PRIMARY KEY,
    used_at     BIGINT NOT NULL
);
