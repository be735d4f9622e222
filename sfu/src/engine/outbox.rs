//! What is to be sent: datagrams written and sealed where they lie, in runs that a kernel with UDP_SEGMENT takes whole.
//!
//! Owns one contiguous buffer that is used again. Enters: datagrams in the order they shall leave. Leaves: *runs*, datagrams
//! to one peer that lie behind each other and have one size, of which only the last may be shorter (udp(7), UDP_SEGMENT).

use super::api::Path;

/// Datagrams of one run: Linux takes 64 since 4.18 (`UDP_MAX_SEGMENTS`).
pub const MAX_RUN_DATAGRAMS: u16 = 64;
/// Bytes of one run: what a UDP length field can say, less the headers.
pub const MAX_RUN_BYTES: u32 = 65_000;

/// Datagrams to one peer that leave together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// To whom, and by which socket.
    pub path: Path,
    start: u32,
    end: u32,
    /// Bytes of each datagram but the last, which may be shorter.
    pub segment_bytes: u16,
    /// How many datagrams.
    pub datagrams: u16,
    /// The last one is shorter: nothing may follow it.
    is_closed: bool,
}

/// Datagrams to send.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    runs: Vec<Run>,
    datagrams: usize,
}

impl Outbox {
    /// Appends a datagram written by `write` into the buffer; nothing is sent when it writes nothing.
    pub fn push_with(&mut self, path: Path, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let end = self.bytes.len();
        if end > start {
            self.joined(path, start as u32, end as u32);
        }
    }

    /// Appends a datagram.
    pub fn push(&mut self, path: Path, datagram: &[u8]) {
        self.push_with(path, |bytes| bytes.extend_from_slice(datagram));
    }

    fn joined(&mut self, path: Path, start: u32, end: u32) {
        self.datagrams += 1;
        let len = end - start;
        if let Some(last) = self.runs.last_mut()
            && last.path == path
            && !last.is_closed
            && len <= u32::from(last.segment_bytes)
            && last.datagrams < MAX_RUN_DATAGRAMS
            && end - last.start <= MAX_RUN_BYTES
        {
            last.end = end;
            last.datagrams += 1;
            last.is_closed = len < u32::from(last.segment_bytes);
            return;
        }
        // Nothing of ours is longer than 64 KiB; what is would not fit into a datagram either.
        let segment_bytes = len.min(u32::from(u16::MAX)) as u16;
        self.runs.push(Run { path, start, end, segment_bytes, datagrams: 1, is_closed: false });
    }

    /// All runs in order.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The datagrams of a run, behind each other.
    pub fn bytes_of(&self, run: &Run) -> &[u8] {
        &self.bytes[run.start as usize..run.end as usize]
    }

    /// All datagrams in order.
    pub fn iter(&self) -> impl Iterator<Item = (Path, &[u8])> {
        self.runs.iter().flat_map(|run| {
            self.bytes_of(run).chunks(usize::from(run.segment_bytes)).map(|datagram| (run.path, datagram))
        })
    }

    /// How many datagrams there are.
    pub fn datagrams(&self) -> usize {
        self.datagrams
    }

    /// Is there nothing to send?
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Forgets what was sent, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.runs.clear();
        self.datagrams = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn path(port: u16) -> Path {
        Path { socket: 0, remote: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    fn runs_of(sizes: &[(u16, usize)]) -> Vec<(u16, u16)> {
        let mut outbox = Outbox::default();
        for (n, &(port, len)) in sizes.iter().enumerate() {
            outbox.push(path(port), &vec![n as u8; len]);
        }
        let datagrams: Vec<(Path, Vec<u8>)> =
            outbox.iter().map(|(path, bytes)| (path, bytes.to_vec())).collect();
        let expected: Vec<(Path, Vec<u8>)> =
            sizes.iter().enumerate().map(|(n, &(port, len))| (path(port), vec![n as u8; len])).collect();
        assert_eq!(datagrams, expected, "whatever the runs, the datagrams stay as they were pushed");
        assert_eq!(outbox.datagrams(), sizes.len());
        outbox.runs().iter().map(|run| (run.segment_bytes, run.datagrams)).collect()
    }

    #[test]
    fn equal_datagrams_to_one_peer_are_a_run_and_a_shorter_one_ends_it() {
        assert_eq!(runs_of(&[(1, 100), (1, 100), (1, 60), (1, 60)]), [(100, 3), (60, 1)]);
        assert_eq!(runs_of(&[(1, 100), (2, 100), (1, 100)]), [(100, 1), (100, 1), (100, 1)]);
        assert_eq!(runs_of(&[(1, 60), (1, 100), (1, 100)]), [(60, 1), (100, 2)]);
    }

    #[test]
    fn a_run_is_no_longer_than_the_kernel_takes() {
        let runs = runs_of(&[(1, 10); 150]);
        assert_eq!(runs, [(10, 64), (10, 64), (10, 22)]);
        let runs = runs_of(&[(1, 1_400); 60]);
        assert_eq!(runs, [(1_400, 46), (1_400, 14)]);
    }
}
