//! Bookings: who and what planned lessons take. The database itself refuses that two of them overlap (an exclusion
//! constraint on PostgreSQL, a trigger on SQLite); here is who collides, before and after it did.

use super::{Store, StoreError, json_list, parse, rows, small, word};
use crate::timetable::clash::{
    Booking, Carried, LONGEST_MS, Link, MAX_CONFLICTS, among, bookings, links, overloads, with_lesson,
};
use sqlx::AnyConnection;
use std::collections::{BTreeSet, HashMap, HashSet};
use tongtang_protocol::ids::{OrgId, TimetableLessonId};
use tongtang_protocol::timetable::{Conflict, ConflictKind, TimetableLessonView};
use tongtang_protocol::units::UnixMillis;

/// Bookings of one statement: SQLite looks each parameter up by its name among all of the statement.
const AT_ONCE: usize = 100;

/// Collisions of one statement that are looked at; a booking meets a handful at most.
const MAX_MET: i64 = 2_000;

/// A booking that is there in the place of a wanted one.
#[derive(sqlx::FromRow)]
struct Met {
    kind: String,
    name: Option<String>,
    lesson_id: String,
    title: String,
    org_name: String,
    classroom_name: String,
    starts_at: i64,
    ends_at: i64,
}

impl Store {
    /// All that stands in the way of these lessons, other than the lessons `besides`.
    pub async fn conflicts(
        &self,
        wanted: &[&TimetableLessonView],
        besides: &[&TimetableLessonId],
    ) -> Result<Vec<Conflict>, StoreError> {
        let mut tx = self.read().await?;
        conflicts(&mut tx, wanted, besides).await
    }
}

/// The same in a transaction.
pub(super) async fn conflicts(
    connection: &mut AnyConnection,
    wanted: &[&TimetableLessonView],
    besides: &[&TimetableLessonId],
) -> Result<Vec<Conflict>, StoreError> {
    let mut found = among(wanted);
    let own: HashSet<&str> = besides.iter().map(|id| id.as_str()).collect();
    let besides = json_list(besides.iter().map(|id| id.as_str()));
    let all: Vec<Booking<'_>> = wanted.iter().flat_map(|lesson| bookings(lesson)).collect();
    for some in all.chunks(AT_ONCE) {
        if found.len() < MAX_CONFLICTS {
            found.extend(met(connection, some, &own).await?);
        }
    }
    if found.len() < MAX_CONFLICTS {
        found.extend(overloaded(connection, wanted, &besides).await?);
    }
    found.truncate(MAX_CONFLICTS);
    Ok(found)
}

async fn met(
    connection: &mut AnyConnection,
    wanted: &[Booking<'_>],
    besides: &HashSet<&str>,
) -> Result<Vec<Conflict>, StoreError> {
    let last = wanted.len() * 4;
    let sql = format!(
        "WITH wanted (kind, who, starts_at, ends_at) AS (VALUES {values})
         SELECT wanted.kind, booking.timetable_lesson_id AS lesson_id, lesson.title, lesson.starts_at, lesson.ends_at,
             org.name AS org_name, classroom.name AS classroom_name,
             COALESCE((SELECT name FROM person WHERE id = wanted.who AND wanted.kind = ${teacher}),
                 (SELECT name FROM class_group WHERE id = wanted.who AND wanted.kind = ${class}),
                 (SELECT name FROM classroom WHERE id = wanted.who AND wanted.kind = ${room})) AS name
         FROM wanted
         JOIN booking ON booking.kind = wanted.kind AND booking.who = wanted.who
             AND booking.starts_at < wanted.ends_at AND booking.ends_at > wanted.starts_at
             AND booking.starts_at > wanted.starts_at - ${longest}
         JOIN timetable_lesson AS lesson ON lesson.id = booking.timetable_lesson_id
         JOIN org ON org.id = lesson.org_id
         JOIN classroom ON classroom.id = lesson.classroom_id
         ORDER BY lesson.starts_at, lesson.id LIMIT ${limit}",
        values = rows(wanted.len(), 4),
        teacher = last + 1,
        class = last + 2,
        room = last + 3,
        longest = last + 4,
        limit = last + 5,
    );
    let mut query = sqlx::query_as::<_, Met>(sqlx::AssertSqlSafe(sql));
    for booking in wanted {
        query = query
            .bind(word(&booking.kind))
            .bind(booking.who)
            .bind(booking.starts_at.0)
            .bind(booking.ends_at.0);
    }
    let found = query
        .bind(word(&ConflictKind::Teacher))
        .bind(word(&ConflictKind::Class))
        .bind(word(&ConflictKind::Classroom))
        .bind(LONGEST_MS)
        .bind(MAX_MET)
        .fetch_all(connection)
        .await?;
    found
        .into_iter()
        .filter(|met| !besides.contains(met.lesson_id.as_str()))
        .map(|met| {
            Ok(Conflict {
                kind: parse("booking", "kind", met.kind)?,
                name: met.name.unwrap_or_default(),
                lesson_id: Some(parse("timetable_lesson", "id", met.lesson_id)?),
                title: met.title,
                place: format!("{} {}", met.org_name, met.classroom_name),
                starts_at: UnixMillis(met.starts_at),
                ends_at: UnixMillis(met.ends_at),
            })
        })
        .collect()
}

/// Lessons that the links of their schools do not carry at once.
async fn overloaded(
    connection: &mut AnyConnection,
    wanted: &[&TimetableLessonView],
    besides: &str,
) -> Result<Vec<Conflict>, StoreError> {
    let orgs: BTreeSet<&OrgId> = wanted.iter().flat_map(|lesson| links(lesson)).collect();
    let (Some(from), Some(to)) =
        (wanted.iter().map(|one| one.starts_at).min(), wanted.iter().map(|one| one.ends_at).max())
    else {
        return Ok(Vec::new());
    };
    let orgs = json_list(orgs.into_iter().map(OrgId::as_str));
    let limits = limits_of(connection, &orgs).await?;
    let mut carried = carried_by(connection, &orgs, from, to, besides).await?;
    for lesson in wanted {
        for org in links(lesson) {
            carried.entry(org.clone()).or_default().push(Carried {
                starts_at: lesson.starts_at,
                ends_at: lesson.ends_at,
                lesson: lesson.id.clone(),
                is_wanted: true,
            });
        }
    }
    let found = overloads(&limits, carried);
    let known: HashMap<&TimetableLessonId, &TimetableLessonView> =
        wanted.iter().map(|lesson| (&lesson.id, *lesson)).collect();
    let others = found.iter().map(|overload| &overload.other).filter(|id| !known.contains_key(id));
    let others = super::timetable::ids(others);
    let there = super::timetable::fetch(connection, &others).await?;
    let there: HashMap<_, _> = there.iter().map(|lesson| (&lesson.id, lesson)).collect();
    Ok(found
        .iter()
        .filter_map(|overload| {
            let other = known.get(&overload.other).or_else(|| there.get(&overload.other))?;
            Some(with_lesson(ConflictKind::Link, overload.school.clone(), other))
        })
        .collect())
}

async fn limits_of(connection: &mut AnyConnection, orgs: &str) -> Result<HashMap<OrgId, Link>, StoreError> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT id, name, lessons_at_once FROM org WHERE id IN (SELECT value FROM json_each($1))",
    )
    .bind(orgs)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(id, name, most)| Ok((parse("org", "id", id)?, Link { name, most: small(most) })))
        .collect()
}

async fn carried_by(
    connection: &mut AnyConnection,
    orgs: &str,
    from: UnixMillis,
    to: UnixMillis,
    besides: &str,
) -> Result<HashMap<OrgId, Vec<Carried>>, StoreError> {
    // CROSS JOIN: SQLite would read all planned lessons first and look for their classes.
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT lesson.org_id, lesson.id, lesson.starts_at, lesson.ends_at FROM timetable_lesson AS lesson
         WHERE lesson.org_id IN (SELECT value FROM json_each($1)) AND lesson.state = 'planned'
             AND lesson.starts_at < $2 AND lesson.starts_at > $3 AND lesson.ends_at > $4
             AND lesson.id NOT IN (SELECT value FROM json_each($5))
             AND EXISTS (SELECT 1 FROM timetable_class AS far WHERE far.timetable_lesson_id = lesson.id
                 AND far.classroom_id <> lesson.classroom_id)
         UNION ALL
         SELECT class.org_id, lesson.id, lesson.starts_at, lesson.ends_at FROM timetable_class AS class
         CROSS JOIN timetable_lesson AS lesson
         WHERE lesson.id = class.timetable_lesson_id AND class.org_id IN (SELECT value FROM json_each($1)) AND lesson.state = 'planned'
             AND class.starts_at < $2 AND class.starts_at > $3 AND lesson.ends_at > $4
             AND class.classroom_id <> lesson.classroom_id
             AND lesson.id NOT IN (SELECT value FROM json_each($5))",
    )
    .bind(orgs)
    .bind(to.0)
    .bind(from.0 - LONGEST_MS)
    .bind(from.0)
    .bind(besides)
    .fetch_all(connection)
    .await?;
    let mut carried: HashMap<OrgId, Vec<Carried>> = HashMap::new();
    for (org, lesson, starts_at, ends_at) in rows {
        carried.entry(parse("org", "id", org)?).or_default().push(Carried {
            starts_at: UnixMillis(starts_at),
            ends_at: UnixMillis(ends_at),
            lesson: parse("timetable_lesson", "id", lesson)?,
            is_wanted: false,
        });
    }
    Ok(carried)
}

/// Takes everybody of these lessons for their time. Fails with [`StoreError::is_refused`] if somebody is taken.
pub(super) async fn book(
    connection: &mut AnyConnection,
    lessons: &[&TimetableLessonView],
) -> Result<(), StoreError> {
    let all: Vec<(&TimetableLessonId, Booking<'_>)> = lessons
        .iter()
        .flat_map(|lesson| bookings(lesson).into_iter().map(|booking| (&lesson.id, booking)))
        .collect();
    for some in all.chunks(AT_ONCE) {
        let sql = format!(
            "INSERT INTO booking (timetable_lesson_id, kind, who, starts_at, ends_at) VALUES {}",
            rows(some.len(), 5)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for (lesson, booking) in some {
            query = query
                .bind(lesson.as_str())
                .bind(word(&booking.kind))
                .bind(booking.who)
                .bind(booking.starts_at.0)
                .bind(booking.ends_at.0);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Lets go of everybody of these lessons (a JSON list of their ids).
pub(super) async fn release(connection: &mut AnyConnection, lessons: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM booking WHERE timetable_lesson_id IN (SELECT value FROM json_each($1))")
        .bind(lessons)
        .execute(connection)
        .await?;
    Ok(())
}
