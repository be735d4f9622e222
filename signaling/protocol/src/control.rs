//! What signaling says to its nodes, and hears from them.
//!
//! A node (sfu or recorder) registers with signaling: `POST /internal/nodes` with [`Register`],
//! repeated every [`HEARTBEAT_S`] as heartbeat; the answer is [`Registered`]. Signaling then
//! drives the node over the node's own HTTP control API (`Authorization: Bearer` control secret,
//! both directions) and reads `GET /control/events`, an NDJSON stream: first one `snapshot`, then
//! changes. Every PUT, POST and DELETE may be repeated with the same effect as once.

use crate::ids::{JobId, NodeId, ParticipantId, RecordingId, RoomId};
use crate::lesson::{LessonEvent, Link, RecordingOf, Source, VideoCodec};
use crate::library::{Chapter, JobStep};
use crate::trouble::{JobFailure, RecordingAlarm};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use utoipa::ToSchema;

/// Seconds between heartbeats of a node. Three missed: the node counts as gone.
pub const HEARTBEAT_S: u64 = 2;

/// Longest line of a node's event stream, in bytes. Signaling gives a stream with a longer one up, so a node
/// keeps its snapshot below: it always tells what is open, and of what has ended the newest.
pub const MAX_EVENT_LINE_BYTES: usize = 8 * 1024 * 1024;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Routes media.
    Sfu,
    /// Captures and composes.
    Recorder,
}

/// A node says that it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Register {
    /// Stable name of the machine and program.
    pub node_id: NodeId,
    /// What it is.
    pub kind: NodeKind,
    /// Chosen at process start; a new one means that all rooms and sessions are gone.
    pub epoch: u64,
    /// Base URL of its HTTP API, e.g. `http://127.0.0.1:8081`.
    pub http_url: String,
    /// For an sfu: where recorders and relays reach its QUIC tap.
    #[schema(value_type = Option<String>)]
    pub tap_addr: Option<SocketAddr>,
    /// Is it leaving: takes no new rooms or recordings.
    pub draining: bool,
}

/// Signaling's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Registered {
    /// Ed25519 public key (SubjectPublicKeyInfo PEM) that room tokens verify against.
    pub token_public_key_pem: String,
}

/// Seconds of silence after which a line of an event stream says that the connection still lives.
pub const KEEP_ALIVE_S: u64 = 15;

/// Longest session description that is passed on and read, in bytes: Chromium's offer with 22 m-lines has 95 KiB, with
/// 40 it would have 175. The sender of a longer one is refused.
pub const MAX_SDP_BYTES: usize = 256 * 1024;

// ---- sfu ----------------------------------------------------------------------------------

/// `PUT /control/rooms/{room}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomSpec {
    /// Codec every publisher is answered with.
    pub video_codec: VideoCodec,
    /// What feeds the slots.
    pub routes: Routes,
}

/// What feeds the slots of a room. `PUT /control/rooms/{room}/routes`
///
/// | slot | fed by |
/// |---|---|
/// | `teacher` | the teacher's camera |
/// | `board` | the teacher's board |
/// | `stage` | the camera of the participant on stage (not sent back to itself) |
/// | `wall0`… | the cameras of `wall`, in order, smallest layer |
/// | `audio0`…`audio2` | the loudest microphones of the room but one's own; the teacher always has `audio0` elsewhere |
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Routes {
    /// Who teaches.
    pub teacher: Option<ParticipantId>,
    /// Who is on stage.
    pub stage: Option<ParticipantId>,
    /// Small pictures, at most 16.
    pub wall: Vec<ParticipantId>,
    /// Whose microphone reaches nobody (and is not recorded).
    pub muted: Vec<ParticipantId>,
}

/// A line of an sfu's event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SfuEvent {
    /// First line: all rooms as they are.
    Snapshot {
        /// Same as in [`Register`].
        epoch: u64,
        /// All rooms.
        rooms: Vec<RoomSnapshot>,
    },
    /// A participant's tracks or connection changed; replaces what was known of it.
    Participant {
        /// The room.
        room: RoomId,
        /// The participant as it is now.
        participant: SfuParticipant,
    },
    /// Sent every [`KEEP_ALIVE_S`] so that a dead connection is noticed.
    KeepAlive,
}

/// A room of an sfu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoomSnapshot {
    /// The room.
    pub room: RoomId,
    /// Everybody with a WHIP or WHEP session.
    pub participants: Vec<SfuParticipant>,
}

/// A participant as the sfu sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SfuParticipant {
    /// Identity.
    pub id: ParticipantId,
    /// Has a connected publishing session.
    pub publishing: bool,
    /// Has a connected subscribing session.
    pub subscribing: bool,
    /// Sources from which packets arrive.
    pub sources: Vec<Source>,
    /// Link.
    pub link: Link,
}

// ---- recorder -----------------------------------------------------------------------------

/// `PUT /control/recordings/{recording}`: capture this room until `finish`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordingSpec {
    /// What is captured.
    pub of: RecordingOf,
    /// The sfu's room.
    pub room: RoomId,
    /// The sfu's QUIC tap. A later PUT with another address (the sfu moved or restarted) reconnects.
    #[schema(value_type = String)]
    pub tap_addr: SocketAddr,
    /// The sfu's epoch, so that a recorder knows a restarted sfu has new flows.
    pub sfu_epoch: u64,
}

/// `POST /control/recordings/{recording}/events`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AppendEvents {
    /// In order; those already known are skipped.
    pub events: Vec<LessonEvent>,
}

/// What a recording is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureState {
    /// Asked for, no packet yet, or reconnecting to the tap.
    Waiting,
    /// Packets reach the disk.
    Capturing,
    /// Closed cleanly; may be composed.
    Finished,
    /// Stopped by itself: the disk is nearly full or failing.
    Alarmed,
}

/// A recording as its recorder knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordingStatus {
    /// The capture.
    pub recording_id: RecordingId,
    /// What it is doing.
    pub state: CaptureState,
    /// Why it waits or has stopped.
    pub alarm: Option<RecordingAlarm>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Milliseconds of known gaps.
    pub gap_ms: u64,
    /// Last lesson event that is on disk.
    pub last_event_seq: u64,
}

/// `PUT /control/jobs/{job}`: compose a finished recording. `DELETE` cancels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComposeSpec {
    /// The recording.
    pub recording_id: RecordingId,
}

/// How a compose job stands on its recorder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ComposeState {
    /// Behind other jobs.
    Queued,
    /// Working.
    Running {
        /// 0 to 100.
        percent: u8,
        /// What it is doing.
        step: JobStep,
        /// Seconds left, estimated.
        eta_s: Option<u32>,
    },
    /// Done; the files stand in the recording's output folder.
    Done {
        /// What was made.
        output: ComposeOutput,
    },
    /// Failed.
    Failed {
        /// Why.
        failure: JobFailure,
    },
    /// Stopped by DELETE.
    Cancelled,
}

/// What composing made. Paths are relative to the recorder's media folder and contain no `..`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComposeOutput {
    /// HLS master playlist, e.g. `rec-1/hls/master.m3u8`.
    pub playlist: String,
    /// JPEG.
    pub poster: String,
    /// Length of the composed video.
    pub duration_ms: u64,
    /// Chapters.
    pub chapters: Vec<Chapter>,
    /// Milliseconds that were not captured.
    pub gap_ms: u64,
}

/// A compose job as its recorder knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComposeStatus {
    /// The job.
    pub job_id: JobId,
    /// Its recording.
    pub recording_id: RecordingId,
    /// How it stands.
    #[serde(flatten)]
    pub state: ComposeState,
}

/// A line of a recorder's event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RecorderEvent {
    /// First line: what this recorder holds.
    Snapshot {
        /// Same as in [`Register`].
        epoch: u64,
        /// All recordings captured now, and of those not composed yet the last ones.
        recordings: Vec<RecordingStatus>,
        /// All jobs that wait or run, and of those that ended the last ones. An older one is told again when
        /// it is put again.
        jobs: Vec<ComposeStatus>,
    },
    /// A recording changed; replaces what was known of it.
    Recording {
        /// As it is now.
        recording: RecordingStatus,
    },
    /// A job changed; replaces what was known of it.
    Job {
        /// As it is now.
        job: ComposeStatus,
    },
    /// Sent every [`KEEP_ALIVE_S`] so that a dead connection is noticed.
    KeepAlive,
}
