//! Passwords: what may be one, and Argon2id.
//!
//! Enters: a password, and what is stored of one, or nothing. Leaves: is it right? An account that is not there, or has no
//! password, costs the same work as a wrong password, so that nobody learns by waiting who has an account.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::Rng;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Semaphore, TryAcquireError};

/// Shortest password, in characters (NIST SP 800-63B-4 asks for 8 beside a second factor, 15 alone; ours have the delay).
pub const MIN_CHARS: usize = 10;

/// Longest password, in characters.
pub const MAX_CHARS: usize = 256;

/// Memory, passes, lanes: 19 MiB, 2, 1, as the OWASP Password Storage Cheat Sheet has it.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Bytes of salt (RFC 9106 §3.1).
const SALT_BYTES: usize = 16;

/// Passwords worked on at once: each takes a core and 19 MiB.
const MAX_AT_ONCE: usize = 2;

/// Passwords that wait for it. The next one is refused and may come again.
const MAX_WAITING: usize = 64;

/// Why a password was not worked on.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// [`MAX_WAITING`] are waiting.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// Argon2 refused, or its thread failed.
    #[error("argon2: {0}")]
    Failed(String),
}

/// Checks and hashes passwords, a bounded number at once, beside the threads that answer requests.
#[derive(Clone)]
pub struct Passwords {
    working: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    /// What a password is compared with where there is none.
    nobodys: Arc<OnceLock<String>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            working: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            admitted: Arc::new(Semaphore::new(MAX_AT_ONCE + MAX_WAITING)),
            nobodys: Arc::default(),
        }
    }
}

impl Passwords {
    /// What is stored of a password: a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.work(move |_| hash(&password)).await
    }

    /// Is this the password behind `stored`? Without `stored` it never is, after as much work.
    pub async fn is_right(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        self.work(move |nobodys| {
            // Made before either way is taken: the first stranger waits no longer than the first user.
            let nobodys = match nobodys.get() {
                Some(made) => made,
                None => {
                    let made = hash(&crate::fresh::secret())?;
                    nobodys.get_or_init(|| made)
                }
            };
            let compared = stored.as_deref().unwrap_or(nobodys);
            let verifier: &dyn PasswordVerifier<str> = &argon2()?;
            let fits = verifier.verify_password(password.as_bytes(), compared).is_ok();
            Ok(fits && stored.is_some())
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce(&OnceLock<String>) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let failed = |error: &dyn std::fmt::Display| PasswordError::Failed(error.to_string());
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|error| match error {
            TryAcquireError::NoPermits => PasswordError::Busy,
            TryAcquireError::Closed => failed(&error),
        })?;
        let working = self.working.clone().acquire_owned().await.map_err(|error| failed(&error))?;
        let nobodys = self.nobodys.clone();
        // Who hangs up does not free the core before the work is done.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (admitted, working);
            job(&nobodys)
        });
        done.await.map_err(|error| failed(&error))?
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| PasswordError::Failed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0_u8; SALT_BYTES];
    rand::rng().fill(&mut salt);
    let hash = argon2()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| PasswordError::Failed(error.to_string()))?;
    Ok(hash.to_string())
}

/// May this be the password of the account with this login? Length, and nothing that is guessed first: the login in it, or
/// fewer than five different characters.
pub fn may_be(password: &str, login: &str) -> bool {
    let chars = password.chars().count();
    let different = password.chars().collect::<std::collections::BTreeSet<_>>().len();
    let holds_login = login.len() >= 4 && password.to_lowercase().contains(login);
    (MIN_CHARS..=MAX_CHARS).contains(&chars) && different >= 5 && !holds_login
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_for_its_own_hash_alone() {
        let passwords = Passwords::default();
        let (one, other) = (passwords.hash("溪水东流 2026".into()), passwords.hash("溪水东流 2026".into()));
        let (one, other) = (one.await.unwrap(), other.await.unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && one != other, "{one}");
        assert!(passwords.is_right("溪水东流 2026".into(), Some(one.clone())).await.unwrap());
        assert!(!passwords.is_right("溪水东流 2027".into(), Some(one)).await.unwrap());
        assert!(!passwords.is_right("溪水东流 2026".into(), None).await.unwrap());
        assert!(!passwords.is_right("溪水东流 2026".into(), Some("nonsense".into())).await.unwrap());
    }

    #[test]
    fn what_stands_for_nobodys_password_costs_what_a_real_one_costs() {
        // The parameters stand in the hash: equal parameters are equal work.
        let parameters = |hash: &str| hash.rsplitn(3, '$').nth(2).map(str::to_owned);
        let made = hash("any password").unwrap();
        assert_eq!(parameters(&made).as_deref(), Some("$argon2id$v=19$m=19456,t=2,p=1"));
    }

    #[tokio::test]
    async fn a_flood_is_refused_and_not_queued_for_ever() {
        let passwords = Passwords::default();
        let held = passwords.working.clone().acquire_many_owned(MAX_AT_ONCE as u32).await.unwrap();
        let asked = (0..MAX_AT_ONCE + MAX_WAITING + 5).map(|_| passwords.is_right("x".into(), None));
        let mut waiting: Vec<_> = asked.map(Box::pin).collect();
        let mut busy = 0;
        for one in &mut waiting {
            if let Some(Err(PasswordError::Busy)) = futures_util::FutureExt::now_or_never(one.as_mut()) {
                busy += 1;
            }
        }
        assert_eq!(busy, 5);
        drop((waiting, held));
        assert!(!passwords.is_right("x".into(), None).await.unwrap(), "afterwards it goes on");
    }

    #[test]
    fn what_is_guessed_first_is_no_password() {
        assert!(may_be("溪水东流归大海一去不复回", "li.na"));
        assert!(may_be("correct horse", "li.na"));
        for bad in ["short", "aaaaaaaaaaaa", "1212121212121", "Li.Na-2026!", &"长".repeat(300)] {
            assert!(!may_be(bad, "li.na"), "{bad}");
        }
    }
}
