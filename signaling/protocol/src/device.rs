//! Classroom screens: how one is paired by a code that it shows, and what is known of it afterwards.

use crate::ids::{ClassroomId, DeviceId, OrgId};
use crate::message::NextLesson;
use crate::units::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest name of a page's version or of a browser, in characters.
pub const MAX_SOFTWARE_CHARS: usize = 64;

/// `POST /api/screen-codes`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScreenAsks {
    /// What the screen was given with its first code; absent: it has none yet.
    #[serde(default)]
    pub secret: Option<String>,
    /// The code it shows. The answer then comes when something else is true, or after ten seconds.
    #[serde(default)]
    pub shown: Option<String>,
}

/// How a screen that waits to be paired stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ScreenPairing {
    /// It shows this code, and asks again.
    Waiting {
        /// Six digits.
        code: String,
        /// The screen's own, which the code does not reveal. Once somebody has typed the code, it is the screen's
        /// credential for the lesson WebSocket, for ever.
        secret: String,
        /// The code's life from now on, in seconds. Screens' clocks are often wrong.
        expires_in_s: u64,
    },
    /// Its secret is its credential now.
    Paired,
}

/// `POST /api/devices`: somebody types the code that a screen shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScreenClaim {
    /// Six digits.
    pub code: String,
    /// Where the screen stands.
    pub classroom_id: ClassroomId,
    /// Shown name.
    pub name: String,
}

/// A camera or a microphone, as the page of the screen finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputHealth {
    /// Open.
    Fine,
    /// None was found.
    Missing,
    /// The browser does not allow it.
    Denied,
    /// Another program has it.
    Busy,
    /// The page was not opened over HTTPS.
    Insecure,
}

/// The media link of a screen that is in a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScreenLink {
    /// Round trip in milliseconds.
    #[serde(default)]
    pub rtt_ms: Option<u32>,
    /// Of a thousand packets towards the screen so many were lost, since the last report.
    #[serde(default)]
    pub loss_permille: Option<u32>,
    /// What it receives, in bits per second.
    #[serde(default)]
    pub down_bps: Option<u32>,
}

/// What a screen's page knows of itself; nothing of the people before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScreenHealth {
    /// Of the page.
    pub version: String,
    /// Name and version.
    pub browser: String,
    /// Of the whole screen, in its own pixels.
    pub width_px: u32,
    /// The same.
    pub height_px: u32,
    /// The room's camera.
    pub camera: InputHealth,
    /// The room's microphone.
    pub microphone: InputHealth,
    /// In a lesson.
    #[serde(default)]
    pub link: Option<ScreenLink>,
    /// What the browser may still store, in MiB, if it says.
    #[serde(default)]
    pub free_mib: Option<u32>,
    /// Since the page was loaded, in seconds.
    pub uptime_s: u32,
}

/// Why somebody should look after a screen; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScreenTrouble {
    /// No page of it is connected.
    Offline,
    /// It stands in no classroom, so it joins no lesson by itself.
    NoClassroom,
    /// Its page was not opened over HTTPS: browsers give it neither camera nor microphone.
    Insecure,
    /// No camera was found.
    CameraMissing,
    /// The browser does not allow the camera.
    CameraDenied,
    /// Another program has the camera.
    CameraBusy,
    /// No microphone was found.
    MicrophoneMissing,
    /// The browser does not allow the microphone.
    MicrophoneDenied,
    /// Another program has the microphone.
    MicrophoneBusy,
    /// In the lesson it is in, packets are lost or late.
    WeakLink,
}

/// A screen as those see it who look after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScreenView {
    /// Identity.
    pub id: DeviceId,
    /// Shown name.
    pub name: String,
    /// The next lesson it is invited to, if known.
    pub next_lesson: Option<NextLesson>,
    /// When it was paired.
    pub paired_at: UnixMillis,
    /// Where it stands.
    pub classroom_id: Option<ClassroomId>,
    /// That classroom's name.
    pub classroom_name: Option<String>,
    /// That classroom's school.
    pub org_id: Option<OrgId>,
    /// That school's name.
    pub org_name: Option<String>,
    /// Is its page connected?
    pub is_online: bool,
    /// Is it in a lesson?
    pub is_in_lesson: bool,
    /// When it last reported; written once a minute at most.
    pub last_seen_at: Option<UnixMillis>,
    /// Its last report.
    pub health: Option<ScreenHealth>,
    /// Why somebody should look after it; the worst first.
    pub troubles: Vec<ScreenTrouble>,
}
