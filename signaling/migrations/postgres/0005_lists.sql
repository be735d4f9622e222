-- What lists and sweeps look things up by.
CREATE INDEX lesson_by_age ON lesson (created_at, id);
CREATE INDEX resource_by_age ON resource (recorded_at, id);
CREATE INDEX session_by_end ON session (expires_at);
CREATE INDEX participant_by_device ON participant (device_id) WHERE device_id IS NOT NULL;
