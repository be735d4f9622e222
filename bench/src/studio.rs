//! All publishers on one thread, each packet sent in its moment.

use crate::mmsg;
use crate::publisher::{Now, Publisher, Sent};
use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use mio::net::UdpSocket;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const WAKE: Token = Token(usize::MAX);
const ALARM: Token = Token(usize::MAX - 1);
/// Before all others: a publisher that is late would send bursts that no camera sends. Without the right to it
/// the lateness, which is reported, grows.
const NICENESS: i32 = -15;

enum Command {
    Begin(Box<Publisher>, SocketAddr, Sender<()>),
    Look(Sender<View>),
    Pause,
    Stop,
}

/// The publishers at one moment.
#[derive(Debug, Default)]
pub struct View {
    /// What each has sent.
    pub publishers: Vec<Sent>,
    /// How late each packet since the last look left, in microseconds.
    pub late_us: Vec<u32>,
    /// What publishers that are not connected wait for the answer to.
    pub waiting: Vec<String>,
    /// Why a publisher cannot go on.
    pub failed: Option<String>,
}

/// The thread's handle; dropping it ends the thread.
pub struct Studio {
    commands: Sender<Command>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<()>>,
}

impl Studio {
    /// Starts the thread.
    pub fn start() -> anyhow::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let (commands, commanded) = unbounded();
        let alarm = Alarm::new(&poll)?;
        let mut stage = Stage {
            poll,
            alarm,
            commanded,
            cameras: Vec::new(),
            due: BinaryHeap::new(),
            buffer: vec![0; 2_048],
        };
        let thread = std::thread::Builder::new().name("studio".into()).spawn(move || {
            // On Linux a thread's own priority is set by its thread id.
            let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
            if let Err(error) = stage.run() {
                eprintln!("the publishers' thread ended: {error:#}");
            }
        })?;
        Ok(Self { commands, waker, thread: Some(thread) })
    }

    fn tell(&self, command: Command) -> anyhow::Result<()> {
        self.commands.send(command).map_err(|_| anyhow!("the publishers' thread is gone"))?;
        self.waker.wake().context("cannot wake the publishers")
    }

    /// A publisher whose offer was answered. What is returned says when it is connected.
    pub fn begin(&self, publisher: Publisher, server: SocketAddr) -> anyhow::Result<Receiver<()>> {
        let (tell, told) = bounded(1);
        self.tell(Command::Begin(Box::new(publisher), server, tell))?;
        Ok(told)
    }

    /// All publishers fall silent, for good.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.tell(Command::Pause)
    }

    /// All counters.
    pub fn look(&self) -> anyhow::Result<View> {
        let (answer, answered) = bounded(1);
        self.tell(Command::Look(answer))?;
        answered.recv().context("the publishers' thread is gone")
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        // If it cannot be told it is gone already.
        let _ = self.tell(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A timer of the kernel: the poll's own timeout counts in milliseconds.
struct Alarm(OwnedFd);

impl Alarm {
    fn new(poll: &Poll) -> anyhow::Result<Self> {
        let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        poll.registry().register(&mut SourceFd(&fd.as_raw_fd()), ALARM, Interest::READABLE)?;
        Ok(Self(fd))
    }

    fn ring_after(&self, wait: Duration) -> io::Result<()> {
        // Zero would switch it off.
        let wait = wait.max(Duration::from_nanos(1));
        let value = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let timer = Itimerspec { it_interval: zero, it_value: value };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &timer)?;
        Ok(())
    }
}

struct Camera {
    publisher: Publisher,
    socket: UdpSocket,
    /// The entry of the heap that counts; others are old.
    due: Instant,
    /// Who waits for its connection.
    awaited: Option<Sender<()>>,
}

struct Stage {
    poll: Poll,
    alarm: Alarm,
    commanded: Receiver<Command>,
    cameras: Vec<Camera>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    buffer: Vec<u8>,
}

impl Stage {
    fn run(&mut self) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(256);
        loop {
            let due = self.due.peek().map(|Reverse((due, _))| *due);
            let wait = due.map(|due| due.saturating_duration_since(Instant::now()));
            if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
                self.alarm.ring_after(wait)?;
            }
            match self.poll.poll(&mut events, wait.filter(Duration::is_zero)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            for event in &events {
                if event.token() != WAKE && event.token() != ALARM {
                    self.read(event.token().0)?;
                }
            }
            while let Ok(command) = self.commanded.try_recv() {
                match command {
                    Command::Begin(publisher, server, awaited) => self.begin(*publisher, server, awaited)?,
                    Command::Look(answer) => {
                        // Whoever asked and went away needs no answer.
                        let _ = answer.send(self.view());
                    }
                    Command::Pause => self.cameras.iter_mut().for_each(|one| one.publisher.is_paused = true),
                    Command::Stop => return Ok(()),
                }
            }
            let now = Instant::now();
            while let Some(&Reverse((due, index))) = self.due.peek()
                && due <= now
            {
                self.due.pop();
                if self.cameras[index].due == due {
                    self.turn(index);
                }
            }
        }
    }

    fn begin(&mut self, publisher: Publisher, server: SocketAddr, awaited: Sender<()>) -> anyhow::Result<()> {
        let socket = mmsg::bind_towards(server).context("a publisher's socket")?;
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        let mut socket = UdpSocket::from_std(socket);
        let index = self.cameras.len();
        self.poll.registry().register(&mut socket, Token(index), Interest::READABLE)?;
        self.cameras.push(Camera { publisher, socket, due: Instant::now(), awaited: Some(awaited) });
        self.turn(index);
        Ok(())
    }

    fn read(&mut self, index: usize) -> anyhow::Result<()> {
        let camera = &mut self.cameras[index];
        loop {
            match camera.socket.recv(&mut self.buffer) {
                Ok(len) => camera.publisher.handle_datagram(Now::read(), &self.buffer[..len]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The server is gone: there is nobody left to tell.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error).context("reading a publisher's socket"),
            }
        }
        self.turn(index);
        Ok(())
    }

    /// Sends what is due and sets the next moment.
    fn turn(&mut self, index: usize) {
        let camera = &mut self.cameras[index];
        camera.publisher.handle_timeout(Now::read());
        for datagram in camera.publisher.outgoing.drain(..) {
            // What the kernel does not take is lost, as on any link.
            let _ = camera.socket.send(&datagram);
        }
        if camera.publisher.peer.srtp.is_some()
            && let Some(awaited) = camera.awaited.take()
        {
            // Who gave up waiting needs no answer.
            let _ = awaited.send(());
        }
        let due = camera.publisher.poll_timeout();
        camera.due = due;
        self.due.push(Reverse((due, index)));
    }

    fn view(&mut self) -> View {
        let mut view = View::default();
        for camera in &mut self.cameras {
            let publisher = &mut camera.publisher;
            view.publishers.push(publisher.sent());
            view.late_us.append(&mut publisher.late_us);
            let closed = publisher.peer.is_closed.then(|| "the server ended a publishing session".to_owned());
            view.failed = view.failed.or_else(|| publisher.peer.failed.clone()).or(closed);
            let trips = &publisher.peer.trips;
            if let Some((asked, since)) = trips.waits_for() {
                let (waited, repeats) = (since.elapsed(), trips.repeats);
                view.waiting.push(format!("{asked} for {waited:.1?}, {repeats} repetitions"));
            }
        }
        view
    }
}
