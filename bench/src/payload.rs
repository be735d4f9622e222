//! RTP payloads of a recorded size: headers as an encoder's packetizer writes them, so that a router finds keyframes and
//! frames, then a tag and a pattern by which a receiver knows what it got.
//!
//! ```text
//!  payload header | magic 4 | publisher 2 | layer 1 | 0 | number 8 | sent, ns since 1970 8 | pattern …
//! ```

use crate::media::Codec;

const MAGIC: [u8; 4] = *b"TTBN";
const TAG_BYTES: usize = 24;

/// Parameter sets of OpenH264, constrained baseline, 720p: with their STAP-A header the 24 bytes that a keyframe of Chromium
/// begins with.
const SPS: [u8; 15] =
    [0x67, 0x42, 0xC0, 0x1F, 0x8C, 0x8D, 0x40, 0x28, 0x02, 0xDD, 0x80, 0x88, 0x45, 0x38, 0x20];
const PPS: [u8; 4] = [0x68, 0xCE, 0x3C, 0x80];

/// Which stream a packet belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    /// Who published it.
    pub publisher: u16,
    /// Simulcast layer, 0 is the smallest; [`VOICE`].
    pub layer: u8,
}

/// Instead of a layer: sound.
pub const VOICE: u8 = 255;

/// What a packet says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// Its stream.
    pub source: Source,
    /// Counts the stream's packets.
    pub number: u64,
    /// When its publisher sent it, in nanoseconds since 1970.
    pub sent_unix_ns: u64,
}

/// Where a packet stands in its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// From 0.
    pub index: usize,
    /// Of so many.
    pub count: usize,
    /// Is it a keyframe?
    pub is_keyframe: bool,
}

/// Counters of VP8 that go on from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vp8Counters {
    /// 15 bits.
    pub picture_id: u16,
    /// TL0PICIDX.
    pub tl0: u8,
    /// KEYIDX, 5 bits.
    pub key: u8,
}

impl Vp8Counters {
    /// The same, counted from `base`.
    pub fn after(self, base: Vp8Counters) -> Vp8Counters {
        Vp8Counters {
            picture_id: (self.picture_id + base.picture_id) & 0x7FFF,
            tl0: self.tl0.wrapping_add(base.tl0),
            key: (self.key + base.key) & 31,
        }
    }
}

/// The byte at `at` of packet `number`'s pattern.
fn pattern(number: u64, at: usize) -> u8 {
    (number as u8).wrapping_mul(31).wrapping_add(at as u8)
}

fn fill(out: &mut Vec<u8>, start: usize, len: usize, tag: &Tag) {
    if start + len >= out.len() + TAG_BYTES {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&tag.source.publisher.to_be_bytes());
        out.extend_from_slice(&[tag.source.layer, 0]);
        out.extend_from_slice(&tag.number.to_be_bytes());
        out.extend_from_slice(&tag.sent_unix_ns.to_be_bytes());
    }
    let from = out.len() - start;
    out.extend((from..len).map(|at| pattern(tag.number, at)));
}

/// Appends a payload of `len` bytes (more, when its header alone is longer). Those too short for a tag have none.
pub fn video(out: &mut Vec<u8>, codec: Codec, place: Place, vp8: Vp8Counters, len: usize, tag: &Tag) {
    let start = out.len();
    let is_first = place.index == 0;
    match codec {
        Codec::Vp8 => {
            // X and S; I, L, T, K; 15-bit picture id; TL0PICIDX; Y and KEYIDX (RFC 7741 §4.2).
            out.extend_from_slice(&[0x80 | u8::from(is_first) << 4, 0xF0]);
            out.extend_from_slice(&(vp8.picture_id | 0x8000).to_be_bytes());
            out.extend_from_slice(&[vp8.tl0, 0x20 | vp8.key & 31]);
            if is_first {
                // The frame tag: inverse key bit, show_frame (RFC 6386 §9.1).
                out.push(0x10 | u8::from(!place.is_keyframe));
            }
        }
        // A keyframe's parameter sets stand in a STAP-A of their own, or with the picture where that fits one packet.
        Codec::H264 if place.is_keyframe && is_first => {
            out.push(0x78);
            for unit in [&SPS[..], &PPS[..]] {
                out.extend_from_slice(&(unit.len() as u16).to_be_bytes());
                out.extend_from_slice(unit);
            }
            if let Some(picture) = (start + len).checked_sub(out.len() + 3) {
                out.extend_from_slice(&(picture as u16 + 1).to_be_bytes());
                out.push(0x65);
            }
        }
        Codec::H264 if place.count == 1 => out.push(0x41),
        Codec::H264 => {
            // FU-A: the packet behind the parameter sets begins the picture (RFC 6184 §5.8).
            let (indicator, unit) = if place.is_keyframe { (0x7C, 5) } else { (0x5C, 1) };
            let begins = place.index == usize::from(place.is_keyframe);
            let ends = place.index + 1 == place.count;
            out.extend_from_slice(&[indicator, u8::from(begins) << 7 | u8::from(ends) << 6 | unit]);
        }
    }
    fill(out, start, len, tag);
}

/// Appends an Opus payload: a TOC byte of 20 ms mono SILK, then the tag.
pub fn voice(out: &mut Vec<u8>, len: usize, tag: &Tag) {
    let start = out.len();
    out.push(0x48);
    fill(out, start, len, tag);
}

/// What a receiver finds in a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// As it was published.
    Intact(Tag),
    /// Too short to say whose it is, and so not checked.
    Untagged,
    /// Not what was published.
    Corrupt,
}

/// Reads a payload that arrived; `codec` is `None` for sound.
pub fn check(payload: &[u8], codec: Option<Codec>) -> Content {
    let header = match (codec, payload.first()) {
        (_, None) => return Content::Untagged,
        (None, _) => 1,
        (Some(Codec::Vp8), Some(first)) => 6 + usize::from(first & 0x10 != 0),
        (Some(Codec::H264), Some(first)) => match first & 31 {
            24 => 1 + 2 + SPS.len() + 2 + PPS.len() + 3,
            28 => 2,
            _ => 1,
        },
    };
    let Some((tag, rest)) = payload.get(header..).and_then(<[u8]>::split_first_chunk::<TAG_BYTES>) else {
        return Content::Untagged;
    };
    let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|n| tag[at + n]));
    let source = Source { publisher: u16::from_be_bytes([tag[4], tag[5]]), layer: tag[6] };
    let tag = if tag[..4] == MAGIC {
        Tag { source, number: number(8), sent_unix_ns: number(16) }
    } else {
        return Content::Corrupt;
    };
    let begin = header + TAG_BYTES;
    let is_intact = rest.iter().enumerate().all(|(n, byte)| *byte == pattern(tag.number, begin + n));
    if is_intact { Content::Intact(tag) } else { Content::Corrupt }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongtang_sfu::packet::{h264, vp8};

    const TAG: Tag =
        Tag { source: Source { publisher: 7, layer: 2 }, number: 123_456, sent_unix_ns: 1_795_000_000 };

    fn payload(codec: Codec, index: usize, count: usize, is_keyframe: bool, len: usize) -> Vec<u8> {
        let mut out = vec![0xEE];
        let vp8 = Vp8Counters { picture_id: 0x7FFF, tl0: 1, key: 31 };
        video(&mut out, codec, Place { index, count, is_keyframe }, vp8, len, &TAG);
        out.split_off(1)
    }

    #[test]
    fn a_router_finds_keyframes_where_they_begin_and_nowhere_else() {
        for (index, is_keyframe) in [(0, true), (1, true), (5, true), (0, false), (3, false)] {
            let begins = is_keyframe && index == 0;
            let h264 = payload(Codec::H264, index, 6, is_keyframe, 1_100);
            assert_eq!(h264::begins_keyframe(&h264), begins, "H.264 {index} {is_keyframe}");
            let vp8 = payload(Codec::Vp8, index, 6, is_keyframe, 1_100);
            assert_eq!(vp8::begins_keyframe(&vp8), begins, "VP8 {index} {is_keyframe}");
        }
        assert!(h264::begins_keyframe(&payload(Codec::H264, 0, 6, true, 24)), "Chromium's 24-byte STAP-A");
    }

    #[test]
    fn a_payload_keeps_its_recorded_size_and_is_known_again() {
        for codec in [Codec::H264, Codec::Vp8] {
            for (index, count, is_keyframe) in
                [(0, 1, true), (0, 1, false), (0, 4, true), (3, 4, true), (1, 2, false)]
            {
                let payload = payload(codec, index, count, is_keyframe, 829);
                assert_eq!(payload.len(), 829);
                assert_eq!(check(&payload, Some(codec)), Content::Intact(TAG));
            }
            assert_eq!(payload(codec, 0, 5, true, 24).len(), 24);
            assert_eq!(check(&payload(codec, 0, 5, true, 24), Some(codec)), Content::Untagged);
        }
        let mut sound = Vec::new();
        voice(&mut sound, 85, &TAG);
        assert_eq!((sound.len(), check(&sound, None)), (85, Content::Intact(TAG)));
        voice(&mut sound, 3, &TAG);
        assert_eq!(sound.len(), 88);
    }

    #[test]
    fn one_changed_byte_is_noticed() {
        let mut payload = payload(Codec::H264, 1, 4, false, 600);
        payload[400] ^= 1;
        assert_eq!(check(&payload, Some(Codec::H264)), Content::Corrupt);
        payload[400] ^= 1;
        payload[2] ^= 1;
        assert_eq!(check(&payload, Some(Codec::H264)), Content::Corrupt);
    }
}
