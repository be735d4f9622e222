//! Many subscribers ask for keyframes; the encoder hears of it now and then.

use crate::content::Video;
use crate::world::{ALL, LAYERS, World, room};
use std::time::Duration;
use tongtang_protocol::lesson::VideoCodec;
use tongtang_sfu::ingress::keyframes::MIN_INTERVAL;
use tongtang_sfu::tap;

#[test]
fn a_storm_of_plis_is_merged_to_a_few_a_second() {
    let mut world = World::new(1, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let screens: Vec<usize> = (0..10).map(|n| world.subscribe(&format!("c{n}"), &["teacher"])).collect();
    world.run_for(Duration::from_secs(3));
    world.sender(teacher).plis.clear();
    for _ in 0..100 {
        for &screen in &screens {
            world.receiver(screen).ask_keyframe(0);
        }
        world.run_for(Duration::from_millis(30));
    }
    let plis = world.sender(teacher).plis.clone();
    assert!((8..=11).contains(&plis.len()), "{} in 3 s", plis.len());
    let early = world.jitter;
    assert!(plis.windows(2).all(|w| w[1] - w[0] + early >= MIN_INTERVAL));
    assert!(world.counter("keyframe_requests_in") >= 900);
    for &screen in &screens {
        world.receiver(screen).slots[&0].check();
    }
}

#[test]
fn a_layer_that_is_switched_off_is_asked_for_only_when_it_is_on_again() {
    let mut world = World::new(2, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    world.run_for(Duration::from_secs(3));
    let large = world.sender(teacher).streams.iter().position(|s| s.rid == Some("h")).unwrap();
    world.sender(teacher).streams[large].is_on = false;
    world.run_for(Duration::from_secs(3));

    // A recorder comes: it waits for a keyframe of every layer there is.
    let (writer, _reader) = tap::ring(tap::RING_BYTES, 0);
    let now = world.time();
    world.engine.attach_tap(now, &room(), writer).unwrap();
    world.sender(teacher).plis.clear();
    world.run_for(Duration::from_secs(2));
    assert!(!world.sender(teacher).plis.is_empty(), "those that are on are asked for");
    world.sender(teacher).plis.clear();
    world.run_for(Duration::from_secs(20));
    assert_eq!(world.sender(teacher).plis.len(), 0, "nobody can answer for the one that is off");

    // Some encoders go on where they were.
    let stream = &mut world.sender(teacher).streams[large];
    (stream.is_on, stream.needs_keyframe) = (true, false);
    world.run_for(Duration::from_secs(1));
    assert!(!world.sender(teacher).plis.is_empty(), "the recorder still waits for it");
}
