//! Teachers who look at a wall of small pictures: many publishers of few packets each, all of them for everybody.

use super::hall::Hall;
use super::{Measured, Settings, bare_loop, sample_every};
use crate::cpu;
use crate::join::{Camera, Screen, Screens, Slot, in_turn};
use crate::media::{Clip, Layers};
use crate::publisher::Sent;
use crate::studio;
use std::sync::Mutex;
use std::time::Duration;

/// Small pictures of a wall: as many as it can have.
pub const CAMERAS: u16 = 30;
/// Walls.
pub const SUBSCRIBERS: usize = 50;

const ROOM: &str = "wall";
/// Publishers that connect at once.
const JOINERS: usize = 4;
/// Cameras do not begin together, or their frames would come in step for ever.
const CAMERAS_COME_WITHIN: Duration = Duration::from_millis(1_500);

/// One run.
pub fn run(settings: &Settings) -> anyhow::Result<Measured> {
    let clip = Clip::load(settings.clip, Layers::Smallest)?;
    let mut measured = cpu::on_cores(&settings.own_cores, || -> anyhow::Result<Measured> {
        let hall = Hall::open(settings, sample_every(SUBSCRIBERS))?;
        let names: Vec<String> = (0..CAMERAS).map(|number| format!("class-{number}")).collect();
        hall.sfu.make_room(ROOM, clip.codec, &names, None)?;
        let failure = Mutex::new(None);
        in_turn(names.len(), JOINERS, CAMERAS_COME_WITHIN, |number| {
            let camera = Camera {
                room: ROOM,
                participant: &names[number],
                clip: &clip,
                number: number as u16,
                uplink_mbit: settings.uplink_mbit,
            };
            let outcome = hall.place().publish(&camera);
            outcome.map_err(|error| failure.lock().map(|mut failure| failure.replace(error))).is_ok()
        });
        if let Some(error) = failure.into_inner().unwrap_or_default() {
            return Err(error);
        }
        let slots: Vec<Slot> =
            (0..CAMERAS).map(|number| Slot::of(format!("wall{number}"), [number])).collect();
        let (slots, clip) = (slots.as_slice(), &clip);
        let screen = Screen { room: ROOM, slots, clip, access: None, keeps: false, since_first: false };
        let filled = hall.fill(settings, &Screens { screen, count: SUBSCRIBERS, first: 0, within: None })?;
        let expected = |view: &studio::View, _| view.publishers.iter().map(Sent::pictures).sum();
        let measured = hall.measure(settings, 0..SUBSCRIBERS, &expected)?;
        Ok(filled.with(measured))
    })??;
    bare_loop::add_wall_to(&mut measured, settings, &clip, CAMERAS)?;
    Ok(measured)
}
