//! What both sides are told about the way of their packets.

use crate::content::Video;
use crate::world::{ALL, LAYERS, World, id};
use std::collections::BTreeSet;
use std::time::Duration;
use tongtang_protocol::lesson::{LinkLevel, Source, VideoCodec};
use tongtang_sfu::engine::Event;
use tongtang_sfu::packet::rtcp::build;

#[test]
fn a_publisher_is_told_of_every_packet_in_transport_wide_feedback() {
    let mut world = World::new(1, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    world.run_for(Duration::from_secs(5));
    let told = world.sender(teacher).transport_told.clone();
    let distinct: BTreeSet<u16> = told.iter().copied().collect();
    assert!(told.len() > 1_000);
    let missing = world.sender(teacher).transport_lost.iter().filter(|n| !distinct.contains(n)).count();
    assert_eq!(missing, 0, "nothing was lost");
    world.loss_up_percent = 10;
    world.run_for(Duration::from_secs(5));
    let sender = world.sender(teacher);
    let told: BTreeSet<u16> = sender.transport_told.iter().copied().collect();
    let lost = sender.transport_lost.iter().filter(|n| !told.contains(n)).count();
    assert!(lost > 60, "{lost}");
    let reported = sender.receiver_reports.iter().rev().take(5).map(|block| block.fraction_lost).max();
    assert!(reported.is_some_and(|fraction| (1..120).contains(&fraction)), "{reported:?} of 256");
}

#[test]
fn a_wall_clock_that_is_set_is_no_delay_of_packets() {
    let mut world = World::new(8, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    for set_us in [0, 30_000_000, -9_000_000] {
        world.wall_clock_set_us = set_us;
        world.run_for(Duration::from_secs(3));
    }
    let told = &world.sender(teacher).transport_arrivals_us;
    let longest = told.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max().unwrap();
    assert!(told.len() > 1_500 && longest < 200_000, "{longest} us between two of {}", told.len());
}

#[test]
fn a_classroom_that_waits_alone_is_not_lost_and_one_without_network_is() {
    let mut world = World::new(7, VideoCodec::Vp8);
    let screen = world.subscribe("a", &["teacher", "audio0"]);
    let level = |world: &mut World| world.snapshot()[0].participants[0].link.level;
    for _ in 0..30 {
        world.run_for(Duration::from_secs(1));
        assert_ne!(level(&mut world), LinkLevel::Lost);
    }
    world.browsers[screen].is_silent = true;
    world.run_for(Duration::from_secs(12));
    assert_eq!(level(&mut world), LinkLevel::Lost);
}

#[test]
fn a_probe_on_an_m_line_without_a_picture_is_told_of_but_makes_no_source() {
    let mut world = World::new(6, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let board = world.sender(teacher).streams.iter().position(|s| s.source == Source::Board).unwrap();
    world.sender(teacher).streams[board].is_on = false;
    world.subscribe("a", &["teacher", "board"]);
    world.run_for(Duration::from_secs(2));
    world.sender(teacher).plis.clear();
    world.sender(teacher).probe(Source::Board);
    world.run_for(Duration::from_secs(3));
    let sender = world.sender(teacher);
    let plis = sender.plis.len();
    // What is on its way when all falls silent is told, too.
    sender.streams.iter_mut().for_each(|stream| stream.is_on = false);
    world.run_for(Duration::from_millis(300));
    let sender = world.sender(teacher);
    let told: BTreeSet<u16> = sender.transport_told.iter().copied().collect();
    let lost: Vec<u16> =
        sender.transport_lost.iter().copied().filter(|number| !told.contains(number)).collect();
    assert_eq!(lost, [0u16; 0], "of {} to {}", told.len(), sender.transport_told.last().unwrap());
    assert_eq!(plis, 0, "nobody waits for a keyframe of it");
    let snapshot = world.snapshot();
    let teacher = snapshot[0].participants.iter().find(|participant| participant.id == id("t")).unwrap();
    assert_eq!(teacher.sources, [Source::Microphone, Source::Camera]);
}

#[test]
fn every_packet_to_a_subscriber_is_counted_over_all_its_streams() {
    let mut world = World::new(2, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher", "board", "audio0"]);
    for _ in 0..50 {
        world.run_for(Duration::from_millis(100));
        if world.receiver(screen).slots[&0].frames() > 0 {
            world.receiver(screen).ask_again(0, 5);
        }
    }
    // What is on its way arrives.
    world.browsers[teacher].is_silent = true;
    world.run_for(Duration::from_millis(500));
    let receiver = world.receiver(screen);
    assert!(receiver.retransmissions > 100, "{} of them retransmissions", receiver.retransmissions);
    let mut numbers = receiver.transport_numbers.clone();
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|w| w[1] == w[0] + 1));
}

#[test]
fn the_teacher_s_lips_and_voice_get_the_same_time() {
    let mut world = World::new(3, VideoCodec::Vp8);
    world.jitter = Duration::from_millis(60);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher", "board", "audio0", "audio1"]);
    world.run_for(Duration::from_secs(12));
    let slots = &world.receiver(screen).slots;
    // Picture and sound began at one moment: when that was, by the reports of each.
    let began_s = |mid: usize, clock_rate: f64, timestamp: u32, captured_s: f64| {
        let (ntp, rtp) = *slots[&mid].sender_reports.last().unwrap();
        let ntp_s = (ntp >> 32) as f64 + (ntp & 0xFFFF_FFFF) as f64 / 4_294_967_296.0;
        ntp_s + f64::from(timestamp.wrapping_sub(rtp) as i32) / clock_rate - captured_s
    };
    let seen = slots[&0].played.last().unwrap();
    let picture_s = began_s(0, 90_000.0, seen.timestamp, f64::from(seen.content.frame - 1) * 0.040);
    let (timestamp, frame) = slots[&2].heard_at.unwrap();
    let voice_s = began_s(2, 48_000.0, timestamp, f64::from(frame - 1) * 0.020);
    let apart_ms = (picture_s - voice_s) * 1_000.0;
    assert!(apart_ms.abs() < 5.0, "{apart_ms} ms");
    for (mid, clock_rate) in [(0, 90_000.0), (2, 48_000.0)] {
        let reports = &slots[&mid].sender_reports;
        assert!(reports.len() >= 10);
        let (first, last) = (reports[2], *reports.last().unwrap());
        let seconds = (last.0 - first.0) as f64 / 4_294_967_296.0;
        let rate = f64::from(last.1.wrapping_sub(first.1)) / seconds;
        assert!((rate / clock_rate - 1.0).abs() < 0.0042, "mid {mid}: {rate} ticks a second");
    }
    // Players keep in sync what is of one stream: the teacher's picture and voice, and nothing else.
    assert_eq!(slots[&0].stream, slots[&2].stream);
    let mut streams: Vec<&str> = slots.values().map(|slot| slot.stream.as_str()).collect();
    streams.sort_unstable();
    streams.dedup();
    assert_eq!(streams.len(), 3);
}

#[test]
fn a_compound_of_everything_a_browser_sends_is_acted_on_to_its_last_part() {
    let mut world = World::new(4, VideoCodec::Vp8);
    world.jitter = Duration::ZERO;
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(3));
    world.sender(teacher).plis.clear();
    let slot = &world.receiver(screen).slots[&0];
    let ssrc = slot.ssrc;
    let asked =
        |world: &World| world.counter("retransmissions_failed") + world.counter("retransmitted_packets");
    let before = asked(&world);
    let mut compound = Vec::new();
    build::receiver_report(&mut compound, 1, &[]);
    build::sdes_cname(&mut compound, 1, "browser");
    build::remb(&mut compound, 1, 1_000_000, &[ssrc]);
    build::nack(&mut compound, 1, ssrc, &[1, 2, 3]);
    build::pli(&mut compound, 1, ssrc);
    world.receiver(screen).outgoing_rtcp.push(compound);
    world.run_for(Duration::from_millis(200));
    assert_eq!(world.sender(teacher).plis.len(), 1);
    assert_eq!(asked(&world) - before, 3);
}

#[test]
fn a_fir_is_a_request_for_a_keyframe() {
    let mut world = World::new(9, VideoCodec::H264);
    let teacher = world.publish("t", Video::H264, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(3));
    world.sender(teacher).plis.clear();
    let before = world.counter("keyframe_requests_in");
    let keyframes = world.sender(teacher).keyframes;
    world.receiver(screen).ask_keyframe_by_fir(0);
    world.run_for(Duration::from_millis(200));
    assert_eq!(world.counter("keyframe_requests_in") - before, 1);
    assert_eq!(world.sender(teacher).plis.len(), 1);
    assert!(world.sender(teacher).keyframes > keyframes);
    world.receiver(screen).slots[&0].check();
}

#[test]
fn remb_is_sent_where_it_is_all_there_is_and_only_there() {
    let mut world = World::new(10, VideoCodec::Vp8);
    let modern = world.publish("t", Video::Vp8, &LAYERS, &ALL);
    world.offers_remb_alone = true;
    let plain = world.publish("a", Video::Vp8, &[], &ALL);
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.sender(modern).rembs.len(), 0);
    assert!(!world.sender(modern).transport_told.is_empty());
    let sender = world.sender(plain);
    assert!(sender.transport_told.is_empty() && sender.transport_lost.is_empty());
    assert!((4..=5).contains(&sender.rembs.len()), "one a second: {:?}", sender.rembs);
    let before = *sender.rembs.last().unwrap();
    world.loss_up_percent = 30;
    world.run_for(Duration::from_secs(5));
    let after = *world.sender(plain).rembs.last().unwrap();
    assert!(after * 10 < before * 8, "a lossy link is allowed less: {before} then {after}");
}

#[test]
fn a_publisher_s_padding_reaches_nobody() {
    for (seed, codec, room_codec) in [(11, Video::Vp8, VideoCodec::Vp8), (12, Video::H264, VideoCodec::H264)]
    {
        let mut world = World::new(seed, room_codec);
        let teacher = world.publish("t", codec, &LAYERS, &ALL);
        world.sender(teacher).pads = true;
        let screen = world.subscribe("a", &["teacher", "board", "audio0"]);
        world.run_for(Duration::from_secs(3));
        (world.loss_up_percent, world.loss_down_percent) = (5, 5);
        world.run_for(Duration::from_secs(3));
        (world.loss_up_percent, world.loss_down_percent) = (0, 0);
        world.run_for(Duration::from_secs(2));
        let slots = &world.receiver(screen).slots;
        for mid in [0, 1] {
            slots[&mid].check();
            assert!(slots[&mid].is_complete() && slots[&mid].frames() > 150);
        }
        assert!(slots[&0].recovered > 0, "retransmissions in both directions are padded, too");
        assert!(slots[&2].heard.len() > 300);
    }
}

#[test]
fn a_link_is_judged_and_told_without_flicker() {
    let mut world = World::new(5, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let screen = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(6));
    let link = |world: &World, name: &str| {
        let of = |event: &Event| match event {
            Event::Participant { participant, .. } if participant.id == id(name) => Some(participant.clone()),
            _ => None,
        };
        world.events.iter().rev().find_map(of).unwrap()
    };
    let classroom = link(&world, "a");
    assert_eq!(classroom.link.level, LinkLevel::Good);
    assert!(classroom.subscribing && !classroom.publishing);
    let rtt = classroom.link.rtt_ms.unwrap();
    assert!((40..=50).contains(&rtt), "{rtt} ms");
    assert_eq!(link(&world, "t").sources, [Source::Microphone, Source::Camera, Source::Board]);
    world.receiver(screen).claims_lost = 40;
    world.run_for(Duration::from_secs(8));
    assert_eq!(link(&world, "a").link.level, LinkLevel::Weak);
    world.events.clear();
    world.run_for(Duration::from_secs(10));
    let events = world.events.iter().filter(|event| matches!(event, Event::Participant { .. })).count();
    assert!(events <= 2 * 10, "at most once a second for each: {events}");
}
