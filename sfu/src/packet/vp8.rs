//! The VP8 payload descriptor (RFC 7741 §4.2): read once, rewritten for each subscriber.

/// Where the fields of a descriptor stand, and what they say.
///
/// ```text
///  |X|R|N|S|R| PID |
///  |I|L|T|K| RSV   |   X
///  |M| PictureID   |   I, with M: 15 bits
///  |   TL0PICIDX   |   L
///  |TID|Y| KEYIDX  |   T or K
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Descriptor {
    /// First packet of a frame: S set and partition 0.
    pub begins_frame: bool,
    /// Picture id and how many bits it has (7 or 15).
    pub picture_id: Option<(u16, PictureIdBits)>,
    /// TL0PICIDX.
    pub tl0_index: Option<u8>,
    /// KEYIDX.
    pub key_index: Option<u8>,
    /// Bytes of the descriptor.
    pub len: u8,
    picture_id_at: u8,
    tl0_index_at: u8,
    key_index_at: u8,
}

/// Width of a picture id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureIdBits {
    /// One byte.
    Seven,
    /// Two bytes.
    Fifteen,
}

/// What is added to the counters of a source so that a slot's counters go on without a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offsets {
    /// Added to the picture id, modulo its width.
    pub picture_id: u16,
    /// Added to TL0PICIDX.
    pub tl0_index: u8,
    /// Added to KEYIDX, modulo 32.
    pub key_index: u8,
}

impl Descriptor {
    /// Reads the descriptor; `None` when it is cut short.
    pub fn parse(payload: &[u8]) -> Option<Descriptor> {
        let first = *payload.first()?;
        let mut descriptor =
            Descriptor { begins_frame: first & 0x17 == 0x10, len: 1, ..Descriptor::default() };
        if first & 0x80 == 0 {
            return Some(descriptor);
        }
        let flags = *payload.get(1)?;
        let mut at = 2u8;
        if flags & 0x80 != 0 {
            descriptor.picture_id_at = at;
            let high = *payload.get(usize::from(at))?;
            if high & 0x80 != 0 {
                let low = *payload.get(usize::from(at) + 1)?;
                descriptor.picture_id =
                    Some((u16::from_be_bytes([high & 0x7F, low]), PictureIdBits::Fifteen));
                at += 2;
            } else {
                descriptor.picture_id = Some((u16::from(high), PictureIdBits::Seven));
                at += 1;
            }
        }
        if flags & 0x40 != 0 {
            descriptor.tl0_index_at = at;
            descriptor.tl0_index = Some(*payload.get(usize::from(at))?);
            at += 1;
        }
        if flags & 0x30 != 0 {
            descriptor.key_index_at = at;
            let field = *payload.get(usize::from(at))?;
            if flags & 0x10 != 0 {
                descriptor.key_index = Some(field & 0x1F);
            }
            at += 1;
        }
        descriptor.len = at;
        Some(descriptor)
    }

    /// Adds the offsets in a copy of the payload that was parsed.
    pub fn rewrite(&self, payload: &mut [u8], offsets: Offsets) {
        let at = usize::from(self.picture_id_at);
        match self.picture_id {
            Some((id, PictureIdBits::Fifteen)) => {
                let id = id.wrapping_add(offsets.picture_id) | 0x8000;
                payload[at..at + 2].copy_from_slice(&id.to_be_bytes());
            }
            Some((id, PictureIdBits::Seven)) => {
                payload[at] = id.wrapping_add(offsets.picture_id) as u8 & 0x7F;
            }
            None => {}
        }
        if let Some(index) = self.tl0_index {
            payload[usize::from(self.tl0_index_at)] = index.wrapping_add(offsets.tl0_index);
        }
        if let Some(index) = self.key_index {
            let field = &mut payload[usize::from(self.key_index_at)];
            *field = *field & 0xE0 | index.wrapping_add(offsets.key_index) & 0x1F;
        }
    }
}

/// Does a keyframe begin with this packet? The frame header's first bit is 0 for keyframes (RFC 6386 §9.1).
pub fn begins_keyframe(payload: &[u8]) -> bool {
    Descriptor::parse(payload).is_some_and(|descriptor| {
        descriptor.begins_frame
            && payload.get(usize::from(descriptor.len)).is_some_and(|header| header & 1 == 0)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_chromium_descriptor_is_read_and_its_counters_are_moved() {
        let mut payload = [0x90, 0xF0, 0x80 | 0x12, 0x34, 0x56, 0xE0 | 7, 0x00, 0xAA];
        let descriptor = Descriptor::parse(&payload).unwrap();
        assert_eq!(descriptor.picture_id, Some((0x1234, PictureIdBits::Fifteen)));
        assert_eq!((descriptor.tl0_index, descriptor.key_index, descriptor.len), (Some(0x56), Some(7), 6));
        assert!(begins_keyframe(&payload));
        descriptor.rewrite(&mut payload, Offsets { picture_id: 0x7FFF, tl0_index: 0xFF, key_index: 31 });
        let moved = Descriptor::parse(&payload).unwrap();
        assert_eq!(moved.picture_id, Some((0x1233, PictureIdBits::Fifteen)));
        assert_eq!((moved.tl0_index, moved.key_index), (Some(0x55), Some(6)));
        assert_eq!(payload[5] & 0xE0, 0xE0, "TID and Y stay");
    }

    #[test]
    fn a_seven_bit_picture_id_keeps_its_width() {
        let mut payload = [0x90, 0x80, 0x7F, 0x01];
        let descriptor = Descriptor::parse(&payload).unwrap();
        descriptor.rewrite(&mut payload, Offsets { picture_id: 1, ..Offsets::default() });
        assert_eq!(Descriptor::parse(&payload).unwrap().picture_id, Some((0, PictureIdBits::Seven)));
        assert!(!begins_keyframe(&payload), "bit 0 of the frame header: an interframe");
    }

    #[test]
    fn a_descriptor_cut_short_is_refused_everywhere() {
        let whole = [0x90, 0xF0, 0x92, 0x34, 0x56, 0xE7];
        for len in 0..whole.len() {
            assert_eq!(Descriptor::parse(&whole[..len]), None, "{len} bytes");
        }
        assert!(Descriptor::parse(&whole).is_some());
        assert!(!begins_keyframe(&whole), "no frame header follows");
    }

    #[test]
    fn the_second_partition_or_packet_begins_no_frame() {
        assert!(!begins_keyframe(&[0x00, 0x00]));
        assert!(!begins_keyframe(&[0x11, 0x00]));
        assert!(begins_keyframe(&[0x10, 0x00]));
    }
}
