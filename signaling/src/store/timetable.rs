//! Lessons of a timetable: reading them, and writing them whole.

use super::{Store, StoreError, json_list, parse, parse_opt, rows, small, word};
use sqlx::AnyConnection;
use std::collections::HashMap;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{
    ClassId, ClassroomId, LessonId, OrgId, PairingId, PersonId, TermId, TimetableLessonId,
};
use tongtang_protocol::timetable::{TimetableClass, TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

/// The state of a lesson whose place a newer plan took: it is kept only so that the publication can be undone, and is in
/// no list.
pub(super) const REPLACED: &str = "replaced";

/// Lessons that are written by one statement: SQLite looks each parameter up by its name among all of the statement.
const AT_ONCE: usize = 40;

/// Milliseconds of a week.
const WEEK_MS: i64 = 7 * 24 * 3_600_000;

/// Whose lessons.
#[derive(Debug, Clone, PartialEq)]
pub enum Whose {
    /// What a teacher teaches.
    Teacher(PersonId),
    /// What a class receives.
    Class(ClassId),
    /// What is taught from a classroom or received there.
    Classroom(ClassroomId),
    /// What a place and those below it give or receive.
    Org(OrgId),
    /// What the places of a scope give or receive ([`Scope::json`](crate::auth::policy::Scope::json)).
    Within(String),
}

const COLUMNS: &str = "SELECT lesson.id, lesson.term_id, lesson.pairing_id, lesson.kind, lesson.title, lesson.subject,
        lesson.grade, lesson.org_id, lesson.teacher_id, lesson.classroom_id, lesson.day, lesson.week, lesson.period,
        lesson.starts_at, lesson.ends_at, lesson.state, lesson.reason, lesson.lesson_id, lesson.version,
        org.name AS org_name, person.name AS teacher_name, classroom.name AS classroom_name
    FROM timetable_lesson AS lesson
    JOIN org ON org.id = lesson.org_id
    JOIN person ON person.id = lesson.teacher_id
    JOIN classroom ON classroom.id = lesson.classroom_id";

#[derive(sqlx::FromRow)]
struct LessonRow {
    id: String,
    term_id: String,
    pairing_id: Option<String>,
    kind: String,
    title: String,
    subject: String,
    grade: i64,
    org_id: String,
    teacher_id: String,
    classroom_id: String,
    day: String,
    week: i64,
    period: i64,
    starts_at: i64,
    ends_at: i64,
    state: String,
    reason: Option<String>,
    lesson_id: Option<String>,
    version: i64,
    org_name: String,
    teacher_name: String,
    classroom_name: String,
}

#[derive(sqlx::FromRow)]
struct ClassRow {
    timetable_lesson_id: String,
    class_id: String,
    class_name: String,
    org_id: String,
    org_name: String,
    classroom_id: String,
    period: i64,
    attended: Option<i64>,
}

impl LessonRow {
    fn with(self, classes: Vec<TimetableClass>) -> Result<TimetableLessonView, StoreError> {
        const T: &str = "timetable_lesson";
        Ok(TimetableLessonView {
            id: parse(T, "id", self.id)?,
            term_id: parse(T, "term_id", self.term_id)?,
            pairing_id: parse_opt(T, "pairing_id", self.pairing_id)?,
            kind: parse(T, "kind", self.kind)?,
            title: self.title,
            subject: self.subject,
            grade: small(self.grade),
            org_id: parse(T, "org_id", self.org_id)?,
            org_name: self.org_name,
            teacher_id: parse(T, "teacher_id", self.teacher_id)?,
            teacher_name: self.teacher_name,
            classroom_id: parse(T, "classroom_id", self.classroom_id)?,
            classroom_name: self.classroom_name,
            day: parse(T, "day", self.day)?,
            week: small(self.week),
            period: small(self.period),
            starts_at: UnixMillis(self.starts_at),
            ends_at: UnixMillis(self.ends_at),
            state: parse(T, "state", self.state)?,
            reason: self.reason,
            lesson_id: parse_opt(T, "lesson_id", self.lesson_id)?,
            version: small(self.version),
            classes,
        })
    }
}

impl ClassRow {
    fn read(self) -> Result<TimetableClass, StoreError> {
        const T: &str = "timetable_class";
        Ok(TimetableClass {
            class_id: parse(T, "class_id", self.class_id)?,
            class_name: self.class_name,
            org_id: parse(T, "org_id", self.org_id)?,
            org_name: self.org_name,
            classroom_id: parse(T, "classroom_id", self.classroom_id)?,
            period: small(self.period),
            attended: self.attended.map(super::flag),
        })
    }
}

impl Store {
    /// One lesson.
    pub async fn timetable_lesson(
        &self,
        id: &TimetableLessonId,
    ) -> Result<Option<TimetableLessonView>, StoreError> {
        Ok(self.timetable_lessons(std::slice::from_ref(id)).await?.pop())
    }

    /// Those of these that are there, by time.
    pub async fn timetable_lessons(
        &self,
        ids: &[TimetableLessonId],
    ) -> Result<Vec<TimetableLessonView>, StoreError> {
        let mut tx = self.read().await?;
        fetch(&mut tx, &self::ids(ids.iter())).await
    }

    /// The days on which lessons of a term are planned that have not been opened.
    pub async fn planned_days(&self, term: &TermId, now: UnixMillis) -> Result<Vec<Day>, StoreError> {
        let days: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT day FROM timetable_lesson
             WHERE term_id = $1 AND state = $2 AND starts_at > $3 AND lesson_id IS NULL ORDER BY day",
        )
        .bind(term.as_str())
        .bind(word(&TimetableState::Planned))
        .bind(now.0)
        .fetch_all(&self.pool)
        .await?;
        days.into_iter().map(|day| parse("timetable_lesson", "day", day)).collect()
    }

    /// Those lessons of these days, by time, at most `limit`.
    pub async fn planned_lessons_on(
        &self,
        term: &TermId,
        days: &[Day],
        now: UnixMillis,
        limit: u32,
    ) -> Result<Vec<TimetableLessonView>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE lesson.term_id = $1 AND lesson.state = $2 AND lesson.starts_at > $3
                 AND lesson.lesson_id IS NULL AND lesson.day IN (SELECT value FROM json_each($4))
             ORDER BY lesson.starts_at, lesson.id LIMIT $5"
        );
        let days: Vec<String> = days.iter().map(Day::to_string).collect();
        let mut tx = self.read().await?;
        let rows = sqlx::query_as::<_, LessonRow>(sqlx::AssertSqlSafe(sql))
            .bind(term.as_str())
            .bind(word(&TimetableState::Planned))
            .bind(now.0)
            .bind(json_list(days.iter().map(String::as_str)))
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
        with_classes(&mut tx, rows).await
    }

    /// Somebody's lessons of the seven days from `monday` on, by time, at most `limit`.
    pub async fn timetable_week(
        &self,
        term: &TermId,
        monday: Day,
        whose: &Whose,
        limit: u32,
    ) -> Result<Vec<TimetableLessonView>, StoreError> {
        let from = monday.at_minute(0);
        self.lessons_between(Some(term), whose, from, UnixMillis(from.0 + WEEK_MS), limit).await
    }

    /// Somebody's lessons that begin in this time, of one term or all, by time, at most `limit`.
    pub async fn lessons_between(
        &self,
        term: Option<&TermId>,
        whose: &Whose,
        from: UnixMillis,
        to: UnixMillis,
        limit: u32,
    ) -> Result<Vec<TimetableLessonView>, StoreError> {
        // CROSS JOIN: SQLite would read all lessons first and look for their places.
        let (picked, who) = match whose {
            Whose::Teacher(id) => {
                ("lesson.teacher_id = $1 AND lesson.starts_at >= $2 AND lesson.starts_at < $3", id.as_str())
            }
            Whose::Class(id) => (
                "lesson.id IN (SELECT timetable_lesson_id FROM timetable_class
                     WHERE class_id = $1 AND starts_at >= $2 AND starts_at < $3)",
                id.as_str(),
            ),
            Whose::Classroom(id) => (
                "lesson.id IN (SELECT id FROM timetable_lesson
                     WHERE classroom_id = $1 AND starts_at >= $2 AND starts_at < $3
                     UNION SELECT timetable_lesson_id FROM timetable_class
                     WHERE classroom_id = $1 AND starts_at >= $2 AND starts_at < $3)",
                id.as_str(),
            ),
            Whose::Org(id) => (
                "lesson.id IN (
                     SELECT given.id FROM org AS top
                     CROSS JOIN org AS place CROSS JOIN timetable_lesson AS given
                     WHERE top.id = $1 AND substr(place.path, 1, length(top.path)) = top.path
                         AND given.org_id = place.id AND given.starts_at >= $2 AND given.starts_at < $3
                     UNION
                     SELECT received.timetable_lesson_id FROM org AS top
                     CROSS JOIN org AS place CROSS JOIN timetable_class AS received
                     WHERE top.id = $1 AND substr(place.path, 1, length(top.path)) = top.path
                         AND received.org_id = place.id AND received.starts_at >= $2 AND received.starts_at < $3)",
                id.as_str(),
            ),
            Whose::Within(scope) => (
                "lesson.id IN (
                     SELECT given.id FROM json_each($1) AS top
                     CROSS JOIN org AS place CROSS JOIN timetable_lesson AS given
                     WHERE substr(place.path, 1, length(top.value)) = top.value
                         AND given.org_id = place.id AND given.starts_at >= $2 AND given.starts_at < $3
                     UNION
                     SELECT received.timetable_lesson_id FROM json_each($1) AS top
                     CROSS JOIN org AS place CROSS JOIN timetable_class AS received
                     WHERE substr(place.path, 1, length(top.value)) = top.value
                         AND received.org_id = place.id AND received.starts_at >= $2 AND received.starts_at < $3)",
                scope.as_str(),
            ),
        };
        let sql = format!(
            "{COLUMNS} WHERE {picked} AND lesson.state <> '{REPLACED}'
                 AND ($4 IS NULL OR lesson.term_id = $4)
             ORDER BY lesson.starts_at, lesson.id LIMIT $5"
        );
        let mut tx = self.read().await?;
        let rows = sqlx::query_as::<_, LessonRow>(sqlx::AssertSqlSafe(sql))
            .bind(who)
            .bind(from.0)
            .bind(to.0)
            .bind(term.map(TermId::as_str))
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
        with_classes(&mut tx, rows).await
    }

    /// The place of a classroom, class or teacher.
    pub async fn org_of(&self, whose: &Whose) -> Result<Option<OrgId>, StoreError> {
        let (sql, id) = match whose {
            Whose::Teacher(id) => ("SELECT org_id FROM person WHERE id = $1", id.as_str()),
            Whose::Class(id) => ("SELECT org_id FROM class_group WHERE id = $1", id.as_str()),
            Whose::Classroom(id) => ("SELECT org_id FROM classroom WHERE id = $1", id.as_str()),
            Whose::Org(id) => return Ok(Some(id.clone())),
            Whose::Within(_) => return Ok(None),
        };
        let org: Option<String> = sqlx::query_scalar(sql).bind(id).fetch_optional(&self.pool).await?;
        parse_opt("org", "id", org)
    }

    /// The paths of all places that a lesson concerns.
    pub async fn paths_of(&self, lessons: &[&TimetableLessonView]) -> Result<Vec<String>, StoreError> {
        let orgs: std::collections::BTreeSet<&OrgId> = lessons
            .iter()
            .flat_map(|lesson| {
                std::iter::once(&lesson.org_id).chain(lesson.classes.iter().map(|class| &class.org_id))
            })
            .collect();
        let paths = sqlx::query_scalar("SELECT path FROM org WHERE id IN (SELECT value FROM json_each($1))")
            .bind(json_list(orgs.into_iter().map(OrgId::as_str)))
            .fetch_all(&self.pool)
            .await?;
        Ok(paths)
    }
}

/// Identifiers as one parameter.
pub(super) fn ids<'i>(ids: impl Iterator<Item = &'i TimetableLessonId>) -> String {
    json_list(ids.map(TimetableLessonId::as_str))
}

/// Lessons by their ids ([`ids`]), by time.
pub(super) async fn fetch(
    connection: &mut AnyConnection,
    ids: &str,
) -> Result<Vec<TimetableLessonView>, StoreError> {
    fetch_in_state(connection, ids, "<>").await
}

/// Lessons whose place a newer plan took, as they were before, that is: planned.
pub(super) async fn fetch_replaced(
    connection: &mut AnyConnection,
    ids: &str,
) -> Result<Vec<TimetableLessonView>, StoreError> {
    fetch_in_state(connection, ids, "=").await
}

async fn fetch_in_state(
    connection: &mut AnyConnection,
    ids: &str,
    is: &'static str,
) -> Result<Vec<TimetableLessonView>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE lesson.id IN (SELECT value FROM json_each($1)) AND lesson.state {is} '{REPLACED}'
         ORDER BY lesson.starts_at, lesson.id"
    );
    let mut rows = sqlx::query_as::<_, LessonRow>(sqlx::AssertSqlSafe(sql))
        .bind(ids)
        .fetch_all(&mut *connection)
        .await?;
    for row in rows.iter_mut().filter(|row| row.state == REPLACED) {
        row.state = word(&tongtang_protocol::timetable::TimetableState::Planned);
    }
    with_classes(connection, rows).await
}

async fn with_classes(
    connection: &mut AnyConnection,
    rows: Vec<LessonRow>,
) -> Result<Vec<TimetableLessonView>, StoreError> {
    let classes = sqlx::query_as::<_, ClassRow>(
        "SELECT received.timetable_lesson_id, received.class_id, received.org_id, received.classroom_id,
             received.period, received.attended, class_group.name AS class_name, org.name AS org_name
         FROM timetable_class AS received
         JOIN class_group ON class_group.id = received.class_id
         JOIN org ON org.id = received.org_id
         WHERE received.timetable_lesson_id IN (SELECT value FROM json_each($1))",
    )
    .bind(json_list(rows.iter().map(|row| row.id.as_str())))
    .fetch_all(connection)
    .await?;
    let mut of_lesson: HashMap<String, Vec<TimetableClass>> = HashMap::new();
    for class in classes {
        of_lesson.entry(class.timetable_lesson_id.clone()).or_default().push(class.read()?);
    }
    rows.into_iter()
        .map(|row| {
            let mut classes = of_lesson.remove(&row.id).unwrap_or_default();
            classes.sort_by(|a, b| a.class_id.cmp(&b.class_id));
            row.with(classes)
        })
        .collect()
}

/// Writes lessons, new or changed, with their classes.
pub(super) async fn write(
    connection: &mut AnyConnection,
    lessons: &[&TimetableLessonView],
    at: UnixMillis,
) -> Result<(), StoreError> {
    for some in lessons.chunks(AT_ONCE) {
        write_lessons(connection, some, at).await?;
        sqlx::query(
            "DELETE FROM timetable_class WHERE timetable_lesson_id IN (SELECT value FROM json_each($1))",
        )
        .bind(json_list(some.iter().map(|lesson| lesson.id.as_str())))
        .execute(&mut *connection)
        .await?;
        write_classes(connection, some).await?;
    }
    Ok(())
}

async fn write_lessons(
    connection: &mut AnyConnection,
    lessons: &[&TimetableLessonView],
    at: UnixMillis,
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO timetable_lesson (id, term_id, pairing_id, kind, title, subject, grade, org_id, teacher_id,
             classroom_id, day, week, period, starts_at, ends_at, state, reason, lesson_id, version, updated_at)
         VALUES {}
         ON CONFLICT (id) DO UPDATE SET org_id = excluded.org_id, teacher_id = excluded.teacher_id,
             classroom_id = excluded.classroom_id, day = excluded.day, week = excluded.week, period = excluded.period,
             starts_at = excluded.starts_at, ends_at = excluded.ends_at, state = excluded.state,
             reason = excluded.reason, lesson_id = excluded.lesson_id, version = excluded.version,
             updated_at = excluded.updated_at",
        rows(lessons.len(), 20)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    for lesson in lessons {
        query = query
            .bind(lesson.id.as_str())
            .bind(lesson.term_id.as_str())
            .bind(lesson.pairing_id.as_ref().map(PairingId::as_str))
            .bind(word(&lesson.kind))
            .bind(&lesson.title)
            .bind(&lesson.subject)
            .bind(i64::from(lesson.grade))
            .bind(lesson.org_id.as_str())
            .bind(lesson.teacher_id.as_str())
            .bind(lesson.classroom_id.as_str())
            .bind(lesson.day.to_string())
            .bind(i64::from(lesson.week))
            .bind(i64::from(lesson.period))
            .bind(lesson.starts_at.0)
            .bind(lesson.ends_at.0)
            .bind(word(&lesson.state))
            .bind(&lesson.reason)
            .bind(lesson.lesson_id.as_ref().map(LessonId::as_str))
            .bind(i64::from(lesson.version))
            .bind(at.0);
    }
    query.execute(connection).await?;
    Ok(())
}

async fn write_classes(
    connection: &mut AnyConnection,
    lessons: &[&TimetableLessonView],
) -> Result<(), StoreError> {
    let all: Vec<(&TimetableLessonView, &TimetableClass)> =
        lessons.iter().flat_map(|lesson| lesson.classes.iter().map(move |class| (*lesson, class))).collect();
    for some in all.chunks(AT_ONCE) {
        let sql = format!(
            "INSERT INTO timetable_class
                 (timetable_lesson_id, class_id, classroom_id, org_id, period, starts_at, attended) VALUES {}",
            rows(some.len(), 7)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for (lesson, class) in some {
            query = query
                .bind(lesson.id.as_str())
                .bind(class.class_id.as_str())
                .bind(class.classroom_id.as_str())
                .bind(class.org_id.as_str())
                .bind(i64::from(class.period))
                .bind(lesson.starts_at.0)
                .bind(class.attended.map(i64::from));
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
