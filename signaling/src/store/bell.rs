//! Bell times, and which a school keeps to: its own, else those of the nearest place above that has any.

use super::org::{not_used, room_for_one, whole};
use super::{MAX_LISTED_COUNTY, Store, StoreError, number, parse};
use crate::auth::policy::Scope;
use crate::places::{Field, PlaceRefusal, Use};
use sqlx::AnyConnection;
use std::collections::HashMap;
use tongtang_protocol::calendar::{BellPeriod, BellScheduleView};
use tongtang_protocol::ids::{BellScheduleId, OrgId};

/// Bell schedules of a place at most.
const MAX_SCHEDULES: i64 = 50;

type Row = (String, String, String);
type PeriodRow = (String, i64, i64, i64);

impl Store {
    /// The bell times by which a school goes, by period; empty: neither it nor a place above has any.
    pub async fn bells_of(&self, org: &OrgId) -> Result<Vec<BellPeriod>, StoreError> {
        let rows: Vec<PeriodRow> = sqlx::query_as(
            "SELECT schedule_id, period, starts_min, ends_min FROM bell_period WHERE schedule_id = (
                 SELECT above.bell_schedule_id FROM org JOIN org AS above
                     ON substr(org.path, 1, length(above.path)) = above.path
                 WHERE org.id = $1 AND above.bell_schedule_id IS NOT NULL
                 ORDER BY length(above.path) DESC LIMIT 1)
             ORDER BY period",
        )
        .bind(org.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(period).collect()
    }

    /// Bell times.
    pub async fn bell_schedule(&self, id: &BellScheduleId) -> Result<Option<BellScheduleView>, StoreError> {
        let mut tx = self.read().await?;
        let row: Option<Row> = sqlx::query_as("SELECT id, org_id, name FROM bell_schedule WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let periods: Vec<PeriodRow> = sqlx::query_as(
            "SELECT schedule_id, period, starts_min, ends_min FROM bell_period
             WHERE schedule_id = $1 ORDER BY period",
        )
        .bind(id.as_str())
        .fetch_all(&mut *tx)
        .await?;
        row.map(|row| view(row, periods)).transpose()
    }

    /// The bell times that concern a scope: kept by its places, by those above and by those below; by name.
    pub async fn bell_schedules(&self, scope: &Scope) -> Result<Vec<BellScheduleView>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT bell_schedule.id, bell_schedule.org_id, bell_schedule.name
             FROM bell_schedule JOIN org ON org.id = bell_schedule.org_id
             WHERE EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value
                 OR substr(s.value, 1, length(org.path)) = org.path)
             ORDER BY bell_schedule.name, bell_schedule.id LIMIT $2",
        )
        .bind(scope.json())
        .bind(MAX_LISTED_COUNTY + 1)
        .fetch_all(&mut *tx)
        .await?;
        with_periods(&mut tx, whole(rows)?).await
    }

    /// New bell times.
    pub async fn add_bells(&self, bells: &BellScheduleView) -> Result<(), StoreError> {
        self.write(|tx| Box::pin(add(tx, bells))).await
    }

    /// Changes bell times; false: there are none. Lessons that are on a timetable keep the times they have.
    pub async fn replace_bells(&self, bells: &BellScheduleView) -> Result<bool, StoreError> {
        self.write(|tx| Box::pin(replace(tx, bells))).await
    }

    /// Deletes bell times that no place keeps to; false: there are none.
    pub async fn delete_bells(&self, id: &BellScheduleId) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                not_used(tx, USES, id.as_str()).await?;
                let done = sqlx::query("DELETE FROM bell_schedule WHERE id = $1")
                    .bind(id.as_str())
                    .execute(&mut **tx)
                    .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }
}

/// New bell times.
pub(super) async fn add(tx: &mut AnyConnection, bells: &BellScheduleView) -> Result<(), StoreError> {
    room_for_one(tx, Use::Bells, &bells.org_id, MAX_SCHEDULES).await?;
    name_is_free(tx, bells).await?;
    insert(tx, bells).await
}

/// Changes bell times; false: there are none.
pub(super) async fn replace(tx: &mut AnyConnection, bells: &BellScheduleView) -> Result<bool, StoreError> {
    let old: Option<String> = sqlx::query_scalar("SELECT org_id FROM bell_schedule WHERE id = $1")
        .bind(bells.id.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(old) = old else { return Ok(false) };
    if old != bells.org_id.as_str() {
        not_used(tx, USES, bells.id.as_str()).await?;
    }
    name_is_free(tx, bells).await?;
    sqlx::query("UPDATE bell_schedule SET org_id = $2, name = $3 WHERE id = $1")
        .bind(bells.id.as_str())
        .bind(bells.org_id.as_str())
        .bind(&bells.name)
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM bell_period WHERE schedule_id = $1")
        .bind(bells.id.as_str())
        .execute(&mut *tx)
        .await?;
    insert_periods(tx, bells).await?;
    Ok(true)
}

const USES: &str = "SELECT 'orgs', COUNT(*) FROM org WHERE bell_schedule_id = $1";

/// The bell times that these places (a JSON list of ids) keep.
pub(super) async fn of_orgs(
    connection: &mut AnyConnection,
    orgs: &str,
) -> Result<Vec<BellScheduleView>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, org_id, name FROM bell_schedule WHERE org_id IN (SELECT value FROM json_each($1))",
    )
    .bind(orgs)
    .fetch_all(&mut *connection)
    .await?;
    with_periods(connection, rows).await
}

/// The bell times of this name that the place with this path keeps, or the nearest above it that does.
pub(super) async fn named(
    connection: &mut AnyConnection,
    name: &str,
    path: &str,
) -> Result<Option<BellScheduleId>, StoreError> {
    let found: Option<String> = sqlx::query_scalar(
        "SELECT bell_schedule.id FROM bell_schedule JOIN org ON org.id = bell_schedule.org_id
         WHERE bell_schedule.name = $1 AND substr($2, 1, length(org.path)) = org.path
         ORDER BY length(org.path) DESC LIMIT 1",
    )
    .bind(name)
    .bind(path)
    .fetch_optional(connection)
    .await?;
    super::parse_opt("bell_schedule", "id", found)
}

async fn with_periods(
    connection: &mut AnyConnection,
    rows: Vec<Row>,
) -> Result<Vec<BellScheduleView>, StoreError> {
    let periods: Vec<PeriodRow> = sqlx::query_as(
        "SELECT schedule_id, period, starts_min, ends_min FROM bell_period
         WHERE schedule_id IN (SELECT value FROM json_each($1)) ORDER BY period",
    )
    .bind(super::json_list(rows.iter().map(|row| row.0.as_str())))
    .fetch_all(connection)
    .await?;
    let mut by_schedule: HashMap<String, Vec<PeriodRow>> = HashMap::new();
    for period in periods {
        by_schedule.entry(period.0.clone()).or_default().push(period);
    }
    rows.into_iter()
        .map(|row| {
            let periods = by_schedule.remove(&row.0).unwrap_or_default();
            view(row, periods)
        })
        .collect()
}

/// A row of `bell_schedule` with its periods.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    bells: &BellScheduleView,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO bell_schedule (id, org_id, name) VALUES ($1, $2, $3)")
        .bind(bells.id.as_str())
        .bind(bells.org_id.as_str())
        .bind(&bells.name)
        .execute(&mut *connection)
        .await?;
    insert_periods(connection, bells).await
}

async fn insert_periods(connection: &mut AnyConnection, bells: &BellScheduleView) -> Result<(), StoreError> {
    for bell in &bells.periods {
        sqlx::query(
            "INSERT INTO bell_period (schedule_id, period, starts_min, ends_min) VALUES ($1, $2, $3, $4)",
        )
        .bind(bells.id.as_str())
        .bind(i64::from(bell.period))
        .bind(i64::from(bell.starts_min))
        .bind(i64::from(bell.ends_min))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn name_is_free(connection: &mut AnyConnection, bells: &BellScheduleView) -> Result<(), StoreError> {
    let holder: Option<String> = sqlx::query_scalar(
        "SELECT org.name FROM bell_schedule JOIN org ON org.id = bell_schedule.org_id
         WHERE bell_schedule.org_id = $1 AND bell_schedule.name = $2 AND bell_schedule.id <> $3",
    )
    .bind(bells.org_id.as_str())
    .bind(&bells.name)
    .bind(bells.id.as_str())
    .fetch_optional(connection)
    .await?;
    match holder {
        None => Ok(()),
        holder => Err(PlaceRefusal::Taken { field: Field::Name, text: bells.name.clone(), holder }.into()),
    }
}

fn view((id, org_id, name): Row, periods: Vec<PeriodRow>) -> Result<BellScheduleView, StoreError> {
    Ok(BellScheduleView {
        id: parse("bell_schedule", "id", id)?,
        org_id: parse("bell_schedule", "org_id", org_id)?,
        name,
        periods: periods.into_iter().map(period).collect::<Result<_, _>>()?,
    })
}

fn period((_, period, starts, ends): PeriodRow) -> Result<BellPeriod, StoreError> {
    Ok(BellPeriod {
        period: number("bell_period", "period", period)?,
        starts_min: number("bell_period", "starts_min", starts)?,
        ends_min: number("bell_period", "ends_min", ends)?,
    })
}
