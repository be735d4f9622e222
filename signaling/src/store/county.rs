//! A county's rows as the planner needs them.

use super::{Store, StoreError, flag, parse, word};
use crate::planning::instance::{ClassRow, County, Published, RoomRow, SchoolRow, Taken, TeacherRow};
use sqlx::AnyConnection;
use std::collections::BTreeMap;
use tongtang_protocol::calendar::BellPeriod;
use tongtang_protocol::ids::TermId;
use tongtang_protocol::places::OrgKind;

type SchoolColumns = (String, String, String, Option<i64>, Option<i64>, i64);
type BellColumns = (String, i64, i64, i64);
/// Lesson, teacher, subject, day, whose lessons that day has, period, class.
type HeldColumns = (String, String, String, String, Option<i64>, i64, String);
/// Whose, weekday, period, parity.
type BusyColumns = (String, i64, i64, String);

fn small<T: TryFrom<i64> + Default>(value: i64) -> T {
    T::try_from(value).unwrap_or_default()
}

impl Store {
    /// Everything below `path` that planning a term needs; `from_week` is the first whose lessons are looked at.
    /// `node_lessons` is left 0.
    pub async fn county(&self, term: &TermId, path: &str, from_week: u8) -> Result<County, StoreError> {
        let mut tx = self.read().await?;
        let name: Option<String> = sqlx::query_scalar("SELECT name FROM org WHERE path = $1")
            .bind(path)
            .fetch_optional(&mut *tx)
            .await?;
        let county = County {
            name: name.unwrap_or_default(),
            schools: schools(&mut tx, path).await?,
            classes: classes(&mut tx, path).await?,
            teachers: teachers(&mut tx, path).await?,
            rooms: rooms(&mut tx, path).await?,
            prescribed: prescribed(&mut tx, path).await?,
            published: published(&mut tx, term, from_week).await?,
            node_lessons: 0,
        };
        tx.commit().await?;
        Ok(county)
    }
}

async fn schools(connection: &mut AnyConnection, path: &str) -> Result<Vec<SchoolRow>, StoreError> {
    let schedules: Vec<(String, String)> =
        sqlx::query_as("SELECT path, bell_schedule_id FROM org WHERE bell_schedule_id IS NOT NULL")
            .fetch_all(&mut *connection)
            .await?;
    let periods: Vec<BellColumns> = sqlx::query_as(
        "SELECT schedule_id, period, starts_min, ends_min FROM bell_period ORDER BY schedule_id, period",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut bells: BTreeMap<String, Vec<BellPeriod>> = BTreeMap::new();
    for (schedule, period, starts, ends) in periods {
        let period = BellPeriod { period: small(period), starts_min: small(starts), ends_min: small(ends) };
        bells.entry(schedule).or_default().push(period);
    }
    let rows: Vec<SchoolColumns> = sqlx::query_as(
        "SELECT id, path, name, link_down_kbps, link_up_kbps, lessons_at_once FROM org
         WHERE kind = $1 AND substr(path, 1, length($2)) = $2 ORDER BY id",
    )
    .bind(word(&OrgKind::School))
    .bind(path)
    .fetch_all(connection)
    .await?;
    let school = |(id, path, name, down, up, at_once): SchoolColumns| {
        let nearest =
            schedules.iter().filter(|(at, _)| path.starts_with(at.as_str())).max_by_key(|(at, _)| at.len());
        SchoolRow {
            id,
            name,
            down_kbps: down.map(small),
            up_kbps: up.map(small),
            lessons_at_once: small(at_once),
            bells: nearest.and_then(|(_, schedule)| bells.get(schedule)).cloned().unwrap_or_default(),
            path,
        }
    };
    Ok(rows.into_iter().map(school).collect())
}

async fn classes(connection: &mut AnyConnection, path: &str) -> Result<Vec<ClassRow>, StoreError> {
    let mut busy = taken(
        connection,
        "SELECT b.class_id, b.weekday, b.period, b.parity FROM org JOIN class_group ON class_group.org_id = org.id
             JOIN class_busy AS b ON b.class_id = class_group.id
         WHERE substr(org.path, 1, length($1)) = $1",
        path,
    )
    .await?;
    let subjects: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT s.class_id, s.subject, s.edition, s.on_site_periods FROM org
             JOIN class_group ON class_group.org_id = org.id JOIN class_subject AS s ON s.class_id = class_group.id
         WHERE substr(org.path, 1, length($1)) = $1",
    )
    .bind(path)
    .fetch_all(&mut *connection)
    .await?;
    let mut has: BTreeMap<String, BTreeMap<String, (String, u8)>> = BTreeMap::new();
    for (class, subject, edition, on_site) in subjects {
        has.entry(class).or_default().insert(subject, (edition, small(on_site)));
    }
    let rows: Vec<(String, String, String, i64, i64, i64)> = sqlx::query_as(
        "SELECT class_group.id, class_group.org_id, class_group.name, class_group.grade, class_group.size,
             class_group.consent_live
         FROM org JOIN class_group ON class_group.org_id = org.id
         WHERE substr(org.path, 1, length($1)) = $1 ORDER BY class_group.id",
    )
    .bind(path)
    .fetch_all(connection)
    .await?;
    let class = |(id, org_id, name, grade, size, live): (String, String, String, i64, i64, i64)| ClassRow {
        subjects: has.remove(&id).unwrap_or_default(),
        busy: busy.remove(&id).unwrap_or_default(),
        id,
        org_id,
        name,
        grade: small(grade),
        size: small(size),
        consents_live: flag(live),
    };
    Ok(rows.into_iter().map(class).collect())
}

/// Those who deliver.
async fn teachers(connection: &mut AnyConnection, path: &str) -> Result<Vec<TeacherRow>, StoreError> {
    let mut busy = taken(
        connection,
        "SELECT b.person_id, b.weekday, b.period, b.parity FROM org JOIN person ON person.org_id = org.id
             JOIN teacher_busy AS b ON b.person_id = person.id
         WHERE substr(org.path, 1, length($1)) = $1",
        path,
    )
    .await?;
    let subjects: Vec<(String, String, i64, i64, String)> = sqlx::query_as(
        "SELECT s.person_id, s.subject, s.grade_from, s.grade_to, s.edition FROM org
             JOIN person ON person.org_id = org.id JOIN teacher_subject AS s ON s.person_id = person.id
         WHERE substr(org.path, 1, length($1)) = $1 ORDER BY s.person_id, s.subject, s.grade_from, s.edition",
    )
    .bind(path)
    .fetch_all(&mut *connection)
    .await?;
    let mut can: BTreeMap<String, Vec<(String, u8, u8, String)>> = BTreeMap::new();
    for (person, subject, from, to, edition) in subjects {
        can.entry(person).or_default().push((subject, small(from), small(to), edition));
    }
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT person.id, person.org_id, person.name, person.max_delivered
         FROM org JOIN person ON person.org_id = org.id
         WHERE person.max_delivered > 0 AND substr(org.path, 1, length($1)) = $1 ORDER BY person.id",
    )
    .bind(path)
    .fetch_all(connection)
    .await?;
    let teacher = |(id, org_id, name, max_delivered): (String, String, String, i64)| TeacherRow {
        subjects: can.remove(&id).unwrap_or_default(),
        busy: busy.remove(&id).unwrap_or_default(),
        id,
        org_id,
        name,
        max_delivered: small(max_delivered),
    };
    Ok(rows.into_iter().map(teacher).collect())
}

async fn rooms(connection: &mut AnyConnection, path: &str) -> Result<Vec<RoomRow>, StoreError> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT classroom.id, classroom.org_id, classroom.max_receivers
         FROM org JOIN classroom ON classroom.org_id = org.id
         WHERE substr(org.path, 1, length($1)) = $1 ORDER BY classroom.id",
    )
    .bind(path)
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, org_id, most)| RoomRow { id, org_id, max_receivers: small(most) })
        .collect())
}

async fn prescribed(
    connection: &mut AnyConnection,
    path: &str,
) -> Result<Vec<(String, String, u8, u8)>, StoreError> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT org.path, curriculum.subject, curriculum.grade, curriculum.weekly_periods
         FROM curriculum JOIN org ON org.id = curriculum.org_id
         WHERE substr(org.path, 1, length($1)) = $1 OR substr($1, 1, length(org.path)) = org.path
         ORDER BY org.path, curriculum.subject, curriculum.grade",
    )
    .bind(path)
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(at, subject, grade, weekly)| (at, subject, small(grade), small(weekly)))
        .collect())
}

/// The agreements of the term, and the lessons of the first week from `from_week` on that has any.
async fn published(
    connection: &mut AnyConnection,
    term: &TermId,
    from_week: u8,
) -> Result<Published, StoreError> {
    let members: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT pairing.id, pairing.teacher_id, pairing.subject, pairing_class.class_id
         FROM pairing JOIN pairing_class ON pairing_class.pairing_id = pairing.id
         WHERE pairing.term_id = $1 AND pairing.ended_at IS NULL ORDER BY pairing.id, pairing_class.class_id",
    )
    .bind(term.as_str())
    .fetch_all(&mut *connection)
    .await?;
    let mut pairings: BTreeMap<String, (String, String, Vec<String>)> = BTreeMap::new();
    for (id, teacher, subject, class) in members {
        pairings.entry(id).or_insert_with(|| (teacher, subject, Vec::new())).2.push(class);
    }
    let held: Vec<HeldColumns> = sqlx::query_as(
        "SELECT l.id, l.teacher_id, l.subject, l.day, d.follows_weekday, l.period, c.class_id
         FROM timetable_lesson AS l JOIN timetable_class AS c ON c.timetable_lesson_id = l.id
             LEFT JOIN term_day AS d ON d.term_id = l.term_id AND d.day = l.day
         WHERE l.term_id = $1 AND l.state = 'planned' AND l.week = (
             SELECT MIN(week) FROM timetable_lesson WHERE term_id = $1 AND state = 'planned' AND week >= $2)
         ORDER BY l.id, c.class_id",
    )
    .bind(term.as_str())
    .bind(i64::from(from_week))
    .fetch_all(connection)
    .await?;
    let mut lessons: BTreeMap<String, (String, String, u8, u8, Vec<String>)> = BTreeMap::new();
    for (id, teacher, subject, day, follows, period, class) in held {
        let day: tongtang_protocol::day::Day = parse("timetable_lesson", "day", day)?;
        lessons
            .entry(id)
            .or_insert_with(|| {
                // On a make-up day another weekday's lessons are held.
                let weekday = follows.map_or(day.weekday(), small);
                (teacher, subject, weekday, small(period), Vec::new())
            })
            .4
            .push(class);
    }
    Ok(Published {
        pairings: pairings.into_values().collect(),
        lessons: lessons.into_values().filter(|lesson| lesson.2 <= 5).collect(),
    })
}

async fn taken(
    connection: &mut AnyConnection,
    sql: &'static str,
    path: &str,
) -> Result<BTreeMap<String, Vec<Taken>>, StoreError> {
    let rows: Vec<BusyColumns> = sqlx::query_as(sql).bind(path).fetch_all(connection).await?;
    let mut found: BTreeMap<String, Vec<Taken>> = BTreeMap::new();
    for (whose, weekday, period, parity) in rows {
        let at = Taken {
            weekday: small(weekday),
            period: small(period),
            parity: parse("busy", "parity", parity)?,
        };
        found.entry(whose).or_default().push(at);
    }
    Ok(found)
}
