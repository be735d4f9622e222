//! Fragment files: whatever is read is what was written, in front of the torn tail.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongtang_recorder::rtp;
use tongtang_recorder::segment::{self, PacketKind, Tail};

/// The bytes as a fragment whose checksums are right: the fuzzer need not find them.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 2).map(|len| usize::from(u16::from_be_bytes([len[0], len[1]])))
    };
    let (mut start, mut len_at) = (0, 10);
    while let Some(len) = length(&bytes, len_at) {
        let end = len_at + 2 + len;
        if end + 4 > bytes.len() {
            break;
        }
        let crc = crc32fast::hash(&bytes[start..end]).to_be_bytes();
        bytes[end..end + 4].copy_from_slice(&crc);
        start = end + 4;
        len_at = start + 17;
    }
    bytes
}

fn check(bytes: &[u8]) {
    let Ok(fragment) = segment::read(bytes) else { return };
    let valid = match fragment.tail {
        Tail::Clean => bytes.len(),
        Tail::Torn { valid_bytes } => valid_bytes,
    };
    let whole = segment::read(&bytes[..valid]).unwrap();
    assert_eq!((&whole.records, whole.tail), (&fragment.records, Tail::Clean));
    let mut written = Vec::new();
    for record in &fragment.records {
        segment::put_record(&mut written, record);
        match record.kind {
            PacketKind::Rtp => drop(rtp::place(record.packet)),
            PacketKind::Rtcp => drop(rtp::sender_report(record.packet)),
        }
    }
    assert!(bytes[..valid].ends_with(&written));
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&sealed(bytes));
    let _ = rtp::sender_report(bytes);
});
