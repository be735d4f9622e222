//! When packets arrived at the sfu: an RTCP APP packet (RFC 3550 §6.7) on the flow's stream,
//! in front of the packets it speaks of. RTP itself stays untouched.

use bytes::{BufMut, BytesMut};

const NAME: [u8; 4] = *b"TTAR";
const LEN: usize = 20;

/// Appends the packet: the packets behind it arrived at `unix_us`, microseconds since 1970.
pub fn put(out: &mut BytesMut, ssrc: u32, unix_us: u64) {
    out.put_u8(0x80);
    out.put_u8(204);
    out.put_u16((LEN / 4 - 1) as u16);
    out.put_u32(ssrc);
    out.put_slice(&NAME);
    out.put_u64(unix_us);
}

/// Reads it; `None` when the packet is something else.
pub fn get(packet: &[u8]) -> Option<u64> {
    if packet.len() != LEN || packet[0] != 0x80 || packet[1] != 204 || packet[8..12] != NAME {
        return None;
    }
    Some(u64::from_be_bytes(packet[12..20].try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrival_time_survives_the_wire() {
        let mut out = BytesMut::new();
        put(&mut out, 7, 1_795_000_000_123_456);
        assert!(crate::framing::is_rtcp(&out));
        assert_eq!(get(&out), Some(1_795_000_000_123_456));
        assert_eq!(get(&out[..19]), None);
    }
}
