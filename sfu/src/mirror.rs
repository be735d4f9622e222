//! The way between two workers: what one worker's publishers send, for the subscribers of another.
//!
//! Owns, for each ordered pair of workers, a ring of [`News`] and a ring of packets. Enters, on the one thread: publishers,
//! tracks and their decrypted packets. Leaves, on the other: the same, in order. Neither end waits, locks or allocates for
//! a packet; each copies it once, so that a worker's caches are its own and nobody counts references.
//!
//! Who loses when a ring is full: the newest packet, for the subscribers of that one worker, and its picture's next keyframe
//! is asked for; it is counted. News wait at the sender, up to [`MAX_BACKLOG`], and are told again when a worker wants the
//! room again; reports and requests for keyframes, which come again by themselves, do not wait.

use crate::ingress::mirrored::{Heard, TrackDescription};
use rtrb::{Consumer, Producer, RingBuffer};
use std::collections::VecDeque;
use std::time::Instant;
use tongtang_protocol::ids::{ParticipantId, RoomId};
use tongtang_protocol::lesson::Role;

/// Workers of one node: the ufrag's first character names one, a mask of 64 bits all.
pub const MAX_WORKERS: usize = 64;

/// Bytes of packets between two workers where there are few: 160 ms of 200 Mbit/s. A worker that is further behind loses the
/// newest.
pub const RING_BYTES: usize = 4 << 20;

/// Bytes of all rings towards one worker: with many workers each ring is shorter, down to [`MIN_RING_BYTES`].
const RINGS_BYTES: usize = 64 << 20;

/// Two hundred packets.
const MIN_RING_BYTES: usize = 256 << 10;

/// News on their way to one worker.
const NEWS: usize = 1_024;

/// News that wait for room. Publishers come and go by HTTP and have few tracks, so that this many wait only for a thread that
/// has died: the newest are lost then.
pub const MAX_BACKLOG: usize = 65_536;

/// publisher, sequence number, track, flags, level, length
const HEADER_BYTES: usize = 8 + 8 + 1 + 1 + 1 + 2;
const HAS_LEVEL: u8 = 1;

/// Names a publisher among those of its own worker, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MirrorId(pub u64);

/// What a worker tells another.
#[derive(Debug)]
pub enum News {
    /// Somebody subscribes in this room: its publishers are wanted.
    Wanted {
        /// Which.
        room: RoomId,
    },
    /// Nobody does any more.
    Unwanted {
        /// Which.
        room: RoomId,
    },
    /// A publisher of a wanted room.
    Publisher {
        /// Its name from now on.
        id: MirrorId,
        /// Where.
        room: RoomId,
        /// Who.
        participant: ParticipantId,
        /// As what.
        role: Role,
        /// When it came: where routes go by arrival, all workers see the same order.
        since: Instant,
    },
    /// A publisher's next track.
    Track {
        /// Whose.
        id: MirrorId,
        /// Its number among the publisher's.
        track: u8,
        /// What it is.
        description: TrackDescription,
        /// When its packets came.
        heard: Heard,
    },
    /// A track said goodbye.
    TrackEnded {
        /// Whose.
        id: MirrorId,
        /// Which.
        track: u8,
    },
    /// A sender report.
    Report {
        /// Whose.
        id: MirrorId,
        /// Of which track.
        track: u8,
        /// NTP.
        ntp: u64,
        /// RTP timestamp.
        rtp: u32,
        /// When it arrived.
        at: Instant,
        /// The same, in microseconds since 1970.
        unix_us: u64,
    },
    /// The publisher is gone.
    Gone {
        /// Which.
        id: MirrorId,
    },
    /// Towards the publisher: somebody needs a keyframe.
    Keyframe {
        /// Whose.
        id: MirrorId,
        /// Of which track.
        track: u8,
    },
}

/// A packet that came out of a ring; its bytes are in the buffer given to [`Mirrors::packet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mirrored {
    /// Whose.
    pub id: MirrorId,
    /// Of which of its tracks.
    pub track: u8,
    /// The publisher's sequence number, unwrapped.
    pub sequence: u64,
    /// −dBov and the voice bit as RFC 6464 packs them.
    pub audio_level: Option<u8>,
}

/// One worker's ends of the ways to all others.
#[derive(Debug, Default)]
pub struct Mirrors {
    me: usize,
    /// By worker; none at `me`.
    links: Vec<Option<Link>>,
    /// Workers something was sent to since [`Mirrors::take_told`].
    told: u64,
    /// Counts the turns.
    turn: usize,
}

#[derive(Debug)]
struct Link {
    news_out: Producer<News>,
    news_in: Consumer<News>,
    packets_out: Producer<u8>,
    packets_in: Consumer<u8>,
    backlog: VecDeque<News>,
}

/// The ends of `workers` workers (at most [`MAX_WORKERS`]), each to be moved to its thread.
pub fn mesh(workers: usize) -> Vec<Mirrors> {
    let workers = workers.clamp(1, MAX_WORKERS);
    let ring_bytes = (RINGS_BYTES / workers).clamp(MIN_RING_BYTES, RING_BYTES);
    let mut all: Vec<Mirrors> = (0..workers)
        .map(|me| Mirrors { me, links: (0..workers).map(|_| None).collect(), ..Mirrors::default() })
        .collect();
    for a in 0..workers {
        for b in a + 1..workers {
            let (to_b, from_a) = (RingBuffer::new(NEWS), RingBuffer::new(ring_bytes));
            let (to_a, from_b) = (RingBuffer::new(NEWS), RingBuffer::new(ring_bytes));
            all[a].links[b] = Some(Link {
                news_out: to_b.0,
                news_in: to_a.1,
                packets_out: from_a.0,
                packets_in: from_b.1,
                backlog: VecDeque::new(),
            });
            all[b].links[a] = Some(Link {
                news_out: to_a.0,
                news_in: to_b.1,
                packets_out: from_b.0,
                packets_in: from_a.1,
                backlog: VecDeque::new(),
            });
        }
    }
    all
}

impl Mirrors {
    /// Which worker this is.
    pub fn me(&self) -> usize {
        self.me
    }

    /// All other workers.
    pub fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let me = self.me;
        (0..self.links.len()).filter(move |worker| *worker != me)
    }

    /// The same, beginning with another one each time: nobody is heard last for ever.
    pub fn others_in_turn(&mut self) -> impl Iterator<Item = usize> + use<> {
        let (me, workers) = (self.me, self.links.len());
        self.turn = self.turn.wrapping_add(1);
        let first = self.turn;
        (0..workers).map(move |n| first.wrapping_add(n) % workers).filter(move |worker| *worker != me)
    }

    /// Tells one worker. Gives whether it will arrive.
    pub fn tell(&mut self, worker: usize, news: News) -> bool {
        let Some(link) = self.links.get_mut(worker).and_then(Option::as_mut) else { return false };
        if link.backlog.len() >= MAX_BACKLOG {
            return false;
        }
        link.backlog.push_back(news);
        link.send_backlog();
        self.told |= 1 << worker;
        true
    }

    /// Tells one worker what will be told again anyway: not when other news wait. Gives whether it will arrive.
    pub fn tell_if_room(&mut self, worker: usize, news: News) -> bool {
        let Some(link) = self.links.get_mut(worker).and_then(Option::as_mut) else { return false };
        let is_told = link.backlog.is_empty() && link.news_out.push(news).is_ok();
        self.told |= u64::from(is_told) << worker;
        is_told
    }

    /// Sends what waits, as far as there is room.
    pub fn send_backlogs(&mut self) {
        for (worker, link) in self.links.iter_mut().enumerate() {
            let Some(link) = link.as_mut().filter(|link| !link.backlog.is_empty()) else { continue };
            self.told |= u64::from(link.send_backlog()) << worker;
        }
    }

    /// Sends a packet (RTP, decrypted, without retransmission's wrapping) to one worker. Gives whether there was room.
    pub fn send(&mut self, worker: usize, of: Mirrored, packet: &[u8]) -> bool {
        let Some(link) = self.links.get_mut(worker).and_then(Option::as_mut) else { return false };
        // What is told before a packet arrives before it.
        if !link.backlog.is_empty() || link.packets_out.slots() < HEADER_BYTES + packet.len() {
            return false;
        }
        let mut header = [0u8; HEADER_BYTES];
        header[..8].copy_from_slice(&of.id.0.to_be_bytes());
        header[8..16].copy_from_slice(&of.sequence.to_be_bytes());
        header[16] = of.track;
        header[17] = if of.audio_level.is_some() { HAS_LEVEL } else { 0 };
        header[18] = of.audio_level.unwrap_or(0);
        header[19..].copy_from_slice(&(packet.len() as u16).to_be_bytes());
        let pushed = link.packets_out.push_entire_slice(&header).is_ok()
            && link.packets_out.push_entire_slice(packet).is_ok();
        debug_assert!(pushed, "room was checked and only this end fills the ring");
        self.told |= 1 << worker;
        pushed
    }

    /// The next news of one worker.
    pub fn news(&mut self, worker: usize) -> Option<News> {
        self.links.get_mut(worker)?.as_mut()?.news_in.pop().ok()
    }

    /// The next packet of one worker; its bytes replace what is in `packet`. What its sender told before it is to be had
    /// from [`Mirrors::news`] now.
    pub fn packet(&mut self, worker: usize, packet: &mut Vec<u8>) -> Option<Mirrored> {
        let link = self.links.get_mut(worker)?.as_mut()?;
        let available = link.packets_in.slots();
        let chunk = link.packets_in.read_chunk(HEADER_BYTES).ok()?;
        let mut header = [0u8; HEADER_BYTES];
        let (one, two) = chunk.as_slices();
        header[..one.len()].copy_from_slice(one);
        header[one.len()..].copy_from_slice(two);
        let len = usize::from(u16::from_be_bytes([header[19], header[20]]));
        if available < HEADER_BYTES + len {
            return None;
        }
        chunk.commit_all();
        packet.resize(len, 0);
        link.packets_in.pop_entire_slice(packet).ok()?;
        let number = |at: usize| u64::from_be_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        Some(Mirrored {
            id: MirrorId(number(0)),
            sequence: number(8),
            track: header[16],
            audio_level: (header[17] & HAS_LEVEL != 0).then_some(header[18]),
        })
    }

    /// Is there anything to take?
    pub fn has_incoming(&self) -> bool {
        self.links.iter().flatten().any(|link| !link.news_in.is_empty() || !link.packets_in.is_empty())
    }

    /// Does something wait for room at another worker?
    pub fn has_backlog(&self) -> bool {
        self.links.iter().flatten().any(|link| !link.backlog.is_empty())
    }

    /// Workers that have got something since the last call, a bit each: they may be asleep.
    pub fn take_told(&mut self) -> u64 {
        std::mem::take(&mut self.told)
    }
}

impl Link {
    /// Gives whether anything was sent.
    fn send_backlog(&mut self) -> bool {
        let before = self.backlog.len();
        while let Some(news) = self.backlog.pop_front() {
            if let Err(rtrb::PushError::Full(news)) = self.news_out.push(news) {
                self.backlog.push_front(news);
                break;
            }
        }
        self.backlog.len() < before
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(id: u64, level: Option<u8>) -> Mirrored {
        Mirrored { id: MirrorId(id), track: 3, sequence: id << 20, audio_level: level }
    }

    #[test]
    fn packets_come_out_as_they_went_in_across_the_ring_s_end() {
        let mut workers = mesh(3);
        let mut packet = Vec::new();
        for n in 0..20_000u64 {
            let sent = vec![n as u8; 4 + n as usize % 1_200];
            let level = (n % 2 == 0).then_some(n as u8);
            assert!(workers[0].send(2, of(n, level), &sent));
            assert_eq!(workers[2].packet(0, &mut packet), Some(of(n, level)));
            assert_eq!(packet, sent);
        }
        assert_eq!(workers[0].take_told(), 1 << 2);
        assert_eq!(workers[0].take_told(), 0);
        assert_eq!(workers[1].packet(0, &mut packet), None);
    }

    #[test]
    fn a_full_ring_loses_the_newest_packet_and_what_is_behind_it_arrives() {
        let mut workers = mesh(2);
        let sent =
            (0..RING_BYTES as u64).take_while(|n| workers[0].send(1, of(*n, None), &[0; 1_000])).count();
        assert!((RING_BYTES / 1_200..RING_BYTES / 1_000).contains(&sent));
        let mut packet = Vec::new();
        assert_eq!(workers[1].packet(0, &mut packet), Some(of(0, None)));
        assert!(workers[0].send(1, of(77, None), &[1; 900]));
        let mut last = None;
        while let Some(mirrored) = workers[1].packet(0, &mut packet) {
            last = Some(mirrored);
        }
        assert_eq!(last, Some(of(77, None)));
    }

    #[test]
    fn news_that_find_no_room_wait_and_no_packet_overtakes_them() {
        let mut workers = mesh(2);
        let keyframe = |n: u64| News::Keyframe { id: MirrorId(n), track: 0 };
        let told = NEWS as u64 + 10;
        assert!((0..told).all(|n| workers[0].tell(1, keyframe(n))));
        assert!(workers[0].has_backlog());
        assert!(!workers[0].tell_if_room(1, keyframe(1)), "it comes again by itself");
        assert!(!workers[0].send(1, of(1, None), &[0; 10]), "it would overtake");
        for n in 0..told {
            let news = workers[1].news(0).unwrap();
            assert!(matches!(news, News::Keyframe { id, .. } if id == MirrorId(n)));
            // The sender's timer brings what waits.
            workers[0].take_told();
            let waits = workers[0].has_backlog();
            workers[0].send_backlogs();
            assert_eq!(workers[0].take_told() != 0, waits, "and wakes the other one");
        }
        assert!(!workers[0].has_backlog());
        assert!(workers[0].send(1, of(1, None), &[0; 10]));
    }

    #[test]
    fn what_waits_for_a_worker_that_has_died_is_bounded() {
        let mut workers = mesh(2);
        let told = (0..2 * MAX_BACKLOG as u64)
            .take_while(|n| workers[0].tell(1, News::Gone { id: MirrorId(*n) }))
            .count();
        assert_eq!(told, MAX_BACKLOG + NEWS);
    }
}
