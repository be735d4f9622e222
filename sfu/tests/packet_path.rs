//! The packet path allocates nothing: counted by an allocator around the system's.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "sim/browser.rs"]
mod browser;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "connection/client.rs"]
mod client;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "sim/content.rs"]
mod content;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "sim/offers.rs"]
mod offers;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "sim/receiver.rs"]
mod receiver;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "sim/sender.rs"]
mod sender;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "sim/world.rs"]
mod world;

use content::Video;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::UdpSocket;
use std::time::Duration;
use tongtang_protocol::lesson::{Source, VideoCodec};
use tongtang_sfu::engine::{Outbox, Path};
use tongtang_sfu::now::Now;
use tongtang_sfu::shell::udp::batch::{Segmentation, Sender};
use world::World;

/// Half of the screens are on another worker than the teacher.
const WORKERS: usize = 2;

thread_local! {
    /// `Some(n)`: this thread is being watched and has allocated `n` times.
    static ALLOCATIONS: Cell<Option<u64>> = const { Cell::new(None) };
}

struct Counting;

// SAFETY: everything is handed to the system's allocator unchanged; the counter is a plain thread-local cell that
// allocates nothing itself.
#[allow(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get().map(|count| count + 1)));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` allocates.
fn allocations(work: impl FnOnce()) -> u64 {
    ALLOCATIONS.set(Some(0));
    work();
    ALLOCATIONS.take().unwrap_or_default()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
}

/// What has come in goes to the other worker, and out.
fn forward(world: &mut World, now: Now) {
    for engine in world.engines() {
        while engine.handle_mirrors(now, 64) {}
        while engine.fan_out(now, 64) {}
    }
}

/// What each worker has to send.
fn datagrams(world: &mut World) -> [usize; WORKERS] {
    let mut of_workers = [0; WORKERS];
    of_workers
        .iter_mut()
        .zip(world.engines())
        .for_each(|(count, engine)| *count = engine.outbox().datagrams());
    of_workers
}

#[test]
fn a_packet_is_taken_in_gathered_sealed_for_every_screen_and_sent_without_an_allocation() {
    for video in [Video::Vp8, Video::H264] {
        let codec = if matches!(video, Video::Vp8) { VideoCodec::Vp8 } else { VideoCodec::H264 };
        let mut world = World::new(1, codec);
        let teacher = world.publish("t", video, &world::LAYERS, &[Source::Microphone, Source::Camera]);
        for n in 0..20 {
            world.subscribe(&format!("c{n}"), &["teacher", "audio0"]);
        }
        // Long enough for every buffer to have its size.
        world.run_for(Duration::from_secs(4));
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let here = Path { socket: 0, remote: socket.local_addr().unwrap() };
        let mut sender = Sender::new(Segmentation::Kernel);
        let (mut packets, mut sealed, mut mirrored, mut counted) = (0, 0, 0, 0);
        for _ in 0..2_000 {
            world.now += Duration::from_millis(1);
            let now = world.time();
            let browser = &mut world.browsers[teacher];
            if browser.next_timeout().is_some_and(|at| at <= now.mono) {
                browser.handle_timeout(now.mono, now.unix_us);
            }
            browser.collect();
            let path = browser.path;
            for mut datagram in std::mem::take(&mut browser.outgoing) {
                // RTCP and connectivity checks are not the packet path (RFC 5761 §4, RFC 7983 §7).
                if datagram[0] < 128 || (192..224).contains(&datagram[1]) {
                    world.engine.handle_datagram(now, path, &mut datagram);
                    continue;
                }
                packets += 1;
                let before = datagrams(&mut world);
                counted += allocations(|| {
                    world.engine.handle_datagram(now, path, &mut datagram);
                    forward(&mut world, now);
                });
                let after = datagrams(&mut world);
                sealed += after[0] - before[0];
                mirrored += after[1] - before[1];
            }
            for engine in world.engines() {
                if engine.poll_timeout().is_some_and(|at| at <= now.mono) {
                    engine.handle_timeout(now);
                }
            }
            counted += allocations(|| forward(&mut world, now));
            // The simulated screens have no address here: what they get goes to a socket of this machine.
            let mut outbox = Outbox::default();
            for engine in world.engines() {
                for (_, datagram) in engine.outbox().iter() {
                    outbox.push(here, datagram);
                }
            }
            counted += allocations(|| {
                sender.send(&socket, 0, &outbox);
            });
            for engine in world.engines() {
                engine.outbox().clear();
                while engine.poll_event().is_some() {}
            }
        }
        assert!(packets > 200 && sealed > 1_000, "{packets} packets in, {sealed} out at once");
        assert!(mirrored > 1_000, "{mirrored} out of the other worker at once");
        assert_eq!(counted, 0, "allocations on the way of {packets} packets");
    }
}
