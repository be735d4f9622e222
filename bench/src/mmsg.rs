//! Many datagrams with one system call: `recvmmsg` with `UDP_GRO` and arrival times, `sendmmsg` with `UDP_SEGMENT`.
//!
//! The only unsafe code of the bench. Every pointer handed to the kernel points into memory that is borrowed for the
//! whole call; nothing the kernel writes is read beyond the lengths it gives.
#![allow(unsafe_code)]

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Messages of one call.
pub const MAX_MESSAGES: usize = 8;

/// Longest a coalesced datagram gets: that of an IP packet.
const BUFFER_BYTES: usize = 65_536;

/// Room for an arrival time (16 bytes) and a segment size (4), each behind its header of 16 bytes and aligned to 8.
const CONTROL_WORDS: usize = 8;

/// `UDP_SEGMENT` of linux/udp.h: as a control message, the size into which a long datagram is cut.
const UDP_SEGMENT: i32 = 103;
/// `UDP_GRO` of linux/udp.h: as a socket option it lets datagrams arrive joined; as a control message it names their size.
const UDP_GRO: i32 = 104;

/// A socket from which this server can be reached.
pub fn bind_towards(server: SocketAddr) -> io::Result<UdpSocket> {
    let ip = if server.ip().is_loopback() { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    UdpSocket::bind((ip, 0))
}

/// Asks the kernel to join datagrams of one sender that arrive together.
pub fn join_datagrams(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_option(socket, libc::SOL_UDP, UDP_GRO)
}

/// Asks the kernel to say when each datagram arrived.
pub fn note_arrival(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_option(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS)
}

fn set_option(socket: BorrowedFd<'_>, level: i32, name: i32) -> io::Result<()> {
    let on: i32 = 1;
    // SAFETY: the value is an i32 that outlives the call, and its size is given.
    let outcome = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(&on).cast(),
            mem::size_of::<i32>() as libc::socklen_t,
        )
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A datagram, or several of one length (the last may be shorter) that the kernel has joined.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// Length of each but the last.
    pub segment: usize,
    /// When it arrived, in nanoseconds since 1970, if the socket notes that.
    pub unix_ns: Option<u64>,
}

impl<'a> Arrived<'a> {
    /// One by one.
    pub fn datagrams(&self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.chunks(self.segment.max(1))
    }
}

/// Buffers for received datagrams, used again and again.
pub struct Inbox {
    buffers: Vec<u8>,
    controls: [[u64; CONTROL_WORDS]; MAX_MESSAGES],
    lens: [(usize, usize); MAX_MESSAGES],
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            buffers: vec![0; BUFFER_BYTES * MAX_MESSAGES],
            controls: [[0; CONTROL_WORDS]; MAX_MESSAGES],
            lens: [(0, 0); MAX_MESSAGES],
        }
    }
}

impl Inbox {
    /// Takes what is there, without waiting: how many messages. Fewer than [`MAX_MESSAGES`]: there were no more.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.receive_up_to(socket, MAX_MESSAGES)
    }

    /// The same, but so many messages at most.
    pub fn receive_up_to(&mut self, socket: BorrowedFd<'_>, messages: usize) -> io::Result<usize> {
        // SAFETY: iovec and mmsghdr are plain C structures, for which all zeroes (null pointers, lengths 0) are valid.
        let (mut vectors, mut headers): ([libc::iovec; MAX_MESSAGES], [libc::mmsghdr; MAX_MESSAGES]) =
            unsafe { (MaybeUninit::zeroed().assume_init(), MaybeUninit::zeroed().assume_init()) };
        let buffers = self.buffers.chunks_exact_mut(BUFFER_BYTES).zip(&mut self.controls);
        for ((vector, header), (buffer, control)) in vectors.iter_mut().zip(&mut headers).zip(buffers) {
            vector.iov_base = buffer.as_mut_ptr().cast();
            vector.iov_len = buffer.len();
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = mem::size_of_val(control);
        }
        // SAFETY: each header points to one vector of `vectors`, and that to its own part of `self.buffers` and of
        // `self.controls`; all of them live and are borrowed exclusively until the call returns, with their true lengths.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                messages.min(MAX_MESSAGES) as u32,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (lens, header) in self.lens.iter_mut().zip(&headers[..count]) {
            *lens = ((header.msg_len as usize).min(BUFFER_BYTES), header.msg_hdr.msg_controllen);
        }
        Ok(count)
    }

    /// A message of the last [`Inbox::receive`].
    pub fn message(&self, index: usize) -> Arrived<'_> {
        let (len, control_len) = self.lens[index];
        let bytes = &self.buffers[index * BUFFER_BYTES..][..len];
        let mut arrived = Arrived { bytes, segment: len, unix_ns: None };
        // A control message: length (with this header), level and type, then the value, aligned to 8 (cmsg(3)).
        let mut words = &self.controls[index][..(control_len / 8).min(CONTROL_WORDS)];
        while let [message_len, kind, value, ..] = *words {
            let taken = (message_len as usize).div_ceil(8).max(2).min(words.len());
            let [level, name] = halves(kind);
            if (level, name) == (libc::SOL_UDP, UDP_GRO) {
                arrived.segment = halves(value)[0] as usize;
            } else if (level, name) == (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS)
                && let Some(&nanoseconds) = words.get(3)
            {
                arrived.unix_ns = Some(value * 1_000_000_000 + nanoseconds);
            }
            words = &words[taken..];
        }
        arrived
    }
}

/// The two 32-bit fields of a word, in the order of memory.
fn halves(word: u64) -> [i32; 2] {
    let bytes = word.to_ne_bytes();
    [0, 4].map(|at| i32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]))
}

/// Where a message goes, as the kernel wants it.
#[derive(Clone, Copy)]
pub struct Destination(libc::sockaddr_in);

impl From<SocketAddrV4> for Destination {
    fn from(address: SocketAddrV4) -> Self {
        Self(libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: address.port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
            sin_zero: [0; 8],
        })
    }
}

/// A message to send.
pub struct Message<'a> {
    /// One datagram, or several of `segment` bytes each (the last may be shorter).
    pub bytes: &'a [u8],
    /// To whom.
    pub to: &'a Destination,
    /// Cut into datagrams of this size; `None`: it is one.
    pub segment: Option<u16>,
}

/// Sends at most [`MAX_MESSAGES`] messages and waits for room in the socket's buffer when it is full.
pub fn send(socket: BorrowedFd<'_>, messages: &[Message<'_>]) -> io::Result<()> {
    let messages = &messages[..messages.len().min(MAX_MESSAGES)];
    // SAFETY: as in `Inbox::receive`, zeroes are valid for both.
    let (mut vectors, mut headers): ([libc::iovec; MAX_MESSAGES], [libc::mmsghdr; MAX_MESSAGES]) =
        unsafe { (MaybeUninit::zeroed().assume_init(), MaybeUninit::zeroed().assume_init()) };
    let mut controls = [[0u64; 3]; MAX_MESSAGES];
    let parts = vectors.iter_mut().zip(&mut headers).zip(&mut controls);
    for (((vector, header), control), message) in parts.zip(messages) {
        vector.iov_base = message.bytes.as_ptr().cast_mut().cast();
        vector.iov_len = message.bytes.len();
        header.msg_hdr.msg_name = ptr::from_ref(&message.to.0).cast_mut().cast();
        header.msg_hdr.msg_namelen = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        if let Some(segment) = message.segment {
            // Header of 16 bytes and a 16-bit value.
            let mut kind = [0; 8];
            kind[..4].copy_from_slice(&libc::SOL_UDP.to_ne_bytes());
            kind[4..].copy_from_slice(&UDP_SEGMENT.to_ne_bytes());
            let mut value = [0; 8];
            value[..2].copy_from_slice(&segment.to_ne_bytes());
            *control = [18, u64::from_ne_bytes(kind), u64::from_ne_bytes(value)];
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = mem::size_of_val(control);
        }
    }
    let mut sent = 0;
    while sent < messages.len() {
        // SAFETY: each header up to `messages.len()` points to its vector, address and control words, and the vector to
        // the message's bytes; all live until the call returns. The kernel reads name, vector and control and writes
        // only `msg_len` in `headers`.
        let count = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr().add(sent),
                (messages.len() - sent) as u32,
                0,
            )
        };
        match usize::try_from(count) {
            Ok(count) => sent += count,
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    fn pair() -> (UdpSocket, UdpSocket, Destination) {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let SocketAddr::V4(address) = receiver.local_addr().unwrap() else { panic!("bound to IPv4") };
        (UdpSocket::bind("127.0.0.1:0").unwrap(), receiver, address.into())
    }

    #[test]
    fn a_run_is_cut_joined_and_read_as_the_datagrams_it_was() {
        let (sender, receiver, to) = pair();
        join_datagrams(receiver.as_fd()).unwrap();
        note_arrival(receiver.as_fd()).unwrap();
        let run: Vec<u8> = (0..250u32).map(|n| n as u8).collect();
        let messages = [
            Message { bytes: &run, to: &to, segment: Some(100) },
            Message { bytes: &run[..7], to: &to, segment: None },
        ];
        send(sender.as_fd(), &messages).unwrap();
        let mut inbox = Inbox::default();
        // Loopback delivers before the send returns. Twice: the second call must not see the lengths of the first.
        for _ in 0..2 {
            let count = inbox.receive(receiver.as_fd()).unwrap();
            let datagrams: Vec<&[u8]> =
                (0..count).flat_map(|index| inbox.message(index).datagrams().collect::<Vec<_>>()).collect();
            assert_eq!(datagrams, [&run[..100], &run[100..200], &run[200..], &run[..7]]);
            assert!((0..count).all(|index| inbox.message(index).unix_ns.is_some_and(|ns| ns > 1 << 60)));
            send(sender.as_fd(), &messages).unwrap();
        }
    }

    #[test]
    fn an_empty_socket_does_not_block() {
        let (_, receiver, _) = pair();
        let error = Inbox::default().receive(receiver.as_fd()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
