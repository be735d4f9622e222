//! Packets of a video track as pictures that a decoder takes.
//!
//! In: packets in order. Out: [`Unit`]s, one coded picture each, with two facts that composing
//! needs: is it a keyframe, and can it be decoded, that is: is it whole, and is everything since its
//! keyframe. After a loss nothing is decodable until the next whole keyframe; the composer holds the
//! last picture meanwhile.
//!
//! H.264: RFC 6184, packetization-mode 1 (single NAL unit, STAP-A, FU-A), out as Annex B.
//! VP8: RFC 7741.

use super::reorder::Packet;
use bytes::Bytes;

/// Largest coded picture. A larger one is dropped: no camera or screen makes it.
pub const MAX_UNIT_BYTES: usize = 8 << 20;

/// Which video codec a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoFormat {
    /// RFC 6184.
    H264,
    /// RFC 7741.
    Vp8,
}

/// One coded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// RTP timestamp, unwrapped.
    pub timestamp: u64,
    /// Unwrapped sequence number of its first packet that arrived.
    pub sequence: u64,
    /// When its first packet arrived at the sfu, microseconds since 1970.
    pub arrival_us: i64,
    /// Number of the fragment its first packet stands in.
    pub fragment: u32,
    /// Can decoding begin here?
    pub key: bool,
    /// Is it whole, and everything since its keyframe?
    pub decodable: bool,
    /// The coded picture.
    pub data: Vec<u8>,
}

/// Builds the units of one track.
#[derive(Debug)]
pub struct Assembler {
    format: VideoFormat,
    open: Option<Open>,
    /// Sequence number behind the last packet.
    next_sequence: Option<u64>,
    /// Is everything since the last keyframe whole?
    chain_whole: bool,
}

#[derive(Debug)]
struct Open {
    unit: Unit,
    /// Begins as a picture does, with no packet missing since.
    whole: bool,
    marker_seen: bool,
    /// An FU-A has begun and not ended.
    in_fragment: bool,
}

impl Assembler {
    /// For a track of this format.
    pub fn new(format: VideoFormat) -> Self {
        Self { format, open: None, next_sequence: None, chain_whole: false }
    }

    /// Takes the next packet in order; gives the unit before it when that is complete.
    pub fn push(&mut self, packet: &Packet) -> Option<Unit> {
        let contiguous = self.next_sequence == Some(packet.sequence);
        self.next_sequence = Some(packet.sequence + 1);
        let mut finished = None;
        if !contiguous {
            // What is missing may be the end of the open unit, or a unit of its own.
            if let Some(open) = &mut self.open {
                open.whole &= open.marker_seen;
            }
            finished = self.finish();
            self.chain_whole = false;
        }
        if packet.payload.is_empty() {
            return finished;
        }
        if self.open.as_ref().is_some_and(|open| open.unit.timestamp != packet.timestamp) {
            finished = self.finish();
        }
        let starts = self.open.is_none();
        let open = self.open.get_or_insert_with(|| Open {
            unit: Unit {
                timestamp: packet.timestamp,
                sequence: packet.sequence,
                arrival_us: packet.arrival_us,
                fragment: packet.fragment,
                key: false,
                decodable: false,
                data: Vec::new(),
            },
            whole: true,
            marker_seen: false,
            in_fragment: false,
        });
        open.marker_seen |= packet.marker;
        let understood = match self.format {
            // Behind a gap only a parameter set shows that a picture's first packet is here.
            VideoFormat::H264 => open.add_h264(&packet.payload, starts && !contiguous),
            VideoFormat::Vp8 => open.add_vp8(&packet.payload, starts),
        };
        open.whole &= understood && open.unit.data.len() <= MAX_UNIT_BYTES;
        if !open.whole {
            open.unit.data.clear();
        }
        finished
    }

    /// The unit that is being built, when nothing more comes.
    pub fn finish(&mut self) -> Option<Unit> {
        let Open { mut unit, whole, in_fragment, .. } = self.open.take()?;
        let whole = whole && !in_fragment && !unit.data.is_empty();
        self.chain_whole = whole && (unit.key || self.chain_whole);
        unit.decodable = self.chain_whole;
        Some(unit)
    }
}

const NAL_IDR: u8 = 5;
const NAL_SPS: u8 = 7;
const NAL_STAP_A: u8 = 24;
const NAL_FU_A: u8 = 28;

impl Open {
    fn add_h264(&mut self, payload: &Bytes, must_prove_start: bool) -> bool {
        let kind = payload[0] & 0x1f;
        let ok = match kind {
            1..=23 => {
                let ok = !self.in_fragment;
                self.add_nal(payload);
                ok
            }
            NAL_STAP_A => !self.in_fragment && self.add_aggregate(&payload[1..]),
            NAL_FU_A => self.add_fragment(payload),
            // STAP-B, MTAP and FU-B belong to the interleaved mode, which the answer never allows.
            _ => false,
        };
        ok && (!must_prove_start || self.starts_with_sps())
    }

    fn starts_with_sps(&self) -> bool {
        self.unit.data.get(4).is_some_and(|header| matches!(header & 0x1f, NAL_SPS | 9))
    }

    fn add_nal(&mut self, nal: &[u8]) {
        let Some(header) = nal.first() else { return };
        self.unit.key |= header & 0x1f == NAL_IDR;
        self.unit.data.extend_from_slice(&[0, 0, 0, 1]);
        self.unit.data.extend_from_slice(nal);
    }

    /// RFC 6184 §5.7.1.
    fn add_aggregate(&mut self, mut rest: &[u8]) -> bool {
        while let Some((len, behind)) = rest.split_at_checked(2) {
            let len = usize::from(u16::from_be_bytes([len[0], len[1]]));
            let Some((nal, behind)) = behind.split_at_checked(len) else { return false };
            self.add_nal(nal);
            rest = behind;
        }
        rest.is_empty()
    }

    /// RFC 6184 §5.8.
    fn add_fragment(&mut self, payload: &[u8]) -> bool {
        let [indicator, header, data @ ..] = payload else { return false };
        let (start, end) = (header & 0x80 != 0, header & 0x40 != 0);
        if start == self.in_fragment {
            return false;
        }
        if start {
            self.add_nal(&[indicator & 0xe0 | header & 0x1f]);
        }
        self.in_fragment = !end;
        self.unit.data.extend_from_slice(data);
        true
    }

    fn add_vp8(&mut self, payload: &Bytes, starts: bool) -> bool {
        let Some(len) = vp8_descriptor_len(payload) else { return false };
        let data = &payload[len..];
        // S and PID: the first packet of the picture's first partition.
        let first = payload[0] & 0x17 == 0x10;
        if starts {
            // RFC 6386 §9.1: the lowest bit of the first byte is 0 in a keyframe.
            self.unit.key = data.first().is_some_and(|byte| byte & 1 == 0);
        }
        self.unit.data.extend_from_slice(data);
        first == starts
    }
}

/// Bytes in front of the picture's data, RFC 7741 §4.2.
fn vp8_descriptor_len(payload: &[u8]) -> Option<usize> {
    let mut len = 1;
    if payload[0] & 0x80 != 0 {
        let extension = *payload.get(1)?;
        len = 2;
        if extension & 0x80 != 0 {
            len += if payload.get(2)? & 0x80 != 0 { 2 } else { 1 };
        }
        len += usize::from(extension & 0x40 != 0);
        len += usize::from(extension & 0x30 != 0);
    }
    (len <= payload.len()).then_some(len)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn packet(sequence: u64, timestamp: u64, marker: bool, payload: &[u8]) -> Packet {
        Packet {
            sequence,
            timestamp,
            marker,
            arrival_us: timestamp as i64,
            fragment: 1,
            payload: Bytes::copy_from_slice(payload),
        }
    }

    fn units(format: VideoFormat, packets: &[Packet]) -> Vec<Unit> {
        let mut assembler = Assembler::new(format);
        let mut units: Vec<Unit> = packets.iter().filter_map(|packet| assembler.push(packet)).collect();
        units.extend(assembler.finish());
        units
    }

    /// A keyframe as Chromium sends it (parameter sets in a STAP-A, the picture in FU-A), then a small picture.
    fn h264() -> Vec<Packet> {
        vec![
            packet(10, 1, false, &[24, 0, 2, 0x67, 1, 0, 2, 0x68, 2]),
            packet(11, 1, false, &[0x7c, 0x85, 1, 2]),
            packet(12, 1, false, &[0x7c, 0x05, 3]),
            packet(13, 1, true, &[0x7c, 0x45, 4]),
            packet(14, 2, true, &[0x41, 9]),
            packet(15, 3, true, &[0x41, 8]),
        ]
    }

    #[test]
    fn an_h264_keyframe_in_pieces_becomes_one_annex_b_unit() {
        let units = units(VideoFormat::H264, &h264());
        assert_eq!(units.len(), 3);
        assert_eq!(units[0].data, [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 1, 2, 3, 4]);
        assert_eq!(
            units.iter().map(|unit| (unit.key, unit.decodable)).collect::<Vec<_>>(),
            [(true, true), (false, true), (false, true)]
        );
    }

    #[test]
    fn after_any_lost_packet_nothing_is_decodable_until_a_whole_keyframe() {
        let mut stream = h264();
        for mut again in h264() {
            again.sequence += 6;
            again.timestamp += 3;
            stream.push(again);
        }
        for lost in 0..stream.len() {
            let mut cut = stream.clone();
            let gone = cut.remove(lost);
            let units = units(VideoFormat::H264, &cut);
            for unit in &units {
                // Damaged: from the lost packet's picture to the next keyframe that is whole.
                let harmed = unit.timestamp >= gone.timestamp && (gone.timestamp >= 4 || unit.timestamp < 4);
                assert_eq!(unit.decodable, !harmed, "lost {lost}, unit {}", unit.timestamp);
            }
        }
    }

    #[test]
    fn a_picture_without_an_end_is_dropped_and_holds_no_memory() {
        let mut stream = h264();
        let piece = [&[0x7c, 0x05][..], &[7; 60_000]].concat();
        let mut sequence = 16;
        stream.push(packet(sequence, 4, false, &[0x7c, 0x85, 1]));
        for _ in 0..=MAX_UNIT_BYTES / 60_000 {
            sequence += 1;
            stream.push(packet(sequence, 4, false, &piece));
        }
        stream.push(packet(sequence + 1, 4, true, &[0x7c, 0x45, 4]));
        stream.push(packet(sequence + 2, 5, true, &[0x41, 9]));
        let mut assembler = Assembler::new(VideoFormat::H264);
        let mut units = Vec::new();
        for packet in &stream {
            units.extend(assembler.push(packet));
        }
        units.extend(assembler.finish());
        let decodable: Vec<_> = units.iter().map(|unit| unit.decodable).collect();
        assert_eq!(decodable, [true, true, true, false, false], "and what builds on it waits for a keyframe");
        assert!(units.iter().all(|unit| unit.data.len() < 100), "its bytes are not kept");
    }

    #[test]
    fn padding_between_pictures_is_no_loss() {
        let mut stream = h264();
        stream.insert(5, packet(15, 2, false, &[]));
        stream[6].sequence = 16;
        assert!(units(VideoFormat::H264, &stream).iter().all(|unit| unit.decodable));
    }

    #[test]
    fn a_vp8_picture_is_its_payloads_without_descriptors() {
        // X=1 S=1, I=1 with a 15-bit picture id.
        let key = [&[0x90, 0x80, 0x81, 0x01][..], &[0x10, 2, 0, 0x9d, 1, 0x2a]].concat();
        let stream = [
            packet(1, 1, false, &key),
            packet(2, 1, true, &[0x80, 0x80, 0x81, 0x01, 7]),
            packet(3, 2, true, &[0x90, 0x80, 0x81, 0x02, 0x11, 5]),
            packet(5, 4, true, &[0x90, 0x80, 0x81, 0x04, 0x11, 5]),
        ];
        let units = units(VideoFormat::Vp8, &stream);
        assert_eq!(units[0].data, [0x10, 2, 0, 0x9d, 1, 0x2a, 7]);
        assert_eq!(
            units.iter().map(|unit| (unit.key, unit.decodable)).collect::<Vec<_>>(),
            [(true, true), (false, true), (false, false)]
        );
    }

    #[test]
    fn garbage_is_never_decodable_and_never_panics() {
        for first in 0..=255u8 {
            for len in 1..6 {
                let payload: Vec<u8> = (0..len).map(|n| first.wrapping_mul(n + 1)).collect();
                for format in [VideoFormat::H264, VideoFormat::Vp8] {
                    let stream = [packet(1, 1, false, &payload), packet(3, 1, true, &payload)];
                    let _ = units(format, &stream);
                }
            }
        }
    }
}
