//! The last packets of a track, each in a cell of its own: answers the NACKs of all subscribers and
//! tells duplicates.

use crate::packet::{MAX_PACKET_BYTES, vp8};

/// Cells of a video track: 1.8 s of 2.5 Mbit/s, and more than one keyframe of 1080p. A packet that is asked for later
/// is lost.
pub const VIDEO_CELLS: usize = 512;
/// Cells of an audio track: 1.2 s of 20 ms packets.
pub const AUDIO_CELLS: usize = 64;

/// What the way of a packet needs to know of it besides its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meta {
    /// The publisher's sequence number, unwrapped.
    pub sequence: u64,
    /// The publisher's timestamp.
    pub timestamp: u32,
    /// M.
    pub marker: bool,
    /// A decoder can start here.
    pub begins_keyframe: bool,
    /// −dBov and the voice bit as RFC 6464 packs them.
    pub audio_level: Option<u8>,
    /// For VP8.
    pub vp8: Option<vp8::Descriptor>,
}

/// A packet on its way: parsed once, its payload read-only.
#[derive(Debug, Clone, Copy)]
pub struct Media<'a> {
    /// What was parsed.
    pub meta: Meta,
    /// The payload, without padding; empty for a packet of padding alone.
    pub payload: &'a [u8],
}

/// A ring of cells of [`MAX_PACKET_BYTES`], indexed by sequence number.
#[derive(Debug)]
pub struct Cache {
    cells: Vec<Cell>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    meta: Meta,
    len: u16,
    used: bool,
}

impl Cache {
    /// An empty ring.
    pub fn new(cells: usize) -> Self {
        Self { cells: vec![Cell::default(); cells], bytes: vec![0; cells * MAX_PACKET_BYTES] }
    }

    /// How many sequence numbers back it reaches.
    pub fn reach(&self) -> u64 {
        self.cells.len() as u64
    }

    /// Keeps a packet in the place of the one [`Self::reach`] before it. A payload that is too long is not kept.
    pub fn put(&mut self, media: &Media<'_>) {
        let index = self.index(media.meta.sequence);
        if media.payload.len() > MAX_PACKET_BYTES {
            return;
        }
        self.cells[index] = Cell { meta: media.meta, len: media.payload.len() as u16, used: true };
        let start = index * MAX_PACKET_BYTES;
        self.bytes[start..start + media.payload.len()].copy_from_slice(media.payload);
    }

    /// The packet, if it is still there.
    pub fn get(&self, sequence: u64) -> Option<Media<'_>> {
        let index = self.index(sequence);
        let cell = self.cells.get(index).filter(|cell| cell.used && cell.meta.sequence == sequence)?;
        let start = index * MAX_PACKET_BYTES;
        Some(Media { meta: cell.meta, payload: &self.bytes[start..start + usize::from(cell.len)] })
    }

    fn index(&self, sequence: u64) -> usize {
        (sequence % self.cells.len() as u64) as usize
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_stays_until_the_ring_comes_round() {
        let mut cache = Cache::new(4);
        for sequence in 10..15 {
            let meta = Meta { sequence, ..Meta::default() };
            cache.put(&Media { meta, payload: &[sequence as u8; 3] });
        }
        assert!(cache.get(10).is_none());
        assert_eq!(cache.get(11).unwrap().payload, [11; 3]);
        assert_eq!(cache.get(14).unwrap().payload, [14; 3]);
        assert!(cache.get(15).is_none());
    }
}
