-- Times are milliseconds since 1970 (UTC). Secrets are stored as SHA-256, never as themselves.

CREATE TABLE lesson (
    id             TEXT PRIMARY KEY,
    title          TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    video_codec    TEXT    NOT NULL,
    -- Is it to be recorded while live?
    record         INTEGER NOT NULL,
    -- Six digits while classrooms may join, NULL afterwards, so that codes are used again.
    code           TEXT,
    on_stage       TEXT,
    recording_id   TEXT UNIQUE,
    -- The last event of the recording.
    last_event_seq INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    started_at     INTEGER,
    ended_at       INTEGER
) STRICT;
CREATE UNIQUE INDEX lesson_code ON lesson (code) WHERE code IS NOT NULL;
CREATE INDEX lesson_state ON lesson (state);

CREATE TABLE device (
    id              TEXT PRIMARY KEY,
    name            TEXT    NOT NULL,
    credential_hash TEXT    NOT NULL UNIQUE,
    paired_at       INTEGER NOT NULL
) STRICT;

-- Which screens belong to a lesson; the newest lesson with media is the one a screen shows.
CREATE TABLE invitation (
    lesson_id  TEXT    NOT NULL REFERENCES lesson (id) ON DELETE CASCADE,
    device_id  TEXT    NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    invited_at INTEGER NOT NULL,
    PRIMARY KEY (lesson_id, device_id)
) STRICT;
CREATE INDEX invitation_device ON invitation (device_id);

CREATE TABLE participant (
    id               TEXT PRIMARY KEY,
    lesson_id        TEXT    NOT NULL REFERENCES lesson (id) ON DELETE CASCADE,
    -- Order of admission within the lesson.
    position         INTEGER NOT NULL,
    role             TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    device_id        TEXT REFERENCES device (id) ON DELETE SET NULL,
    muted            INTEGER NOT NULL,
    hand_raised_at   INTEGER,
    last_on_stage_at INTEGER,
    expelled_at      INTEGER,
    UNIQUE (lesson_id, position)
) STRICT;
-- A screen sits in a lesson once; the one that was expelled sits there no more.
CREATE UNIQUE INDEX participant_device ON participant (lesson_id, device_id)
    WHERE device_id IS NOT NULL AND expelled_at IS NULL;

-- What composing needs to know of a lesson, in the order it happened.
CREATE TABLE lesson_event (
    recording_id TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    PRIMARY KEY (recording_id, seq)
) STRICT;

CREATE TABLE resource (
    id           TEXT PRIMARY KEY,
    lesson_id    TEXT    NOT NULL UNIQUE REFERENCES lesson (id),
    recording_id TEXT    NOT NULL UNIQUE,
    title        TEXT    NOT NULL,
    recorded_at  INTEGER NOT NULL,
    duration_ms  INTEGER,
    playlist     TEXT,
    poster       TEXT,
    chapters     TEXT    NOT NULL,
    gap_ms       INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

-- One row an attempt; the newest attempt of a resource is the one that counts.
CREATE TABLE job (
    id           TEXT PRIMARY KEY,
    resource_id  TEXT    NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    recording_id TEXT    NOT NULL,
    attempt      INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    percent      INTEGER NOT NULL,
    step         TEXT,
    eta_s        INTEGER,
    error        TEXT,
    -- The node that works on it, and until when it need not say so again.
    lease_node   TEXT,
    lease_until  INTEGER,
    created_at   INTEGER NOT NULL,
    UNIQUE (resource_id, attempt)
) STRICT;
CREATE INDEX job_state ON job (state);

CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    role       TEXT    NOT NULL,
    lesson_id  TEXT REFERENCES lesson (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- Set-up links that made an administrator, and do so no more.
CREATE TABLE used_setup_secret (
    secret_hash TEXT PRIMARY KEY,
    used_at     INTEGER NOT NULL
) STRICT;
