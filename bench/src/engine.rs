//! What the engine spends on a forwarded packet, without sockets: real ICE, DTLS and SRTP are set up in simulated
//! time, then the teacher's sealed packets are handed to the engine and its outbox is thrown away.

use crate::content::Video;
use crate::limit;
use crate::world::World;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use tongtang_protocol::lesson::{Source, VideoCodec};

/// Simulated lesson time that is measured.
const MEASURED: Duration = Duration::from_secs(8);
const WARM_UP: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(1);

/// One run.
pub struct Run {
    /// CPU time of the packet thread for each packet that left.
    pub cpu_ns_per_packet: f64,
    /// The same for the bare copy, header and seal of packets of the same mean size.
    pub limit_cpu_ns_per_packet: f64,
    /// Packets that left.
    pub packets: usize,
    /// Their mean size.
    pub mean_bytes: usize,
}

/// CPU time of this thread in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// One teacher with camera and microphone, `subscribers` screens.
pub fn measure(subscribers: usize, seed: u64) -> Run {
    let mut world = World::new(seed, VideoCodec::Vp8);
    let teacher = world.publish("t", Video::Vp8, &[], &[Source::Microphone, Source::Camera]);
    let screens: Vec<usize> =
        (0..subscribers).map(|n| world.subscribe(&format!("c{n}"), &["teacher", "audio0"])).collect();
    world.run_until(Duration::from_secs(20), "every screen has a picture", |world| {
        screens.iter().all(|&screen| world.receiver(screen).slots[&0].frames() > 1)
    });
    world.run_for(Duration::from_millis(100));

    let (mut cpu_ns, mut packets, mut bytes) = (0, 0, 0);
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
        let from = thread_cpu_ns();
        for datagram in &mut datagrams {
            world.engine.handle_datagram(time, path, datagram);
        }
        if world.engine.poll_timeout().is_some_and(|at| at <= time.mono) {
            world.engine.handle_timeout(time);
        }
        let spent = thread_cpu_ns() - from;
        if world.now >= measured_from {
            cpu_ns += spent;
            for (_, datagram) in world.engine.outbox().iter() {
                packets += 1;
                bytes += datagram.len();
            }
        }
        world.engine.outbox().clear();
        while world.engine.poll_event().is_some() {}
    }
    let mean_bytes = bytes / packets.max(1);
    let payload = mean_bytes.saturating_sub(40);
    Run {
        cpu_ns_per_packet: cpu_ns as f64 / packets.max(1) as f64,
        limit_cpu_ns_per_packet: limit::cpu_ns_per_packet(payload, packets.max(100_000)),
        packets,
        mean_bytes,
    }
}
