//! A timetable as iCalendar (RFC 5545), for the calendars of phones and offices.
//!
//! Times are UTC, which needs no time zone rules; a change keeps the lesson's UID and raises its SEQUENCE; a cancelled
//! lesson stays, as CANCELLED, so that calendars strike it out. Same lessons, same bytes: the text's hash is its ETag.

use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};
use std::collections::HashMap;
use tongtang_protocol::ids::TimetableLessonId;
use tongtang_protocol::timetable::{TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

/// The calendar called `name`; `updated`: when each lesson was changed last.
pub fn calendar(
    name: &str,
    lessons: &[TimetableLessonView],
    updated: &HashMap<TimetableLessonId, UnixMillis>,
) -> String {
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new("PRODID", "-//Tongtang//Timetable//ZH"))
        .append_property(Property::new("CALSCALE", "GREGORIAN"))
        .name(name);
    for lesson in lessons {
        calendar.push(event(lesson, updated.get(&lesson.id).copied().unwrap_or(lesson.starts_at)));
    }
    calendar.to_string()
}

fn event(lesson: &TimetableLessonView, updated: UnixMillis) -> Event {
    let status = match lesson.state {
        TimetableState::Cancelled | TimetableState::Missed => EventStatus::Cancelled,
        TimetableState::Planned | TimetableState::Held => EventStatus::Confirmed,
    };
    let classes: Vec<String> =
        lesson.classes.iter().map(|class| format!("{} {}", class.org_name, class.class_name)).collect();
    let mut event = Event::new();
    event
        .uid(&format!("{}@tongtang", lesson.id))
        .sequence(lesson.version)
        .status(status)
        .summary(&lesson.title)
        .location(&format!("{} {}", lesson.org_name, lesson.classroom_name))
        .description(&format!("{}\n{}", lesson.teacher_name, classes.join("\n")))
        .add_property("DTSTAMP", utc(updated))
        .add_property("DTSTART", utc(lesson.starts_at))
        .add_property("DTEND", utc(lesson.ends_at));
    event.done()
}

/// `20260901T000500Z`
fn utc(at: UnixMillis) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000))
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}
