//! Media flows both ways over an association, against another implementation of SRTP.

use crate::client::{CM_80, Client, GCM, rtp};
use crate::network::World;
use std::time::Duration;
use tongtang_sfu::peer::{CloseReason, PeerEvent, SrtpError};

#[test]
fn rtp_and_rtcp_flow_both_ways_under_both_profiles() {
    for profiles in [&[CM_80, GCM][..], &[CM_80]] {
        let mut world = World::new(Client::new(profiles, 1200));
        world.peer.register_ssrc(7).unwrap();
        world.connect();
        let (receive, send) = world.client.srtp.as_mut().unwrap();

        let plain = rtp(1, 500, b"from the classroom");
        let mut sealed = send.encrypt_rtp(&plain).unwrap();
        let opened = world.peer.open_rtp(&mut sealed).unwrap();
        assert_eq!((&sealed[..opened.len], opened.index), (&plain[..], 500));

        let report = [0x80, 201, 0, 1, 0, 0, 0, 1];
        let mut sealed = send.encrypt_rtcp(&report).unwrap();
        let len = world.peer.open_rtcp(&mut sealed).unwrap();
        assert_eq!(&sealed[..len], &report);

        let plain = rtp(7, 9, b"to the classroom");
        let mut sealed = plain.clone();
        world.peer.seal_rtp(&mut sealed, 0, 12, 7, 9).unwrap();
        assert_eq!(&receive.decrypt_rtp(&sealed).unwrap()[..], &plain[..]);

        let mut sealed = Vec::new();
        world.peer.seal_rtcp(&report, &mut sealed).unwrap();
        assert_eq!(&receive.decrypt_rtcp(&sealed).unwrap()[..], &report);
    }
}

#[test]
fn a_replayed_packet_is_dropped() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    let (_, send) = world.client.srtp.as_mut().unwrap();
    let sealed = send.encrypt_rtp(&rtp(1, 500, b"once")).unwrap();
    world.peer.open_rtp(&mut sealed.clone()).unwrap();
    assert_eq!(world.peer.open_rtp(&mut sealed.clone()), Err(SrtpError::Replayed));
}

#[test]
fn nothing_is_sealed_or_opened_before_the_handshake_or_after_the_end() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.peer.register_ssrc(7).unwrap();
    let mut buffer = rtp(7, 1, b"early");
    assert_eq!(world.peer.seal_rtp(&mut buffer, 0, 12, 7, 1), Err(SrtpError::NotConnected));
    assert!(buffer.is_empty(), "no plaintext is left for somebody to send");
    assert_eq!(world.peer.open_rtp(&mut rtp(7, 1, &[0; 40])), Err(SrtpError::NotConnected));
    world.connect();
    let now = world.now();
    world.peer.close(now);
    let mut buffer = rtp(7, 2, b"late");
    assert_eq!(world.peer.seal_rtp(&mut buffer, 0, 12, 7, 2), Err(SrtpError::NotConnected));
    assert_eq!(
        world.peer.seal_rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 1], &mut buffer),
        Err(SrtpError::NotConnected)
    );
    assert!(buffer.is_empty());
}

#[test]
fn a_goodbye_reaches_the_other_side_in_both_directions() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    let now = world.now();
    world.peer.close(now);
    world.run(Duration::from_secs(1), |world| world.client.closed);
    assert!(world.client.closed);

    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    let now = world.now().mono;
    world.client.close(now);
    world.run(Duration::from_secs(1), |world| world.peer.is_closed());
    assert_eq!(world.events.last(), Some(&PeerEvent::Closed { reason: CloseReason::ClosedByPeer }));
}
