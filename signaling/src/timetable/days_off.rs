//! A term gets a holiday on which lessons are planned: they are called off as one change that can be undone, once somebody
//! has said so.

use super::change::Step;
use super::desk::{By, carry_out};
use super::refusal::Refusal;
use crate::app::App;
use crate::auth::Caller;
use crate::calendar::Calendar;
use crate::clock;
use crate::problem::{ApiError, Language};
use crate::store::timetable_facts::Asked;
use std::collections::{BTreeMap, BTreeSet};
use tongtang_protocol::calendar::TermView;
use tongtang_protocol::day::Day;
use tongtang_protocol::timetable::{ChangeKind, TimetableLessonView, TimetableState};

/// Lessons that one change of a term calls off at most: the history keeps each as it was.
pub const MAX_CALLED_OFF: u32 = 5_000;

/// Lessons to come on days of which a term, as it is to be, makes days off. Fails with more than [`MAX_CALLED_OFF`].
pub async fn lessons_on(app: &App, term: &TermView) -> Result<Vec<TimetableLessonView>, ApiError> {
    let calendar = Calendar::new(term);
    let planned = app.store().planned_days(&term.id, clock::now()).await?;
    let off: Vec<Day> = planned.into_iter().filter(|day| calendar.of_day(*day).is_none()).collect();
    if off.is_empty() {
        return Ok(Vec::new());
    }
    let lessons = app.store().planned_lessons_on(&term.id, &off, clock::now(), MAX_CALLED_OFF + 1).await?;
    match lessons.len() > MAX_CALLED_OFF as usize {
        true => Err(Refusal::TooManyDaysOff { most: MAX_CALLED_OFF }.into()),
        false => Ok(lessons),
    }
}

/// What somebody has to agree to before the term is changed.
pub fn question(lessons: &[TimetableLessonView]) -> Refusal {
    let days: BTreeSet<Day> = lessons.iter().map(|lesson| lesson.day).collect();
    Refusal::DaysOff { lessons: lessons.len(), days: days.into_iter().collect() }
}

/// Calls them off, each for its day's name.
pub async fn call_off(
    app: &App,
    caller: &Caller,
    term: &TermView,
    lessons: Vec<TimetableLessonView>,
    language: Language,
) -> Result<(), ApiError> {
    if lessons.is_empty() {
        return Ok(());
    }
    let facts = app.store().timetable_facts(&term.id, &Asked::default()).await?.ok_or(ApiError::NotFound)?;
    let names: BTreeMap<Day, &str> = term.days.iter().map(|day| (day.day, day.name.as_str())).collect();
    let name = |day: Day| names.get(&day).copied().filter(|name| !name.is_empty()).unwrap_or("放假");
    let reasons: BTreeSet<&str> = lessons.iter().map(|lesson| name(lesson.day)).collect();
    let reason = reasons.into_iter().collect::<Vec<_>>().join("、");
    let steps = lessons.into_iter().map(|before| {
        let after = TimetableLessonView {
            state: TimetableState::Cancelled,
            reason: Some(name(before.day).to_owned()),
            version: before.version + 1,
            ..before.clone()
        };
        Step { before: Some(before), after: Some(after) }
    });
    let made = By::caller(caller).change(&term.id, ChangeKind::Cancel, &reason);
    carry_out(app, &facts, made, steps.collect(), None, language).await.map(drop)
}
