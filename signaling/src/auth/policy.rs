//! Who may do what, and where: the one place that decides it.
//!
//! Enters: a [`Caller`] and an [`Act`]. Leaves: the [`Scope`] in which the caller may do it, or a refusal. Handlers ask
//! [`Caller::may`] before they list, and [`need_at`] before they touch a thing of a place.

use super::Caller;
use crate::app::App;
use crate::problem::ApiError;
use tongtang_protocol::ids::OrgId;

/// What somebody wants to do with a county.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Read places, people, terms, timetables, ledgers.
    ReadCounty,
    /// Change places, people, bell times; import.
    ChangePlaces,
    /// Change terms, timetables, pairings; plan.
    Schedule,
}

/// Where something may be done: below these places. `org.path` is `/id/id/…/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Vec<String>);

impl Scope {
    /// Everywhere.
    pub fn everywhere() -> Self {
        Self(vec!["/".to_owned()])
    }

    /// At the places with these paths, and below.
    pub fn below(paths: Vec<String>) -> Self {
        Self(paths)
    }

    /// Is the place with this path in it?
    pub fn covers(&self, path: &str) -> bool {
        self.0.iter().any(|prefix| path.starts_with(prefix.as_str()))
    }

    /// The place itself, if the scope is one place; else the first of several.
    pub fn first_org(&self) -> Option<OrgId> {
        self.0.iter().find_map(|path| OrgId::new(path.trim_end_matches('/').rsplit('/').next()?).ok())
    }

    /// Is the place with this path in it, or above a place in it? What it keeps for places below (terms, bell times, what is
    /// prescribed) concerns them.
    pub fn concerns(&self, path: &str) -> bool {
        self.covers(path) || self.0.iter().any(|prefix| prefix.starts_with(path))
    }

    /// As one parameter of a statement. A row is in it if
    /// `EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)`.
    pub fn json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

impl Caller {
    /// Where the caller may do this.
    pub fn may(&self, _act: Act) -> Result<Scope, ApiError> {
        match self {
            Self::Admin => Ok(Scope::everywhere()),
            Self::Nobody => Err(ApiError::NotSignedIn),
            Self::Teacher(_) | Self::Device(_) => Err(ApiError::Forbidden),
        }
    }
}

/// The caller may do this at this place, whose path it gives. A place that is not there and one outside the caller's
/// scope are refused alike.
pub async fn need_at(app: &App, caller: &Caller, act: Act, org: &OrgId) -> Result<String, ApiError> {
    let scope = caller.may(act)?;
    let path = app.store().org_path(org).await?.filter(|path| scope.covers(path));
    path.ok_or(ApiError::NotFound)
}

/// The same for reading what a place keeps for those below it: somebody of a school reads its county's terms.
pub async fn need_about(app: &App, caller: &Caller, act: Act, org: &OrgId) -> Result<String, ApiError> {
    let scope = caller.may(act)?;
    let path = app.store().org_path(org).await?.filter(|path| scope.concerns(path));
    path.ok_or(ApiError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_place_and_what_lies_below() {
        let scope = Scope::below(vec!["/p/c1/".to_owned()]);
        assert!(scope.covers("/p/c1/") && scope.covers("/p/c1/s1/"));
        assert!(!scope.covers("/p/c10/") && !scope.covers("/p/"));
        assert!(scope.concerns("/p/") && scope.concerns("/p/c1/s1/") && !scope.concerns("/p/c2/"));
        assert!(Scope::everywhere().covers("/p/"));
        assert_eq!(scope.json(), r#"["/p/c1/"]"#);
    }
}
