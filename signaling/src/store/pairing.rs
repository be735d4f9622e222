//! Pairings: which teacher teaches which classes a subject, for a term.

use super::{Store, StoreError, parse, word};
use sqlx::AnyConnection;
use std::collections::BTreeMap;
use tongtang_protocol::ids::{ClassId, ClassroomId, PairingId, PersonId, TermId};
use tongtang_protocol::planning::{PairedClass, PairingView};
use tongtang_protocol::timetable::TimetableState;
use tongtang_protocol::units::UnixMillis;

/// A pairing that is to be agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPairing {
    /// Identity.
    pub id: PairingId,
    /// Subject.
    pub subject: String,
    /// 1 to 9.
    pub grade: u8,
    /// Textbook edition; empty: any.
    pub edition: String,
    /// Who teaches.
    pub teacher_id: PersonId,
    /// From where.
    pub classroom_id: ClassroomId,
    /// The classes.
    pub class_ids: Vec<ClassId>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    subject: String,
    grade: i64,
    edition: String,
    teacher_id: String,
    teacher_name: String,
    classroom_id: String,
    class_id: String,
    class_name: String,
    org_name: String,
}

impl Store {
    /// The pairings of a term that are in force, by id.
    pub async fn pairings(&self, term: &TermId) -> Result<Vec<PairingView>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT pairing.id, pairing.subject, pairing.grade, pairing.edition, pairing.teacher_id,
                 person.name AS teacher_name, pairing.classroom_id, class_group.id AS class_id,
                 class_group.name AS class_name, org.name AS org_name
             FROM pairing JOIN person ON person.id = pairing.teacher_id
                 JOIN pairing_class ON pairing_class.pairing_id = pairing.id
                 JOIN class_group ON class_group.id = pairing_class.class_id
                 JOIN org ON org.id = class_group.org_id
             WHERE pairing.term_id = $1 AND pairing.ended_at IS NULL ORDER BY pairing.id, class_group.id",
        )
        .bind(term.as_str())
        .fetch_all(&self.pool)
        .await?;
        let mut found: BTreeMap<String, PairingView> = BTreeMap::new();
        for row in rows {
            let class = PairedClass {
                class_id: parse("pairing_class", "class_id", row.class_id)?,
                class_name: row.class_name,
                org_name: row.org_name,
            };
            if let Some(known) = found.get_mut(&row.id) {
                known.classes.push(class);
                continue;
            }
            let view = PairingView {
                id: parse("pairing", "id", row.id.clone())?,
                term_id: term.clone(),
                subject: row.subject,
                grade: u8::try_from(row.grade).unwrap_or(0),
                edition: row.edition,
                teacher_id: parse("pairing", "teacher_id", row.teacher_id)?,
                teacher_name: row.teacher_name,
                classroom_id: parse("pairing", "classroom_id", row.classroom_id)?,
                classes: vec![class],
            };
            found.insert(row.id, view);
        }
        Ok(found.into_values().collect())
    }
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    term: &TermId,
    pairings: &[NewPairing],
    at: UnixMillis,
) -> Result<(), StoreError> {
    for pairing in pairings {
        sqlx::query(
            "INSERT INTO pairing (id, term_id, subject, grade, edition, teacher_id, classroom_id, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(pairing.id.as_str())
        .bind(term.as_str())
        .bind(&pairing.subject)
        .bind(i64::from(pairing.grade))
        .bind(&pairing.edition)
        .bind(pairing.teacher_id.as_str())
        .bind(pairing.classroom_id.as_str())
        .bind(at.0)
        .execute(&mut *connection)
        .await?;
        for class in &pairing.class_ids {
            sqlx::query("INSERT INTO pairing_class (pairing_id, class_id) VALUES ($1, $2)")
                .bind(pairing.id.as_str())
                .bind(class.as_str())
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// A pairing is in force while lessons of it are to come: after a publication, and after one was taken back.
pub(super) async fn settle(
    connection: &mut AnyConnection,
    term: &TermId,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let planned = word(&TimetableState::Planned);
    sqlx::query(
        "UPDATE pairing SET ended_at = $2 WHERE term_id = $1 AND ended_at IS NULL AND NOT EXISTS (
             SELECT 1 FROM timetable_lesson AS l WHERE l.pairing_id = pairing.id AND l.state = $3)",
    )
    .bind(term.as_str())
    .bind(at.0)
    .bind(&planned)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE pairing SET ended_at = NULL WHERE term_id = $1 AND ended_at IS NOT NULL AND EXISTS (
             SELECT 1 FROM timetable_lesson AS l WHERE l.pairing_id = pairing.id AND l.state = $2)",
    )
    .bind(term.as_str())
    .bind(planned)
    .execute(connection)
    .await?;
    Ok(())
}
