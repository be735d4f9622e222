//! A peer and a client with a network between them: simulated time, each DTLS datagram's fate scripted.

use crate::client::{Ask, Client, Names};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tongtang_sfu::demux::{Kind, classify};
use tongtang_sfu::engine::Path;
use tongtang_sfu::now::Now;
use tongtang_sfu::peer::{Identity, Peer, PeerEvent};

const ONE_WAY: Duration = Duration::from_millis(10);
/// Behind this many milliseconds a held datagram follows its successors.
const HELD: Duration = Duration::from_millis(15);

/// What happens to DTLS datagrams, counted from 1 in each direction.
#[derive(Default, Clone, Copy)]
pub struct Script {
    pub drop_to_server: &'static [usize],
    pub hold_to_server: &'static [usize],
    pub drop_to_client: &'static [usize],
    pub hold_to_client: &'static [usize],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Server,
    Client,
}

struct InFlight {
    arrives: Instant,
    order: u64,
    to: To,
    path: Path,
    bytes: Vec<u8>,
}

pub struct World {
    pub client: Client,
    pub peer: Peer,
    pub path: Path,
    pub events: Vec<PeerEvent>,
    /// Everything the peer sent: where and what.
    pub sent: Vec<(Path, Vec<u8>)>,
    now: Instant,
    started: Instant,
    script: Script,
    in_flight: Vec<InFlight>,
    order: u64,
    /// DTLS datagrams that the client has sent.
    pub dtls_to_server: usize,
    dtls_to_client: usize,
}

pub fn path(host: u8) -> Path {
    Path { socket: 0, remote: SocketAddr::from(([203, 0, 113, host], 40_000 + u16::from(host))) }
}

impl World {
    pub fn new(client: Client) -> World {
        let identity = Identity::generate().unwrap();
        Self::with_identity(client, &identity)
    }

    pub fn with_identity(client: Client, identity: &Arc<Identity>) -> World {
        let now = Instant::now();
        let peer = Peer::new(identity, 0, &client.description(), at(now, now)).unwrap();
        World {
            client,
            peer,
            path: path(1),
            events: Vec::new(),
            sent: Vec::new(),
            now,
            started: now,
            script: Script::default(),
            in_flight: Vec::new(),
            order: 0,
            dtls_to_server: 0,
            dtls_to_client: 0,
        }
    }

    pub fn scripted(mut self, script: Script) -> World {
        self.script = script;
        self
    }

    pub fn now(&self) -> Now {
        at(self.started, self.now)
    }

    pub fn elapsed(&self) -> Duration {
        self.now - self.started
    }

    pub fn server_names(&self) -> Names {
        Names { ufrag: self.peer.local_ufrag().to_owned(), pwd: self.peer.local_pwd().to_owned() }
    }

    /// A check of the client over `path`, delivered at once; what the peer replied to it.
    pub fn check(&mut self, path: Path, ask: Ask) -> Option<Vec<u8>> {
        let names = self.server_names();
        self.check_as(path, ask, &names)
    }

    pub fn check_as(&mut self, path: Path, ask: Ask, names: &Names) -> Option<Vec<u8>> {
        let request = self.client.check(names, ask);
        self.peer.handle_stun(self.now(), path, &request).ok()?;
        self.drain_events();
        let (to, reply) = self.peer.poll_transmit()?;
        assert_eq!(to, path, "a reply goes where its request came from");
        self.sent.push((to, reply.clone()));
        assert!(reply.len() <= request.len(), "{} bytes answer {}", reply.len(), request.len());
        Some(reply)
    }

    /// ICE with nomination, then DTLS until both sides have keys.
    pub fn connect(&mut self) {
        self.check(self.path, Ask::Nominate).unwrap();
        self.client.start_dtls(self.now);
        self.run(Duration::from_secs(20), |world| world.peer.is_connected() && world.client.connected);
        assert!(self.peer.is_connected() && self.client.connected, "not connected: {:?}", self.events);
    }

    /// Lets time and datagrams pass until `done`, but no longer than `at_most`.
    pub fn run(&mut self, at_most: Duration, done: impl Fn(&World) -> bool) {
        let end = self.now + at_most;
        loop {
            self.pump();
            if done(self) {
                return;
            }
            let next = [
                self.in_flight.iter().map(|flying| flying.arrives).min(),
                self.client.poll_timeout(),
                self.peer.poll_timeout(),
            ]
            .into_iter()
            .flatten()
            .min();
            match next {
                Some(next) if next <= end => self.now = self.now.max(next),
                _ => {
                    self.now = end;
                    return;
                }
            }
            self.deliver();
            if self.client.poll_timeout().is_some_and(|at| at <= self.now) {
                self.client.handle_timeout(self.now);
            }
            if self.peer.poll_timeout().is_some_and(|at| at <= self.now) {
                self.peer.handle_timeout(self.now());
                self.drain_events();
            }
        }
    }

    /// Lets time pass with nothing happening but the peer's timers.
    pub fn wait(&mut self, time: Duration) {
        self.run(time, |_| false);
    }

    fn deliver(&mut self) {
        self.in_flight.sort_by_key(|flying| (flying.arrives, flying.order));
        while self.in_flight.first().is_some_and(|flying| flying.arrives <= self.now) {
            let flying = self.in_flight.remove(0);
            match flying.to {
                To::Client => self.client.handle_dtls(self.now, &flying.bytes),
                To::Server => {
                    let _ = self.peer.handle_dtls(self.now(), flying.path, &flying.bytes);
                    self.drain_events();
                }
            }
        }
    }

    /// Puts what both sides want sent on the network.
    fn pump(&mut self) {
        while let Some(bytes) = self.client.poll_transmit() {
            self.dtls_to_server += 1;
            let n = self.dtls_to_server;
            let (dropped, held) =
                (self.script.drop_to_server.contains(&n), self.script.hold_to_server.contains(&n));
            self.fly(To::Server, self.path, bytes, dropped, held);
        }
        while let Some((path, bytes)) = self.peer.poll_transmit() {
            self.sent.push((path, bytes.clone()));
            if classify(&bytes) != Kind::Dtls {
                continue;
            }
            self.dtls_to_client += 1;
            let n = self.dtls_to_client;
            let (dropped, held) =
                (self.script.drop_to_client.contains(&n), self.script.hold_to_client.contains(&n));
            self.fly(To::Client, path, bytes, dropped, held);
        }
    }

    fn fly(&mut self, to: To, path: Path, bytes: Vec<u8>, dropped: bool, held: bool) {
        if dropped {
            return;
        }
        self.order += 1;
        let arrives = self.now + ONE_WAY + if held { HELD } else { Duration::ZERO };
        self.in_flight.push(InFlight { arrives, order: self.order, to, path, bytes });
    }

    pub fn drain_events(&mut self) {
        while let Some(event) = self.peer.poll_event() {
            self.events.push(event);
        }
    }
}

fn at(started: Instant, now: Instant) -> Now {
    Now { mono: now, unix_us: 1_700_000_000_000_000 + (now - started).as_micros() as u64 }
}
