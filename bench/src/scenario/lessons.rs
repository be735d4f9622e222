//! Many lessons of a district at once: a teacher and four classrooms each, pictures both ways, opening at the bell.
//!
//! In each the teacher's camera goes to the classrooms, the first classroom is on stage and sends a full picture, the
//! others send a small one for the teacher's wall; everybody has a microphone.

use super::hall::Hall;
use super::{MAX_SAMPLE_EVERY, Measured, Settings};
use crate::cpu;
use crate::join::{Camera, in_turn};
use crate::media::Clip;
use crate::publisher::Sent;
use crate::sfu::TEACHER;
use crate::studio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CLASSROOMS: usize = 4;
/// Sessions of each kind in a lesson.
const PEOPLE: usize = CLASSROOMS + 1;
/// How long they take to open, all of them.
const OPEN_WITHIN: Duration = Duration::from_secs(30);
/// Lessons that open at once.
const OPENERS: usize = 16;
const CLASSROOM_SLOTS: &str = "teacher,stage,audio0";
const TEACHER_SLOTS: &str = "wall0,wall1,wall2,wall3,stage,audio0";

/// One run with so many lessons.
pub fn run(settings: &Settings, lessons: usize) -> anyhow::Result<Measured> {
    let subscribers = lessons * PEOPLE;
    let (large, small) = (Clip::load(settings.clip, false)?, Clip::load(settings.clip, true)?);
    cpu::on_cores(&settings.own_cores, || -> anyhow::Result<Measured> {
        let hall = Hall::open(settings, MAX_SAMPLE_EVERY)?;
        let empty = hall.sfu.process.resident_bytes()?;
        let failure = Mutex::new(None);
        in_turn(lessons, OPENERS, OPEN_WITHIN, |lesson| {
            let outcome = open(settings, &hall, lesson, &large, &small);
            let note = |error| failure.lock().map(|mut failure| failure.replace((lesson, error)));
            outcome.map_err(note).is_ok()
        });
        if let Some((lesson, error)) = failure.into_inner().unwrap_or_default() {
            return Err(error.context(format!("lesson {} of {lessons} did not open", lesson + 1)));
        }
        hall.place().await_media(subscribers)?;
        std::thread::sleep(settings.warm_up);
        let full = hall.sfu.process.resident_bytes()?;
        // At least the sound; spans of sequence numbers tell the rest.
        let expected =
            |view: &studio::View, _| view.publishers.iter().map(Sent::voices).min().unwrap_or_default();
        let measured = hall.measure(settings, 0..subscribers, &expected)?;
        let memory = full.saturating_sub(empty) as f64 / subscribers as f64;
        Ok(Measured { memory_bytes_per_subscriber: Some(memory), ..measured })
    })?
}

/// One lesson: the teacher first, as lessons are opened.
fn open(
    settings: &Settings,
    hall: &Hall,
    lesson: usize,
    large: &Arc<Clip>,
    small: &Arc<Clip>,
) -> anyhow::Result<()> {
    let room = format!("lesson-{lesson}");
    let classrooms: Vec<String> = (0..CLASSROOMS).map(|number| format!("class-{number}")).collect();
    hall.sfu.make_room(&room, large.codec, &classrooms, classrooms.first().map(String::as_str))?;
    let place = hall.place();
    let people = std::iter::once(TEACHER).chain(classrooms.iter().map(String::as_str));
    for (number, participant) in people.enumerate() {
        let number_of_all = lesson * PEOPLE + number;
        // The teacher and who is on stage.
        let clip = if number < 2 { large } else { small };
        place.publish(&Camera {
            room: &room,
            participant,
            clip,
            number: number_of_all as u16,
            uplink_mbit: settings.uplink_mbit,
        })?;
        let slots = if participant == TEACHER { TEACHER_SLOTS } else { CLASSROOM_SLOTS };
        place.seat(&room, slots, participant, number_of_all, true)?;
    }
    Ok(())
}
