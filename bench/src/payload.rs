//! What a publisher changes in a recorded payload: the counters of VP8, which must go on when the recording begins again.

use crate::media::Codec;
use tongtang_sfu::packet::vp8::Descriptor;

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

/// Appends a recorded payload with these counters.
pub fn video(out: &mut Vec<u8>, codec: Codec, vp8: Vp8Counters, recorded: &[u8]) {
    let described = (codec == Codec::Vp8).then(|| Descriptor::parse(recorded)).flatten();
    let Some(descriptor) = described else { return out.extend_from_slice(recorded) };
    // X and S; I, L, T, K; 15-bit picture id; TL0PICIDX; Y and KEYIDX (RFC 7741 §4.2), as Chromium writes it.
    out.extend_from_slice(&[0x80 | recorded[0] & 0x10, 0xF0]);
    out.extend_from_slice(&(vp8.picture_id | 0x8000).to_be_bytes());
    out.extend_from_slice(&[vp8.tl0, 0x20 | vp8.key & 31]);
    out.extend_from_slice(&recorded[usize::from(descriptor.len)..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Clip, ClipName, Layers};

    #[test]
    fn counters_are_written_anew_and_nothing_else() {
        let clip = Clip::load(ClipName::Vp8Simulcast, Layers::All).unwrap();
        let counters = Vp8Counters { picture_id: 0x7FFF, tl0: 1, key: 31 };
        for packet in clip.layers.iter().flat_map(|layer| &layer.frames).flat_map(|frame| &frame.packets) {
            let mut out = vec![0xEE];
            video(&mut out, Codec::Vp8, counters, packet.payload);
            let out = out.split_off(1);
            let (read, recorded) =
                (Descriptor::parse(&out).unwrap(), Descriptor::parse(packet.payload).unwrap());
            assert_eq!((read.tl0_index, read.key_index), (Some(1), Some(31)));
            assert_eq!(read.picture_id.map(|(id, _)| id), Some(0x7FFF));
            assert_eq!(read.begins_frame, recorded.begins_frame);
            assert_eq!(out.len(), packet.payload.len());
            assert_eq!(out[6..], packet.payload[6..]);
        }
        let (mut out, recorded) = (Vec::new(), [0x7C, 0x85, 1, 2]);
        video(&mut out, Codec::H264, counters, &recorded);
        assert_eq!(out, recorded);
    }
}
