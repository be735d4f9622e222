//! The thread that owns the engine: it waits for datagrams, timers and calls, and never for anything else.

use crate::engine::{Engine, Event, Path};
use crate::now::Now;
use crate::shell::clock;
use crate::shell::udp::Sockets;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use mio::{Events, Interest, Poll, Token, Waker};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{broadcast, oneshot};

/// Calls that wait for the media thread. Beyond it the caller is told to come back (503).
pub const MAX_CALLS: usize = 256;

/// Events a reader may be behind. A slower one is cut off, reconnects and reads a snapshot.
pub const MAX_EVENTS: usize = 1024;

/// Datagrams read from one socket before the other sockets, the calls and the timers get their turn.
const MAX_BATCH: usize = 64;

/// Longest datagram read. A longer one is cut, and so fails its authentication: nobody needs one.
const MAX_DATAGRAM_BYTES: usize = 2048;

const WAKE: Token = Token(usize::MAX);

type Call = Box<dyn FnOnce(&mut Engine, Now) + Send>;

/// Why a call did not reach the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkerError {
    /// [`MAX_CALLS`] are waiting.
    #[error("the media thread has too many calls waiting")]
    Busy,
    /// The thread has ended.
    #[error("the media thread has ended")]
    Ended,
}

/// What the thread counts itself.
#[derive(Debug, Default)]
pub struct UdpCounters {
    /// Datagrams in.
    pub received: AtomicU64,
    /// Datagrams out.
    pub sent: AtomicU64,
    /// Datagrams the kernel took none of: its buffer was full. Receivers ask again.
    pub send_dropped: AtomicU64,
    /// Reads that failed.
    pub receive_failed: AtomicU64,
}

/// The tokio side's handle.
#[derive(Debug, Clone)]
pub struct Worker {
    calls: Sender<Call>,
    waker: Arc<Waker>,
    stopping: Arc<AtomicBool>,
    events: broadcast::Sender<Event>,
    counters: Arc<UdpCounters>,
}

impl Worker {
    /// Starts the thread. The receiver hears (by being closed) when the thread has ended.
    pub fn start(engine: Engine, sockets: Sockets) -> io::Result<(Self, oneshot::Receiver<()>)> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let (calls, called) = bounded(MAX_CALLS);
        let (events, _) = broadcast::channel(MAX_EVENTS);
        let stopping = Arc::new(AtomicBool::new(false));
        let counters = Arc::new(UdpCounters::default());
        let mut thread = Thread {
            ready: vec![true; sockets.sockets.len()],
            engine,
            sockets,
            called,
            events: events.clone(),
            stopping: stopping.clone(),
            counters: counters.clone(),
        };
        for (index, socket) in thread.sockets.sockets.iter_mut().enumerate() {
            poll.registry().register(socket, Token(index), Interest::READABLE)?;
        }
        let (alive, ended) = oneshot::channel();
        std::thread::Builder::new().name("media-0".into()).spawn(move || {
            let _alive = alive;
            thread.run(poll);
        })?;
        Ok((Self { calls, waker, stopping, events, counters }, ended))
    }

    /// Runs `call` on the media thread and waits for what it answers.
    pub async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Engine, Now) -> T + Send + 'static,
    ) -> Result<T, WorkerError> {
        let (answer, answered) = oneshot::channel();
        let call: Call = Box::new(move |engine, now| {
            // A caller that went away needs no answer.
            let _ = answer.send(call(engine, now));
        });
        self.calls.try_send(call).map_err(|error| match error {
            TrySendError::Full(_) => WorkerError::Busy,
            TrySendError::Disconnected(_) => WorkerError::Ended,
        })?;
        self.waker.wake().map_err(|_| WorkerError::Ended)?;
        answered.await.map_err(|_| WorkerError::Ended)
    }

    /// A state read from the engine, and the events after that state: none missing, none twice.
    pub async fn watch<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<(T, broadcast::Receiver<Event>), WorkerError> {
        let events = self.events.clone();
        self.call(move |engine, _| (read(engine), events.subscribe())).await
    }

    /// Events from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// What the thread counted.
    pub fn counters(&self) -> &UdpCounters {
        &self.counters
    }

    /// Ends the thread after the calls that wait.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        // If it cannot be woken it is gone already.
        let _ = self.waker.wake();
    }
}

struct Thread {
    engine: Engine,
    sockets: Sockets,
    /// Sockets that may have more: the poll tells only once (it is edge-triggered).
    ready: Vec<bool>,
    called: Receiver<Call>,
    events: broadcast::Sender<Event>,
    stopping: Arc<AtomicBool>,
    counters: Arc<UdpCounters>,
}

impl Thread {
    fn run(&mut self, mut poll: Poll) {
        let mut events = Events::with_capacity(64);
        loop {
            match poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    tracing::error!(%error, "waiting for datagrams failed");
                    return;
                }
                _ => {}
            }
            for event in &events {
                if event.token() != WAKE {
                    self.ready[event.token().0] = true;
                }
            }
            for index in 0..self.ready.len() {
                if self.ready[index] {
                    self.read_batch(index);
                    self.flush();
                }
            }
            self.run_calls();
            let now = clock::now();
            if self.engine.poll_timeout().is_some_and(|due| due <= now.mono) {
                self.engine.handle_timeout(now);
                self.flush();
            }
            if self.stopping.load(Ordering::Acquire) && self.called.is_empty() {
                return;
            }
        }
    }

    /// How long nothing has to be done; `None`: for ever.
    fn patience(&self) -> Option<Duration> {
        if self.ready.contains(&true) || !self.called.is_empty() {
            return Some(Duration::ZERO);
        }
        self.engine.poll_timeout().map(|due| due.saturating_duration_since(clock::now().mono))
    }

    /// Reads until the socket is empty or its turn is over; one clock reading serves the batch.
    fn read_batch(&mut self, index: usize) {
        let now = clock::now();
        let mut buffer = [0u8; MAX_DATAGRAM_BYTES];
        for _ in 0..MAX_BATCH {
            match self.sockets.sockets[index].recv_from(&mut buffer) {
                Ok((len, remote)) => {
                    self.counters.received.fetch_add(1, Ordering::Relaxed);
                    let path = Path { socket: index as u8, remote };
                    self.engine.handle_datagram(now, path, &mut buffer[..len]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready[index] = false;
                    return;
                }
                // An ICMP error of an earlier send, or an interrupted read: the next read goes on.
                Err(_) => {
                    self.counters.receive_failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    fn run_calls(&mut self) {
        for _ in 0..MAX_CALLS {
            let Ok(call) = self.called.try_recv() else { return };
            call(&mut self.engine, clock::now());
            self.flush();
        }
    }

    /// Sends what the engine has written and passes its events on.
    fn flush(&mut self) {
        let outbox = self.engine.outbox();
        let (mut sent, mut dropped) = (0, 0);
        for (path, datagram) in outbox.iter() {
            let Some(socket) = self.sockets.sockets.get(usize::from(path.socket)) else { continue };
            match socket.send_to(datagram, path.remote) {
                Ok(_) => sent += 1,
                Err(_) => dropped += 1,
            }
        }
        outbox.clear();
        self.counters.sent.fetch_add(sent, Ordering::Relaxed);
        self.counters.send_dropped.fetch_add(dropped, Ordering::Relaxed);
        while let Some(event) = self.engine.poll_event() {
            // Nobody listening is fine.
            let _ = self.events.send(event);
        }
    }
}
