//! A draft becomes the timetable: one change, all of it or nothing, that can be undone like any other.
//!
//! Lessons to come that the plan has too stay as they are; those of pairings that it has not make way; lessons that people
//! added by hand, and those that were cancelled, are not touched.

use super::draft::term_lessons;
use crate::app::App;
use crate::auth::Caller;
use crate::calendar::Calendar;
use crate::problem::{ApiError, Language};
use crate::store::pairing::{Agreed, NewPairing};
use crate::store::plan::PlanRow;
use crate::store::timetable::Whose;
use crate::store::timetable_change::{Change, Recorded};
use crate::store::timetable_facts::Asked;
use crate::timetable::desk::{self, By};
use crate::timetable::{Facts, Refusal, change};
use crate::{clock, fresh};
use std::collections::{BTreeMap, BTreeSet};
use tongtang_planner::plan::{Pairing, Plan};
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{ClassId, ClassroomId, PairingId, PersonId, TermId};
use tongtang_protocol::planning::{PairingView, PlanState};
use tongtang_protocol::timetable::{
    ChangeKind, ChangedView, TimetableLessonInput, TimetableLessonView, TimetableState,
};
use tongtang_protocol::units::UnixMillis;

/// Lessons of a term that a publication looks at, at most.
const MAX_LESSONS: u32 = 100_000;

/// What makes two lessons the same: who, what, when, where, for whom.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Same(PersonId, String, Day, u8, ClassroomId, BTreeSet<ClassId>);

impl Same {
    fn wanted(lesson: &TimetableLessonInput) -> Self {
        Self(
            lesson.teacher_id.clone(),
            lesson.subject.clone(),
            lesson.day,
            lesson.period,
            lesson.classroom_id.clone(),
            lesson.class_ids.iter().cloned().collect(),
        )
    }

    fn there(lesson: &TimetableLessonView) -> Self {
        Self(
            lesson.teacher_id.clone(),
            lesson.subject.clone(),
            lesson.day,
            lesson.period,
            lesson.classroom_id.clone(),
            lesson.classes.iter().map(|class| class.class_id.clone()).collect(),
        )
    }
}

/// Publishes a draft.
pub async fn publish(
    app: &App,
    caller: &Caller,
    row: &PlanRow,
    plan: &Plan,
    language: Language,
) -> Result<ChangedView, ApiError> {
    let (term_id, now) = (&row.term_id, clock::now());
    let facts = app.store().timetable_facts(term_id, &asked(plan)).await?.ok_or(ApiError::NotFound)?;
    let calendar = Calendar::new(&facts.term);
    let from = calendar.monday_of(row.from_week).ok_or(ApiError::PlanNotNow)?.at_minute(0).max(now);
    let whose = Whose::Org(facts.term.org_id.clone());
    let to = calendar.last_day().plus(1).at_minute(0);
    let there = app.store().lessons_between(Some(term_id), &whose, from, to, MAX_LESSONS).await?;
    let mut there: BTreeMap<Same, TimetableLessonView> = there
        .into_iter()
        .filter(|lesson| lesson.pairing_id.is_some() && lesson.state == TimetableState::Planned)
        .filter(|lesson| lesson.lesson_id.is_none())
        .map(|lesson| (Same::there(&lesson), lesson))
        .collect();
    let (pairings, new) = pairings(plan, &app.store().pairings(term_id, now).await?)?;
    let mut added = Vec::new();
    for (pairing, input) in term_lessons(plan, calendar.teaching_days(), row.from_week) {
        if there.remove(&Same::wanted(&input)).is_none() {
            let input = TimetableLessonInput { pairing_id: pairings.get(&pairing).cloned(), ..input };
            added.extend(placed(term_id, input, &facts, now)?);
        }
    }
    let replaced: Vec<_> = there.values().map(|lesson| lesson.id.clone()).collect();
    let made = By::caller(caller).change(term_id, ChangeKind::Publish, "");
    app.store().publish_lessons(&made, &new, &added, &replaced).await?.map_err(Refusal::from)?;
    app.store().move_plan(&row.id, PlanState::Draft, PlanState::Published).await?;
    app.planner().changed();
    tracing::info!(plan = %row.id, added = added.len(), replaced = replaced.len(), "a plan is published");
    let touched: Vec<_> = added.iter().chain(there.values()).collect();
    desk::announce(app, term_id, &touched).await?;
    let ids: Vec<_> = added.iter().map(|lesson| lesson.id.clone()).collect();
    let what = Recorded::Published { added: ids.clone(), replaced };
    desk::changed(app, &Change { made, undone_at: None, what }, &ids, language).await
}

/// Everybody in the plan.
fn asked(plan: &Plan) -> Asked {
    let rooms: BTreeSet<&str> = plan.lessons.iter().map(|lesson| lesson.room.as_str()).collect();
    let teachers: BTreeSet<&str> = plan.lessons.iter().map(|lesson| lesson.teacher.as_str()).collect();
    let classes: BTreeSet<&str> = plan
        .lessons
        .iter()
        .flat_map(|lesson| lesson.receiving.iter().map(|receiving| receiving.class.as_str()))
        .collect();
    Asked {
        rooms: rooms.into_iter().filter_map(|id| ClassroomId::new(id).ok()).collect(),
        teachers: teachers.into_iter().filter_map(|id| PersonId::new(id).ok()).collect(),
        classes: classes.into_iter().filter_map(|id| ClassId::new(id).ok()).collect(),
    }
}

/// The plan's pairings by their ids in the plan, and those of them that are not agreed yet.
fn pairings(
    plan: &Plan,
    agreed: &[Agreed],
) -> Result<(BTreeMap<String, PairingId>, Vec<NewPairing>), ApiError> {
    let (mut ids, mut new) = (BTreeMap::new(), Vec::new());
    for pairing in &plan.pairings {
        let known = agreed.iter().find(|agreed| is_same(pairing, &agreed.view));
        let id = match known {
            Some(known) => known.view.id.clone(),
            None => {
                let pairing = agreement(pairing).ok_or(ApiError::PlanNotNow)?;
                let id = pairing.id.clone();
                new.push(pairing);
                id
            }
        };
        ids.insert(pairing.id.clone(), id);
    }
    Ok((ids, new))
}

fn is_same(pairing: &Pairing, agreed: &PairingView) -> bool {
    let members: BTreeSet<&str> = pairing.classes.iter().map(String::as_str).collect();
    agreed.teacher_id.as_str() == pairing.teacher
        && agreed.subject == pairing.subject
        && agreed.grade == pairing.grade
        && agreed.classes.iter().map(|class| class.class_id.as_str()).collect::<BTreeSet<_>>() == members
}

fn agreement(pairing: &Pairing) -> Option<NewPairing> {
    Some(NewPairing {
        id: fresh::pairing_id(),
        subject: pairing.subject.clone(),
        grade: pairing.grade,
        edition: super::instance::edition(&pairing.edition).to_owned(),
        teacher_id: PersonId::new(&pairing.teacher).ok()?,
        classroom_id: ClassroomId::new(&pairing.room).ok()?,
        class_ids: pairing.classes.iter().map(|class| ClassId::new(class).ok()).collect::<Option<_>>()?,
    })
}

/// A new lesson with its instants. None: its time has passed while people looked at the draft.
fn placed(
    term: &TermId,
    input: TimetableLessonInput,
    facts: &Facts,
    now: UnixMillis,
) -> Result<Option<TimetableLessonView>, ApiError> {
    let (lesson, classes) = desk::blank(term, input)?;
    match change::added(lesson, &classes, facts, now) {
        Ok(lesson) => Ok(Some(lesson)),
        Err(Refusal::Past { .. }) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}
