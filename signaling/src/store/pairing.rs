//! Pairings: which teacher teaches which classes a subject, for a term.

use super::{Store, StoreError, parse, small, word};
use sqlx::AnyConnection;
use std::collections::{BTreeMap, HashMap};
use tongtang_protocol::ids::{ClassId, ClassroomId, PairingId, PersonId, TermId};
use tongtang_protocol::planning::{PairedClass, PairingTime, PairingView};
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

/// A pairing, and whom it concerns.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreed {
    /// What people see.
    pub view: PairingView,
    /// Paths of the teacher's school and of the classes' schools.
    pub paths: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    subject: String,
    grade: i64,
    edition: String,
    teacher_id: String,
    teacher_name: String,
    teacher_org: String,
    teacher_org_name: String,
    teacher_path: String,
    classroom_id: String,
    classroom_name: String,
    class_id: String,
    class_name: String,
    org_id: String,
    org_name: String,
    path: String,
}

/// Lessons that took place, are over without, and are to come.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    held: u32,
    missed: u32,
    planned: u32,
}

impl Store {
    /// The pairings of a term that are in force, by id.
    pub async fn pairings(&self, term: &TermId, now: UnixMillis) -> Result<Vec<Agreed>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT pairing.id, pairing.subject, pairing.grade, pairing.edition, pairing.teacher_id,
                 person.name AS teacher_name, home.id AS teacher_org, home.name AS teacher_org_name,
                 home.path AS teacher_path, pairing.classroom_id, classroom.name AS classroom_name,
                 class_group.id AS class_id, class_group.name AS class_name, org.id AS org_id, org.name AS org_name, org.path
             FROM pairing JOIN person ON person.id = pairing.teacher_id JOIN org AS home ON home.id = person.org_id
                 JOIN classroom ON classroom.id = pairing.classroom_id
                 JOIN pairing_class ON pairing_class.pairing_id = pairing.id
                 JOIN class_group ON class_group.id = pairing_class.class_id
                 JOIN org ON org.id = class_group.org_id
             WHERE pairing.term_id = $1 AND pairing.ended_at IS NULL ORDER BY pairing.id, class_group.id",
        )
        .bind(term.as_str())
        .fetch_all(&mut *tx)
        .await?;
        let of_pairings = of_pairings(&mut tx, term, now).await?;
        let of_classes = of_classes(&mut tx, term, now).await?;
        let mut times = times(&mut tx, term).await?;
        tx.commit().await?;
        let mut found: BTreeMap<String, Agreed> = BTreeMap::new();
        for row in rows {
            let key = (row.id.clone(), row.class_id.clone());
            let had = of_classes.get(&key).copied().unwrap_or_default();
            let class = PairedClass {
                class_id: parse("pairing_class", "class_id", row.class_id)?,
                class_name: row.class_name,
                org_id: parse("class_group", "org_id", row.org_id)?,
                org_name: row.org_name,
                delivered: had.held,
                missed: had.missed,
                planned: had.planned,
            };
            if let Some(known) = found.get_mut(&row.id) {
                known.view.classes.push(class);
                known.paths.push(row.path);
                continue;
            }
            let all = of_pairings.get(&row.id).copied().unwrap_or_default();
            let view = PairingView {
                id: parse("pairing", "id", row.id.clone())?,
                term_id: term.clone(),
                subject: row.subject,
                grade: small(row.grade),
                edition: row.edition,
                teacher_id: parse("pairing", "teacher_id", row.teacher_id)?,
                teacher_name: row.teacher_name,
                org_id: parse("person", "org_id", row.teacher_org)?,
                org_name: row.teacher_org_name,
                classroom_id: parse("pairing", "classroom_id", row.classroom_id)?,
                classroom_name: row.classroom_name,
                times: times.remove(&row.id).unwrap_or_default(),
                held: all.held,
                missed: all.missed,
                planned: all.planned,
                classes: vec![class],
            };
            found.insert(row.id, Agreed { view, paths: vec![row.teacher_path, row.path] });
        }
        Ok(found.into_values().collect())
    }
}

async fn of_pairings(
    connection: &mut AnyConnection,
    term: &TermId,
    now: UnixMillis,
) -> Result<HashMap<String, Counted>, StoreError> {
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT pairing_id, SUM(CASE WHEN state = 'held' THEN 1 ELSE 0 END),
             SUM(CASE WHEN ends_at <= $2 AND state IN ('cancelled', 'missed') THEN 1 ELSE 0 END),
             SUM(CASE WHEN state = 'planned' THEN 1 ELSE 0 END)
         FROM timetable_lesson WHERE term_id = $1 AND pairing_id IS NOT NULL GROUP BY pairing_id",
    )
    .bind(term.as_str())
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    let counted =
        |held, missed, planned| Counted { held: small(held), missed: small(missed), planned: small(planned) };
    Ok(rows.into_iter().map(|(id, held, missed, planned)| (id, counted(held, missed, planned))).collect())
}

/// As the ledger counts: a lesson that was held without the class's room is one that the class missed.
async fn of_classes(
    connection: &mut AnyConnection,
    term: &TermId,
    now: UnixMillis,
) -> Result<HashMap<(String, String), Counted>, StoreError> {
    let rows: Vec<(String, String, i64, i64, i64)> = sqlx::query_as(
        "SELECT l.pairing_id, c.class_id, SUM(CASE WHEN l.state = 'held' AND c.attended = 1 THEN 1 ELSE 0 END),
             SUM(CASE WHEN l.ends_at <= $2 AND (l.state IN ('cancelled', 'missed')
                 OR (l.state = 'held' AND COALESCE(c.attended, 0) = 0)) THEN 1 ELSE 0 END),
             SUM(CASE WHEN l.state = 'planned' THEN 1 ELSE 0 END)
         FROM timetable_lesson AS l JOIN timetable_class AS c ON c.timetable_lesson_id = l.id
         WHERE l.term_id = $1 AND l.pairing_id IS NOT NULL GROUP BY l.pairing_id, c.class_id",
    )
    .bind(term.as_str())
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, class, held, missed, planned)| {
            ((id, class), Counted { held: small(held), missed: small(missed), planned: small(planned) })
        })
        .collect())
}

/// The usual times of each pairing's lessons to come: a lesson that was moved once makes no weekly time.
async fn times(
    connection: &mut AnyConnection,
    term: &TermId,
) -> Result<HashMap<String, Vec<PairingTime>>, StoreError> {
    // 1970-01-01 was a Thursday; days begin at midnight in Shanghai (`Day`). On a make-up day another weekday's lessons are held.
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT l.pairing_id, COALESCE(d.follows_weekday, ((l.starts_at + 28800000) / 86400000 + 3) % 7 + 1) AS weekday,
             l.period, COUNT(*) AS lessons
         FROM timetable_lesson AS l LEFT JOIN term_day AS d ON d.term_id = l.term_id AND d.day = l.day
         WHERE l.term_id = $1 AND l.state = 'planned' AND l.pairing_id IS NOT NULL
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    )
    .bind(term.as_str())
    .fetch_all(connection)
    .await?;
    let mut most: HashMap<String, i64> = HashMap::new();
    for (id, _, _, lessons) in &rows {
        let known = most.entry(id.clone()).or_default();
        *known = (*known).max(*lessons);
    }
    let mut found: HashMap<String, Vec<PairingTime>> = HashMap::new();
    for (id, weekday, period, lessons) in rows {
        if most.get(&id).is_some_and(|most| lessons * 2 >= *most) {
            found.entry(id).or_default().push(PairingTime { weekday: small(weekday), period: small(period) });
        }
    }
    Ok(found)
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
