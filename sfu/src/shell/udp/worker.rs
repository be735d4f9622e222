//! A thread that owns an engine: it waits for datagrams, timers, calls and other workers, and never for anything else.

use crate::engine::{Engine, Event, Path};
use crate::now::Now;
use crate::shell::clock;
use crate::shell::handshakes::{Desk, Pool};
use crate::shell::tcp::{Connections, Handover, TcpCounters};
use crate::shell::udp::Sockets;
use crate::shell::udp::batch::{Receiver, Segmentation, Sender, Sent};
use crate::shell::udp::cores;
use crate::shell::udp::reports::Reports;
use crossbeam_channel::{self as channel, TrySendError, bounded};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, oneshot};

/// Calls that wait for the media thread. Beyond it the caller is told to come back (503).
pub const MAX_CALLS: usize = 256;

/// Events a reader may be behind. A slower one is cut off, reconnects and reads a snapshot.
pub const MAX_EVENTS: usize = 1024;

/// Calls of the kernel for one socket before the other sockets, the calls and the timers get their turn.
const MAX_READS: usize = 2;

/// Longest datagram that is looked at: nobody needs a longer one.
const MAX_DATAGRAM_BYTES: usize = 2048;

/// Subscribers that are served before the sockets are read again: about half a millisecond with pictures of nine packets.
const TURNS: usize = 64;

/// Packets of other workers' publishers that are taken in one turn.
const MAX_MIRRORED: usize = 256;

/// While datagrams come in trains (a picture's packets, or thirty pictures), the thread looks for more so often: a wake-up
/// costs 20 to 30 µs in a virtual machine, more than what a packet has to be done with. What comes alone, as most voices
/// do, is not waited for; in a train a voice may be late by so much.
const REST: Duration = Duration::from_millis(1);
/// The engine's tick may be late by so much, so that it falls together with what wakes the thread anyway.
const TICK_SLACK: Duration = Duration::from_millis(5);

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
    /// Datagrams the kernel did not take: its buffer was full. Receivers ask again.
    pub send_dropped: AtomicU64,
    /// System calls that sent them.
    pub send_calls: AtomicU64,
    /// Datagrams longer than anything we speak.
    pub too_long: AtomicU64,
    /// Reads that failed.
    pub receive_failed: AtomicU64,
}

/// The tokio side's handle.
#[derive(Debug, Clone)]
pub struct Worker {
    calls: channel::Sender<Call>,
    bed: Arc<Bed>,
    stopping: Arc<AtomicBool>,
    events: broadcast::Sender<Event>,
    counters: Arc<UdpCounters>,
    tcp: Handover,
}

/// How other threads wake a worker that sleeps.
#[derive(Debug)]
pub(super) struct Bed {
    waker: Arc<Waker>,
    is_asleep: AtomicBool,
}

impl Bed {
    /// Something was put where the worker looks before it sleeps: wakes it if it sleeps already.
    fn wake_if_asleep(&self) {
        // Either this sees the sleeper, or the sleeper sees what was put: both fences are in one order.
        fence(Ordering::SeqCst);
        if self.is_asleep.load(Ordering::Relaxed) && self.is_asleep.swap(false, Ordering::Relaxed) {
            // If it cannot be woken it is gone.
            let _ = self.waker.wake();
        }
    }
}

/// A worker before its thread starts.
pub(super) struct Prepared {
    poll: Poll,
    bed: Arc<Bed>,
}

/// What a worker works with.
pub(super) struct Equipment {
    pub engine: Engine,
    pub sockets: Sockets,
    pub tcp_counters: Arc<TcpCounters>,
    pub handshakes: Pool,
    /// The thread stays on that core; none: wherever the system puts it.
    pub core: Option<usize>,
}

impl Prepared {
    pub(super) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        Ok(Self { poll, bed: Arc::new(Bed { waker: Arc::new(waker), is_asleep: AtomicBool::new(false) }) })
    }

    pub(super) fn bed(&self) -> Arc<Bed> {
        self.bed.clone()
    }

    /// Starts the thread of worker `index`; `beds` are those of all workers. The receiver hears (by being closed) when the
    /// thread has ended.
    pub(super) fn start(
        self,
        index: usize,
        beds: Arc<[Arc<Bed>]>,
        equipment: Equipment,
    ) -> io::Result<(Worker, oneshot::Receiver<()>)> {
        let Equipment { engine, sockets, tcp_counters, handshakes, core } = equipment;
        let Self { poll, bed } = self;
        let (calls, called) = bounded(MAX_CALLS);
        let (events, _) = broadcast::channel(MAX_EVENTS);
        let stopping = Arc::new(AtomicBool::new(false));
        let counters = Arc::new(UdpCounters::default());
        let (tcp, connections) =
            Connections::new(poll.registry().try_clone()?, bed.waker.clone(), tcp_counters);
        let mut thread = Thread {
            ready: vec![true; sockets.sockets.len()],
            senders: sockets.sockets.iter().map(|_| Sender::new(Segmentation::Kernel)).collect(),
            receiver: Receiver::default(),
            reports: Reports::beside(&sockets.sockets),
            last_read: None,
            rests: false,
            engine,
            sockets,
            bed: bed.clone(),
            beds,
            called,
            events: events.clone(),
            stopping: stopping.clone(),
            counters: counters.clone(),
            connections,
            handshakes: Desk::new(handshakes, bed.waker.clone()),
        };
        for (index, socket) in thread.sockets.sockets.iter_mut().enumerate() {
            poll.registry().register(socket, Token(index), Interest::READABLE)?;
        }
        let (alive, ended) = oneshot::channel();
        std::thread::Builder::new().name(format!("media-{index}")).spawn(move || {
            let _alive = alive;
            if let Some(core) = core {
                cores::stay_on(core);
            }
            thread.run(poll);
        })?;
        Ok((Worker { calls, bed, stopping, events, counters, tcp }, ended))
    }
}

impl Worker {
    /// Runs `call` on the media thread and waits for what it answers.
    pub async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Engine, Now) -> T + Send + 'static,
    ) -> Result<T, WorkerError> {
        self.post(call)?.await.map_err(|_| WorkerError::Ended)
    }

    /// Has `call` run on the media thread, behind the calls that wait; the receiver gets what it answers.
    pub(super) fn post<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Engine, Now) -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, WorkerError> {
        let (answer, answered) = oneshot::channel();
        let call: Call = Box::new(move |engine, now| {
            // A caller that went away needs no answer.
            let _ = answer.send(call(engine, now));
        });
        self.calls.try_send(call).map_err(|error| match error {
            TrySendError::Full(_) => WorkerError::Busy,
            TrySendError::Disconnected(_) => WorkerError::Ended,
        })?;
        self.bed.waker.wake().map_err(|_| WorkerError::Ended)?;
        Ok(answered)
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

    /// Where TCP connections of this thread's peers are given to it.
    pub fn tcp(&self) -> &Handover {
        &self.tcp
    }

    /// What the thread counted.
    pub fn counters(&self) -> &UdpCounters {
        &self.counters
    }

    /// Ends the thread after the calls that wait.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        // If it cannot be woken it is gone already.
        let _ = self.bed.waker.wake();
    }
}

struct Thread {
    engine: Engine,
    sockets: Sockets,
    /// Sockets that may have more: the poll tells only once (it is edge-triggered).
    ready: Vec<bool>,
    /// One a socket: a device may refuse what another takes.
    senders: Vec<Sender>,
    receiver: Receiver,
    reports: Reports,
    /// When the media sockets last had something.
    last_read: Option<Instant>,
    /// More is to come, but not at once.
    rests: bool,
    bed: Arc<Bed>,
    /// Of all workers, this one's too.
    beds: Arc<[Arc<Bed>]>,
    called: channel::Receiver<Call>,
    events: broadcast::Sender<Event>,
    stopping: Arc<AtomicBool>,
    counters: Arc<UdpCounters>,
    connections: Connections,
    handshakes: Desk,
}

impl Thread {
    fn run(&mut self, mut poll: Poll) {
        let mut events = Events::with_capacity(64);
        loop {
            let mut patience = self.patience();
            if std::mem::take(&mut self.rests) && patience != Some(Duration::ZERO) {
                std::thread::sleep(patience.map_or(REST, |patience| patience.min(REST)));
                patience = Some(Duration::ZERO);
            }
            if patience != Some(Duration::ZERO) {
                self.bed.is_asleep.store(true, Ordering::Relaxed);
                fence(Ordering::SeqCst);
                // What came in between was not told.
                patience = self.patience();
            }
            let polled = poll.poll(&mut events, patience);
            self.bed.is_asleep.store(false, Ordering::Relaxed);
            match polled {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    tracing::error!(%error, "waiting for datagrams failed");
                    return;
                }
                _ => {}
            }
            for event in &events {
                if event.token() != WAKE && !self.connections.handle_event(&mut self.engine, event) {
                    self.ready[event.token().0] = true;
                }
            }
            for index in 0..self.ready.len() {
                if self.ready[index] {
                    self.read_batch(index);
                    self.flush();
                }
            }
            if self.engine.has_mirrored() {
                self.engine.handle_mirrors(clock::now(), MAX_MIRRORED);
                self.flush();
            }
            self.read_reports();
            if self.connections.turn(&mut self.engine) {
                self.flush();
            }
            if self.handshakes.turn(&mut self.engine) {
                self.flush();
            }
            self.run_calls();
            let now = clock::now();
            if self.engine.poll_timeout().is_some_and(|due| due <= now.mono) {
                self.engine.handle_timeout(now);
                self.flush();
            }
            if self.engine.has_fan_out() {
                self.engine.fan_out(clock::now(), TURNS);
                self.flush();
            }
            if self.stopping.load(Ordering::Acquire) && self.called.is_empty() {
                return;
            }
        }
    }

    /// How long nothing has to be done; `None`: for ever.
    fn patience(&self) -> Option<Duration> {
        let is_busy = self.ready.contains(&true) || self.reports.has_more() || !self.called.is_empty();
        let is_busy = is_busy || self.connections.has_more() || self.engine.has_handshakes();
        if is_busy || self.engine.has_fan_out() || self.engine.has_mirrored() {
            return Some(Duration::ZERO);
        }
        let tick = self.engine.poll_timeout().map(|due| due + TICK_SLACK);
        let due =
            [tick, self.engine.poll_gathered(), self.connections.poll_timeout()].into_iter().flatten().min();
        due.map(|due| due.saturating_duration_since(clock::now().mono))
    }

    /// Reads a media socket's share of a turn.
    fn read_batch(&mut self, index: usize) {
        let Self { engine, sockets, ready, receiver, counters, .. } = self;
        let now = clock::now();
        let read = read(engine, now, index, &sockets.sockets[index], receiver, counters);
        ready[index] = read.has_more;
        if read.datagrams > 0 {
            let is_train = self.last_read.is_some_and(|last| now.mono - last < 2 * REST);
            self.last_read = Some(now.mono);
            self.rests |= is_train || self.engine.poll_gathered().is_some();
        }
    }

    /// Reads the reports' share of a turn, if it is time.
    fn read_reports(&mut self) {
        let now = clock::now();
        if !self.reports.is_due(now.mono) {
            return;
        }
        let Self { engine, reports, receiver, counters, .. } = self;
        let mut has_more = false;
        for (index, twin) in reports.twins() {
            has_more |= read(engine, now, index, twin, receiver, counters).has_more;
        }
        reports.looked(now.mono, has_more);
        self.flush();
    }

    fn run_calls(&mut self) {
        for _ in 0..MAX_CALLS {
            let Ok(call) = self.called.try_recv() else { return };
            call(&mut self.engine, clock::now());
            self.flush();
        }
    }

    /// Sends what the engine has written, passes its events on and wakes the workers it has something for.
    fn flush(&mut self) {
        let mut told = self.engine.take_told();
        while told != 0 {
            if let Some(bed) = self.beds.get(told.trailing_zeros() as usize) {
                bed.wake_if_asleep();
            }
            told &= told - 1;
        }
        let Self { engine, sockets, senders, counters, connections, .. } = self;
        let outbox = engine.outbox();
        if !outbox.is_empty() {
            let mut total = Sent::default();
            for (index, (socket, sender)) in sockets.sockets.iter().zip(senders).enumerate() {
                let sent = sender.send(socket, index as u8, outbox);
                total.datagrams += sent.datagrams;
                total.dropped += sent.dropped;
                total.calls += sent.calls;
            }
            connections.send(outbox);
            outbox.clear();
            counters.sent.fetch_add(total.datagrams, Ordering::Relaxed);
            counters.send_dropped.fetch_add(total.dropped, Ordering::Relaxed);
            counters.send_calls.fetch_add(total.calls, Ordering::Relaxed);
        }
        while let Some(event) = self.engine.poll_event() {
            // Nobody listening is fine.
            let _ = self.events.send(event);
        }
    }
}

/// What a read brought.
struct Read {
    datagrams: u64,
    /// The socket may have more.
    has_more: bool,
}

/// Reads until the socket (the `index`-th, or its twin) is empty or its turn is over; one clock reading serves the batch.
fn read(
    engine: &mut Engine,
    now: Now,
    index: usize,
    socket: &UdpSocket,
    receiver: &mut Receiver,
    counters: &UdpCounters,
) -> Read {
    let (mut received, mut too_long, mut has_more) = (0, 0, true);
    for _ in 0..MAX_READS {
        let read = receiver.receive(socket, |remote, datagram| {
            received += 1;
            if datagram.len() > MAX_DATAGRAM_BYTES {
                too_long += 1;
            } else {
                engine.handle_datagram(now, Path { socket: index as u8, remote }, datagram);
            }
        });
        match read {
            // A short read has found the socket empty: the poll tells when more comes.
            Ok(messages) if messages < Receiver::MAX_MESSAGES => {
                has_more = false;
                break;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                has_more = false;
                break;
            }
            // An ICMP error of an earlier send, or an interrupted read: the next read goes on.
            Err(_) => {
                counters.receive_failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    counters.received.fetch_add(received, Ordering::Relaxed);
    counters.too_long.fetch_add(too_long, Ordering::Relaxed);
    Read { datagrams: received, has_more }
}
