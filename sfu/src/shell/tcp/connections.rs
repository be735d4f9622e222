//! The TCP connections of one media thread, in its poll beside the UDP sockets.
//!
//! Enters: [`Accepted`] connections, bytes of peers, the engine's outbox. Leaves: datagrams for the engine, frames for peers.
//! A connection stays while the engine knows its path and something comes over it ([`IDLE_TIMEOUT`]). Nothing here waits:
//! what a peer does not read is kept up to named bounds ([`FrameQueue`]) and then dropped, whole frames only.

use crate::engine::{Engine, Outbox, Path};
use crate::now::Now;
use crate::packet::framing::{FrameQueue, FrameReader};
use crate::peer::CONSENT_TIMEOUT;
use crate::shell::clock;
use crate::shell::tcp::places::Place;
use crate::shell::tcp::{Accepted, TcpCounters};
use crossbeam_channel::{self as channel, bounded};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use std::collections::{HashMap, VecDeque};
use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Connections that wait for the media thread; one more is closed.
const MAX_HANDED_OVER: usize = 256;

/// A connection over which nothing has come for so long ends: consent checks come every few seconds (RFC 7675 §5.1).
const IDLE_TIMEOUT: Duration = CONSENT_TIMEOUT;

/// Between two looks for connections that are idle or whose session has ended.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Bytes read of one connection before the others get their turn.
const READ_BYTES: usize = 16 * 1024;

/// Tokens below are the UDP sockets'.
const FIRST_TOKEN: usize = 1 << 16;

/// Gives connections to a media thread.
#[derive(Debug, Clone)]
pub struct Handover {
    accepted: channel::Sender<Accepted>,
    waker: Arc<Waker>,
}

impl Handover {
    /// `false`: the thread has too many waiting, or is gone; the connection is closed.
    #[must_use]
    pub fn give(&self, accepted: Accepted) -> bool {
        self.accepted.try_send(accepted).is_ok() && self.waker.wake().is_ok()
    }
}

/// All connections of a thread.
#[derive(Debug)]
pub struct Connections {
    registry: Registry,
    accepted: channel::Receiver<Accepted>,
    slots: Vec<Option<Connection>>,
    free: Vec<usize>,
    by_path: HashMap<Path, usize>,
    /// Those that may have more to read: the poll tells only once (it is edge-triggered).
    readable: VecDeque<usize>,
    /// Those that got frames in the call under way.
    filled: Vec<usize>,
    scratch: Vec<u8>,
    sweep_at: Option<Instant>,
    counters: Arc<TcpCounters>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    path: Path,
    reader: FrameReader,
    queue: FrameQueue,
    is_readable: bool,
    is_filled: bool,
    last_heard: Instant,
    _place: Place,
}

/// What became of a read or write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// There may be more at once.
    More,
    /// The poll tells when it goes on.
    Blocked,
    /// The connection is over.
    Ended,
}

impl Connections {
    /// None yet; they come through the handover and are watched by `registry`.
    pub fn new(registry: Registry, waker: Arc<Waker>, counters: Arc<TcpCounters>) -> (Handover, Self) {
        let (give, accepted) = bounded(MAX_HANDED_OVER);
        let connections = Self {
            registry,
            accepted,
            slots: Vec::new(),
            free: Vec::new(),
            by_path: HashMap::new(),
            readable: VecDeque::new(),
            filled: Vec::new(),
            scratch: vec![0; READ_BYTES],
            sweep_at: None,
            counters,
        };
        (Handover { accepted: give, waker }, connections)
    }

    /// The poll has told something; `false`: it is not about a connection.
    pub fn handle_event(&mut self, engine: &mut Engine, event: &Event) -> bool {
        let Some(at) = event.token().0.checked_sub(FIRST_TOKEN).filter(|at| *at < self.slots.len()) else {
            return false;
        };
        if let Some(connection) = &mut self.slots[at] {
            if event.is_readable() && !connection.is_readable {
                connection.is_readable = true;
                self.readable.push_back(at);
            }
            if event.is_writable() && self.write(at, clock::now().mono) == Progress::Ended {
                self.close(engine, at);
            }
        }
        true
    }

    /// Is there something to read that the poll will not tell of again?
    pub fn has_more(&self) -> bool {
        !self.readable.is_empty() || !self.accepted.is_empty()
    }

    /// When [`Self::turn`] is wanted at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.sweep_at
    }

    /// Takes in new connections, reads from each that has something, ends those that are over. `true`: the engine has been called.
    pub fn turn(&mut self, engine: &mut Engine) -> bool {
        let is_due = self.sweep_at.is_some_and(|at| at <= clock::now().mono);
        if !self.has_more() && !is_due {
            return false;
        }
        for _ in 0..MAX_HANDED_OVER {
            let Ok(accepted) = self.accepted.try_recv() else { break };
            self.adopt(engine, accepted);
        }
        let now = clock::now();
        for _ in 0..self.readable.len() {
            let Some(at) = self.readable.pop_front() else { break };
            match self.read(engine, now, at) {
                Progress::More => self.readable.push_back(at),
                Progress::Blocked => {}
                Progress::Ended => self.close(engine, at),
            }
        }
        if is_due {
            self.sweep(engine, now.mono);
        }
        true
    }

    /// The first frame decides: it must be a check that the engine answers.
    fn adopt(&mut self, engine: &mut Engine, accepted: Accepted) {
        let Accepted { stream, path, mut first, place } = accepted;
        let now = clock::now();
        if let Some(older) = self.by_path.get(&path).copied() {
            self.close(engine, older);
        }
        engine.handle_datagram(now, path, &mut first);
        let at = self.free.last().copied().unwrap_or(self.slots.len());
        let mut stream = TcpStream::from_std(stream);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if !engine.knows_path(path)
            || self.registry.register(&mut stream, Token(FIRST_TOKEN + at), interest).is_err()
        {
            engine.path_closed(path);
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let connection = Connection {
            stream,
            path,
            reader: FrameReader::default(),
            queue: FrameQueue::default(),
            is_readable: false,
            is_filled: false,
            last_heard: now.mono,
            _place: place,
        };
        if self.free.pop().is_some() {
            self.slots[at] = Some(connection);
        } else {
            self.slots.push(Some(connection));
        }
        self.by_path.insert(path, at);
        self.sweep_at.get_or_insert(now.mono + SWEEP_INTERVAL);
        count(&self.counters.accepted, 1);
        count(&self.counters.received, 1);
    }

    fn read(&mut self, engine: &mut Engine, now: Now, at: usize) -> Progress {
        let Some(connection) = self.slots.get_mut(at).and_then(Option::as_mut) else {
            return Progress::Blocked;
        };
        let read = match connection.stream.read(&mut self.scratch) {
            Ok(0) => return Progress::Ended,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                connection.is_readable = false;
                return Progress::Blocked;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Progress::More,
            Err(_) => return Progress::Ended,
        };
        connection.last_heard = now.mono;
        let (path, mut frames) = (connection.path, 0);
        let cut = connection.reader.read(&mut self.scratch[..read], |frame| {
            frames += 1;
            engine.handle_datagram(now, path, frame);
        });
        count(&self.counters.received, frames);
        if cut.is_err() {
            count(&self.counters.malformed, 1);
            return Progress::Ended;
        }
        Progress::More
    }

    /// Sends what of the outbox goes over TCP.
    pub fn send(&mut self, outbox: &Outbox) {
        if self.by_path.is_empty() {
            return;
        }
        let mut now = None;
        for run in outbox.runs().iter().filter(|run| run.path.is_tcp()) {
            let now = *now.get_or_insert_with(|| clock::now().mono);
            let Some(&at) = self.by_path.get(&run.path) else {
                count(&self.counters.send_dropped, u64::from(run.datagrams));
                continue;
            };
            let Some(connection) = &mut self.slots[at] else { continue };
            for frame in outbox.bytes_of(run).chunks(usize::from(run.segment_bytes)) {
                if !connection.queue.push(now, frame) {
                    count(&self.counters.send_dropped, 1);
                }
            }
            if !connection.is_filled {
                connection.is_filled = true;
                self.filled.push(at);
            }
        }
        let Some(now) = now else { return };
        while let Some(at) = self.filled.pop() {
            if let Some(connection) = &mut self.slots[at] {
                connection.is_filled = false;
            }
            // One that has ended is found by its next read.
            self.write(at, now);
        }
    }

    /// Writes as much as the socket takes.
    fn write(&mut self, at: usize, now: Instant) -> Progress {
        let Some(connection) = self.slots.get_mut(at).and_then(Option::as_mut) else {
            return Progress::Blocked;
        };
        count(&self.counters.send_dropped, connection.queue.drop_stale(now));
        while !connection.queue.is_empty() {
            let (first, second) = connection.queue.as_slices();
            match connection.stream.write_vectored(&[IoSlice::new(first), IoSlice::new(second)]) {
                Ok(taken) => count(&self.counters.sent, connection.queue.taken(taken)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Progress::Blocked,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Progress::Ended,
            }
        }
        Progress::More
    }

    fn sweep(&mut self, engine: &mut Engine, now: Instant) {
        for at in 0..self.slots.len() {
            let Some(connection) = &self.slots[at] else { continue };
            let is_idle = now.saturating_duration_since(connection.last_heard) >= IDLE_TIMEOUT;
            if is_idle || !engine.knows_path(connection.path) {
                self.close(engine, at);
            }
        }
        self.sweep_at = (!self.by_path.is_empty()).then(|| now + SWEEP_INTERVAL);
    }

    fn close(&mut self, engine: &mut Engine, at: usize) {
        let Some(mut connection) = self.slots[at].take() else { return };
        // Closing the socket takes it out of the poll as well; an error changes nothing.
        let _ = self.registry.deregister(&mut connection.stream);
        self.readable.retain(|readable| *readable != at);
        self.by_path.remove(&connection.path);
        self.free.push(at);
        engine.path_closed(connection.path);
    }
}

fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
