//! Which addresses are the peer's, and which of them media takes.

use crate::client::{Ask, Client, GCM, Names};
use crate::network::{World, path};
use std::time::Duration;
use tongtang_sfu::peer::{CONSENT_TIMEOUT, CloseReason, PeerError, PeerEvent};

#[test]
fn a_check_is_answered_with_the_address_it_came_from() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    let names = world.server_names();
    let reply = world.check(path(1), Ask::Check).unwrap();
    assert_eq!(world.client.success(&reply, &names), Some(path(1).remote));
    let six = tongtang_sfu::engine::Path { socket: 1, remote: "[2001:db8::7]:50000".parse().unwrap() };
    let reply = world.check(six, Ask::Check).unwrap();
    assert_eq!(world.client.success(&reply, &names), Some(six.remote));
}

#[test]
fn dtls_is_accepted_before_a_path_is_nominated() {
    let mut world = World::new(Client::new(&[GCM], 140));
    let first = world.path;
    world.check(first, Ask::Check).unwrap();
    let now = world.now().mono;
    world.client.start_dtls(now);
    world.run(Duration::from_secs(5), |world| world.peer.is_connected() && world.client.connected);
    assert!(world.peer.is_connected() && world.client.connected);
    assert_eq!(world.peer.path(), Some(first));
}

#[test]
fn dtls_goes_back_the_way_it_came_whatever_path_was_checked_first() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.check(path(9), Ask::Check).unwrap();
    world.path = path(2);
    world.check(path(2), Ask::Check).unwrap();
    let now = world.now().mono;
    world.client.start_dtls(now);
    world.run(Duration::from_secs(5), |world| world.peer.is_connected() && world.client.connected);
    assert!(world.client.connected);
    assert!(world.sent.iter().filter(|(_, bytes)| bytes[0] == 22).all(|(to, _)| *to == path(2)));
}

#[test]
fn an_address_that_has_not_passed_a_check_is_sent_nothing() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    let names = world.server_names();
    let wrong_password = Names { pwd: "0123456789012345678901234".to_owned(), ..names.clone() };
    let wrong_name = Names { ufrag: "nobody12".to_owned(), ..names.clone() };
    let stranger = path(66);
    for names in [&wrong_password, &wrong_name] {
        let request = world.client.check(names, Ask::Nominate);
        let now = world.now();
        assert_eq!(world.peer.handle_stun(now, stranger, &request), Err(PeerError::Integrity));
    }
    // A captured check whose USE-CANDIDATE was added behind the integrity attribute, or whose fingerprint is off.
    let mut request = world.client.check(&names, Ask::Check);
    let last = request.len() - 1;
    request[last] ^= 1;
    let now = world.now();
    assert_eq!(world.peer.handle_stun(now, stranger, &request), Err(PeerError::Integrity));
    let now = world.now();
    world.client.start_dtls(now.mono);
    while let Some(datagram) = world.client.poll_transmit() {
        assert_eq!(world.peer.handle_dtls(now, stranger, &datagram), Err(PeerError::UnknownPath));
    }
    assert!(world.peer.poll_transmit().is_none());
    assert!(world.peer.poll_event().is_none());
    assert_eq!(world.peer.path(), None);
}

#[test]
fn a_client_that_claims_not_to_lead_is_told_to_and_gets_no_path() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    let names = world.server_names();
    let reply = world.check(path(1), Ask::Controlled).unwrap();
    assert_eq!(&reply[..2], &[0x01, 0x11], "binding error");
    assert!(reply.windows(8).any(|w| w == [0, 9, 0, 4, 0, 0, 4, 87]), "ERROR-CODE 487");
    assert_eq!(world.client.success(&reply, &names), None);
    assert_eq!(world.peer.path(), None);
}

#[test]
fn media_follows_a_nomination_mid_session_and_the_association_goes_on() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    world.check(path(2), Ask::Check).unwrap();
    assert_eq!(world.peer.path(), Some(path(1)), "a mere check moves nothing");
    world.check(path(2), Ask::Nominate).unwrap();
    assert_eq!(world.peer.path(), Some(path(2)));
    assert_eq!(world.events.last(), Some(&PeerEvent::PathChanged { path: path(2) }));
    let (_, send) = world.client.srtp.as_mut().unwrap();
    let mut sealed = send.encrypt_rtp(&crate::client::rtp(1, 1, b"on the new path")).unwrap();
    world.peer.open_rtp(&mut sealed).unwrap();
}

#[test]
fn media_follows_a_nat_that_rebinds_once_the_old_path_is_silent() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    world.wait(Duration::from_secs(3));
    world.check(path(2), Ask::Check).unwrap();
    assert_eq!(world.peer.path(), Some(path(1)), "the old path was heard of 3 s ago");
    world.wait(Duration::from_secs(6));
    world.check(path(2), Ask::Check).unwrap();
    assert_eq!(world.peer.path(), Some(path(2)));
}

#[test]
fn a_peer_is_gone_when_no_check_arrives_for_the_consent_timeout() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    for _ in 0..10 {
        world.wait(CONSENT_TIMEOUT - Duration::from_secs(1));
        world.check(path(1), Ask::Check).unwrap();
    }
    assert!(world.peer.is_connected());
    world.wait(CONSENT_TIMEOUT - Duration::from_secs(1));
    assert!(world.peer.is_connected());
    world.wait(Duration::from_secs(1));
    assert_eq!(world.events.last(), Some(&PeerEvent::Closed { reason: CloseReason::ConsentLost }));
    assert_eq!(world.peer.poll_timeout(), None);
}

#[test]
fn a_peer_that_only_reports_stays() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    for _ in 0..3 {
        world.wait(CONSENT_TIMEOUT - Duration::from_secs(1));
        let now = world.now();
        world.peer.heard(now);
    }
    assert!(world.peer.is_connected(), "libnice checks no more once it is connected");
    world.wait(CONSENT_TIMEOUT);
    assert_eq!(world.events.last(), Some(&PeerEvent::Closed { reason: CloseReason::ConsentLost }));
}

#[test]
fn a_peer_that_never_comes_or_never_finishes_is_given_up() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.wait(Duration::from_secs(60));
    assert_eq!(world.events, [PeerEvent::Closed { reason: CloseReason::ConsentLost }]);

    let mut world = World::new(Client::new(&[GCM], 1200));
    for _ in 0..6 {
        world.check(path(1), Ask::Nominate);
        world.wait(Duration::from_secs(6));
    }
    assert_eq!(world.events.last(), Some(&PeerEvent::Closed { reason: CloseReason::HandshakeFailed }));
}

#[test]
fn paths_are_limited_and_the_one_in_use_is_never_the_one_to_go() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    for host in 2..40 {
        world.check(path(host), Ask::Check).unwrap();
        world.wait(Duration::from_millis(10));
    }
    let forgotten: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match event {
            PeerEvent::PathForgotten { path } => Some(*path),
            _ => None,
        })
        .collect();
    assert_eq!(forgotten, (2..33).map(path).collect::<Vec<_>>(), "the longest silent first");
    assert_eq!(world.peer.path(), Some(path(1)));
}

#[test]
fn a_path_that_was_left_is_forgotten_when_it_has_been_silent_for_the_consent_timeout() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    let left = PeerEvent::PathForgotten { path: path(1) };
    for second in 0..CONSENT_TIMEOUT.as_secs() {
        world.check(path(2), Ask::Nominate).unwrap();
        assert!(!world.events.contains(&left), "after {second} s");
        world.wait(Duration::from_secs(1));
    }
    world.check(path(2), Ask::Nominate).unwrap();
    assert!(world.events.contains(&left));
    let now = world.now();
    assert_eq!(world.peer.handle_dtls(now, path(1), &[22; 64]), Err(PeerError::UnknownPath));
}
