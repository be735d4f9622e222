//! The practical limit alone, for as many as another scenario has, or by itself.

use super::{Measured, Settings};
use crate::cpu;
use crate::limit::{self, Burst, Calls, Load, plan};
use crate::media::{Clip, Layers};

/// One run without any server.
pub fn run(settings: &Settings, subscribers: usize) -> anyhow::Result<Measured> {
    let clip = Clip::load(settings.clip, Layers::All)?;
    let mut measured = Measured { subscribers, ..Measured::default() };
    add_to(&mut measured, settings, &clip)?;
    Ok(measured)
}

/// The limit for the packets and the audience that were measured.
pub fn add_to(measured: &mut Measured, settings: &Settings, clip: &Clip) -> anyhow::Result<()> {
    let people = measured.subscribers;
    note(measured, reach(settings, (people, 1), &plan::screen(clip, people), Calls::Runs)?);
    Ok(())
}

/// The same for so many lessons of a teacher and classrooms.
pub fn add_lessons_to(
    measured: &mut Measured,
    settings: &Settings,
    [large, small]: [&Clip; 2],
    lessons: usize,
) -> anyhow::Result<()> {
    let rooms = (plan::LESSON_PEOPLE, lessons);
    note(measured, reach(settings, rooms, &plan::lesson(large, small), Calls::Runs)?);
    Ok(())
}

fn note(measured: &mut Measured, reached: limit::Reached) {
    measured.limit_cpu_ns_per_packet = Some(reached.cpu_ns_per_packet);
    measured.limit_delivered_ratio = Some(reached.delivered_ratio);
}

/// The same for a wall of so many cameras, and what one system call a packet costs beside it.
pub fn add_wall_to(
    measured: &mut Measured,
    settings: &Settings,
    clip: &Clip,
    cameras: u16,
) -> anyhow::Result<()> {
    let people = measured.subscribers;
    let reach = |calls| reach(settings, (people, 1), &plan::wall(clip, cameras, calls, people), calls);
    let (runs, single) = (reach(Calls::Runs)?, reach(Calls::OneDatagram)?);
    note(measured, runs);
    measured.one_datagram_a_call_cpu_ns_per_packet = Some(single.cpu_ns_per_packet);
    Ok(())
}

fn reach(
    settings: &Settings,
    (people, rooms): (usize, usize),
    bursts: &[Burst],
    calls: Calls,
) -> anyhow::Result<limit::Reached> {
    let load = Load {
        bursts,
        calls,
        people,
        rooms,
        profile: settings.profile,
        packets: settings.limit_packets,
        joins_datagrams: settings.reception.joins_datagrams,
    };
    cpu::on_cores(&settings.own_cores, || {
        cpu::before_others(|| limit::measure(&load, &settings.program.cores))
    })?
}
