//! The framing of RTP over QUIC streams and the lines of the tap: what comes out is the same however the bytes are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongtang_roq::arrival;
use tongtang_roq::control::{FromRecorder, FromSfu};
use tongtang_roq::framing::StreamReader;

fn packets(input: &[u8], step: usize) -> (Vec<Vec<u8>>, bool) {
    let mut reader = StreamReader::default();
    let mut out = Vec::new();
    for chunk in input.chunks(step) {
        reader.push(chunk);
        loop {
            match reader.next_packet() {
                Ok(Some(packet)) => out.push(packet.to_vec()),
                Ok(None) => break,
                Err(_) => return (out, false),
            }
        }
    }
    (out, true)
}

fuzz_target!(|input: &[u8]| {
    let whole = packets(input, input.len().max(1));
    assert_eq!(packets(input, 1), whole);
    for packet in &whole.0 {
        let _ = arrival::get(packet);
    }
    let _ = serde_json::from_slice::<FromRecorder>(input);
    let _ = serde_json::from_slice::<FromSfu>(input);
});
