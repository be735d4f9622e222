//! QUIC variable-length integers, RFC 9000 §16.

use bytes::{Buf, BufMut};

/// Largest value, 2^62 − 1.
pub const MAX: u64 = (1 << 62) - 1;

/// Appends `value`, which is at most [`MAX`], in its shortest form.
pub fn put(out: &mut impl BufMut, value: u64) {
    match value {
        0..=0x3f => out.put_u8(value as u8),
        0x40..=0x3fff => out.put_u16(value as u16 | 0x4000),
        0x4000..=0x3fff_ffff => out.put_u32(value as u32 | 0x8000_0000),
        _ => out.put_u64(value & MAX | 0xc000_0000_0000_0000),
    }
}

/// Reads one integer; `None` (and nothing consumed) while it is incomplete.
pub fn get(input: &mut impl Buf) -> Option<u64> {
    let first = *input.chunk().first()?;
    if input.remaining() < 1 << (first >> 6) {
        return None;
    }
    Some(match first >> 6 {
        0 => u64::from(input.get_u8()),
        1 => u64::from(input.get_u16() & 0x3fff),
        2 => u64::from(input.get_u32() & 0x3fff_ffff),
        _ => input.get_u64() & MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    #[test]
    fn the_rfc_9000_samples_decode() {
        for (bytes, value) in [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d][..], 494_878_333),
            (&[0x7b, 0xbd][..], 15_293),
            (&[0x25][..], 37),
        ] {
            assert_eq!(get(&mut &bytes[..]), Some(value));
            let mut out = BytesMut::new();
            put(&mut out, value);
            assert_eq!(&out[..], bytes);
            for cut in 0..bytes.len() {
                assert_eq!(get(&mut &bytes[..cut]), None);
            }
        }
    }
}
