//! What the engine spends on a forwarded packet, without sockets: real ICE, DTLS and SRTP are set up in simulated
//! time, then the teacher's sealed packets are handed to the engine and its outbox is thrown away.

use crate::content::Video;
use crate::cpu::thread_time;
use crate::scenario::Measured;
use crate::world::World;
use std::time::Duration;
use tongtang_protocol::lesson::{Source, VideoCodec};

/// Simulated lesson time that is measured.
const MEASURED: Duration = Duration::from_secs(8);
const WARM_UP: Duration = Duration::from_secs(2);
/// Subscribers that are served in one piece, as the server does.
const TURNS: usize = 64;
const STEP: Duration = Duration::from_millis(1);

/// One teacher with camera and microphone, `subscribers` screens.
pub fn measure(subscribers: usize, seed: u64) -> Measured {
    let mut world = World::new(seed, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &[], &[Source::Microphone, Source::Camera]);
    let screens: Vec<usize> =
        (0..subscribers).map(|n| world.subscribe(&format!("c{n}"), &["teacher", "audio0"])).collect();
    world.run_until(Duration::from_secs(20), "every screen has a picture", |world| {
        screens.iter().all(|&screen| world.receiver(screen).slots[&0].frames() > 1)
    });
    world.run_for(Duration::from_millis(100));

    let (mut used, mut packets) = (Duration::ZERO, 0u64);
    let measured_from = world.now + WARM_UP;
    let end = measured_from + MEASURED;
    while world.now < end {
        world.now += STEP;
        let time = world.time();
        let browser = &mut world.browsers[teacher];
        if browser.next_timeout().is_some_and(|at| at <= time.mono) {
            browser.handle_timeout(time.mono, time.unix_us);
        }
        let mut datagrams = std::mem::take(&mut browser.outgoing);
        let path = browser.path;
        let from = thread_time();
        for datagram in &mut datagrams {
            world.engine.handle_datagram(time, path, datagram);
        }
        if world.engine.poll_timeout().is_some_and(|at| at <= time.mono) {
            world.engine.handle_timeout(time);
        }
        while world.engine.fan_out(time, TURNS) {}
        let spent = thread_time() - from;
        if world.now >= measured_from {
            used += spent;
            packets += world.engine.outbox().iter().count() as u64;
        }
        world.engine.outbox().clear();
        while world.engine.poll_event().is_some() {}
    }
    Measured {
        subscribers,
        packets_per_second: Some(packets as f64 / MEASURED.as_secs_f64()),
        cpu_ns_per_packet: (packets > 0).then(|| used.as_nanos() as f64 / packets as f64),
        ..Measured::default()
    }
}
