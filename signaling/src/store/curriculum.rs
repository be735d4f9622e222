//! What the state prescribes: kept at a place, in force there and below, until a place below keeps its own.

use super::{Store, StoreError, number};
use crate::auth::policy::Scope;
use sqlx::AnyConnection;
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::places::Prescribed;

/// Rows of one statement: SQLite looks each parameter up by its name among all of the statement.
const AT_ONCE: usize = 40;

type Row = (String, i64, i64);

impl Store {
    /// What is in force at a place: its own, else that of the nearest place above that keeps any; by subject and grade.
    pub async fn curriculum_of(&self, org: &OrgId) -> Result<Vec<Prescribed>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT subject, grade, weekly_periods FROM curriculum WHERE org_id = (
                 SELECT above.id FROM org JOIN org AS above ON substr(org.path, 1, length(above.path)) = above.path
                 WHERE org.id = $1 AND EXISTS (SELECT 1 FROM curriculum AS kept WHERE kept.org_id = above.id)
                 ORDER BY length(above.path) DESC LIMIT 1)
             ORDER BY subject, grade",
        )
        .bind(org.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(subject, grade, periods)| {
                Ok(Prescribed {
                    subject,
                    grade: number("curriculum", "grade", grade)?,
                    weekly_periods: number("curriculum", "weekly_periods", periods)?,
                })
            })
            .collect()
    }

    /// What the places of a scope keep themselves.
    pub async fn curricula(&self, scope: &Scope) -> Result<Vec<(OrgId, Prescribed)>, StoreError> {
        let mut tx = self.read().await?;
        let orgs: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT org.id FROM curriculum JOIN org ON org.id = curriculum.org_id
             WHERE EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)",
        )
        .bind(scope.json())
        .fetch_all(&mut *tx)
        .await?;
        of_orgs(&mut tx, &super::json_list(orgs.iter().map(String::as_str))).await
    }

    /// A place keeps this and nothing else; empty: what is in force above it.
    pub async fn replace_curriculum(&self, org: &OrgId, rows: &[Prescribed]) -> Result<(), StoreError> {
        self.write(|tx| Box::pin(replace(tx, org, rows))).await
    }
}

/// What a place keeps.
pub(super) async fn replace(
    tx: &mut AnyConnection,
    org: &OrgId,
    rows: &[Prescribed],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM curriculum WHERE org_id = $1").bind(org.as_str()).execute(&mut *tx).await?;
    insert(tx, org, rows).await
}

/// What these places (a JSON list of ids) keep themselves, by place, subject and grade.
pub(super) async fn of_orgs(
    connection: &mut AnyConnection,
    orgs: &str,
) -> Result<Vec<(OrgId, Prescribed)>, StoreError> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT org_id, subject, grade, weekly_periods FROM curriculum
         WHERE org_id IN (SELECT value FROM json_each($1)) ORDER BY org_id, subject, grade",
    )
    .bind(orgs)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(org, subject, grade, periods)| {
            let grade = number("curriculum", "grade", grade)?;
            let weekly_periods = number("curriculum", "weekly_periods", periods)?;
            Ok((super::parse("curriculum", "org_id", org)?, Prescribed { subject, grade, weekly_periods }))
        })
        .collect()
}

/// Rows of `curriculum`.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    org: &OrgId,
    rows: &[Prescribed],
) -> Result<(), StoreError> {
    for some in rows.chunks(AT_ONCE) {
        let values = super::rows(some.len(), 4);
        let sql = format!("INSERT INTO curriculum (org_id, subject, grade, weekly_periods) VALUES {values}");
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for row in some {
            query = query
                .bind(org.as_str())
                .bind(&row.subject)
                .bind(i64::from(row.grade))
                .bind(i64::from(row.weekly_periods));
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
