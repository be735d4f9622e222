//! People who sign in, and their roles.

use crate::ids::{AccountId, OrgId, PersonId};
use crate::units::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody may do, at a place and everything below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    /// Administers places, people, devices and accounts of the subtree. What it is called (province, city, county, school
    /// administrator) is its place's kind.
    Administrator,
    /// Terms, bell times, timetables, pairings, plans.
    Scheduler,
    /// Teaches: their own lessons and timetable.
    MasterTeacher,
    /// Stands in the receiving room: their school's lessons of the day.
    Assistant,
    /// Observes lessons and reviews resources.
    Researcher,
    /// Devices and their health.
    It,
    /// Reads everything, changes nothing.
    Auditor,
}

/// What somebody wants to do. Which role may do what stands in `docs/roles.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Read places, people, terms, timetables, ledgers.
    ReadCounty,
    /// Change places, people, bell times; import.
    ChangePlaces,
    /// Change terms, timetables, pairings; plan.
    Schedule,
    /// See lessons as they are now.
    ReadLessons,
    /// Open, teach and end lessons; their links and codes.
    ChangeLessons,
    /// See and play resources.
    ReadLibrary,
    /// Retry, cancel and remove resources.
    ChangeLibrary,
    /// See screens and their health.
    ReadDevices,
    /// Pair, rename and remove screens.
    ChangeDevices,
    /// See accounts and their roles.
    ReadAccounts,
    /// Make and change accounts.
    ChangeAccounts,
}

/// A role at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleGrant {
    /// What.
    pub role: AccountRole,
    /// Where, and everything below.
    pub org_id: OrgId,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// Identity.
    pub id: AccountId,
    /// What is typed to sign in.
    pub login: String,
    /// Shown name.
    pub name: String,
    /// The teacher it is.
    pub person_id: Option<PersonId>,
    /// Where it belongs.
    pub org_id: OrgId,
    /// Roles.
    pub roles: Vec<RoleGrant>,
    /// Has it a password?
    pub has_password: bool,
    /// Has it a second factor?
    pub has_second_factor: bool,
    /// Does a provider (OIDC) sign it in?
    pub by_provider: bool,
    /// Shut out since.
    pub disabled_at: Option<UnixMillis>,
}

/// `POST /api/accounts`, `PUT /api/accounts/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountInput {
    /// 2 to 64 of `a-z 0-9 . _ - @`.
    pub login: String,
    /// Shown name.
    pub name: String,
    /// The teacher it is.
    #[serde(default)]
    pub person_id: Option<PersonId>,
    /// Where it belongs.
    pub org_id: OrgId,
    /// Roles; the caller must administer each place.
    pub roles: Vec<RoleGrant>,
    /// Shut out?
    #[serde(default)]
    pub disabled: bool,
}

/// `POST /api/accounts/{id}/invitations`: a link by which its person sets a password, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// `…/sign-in#invitation.SECRET`
    pub url: String,
    /// Until then.
    pub expires_at: UnixMillis,
}

/// `POST /api/passwords`: sets a password by an invitation, or changes one's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewPassword {
    /// An invitation's secret.
    #[serde(default)]
    pub invitation: Option<String>,
    /// One's own, if signed in.
    #[serde(default)]
    pub current: Option<String>,
    /// 10 to 256 characters.
    pub password: String,
}

/// `POST /api/sign-in`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    /// Login.
    pub login: String,
    /// Password.
    pub password: String,
}

/// What is still missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInStep {
    /// Nothing: signed in.
    Done,
    /// The code of the second factor: `POST /api/second-factor`.
    SecondFactor,
    /// The second factor must be set up first: `POST /api/second-factor/setup`.
    SecondFactorSetup,
}

/// Answer of `POST /api/sign-in` and `POST /api/second-factor`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    /// What comes next.
    pub step: SignInStep,
}

/// `POST /api/second-factor/setup`: a fresh secret; the first right code makes it count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecondFactorSetup {
    /// Base32, to type.
    pub secret: String,
    /// `otpauth://totp/…`, to draw as a QR code.
    pub uri: String,
}

/// `POST /api/second-factor`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecondFactorCode {
    /// Six digits (RFC 6238).
    pub code: String,
}

/// `GET /api/sign-in`: how one can sign in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignInWays {
    /// The provider's shown name; absent: none is configured. It is entered at `GET /api/oidc/start`.
    pub provider: Option<String>,
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionAccount {
    /// Identity.
    pub id: AccountId,
    /// What is typed to sign in.
    pub login: String,
    /// Shown name.
    pub name: String,
    /// The teacher it is.
    pub person_id: Option<PersonId>,
    /// Where it belongs.
    pub org_id: OrgId,
    /// Roles, each with its place's name.
    pub roles: Vec<NamedGrant>,
    /// What is still missing; unless it is `done`, nothing is open.
    pub step: SignInStep,
    /// Has it a second factor?
    pub has_second_factor: bool,
}

/// A role at a place, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedGrant {
    /// What.
    pub role: AccountRole,
    /// Where, and everything below.
    pub org_id: OrgId,
    /// What that is called.
    pub org_name: String,
}
