//! The TCP port: accepts, reads the first frame, finds out whose connection it is.
//!
//! Leaves: [`Accepted`] connections for the media threads. A stranger gets no byte of an answer here, and a
//! bounded time and number of places.

use crate::engine::Path;
use crate::error::NodeError;
use crate::packet::framing::frame_len;
use crate::peer::{stun_username, worker_of};
use crate::shell::tcp::places::{Place, Places, WaitingPlace};
use crate::shell::tcp::{Accepted, Handover, TcpCounters};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

/// A connection whose first frame has not come by then is closed. Browsers send it when it is the connection's turn to be
/// checked, which with many candidates is after a second or two.
const FIRST_FRAME_PATIENCE: Duration = Duration::from_secs(10);

/// When the system gives no more sockets it will not give one at once either: the tasks that could close some run first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that the kernel has accepted and we have not looked at.
const BACKLOG: i32 = 512;

/// Tries to find a port that is free on every address when port 0 was asked for.
const MAX_PORT_TRIES: usize = 16;

/// Bytes not sent yet that the kernel may hold for a connection: what it holds can no longer be dropped when it is late.
const MAX_UNSENT_BYTES: u32 = 32 * 1024;

/// Open listeners on one port.
#[derive(Debug)]
pub struct Listeners {
    listeners: Vec<std::net::TcpListener>,
    port: u16,
}

impl Listeners {
    /// Listens at `port` (0: any that is free everywhere) of each address; those that the media sockets have.
    ///
    /// # Errors
    /// The port is taken, or not one address can be opened.
    pub fn bind(addresses: &[IpAddr], port: u16) -> Result<Self, NodeError> {
        let tries = if port == 0 { MAX_PORT_TRIES } else { 1 };
        let mut outcome = Err(NodeError::NoAddress);
        for _ in 0..tries {
            outcome = Self::try_bind(addresses, port);
            if !matches!(outcome, Err(NodeError::TcpPortTaken { .. })) {
                break;
            }
        }
        outcome
    }

    fn try_bind(addresses: &[IpAddr], port: u16) -> Result<Self, NodeError> {
        let mut bound = Self { listeners: Vec::new(), port };
        for &ip in addresses {
            let address = SocketAddr::new(ip, bound.port);
            match listen(address).and_then(|listener| Ok((listener.local_addr()?.port(), listener))) {
                Ok((port, listener)) => {
                    bound.port = port;
                    bound.listeners.push(listener);
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    return Err(NodeError::TcpPortTaken { address: ip, port: bound.port });
                }
                Err(source) => return Err(NodeError::TcpAddress { address, source }),
            }
        }
        if bound.listeners.is_empty() { Err(NodeError::NoAddress) } else { Ok(bound) }
    }

    /// The port, the same on every address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Marks what leaves by the connections with a DSCP, as the media sockets do (they inherit it).
    pub fn mark(&self, dscp: u8) {
        for listener in &self.listeners {
            let socket = socket2::SockRef::from(listener);
            let is_v6 = listener.local_addr().is_ok_and(|address| address.is_ipv6());
            let tos = u32::from(dscp) << 2;
            let marked = if is_v6 { socket.set_tclass_v6(tos) } else { socket.set_tos_v4(tos) };
            if let Err(error) = marked {
                tracing::warn!(%error, dscp, "media over TCP is not marked");
            }
        }
    }

    /// Accepts from now on. `workers` are the media threads, in the order that [`worker_of`] numbers them.
    ///
    /// # Errors
    /// The runtime takes no more sockets.
    pub fn accept(
        self,
        workers: &[Handover],
        counters: &Arc<TcpCounters>,
        places: &Arc<Places>,
    ) -> io::Result<()> {
        let workers: Arc<[Handover]> = workers.into();
        for (listener, socket) in self.listeners.into_iter().zip(Path::FIRST_TCP_SOCKET..) {
            let listener = TcpListener::from_std(listener)?;
            let door =
                Door { workers: workers.clone(), counters: counters.clone(), places: places.clone(), socket };
            tokio::spawn(door.keep(listener));
        }
        Ok(())
    }
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Connections of the process before may still be closing.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// One listener's task.
#[derive(Debug, Clone)]
struct Door {
    workers: Arc<[Handover]>,
    counters: Arc<TcpCounters>,
    places: Arc<Places>,
    socket: u8,
}

impl Door {
    async fn keep(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, remote)) => match self.places.take(remote.ip()) {
                    Some((place, waiting)) => {
                        tokio::spawn(self.clone().admit(stream, remote, place, waiting));
                    }
                    None => self.refuse(),
                },
                Err(error) => {
                    tracing::debug!(%error, "no TCP connection could be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Waits for the first frame and hands the connection to the thread whose peer it names.
    async fn admit(self, mut stream: TcpStream, remote: SocketAddr, place: Place, waiting: WaitingPlace) {
        let first = tokio::time::timeout(FIRST_FRAME_PATIENCE, self.first_frame(&mut stream)).await;
        drop(waiting);
        let Ok(Some(first)) = first else { return self.refuse() };
        let worker = stun_username(&first).and_then(worker_of).and_then(|worker| self.workers.get(worker));
        let (Some(worker), Ok(stream)) = (worker, ready(stream)) else { return self.refuse() };
        let path = Path { socket: self.socket, remote };
        if !worker.give(Accepted { stream, path, first, place }) {
            self.refuse();
        }
    }

    async fn first_frame(&self, stream: &mut TcpStream) -> Option<Vec<u8>> {
        let mut prefix = [0; 2];
        stream.read_exact(&mut prefix).await.ok()?;
        let Ok(len) = frame_len(prefix) else {
            self.counters.malformed.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let mut frame = vec![0; len];
        stream.read_exact(&mut frame).await.ok()?;
        Some(frame)
    }

    fn refuse(&self) {
        self.counters.refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// The stream as the media thread wants it.
fn ready(stream: TcpStream) -> io::Result<std::net::TcpStream> {
    stream.set_nodelay(true)?;
    // A kernel that knows no such bound holds more: what is late is dropped later then.
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT_BYTES);
    stream.into_std()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_taken_port_is_named_with_its_key() {
        let first = Listeners::bind(&[LOOPBACK], 0).unwrap();
        let error = Listeners::bind(&[LOOPBACK], first.port()).unwrap_err().to_string();
        assert!(error.contains(&first.port().to_string()) && error.contains("tcp_port"), "{error}");
    }

    #[test]
    fn every_address_has_the_same_port_and_marks_what_it_sends() {
        let second = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
        let bound = Listeners::bind(&[LOOPBACK, second], 0).unwrap();
        bound.mark(34);
        for listener in &bound.listeners {
            assert_eq!(listener.local_addr().unwrap().port(), bound.port());
            assert_eq!(socket2::SockRef::from(listener).tos_v4().unwrap(), 34 << 2);
        }
    }
}
