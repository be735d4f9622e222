//! What happens at a limit, and how sessions end.

use crate::browser::Browser;
use crate::client::Ask;
use crate::content::Video;
use crate::offers;
use crate::world::{ALL, LAYERS, World, id, room, routes};
use std::net::SocketAddr;
use std::time::Duration;
use tongtang_protocol::control::{RoomSpec, Routes};
use tongtang_protocol::ids::{RoomId, SessionId};
use tongtang_protocol::lesson::{Role, Source, VideoCodec};
use tongtang_sfu::engine::{Event, MAX_ROOMS, MAX_SESSIONS, Path, Refusal, Subscribe};
use tongtang_sfu::ingress::limit::MAX_STRANGERS_PER_SECOND_PER_SESSION;
use tongtang_sfu::room::{MAX_PARTICIPANTS_PER_ROOM, MAX_PUBLISHERS_PER_ROOM};

#[test]
fn a_full_room_refuses_whoever_comes_next_and_names_the_limit() {
    let mut world = World::new(1, VideoCodec::H264);
    for n in 0..MAX_PARTICIPANTS_PER_ROOM {
        world.subscribe(&format!("p{n}"), &["teacher"]);
    }
    let refused = world.try_subscribe("late", &["teacher"]).unwrap_err();
    assert_eq!(
        refused,
        Refusal::Limit { limit: "MAX_PARTICIPANTS_PER_ROOM", value: MAX_PARTICIPANTS_PER_ROOM }
    );
    assert!(world.try_subscribe("p0", &["teacher"]).is_ok(), "who is in the room may come again");
}

#[test]
fn whoever_publishes_beyond_the_limit_is_refused_and_may_still_watch() {
    let mut world = World::new(7, VideoCodec::Vp8);
    for n in 0..MAX_PUBLISHERS_PER_ROOM {
        world.publish(&format!("p{n}"), Video::Vp8, &[], &[Source::Camera]);
    }
    let refused = world.try_publish("late", Video::Vp8, &[], &[Source::Camera]).unwrap_err();
    assert_eq!(refused, Refusal::Limit { limit: "MAX_PUBLISHERS_PER_ROOM", value: MAX_PUBLISHERS_PER_ROOM });
    assert!(
        world.try_publish("p0", Video::Vp8, &[], &[Source::Camera]).is_ok(),
        "who publishes may do so anew"
    );
    assert!(world.try_subscribe("late", &["teacher"]).is_ok());
}

#[test]
fn a_publisher_that_floods_loses_its_own_packets_and_nobody_else_s() {
    let mut world = World::new(2, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let flooder = world.publish("a", Video::Vp8, &LAYERS, &ALL);
    let screen = world.subscribe("b", &["teacher"]);
    world.run_for(Duration::from_secs(3));
    for _ in 0..100 {
        let path = world.browsers[flooder].path;
        let now = world.time();
        for n in 0..200u8 {
            let mut garbage =
                [0x80, 96, 0, n, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
            world.engine.handle_datagram(now, path, &mut garbage);
        }
        world.run_for(Duration::from_millis(10));
    }
    assert!(world.counter("rate_limited_packets") > 10_000);
    world.run_for(Duration::from_secs(1));
    let slot = &world.receiver(screen).slots[&0];
    slot.check();
    assert!(slot.is_complete() && slot.frames() > 90);
}

#[test]
fn strangers_are_counted_and_never_answered() {
    let mut world = World::new(3, VideoCodec::H264);
    let now = world.time();
    let path = Path { socket: 0, remote: "192.0.2.66:6".parse().unwrap() };
    for first in 0..=255u8 {
        for len in [0usize, 1, 8, 12, 20, 100, 1_400] {
            let mut garbage = vec![first; len];
            world.engine.handle_datagram(now, path, &mut garbage);
        }
    }
    assert!(world.engine.outbox().is_empty());
    assert!(world.counter("unauthenticated_packets") > 100 && world.counter("foreign_datagrams") > 100);
}

#[test]
fn a_flood_in_a_session_s_name_is_cut_and_keeps_nobody_out() {
    let mut world = World::new(9, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(3));
    let other = world.subscribe("b", &["teacher"]);

    // Who has seen a check knows its user name, and may send from anywhere what looks like one until it is verified.
    let browser = &world.browsers[screen];
    let check = browser.client.check(&browser.names, Ask::Nominate);
    let mut forged = check;
    forged[15] ^= 1;
    for n in 0..100_000u32 {
        let remote = SocketAddr::from(([192, 0, 2, (n >> 16) as u8], n as u16));
        let now = world.time();
        world.engine.handle_datagram(now, Path { socket: 0, remote }, &mut forged.clone());
        if n % 1_000 == 0 {
            world.run_for(Duration::from_millis(10));
        }
    }
    let (tried, cut) = (world.counter("stun_failed"), world.counter("rate_limited_strangers"));
    assert_eq!(tried + cut, 100_000);
    assert!(tried <= 2 * u64::from(MAX_STRANGERS_PER_SECOND_PER_SESSION), "{tried}");
    world.run_for(Duration::from_secs(40));
    for screen in [screen, other] {
        let slot = &world.receiver(screen).slots[&0];
        slot.check();
        assert!(slot.is_complete() && slot.frames() > 25 * 38, "{}", slot.frames());
    }
}

#[test]
fn a_drained_node_takes_nobody_new_and_its_lesson_goes_on() {
    let mut world = World::new(10, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    world.publish("a", Video::Vp8, &LAYERS, &ALL);
    let screen = world.subscribe("b", &["teacher", "stage"]);
    world.run_for(Duration::from_secs(2));
    for _ in 0..2 {
        world.engine.drain();
        assert_eq!(world.try_subscribe("c", &["teacher"]).unwrap_err(), Refusal::Draining);
        assert_eq!(world.try_publish("c", Video::Vp8, &[], &ALL).unwrap_err(), Refusal::Draining);
    }
    let frames = world.receiver(screen).slots[&0].frames();
    world.set_routes(&Routes { stage: Some(id("a")), ..routes() });
    world.run_for(Duration::from_secs(5));
    let slots = &world.receiver(screen).slots;
    slots.values().for_each(crate::receiver::Slot::check);
    assert!(slots[&0].frames() > frames + 110);
    assert!(slots[&1].frames() > 100, "a classroom is called on stage");
}

#[test]
fn one_room_and_one_session_too_many_are_refused_and_the_limit_is_named() {
    let mut world = World::new(11, VideoCodec::Vp8);
    let spec = RoomSpec { video_codec: VideoCodec::Vp8, routes: Routes::default() };
    let name = |n: usize| RoomId::new(format!("room-{n}")).unwrap();
    let now = world.time();
    for n in 1..MAX_ROOMS {
        world.engine.put_room(now, &name(n), &spec).unwrap();
    }
    let refused = Refusal::Limit { limit: "MAX_ROOMS", value: MAX_ROOMS };
    assert_eq!(world.engine.put_room(now, &name(MAX_ROOMS), &spec).unwrap_err(), refused);
    assert!(world.engine.put_room(now, &name(1), &spec).is_ok(), "one that is there may be put again");
    world.engine.delete_room(now, &name(2));
    assert!(world.engine.put_room(now, &name(MAX_ROOMS), &spec).is_ok());

    let client = Browser::client();
    let offer = offers::subscribe(&client.ufrag, &World::fingerprint(&client), 1, 0);
    let subscribe = |n: usize| Subscribe {
        room: name(10 + n / 100),
        participant: id(&format!("p{n}")),
        session: SessionId::new(format!("s{n}")).unwrap(),
        role: Role::Classroom,
        slots: vec!["teacher".into()],
        offer: offer.clone(),
    };
    for n in 0..MAX_SESSIONS {
        world.engine.subscribe(now, subscribe(n)).unwrap();
    }
    let refused = Refusal::Limit { limit: "MAX_SESSIONS", value: MAX_SESSIONS };
    assert_eq!(world.engine.subscribe(now, subscribe(MAX_SESSIONS)).unwrap_err(), refused);
    world.engine.close(now, &SessionId::new("s0").unwrap()).unwrap();
    assert!(world.engine.subscribe(now, subscribe(MAX_SESSIONS)).is_ok());
    assert_eq!(world.counter("limit_refusals"), 2);
}

#[test]
fn a_session_whose_network_is_gone_ends_and_is_told() {
    let mut world = World::new(4, VideoCodec::H264);
    let teacher = world.publish("t", Video::H264, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(3));
    world.browsers[teacher].is_silent = true;
    world.run_for(Duration::from_secs(40));
    let session = world.browsers[teacher].session.clone();
    assert!(world.events.contains(&Event::SessionEnded { session }));
    let last = world.events.iter().rev().find_map(|event| match event {
        Event::Participant { participant, .. } if participant.id == id("t") => Some(participant.clone()),
        _ => None,
    });
    let last = last.unwrap();
    assert!(!last.publishing && last.sources.is_empty());
    assert_eq!(world.engine.snapshot()[0].participants.len(), 1);
    assert!(world.receiver(screen).slots[&0].frames() > 0);
}

#[test]
fn whoever_was_expelled_stays_out_until_admitted_again() {
    let mut world = World::new(8, VideoCodec::H264);
    world.publish("t", Video::H264, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(2));
    let refused = Refusal::Expelled(id("a"));

    // By the routes that signaling puts, again and again…
    let expelled = Routes { expelled: vec![id("a")], ..routes() };
    for _ in 0..2 {
        world.set_routes(&expelled);
        let session = world.browsers[screen].session.clone();
        assert!(world.events.contains(&Event::SessionEnded { session }));
        assert_eq!(world.try_subscribe("a", &["teacher"]).unwrap_err(), refused);
        assert_eq!(world.try_publish("a", Video::H264, &[], &ALL).unwrap_err(), refused);
    }
    world.set_routes(&routes());
    assert!(world.try_subscribe("a", &["teacher"]).is_ok());

    // …and one by one.
    let now = world.time();
    world.engine.expel(now, &room(), &id("a"));
    assert_eq!(world.try_subscribe("a", &["teacher"]).unwrap_err(), refused);
    assert!(world.try_subscribe("b", &["teacher"]).is_ok(), "nobody else");
    world.engine.admit_again(&room(), &id("a")).unwrap();
    assert!(world.try_subscribe("a", &["teacher"]).is_ok());
}

#[test]
fn expelling_replacing_and_deleting_end_sessions_and_leave_nothing_behind() {
    let mut world = World::new(5, VideoCodec::H264);
    world.publish("t", Video::H264, &LAYERS, &ALL);
    let old = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(2));
    let new = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(2));
    let ended = |world: &World, browser: usize| {
        world.events.contains(&Event::SessionEnded { session: world.browsers[browser].session.clone() })
    };
    assert!(ended(&world, old) && !ended(&world, new));
    assert!(world.browsers[old].client.closed, "and its page was told goodbye");
    let now = world.time();
    world.engine.expel(now, &room(), &id("a"));
    world.pump();
    assert!(ended(&world, new));
    world.engine.delete_room(now, &room());
    let stats = world.engine.stats();
    assert_eq!((stats.rooms, stats.sessions), (0, 0));
    assert_eq!(world.engine.poll_timeout(), None);
    world.run_for(Duration::from_secs(1));
}
