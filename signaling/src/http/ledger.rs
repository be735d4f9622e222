//! The curriculum ledger (开齐开足) of a place, the lessons behind a number, and the ledger as a workbook.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_at};
use crate::calendar::Calendar;
use crate::clock;
use crate::ledger::{Days, by_subject, entries, rows_by_class, rows_by_place};
use crate::ledger_workbook::{WorkbookError, workbook};
use crate::problem::{ApiError, Language};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use tongtang_protocol::calendar::TermView;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{ClassId, OrgId, TermId};
use tongtang_protocol::ledger::{LedgerLesson, LedgerLessonsQuery, LedgerQuery, LedgerView, LessonCounts};
use tongtang_protocol::places::OrgKind;
use tongtang_protocol::problem::Problem;
use tongtang_protocol::timetable::{TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

/// Media type of a workbook (ECMA-376).
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The ledger of a place: what is prescribed, on site, delivered, missed and planned, by the places (or classes) below it.
#[utoipa::path(
    get, path = "/api/terms/{id}/ledger", operation_id = "ledger_show", tag = "ledger",
    params(("id" = TermId, Path), LedgerQuery),
    responses(
        (status = 200, body = LedgerView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem),
    )
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TermId>,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<LedgerView>, ApiError> {
    Ok(Json(ledger(&app, &caller, &id, query).await?))
}

/// The same as a workbook: one sheet of rows, one of sums.
#[utoipa::path(
    get, path = "/api/terms/{id}/ledger.xlsx", operation_id = "ledger_export", tag = "ledger",
    params(("id" = TermId, Path), LedgerQuery),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem),
    )
)]
pub async fn export(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<TermId>,
    Query(query): Query<LedgerQuery>,
) -> Result<Response, ApiError> {
    let view = ledger(&app, &caller, &id, query).await?;
    let file = workbook(&view, Language::of(&headers))
        .map_err(|WorkbookError(cause)| ApiError::Internal(cause.into()))?;
    let disposition = "attachment; filename=\"ledger.xlsx\"";
    let headers = [(header::CONTENT_TYPE, XLSX), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, file).into_response())
}

/// The lessons behind a class's number in a subject.
#[utoipa::path(
    get, path = "/api/terms/{id}/ledger/lessons", operation_id = "ledger_lessons", tag = "ledger",
    params(("id" = TermId, Path), LedgerLessonsQuery),
    responses(
        (status = 200, body = Vec<LedgerLesson>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub async fn lessons(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<TermId>,
    Query(query): Query<LedgerLessonsQuery>,
) -> Result<Json<Vec<LedgerLesson>>, ApiError> {
    caller.may(Act::ReadCounty)?;
    let school = app.store().org_of_class(&query.class_id).await?.ok_or(ApiError::NotFound)?;
    need_at(&app, &caller, Act::ReadCounty, &school).await?;
    let found = app.store().ledger_lessons(&id, &query).await?;
    let (now, language) = (clock::now(), Language::of(&headers));
    Ok(Json(found.into_iter().filter_map(|lesson| counted(lesson, &query, now, language)).collect()))
}

async fn ledger(app: &App, caller: &Caller, id: &TermId, query: LedgerQuery) -> Result<LedgerView, ApiError> {
    let scope = caller.may(Act::ReadCounty)?;
    let term = app.store().calendar(id).await?.ok_or(ApiError::NotFound)?;
    if query.week.is_some_and(|week| week == 0 || week > term.weeks) {
        return Err(ApiError::BadInput("week"));
    }
    let above = app.store().org_path(&term.org_id).await?.ok_or(ApiError::NotFound)?;
    let org_id = match query.org_id {
        Some(org) => org,
        None if scope.covers(&above) => term.org_id.clone(),
        None => scope.first_org().ok_or(ApiError::NotFound)?,
    };
    let path = need_at(app, caller, Act::ReadCounty, &org_id).await?;
    if !path.starts_with(&above) {
        return Err(ApiError::NotFound);
    }
    let org = app.store().org(&org_id).await?.ok_or(ApiError::NotFound)?;
    let now = clock::now();
    let facts = app.store().ledger_facts(id, &path, query.week, now).await?;
    let today = Day::of(now);
    let entries = entries(&facts, days(&term, query.week, today));
    let rows = match org.kind {
        OrgKind::School => rows_by_class(&entries),
        _ => rows_by_place(&entries, &app.store().places_below(&org_id).await?),
    };
    let so_far = today.since(term.first_day).div_euclid(7) + 1;
    Ok(LedgerView {
        term_id: id.clone(),
        weeks_so_far: u8::try_from(so_far.clamp(0, i64::from(term.weeks))).unwrap_or(term.weeks),
        totals: by_subject(entries.iter(), &org_id, &org.name),
        org_id: OrgId::clone(&org_id),
        org_name: org.name,
        org_kind: org.kind,
        week: query.week,
        rows,
    })
}

/// Periods of a subject that a class will lack when the term ends, if nothing changes.
pub(super) async fn forecast(
    app: &App,
    term: &TermView,
    school: &OrgId,
    class: &ClassId,
    subject: &str,
    now: UnixMillis,
) -> Result<u32, ApiError> {
    let path = app.store().org_path(school).await?.ok_or(ApiError::NotFound)?;
    let facts = app.store().ledger_facts(&term.id, &path, None, now).await?;
    let entries = entries(&facts, days(term, None, Day::of(now)));
    let own = entries.iter().find(|entry| entry.class.id == *class && entry.subject == subject);
    Ok(own.map_or(0, |entry| entry.short))
}

/// A week counts whole, so that what is planned stands beside what is due; the term counts up to yesterday.
fn days(term: &TermView, week: Option<u8>, today: Day) -> Days {
    let calendar = Calendar::new(term);
    let all = calendar.teaching_days();
    let count = |counts: &dyn Fn(u8, Day) -> bool| {
        u32::try_from(all.iter().filter(|day| counts(day.week, day.day)).count()).unwrap_or(u32::MAX)
    };
    Days {
        before: week.map_or(0, |asked| count(&|week, _| week < asked)),
        until: week.map_or_else(|| count(&|_, day| day < today), |asked| count(&|week, _| week <= asked)),
        term: count(&|_, _| true),
    }
}

fn counted(
    lesson: TimetableLessonView,
    query: &LedgerLessonsQuery,
    now: UnixMillis,
    language: Language,
) -> Option<LedgerLesson> {
    let attended = lesson.classes.iter().find(|class| class.class_id == query.class_id)?.attended;
    let say = |zh: &str, en: &str| match language {
        Language::Chinese => zh.to_owned(),
        Language::English => en.to_owned(),
    };
    let given = |zh: &str, en: &str| match lesson.reason.as_deref() {
        Some(reason) if !reason.is_empty() => {
            format!("{}{}{reason}", say(zh, en), say("：", ": "))
        }
        _ => say(zh, en),
    };
    let is_past = lesson.ends_at <= now;
    let (counts_as, why) = match (lesson.state, attended) {
        (TimetableState::Held, Some(true)) => (LessonCounts::Delivered, None),
        (TimetableState::Held, _) => (
            LessonCounts::Missed,
            Some(say(
                "课上了，但这个班的教室没有进入课堂",
                "The lesson was held, but the class's room was not in it",
            )),
        ),
        (TimetableState::Missed, _) => {
            (LessonCounts::Missed, Some(given("到时间没有上课", "It was not held at its time")))
        }
        (TimetableState::Cancelled, _) if is_past => {
            (LessonCounts::Missed, Some(given("已取消", "Cancelled")))
        }
        (TimetableState::Cancelled, _) => (
            LessonCounts::Cancelled,
            Some(given("已取消，还没到上课时间", "Cancelled, its time is still to come")),
        ),
        (TimetableState::Planned, _) => (LessonCounts::Planned, None),
    };
    Some(LedgerLesson { lesson, counts_as, why })
}
