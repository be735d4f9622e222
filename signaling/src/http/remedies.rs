//! Which pairing would give a class the periods that the ledger says it will lack.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_at};
use crate::calendar::TeachingDay;
use crate::clock;
use crate::http::ledger::forecast;
use crate::planning::instance::County;
use crate::planning::remedy::{Lack, Remedy, remedies};
use crate::problem::ApiError;
use crate::store::timetable::Whose;
use crate::store::timetable_facts::Asked;
use crate::timetable::Facts;
use axum::Json;
use axum::extract::{Path, Query, State};
use std::collections::BTreeSet;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{ClassId, ClassroomId, PersonId, TermId};
use tongtang_protocol::ledger::{LedgerRemedies, LedgerRemediesQuery, LedgerRemedy};
use tongtang_protocol::planning::PairingView;
use tongtang_protocol::problem::Problem;
use tongtang_protocol::timetable::TimetableState;

/// Lessons to come that are looked at, at most: the first ones. What would begin after them is not tried.
const MAX_LESSONS: u32 = 20_000;

/// What would give a class the periods it will lack in a subject: pairings it could join, or new ones, tried on the timetable
/// as it is. To whoever reads the term's place.
#[utoipa::path(
    get, path = "/api/terms/{id}/ledger/remedies", operation_id = "ledger_remedies", tag = "ledger",
    params(("id" = TermId, Path), LedgerRemediesQuery),
    responses(
        (status = 200, body = LedgerRemedies), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TermId>,
    Query(query): Query<LedgerRemediesQuery>,
) -> Result<Json<LedgerRemedies>, ApiError> {
    caller.may(Act::ReadCounty)?;
    let term = app.store().calendar(&id).await?.ok_or(ApiError::NotFound)?;
    let path = need_at(&app, &caller, Act::ReadCounty, &term.org_id).await?;
    let school = app.store().org_of_class(&query.class_id).await?.ok_or(ApiError::NotFound)?;
    need_at(&app, &caller, Act::ReadCounty, &school).await?;
    let now = clock::now();
    let short = forecast(&app, &term, &school, &query.class_id, &query.subject, now).await?;
    if short == 0 {
        return Ok(Json(LedgerRemedies { short, remedies: Vec::new(), until_week: term.weeks }));
    }
    let county = app.store().county(&id, &path, 1).await?;
    let pairings: Vec<PairingView> =
        app.store().pairings(&id, now).await?.into_iter().map(|agreed| agreed.view).collect();
    let (from, to) = (Day::of(now).at_minute(0), term.first_day.plus(i64::from(term.weeks) * 7).at_minute(0));
    let mut lessons = app
        .store()
        .lessons_between(Some(&id), &Whose::Org(term.org_id.clone()), from, to, MAX_LESSONS)
        .await?;
    // Of the day at which the reading was cut not all lessons are known.
    let cut =
        (lessons.len() >= MAX_LESSONS as usize).then(|| lessons.last().map(|lesson| lesson.day)).flatten();
    lessons
        .retain(|lesson| lesson.state == TimetableState::Planned && cut.is_none_or(|cut| lesson.day < cut));
    let facts = app.store().timetable_facts(&id, &asked(&query.class_id, &county, &pairings)).await?;
    let facts = facts.ok_or(ApiError::NotFound)?;
    let days: Vec<TeachingDay> = facts
        .calendar
        .teaching_days()
        .iter()
        .filter(|day| day.day >= Day::of(now) && cut.is_none_or(|cut| day.day < cut))
        .copied()
        .collect();
    let until_week = days.last().map_or(term.weeks, |day| day.week);
    let until_week = if cut.is_none() { term.weeks } else { until_week };
    // Some ten thousand trials: too long for a thread that answers others too.
    let tried = tokio::task::spawn_blocking(move || {
        let lack = Lack {
            facts: &facts,
            county: &county,
            lessons: &lessons,
            pairings: &pairings,
            class: &query.class_id,
            subject: &query.subject,
            short,
            days: &days,
            now,
        };
        let found = remedies(&lack).into_iter().filter_map(|remedy| named(remedy, &facts));
        LedgerRemedies { short, remedies: found.collect(), until_week }
    });
    tried.await.map(Json).map_err(|error| ApiError::Internal(error.to_string().into()))
}

/// Everybody who may come into it: all who deliver, their rooms, and the classes of lessons that one more could join.
fn asked(class: &ClassId, county: &County, pairings: &[PairingView]) -> Asked {
    let joined = pairings.iter().flat_map(|pairing| pairing.classes.iter().map(|class| &class.class_id));
    let classes: BTreeSet<&ClassId> = joined.chain(std::iter::once(class)).collect();
    let teachers = county.teachers.iter().filter_map(|teacher| PersonId::new(&teacher.id).ok());
    let rooms = county.rooms.iter().filter(|room| room.max_receivers > 0);
    Asked {
        rooms: rooms.filter_map(|room| ClassroomId::new(&room.id).ok()).collect(),
        classes: classes.into_iter().cloned().collect(),
        teachers: teachers.chain(pairings.iter().map(|pairing| pairing.teacher_id.clone())).collect(),
    }
}

fn named(remedy: Remedy, facts: &Facts) -> Option<LedgerRemedy> {
    let teacher = facts.teachers.get(&remedy.teacher)?;
    let room = facts.rooms.get(&remedy.room)?;
    Some(LedgerRemedy {
        pairing_id: remedy.pairing,
        teacher_name: teacher.name.clone(),
        org_name: facts.school_name(&teacher.org_id).to_owned(),
        teacher_id: remedy.teacher,
        classroom_name: room.name.clone(),
        classroom_id: remedy.room,
        classes: u32::try_from(remedy.classes).unwrap_or(u32::MAX),
        times: remedy.times,
        gives: remedy.gives,
    })
}
