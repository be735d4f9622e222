//! Thousands of subscribers on one thread: a socket each, epoll, and a turn for each every feedback interval.
//!
//! While it is measured the thread never sleeps: over loopback the sender pays for waking who reads, in a virtual machine
//! 10 to 25 µs each time, which no server pays whose packets leave through a network card.

use crate::mmsg::{self, Inbox, MAX_MESSAGES};
use crate::peer::Peer;
use crate::sdp::Answer;
use crate::subscriber::{Conduct, Manner, Snapshot, Subscriber, Tally};
use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const WAKE: Token = Token(usize::MAX);
/// How finely the turns are spread.
const TICK: Duration = Duration::from_millis(1);
/// Asked of the kernel for each socket: half a second of the largest stream.
const SOCKET_BUFFER_BYTES: usize = 1 << 20;

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
    peer: Peer,
    answer: Answer,
    requested: Instant,
    number: usize,
}

enum Command {
    Sit(Box<Seat>),
    Measure(bool),
    Behave { first: usize, count: usize, conduct: Conduct },
    Look(Sender<View>),
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
            tally: Tally::default(),
            inbox: Inbox::default(),
            next_tick: now,
            tick: 0,
        };
        let thread = std::thread::Builder::new().name("audience".into()).spawn(move || {
            if let Err(error) = hall.run() {
                eprintln!("the audience's thread ended: {error:#}");
            }
        })?;
        Ok(Self { commands, waker, thread: Some(thread) })
    }

    fn tell(&self, command: Command) -> anyhow::Result<()> {
        self.commands.send(command).map_err(|_| anyhow!("the audience's thread is gone"))?;
        self.waker.wake().context("cannot wake the audience")
    }

    /// A subscriber whose offer was answered, by which `number` it is known.
    pub fn sit(&self, peer: Peer, answer: Answer, requested: Instant, number: usize) -> anyhow::Result<()> {
        self.tell(Command::Sit(Box::new(Seat { peer, answer, requested, number })))
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
}

struct Hall {
    poll: Poll,
    commanded: Receiver<Command>,
    manner: Manner,
    reception: Reception,
    seats: Vec<Taken>,
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
                        let numbers = first..first + count;
                        let meant = |seat: &&mut Taken| numbers.contains(&seat.subscriber.number);
                        self.seats
                            .iter_mut()
                            .filter(meant)
                            .for_each(|seat| seat.subscriber.conduct = conduct);
                    }
                    Command::Look(answer) => {
                        // Whoever asked and went away needs no answer.
                        let _ = answer.send(self.view());
                    }
                    Command::Stop => return Ok(()),
                }
            }
            let now = Instant::now();
            while self.next_tick <= now {
                self.turns(now);
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
        let Seat { peer, answer, requested, number } = seat;
        let socket = mmsg::bind_towards(answer.server).context("a subscriber's socket")?;
        nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::RcvBuf, &SOCKET_BUFFER_BYTES)?;
        socket.connect(answer.server)?;
        socket.set_nonblocking(true)?;
        mmsg::note_arrival(socket.as_fd())?;
        if self.reception.joins_datagrams {
            mmsg::join_datagrams(socket.as_fd()).context("UDP_GRO (try --no-gro)")?;
        }
        let port = socket.local_addr()?.port();
        let mut socket = UdpSocket::from_std(socket);
        let index = self.seats.len();
        self.poll.registry().register(&mut socket, Token(index), Interest::READABLE)?;
        let subscriber = Subscriber::new(peer, &answer.streams, self.manner, requested, number);
        self.seats.push(Taken { subscriber, socket, port });
        self.turn(index, Instant::now());
        Ok(())
    }

    /// Reads until the socket is empty: the poll tells only once (it is edge-triggered).
    fn read(&mut self, index: usize) -> anyhow::Result<()> {
        let seat = &mut self.seats[index];
        if seat.subscriber.conduct == Conduct::Dead {
            return Ok(());
        }
        loop {
            let count = match self.inbox.receive(seat.socket.as_fd()) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The server is gone (its port answers with ICMP): what it owes is counted as lost.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error).context("reading a subscriber's socket"),
            };
            let now = Instant::now();
            for message in 0..count {
                let arrived = self.inbox.message(message);
                let unix_ns = arrived.unix_ns.context("the kernel gives no arrival times")?;
                for datagram in arrived.datagrams() {
                    self.tally.datagrams += 1;
                    seat.subscriber.handle_datagram(now, unix_ns, datagram, &mut self.tally);
                }
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

    fn turns(&mut self, now: Instant) {
        let period = (self.reception.feedback_interval.as_millis() as usize).max(1);
        let mut index = self.tick % period;
        self.tick += 1;
        while index < self.seats.len() {
            self.turn(index, now);
            index += period;
        }
    }

    fn turn(&mut self, index: usize, now: Instant) {
        let Taken { subscriber, socket, .. } = &mut self.seats[index];
        let tally = &mut self.tally;
        subscriber.handle_turn(now, |datagram| {
            // What the kernel does not take is lost, as on any link.
            let _ = socket.send(datagram);
            tally.sent += 1;
        });
    }

    fn view(&mut self) -> View {
        let measures = self.tally.measures;
        let tally =
            Tally { latencies_us: std::mem::take(&mut self.tally.latencies_us), measures, ..self.tally };
        View {
            subscribers: self.seats.iter().map(|seat| seat.subscriber.snapshot()).collect(),
            tally,
            ports: self.seats.iter().map(|seat| seat.port).collect(),
        }
    }
}
