//! What a recording misses without a later packet that would show it.
//!
//! A hole *between* packets of a flow shows in their indexes. A hole at a flow's end does not: the recorder or
//! its disk was gone until the lesson was over, or the sfu was restarted and its flows with it. Enters: that
//! capturing stopped, which flows go on, that it is back or finished. Leaves: gaps for the flows that did not.

use super::{Capture, Open};
use crate::manifest::{Gap, GapReason, Line};
use crate::rolling::off_spans;
use crate::track::TrackKey;
use std::collections::BTreeMap;

/// A flow whose last packet was not longer before the outage was alive when it began: a shared screen that
/// stands still is repeated once a second, or less often by a busy browser.
const ALIVE_US: u64 = 5_000_000;
/// Shorter outages of a whole room are the distance between two packets.
const MIN_OUTAGE_US: u64 = 100_000;

/// A time in which nothing was captured.
#[derive(Debug)]
pub(super) struct Outage {
    /// Arrival of the last packet before it, of any flow.
    from_unix_us: u64,
    /// Earliest arrival behind it.
    to_unix_us: Option<u64>,
    reason: GapReason,
    /// Flows that were alive and have not come back, and since when.
    awaited: BTreeMap<TrackKey, u64>,
}

impl Outage {
    pub(super) fn packet(&mut self, arrival_unix_us: u64) {
        if arrival_unix_us > self.from_unix_us {
            let earliest = self.to_unix_us.unwrap_or(arrival_unix_us).min(arrival_unix_us);
            self.to_unix_us = Some(earliest);
        }
    }

    pub(super) fn goes_on(&mut self, track: TrackKey) {
        self.awaited.remove(&track);
    }
}

impl Capture {
    /// Nothing can be captured from now on. If an outage is not over yet, it goes on: its first cause is its
    /// reason.
    pub fn away(&mut self, reason: GapReason) {
        let Some(last_unix_us) = self.tracks.values().filter_map(|open| open.last_arrival_unix_us).max()
        else {
            return;
        };
        let awaited = BTreeMap::new();
        let outage = self.outage.get_or_insert(Outage { from_unix_us: 0, to_unix_us: None, reason, awaited });
        (outage.from_unix_us, outage.to_unix_us) = (last_unix_us, None);
        let alive_since = last_unix_us.saturating_sub(ALIVE_US);
        for (key, open) in &self.tracks {
            if !open.has_ended && open.last_arrival_unix_us.is_some_and(|last| last >= alive_since) {
                outage.awaited.entry(*key).or_insert(last_unix_us);
            }
        }
    }

    /// What a hole behind the running outage means.
    pub fn outage_reason(&self) -> GapReason {
        self.outage.as_ref().map_or(GapReason::TooSlow, |outage| outage.reason)
    }

    /// The outage is over: whatever goes on has begun to.
    pub fn back(&mut self) {
        if let Some(outage) = &self.outage
            && let Some(to_unix_us) = outage.to_unix_us
        {
            self.end_outage(to_unix_us);
        }
    }

    /// The sfu dropped a flow's packets up to this index; perhaps nothing follows them.
    pub fn lost(&mut self, key: TrackKey, to_index: u64, now_unix_us: u64) {
        if let Some(open) = self.tracks.get_mut(&key) {
            open.lost = open.lost.max(Some((to_index, now_unix_us)));
        }
    }

    /// The sfu says that nothing more comes on a flow.
    pub fn track_ended(&mut self, key: TrackKey) {
        if let Some(open) = self.tracks.get_mut(&key) {
            open.has_ended = true;
        }
    }

    /// The recording ends: whatever is missing now stays so.
    pub(super) fn note_missing_tails(&mut self, now_unix_us: u64) {
        let contents = self.manifest.contents();
        let asked = contents.finish_asked_unix_us.unwrap_or(now_unix_us);
        let off = off_spans(&contents.events);
        let over = off.last().filter(|off| off.to_unix_us == u64::MAX).map(|off| off.from_unix_us);
        let end = over.map_or(asked, |over| over.min(asked));
        self.back();
        self.end_outage(end);
        for (key, open) in &mut self.tracks {
            let Some((to_index, lost_unix_us)) = open.lost.take() else { continue };
            if to_index > open.next_index {
                let to = lost_unix_us.min(end);
                let from = open.last_arrival_unix_us.unwrap_or(to).min(to);
                self.lines.push(Line::Gap(open.gap(*key, to_index, (from, to), GapReason::TooSlow)));
                open.next_index = to_index;
            }
        }
    }

    fn end_outage(&mut self, to_unix_us: u64) {
        let Some(Outage { reason, awaited, .. }) = self.outage.take() else { return };
        for (key, from_unix_us) in awaited {
            if to_unix_us.saturating_sub(from_unix_us) < MIN_OUTAGE_US {
                continue;
            }
            if let Some(open) = self.tracks.get_mut(&key) {
                let to_index = open.lost.take().map_or(0, |(to_index, _)| to_index).max(open.next_index);
                self.lines.push(Line::Gap(open.gap(key, to_index, (from_unix_us, to_unix_us), reason)));
                open.next_index = to_index;
                open.has_ended = true;
            }
        }
    }
}

impl Open {
    pub(super) fn gap(
        &self,
        track: TrackKey,
        to_index: u64,
        (from_unix_us, to_unix_us): (u64, u64),
        reason: GapReason,
    ) -> Gap {
        let ms = to_unix_us.saturating_sub(from_unix_us) / 1000;
        Gap { track, from_index: self.next_index, to_index, from_unix_us, to_unix_us, ms, reason }
    }
}
