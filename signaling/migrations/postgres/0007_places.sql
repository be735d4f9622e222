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
    link_down_kbps   BIGINT,
    link_up_kbps     BIGINT,
    lessons_at_once  BIGINT NOT NULL DEFAULT 1,
    -- A school without its own has its parent's, and so on.
    bell_schedule_id TEXT,
    created_at       BIGINT NOT NULL
);
CREATE INDEX org_by_parent ON org (parent_id);

CREATE TABLE classroom (
    id            TEXT PRIMARY KEY,
    org_id        TEXT    NOT NULL REFERENCES org (id),
    name          TEXT    NOT NULL,
    -- Can a master teacher teach from here, and to how many at most? 0: it only receives.
    max_receivers BIGINT NOT NULL DEFAULT 0,
    UNIQUE (org_id, name)
);

CREATE TABLE class_group (
    id              TEXT PRIMARY KEY,
    org_id          TEXT    NOT NULL REFERENCES org (id),
    code            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    grade           BIGINT NOT NULL,
    size            BIGINT NOT NULL,
    -- Where it sits.
    classroom_id    TEXT REFERENCES classroom (id),
    consent_live    BIGINT NOT NULL DEFAULT 0,
    consent_record  BIGINT NOT NULL DEFAULT 0,
    consent_publish BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX class_group_by_org ON class_group (org_id);

-- 一人一号. Whoever teaches has rows in teacher_subject.
CREATE TABLE person (
    id              TEXT PRIMARY KEY,
    org_id          TEXT    NOT NULL REFERENCES org (id),
    code            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    -- Periods a week at most, and of those delivered to other schools.
    max_weekly      BIGINT NOT NULL DEFAULT 16,
    max_delivered   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX person_by_org ON person (org_id);

CREATE TABLE teacher_subject (
    person_id  TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    subject    TEXT    NOT NULL,
    grade_from BIGINT NOT NULL,
    grade_to   BIGINT NOT NULL,
    -- '' is any.
    edition    TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (person_id, subject, grade_from, edition)
);

CREATE TABLE term (
    id        TEXT PRIMARY KEY,
    org_id    TEXT    NOT NULL REFERENCES org (id),
    name      TEXT    NOT NULL,
    -- A Monday.
    first_day TEXT    NOT NULL,
    weeks     BIGINT NOT NULL,
    UNIQUE (org_id, first_day)
);

-- Holidays, and days on which another weekday's lessons are made up.
CREATE TABLE term_day (
    term_id         TEXT NOT NULL REFERENCES term (id) ON DELETE CASCADE,
    day             TEXT NOT NULL,
    kind            TEXT NOT NULL,
    follows_weekday BIGINT,
    name            TEXT NOT NULL,
    PRIMARY KEY (term_id, day)
);

CREATE TABLE bell_schedule (
    id     TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    name   TEXT NOT NULL,
    UNIQUE (org_id, name)
);

CREATE TABLE bell_period (
    schedule_id TEXT    NOT NULL REFERENCES bell_schedule (id) ON DELETE CASCADE,
    period      BIGINT NOT NULL,
    starts_min  BIGINT NOT NULL,
    ends_min    BIGINT NOT NULL,
    PRIMARY KEY (schedule_id, period)
);

-- What the state prescribes, for a county's schools.
CREATE TABLE curriculum (
    org_id         TEXT    NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    subject        TEXT    NOT NULL,
    grade          BIGINT NOT NULL,
    weekly_periods BIGINT NOT NULL,
    PRIMARY KEY (org_id, subject, grade)
);

-- Which edition a class uses, and how many periods a week its own school teaches.
CREATE TABLE class_subject (
    class_id        TEXT    NOT NULL REFERENCES class_group (id) ON DELETE CASCADE,
    subject         TEXT    NOT NULL,
    edition         TEXT    NOT NULL DEFAULT '',
    on_site_periods BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (class_id, subject)
);

-- When a class is taught on site, or a teacher has no time. `parity`: every, odd, even weeks.
CREATE TABLE class_busy (
    class_id TEXT    NOT NULL REFERENCES class_group (id) ON DELETE CASCADE,
    weekday  BIGINT NOT NULL,
    period   BIGINT NOT NULL,
    parity   TEXT    NOT NULL DEFAULT 'every',
    subject  TEXT    NOT NULL,
    PRIMARY KEY (class_id, weekday, period, parity)
);

CREATE TABLE teacher_busy (
    person_id TEXT    NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    weekday   BIGINT NOT NULL,
    period    BIGINT NOT NULL,
    parity    TEXT    NOT NULL DEFAULT 'every',
    what      TEXT    NOT NULL,
    PRIMARY KEY (person_id, weekday, period, parity)
);
