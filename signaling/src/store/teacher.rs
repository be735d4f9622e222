//! Teachers, what they can teach, and when they have no time.

use super::class_group::{BusyRow, busy_of, insert_busy};
use super::org::{code_is_free, not_used, room_for_one, whole};
use super::{MAX_LISTED_COUNTY, Store, StoreError, number, parse};
use crate::auth::policy::Scope;
use crate::places::Use;
use sqlx::AnyConnection;
use std::collections::HashMap;
use tongtang_protocol::ids::PersonId;
use tongtang_protocol::places::{TeachableSubject, TeacherView};

/// Teachers of a place at most.
const MAX_TEACHERS_OF_ORG: i64 = 2_000;

type Row = (String, String, String, String, i64, i64);
type SubjectRow = (String, String, i64, i64, String);

impl Store {
    /// A teacher.
    pub async fn teacher(&self, id: &PersonId) -> Result<Option<TeacherView>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, org_id, code, name, max_weekly, max_delivered FROM person WHERE id = $1",
        )
        .bind(id.as_str())
        .fetch_all(&mut *tx)
        .await?;
        Ok(with_parts(&mut tx, rows).await?.pop())
    }

    /// The teachers of a scope, school by school, by name.
    pub async fn teachers(&self, scope: &Scope) -> Result<Vec<TeacherView>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT person.id, person.org_id, person.code, person.name, person.max_weekly, person.max_delivered
             FROM person JOIN org ON org.id = person.org_id
             WHERE EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)
             ORDER BY org.code, person.name, person.code LIMIT $2",
        )
        .bind(scope.json())
        .bind(MAX_LISTED_COUNTY + 1)
        .fetch_all(&mut *tx)
        .await?;
        with_parts(&mut tx, whole(rows)?).await
    }

    /// A new teacher. Whose a taken code is, is told if it is in `seen`.
    pub async fn add_teacher(&self, teacher: &TeacherView, seen: &Scope) -> Result<(), StoreError> {
        self.write(|tx| Box::pin(add(tx, teacher, seen))).await
    }

    /// Changes a teacher; false: there is none.
    pub async fn replace_teacher(&self, teacher: &TeacherView, seen: &Scope) -> Result<bool, StoreError> {
        self.write(|tx| Box::pin(replace(tx, teacher, seen))).await
    }

    /// Deletes a teacher who has no lessons; false: there is none. An account that is theirs stays, and is nobody's.
    pub async fn delete_teacher(&self, id: &PersonId) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                not_used(
                    tx,
                    "SELECT 'pairings', COUNT(*) FROM pairing WHERE teacher_id = $1
                     UNION ALL SELECT 'lessons', COUNT(*) FROM timetable_lesson WHERE teacher_id = $1",
                    id.as_str(),
                )
                .await?;
                let done = sqlx::query("DELETE FROM person WHERE id = $1")
                    .bind(id.as_str())
                    .execute(&mut **tx)
                    .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }
}

/// A new teacher.
pub(super) async fn add(
    tx: &mut AnyConnection,
    teacher: &TeacherView,
    seen: &Scope,
) -> Result<(), StoreError> {
    room_for_one(tx, Use::Teachers, &teacher.org_id, MAX_TEACHERS_OF_ORG).await?;
    code_is_free(tx, "person", &teacher.code, teacher.id.as_str(), seen).await?;
    insert(tx, teacher).await
}

/// Changes a teacher; false: there is none.
pub(super) async fn replace(
    tx: &mut AnyConnection,
    teacher: &TeacherView,
    seen: &Scope,
) -> Result<bool, StoreError> {
    let old: Option<String> = sqlx::query_scalar("SELECT org_id FROM person WHERE id = $1")
        .bind(teacher.id.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(old) = old else { return Ok(false) };
    if old != teacher.org_id.as_str() {
        room_for_one(tx, Use::Teachers, &teacher.org_id, MAX_TEACHERS_OF_ORG).await?;
    }
    code_is_free(tx, "person", &teacher.code, teacher.id.as_str(), seen).await?;
    update(tx, teacher).await?;
    Ok(true)
}

/// The teachers of places at and below `path` that have one of these codes (a JSON list).
pub(super) async fn coded(
    connection: &mut AnyConnection,
    path: &str,
    codes: &str,
) -> Result<Vec<TeacherView>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT person.id, person.org_id, person.code, person.name, person.max_weekly, person.max_delivered
         FROM person JOIN org ON org.id = person.org_id
         WHERE person.code IN (SELECT value FROM json_each($1)) AND substr(org.path, 1, length($2)) = $2",
    )
    .bind(codes)
    .bind(path)
    .fetch_all(&mut *connection)
    .await?;
    with_parts(connection, rows).await
}

/// A row of `person` with what they teach and their taken periods.
pub(super) async fn insert(connection: &mut AnyConnection, teacher: &TeacherView) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO person (id, org_id, code, name, max_weekly, max_delivered) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(teacher.id.as_str())
    .bind(teacher.org_id.as_str())
    .bind(&teacher.code)
    .bind(&teacher.name)
    .bind(i64::from(teacher.max_weekly))
    .bind(i64::from(teacher.max_delivered))
    .execute(&mut *connection)
    .await?;
    insert_parts(connection, teacher).await
}

/// The same for a row that is there.
pub(super) async fn update(connection: &mut AnyConnection, teacher: &TeacherView) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE person SET org_id = $2, code = $3, name = $4, max_weekly = $5, max_delivered = $6 WHERE id = $1",
    )
    .bind(teacher.id.as_str())
    .bind(teacher.org_id.as_str())
    .bind(&teacher.code)
    .bind(&teacher.name)
    .bind(i64::from(teacher.max_weekly))
    .bind(i64::from(teacher.max_delivered))
    .execute(&mut *connection)
    .await?;
    for part in
        ["DELETE FROM teacher_subject WHERE person_id = $1", "DELETE FROM teacher_busy WHERE person_id = $1"]
    {
        sqlx::query(part).bind(teacher.id.as_str()).execute(&mut *connection).await?;
    }
    insert_parts(connection, teacher).await
}

async fn insert_parts(connection: &mut AnyConnection, teacher: &TeacherView) -> Result<(), StoreError> {
    for of in &teacher.subjects {
        sqlx::query(
            "INSERT INTO teacher_subject (person_id, subject, grade_from, grade_to, edition)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(teacher.id.as_str())
        .bind(&of.subject)
        .bind(i64::from(of.grade_from))
        .bind(i64::from(of.grade_to))
        .bind(&of.edition)
        .execute(&mut *connection)
        .await?;
    }
    let into = "INSERT INTO teacher_busy (person_id, weekday, period, parity, what)";
    insert_busy(connection, into, teacher.id.as_str(), &teacher.busy).await
}

async fn with_parts(tx: &mut AnyConnection, rows: Vec<Row>) -> Result<Vec<TeacherView>, StoreError> {
    let ids = super::json_list(rows.iter().map(|row| row.0.as_str()));
    let subjects: Vec<SubjectRow> = sqlx::query_as(
        "SELECT person_id, subject, grade_from, grade_to, edition FROM teacher_subject
         WHERE person_id IN (SELECT value FROM json_each($1)) ORDER BY person_id, subject, grade_from, edition",
    )
    .bind(&ids)
    .fetch_all(&mut *tx)
    .await?;
    let mut subjects_of: HashMap<String, Vec<TeachableSubject>> = HashMap::new();
    for (person, subject, from, to, edition) in subjects {
        let grade_from = number("teacher_subject", "grade_from", from)?;
        let grade_to = number("teacher_subject", "grade_to", to)?;
        let of = TeachableSubject { subject, grade_from, grade_to, edition };
        subjects_of.entry(person).or_default().push(of);
    }
    let busy: Vec<BusyRow> = sqlx::query_as(
        "SELECT person_id, weekday, period, parity, what FROM teacher_busy
         WHERE person_id IN (SELECT value FROM json_each($1)) ORDER BY person_id, weekday, period, parity",
    )
    .bind(&ids)
    .fetch_all(&mut *tx)
    .await?;
    let mut busy_of = busy_of(busy)?;
    rows.into_iter()
        .map(|(id, org_id, code, name, weekly, delivered)| {
            Ok(TeacherView {
                subjects: subjects_of.remove(&id).unwrap_or_default(),
                busy: busy_of.remove(&id).unwrap_or_default(),
                id: parse("person", "id", id)?,
                org_id: parse("person", "org_id", org_id)?,
                code,
                name,
                max_weekly: number("person", "max_weekly", weekly)?,
                max_delivered: number("person", "max_delivered", delivered)?,
            })
        })
        .collect()
}
