//! Terms, their holidays and make-up days.

use super::org::{not_used, refused, room_for_one};
use super::{Store, StoreError, number, number_opt, parse, word};
use crate::auth::policy::Scope;
use crate::places::{Field, PlaceRefusal, Rule, Use};
use sqlx::AnyConnection;
use std::collections::HashMap;
use tongtang_protocol::calendar::{TermDay, TermView};
use tongtang_protocol::ids::TermId;

/// Terms of a place at most: two a year, for twenty years.
const MAX_TERMS: i64 = 40;

/// Terms of a list: the newest.
const MAX_LISTED_TERMS: i64 = 200;

type Row = (String, String, String, String, i64);
type DayRow = (String, String, String, Option<i64>, String);

impl Store {
    /// A term, from which [`crate::calendar::Calendar`] is made.
    pub async fn calendar(&self, id: &TermId) -> Result<Option<TermView>, StoreError> {
        let mut tx = self.read().await?;
        let row: Option<Row> =
            sqlx::query_as("SELECT id, org_id, name, first_day, weeks FROM term WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        let days: Vec<DayRow> = sqlx::query_as(
            "SELECT term_id, day, kind, follows_weekday, name FROM term_day WHERE term_id = $1 ORDER BY day",
        )
        .bind(id.as_str())
        .fetch_all(&mut *tx)
        .await?;
        row.map(|row| view(row, days)).transpose()
    }

    /// The terms that concern a scope: kept by its places, by those above and by those below; the newest first.
    pub async fn terms(&self, scope: &Scope) -> Result<Vec<TermView>, StoreError> {
        concerning(&mut *self.read().await?, &scope.json()).await
    }

    /// A new term.
    pub async fn add_term(&self, term: &TermView) -> Result<(), StoreError> {
        self.write(|tx| Box::pin(add(tx, term))).await
    }

    /// Changes a term; false: there is none. Once it has lessons, it keeps its place and first day, and the weeks in which
    /// they are.
    pub async fn replace_term(&self, term: &TermView) -> Result<bool, StoreError> {
        self.write(|tx| Box::pin(replace(tx, term))).await
    }

    /// Deletes a term that nothing uses; false: there is none.
    pub async fn delete_term(&self, id: &TermId) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                not_used(tx, USES, id.as_str()).await?;
                let done = sqlx::query("DELETE FROM term WHERE id = $1")
                    .bind(id.as_str())
                    .execute(&mut **tx)
                    .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }
}

/// A new term.
pub(super) async fn add(tx: &mut AnyConnection, term: &TermView) -> Result<(), StoreError> {
    room_for_one(tx, Use::Terms, &term.org_id, MAX_TERMS).await?;
    begins_alone(tx, term).await?;
    insert(tx, term).await
}

/// Changes a term; false: there is none.
pub(super) async fn replace(tx: &mut AnyConnection, term: &TermView) -> Result<bool, StoreError> {
    let old: Option<(String, String)> = sqlx::query_as("SELECT org_id, first_day FROM term WHERE id = $1")
        .bind(term.id.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let Some((org_id, first_day)) = old else { return Ok(false) };
    if org_id != term.org_id.as_str() || first_day != term.first_day.to_string() {
        not_used(tx, USES, term.id.as_str()).await?;
        begins_alone(tx, term).await?;
    }
    let last: Option<i64> = sqlx::query_scalar("SELECT MAX(week) FROM timetable_lesson WHERE term_id = $1")
        .bind(term.id.as_str())
        .fetch_one(&mut *tx)
        .await?;
    if let Some(last) = last.filter(|last| *last > i64::from(term.weeks)) {
        let most = i64::from(tongtang_protocol::calendar::MAX_WEEKS);
        return Err(refused(Field::Weeks, Rule::Between(last, most)));
    }
    sqlx::query("UPDATE term SET org_id = $2, name = $3, first_day = $4, weeks = $5 WHERE id = $1")
        .bind(term.id.as_str())
        .bind(term.org_id.as_str())
        .bind(&term.name)
        .bind(term.first_day.to_string())
        .bind(i64::from(term.weeks))
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM term_day WHERE term_id = $1").bind(term.id.as_str()).execute(&mut *tx).await?;
    insert_days(tx, term).await?;
    Ok(true)
}

const USES: &str = "SELECT 'pairings', COUNT(*) FROM pairing WHERE term_id = $1
     UNION ALL SELECT 'lessons', COUNT(*) FROM timetable_lesson WHERE term_id = $1
     UNION ALL SELECT 'changes', COUNT(*) FROM timetable_change WHERE term_id = $1
     UNION ALL SELECT 'plans', COUNT(*) FROM plan WHERE term_id = $1";

/// The terms that concern places at and below these paths (a JSON list), the newest first.
pub(super) async fn concerning(
    connection: &mut AnyConnection,
    paths: &str,
) -> Result<Vec<TermView>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT term.id, term.org_id, term.name, term.first_day, term.weeks
         FROM term JOIN org ON org.id = term.org_id
         WHERE EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value
             OR substr(s.value, 1, length(org.path)) = org.path)
         ORDER BY term.first_day DESC, term.id LIMIT $2",
    )
    .bind(paths)
    .bind(MAX_LISTED_TERMS)
    .fetch_all(&mut *connection)
    .await?;
    with_days(connection, rows).await
}

/// The terms that these places (a JSON list of ids) keep, the newest first.
pub(super) async fn of_orgs(connection: &mut AnyConnection, orgs: &str) -> Result<Vec<TermView>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, org_id, name, first_day, weeks FROM term
         WHERE org_id IN (SELECT value FROM json_each($1)) ORDER BY first_day DESC, id",
    )
    .bind(orgs)
    .fetch_all(&mut *connection)
    .await?;
    with_days(connection, rows).await
}

async fn with_days(connection: &mut AnyConnection, rows: Vec<Row>) -> Result<Vec<TermView>, StoreError> {
    let ids = super::json_list(rows.iter().map(|row| row.0.as_str()));
    let days: Vec<DayRow> = sqlx::query_as(
        "SELECT term_id, day, kind, follows_weekday, name FROM term_day
         WHERE term_id IN (SELECT value FROM json_each($1)) ORDER BY day",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let mut by_term: HashMap<String, Vec<DayRow>> = HashMap::new();
    for day in days {
        by_term.entry(day.0.clone()).or_default().push(day);
    }
    rows.into_iter()
        .map(|row| {
            let days = by_term.remove(&row.0).unwrap_or_default();
            view(row, days)
        })
        .collect()
}

/// A row of `term` with its days.
pub(super) async fn insert(connection: &mut AnyConnection, term: &TermView) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO term (id, org_id, name, first_day, weeks) VALUES ($1, $2, $3, $4, $5)")
        .bind(term.id.as_str())
        .bind(term.org_id.as_str())
        .bind(&term.name)
        .bind(term.first_day.to_string())
        .bind(i64::from(term.weeks))
        .execute(&mut *connection)
        .await?;
    insert_days(connection, term).await
}

async fn insert_days(connection: &mut AnyConnection, term: &TermView) -> Result<(), StoreError> {
    for unlike in &term.days {
        sqlx::query(
            "INSERT INTO term_day (term_id, day, kind, follows_weekday, name) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(term.id.as_str())
        .bind(unlike.day.to_string())
        .bind(word(&unlike.kind))
        .bind(unlike.follows_weekday.map(i64::from))
        .bind(&unlike.name)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// No other term of the place begins on its first day.
async fn begins_alone(connection: &mut AnyConnection, term: &TermView) -> Result<(), StoreError> {
    let first_day = term.first_day.to_string();
    let holder: Option<String> =
        sqlx::query_scalar("SELECT name FROM term WHERE org_id = $1 AND first_day = $2 AND id <> $3")
            .bind(term.org_id.as_str())
            .bind(&first_day)
            .bind(term.id.as_str())
            .fetch_optional(connection)
            .await?;
    match holder {
        None => Ok(()),
        holder => Err(PlaceRefusal::Taken { field: Field::FirstDay, text: first_day, holder }.into()),
    }
}

fn view((id, org_id, name, first_day, weeks): Row, days: Vec<DayRow>) -> Result<TermView, StoreError> {
    Ok(TermView {
        id: parse("term", "id", id)?,
        org_id: parse("term", "org_id", org_id)?,
        name,
        first_day: parse("term", "first_day", first_day)?,
        weeks: number("term", "weeks", weeks)?,
        days: days.into_iter().map(day).collect::<Result<_, _>>()?,
    })
}

fn day((_, day, kind, follows, name): DayRow) -> Result<TermDay, StoreError> {
    Ok(TermDay {
        day: parse("term_day", "day", day)?,
        kind: parse("term_day", "kind", kind)?,
        follows_weekday: number_opt("term_day", "follows_weekday", follows)?,
        name,
    })
}
