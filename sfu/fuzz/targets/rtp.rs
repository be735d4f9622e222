//! RTP headers, their extensions, retransmissions, H.264 keyframes, and the demultiplexer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongtang_sfu::demux::classify;
use tongtang_sfu::packet::{h264, rtp};

fuzz_target!(|packet: &[u8]| {
    let _ = classify(packet);
    let Some(header) = rtp::Header::parse(packet) else { return };
    let payload = header.payload(packet);
    assert_eq!(header.len + payload.len() + header.padding, packet.len());
    let elements: usize = header.extensions(packet).map(|(_, data)| data.len()).sum();
    assert!(elements <= header.len);
    let _ = h264::begins_keyframe(payload);
    let mut repeated = packet.to_vec();
    if let Some(from) = rtp::unwrap_rtx(&mut repeated, &header, 0x0102_0304, 96) {
        let inner = rtp::Header::parse(&repeated[from..]).expect("what is repeated has the header of its carrier");
        assert_eq!((inner.ssrc, inner.payload_type, inner.len), (0x0102_0304, 96, header.len));
    }
});
