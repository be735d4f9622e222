//! Accounts and their roles, as those see and change them who administer their places.
//!
//! Whoever changes an account administers its place *and* the place of each role it has or is to have: otherwise a
//! school's administrator could invite themselves into the account of a county's who belongs to the school. What allows
//! a change is looked at in the change's own transaction.

use super::sign_in::end_sessions;
use super::{Slice, Store, StoreError, flag, json_list, parse, parse_opt, word};
use crate::auth::SecretHash;
use crate::auth::policy::Scope;
use sqlx::AnyConnection;
use std::collections::HashMap;
use tongtang_protocol::account::{AccountInput, AccountRole, AccountView, RoleGrant};
use tongtang_protocol::ids::{AccountId, OrgId};
use tongtang_protocol::units::UnixMillis;

/// Accounts of an installation. One more is refused.
pub const MAX_ACCOUNTS: i64 = 200_000;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done,
    /// No such account, or not of the caller's places.
    NotThere,
    /// A role or place of it is not the caller's to give or take.
    Beyond,
    /// The caller would lose what they administer with.
    Yourself,
    /// [`MAX_ACCOUNTS`] is reached.
    Full,
}

/// Who changes, and where they may.
#[derive(Debug, Clone, Copy)]
pub struct Changer<'a> {
    /// Where.
    pub scope: &'a Scope,
    /// Their own account, if it is one.
    pub own: Option<&'a AccountId>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    login: String,
    name: String,
    person_id: Option<String>,
    org_id: String,
    has_password: i64,
    has_second_factor: i64,
    by_provider: i64,
    disabled_at: Option<i64>,
}

const COLUMNS: &str = "SELECT account.id, account.login, account.name, account.person_id, account.org_id,
    CASE WHEN account.password_hash IS NULL THEN 0 ELSE 1 END AS has_password,
    CASE WHEN account.totp_secret IS NOT NULL AND account.totp_step > 0 THEN 1 ELSE 0 END AS has_second_factor,
    CASE WHEN account.oidc_subject IS NULL THEN 0 ELSE 1 END AS by_provider, account.disabled_at
    FROM account JOIN org ON org.id = account.org_id
    WHERE EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)";

impl Row {
    fn with(self, roles: Vec<RoleGrant>) -> Result<AccountView, StoreError> {
        Ok(AccountView {
            id: parse("account", "id", self.id)?,
            login: self.login,
            name: self.name,
            person_id: parse_opt("account", "person_id", self.person_id)?,
            org_id: parse("account", "org_id", self.org_id)?,
            roles,
            has_password: flag(self.has_password),
            has_second_factor: flag(self.has_second_factor),
            by_provider: flag(self.by_provider),
            disabled_at: self.disabled_at.map(UnixMillis),
        })
    }
}

impl Store {
    /// Accounts of these places by login; `after` is an account's id, `search` is looked for in login and name.
    pub async fn accounts(&self, scope: &Scope, slice: &Slice) -> Result<Vec<AccountView>, StoreError> {
        let mut tx = self.read().await?;
        let sql = format!(
            "{COLUMNS} AND ($2 IS NULL OR account.login > (SELECT login FROM account WHERE id = $2))
             AND (instr(lower(account.login), lower($3)) > 0 OR instr(lower(account.name), lower($3)) > 0)
             ORDER BY account.login LIMIT $4"
        );
        let rows = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(sql))
            .bind(scope.json())
            .bind(&slice.after)
            .bind(&slice.search)
            .bind(i64::from(slice.limit))
            .fetch_all(&mut *tx)
            .await?;
        views(&mut tx, rows).await
    }

    /// One account, if it is of these places.
    pub async fn account(&self, id: &AccountId, scope: &Scope) -> Result<Option<AccountView>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(format!("{COLUMNS} AND account.id = $2")))
            .bind(scope.json())
            .bind(id.as_str())
            .fetch_all(&mut *tx)
            .await?;
        Ok(views(&mut tx, rows).await?.pop())
    }

    /// A new account. Fails with [`StoreError::is_taken`] when another one has the login.
    pub async fn insert_account(
        &self,
        id: &AccountId,
        input: &AccountInput,
        by: Changer<'_>,
        now: UnixMillis,
    ) -> Result<Changed, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                if is_full(tx).await? {
                    return Ok(Changed::Full);
                }
                if !may_become(tx, input, by.scope).await? {
                    return Ok(Changed::Beyond);
                }
                sqlx::query(
                    "INSERT INTO account (id, login, name, person_id, org_id, disabled_at, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                )
                .bind(id.as_str())
                .bind(&input.login)
                .bind(&input.name)
                .bind(input.person_id.as_ref().map(AsRef::<str>::as_ref))
                .bind(input.org_id.as_str())
                .bind(input.disabled.then_some(now.0))
                .bind(now.0)
                .execute(&mut **tx)
                .await?;
                write_roles(tx, id, &input.roles).await?;
                Ok(Changed::Done)
            })
        })
        .await
    }

    /// Changes an account. Fails with [`StoreError::is_taken`] when another one has the login.
    pub async fn change_account(
        &self,
        id: &AccountId,
        input: &AccountInput,
        by: Changer<'_>,
        now: UnixMillis,
    ) -> Result<Changed, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let held = match standing(tx, id, by.scope).await? {
                    Standing::Yours(held) => held,
                    Standing::Not(why) => return Ok(why),
                };
                if !may_become(tx, input, by.scope).await? {
                    return Ok(Changed::Beyond);
                }
                let loses = |grant: &RoleGrant| {
                    grant.role == AccountRole::Administrator && !input.roles.contains(grant)
                };
                if by.own == Some(id) && (input.disabled || held.iter().any(loses)) {
                    return Ok(Changed::Yourself);
                }
                sqlx::query(
                    "UPDATE account SET login = $1, name = $2, person_id = $3, org_id = $4,
                         disabled_at = CASE WHEN $5 = 1 THEN COALESCE(disabled_at, $6) END
                     WHERE id = $7",
                )
                .bind(&input.login)
                .bind(&input.name)
                .bind(input.person_id.as_ref().map(AsRef::<str>::as_ref))
                .bind(input.org_id.as_str())
                .bind(i64::from(input.disabled))
                .bind(now.0)
                .bind(id.as_str())
                .execute(&mut **tx)
                .await?;
                // What a provider's groups gave stays until the provider says otherwise.
                sqlx::query("DELETE FROM role_grant WHERE account_id = $1 AND source = ''")
                    .bind(id.as_str())
                    .execute(&mut **tx)
                    .await?;
                write_roles(tx, id, &input.roles).await?;
                if input.disabled {
                    end_sessions(tx, id).await?;
                }
                Ok(Changed::Done)
            })
        })
        .await
    }

    /// Removes an account, its roles and its sessions.
    pub async fn delete_account(&self, id: &AccountId, by: Changer<'_>) -> Result<Changed, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                if let Standing::Not(why) = standing(tx, id, by.scope).await? {
                    return Ok(why);
                }
                if by.own == Some(id) {
                    return Ok(Changed::Yourself);
                }
                sqlx::query("DELETE FROM account WHERE id = $1").bind(id.as_str()).execute(&mut **tx).await?;
                Ok(Changed::Done)
            })
        })
        .await
    }

    /// A fresh invitation; the one before it opens nothing any more.
    pub async fn invite_account(
        &self,
        id: &AccountId,
        by: Changer<'_>,
        secret: &SecretHash,
        now: UnixMillis,
        expires_at: UnixMillis,
    ) -> Result<Changed, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                if let Standing::Not(why) = standing(tx, id, by.scope).await? {
                    return Ok(why);
                }
                sqlx::query("DELETE FROM invitation_link WHERE account_id = $1 OR expires_at <= $2")
                    .bind(id.as_str())
                    .bind(now.0)
                    .execute(&mut **tx)
                    .await?;
                sqlx::query(
                    "INSERT INTO invitation_link (secret_hash, account_id, expires_at) VALUES ($1, $2, $3)",
                )
                .bind(secret.as_str())
                .bind(id.as_str())
                .bind(expires_at.0)
                .execute(&mut **tx)
                .await?;
                Ok(Changed::Done)
            })
        })
        .await
    }

    /// Clears a second factor: a lost phone. All sessions of the account end.
    pub async fn clear_second_factor(&self, id: &AccountId, by: Changer<'_>) -> Result<Changed, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                if let Standing::Not(why) = standing(tx, id, by.scope).await? {
                    return Ok(why);
                }
                sqlx::query("UPDATE account SET totp_secret = NULL, totp_step = 0 WHERE id = $1")
                    .bind(id.as_str())
                    .execute(&mut **tx)
                    .await?;
                end_sessions(tx, id).await?;
                Ok(Changed::Done)
            })
        })
        .await
    }
}

/// Are there as many accounts as there may be?
pub(super) async fn is_full(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let known: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM account").fetch_one(connection).await?;
    Ok(known >= MAX_ACCOUNTS)
}

/// How an account stands to somebody who wants to change it.
enum Standing {
    /// It may be changed; the roles given by hand and by groups.
    Yours(Vec<RoleGrant>),
    Not(Changed),
}

async fn standing(
    connection: &mut AnyConnection,
    id: &AccountId,
    scope: &Scope,
) -> Result<Standing, StoreError> {
    let path: Option<String> = sqlx::query_scalar(
        "SELECT org.path FROM account JOIN org ON org.id = account.org_id WHERE account.id = $1",
    )
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    if !path.is_some_and(|path| scope.covers(&path)) {
        return Ok(Standing::Not(Changed::NotThere));
    }
    let held: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT role_grant.role, org.id, org.path FROM role_grant JOIN org ON org.id = role_grant.org_id
         WHERE role_grant.account_id = $1",
    )
    .bind(id.as_str())
    .fetch_all(connection)
    .await?;
    if !held.iter().all(|(.., path)| scope.covers(path)) {
        return Ok(Standing::Not(Changed::Beyond));
    }
    let grants = held.into_iter().map(|(role, org, _)| role_grant(role, org)).collect::<Result<_, _>>()?;
    Ok(Standing::Yours(grants))
}

/// Are the place, each role's place and the teacher's place all in the scope?
async fn may_become(
    connection: &mut AnyConnection,
    input: &AccountInput,
    scope: &Scope,
) -> Result<bool, StoreError> {
    let places = input.roles.iter().map(|grant| &grant.org_id).chain([&input.org_id]);
    for place in places {
        let path: Option<String> = sqlx::query_scalar("SELECT path FROM org WHERE id = $1")
            .bind(place.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        if !path.is_some_and(|path| scope.covers(&path)) {
            return Ok(false);
        }
    }
    let Some(person) = &input.person_id else { return Ok(true) };
    let path: Option<String> = sqlx::query_scalar(
        "SELECT org.path FROM person JOIN org ON org.id = person.org_id WHERE person.id = $1",
    )
    .bind(person.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(path.is_some_and(|path| scope.covers(&path)))
}

async fn write_roles(
    connection: &mut AnyConnection,
    id: &AccountId,
    roles: &[RoleGrant],
) -> Result<(), StoreError> {
    for grant in roles {
        sqlx::query(
            "INSERT INTO role_grant (account_id, role, org_id, source) VALUES ($1, $2, $3, '')
             ON CONFLICT (account_id, role, org_id) DO NOTHING",
        )
        .bind(id.as_str())
        .bind(word(&grant.role))
        .bind(grant.org_id.as_str())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn views(connection: &mut AnyConnection, rows: Vec<Row>) -> Result<Vec<AccountView>, StoreError> {
    let grants: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT account_id, role, org_id FROM role_grant
         WHERE account_id IN (SELECT value FROM json_each($1)) ORDER BY role, org_id",
    )
    .bind(json_list(rows.iter().map(|row| row.id.as_str())))
    .fetch_all(connection)
    .await?;
    let mut roles_of: HashMap<String, Vec<RoleGrant>> = HashMap::new();
    for (account, role, org) in grants {
        roles_of.entry(account).or_default().push(role_grant(role, org)?);
    }
    rows.into_iter()
        .map(|row| {
            let roles = roles_of.remove(&row.id).unwrap_or_default();
            row.with(roles)
        })
        .collect()
}

fn role_grant(role: String, org: String) -> Result<RoleGrant, StoreError> {
    let org_id: OrgId = parse("role_grant", "org_id", org)?;
    Ok(RoleGrant { role: parse("role_grant", "role", role)?, org_id })
}
