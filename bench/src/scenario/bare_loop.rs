//! The practical limit alone, for as many as another scenario has, or by itself.

use super::{Measured, Settings};
use crate::cpu;
use crate::limit::{self, Load};
use crate::media::Clip;

/// One run without any server.
pub fn run(settings: &Settings, subscribers: usize) -> anyhow::Result<Measured> {
    let clip = Clip::load(settings.clip, false)?;
    let mut measured = Measured { subscribers, ..Measured::default() };
    add_to(&mut measured, settings, &clip)?;
    Ok(measured)
}

/// The limit for the packets and the audience that were measured.
pub fn add_to(measured: &mut Measured, settings: &Settings, clip: &Clip) -> anyhow::Result<()> {
    let load = Load {
        clip,
        subscribers: measured.subscribers,
        profile: settings.profile,
        packets: settings.limit_packets,
        joins_datagrams: settings.reception.joins_datagrams,
    };
    let reached = cpu::on_cores(&settings.own_cores, || limit::measure(&load, &settings.program.cores))??;
    measured.limit_cpu_ns_per_packet = Some(reached.cpu_ns_per_packet);
    measured.limit_delivered_ratio = Some(reached.delivered_ratio);
    Ok(())
}
