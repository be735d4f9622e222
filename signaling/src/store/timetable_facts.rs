//! What has to be known to place lessons: the term, and the schools, rooms, classes and teachers that are named.

use super::{Store, StoreError, flag, json_list, parse, parse_opt, small};
use crate::calendar::Calendar;
use crate::timetable::facts::{Class, Facts, Room, School, Teacher};
use sqlx::AnyConnection;
use std::collections::{BTreeSet, HashMap};
use tongtang_protocol::calendar::BellPeriod;
use tongtang_protocol::ids::{ClassId, ClassroomId, OrgId, PersonId, TermId};
use tongtang_protocol::places::Busy;

/// Who and what is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Rooms to teach from.
    pub rooms: Vec<ClassroomId>,
    /// Classes that receive.
    pub classes: Vec<ClassId>,
    /// Teachers.
    pub teachers: Vec<PersonId>,
}

impl Store {
    /// Everything needed to place lessons of these; None: there is no such term. What is not there is not in the answer.
    pub async fn timetable_facts(&self, term: &TermId, asked: &Asked) -> Result<Option<Facts>, StoreError> {
        let Some(term) = self.calendar(term).await? else { return Ok(None) };
        let mut tx = self.read().await?;
        let classes_json = json_list(asked.classes.iter().map(ClassId::as_str));
        let teachers_json = json_list(asked.teachers.iter().map(PersonId::as_str));
        let mut classes = classes_of(&mut tx, &classes_json).await?;
        let sits = classes.values().filter_map(|class| class.classroom_id.as_ref());
        let rooms =
            rooms_of(&mut tx, &json_list(asked.rooms.iter().chain(sits).map(ClassroomId::as_str))).await?;
        let mut teachers = teachers_of(&mut tx, &teachers_json).await?;
        for (who, busy) in busy_of(&mut tx, CLASS_BUSY, &classes_json).await? {
            let id = parse("class_busy", "class_id", who)?;
            classes.entry(id).and_modify(|class: &mut Class| class.busy.push(busy));
        }
        for (who, busy) in busy_of(&mut tx, TEACHER_BUSY, &teachers_json).await? {
            let id = parse("teacher_busy", "person_id", who)?;
            teachers.entry(id).and_modify(|teacher: &mut Teacher| teacher.busy.push(busy));
        }
        let orgs: BTreeSet<&OrgId> = rooms
            .values()
            .map(|room| &room.org_id)
            .chain(classes.values().map(|class| &class.org_id))
            .chain(teachers.values().map(|teacher| &teacher.org_id))
            .collect();
        let schools = schools_of(&mut tx, &json_list(orgs.into_iter().map(OrgId::as_str))).await?;
        let calendar = Calendar::new(&term);
        Ok(Some(Facts { term, calendar, schools, rooms, classes, teachers }))
    }
}

async fn classes_of(
    connection: &mut AnyConnection,
    ids: &str,
) -> Result<HashMap<ClassId, Class>, StoreError> {
    let rows: Vec<(String, String, String, Option<String>, i64)> = sqlx::query_as(
        "SELECT id, name, org_id, classroom_id, consent_live FROM class_group
         WHERE id IN (SELECT value FROM json_each($1))",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(id, name, org, room, live)| {
            let class = Class {
                name,
                org_id: parse("class_group", "org_id", org)?,
                classroom_id: parse_opt("class_group", "classroom_id", room)?,
                consents_live: flag(live),
                busy: Vec::new(),
            };
            Ok((parse("class_group", "id", id)?, class))
        })
        .collect()
}

async fn rooms_of(
    connection: &mut AnyConnection,
    ids: &str,
) -> Result<HashMap<ClassroomId, Room>, StoreError> {
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT id, name, org_id, max_receivers FROM classroom WHERE id IN (SELECT value FROM json_each($1))",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(id, name, org, most)| {
            let room = Room { name, org_id: parse("classroom", "org_id", org)?, max_receivers: small(most) };
            Ok((parse("classroom", "id", id)?, room))
        })
        .collect()
}

async fn teachers_of(
    connection: &mut AnyConnection,
    ids: &str,
) -> Result<HashMap<PersonId, Teacher>, StoreError> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT id, name, org_id FROM person WHERE id IN (SELECT value FROM json_each($1))")
            .bind(ids)
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|(id, name, org)| {
            let teacher = Teacher { name, org_id: parse("person", "org_id", org)?, busy: Vec::new() };
            Ok((parse("person", "id", id)?, teacher))
        })
        .collect()
}

const CLASS_BUSY: &str = "SELECT class_id, weekday, period, parity, subject FROM class_busy
    WHERE class_id IN (SELECT value FROM json_each($1)) ORDER BY class_id, weekday, period, parity";

const TEACHER_BUSY: &str = "SELECT person_id, weekday, period, parity, what FROM teacher_busy
    WHERE person_id IN (SELECT value FROM json_each($1)) ORDER BY person_id, weekday, period, parity";

async fn busy_of(
    connection: &mut AnyConnection,
    sql: &'static str,
    ids: &str,
) -> Result<Vec<(String, Busy)>, StoreError> {
    let rows: Vec<(String, i64, i64, String, String)> =
        sqlx::query_as(sql).bind(ids).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(who, weekday, period, parity, what)| {
            let parity = parse("class_busy", "parity", parity)?;
            Ok((who, Busy { weekday: small(weekday), period: small(period), parity, what }))
        })
        .collect()
}

/// With the bell times of the nearest place above that has some.
async fn schools_of(connection: &mut AnyConnection, ids: &str) -> Result<HashMap<OrgId, School>, StoreError> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT id, name, path FROM org WHERE id IN (SELECT value FROM json_each($1))")
            .bind(ids)
            .fetch_all(&mut *connection)
            .await?;
    let mut schools = HashMap::new();
    for (id, name, path) in rows {
        schools.insert(parse("org", "id", id)?, School { name, path, bells: Vec::new() });
    }
    // From the school up: the first that has a schedule counts.
    let kept: Vec<(String, String)> = sqlx::query_as(
        "WITH RECURSIVE up (school, place) AS (
             SELECT id, id FROM org WHERE id IN (SELECT value FROM json_each($1))
             UNION ALL
             SELECT up.school, org.parent_id FROM up JOIN org ON org.id = up.place
             WHERE org.parent_id IS NOT NULL AND org.bell_schedule_id IS NULL)
         SELECT up.school, org.bell_schedule_id FROM up JOIN org ON org.id = up.place
         WHERE org.bell_schedule_id IS NOT NULL",
    )
    .bind(ids)
    .fetch_all(&mut *connection)
    .await?;
    let periods: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT schedule_id, period, starts_min, ends_min FROM bell_period
         WHERE schedule_id IN (SELECT value FROM json_each($1)) ORDER BY schedule_id, period",
    )
    .bind(json_list(kept.iter().map(|(_, schedule)| schedule.as_str())))
    .fetch_all(&mut *connection)
    .await?;
    let mut bells: HashMap<String, Vec<BellPeriod>> = HashMap::new();
    for (schedule, period, starts, ends) in periods {
        let bell = BellPeriod { period: small(period), starts_min: small(starts), ends_min: small(ends) };
        bells.entry(schedule).or_default().push(bell);
    }
    for (school, schedule) in kept {
        let school: OrgId = parse("org", "id", school)?;
        let own = bells.get(&schedule).cloned().unwrap_or_default();
        schools.entry(school).and_modify(|school| school.bells = own);
    }
    Ok(schools)
}
