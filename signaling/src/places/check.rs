//! The rules of each field of places, people and times.
//!
//! Enters: what somebody typed or a file says. Leaves: the same with blanks trimmed, or the first field that is wrong. What
//! only the database knows (is the code taken, is the parent there) is asked there.

use super::refusal::{Bad, Field, Rule};
use crate::calendar::meet;
use crate::http::input::line;
use std::collections::HashSet;
use tongtang_protocol::calendar::{
    BellPeriod, BellScheduleInput, MAX_PERIODS, MAX_WEEKS, TermDayKind, TermInput,
};
use tongtang_protocol::places::{
    Busy, ClassInput, ClassroomInput, MAX_GRADE, OrgInput, OrgKind, Prescribed, TeacherInput,
};
use tongtang_protocol::timetable::MAX_RECEIVERS;

/// Longest code of the state, in characters.
pub const MAX_CODE_CHARS: usize = 32;
/// Longest name of a place, room, class, person or term, in characters.
pub const MAX_NAME_CHARS: usize = 64;
/// Longest subject, and longest textbook edition, in characters.
pub const MAX_SUBJECT_CHARS: usize = 32;
/// Subjects of a class, and rows of what a teacher teaches.
pub const MAX_SUBJECTS: usize = 40;
/// Taken periods of a class or teacher: each of a week's, odd and even.
pub const MAX_BUSY: usize = 2 * 7 * MAX_PERIODS as usize;
/// Rows of a curriculum.
pub const MAX_CURRICULUM: usize = MAX_SUBJECTS * MAX_GRADE as usize;
/// Fastest link, in kbit/s.
const MAX_LINK_KBPS: i64 = 10_000_000;
/// Lessons a link carries at once.
const MAX_AT_ONCE: i64 = 64;
/// Pupils of a class.
const MAX_SIZE: i64 = 200;
/// Periods a week of one subject, or of one teacher.
const MAX_WEEKLY: i64 = 60;
/// Longest lesson, in minutes: as long as a booking may be.
const MAX_PERIOD_MIN: u16 = 240;
const DAY_MIN: u16 = 24 * 60;

/// A place.
pub fn org(mut input: OrgInput) -> Result<OrgInput, Bad> {
    input.code = code(&input.code)?;
    input.name = name(&input.name)?;
    if (input.kind == OrgKind::Province) && input.parent_id.is_some() {
        return Err(Bad { field: Field::Parent, rule: Rule::ParentBefore });
    }
    for (kbps, field) in [(input.link_down_kbps, Field::LinkDown), (input.link_up_kbps, Field::LinkUp)] {
        kbps.map_or(Ok(()), |kbps| between(field, kbps, 1, MAX_LINK_KBPS))?;
    }
    between(Field::LessonsAtOnce, input.lessons_at_once.unwrap_or(1), 1, MAX_AT_ONCE)?;
    Ok(input)
}

/// May a place of the one kind lie below one of the other?
pub fn parent_kind(own: OrgKind, parent: OrgKind) -> Result<(), Bad> {
    if parent < own { Ok(()) } else { Err(Bad { field: Field::Parent, rule: Rule::ParentBefore }) }
}

/// A classroom.
pub fn classroom(mut input: ClassroomInput) -> Result<ClassroomInput, Bad> {
    input.name = name(&input.name)?;
    between(Field::MaxReceivers, input.max_receivers, 0, MAX_RECEIVERS as i64)?;
    Ok(input)
}

/// A class.
pub fn class(mut input: ClassInput) -> Result<ClassInput, Bad> {
    input.code = code(&input.code)?;
    input.name = name(&input.name)?;
    grade(input.grade)?;
    between(Field::Size, input.size, 0, MAX_SIZE)?;
    at_most(Field::Subjects, input.subjects.len(), MAX_SUBJECTS)?;
    for of in &mut input.subjects {
        of.subject = subject(&of.subject)?;
        of.edition = edition(&of.edition)?;
        between(Field::OnSite, of.on_site_periods, 0, MAX_WEEKLY)?;
    }
    once(Field::Subjects, input.subjects.iter().map(|of| of.subject.clone()))?;
    input.busy = busy(input.busy)?;
    Ok(input)
}

/// A teacher.
pub fn teacher(mut input: TeacherInput) -> Result<TeacherInput, Bad> {
    input.code = code(&input.code)?;
    input.name = name(&input.name)?;
    between(Field::MaxWeekly, input.max_weekly, 0, MAX_WEEKLY)?;
    if input.max_delivered > input.max_weekly {
        return Err(Bad { field: Field::MaxDelivered, rule: Rule::NotMoreThan(Field::MaxWeekly) });
    }
    at_most(Field::Subjects, input.subjects.len(), MAX_SUBJECTS)?;
    for of in &mut input.subjects {
        of.subject = subject(&of.subject)?;
        of.edition = edition(&of.edition)?;
        grade(of.grade_from)?;
        grade(of.grade_to)?;
        if of.grade_from > of.grade_to {
            return Err(Bad { field: Field::Grades, rule: Rule::FromTo });
        }
    }
    let named = |of: &tongtang_protocol::places::TeachableSubject| {
        format!("{} {}– {}", of.subject, of.grade_from, of.edition).trim_end().to_owned()
    };
    once(Field::Subjects, input.subjects.iter().map(named))?;
    input.busy = busy(input.busy)?;
    Ok(input)
}

/// Taken periods: no two that ever meet.
pub fn busy(mut busy: Vec<Busy>) -> Result<Vec<Busy>, Bad> {
    at_most(Field::Busy, busy.len(), MAX_BUSY)?;
    for taken in &mut busy {
        between(Field::Weekday, taken.weekday, 1, 7)?;
        between(Field::Period, taken.period, 1, i64::from(MAX_PERIODS))?;
        taken.what = line(&taken.what, MAX_NAME_CHARS)
            .ok_or(Bad { field: Field::What, rule: Rule::Line(MAX_NAME_CHARS) })?;
    }
    busy.sort_by_key(|taken| (taken.weekday, taken.period, taken.parity));
    // Sorted, "every" comes first of its period: whatever meets another has a neighbour that it meets.
    let twice = busy.windows(2).find(|pair| {
        (pair[0].weekday, pair[0].period) == (pair[1].weekday, pair[1].period)
            && meet(pair[0].parity, pair[1].parity)
    });
    match twice {
        Some(pair) => {
            let slot = format!("{}-{} {}", pair[0].weekday, pair[0].period, pair[1].what);
            Err(Bad { field: Field::Busy, rule: Rule::Twice(slot) })
        }
        None => Ok(busy),
    }
}

/// What is prescribed.
pub fn curriculum(mut rows: Vec<Prescribed>) -> Result<Vec<Prescribed>, Bad> {
    at_most(Field::Curriculum, rows.len(), MAX_CURRICULUM)?;
    for row in &mut rows {
        row.subject = subject(&row.subject)?;
        grade(row.grade)?;
        between(Field::Weekly, row.weekly_periods, 0, MAX_WEEKLY)?;
    }
    once(Field::Curriculum, rows.iter().map(|row| format!("{} {}", row.subject, row.grade)))?;
    Ok(rows)
}

/// A term.
pub fn term(mut input: TermInput) -> Result<TermInput, Bad> {
    input.name = name(&input.name)?;
    if input.first_day.weekday() != 1 {
        return Err(Bad { field: Field::FirstDay, rule: Rule::Monday });
    }
    between(Field::Weeks, input.weeks, 1, i64::from(MAX_WEEKS))?;
    let length = i64::from(input.weeks) * 7;
    at_most(Field::Days, input.days.len(), usize::from(MAX_WEEKS) * 7)?;
    for unlike in &mut input.days {
        unlike.name = name(&unlike.name)?;
        let day = unlike.day.to_string();
        if !(0..length).contains(&unlike.day.since(input.first_day)) {
            return Err(Bad { field: Field::Days, rule: Rule::InTerm(day) });
        }
        let is_right = match (unlike.kind, unlike.follows_weekday) {
            (TermDayKind::Holiday, follows) => follows.is_none(),
            (TermDayKind::MakeUp, follows) => follows.is_some_and(|weekday| (1..=7).contains(&weekday)),
        };
        if !is_right {
            return Err(Bad { field: Field::Follows, rule: Rule::OnMakeUpOnly(day) });
        }
    }
    once(Field::Days, input.days.iter().map(|unlike| unlike.day.to_string()))?;
    input.days.sort_by_key(|unlike| unlike.day);
    Ok(input)
}

/// Bell times.
pub fn bells(mut input: BellScheduleInput) -> Result<BellScheduleInput, Bad> {
    input.name = name(&input.name)?;
    periods(&input.periods)?;
    Ok(input)
}

/// Periods of a day: at least one, in order, none within another.
pub fn periods(periods: &[BellPeriod]) -> Result<(), Bad> {
    between(Field::Periods, periods.len(), 1, i64::from(MAX_PERIODS))?;
    let mut before: Option<&BellPeriod> = None;
    for bell in periods {
        between(Field::Period, bell.period, 1, i64::from(MAX_PERIODS))?;
        between(Field::Starts, bell.starts_min, 0, i64::from(DAY_MIN - 1))?;
        between(Field::Ends, bell.ends_min, 1, i64::from(DAY_MIN))?;
        let after = before.is_none_or(|last| last.period < bell.period && last.ends_min <= bell.starts_min);
        if !after || bell.ends_min <= bell.starts_min {
            return Err(Bad { field: Field::Periods, rule: Rule::InOrder });
        }
        between(Field::Ends, bell.ends_min - bell.starts_min, 1, i64::from(MAX_PERIOD_MIN))?;
        before = Some(bell);
    }
    Ok(())
}

/// A code of the state.
pub fn code(text: &str) -> Result<String, Bad> {
    let text = text.trim();
    let is_code = (1..=MAX_CODE_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_code { Ok(text.to_owned()) } else { Err(Bad { field: Field::Code, rule: Rule::Code }) }
}

/// A name.
pub fn name(text: &str) -> Result<String, Bad> {
    line(text, MAX_NAME_CHARS).ok_or(Bad { field: Field::Name, rule: Rule::Line(MAX_NAME_CHARS) })
}

/// A subject.
pub fn subject(text: &str) -> Result<String, Bad> {
    line(text, MAX_SUBJECT_CHARS).ok_or(Bad { field: Field::Subject, rule: Rule::Line(MAX_SUBJECT_CHARS) })
}

/// A textbook edition, which may be empty.
pub fn edition(text: &str) -> Result<String, Bad> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    line(text, MAX_SUBJECT_CHARS).ok_or(Bad { field: Field::Edition, rule: Rule::Short(MAX_SUBJECT_CHARS) })
}

fn grade(grade: u8) -> Result<(), Bad> {
    between(Field::Grade, grade, 1, i64::from(MAX_GRADE))
}

fn between(field: Field, number: impl TryInto<i64>, least: i64, most: i64) -> Result<(), Bad> {
    let fits = number.try_into().is_ok_and(|number| (least..=most).contains(&number));
    if fits { Ok(()) } else { Err(Bad { field, rule: Rule::Between(least, most) }) }
}

fn at_most(field: Field, number: usize, max: usize) -> Result<(), Bad> {
    if number <= max { Ok(()) } else { Err(Bad { field, rule: Rule::AtMost(max) }) }
}

fn once(field: Field, names: impl Iterator<Item = String>) -> Result<(), Bad> {
    let mut seen = HashSet::new();
    for name in names {
        if seen.contains(&name) {
            return Err(Bad { field, rule: Rule::Twice(name) });
        }
        seen.insert(name);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn wrong<T: serde::de::DeserializeOwned>(
        check: fn(T) -> Result<T, Bad>,
        good: &Value,
        pointer: &str,
        bad: &Value,
    ) -> Field {
        check(serde_json::from_value(good.clone()).unwrap()).unwrap_or_else(|bad| panic!("{bad}"));
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = bad.clone();
        match check(serde_json::from_value(changed).unwrap()) {
            Err(bad) => bad.field,
            Ok(_) => panic!("{pointer} may not be {bad}"),
        }
    }

    #[test]
    fn codes_are_the_states() {
        assert_eq!(code(" 3136000123-A ").unwrap(), "3136000123-A");
        for bad in ["", " ", "三一", "a b", "a_b", &"1".repeat(33), "１２"] {
            assert!(code(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_place_has_bounds_and_a_province_no_parent() {
        let good = json!({"parent_id": "org-1", "kind": "school", "code": "1", "name": "河东小学",
            "link_down_kbps": 10_000, "link_up_kbps": 1, "lessons_at_once": 64});
        for (pointer, bad, field) in [
            ("/name", json!("  "), Field::Name),
            ("/name", json!("a\nb"), Field::Name),
            ("/kind", json!("province"), Field::Parent),
            ("/link_down_kbps", json!(0), Field::LinkDown),
            ("/link_up_kbps", json!(10_000_001), Field::LinkUp),
            ("/lessons_at_once", json!(0), Field::LessonsAtOnce),
        ] {
            assert_eq!(wrong(org, &good, pointer, &bad), field);
        }
        assert!(parent_kind(OrgKind::School, OrgKind::County).is_ok());
        assert!(parent_kind(OrgKind::School, OrgKind::Province).is_ok(), "a city's own school");
        assert!(parent_kind(OrgKind::County, OrgKind::County).is_err());
        assert!(parent_kind(OrgKind::City, OrgKind::School).is_err());
    }

    #[test]
    fn a_class_has_each_subject_once_and_each_period_once() {
        let good = json!({"org_id": "org-1", "code": "1", "name": "三（1）班", "grade": 9, "size": 200,
            "subjects": [{"subject": "音乐", "edition": "", "on_site_periods": 0}, {"subject": "美术", "edition": "人美版", "on_site_periods": 2}],
            "busy": [{"weekday": 1, "period": 2, "parity": "odd", "what": "语文"}, {"weekday": 1, "period": 2, "parity": "even", "what": "数学"}]});
        for (pointer, bad, field) in [
            ("/grade", json!(0), Field::Grade),
            ("/grade", json!(10), Field::Grade),
            ("/size", json!(201), Field::Size),
            ("/subjects/1/subject", json!(" 音乐 "), Field::Subjects),
            ("/subjects/1/edition", json!("版".repeat(33)), Field::Edition),
            ("/subjects/1/on_site_periods", json!(61), Field::OnSite),
            ("/busy/1/parity", json!("odd"), Field::Busy),
            ("/busy/1/parity", json!("every"), Field::Busy),
            ("/busy/0/weekday", json!(8), Field::Weekday),
            ("/busy/0/period", json!(17), Field::Period),
            ("/busy/0/what", json!(""), Field::What),
        ] {
            assert_eq!(wrong(class, &good, pointer, &bad), field);
        }
    }

    #[test]
    fn a_teacher_delivers_no_more_than_they_teach() {
        let good = json!({"org_id": "org-1", "code": "1", "name": "李明", "max_weekly": 16, "max_delivered": 16,
            "subjects": [{"subject": "音乐", "grade_from": 1, "grade_to": 6, "edition": ""}]});
        for (pointer, bad, field) in [
            ("/max_delivered", json!(17), Field::MaxDelivered),
            ("/max_weekly", json!(61), Field::MaxWeekly),
            ("/subjects/0/grade_from", json!(7), Field::Grades),
            ("/subjects/0/grade_to", json!(10), Field::Grade),
            ("/subjects/0/subject", json!(""), Field::Subject),
        ] {
            assert_eq!(wrong(teacher, &good, pointer, &bad), field);
        }
    }

    #[test]
    fn a_term_begins_on_a_monday_and_holds_its_days() {
        let good = json!({"org_id": "org-1", "name": "2026 秋", "first_day": "2026-08-31", "weeks": 20, "days": [
            {"day": "2026-10-10", "kind": "make_up", "follows_weekday": 4, "name": "调休"},
            {"day": "2026-10-01", "kind": "holiday", "follows_weekday": null, "name": "国庆节"}]});
        for (pointer, bad, field) in [
            ("/first_day", json!("2026-09-01"), Field::FirstDay),
            ("/weeks", json!(31), Field::Weeks),
            ("/weeks", json!(5), Field::Days),
            ("/days/0/day", json!("2026-10-01"), Field::Days),
            ("/days/0/follows_weekday", json!(8), Field::Follows),
            ("/days/0/follows_weekday", json!(null), Field::Follows),
            ("/days/1/follows_weekday", json!(1), Field::Follows),
        ] {
            assert_eq!(wrong(term, &good, pointer, &bad), field);
        }
        let sorted = term(serde_json::from_value(good).unwrap()).unwrap();
        assert_eq!(sorted.days[0].name, "国庆节");
    }

    #[test]
    fn periods_do_not_overlap() {
        let good = json!({"org_id": "org-1", "name": "夏季作息", "periods": [
            {"period": 1, "starts_min": 480, "ends_min": 520}, {"period": 3, "starts_min": 520, "ends_min": 560}]});
        for (pointer, bad, field) in [
            ("/periods", json!([]), Field::Periods),
            ("/periods/1/starts_min", json!(519), Field::Periods),
            ("/periods/1/period", json!(1), Field::Periods),
            ("/periods/1/ends_min", json!(520), Field::Periods),
            ("/periods/1/ends_min", json!(761), Field::Ends),
            ("/periods/1/ends_min", json!(1441), Field::Ends),
            ("/periods/0/period", json!(0), Field::Period),
        ] {
            assert_eq!(wrong(bells, &good, pointer, &bad), field);
        }
    }

    #[test]
    fn a_curriculum_says_each_subject_and_grade_once() {
        let good = json!([{"subject": "音乐", "grade": 1, "weekly_periods": 2}, {"subject": "音乐", "grade": 2, "weekly_periods": 2}]);
        assert_eq!(wrong(curriculum, &good, "/1/grade", &json!(1)), Field::Curriculum);
        assert_eq!(wrong(curriculum, &good, "/1/weekly_periods", &json!(61)), Field::Weekly);
    }
}
