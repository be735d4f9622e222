//! Many lessons of a district at once: a teacher and four classrooms each, pictures both ways, opening at the bell.
//!
//! In each the teacher's camera goes to the classrooms, the first classroom is on stage and sends a full picture, the
//! others send a small one for the teacher's wall; everybody has a microphone.

use super::hall::Hall;
use super::{MAX_SAMPLE_EVERY, Measured, Settings, bare_loop};
use crate::cpu;
use crate::join::{Camera, Screen, Slot, in_turn};
use crate::media::{Clip, Layers};
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

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cast {
    /// Everybody sends and receives.
    Whole,
    /// Everybody sends only.
    PublishersAlone,
}

/// What a server of so many lessons grew by.
struct Opened {
    hall: Hall,
    memory_bytes: f64,
}

/// One run with so many lessons. What a subscriber takes of memory is what the server grows by more than with the same
/// publishers alone, which is measured too when `takes_apart`.
pub fn run(settings: &Settings, lessons: usize, takes_apart: bool) -> anyhow::Result<Measured> {
    let subscribers = lessons * PEOPLE;
    let clips = [Clip::load(settings.clip, Layers::All)?, Clip::load(settings.clip, Layers::Smallest)?];
    let alone = || -> anyhow::Result<f64> {
        let open = || open_all(settings, lessons, &clips, Cast::PublishersAlone);
        Ok(cpu::on_cores(&settings.own_cores, open)??.memory_bytes)
    };
    let publishers = takes_apart.then(alone).transpose()?;
    let mut measured = cpu::on_cores(&settings.own_cores, || -> anyhow::Result<Measured> {
        let Opened { hall, memory_bytes } = open_all(settings, lessons, &clips, Cast::Whole)?;
        // At least the sound; spans of sequence numbers tell the rest.
        let expected =
            |view: &studio::View, _| view.publishers.iter().map(Sent::voices).min().unwrap_or_default();
        let measured = hall.measure(settings, 0..subscribers, &expected)?;
        let each = |bytes: f64| bytes.max(0.0) / subscribers as f64;
        Ok(Measured {
            memory_bytes_per_subscriber: publishers.map(|publishers| each(memory_bytes - publishers)),
            memory_growth_bytes_per_subscriber: Some(each(memory_bytes)),
            ..measured
        })
    })??;
    let [large, small] = &clips;
    bare_loop::add_lessons_to(&mut measured, settings, [large, small], lessons)?;
    Ok(measured)
}

/// A server on which so many lessons have opened and settled.
fn open_all(
    settings: &Settings,
    lessons: usize,
    clips: &[Arc<Clip>; 2],
    cast: Cast,
) -> anyhow::Result<Opened> {
    let hall = Hall::open(settings, MAX_SAMPLE_EVERY)?;
    let empty = hall.sfu.process.resident_bytes()?;
    let failure = Mutex::new(None);
    in_turn(lessons, OPENERS, OPEN_WITHIN, |lesson| {
        let outcome = open(settings, &hall, lesson, clips, cast);
        let note = |error| failure.lock().map(|mut failure| failure.replace((lesson, error)));
        outcome.map_err(note).is_ok()
    });
    if let Some((lesson, error)) = failure.into_inner().unwrap_or_default() {
        return Err(error.context(format!("lesson {} of {lessons} did not open", lesson + 1)));
    }
    if cast == Cast::Whole {
        hall.place().await_media(lessons * PEOPLE)?;
    }
    std::thread::sleep(settings.warm_up);
    let memory_bytes = hall.sfu.process.resident_bytes()?.saturating_sub(empty) as f64;
    Ok(Opened { hall, memory_bytes })
}

/// What a person's page shows; publishers are known by their numbers, the teacher's is `first`.
fn slots(first: u16, person: usize) -> Vec<Slot> {
    let classroom = |number: usize| first + 1 + number as u16;
    let stage = Slot::of("stage", [classroom(0)]);
    let voices = Slot::of("audio0", (0..PEOPLE as u16).map(|number| first + number));
    if person == 0 {
        let wall = (0..CLASSROOMS).map(|number| Slot::of(format!("wall{number}"), [classroom(number)]));
        wall.chain([stage, voices]).collect()
    } else {
        vec![Slot::of("teacher", [first]), stage, voices]
    }
}

/// One lesson: the teacher first, as lessons are opened.
fn open(
    settings: &Settings,
    hall: &Hall,
    lesson: usize,
    [large, small]: &[Arc<Clip>; 2],
    cast: Cast,
) -> anyhow::Result<()> {
    let room = format!("lesson-{lesson}");
    let classrooms: Vec<String> = (0..CLASSROOMS).map(|number| format!("class-{number}")).collect();
    hall.sfu.make_room(&room, large.codec, &classrooms, classrooms.first().map(String::as_str))?;
    let place = hall.place();
    let people = std::iter::once(TEACHER).chain(classrooms.iter().map(String::as_str));
    let first = (lesson * PEOPLE) as u16;
    let begin = |person: usize, participant: &str| {
        // The teacher and who is on stage.
        let clip = if person < 2 { large } else { small };
        let (number, uplink_mbit) = (first + person as u16, settings.uplink_mbit);
        place.publish(&Camera { room: &room, participant, clip, number, uplink_mbit })
    };
    let sit = |person: usize, participant: &str| {
        if cast == Cast::PublishersAlone {
            return Ok(());
        }
        let slots = slots(first, person);
        let (slots, room) = (slots.as_slice(), room.as_str());
        let screen = Screen { room, slots, clip: large, access: None, keeps: false, since_first: true };
        place.seat(&screen, participant, lesson * PEOPLE + person)
    };
    // The teacher's page waits for nobody who is not there yet: a join is measured when there is something to see.
    let people: Vec<&str> = people.collect();
    begin(0, people[0])?;
    for (person, participant) in people.iter().enumerate().skip(1) {
        begin(person, participant)?;
        if person == 1 {
            sit(0, people[0])?;
        }
        sit(person, participant)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_teacher_sees_all_classrooms_and_they_see_the_teacher() {
        let names = |person| -> Vec<(String, Vec<u16>)> {
            slots(10, person).into_iter().map(|slot| (slot.name, slot.sources)).collect()
        };
        assert_eq!(names(0)[..2], [("wall0".to_owned(), vec![11]), ("wall1".to_owned(), vec![12])]);
        assert_eq!(names(0)[4], ("stage".to_owned(), vec![11]));
        assert_eq!(names(3)[..2], [("teacher".to_owned(), vec![10]), ("stage".to_owned(), vec![11])]);
        assert_eq!(names(3)[2], ("audio0".to_owned(), vec![10, 11, 12, 13, 14]));
    }
}
