//! Plans: their runs, drafts and what became of them.

use super::{Store, StoreError, count, from_json, parse, signed, word};
use serde::{Deserialize, Serialize};
use tongtang_planner::plan::Plan;
use tongtang_protocol::ids::{PlanId, TermId};
use tongtang_protocol::planning::PlanState;
use tongtang_protocol::units::UnixMillis;

/// Plans of a term that are kept. Of those that are no longer running nor published, the oldest go.
pub const MAX_KEPT_PLANS: u32 = 20;

/// A plan without its instance and its lessons.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRow {
    /// Identity.
    pub id: PlanId,
    /// Its term.
    pub term_id: TermId,
    /// Where it stands.
    pub state: PlanState,
    /// Same instance and seed: same plan.
    pub seed: u32,
    /// Seconds at most.
    pub time_limit_s: u32,
    /// It would be the timetable from this week on.
    pub from_week: u8,
    /// Periods a week that are to be delivered.
    pub demanded: u32,
    /// What came out, once it is a draft.
    pub summary: Option<Summary>,
    /// Why it failed, in Chinese and English.
    pub error: Option<[String; 2]>,
    /// Who asked for it.
    pub by_name: String,
    /// When.
    pub created_at: UnixMillis,
}

/// What lists show of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Periods a week in the plan.
    pub served: u32,
    /// |value − bound| ÷ max(1, |value|) of the uncovered periods.
    pub gap: f64,
    /// How long it took.
    pub seconds: f64,
    /// Weekly lessons.
    pub lessons: u32,
    /// Was it stopped before its work was done?
    pub stopped_early: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    term_id: String,
    state: String,
    seed: i64,
    time_limit_s: i64,
    from_week: i64,
    demanded: i64,
    summary: Option<String>,
    error: Option<String>,
    by_name: String,
    created_at: i64,
}

const COLUMNS: &str = "SELECT id, term_id, state, seed, time_limit_s, from_week, demanded, summary, error, by_name, created_at FROM plan";

impl TryFrom<Row> for PlanRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let small = |value: i64| u32::try_from(value).unwrap_or(0);
        Ok(Self {
            id: parse("plan", "id", row.id)?,
            term_id: parse("plan", "term_id", row.term_id)?,
            state: parse("plan", "state", row.state)?,
            seed: small(row.seed),
            time_limit_s: small(row.time_limit_s),
            from_week: u8::try_from(row.from_week).unwrap_or(1),
            demanded: small(row.demanded),
            summary: row.summary.as_deref().map(|text| from_json("plan", "summary", text)).transpose()?,
            error: row.error.as_deref().map(|text| from_json("plan", "error", text)).transpose()?,
            by_name: row.by_name,
            created_at: UnixMillis(row.created_at),
        })
    }
}

impl Store {
    /// A plan that is to be made; false: one of the term is being made already.
    pub async fn insert_plan(&self, plan: &PlanRow, instance: &str) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let running: i64 =
                    sqlx::query_scalar("SELECT COUNT(*) FROM plan WHERE term_id = $1 AND state = $2")
                        .bind(plan.term_id.as_str())
                        .bind(word(&PlanState::Running))
                        .fetch_one(&mut **tx)
                        .await?;
                if running > 0 {
                    return Ok(false);
                }
                sqlx::query(
                    "INSERT INTO plan (id, term_id, state, seed, time_limit_s, from_week, demanded, instance,
                         by_name, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                )
                .bind(plan.id.as_str())
                .bind(plan.term_id.as_str())
                .bind(word(&plan.state))
                .bind(i64::from(plan.seed))
                .bind(i64::from(plan.time_limit_s))
                .bind(i64::from(plan.from_week))
                .bind(i64::from(plan.demanded))
                .bind(instance)
                .bind(&plan.by_name)
                .bind(plan.created_at.0)
                .execute(&mut **tx)
                .await?;
                sqlx::query(
                    "DELETE FROM plan WHERE term_id = $1 AND state NOT IN ($2, $3) AND id NOT IN (
                         SELECT id FROM plan WHERE term_id = $1 ORDER BY created_at DESC, id DESC LIMIT $4)",
                )
                .bind(plan.term_id.as_str())
                .bind(word(&PlanState::Running))
                .bind(word(&PlanState::Published))
                .bind(i64::from(MAX_KEPT_PLANS))
                .execute(&mut **tx)
                .await?;
                Ok(true)
            })
        })
        .await
    }

    /// The plans of a term, the newest first.
    pub async fn plans(&self, term: &TermId) -> Result<Vec<PlanRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE term_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2");
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(term.as_str())
            .bind(signed(u64::from(2 * MAX_KEPT_PLANS)))
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(PlanRow::try_from).collect()
    }

    /// One plan.
    pub async fn plan(&self, id: &PlanId) -> Result<Option<PlanRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE id = $1");
        let row: Option<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(&self.pool).await?;
        row.map(PlanRow::try_from).transpose()
    }

    /// The plan that is to be made next, with its instance: one that waits or whose server ended under it.
    pub async fn next_plan_to_make(&self) -> Result<Option<(PlanRow, String)>, StoreError> {
        let sql = format!("{COLUMNS} WHERE state = $1 ORDER BY created_at, id LIMIT 1");
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(word(&PlanState::Running))
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let instance: String = sqlx::query_scalar("SELECT instance FROM plan WHERE id = $1")
            .bind(&row.id)
            .fetch_one(&self.pool)
            .await?;
        Ok(Some((row.try_into()?, instance)))
    }

    /// What the planner made. None: nothing yet.
    pub async fn plan_result(&self, id: &PlanId) -> Result<Option<Plan>, StoreError> {
        let text: Option<Option<String>> = sqlx::query_scalar("SELECT result FROM plan WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        text.flatten().as_deref().map(|text| from_json("plan", "result", text)).transpose()
    }

    /// A running plan becomes a draft; false: it is no longer running.
    pub async fn finish_plan(
        &self,
        id: &PlanId,
        result: &str,
        summary: &Summary,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE plan SET state = $1, result = $2, summary = $3, ended_at = $4 WHERE id = $5 AND state = $6",
        )
        .bind(word(&PlanState::Draft))
        .bind(result)
        .bind(serde_json::to_string(summary).unwrap_or_default())
        .bind(at.0)
        .bind(id.as_str())
        .bind(word(&PlanState::Running))
        .execute(&self.pool)
        .await?;
        Ok(count(done.rows_affected().cast_signed()) > 0)
    }

    /// A running plan has failed.
    pub async fn fail_plan(
        &self,
        id: &PlanId,
        error: &[String; 2],
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE plan SET state = $1, error = $2, ended_at = $3 WHERE id = $4 AND state = $5")
            .bind(word(&PlanState::Failed))
            .bind(serde_json::to_string(error).unwrap_or_default())
            .bind(at.0)
            .bind(id.as_str())
            .bind(word(&PlanState::Running))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// From one state to another; false: it is not in `from`.
    pub async fn move_plan(&self, id: &PlanId, from: PlanState, to: PlanState) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE plan SET state = $1 WHERE id = $2 AND state = $3")
            .bind(word(&to))
            .bind(id.as_str())
            .bind(word(&from))
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
