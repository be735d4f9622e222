//! Which addresses are offered as candidates, and one socket for each, so that an answer leaves
//! from the address that was asked.

use crate::error::NodeError;
use crate::shell::udp::batch::Receiver;
use mio::net::UdpSocket;
use rtc_shared::ifaces::{Kind, ifaces};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Candidates in an answer. A machine with more addresses loses the last ones; name the right ones
/// in the configuration then.
pub const MAX_ADDRESSES: usize = 8;

/// Asked of the kernel for each socket: 40 ms of 800 Mbit/s. The kernel's own limit may give less.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;

/// Tries to find a port that is free on every address when port 0 was asked for.
const MAX_PORT_TRIES: usize = 16;

/// Bound sockets and what is told of them.
#[derive(Debug)]
pub struct Sockets {
    /// The index is [`crate::engine::Path::socket`].
    pub sockets: Vec<UdpSocket>,
    /// What answers offer, in this order.
    pub candidates: Vec<SocketAddr>,
}

impl Sockets {
    /// Binds `port` (0: any that is free everywhere) on each of `configured`, or, when that is empty, on each
    /// address of this machine. A configured address that this machine does not have is the outer one of a NAT:
    /// it is offered, and every address of this machine is bound so that what the NAT forwards arrives.
    pub fn bind(configured: &[IpAddr], port: u16) -> Result<Self, NodeError> {
        let tries = if port == 0 { MAX_PORT_TRIES } else { 1 };
        let mut outcome = Err(NodeError::NoAddress);
        for _ in 0..tries {
            outcome =
                if configured.is_empty() { bind_machine(port) } else { bind_configured(configured, port) };
            if !matches!(outcome, Err(NodeError::UdpPortTaken { .. })) {
                break;
            }
        }
        outcome
    }

    /// The addresses that sockets are bound to.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.sockets
            .iter()
            .filter_map(|socket| socket.local_addr().ok())
            .map(|address| address.ip())
            .collect()
    }

    /// Marks what leaves with a DSCP (RFC 2474 §3: the upper six bits of TOS and traffic class). A kernel that refuses
    /// sends unmarked.
    pub fn mark(&self, dscp: u8) {
        let tos = u32::from(dscp) << 2;
        for socket in &self.sockets {
            let socket = socket2::SockRef::from(socket);
            let is_v6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
            let marked = if is_v6 { socket.set_tclass_v6(tos) } else { socket.set_tos_v4(tos) };
            if let Err(error) = marked {
                tracing::warn!(%error, dscp, "media is not marked");
            }
        }
    }
}

fn bind_machine(port: u16) -> Result<Sockets, NodeError> {
    let mut bound = Bound::at(port);
    for ip in machine_addresses() {
        // It may be an IPv6 address that is still tentative, or an interface that is going down.
        if bound.bind(ip)? == Ownership::Elsewhere {
            tracing::warn!(%ip, "address is not offered: it cannot be opened");
        }
    }
    let candidates = bound.addresses.clone();
    bound.finish(candidates)
}

fn bind_configured(configured: &[IpAddr], port: u16) -> Result<Sockets, NodeError> {
    let mut bound = Bound::at(port);
    let mut outer = Vec::new();
    for &ip in configured.iter().take(MAX_ADDRESSES) {
        if bound.bind(ip)? == Ownership::Elsewhere {
            tracing::info!(%ip, "not an address of this machine: taken for the outer address of a NAT");
            outer.push(ip);
        }
    }
    if !outer.is_empty() {
        for ip in machine_addresses() {
            bound.bind(ip)?;
        }
    }
    let port = bound.port;
    let candidates = configured.iter().take(MAX_ADDRESSES).map(|ip| SocketAddr::new(*ip, port)).collect();
    bound.finish(candidates)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ownership {
    Ours,
    Elsewhere,
}

/// Sockets so far, all on one port.
struct Bound {
    port: u16,
    sockets: Vec<UdpSocket>,
    addresses: Vec<SocketAddr>,
}

impl Bound {
    fn at(port: u16) -> Self {
        Self { port, sockets: Vec::new(), addresses: Vec::new() }
    }

    fn bind(&mut self, ip: IpAddr) -> Result<Ownership, NodeError> {
        if self.addresses.iter().any(|address| address.ip() == ip) {
            return Ok(Ownership::Ours);
        }
        let address = SocketAddr::new(ip, self.port);
        match bind_one(address).and_then(|socket| Ok((socket.local_addr()?, socket))) {
            Ok((address, socket)) => {
                self.port = address.port();
                self.addresses.push(address);
                self.sockets.push(socket);
                Ok(Ownership::Ours)
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                Err(NodeError::UdpPortTaken { address: ip, port: self.port })
            }
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => Ok(Ownership::Elsewhere),
            Err(source) => Err(NodeError::UdpAddress { address, source }),
        }
    }

    fn finish(self, candidates: Vec<SocketAddr>) -> Result<Sockets, NodeError> {
        if self.sockets.is_empty() {
            return Err(NodeError::NoAddress);
        }
        Ok(Sockets { sockets: self.sockets, candidates })
    }
}

fn bind_one(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A kernel that gives less still works.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Receiver::coalesce(&socket);
    Ok(UdpSocket::from_std(socket.into()))
}

/// Every address of this machine. 127.0.0.1 comes last and always: a machine without a network still
/// works, and Firefox never checks it (so it must not be the only one where there is another).
fn machine_addresses() -> Vec<IpAddr> {
    let interfaces = ifaces().unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot list this machine's addresses, offering 127.0.0.1 only");
        Vec::new()
    });
    let mut addresses: Vec<IpAddr> = Vec::new();
    for interface in interfaces {
        if let (Kind::Ipv4 | Kind::Ipv6, Some(address)) = (&interface.kind, interface.addr) {
            let ip = address.ip();
            if is_offered(ip) && !addresses.contains(&ip) {
                addresses.push(ip);
            }
        }
    }
    addresses.sort_by_key(IpAddr::is_ipv6);
    addresses.truncate(MAX_ADDRESSES - 1);
    addresses.push(IpAddr::V4(Ipv4Addr::LOCALHOST));
    addresses
}

/// Link-local addresses need a zone that a candidate cannot carry (RFC 8839 §5.1).
fn is_offered(ip: IpAddr) -> bool {
    !ip.is_loopback()
        && !ip.is_unspecified()
        && !ip.is_multicast()
        && match ip {
            IpAddr::V4(v4) => !v4.is_link_local(),
            IpAddr::V6(v6) => !v6.is_unicast_link_local(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_the_last_candidate_and_always_there() {
        let addresses = machine_addresses();
        assert_eq!(addresses.last(), Some(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
        assert_eq!(addresses.iter().filter(|ip| ip.is_loopback()).count(), 1);
    }

    #[test]
    fn a_taken_port_is_named_with_its_key() {
        let first = Sockets::bind(&[IpAddr::V4(Ipv4Addr::LOCALHOST)], 0).unwrap();
        let port = first.candidates[0].port();
        let error = Sockets::bind(&[IpAddr::V4(Ipv4Addr::LOCALHOST)], port).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("udp_port"), "{error}");
    }

    #[test]
    fn every_socket_marks_what_it_sends() {
        let sockets = Sockets::bind(&[IpAddr::V4(Ipv4Addr::LOCALHOST)], 0).unwrap();
        sockets.mark(34);
        assert_eq!(socket2::SockRef::from(&sockets.sockets[0]).tos_v4().unwrap(), 34 << 2);
    }

    #[test]
    fn every_address_has_the_same_port() {
        let sockets = Sockets::bind(&[], 0).unwrap();
        let port = sockets.candidates[0].port();
        assert_eq!(sockets.candidates.len(), sockets.sockets.len());
        assert!(sockets.sockets.iter().all(|socket| socket.local_addr().unwrap().port() == port));
    }

    #[test]
    fn the_outer_address_of_a_nat_is_offered_and_the_inner_ones_are_open() {
        let outer: IpAddr = "203.0.113.7".parse().unwrap();
        let sockets = Sockets::bind(&[outer], 0).unwrap();
        assert_eq!(sockets.candidates.len(), 1);
        assert_eq!(sockets.candidates[0].ip(), outer);
        let port = sockets.candidates[0].port();
        assert_ne!(port, 0);
        let inner: Vec<_> = sockets.sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
        assert!(inner.contains(&SocketAddr::from((Ipv4Addr::LOCALHOST, port))), "{inner:?}");
    }
}
