//! What the state prescribes: kept at a place, in force there and below, until a place below keeps its own.

use super::{Store, StoreError, number};
use sqlx::AnyConnection;
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::places::Prescribed;

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

    /// A place keeps this and nothing else; empty: what is in force above it.
    pub async fn replace_curriculum(&self, org: &OrgId, rows: &[Prescribed]) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                sqlx::query("DELETE FROM curriculum WHERE org_id = $1")
                    .bind(org.as_str())
                    .execute(&mut **tx)
                    .await?;
                insert(tx, org, rows).await
            })
        })
        .await
    }
}

/// Rows of `curriculum`.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    org: &OrgId,
    rows: &[Prescribed],
) -> Result<(), StoreError> {
    for row in rows {
        sqlx::query(
            "INSERT INTO curriculum (org_id, subject, grade, weekly_periods) VALUES ($1, $2, $3, $4)",
        )
        .bind(org.as_str())
        .bind(&row.subject)
        .bind(i64::from(row.grade))
        .bind(i64::from(row.weekly_periods))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
