//! The lesson as every page sees it.

use crate::ids::{DeviceId, LessonId, ParticipantId, RecordingId, ResourceId};
use crate::trouble::RecordingAlarm;
use crate::units::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Receiving classrooms of one lesson, return video included (domain: "the server takes 16").
pub const MAX_CLASSROOMS: usize = 16;

/// A scheduled lesson opens so long before it begins, in milliseconds: classrooms come in and are seen.
pub const OPENS_BEFORE_MS: i64 = 10 * 60_000;

/// Longest lesson title, in characters.
pub const MAX_TITLE_CHARS: usize = 120;

/// Where a lesson stands.
///
/// `scheduled → open → live ⇄ paused → ended → processing → published | failed`; a failed lesson
/// goes back to `processing` when its job is retried. A lesson that recorded nothing stays `ended`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LessonState {
    /// Known, nobody may join yet. Opens by itself [`OPENS_BEFORE_MS`] before it begins, or when its
    /// teacher opens it.
    Scheduled,
    /// Classrooms and teacher may join and see each other; the lesson has not begun.
    Open,
    /// Being taught.
    Live,
    /// A break: media flows, recording rests.
    Paused,
    /// Over.
    Ended,
    /// The recording is being composed.
    Processing,
    /// A resource stands in the library.
    Published,
    /// Composing failed; the job says why.
    Failed,
}

impl LessonState {
    /// May pages send and receive media?
    pub fn has_media(self) -> bool {
        matches!(self, Self::Open | Self::Live | Self::Paused)
    }
}

/// The video codec of a whole lesson: what its weakest participant decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VideoCodec {
    /// H.264 constrained baseline, packetization-mode 1 (RFC 6184).
    #[default]
    H264,
    /// VP8 (RFC 7741); for classrooms whose browser has no H.264.
    Vp8,
}

/// What a participant is in the lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Master teacher: publishes camera, board and microphone; runs the lesson.
    Teacher,
    /// Receiving classroom: a screen, a camera, a microphone.
    Classroom,
    /// Assistant teacher in a receiving classroom.
    Assistant,
    /// Looks on; publishes nothing, is not shown.
    Observer,
}

/// Which of a participant's tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Opus.
    Microphone,
    /// The room or the teacher, with simulcast.
    Camera,
    /// Screen share: slides, board.
    Board,
}

/// A link as a person reads it: `good`, `weak` (works, degraded) or `lost`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkLevel {
    /// Nothing is known yet.
    #[default]
    Unknown,
    /// Loss < 3 % and round trip < 400 ms.
    Good,
    /// Above either bound; the lesson goes on with less.
    Weak,
    /// No media path.
    Lost,
}

/// What the sfu last measured of a participant's link.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// The verdict shown as a light with a word.
    pub level: LinkLevel,
    /// Round trip in milliseconds, from RTCP; absent before the first report.
    pub rtt_ms: Option<u32>,
    /// Packets lost towards or from the participant, percent of the last seconds, the worse one.
    pub loss_percent: Option<f32>,
}

/// One participant, present or expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Participant {
    /// Identity in this lesson.
    pub id: ParticipantId,
    /// What the participant is.
    pub role: Role,
    /// Shown name, e.g. 河口教学点 三年级.
    pub name: String,
    /// The paired screen, for classrooms.
    pub device_id: Option<DeviceId>,
    /// Is a page connected over the lesson WebSocket?
    pub present: bool,
    /// Sources the sfu receives now.
    pub publishing: Vec<Source>,
    /// Muted by the teacher: routed to nobody.
    pub muted: bool,
    /// When the hand went up; the order of raised hands.
    pub hand_raised_at: Option<UnixMillis>,
    /// When last called on stage.
    pub last_on_stage_at: Option<UnixMillis>,
    /// Link as the sfu sees it.
    pub link: Link,
}

/// Is the lesson being captured?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Not asked for.
    Off,
    /// Asked for; the recorder is not capturing yet (or again).
    Starting,
    /// Packets reach the disk.
    On,
    /// The recorder reports a failure, named in [`LessonView::recording_alarm`]; the lesson goes on.
    Failed,
}

/// The whole lesson as a page sees it. Sent complete after each change: at most 18 participants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LessonView {
    /// Identity.
    pub id: LessonId,
    /// Title, e.g. 三年级音乐：茉莉花.
    pub title: String,
    /// Where the lesson stands.
    pub state: LessonState,
    /// Codec of every picture in this lesson.
    pub video_codec: VideoCodec,
    /// Is it to be recorded while live? What the recorder makes of that is `recording`.
    pub record: bool,
    /// When it is to begin, if on a timetable.
    pub starts_at: Option<UnixMillis>,
    /// When it became live.
    pub started_at: Option<UnixMillis>,
    /// When it ended.
    pub ended_at: Option<UnixMillis>,
    /// Teacher first, then classrooms in the order they were admitted.
    pub participants: Vec<Participant>,
    /// The classroom being called on.
    pub on_stage: Option<ParticipantId>,
    /// Is the lesson being captured?
    pub recording: RecordingState,
    /// Why recording has failed, or has not begun.
    pub recording_alarm: Option<RecordingAlarm>,
    /// The six-digit code a classroom screen types; only the teacher sees it.
    pub code: Option<String>,
    /// The resource made of this lesson, once there is one.
    pub resource_id: Option<ResourceId>,
}

/// A fact of the lesson that composing and chapters need; kept in the recording's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LessonEvent {
    /// Grows by one within a recording, from 1; an event is accepted once.
    pub seq: u64,
    /// When it happened, by signaling's clock.
    pub at: UnixMillis,
    /// What happened.
    pub kind: LessonEventKind,
}

/// What happened in a lesson.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LessonEventKind {
    /// The lesson (and its recording) began or went on after a pause.
    Live {
        /// Who teaches: their camera, board and microphone are composed.
        teacher: ParticipantId,
    },
    /// A break: nothing from here to the next `live` is composed.
    Paused,
    /// Who is on stage from now on.
    Stage {
        /// Nobody: the stage is empty.
        participant: Option<ParticipantId>,
        /// Shown name, for the chapter.
        name: Option<String>,
    },
    /// A participant's microphone is muted by the teacher, or no longer.
    Muted {
        /// Whose.
        participant: ParticipantId,
        /// From now on.
        muted: bool,
    },
    /// The lesson is over.
    Ended,
}

/// What a recording is of; names for its manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordingOf {
    /// The capture.
    pub recording_id: RecordingId,
    /// Its lesson.
    pub lesson_id: LessonId,
    /// The lesson's title.
    pub title: String,
}
