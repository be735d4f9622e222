//! Bodies of the HTTP API that are nothing else. What the lesson WebSocket says too stands in
//! [`crate::lesson`], [`crate::library`] and [`crate::message`].

use crate::account::{Act, SessionAccount};
use crate::ids::{ClassroomId, DeviceId, LessonId, ParticipantId};
use crate::lesson::{LessonView, Role, VideoCodec};
use crate::message::{DeviceView, MediaGrant};
use crate::units::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /api/setup`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SetUp {
    /// From the one-time link.
    pub secret: String,
}

/// What the caller is to the desk pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionRole {
    /// The administrator.
    Admin,
    /// A lesson's teacher.
    Teacher,
    /// Somebody with an account: `account` says who.
    Account,
    /// Not signed in.
    None,
}

/// `GET /api/session`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// What the caller is.
    pub role: SessionRole,
    /// A teacher's lesson.
    pub lesson_id: Option<LessonId>,
    /// Whose account it is.
    pub account: Option<SessionAccount>,
    /// What may be done somewhere, so that pages show that and nothing else.
    pub acts: Vec<Act>,
}

/// `POST /api/teacher-session`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TeacherSignIn {
    /// A teacher link's secret.
    pub credential: String,
}

/// `POST /api/lessons`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewLesson {
    /// Title, e.g. 三年级音乐：茉莉花.
    pub title: String,
    /// Codec of every picture; absent: H.264.
    #[serde(default)]
    pub video_codec: Option<VideoCodec>,
    /// Record it while live? Absent: yes.
    #[serde(default)]
    pub record: Option<bool>,
    /// Paired screens that join by themselves.
    #[serde(default)]
    pub device_ids: Option<Vec<DeviceId>>,
    /// When it is to begin. Until ten minutes before, the lesson is `scheduled`; absent: open at once.
    #[serde(default)]
    pub starts_at: Option<UnixMillis>,
}

/// Which part of a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Those after the one with this id, as the list goes on.
    #[serde(default)]
    pub after: Option<String>,
    /// At most so many; 500 at most, and if absent.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Only those whose title contains this.
    #[serde(default)]
    pub search: Option<String>,
}

/// How to get into a lesson. For the administrator and its teacher only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LessonAccess {
    /// The lesson.
    pub lesson: LessonView,
    /// The teacher's page, secret included.
    pub teacher_url: String,
    /// The secret alone, for the lesson WebSocket.
    pub teacher_credential: String,
    /// Six digits; absent before the lesson is open and once it is over.
    pub code: Option<String>,
    /// The page of classroom screens.
    pub classroom_url: String,
}

/// `POST /api/lessons/{id}/grants`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GrantRequest {
    /// Shown name; the same name and role is the same participant.
    pub name: String,
    /// What it is in the lesson. `teacher` is the lesson's one teacher, whatever the name.
    pub role: Role,
}

/// Media for a program that has no page (OBS, GStreamer, a 录播 host).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Granted {
    /// Who it is in the lesson.
    pub participant: ParticipantId,
    /// WHIP and WHEP addresses and a fresh token.
    pub media: MediaGrant,
}

/// `POST /api/devices/pair`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pair {
    /// The six digits on the teacher's screen.
    pub code: String,
    /// Shown name of the classroom; absent: one is given.
    #[serde(default)]
    pub name: Option<String>,
}

/// A screen that was paired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Paired {
    /// The screen.
    pub device: DeviceView,
    /// Its secret for the lesson WebSocket, for ever. Sent as bearer token with a later `pair`, it
    /// keeps the screen the same screen.
    pub credential: String,
}

/// `PUT /api/devices/{id}/classroom`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Placed {
    /// Where the screen stands; absent: nowhere that is known.
    #[serde(default)]
    pub classroom_id: Option<ClassroomId>,
}

/// `PATCH /api/devices/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rename {
    /// New shown name.
    pub name: String,
}
