//! An ICE restart changes names and paths, nothing else (RFC 8445 §2.4, RFC 9725 §4.3.3).

use crate::client::{Ask, Client, GCM, rtp};
use crate::network::{World, path};
use tongtang_sfu::peer::PeerEvent;

#[test]
fn a_restart_keeps_dtls_and_the_old_names_until_the_new_ones_nominate() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    let old = world.server_names();
    let (old_etag, old_version) = (world.peer.etag().to_owned(), world.peer.version());
    let now = world.now();
    world.peer.restart("browser2", now).unwrap();
    let new = world.server_names();
    assert_ne!((&old.ufrag, &old.pwd), (&new.ufrag, &new.pwd));
    assert_ne!(world.peer.etag(), old_etag);
    assert_eq!(world.peer.version(), old_version + 1);
    assert_eq!(world.peer.path(), Some(path(1)), "media goes on where it went");

    // The old session is still checked, and still good.
    world.check_as(path(1), Ask::Nominate, &old).unwrap();
    assert!(world.peer.knows_ufrag(&old.ufrag) && world.peer.knows_ufrag(&new.ufrag));

    world.client.ufrag = "browser2".to_owned();
    world.check_as(path(2), Ask::Check, &new).unwrap();
    assert!(world.peer.knows_ufrag(&old.ufrag), "nothing is nominated yet");
    world.check_as(path(2), Ask::Nominate, &new).unwrap();
    assert!(world.events.contains(&PeerEvent::UfragForgotten));
    assert_eq!(world.peer.path(), Some(path(2)));
    assert!(!world.peer.knows_ufrag(&old.ufrag));
    world.client.ufrag = "browser1".to_owned();
    assert!(world.check_as(path(1), Ask::Check, &old).is_none());

    assert!(world.peer.is_connected());
    let (_, send) = world.client.srtp.as_mut().unwrap();
    let mut sealed = send.encrypt_rtp(&rtp(1, 1, b"the same keys")).unwrap();
    world.peer.open_rtp(&mut sealed).unwrap();
}

#[test]
fn a_second_restart_before_the_first_was_used_keeps_the_names_in_use() {
    let mut world = World::new(Client::new(&[GCM], 1200));
    world.connect();
    let in_use = world.server_names();
    let now = world.now();
    world.peer.restart("browser2", now).unwrap();
    let never_used = world.server_names();
    world.peer.restart("browser3", now).unwrap();
    assert!(world.peer.knows_ufrag(&in_use.ufrag));
    assert!(!world.peer.knows_ufrag(&never_used.ufrag));
    world.check_as(path(1), Ask::Check, &in_use).unwrap();
}
