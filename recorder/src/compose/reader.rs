//! Reads a track's fragments, one at a time, as packets in order.
//!
//! In: a track's fragment files. Out: [`Packet`]s. At most one fragment and the reorder window are in
//! memory. A fragment that cannot be read is skipped and counted: its pictures are missing, the rest
//! of the lesson is not.

use super::reorder::{Near, Packet, Reorder};
use crate::recording::Recording;
use crate::segment::{self, PacketKind};
use std::path::PathBuf;

/// Largest fragment file that is read. Two seconds of the fastest accepted publisher are far below; a
/// larger file is not ours and is skipped.
pub const MAX_FRAGMENT_BYTES: u64 = 256 << 20;

/// One pass over a track.
#[derive(Debug)]
pub struct TrackReader {
    fragments: std::vec::IntoIter<(u32, PathBuf)>,
    reorder: Reorder,
    finished: bool,
    unreadable: u64,
}

impl TrackReader {
    /// From the beginning.
    pub fn new(fragments: Vec<(u32, PathBuf)>) -> Self {
        Self { fragments: fragments.into_iter(), reorder: Reorder::new(None), finished: false, unreadable: 0 }
    }

    /// From the fragment before `fragment`, so that a late packet of the place sought is seen too.
    pub fn from(fragments: &[(u32, PathBuf)], fragment: u32, near: Near) -> Self {
        let at = fragments.partition_point(|(number, _)| *number < fragment).saturating_sub(1);
        let mut reader = Self::new(fragments[at..].to_vec());
        reader.reorder = Reorder::new(Some(near));
        reader
    }

    /// Fragments that could not be read so far.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    fn read_fragment(&mut self, number: u32, path: &PathBuf) {
        let small = std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= MAX_FRAGMENT_BYTES);
        let bytes = if small { Recording::read_fragment(path).ok() } else { None };
        let Some(fragment) = bytes.as_deref().and_then(|bytes| segment::read(bytes).ok()) else {
            self.unreadable += 1;
            return;
        };
        for record in fragment.records.iter().filter(|record| record.kind == PacketKind::Rtp) {
            self.reorder.push(record.packet, record.arrival_unix_us as i64, number);
        }
    }
}

impl Iterator for TrackReader {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        loop {
            let packet = if self.finished { self.reorder.pop_any() } else { self.reorder.pop() };
            if packet.is_some() || self.finished {
                return packet;
            }
            match self.fragments.next() {
                Some((number, path)) => self.read_fragment(number, &path),
                None => self.finished = true,
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_far_too_large_for_a_fragment_is_skipped_unread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("000001.ttf");
        std::fs::File::create(&path).unwrap().set_len(MAX_FRAGMENT_BYTES + 1).unwrap();
        let mut reader = TrackReader::new(vec![(1, path)]);
        assert!(reader.next().is_none());
        assert_eq!(reader.unreadable(), 1);
    }
}
