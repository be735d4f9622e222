//! One teacher with camera and microphone, many screens that show both.

use super::{Measured, Settings, bare_loop, sample_every, window};
use crate::audience::Audience;
use crate::join::{self, Camera};
use crate::media::Clip;
use crate::peer::Identity;
use crate::sfu::{Sfu, TEACHER};
use crate::studio::{self, Studio};

const ROOM: &str = "lesson";

/// One run with so many screens.
pub fn run(settings: &Settings, subscribers: usize) -> anyhow::Result<Measured> {
    let clip = Clip::load(settings.clip, false)?;
    let mut measured =
        crate::cpu::on_cores(&settings.own_cores, || with_server(settings, &clip, subscribers))??;
    bare_loop::add_to(&mut measured, settings, &clip)?;
    Ok(measured)
}

fn with_server(
    settings: &Settings,
    clip: &std::sync::Arc<Clip>,
    subscribers: usize,
) -> anyhow::Result<Measured> {
    let sfu = Sfu::start(&settings.program, clip.codec)?;
    sfu.make_room(ROOM, clip.codec)?;
    let identity = Identity::generate(settings.profile)?;
    let studio = Studio::start()?;
    let camera =
        Camera { room: ROOM, participant: TEACHER, clip, number: 1, uplink_mbit: settings.uplink_mbit };
    join::publish(sfu.http, &identity, &studio, &camera)?;
    let audience = Audience::start(settings.reception, sample_every(subscribers))?;
    let empty = sfu.process.resident_bytes()?;
    let joined = join::subscribe(sfu.http, &identity, &audience, ROOM, "teacher,audio0", subscribers)?;
    std::thread::sleep(settings.warm_up);
    let full = sfu.process.resident_bytes()?;
    let load = window::Load {
        server: &sfu.process,
        server_ports: &sfu.udp_ports()?,
        studio: &studio,
        audience: &audience,
        expected: |view: &studio::View| view.publishers.iter().map(|sent| sent.expected(false)).sum(),
    };
    let measured = load.measure(settings.window)?;
    Ok(Measured {
        refusal: joined.refusal,
        memory_bytes_per_subscriber: Some(full.saturating_sub(empty) as f64 / joined.count as f64),
        ..measured
    })
}
