//! From accepted packets to sealed ones: bursts wait here for their subscribers, voices before pictures.
//!
//! A burst goes to one subscriber after the other, all its packets at once, so that they lie behind each other in the
//! outbox and leave as one run. [`Engine::fan_out`] does a bounded piece of that at a time, between two pieces the shell
//! sends and reads.
//!
//! A voice goes before pictures, to all its listeners; but while a picture is on its way to the same listeners the voice
//! *rides*: each of them gets it behind the picture's packets, as the last, shorter segment of the same run, which costs a
//! tenth of a send of its own. The circle is begun where the picture is, so nobody waits longer than a picture takes to go
//! around, and [`MAX_RIDE`] bounds that.
//!
//! When the machine is too slow for its lessons, bursts pile up. Then two small ones of a track leave as one; and pictures that
//! have waited for [`MAX_WAIT`] are dropped whole, for everybody, up to the track's next keyframe. Voices are not dropped.

mod ready;

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
use ready::Ready;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tongtang_protocol::lesson::Source;

/// Bursts that wait for their turn in each lane. When more come the newest burst goes to nobody and is counted; receivers
/// ask for it again or for a keyframe.
pub const MAX_READY_BURSTS: usize = 4_096;
/// A picture that waits longer is dropped: with the way to the screen and its jitter buffer it would be later than 300 ms,
/// from where on people begin to talk into each other (ITU-T G.114 calls 400 ms unacceptable).
pub const MAX_WAIT: Duration = Duration::from_millis(150);
/// After a drop packets are not sent again for so long: what was dropped for want of time would be asked for by everybody.
const NO_REPEATS_FOR: Duration = Duration::from_millis(500);
/// Longest way of a picture that a voice rides with, as listeners × (its packets + [`RUN_COST`]): some 30 ms on a core that
/// sends a packet in 0.75 µs. With a longer one (a keyframe to thousands) it would be heard, so it goes alone.
const MAX_RIDE: usize = 40_000;
/// What a run costs in packets.
const RUN_COST: usize = 3;
/// Voices that ride at once; further ones go alone.
const MAX_RIDERS: usize = 8;
/// Bursts that are looked through for one that may leave with the first.
const MAX_LOOKAHEAD: usize = 16;

/// What waits to be fanned out.
#[derive(Debug, Default)]
pub(super) struct FanOut {
    voices: VecDeque<Ready>,
    /// Voices that go around with the first picture, in the order they came.
    riders: VecDeque<Ready>,
    pictures: VecDeque<Ready>,
    /// Tracks with packets that wait for the rest of their frame.
    gathering: Vec<TrackKey>,
    /// When the first of them is due.
    due: Option<Instant>,
    /// Tracks of which something was dropped, each once: what follows is worthless up to a keyframe.
    broken: Vec<TrackKey>,
    last_drop: Option<Instant>,
    /// Small pictures.
    pub(super) wall: Wall,
}

impl FanOut {
    /// When a burst will be ready.
    pub(super) fn due(&self) -> Option<Instant> {
        [self.due, self.wall.due()].into_iter().flatten().min()
    }

    /// Has the machine been too slow of late, so that nothing is to be sent twice?
    pub(super) fn is_behind(&self, now: Instant) -> bool {
        self.last_drop.is_some_and(|at| now.saturating_duration_since(at) < NO_REPEATS_FOR)
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
            let ready = Ready::new(now.mono, key, Burst::single(sequence, len as u16));
            return push_ready(&mut self.fan.voices, ready, &mut self.counters);
        }
        track.gather.push(now.mono, sequence, len, accepted.meta.marker);
        if let Some(burst) = track.gather.take(now.mono) {
            let ready = Ready::new(now.mono, key, burst);
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
                push_ready(&mut fan.pictures, Ready::new(now.mono, key, burst), counters);
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
        let FanOut { voices, riders, pictures, wall, .. } = &self.fan;
        !voices.is_empty() || !riders.is_empty() || !pictures.is_empty() || wall.has_turns()
    }

    /// Seals bursts for the next `turns` subscribers into the outbox. Gives whether more waits.
    pub fn fan_out(&mut self, now: Now, turns: usize) -> bool {
        let mut left = turns;
        while left > 0 && self.has_fan_out() {
            self.begin_picture(now);
            self.board();
            if let Some(voice) = self.fan.voices.pop_front() {
                self.voice_alone(now, voice, &mut left);
            } else if let Some(picture) = self.fan.pictures.pop_front() {
                self.picture(now, picture, &mut left);
            } else {
                self.fan_out_wall(now, &mut left);
            }
        }
        self.has_fan_out()
    }

    /// Drops pictures that have waited too long, and lets what fits leave with the first one that has not.
    fn begin_picture(&mut self, now: Now) {
        let Self { fan, publishers, counters, .. } = self;
        while let Some(first) = fan.pictures.front().filter(|first| first.is_fresh()) {
            let key = first.track;
            let is_late = now.mono.saturating_duration_since(first.since) > MAX_WAIT;
            let is_worthless = fan.broken.contains(&key) && !begins_keyframe(publishers, first);
            if !is_late && !is_worthless {
                break;
            }
            counters.fan_out_dropped_packets += first.burst.packets().len() as u64;
            fan.pictures.pop_front();
            if is_late {
                fan.last_drop = Some(now.mono);
                if !fan.broken.contains(&key) {
                    fan.broken.push(key);
                }
                if let Some(publisher) = publishers.get_mut(key.publisher) {
                    publisher.ingress.want_keyframe(key.track);
                }
            }
        }
        if fan.pictures.is_empty() {
            // Whoever had boarded a picture that was dropped.
            while let Some(rider) = fan.riders.pop_back() {
                fan.voices.push_front(rider);
            }
        }
        let Some(first) = fan.pictures.front().filter(|first| first.is_fresh()) else { return };
        let key = first.track;
        fan.broken.retain(|broken| *broken != key && publishers.get(broken.publisher).is_some());
        while let Some(at) =
            (1..fan.pictures.len().min(MAX_LOOKAHEAD)).find(|at| fan.pictures[*at].track == key)
        {
            let later = fan.pictures[at].burst;
            if !fan.pictures.front_mut().is_some_and(|first| first.burst.append(&later)) {
                break;
            }
            fan.pictures.remove(at);
        }
    }

    /// The voices that wait board the first picture, if it goes to whom they go to next, and not too slowly.
    fn board(&mut self) {
        let Self { fan, publishers, .. } = self;
        while fan.riders.len() < MAX_RIDERS
            && let (Some(voice), Some(picture)) = (fan.voices.front_mut(), fan.pictures.front_mut())
        {
            let Some(track) = track(publishers, picture.track) else { return };
            let way = track.listeners.len() * (picture.burst.packets().len() + RUN_COST);
            let Some(stop) = picture.next(&track.listeners).filter(|_| way <= MAX_RIDE) else { return };
            let watches = |listener: Listener| {
                let of_subscriber = |other: &Listener| other.subscriber.cmp(&listener.subscriber);
                track.listeners.binary_search_by(of_subscriber).is_ok()
            };
            if voice.is_fresh() && !picture.is_fresh() {
                voice.begin_at(stop);
            }
            let voices = self::track(publishers, voice.track);
            if !voices.and_then(|track| voice.next(&track.listeners)).is_some_and(watches) {
                return;
            }
            fan.riders.extend(fan.voices.pop_front());
        }
    }

    /// Serves a voice's listeners until none or no turn is left.
    fn voice_alone(&mut self, now: Now, mut voice: Ready, left: &mut usize) {
        while *left > 0 {
            if self.turn(now, &mut voice, Company::None).is_none() {
                return;
            }
            *left -= 1;
        }
        self.fan.voices.push_front(voice);
    }

    /// Serves a picture's listeners, and those of the voices that ride, until no listener of the picture or no turn is left.
    fn picture(&mut self, now: Now, mut picture: Ready, left: &mut usize) {
        let mut riders = std::mem::take(&mut self.fan.riders);
        loop {
            let Some(stop) = self.whose_turn(&mut picture) else {
                // Who listens and does not watch, and whom the picture had passed: they may go on with the next picture.
                while let Some(rider) = riders.pop_back() {
                    self.fan.voices.push_front(rider);
                }
                break;
            };
            if *left == 0 {
                self.fan.pictures.push_front(picture);
                break;
            }
            for rider in &mut riders {
                // Between two stops are those who listen and do not watch.
                while *left > 0
                    && self.whose_turn(rider).is_some_and(|listener| listener.subscriber < stop.subscriber)
                {
                    self.turn(now, rider, Company::None);
                    *left -= 1;
                }
            }
            let is_here = |listener: Listener| listener.subscriber == stop.subscriber;
            let is_boarded = riders.iter_mut().any(|rider| self.whose_turn(rider).is_some_and(is_here));
            self.turn(now, &mut picture, if is_boarded { Company::Rider } else { Company::None });
            *left = left.saturating_sub(1);
            for rider in &mut riders {
                if self.whose_turn(rider).is_some_and(is_here) {
                    self.turn(now, rider, Company::None);
                }
            }
        }
        self.fan.riders = riders;
    }

    fn whose_turn(&self, ready: &mut Ready) -> Option<Listener> {
        ready.next(&track(&self.publishers, ready.track)?.listeners)
    }

    /// Serves the listener whose turn it is; `None`: all have got the burst.
    fn turn(&mut self, now: Now, ready: &mut Ready, company: Company) -> Option<()> {
        let listener = self.whose_turn(ready)?;
        let Self { publishers, subscribers, outbox, counters, fan, .. } = self;
        let track = track_mut(publishers, ready.track)?;
        let still_to_come = |sequence: u64| {
            track.gather.holds(sequence)
                || fan.pictures.iter().any(|waiting| {
                    waiting.track == ready.track
                        && waiting.burst.packets().iter().any(|packet| packet.sequence == sequence)
                })
        };
        let turn = Turn { now, key: ready.track, track };
        let listening =
            turn.serve(listener, &ready.burst, company, subscribers, outbox, counters, still_to_come);
        ready.served(listener);
        if listening == Listening::No
            && let Ok(at) = track.listeners.binary_search(&listener)
        {
            track.listeners.remove(at);
        }
        Some(())
    }
}

fn begins_keyframe(publishers: &Slab<Publisher>, ready: &Ready) -> bool {
    let Some(track) = track(publishers, ready.track) else { return false };
    let begins = |sequence| track.cache.get(sequence).is_some_and(|media| media.meta.begins_keyframe);
    ready.burst.packets().iter().any(|packet| begins(packet.sequence))
}

/// Does something short follow a burst to the same subscriber?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    None,
    Rider,
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
    #[allow(clippy::too_many_arguments, reason = "the packet path: a struct of borrows would say no more")]
    fn serve(
        self,
        listener: Listener,
        burst: &Burst,
        company: Company,
        subscribers: &mut Slab<Subscriber>,
        outbox: &mut Outbox,
        counters: &mut Counters,
        still_to_come: impl Fn(u64) -> bool,
    ) -> Listening {
        let Some(subscriber) = subscribers.get_mut(listener.subscriber) else { return Listening::No };
        for (at, planned) in burst.packets().iter().enumerate() {
            // The cache has lost it only if this burst waited for longer than the cache reaches.
            let Some(media) = self.track.cache.get(planned.sequence) else { continue };
            let is_last = at + 1 == burst.packets().len();
            let padding = if is_last && company == Company::Rider {
                burst.padding_before_a_rider()
            } else {
                planned.padding
            };
            match self.forward(subscriber, listener.slot, &media, padding, outbox, counters) {
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

fn track(publishers: &Slab<Publisher>, key: TrackKey) -> Option<&Track> {
    publishers.get(key.publisher)?.ingress.tracks().get(key.track)
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
