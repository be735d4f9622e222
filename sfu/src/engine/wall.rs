//! Small pictures: one packet a frame each, so what waits here waits across pictures, for one subscriber at a time.
//!
//! Every [`ROUND`] a subscriber of a wall gets what all its small pictures have to show, sorted by size and evened, so that
//! packets of many SSRCs leave as a few runs instead of one by one.

use super::fanout::{Turn, track_mut};
use super::session::Subscriber;
use super::slab::Slab;
use super::{Engine, Outbox};
use crate::egress::Forwarded;
use crate::egress::gather::{Planned, even};
use crate::egress::slot::TrackKey;
use crate::ingress::track::Listener;
use crate::now::Now;
use crate::stats::Counters;
use std::time::{Duration, Instant};

/// How long a small picture waits for the others. At eight pictures a second nobody sees it.
pub const ROUND: Duration = Duration::from_millis(15);
/// Packets that wait for a round; with so many the round begins at once.
const FULL_ROUND_PACKETS: usize = 2_048;
/// Packets that wait while the round before goes on. When more come the machine is too slow for its lessons: the newest
/// go to no wall and are counted.
pub const MAX_WALL_PACKETS: usize = 2 * FULL_ROUND_PACKETS;
/// Most bytes a small picture's packet is padded with: browsers take 1 to 64 (tried).
const MAX_PADDING: u16 = 64;
/// Packets of one subscriber in one piece; more are a second piece.
const MAX_PIECE: usize = 64;

/// Small pictures on their way.
#[derive(Debug, Default)]
pub(super) struct Wall {
    /// Packets that wait for the next round.
    waiting: Vec<(TrackKey, Planned)>,
    due: Option<Instant>,
    /// Packets of the round that goes on, by track and in order.
    packets: Vec<(TrackKey, Planned)>,
    /// Who gets which of them: by subscriber.
    turns: Vec<WallTurn>,
    /// The turn that is next; at the end: no round goes on.
    next: usize,
}

/// One picture of one subscriber in a round.
#[derive(Debug, Clone, Copy)]
struct WallTurn {
    listener: Listener,
    /// Its packets: a range of the round's.
    from: u32,
    to: u32,
}

/// A packet of a piece.
#[derive(Debug, Clone, Copy)]
struct Piece {
    key: TrackKey,
    slot: u8,
    sequence: u64,
}

impl Wall {
    /// When the next round is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.has_turns())
    }

    /// Does a round go on?
    pub(super) fn has_turns(&self) -> bool {
        self.next < self.turns.len()
    }

    /// A packet of a small picture waits. Gives whether there was room for it.
    pub(super) fn push(&mut self, now: Instant, key: TrackKey, sequence: u64, len: u16) -> bool {
        if self.waiting.len() >= MAX_WALL_PACKETS {
            return false;
        }
        self.waiting.push((key, Planned { sequence, len, padding: 0 }));
        let due = if self.waiting.len() >= FULL_ROUND_PACKETS { now } else { now + ROUND };
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
        true
    }

    fn holds(&self, key: TrackKey, sequence: u64) -> bool {
        self.waiting.iter().any(|(waiting, packet)| *waiting == key && packet.sequence == sequence)
    }
}

impl Engine {
    /// Begins the round that is due.
    pub(super) fn wall_timeouts(&mut self, now: Now) {
        let Self { fan, publishers, .. } = self;
        let wall = &mut fan.wall;
        if wall.due().is_none_or(|due| due > now.mono) {
            return;
        }
        wall.due = None;
        wall.packets.clear();
        wall.turns.clear();
        wall.next = 0;
        std::mem::swap(&mut wall.packets, &mut wall.waiting);
        wall.packets.sort_unstable_by_key(|(key, packet)| (*key, packet.sequence));
        let mut from = 0;
        for of_track in wall.packets.chunk_by(|a, b| a.0 == b.0) {
            let to = from + of_track.len() as u32;
            if let Some(track) = track_mut(publishers, of_track[0].0) {
                wall.turns.extend(track.wall_listeners.iter().map(|&listener| WallTurn {
                    listener,
                    from,
                    to,
                }));
            }
            from = to;
        }
        wall.turns.sort_unstable_by_key(|turn| (turn.listener.subscriber, turn.from));
    }

    /// Serves subscribers of the round until none or no turn is left.
    pub(super) fn fan_out_wall(&mut self, now: Now, left: &mut usize) {
        while *left > 0 && self.fan.wall.has_turns() {
            *left -= 1;
            self.fan_out_wall_to_one(now);
        }
    }

    fn fan_out_wall_to_one(&mut self, now: Now) {
        let Self { fan, publishers, subscribers, outbox, counters, .. } = self;
        let wall = &mut fan.wall;
        let first = wall.next;
        let key = wall.turns[first].listener.subscriber;
        let count = wall.turns[first..].iter().take_while(|turn| turn.listener.subscriber == key).count();
        wall.next += count;
        let Some(subscriber) = subscribers.get_mut(key) else { return };
        let turns = &wall.turns[first..first + count];
        let mut piece = [(Planned::default(), None::<Piece>); MAX_PIECE];
        let mut filled = 0;
        for turn in turns {
            let packets = &wall.packets[turn.from as usize..turn.to as usize];
            let Some(slot) = subscriber.egress.slots().get(usize::from(turn.listener.slot)) else { continue };
            let header = slot.header_bytes();
            for &(key, packet) in packets {
                if filled == MAX_PIECE {
                    send(now, &mut piece[..filled], subscriber, publishers, wall, outbox, counters);
                    filled = 0;
                }
                let size = Planned { len: packet.len + header, ..packet };
                piece[filled] =
                    (size, Some(Piece { key, slot: turn.listener.slot, sequence: packet.sequence }));
                filled += 1;
            }
        }
        send(now, &mut piece[..filled], subscriber, publishers, wall, outbox, counters);
        forget_others(publishers, subscribers, turns, &wall.packets);
    }
}

/// Sorts, evens and forwards a subscriber's packets. `len` of each is its size with the slot's header.
fn send(
    now: Now,
    piece: &mut [(Planned, Option<Piece>)],
    subscriber: &mut Subscriber,
    publishers: &mut Slab<super::session::Publisher>,
    wall: &Wall,
    outbox: &mut Outbox,
    counters: &mut Counters,
) {
    sort_by_size(piece);
    let mut sizes = [Planned::default(); MAX_PIECE];
    for (size, (planned, _)) in sizes.iter_mut().zip(piece.iter()) {
        *size = *planned;
    }
    even(&mut sizes[..piece.len()], MAX_PADDING);
    for (size, (_, of)) in sizes.iter().zip(piece.iter()) {
        let Some(of) = of else { continue };
        let Some(track) = track_mut(publishers, of.key) else { continue };
        let Some(media) = track.cache.get(of.sequence) else { continue };
        let turn = Turn { now, key: of.key, track };
        let forwarded = turn.forward(subscriber, of.slot, &media, size.padding, outbox, counters);
        if forwarded == Forwarded::SentFirst {
            let is_to_come = |sequence: u64| {
                wall.holds(of.key, sequence)
                    || piece.iter().any(|(_, other)| {
                        other.is_some_and(|other| other.key == of.key && other.sequence == sequence)
                    })
            };
            turn.catch_up(subscriber, of.slot, of.sequence, is_to_come, outbox, counters);
        }
    }
}

/// Largest first, but a picture's own packets in their order: a receiver takes a number that comes early for a loss
/// before it, and asks for that again.
fn sort_by_size(piece: &mut [(Planned, Option<Piece>)]) {
    let slot = |packet: &(Planned, Option<Piece>)| packet.1.map_or(0, |of| of.slot);
    // The slice comes by track, so packets of one slot are neighbours.
    let mut singles = 0;
    let mut at = 0;
    while at < piece.len() {
        let same = piece[at..].iter().take_while(|other| slot(other) == slot(&piece[at])).count();
        if same == 1 {
            piece[singles..=at].rotate_right(1);
            singles += 1;
        }
        at += same;
    }
    piece[..singles].sort_unstable_by_key(|(planned, _)| std::cmp::Reverse(planned.len));
}

/// Slots that show something else now are no listeners any more.
fn forget_others(
    publishers: &mut Slab<super::session::Publisher>,
    subscribers: &Slab<Subscriber>,
    turns: &[WallTurn],
    packets: &[(TrackKey, Planned)],
) {
    for turn in turns {
        let Some(&(key, _)) = packets.get(turn.from as usize) else { continue };
        let listens = subscribers
            .get(turn.listener.subscriber)
            .and_then(|subscriber| subscriber.egress.slots().get(usize::from(turn.listener.slot)))
            .is_some_and(|slot| slot.listens_to(key));
        if !listens && let Some(track) = track_mut(publishers, key) {
            track.wall_listeners.retain(|listener| *listener != turn.listener);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_behind_a_slow_round_is_bounded() {
        let key = TrackKey { publisher: Slab::default().insert(()), track: 0 };
        let (mut wall, start) = (Wall::default(), Instant::now());
        assert!((0..MAX_WALL_PACKETS as u64).all(|sequence| wall.push(start, key, sequence, 500)));
        assert_eq!(wall.due(), Some(start), "a full round begins at once");
        assert!(!wall.push(start, key, 0, 500));
    }

    #[test]
    fn single_packets_are_sorted_by_size_and_a_picture_s_own_keep_their_order() {
        let key = TrackKey { publisher: Slab::default().insert(()), track: 0 };
        let packet = |slot: u8, sequence: u64, len: u16| {
            (Planned { sequence, len, padding: 0 }, Some(Piece { key, slot, sequence }))
        };
        let mut piece =
            [packet(0, 1, 300), packet(1, 7, 200), packet(1, 8, 900), packet(2, 4, 700), packet(3, 5, 650)];
        sort_by_size(&mut piece);
        let order: Vec<(u8, u64)> =
            piece.iter().filter_map(|(_, of)| of.map(|of| (of.slot, of.sequence))).collect();
        assert_eq!(order, [(2, 4), (3, 5), (0, 1), (1, 7), (1, 8)]);
    }
}
