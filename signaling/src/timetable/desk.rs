//! The scheduler's desk: requests of the API become changes of the store.
//!
//! Authority is asked for the schools of everybody whom a change names; what lies outside the caller's scope is refused
//! like what is not there.

use super::change::{self, Step, asked};
use super::clash::with_busy;
use super::facts::Facts;
use super::opening::seat_name;
use super::refusal::{Misplaced, Refusal};
use super::sentence::sentence;
use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, Scope, need_at};
use crate::bus::Touched;
use crate::clock;
use crate::fresh;
use crate::http::input;
use crate::lesson::{self, Command, runner::CommandError};
use crate::problem::{ApiError, Language};
use crate::store::StoreError;
use crate::store::timetable_change::{Change, NewChange, Obstacle, Recorded};
use crate::store::timetable_facts::Asked;
use std::collections::{BTreeSet, HashMap};
use tongtang_protocol::calendar::MAX_PERIODS;
use tongtang_protocol::ids::{AccountId, ChangeId, OrgId, TermId, TimetableLessonId};
use tongtang_protocol::places::MAX_GRADE;
use tongtang_protocol::timetable::{
    ChangeKind, ChangeRequest, ChangeView, ChangedView, CheckView, LessonKind, MAX_CHANGED, MAX_RECEIVERS,
    TimetableEvent, TimetableLessonInput, TimetableLessonView, TimetableState,
};
use tongtang_protocol::units::UnixMillis;

/// The administrator's name in the history.
const ADMINISTRATOR: &str = "管理员";

/// Grades as people write them.
const GRADES: [&str; MAX_GRADE as usize] = ["一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// Who changes something, for the history.
#[derive(Debug, Clone)]
pub struct By {
    /// Their account.
    pub account_id: Option<AccountId>,
    /// Their name.
    pub name: String,
}

impl By {
    /// This caller.
    pub fn caller(caller: &Caller) -> Self {
        match caller.account() {
            Some(account) => Self { account_id: Some(account.id.clone()), name: account.name.clone() },
            None => Self { account_id: None, name: ADMINISTRATOR.to_owned() },
        }
    }

    /// A change by them, of now.
    pub fn change(&self, term: &TermId, kind: ChangeKind, reason: &str) -> NewChange {
        NewChange {
            id: fresh::change_id(),
            term_id: term.clone(),
            kind,
            reason: reason.to_owned(),
            account_id: self.account_id.clone(),
            by_name: self.name.clone(),
            at: clock::now(),
        }
    }
}

/// Adds a lesson.
pub async fn add(
    app: &App,
    caller: &Caller,
    term: &TermId,
    body: TimetableLessonInput,
    language: Language,
) -> Result<ChangedView, ApiError> {
    let scope = caller.may(Act::Schedule)?;
    let (lesson, classes) = blank(term, body)?;
    let asked = Asked {
        rooms: vec![lesson.classroom_id.clone()],
        classes: classes.clone(),
        teachers: vec![lesson.teacher_id.clone()],
    };
    let facts = app.store().timetable_facts(term, &asked).await?.ok_or(ApiError::NotFound)?;
    covers(&scope, &facts)?;
    let lesson = change::added(lesson, &classes, &facts, clock::now())?;
    let steps = vec![Step { before: None, after: Some(lesson) }];
    let made = By::caller(caller).change(term, ChangeKind::Add, "");
    carry_out(app, &facts, made, steps, None, language).await
}

/// A lesson as asked for, not placed yet.
pub fn blank(
    term: &TermId,
    body: TimetableLessonInput,
) -> Result<(TimetableLessonView, Vec<tongtang_protocol::ids::ClassId>), ApiError> {
    if body.class_ids.len() > MAX_RECEIVERS {
        return Err(ApiError::BadInput("class_ids"));
    }
    if !(1..=MAX_PERIODS).contains(&body.period) {
        return Err(ApiError::BadInput("period"));
    }
    let grade = usize::from(body.grade).checked_sub(1).and_then(|at| GRADES.get(at));
    let grade = grade.ok_or(ApiError::BadInput("grade"))?;
    let subject = input::subject(&body.subject)?;
    let title = match body.title {
        Some(title) => input::title(&title)?,
        None => format!("{grade}年级{subject}"),
    };
    let lesson = TimetableLessonView {
        id: fresh::timetable_lesson_id(),
        term_id: term.clone(),
        pairing_id: body.pairing_id,
        kind: body.kind.unwrap_or(LessonKind::Delivery),
        title,
        subject,
        grade: body.grade,
        // Placing fills in the rest.
        org_id: fresh::org_id(),
        org_name: String::new(),
        teacher_id: body.teacher_id,
        teacher_name: String::new(),
        classroom_id: body.classroom_id,
        classroom_name: String::new(),
        day: body.day,
        week: 0,
        period: body.period,
        starts_at: UnixMillis(0),
        ends_at: UnixMillis(0),
        state: TimetableState::Planned,
        reason: None,
        lesson_id: None,
        version: 1,
        classes: Vec::new(),
    };
    Ok((lesson, body.class_ids))
}

/// One lesson that the caller may see.
pub async fn show(
    app: &App,
    caller: &Caller,
    id: &TimetableLessonId,
) -> Result<TimetableLessonView, ApiError> {
    let scope = caller.may(Act::ReadCounty)?;
    let lesson = app.store().timetable_lesson(id).await?.ok_or(ApiError::NotFound)?;
    // Who receives it sees it too.
    let paths = app.store().paths_of(&[&lesson]).await?;
    if paths.iter().any(|path| scope.covers(path)) { Ok(lesson) } else { Err(ApiError::NotFound) }
}

/// A lesson, what a request would make of it, and what was needed to know that.
struct Wanted {
    facts: Facts,
    steps: Result<Vec<Step>, Refusal>,
    term: TermId,
}

async fn wanted(
    app: &App,
    caller: &Caller,
    id: &TimetableLessonId,
    request: &ChangeRequest,
) -> Result<Wanted, ApiError> {
    let scope = caller.may(Act::Schedule)?;
    let lesson = app.store().timetable_lesson(id).await?.ok_or(ApiError::NotFound)?;
    need_at(app, caller, Act::Schedule, &lesson.org_id).await?;
    let with = match request {
        ChangeRequest::Swap { with, .. } => app.store().timetable_lesson(with).await?,
        _ => None,
    };
    let asked = asked_of(request, &lesson, with.as_ref());
    let facts = app.store().timetable_facts(&lesson.term_id, &asked).await?.ok_or(ApiError::NotFound)?;
    // Who is newly named lies in the caller's scope as well; who receives the lesson already need not.
    if let ChangeRequest::Substitute { teacher_id, .. } = request {
        let teacher =
            facts.teachers.get(teacher_id).ok_or(Refusal::from(Misplaced::Unknown("teacher_id")))?;
        need_at(app, caller, Act::Schedule, &teacher.org_id).await?;
    }
    if let Some(other) = &with {
        need_at(app, caller, Act::Schedule, &other.org_id).await?;
    }
    if let ChangeRequest::Move { classroom_id: Some(room), .. }
    | ChangeRequest::Substitute { classroom_id: Some(room), .. } = request
    {
        let room = facts.rooms.get(room).ok_or(Refusal::from(Misplaced::Unknown("classroom_id")))?;
        let school = facts.schools.get(&room.org_id);
        school.filter(|school| scope.covers(&school.path)).ok_or(ApiError::NotFound)?;
    }
    let steps = change::steps(request, &lesson, with.as_ref(), &facts, clock::now());
    Ok(Wanted { facts, steps, term: lesson.term_id })
}

fn asked_of(
    request: &ChangeRequest,
    lesson: &TimetableLessonView,
    with: Option<&TimetableLessonView>,
) -> Asked {
    let mut asked = Asked::default();
    for one in std::iter::once(lesson).chain(with) {
        asked.rooms.push(one.classroom_id.clone());
        asked.teachers.push(one.teacher_id.clone());
        asked.classes.extend(one.classes.iter().map(|class| class.class_id.clone()));
    }
    match request {
        ChangeRequest::Move { classroom_id, .. } => asked.rooms.extend(classroom_id.clone()),
        ChangeRequest::Substitute { teacher_id, classroom_id, .. } => {
            asked.teachers.push(teacher_id.clone());
            asked.rooms.extend(classroom_id.clone());
        }
        ChangeRequest::Cancel { .. } | ChangeRequest::Restore { .. } | ChangeRequest::Swap { .. } => {}
    }
    asked
}

/// May a change be made? Nothing happens.
pub async fn check(
    app: &App,
    caller: &Caller,
    id: &TimetableLessonId,
    request: &ChangeRequest,
    language: Language,
) -> Result<CheckView, ApiError> {
    let wanted = match wanted(app, caller, id, request).await {
        Ok(wanted) => wanted,
        Err(ApiError::Timetable(refusal)) => return Ok(refused(&refusal, language)),
        Err(error) => return Err(error),
    };
    match wanted.steps {
        Ok(steps) => {
            let conflicts = conflicts(app, &wanted.facts, &steps).await?;
            Ok(CheckView { conflicts, reasons: Vec::new() })
        }
        Err(refusal) => Ok(refused(&refusal, language)),
    }
}

fn refused(refusal: &Refusal, language: Language) -> CheckView {
    CheckView { conflicts: Vec::new(), reasons: vec![refusal.spoken(language).3] }
}

/// Makes a change.
pub async fn make(
    app: &App,
    caller: &Caller,
    id: &TimetableLessonId,
    request: &ChangeRequest,
    language: Language,
) -> Result<ChangedView, ApiError> {
    let wanted = wanted(app, caller, id, request).await?;
    let (kind, reason, _) = asked(request);
    let reason = input::reason(reason)?;
    let made = By::caller(caller).change(&wanted.term, kind, &reason);
    carry_out(app, &wanted.facts, made, wanted.steps?, None, language).await
}

/// What an open lesson is told of a change. That it has ended meanwhile is fine: the timetable says what it says.
async fn tell_live(app: &App, step: &Step) -> Result<(), ApiError> {
    let Some(before) = &step.before else { return Ok(()) };
    let Some(live) = &before.lesson_id else { return Ok(()) };
    let after = step.after.as_ref().filter(|after| after.lesson_id.is_some());
    let command = match after {
        // Its screens wait in it no longer.
        None => Command::End,
        Some(after) if after.teacher_id != before.teacher_id => {
            Command::NameTeacher(seat_name(&after.teacher_name))
        }
        Some(_) => return Ok(()),
    };
    let Some(runner) = app.lessons().get(live).await? else { return Ok(()) };
    match runner.command(lesson::By::Desk, command).await {
        Ok(_) | Err(CommandError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Everything in the way of what the steps lead to.
async fn conflicts(
    app: &App,
    facts: &Facts,
    steps: &[Step],
) -> Result<Vec<tongtang_protocol::timetable::Conflict>, ApiError> {
    let after: Vec<&TimetableLessonView> = steps.iter().filter_map(|step| step.after.as_ref()).collect();
    let own: Vec<&TimetableLessonId> =
        steps.iter().filter_map(|step| step.before.as_ref()).map(|lesson| &lesson.id).collect();
    let planned = after.iter().filter(|lesson| lesson.state == TimetableState::Planned);
    let mut found: Vec<_> = planned.flat_map(|lesson| with_busy(facts, lesson)).collect();
    found.extend(app.store().conflicts(&after, &own).await?);
    found.truncate(super::clash::MAX_CONFLICTS);
    Ok(found)
}

/// Makes a change of these lessons, and tells every page.
pub(super) async fn carry_out(
    app: &App,
    facts: &Facts,
    made: NewChange,
    steps: Vec<Step>,
    undoes: Option<&ChangeId>,
    language: Language,
) -> Result<ChangedView, ApiError> {
    // Lessons that stand already are not refused for what was taught on site before them.
    let busy = steps.iter().filter_map(|step| step.after.as_ref());
    let busy = busy.filter(|lesson| lesson.state == TimetableState::Planned);
    if undoes.is_none() && busy.into_iter().any(|lesson| !with_busy(facts, lesson).is_empty()) {
        return Err(Refusal::Taken(conflicts(app, facts, &steps).await?.into()).into());
    }
    app.store().change_timetable(&made, &steps, undoes).await?.map_err(Refusal::from)?;
    tracing::info!(change = %made.id, kind = ?made.kind, lessons = steps.len(), "the timetable changed");
    for step in &steps {
        tell_live(app, step).await?;
    }
    announce_steps(app, &made.term_id, &steps).await?;
    let ids: Vec<_> = steps.iter().filter_map(Step::lesson).map(|lesson| lesson.id.clone()).collect();
    let change = Change { made, undone_at: None, what: Recorded::Steps(steps) };
    changed(app, &change, &ids, language).await
}

/// The answer of a change: its row of the history, and the first of its lessons.
pub async fn changed(
    app: &App,
    change: &Change,
    ids: &[TimetableLessonId],
    language: Language,
) -> Result<ChangedView, ApiError> {
    let some = &ids[..ids.len().min(MAX_CHANGED)];
    Ok(ChangedView { change: view_of(change, language), lessons: app.store().timetable_lessons(some).await? })
}

/// Takes a change back, if every lesson is as it left it.
pub async fn undo(
    app: &App,
    caller: &Caller,
    id: &ChangeId,
    language: Language,
) -> Result<ChangedView, ApiError> {
    caller.may(Act::Schedule)?;
    let change = app.store().timetable_change(id).await?.ok_or(ApiError::NotFound)?;
    let term = change.made.term_id.clone();
    let undo = By::caller(caller).change(&term, ChangeKind::Undo, "");
    let steps = match &change.what {
        Recorded::Published { added, replaced } => {
            let facts = app.store().timetable_facts(&term, &Asked::default()).await?;
            need_at(app, caller, Act::Schedule, &facts.ok_or(ApiError::NotFound)?.term.org_id).await?;
            still_done(&change)?;
            return unpublish(app, undo, (added, replaced), id, language).await;
        }
        Recorded::Steps(steps) => steps,
    };
    let orgs: BTreeSet<&OrgId> = steps.iter().filter_map(Step::lesson).map(|lesson| &lesson.org_id).collect();
    for org in orgs {
        need_at(app, caller, Act::Schedule, org).await?;
    }
    still_done(&change)?;
    let ids: Vec<_> = steps.iter().filter_map(Step::lesson).map(|lesson| lesson.id.clone()).collect();
    let current = app.store().timetable_lessons(&ids).await?;
    let current: HashMap<_, _> = current.into_iter().map(|lesson| (lesson.id.clone(), lesson)).collect();
    let back = change::reversed(steps, &current, undo.at)?;
    let facts = app.store().timetable_facts(&term, &Asked::default()).await?.ok_or(ApiError::NotFound)?;
    carry_out(app, &facts, undo, back, Some(id), language).await
}

fn still_done(change: &Change) -> Result<(), Refusal> {
    if change.undone_at.is_some() { Err(Refusal::UndoneAlready) } else { Ok(()) }
}

async fn unpublish(
    app: &App,
    undo: NewChange,
    (added, replaced): (&[TimetableLessonId], &[TimetableLessonId]),
    id: &ChangeId,
    language: Language,
) -> Result<ChangedView, ApiError> {
    // A publication that was an undoing itself added nothing: there is nothing that could be published again.
    if added.is_empty() {
        return Err(Refusal::UndoneAlready.into());
    }
    let gone = app.store().timetable_lessons(added).await?;
    app.store().unpublish_lessons(&undo, added, replaced, id).await?.map_err(Refusal::from)?;
    let back = app.store().timetable_lessons(replaced).await?;
    announce(app, &undo.term_id, &gone.iter().chain(&back).collect::<Vec<_>>()).await?;
    let what = Recorded::Published { added: Vec::new(), replaced: replaced.to_vec() };
    changed(app, &Change { made: undo, undone_at: None, what }, replaced, language).await
}

/// A change for the history.
pub fn view_of(change: &Change, language: Language) -> ChangeView {
    let steps: &[Step] = match &change.what {
        Recorded::Steps(steps) => steps,
        Recorded::Published { .. } => &[],
    };
    let lessons = change.what.lessons();
    ChangeView {
        id: change.made.id.clone(),
        kind: change.made.kind,
        reason: change.made.reason.clone(),
        by_name: change.made.by_name.clone(),
        at: change.made.at,
        undone_at: change.undone_at,
        lessons: u32::try_from(lessons).unwrap_or(u32::MAX),
        words: sentence(change.made.kind, steps, lessons, language),
    }
}

fn covers(scope: &Scope, facts: &Facts) -> Result<(), ApiError> {
    let all = facts.schools.values().all(|school| scope.covers(&school.path));
    if all { Ok(()) } else { Err(ApiError::NotFound) }
}

impl From<Obstacle> for Refusal {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Stale => Self::Stale,
            Obstacle::Taken(conflicts) => Self::Taken(conflicts.into()),
        }
    }
}

impl From<Misplaced> for ApiError {
    fn from(why: Misplaced) -> Self {
        Refusal::from(why).into()
    }
}

async fn announce_steps(app: &App, term: &TermId, steps: &[Step]) -> Result<(), ApiError> {
    let lessons: Vec<_> = steps.iter().flat_map(|step| step.before.iter().chain(&step.after)).collect();
    Ok(announce(app, term, &lessons).await?)
}

/// Tells every page that shows one of these lessons, before or after, that it changed.
pub async fn announce(app: &App, term: &TermId, lessons: &[&TimetableLessonView]) -> Result<(), StoreError> {
    let weeks: BTreeSet<u8> = lessons.iter().map(|lesson| lesson.week).collect();
    let ids: BTreeSet<&TimetableLessonId> = lessons.iter().map(|lesson| &lesson.id).collect();
    let event = TimetableEvent {
        term_id: term.clone(),
        weeks: weeks.into_iter().collect(),
        lesson_ids: ids.into_iter().take(MAX_CHANGED).cloned().collect(),
    };
    let paths = app.store().paths_of(lessons).await?;
    app.bus().timetable_changed(Touched { event, paths });
    Ok(())
}
