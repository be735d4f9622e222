//! Classrooms, and the screens that stand in them.

use super::org::{not_used, room_for_one, whole};
use super::{MAX_LISTED_COUNTY, Store, StoreError, number, parse};
use crate::auth::policy::Scope;
use crate::places::{Field, PlaceRefusal, Use};
use sqlx::AnyConnection;
use std::collections::HashMap;
use tongtang_protocol::ids::{ClassroomId, DeviceId};
use tongtang_protocol::places::ClassroomView;

/// Classrooms of a place at most.
const MAX_CLASSROOMS_OF_ORG: i64 = 500;

type Row = (String, String, String, i64);

impl Store {
    /// A classroom.
    pub async fn classroom(&self, id: &ClassroomId) -> Result<Option<ClassroomView>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, org_id, name, max_receivers FROM classroom WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.pool)
                .await?;
        let Some(row) = row else { return Ok(None) };
        let devices: Vec<String> =
            sqlx::query_scalar("SELECT id FROM device WHERE classroom_id = $1 ORDER BY id")
                .bind(id.as_str())
                .fetch_all(&self.pool)
                .await?;
        view(row, devices).map(Some)
    }

    /// The classrooms of a scope, school by school, by name.
    pub async fn classrooms(&self, scope: &Scope) -> Result<Vec<ClassroomView>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT classroom.id, classroom.org_id, classroom.name, classroom.max_receivers
             FROM classroom JOIN org ON org.id = classroom.org_id
             WHERE EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)
             ORDER BY org.code, classroom.name LIMIT $2",
        )
        .bind(scope.json())
        .bind(MAX_LISTED_COUNTY + 1)
        .fetch_all(&mut *tx)
        .await?;
        let rows = whole(rows)?;
        let screens: Vec<(String, String)> = sqlx::query_as(
            "SELECT classroom_id, id FROM device
             WHERE classroom_id IN (SELECT value FROM json_each($1)) ORDER BY id",
        )
        .bind(super::json_list(rows.iter().map(|row| row.0.as_str())))
        .fetch_all(&mut *tx)
        .await?;
        let mut by_room: HashMap<String, Vec<String>> = HashMap::new();
        for (room, device) in screens {
            by_room.entry(room).or_default().push(device);
        }
        rows.into_iter()
            .map(|row| {
                let devices = by_room.remove(&row.0).unwrap_or_default();
                view(row, devices)
            })
            .collect()
    }

    /// A new classroom.
    pub async fn add_classroom(&self, room: &ClassroomView) -> Result<(), StoreError> {
        self.write(|tx| Box::pin(add(tx, room))).await
    }

    /// Changes a classroom; false: there is none. One that is used stays in its school.
    pub async fn replace_classroom(&self, room: &ClassroomView) -> Result<bool, StoreError> {
        self.write(|tx| Box::pin(replace(tx, room))).await
    }

    /// Deletes a classroom that nothing uses; false: there is none.
    pub async fn delete_classroom(&self, id: &ClassroomId) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                not_used(tx, USES, id.as_str()).await?;
                let done = sqlx::query("DELETE FROM classroom WHERE id = $1")
                    .bind(id.as_str())
                    .execute(&mut **tx)
                    .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }
}

/// A new classroom.
pub(super) async fn add(tx: &mut AnyConnection, room: &ClassroomView) -> Result<(), StoreError> {
    room_for_one(tx, Use::Classrooms, &room.org_id, MAX_CLASSROOMS_OF_ORG).await?;
    name_is_free(tx, room).await?;
    insert(tx, room).await
}

/// Changes a classroom; false: there is none.
pub(super) async fn replace(tx: &mut AnyConnection, room: &ClassroomView) -> Result<bool, StoreError> {
    let old: Option<String> = sqlx::query_scalar("SELECT org_id FROM classroom WHERE id = $1")
        .bind(room.id.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(old) = old else { return Ok(false) };
    if old != room.org_id.as_str() {
        not_used(tx, USES, room.id.as_str()).await?;
        room_for_one(tx, Use::Classrooms, &room.org_id, MAX_CLASSROOMS_OF_ORG).await?;
    }
    name_is_free(tx, room).await?;
    sqlx::query("UPDATE classroom SET org_id = $2, name = $3, max_receivers = $4 WHERE id = $1")
        .bind(room.id.as_str())
        .bind(room.org_id.as_str())
        .bind(&room.name)
        .bind(i64::from(room.max_receivers))
        .execute(&mut *tx)
        .await?;
    Ok(true)
}

const USES: &str = "SELECT 'classes', COUNT(*) FROM class_group WHERE classroom_id = $1
     UNION ALL SELECT 'devices', COUNT(*) FROM device WHERE classroom_id = $1
     UNION ALL SELECT 'pairings', COUNT(*) FROM pairing WHERE classroom_id = $1
     UNION ALL SELECT 'lessons', COUNT(*) FROM timetable_lesson WHERE classroom_id = $1
     UNION ALL SELECT 'lessons', COUNT(*) FROM timetable_class WHERE classroom_id = $1";

/// The classrooms of these places (a JSON list of ids), without their screens.
pub(super) async fn of_orgs(
    connection: &mut AnyConnection,
    orgs: &str,
) -> Result<Vec<ClassroomView>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, org_id, name, max_receivers FROM classroom
         WHERE org_id IN (SELECT value FROM json_each($1))",
    )
    .bind(orgs)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| view(row, Vec::new())).collect()
}

/// A row of `classroom`.
pub(super) async fn insert(connection: &mut AnyConnection, room: &ClassroomView) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO classroom (id, org_id, name, max_receivers) VALUES ($1, $2, $3, $4)")
        .bind(room.id.as_str())
        .bind(room.org_id.as_str())
        .bind(&room.name)
        .bind(i64::from(room.max_receivers))
        .execute(connection)
        .await?;
    Ok(())
}

async fn name_is_free(connection: &mut AnyConnection, room: &ClassroomView) -> Result<(), StoreError> {
    let holder: Option<String> = sqlx::query_scalar(
        "SELECT org.name FROM classroom JOIN org ON org.id = classroom.org_id
         WHERE classroom.org_id = $1 AND classroom.name = $2 AND classroom.id <> $3",
    )
    .bind(room.org_id.as_str())
    .bind(&room.name)
    .bind(room.id.as_str())
    .fetch_optional(connection)
    .await?;
    match holder {
        None => Ok(()),
        holder => Err(PlaceRefusal::Taken { field: Field::Name, text: room.name.clone(), holder }.into()),
    }
}

fn view((id, org_id, name, receivers): Row, devices: Vec<String>) -> Result<ClassroomView, StoreError> {
    let device = |id| parse::<DeviceId>("device", "id", id);
    Ok(ClassroomView {
        id: parse("classroom", "id", id)?,
        org_id: parse("classroom", "org_id", org_id)?,
        name,
        max_receivers: number("classroom", "max_receivers", receivers)?,
        device_ids: devices.into_iter().map(device).collect::<Result<_, _>>()?,
    })
}
