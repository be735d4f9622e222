//! One teacher with camera and microphone, many screens that show both.

use super::hall::Hall;
use super::{Measured, Settings, bare_loop, sample_every};
use crate::audience::Access;
use crate::cpu;
use crate::join::{Camera, Screen, Screens, Slot};
use crate::media::{Clip, Layers};
use crate::publisher::Sent;
use crate::sfu::TEACHER;
use crate::studio;
use std::sync::Arc;
use std::time::Duration;

const ROOM: &str = "lesson";
const NUMBER: u16 = 1;
/// In audiences up to this size one subscriber's picture is decoded.
const MAX_DECODED_AUDIENCE: usize = 50;

/// Who comes, and how.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// How many.
    pub screens: usize,
    /// Within so long; `None`: as fast as the server takes them.
    pub within: Option<Duration>,
    /// Over such links.
    pub access: Option<Access>,
}

impl Crowd {
    /// So many, beside the server, as fast as it takes them.
    pub fn of(screens: usize) -> Self {
        Self { screens, within: None, access: None }
    }
}

/// One run, with the bare loop beside it.
pub fn run(settings: &Settings, crowd: Crowd) -> anyhow::Result<Measured> {
    let mut measured = without_limit(settings, crowd)?;
    let clip = Clip::load(settings.clip, Layers::All)?;
    bare_loop::add_to(&mut measured, settings, &clip)?;
    Ok(measured)
}

/// One run.
pub fn without_limit(settings: &Settings, crowd: Crowd) -> anyhow::Result<Measured> {
    let clip = Clip::load(settings.clip, Layers::All)?;
    cpu::on_cores(&settings.own_cores, || -> anyhow::Result<Measured> {
        let hall = Hall::open(settings, sample_every(crowd.screens))?;
        begin(settings, &hall, &clip)?;
        let slots = slots();
        let filled = hall.fill(settings, &screens(&clip, &slots, crowd))?;
        let measured = hall.measure(settings, 0..crowd.screens, &expected)?;
        let mut measured = filled.with(measured);
        if let Some((codec, kept)) = hall.around.audience.take_kept(0)?
            && let Some(decoded) = kept.decode(codec)?
        {
            measured.frames = Some(decoded.frames as f64);
            measured.decoded_frames = Some(decoded.pictures as f64);
        }
        Ok(measured)
    })?
}

/// What a screen shows.
pub fn slots() -> [Slot; 2] {
    [Slot::of("teacher", [NUMBER]), Slot::of("audio0", [NUMBER])]
}

/// The audience of such a lesson.
pub fn screens<'a>(clip: &'a Arc<Clip>, slots: &'a [Slot], crowd: Crowd) -> Screens<'a> {
    let Crowd { screens: count, within, access } = crowd;
    let keeps = count <= MAX_DECODED_AUDIENCE && access.is_none();
    let screen = Screen { room: ROOM, slots, clip, access, keeps, since_first: within.is_some() };
    Screens { screen, count, first: 0, within }
}

/// Makes the room and begins to teach.
pub fn begin(settings: &Settings, hall: &Hall, clip: &Arc<Clip>) -> anyhow::Result<()> {
    hall.sfu.make_room(ROOM, clip.codec, &[], None)?;
    let uplink_mbit = settings.uplink_mbit;
    hall.place().publish(&Camera { room: ROOM, participant: TEACHER, clip, number: NUMBER, uplink_mbit })
}

/// Packets that each of them should get.
pub fn expected(view: &studio::View, _number: usize) -> u64 {
    view.publishers.iter().map(Sent::expected).sum()
}
