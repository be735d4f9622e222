//! AES-GCM wherever the client has it, AES-CM where it does not, nothing else.

use crate::client::{Ask, CM_32, CM_80, Client, GCM};
use crate::network::World;
use std::time::Duration;
use tongtang_sfu::peer::{CloseReason, PeerEvent, SrtpProfile};

fn negotiated(world: &World) -> Option<SrtpProfile> {
    world.events.iter().find_map(|event| match event {
        PeerEvent::Connected { profile } => Some(*profile),
        _ => None,
    })
}

#[test]
fn a_client_that_names_cm_first_but_has_gcm_gets_gcm() {
    let mut world = World::new(Client::new(&[CM_80, CM_32, GCM], 1200));
    world.connect();
    assert_eq!(negotiated(&world), Some(SrtpProfile::AeadAes128Gcm));
}

#[test]
fn a_client_without_gcm_falls_back_to_cm_without_an_alert_or_a_further_round_trip() {
    for mtu in [1200, 140] {
        let mut world = World::new(Client::new(&[CM_32, CM_80], mtu));
        world.connect();
        assert_eq!(negotiated(&world), Some(SrtpProfile::Aes128CmSha1_80));
        assert_eq!(world.elapsed(), Duration::from_millis(60));
        assert!(world.sent.iter().all(|(_, bytes)| bytes[0] != 21), "an alert was sent");
    }
}

#[test]
fn a_client_with_neither_is_refused() {
    let mut world = World::new(Client::new(&[CM_32], 1200));
    let path = world.path;
    world.check(path, Ask::Nominate).unwrap();
    let now = world.now().mono;
    world.client.start_dtls(now);
    world.run(Duration::from_secs(5), |world| world.peer.is_closed());
    assert_eq!(world.events.last(), Some(&PeerEvent::Closed { reason: CloseReason::HandshakeFailed }));
    assert!(!world.client.connected);
}

#[test]
fn a_client_that_names_no_srtp_profile_at_all_is_refused() {
    let mut world = World::new(Client::new(&[], 1200));
    let path = world.path;
    world.check(path, Ask::Nominate).unwrap();
    let now = world.now().mono;
    world.client.start_dtls(now);
    world.run(Duration::from_secs(5), |world| world.peer.is_closed());
    assert!(!world.peer.is_connected());
    assert_eq!(world.events.last(), Some(&PeerEvent::Closed { reason: CloseReason::HandshakeFailed }));
}
