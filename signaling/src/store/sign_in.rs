//! Signing in: passwords, invitations to set one, second factors, and who a session's account is.

use super::session::{self, SessionOf};
use super::{Store, StoreError, flag, parse, parse_opt};
use crate::auth::SecretHash;
use crate::auth::caller::{Account, Grant};
use sqlx::AnyConnection;
use tongtang_protocol::ids::AccountId;
use tongtang_protocol::units::UnixMillis;

/// What is stored of a password.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Whose.
    pub id: AccountId,
    /// PHC string; None: it has none, or the account is shut out.
    pub password_hash: Option<String>,
}

/// A second factor as it is stored.
#[derive(Debug, Clone)]
pub struct SecondFactor {
    /// Sealed.
    pub secret: String,
    /// The newest step whose code was used; 0: none, it does not count yet.
    pub step: i64,
}

/// A session that takes another one's place.
#[derive(Debug, Clone, Copy)]
pub struct Renewed<'a> {
    /// It ends.
    pub old: &'a SecretHash,
    /// It begins.
    pub new: &'a SecretHash,
    /// Now.
    pub now: UnixMillis,
    /// The new one's end.
    pub expires_at: UnixMillis,
}

type AccountRow = (String, String, Option<String>, String, i64);
type GrantRow = (String, String, String, String);

impl Store {
    /// The account with this login and what is stored of its password.
    pub async fn stored_password(&self, login: &str) -> Result<Option<Stored>, StoreError> {
        let row: Option<(String, Option<String>)> = sqlx::query_as(
            "SELECT id, CASE WHEN disabled_at IS NULL THEN password_hash END FROM account WHERE login = $1",
        )
        .bind(login)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|(id, password_hash)| Ok(Stored { id: parse("account", "id", id)?, password_hash }))
            .transpose()
    }

    /// Who a session's account is, with its roles; None: there is none, or it is shut out.
    pub async fn signed_in(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = sqlx::query_as(
            "SELECT login, name, person_id, org_id,
                 CASE WHEN totp_secret IS NOT NULL AND totp_step > 0 THEN 1 ELSE 0 END
             FROM account WHERE id = $1 AND disabled_at IS NULL",
        )
        .bind(id.as_str())
        .fetch_optional(&self.pool)
        .await?;
        let Some((login, name, person_id, org_id, has_second_factor)) = row else { return Ok(None) };
        let grants: Vec<GrantRow> = sqlx::query_as(
            "SELECT role_grant.role, org.id, org.path, org.name
             FROM role_grant JOIN org ON org.id = role_grant.org_id
             WHERE role_grant.account_id = $1 ORDER BY org.path, role_grant.role",
        )
        .bind(id.as_str())
        .fetch_all(&self.pool)
        .await?;
        Ok(Some(Account {
            id: id.clone(),
            login,
            name,
            person_id: parse_opt("account", "person_id", person_id)?,
            org_id: parse("account", "org_id", org_id)?,
            grants: grants.into_iter().map(grant).collect::<Result<_, StoreError>>()?,
            has_second_factor: flag(has_second_factor),
        }))
    }

    /// The account that an invitation is for, and its login, while it opens.
    pub async fn invited(
        &self,
        secret: &SecretHash,
        now: UnixMillis,
    ) -> Result<Option<(AccountId, String)>, StoreError> {
        let row: Option<(String, String)> = sqlx::query_as(
            "SELECT account.id, account.login FROM invitation_link
             JOIN account ON account.id = invitation_link.account_id
             WHERE secret_hash = $1 AND expires_at > $2 AND account.disabled_at IS NULL",
        )
        .bind(secret.as_str())
        .bind(now.0)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|(id, login)| Ok((parse("account", "id", id)?, login))).transpose()
    }

    /// Sets a password by an invitation, once; all sessions of the account end. False: it opens nothing any more.
    pub async fn use_invitation(
        &self,
        secret: &SecretHash,
        account: &AccountId,
        password_hash: &str,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let used = sqlx::query(
                    "DELETE FROM invitation_link WHERE secret_hash = $1 AND account_id = $2 AND expires_at > $3",
                )
                .bind(secret.as_str())
                .bind(account.as_str())
                .bind(now.0)
                .execute(&mut **tx)
                .await?;
                if used.rows_affected() == 0 {
                    return Ok(false);
                }
                set_password(tx, account, password_hash).await?;
                Ok(true)
            })
        })
        .await
    }

    /// A new password of somebody who is signed in; their sessions end, and this one takes the place of the one they are in.
    pub async fn change_password(
        &self,
        account: &AccountId,
        password_hash: &str,
        second_factor: bool,
        renewed: Renewed<'_>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                set_password(tx, account, password_hash).await?;
                let of = SessionOf::Account { id: account.clone(), second_factor };
                session::insert(tx, renewed.new, &of, renewed.now, renewed.expires_at).await
            })
        })
        .await
    }

    /// The second factor, if one was begun.
    pub async fn second_factor(&self, account: &AccountId) -> Result<Option<SecondFactor>, StoreError> {
        let row: Option<(Option<String>, i64)> =
            sqlx::query_as("SELECT totp_secret, totp_step FROM account WHERE id = $1")
                .bind(account.as_str())
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.and_then(|(secret, step)| secret.map(|secret| SecondFactor { secret, step })))
    }

    /// A fresh sealed secret, which does not count before its first code. False: another one counts already.
    pub async fn begin_second_factor(&self, account: &AccountId, sealed: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE account SET totp_secret = $1 WHERE id = $2 AND totp_step = 0")
            .bind(sealed)
            .bind(account.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Uses up the code of a step of this secret; the session gets a new name and the second factor. False: the code was
    /// used before, or the secret is another one now.
    pub async fn use_code(
        &self,
        account: &AccountId,
        factor: &SecondFactor,
        step: i64,
        renewed: Renewed<'_>,
    ) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let used = sqlx::query(
                    "UPDATE account SET totp_step = $1 WHERE id = $2 AND totp_step < $1 AND totp_secret = $3",
                )
                .bind(step)
                .bind(account.as_str())
                .bind(&factor.secret)
                .execute(&mut **tx)
                .await?;
                if used.rows_affected() == 0 {
                    return Ok(false);
                }
                let of = SessionOf::Account { id: account.clone(), second_factor: true };
                session::insert(tx, renewed.new, &of, renewed.now, renewed.expires_at).await?;
                // The provider's logout finds it under its new name too.
                sqlx::query(
                    "UPDATE session SET oidc_sid = (SELECT oidc_sid FROM session WHERE token_hash = $1)
                     WHERE token_hash = $2",
                )
                .bind(renewed.old.as_str())
                .bind(renewed.new.as_str())
                .execute(&mut **tx)
                .await?;
                sqlx::query("DELETE FROM session WHERE token_hash = $1")
                    .bind(renewed.old.as_str())
                    .execute(&mut **tx)
                    .await?;
                Ok(true)
            })
        })
        .await
    }
}

fn grant((role, org_id, org_path, org_name): GrantRow) -> Result<Grant, StoreError> {
    Ok(Grant {
        role: parse("role_grant", "role", role)?,
        org_id: parse("role_grant", "org_id", org_id)?,
        org_path,
        org_name,
    })
}

async fn set_password(
    connection: &mut AnyConnection,
    account: &AccountId,
    password_hash: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE account SET password_hash = $1 WHERE id = $2")
        .bind(password_hash)
        .bind(account.as_str())
        .execute(&mut *connection)
        .await?;
    end_sessions(&mut *connection, account).await?;
    // An invitation that was made for the password before it is of no use any more.
    sqlx::query("DELETE FROM invitation_link WHERE account_id = $1")
        .bind(account.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn end_sessions(
    connection: &mut AnyConnection,
    account: &AccountId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM session WHERE account_id = $1")
        .bind(account.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
