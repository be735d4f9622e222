//! Which addresses are offered as candidates, and one socket for each, so that an answer leaves
//! from the address that was asked.

use crate::error::NodeError;
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

/// Bound sockets; the index is [`crate::engine::Path::socket`].
#[derive(Debug)]
pub struct Sockets {
    /// In candidate order.
    pub sockets: Vec<UdpSocket>,
    /// Their addresses.
    pub addresses: Vec<SocketAddr>,
}

impl Sockets {
    /// Binds `port` (0: any that is free everywhere) on each of `configured`, or, when that is empty, on
    /// each address of this machine.
    pub fn bind(configured: &[IpAddr], port: u16) -> Result<Self, NodeError> {
        let found = if configured.is_empty() { machine_addresses() } else { configured.to_vec() };
        let tries = if port == 0 { MAX_PORT_TRIES } else { 1 };
        let mut outcome = Err(NodeError::NoAddress);
        for _ in 0..tries {
            outcome = bind_all(&found, port, configured.is_empty());
            if !matches!(outcome, Err(NodeError::UdpPortTaken { .. })) {
                break;
            }
        }
        outcome
    }
}

/// An address found by looking (not configured) that cannot be bound is left out: an IPv6 address may
/// still be tentative, an interface may be going down.
fn bind_all(addresses: &[IpAddr], port: u16, leave_out: bool) -> Result<Sockets, NodeError> {
    let mut bound = Sockets { sockets: Vec::new(), addresses: Vec::new() };
    for &ip in addresses.iter().take(MAX_ADDRESSES) {
        let port = bound.addresses.first().map_or(port, SocketAddr::port);
        let address = SocketAddr::new(ip, port);
        match bind_one(address) {
            Ok(socket) => {
                let address =
                    socket.local_addr().map_err(|source| NodeError::UdpAddress { address, source })?;
                bound.sockets.push(socket);
                bound.addresses.push(address);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(NodeError::UdpPortTaken { address: ip, port });
            }
            Err(error) if leave_out => tracing::warn!(%address, %error, "address is not offered"),
            Err(source) => return Err(NodeError::UdpAddress { address, source }),
        }
    }
    if bound.sockets.is_empty() { Err(NodeError::NoAddress) } else { Ok(bound) }
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
        let port = first.addresses[0].port();
        let error = Sockets::bind(&[IpAddr::V4(Ipv4Addr::LOCALHOST)], port).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("udp_port"), "{error}");
    }

    #[test]
    fn every_address_has_the_same_port() {
        let sockets = Sockets::bind(&[], 0).unwrap();
        let port = sockets.addresses[0].port();
        assert!(sockets.addresses.iter().all(|address| address.port() == port));
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let error = Sockets::bind(&["203.0.113.7".parse().unwrap()], 0).unwrap_err().to_string();
        assert!(error.contains("addresses"), "{error}");
    }
}
