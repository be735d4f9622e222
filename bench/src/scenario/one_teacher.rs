//! One teacher with camera and microphone, many screens that show both.

use super::hall::Hall;
use super::{Measured, Settings, bare_loop, sample_every};
use crate::cpu;
use crate::join::{Camera, Screens};
use crate::media::Clip;
use crate::publisher::Sent;
use crate::sfu::TEACHER;
use crate::studio;
use std::sync::Arc;
use std::time::Duration;

const ROOM: &str = "lesson";
/// What a screen shows.
const SLOTS: &str = "teacher,audio0";

/// One run with so many screens, which come within so long (`None`: as fast as the server takes them).
pub fn run(settings: &Settings, subscribers: usize, within: Option<Duration>) -> anyhow::Result<Measured> {
    let clip = Clip::load(settings.clip, false)?;
    let mut measured = cpu::on_cores(&settings.own_cores, || -> anyhow::Result<Measured> {
        let hall = Hall::open(settings, sample_every(subscribers))?;
        let screens = screens(subscribers, within);
        begin(settings, &hall, &clip)?;
        let (refusal, memory_bytes_per_subscriber) = hall.fill(settings, &screens)?;
        let measured = hall.measure(settings, 0..subscribers, &expected)?;
        Ok(Measured { refusal, memory_bytes_per_subscriber, ..measured })
    })??;
    bare_loop::add_to(&mut measured, settings, &clip)?;
    Ok(measured)
}

/// The audience of such a lesson.
pub fn screens(count: usize, within: Option<Duration>) -> Screens<'static> {
    Screens { room: ROOM, slots: SLOTS, count, within }
}

/// Makes the room and begins to teach.
pub fn begin(settings: &Settings, hall: &Hall, clip: &Arc<Clip>) -> anyhow::Result<()> {
    hall.sfu.make_room(ROOM, clip.codec, &[], None)?;
    let uplink_mbit = settings.uplink_mbit;
    hall.place().publish(&Camera { room: ROOM, participant: TEACHER, clip, number: 1, uplink_mbit })
}

/// Packets that each of them should get.
pub fn expected(view: &studio::View, _number: usize) -> u64 {
    view.publishers.iter().map(Sent::expected).sum()
}
