-- A lasting agreement: this teacher teaches these classes this subject this term.
CREATE TABLE pairing (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    subject      TEXT    NOT NULL,
    grade        INTEGER NOT NULL,
    edition      TEXT    NOT NULL,
    teacher_id   TEXT    NOT NULL REFERENCES person (id),
    classroom_id TEXT    NOT NULL REFERENCES classroom (id),
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT;
CREATE INDEX pairing_by_term ON pairing (term_id);

CREATE TABLE pairing_class (
    pairing_id TEXT NOT NULL REFERENCES pairing (id) ON DELETE CASCADE,
    class_id   TEXT NOT NULL REFERENCES class_group (id),
    PRIMARY KEY (pairing_id, class_id)
) STRICT;
CREATE INDEX pairing_class_by_class ON pairing_class (class_id);

-- One lesson of a timetable. It becomes a row of `lesson` when it opens.
CREATE TABLE timetable_lesson (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    pairing_id   TEXT REFERENCES pairing (id),
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    grade        INTEGER NOT NULL,
    -- The master school, its teacher and room.
    org_id       TEXT    NOT NULL REFERENCES org (id),
    teacher_id   TEXT    NOT NULL REFERENCES person (id),
    classroom_id TEXT    NOT NULL REFERENCES classroom (id),
    day          TEXT    NOT NULL,
    week         INTEGER NOT NULL,
    period       INTEGER NOT NULL,
    starts_at    INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    -- planned, cancelled, held, missed; replaced: by a newer plan, in no list
    state        TEXT    NOT NULL,
    -- Why it was cancelled or missed.
    reason       TEXT,
    -- The live lesson, once open.
    lesson_id    TEXT UNIQUE REFERENCES lesson (id) ON DELETE SET NULL,
    -- Grows with every change (iCalendar SEQUENCE).
    version      INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX timetable_lesson_by_week ON timetable_lesson (term_id, week);
CREATE INDEX timetable_lesson_by_start ON timetable_lesson (state, starts_at);
CREATE INDEX timetable_lesson_by_teacher ON timetable_lesson (teacher_id, starts_at);
CREATE INDEX timetable_lesson_by_classroom ON timetable_lesson (classroom_id, starts_at);
CREATE INDEX timetable_lesson_by_pairing ON timetable_lesson (pairing_id);
CREATE INDEX timetable_lesson_by_org ON timetable_lesson (org_id, starts_at);

-- The receiving classes, each with its own school's period.
CREATE TABLE timetable_class (
    timetable_lesson_id TEXT    NOT NULL REFERENCES timetable_lesson (id) ON DELETE CASCADE,
    class_id            TEXT    NOT NULL REFERENCES class_group (id),
    classroom_id        TEXT    NOT NULL REFERENCES classroom (id),
    org_id              TEXT    NOT NULL REFERENCES org (id),
    period              INTEGER NOT NULL,
    starts_at           INTEGER NOT NULL,
    -- Was its room in the lesson? NULL before.
    attended            INTEGER,
    PRIMARY KEY (timetable_lesson_id, class_id)
) STRICT;
CREATE INDEX timetable_class_by_class ON timetable_class (class_id, starts_at);
CREATE INDEX timetable_class_by_classroom ON timetable_class (classroom_id, starts_at);
CREATE INDEX timetable_class_by_org ON timetable_class (org_id, starts_at);

-- Who and what a planned lesson takes, and when: teacher, class, classroom. Nobody twice at once is the database's own rule.
CREATE TABLE booking (
    timetable_lesson_id TEXT    NOT NULL REFERENCES timetable_lesson (id) ON DELETE CASCADE,
    kind                TEXT    NOT NULL,
    who                 TEXT    NOT NULL,
    starts_at           INTEGER NOT NULL,
    ends_at             INTEGER NOT NULL,
    PRIMARY KEY (timetable_lesson_id, kind, who),
    -- At most four hours, which bounds how far back an overlap is looked for.
    CHECK (ends_at > starts_at AND ends_at - starts_at <= 14400000)
) STRICT;
CREATE INDEX booking_by_who ON booking (kind, who, starts_at);
CREATE TRIGGER booking_once BEFORE INSERT ON booking
WHEN EXISTS (
    SELECT 1 FROM booking WHERE kind = NEW.kind AND who = NEW.who
        AND starts_at < NEW.ends_at AND starts_at > NEW.starts_at - 14400000 AND ends_at > NEW.starts_at)
BEGIN
    SELECT RAISE(ABORT, 'booked: it overlaps another lesson');
END;
CREATE TRIGGER booking_is_not_changed BEFORE UPDATE ON booking
BEGIN
    SELECT RAISE(ABORT, 'a booking is deleted and made anew');
END;

-- Every change of a timetable, with what stood there before: history, and undo.
CREATE TABLE timetable_change (
    id         TEXT PRIMARY KEY,
    term_id    TEXT    NOT NULL REFERENCES term (id),
    kind       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    account_id TEXT,
    by_name    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    undone_at  INTEGER,
    -- JSON: {"steps": [{before, after}]}, or of a publication {"published": {added, replaced}}, ids only.
    steps      TEXT    NOT NULL
) STRICT;
CREATE INDEX timetable_change_by_term ON timetable_change (term_id, at);

-- Which timetable lesson a live lesson was, for lists of people who are no administrators.
ALTER TABLE lesson ADD COLUMN org_id TEXT REFERENCES org (id);
