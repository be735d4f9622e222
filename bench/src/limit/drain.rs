//! The receiving side of the loop: as many sockets as there are subscribers, emptied by a thread of their own that never
//! sleeps, as the audience does while it is measured.

use crate::mmsg::{self, Inbox, MAX_MESSAGES};
use anyhow::{Context, anyhow};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use std::net::{SocketAddr, SocketAddrV4};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The same as the audience's.
const SOCKET_BUFFER_BYTES: usize = 1 << 20;
/// Nothing for so long: all that was sent has been taken.
const QUIET: Duration = Duration::from_millis(50);

/// The thread's handle.
pub struct Drain {
    /// Where to send.
    pub addresses: Vec<SocketAddrV4>,
    shared: Arc<Shared>,
    thread: JoinHandle<std::io::Result<()>>,
}

#[derive(Default)]
struct Shared {
    datagrams: AtomicU64,
    stops: AtomicBool,
}

impl Drain {
    /// So many sockets.
    pub fn start(count: usize, joins_datagrams: bool) -> anyhow::Result<Self> {
        let mut poll = Poll::new()?;
        let mut sockets = Vec::new();
        let mut addresses = Vec::new();
        for index in 0..count {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").context("a socket to drain")?;
            nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::RcvBuf, &SOCKET_BUFFER_BYTES)?;
            socket.set_nonblocking(true)?;
            mmsg::note_arrival(socket.as_fd())?;
            if joins_datagrams {
                mmsg::join_datagrams(socket.as_fd())?;
            }
            let SocketAddr::V4(address) = socket.local_addr()? else { return Err(anyhow!("bound to IPv4")) };
            addresses.push(address);
            let mut socket = UdpSocket::from_std(socket);
            poll.registry().register(&mut socket, Token(index), Interest::READABLE)?;
            sockets.push(socket);
        }
        let shared = Arc::new(Shared::default());
        let counters = shared.clone();
        let thread = std::thread::Builder::new()
            .name("drain".into())
            .spawn(move || empty(&mut poll, &sockets, &counters))?;
        Ok(Self { addresses, shared, thread })
    }

    /// Waits until nothing comes any more and counts from zero.
    pub fn forget(&self) {
        self.wait();
        self.shared.datagrams.store(0, Ordering::Relaxed);
    }

    fn wait(&self) {
        let mut last = (self.shared.datagrams.load(Ordering::Relaxed), Instant::now());
        while last.1.elapsed() < QUIET {
            std::thread::sleep(Duration::from_millis(5));
            let count = self.shared.datagrams.load(Ordering::Relaxed);
            if count != last.0 {
                last = (count, Instant::now());
            }
        }
    }

    /// How many datagrams came.
    pub fn finish(self) -> anyhow::Result<u64> {
        self.wait();
        self.shared.stops.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the drain panicked"))??;
        Ok(self.shared.datagrams.load(Ordering::Relaxed))
    }
}

fn empty(poll: &mut Poll, sockets: &[UdpSocket], shared: &Shared) -> std::io::Result<()> {
    let mut events = Events::with_capacity(1_024);
    let mut inbox = Inbox::default();
    while !shared.stops.load(Ordering::Relaxed) {
        match poll.poll(&mut events, Some(Duration::ZERO)) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        if events.is_empty() {
            // On a machine with one core the sender has it.
            std::thread::yield_now();
        }
        for event in &events {
            loop {
                let count = match inbox.receive(sockets[event.token().0].as_fd()) {
                    Ok(count) => count,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                };
                let datagrams: usize = (0..count).map(|index| inbox.message(index).datagrams().count()).sum();
                shared.datagrams.fetch_add(datagrams as u64, Ordering::Relaxed);
                if count < MAX_MESSAGES {
                    break;
                }
            }
        }
    }
    Ok(())
}
