//! Sign-ins at a provider: those that have begun, whom they bring in, and sessions that the provider ends.

use super::session::{self, SessionOf};
use super::sign_in::end_sessions;
use super::{Store, StoreError, parse, word};
use crate::auth::SecretHash;
use crate::auth::oidc::Person;
use crate::fresh;
use sqlx::AnyConnection;
use tongtang_protocol::account::AccountRole;
use tongtang_protocol::ids::AccountId;
use tongtang_protocol::units::UnixMillis;

/// Sign-ins that may have begun at once. One more ends the oldest: anybody can begin one.
const MAX_FLOWS: i64 = 10_000;

/// A sign-in that has begun.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Of the ID token.
    pub nonce: String,
    /// Of PKCE.
    pub verifier: String,
    /// The page to go on with.
    pub back_to: String,
}

/// What became of somebody whom a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entered {
    /// Signed in.
    In(AccountId),
    /// None of their groups is a role here.
    NoRole,
    /// The account is shut out.
    ShutOut,
    /// [`super::account::MAX_ACCOUNTS`] is reached.
    Full,
}

/// A new session, its name and its end.
#[derive(Debug, Clone, Copy)]
pub struct NewSession<'a> {
    /// What its cookie hashes to.
    pub token: &'a SecretHash,
    /// Now.
    pub now: UnixMillis,
    /// Its end.
    pub expires_at: UnixMillis,
}

impl Store {
    /// A sign-in begins.
    pub async fn begin_flow(
        &self,
        state: &SecretHash,
        flow: &Flow,
        now: UnixMillis,
        expires_at: UnixMillis,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                sqlx::query("DELETE FROM oidc_flow WHERE expires_at <= $1").bind(now.0).execute(&mut **tx).await?;
                sqlx::query(
                    "DELETE FROM oidc_flow WHERE state_hash IN (
                         SELECT state_hash FROM oidc_flow ORDER BY expires_at DESC, state_hash LIMIT $1 OFFSET $2)",
                )
                .bind(i64::MAX)
                .bind(MAX_FLOWS - 1)
                .execute(&mut **tx)
                .await?;
                sqlx::query(
                    "INSERT INTO oidc_flow (state_hash, nonce, verifier, back_to, expires_at)
                     VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(state.as_str())
                .bind(&flow.nonce)
                .bind(&flow.verifier)
                .bind(&flow.back_to)
                .bind(expires_at.0)
                .execute(&mut **tx)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Takes a sign-in that has begun; it is taken once.
    pub async fn take_flow(&self, state: &SecretHash, now: UnixMillis) -> Result<Option<Flow>, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let row: Option<(String, String, String)> = sqlx::query_as(
                    "SELECT nonce, verifier, back_to FROM oidc_flow WHERE state_hash = $1 AND expires_at > $2",
                )
                .bind(state.as_str())
                .bind(now.0)
                .fetch_optional(&mut **tx)
                .await?;
                sqlx::query("DELETE FROM oidc_flow WHERE state_hash = $1")
                    .bind(state.as_str())
                    .execute(&mut **tx)
                    .await?;
                Ok(row.map(|(nonce, verifier, back_to)| Flow { nonce, verifier, back_to }))
            })
        })
        .await
    }

    /// Somebody comes in by a provider: the account of this issuer and subject, made if there is none, with the roles that
    /// its groups are now. An account that was made here is never taken over, whatever its login.
    pub async fn enter_by_provider(
        &self,
        person: &Person,
        session: NewSession<'_>,
    ) -> Result<Entered, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let roles = places_of(tx, person).await?;
                let known: Option<(String, Option<i64>)> = sqlx::query_as(
                    "SELECT id, disabled_at FROM account WHERE oidc_issuer = $1 AND oidc_subject = $2",
                )
                .bind(&person.issuer)
                .bind(&person.subject)
                .fetch_optional(&mut **tx)
                .await?;
                let account: AccountId = match known {
                    Some((_, Some(_))) => return Ok(Entered::ShutOut),
                    Some((id, None)) => parse("account", "id", id)?,
                    None => match roles.first() {
                        Some(_) if super::account::is_full(tx).await? => return Ok(Entered::Full),
                        Some((.., org)) => make(tx, person, org, session.now).await?,
                        None => return Ok(Entered::NoRole),
                    },
                };
                write_roles(tx, &account, &roles).await?;
                let has_role: Option<i64> =
                    sqlx::query_scalar("SELECT 1 FROM role_grant WHERE account_id = $1 LIMIT 1")
                        .bind(account.as_str())
                        .fetch_optional(&mut **tx)
                        .await?;
                if has_role.is_none() {
                    end_sessions(tx, &account).await?;
                    return Ok(Entered::NoRole);
                }
                let of = SessionOf::Account { id: account.clone(), second_factor: false };
                session::insert(tx, session.token, &of, session.now, session.expires_at).await?;
                sqlx::query("UPDATE session SET oidc_sid = $1 WHERE token_hash = $2")
                    .bind(&person.sid)
                    .bind(session.token.as_str())
                    .execute(&mut **tx)
                    .await?;
                Ok(Entered::In(account))
            })
        })
        .await
    }

    /// The provider ended a session (`sid`), or all of somebody's (`sub`). How many ended here.
    pub async fn end_by_provider(
        &self,
        issuer: &str,
        subject: Option<&str>,
        sid: Option<&str>,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "DELETE FROM session WHERE ($1 IS NULL OR oidc_sid = $1) AND account_id IN (
                 SELECT id FROM account WHERE oidc_issuer = $2 AND ($3 IS NULL OR oidc_subject = $3))",
        )
        .bind(sid)
        .bind(issuer)
        .bind(subject)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}

/// Group, role, place's id.
type Role<'a> = (&'a str, AccountRole, String);

/// The roles whose places are there.
async fn places_of<'p>(
    connection: &mut AnyConnection,
    person: &'p Person,
) -> Result<Vec<Role<'p>>, StoreError> {
    let mut roles = Vec::new();
    for (group, role, code) in &person.roles {
        let org: Option<String> = sqlx::query_scalar("SELECT id FROM org WHERE code = $1")
            .bind(code)
            .fetch_optional(&mut *connection)
            .await?;
        match org {
            Some(org) => roles.push((group.as_str(), *role, org)),
            None => tracing::warn!(%code, "oidc.groups names a place that is not there"),
        }
    }
    Ok(roles)
}

async fn make(
    connection: &mut AnyConnection,
    person: &Person,
    org: &str,
    now: UnixMillis,
) -> Result<AccountId, StoreError> {
    let id = fresh::account_id();
    let login = free_login(connection, person, &id).await?;
    let name: String =
        person.name.as_deref().unwrap_or(&login).chars().filter(|c| !c.is_control()).take(64).collect();
    sqlx::query(
        "INSERT INTO account (id, login, name, org_id, oidc_issuer, oidc_subject, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id.as_str())
    .bind(&login)
    .bind(name)
    .bind(org)
    .bind(&person.issuer)
    .bind(&person.subject)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(id)
}

/// The login the provider says, if it can be one and nobody has it; else one that is nobody's.
async fn free_login(
    connection: &mut AnyConnection,
    person: &Person,
    id: &AccountId,
) -> Result<String, StoreError> {
    let wanted = person.login.as_deref().and_then(crate::http::input::login);
    if let Some(wanted) = wanted {
        let taken: Option<i64> = sqlx::query_scalar("SELECT 1 FROM account WHERE login = $1")
            .bind(&wanted)
            .fetch_optional(connection)
            .await?;
        if taken.is_none() {
            return Ok(wanted);
        }
    }
    Ok(id.as_str().to_owned())
}

/// What groups gave before, and now.
async fn write_roles(
    connection: &mut AnyConnection,
    account: &AccountId,
    roles: &[Role<'_>],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM role_grant WHERE account_id = $1 AND source <> ''")
        .bind(account.as_str())
        .execute(&mut *connection)
        .await?;
    for (group, role, org) in roles {
        sqlx::query(
            "INSERT INTO role_grant (account_id, role, org_id, source) VALUES ($1, $2, $3, $4)
             ON CONFLICT (account_id, role, org_id) DO NOTHING",
        )
        .bind(account.as_str())
        .bind(word(role))
        .bind(org)
        .bind(*group)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::testing::each_database;
    use std::time::Duration;

    fn hash(text: &str) -> SecretHash {
        SecretHash::of(text)
    }

    fn li(roles: &[(&str, AccountRole, &str)]) -> Person {
        Person {
            issuer: "https://sso".into(),
            subject: "li".into(),
            sid: Some("s1".into()),
            login: Some("Li".into()),
            name: None,
            roles: roles.iter().map(|(group, role, org)| ((*group).into(), *role, (*org).into())).collect(),
        }
    }

    async fn enter(store: &Store, person: &Person, token: &str) -> Entered {
        let session = NewSession { token: &hash(token), now: UnixMillis(1), expires_at: UnixMillis(9_000) };
        store.enter_by_provider(person, session).await.unwrap()
    }

    async fn roles(store: &Store, entered: &Entered) -> Vec<(AccountRole, String)> {
        let Entered::In(id) = entered else { panic!("{entered:?}") };
        let account = store.signed_in(id).await.unwrap().unwrap();
        account.grants.into_iter().map(|grant| (grant.role, grant.org_id.to_string())).collect()
    }

    #[tokio::test]
    async fn roles_follow_the_groups_and_those_given_by_hand_stay() {
        each_database(async |store| {
            sqlx::raw_sql(
                "INSERT INTO org (id, kind, code, name, path, created_at)
                     VALUES ('c', 'county', '1', 'x', '/c/', 0), ('d', 'county', '2', 'y', '/d/', 0)",
            )
            .execute(&store.pool)
            .await
            .unwrap();
            let (it, auditor) = (AccountRole::It, AccountRole::Auditor);
            let first =
                enter(&store, &li(&[("a", it, "1"), ("b", auditor, "2"), ("a", it, "nowhere")]), "t1").await;
            assert_eq!(roles(&store, &first).await, [(it, "c".into()), (auditor, "d".into())]);
            let Entered::In(id) = &first else { unreachable!() };
            sqlx::query("INSERT INTO role_grant (account_id, role, org_id) VALUES ($1, 'researcher', 'c')")
                .bind(id.as_str())
                .execute(&store.pool)
                .await
                .unwrap();
            let second = enter(&store, &li(&[("b", auditor, "2")]), "t2").await;
            assert_eq!(first, second, "the same account");
            let researcher = (AccountRole::Researcher, "c".to_owned());
            assert_eq!(roles(&store, &second).await, [researcher.clone(), (auditor, "d".into())]);
            assert_eq!(roles(&store, &enter(&store, &li(&[]), "t3").await).await, [researcher]);
            sqlx::query("DELETE FROM role_grant").execute(&store.pool).await.unwrap();
            assert_eq!(enter(&store, &li(&[]), "t4").await, Entered::NoRole);
            assert!(store.session(&hash("t1"), UnixMillis(2)).await.unwrap().is_none(), "without roles, out");
        })
        .await;
    }

    #[tokio::test]
    async fn a_sign_in_that_began_is_taken_once_and_in_time() {
        each_database(async |store| {
            let flow = Flow { nonce: "n".into(), verifier: "v".into(), back_to: "/".into() };
            let minute = i64::try_from(Duration::from_secs(60).as_millis()).unwrap();
            for state in ["one", "two"] {
                store.begin_flow(&hash(state), &flow, UnixMillis(0), UnixMillis(minute)).await.unwrap();
            }
            assert_eq!(store.take_flow(&hash("one"), UnixMillis(1)).await.unwrap().unwrap().nonce, "n");
            assert!(store.take_flow(&hash("one"), UnixMillis(1)).await.unwrap().is_none());
            assert!(store.take_flow(&hash("two"), UnixMillis(minute)).await.unwrap().is_none());
        })
        .await;
    }

    #[tokio::test]
    async fn an_account_has_a_bounded_number_of_sessions() {
        each_database(async |store| {
            sqlx::raw_sql("INSERT INTO org (id, kind, code, name, path, created_at) VALUES ('c', 'county', '1', 'x', '/c/', 0)")
                .execute(&store.pool)
                .await
                .unwrap();
            for n in 0..40_i64 {
                let session = NewSession {
                    token: &hash(&n.to_string()),
                    now: UnixMillis(1),
                    expires_at: UnixMillis(9_000 + n),
                };
                store.enter_by_provider(&li(&[("a", AccountRole::It, "1")]), session).await.unwrap();
            }
            let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM session").fetch_one(&store.pool).await.unwrap();
            assert_eq!(kept, 32);
            assert!(store.session(&hash("39"), UnixMillis(2)).await.unwrap().is_some(), "the newest");
        })
        .await;
    }
}
