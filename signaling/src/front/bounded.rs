//! At most so many connections at once, and of one address: the rest is closed before a byte is read.
//!
//! Owns the counts, shared by both listeners. Without them strangers could take every file
//! descriptor, and the lessons' database and media set-up would be the ones to fail. This machine and
//! its reverse proxies have a count of their own, so that nobody shuts the operator out.

use axum_server::accept::Accept;
use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Connections at once. A page takes two to four, a lesson of sixteen classrooms some sixty.
pub const MAX_CONNECTIONS: usize = 4096;

/// Connections of one address (IPv6: of one /64): a county's schools behind one NAT. The next one of
/// that address is closed.
pub const MAX_CONNECTIONS_OF_ONE_ADDRESS: usize = 1024;

/// Connections of this machine itself and of its reverse proxies, whose pages' addresses are not known
/// before a request is read.
pub const MAX_OWN_CONNECTIONS: usize = 4096;

/// How many connections there are, and whose.
#[derive(Clone)]
pub struct Tally(Arc<Inner>);

struct Inner {
    trusted: Vec<IpAddr>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    own: usize,
    strangers: usize,
    /// Strangers only.
    addresses: HashMap<IpAddr, usize>,
}

impl Tally {
    /// Nobody is connected. `trusted` are the reverse proxies.
    pub fn new(trusted: Vec<IpAddr>) -> Self {
        Self(Arc::new(Inner { trusted, counts: Mutex::default() }))
    }

    /// Counts a connection for as long as the pass lives; None: there is no room for it.
    pub fn enter(&self, ip: IpAddr) -> Option<Pass> {
        let ip = ip.to_canonical();
        let mut counts = self.counts();
        let address = if ip.is_loopback() || self.0.trusted.contains(&ip) {
            if counts.own >= MAX_OWN_CONNECTIONS {
                return None;
            }
            counts.own += 1;
            None
        } else {
            let address = network_of(ip);
            let of_it = counts.addresses.get(&address).copied().unwrap_or_default();
            if counts.strangers >= MAX_CONNECTIONS || of_it >= MAX_CONNECTIONS_OF_ONE_ADDRESS {
                return None;
            }
            counts.strangers += 1;
            counts.addresses.insert(address, of_it + 1);
            Some(address)
        };
        Some(Pass { tally: self.clone(), address })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().expect("no holder of this lock panics")
    }
}

/// A host has a whole /64 of IPv6 addresses to itself (RFC 6177).
fn network_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// A counted connection.
pub struct Pass {
    tally: Tally,
    /// None: our own.
    address: Option<IpAddr>,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut counts = self.tally.counts();
        let Some(address) = self.address else {
            counts.own -= 1;
            return;
        };
        counts.strangers -= 1;
        if let Some(of_it) = counts.addresses.get_mut(&address) {
            *of_it -= 1;
            if *of_it == 0 {
                counts.addresses.remove(&address);
            }
        }
    }
}

/// Accepts while there is room.
#[derive(Clone)]
pub struct Bounded(Tally);

impl Bounded {
    /// With room as the tally says.
    pub fn new(tally: Tally) -> Self {
        Self(tally)
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = Counted;
    type Service = S;
    type Future = Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(stream.peer_addr().and_then(|peer| match self.0.enter(peer.ip()) {
            // WebSocket messages are small and must not wait for an acknowledgement (RFC 896).
            Some(pass) => stream.set_nodelay(true).map(|()| (Counted { stream, _pass: pass }, service)),
            None => {
                metrics::counter!("tongtang_connections_refused_total").increment(1);
                Err(io::Error::other("too many connections"))
            }
        }))
    }
}

/// A connection that makes room when it is closed.
pub struct Counted {
    stream: TcpStream,
    _pass: Pass,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_leaves_room_for_the_others_and_nobody_shuts_the_operator_out() {
        let tally = Tally::new(vec![ip("10.0.0.5")]);
        let mut passes: Vec<Pass> = Vec::new();
        let mut fill = |from: &str| {
            let before = passes.len();
            passes.extend(std::iter::from_fn(|| tally.enter(ip(from))).take(2 * MAX_CONNECTIONS));
            passes.len() - before
        };
        assert_eq!(fill("192.168.1.7"), MAX_CONNECTIONS_OF_ONE_ADDRESS);
        assert_eq!(fill("2001:db8::1"), MAX_CONNECTIONS_OF_ONE_ADDRESS);
        assert_eq!(fill("2001:db8::2"), 0, "the same host");
        assert_eq!(fill("192.168.1.8") + fill("192.168.1.9"), MAX_CONNECTIONS - 2 * 1024);
        assert_eq!(fill("192.168.1.10"), 0, "the server is full");
        assert!(tally.enter(ip("127.0.0.1")).is_some() && tally.enter(ip("::1")).is_some());
        assert_eq!(fill("10.0.0.5"), MAX_OWN_CONNECTIONS, "a reverse proxy brings everybody");
        passes.clear();
        assert!(tally.counts().addresses.is_empty());
        assert!(tally.enter(ip("192.168.1.7")).is_some());
    }
}
