//! Connectivity checks: nothing that lacks our password changes a peer or is answered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;
use std::time::Instant;
use tongtang_sfu::engine::Path;
use tongtang_sfu::now::Now;
use tongtang_sfu::peer::{Identity, Peer, stun_username};
use tongtang_sfu::sdp::{RemoteDescription, RemoteSetup};

thread_local! {
    static PEER: RefCell<Peer> = RefCell::new({
        let remote = RemoteDescription {
            ufrag: "them".to_owned(),
            pwd: "theirpasswordtheirpassword".to_owned(),
            fingerprint_sha256: [7; 32],
            setup: RemoteSetup::Actpass,
        };
        Peer::new(&Identity::generate().unwrap(), 0, &remote, now()).unwrap()
    });
}

fn now() -> Now {
    Now { mono: Instant::now(), unix_us: 0 }
}

fuzz_target!(|datagram: &[u8]| {
    let _ = stun_username(datagram);
    PEER.with_borrow_mut(|peer| {
        let path = Path { socket: 0, remote: "192.0.2.1:5000".parse().unwrap() };
        assert!(peer.handle_stun(now(), path, datagram).is_err());
        assert!(peer.poll_transmit().is_none() && peer.poll_event().is_none());
    });
});
