//! Lost packets come again, in both directions, from one cache.

use crate::content::Video;
use crate::world::{ALL, LAYERS, World};
use std::time::Duration;
use tongtang_protocol::lesson::VideoCodec;
use tongtang_sfu::egress::MAX_RETRANSMISSIONS_PER_SECOND;
use tongtang_sfu::ingress::limit::MAX_RTCP_PER_SECOND_PER_SESSION;

#[test]
fn nack_in_both_directions_recovers_every_packet_at_five_percent_loss() {
    for (seed, codec, room_codec) in [(1, Video::Vp8, VideoCodec::Vp8), (2, Video::H264, VideoCodec::H264)] {
        let mut world = World::new(seed, room_codec);
        let teacher = world.publish("t", codec, &LAYERS, &ALL);
        let screens =
            [world.subscribe("a", &["teacher", "board"]), world.subscribe("b", &["teacher", "board"])];
        world.run_for(Duration::from_secs(3));
        (world.loss_up_percent, world.loss_down_percent) = (5, 5);
        world.run_for(Duration::from_secs(20));
        (world.loss_up_percent, world.loss_down_percent) = (0, 0);
        world.run_for(Duration::from_secs(2));
        for screen in screens {
            for slot in world.receiver(screen).slots.values() {
                slot.check();
                assert!(slot.is_complete(), "seed {seed} mid {}", slot.mid);
                assert!(slot.recovered > 10, "seed {seed}: {} recovered", slot.recovered);
                assert!(slot.frames() > 500, "seed {seed}: {} frames", slot.frames());
            }
        }
        assert!(world.sender(teacher).nacked > 50);
        let nacked = u64::from(world.sender(teacher).nacked);
        let lost = world.counter("rtp_in_packets") / 19;
        assert!(nacked < 2 * lost, "{nacked} asked for, about {lost} lost: no flood of repeats");
    }
}

#[test]
fn a_subscriber_that_asks_for_everything_again_is_cut_off_not_served() {
    let mut world = World::new(4, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let greedy = world.subscribe("a", &["teacher"]);
    world.run_for(Duration::from_secs(4));
    let ssrc = world.receiver(greedy).slots[&0].ssrc;
    for _ in 0..50 {
        let mut nack = Vec::new();
        let all: Vec<u16> = (0..=60_000u16).step_by(240).collect();
        tongtang_sfu::packet::rtcp::build::nack(&mut nack, 1, ssrc, &all);
        world.receiver(greedy).outgoing_rtcp.push(nack);
        world.run_for(Duration::from_millis(10));
    }
    // Half a second lies in two seconds at most.
    let asked = world.counter("retransmitted_packets") + world.counter("retransmissions_failed");
    assert!(asked <= 2 * u64::from(MAX_RETRANSMISSIONS_PER_SECOND), "{asked}");
    assert!(world.counter("nacks_cut") >= 40);
}

#[test]
fn a_subscriber_that_floods_with_reports_loses_its_own_and_nobody_else_s() {
    let mut world = World::new(5, VideoCodec::Vp8);
    world.publish("t", Video::Vp8, &LAYERS, &ALL);
    let flooder = world.subscribe("a", &["teacher"]);
    let screen = world.subscribe("b", &["teacher"]);
    world.run_for(Duration::from_secs(3));
    let before = world.counter("keyframe_requests_in");
    for _ in 0..100 {
        for _ in 0..100 {
            world.receiver(flooder).ask_keyframe(0);
        }
        world.run_for(Duration::from_millis(10));
    }
    let heard = world.counter("keyframe_requests_in") - before;
    let allowed = u64::from(MAX_RTCP_PER_SECOND_PER_SESSION);
    assert!((allowed..=2 * allowed + 10).contains(&heard), "{heard}: a full bucket and one second");
    assert!(world.counter("rate_limited_rtcp") > 8_000);
    world.loss_down_percent = 5;
    world.run_for(Duration::from_secs(5));
    world.loss_down_percent = 0;
    world.run_for(Duration::from_secs(2));
    let slot = &world.receiver(screen).slots[&0];
    slot.check();
    assert!(slot.is_complete() && slot.recovered > 10, "another subscriber's NACKs are answered");
}
