//! Who is on one worker meets those on the other: told when wanted, forgotten when gone.

use crate::content::Video;
use crate::world::{ALL, LAYERS, World, id, room, routes};
use std::collections::BTreeSet;
use std::time::Duration;
use tongtang_protocol::control::Routes;
use tongtang_protocol::lesson::{LinkLevel, Source, VideoCodec};
use tongtang_sfu::engine::Event;
use tongtang_sfu::tap::{RING_BYTES, Tapped, ring};

#[test]
fn a_worker_without_subscribers_is_sent_nothing() {
    let mut world = World::new(1, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    // On the second worker, and it only publishes.
    world.publish("a", Video::Vp8, &LAYERS, &ALL);
    world.run_for(Duration::from_secs(2));
    assert!(
        [0, 1].iter().all(|worker| world.of_worker(*worker, "rtp_in_packets") > 100),
        "each has a publisher"
    );
    assert_eq!(world.counter("mirrored_packets"), 0);
    let screen = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(2));
    assert!(world.receiver(screen).slots[&0].frames() > 20);
    assert!(world.of_worker(1, "mirrored_packets") > 100);
    assert_eq!(world.of_worker(0, "mirrored_packets"), 0, "nobody subscribes there");
}

#[test]
fn a_worker_whose_last_subscriber_left_is_sent_nothing_any_more() {
    let mut world = World::new(2, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(2));
    assert!(world.receiver(screen).slots[&0].frames() > 20);
    world.close(screen);
    world.run_for(Duration::from_secs(1));
    let so_far = world.counter("mirrored_packets");
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.counter("mirrored_packets"), so_far);
    let again = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(2));
    assert!(world.receiver(again).slots[&0].frames() > 20, "and whoever comes back sees the teacher again");
}

#[test]
fn each_participant_is_told_of_once_and_gone_when_gone() {
    let mut world = World::new(3, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    world.publish("a", Video::Vp8, &LAYERS, &ALL);
    world.subscribe("a", &["teacher", "audio0"]);
    let wall = world.subscribe("t", &["wall0", "audio0"]);
    world.set_routes(&Routes { wall: vec![id("a")], ..routes() });
    world.run_for(Duration::from_secs(2));
    assert!(world.receiver(wall).slots[&0].frames() > 20, "the teacher sees the other worker's classroom");
    let snapshot = world.snapshot();
    let names: Vec<_> = snapshot[0].participants.iter().map(|who| who.id.clone()).collect();
    assert_eq!(names, [id("a"), id("t")]);
    assert!(snapshot[0].participants.iter().all(|who| who.publishing && who.subscribing));
    world.close(teacher);
    world.run_for(Duration::from_secs(1));
    let snapshot = world.snapshot();
    let teacher = snapshot[0].participants.iter().find(|who| who.id == id("t")).unwrap();
    assert!(!teacher.publishing && teacher.subscribing && teacher.sources.is_empty());
}

#[test]
fn an_expelled_classroom_is_gone_on_both_workers() {
    let mut world = World::new(4, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    world.publish("a", Video::Vp8, &LAYERS, &ALL);
    let wall = world.subscribe("t", &["wall0"]);
    world.set_routes(&Routes { wall: vec![id("a")], ..routes() });
    world.run_for(Duration::from_secs(2));
    world.expel("a");
    world.run_for(Duration::from_millis(200));
    let so_far = world.receiver(wall).slots[&0].frames();
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.receiver(wall).slots[&0].frames(), so_far);
    assert_eq!(world.snapshot()[0].participants.len(), 1);
}

#[test]
fn a_classroom_that_was_muted_for_long_is_heard_on_the_other_worker_as_soon_as_it_may_be() {
    let mut world = World::new(7, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &[], &[Source::Microphone]);
    world.publish("a", Video::Vp8, &[], &[Source::Microphone]);
    let teacher = world.subscribe("t", &["audio0"]);
    world.run_for(Duration::from_secs(2));
    assert!(world.receiver(teacher).slots[&0].heard.len() > 50);
    world.set_routes(&Routes { muted: vec![id("a")], ..routes() });
    // More than half of what 16 bits count: the number is no longer to be known from the last one heard.
    world.run_for(Duration::from_secs(40_000 / 50));
    let so_far = world.receiver(teacher).slots[&0].heard.len();
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.receiver(teacher).slots[&0].heard.len(), so_far, "muted");
    world.set_routes(&routes());
    world.run_for(Duration::from_millis(500));
    assert!(world.receiver(teacher).slots[&0].heard.len() > so_far + 20);
}

#[test]
fn only_its_own_worker_judges_and_tells_of_a_participant() {
    let mut world = World::new(8, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let classroom = world.publish("a", Video::Vp8, &LAYERS, &ALL);
    world.subscribe("t", &["wall0"]);
    world.set_routes(&Routes { wall: vec![id("a")], ..routes() });
    world.run_for(Duration::from_secs(3));
    world.events.clear();
    // The uplink is out for a while, not for good.
    world.browsers[classroom].is_silent = true;
    world.run_for(Duration::from_secs(12));
    world.browsers[classroom].is_silent = false;
    world.run_for(Duration::from_secs(3));
    let told: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Participant { participant, .. } if participant.id == id("a") => Some(participant),
            _ => None,
        })
        .collect();
    assert!(told.iter().any(|a| a.link.level == LinkLevel::Lost), "its own worker has told");
    assert!(told.iter().all(|a| a.publishing), "a worker that has no session of it has not");
}

#[test]
fn a_participant_that_moves_is_seen_wherever_it_is() {
    let mut world = World::new(9, VideoCodec::Vp8);
    let old = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let near = world.subscribe("b", &["teacher"]);
    world.move_to("c", 0);
    let far = world.subscribe("c", &["teacher"]);
    world.run_for(Duration::from_secs(2));
    // The new page's session is there before the old one's has ended.
    world.move_to("t", 1);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    world.run_for(Duration::from_secs(2));
    world.close(old);
    world.run_for(Duration::from_secs(2));
    for screen in [near, far] {
        let before = world.receiver(screen).slots[&0].frames();
        world.run_for(Duration::from_secs(1));
        assert!(world.receiver(screen).slots[&0].frames() > before + 20);
    }
    let snapshot = world.snapshot();
    let teachers: Vec<_> = snapshot[0].participants.iter().filter(|who| who.id == id("t")).collect();
    assert_eq!(teachers.len(), 1);
    assert!(teachers[0].publishing);
}

#[test]
fn who_is_let_in_again_is_seen_on_both_workers() {
    let mut world = World::new(10, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let wall = world.subscribe("t", &["wall0"]);
    world.set_routes(&Routes { wall: vec![id("a")], ..routes() });
    world.expel("a");
    // Its own worker lets it in, and it is there before the other one has heard of it.
    world.engines().nth(1).unwrap().admit_again(&room(), &id("a")).unwrap();
    world.move_to("a", 1);
    world.publish("a", Video::Vp8, &LAYERS, &ALL);
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.receiver(wall).slots[&0].frames(), 0);
    world.engine.admit_again(&room(), &id("a")).unwrap();
    world.run_for(Duration::from_secs(2));
    assert!(world.receiver(wall).slots[&0].frames() > 20);
}

#[test]
fn a_recorder_that_taps_both_workers_gets_every_publisher_once() {
    let mut world = World::new(6, VideoCodec::Vp8);
    let sources = [Source::Microphone, Source::Camera];
    for name in ["t", "a", "b", "c"] {
        world.publish(name, Video::Vp8, &LAYERS, &sources);
        world.subscribe(name, &["teacher", "wall0"]);
    }
    let mut readers = Vec::new();
    for worker in 0..2 {
        let (writer, reader) = ring(RING_BYTES, 0);
        world.attach_tap(worker, writer);
        readers.push(reader);
    }
    world.run_for(Duration::from_secs(2));
    let mut flows = BTreeSet::new();
    let mut started = Vec::new();
    for reader in &mut readers {
        while let Some(item) = reader.read(&mut Vec::new()) {
            if let Tapped::Started { flow, .. } = item {
                assert!(flows.insert(flow.id), "flows of all workers have names of their own");
                started.push((flow.participant, flow.source, flow.rid));
            }
        }
    }
    started.sort();
    let all = started.len();
    started.dedup();
    assert_eq!((started.len(), all), (4 * 4, 4 * 4), "a microphone and three layers each");
    assert_eq!(world.engine.snapshot()[0].room, room());
}
