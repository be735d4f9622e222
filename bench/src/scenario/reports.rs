//! Reports of thousands of subscribers, and nothing else: what a server spends on receiving RTCP.
//!
//! The lesson runs until everybody has media; then the teacher switches camera and microphone off. Measured are a span in
//! which nobody reports, one in which all report as Chromium does while pictures come (transport-wide feedback of ten
//! packets in each interval, receiver reports each second, a packet asked for again each 6.4 s, a keyframe each 12.8 s),
//! and again one in which nobody does. What the second costs more than the others is the reports'.

use super::hall::Hall;
use super::one_teacher::{Crowd, begin, screens, slots};
use super::{MAX_SAMPLE_EVERY, Measured, Settings};
use crate::cpu;
use crate::media::{Clip, Layers};
use crate::metrics;
use crate::subscriber::Conduct;
use std::time::{Duration, Instant};

/// From a change to its measurement: what was on its way has come.
const SETTLE: Duration = Duration::from_millis(1_000);
/// Counters of RTCP that the server received and did not read.
const REFUSED: [&str; 2] = ["rate_limited_rtcp", "srtcp_open_failed"];

/// What a span of time took.
struct Span {
    /// The server's CPU time, of a core.
    core_share: f64,
    seconds: f64,
    sent: f64,
    lost: f64,
    generator_core_share: f64,
}

/// One run with so many subscribers.
pub fn run(settings: &Settings, subscribers: usize) -> anyhow::Result<Measured> {
    let clip = Clip::load(settings.clip, Layers::All)?;
    cpu::on_cores(&settings.own_cores, || -> anyhow::Result<Measured> {
        let hall = Hall::open(settings, MAX_SAMPLE_EVERY)?;
        begin(settings, &hall, &clip)?;
        let slots = slots();
        let filled = hall.fill(settings, &screens(&clip, &slots, Crowd::of(subscribers)))?;
        hall.around.studio.pause()?;
        let measure = |conduct: Conduct| {
            hall.around.audience.behave(0, subscribers, conduct)?;
            std::thread::sleep(SETTLE);
            span(settings, &hall)
        };
        let before = measure(Conduct::Silent)?;
        let reporting = measure(Conduct::Reports)?;
        let after = measure(Conduct::Silent)?;
        let quiet = (before.core_share + after.core_share) / 2.0;
        let share = (reporting.core_share - quiet).max(0.0);
        let read = reporting.sent - reporting.lost;
        Ok(Measured {
            subscribers,
            rtcp_packets_per_second: Some(reporting.sent / reporting.seconds),
            rtcp_lost: Some(reporting.lost),
            cpu_ns_per_rtcp_packet: (read > 0.0).then(|| share * reporting.seconds * 1e9 / read),
            rtcp_core_share: Some(share),
            quiet_core_share: Some(quiet),
            server_core_share: Some(reporting.core_share),
            generator_core_share: Some(reporting.generator_core_share),
            ..filled.with(Measured::default())
        })
    })?
}

/// Measures now.
fn span(settings: &Settings, hall: &Hall) -> anyhow::Result<Span> {
    let audience = &hall.around.audience;
    let ports = hall.sfu.process.udp_ports()?;
    let moment = || -> anyhow::Result<_> {
        let told = metrics::read(hall.sfu.http)?;
        let refused: f64 = REFUSED.iter().map(|name| told.counter(name)).sum();
        let view = audience.look()?;
        let failed = view.subscribers.iter().find_map(|one| one.failed.clone());
        if let Some(why) = failed {
            anyhow::bail!("a session failed while it was measured: {why}");
        }
        let sent: u64 = view.subscribers.iter().map(|one| one.rtcp_sent).sum();
        let lost = refused + hall.sfu.process.dropped_at(&ports)? as f64;
        Ok((Instant::now(), hall.sfu.process.cpu_time()?, sent as f64, lost, view.tally.busy))
    };
    // The sender must not pay for waking the thread that sends.
    audience.measure(true)?;
    let before = moment()?;
    std::thread::sleep(settings.window);
    let after = moment()?;
    audience.measure(false)?;
    let seconds = (after.0 - before.0).as_secs_f64();
    Ok(Span {
        core_share: (after.1 - before.1).as_secs_f64() / seconds,
        seconds,
        sent: after.2 - before.2,
        lost: after.3 - before.3,
        generator_core_share: (after.4 - before.4).as_secs_f64() / seconds,
    })
}
