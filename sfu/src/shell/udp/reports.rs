//! RTCP comes by a socket of its own, so that it wakes nobody.
//!
//! Every subscriber reports twenty times a second, and nothing of that is urgent; but a thread that sleeps until a datagram
//! comes would wake for each. In a virtual machine a wake-up alone costs 20 to 30 µs of CPU (measured: a thread that does
//! nothing but sleep), as much as sealing and sending a dozen packets.
//!
//! So each media socket gets a twin on the same address and port, and the kernel gives RTCP (RFC 5761 §4: its second byte
//! is 192 to 223) to the twin. The twin is read when the thread is awake, at least every [`INTERVAL`]
//! while packets flow, else with the engine's tick (15 ms). Where the kernel refuses a twin everything comes by the first socket, as correct and dearer.

use crate::shell::udp::batch::{Receiver, give_reports_to_second};
use mio::net::UdpSocket;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::time::{Duration, Instant};

/// Between two looks of a thread that is awake: retransmissions and keyframes are asked for so much later at most.
const INTERVAL: Duration = Duration::from_millis(5);

/// The twins of all media sockets.
#[derive(Debug)]
pub(super) struct Reports {
    /// In the order of the media sockets.
    twins: Vec<Option<UdpSocket>>,
    due: Option<Instant>,
    has_more: bool,
}

impl Reports {
    /// A twin for each of these, as far as the kernel allows.
    pub fn beside(sockets: &[UdpSocket]) -> Self {
        let twins = sockets.iter().map(|socket| {
            let twin = twin(socket);
            if let Err(error) = &twin {
                tracing::info!(%error, "reports and media come by one socket");
            }
            twin.ok()
        });
        Self { twins: twins.collect(), due: None, has_more: false }
    }

    /// Is it time to look?
    pub fn is_due(&self, now: Instant) -> bool {
        self.has_more || self.due.is_none_or(|due| due <= now)
    }

    /// Did the last look not reach the end?
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// The twins, with the index of the socket each belongs to.
    pub fn twins(&self) -> impl Iterator<Item = (usize, &UdpSocket)> {
        self.twins.iter().enumerate().filter_map(|(index, twin)| Some((index, twin.as_ref()?)))
    }

    /// They were looked at; `has_more`: not to the end.
    pub fn looked(&mut self, now: Instant, has_more: bool) {
        self.due = Some(now + INTERVAL);
        self.has_more = has_more;
    }
}

fn twin(first: &UdpSocket) -> io::Result<UdpSocket> {
    let first = SockRef::from(first);
    let address = first.local_addr()?;
    let socket = Socket::new(Domain::from(i32::from(address.family())), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A kernel that gives less still works.
    let _ = socket.set_recv_buffer_size(first.recv_buffer_size()? / 2);
    socket.set_nonblocking(true)?;
    Receiver::coalesce(&socket);
    // The first one was bound without it, and so has found out that nobody else has the port.
    first.set_reuse_port(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address)?;
    // Without the rule the kernel would share out by address: then the twin has to go again.
    give_reports_to_second(&socket)?;
    Ok(UdpSocket::from_std(socket.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

    fn received(socket: &UdpSocket) -> Vec<u8> {
        let (mut receiver, mut firsts) = (Receiver::default(), Vec::new());
        while receiver.receive(socket, |_, datagram| firsts.push(datagram[1])).is_ok() {}
        firsts
    }

    #[test]
    fn reports_come_by_the_twin_and_everything_else_by_the_first() {
        for ip in [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))] {
            let Ok(first) = std::net::UdpSocket::bind(ip) else { continue };
            first.set_nonblocking(true).unwrap();
            let first = UdpSocket::from_std(first);
            let reports = Reports::beside(std::slice::from_ref(&first));
            let (_, twin) = reports.twins().next().expect("this kernel has twins");
            let to = first.local_addr().unwrap();
            // RTP, RTP with a marker, STUN, DTLS, and RTCP from the lowest to the highest type.
            for second in [96, 224, 1, 254, 192, 200, 206, 223] {
                // From a socket each: the kernel must not go by where they come from.
                let from = std::net::UdpSocket::bind(SocketAddr::new(ip.ip(), 0)).unwrap();
                let first_byte = match second {
                    1 => 0,
                    254 => 22,
                    _ => 0x80,
                };
                from.send_to(&[first_byte, second, 0, 0], to).unwrap();
            }
            // DTLS 1.2's first bytes are those of a handshake record, 22 and 254; loopback delivers within the call.
            assert_eq!(received(&first), [96, 224, 1, 254]);
            assert_eq!(received(twin), [192, 200, 206, 223]);
        }
    }

    #[test]
    fn a_port_with_a_twin_is_taken_for_others() {
        let first = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let first = UdpSocket::from_std(first);
        let _reports = Reports::beside(std::slice::from_ref(&first));
        let error = std::net::UdpSocket::bind(first.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
