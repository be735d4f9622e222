//! Changes of several lessons as one: all of them or none, one row of the history, taken back with one press.

use super::change::{self, Step, asked};
use super::desk::{By, asked_of, carry_out, named_within};
use super::refusal::Refusal;
use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_at};
use crate::clock;
use crate::http::input;
use crate::problem::{ApiError, Language};
use crate::store::timetable_facts::Asked;
use std::collections::{BTreeSet, HashMap};
use tongtang_protocol::ids::{OrgId, TermId, TimetableLessonId};
use tongtang_protocol::timetable::{
    ChangeKind, ChangeRequest, ChangedView, MAX_CHANGED, TimetableLessonView, TogetherRequest,
};

/// Makes them.
pub async fn make(
    app: &App,
    caller: &Caller,
    term: &TermId,
    body: &TogetherRequest,
    language: Language,
) -> Result<ChangedView, ApiError> {
    let scope = caller.may(Act::Schedule)?;
    let ids = lessons_of(body)?;
    let lessons = app.store().timetable_lessons(&ids).await?;
    if lessons.len() != ids.len() || lessons.iter().any(|lesson| lesson.term_id != *term) {
        return Err(ApiError::NotFound);
    }
    let orgs: BTreeSet<&OrgId> = lessons.iter().map(|lesson| &lesson.org_id).collect();
    for org in orgs {
        need_at(app, caller, Act::Schedule, org).await?;
    }
    let lessons: HashMap<&TimetableLessonId, &TimetableLessonView> =
        lessons.iter().map(|lesson| (&lesson.id, lesson)).collect();
    let pairs: Vec<(&TimetableLessonView, &ChangeRequest)> = body
        .changes
        .iter()
        .filter_map(|one| lessons.get(&one.lesson_id).map(|lesson| (*lesson, &one.change)))
        .collect();
    let mut all = Asked::default();
    for (lesson, request) in &pairs {
        let asked = asked_of(request, lesson, None);
        all.rooms.extend(asked.rooms);
        all.classes.extend(asked.classes);
        all.teachers.extend(asked.teachers);
    }
    let facts = app.store().timetable_facts(term, &all).await?.ok_or(ApiError::NotFound)?;
    for (_, request) in &pairs {
        named_within(&scope, request, &facts)?;
        input::reason(asked(request).1)?;
    }
    let now = clock::now();
    let steps: Vec<Vec<Step>> = pairs
        .iter()
        .map(|(lesson, request)| change::steps(request, lesson, None, &facts, now))
        .collect::<Result<_, Refusal>>()?;
    let made = By::caller(caller).change(term, ChangeKind::Repair, &input::reason(&body.reason)?);
    carry_out(app, &facts, made, steps.concat(), None, language).await
}

/// The lessons of a request that is as it should be: some, not too many, each once, none changing places with another.
fn lessons_of(body: &TogetherRequest) -> Result<Vec<TimetableLessonId>, ApiError> {
    let ids: BTreeSet<&TimetableLessonId> = body.changes.iter().map(|one| &one.lesson_id).collect();
    let is_sound = (1..=MAX_CHANGED).contains(&body.changes.len())
        && ids.len() == body.changes.len()
        && !body.changes.iter().any(|one| matches!(one.change, ChangeRequest::Swap { .. }));
    if is_sound { Ok(ids.into_iter().cloned().collect()) } else { Err(ApiError::BadInput("changes")) }
}
