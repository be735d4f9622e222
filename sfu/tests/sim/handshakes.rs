//! Steps of handshakes that are taken elsewhere and come back late, or for nobody.

use crate::content::Video;
use crate::world::{ALL, LAYERS, World};
use std::time::Duration;
use tongtang_protocol::lesson::VideoCodec;
use tongtang_sfu::peer::MAX_WAITING_DATAGRAMS;

/// Longer than a browser waits before it repeats a flight (400 ms).
const SLOW: Duration = Duration::from_millis(700);

/// A ChangeCipherSpec: part of any handshake, and worth keeping until its turn.
const CHANGE_CIPHER_SPEC: [u8; 14] = [20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1];

#[test]
fn steps_that_take_longer_than_browsers_wait_still_end_in_a_lesson() {
    let mut world = World::new(1, VideoCodec::Vp8);
    world.handshake_step_takes = SLOW;
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let screens: Vec<usize> =
        (0..5).map(|n| world.subscribe(&format!("c{n}"), &["teacher", "audio0"])).collect();
    world.run_until(Duration::from_secs(8), "every screen has a picture", |world| {
        screens.iter().all(|&screen| world.receiver(screen).slots[&0].played.len() > 10)
    });
    assert_eq!(world.counter("sessions_ended"), 0);
}

#[test]
fn a_step_whose_session_has_ended_meanwhile_changes_nothing() {
    let mut world = World::new(2, VideoCodec::Vp8);
    world.handshake_step_takes = SLOW;
    let screen = world.subscribe("c", &["teacher"]);
    world.run_until(Duration::from_secs(1), "a step is under way", |world| !world.steps.is_empty());
    let session = world.browsers[screen].session.clone();
    let now = world.time();
    world.engine.close(now, &session).unwrap();
    world.browsers[screen].is_silent = true;
    world.run_for(2 * SLOW);
    assert!(world.steps.is_empty());
    assert_eq!((world.engine.stats().sessions, world.counter("sessions_ended")), (0, 1));
}

#[test]
fn what_comes_while_a_step_is_under_way_waits_up_to_a_bound() {
    let mut world = World::new(3, VideoCodec::Vp8);
    world.handshake_step_takes = SLOW;
    let screen = world.subscribe("c", &["teacher"]);
    world.run_until(Duration::from_secs(1), "a step is under way", |world| !world.steps.is_empty());
    let (now, path) = (world.time(), world.browsers[screen].path);
    let before = world.counter("dtls_refused");
    for _ in 0..MAX_WAITING_DATAGRAMS {
        world.engine.handle_datagram(now, path, &mut CHANGE_CIPHER_SPEC.clone());
    }
    assert_eq!(world.counter("dtls_refused"), before);
    for _ in 0..100 {
        world.engine.handle_datagram(now, path, &mut CHANGE_CIPHER_SPEC.clone());
    }
    assert_eq!(world.counter("dtls_refused"), before + 100);
    assert!(!world.engine.has_handshakes(), "one step a session at a time");
}
