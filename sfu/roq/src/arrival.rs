//! Where a flow's stream is and when its packets arrived at the sfu: an RTCP APP packet (RFC 3550
//! §6.7) on the flow's stream, in front of the packets it speaks of. RTP itself stays untouched.
//!
//! A mark stands in front of the first packet of every stream, in front of the first packet behind a
//! gap, and whenever the arrival has moved by a millisecond or more. The index stands in the stream
//! itself because `Lost` travels on another stream and may come too late or too early. Marks are not
//! packets of the flow: they have no index of their own.

use bytes::{BufMut, BytesMut};

const NAME: [u8; 4] = *b"TTAR";
const LEN: usize = 28;

/// What a mark says of the packets behind it, up to the next mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When they arrived at the sfu, microseconds since 1970.
    pub unix_us: u64,
    /// Index of the first one in its flow; the others follow without holes.
    pub index: u64,
}

/// Appends a mark.
pub fn put(out: &mut BytesMut, ssrc: u32, mark: Mark) {
    out.put_u8(0x80);
    out.put_u8(204);
    out.put_u16((LEN / 4 - 1) as u16);
    out.put_u32(ssrc);
    out.put_slice(&NAME);
    out.put_u64(mark.unix_us);
    out.put_u64(mark.index);
}

/// Reads it; `None` when the packet is something else.
pub fn get(packet: &[u8]) -> Option<Mark> {
    if packet.len() != LEN || packet[0] != 0x80 || packet[1] != 204 || packet[8..12] != NAME {
        return None;
    }
    Some(Mark {
        unix_us: u64::from_be_bytes(packet[12..20].try_into().ok()?),
        index: u64::from_be_bytes(packet[20..28].try_into().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_the_wire() {
        let mut out = BytesMut::new();
        let mark = Mark { unix_us: 1_795_000_000_123_456, index: 70_000 };
        put(&mut out, 7, mark);
        assert!(crate::framing::is_rtcp(&out));
        assert_eq!(get(&out), Some(mark));
        assert_eq!(get(&out[..27]), None);
    }
}
