//! Fragments of a PATCH: whatever can be read is answered by a fragment that can be read too and names the same m-line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongtang_sfu::sdp::{LocalDescription, parse_fragment, write_fragment};

fuzz_target!(|text: &str| {
    let Ok(fragment) = parse_fragment(text) else { return };
    if let Some((ufrag, pwd)) = fragment.restart("them") {
        assert!((4..=256).contains(&ufrag.len()) && (22..=256).contains(&pwd.len()));
        assert!([ufrag, pwd].iter().all(|name| name.bytes().all(|byte| byte.is_ascii_graphic())));
    }
    let candidates = ["192.0.2.1:3478".parse().unwrap()];
    let local = LocalDescription {
        ufrag: "ours",
        pwd: "ourpasswordourpasswordour",
        fingerprint: "00:11",
        candidates: &candidates,
        tcp_candidates: &candidates,
        version: 1,
    };
    let answer = write_fragment(&local, fragment.mid.as_deref());
    let again = parse_fragment(&answer).expect("what we write can be read");
    assert_eq!(again.mid.as_deref(), fragment.mid.as_deref().or(Some("0")));
    assert_eq!(again.restart("them"), Some(("ours", "ourpasswordourpasswordour")));
});
