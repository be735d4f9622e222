//! What a page and signaling say over the lesson WebSocket, `/api/ws`.
//!
//! The page opens the socket and says [`PageMessage::Hello`] within 5 s. Signaling answers
//! `welcome` and from then on numbers every message of that session (`seq`, from 1, without
//! holes). After a drop the page says hello again with [`Resume`]; if signaling still has the
//! session and the messages after `last_seq`, it says `pong` and sends just those, otherwise a fresh
//! `welcome`.
//! Every request of a page carries an `id` of its own and is answered by `ack` or `refused`.

use crate::device::ScreenHealth;
use crate::ids::{DeviceId, LessonId, ParticipantId, SessionId};
use crate::lesson::{LessonView, Role};
use crate::problem::Problem;
use crate::units::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Largest WebSocket message either side accepts, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Where a page stopped hearing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resume {
    /// The session of the last welcome.
    pub session_id: SessionId,
    /// The last `seq` the page has processed.
    pub last_seq: u64,
}

/// What a page says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PageMessage {
    /// First message on a socket.
    Hello {
        /// A teacher, assistant or observer link's secret, or a classroom screen's device credential.
        credential: String,
        /// After a drop.
        resume: Option<Resume>,
    },
    /// Something the page asks for.
    Request {
        /// Chosen by the page; comes back in `ack` or `refused`.
        id: u64,
        /// What it asks.
        action: Action,
    },
    /// Keeps proxies from closing the socket; answered by `pong`.
    Ping,
}

/// What a page can ask. Who may ask is in brackets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// [teacher] `scheduled → open`, before its time. Asking twice is the same as once, here and below.
    Open,
    /// [teacher] `open → live`; a scheduled lesson is opened and begun.
    Start,
    /// [teacher] `live → paused`.
    Pause,
    /// [teacher] `paused → live`.
    Continue,
    /// [teacher] to `ended`.
    End,
    /// [teacher] Put a classroom on stage, or nobody.
    CallOnStage {
        /// Whom.
        participant: Option<ParticipantId>,
    },
    /// [teacher; a classroom or assistant for its own room] Mute or unmute.
    Mute {
        /// Whom.
        participant: ParticipantId,
        /// From now on.
        muted: bool,
    },
    /// [teacher] Record or stop recording.
    SetRecording {
        /// From now on.
        on: bool,
    },
    /// [classroom, assistant] Raise or lower the hand.
    RaiseHand {
        /// From now on.
        raised: bool,
    },
    /// [teacher] Remove a participant from the lesson; its screen may type the code again.
    Expel {
        /// Whom.
        participant: ParticipantId,
    },
    /// [anyone] A fresh [`MediaGrant`], before the old one expires or after media broke.
    RefreshMedia,
    /// [anyone] The participant's media belongs to this page from now on. Its other pages (the same link opened on
    /// another machine) hear [`ServerMessage::Replaced`].
    TakePlace,
    /// [classroom, in a lesson or not] How the screen is. Kept once a minute at most; what comes sooner is passed over.
    Report {
        /// What its page knows.
        health: ScreenHealth,
    },
}

/// A numbered message from signaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Numbered {
    /// From 1, without holes within a session. 0 on messages outside the numbering (`refused` before `welcome`, `pong`).
    pub seq: u64,
    /// The message.
    #[serde(flatten)]
    pub body: ServerMessage,
}

/// What signaling says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The page is in: everything it needs to show the present state.
    Welcome(Box<Welcome>),
    /// The lesson changed; replaces what the page had.
    Lesson {
        /// The whole lesson.
        lesson: Box<LessonView>,
    },
    /// A fresh grant. When `epoch` differs from the one in use, the media sessions are gone and
    /// the page publishes and subscribes anew; otherwise it keeps them and only stores the token.
    Media {
        /// The grant.
        media: MediaGrant,
    },
    /// For a classroom screen: the lesson it belongs to now, or none (wait); and while it waits, what it
    /// is called now and what comes next.
    Assigned {
        /// The screen, as in the welcome.
        device: Option<DeviceView>,
        /// The lesson to show.
        lesson: Option<Box<LessonView>>,
        /// Who the screen is in it.
        you: Option<ParticipantId>,
        /// Media, when the lesson has any.
        media: Option<MediaGrant>,
    },
    /// Another page of the same participant took its place: this one ends its media and says so,
    /// until its person takes the place back. (Two pages that both reconnect would end each other's media for ever.)
    Replaced,
    /// The request was carried out.
    Ack {
        /// The page's id.
        id: u64,
    },
    /// The request (or the hello, with id 0) was refused.
    Refused {
        /// The page's id.
        id: u64,
        /// Why, in words.
        problem: Problem,
    },
    /// Answer to `ping`, and to a `hello` that resumed.
    Pong,
}

/// The first message of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Welcome {
    /// Name it in [`Resume`].
    pub session_id: SessionId,
    /// What the credential makes the page.
    pub role: Role,
    /// The page's participant; absent for a classroom screen without a lesson.
    pub you: Option<ParticipantId>,
    /// For a classroom screen.
    pub device: Option<DeviceView>,
    /// Absent for a classroom screen without a lesson.
    pub lesson: Option<Box<LessonView>>,
    /// Absent while the lesson has no media or no sfu node is up.
    pub media: Option<MediaGrant>,
    /// Signaling's clock, so that the page can show lesson time.
    pub server_time: UnixMillis,
}

/// A classroom screen as its own page knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    /// Identity.
    pub id: DeviceId,
    /// Shown name of the classroom.
    pub name: String,
    /// The next lesson it is invited to, if known.
    pub next_lesson: Option<NextLesson>,
}

/// A lesson to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NextLesson {
    /// Identity.
    pub id: LessonId,
    /// Title.
    pub title: String,
    /// When, if on a timetable.
    pub starts_at: Option<UnixMillis>,
}

/// All a page needs to publish and subscribe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MediaGrant {
    /// WHIP endpoint (RFC 9725), an absolute path or URL; absent for those who publish nothing.
    pub whip_url: Option<String>,
    /// WHEP endpoint with the page's slots.
    pub whep_url: String,
    /// Slots in the order of the page's m-lines: video slots first, then audio.
    pub slots: Vec<String>,
    /// Bearer token for both, EdDSA, at most 10 minutes.
    pub token: String,
    /// When the token expires. Ask `refresh_media` a minute before.
    pub expires_at: UnixMillis,
    /// Changes when the sfu lost its state.
    pub epoch: u64,
}
