//! Where PostgreSQL is, with a password that is shown to nobody.

use serde::{Deserialize, Serialize, Serializer};

/// `database_url`: empty, or `postgres://user:password@host:port/database`.
///
/// What is printed, logged or serialized of it has `***` for the password.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// As it was written, with its password; None: SQLite in `data_dir`.
    pub fn address(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    /// Is it empty, or does it begin as one of PostgreSQL does?
    pub(crate) fn is_plausible(&self) -> bool {
        self.0.is_empty() || self.0.starts_with("postgres://") || self.0.starts_with("postgresql://")
    }

    /// A password may hold any character, also one that should have been escaped: all up to the last @ is hidden.
    fn masked(&self) -> String {
        if self.0.contains("password=") {
            return "***".to_owned();
        }
        let Some((scheme, rest)) = self.0.split_once("://") else { return self.0.clone() };
        let Some((person, place)) = rest.rsplit_once('@') else { return self.0.clone() };
        match person.split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:***@{place}"),
            None => self.0.clone(),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            ("", ""),
            ("postgres://db/tongtang", "postgres://db/tongtang"),
            ("postgres://u@db:5433/t?host=/run", "postgres://u@db:5433/t?host=/run"),
            ("postgres://u:geheim@db/t", "postgres://u:***@db/t"),
            ("postgres://u:ge/h@e:im@db/t", "postgres://u:***@db/t"),
            ("postgres://db/t?password=geheim", "***"),
        ] {
            assert_eq!(format!("{:?}", DatabaseUrl(url.to_owned())), shown);
        }
    }
}
