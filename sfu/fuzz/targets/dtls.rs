//! DTLS of a peer whose path is proven: no input panics, and none completes a handshake.
//! The input is cut into datagrams by 16-bit lengths.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtc_stun::attributes::{ATTR_USE_CANDIDATE, ATTR_USERNAME, RawAttribute};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tongtang_sfu::engine::Path;
use tongtang_sfu::now::Now;
use tongtang_sfu::peer::{Identity, Peer};
use tongtang_sfu::sdp::{RemoteDescription, RemoteSetup};

fn identity() -> &'static Arc<Identity> {
    static IDENTITY: OnceLock<Arc<Identity>> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::generate().unwrap())
}

fn check(peer: &Peer) -> Vec<u8> {
    let provider = rtc_crypto::default_provider().unwrap();
    let name = format!("{}:them", peer.local_ufrag()).into_bytes();
    let integrity =
        MessageIntegrity::new_short_term_integrity_with_provider(peer.local_pwd().to_owned(), provider.crypto());
    let mut message = Message::new();
    message
        .build(&[
            Box::new(TransactionId([1; 12])),
            Box::new(BINDING_REQUEST),
            Box::new(RawAttribute { typ: ATTR_USERNAME, length: name.len() as u16, value: name }),
            Box::new(RawAttribute { typ: ATTR_USE_CANDIDATE, length: 0, value: Vec::new() }),
        ])
        .unwrap();
    integrity.add_to(&mut message).unwrap();
    FINGERPRINT.add_to(&mut message).unwrap();
    message.raw
}

fuzz_target!(|input: &[u8]| {
    let now = Now { mono: Instant::now(), unix_us: 0 };
    let remote = RemoteDescription {
        ufrag: "them".to_owned(),
        pwd: "theirpasswordtheirpassword".to_owned(),
        fingerprint_sha256: [7; 32],
        setup: RemoteSetup::Actpass,
    };
    let mut peer = Peer::new(identity(), 0, &remote, now).unwrap();
    let path = Path { socket: 0, remote: "192.0.2.1:5000".parse().unwrap() };
    let request = check(&peer);
    peer.handle_stun(now, path, &request).unwrap();
    let mut rest = input;
    while let Some((len, behind)) = rest.split_first_chunk::<2>() {
        let (datagram, behind) = behind.split_at(usize::from(u16::from_be_bytes(*len)).min(behind.len()));
        let _ = peer.handle_dtls(now, path, datagram);
        while peer.poll_transmit().is_some() {}
        rest = behind;
    }
    assert!(!peer.is_connected());
});
