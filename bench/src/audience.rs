//! Thousands of subscribers on one thread: a socket each, epoll, and a turn for each every feedback interval.
//!
//! While it is measured the thread never sleeps: over loopback the sender pays for waking who reads, in a virtual machine
//! 10 to 25 µs each time, which no server pays whose packets leave through a network card.

use crate::cpu;
use crate::decode::Kept;
use crate::link::{Line, Link};
use crate::media::Codec;
use crate::mmsg::{self, Inbox, MAX_MESSAGES};
use crate::peer::Peer;
use crate::publisher::Now;
use crate::subscriber::{Arrival, Conduct, Manner, Snapshot, Subscriber, Tally, Ticket};
use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const WAKE: Token = Token(usize::MAX);
/// How finely the turns are spread.
const TICK: Duration = Duration::from_millis(1);
/// Asked of the kernel for each socket: half a second of the largest stream.
const SOCKET_BUFFER_BYTES: usize = 1 << 20;
/// The same of one that is slow: the kernel doubles it, and a run of a frame's packets still fits.
const SLOW_BUFFER_BYTES: usize = 16 << 10;
/// One that is slow reads a message, which is a frame, in one of so many turns of 50 ms: five frames of 25 a second.
const SLOW_TURNS: u64 = 4;

/// How the audience receives.
#[derive(Debug, Clone, Copy)]
pub struct Reception {
    /// Do subscribers send transport-wide feedback?
    pub sends_feedback: bool,
    /// Between transport-wide feedbacks: Chromium's is 50 ms for streams above 218 kbit/s (5 % of the stream for 68 bytes).
    pub feedback_interval: Duration,
    /// Does the kernel hand over runs joined (`UDP_GRO`)?
    pub joins_datagrams: bool,
}

/// Who takes a seat.
pub struct Seat {
    /// Its connection.
    pub peer: Peer,
    /// Where its media come from.
    pub server: SocketAddr,
    /// What it is.
    pub ticket: Ticket,
    /// When its request was made.
    pub requested: Instant,
    /// Its access link; `None`: it sits beside the server.
    pub access: Option<Access>,
}

/// Both directions of an access link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Access {
    /// Towards the subscriber.
    pub down: Line,
    /// From it.
    pub up: Line,
}

enum Command {
    Sit(Box<Seat>),
    Measure(bool),
    Behave { first: usize, count: usize, conduct: Conduct },
    Look(Sender<View>),
    TakeKept(usize, Sender<Option<(Codec, Kept)>>),
    Stop,
}

/// The whole audience at one moment.
#[derive(Debug, Default)]
pub struct View {
    /// Of each subscriber.
    pub subscribers: Vec<Snapshot>,
    /// What they count together. Latencies are those since the last look.
    pub tally: Tally,
    /// Local ports of their sockets.
    pub ports: Vec<u16>,
}

/// The thread's handle; dropping it ends the thread.
pub struct Audience {
    commands: Sender<Command>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<()>>,
}

impl Audience {
    /// Starts the thread; of each subscriber's packets one in `sample_every` is opened.
    pub fn start(reception: Reception, sample_every: u32) -> anyhow::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let (commands, commanded) = unbounded();
        let now = Instant::now();
        let mut hall = Hall {
            poll,
            commanded,
            manner: Manner { sample_every, sends_feedback: reception.sends_feedback },
            reception,
            seats: Vec::new(),
            has_links: false,
            tally: Tally::default(),
            inbox: Inbox::default(),
            next_tick: now,
            tick: 0,
        };
        let thread = std::thread::Builder::new().name("audience".into()).spawn(move || {
            cpu::before_others(|| {
                if let Err(error) = hall.run() {
                    eprintln!("the audience's thread ended: {error:#}");
                }
            });
        })?;
        Ok(Self { commands, waker, thread: Some(thread) })
    }

    fn tell(&self, command: Command) -> anyhow::Result<()> {
        self.commands.send(command).map_err(|_| anyhow!("the audience's thread is gone"))?;
        self.waker.wake().context("cannot wake the audience")
    }

    /// A subscriber whose offer was answered.
    pub fn sit(&self, seat: Seat) -> anyhow::Result<()> {
        self.tell(Command::Sit(Box::new(seat)))
    }

    /// The packets that the subscriber of this number has kept, and their codec.
    pub fn take_kept(&self, number: usize) -> anyhow::Result<Option<(Codec, Kept)>> {
        let (answer, answered) = bounded(1);
        self.tell(Command::TakeKept(number, answer))?;
        answered.recv().context("the audience's thread is gone")
    }

    /// From now on `count` subscribers from number `first` on behave so.
    pub fn behave(&self, first: usize, count: usize, conduct: Conduct) -> anyhow::Result<()> {
        self.tell(Command::Behave { first, count, conduct })
    }

    /// Notes latencies from now on, or no longer.
    pub fn measure(&self, measures: bool) -> anyhow::Result<()> {
        self.tell(Command::Measure(measures))
    }

    /// All counters.
    pub fn look(&self) -> anyhow::Result<View> {
        let (answer, answered) = bounded(1);
        self.tell(Command::Look(answer))?;
        answered.recv().context("the audience's thread is gone")
    }
}

impl Drop for Audience {
    fn drop(&mut self) {
        // If it cannot be told it is gone already.
        let _ = self.tell(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Taken {
    subscriber: Subscriber,
    socket: UdpSocket,
    port: u16,
    /// Towards it and from it.
    links: Option<(Link, Link)>,
    turns: u64,
}

impl Taken {
    /// Its turn: it reports, and goes on joining.
    fn turn(&mut self, now: Now, tally: &mut Tally) {
        let Self { subscriber, socket, links, .. } = self;
        subscriber.handle_turn(now.mono, |datagram| match links {
            Some((_, up)) => up.push(now.unix_ns, datagram),
            None => {
                // What the kernel does not take is lost, as on any link.
                let _ = socket.send(datagram);
                tally.sent += 1;
            }
        });
    }

    /// Moves on what its access link has carried by now.
    fn carry(&mut self, now: Now, tally: &mut Tally) {
        let Some((down, up)) = &mut self.links else { return };
        let mut has_arrived = false;
        while let Some(carried) = down.pop(now.unix_ns) {
            let arrival = Arrival { at_socket_unix_ns: carried.entered_ns, unix_ns: carried.arrived_ns };
            self.subscriber.handle_datagram(now.mono, arrival, &carried.datagram, tally);
            has_arrived = true;
        }
        while let Some(carried) = up.pop(now.unix_ns) {
            let _ = self.socket.send(&carried.datagram);
            tally.sent += 1;
        }
        if has_arrived && self.subscriber.is_joining() {
            self.turn(now, tally);
        }
    }
}

struct Hall {
    poll: Poll,
    commanded: Receiver<Command>,
    manner: Manner,
    reception: Reception,
    seats: Vec<Taken>,
    has_links: bool,
    tally: Tally,
    inbox: Inbox,
    next_tick: Instant,
    tick: usize,
}

impl Hall {
    fn run(&mut self) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(1_024);
        loop {
            let patience = if self.tally.measures {
                Duration::ZERO
            } else {
                self.next_tick.saturating_duration_since(Instant::now())
            };
            match self.poll.poll(&mut events, Some(patience)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            let begin = Instant::now();
            let is_idle = events.is_empty() && begin < self.next_tick;
            for event in &events {
                if event.token() != WAKE {
                    self.read(event.token().0)?;
                }
            }
            while let Ok(command) = self.commanded.try_recv() {
                match command {
                    Command::Sit(seat) => self.sit(*seat)?,
                    Command::Measure(measures) => self.tally.measures = measures,
                    Command::Behave { first, count, conduct } => {
                        self.behave(first..first + count, conduct)?;
                    }
                    Command::Look(answer) => {
                        // Whoever asked and went away needs no answer.
                        let _ = answer.send(self.view());
                    }
                    Command::TakeKept(number, answer) => {
                        let mut seats = self.seats.iter_mut().map(|seat| &mut seat.subscriber);
                        let subscriber = seats.find(|subscriber| subscriber.number == number);
                        let kept = subscriber.and_then(|one| Some((one.codec(), one.kept.take()?)));
                        let _ = answer.send(kept);
                    }
                    Command::Stop => return Ok(()),
                }
            }
            let now = Now::read();
            if self.next_tick <= now.mono && self.has_links {
                let tally = &mut self.tally;
                self.seats.iter_mut().for_each(|seat| seat.carry(now, tally));
            }
            while self.next_tick <= now.mono {
                self.turns(now)?;
                self.next_tick += TICK;
            }
            if is_idle {
                // On a machine with one core the server has it.
                std::thread::yield_now();
            } else {
                self.tally.busy += begin.elapsed();
            }
        }
    }

    fn sit(&mut self, seat: Seat) -> anyhow::Result<()> {
        let Seat { peer, server, ticket, requested, access } = seat;
        let socket = mmsg::bind_towards(server).context("a subscriber's socket")?;
        nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::RcvBuf, &SOCKET_BUFFER_BYTES)?;
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        mmsg::note_arrival(socket.as_fd())?;
        if self.reception.joins_datagrams {
            mmsg::join_datagrams(socket.as_fd()).context("UDP_GRO (try --no-gro)")?;
        }
        let port = socket.local_addr()?.port();
        let mut socket = UdpSocket::from_std(socket);
        let index = self.seats.len();
        self.poll.registry().register(&mut socket, Token(index), Interest::READABLE)?;
        let subscriber = Subscriber::new(peer, ticket, self.manner, requested);
        let links = access.map(|access| (Link::new(access.down), Link::new(access.up)));
        self.has_links |= links.is_some();
        self.seats.push(Taken { subscriber, socket, port, links, turns: 0 });
        self.turn(index, Now::read());
        Ok(())
    }

    fn behave(&mut self, numbers: Range<usize>, conduct: Conduct) -> anyhow::Result<()> {
        for seat in self.seats.iter_mut().filter(|seat| numbers.contains(&seat.subscriber.number)) {
            seat.subscriber.conduct = conduct;
            let bytes = if conduct == Conduct::Slow { SLOW_BUFFER_BYTES } else { SOCKET_BUFFER_BYTES };
            nix::sys::socket::setsockopt(&seat.socket, nix::sys::socket::sockopt::RcvBuf, &bytes)?;
        }
        Ok(())
    }

    /// Reads until the socket is empty: the poll tells only once (it is edge-triggered).
    fn read(&mut self, index: usize) -> anyhow::Result<()> {
        match self.seats[index].subscriber.conduct {
            // One that is slow reads in its turn.
            Conduct::Dead | Conduct::Slow => Ok(()),
            _ => self.receive(index, MAX_MESSAGES),
        }
    }

    /// Reads so many messages a call, and as long as there are as many.
    fn receive(&mut self, index: usize, most: usize) -> anyhow::Result<()> {
        let seat = &mut self.seats[index];
        loop {
            let count = match self.inbox.receive_up_to(seat.socket.as_fd(), most) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The server is gone (its port answers with ICMP): what it owes is counted as lost.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error).context("reading a subscriber's socket"),
            };
            let now = Now::read();
            for message in 0..count {
                let arrived = self.inbox.message(message);
                let unix_ns = arrived.unix_ns.context("the kernel gives no arrival times")?;
                self.tally.runs += 1;
                for datagram in arrived.datagrams() {
                    self.tally.datagrams += 1;
                    if let Some((down, _)) = &mut seat.links {
                        let before = down.lost;
                        down.push(unix_ns, datagram);
                        self.tally.lost_at_links += down.lost - before;
                        continue;
                    }
                    let arrival = Arrival { at_socket_unix_ns: unix_ns, unix_ns };
                    seat.subscriber.handle_datagram(now.mono, arrival, datagram, &mut self.tally);
                }
            }
            if seat.subscriber.conduct == Conduct::Slow {
                return Ok(());
            }
            // The handshake goes on at once; everything else has its turn.
            if seat.subscriber.peer.srtp.is_none() || seat.subscriber.is_joining() {
                self.turn(index, now);
                return if count < MAX_MESSAGES { Ok(()) } else { self.read(index) };
            }
            if count < MAX_MESSAGES {
                return Ok(());
            }
        }
    }

    fn turns(&mut self, now: Now) -> anyhow::Result<()> {
        let period = (self.reception.feedback_interval.as_millis() as usize).max(1);
        let mut index = self.tick % period;
        self.tick += 1;
        while index < self.seats.len() {
            let seat = &mut self.seats[index];
            seat.turns += 1;
            if seat.subscriber.conduct == Conduct::Slow && seat.turns.is_multiple_of(SLOW_TURNS) {
                self.receive(index, 1)?;
            }
            self.turn(index, now);
            index += period;
        }
        Ok(())
    }

    fn turn(&mut self, index: usize, now: Now) {
        self.seats[index].turn(now, &mut self.tally);
    }

    fn view(&mut self) -> View {
        let measures = self.tally.measures;
        let latencies_us = std::mem::take(&mut self.tally.latencies_us);
        let socket_latencies_us = std::mem::take(&mut self.tally.socket_latencies_us);
        let tally = Tally { latencies_us, socket_latencies_us, measures, ..self.tally };
        View {
            subscribers: self.seats.iter().map(|seat| seat.subscriber.snapshot()).collect(),
            tally,
            ports: self.seats.iter().map(|seat| seat.port).collect(),
        }
    }
}
