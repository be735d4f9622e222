//! Lessons over access links, in user space: publishers behind narrow uplinks, subscribers behind home downlinks, and
//! subscribers that are far away.
//!
//! A link carries so many bits a second, and what would wait in its queue for longer than a home router holds is lost. A
//! publisher's packets leave its link one after the other; a subscriber's come out of the server's socket, then over the
//! link. Latency is from the end of the uplink to the end of the downlink.

use super::one_teacher::{self, Crowd};
use super::{Measured, Settings};
use crate::audience::Access;
use crate::link::Line;
use std::time::Duration;

/// Publishers' links.
pub const UPLINKS_MBIT: [u32; 3] = [5, 10, 50];
/// Subscribers' links: so much towards them, unlimited from them.
const DOWNLINK_MBIT: f64 = 10.0;
/// Home routers hold more; a burst that needs more than this is too long for a live picture.
const DOWNLINK_QUEUE: Duration = Duration::from_millis(100);
/// Subscribers behind such links.
const SUBSCRIBERS: usize = 200;

/// Subscribers that are far away, come one after the other, and how far that is, there and back.
const FAR_SUBSCRIBERS: usize = 20;
const FAR_WITHIN: Duration = Duration::from_secs(4);
const FAR_ROUND_TRIP: Duration = Duration::from_millis(200);

/// One run with publishers behind links of so many Mbit/s.
pub fn run(settings: &Settings, uplink_mbit: u32) -> anyhow::Result<Measured> {
    let settings = Settings { uplink_mbit: Some(f64::from(uplink_mbit)), ..settings.clone() };
    let down = Line { mbit: Some(DOWNLINK_MBIT), max_wait: DOWNLINK_QUEUE, delay: Duration::ZERO };
    let up = Line { mbit: None, ..down };
    one_teacher::run(&settings, Crowd { access: Some(Access { down, up }), ..Crowd::of(SUBSCRIBERS) })
}

/// One run with subscribers far away: how many times the way there and back a join takes.
pub fn far(settings: &Settings) -> anyhow::Result<Measured> {
    let line = Line { mbit: None, max_wait: Duration::ZERO, delay: FAR_ROUND_TRIP / 2 };
    let access = Some(Access { down: line, up: line });
    let crowd = Crowd { within: Some(FAR_WITHIN), access, screens: FAR_SUBSCRIBERS };
    let measured = one_teacher::run(settings, crowd)?;
    let round_trip_ms = FAR_ROUND_TRIP.as_secs_f64() * 1_000.0;
    let join_p50_round_trip_times = measured.join_p50_ms.map(|ms| ms / round_trip_ms);
    Ok(Measured { join_p50_round_trip_times, ..measured })
}
