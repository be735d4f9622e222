//! The organisation tree: a place's `path` names all places above it, so a subtree is a prefix.

use super::{MAX_LISTED_COUNTY, Store, StoreError, number, number_opt, parse, parse_opt, word};
use crate::auth::policy::Scope;
use crate::places::check::parent_kind;
use crate::places::{Bad, Field, PlaceRefusal, Rule, Use};
use sqlx::AnyConnection;
use tongtang_protocol::ids::{BellScheduleId, OrgId};
use tongtang_protocol::places::{OrgKind, OrgView};
use tongtang_protocol::timetable::TimetableState;
use tongtang_protocol::units::UnixMillis;

/// Places right below one at most.
const MAX_CHILDREN: i64 = 2_000;

type Row = (String, Option<String>, String, String, String, Option<i64>, Option<i64>, i64, Option<String>);

const COLUMNS: &str = "org.id, org.parent_id, org.kind, org.code, org.name, org.link_down_kbps, org.link_up_kbps, \
     org.lessons_at_once, org.bell_schedule_id";

fn view(row: Row) -> Result<OrgView, StoreError> {
    let (id, parent_id, kind, code, name, down, up, at_once, bells) = row;
    Ok(OrgView {
        id: parse("org", "id", id)?,
        parent_id: parse_opt("org", "parent_id", parent_id)?,
        kind: parse("org", "kind", kind)?,
        code,
        name,
        link_down_kbps: number_opt("org", "link_down_kbps", down)?,
        link_up_kbps: number_opt("org", "link_up_kbps", up)?,
        lessons_at_once: number("org", "lessons_at_once", at_once)?,
        bell_schedule_id: parse_opt("org", "bell_schedule_id", bells)?,
    })
}

impl Store {
    /// A place's path: `/`, the ids from the root down to its own, each followed by `/`.
    pub async fn org_path(&self, id: &OrgId) -> Result<Option<String>, StoreError> {
        path_of(&mut *self.pool.acquire().await?, id).await
    }

    /// A place.
    pub async fn org(&self, id: &OrgId) -> Result<Option<OrgView>, StoreError> {
        let row = sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM org WHERE id = $1")))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(view).transpose()
    }

    /// The places of a scope (only those right below `parent`, if one is named), those above before those below, by code.
    pub async fn orgs(&self, scope: &Scope, parent: Option<&OrgId>) -> Result<Vec<OrgView>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM org
             WHERE EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)
                 AND ($2 = '' OR org.parent_id = $2)
             ORDER BY length(org.path) - length(replace(org.path, '/', '')), org.code LIMIT $3"
        )))
        .bind(scope.json())
        .bind(parent.map_or("", OrgId::as_str))
        .bind(MAX_LISTED_COUNTY + 1)
        .fetch_all(&self.pool)
        .await?;
        whole(rows)?.into_iter().map(view).collect()
    }

    /// Is there any place?
    pub async fn has_orgs(&self) -> Result<bool, StoreError> {
        let first: Option<String> =
            sqlx::query_scalar("SELECT id FROM org LIMIT 1").fetch_optional(&self.pool).await?;
        Ok(first.is_some())
    }

    /// A new place. Whose a taken code is, is told if it is in `seen`.
    pub async fn add_org(&self, org: &OrgView, now: UnixMillis, seen: &Scope) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                code_is_free(tx, "org", &org.code, org.id.as_str(), seen).await?;
                let parent = parent(tx, org).await?;
                if let Some(id) = &org.parent_id {
                    room_for_one(tx, Use::Orgs, id, MAX_CHILDREN).await?;
                }
                bells_apply(tx, org, &parent).await?;
                insert(tx, org, &parent, now).await
            })
        })
        .await
    }

    /// Changes a place, and moves it with all below it if its parent is another; false: there is none.
    pub async fn replace_org(&self, org: &OrgView, seen: &Scope) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let Some(old) = path_of(tx, &org.id).await? else { return Ok(false) };
                code_is_free(tx, "org", &org.code, org.id.as_str(), seen).await?;
                let parent = parent(tx, org).await?;
                if parent.starts_with(&old) {
                    return Err(refused(Field::Parent, Rule::NotBelowItself));
                }
                kinds_below(tx, org).await?;
                bells_apply(tx, org, &parent).await?;
                let path = format!("{parent}{}/", org.id);
                if path != old {
                    if let Some(id) = &org.parent_id {
                        room_for_one(tx, Use::Orgs, id, MAX_CHILDREN).await?;
                    }
                    bells_follow(tx, &old, &parent).await?;
                    lessons_follow(tx, &old, &parent).await?;
                    sqlx::query(
                        "UPDATE org SET path = $1 || substr(path, length($2) + 1)
                         WHERE substr(path, 1, length($2)) = $2",
                    )
                    .bind(&path)
                    .bind(&old)
                    .execute(&mut **tx)
                    .await?;
                }
                sqlx::query(
                    "UPDATE org SET parent_id = $2, kind = $3, code = $4, name = $5, link_down_kbps = $6,
                         link_up_kbps = $7, lessons_at_once = $8, bell_schedule_id = $9 WHERE id = $1",
                )
                .bind(org.id.as_str())
                .bind(org.parent_id.as_ref().map(OrgId::as_str))
                .bind(word(&org.kind))
                .bind(&org.code)
                .bind(&org.name)
                .bind(org.link_down_kbps.map(i64::from))
                .bind(org.link_up_kbps.map(i64::from))
                .bind(i64::from(org.lessons_at_once))
                .bind(org.bell_schedule_id.as_ref().map(BellScheduleId::as_str))
                .execute(&mut **tx)
                .await?;
                Ok(true)
            })
        })
        .await
    }

    /// Deletes a place that nothing uses, with what is prescribed at it; false: there is none.
    pub async fn delete_org(&self, id: &OrgId) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                not_used(
                    tx,
                    "SELECT 'orgs', COUNT(*) FROM org WHERE parent_id = $1
                     UNION ALL SELECT 'classrooms', COUNT(*) FROM classroom WHERE org_id = $1
                     UNION ALL SELECT 'classes', COUNT(*) FROM class_group WHERE org_id = $1
                     UNION ALL SELECT 'teachers', COUNT(*) FROM person WHERE org_id = $1
                     UNION ALL SELECT 'terms', COUNT(*) FROM term WHERE org_id = $1
                     UNION ALL SELECT 'bells', COUNT(*) FROM bell_schedule WHERE org_id = $1
                     UNION ALL SELECT 'accounts', COUNT(*) FROM account WHERE org_id = $1
                     UNION ALL SELECT 'lessons', COUNT(*) FROM timetable_lesson WHERE org_id = $1
                     UNION ALL SELECT 'lessons', COUNT(*) FROM timetable_class WHERE org_id = $1
                     UNION ALL SELECT 'lessons', COUNT(*) FROM lesson WHERE org_id = $1",
                    id.as_str(),
                )
                .await?;
                let done =
                    sqlx::query("DELETE FROM org WHERE id = $1").bind(id.as_str()).execute(&mut **tx).await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }
}

/// A row of `org`, below the place with the path `parent` (`/`: none).
pub(super) async fn insert(
    connection: &mut AnyConnection,
    org: &OrgView,
    parent: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO org (id, parent_id, kind, code, name, path, link_down_kbps, link_up_kbps, lessons_at_once,
             bell_schedule_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(org.id.as_str())
    .bind(org.parent_id.as_ref().map(OrgId::as_str))
    .bind(word(&org.kind))
    .bind(&org.code)
    .bind(&org.name)
    .bind(format!("{parent}{}/", org.id))
    .bind(org.link_down_kbps.map(i64::from))
    .bind(org.link_up_kbps.map(i64::from))
    .bind(i64::from(org.lessons_at_once))
    .bind(org.bell_schedule_id.as_ref().map(BellScheduleId::as_str))
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// The path of a place.
pub(super) async fn path_of(
    connection: &mut AnyConnection,
    id: &OrgId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT path FROM org WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?)
}

/// A list that is answered whole or not at all.
pub(super) fn whole<T>(rows: Vec<T>) -> Result<Vec<T>, StoreError> {
    if rows.len() as i64 > MAX_LISTED_COUNTY {
        return Err(PlaceRefusal::TooLong { max: MAX_LISTED_COUNTY }.into());
    }
    Ok(rows)
}

/// A field that cannot be so.
pub(super) fn refused(field: Field, rule: Rule) -> StoreError {
    PlaceRefusal::Bad(Bad { field, rule }).into()
}

/// Nothing stands in the way: `counts` answers a word of [`Use`] and a number for each kind of use of `$1`.
pub(super) async fn not_used(
    connection: &mut AnyConnection,
    counts: &'static str,
    id: &str,
) -> Result<(), StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(counts).bind(id).fetch_all(connection).await?;
    let by = Use::ALL.iter().filter_map(|of| {
        let number: i64 = rows.iter().filter(|(name, _)| name == of.name()).map(|(_, number)| number).sum();
        (number > 0).then(|| (*of, super::count(number)))
    });
    let by: Vec<_> = by.collect();
    if by.is_empty() { Ok(()) } else { Err(PlaceRefusal::Used(by).into()) }
}

/// There are fewer than `max` of these at a place.
pub(super) async fn room_for_one(
    connection: &mut AnyConnection,
    what: Use,
    org: &OrgId,
    max: i64,
) -> Result<(), StoreError> {
    let counted = match what {
        Use::Orgs => "SELECT COUNT(*) FROM org WHERE parent_id = $1",
        Use::Classrooms => "SELECT COUNT(*) FROM classroom WHERE org_id = $1",
        Use::Classes => "SELECT COUNT(*) FROM class_group WHERE org_id = $1",
        Use::Teachers => "SELECT COUNT(*) FROM person WHERE org_id = $1",
        Use::Terms => "SELECT COUNT(*) FROM term WHERE org_id = $1",
        _ => "SELECT COUNT(*) FROM bell_schedule WHERE org_id = $1",
    };
    let number: i64 = sqlx::query_scalar(counted).bind(org.as_str()).fetch_one(connection).await?;
    if number < max { Ok(()) } else { Err(PlaceRefusal::Full { what, max }.into()) }
}

/// Nobody but `own` has this code in this table; whose it is, is told if it is in `seen`.
pub(super) async fn code_is_free(
    connection: &mut AnyConnection,
    table: &'static str,
    code: &str,
    own: &str,
    seen: &Scope,
) -> Result<(), StoreError> {
    let holder = match table {
        "org" => "SELECT name, path FROM org WHERE code = $1 AND id <> $2",
        "class_group" => {
            "SELECT org.name || ' ' || class_group.name, org.path
             FROM class_group JOIN org ON org.id = class_group.org_id
             WHERE class_group.code = $1 AND class_group.id <> $2"
        }
        _ => {
            "SELECT org.name || ' ' || person.name, org.path FROM person JOIN org ON org.id = person.org_id
             WHERE person.code = $1 AND person.id <> $2"
        }
    };
    let found: Option<(String, String)> =
        sqlx::query_as(holder).bind(code).bind(own).fetch_optional(connection).await?;
    let Some((name, path)) = found else { return Ok(()) };
    let holder = seen.covers(&path).then_some(name);
    Err(PlaceRefusal::Taken { field: Field::Code, text: code.to_owned(), holder }.into())
}

/// The path of the place it is to lie below, which must be of a kind before its own; `/`: none.
async fn parent(connection: &mut AnyConnection, org: &OrgView) -> Result<String, StoreError> {
    let Some(id) = &org.parent_id else { return Ok("/".to_owned()) };
    let found: Option<(String, String)> = sqlx::query_as("SELECT path, kind FROM org WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    let Some((path, kind)) = found else { return Err(refused(Field::Parent, Rule::NotThere)) };
    // "Not below itself" says more than a wrong kind does, which it also is.
    if !path.contains(&format!("/{}/", org.id)) {
        parent_kind(org.kind, parse("org", "kind", kind)?).map_err(PlaceRefusal::from)?;
    }
    Ok(path)
}

/// Every place below is of a kind after this one's.
async fn kinds_below(connection: &mut AnyConnection, org: &OrgView) -> Result<(), StoreError> {
    let kinds: Vec<String> = sqlx::query_scalar("SELECT DISTINCT kind FROM org WHERE parent_id = $1")
        .bind(org.id.as_str())
        .fetch_all(connection)
        .await?;
    for kind in kinds {
        let kind: OrgKind = parse("org", "kind", kind)?;
        parent_kind(kind, org.kind).map_err(|_| refused(Field::Kind, Rule::ChildrenAfter))?;
    }
    Ok(())
}

/// Its bell times are kept by itself or by a place above it.
async fn bells_apply(connection: &mut AnyConnection, org: &OrgView, parent: &str) -> Result<(), StoreError> {
    let Some(bells) = &org.bell_schedule_id else { return Ok(()) };
    let keeper: Option<String> = sqlx::query_scalar("SELECT org_id FROM bell_schedule WHERE id = $1")
        .bind(bells.as_str())
        .fetch_optional(connection)
        .await?;
    let is_above = |keeper: String| keeper == org.id.as_str() || parent.contains(&format!("/{keeper}/"));
    match keeper.is_some_and(is_above) {
        true => Ok(()),
        false => Err(refused(Field::Bells, Rule::NotThere)),
    }
}

/// No place that moves along keeps to bell times that do not come along and are not above its new place either.
async fn bells_follow(connection: &mut AnyConnection, old: &str, parent: &str) -> Result<(), StoreError> {
    let left: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM org
         JOIN bell_schedule ON bell_schedule.id = org.bell_schedule_id
         JOIN org AS keeper ON keeper.id = bell_schedule.org_id
         WHERE substr(org.path, 1, length($1)) = $1 AND org.path <> $1
             AND substr(keeper.path, 1, length($1)) <> $1
             AND substr($2, 1, length(keeper.path)) <> keeper.path",
    )
    .bind(old)
    .bind(parent)
    .fetch_one(connection)
    .await?;
    if left == 0 { Ok(()) } else { Err(PlaceRefusal::Used(vec![(Use::Bells, super::count(left))]).into()) }
}

/// No place that moves along has a part in planned lessons of a term that would not be its own any more.
async fn lessons_follow(connection: &mut AnyConnection, old: &str, parent: &str) -> Result<(), StoreError> {
    let left: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM timetable_lesson AS lesson
         JOIN term ON term.id = lesson.term_id JOIN org AS keeper ON keeper.id = term.org_id
         WHERE lesson.state = $3 AND substr(keeper.path, 1, length($1)) <> $1
             AND substr($2, 1, length(keeper.path)) <> keeper.path
             AND lesson.id IN (
                 SELECT given.id FROM org JOIN timetable_lesson AS given ON given.org_id = org.id
                     WHERE substr(org.path, 1, length($1)) = $1
                 UNION SELECT received.timetable_lesson_id FROM org
                     JOIN timetable_class AS received ON received.org_id = org.id
                     WHERE substr(org.path, 1, length($1)) = $1)",
    )
    .bind(old)
    .bind(parent)
    .bind(word(&TimetableState::Planned))
    .fetch_one(connection)
    .await?;
    if left == 0 { Ok(()) } else { Err(PlaceRefusal::Used(vec![(Use::Lessons, super::count(left))]).into()) }
}
