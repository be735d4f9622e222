//! Who asks: cookies, bearer tokens, links and screens' credentials, and what of them is stored.
//!
//! * [`credential`]: the secrets in links and on screens, how they look and how they are checked
//! * [`cookie`]: the session cookie
//! * [`caller`]: who an HTTP request comes from, and what that opens
//! * [`policy`]: who may do what, and where
//! * [`origin`]: was the request made by our own page?
//! * [`password`]: what may be one, and Argon2id
//! * [`delay`]: how often passwords and codes may be tried
//! * [`totp`]: the second factor
//! * [`oidc`]: a provider that signs people in
//! * [`refused`]: why signing in or changing an account is refused, in words

pub mod caller;
pub mod cookie;
pub mod credential;
pub mod delay;
pub mod oidc;
pub mod origin;
pub mod password;
pub mod policy;
pub mod refused;
pub mod totp;

pub use caller::Caller;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What is stored of a secret that has 256 random bits: a plain SHA-256 cannot be turned back, and
/// looking it up leaks nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretHash(String);

impl SecretHash {
    /// The hash of a secret.
    pub fn of(secret: &str) -> Self {
        Self(hex::encode(Sha256::digest(secret.as_bytes())))
    }

    /// As the database had it.
    pub(crate) fn stored(hash: String) -> Self {
        Self(hash)
    }

    /// As it stands in the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Are two secrets equal? Takes the same time wherever they differ.
pub fn equal(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
