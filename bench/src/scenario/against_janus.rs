//! The same teacher, without simulcast, and the same screens at our server and at Janus, one after the other.

use super::hall::Around;
use super::one_teacher::{Crowd, expected, screens, slots};
use super::{Measured, Settings, one_teacher, sample_every, window};
use crate::cpu;
use crate::janus::Janus;
use crate::join::Camera;
use crate::media::{Clip, ClipName, Layers};
use crate::sfu::TEACHER;

/// Screens.
pub const SUBSCRIBERS: usize = 100;

/// One run at each: ours, with Janus's cost beside it, and Janus's own.
pub fn run(settings: &Settings) -> anyhow::Result<[Measured; 2]> {
    // A VideoRoom forwards every layer of a simulcast to nobody but who asks, which would compare two different things.
    let clip = match settings.clip {
        ClipName::H264Simulcast | ClipName::H264Single => ClipName::H264Single,
        ClipName::Vp8Simulcast | ClipName::Vp8Single => ClipName::Vp8Single,
    };
    let settings = Settings { clip, ..settings.clone() };
    let mut ours = one_teacher::run(&settings, Crowd::of(SUBSCRIBERS))?;
    let mut theirs = at_janus(&settings)?;
    ours.janus_cpu_ns_per_packet = theirs.cpu_ns_per_packet;
    theirs.limit_cpu_ns_per_packet = ours.limit_cpu_ns_per_packet;
    Ok([ours, theirs])
}

fn at_janus(settings: &Settings) -> anyhow::Result<Measured> {
    let clip = Clip::load(settings.clip, Layers::All)?;
    cpu::on_cores(&settings.own_cores, || {
        let janus = Janus::start(&settings.program.cores, clip.codec)?;
        let around = Around::build(settings, sample_every(SUBSCRIBERS))?;
        let place = around.place(Janus::HTTP);
        let uplink_mbit = settings.uplink_mbit;
        let camera = Camera { room: "", participant: TEACHER, clip: &clip, number: 1, uplink_mbit };
        janus.publish(&place, &camera)?;
        let empty = janus.process.resident_bytes()?;
        let slots = slots();
        let screen = screens(&clip, &slots, Crowd::of(SUBSCRIBERS)).screen;
        janus.subscribe(&place, &screen, SUBSCRIBERS)?;
        std::thread::sleep(settings.warm_up);
        let full = janus.process.resident_bytes()?;
        let load = window::Load {
            server: &janus.process,
            server_ports: &janus.process.udp_ports()?,
            metrics: None,
            studio: &around.studio,
            audience: &around.audience,
            expected: &expected,
            counted: 0..SUBSCRIBERS,
        };
        let memory = full.saturating_sub(empty) as f64 / SUBSCRIBERS as f64;
        Ok(Measured { memory_bytes_per_subscriber: Some(memory), ..load.measure(settings.window)? })
    })?
}
