//! The same teacher, without simulcast, and the same screens at our server and at another, one after the other.

use super::hall::Around;
use super::one_teacher::{Crowd, expected, screens, slots};
use super::{Measured, Settings, one_teacher, sample_every, window};
use crate::cpu::{self, Tree};
use crate::foreign::{Against, Foreign};
use crate::janus::Janus;
use crate::join::{Camera, Place, Screen};
use crate::media::{Clip, ClipName, Layers};
use crate::sfu::TEACHER;

/// Screens at Janus.
const SUBSCRIBERS: usize = 100;

/// Another server that has been started.
trait Other {
    /// What is measured.
    fn process(&self) -> &Tree;
    /// Joins the publisher and waits until it is connected.
    fn publish(&self, place: &Place<'_>, camera: &Camera<'_>) -> anyhow::Result<()>;
    /// Joins so many subscribers and waits until they have media.
    fn subscribe(&self, place: &Place<'_>, screen: &Screen<'_>, count: usize) -> anyhow::Result<()>;
}

impl Other for Janus {
    fn process(&self) -> &Tree {
        &self.process
    }

    fn publish(&self, place: &Place<'_>, camera: &Camera<'_>) -> anyhow::Result<()> {
        self.publish(place, camera)
    }

    fn subscribe(&self, place: &Place<'_>, screen: &Screen<'_>, count: usize) -> anyhow::Result<()> {
        self.subscribe(place, screen, count)
    }
}

impl Other for Foreign {
    fn process(&self) -> &Tree {
        &self.process
    }

    fn publish(&self, place: &Place<'_>, camera: &Camera<'_>) -> anyhow::Result<()> {
        self.publish(place, camera)
    }

    fn subscribe(&self, place: &Place<'_>, screen: &Screen<'_>, count: usize) -> anyhow::Result<()> {
        self.subscribe(place, screen, count)
    }
}

/// The same settings with a camera of one layer: other servers forward every layer of a simulcast to nobody but who asks,
/// or to everybody, which would compare two different things.
fn one_layer(settings: &Settings) -> Settings {
    let clip = match settings.clip {
        ClipName::H264Simulcast | ClipName::H264Single => ClipName::H264Single,
        ClipName::Vp8Simulcast | ClipName::Vp8Single => ClipName::Vp8Single,
    };
    Settings { clip, ..settings.clone() }
}

/// One run at each: ours, with Janus's cost beside it, and Janus's own.
pub fn janus(settings: &Settings) -> anyhow::Result<[Measured; 2]> {
    let settings = one_layer(settings);
    let mut ours = one_teacher::run(&settings, Crowd::of(SUBSCRIBERS))?;
    let start = || Janus::start(&settings.program.cores, settings.clip.codec());
    let mut theirs = elsewhere(&settings, SUBSCRIBERS, start)?;
    ours.janus_cpu_ns_per_packet = theirs.cpu_ns_per_packet;
    theirs.limit_cpu_ns_per_packet = ours.limit_cpu_ns_per_packet;
    Ok([ours, theirs])
}

/// One run at each: ours, and that of any server that speaks WHIP and WHEP, with our cost and the limit beside it.
pub fn any(settings: &Settings, against: &Against) -> anyhow::Result<[Measured; 2]> {
    let settings = one_layer(settings);
    let ours = one_teacher::run(&settings, Crowd::of(against.subscribers))?;
    let theirs = at_any(&settings, against)?;
    Ok([
        ours.clone(),
        Measured {
            limit_cpu_ns_per_packet: ours.limit_cpu_ns_per_packet,
            our_cpu_ns_per_packet: ours.cpu_ns_per_packet,
            ..theirs
        },
    ])
}

fn at_any(settings: &Settings, against: &Against) -> anyhow::Result<Measured> {
    let start = || Foreign::begin(against, &settings.program.cores);
    elsewhere(settings, against.subscribers, start)
}

/// One run at the server that `start` gives.
fn elsewhere<O: Other>(
    settings: &Settings,
    subscribers: usize,
    start: impl FnOnce() -> anyhow::Result<O>,
) -> anyhow::Result<Measured> {
    let clip = Clip::load(settings.clip, Layers::All)?;
    cpu::on_cores(&settings.own_cores, || {
        let server = start()?;
        let around = Around::build(settings, sample_every(subscribers))?;
        let place = around.place(Janus::HTTP);
        let uplink_mbit = settings.uplink_mbit;
        let camera = Camera { room: "", participant: TEACHER, clip: &clip, number: 1, uplink_mbit };
        server.publish(&place, &camera)?;
        let process = server.process();
        let empty = process.resident_bytes()?;
        let slots = slots();
        let screen = screens(&clip, &slots, Crowd::of(subscribers)).screen;
        server.subscribe(&place, &screen, subscribers)?;
        std::thread::sleep(settings.warm_up);
        let full = process.resident_bytes()?;
        let load = window::Load {
            server: process,
            server_ports: &process.udp_ports()?,
            metrics: None,
            studio: &around.studio,
            audience: &around.audience,
            expected: &expected,
            counted: 0..subscribers,
        };
        let memory = full.saturating_sub(empty) as f64 / subscribers as f64;
        Ok(Measured { memory_bytes_per_subscriber: Some(memory), ..load.measure(settings.window)? })
    })?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::Reception;
    use crate::foreign::Server;
    use crate::peer::Profile;
    use crate::sfu::{Program, Sfu};
    use std::time::Duration;

    /// The server that was built with this test.
    fn program() -> Program {
        let folder = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned();
        let path = folder.join("tongtang-sfu");
        assert!(path.exists(), "there is no {}: test the workspace, not this crate alone", path.display());
        Program { path, cores: cpu::cores(), workers: 1, arguments: Vec::new() }
    }

    fn settings(clip: ClipName) -> Settings {
        Settings {
            program: program(),
            own_cores: cpu::cores(),
            clip,
            uplink_mbit: None,
            profile: Profile::Gcm,
            reception: Reception {
                sends_feedback: true,
                feedback_interval: Duration::from_millis(50),
                joins_datagrams: true,
            },
            warm_up: Duration::from_millis(200),
            window: Duration::from_secs(1),
            limit_packets: 1_000,
        }
    }

    #[test]
    fn any_server_is_published_to_played_from_and_measured_by_its_urls_alone() {
        for clip in [ClipName::H264Single, ClipName::Vp8Single] {
            let sfu = Sfu::start(&program()).unwrap();
            sfu.make_room("r", clip.codec(), &[], None).unwrap();
            let at = |path: &str| format!("http://{}/{path}", sfu.http);
            let against = Against {
                name: "ourselves".to_owned(),
                whip: at("whip/r?participant=teacher&role=teacher"),
                whep: at("whep/r?slots=teacher,audio0&participant=screen-{n}&role=classroom"),
                token: Some("nobody-looks-at-it".to_owned()),
                server: Server::Runs(sfu.pid()),
                subscribers: 3,
                join_interval: Duration::from_millis(20),
            };
            against.check().unwrap();
            // Twice, as for two runs at a server that goes on: the first has ended its sessions.
            for _ in 0..2 {
                let measured = at_any(&settings(clip), &against).unwrap();
                assert_eq!((measured.subscribers, measured.corrupt), (3, Some(0.0)));
                assert!(measured.intact.unwrap() > 0.0, "{measured:?}");
                assert!(measured.delivered_ratio.unwrap() > 0.5, "{measured:?}");
                assert!(measured.cpu_ns_per_packet.unwrap() > 0.0 && measured.latency_p50_us.is_some());
                assert!(measured.join_p95_ms.unwrap() > 0.0);
            }
        }
    }
}
