//! VP8 descriptors: rewriting changes the counters and nothing behind the descriptor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongtang_sfu::packet::vp8::{Descriptor, Offsets, begins_keyframe};

fuzz_target!(|input: &[u8]| {
    let Some((&[a, b, tl0_index, key_index], payload)) = input.split_first_chunk::<4>() else { return };
    let keyframe = begins_keyframe(payload);
    let Some(descriptor) = Descriptor::parse(payload) else { return };
    let mut rewritten = payload.to_vec();
    descriptor.rewrite(&mut rewritten, Offsets { picture_id: u16::from_be_bytes([a, b]), tl0_index, key_index });
    let len = usize::from(descriptor.len);
    assert_eq!(rewritten[len..], payload[len..]);
    let again = Descriptor::parse(&rewritten).expect("its shape is the same");
    assert_eq!(again.len, descriptor.len);
    assert_eq!(begins_keyframe(&rewritten), keyframe);
});
