//! A handshake survives the loss and reordering of any of its datagrams.

use crate::client::{CM_80, Client, GCM};
use crate::network::{Script, World};
use std::time::Duration;

/// Small enough that a ClientHello takes two datagrams, as Chromium's does with its post-quantum key share.
const MTU: usize = 100;

const fn script(
    drop_to_server: &'static [usize],
    hold_to_server: &'static [usize],
    drop_to_client: &'static [usize],
    hold_to_client: &'static [usize],
) -> Script {
    Script { drop_to_server, hold_to_server, drop_to_client, hold_to_client }
}

/// Datagrams 1, 2 and 3, 4 to the server are the two ClientHellos, from 5 on flight 5; 1 to the client is
/// HelloVerifyRequest, 2 flight 4, 3 the Finished.
const MATRIX: [(&str, Script); 19] = [
    ("nothing lost", script(&[], &[], &[], &[])),
    ("first ClientHello: first half lost", script(&[1], &[], &[], &[])),
    ("first ClientHello: second half lost", script(&[2], &[], &[], &[])),
    ("first ClientHello lost", script(&[1, 2], &[], &[], &[])),
    ("first ClientHello: halves swapped", script(&[], &[1], &[], &[])),
    ("HelloVerifyRequest lost", script(&[], &[], &[1], &[])),
    ("HelloVerifyRequest lost twice", script(&[], &[], &[1, 2], &[])),
    ("second ClientHello: first half lost", script(&[3], &[], &[], &[])),
    ("second ClientHello: second half lost", script(&[4], &[], &[], &[])),
    ("second ClientHello: halves swapped", script(&[], &[3], &[], &[])),
    ("flight 4 lost", script(&[], &[], &[2], &[])),
    ("flight 4 lost twice", script(&[], &[], &[2, 3], &[])),
    ("flight 4 lost four times", script(&[], &[], &[2, 3, 4, 5], &[])),
    ("flight 5: first datagram lost", script(&[5], &[], &[], &[])),
    ("flight 5: first datagram late", script(&[], &[5], &[], &[])),
    ("flight 5: middle lost", script(&[7, 8], &[], &[], &[])),
    ("flight 5: reversed pairs", script(&[], &[5, 7, 9], &[], &[])),
    ("server Finished lost", script(&[], &[], &[3], &[])),
    ("server Finished lost twice", script(&[], &[], &[3, 4], &[])),
];

fn connects(
    name: &str,
    script: Script,
    profiles: &[rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile],
) {
    let mut world = World::new(Client::new(profiles, MTU)).scripted(script);
    let path = world.path;
    world.check(path, crate::client::Ask::Nominate).unwrap();
    let now = world.now().mono;
    world.client.start_dtls(now);
    world.run(Duration::ZERO, |_| false);
    assert_eq!(world.dtls_to_server, 2, "the matrix counts on a ClientHello in two datagrams");
    world.run(Duration::from_secs(20), |w| w.peer.is_connected() && w.client.connected);
    assert!(
        world.peer.is_connected() && world.client.connected,
        "{name}: server {} client {} {:?} after {:?}, {:?}",
        world.peer.is_connected(),
        world.client.connected,
        world.client.failed,
        world.elapsed(),
        world.events
    );
}

#[test]
fn every_case_of_the_loss_and_reorder_matrix_connects() {
    for (name, script) in MATRIX {
        connects(name, script, &[CM_80, GCM]);
    }
}

#[test]
fn every_case_connects_a_client_without_gcm_too() {
    for (name, script) in MATRIX {
        connects(name, script, &[CM_80]);
    }
}

#[test]
fn a_handshake_without_loss_takes_three_round_trips() {
    let mut world = World::new(Client::new(&[CM_80, GCM], MTU));
    world.connect();
    assert_eq!(world.elapsed(), Duration::from_millis(3 * 20), "HelloVerifyRequest, flight 4 and Finished");
}

#[test]
fn a_lost_flight_4_comes_again_by_our_timer_when_the_client_stays_silent() {
    let mut world =
        World::new(Client::new(&[GCM], 1200)).scripted(Script { drop_to_client: &[2], ..Script::default() });
    world.connect();
    assert!(
        world.elapsed() < Duration::from_millis(400),
        "before the client's own timer: {:?}",
        world.elapsed()
    );
}
