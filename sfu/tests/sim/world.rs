//! The engines, the browsers and the network between them, in simulated time. Every run of a seed is the same.
//! `crate::WORKERS` says over how many engines the participants are spread.

use crate::browser::{Browser, Half};
use crate::content::Video;
use crate::offers;
use crate::receiver::Receiver;
use crate::sender::Sender;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tongtang_protocol::control::{RoomSpec, Routes};
use tongtang_protocol::ids::{ParticipantId, RoomId, SessionId};
use tongtang_protocol::lesson::{Role, Source, VideoCodec};
use tongtang_sfu::engine::{
    Engine, EngineConfig, Event, HandshakeDone, Path, Publish, Refusal, Snapshot, Subscribe,
};
use tongtang_sfu::mirror::mesh;
use tongtang_sfu::now::Now;
use tongtang_sfu::peer::Identity;
use tongtang_sfu::tap::TapWriter;

pub const ROOM: &str = "lesson-1";
pub const LAYERS: [&str; 3] = ["l", "m", "h"];
pub const ALL: [Source; 3] = [Source::Microphone, Source::Camera, Source::Board];
const UNIX_US: u64 = 1_790_000_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum To {
    Browser(usize),
    Worker(usize),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct InFlight {
    arrives: Instant,
    order: u64,
    to: To,
    path: (u8, SocketAddr),
    bytes: Vec<u8>,
}

pub struct World {
    /// The first worker's.
    pub engine: Engine,
    /// The other workers'.
    others: Vec<Engine>,
    /// On which worker each participant is: in turn, in the order they come.
    homes: BTreeMap<String, usize>,
    /// The same of each browser.
    workers: Vec<usize>,
    pub browsers: Vec<Browser>,
    pub events: Vec<Event>,
    pub now: Instant,
    started: Instant,
    rng: StdRng,
    /// Media datagrams lost in each direction, percent (set-up datagrams are spared: they have their own tests).
    pub loss_up_percent: u32,
    pub loss_down_percent: u32,
    /// Those who publish from now on know no transport-wide feedback.
    pub offers_remb_alone: bool,
    /// By how much the wall clock was set since the start.
    pub wall_clock_set_us: i64,
    pub one_way: Duration,
    pub jitter: Duration,
    /// Runs that the engine made, and datagrams in them.
    pub runs: usize,
    pub datagrams: usize,
    /// How long each step of a handshake takes; steps under way, and when they are done.
    pub handshake_step_takes: Duration,
    pub steps: VecDeque<(Instant, usize, HandshakeDone)>,
    in_flight: BinaryHeap<Reverse<InFlight>>,
    order: u64,
}

pub fn id(name: &str) -> ParticipantId {
    ParticipantId::new(name).unwrap()
}

pub fn room() -> RoomId {
    RoomId::new(ROOM).unwrap()
}

impl World {
    /// A world with a room in which `t` teaches.
    pub fn new(seed: u64, video_codec: VideoCodec) -> World {
        let mut world = World::open(seed);
        world.put_room(&RoomSpec { video_codec, routes: routes() });
        world
    }

    /// A world without rooms, where rooms are open.
    pub fn open(seed: u64) -> World {
        println!("seed {seed}");
        let now = Instant::now();
        let identity = Identity::generate().unwrap();
        let mut engines = mesh(crate::WORKERS).into_iter().enumerate().map(|(worker, mirrors)| {
            let config = EngineConfig {
                identity: identity.clone(),
                candidates: vec![SocketAddr::from(([198, 51, 100, 1], 3478 + worker as u16))],
                tcp_candidates: Vec::new(),
                seed: [seed as u8 + 100 * worker as u8; 32],
                open_rooms: true,
            };
            Engine::beside_others(config, mirrors)
        });
        World {
            engine: engines.next().unwrap(),
            others: engines.collect(),
            homes: BTreeMap::new(),
            workers: Vec::new(),
            browsers: Vec::new(),
            events: Vec::new(),
            now,
            started: now,
            rng: StdRng::seed_from_u64(seed),
            loss_up_percent: 0,
            loss_down_percent: 0,
            offers_remb_alone: false,
            wall_clock_set_us: 0,
            one_way: Duration::from_millis(20),
            jitter: Duration::from_millis(3),
            runs: 0,
            datagrams: 0,
            handshake_step_takes: Duration::ZERO,
            steps: VecDeque::new(),
            in_flight: BinaryHeap::new(),
            order: 0,
        }
    }

    pub fn time(&self) -> Now {
        let since_us = (self.now - self.started).as_micros() as u64;
        Now { mono: self.now, unix_us: (UNIX_US + since_us).wrapping_add_signed(self.wall_clock_set_us) }
    }

    fn worker(&mut self, index: usize) -> &mut Engine {
        if index == 0 { &mut self.engine } else { &mut self.others[index - 1] }
    }

    /// All engines, in the order of the workers.
    pub fn engines(&mut self) -> impl Iterator<Item = &mut Engine> {
        std::iter::once(&mut self.engine).chain(&mut self.others)
    }

    /// The worker of a participant.
    fn home(&mut self, name: &str) -> usize {
        let next = self.homes.len() % (1 + self.others.len());
        *self.homes.entry(name.to_owned()).or_insert(next)
    }

    /// Whatever this participant opens from now on is on that worker.
    pub fn move_to(&mut self, name: &str, worker: usize) {
        self.homes.insert(name.to_owned(), worker);
    }

    pub fn put_room(&mut self, spec: &RoomSpec) {
        let now = self.time();
        self.engines().for_each(|engine| engine.put_room(now, &room(), spec).unwrap());
    }

    /// The rooms as all workers together have them.
    pub fn snapshot(&mut self) -> Snapshot {
        let mut rooms: Snapshot = Vec::new();
        for part in self.engines().flat_map(|engine| engine.snapshot()) {
            match rooms.iter_mut().find(|known| known.room == part.room) {
                Some(known) => known.participants.extend(part.participants),
                None => rooms.push(part),
            }
        }
        rooms.iter_mut().for_each(|room| room.participants.sort_by(|a, b| a.id.cmp(&b.id)));
        rooms
    }

    fn next_path(&self) -> Path {
        let n = self.browsers.len() as u16;
        Path { socket: 0, remote: SocketAddr::from(([203, 0, 113, 1 + (n / 200) as u8], 40_000 + n)) }
    }

    pub fn fingerprint(client: &crate::client::Client) -> String {
        let pairs: Vec<String> =
            client.description().fingerprint_sha256.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }

    /// Starts to publish; the index of the browser.
    pub fn publish(&mut self, name: &str, codec: Video, rids: &[&'static str], sources: &[Source]) -> usize {
        self.try_publish(name, codec, rids, sources).unwrap()
    }

    pub fn try_publish(
        &mut self,
        name: &str,
        codec: Video,
        rids: &[&'static str],
        sources: &[Source],
    ) -> Result<usize, Refusal> {
        let index = self.browsers.len();
        let client = Browser::client();
        let mut offer = offers::publish(&client.ufrag, &Self::fingerprint(&client), rids);
        if self.offers_remb_alone {
            offer = offers::without_transport_feedback(&offer);
        }
        let session = SessionId::new(format!("session-{index}")).unwrap();
        let publish = Publish {
            room: room(),
            participant: id(name),
            session: session.clone(),
            role: if name == "t" { Role::Teacher } else { Role::Classroom },
            sources: sources.to_vec(),
            offer,
        };
        let (now, home) = (self.time(), self.home(name));
        let answer = self.worker(home).publish(now, publish)?;
        self.workers.push(home);
        let sender = Sender::new(self.now, index as u8 + 1, codec, rids, sources);
        let path = self.next_path();
        self.browsers.push(Browser::new(client, path, session, &answer.sdp, Half::Sends(sender), self.now));
        Ok(index)
    }

    /// Starts to subscribe; the index of the browser.
    pub fn subscribe(&mut self, name: &str, slots: &[&str]) -> usize {
        self.try_subscribe(name, slots).unwrap()
    }

    pub fn try_subscribe(&mut self, name: &str, slots: &[&str]) -> Result<usize, Refusal> {
        let index = self.browsers.len();
        let client = Browser::client();
        let voices = slots.iter().filter(|slot| slot.starts_with("audio")).count();
        let offer =
            offers::subscribe(&client.ufrag, &Self::fingerprint(&client), slots.len() - voices, voices);
        let session = SessionId::new(format!("session-{index}")).unwrap();
        let subscribe = Subscribe {
            room: room(),
            participant: id(name),
            session: session.clone(),
            role: if name == "t" { Role::Teacher } else { Role::Classroom },
            slots: slots.iter().map(ToString::to_string).collect(),
            offer,
        };
        let (now, home) = (self.time(), self.home(name));
        let answer = self.worker(home).subscribe(now, subscribe)?;
        self.workers.push(home);
        let receiver = Receiver::new(&answer.sdp);
        let path = self.next_path();
        self.browsers.push(Browser::new(
            client,
            path,
            session,
            &answer.sdp,
            Half::Receives(receiver),
            self.now,
        ));
        Ok(index)
    }

    pub fn sender(&mut self, index: usize) -> &mut Sender {
        self.browsers[index].sender()
    }

    pub fn receiver(&mut self, index: usize) -> &mut Receiver {
        self.browsers[index].receiver()
    }

    pub fn counter(&self, name: &str) -> u64 {
        let of = |engine: &Engine| {
            engine.stats().counters.into_iter().find(|(found, _)| *found == name).unwrap().1
        };
        of(&self.engine) + self.others.iter().map(of).sum::<u64>()
    }

    /// The same of one worker.
    pub fn of_worker(&mut self, worker: usize, name: &str) -> u64 {
        let stats = self.worker(worker).stats();
        stats.counters.into_iter().find(|(found, _)| *found == name).unwrap().1
    }

    /// The browser ends its session.
    pub fn close(&mut self, browser: usize) {
        let (now, worker) = (self.time(), self.workers[browser]);
        let session = self.browsers[browser].session.clone();
        self.worker(worker).close(now, &session).unwrap();
        self.browsers[browser].is_silent = true;
    }

    pub fn expel(&mut self, name: &str) {
        let now = self.time();
        self.engines().for_each(|engine| engine.expel(now, &room(), &id(name)));
    }

    pub fn attach_tap(&mut self, worker: usize, writer: TapWriter) {
        let now = self.time();
        self.worker(worker).attach_tap(now, &room(), writer).unwrap();
    }

    pub fn set_routes(&mut self, routes: &Routes) {
        let now = self.time();
        self.engines().for_each(|engine| engine.set_routes(now, &room(), routes).unwrap());
        self.pump();
    }

    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
    }

    /// Lets time pass until `done`; panics when that takes longer than `at_most`.
    pub fn run_until(&mut self, at_most: Duration, what: &str, mut done: impl FnMut(&mut World) -> bool) {
        let end = self.now + at_most;
        while !done(self) {
            assert!(self.step(end), "after {at_most:?} still not: {what}");
        }
    }

    /// To the next moment at which something happens; `false` at `end`.
    fn step(&mut self, end: Instant) -> bool {
        self.pump();
        let next = self
            .browsers
            .iter()
            .filter_map(Browser::next_timeout)
            .chain(self.engine.poll_timeout())
            .chain(self.others.iter().filter_map(Engine::poll_timeout))
            .chain(self.in_flight.peek().map(|flying| flying.0.arrives))
            .chain(self.steps.front().map(|(at, ..)| *at))
            .min();
        let Some(next) = next.filter(|next| *next <= end) else {
            self.now = end;
            return false;
        };
        self.now = self.now.max(next);
        let time = self.time();
        self.finish_steps();
        while self.in_flight.peek().is_some_and(|flying| flying.0.arrives <= self.now) {
            let Reverse(mut flying) = self.in_flight.pop().unwrap();
            match flying.to {
                To::Browser(browser) => self.browsers[browser].handle_datagram(self.now, &flying.bytes),
                To::Worker(worker) => {
                    let path = Path { socket: flying.path.0, remote: flying.path.1 };
                    self.worker(worker).handle_datagram(time, path, &mut flying.bytes);
                }
            }
        }
        for browser in &mut self.browsers {
            if browser.next_timeout().is_some_and(|at| at <= self.now) {
                browser.handle_timeout(self.now, time.unix_us);
            }
        }
        for engine in self.engines() {
            if engine.poll_timeout().is_some_and(|at| at <= time.mono) {
                engine.handle_timeout(time);
            }
        }
        true
    }

    fn finish_steps(&mut self) {
        while self.steps.front().is_some_and(|(at, ..)| *at <= self.now)
            && let Some((_, worker, done)) = self.steps.pop_front()
        {
            let now = self.time();
            self.worker(worker).handshake_done(now, done);
        }
    }

    /// Puts on the network what everybody wants to send.
    pub fn pump(&mut self) {
        let now = self.time();
        for worker in 0..crate::WORKERS {
            while let Some(job) = self.worker(worker).poll_handshake() {
                self.steps.push_back((self.now + self.handshake_step_takes, worker, job.run()));
                self.finish_steps();
            }
        }
        // What one worker tells another may be answered.
        while self.engines().any(|engine| engine.has_mirrored()) {
            self.engines().for_each(|engine| while engine.handle_mirrors(now, 64) {});
        }
        for worker in 0..crate::WORKERS {
            let engine = self.worker(worker);
            while engine.fan_out(now, 64) {}
            let events: Vec<Event> = std::iter::from_fn(|| engine.poll_event()).collect();
            let (runs, datagrams) = (engine.outbox().runs().len(), engine.outbox().datagrams());
            let to_browsers: Vec<(Path, Vec<u8>)> =
                engine.outbox().iter().map(|(path, bytes)| (path, bytes.to_vec())).collect();
            engine.outbox().clear();
            self.events.extend(events);
            self.runs += runs;
            self.datagrams += datagrams;
            for (path, bytes) in to_browsers {
                let to = self.browsers.iter().position(|browser| browser.path == path);
                if let Some(to) = to {
                    self.fly(To::Browser(to), path, bytes, self.loss_down_percent);
                }
            }
        }
        for index in 0..self.browsers.len() {
            self.browsers[index].collect();
            let path = self.browsers[index].path;
            for bytes in std::mem::take(&mut self.browsers[index].outgoing) {
                if !self.browsers[index].is_silent {
                    self.fly(To::Worker(self.workers[index]), path, bytes, self.loss_up_percent);
                }
            }
        }
    }

    fn fly(&mut self, to: To, path: Path, bytes: Vec<u8>, loss_percent: u32) {
        let is_media = bytes[0] >= 128;
        if is_media && self.rng.random_range(0..100) < loss_percent {
            return;
        }
        let jitter = self.jitter.mul_f64(self.rng.random::<f64>());
        self.order += 1;
        let arrives = self.now + self.one_way + jitter;
        let path = (path.socket, path.remote);
        self.in_flight.push(Reverse(InFlight { arrives, order: self.order, to, path, bytes }));
    }
}

/// `t` teaches, nobody else is shown.
pub fn routes() -> Routes {
    Routes { teacher: Some(id("t")), ..Routes::default() }
}
