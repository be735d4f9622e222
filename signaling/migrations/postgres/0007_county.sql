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

-- A lasting agreement: this teacher teaches these classes this subject this term.
CREATE TABLE pairing (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    subject      TEXT    NOT NULL,
    grade        BIGINT NOT NULL,
    edition      TEXT    NOT NULL,
    teacher_id   TEXT    NOT NULL REFERENCES person (id),
    classroom_id TEXT    NOT NULL REFERENCES classroom (id),
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE INDEX pairing_by_term ON pairing (term_id);

CREATE TABLE pairing_class (
    pairing_id TEXT NOT NULL REFERENCES pairing (id) ON DELETE CASCADE,
    class_id   TEXT NOT NULL REFERENCES class_group (id),
    PRIMARY KEY (pairing_id, class_id)
);
CREATE INDEX pairing_class_by_class ON pairing_class (class_id);

-- One lesson of a timetable. It becomes a row of `lesson` when it opens.
CREATE TABLE timetable_lesson (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    pairing_id   TEXT REFERENCES pairing (id),
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    grade        BIGINT NOT NULL,
    -- The master school, its teacher and room.
    org_id       TEXT    NOT NULL REFERENCES org (id),
    teacher_id   TEXT    NOT NULL REFERENCES person (id),
    classroom_id TEXT    NOT NULL REFERENCES classroom (id),
    day          TEXT    NOT NULL,
    week         BIGINT NOT NULL,
    period       BIGINT NOT NULL,
    starts_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    -- planned, cancelled, held, missed
    state        TEXT    NOT NULL,
    -- Why it was cancelled or missed.
    reason       TEXT,
    -- The live lesson, once open.
    lesson_id    TEXT UNIQUE REFERENCES lesson (id) ON DELETE SET NULL,
    -- Grows with every change (iCalendar SEQUENCE).
    version      BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
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
    period              BIGINT NOT NULL,
    starts_at           BIGINT NOT NULL,
    -- Was its room in the lesson? NULL before.
    attended            BIGINT,
    PRIMARY KEY (timetable_lesson_id, class_id)
);
CREATE INDEX timetable_class_by_class ON timetable_class (class_id, starts_at);
CREATE INDEX timetable_class_by_classroom ON timetable_class (classroom_id, starts_at);
CREATE INDEX timetable_class_by_org ON timetable_class (org_id, starts_at);

-- Who and what a planned lesson takes, and when: teacher, class, classroom. Nobody twice at once is the database's own rule.
CREATE TABLE booking (
    timetable_lesson_id TEXT    NOT NULL REFERENCES timetable_lesson (id) ON DELETE CASCADE,
    kind                TEXT    NOT NULL,
    who                 TEXT    NOT NULL,
    starts_at           BIGINT NOT NULL,
    ends_at             BIGINT NOT NULL,
    PRIMARY KEY (timetable_lesson_id, kind, who),
    -- At most four hours, which bounds how far back an overlap is looked for.
    CHECK (ends_at > starts_at AND ends_at - starts_at <= 14400000)
);
CREATE INDEX booking_by_who ON booking (kind, who, starts_at);
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE booking ADD CONSTRAINT booking_once
    EXCLUDE USING gist (kind WITH =, who WITH =, int8range(starts_at, ends_at) WITH &&);

-- Every change of a timetable, with what stood there before: history, and undo.
CREATE TABLE timetable_change (
    id         TEXT PRIMARY KEY,
    term_id    TEXT    NOT NULL REFERENCES term (id),
    kind       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    account_id TEXT,
    by_name    TEXT    NOT NULL,
    at         BIGINT NOT NULL,
    undone_at  BIGINT,
    -- JSON: a list of {before, after}.
    steps      TEXT    NOT NULL
);
CREATE INDEX timetable_change_by_term ON timetable_change (term_id, at);

-- A planner's run and its draft.
CREATE TABLE plan (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    -- running, draft, published, failed, discarded
    state        TEXT    NOT NULL,
    seed         BIGINT NOT NULL,
    time_limit_s BIGINT NOT NULL,
    instance     TEXT    NOT NULL,
    -- JSON, absent while it runs.
    result       TEXT,
    error        TEXT,
    by_name      TEXT    NOT NULL,
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE INDEX plan_by_term ON plan (term_id, created_at);

-- Screens stand in classrooms.
ALTER TABLE device ADD COLUMN classroom_id TEXT REFERENCES classroom (id);
ALTER TABLE device ADD COLUMN last_seen_at BIGINT;
-- The newest report of the screen about itself (JSON).
ALTER TABLE device ADD COLUMN health TEXT;
CREATE INDEX device_by_classroom ON device (classroom_id);
-- Codes shown on screens that wait to be paired.
CREATE TABLE screen_code (
    code        TEXT PRIMARY KEY,
    -- What the screen asks with.
    secret_hash TEXT    NOT NULL UNIQUE,
    made_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    -- Once paired.
    device_id   TEXT REFERENCES device (id) ON DELETE CASCADE
);

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
    totp_step       BIGINT NOT NULL DEFAULT 0,
    disabled_at     BIGINT,
    created_at      BIGINT NOT NULL,
    UNIQUE (oidc_issuer, oidc_subject)
);
CREATE TABLE role_grant (
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       TEXT NOT NULL,
    org_id     TEXT NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    -- From where: '' by hand, else the OIDC group.
    source     TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, role, org_id)
);
-- A link by which a person sets a first password.
CREATE TABLE invitation_link (
    secret_hash TEXT PRIMARY KEY,
    account_id  TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    expires_at  BIGINT NOT NULL
);
ALTER TABLE session ADD COLUMN account_id TEXT REFERENCES account (id) ON DELETE CASCADE;
-- Has the second factor been given? And the provider's session, for its logout.
ALTER TABLE session ADD COLUMN second_factor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN oidc_sid TEXT;
CREATE INDEX session_by_account ON session (account_id);
-- A sign-in at a provider that has begun: state, nonce, PKCE verifier.
CREATE TABLE oidc_flow (
    state_hash TEXT PRIMARY KEY,
    nonce      TEXT    NOT NULL,
    verifier   TEXT    NOT NULL,
    back_to    TEXT    NOT NULL,
    expires_at BIGINT NOT NULL
);

-- The secrets of calendar feeds.
CREATE TABLE calendar_feed (
    secret_hash TEXT PRIMARY KEY,
    kind        TEXT    NOT NULL,
    who         TEXT    NOT NULL,
    made_at     BIGINT NOT NULL,
    account_id  TEXT REFERENCES account (id) ON DELETE CASCADE
);

-- Which timetable lesson a live lesson was, for lists of people who are no administrators.
ALTER TABLE lesson ADD COLUMN org_id TEXT REFERENCES org (id);
