//! From accepted packets to sealed ones: bursts wait here for their subscribers, voices before pictures.
//!
//! A burst goes to one subscriber after the other, all its packets at once, so that they lie behind each other in the
//! outbox and leave as one run. [`Engine::fan_out`] does a bounded piece of that at a time: between two pieces the shell
//! sends and reads, so a voice that arrives while a keyframe goes to three thousand screens waits for one piece only.

use super::Engine;
use super::outbox::Outbox;
use super::session::{Publisher, Subscriber};
use super::slab::{Key, Slab};
use super::wall::Wall;
use crate::egress::Forwarded;
use crate::egress::gather::Burst;
use crate::egress::slot::TrackKey;
use crate::ingress::Accepted;
use crate::ingress::cache::Media;
use crate::ingress::track::{Listener, Track};
use crate::now::Now;
use crate::stats::Counters;
use std::collections::VecDeque;
use std::time::Instant;
use tongtang_protocol::lesson::Source;

/// Bursts that wait for their turn in each lane. When more come the machine is too slow for its lessons: the newest
/// burst goes to nobody and is counted; receivers ask for it again or for a keyframe.
pub const MAX_READY_BURSTS: usize = 4_096;

/// A burst on its way through its track's listeners.
#[derive(Debug)]
struct Ready {
    track: TrackKey,
    burst: Burst,
    /// The listener whose turn it is.
    next: usize,
}

/// What waits to be fanned out.
#[derive(Debug, Default)]
pub(super) struct FanOut {
    voices: VecDeque<Ready>,
    pictures: VecDeque<Ready>,
    /// Tracks with packets that wait for the rest of their frame.
    gathering: Vec<TrackKey>,
    /// When the first of them is due.
    due: Option<Instant>,
    /// Small pictures.
    pub(super) wall: Wall,
}

impl FanOut {
    /// When a burst will be ready.
    pub(super) fn due(&self) -> Option<Instant> {
        [self.due, self.wall.due()].into_iter().flatten().min()
    }

    fn expect(&mut self, due: Option<Instant>) {
        self.due = [self.due, due].into_iter().flatten().min();
    }
}

impl Engine {
    /// An accepted packet waits for its frame; a voice is ready at once.
    pub(super) fn gather(&mut self, now: Now, publisher: Key, accepted: &Accepted) {
        let key = TrackKey { publisher, track: accepted.track };
        let Some(from) = self.publishers.get_mut(publisher) else { return };
        let is_muted = from.is_muted;
        let track = &mut from.ingress.tracks_mut()[accepted.track];
        if is_muted && track.source == Source::Microphone {
            return;
        }
        let (sequence, len) = (accepted.meta.sequence, accepted.payload.1 - accepted.payload.0);
        if !track.wall_listeners.is_empty() && !self.fan.wall.push(now.mono, key, sequence, len as u16) {
            self.counters.fan_out_dropped_packets += 1;
        }
        if track.listeners.is_empty() {
            return;
        }
        if track.source == Source::Microphone {
            let ready = Ready { track: key, burst: Burst::single(sequence, len as u16), next: 0 };
            return push_ready(&mut self.fan.voices, ready, &mut self.counters);
        }
        track.gather.push(now.mono, sequence, len, accepted.meta.marker);
        if let Some(burst) = track.gather.take(now.mono) {
            let ready = Ready { track: key, burst, next: 0 };
            push_ready(&mut self.fan.pictures, ready, &mut self.counters);
        }
        if let Some(due) = track.gather.due() {
            if !track.is_gathering {
                track.is_gathering = true;
                self.fan.gathering.push(key);
            }
            self.fan.expect(Some(due));
        }
    }

    /// The time of [`FanOut::due`] has come.
    pub(super) fn gather_timeouts(&mut self, now: Now) {
        self.wall_timeouts(now);
        let Self { fan, publishers, counters, .. } = self;
        if fan.due.is_none_or(|due| due > now.mono) {
            return;
        }
        fan.due = None;
        let mut gathering = std::mem::take(&mut fan.gathering);
        gathering.retain(|&key| {
            let Some(track) = track_mut(publishers, key) else { return false };
            while let Some(burst) = track.gather.take(now.mono) {
                push_ready(&mut fan.pictures, Ready { track: key, burst, next: 0 }, counters);
            }
            let due = track.gather.due();
            fan.expect(due);
            track.is_gathering = due.is_some();
            track.is_gathering
        });
        fan.gathering = gathering;
    }

    /// When pictures that wait for the rest of their frame, or for each other, leave; earlier than that only a whole frame
    /// or a voice.
    pub fn poll_gathered(&self) -> Option<Instant> {
        self.fan.due()
    }

    /// Is there a burst that has not reached all its subscribers?
    pub fn has_fan_out(&self) -> bool {
        !self.fan.voices.is_empty() || !self.fan.pictures.is_empty() || self.fan.wall.has_turns()
    }

    /// Seals bursts for the next `turns` subscribers into the outbox. Gives whether more waits.
    pub fn fan_out(&mut self, now: Now, turns: usize) -> bool {
        let mut left = turns;
        while left > 0 && self.has_fan_out() {
            let is_voice = !self.fan.voices.is_empty();
            let lane = if is_voice { &mut self.fan.voices } else { &mut self.fan.pictures };
            let Some(mut ready) = lane.pop_front() else {
                self.fan_out_wall(now, &mut left);
                continue;
            };
            let is_done = self.fan_out_burst(now, &mut ready, &mut left);
            if !is_done {
                let lane = if is_voice { &mut self.fan.voices } else { &mut self.fan.pictures };
                lane.push_front(ready);
            }
        }
        self.has_fan_out()
    }

    /// Serves listeners until none or no turn is left. Gives whether the burst has reached them all.
    fn fan_out_burst(&mut self, now: Now, ready: &mut Ready, left: &mut usize) -> bool {
        let Self { publishers, subscribers, outbox, counters, fan, .. } = self;
        let Some(track) = track_mut(publishers, ready.track) else { return true };
        let mut listeners = std::mem::take(&mut track.listeners);
        let still_to_come = |sequence: u64| {
            track.gather.holds(sequence)
                || fan.pictures.iter().any(|waiting| {
                    waiting.track == ready.track
                        && waiting.burst.packets().iter().any(|packet| packet.sequence == sequence)
                })
        };
        while *left > 0
            && let Some(&listener) = listeners.get(ready.next)
        {
            *left -= 1;
            let turn = Turn { now, key: ready.track, track };
            match turn.serve(listener, &ready.burst, subscribers, outbox, counters, still_to_come) {
                Listening::On => ready.next += 1,
                // The last listener takes its place, and this burst has not reached it yet.
                Listening::No => drop(listeners.swap_remove(ready.next)),
            }
        }
        let is_done = ready.next >= listeners.len();
        track.listeners = listeners;
        is_done
    }
}

/// Does a slot still listen to a track?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listening {
    On,
    No,
}

/// A track's turn at one subscriber.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub now: Now,
    pub key: TrackKey,
    pub track: &'a Track,
}

impl Turn<'_> {
    fn serve(
        self,
        listener: Listener,
        burst: &Burst,
        subscribers: &mut Slab<Subscriber>,
        outbox: &mut Outbox,
        counters: &mut Counters,
        still_to_come: impl Fn(u64) -> bool,
    ) -> Listening {
        let Some(subscriber) = subscribers.get_mut(listener.subscriber) else { return Listening::No };
        for (at, planned) in burst.packets().iter().enumerate() {
            // The cache has lost it only if this burst waited for longer than the cache reaches.
            let Some(media) = self.track.cache.get(planned.sequence) else { continue };
            match self.forward(subscriber, listener.slot, &media, planned.padding, outbox, counters) {
                Forwarded::NotListening => return Listening::No,
                Forwarded::SentFirst => {
                    let rest = &burst.packets()[at + 1..];
                    let is_to_come = |sequence: u64| {
                        rest.iter().any(|packet| packet.sequence == sequence) || still_to_come(sequence)
                    };
                    let slot = listener.slot;
                    self.catch_up(subscriber, slot, planned.sequence, is_to_come, outbox, counters);
                }
                Forwarded::Sent | Forwarded::Held | Forwarded::Dropped => {}
            }
        }
        Listening::On
    }

    /// Offers one packet to a slot.
    pub fn forward(
        self,
        subscriber: &mut Subscriber,
        slot: u8,
        media: &Media<'_>,
        padding: u8,
        outbox: &mut Outbox,
        counters: &mut Counters,
    ) -> Forwarded {
        let (slot, codec) = (usize::from(slot), self.track.codec);
        let peer = &mut subscriber.session.peer;
        let forwarded =
            subscriber.egress.forward(self.now, slot, self.key, codec, media, padding, peer, outbox);
        match forwarded {
            Forwarded::Sent => counters.rtp_out_packets += 1,
            Forwarded::SentFirst => {
                counters.rtp_out_packets += 1;
                counters.slot_switches += 1;
            }
            Forwarded::Dropped => counters.egress_dropped_packets += 1,
            Forwarded::Held | Forwarded::NotListening => {}
        }
        forwarded
    }

    /// The keyframe's first packet, `first`, was lost and came late: what is behind it has left for others already.
    pub fn catch_up(
        self,
        subscriber: &mut Subscriber,
        slot: u8,
        first: u64,
        is_to_come: impl Fn(u64) -> bool,
        outbox: &mut Outbox,
        counters: &mut Counters,
    ) {
        let behind = first + 1..=self.track.highest().unwrap_or(0);
        for sequence in behind.filter(|sequence| !is_to_come(*sequence)) {
            if let Some(media) = self.track.cache.get(sequence) {
                self.forward(subscriber, slot, &media, 0, outbox, counters);
            }
        }
    }
}

pub(super) fn track_mut(publishers: &mut Slab<Publisher>, key: TrackKey) -> Option<&mut Track> {
    publishers.get_mut(key.publisher)?.ingress.tracks_mut().get_mut(key.track)
}

fn push_ready(lane: &mut VecDeque<Ready>, ready: Ready, counters: &mut Counters) {
    if lane.len() < MAX_READY_BURSTS {
        lane.push_back(ready);
    } else {
        counters.fan_out_dropped_packets += ready.burst.packets().len() as u64;
    }
}
