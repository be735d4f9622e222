//! Many datagrams a system call: sendmmsg with UDP_SEGMENT, recvmmsg with UDP_GRO.
//!
//! Measured on loopback, CPU a 1,140-byte packet: one `sendto` 3,000 ns, nine segments a message and eight messages a call
//! 718 ns; receiving with GRO 150 ns instead of 1,080. A kernel or device that refuses UDP_SEGMENT gets one message a
//! datagram from then on.
//!
//! The only module of this program with `unsafe` code: `sendmmsg` and `recvmmsg` with control messages have no safe wrapper that does not
//! allocate for each call, and socket options that take a program have none at all.
#![allow(unsafe_code)]

use crate::engine::outbox::{Outbox, Run};
use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

/// Messages of one call. More saves less than a hundredth (measured: 8 to 64).
const MESSAGES: usize = 32;
/// What one message of a coalescing socket may hold: a UDP length field's worth.
const MESSAGE_BYTES: usize = 65_536;
/// Room for one control message of UDP_SEGMENT (2 bytes) or UDP_GRO (4 bytes): `CMSG_SPACE(4)` is 24 on 64-bit Linux.
const CONTROL_BYTES: usize = 64;

/// Control messages need the alignment of their header.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);

const _: () = assert!(align_of::<Control>() >= align_of::<libc::cmsghdr>());
const _: () = assert!(size_of::<libc::cmsghdr>() + 8 <= CONTROL_BYTES);

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Datagrams that the kernel took.
    pub datagrams: u64,
    /// Datagrams it did not: its buffer was full, or the address cannot be reached.
    pub dropped: u64,
    /// System calls.
    pub calls: u64,
}

/// Sends runs by one socket.
pub struct Sender {
    segmentation: Segmentation,
    addresses: Box<[libc::sockaddr_storage; MESSAGES]>,
    vectors: Box<[libc::iovec; MESSAGES]>,
    controls: Box<[Control; MESSAGES]>,
    messages: Box<[libc::mmsghdr; MESSAGES]>,
    /// Datagrams of each message.
    counts: [u16; MESSAGES],
}

/// Does the kernel cut runs?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segmentation {
    /// UDP_SEGMENT works.
    Kernel,
    /// It does not: one message a datagram.
    Absent,
}

// SAFETY: the raw pointers inside `iovec` and `msghdr` are written anew by each call before the kernel reads them and
// are never followed otherwise; everything they point to is owned by the same value or borrowed during the call.
unsafe impl Send for Sender {}

impl Sender {
    /// A sender that uses UDP_SEGMENT until the kernel refuses it.
    pub fn new(segmentation: Segmentation) -> Self {
        // SAFETY: all-zero is a valid value of these C structs (integers and nullable pointers).
        unsafe {
            Self {
                segmentation,
                addresses: Box::new(zeroed()),
                vectors: Box::new(zeroed()),
                controls: Box::new([Control([0; CONTROL_BYTES]); MESSAGES]),
                messages: Box::new(zeroed()),
                counts: [0; MESSAGES],
            }
        }
    }

    /// Does the kernel still cut runs?
    pub fn segmentation(&self) -> Segmentation {
        self.segmentation
    }

    /// Sends those runs of the outbox whose path names this socket, in order.
    pub fn send(&mut self, socket: &impl AsFd, index: u8, outbox: &Outbox) -> Sent {
        let mut sent = Sent::default();
        let mut filled = 0;
        for run in outbox.runs().iter().filter(|run| run.path.socket == index) {
            let bytes = outbox.bytes_of(run);
            if self.segmentation == Segmentation::Kernel || run.datagrams == 1 {
                self.fill(&mut filled, run, bytes, run.datagrams);
                self.flush_if_full(socket, &mut filled, &mut sent);
            } else {
                for datagram in bytes.chunks(usize::from(run.segment_bytes)) {
                    self.fill(&mut filled, run, datagram, 1);
                    self.flush_if_full(socket, &mut filled, &mut sent);
                }
            }
        }
        self.flush(socket, filled, &mut sent);
        sent
    }

    fn fill(&mut self, filled: &mut usize, run: &Run, bytes: &[u8], datagrams: u16) {
        let n = *filled;
        *filled += 1;
        let address_len = write_address(&mut self.addresses[n], run.path.remote);
        self.vectors[n] = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        self.counts[n] = datagrams;
        let message = &mut self.messages[n].msg_hdr;
        message.msg_name = ptr::from_mut(&mut self.addresses[n]).cast();
        message.msg_namelen = address_len;
        message.msg_iov = &raw mut self.vectors[n];
        message.msg_iovlen = 1;
        (message.msg_control, message.msg_controllen) = (ptr::null_mut(), 0);
        if datagrams > 1 {
            message.msg_control = (&raw mut self.controls[n]).cast();
            message.msg_controllen = CONTROL_BYTES as _;
            // SAFETY: `msg_control` points to CONTROL_BYTES aligned bytes, which hold a header and its data (asserted
            // above), so CMSG_FIRSTHDR is not null and CMSG_DATA lies within; the write is unaligned-safe.
            unsafe {
                let header = libc::CMSG_FIRSTHDR(message);
                (*header).cmsg_level = libc::SOL_UDP;
                (*header).cmsg_type = libc::UDP_SEGMENT;
                (*header).cmsg_len = libc::CMSG_LEN(size_of::<u16>() as u32) as _;
                ptr::write_unaligned(libc::CMSG_DATA(header).cast(), run.segment_bytes);
                message.msg_controllen = libc::CMSG_SPACE(size_of::<u16>() as u32) as _;
            }
        }
    }

    fn flush_if_full(&mut self, socket: &impl AsFd, filled: &mut usize, sent: &mut Sent) {
        if *filled == MESSAGES {
            self.flush(socket, MESSAGES, sent);
            *filled = 0;
        }
    }

    /// Hands the first `filled` messages to the kernel. One that it does not take is skipped.
    fn flush(&mut self, socket: &impl AsFd, filled: usize, sent: &mut Sent) {
        let mut from = 0;
        while from < filled {
            sent.calls += 1;
            match self.call(socket, from, filled) {
                Ok(taken) => {
                    for count in &self.counts[from..from + taken] {
                        sent.datagrams += u64::from(*count);
                    }
                    from += taken;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    if is_refused(&error) && self.counts[from] > 1 {
                        self.segmentation = Segmentation::Absent;
                        self.one_by_one(socket, from, sent);
                    } else {
                        sent.dropped += u64::from(self.counts[from]);
                    }
                    from += 1;
                }
            }
        }
    }

    fn call(&mut self, socket: &impl AsFd, from: usize, to: usize) -> io::Result<usize> {
        let messages = &mut self.messages[from..to];
        // SAFETY: `messages` is a live slice of initialised headers; every pointer in them was set by `fill` since
        // the outbox was borrowed and points into this value or into the outbox's bytes, both alive here. The kernel
        // reads addresses, vectors, bytes and controls, and writes only `msg_len`.
        let taken = unsafe {
            libc::sendmmsg(
                socket.as_fd().as_raw_fd(),
                messages.as_mut_ptr(),
                messages.len() as libc::c_uint,
                libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            )
        };
        if taken < 0 { Err(io::Error::last_os_error()) } else { Ok(taken as usize) }
    }

    /// Sends message `at` as single datagrams, through the last message's place.
    fn one_by_one(&mut self, socket: &impl AsFd, at: usize, sent: &mut Sent) {
        // SAFETY: CMSG_FIRSTHDR and CMSG_DATA of a message that `fill` gave a control message; see there.
        let segment = unsafe {
            let header = libc::CMSG_FIRSTHDR(&self.messages[at].msg_hdr);
            ptr::read_unaligned::<u16>(libc::CMSG_DATA(header).cast())
        };
        let whole = self.vectors[at];
        let message = &mut self.messages[at].msg_hdr;
        (message.msg_control, message.msg_controllen) = (ptr::null_mut(), 0);
        let mut offset = 0;
        while offset < whole.iov_len {
            let len = usize::from(segment).min(whole.iov_len - offset);
            // SAFETY: `offset < iov_len`, so the pointer stays within the run's bytes, which the caller borrows.
            let base = unsafe { whole.iov_base.byte_add(offset) };
            self.vectors[at] = libc::iovec { iov_base: base, iov_len: len };
            sent.calls += 1;
            match self.call(socket, at, at + 1) {
                Ok(_) => sent.datagrams += 1,
                Err(_) => sent.dropped += 1,
            }
            offset += len;
        }
    }
}

/// Of two sockets on one port (`SO_REUSEPORT`), of which `second` was bound last, the kernel gives RTCP to the second and
/// everything else to the first, from now on.
///
/// # Errors
/// It does not.
pub(super) fn give_reports_to_second(second: &impl AsFd) -> io::Result<()> {
    // Classic BPF over the datagram (socket(7), SO_ATTACH_REUSEPORT_CBPF); what it returns is the socket's number. A load
    // behind a datagram's end returns 0.
    let op = |code: u32, jump_if: u8, jump_else: u8, k: u32| libc::sock_filter {
        code: code as u16,
        jt: jump_if,
        jf: jump_else,
        k,
    };
    let load_byte = libc::BPF_LD | libc::BPF_B | libc::BPF_ABS;
    let and = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
    let is_equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let give = libc::BPF_RET | libc::BPF_K;
    let mut program = [
        // Version 2 (RFC 7983 §7: 128 to 191)…
        op(load_byte, 0, 0, 0),
        op(and, 0, 0, 0xC0),
        op(is_equal, 0, 4, 0x80),
        // …and a packet type of 192 to 223 (RFC 5761 §4).
        op(load_byte, 0, 0, 1),
        op(and, 0, 0, 0xE0),
        op(is_equal, 0, 1, 0xC0),
        op(give, 0, 0, 1),
        op(give, 0, 0, 0),
    ];
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: a valid descriptor, and a pointer to a program of the length said that outlives the call; the kernel copies it.
    let outcome = unsafe {
        libc::setsockopt(
            second.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_REUSEPORT_CBPF,
            (&raw const program).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A kernel or device without UDP_SEGMENT says one of these.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EIO | libc::EINVAL | libc::EOPNOTSUPP | libc::ENOPROTOOPT))
}

fn write_address(storage: &mut libc::sockaddr_storage, address: SocketAddr) -> libc::socklen_t {
    let address = socket2::SockAddr::from(address);
    // SAFETY: both are `sockaddr_storage`; `SockAddr` is a copy of one with its length.
    unsafe { *storage = *address.as_ptr().cast() };
    address.len()
}

/// Receives by one socket, several datagrams a call, coalesced ones too.
pub struct Receiver {
    buffers: Vec<u8>,
    addresses: Box<[MaybeUninit<libc::sockaddr_storage>; MESSAGES]>,
    vectors: Box<[libc::iovec; MESSAGES]>,
    controls: Box<[Control; MESSAGES]>,
    messages: Box<[libc::mmsghdr; MESSAGES]>,
}

// SAFETY: as for `Sender`: pointers are set anew before each call and point into the same value.
unsafe impl Send for Receiver {}

impl Default for Receiver {
    fn default() -> Self {
        // SAFETY: all-zero is a valid value of these C structs.
        unsafe {
            Self {
                buffers: vec![0; MESSAGES * MESSAGE_BYTES],
                addresses: Box::new([MaybeUninit::zeroed(); MESSAGES]),
                vectors: Box::new(zeroed()),
                controls: Box::new([Control([0; CONTROL_BYTES]); MESSAGES]),
                messages: Box::new(zeroed()),
            }
        }
    }
}

impl Receiver {
    /// Asks the kernel to coalesce what arrives from one peer; without it every message is one datagram.
    pub fn coalesce(socket: &impl AsFd) {
        let on: libc::c_int = 1;
        // SAFETY: a valid descriptor, and a pointer to an int of the length said.
        unsafe {
            libc::setsockopt(
                socket.as_fd().as_raw_fd(),
                libc::SOL_UDP,
                libc::UDP_GRO,
                (&raw const on).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            );
        }
    }

    /// One call: `each` gets every datagram and where it came from. Gives how many messages there were; fewer than
    /// [`Self::MAX_MESSAGES`] means that the socket is empty.
    ///
    /// # Errors
    /// Nothing was received.
    pub fn receive(
        &mut self,
        socket: &impl AsFd,
        mut each: impl FnMut(SocketAddr, &mut [u8]),
    ) -> io::Result<usize> {
        for n in 0..MESSAGES {
            let buffer = &mut self.buffers[n * MESSAGE_BYTES..(n + 1) * MESSAGE_BYTES];
            self.vectors[n] = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: MESSAGE_BYTES };
            let message = &mut self.messages[n].msg_hdr;
            message.msg_name = self.addresses[n].as_mut_ptr().cast();
            message.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            message.msg_iov = &raw mut self.vectors[n];
            message.msg_iovlen = 1;
            message.msg_control = (&raw mut self.controls[n]).cast();
            message.msg_controllen = CONTROL_BYTES as _;
            message.msg_flags = 0;
        }
        // SAFETY: every header was just filled with pointers into this value and the lengths of what they point to.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_fd().as_raw_fd(),
                self.messages.as_mut_ptr(),
                MESSAGES as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        if received < 0 {
            return Err(io::Error::last_os_error());
        }
        for n in 0..received as usize {
            let Some(from) = self.address(n) else { continue };
            let len = (self.messages[n].msg_len as usize).min(MESSAGE_BYTES);
            let segment = self.segment(n).unwrap_or(len).max(1);
            let start = n * MESSAGE_BYTES;
            for datagram in self.buffers[start..start + len].chunks_mut(segment) {
                each(from, datagram);
            }
        }
        Ok(received as usize)
    }

    /// Messages of one call.
    pub const MAX_MESSAGES: usize = MESSAGES;

    fn address(&self, n: usize) -> Option<SocketAddr> {
        let len = self.messages[n].msg_hdr.msg_namelen;
        let mut storage = socket2::SockAddrStorage::zeroed();
        // SAFETY: zeroed at the start, so initialised whatever the kernel wrote; `len` is what it wrote, and
        // `sockaddr_storage` is what a `SockAddrStorage` is.
        unsafe {
            *storage.view_as::<libc::sockaddr_storage>() = self.addresses[n].assume_init();
            socket2::SockAddr::new(storage, len).as_socket()
        }
    }

    /// Bytes of each datagram of a coalesced message but the last.
    fn segment(&self, n: usize) -> Option<usize> {
        let message = &self.messages[n].msg_hdr;
        // SAFETY: the kernel has written `msg_controllen` bytes of control messages into `controls[n]`; the macros
        // walk within them. UDP_GRO's data is an int.
        unsafe {
            let mut header = libc::CMSG_FIRSTHDR(message);
            while !header.is_null() {
                if (*header).cmsg_level == libc::SOL_UDP && (*header).cmsg_type == libc::UDP_GRO {
                    let segment: libc::c_int = ptr::read_unaligned(libc::CMSG_DATA(header).cast());
                    return usize::try_from(segment).ok().filter(|segment| *segment > 0);
                }
                header = libc::CMSG_NXTHDR(message, header);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Path;
    use std::net::UdpSocket;
    use std::time::Duration;

    fn pair() -> (UdpSocket, UdpSocket) {
        let [a, b] = [(); 2].map(|()| UdpSocket::bind(("127.0.0.1", 0)).unwrap());
        b.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        (a, b)
    }

    /// Sizes of runs of one, of many, with shorter ends, and more messages than one call takes.
    fn mixed(to: SocketAddr) -> (Outbox, Vec<Vec<u8>>) {
        let mut outbox = Outbox::default();
        let sizes = [1_200, 1_200, 1_200, 700, 50, 1_200, 60, 60, 60].repeat(9);
        let datagrams: Vec<Vec<u8>> = sizes.iter().enumerate().map(|(n, &len)| vec![n as u8; len]).collect();
        for datagram in &datagrams {
            outbox.push(Path { socket: 3, remote: to }, datagram);
        }
        outbox.push(Path { socket: 4, remote: to }, b"by another socket");
        (outbox, datagrams)
    }

    #[test]
    fn datagrams_arrive_in_order_and_whole_with_and_without_segmentation() {
        for segmentation in [Segmentation::Kernel, Segmentation::Absent] {
            let (from, to) = pair();
            let (outbox, datagrams) = mixed(to.local_addr().unwrap());
            let mut sender = Sender::new(segmentation);
            let sent = sender.send(&from, 3, &outbox);
            assert_eq!((sent.datagrams, sent.dropped), (datagrams.len() as u64, 0));
            let mut buffer = [0; 2_000];
            for datagram in &datagrams {
                let len = to.recv(&mut buffer).unwrap();
                assert_eq!(&buffer[..len], datagram);
            }
            if sender.segmentation() == Segmentation::Kernel {
                assert!(sent.calls < 3, "{sent:?}");
            }
        }
    }

    #[test]
    fn coalesced_datagrams_come_out_one_by_one_with_their_sender() {
        let (from, to) = pair();
        Receiver::coalesce(&to);
        let (outbox, datagrams) = mixed(to.local_addr().unwrap());
        Sender::new(Segmentation::Kernel).send(&from, 3, &outbox);
        let (mut receiver, mut received) = (Receiver::default(), Vec::new());
        while received.len() < datagrams.len() {
            let got = receiver.receive(&to, |address, datagram| {
                assert_eq!(address, from.local_addr().unwrap());
                received.push(datagram.to_vec());
            });
            got.unwrap();
        }
        assert_eq!(received, datagrams);
        let empty = receiver.receive(&to, |_, _| panic!("nothing is there"));
        assert_eq!(empty.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_datagram_that_cannot_leave_takes_no_other_with_it() {
        let (from, to) = pair();
        let mut outbox = Outbox::default();
        let unreachable: SocketAddr = "[2001:db8::1]:9".parse().unwrap();
        let to_there = Path { socket: 0, remote: to.local_addr().unwrap() };
        outbox.push(to_there, b"before");
        outbox.push(Path { socket: 0, remote: unreachable }, b"an IPv6 address by an IPv4 socket");
        outbox.push(to_there, b"behind");
        let sent = Sender::new(Segmentation::Kernel).send(&from, 0, &outbox);
        assert_eq!((sent.datagrams, sent.dropped), (2, 1));
        let mut buffer = [0; 100];
        for expected in [&b"before"[..], b"behind"] {
            let len = to.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..len], expected);
        }
    }
}
