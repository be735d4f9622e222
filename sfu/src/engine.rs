//! The sans-IO heart: owns rooms, sessions and peers; routes each datagram.
//!
//! Enters: datagrams, timeouts, commands of the shell. Leaves: datagrams in the [`Outbox`],
//! [`Event`]s, packets in taps, handshakes' steps as [`HandshakeJob`]s.
//!
//! * [`api`]: what the shell says and hears
//! * `commands`: WHIP, WHEP and control, each a method; `taps`: what recorders ask
//! * `media`: the way of a packet: decrypted, taken in, tapped
//! * `fanout`: bursts, and whose turn it is; `wall`: small pictures together
//! * [`outbox`]: what is to be sent, in runs
//! * `routing`: which track feeds which slot
//! * `mirrors`: publishers and subscribers of one room on different workers
//! * `connections`: paths that can end
//! * `handshakes`: DTLS, as jobs for whoever drives the engine
//! * `alarms`: which session has something to do when
//! * `timers`: everything that happens because time passes
//! * [`session`], [`slab`]: what is kept of a session, and under which key

mod alarms;
pub mod api;
mod commands;
mod connections;
mod fanout;
mod handshakes;
mod media;
mod mirrors;
pub mod outbox;
mod routing;
pub mod session;
pub mod slab;
mod taps;
mod timers;
mod wall;

pub use api::*;
pub use handshakes::{HandshakeDone, HandshakeJob};
pub use outbox::Outbox;

use crate::demux::{Kind, classify};
use crate::ingress::limit::{MAX_STRANGERS_PER_SECOND, PacketLimit};
use crate::mirror::Mirrors;
use crate::now::Now;
use crate::peer::{Identity, PeerEvent, stun_username};
use crate::room::Room;
use crate::stats::Counters;
use rand::SeedableRng;
use rand::rngs::StdRng;
use session::{Publisher, Session, SessionKey, Subscriber};
use slab::{Key, Slab};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tongtang_protocol::ids::{RoomId, SessionId};

/// Rooms of one engine. Who wants one more is refused.
pub const MAX_ROOMS: usize = 256;
/// Sessions of one engine. Who wants one more is refused.
pub const MAX_SESSIONS: usize = 8_192;
/// Addresses that one session is known by (one for each pair of its interfaces and ours). The oldest is forgotten:
/// its next connectivity check brings it back.
const MAX_PATHS_PER_SESSION: usize = 32;

/// What an engine is made with.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Who we are to browsers.
    pub identity: Arc<Identity>,
    /// Our addresses, offered as host candidates in this order.
    pub candidates: Vec<SocketAddr>,
    /// Where we listen for media over TCP, offered after them.
    pub tcp_candidates: Vec<SocketAddr>,
    /// All the engine's own randomness comes from it, so that a test can be repeated. Unguessable in production.
    pub seed: [u8; 32],
    /// A room is made when it is first named, its first publisher teaches, all others are the wall (`--dev`).
    pub open_rooms: bool,
}

/// Routes media between sessions. One engine belongs to one thread.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    rng: StdRng,
    rooms: Slab<Room>,
    room_keys: HashMap<RoomId, Key>,
    publishers: Slab<Publisher>,
    subscribers: Slab<Subscriber>,
    by_session: HashMap<SessionId, SessionKey>,
    by_path: HashMap<Path, SessionKey>,
    by_ufrag: HashMap<String, SessionKey>,
    outbox: Outbox,
    /// Steps of handshakes that nobody has taken: at most one a session.
    handshakes: VecDeque<HandshakeJob>,
    fan: fanout::FanOut,
    mirrored: mirrors::Mirrored,
    events: VecDeque<Event>,
    counters: Counters,
    is_draining: bool,
    next_flow: u64,
    next_tap: u64,
    clocks: timers::Clocks,
    alarms: alarms::Alarms,
    strangers: Option<PacketLimit>,
}

impl Engine {
    /// An engine without rooms that works alone.
    pub fn new(config: EngineConfig) -> Self {
        Self::beside_others(config, Mirrors::default())
    }

    /// An engine without rooms whose publishers and subscribers meet those of other workers.
    pub fn beside_others(config: EngineConfig, mirrors: Mirrors) -> Self {
        let worker = mirrors.me();
        Self {
            rng: StdRng::from_seed(config.seed),
            config,
            rooms: Slab::default(),
            room_keys: HashMap::new(),
            publishers: Slab::default(),
            subscribers: Slab::default(),
            by_session: HashMap::new(),
            by_path: HashMap::new(),
            by_ufrag: HashMap::new(),
            outbox: Outbox::default(),
            handshakes: VecDeque::new(),
            fan: fanout::FanOut::default(),
            mirrored: mirrors::Mirrored::new(mirrors),
            events: VecDeque::new(),
            counters: Counters::default(),
            is_draining: false,
            // A recorder hears the flows of all workers.
            next_flow: (worker as u64) << 40,
            next_tap: 0,
            clocks: timers::Clocks::default(),
            alarms: alarms::Alarms::default(),
            strangers: None,
        }
    }

    /// A datagram arrived. What it causes stands in the outbox and in the events.
    pub fn handle_datagram(&mut self, now: Now, path: Path, datagram: &mut [u8]) {
        match classify(datagram) {
            Kind::Stun => self.handle_stun(now, path, datagram),
            Kind::Other => self.counters.foreign_datagrams += 1,
            kind => match self.by_path.get(&path).copied() {
                None => self.counters.unauthenticated_packets += 1,
                Some(key) => match kind {
                    Kind::Dtls => self.handle_dtls(now, key, path, datagram),
                    Kind::Rtp => self.handle_rtp(now, key, datagram),
                    Kind::Rtcp => self.handle_rtcp(now, key, datagram),
                    Kind::Stun | Kind::Other => {}
                },
            },
        }
    }

    fn handle_stun(&mut self, now: Now, path: Path, datagram: &[u8]) {
        let key = stun_username(datagram).and_then(|ufrag| self.by_ufrag.get(ufrag)).copied();
        let Some(key) = key else {
            self.counters.unauthenticated_packets += 1;
            return;
        };
        if self.by_path.get(&path) != Some(&key) && !self.may_stranger_try(now, key) {
            self.counters.rate_limited_strangers += 1;
            return;
        }
        let Some(session) = self.session_mut(key) else { return };
        if session.peer.handle_stun(now, path, datagram).is_err() {
            self.counters.stun_failed += 1;
            return;
        }
        let (room, participant) = (session.room, session.participant.clone());
        let forgotten = if session.paths.contains(&path) {
            None
        } else {
            session.paths.push(path);
            (session.paths.len() > MAX_PATHS_PER_SESSION).then(|| session.paths.remove(0))
        };
        if let Some(forgotten) = forgotten.filter(|forgotten| self.by_path.get(forgotten) == Some(&key)) {
            self.by_path.remove(&forgotten);
        }
        // Consent checks are a sign of life where no media flows, as in a classroom that waits for its teacher.
        if let Some(room) = self.rooms.get_mut(room)
            && let Some(participant) = room.participants.get_mut(&participant)
        {
            participant.last_sign = Some(now.mono);
        }
        // The newest peer that has proven itself from an address has it: a browser's next page may come from the same port.
        self.by_path.insert(path, key);
        self.drain_peer(now, key);
    }

    /// May a check be looked at that comes from an address which is not the session's? Its own addresses are always heard.
    fn may_stranger_try(&mut self, now: Now, key: SessionKey) -> bool {
        let of_session = self.session_mut(key).is_some_and(|session| session.stranger_limit.pass(now.mono));
        let limit =
            self.strangers.get_or_insert_with(|| PacketLimit::new(now.mono, MAX_STRANGERS_PER_SECOND));
        of_session && limit.pass(now.mono)
    }

    /// Sends what a peer has to send and acts on what happened to it.
    fn drain_peer(&mut self, now: Now, key: SessionKey) {
        self.drain_peer_now(now, key);
        self.arm(key);
    }

    fn drain_peer_now(&mut self, now: Now, key: SessionKey) {
        loop {
            let Some(session) = self.session_mut(key) else { return };
            let transmit = session.peer.poll_transmit();
            if let Some((path, bytes)) = transmit {
                self.outbox.push(path, &bytes);
                continue;
            }
            let Some(session) = self.session_mut(key) else { return };
            match session.peer.poll_event() {
                None => return,
                Some(PeerEvent::Connected { .. }) => self.connected(now, key),
                Some(PeerEvent::PathChanged { .. }) => {}
                Some(PeerEvent::PathForgotten { path }) => {
                    session.paths.retain(|known| *known != path);
                    if self.by_path.get(&path) == Some(&key) {
                        self.by_path.remove(&path);
                    }
                }
                Some(PeerEvent::UfragForgotten) => {
                    let (known, forgotten) = std::mem::take(&mut session.ufrags)
                        .into_iter()
                        .partition::<Vec<_>, _>(|ufrag| session.peer.knows_ufrag(ufrag));
                    session.ufrags = known;
                    for ufrag in forgotten {
                        self.by_ufrag.remove(&ufrag);
                    }
                }
                Some(PeerEvent::Closed { .. }) => {
                    self.end_session(now, key, commands::Notice::Tell);
                    return;
                }
            }
        }
    }

    fn session_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        match key {
            SessionKey::Publisher(key) => self.publishers.get_mut(key)?.session_mut(),
            SessionKey::Subscriber(key) => {
                self.subscribers.get_mut(key).map(|subscriber| &mut subscriber.session)
            }
        }
    }

    /// When [`Engine::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.publishers.is_empty() && self.subscribers.is_empty() && !self.mirrored.has_backlog() {
            return None;
        }
        [self.clocks.next(), self.fan.due()].into_iter().flatten().min()
    }

    /// What is to be sent; the shell sends and clears it after each call into the engine or batch of calls.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// The next thing the shell must know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// All rooms as they are: with several workers, those who are on this one.
    pub fn snapshot(&self) -> Snapshot {
        let mut rooms: Snapshot = self
            .rooms
            .iter()
            .map(|(_, room)| tongtang_protocol::control::RoomSnapshot {
                room: room.id.clone(),
                participants: room
                    .participants
                    .values()
                    .filter(|participant| !self.is_of_another_worker(participant))
                    .map(|participant| participant.reported.clone())
                    .collect(),
            })
            .collect();
        rooms.sort_by(|a, b| a.room.cmp(&b.room));
        rooms
    }

    /// Counters and gauges.
    pub fn stats(&self) -> Stats {
        Stats { rooms: self.rooms.len(), sessions: self.by_session.len(), counters: self.counters.list() }
    }
}
