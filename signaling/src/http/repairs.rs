//! Somebody falls ill at 7:40: what can be done with their lessons, proposed while one waits; and who can take one lesson over.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_at};
use crate::clock;
use crate::planning::instance::County;
use crate::planning::repair::{Absence, Mend, Situation, StandIn, Way, stand_ins, ways};
use crate::problem::{ApiError, Language};
use crate::store::timetable::Whose;
use crate::store::timetable_facts::Asked;
use crate::timetable::Facts;
use crate::timetable::sentence::when;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use std::collections::{BTreeMap, BTreeSet};
use tongtang_protocol::calendar::{MAX_PERIODS, TermView};
use tongtang_protocol::ids::{ClassId, ClassroomId, PersonId, TermId, TimetableLessonId};
use tongtang_protocol::planning::{DraftChange, ProposedChange, RepairProposal, RepairRequest};
use tongtang_protocol::problem::Problem;
use tongtang_protocol::timetable::{ChangeRequest, SubstituteView, TimetableLessonView, TimetableState};

/// Days of an absence, at most. A longer one is a matter for a new plan.
const MAX_DAYS: i64 = 14;

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 200;

/// Lessons of a term that are looked at, at most.
const MAX_LESSONS: u32 = 100_000;

/// Substitutes that are told, at most.
const MAX_SUBSTITUTES: usize = 50;

/// Ways out when a teacher or a classroom is not there, those that lose fewest lessons first. Each is a list of changes to
/// send to `/api/terms/{id}/changes` as they are; nothing is changed here.
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
    let ground = ground(&app, &term, &path, &absence).await?;
    let now = clock::now();
    // Some thousand trials: too long for a thread that answers others too.
    let tried = tokio::task::spawn_blocking(move || {
        let found = ways(&ground.situation(&absence, now));
        found.iter().map(|way| proposal(way, language)).collect()
    });
    tried.await.map(Json).map_err(|error| ApiError::Internal(error.to_string().into()))
}

/// Who can take a lesson over as it is: those first who give no more a week than is agreed with them, of its school first.
#[utoipa::path(
    get, path = "/api/timetable-lessons/{id}/substitutes", operation_id = "timetable_substitutes", tag = "timetable",
    params(("id" = TimetableLessonId, Path)),
    responses((status = 200, body = Vec<SubstituteView>), (status = 404, body = Problem))
)]
pub async fn substitutes(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TimetableLessonId>,
) -> Result<Json<Vec<SubstituteView>>, ApiError> {
    let scope = caller.may(Act::Schedule)?;
    let lesson = app.store().timetable_lesson(&id).await?.ok_or(ApiError::NotFound)?;
    need_at(&app, &caller, Act::Schedule, &lesson.org_id).await?;
    let term = app.store().calendar(&lesson.term_id).await?.ok_or(ApiError::NotFound)?;
    let path = app.store().org_path(&term.org_id).await?.ok_or(ApiError::NotFound)?;
    let absence = Absence {
        teacher: Some(lesson.teacher_id.clone()),
        classroom: None,
        from: lesson.day,
        to: lesson.day,
        periods: vec![lesson.period],
        reason: String::new(),
    };
    let mut ground = ground(&app, &term, &path, &absence).await?;
    // Whom the caller could not name is not told either.
    let seen: BTreeSet<String> = ground
        .county
        .schools
        .iter()
        .filter(|school| scope.covers(&school.path))
        .map(|school| school.id.clone())
        .collect();
    ground.county.teachers.retain(|teacher| seen.contains(&teacher.org_id));
    let now = clock::now();
    let tried = tokio::task::spawn_blocking(move || {
        let found = stand_ins(&ground.situation(&absence, now), &lesson);
        found.into_iter().take(MAX_SUBSTITUTES).map(substitute).collect()
    });
    tried.await.map(Json).map_err(|error| ApiError::Internal(error.to_string().into()))
}

fn substitute(found: StandIn) -> SubstituteView {
    SubstituteView {
        teacher_id: found.teacher,
        teacher_name: found.after.teacher_name,
        org_name: found.after.org_name,
        classroom_id: found.room,
        classroom_name: found.after.classroom_name,
        lessons_that_week: u32::try_from(found.that_week).unwrap_or(u32::MAX),
        over: found.over,
    }
}

/// What ways out are looked for on.
struct Ground {
    facts: Facts,
    county: County,
    lessons: Vec<TimetableLessonView>,
}

impl Ground {
    fn situation<'a>(
        &'a self,
        absence: &'a Absence,
        now: tongtang_protocol::units::UnixMillis,
    ) -> Situation<'a> {
        Situation { facts: &self.facts, county: &self.county, lessons: &self.lessons, absence, now }
    }
}

async fn ground(app: &App, term: &TermView, path: &str, absence: &Absence) -> Result<Ground, ApiError> {
    let county = app.store().county(&term.id, path, 1).await?;
    // The whole week: who has taught their number of it takes no more.
    let monday = absence.from.plus(1 - i64::from(absence.from.weekday()));
    let (from, to) = (monday.at_minute(0), absence.horizon().plus(1).at_minute(0));
    let lessons = app
        .store()
        .lessons_between(Some(&term.id), &Whose::Org(term.org_id.clone()), from, to, MAX_LESSONS)
        .await?;
    let counts =
        |lesson: &TimetableLessonView| matches!(lesson.state, TimetableState::Planned | TimetableState::Held);
    let lessons: Vec<TimetableLessonView> = lessons.into_iter().filter(counts).collect();
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
    let facts = app.store().timetable_facts(&term.id, &asked).await?.ok_or(ApiError::NotFound)?;
    Ok(Ground { facts, county, lessons })
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
    if body.periods.len() > usize::from(MAX_PERIODS)
        || body.periods.iter().any(|period| !(1..=MAX_PERIODS).contains(period))
    {
        return Err(ApiError::BadInput("periods"));
    }
    Ok(Absence {
        periods: body.periods,
        teacher: body.teacher_id,
        classroom: body.classroom_id,
        from: body.from,
        to: body.to,
        reason: body.reason,
    })
}

fn proposal(way: &Way, language: Language) -> RepairProposal {
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
                words: words(mend, language),
            })
            .collect(),
        concerned: concerned(way, language),
    }
}

/// What becomes of somebody's lessons.
#[derive(Default)]
struct Part {
    steps_in: usize,
    other_teacher: usize,
    moved: usize,
    lost: usize,
}

/// Who steps in, then the classes.
fn concerned(way: &Way, language: Language) -> Vec<DraftChange> {
    let mut parts: BTreeMap<(bool, String), Part> = BTreeMap::new();
    for mend in &way.mends {
        let steps_in = mend.after.as_ref().filter(|after| after.teacher_id != mend.before.teacher_id);
        if let Some(after) = steps_in {
            let name = format!("{} {}", after.org_name, after.teacher_name);
            parts.entry((false, name)).or_default().steps_in += 1;
        }
        for class in &mend.before.classes {
            let part = parts.entry((true, format!("{} {}", class.org_name, class.class_name))).or_default();
            match &mend.after {
                None => part.lost += 1,
                Some(_) if steps_in.is_some() => part.other_teacher += 1,
                Some(_) => part.moved += 1,
            }
        }
    }
    let said = |part: &Part| -> String {
        let all = match language {
            Language::Chinese => [
                (part.steps_in, "节代课"),
                (part.other_teacher, "节换老师"),
                (part.moved, "节换时间或教室"),
                (part.lost, "节不上"),
            ],
            Language::English => [
                (part.steps_in, "to substitute"),
                (part.other_teacher, "with another teacher"),
                (part.moved, "at another time or in another room"),
                (part.lost, "not held"),
            ],
        };
        let all = all.iter().filter(|(number, _)| *number > 0);
        let all: Vec<String> = all.map(|(number, words)| format!("{number} {words}")).collect();
        all.join(if language == Language::Chinese { "，" } else { ", " })
    };
    parts.into_iter().map(|((_, name), part)| DraftChange { name, words: said(&part) }).collect()
}

fn words(mend: &Mend, language: Language) -> String {
    let when = |lesson: &TimetableLessonView| when(lesson, language);
    let (before, title) = (when(&mend.before), &mend.before.title);
    match (&mend.after, language) {
        (None, Language::Chinese) => format!("{before} {title}：取消"),
        (None, Language::English) => format!("{before} {title}: called off"),
        (Some(after), _) if after.teacher_id != mend.before.teacher_id => {
            let who = format!("{} {}", after.org_name, after.teacher_name);
            match (language, mend.over) {
                (Language::Chinese, None) => format!("{before} {title}：由{who}代课"),
                (Language::English, None) => format!("{before} {title}: taught by {who}"),
                (Language::Chinese, Some(most)) => {
                    format!("{before} {title}：由{who}代课（超出约定的每周 {most} 节）")
                }
                (Language::English, Some(most)) => {
                    format!(
                        "{before} {title}: taught by {who} (more than the {most} a week agreed with them)"
                    )
                }
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
