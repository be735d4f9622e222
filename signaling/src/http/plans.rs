//! Plans: asked for, watched, cancelled, looked at, published or thrown away.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, need_about, need_at};
use crate::calendar::Calendar;
use crate::planning::draft::{Names, changes, unserved, week};
use crate::planning::instance::instance;
use crate::planning::publish;
use crate::planning::run::{Line, next_week};
use crate::problem::{ApiError, Language};
use crate::store::plan::PlanRow;
use crate::{clock, fresh};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use std::convert::Infallible;
use tokio::sync::watch;
use tongtang_protocol::calendar::TermView;
use tongtang_protocol::control::MAX_ROOMS;
use tongtang_protocol::ids::{PlanId, TermId};
use tongtang_protocol::planning::{DraftView, PairingView, PlanProgress, PlanRequest, PlanState, PlanView};
use tongtang_protocol::problem::Problem;
use tongtang_protocol::timetable::ChangedView;

/// Seconds a plan takes at most, if nobody says.
const TIME_LIMIT_S: u32 = 120;

/// Bounds of what may be asked for.
const TIME_LIMITS_S: std::ops::RangeInclusive<u32> = 5..=3_600;

/// Begins a plan of a term. One a term at a time; it goes on when its page is closed and when the server is restarted.
#[utoipa::path(
    post, path = "/api/terms/{id}/plans", operation_id = "plan_create", tag = "plan",
    params(("id" = TermId, Path)), request_body = PlanRequest,
    responses(
        (status = 202, body = PlanView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<TermId>,
    Json(body): Json<PlanRequest>,
) -> Result<(StatusCode, Json<PlanView>), ApiError> {
    let (term, path) = term_for(&app, &caller, Act::Schedule, &id).await?;
    let now = clock::now();
    let earliest = next_week(term.first_day, term.weeks, now).ok_or(ApiError::TermOver)?;
    let from_week = body.from_week.unwrap_or(earliest);
    if !(earliest..=term.weeks).contains(&from_week) {
        return Err(ApiError::BadInput("from_week"));
    }
    let time_limit_s = body.time_limit_s.unwrap_or(TIME_LIMIT_S);
    if !TIME_LIMITS_S.contains(&time_limit_s) {
        return Err(ApiError::BadInput("time_limit_s"));
    }
    let mut county = app.store().county(&id, &path, from_week).await?;
    let lessons = app.nodes().sfus().len().max(1) * MAX_ROOMS;
    county.node_lessons = u32::try_from(lessons).unwrap_or(u32::MAX);
    let instance = instance(&county).map_err(ApiError::CannotPlan)?;
    let demanded = instance.demands.iter().map(|demand| u32::from(demand.prescribed - demand.on_site)).sum();
    let text =
        serde_json::to_string(&instance).map_err(|error| ApiError::Internal(error.to_string().into()))?;
    let plan = PlanRow {
        id: fresh::plan_id(),
        term_id: id,
        state: PlanState::Running,
        seed: body.seed.unwrap_or(1),
        time_limit_s,
        from_week,
        demanded,
        summary: None,
        error: None,
        by_name: crate::timetable::desk::By::caller(&caller).name,
        created_at: now,
    };
    if !app.store().insert_plan(&plan, &text).await? {
        return Err(ApiError::PlanRunning);
    }
    tracing::info!(plan = %plan.id, term = %plan.term_id, "a plan is asked for");
    app.planner().wake();
    Ok((StatusCode::ACCEPTED, Json(view(&app, plan, Language::of(&headers)))))
}

/// The plans of a term, the newest first.
#[utoipa::path(
    get, path = "/api/terms/{id}/plans", operation_id = "plan_list", tag = "plan",
    params(("id" = TermId, Path)),
    responses(
        (status = 200, body = Vec<PlanView>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<TermId>,
) -> Result<Json<Vec<PlanView>>, ApiError> {
    term_for(&app, &caller, Act::Schedule, &id).await?;
    let language = Language::of(&headers);
    let plans = app.store().plans(&id).await?;
    Ok(Json(plans.into_iter().map(|plan| view(&app, plan, language)).collect()))
}

/// One plan, and how far it is.
#[utoipa::path(
    get, path = "/api/plans/{id}", operation_id = "plan_show", tag = "plan", params(("id" = PlanId, Path)),
    responses(
        (status = 200, body = PlanView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<PlanId>,
) -> Result<Json<PlanView>, ApiError> {
    let (plan, _) = plan_for(&app, &caller, &id).await?;
    Ok(Json(view(&app, plan, Language::of(&headers))))
}

/// One plan as it changes, as server-sent events `plan` of a `PlanView` each; ends when the plan is no longer being made.
#[utoipa::path(
    get, path = "/api/plans/{id}/events", operation_id = "plan_events", tag = "plan",
    params(("id" = PlanId, Path)),
    responses(
        (status = 200, content_type = "text/event-stream", body = PlanView), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem),
    )
)]
pub async fn events(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<PlanId>,
) -> Result<impl IntoResponse, ApiError> {
    plan_for(&app, &caller, &id).await?;
    let mut changes = app.planner().changes();
    changes.mark_changed();
    let watcher = Watcher { app, caller, id, language: Language::of(&headers), changes, is_over: false };
    Ok(Sse::new(stream(watcher)).keep_alive(KeepAlive::default()))
}

/// Ends the search: the best plan so far becomes the draft.
#[utoipa::path(
    post, path = "/api/plans/{id}/cancel", operation_id = "plan_cancel", tag = "plan",
    params(("id" = PlanId, Path)),
    responses(
        (status = 200, body = PlanView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem),
    )
)]
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<PlanId>,
) -> Result<Json<PlanView>, ApiError> {
    let (plan, _) = plan_for(&app, &caller, &id).await?;
    if !app.planner().cancel(&id) {
        if plan.state != PlanState::Running {
            return Err(ApiError::PlanNotNow);
        }
        // It waits for another one, so there is nothing to keep.
        app.store().move_plan(&id, PlanState::Running, PlanState::Discarded).await?;
        app.planner().changed();
    }
    let plan = app.store().plan(&id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(view(&app, plan, Language::of(&headers))))
}

/// Throws a draft away.
#[utoipa::path(
    delete, path = "/api/plans/{id}", operation_id = "plan_discard", tag = "plan",
    params(("id" = PlanId, Path)),
    responses(
        (status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem),
    )
)]
pub async fn discard(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PlanId>,
) -> Result<StatusCode, ApiError> {
    plan_for(&app, &caller, &id).await?;
    for from in [PlanState::Draft, PlanState::Failed, PlanState::Discarded] {
        if app.store().move_plan(&id, from, PlanState::Discarded).await? {
            app.planner().changed();
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(ApiError::PlanNotNow)
}

/// A plan beside today's timetable: its week, what changes for whom, what it does not serve and why.
#[utoipa::path(
    get, path = "/api/plans/{id}/draft", operation_id = "plan_draft", tag = "plan",
    params(("id" = PlanId, Path)),
    responses(
        (status = 200, body = DraftView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem),
    )
)]
pub async fn draft(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<PlanId>,
) -> Result<Json<DraftView>, ApiError> {
    let language = Language::of(&headers);
    let (row, path) = plan_for(&app, &caller, &id).await?;
    let plan = app.store().plan_result(&id).await?.ok_or(ApiError::PlanNotNow)?;
    let term = app.store().calendar(&row.term_id).await?.ok_or(ApiError::NotFound)?;
    let county = app.store().county(&row.term_id, &path, row.from_week).await?;
    let (names, days) = (Names::of(&county), Calendar::new(&term));
    Ok(Json(DraftView {
        from_week: row.from_week,
        lessons: week(&plan, &names, &county, days.teaching_days(), row.from_week),
        unserved: unserved(&plan, &names, language),
        changes: changes(&plan, &names, &county, language),
        plan: view(&app, row, language),
    }))
}

/// Makes a draft the timetable: one change of the history, which can be undone.
#[utoipa::path(
    post, path = "/api/plans/{id}/publish", operation_id = "plan_publish", tag = "plan",
    params(("id" = PlanId, Path)),
    responses(
        (status = 200, body = ChangedView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem),
    )
)]
pub async fn publish(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<PlanId>,
) -> Result<Json<ChangedView>, ApiError> {
    let (row, _) = plan_for(&app, &caller, &id).await?;
    if row.state != PlanState::Draft {
        return Err(ApiError::PlanNotNow);
    }
    let plan = app.store().plan_result(&id).await?.ok_or(ApiError::PlanNotNow)?;
    Ok(Json(publish::publish(&app, &caller, &row, &plan, Language::of(&headers)).await?))
}

/// The pairings of a term that are in force, with how they are kept: those that concern a place of the caller's.
#[utoipa::path(
    get, path = "/api/terms/{id}/pairings", operation_id = "plan_pairings", tag = "plan",
    params(("id" = TermId, Path)),
    responses(
        (status = 200, body = Vec<PairingView>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub async fn pairings(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TermId>,
) -> Result<Json<Vec<PairingView>>, ApiError> {
    let scope = caller.may(Act::ReadCounty)?;
    let term = app.store().calendar(&id).await?.ok_or(ApiError::NotFound)?;
    need_about(&app, &caller, Act::ReadCounty, &term.org_id).await?;
    let agreed = app.store().pairings(&id, clock::now()).await?;
    let own = agreed.into_iter().filter(|one| one.paths.iter().any(|path| scope.covers(path)));
    Ok(Json(own.map(|one| one.view).collect()))
}

/// The term, and its place's path, if the caller may do this there.
async fn term_for(app: &App, caller: &Caller, act: Act, id: &TermId) -> Result<(TermView, String), ApiError> {
    caller.may(act)?;
    let term = app.store().calendar(id).await?.ok_or(ApiError::NotFound)?;
    let path = need_at(app, caller, act, &term.org_id).await?;
    Ok((term, path))
}

async fn plan_for(app: &App, caller: &Caller, id: &PlanId) -> Result<(PlanRow, String), ApiError> {
    caller.may(Act::Schedule)?;
    let plan = app.store().plan(id).await?.ok_or(ApiError::NotFound)?;
    let (_, path) = term_for(app, caller, Act::Schedule, &plan.term_id).await?;
    Ok((plan, path))
}

fn view(app: &App, plan: PlanRow, language: Language) -> PlanView {
    let say = |[zh, en]: [String; 2]| if language == Language::Chinese { zh } else { en };
    let progress = (plan.state == PlanState::Running)
        .then(|| progress(app.planner().line(&plan.id).as_ref(), plan.demanded, language));
    let summary = plan.summary.as_ref();
    PlanView {
        progress,
        demanded: plan.demanded,
        served: summary.map(|of| of.served),
        gap: summary.map(|of| of.gap),
        seconds: summary.map(|of| of.seconds),
        lessons: summary.map(|of| of.lessons),
        stopped_early: summary.map(|of| of.stopped_early),
        error: plan.error.map(say),
        id: plan.id,
        term_id: plan.term_id,
        state: plan.state,
        from_week: plan.from_week,
        seed: plan.seed,
        time_limit_s: plan.time_limit_s,
        by_name: plan.by_name,
        created_at: plan.created_at,
    }
}

fn progress(line: Option<&Line>, demanded: u32, language: Language) -> PlanProgress {
    let words = |stage: Option<&str>| match (stage, language) {
        (None, Language::Chinese) => "正在等待开始",
        (None, Language::English) => "Waiting to begin",
        (Some("uncovered_periods"), Language::Chinese) => "第 1 步，共 4 步：让尽可能多的课时有人上",
        (Some("uncovered_periods"), Language::English) => "Step 1 of 4: serving as many periods as possible",
        (Some("worst_school_share"), Language::Chinese) => "第 2 步，共 4 步：照顾最缺课的学校",
        (Some("worst_school_share"), Language::English) => "Step 2 of 4: helping the worst-served school",
        (Some("changes"), Language::Chinese) => "第 3 步，共 4 步：尽量少改动现有课表",
        (Some("changes"), Language::English) => "Step 3 of 4: changing as little as possible",
        (Some("wishes"), Language::Chinese) => "第 4 步，共 4 步：照顾教师的意愿",
        (Some("wishes"), Language::English) => "Step 4 of 4: heeding teachers' wishes",
        (Some(_), Language::Chinese) => "正在排课",
        (Some(_), Language::English) => "Planning",
    };
    let words = words(line.map(|line| line.stage.as_str())).to_owned();
    let coverage = line.filter(|line| line.stage == "uncovered_periods");
    // Rounded down here, so that no more is shown as served than is.
    let served = |uncovered: f64| demanded.saturating_sub(uncovered.ceil() as u32);
    PlanProgress {
        words,
        percent: line.map_or(0, |line| line.percent.min(100)),
        served: coverage.map(|line| served(line.best)),
        bound: coverage.and_then(|line| line.bound).map(|bound| served(bound.max(0.0))),
    }
}

struct Watcher {
    app: App,
    caller: Caller,
    id: PlanId,
    language: Language,
    changes: watch::Receiver<u64>,
    is_over: bool,
}

fn stream(watcher: Watcher) -> impl Stream<Item = Result<Event, Infallible>> {
    futures_util::stream::unfold(watcher, |mut watcher| async move {
        if watcher.is_over || watcher.changes.changed().await.is_err() {
            return None;
        }
        // Whoever may not look any more is told nothing more.
        let caller = watcher.caller.again(&watcher.app).await.ok()??;
        let (plan, _) = plan_for(&watcher.app, &caller, &watcher.id).await.ok()?;
        watcher.is_over = plan.state != PlanState::Running;
        let view = view(&watcher.app, plan, watcher.language);
        let event = Event::default().event("plan").json_data(&view).ok()?;
        Some((Ok(event), watcher))
    })
}
