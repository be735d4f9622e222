//! Bad input is normal: dropped, bounded, never fatal to others.

use crate::client::{Ask, Client, GCM};
use crate::network::{World, path};
use std::time::Duration;
use tongtang_sfu::peer::{CloseReason, PeerError, PeerEvent};

#[test]
fn a_certificate_that_the_offer_does_not_name_is_refused() {
    let (stranger, invited) = (Client::new(&[GCM], 1200), Client::new(&[GCM], 1200));
    let mut world = World::new(invited);
    // The stranger knows the ICE password, but has another certificate.
    world.client = stranger;
    let path = world.path;
    world.check(path, Ask::Nominate).unwrap();
    let now = world.now().mono;
    world.client.start_dtls(now);
    world.run(Duration::from_secs(5), |world| world.peer.is_closed() && world.client.failed.is_some());
    assert_eq!(world.events.last(), Some(&PeerEvent::Closed { reason: CloseReason::WrongFingerprint }));
    assert!(!world.peer.is_connected() && !world.client.connected);
    assert!(world.client.failed.is_some(), "the stranger is told");
}

/// A handshake fragment that announces more than it brings, as every one after it.
fn endless_fragment(record_sequence: u32, message_sequence: u16) -> Vec<u8> {
    let fragment = [0xabu8; 1000];
    let mut body = vec![11, 0x0f, 0xff, 0xff];
    body.extend_from_slice(&message_sequence.to_be_bytes());
    body.extend_from_slice(&[0, 0, 1, 0, 0x03, 0xe8]);
    body.extend_from_slice(&fragment);
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0];
    record.extend_from_slice(&record_sequence.to_be_bytes());
    record.extend_from_slice(&(body.len() as u16).to_be_bytes());
    record.extend_from_slice(&body);
    record
}

#[test]
fn fragments_that_never_become_a_message_are_capped() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.check(path(1), Ask::Nominate).unwrap();
    let now = world.now();
    let mut accepted = 0;
    let mut refused = None;
    for n in 0..3_000u32 {
        match world.peer.handle_dtls(now, path(1), &endless_fragment(n, n as u16 + 5)) {
            Ok(()) => accepted += 1,
            Err(error) => refused = Some(error),
        }
    }
    assert_eq!(refused, Some(PeerError::Limit("MAX_DTLS_BYTES")));
    assert!(accepted <= 64, "{accepted} fragments of 1,000 bytes were kept");
    assert!(world.peer.poll_transmit().is_none(), "fragments are not answered");
}

#[test]
fn records_for_later_keys_are_capped_after_the_handshake_too() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    let now = world.now();
    let record = |epoch: u8| {
        let mut record = vec![22, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0xff, 0, 4, 0];
        record.extend_from_slice(&[0; 1024]);
        record
    };
    for _ in 0..200 {
        assert_eq!(
            world.peer.handle_dtls(now, path(1), &record(2)),
            Err(PeerError::Dtls),
            "there is no third epoch"
        );
    }
    let accepted = (0..200).filter(|_| world.peer.handle_dtls(now, path(1), &record(1)).is_ok()).count();
    assert!(accepted < 64, "{accepted} undecryptable records were looked at");
    assert!(world.peer.is_connected());
}

#[test]
fn garbage_is_dropped_in_silence_and_the_handshake_succeeds_among_it() {
    let mut world = World::new(Client::new(&[GCM], 140));
    world.check(path(1), Ask::Nominate).unwrap();
    let now = world.now();
    let mut random: u32 = 0x1234_5678;
    for len in 0..200usize {
        let mut bytes: Vec<u8> = (0..len)
            .map(|_| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (random >> 24) as u8
            })
            .collect();
        for first in [0, 20, 22, 63] {
            if let Some(byte) = bytes.first_mut() {
                *byte = first;
            }
            world.peer.handle_stun(now, path(1), &bytes).unwrap_err();
            world.peer.handle_dtls(now, path(1), &bytes).unwrap_err();
        }
    }
    assert!(world.peer.poll_transmit().is_none());
    let now = now.mono;
    world.client.start_dtls(now);
    world.run(Duration::from_secs(5), |world| world.peer.is_connected() && world.client.connected);
    assert!(world.peer.is_connected() && world.client.connected, "{:?}", world.events);
}

#[test]
fn a_forged_plaintext_alert_does_not_end_an_established_association() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    let now = world.now();
    for sequence in 0..50u8 {
        let fatal = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, sequence, 0, 2, 2, 40];
        let close_notify = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 2, sequence, 0, 2, 1, 0];
        let _ = world.peer.handle_dtls(now, path(1), &fatal);
        let _ = world.peer.handle_dtls(now, path(1), &close_notify);
    }
    world.drain_events();
    assert!(world.peer.is_connected(), "{:?}", world.events);
}
