-- Screens stand in classrooms.
ALTER TABLE device ADD COLUMN classroom_id TEXT REFERENCES classroom (id);
ALTER TABLE device ADD COLUMN last_seen_at INTEGER;
-- The newest report of the screen about itself (JSON).
ALTER TABLE device ADD COLUMN health TEXT;
CREATE INDEX device_by_classroom ON device (classroom_id);
-- Codes shown on screens that wait to be paired.
CREATE TABLE screen_code (
    code        TEXT PRIMARY KEY,
    -- What the screen asks with.
    secret_hash TEXT    NOT NULL UNIQUE,
    made_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    -- Once paired.
    device_id   TEXT REFERENCES device (id) ON DELETE CASCADE
) STRICT;
