//! A publisher's packets on their way to the decoder: put in order, put together, bounded.
//! The input is cut into packets by 16-bit lengths.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongtang_recorder::compose::reorder::{Packet, Reorder, WINDOW};
use tongtang_recorder::compose::unit::{Assembler, MAX_UNIT_BYTES, Unit, VideoFormat};

fn check(unit: &Unit, input: &[u8]) {
    assert!(!unit.decodable || !unit.data.is_empty());
    // Start codes are four bytes a NAL unit, of which each has at least one.
    assert!(unit.data.len() <= (5 * input.len()).min(MAX_UNIT_BYTES + 65_536));
}

fn compose(format: VideoFormat, input: &[u8]) {
    let (mut reorder, mut assembler) = (Reorder::new(None), Assembler::new(format));
    let mut last: Option<u64> = None;
    let mut take = |packet: &Packet| {
        assert!(last.is_none_or(|last| last < packet.sequence), "in order, each once");
        last = Some(packet.sequence);
        if let Some(unit) = assembler.push(packet) {
            check(&unit, input);
        }
    };
    let (mut rest, mut arrival_us) = (input, 0);
    while let Some((len, behind)) = rest.split_first_chunk::<2>() {
        let (packet, behind) = behind.split_at(usize::from(u16::from_be_bytes(*len)).min(behind.len()));
        reorder.push(packet, arrival_us, 1);
        arrival_us += 1;
        while let Some(packet) = reorder.pop() {
            take(&packet);
        }
        rest = behind;
    }
    let mut left = 0;
    while let Some(packet) = reorder.pop_any() {
        take(&packet);
        left += 1;
    }
    assert!(left <= WINDOW);
    if let Some(unit) = assembler.finish() {
        check(&unit, input);
    }
}

fuzz_target!(|input: &[u8]| {
    compose(VideoFormat::H264, input);
    compose(VideoFormat::Vp8, input);
});
