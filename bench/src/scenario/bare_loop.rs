//! The practical limit alone, for as many as another scenario has, or by itself.

use super::{Measured, Settings};
use crate::cpu;
use crate::limit::{self, Burst, Calls, Load, plan};
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
    let reached = reach(settings, measured.subscribers, &plan::screen(clip), Calls::Runs)?;
    measured.limit_cpu_ns_per_packet = Some(reached.cpu_ns_per_packet);
    measured.limit_delivered_ratio = Some(reached.delivered_ratio);
    Ok(())
}

/// The same for a wall of so many cameras, and what one system call a packet costs beside it.
pub fn add_wall_to(
    measured: &mut Measured,
    settings: &Settings,
    clip: &Clip,
    cameras: u16,
) -> anyhow::Result<()> {
    let reach = |calls| reach(settings, measured.subscribers, &plan::wall(clip, cameras, calls), calls);
    let (runs, single) = (reach(Calls::Runs)?, reach(Calls::OneDatagram)?);
    measured.limit_cpu_ns_per_packet = Some(runs.cpu_ns_per_packet);
    measured.limit_delivered_ratio = Some(runs.delivered_ratio);
    measured.one_datagram_a_call_cpu_ns_per_packet = Some(single.cpu_ns_per_packet);
    Ok(())
}

fn reach(
    settings: &Settings,
    subscribers: usize,
    bursts: &[Burst],
    calls: Calls,
) -> anyhow::Result<limit::Reached> {
    let load = Load {
        bursts,
        calls,
        subscribers,
        profile: settings.profile,
        packets: settings.limit_packets,
        joins_datagrams: settings.reception.joins_datagrams,
    };
    cpu::on_cores(&settings.own_cores, || limit::measure(&load, &settings.program.cores))?
}
