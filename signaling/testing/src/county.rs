//! A small county for tests of timetables, as statements for SQLite and PostgreSQL.
//!
//! | what | ids |
//! |---|---|
//! | county `org-county`; 中心小学 `org-m` (two lessons at once), 河口教学点 `org-a` and 山下教学点 `org-b` (one) | bells of `org-b` are five minutes later |
//! | master rooms `room-m1`, `room-m2` (three classes each); `room-a`, `room-a2`, `room-b` | |
//! | teachers 李老师 `per-li`, 王老师 `per-wang` (教研 on Fridays of odd weeks, period 2) of `org-m` | |
//! | classes `cls-a` (语文 on Wednesdays, period 1), `cls-a2`, `cls-b` | |
//! | `term-1`, 20 weeks; Wednesday of week 8 is a holiday, Sunday of week 8 makes Wednesday up | |
//!
//! Periods 1 to 7 begin 8:00, 8:50, 9:50, 10:40, 14:00, 14:50, 15:40 and last 40 minutes; 8 is 23:20 to midnight.

/// The statements; days are `YYYY-MM-DD`.
pub fn statements(first_day: &str, holiday: &str, make_up: &str) -> String {
    let periods = |schedule: &str, later: u32| {
        let starts = [480, 530, 590, 640, 840, 890, 940];
        let day =
            (1..).zip(starts.map(|start| start + later)).map(|(period, start)| (period, start, start + 40));
        day.chain([(8, 1400, 1440)])
            .map(|(period, start, end)| format!("('{schedule}', {period}, {start}, {end})"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!(
        "INSERT INTO org (id, parent_id, kind, code, name, path, lessons_at_once, bell_schedule_id, created_at) VALUES
             ('org-county', NULL, 'county', '430100', '青山县', '/org-county/', 1, 'bell-1', 0),
             ('org-m', 'org-county', 'school', '4301001', '中心小学', '/org-county/org-m/', 2, NULL, 0),
             ('org-a', 'org-county', 'school', '4301002', '河口教学点', '/org-county/org-a/', 1, NULL, 0),
             ('org-b', 'org-county', 'school', '4301003', '山下教学点', '/org-county/org-b/', 1, 'bell-2', 0);
         INSERT INTO bell_schedule (id, org_id, name) VALUES
             ('bell-1', 'org-county', '夏季作息'), ('bell-2', 'org-b', '山下作息');
         INSERT INTO bell_period (schedule_id, period, starts_min, ends_min) VALUES {early}, {late};
         INSERT INTO classroom (id, org_id, name, max_receivers) VALUES
             ('room-m1', 'org-m', '录播一室', 3), ('room-m2', 'org-m', '录播二室', 3), ('room-a', 'org-a', '一教室', 0),
             ('room-a2', 'org-a', '二教室', 0), ('room-b', 'org-b', '一教室', 0);
         INSERT INTO person (id, org_id, code, name) VALUES
             ('per-li', 'org-m', 'T1', '李老师'), ('per-wang', 'org-m', 'T2', '王老师');
         INSERT INTO class_group (id, org_id, code, name, grade, size, classroom_id, consent_live, consent_record) VALUES
             ('cls-a', 'org-a', 'C1', '三（1）班', 3, 12, 'room-a', 1, 1),
             ('cls-a2', 'org-a', 'C2', '四（1）班', 4, 9, 'room-a2', 1, 1),
             ('cls-b', 'org-b', 'C3', '山下三班', 3, 15, 'room-b', 1, 1);
         INSERT INTO class_busy (class_id, weekday, period, parity, subject) VALUES ('cls-a', 3, 1, 'every', '语文');
         INSERT INTO teacher_busy (person_id, weekday, period, parity, what) VALUES ('per-wang', 5, 2, 'odd', '教研');
         INSERT INTO term (id, org_id, name, first_day, weeks) VALUES ('term-1', 'org-county', '秋季学期', '{first_day}', 20);
         INSERT INTO term_day (term_id, day, kind, follows_weekday, name) VALUES
             ('term-1', '{holiday}', 'holiday', NULL, '国庆节'), ('term-1', '{make_up}', 'make_up', 3, '国庆节调休');",
        early = periods("bell-1", 0),
        late = periods("bell-2", 5),
    )
}
