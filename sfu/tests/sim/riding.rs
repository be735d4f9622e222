//! Voices and pictures on their way to the same screens, while there is more to do than time.

use crate::content::Video;
use crate::offers::OPUS_PT;
use crate::world::{LAYERS, World};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;
use tongtang_protocol::lesson::{Source, VideoCodec};

const SCREENS: usize = 20;

fn world(seed: u64) -> (World, usize) {
    let mut world = World::new(seed, VideoCodec::H264);
    let teacher = world.publish("t", Video::H264, &LAYERS, &[Source::Microphone, Source::Camera]);
    for n in 0..SCREENS {
        world.subscribe(&format!("c{n}"), &["teacher", "audio0"]);
    }
    world.run_for(Duration::from_secs(4));
    (world, teacher)
}

/// Is this sealed datagram a voice? Its header is in clear.
fn is_voice(datagram: &[u8]) -> bool {
    datagram[1] & 0x7F == OPUS_PT
}

fn is_rtp(datagram: &[u8]) -> bool {
    datagram[0] >= 128 && !(192..224).contains(&datagram[1])
}

/// A millisecond at the teacher's: media it sends. Its reports are told at once.
fn millisecond(world: &mut World, teacher: usize) -> Vec<Vec<u8>> {
    world.now += Duration::from_millis(1);
    let now = world.time();
    let browser = &mut world.browsers[teacher];
    browser.handle_timeout(now.mono, now.unix_us);
    browser.collect();
    let (path, outgoing) = (browser.path, std::mem::take(&mut browser.outgoing));
    let (media, others): (Vec<_>, Vec<_>) = outgoing.into_iter().partition(|datagram| is_rtp(datagram));
    for mut datagram in others {
        world.engine.handle_datagram(now, path, &mut datagram);
    }
    media
}

fn hear(world: &mut World, teacher: usize, datagrams: Vec<Vec<u8>>) {
    let (now, path) = (world.time(), world.browsers[teacher].path);
    for mut datagram in datagrams {
        world.engine.handle_datagram(now, path, &mut datagram);
    }
}

/// Voices that each screen is sent, and how many of them end a run with pictures.
fn voices(world: &mut World) -> HashMap<SocketAddr, (usize, usize)> {
    let mut told: HashMap<SocketAddr, (usize, usize)> = HashMap::new();
    let outbox = world.engine.outbox();
    for run in outbox.runs() {
        let datagrams: Vec<&[u8]> = outbox.bytes_of(run).chunks(usize::from(run.segment_bytes)).collect();
        let count = datagrams.iter().filter(|datagram| is_rtp(datagram) && is_voice(datagram)).count();
        let told = told.entry(run.path.remote).or_default();
        told.0 += count;
        told.1 += usize::from(count > 0 && datagrams.len() > 1);
        if datagrams.len() > 1 && count > 0 {
            assert_eq!(count, 1);
            assert!(is_voice(datagrams[datagrams.len() - 1]), "the shortest is the last");
        }
    }
    told.retain(|_, told| told.0 > 0);
    outbox.clear();
    told
}

#[test]
fn a_voice_that_comes_while_a_picture_goes_around_rides_in_its_runs() {
    let (mut world, teacher) = world(1);
    for served_before in [0, 7] {
        // A voice is kept back until a picture is on its way.
        let (mut kept, mut frames) = (Vec::new(), 0);
        loop {
            let (voice, pictures): (Vec<_>, Vec<_>) =
                millisecond(&mut world, teacher).into_iter().partition(|datagram| is_voice(datagram));
            kept.extend(voice);
            hear(&mut world, teacher, pictures);
            if world.engine.has_fan_out() {
                // A picture before which no voice came leaves as ever.
                if !kept.is_empty() && frames > 0 {
                    break;
                }
                frames += 1;
                let now = world.time();
                while world.engine.fan_out(now, 64) {}
            }
        }
        world.engine.outbox().clear();
        let now = world.time();
        if served_before > 0 {
            assert!(world.engine.fan_out(now, served_before));
        }
        let voice = kept.pop().into_iter().collect();
        hear(&mut world, teacher, voice);
        while world.engine.fan_out(now, 3) {}
        let told = voices(&mut world);
        assert_eq!(told.len(), SCREENS, "everybody hears it");
        assert!(told.values().all(|(count, _)| *count == 1), "once");
        let rode = told.values().filter(|(_, rode)| *rode == 1).count();
        assert_eq!(rode, SCREENS - served_before, "behind the picture, for whom it was still to come");
    }
}

#[test]
fn a_machine_that_is_too_slow_drops_whole_pictures_and_no_voice_and_repeats_nothing() {
    let (mut world, teacher) = world(2);
    // Half a second in which nothing leaves.
    let mut heard = 0;
    for _ in 0..500 {
        let media = millisecond(&mut world, teacher);
        heard += media.iter().filter(|datagram| is_voice(datagram)).count();
        hear(&mut world, teacher, media);
        let now = world.time();
        if world.engine.poll_timeout().is_some_and(|at| at <= now.mono) {
            world.engine.handle_timeout(now);
        }
    }
    let (sent_before, repeated_before) =
        (world.counter("rtp_out_packets"), world.counter("retransmitted_packets"));
    let now = world.time();
    while world.engine.fan_out(now, 64) {}
    assert!(heard > 20);
    let dropped = world.counter("fan_out_dropped_packets");
    assert!(dropped > 20, "{dropped} packets dropped");
    let sent = world.counter("rtp_out_packets") - sent_before;
    assert_eq!(
        sent as usize,
        heard * SCREENS,
        "voices all, and of pictures nothing before the next keyframe"
    );

    // What was not sent is asked for by all screens at once, and a keyframe is the answer.
    world.run_for(Duration::from_millis(400));
    assert!(world.counter("nacks_cut") >= SCREENS as u64, "{}", world.counter("nacks_cut"));
    assert_eq!(world.counter("retransmitted_packets"), repeated_before);
    let dropped = world.counter("fan_out_dropped_packets");
    world.run_for(Duration::from_secs(3));
    assert_eq!(world.counter("fan_out_dropped_packets"), dropped, "nothing is dropped any more");
    for screen in 1..=SCREENS {
        let now = world.now;
        for slot in world.receiver(screen).slots.values().filter(|slot| slot.frames() > 0) {
            slot.check();
            let last = slot.played.last().unwrap().at;
            assert!(now - last < Duration::from_millis(200), "the picture goes on");
        }
    }
}
