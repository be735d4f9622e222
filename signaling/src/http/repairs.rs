//! Somebody falls ill at 7:40: what can be done with their lessons, proposed while one waits.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_at};
use crate::calendar::Calendar;
use crate::clock;
use crate::planning::repair::{Absence, Mend, Situation, Way, ways};
use crate::problem::{ApiError, Language};
use crate::store::timetable::Whose;
use crate::store::timetable_facts::Asked;
use crate::timetable::Facts;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use std::collections::BTreeSet;
use tongtang_protocol::ids::{ClassId, ClassroomId, PersonId, TermId};
use tongtang_protocol::planning::{ProposedChange, RepairProposal, RepairRequest};
use tongtang_protocol::problem::Problem;
use tongtang_protocol::timetable::{ChangeRequest, TimetableLessonView, TimetableState};

/// Days of an absence, at most. A longer one is a matter for a new plan.
const MAX_DAYS: i64 = 14;

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 200;

/// Lessons of a term that are looked at, at most.
const MAX_LESSONS: u32 = 100_000;

/// Ways out when a teacher or a classroom is not there, those that lose fewest lessons first. Each is a list of changes to
/// send to `/api/timetable-lessons/{id}/changes`; nothing is changed here.
#[utoipa::path(
    post, path = "/api/terms/{id}/repairs", operation_id = "plan_repair", tag = "plan",
    params(("id" = TermId, Path)), request_body = RepairRequest,
    responses(
        (status = 200, body = Vec<RepairProposal>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem),
    )
)]
pub async fn propose(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<TermId>,
    Json(body): Json<RepairRequest>,
) -> Result<Json<Vec<RepairProposal>>, ApiError> {
    let language = Language::of(&headers);
    caller.may(Act::Schedule)?;
    let term = app.store().calendar(&id).await?.ok_or(ApiError::NotFound)?;
    let path = need_at(&app, &caller, Act::Schedule, &term.org_id).await?;
    let absence = absence(body)?;
    let county = app.store().county(&id, &path, 1).await?;
    let (from, to) = (absence.from.at_minute(0), absence.horizon().plus(1).at_minute(0));
    let lessons = app
        .store()
        .lessons_between(Some(&id), &Whose::Org(term.org_id.clone()), from, to, MAX_LESSONS)
        .await?;
    let lessons: Vec<TimetableLessonView> =
        lessons.into_iter().filter(|lesson| lesson.state == TimetableState::Planned).collect();
    let hit: Vec<&TimetableLessonView> = lessons.iter().filter(|lesson| absence.hits(lesson)).collect();
    let classes: BTreeSet<&ClassId> =
        hit.iter().flat_map(|lesson| lesson.classes.iter().map(|class| &class.class_id)).collect();
    let teachers: BTreeSet<PersonId> = county
        .teachers
        .iter()
        .filter_map(|teacher| PersonId::new(&teacher.id).ok())
        .chain(hit.iter().map(|lesson| lesson.teacher_id.clone()))
        .collect();
    let rooms: BTreeSet<ClassroomId> = county
        .rooms
        .iter()
        .filter(|room| room.max_receivers > 0)
        .filter_map(|room| ClassroomId::new(&room.id).ok())
        .chain(hit.iter().map(|lesson| lesson.classroom_id.clone()))
        .collect();
    let asked = Asked {
        rooms: rooms.into_iter().collect(),
        classes: classes.into_iter().cloned().collect(),
        teachers: teachers.into_iter().collect(),
    };
    let facts = app.store().timetable_facts(&id, &asked).await?.ok_or(ApiError::NotFound)?;
    let now = clock::now();
    // Some thousand trials: too long for a thread that answers others too.
    let tried = tokio::task::spawn_blocking(move || {
        let (facts, county) = (&facts, &county);
        let found = ways(&Situation { facts, county, lessons: &lessons, absence: &absence, now });
        found.iter().map(|way| proposal(way, facts, language)).collect()
    });
    tried.await.map(Json).map_err(|error| ApiError::Internal(error.to_string().into()))
}

fn absence(body: RepairRequest) -> Result<Absence, ApiError> {
    if body.teacher_id.is_some() == body.classroom_id.is_some() {
        return Err(ApiError::BadInput("teacher_id"));
    }
    if !(0..=MAX_DAYS).contains(&body.to.since(body.from)) {
        return Err(ApiError::BadInput("to"));
    }
    if body.reason.chars().count() > MAX_REASON_CHARS || body.reason.chars().any(char::is_control) {
        return Err(ApiError::BadInput("reason"));
    }
    Ok(Absence {
        teacher: body.teacher_id,
        classroom: body.classroom_id,
        from: body.from,
        to: body.to,
        reason: body.reason,
    })
}

fn proposal(way: &Way, facts: &Facts, language: Language) -> RepairProposal {
    let count = |is: &dyn Fn(&Mend) -> bool| way.mends.iter().filter(|mend| is(mend)).count();
    let substituted = count(&|mend| matches!(mend.change, ChangeRequest::Substitute { .. }));
    let moved = count(&|mend| matches!(mend.change, ChangeRequest::Move { .. }));
    let lost = way.lost();
    let part = |number: usize, zh: &str, en: &str| {
        (number > 0).then(|| match language {
            Language::Chinese => format!("{number} 节{zh}"),
            Language::English => format!("{number} {en}"),
        })
    };
    let parts: Vec<String> = [
        part(substituted, "由其他老师代课", "taught by somebody else"),
        part(moved, "换时间或教室", "at another time or in another room"),
        part(lost, "取消", "called off"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    RepairProposal {
        words: parts.join(if language == Language::Chinese { "，" } else { ", " }),
        kept: number(way.mends.len() - lost),
        lost: number(lost),
        changes: way
            .mends
            .iter()
            .map(|mend| ProposedChange {
                lesson_id: mend.before.id.clone(),
                change: mend.change.clone(),
                words: words(mend, &facts.calendar, language),
            })
            .collect(),
    }
}

fn words(mend: &Mend, calendar: &Calendar, language: Language) -> String {
    let when = |lesson: &TimetableLessonView| when(lesson, calendar, language);
    let (before, title) = (when(&mend.before), &mend.before.title);
    match (&mend.after, language) {
        (None, Language::Chinese) => format!("{before} {title}：取消"),
        (None, Language::English) => format!("{before} {title}: called off"),
        (Some(after), _) if after.teacher_id != mend.before.teacher_id => {
            let who = format!("{} {}", after.org_name, after.teacher_name);
            match language {
                Language::Chinese => format!("{before} {title}：由{who}代课"),
                Language::English => format!("{before} {title}: taught by {who}"),
            }
        }
        (Some(after), Language::Chinese) => {
            format!("{before} {title}：改到{} {}", when(after), after.classroom_name)
        }
        (Some(after), Language::English) => {
            format!("{before} {title}: moved to {}, {}", when(after), after.classroom_name)
        }
    }
}

/// Day and period, as people say it.
fn when(lesson: &TimetableLessonView, calendar: &Calendar, language: Language) -> String {
    const ZH: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
    const EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let weekday = usize::from(lesson.day.weekday().clamp(1, 7) - 1);
    let (_, month, day) = lesson.day.date();
    let week = calendar.week_of(lesson.day).unwrap_or(lesson.week);
    match language {
        Language::Chinese => {
            format!("第 {week} 周{}（{month} 月 {day} 日）第 {} 节", ZH[weekday], lesson.period)
        }
        Language::English => {
            format!("week {week} {} {} period {}", EN[weekday], lesson.day, lesson.period)
        }
    }
}
