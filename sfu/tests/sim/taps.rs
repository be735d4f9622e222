//! A recorder listens.

use crate::content::{Content, Video};
use crate::world::{LAYERS, World, id, room, routes};
use std::collections::BTreeMap;
use std::time::Duration;
use tongtang_protocol::control::Routes;
use tongtang_protocol::lesson::{Source, VideoCodec};
use tongtang_roq::control::{Flow, FlowId};
use tongtang_roq::framing::is_rtcp;
use tongtang_sfu::packet::Header;
use tongtang_sfu::packet::rtcp::{self, Part};
use tongtang_sfu::tap::{self, TapReader, Tapped};

#[derive(Default)]
struct Recorded {
    flows: BTreeMap<FlowId, Flow>,
    packets: BTreeMap<FlowId, Vec<Vec<u8>>>,
    ended: Vec<FlowId>,
}

fn read(reader: &mut TapReader, into: &mut Recorded) {
    let mut packet = Vec::new();
    while let Some(item) = reader.read(&mut packet) {
        match item {
            Tapped::Started { flow, .. } => {
                into.flows.insert(flow.id, flow);
            }
            Tapped::Packet { flow, .. } => into.packets.entry(flow).or_default().push(packet.clone()),
            Tapped::Ended { flow, .. } => into.ended.push(flow),
        }
    }
}

#[test]
fn a_recorder_gets_every_layer_from_a_keyframe_on_with_the_publisher_s_own_reports() {
    let mut world = World::new(1, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &[Source::Microphone, Source::Camera]);
    world.run_for(Duration::from_secs(3));
    world.loss_up_percent = 5;
    let (writer, mut reader) = tap::ring(tap::RING_BYTES, 0);
    let now = world.time();
    let tap = world.engine.attach_tap(now, &room(), writer).unwrap();
    let mut recorded = Recorded::default();
    for _ in 0..50 {
        world.run_for(Duration::from_millis(100));
        read(&mut reader, &mut recorded);
    }
    assert_eq!(recorded.flows.len(), 4);
    let mut rids: Vec<_> = recorded.flows.values().filter_map(|flow| flow.rid.clone()).collect();
    rids.sort();
    assert_eq!(rids, ["h", "l", "m"]);
    for (id, flow) in &recorded.flows {
        let packets = &recorded.packets[id];
        let reports = packets.iter().filter(|packet| is_rtcp(packet)).count();
        assert!(reports >= 3, "{reports} sender reports");
        let rtp: Vec<&Vec<u8>> = packets.iter().filter(|packet| !is_rtcp(packet)).collect();
        for packet in &rtp {
            let header = Header::parse(packet).unwrap();
            assert_eq!((header.ssrc, header.payload_type), (flow.ssrc, flow.payload_type), "RTX is undone");
        }
        let report = packets.iter().find(|packet| is_rtcp(packet)).unwrap();
        assert!(rtcp::parts(report).any(|part| matches!(part, Part::SenderReport(r) if r.ssrc == flow.ssrc)));
        if flow.source == Source::Camera {
            let has_keyframe = rtp.iter().take(60).any(|packet| {
                let header = Header::parse(packet).unwrap();
                Content::of_payload(Video::Vp8, header.payload(packet)).0.is_keyframe
            });
            assert!(has_keyframe, "asked for when the tap was attached");
            let mut sequences: Vec<u16> = rtp.iter().map(|p| Header::parse(p).unwrap().sequence).collect();
            let first = sequences[0].wrapping_sub(20);
            sequences.sort_by_key(|sequence| sequence.wrapping_sub(first));
            let holes = sequences.windows(2).filter(|w| w[1] != w[0].wrapping_add(1)).count();
            assert!(holes <= 2, "retransmitted packets are recorded too: {holes} holes");
        }
    }
    world.engine.detach_tap(tap);
    world.run_for(Duration::from_millis(100));
    read(&mut reader, &mut recorded);
    assert!(reader.is_finished());
}

#[test]
fn a_recorder_that_goes_on_after_a_pause_gets_a_keyframe_of_every_layer_and_one_request_is_enough() {
    let mut world = World::new(3, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &LAYERS, &[Source::Microphone, Source::Camera]);
    let (writer, mut reader) = tap::ring(tap::RING_BYTES, 0);
    let now = world.time();
    world.engine.attach_tap(now, &room(), writer).unwrap();
    world.run_for(Duration::from_secs(5));
    let mut before = Recorded::default();
    read(&mut reader, &mut before);
    let is_camera = |flow: &&Flow| flow.source == Source::Camera;
    let layers: Vec<FlowId> = before.flows.values().filter(is_camera).map(|flow| flow.id).collect();
    world.sender(teacher).plis.clear();

    let now = world.time();
    world.engine.refresh_pictures(now, &room());
    let mut recorded = Recorded::default();
    for _ in 0..30 {
        world.run_for(Duration::from_millis(100));
        read(&mut reader, &mut recorded);
    }
    assert_eq!(world.sender(teacher).plis.len(), LAYERS.len(), "once for each");
    let is_keyframe = |packet: &Vec<u8>| {
        let header = Header::parse(packet).unwrap();
        Content::of_payload(Video::Vp8, header.payload(packet)).0.is_keyframe
    };
    let cameras = recorded.packets.iter().filter(|(flow, _)| layers.contains(flow));
    let keyed = cameras
        .filter(|(_, packets)| packets.iter().filter(|packet| !is_rtcp(packet)).any(is_keyframe))
        .count();
    assert_eq!(keyed, LAYERS.len());
}

#[test]
fn what_a_muted_microphone_says_is_not_recorded_and_a_flow_ends_with_its_publisher() {
    let mut world = World::new(2, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &[], &[Source::Microphone]);
    let (writer, mut reader) = tap::ring(tap::RING_BYTES, 0);
    let now = world.time();
    world.engine.attach_tap(now, &room(), writer).unwrap();
    world.run_for(Duration::from_secs(2));
    let mut recorded = Recorded::default();
    read(&mut reader, &mut recorded);
    let said =
        |recorded: &Recorded| recorded.packets.values().flatten().filter(|packet| !is_rtcp(packet)).count();
    let before = said(&recorded);
    assert!(before > 50);
    world.set_routes(&Routes { muted: vec![id("t")], ..routes() });
    world.run_for(Duration::from_secs(2));
    read(&mut reader, &mut recorded);
    assert_eq!(said(&recorded), before);
    let now = world.time();
    world.engine.expel(now, &room(), &id("t"));
    read(&mut reader, &mut recorded);
    assert_eq!(recorded.ended.len(), 1);
}
