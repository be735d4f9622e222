//! What the ledger of a subtree is made of. Everything is counted from the lessons' own rows, each time.

use super::{Store, StoreError, parse};
use crate::ledger::{ClassFacts, Counted, Facts, Lessons, PrescribedAt};
use sqlx::AnyConnection;
use std::collections::BTreeMap;
use tongtang_protocol::ids::{ClassId, OrgId, TermId, TimetableLessonId};
use tongtang_protocol::ledger::LedgerLessonsQuery;
use tongtang_protocol::timetable::TimetableLessonView;
use tongtang_protocol::units::UnixMillis;

/// Lessons of one class and subject in a term, at most: eight a day.
const MAX_LESSONS: i64 = 1_680;

/// A class row: id, school, path, name, grade.
type ClassRow = (String, String, String, String, i64);
/// Class, subject, delivered, missed, planned.
type CountRow = (String, String, i64, i64, i64);

fn small(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

impl Store {
    /// The facts of all classes below `path`; `week`: those of one week, else of the term.
    pub async fn ledger_facts(
        &self,
        term: &TermId,
        path: &str,
        week: Option<u8>,
        now: UnixMillis,
    ) -> Result<Facts, StoreError> {
        let mut tx = self.read().await?;
        let classes: Vec<ClassRow> = sqlx::query_as(
            "SELECT class_group.id, class_group.org_id, org.path, class_group.name, class_group.grade
             FROM org JOIN class_group ON class_group.org_id = org.id
             WHERE substr(org.path, 1, length($1)) = $1 ORDER BY class_group.id",
        )
        .bind(path)
        .fetch_all(&mut *tx)
        .await?;
        let prescribed: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT org.path, curriculum.subject, curriculum.grade, curriculum.weekly_periods
             FROM curriculum JOIN org ON org.id = curriculum.org_id
             WHERE substr(org.path, 1, length($1)) = $1 OR substr($1, 1, length(org.path)) = org.path",
        )
        .bind(path)
        .fetch_all(&mut *tx)
        .await?;
        let on_site: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT class_subject.class_id, class_subject.subject, class_subject.on_site_periods
             FROM org JOIN class_group ON class_group.org_id = org.id
                 JOIN class_subject ON class_subject.class_id = class_group.id
             WHERE substr(org.path, 1, length($1)) = $1 AND class_subject.on_site_periods > 0",
        )
        .bind(path)
        .fetch_all(&mut *tx)
        .await?;
        let in_term = counts(&mut tx, term, path, None, now).await?;
        let in_range = match week {
            Some(_) => counts(&mut tx, term, path, week, now).await?,
            None => in_term.clone(),
        };
        tx.commit().await?;
        let mut lessons: BTreeMap<(ClassId, String), Lessons> = BTreeMap::new();
        for (key, term) in in_term {
            lessons.insert(key, Lessons { range: Counted::default(), term });
        }
        for (key, range) in in_range {
            lessons.entry(key).or_default().range = range;
        }
        Ok(Facts {
            classes: classes
                .into_iter()
                .map(|(id, org_id, path, name, grade)| {
                    Ok(ClassFacts {
                        id: parse("class_group", "id", id)?,
                        org_id: parse("class_group", "org_id", org_id)?,
                        path,
                        name,
                        grade: u8::try_from(grade).unwrap_or(0),
                    })
                })
                .collect::<Result<_, StoreError>>()?,
            prescribed: prescribed
                .into_iter()
                .map(|(path, subject, grade, weekly)| PrescribedAt {
                    path,
                    subject,
                    grade: u8::try_from(grade).unwrap_or(0),
                    weekly: small(weekly),
                })
                .collect(),
            on_site: on_site
                .into_iter()
                .map(|(class, subject, periods)| {
                    Ok(((parse("class_subject", "class_id", class)?, subject), small(periods)))
                })
                .collect::<Result<_, StoreError>>()?,
            lessons,
        })
    }

    /// The lessons behind a class's numbers, by time.
    pub async fn ledger_lessons(
        &self,
        term: &TermId,
        query: &LedgerLessonsQuery,
    ) -> Result<Vec<TimetableLessonView>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT l.id FROM timetable_class AS c JOIN timetable_lesson AS l ON l.id = c.timetable_lesson_id
             WHERE c.class_id = $1 AND l.term_id = $2 AND l.subject = $3 AND ($4 = 0 OR l.week = $4)
                 AND l.state IN ('planned', 'cancelled', 'held', 'missed')
             ORDER BY l.starts_at LIMIT $5",
        )
        .bind(query.class_id.as_str())
        .bind(term.as_str())
        .bind(&query.subject)
        .bind(i64::from(query.week.unwrap_or(0)))
        .bind(MAX_LESSONS)
        .fetch_all(&self.pool)
        .await?;
        let ids: Vec<TimetableLessonId> =
            ids.into_iter().map(|id| parse("timetable_lesson", "id", id)).collect::<Result<_, _>>()?;
        self.timetable_lessons(&ids).await
    }

    /// The school of a class.
    pub async fn org_of_class(&self, id: &ClassId) -> Result<Option<OrgId>, StoreError> {
        let org: Option<String> = sqlx::query_scalar("SELECT org_id FROM class_group WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        super::parse_opt("class_group", "org_id", org)
    }

    /// The places right below one: path, id, name.
    pub async fn places_below(&self, org: &OrgId) -> Result<Vec<(String, OrgId, String)>, StoreError> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT path, id, name FROM org WHERE parent_id = $1 ORDER BY name, id")
                .bind(org.as_str())
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(|(path, id, name)| Ok((path, parse("org", "id", id)?, name))).collect()
    }
}

/// Lessons of the classes below `path`, by class and subject.
async fn counts(
    connection: &mut AnyConnection,
    term: &TermId,
    path: &str,
    week: Option<u8>,
    now: UnixMillis,
) -> Result<BTreeMap<(ClassId, String), Counted>, StoreError> {
    let rows: Vec<CountRow> = sqlx::query_as(
        "SELECT c.class_id, l.subject,
             SUM(CASE WHEN l.state = 'held' AND c.attended = 1 THEN 1 ELSE 0 END),
             SUM(CASE WHEN l.ends_at <= $4 AND (l.state IN ('cancelled', 'missed')
                 OR (l.state = 'held' AND COALESCE(c.attended, 0) = 0)) THEN 1 ELSE 0 END),
             SUM(CASE WHEN l.state = 'planned' THEN 1 ELSE 0 END)
         FROM timetable_lesson AS l JOIN timetable_class AS c ON c.timetable_lesson_id = l.id
             JOIN org ON org.id = c.org_id
         WHERE l.term_id = $1 AND ($3 = 0 OR l.week = $3) AND substr(org.path, 1, length($2)) = $2
         GROUP BY c.class_id, l.subject",
    )
    .bind(term.as_str())
    .bind(path)
    .bind(i64::from(week.unwrap_or(0)))
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(class, subject, delivered, missed, planned)| {
            let counted =
                Counted { delivered: small(delivered), missed: small(missed), planned: small(planned) };
            Ok(((parse("timetable_class", "class_id", class)?, subject), counted))
        })
        .collect()
}
