//! Frames on a TCP connection: what comes out is the same however the bytes are cut, and goes back whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::time::Instant;
use tongtang_sfu::packet::framing::{FrameQueue, FrameReader, MAX_FRAME_BYTES};

fn frames(input: &[u8], step: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut reader, mut out) = (FrameReader::default(), Vec::new());
    for chunk in input.to_vec().chunks_mut(step) {
        if reader.read(chunk, |frame| out.push(frame.to_vec())).is_err() {
            return (out, false);
        }
    }
    (out, true)
}

fuzz_target!(|input: &[u8]| {
    let whole = frames(input, input.len().max(1));
    for step in [1, 7] {
        assert_eq!(frames(input, step), whole);
    }
    let mut queue = FrameQueue::default();
    for frame in &whole.0 {
        assert!((1..=MAX_FRAME_BYTES).contains(&frame.len()));
        assert!(queue.push(Instant::now(), frame), "no more came in than may wait");
    }
    let (mut sent, mut complete) = (Vec::new(), 0);
    while !queue.is_empty() {
        let taken = queue.as_slices().0.len().min(11);
        sent.extend_from_slice(&queue.as_slices().0[..taken]);
        complete += queue.taken(taken);
    }
    assert_eq!(complete, whole.0.len() as u64);
    assert_eq!(frames(&sent, 13), (whole.0, true));
});
