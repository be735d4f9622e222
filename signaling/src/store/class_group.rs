//! Class groups, the subjects they have, and when they are taught on site.

use super::org::{code_is_free, not_used, refused, room_for_one, whole};
use super::{MAX_LISTED_COUNTY, Store, StoreError, flag, number, parse, parse_opt, word};
use crate::auth::policy::Scope;
use crate::places::{Field, Rule, Use};
use sqlx::AnyConnection;
use std::collections::HashMap;
use tongtang_protocol::ids::{ClassId, ClassroomId};
use tongtang_protocol::places::{Busy, ClassSubject, ClassView, Consent};

/// Classes of a place at most.
const MAX_CLASSES_OF_ORG: i64 = 500;

/// Parts of a class or teacher that are written by one statement: SQLite looks each parameter up by its name among all of
/// the statement.
const AT_ONCE: usize = 40;

type Row = (String, String, String, String, i64, i64, Option<String>, i64, i64, i64);
type SubjectRow = (String, String, String, i64);

/// Of `class_busy` and `teacher_busy`: whose, weekday, period, parity, by what.
pub(super) type BusyRow = (String, i64, i64, String, String);

impl Store {
    /// A class.
    pub async fn class(&self, id: &ClassId) -> Result<Option<ClassView>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, org_id, code, name, grade, size, classroom_id, consent_live, consent_record, consent_publish
             FROM class_group WHERE id = $1",
        )
        .bind(id.as_str())
        .fetch_all(&mut *tx)
        .await?;
        Ok(with_parts(&mut tx, rows).await?.pop())
    }

    /// The classes of a scope, school by school, by grade and name.
    pub async fn classes(&self, scope: &Scope) -> Result<Vec<ClassView>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT class_group.id, class_group.org_id, class_group.code, class_group.name, class_group.grade,
                 class_group.size, class_group.classroom_id, class_group.consent_live, class_group.consent_record,
                 class_group.consent_publish
             FROM class_group JOIN org ON org.id = class_group.org_id
             WHERE EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)
             ORDER BY org.code, class_group.grade, class_group.name, class_group.code LIMIT $2",
        )
        .bind(scope.json())
        .bind(MAX_LISTED_COUNTY + 1)
        .fetch_all(&mut *tx)
        .await?;
        with_parts(&mut tx, whole(rows)?).await
    }

    /// A new class. Whose a taken code is, is told if it is in `seen`.
    pub async fn add_class(&self, class: &ClassView, seen: &Scope) -> Result<(), StoreError> {
        self.write(|tx| Box::pin(add(tx, class, seen))).await
    }

    /// Changes a class; false: there is none.
    pub async fn replace_class(&self, class: &ClassView, seen: &Scope) -> Result<bool, StoreError> {
        self.write(|tx| Box::pin(replace(tx, class, seen))).await
    }

    /// Deletes a class that nothing uses; false: there is none.
    pub async fn delete_class(&self, id: &ClassId) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                not_used(
                    tx,
                    "SELECT 'pairings', COUNT(*) FROM pairing_class WHERE class_id = $1
                     UNION ALL SELECT 'lessons', COUNT(*) FROM timetable_class WHERE class_id = $1",
                    id.as_str(),
                )
                .await?;
                let done = sqlx::query("DELETE FROM class_group WHERE id = $1")
                    .bind(id.as_str())
                    .execute(&mut **tx)
                    .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }
}

/// A new class.
pub(super) async fn add(tx: &mut AnyConnection, class: &ClassView, seen: &Scope) -> Result<(), StoreError> {
    room_for_one(tx, Use::Classes, &class.org_id, MAX_CLASSES_OF_ORG).await?;
    code_is_free(tx, "class_group", &class.code, class.id.as_str(), seen).await?;
    sits_in_its_school(tx, class).await?;
    insert(tx, class).await
}

/// Changes a class; false: there is none.
pub(super) async fn replace(
    tx: &mut AnyConnection,
    class: &ClassView,
    seen: &Scope,
) -> Result<bool, StoreError> {
    let old: Option<String> = sqlx::query_scalar("SELECT org_id FROM class_group WHERE id = $1")
        .bind(class.id.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(old) = old else { return Ok(false) };
    if old != class.org_id.as_str() {
        room_for_one(tx, Use::Classes, &class.org_id, MAX_CLASSES_OF_ORG).await?;
    }
    code_is_free(tx, "class_group", &class.code, class.id.as_str(), seen).await?;
    sits_in_its_school(tx, class).await?;
    update(tx, class).await?;
    Ok(true)
}

/// The classes of places at and below `path` that have one of these codes (a JSON list).
pub(super) async fn coded(
    connection: &mut AnyConnection,
    path: &str,
    codes: &str,
) -> Result<Vec<ClassView>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT class_group.id, class_group.org_id, class_group.code, class_group.name, class_group.grade,
             class_group.size, class_group.classroom_id, class_group.consent_live, class_group.consent_record,
             class_group.consent_publish
         FROM class_group JOIN org ON org.id = class_group.org_id
         WHERE class_group.code IN (SELECT value FROM json_each($1)) AND substr(org.path, 1, length($2)) = $2",
    )
    .bind(codes)
    .bind(path)
    .fetch_all(&mut *connection)
    .await?;
    with_parts(connection, rows).await
}

/// A row of `class_group` with its subjects and taken periods.
pub(super) async fn insert(connection: &mut AnyConnection, class: &ClassView) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO class_group (id, org_id, code, name, grade, size, classroom_id, consent_live, consent_record,
             consent_publish)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(class.id.as_str())
    .bind(class.org_id.as_str())
    .bind(&class.code)
    .bind(&class.name)
    .bind(i64::from(class.grade))
    .bind(i64::from(class.size))
    .bind(class.classroom_id.as_ref().map(ClassroomId::as_str))
    .bind(i64::from(class.consent.live))
    .bind(i64::from(class.consent.record))
    .bind(i64::from(class.consent.publish))
    .execute(&mut *connection)
    .await?;
    insert_parts(connection, class).await
}

/// The same for a row that is there.
pub(super) async fn update(connection: &mut AnyConnection, class: &ClassView) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE class_group SET org_id = $2, code = $3, name = $4, grade = $5, size = $6, classroom_id = $7,
             consent_live = $8, consent_record = $9, consent_publish = $10 WHERE id = $1",
    )
    .bind(class.id.as_str())
    .bind(class.org_id.as_str())
    .bind(&class.code)
    .bind(&class.name)
    .bind(i64::from(class.grade))
    .bind(i64::from(class.size))
    .bind(class.classroom_id.as_ref().map(ClassroomId::as_str))
    .bind(i64::from(class.consent.live))
    .bind(i64::from(class.consent.record))
    .bind(i64::from(class.consent.publish))
    .execute(&mut *connection)
    .await?;
    for part in
        ["DELETE FROM class_subject WHERE class_id = $1", "DELETE FROM class_busy WHERE class_id = $1"]
    {
        sqlx::query(part).bind(class.id.as_str()).execute(&mut *connection).await?;
    }
    insert_parts(connection, class).await
}

async fn insert_parts(connection: &mut AnyConnection, class: &ClassView) -> Result<(), StoreError> {
    for some in class.subjects.chunks(AT_ONCE) {
        let values = super::rows(some.len(), 4);
        let sql = format!(
            "INSERT INTO class_subject (class_id, subject, edition, on_site_periods) VALUES {values}"
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for of in some {
            query = query
                .bind(class.id.as_str())
                .bind(&of.subject)
                .bind(&of.edition)
                .bind(i64::from(of.on_site_periods));
        }
        query.execute(&mut *connection).await?;
    }
    let into = "INSERT INTO class_busy (class_id, weekday, period, parity, subject)";
    insert_busy(connection, into, class.id.as_str(), &class.busy).await
}

/// Rows of `class_busy` or `teacher_busy`.
pub(super) async fn insert_busy(
    connection: &mut AnyConnection,
    into: &'static str,
    whose: &str,
    busy: &[Busy],
) -> Result<(), StoreError> {
    for some in busy.chunks(AT_ONCE) {
        let sql = format!("{into} VALUES {}", super::rows(some.len(), 5));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for taken in some {
            query = query
                .bind(whose)
                .bind(i64::from(taken.weekday))
                .bind(i64::from(taken.period))
                .bind(word(&taken.parity))
                .bind(&taken.what);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Taken periods by whose they are.
pub(super) fn busy_of(rows: Vec<BusyRow>) -> Result<HashMap<String, Vec<Busy>>, StoreError> {
    let mut by_owner: HashMap<String, Vec<Busy>> = HashMap::new();
    for (whose, weekday, period, parity, what) in rows {
        let taken = Busy {
            weekday: number("busy", "weekday", weekday)?,
            period: number("busy", "period", period)?,
            parity: parse("busy", "parity", parity)?,
            what,
        };
        by_owner.entry(whose).or_default().push(taken);
    }
    Ok(by_owner)
}

async fn sits_in_its_school(connection: &mut AnyConnection, class: &ClassView) -> Result<(), StoreError> {
    let Some(room) = &class.classroom_id else { return Ok(()) };
    let found: Option<String> = sqlx::query_scalar("SELECT id FROM classroom WHERE id = $1 AND org_id = $2")
        .bind(room.as_str())
        .bind(class.org_id.as_str())
        .fetch_optional(connection)
        .await?;
    if found.is_some() { Ok(()) } else { Err(refused(Field::Classroom, Rule::NotThere)) }
}

async fn with_parts(tx: &mut AnyConnection, rows: Vec<Row>) -> Result<Vec<ClassView>, StoreError> {
    let ids = super::json_list(rows.iter().map(|row| row.0.as_str()));
    let subjects: Vec<SubjectRow> = sqlx::query_as(
        "SELECT class_id, subject, edition, on_site_periods FROM class_subject
         WHERE class_id IN (SELECT value FROM json_each($1)) ORDER BY class_id, subject",
    )
    .bind(&ids)
    .fetch_all(&mut *tx)
    .await?;
    let mut subjects_of: HashMap<String, Vec<ClassSubject>> = HashMap::new();
    for (class, subject, edition, periods) in subjects {
        let on_site_periods = number("class_subject", "on_site_periods", periods)?;
        subjects_of.entry(class).or_default().push(ClassSubject { subject, edition, on_site_periods });
    }
    let busy: Vec<BusyRow> = sqlx::query_as(
        "SELECT class_id, weekday, period, parity, subject FROM class_busy
         WHERE class_id IN (SELECT value FROM json_each($1)) ORDER BY class_id, weekday, period, parity",
    )
    .bind(&ids)
    .fetch_all(&mut *tx)
    .await?;
    let mut busy_of = busy_of(busy)?;
    rows.into_iter()
        .map(|(id, org_id, code, name, grade, size, room, live, record, publish)| {
            Ok(ClassView {
                subjects: subjects_of.remove(&id).unwrap_or_default(),
                busy: busy_of.remove(&id).unwrap_or_default(),
                id: parse("class_group", "id", id)?,
                org_id: parse("class_group", "org_id", org_id)?,
                code,
                name,
                grade: number("class_group", "grade", grade)?,
                size: number("class_group", "size", size)?,
                classroom_id: parse_opt("class_group", "classroom_id", room)?,
                consent: Consent { live: flag(live), record: flag(record), publish: flag(publish) },
            })
        })
        .collect()
}
