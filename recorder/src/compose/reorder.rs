//! A track's RTP packets in the order they were sent.
//!
//! In: packets as they stand in the fragments: late ones behind newer ones, some twice. Out: packets
//! by rising sequence number, each once, sequence number and timestamp unwrapped to 64 bits. A packet
//! waits for older ones until [`WINDOW`] newer ones stand behind it; then what is missing is lost.

use bytes::Bytes;
use std::collections::BTreeMap;

/// Packets that wait for an older one. Whatever comes later than this is dropped: the picture it
/// belongs to has been decoded without it. At 250 packets/s about two seconds, more than any resend takes.
pub const WINDOW: usize = 512;

/// A jump of the sequence number this far ahead is a sender that began anew, not loss.
const MAX_JUMP: u64 = 10_000;

/// An RTP packet without its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Sequence number, unwrapped.
    pub sequence: u64,
    /// RTP timestamp, unwrapped.
    pub timestamp: u64,
    /// The marker bit: last packet of a picture.
    pub marker: bool,
    /// When it arrived at the sfu, microseconds since 1970.
    pub arrival_us: i64,
    /// Number of the fragment it stands in.
    pub fragment: u32,
    /// Behind header, extensions and without padding. Empty: the packet was padding only.
    pub payload: Bytes,
}

/// A counter of N bits as a 64-bit number that never wraps.
#[derive(Debug, Clone, Copy)]
pub struct Unwrapper {
    modulus: u64,
    newest: Option<u64>,
}

impl Unwrapper {
    /// For a counter of `bits` bits (at most 32). The first value is placed as near as possible to `near`.
    pub fn new(bits: u32, near: Option<u64>) -> Self {
        Self { modulus: 1 << bits, newest: near }
    }

    /// The number nearest to the newest one so far whose low bits are `value`.
    pub fn unwrap(&mut self, value: u64) -> u64 {
        // One turn of head room lets the first packets arrive out of order.
        let newest = self.newest.unwrap_or(self.modulus + value);
        let base = newest / self.modulus * self.modulus;
        let candidates = [base.wrapping_sub(self.modulus), base, base + self.modulus];
        let nearest = candidates
            .into_iter()
            .map(|base| base.wrapping_add(value))
            .min_by_key(|candidate| candidate.abs_diff(newest))
            .unwrap_or(newest);
        self.newest = Some(newest.max(nearest));
        nearest
    }
}

/// Puts one track in order.
#[derive(Debug)]
pub struct Reorder {
    sequences: Unwrapper,
    timestamps: Unwrapper,
    waiting: BTreeMap<u64, Packet>,
    next: Option<u64>,
}

/// Where a reader that starts in the middle of a track finds itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    /// An unwrapped sequence number close by.
    pub sequence: u64,
    /// An unwrapped timestamp close by.
    pub timestamp: u64,
}

impl Reorder {
    /// From the track's beginning, or from somewhere near a packet already seen.
    pub fn new(near: Option<Near>) -> Self {
        Self {
            sequences: Unwrapper::new(16, near.map(|near| near.sequence)),
            timestamps: Unwrapper::new(32, near.map(|near| near.timestamp)),
            waiting: BTreeMap::new(),
            next: None,
        }
    }

    /// Takes a raw packet; one that is no RTP, comes twice or too late is dropped.
    pub fn push(&mut self, raw: &[u8], arrival_us: i64, fragment: u32) {
        let Some(header) = Header::parse(raw) else { return };
        let sequence = self.sequences.unwrap(u64::from(header.sequence));
        if self.next.is_some_and(|next| sequence < next) {
            return;
        }
        let timestamp = self.timestamps.unwrap(u64::from(header.timestamp));
        self.waiting.entry(sequence).or_insert_with(|| Packet {
            sequence,
            timestamp,
            marker: header.marker,
            arrival_us,
            fragment,
            payload: Bytes::copy_from_slice(header.payload),
        });
    }

    /// The next packet in order, if it need not wait any longer.
    pub fn pop(&mut self) -> Option<Packet> {
        let (&first, _) = self.waiting.first_key_value()?;
        let in_order = self.next.is_some_and(|next| next == first);
        let newest = *self.waiting.last_key_value()?.0;
        if in_order || self.waiting.len() > WINDOW || newest - first > MAX_JUMP {
            return self.pop_any();
        }
        None
    }

    /// The next packet in order when nothing more comes.
    pub fn pop_any(&mut self) -> Option<Packet> {
        let (sequence, packet) = self.waiting.pop_first()?;
        self.next = Some(sequence + 1);
        Some(packet)
    }
}

struct Header<'a> {
    sequence: u16,
    timestamp: u32,
    marker: bool,
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// RFC 3550 §5.1 and §5.3.1.
    fn parse(raw: &'a [u8]) -> Option<Self> {
        let place = crate::rtp::place(raw)?;
        let mut at = 12 + usize::from(raw[0] & 0x0f) * 4;
        if raw[0] & 0x10 != 0 {
            let words = raw.get(at + 2..at + 4)?;
            at += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
        }
        let padding = if raw[0] & 0x20 != 0 { usize::from(*raw.last()?) } else { 0 };
        let payload = raw.get(at..raw.len().checked_sub(padding)?)?;
        Some(Self { sequence: place.sequence, timestamp: place.timestamp, marker: place.marker, payload })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn raw(sequence: u16, timestamp: u32) -> Vec<u8> {
        let mut packet = vec![0x80, 96];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend([0, 0, 0, 1, 42]);
        packet
    }

    fn ordered(sequences: &[u16]) -> Vec<u64> {
        let mut reorder = Reorder::new(None);
        let mut out = Vec::new();
        for sequence in sequences {
            reorder.push(&raw(*sequence, 0), 0, 1);
            out.extend(std::iter::from_fn(|| reorder.pop()).map(|packet| packet.sequence));
        }
        out.extend(std::iter::from_fn(|| reorder.pop_any()).map(|packet| packet.sequence));
        out.iter().map(|sequence| sequence & 0xffff).collect()
    }

    #[test]
    fn late_and_repeated_packets_come_out_in_order_once_across_the_wrap() {
        assert_eq!(ordered(&[65_534, 0, 65_535, 0, 2, 1, 65_534]), [65_534, 65_535, 0, 1, 2]);
    }

    #[test]
    fn the_very_first_packet_may_come_late_too() {
        assert_eq!(ordered(&[1, 0, 2]), [0, 1, 2]);
    }

    #[test]
    fn a_lost_packet_holds_back_no_more_than_the_window() {
        let mut reorder = Reorder::new(None);
        let mut out = 0;
        for sequence in (0..2000u16).filter(|sequence| *sequence != 700) {
            reorder.push(&raw(sequence, 0), 0, 1);
            out += std::iter::from_fn(|| reorder.pop()).count();
        }
        assert!(out >= 1999 - WINDOW - 1, "{out}");
    }

    #[test]
    fn a_reader_in_the_middle_gives_the_same_numbers_as_one_from_the_start() {
        let near = Near { sequence: 3 * 65_536 + 10, timestamp: (1 << 33) + 5 };
        let mut reorder = Reorder::new(Some(near));
        reorder.push(&raw(65_530, u32::MAX), 0, 1);
        let packet = reorder.pop_any().unwrap();
        assert_eq!((packet.sequence, packet.timestamp), (3 * 65_536 - 6, (1 << 33) - 1));
    }

    #[test]
    fn padding_and_extensions_are_no_payload_and_damage_is_no_panic() {
        let mut packet = raw(1, 1);
        packet[0] |= 0x30;
        packet.splice(12.., [0xbe, 0xde, 0, 1, 9, 9, 9, 9, 42, 0, 0, 3]);
        assert_eq!(Header::parse(&packet).unwrap().payload, [42]);
        for cut in 0..packet.len() {
            let _ = Header::parse(&packet[..cut]);
        }
        *packet.last_mut().unwrap() = 255;
        assert!(Header::parse(&packet).is_none());
    }
}
