//! The claims of a room token: a JWT (RFC 7519) signed with EdDSA (RFC 8037).

use crate::ids::{ParticipantId, RoomId};
use crate::lesson::{Role, Source};
use serde::{Deserialize, Serialize};

/// Longest life of a room token, in seconds. Longer ones are refused even if well signed.
pub const MAX_TOKEN_LIFE_S: u64 = 600;

/// The `aud` of a room token.
pub const AUDIENCE: &str = "tongtang-sfu";

/// What a room token grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomClaims {
    /// [`AUDIENCE`].
    pub aud: String,
    /// The participant.
    pub sub: ParticipantId,
    /// The room, and no other.
    pub room: RoomId,
    /// Decides the default slots.
    pub role: Role,
    /// What may be published; empty: nothing.
    pub publish: Vec<Source>,
    /// May it subscribe?
    pub subscribe: bool,
    /// Issued at, seconds since 1970.
    pub iat: u64,
    /// Expires at, seconds since 1970.
    pub exp: u64,
}
