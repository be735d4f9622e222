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
    -- planned, cancelled, held, missed
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
    -- JSON: a list of {before, after}.
    steps      TEXT    NOT NULL
) STRICT;
CREATE INDEX timetable_change_by_term ON timetable_change (term_id, at);

-- A planner's run and its draft.
CREATE TABLE plan (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    -- running, draft, published, failed, discarded
    state        TEXT    NOT NULL,
    seed         INTEGER NOT NULL,
    time_limit_s INTEGER NOT NULL,
    instance     TEXT    NOT NULL,
    -- JSON, absent while it runs.
    result       TEXT,
    error        TEXT,
    by_name      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT;
CREATE INDEX plan_by_term ON plan (term_id, created_at);

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
    totp_step       INTEGER NOT NULL DEFAULT 0,
    disabled_at     INTEGER,
    created_at      INTEGER NOT NULL,
    UNIQUE (oidc_issuer, oidc_subject)
) STRICT;
CREATE TABLE role_grant (
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role       TEXT NOT NULL,
    org_id     TEXT NOT NULL REFERENCES org (id) ON DELETE CASCADE,
    -- From where: '' by hand, else the OIDC group.
    source     TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, role, org_id)
) STRICT;
-- A link by which a person sets a first password.
CREATE TABLE invitation_link (
    secret_hash TEXT PRIMARY KEY,
    account_id  TEXT    NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    expires_at  INTEGER NOT NULL
) STRICT;
ALTER TABLE session ADD COLUMN account_id TEXT REFERENCES account (id) ON DELETE CASCADE;
-- Has the second factor been given? And the provider's session, for its logout.
ALTER TABLE session ADD COLUMN second_factor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN oidc_sid TEXT;
CREATE INDEX session_by_account ON session (account_id);
-- A sign-in at a provider that has begun: state, nonce, PKCE verifier.
CREATE TABLE oidc_flow (
    state_hash TEXT PRIMARY KEY,
    nonce      TEXT    NOT NULL,
    verifier   TEXT    NOT NULL,
    back_to    TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- The secrets of calendar feeds.
CREATE TABLE calendar_feed (
    secret_hash TEXT PRIMARY KEY,
    kind        TEXT    NOT NULL,
    who         TEXT    NOT NULL,
    made_at     INTEGER NOT NULL,
    account_id  TEXT REFERENCES account (id) ON DELETE CASCADE
) STRICT;

-- Which timetable lesson a live lesson was, for lists of people who are no administrators.
ALTER TABLE lesson ADD COLUMN org_id TEXT REFERENCES org (id);
