-- When a lesson is to begin, if that was said when it was made.
ALTER TABLE lesson ADD COLUMN starts_at INTEGER;
CREATE INDEX lesson_due ON lesson (state, starts_at);
