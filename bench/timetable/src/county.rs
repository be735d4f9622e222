//! A county whose term is full: sixty central schools with five teachers each, six hundred teaching sites with a class each,
//! lessons in every period of every day.

use anyhow::{Context, ensure};
use sqlx::{AnyConnection, Connection};
use tongtang::store::Store;
use tongtang::store::timetable_change::NewChange;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{ChangeId, ClassId, ClassroomId, OrgId, PersonId, TermId, TimetableLessonId};
use tongtang_protocol::timetable::{
    ChangeKind, LessonKind, TimetableClass, TimetableLessonView, TimetableState,
};
use tongtang_protocol::units::UnixMillis;

/// Schools that teach.
pub const SCHOOLS: usize = 60;
/// Their teachers; each has a room.
pub const TEACHERS: usize = 300;
/// Sites, each with a class in a room.
pub const SITES: usize = 600;
/// Weeks of the term.
pub const WEEKS: usize = 20;
/// Periods of a day.
pub const PERIODS: usize = 7;
/// The term.
pub const TERM: &str = "term-1";

/// Lessons of one publication.
const PUBLISHED_AT_ONCE: usize = 20_000;
/// Classes of a lesson.
const CLASSES: usize = 2;
/// Rows of one statement.
const ROWS: usize = 200;

/// Places, people and bell times, straight into the database.
pub async fn plant(database: &str, first_day: Day) -> anyhow::Result<()> {
    let mut connection = AnyConnection::connect(database).await?;
    let run = async |connection: &mut AnyConnection, table: &str, rows: Vec<String>| {
        for some in rows.chunks(ROWS) {
            let sql = format!("INSERT INTO {table} VALUES {}", some.join(", "));
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut *connection)
                .await
                .context(table.to_owned())?;
        }
        anyhow::Ok(())
    };
    let school = |kind: &str, n: usize, most: usize| {
        let id = format!("{kind}-{n}");
        format!("('{id}', 'county', 'school', '{id}', '{kind} {n}', '/county/{id}/', {most}, NULL, 0)")
    };
    let mut orgs = vec!["('county', NULL, 'county', '1', '青山县', '/county/', 1, 'bell', 0)".to_owned()];
    orgs.extend((0..SCHOOLS).map(|n| school("school", n, TEACHERS / SCHOOLS)));
    orgs.extend((0..SITES).map(|n| school("site", n, 1)));
    let columns =
        "org (id, parent_id, kind, code, name, path, lessons_at_once, bell_schedule_id, created_at)";
    run(&mut connection, columns, orgs).await?;
    run(&mut connection, "bell_schedule (id, org_id, name)", vec!["('bell', 'county', '作息')".into()])
        .await?;
    let bell = |n: usize| format!("('bell', {}, {}, {})", n + 1, minute(n), minute(n) + 40);
    run(
        &mut connection,
        "bell_period (schedule_id, period, starts_min, ends_min)",
        (0..PERIODS).map(bell).collect(),
    )
    .await?;
    let rooms = (0..TEACHERS).map(|n| format!("('room-{n}', 'school-{}', '录播 {n}', 3)", n % SCHOOLS));
    let rooms = rooms.chain((0..SITES).map(|n| format!("('far-{n}', 'site-{n}', '教室', 0)")));
    run(&mut connection, "classroom (id, org_id, name, max_receivers)", rooms.collect()).await?;
    let people = (0..TEACHERS).map(|n| format!("('per-{n}', 'school-{}', 'T{n}', '教师 {n}')", n % SCHOOLS));
    run(&mut connection, "person (id, org_id, code, name)", people.collect()).await?;
    let classes = (0..SITES).map(|n| format!("('cls-{n}', 'site-{n}', 'C{n}', '三班', 3, 20, 'far-{n}', 1)"));
    run(
        &mut connection,
        "class_group (id, org_id, code, name, grade, size, classroom_id, consent_live)",
        classes.collect(),
    )
    .await?;
    let term = format!("('{TERM}', 'county', '学期', '{first_day}', {WEEKS})");
    run(&mut connection, "term (id, org_id, name, first_day, weeks)", vec![term]).await?;
    Ok(())
}

fn minute(period: usize) -> usize {
    480 + 50 * period
}

/// Publishes so many lessons, spread evenly over the term; seconds that each publication took.
pub async fn publish(store: &Store, first_day: Day, lessons: usize) -> anyhow::Result<Vec<f64>> {
    let slots = WEEKS * 5 * PERIODS;
    let a_slot = lessons.div_ceil(slots);
    ensure!(
        a_slot <= TEACHERS && a_slot * CLASSES <= SITES,
        "so many lessons at once have no teachers or classes"
    );
    let mut seconds = Vec::new();
    let all: Vec<usize> = (0..lessons).collect();
    for (turn, some) in all.chunks(PUBLISHED_AT_ONCE).enumerate() {
        let made: Vec<_> =
            some.iter().map(|&n| lesson(first_day, n, a_slot)).collect::<anyhow::Result<_>>()?;
        let change = NewChange {
            id: ChangeId::new(format!("chg-{turn}"))?,
            term_id: TermId::new(TERM)?,
            kind: ChangeKind::Publish,
            reason: String::new(),
            account_id: None,
            by_name: "bench".into(),
            at: UnixMillis(1),
        };
        let begun = std::time::Instant::now();
        let outcome = store.publish_lessons(&change, &[], &made, &[]).await?;
        seconds.push(begun.elapsed().as_secs_f64());
        ensure!(outcome.is_ok(), "refused: {outcome:?}");
    }
    Ok(seconds)
}

fn lesson(first_day: Day, n: usize, a_slot: usize) -> anyhow::Result<TimetableLessonView> {
    let slot = n / a_slot;
    let (week, weekday, period) = (slot / (5 * PERIODS), slot / PERIODS % 5, slot % PERIODS);
    let day = first_day.plus(i64::try_from(week * 7 + weekday)?);
    let starts = i64::try_from(minute(period))?;
    // Those of one slot follow each other, so none is twice in it.
    let teacher = n % TEACHERS;
    let class = |at: usize| {
        let site = (n * CLASSES + at) % SITES;
        anyhow::Ok(TimetableClass {
            class_id: ClassId::new(format!("cls-{site}"))?,
            class_name: String::new(),
            org_id: OrgId::new(format!("site-{site}"))?,
            org_name: String::new(),
            classroom_id: ClassroomId::new(format!("far-{site}"))?,
            period: u8::try_from(period + 1)?,
            attended: None,
        })
    };
    Ok(TimetableLessonView {
        id: TimetableLessonId::new(format!("tl-{n}"))?,
        term_id: TermId::new(TERM)?,
        pairing_id: None,
        kind: LessonKind::Delivery,
        title: "三年级音乐".into(),
        subject: "音乐".into(),
        grade: 3,
        org_id: OrgId::new(format!("school-{}", teacher % SCHOOLS))?,
        org_name: String::new(),
        teacher_id: PersonId::new(format!("per-{teacher}"))?,
        teacher_name: String::new(),
        classroom_id: ClassroomId::new(format!("room-{teacher}"))?,
        classroom_name: String::new(),
        day,
        week: u8::try_from(week + 1)?,
        period: u8::try_from(period + 1)?,
        starts_at: day.at_minute(starts),
        ends_at: day.at_minute(starts + 40),
        state: TimetableState::Planned,
        reason: None,
        lesson_id: None,
        version: 1,
        classes: (0..CLASSES).map(class).collect::<anyhow::Result<_>>()?,
    })
}
