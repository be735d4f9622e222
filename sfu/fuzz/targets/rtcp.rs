//! Compound RTCP: every part and every list in it can be walked to its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongtang_sfu::packet::rtcp::{Part, parts, transport_cc};

fuzz_target!(|compound: &[u8]| {
    for part in parts(compound) {
        match part {
            Part::Nack { lost, .. } => assert!(lost.count() <= compound.len() / 4 * 17),
            Part::Fir(entries) => assert!(entries.count() <= compound.len()),
            Part::TransportCc(fci) => {
                let _ = transport_cc::parse(fci);
            }
            part => {
                let _ = format!("{part:?}");
            }
        }
    }
});
