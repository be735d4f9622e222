-- A county: places, people, time, the timetable, pairings. Days are 'YYYY-MM-DD' in Asia/Shanghai, times of day minutes
-- after midnight there, instants milliseconds since 1970 (UTC); booleans are 0 and 1.

-- Province, city, county, school. `path` is '/', the ids from the root down, each followed by '/': a subtree is a prefix.
CREATE TABLE org (
    id               TEXT PRIMARY KEY,
    parent_id        TEXT REFERENCES org (id),
    kind             TEXT    NOT NULL,
    -- The state's code (一校一码), the key for exchange.
    code             TEXT    NOT NULL UNIQUE,
    name             TEXT    NOT NULL,
    path             TEXT    NOT NULL UNIQUE,
    -- Of a school: its link, and how many lessons it carries at once.
    link_down_kbps   INTEGER,
    link_up_kbps     INTEGER,
    lessons_at_once  INTEGER NOT NULL DEFAULT 1,
    -- A school without its own has its parent's, and so on.
    bell_schedule_id TEXT,
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX org_by_parent ON org (parent_id);

CREATE TABLE classroom (
    id            TEXT PRIMARY KEY,
    org_id        TEXT    NOT NULL REFERENCES org (id),
    name          TEXT    NOT NULL,
    -- Can a master teacher teach from here, and to how many at most? 0: it only receives.
    max_receivers INTEGER NOT NULL DEFAULT 0,
    UNIQUE (org_id, name)
) STRICT;

CREATE TABLE class_group (
    id              TEXT PRIMARY KEY,
    org_id          TEXT    NOT NULL REFERENCES org (id),
    code            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    grade           INTEGER NOT NULL,
    size            INTEGER NOT NULL,
    -- Where it sits.
    classroom_id    TEXT REFERENCES classroom (id),
    consent_live    INTEGER NOT NULL DEFAULT 0,
    consent_record  INTEGER NOT NULL DEFAULT 0,
    consent_publish INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX class_group_by_org ON class_group (org_id);

-- 一人一号. Whoever teaches has rows in teacher_subject.
CREATE TABLE person (
    id              TEXT PRIMARY KEY,
    org_id          TEXT    NOT NULL REFERENCES org (id),
    code            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    -- Periods a week at most, and of those delivered to other schools.
    max_weekly      INTEGER NOT NULL DEFAULT 16,
    max_delivered   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX person_by_org ON person (org_id);

CREATE TABLE teacher_subject (
    person_id  TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    subject    TEXT    NOT NULL,
    grade_from INTEGER NOT NULL,
    grade_to   INTEGER NOT NULL,
    -- '' is any.
    edition    TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (person_id, subject, grade_from, edition)
) STRICT;

CREATE TABLE term (
    id        TEXT PRIMARY KEY,
    org_id    TEXT    NOT NULL REFERENCES org (id),
    name      TEXT    NOT NULL,
    -- A Monday.
    first_day TEXT    NOT NULL,
    weeks     INTEGER NOT NULL,
    UNIQUE (org_id, first_day)
) STRICT;

-- Holidays, and days on which another weekday's lessons are made up.
CREATE TABLE term_day (
    term_id         TEXT NOT NULL REFERENCES term (id) ON DELETE CASCADE,
    day             TEXT NOT NULL,
    kind            TEXT NOT NULL,
    follows_weekday INTEGER,
    name            TEXT NOT NULL,
    PRIMARY KEY (term_id, day)
) STRICT;

CREATE TABLE bell_schedule (
    id     TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    name   TEXT NOT NULL,
    UNIQUE (org_id, name)
) STRICT;

CREATE TABLE bell_period (
    schedule_id TEXT    NOT NULL REFERENCES bell_schedule (id) ON DELETE CASCADE,
    period      INTEGER NOT NULL,
    starts_min  INTEGER NOT NULL,
    ends_min    INTEGER NOT NULL,
    PRIMARY KEY (schedule_id, period)
) STRICT;

-- What the state prescribes, for a county's schools.
CREATE TABLE curriculum (
    org_id         TEXT    NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    subject        TEXT    NOT NULL,
    grade          INTEGER NOT NULL,
    weekly_periods INTEGER NOT NULL,
    PRIMARY KEY (org_id, subject, grade)
) STRICT;

-- Which edition a class uses, and how many periods a week its own school teaches.
CREATE TABLE class_subject (
    class_id        TEXT    NOT NULL REFERENCES class_group (id) ON DELETE CASCADE,
    subject         TEXT    NOT NULL,
    edition         TEXT    NOT NULL DEFAULT '',
    on_site_periods INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (class_id, subject)
) STRICT;

-- When a class is taught on site, or a teacher has no time. `parity`: every, odd, even weeks.
CREATE TABLE class_busy (
    class_id TEXT    NOT NULL REFERENCES class_group (id) ON DELETE CASCADE,
    weekday  INTEGER NOT NULL,
    period   INTEGER NOT NULL,
    parity   TEXT    NOT NULL DEFAULT 'every',
    subject  TEXT    NOT NULL,
    PRIMARY KEY (class_id, weekday, period, parity)
) STRICT;

CREATE TABLE teacher_busy (
    person_id TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    weekday   INTEGER NOT NULL,
    period    INTEGER NOT NULL,
    parity    TEXT    NOT NULL DEFAULT 'every',
    what      TEXT    NOT NULL,
    PRIMARY KEY (person_id, weekday, period, parity)
) STRICT;
