-- Which recorder has a lesson's capture: it stays there, and is composed there.
ALTER TABLE lesson ADD COLUMN recorder TEXT;

-- Recordings of deleted resources whose files are still to be removed.
CREATE TABLE removal (
    recording_id TEXT PRIMARY KEY,
    -- The job its recorder must not go on with.
    job_id       TEXT    NOT NULL,
    recorder     TEXT,
    asked_at     INTEGER NOT NULL
) STRICT;
