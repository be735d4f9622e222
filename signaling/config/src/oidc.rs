//! Where people sign in who have an account elsewhere (OpenID Connect), with a secret that is shown to nobody.

use serde::{Deserialize, Serialize, Serializer};

/// `[oidc]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Oidc {
    /// The provider's issuer, e.g. `https://sso.example.cn/realms/county`. Empty: none.
    pub issuer: String,
    /// What the provider calls this server.
    pub client_id: String,
    /// What this server proves that with.
    pub client_secret: ClientSecret,
    /// How the button on the sign-in page calls the provider. Empty: its host.
    pub name: String,
    /// The claim that lists a person's groups. Empty: `groups`.
    pub groups_claim: String,
    /// What groups are here. Whoever is in none of them does not get in.
    pub groups: Vec<OidcGroup>,
}

/// One entry of `oidc.groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcGroup {
    /// The provider's group.
    pub group: String,
    /// One of [`ROLES`].
    pub role: String,
    /// The state's code of the place.
    pub org: String,
}

/// What a group can be here.
pub const ROLES: [&str; 7] =
    ["administrator", "scheduler", "master_teacher", "assistant", "researcher", "it", "auditor"];

/// A secret that is printed, logged and serialized as `***`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// A secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// As it was written.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn masked(&self) -> &str {
        if self.0.is_empty() { "" } else { "***" }
    }
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.masked())
    }
}

impl Serialize for ClientSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.masked())
    }
}

impl Oidc {
    /// Is the issuer empty, HTTPS, or on this machine? What it says is believed, so nobody may stand in between.
    pub(crate) fn is_issuer_safe(&self) -> bool {
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        self.issuer.is_empty()
            || self.issuer.starts_with("https://")
            || local.iter().any(|start| {
                self.issuer
                    .strip_prefix(start)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
            })
    }

    pub(crate) fn are_roles_known(&self) -> bool {
        self.groups.iter().all(|entry| ROLES.contains(&entry.role.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown_and_an_issuer_is_not_overheard() {
        let secret = ClientSecret::new("geheim");
        assert_eq!((format!("{secret:?}").as_str(), secret.reveal()), ("***", "geheim"));
        let is_safe = |issuer: &str| Oidc { issuer: issuer.into(), ..Oidc::default() }.is_issuer_safe();
        assert!(is_safe("https://sso.example.cn") && is_safe("http://127.0.0.1:9/x") && is_safe(""));
        assert!(!is_safe("http://sso.example.cn") && !is_safe("http://127.0.0.1.evil.example"));
    }
}
