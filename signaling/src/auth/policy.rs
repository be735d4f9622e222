//! Who may do what, and where: the one place that decides it.
//!
//! Enters: a [`Caller`] and an [`Act`]. Leaves: the [`Scope`] in which the caller may do it, or a refusal. Handlers ask
//! [`Caller::may`] before they list, and [`need_at`] before they touch a thing of a place. Lessons, and what is recorded of
//! them, are also open to who teaches them: [`Caller::lessons`] and [`need_lesson`].

use super::Caller;
use super::caller::Account;
use crate::app::App;
use crate::problem::ApiError;
use tongtang_protocol::account::AccountRole;
use tongtang_protocol::ids::{DeviceId, LessonId, OrgId, PersonId};

pub use tongtang_protocol::account::Act;

/// All acts, as the table has them.
pub const ACTS: [Act; 11] = [
    Act::ReadCounty,
    Act::ChangePlaces,
    Act::Schedule,
    Act::ReadLessons,
    Act::ChangeLessons,
    Act::ReadLibrary,
    Act::ChangeLibrary,
    Act::ReadDevices,
    Act::ChangeDevices,
    Act::ReadAccounts,
    Act::ChangeAccounts,
];

/// Acts with lessons and what they became.
const ABOUT_LESSONS: [Act; 4] = [Act::ReadLessons, Act::ChangeLessons, Act::ReadLibrary, Act::ChangeLibrary];

/// How far a role reaches with an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Not at all.
    No,
    /// Its place and everything below.
    Below,
    /// Lessons that the person teaches.
    Own,
    /// Lessons that are received at its place and below, on their day.
    Today,
}

/// The table (`docs/roles.md` is it in words). A column is a role, in the order of [`AccountRole`].
#[rustfmt::skip]
fn reach(role: AccountRole, act: Act) -> Reach {
    use Reach::{Below as B, No as N, Own as O, Today as T};
    //                         administrator  master teacher  researcher  auditor
    //                         |  scheduler   |  assistant    |  it       |
    let row = match act {
        Act::ReadCounty     => [B, B,         B, B,           B, B,       B],
        Act::ChangePlaces   => [B, N,         N, N,           N, N,       N],
        Act::Schedule       => [B, B,         N, N,           N, N,       N],
        Act::ReadLessons    => [B, B,         O, T,           B, B,       B],
        Act::ChangeLessons  => [B, N,         O, N,           N, N,       N],
        Act::ReadLibrary    => [B, N,         O, N,           B, N,       B],
        Act::ChangeLibrary  => [B, N,         N, N,           N, N,       N],
        Act::ReadDevices    => [B, N,         N, N,           N, B,       B],
        Act::ChangeDevices  => [B, N,         N, N,           N, B,       N],
        Act::ReadAccounts   => [B, N,         N, N,           N, N,       B],
        Act::ChangeAccounts => [B, N,         N, N,           N, N,       N],
    };
    let column = match role {
        AccountRole::Administrator => 0,
        AccountRole::Scheduler => 1,
        AccountRole::MasterTeacher => 2,
        AccountRole::Assistant => 3,
        AccountRole::Researcher => 4,
        AccountRole::It => 5,
        AccountRole::Auditor => 6,
    };
    row[column]
}

/// Where something may be done: below these places. `org.path` is `/id/id/…/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Vec<String>);

impl Scope {
    /// Everywhere, and with what belongs to no place.
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

    /// Is it everywhere?
    pub fn is_everywhere(&self) -> bool {
        self.covers("/")
    }

    /// As one parameter of a statement. A row is in it if
    /// `EXISTS (SELECT 1 FROM json_each($1) AS s WHERE substr(org.path, 1, length(s.value)) = s.value)`.
    pub fn json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

/// Which lessons somebody may do something with; one of these is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lessons {
    /// Those of these places. Everywhere: also those of no place.
    pub at: Scope,
    /// Those that this person teaches.
    pub taught_by: Option<PersonId>,
    /// Those of today that are received at these places.
    pub received_today: Scope,
    /// This one.
    pub only: Option<LessonId>,
}

impl Lessons {
    /// None yet.
    fn none() -> Self {
        let nowhere = Scope::below(Vec::new());
        Self { at: nowhere.clone(), taught_by: None, received_today: nowhere, only: None }
    }

    /// All of the installation.
    pub fn all() -> Self {
        Self { at: Scope::everywhere(), ..Self::none() }
    }
}

impl Caller {
    /// Where the caller may do this.
    pub fn may(&self, act: Act) -> Result<Scope, ApiError> {
        match self {
            Self::Admin => Ok(Scope::everywhere()),
            Self::Account(account) => {
                let paths = account.paths(act, Reach::Below);
                if paths.is_empty() { Err(ApiError::Forbidden) } else { Ok(Scope::below(paths)) }
            }
            Self::Teacher(_) | Self::Device(_) => Err(ApiError::Forbidden),
            Self::Entering(..) | Self::Nobody => Err(self.not_in()),
        }
    }

    /// With which lessons the caller may do this; `act` is about lessons or the library.
    pub fn lessons(&self, act: Act) -> Result<Lessons, ApiError> {
        match self {
            Self::Admin => Ok(Lessons::all()),
            Self::Account(account) => account.lessons(act),
            Self::Teacher(own) => Ok(Lessons { only: Some(own.clone()), ..Lessons::none() }),
            Self::Device(_) => Err(ApiError::Forbidden),
            Self::Entering(..) | Self::Nobody => Err(self.not_in()),
        }
    }

    /// What is open to the caller somewhere.
    pub fn acts(&self) -> Vec<Act> {
        let is_open =
            |act: &Act| self.may(*act).is_ok() || ABOUT_LESSONS.contains(act) && self.lessons(*act).is_ok();
        ACTS.into_iter().filter(is_open).collect()
    }
}

impl Account {
    fn paths(&self, act: Act, wanted: Reach) -> Vec<String> {
        let reaching = self.grants.iter().filter(|grant| reach(grant.role, act) == wanted);
        reaching.map(|grant| grant.org_path.clone()).collect()
    }

    fn lessons(&self, act: Act) -> Result<Lessons, ApiError> {
        let teaches = self.grants.iter().any(|grant| reach(grant.role, act) == Reach::Own);
        if !self.grants.iter().any(|grant| reach(grant.role, act) != Reach::No) {
            return Err(ApiError::Forbidden);
        }
        Ok(Lessons {
            at: Scope::below(self.paths(act, Reach::Below)),
            taught_by: self.person_id.clone().filter(|_| teaches),
            received_today: Scope::below(self.paths(act, Reach::Today)),
            only: None,
        })
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

/// The caller may do this with this lesson. One that is not there and one that is not the caller's are refused alike.
pub async fn need_lesson(app: &App, caller: &Caller, act: Act, lesson: &LessonId) -> Result<(), ApiError> {
    let lessons = caller.lessons(act)?;
    match caller {
        Caller::Admin => Ok(()),
        // Which lesson a link opens is no secret of the link's holder.
        Caller::Teacher(own) if own == lesson => Ok(()),
        Caller::Teacher(_) => Err(ApiError::Forbidden),
        _ if app.store().is_among(lesson, &lessons, crate::clock::now()).await? => Ok(()),
        _ => Err(ApiError::NotFound),
    }
}

/// The caller may do this with this screen. It belongs to its classroom's school; one that stands in none, to the
/// installation. One that is not there and one outside the caller's scope are refused alike.
pub async fn need_device(app: &App, caller: &Caller, act: Act, device: &DeviceId) -> Result<(), ApiError> {
    let scope = caller.may(act)?;
    let is_covered = match app.store().device_org_path(device).await? {
        Some(path) => scope.covers(&path),
        None => scope.is_everywhere(),
    };
    if is_covered { Ok(()) } else { Err(ApiError::NotFound) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::caller::Grant;
    use tongtang_protocol::ids::AccountId;

    #[test]
    fn a_scope_is_a_place_and_what_lies_below() {
        let scope = Scope::below(vec!["/p/c1/".to_owned()]);
        assert!(scope.covers("/p/c1/") && scope.covers("/p/c1/s1/"));
        assert!(!scope.covers("/p/c10/") && !scope.covers("/p/"));
        assert!(scope.concerns("/p/") && scope.concerns("/p/c1/s1/") && !scope.concerns("/p/c2/"));
        assert!(!scope.is_everywhere() && Scope::everywhere().is_everywhere());
        assert!(Scope::everywhere().covers("/p/"));
        assert_eq!(scope.json(), r#"["/p/c1/"]"#);
    }

    fn with(roles: &[(AccountRole, &str)]) -> Caller {
        let org_id = OrgId::new("s1").unwrap();
        let grant = |(role, path): &(AccountRole, &str)| Grant {
            role: *role,
            org_id: org_id.clone(),
            org_path: (*path).to_owned(),
            org_name: "某校".into(),
        };
        Caller::Account(Box::new(Account {
            id: AccountId::new("acc-1").unwrap(),
            login: "li".into(),
            name: "李老师".into(),
            person_id: Some(PersonId::new("per-1").unwrap()),
            org_id: org_id.clone(),
            grants: roles.iter().map(grant).collect(),
            has_second_factor: true,
        }))
    }

    #[test]
    fn a_role_reaches_its_own_place_and_roles_do_not_mix() {
        let caller = with(&[(AccountRole::Scheduler, "/p/c1/"), (AccountRole::It, "/p/c2/s9/")]);
        assert_eq!(caller.may(Act::Schedule).unwrap(), Scope::below(vec!["/p/c1/".into()]));
        assert_eq!(caller.may(Act::ChangeDevices).unwrap(), Scope::below(vec!["/p/c2/s9/".into()]));
        assert!(matches!(caller.may(Act::ChangePlaces), Err(ApiError::Forbidden)));
        assert!(caller.may(Act::ReadCounty).unwrap().covers("/p/c2/s9/"));
    }

    #[test]
    fn an_auditor_changes_nothing() {
        let caller = with(&[(AccountRole::Auditor, "/p/")]);
        let acts = caller.acts();
        for act in ACTS {
            let reads = serde_json::to_string(&act).unwrap().starts_with("\"read_");
            assert_eq!(acts.contains(&act), reads, "{act:?}");
        }
        assert!(caller.lessons(Act::ChangeLessons).is_err() && caller.lessons(Act::ChangeLibrary).is_err());
    }

    #[test]
    fn a_master_teacher_has_their_own_lessons_and_an_assistant_those_of_the_day() {
        let teacher = with(&[(AccountRole::MasterTeacher, "/p/s1/")]);
        let own = teacher.lessons(Act::ChangeLessons).unwrap();
        assert_eq!((own.at, own.received_today), (Scope::below(vec![]), Scope::below(vec![])));
        assert_eq!(own.taught_by.unwrap().as_str(), "per-1");
        let assistant = with(&[(AccountRole::Assistant, "/p/s2/")]);
        let seen = assistant.lessons(Act::ReadLessons).unwrap();
        assert_eq!((seen.taught_by, seen.at), (None, Scope::below(vec![])));
        assert!(seen.received_today.covers("/p/s2/"));
        assert!(assistant.lessons(Act::ChangeLessons).is_err());
    }
}
