//! Media over TCP, through a real process: for those whom no UDP reaches, and without harm to those whom it does.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod node;
#[path = "node/publisher.rs"]
mod publisher;
#[path = "node/tcp_peer.rs"]
mod tcp_peer;

use node::{DEADLINE, Sfu};
use publisher::Publisher;
use reqwest::Method;
use std::time::Duration;
use tcp_peer::{Half, TcpPeer, candidates, forged_check, framed, tcp_candidate, ufrag_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tongtang_sfu::shell::tcp::places::MAX_WAITING_PER_ADDRESS;

const SDP: (&str, &str) = ("content-type", "application/sdp");

/// The answer to a WHIP offer.
async fn answer(sfu: &Sfu) -> String {
    let mut answer = String::new();
    Publisher::connect(async |offer| {
        let response = sfu.send(Method::POST, "/whip/r1?participant=udp", &[SDP], offer).await;
        answer = response.text().await.unwrap();
        answer.clone()
    })
    .await;
    answer
}

/// The server closes the connection without a byte of an answer.
async fn is_closed(stream: &mut TcpStream) {
    let mut byte = [0];
    let read = timeout(DEADLINE, stream.read(&mut byte)).await.expect("the server closes the connection");
    assert_eq!(read.unwrap_or(0), 0, "a stranger gets no answer");
}

/// Sends until the subscriber hears it; the number that it heard.
async fn until_heard(publisher: &mut TcpPeer, subscriber: &mut TcpPeer) -> u64 {
    timeout(DEADLINE, async {
        loop {
            publisher.send(60).await;
            if let Ok(number) = timeout(Duration::from_millis(20), subscriber.receive()).await {
                return number;
            }
        }
    })
    .await
    .expect("the subscriber hears the publisher")
}

#[tokio::test]
async fn tcp_is_offered_after_udp_for_every_address_and_can_be_switched_off() {
    let sfu = Sfu::dev(None).await;
    let answer = answer(&sfu).await;
    let offered = candidates(&answer);
    let udp = offered.iter().take_while(|words| words[2] == "udp").count();
    assert!(udp > 0 && offered.len() == 2 * udp, "{offered:?}");
    let priorities: Vec<u32> = offered.iter().map(|words| words[3].parse().unwrap()).collect();
    assert!(priorities.is_sorted_by(|a, b| a > b), "{priorities:?}");
    for (udp, tcp) in offered[..udp].iter().zip(&offered[udp..]) {
        assert_eq!((tcp[2], tcp[4]), ("tcp", udp[4]));
        assert_eq!(tcp[6..], ["typ", "host", "tcptype", "passive"]);
    }

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tongtang.toml");
    std::fs::write(&file, "[sfu]\ntcp = false\n").unwrap();
    let sfu = Sfu::configured(&file).await;
    let answer = self::answer(&sfu).await;
    assert!(candidates(&answer).iter().all(|words| words[2] == "udp"));
}

#[tokio::test]
async fn a_lesson_goes_on_over_tcp_alone_and_over_the_next_connection_when_one_breaks() {
    let sfu = Sfu::dev(None).await;
    let mut publisher = TcpPeer::connect(&sfu, "r1", Half::Publishes).await;
    let mut subscriber = TcpPeer::connect(&sfu, "r1", Half::Subscribes).await;
    let mut last = until_heard(&mut publisher, &mut subscriber).await;
    // Fewer than a voice's cache holds.
    for size in (20..1_200).step_by(31) {
        publisher.send(size).await;
    }
    while last + 1 < publisher.next {
        let number = subscriber.receive().await;
        assert_eq!(number, last + 1, "TCP loses nothing and keeps the order");
        last = number;
    }

    publisher.reconnect().await;
    subscriber.reconnect().await;
    until_heard(&mut publisher, &mut subscriber).await;

    assert_eq!(sfu.send(Method::DELETE, &subscriber.location, &[], "").await.status(), 200);
    subscriber.closed().await;
    assert!(sfu.metric("tcp_received_total").await > 40 && sfu.metric("tcp_sent_total").await > 40);
    assert_eq!(sfu.metric("tcp_accepted_total").await, 4);
}

#[tokio::test]
async fn one_that_does_not_read_loses_what_is_old_and_nobody_else_loses_anything() {
    let sfu = Sfu::dev(None).await;
    let mut publisher = TcpPeer::connect(&sfu, "r1", Half::Publishes).await;
    let mut reader = TcpPeer::connect(&sfu, "r1", Half::Subscribes).await;
    let mut stopped = TcpPeer::connect(&sfu, "r1", Half::Subscribes).await;
    until_heard(&mut publisher, &mut stopped).await;
    let mut last = until_heard(&mut publisher, &mut reader).await;

    let reading = tokio::spawn(async move {
        let mut missing = 0;
        while last < 2_500 {
            let number = reader.receive().await;
            missing += number - last - 1;
            last = number;
        }
        missing
    });
    while publisher.next <= 2_500 {
        publisher.send(1_000).await;
        if publisher.next % 8 == 7 {
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }
    assert_eq!(timeout(DEADLINE, reading).await.expect("the reader gets all").unwrap(), 0);
    assert!(sfu.metric("tcp_send_dropped_total").await > 500, "2.5 MB were not kept for it");

    // It reads again: whole frames (`receive` sees to it), and soon what is new.
    let resumed = publisher.next;
    timeout(DEADLINE, async { while until_heard(&mut publisher, &mut stopped).await < resumed {} })
        .await
        .expect("it hears what is new");
}

#[tokio::test]
async fn what_is_no_check_for_a_peer_of_ours_ends_the_connection_without_an_answer() {
    let sfu = Sfu::dev(None).await;
    let mut publisher = TcpPeer::connect(&sfu, "r1", Half::Publishes).await;
    let mut subscriber = TcpPeer::connect(&sfu, "r1", Half::Subscribes).await;
    let server = tcp_candidate(&answer(&sfu).await);
    let ufrag = ufrag_of(&publisher).to_owned();
    let strangers: [(&str, Vec<u8>); 6] = [
        ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("TLS", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]),
        ("an empty frame", framed(&[])),
        ("no STUN", framed(&[0x80; 100])),
        ("a check for nobody", framed(&forged_check("nobody12"))),
        ("a check under another password", framed(&forged_check(&ufrag))),
    ];
    for (what, bytes) in &strangers {
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        println!("{what}");
        is_closed(&mut stream).await;
    }
    assert_eq!(sfu.metric("tcp_refused_total").await, strangers.len() as u64);

    // A peer that has proven itself may send what it likes between frames, and ends its connection with nonsense.
    until_heard(&mut publisher, &mut subscriber).await;
    publisher.write_raw(&framed(&[])).await;
    publisher.write_raw(&framed(&[0xff; 1_500])).await;
    until_heard(&mut publisher, &mut subscriber).await;
    let malformed = sfu.metric("tcp_malformed_total").await;
    publisher.write_raw(&[0xff; 64]).await;
    publisher.closed().await;
    assert_eq!(sfu.metric("tcp_malformed_total").await, malformed + 1);
    publisher.reconnect().await;
    until_heard(&mut publisher, &mut subscriber).await;
}

#[tokio::test]
async fn connections_that_say_nothing_take_so_many_places_and_no_more() {
    let sfu = Sfu::dev(None).await;
    let mut publisher = TcpPeer::connect(&sfu, "r1", Half::Publishes).await;
    let mut subscriber = TcpPeer::connect(&sfu, "r1", Half::Subscribes).await;
    let server = tcp_candidate(&answer(&sfu).await);
    let mut silent = Vec::new();
    for _ in 0..MAX_WAITING_PER_ADDRESS {
        silent.push(TcpStream::connect(server).await.unwrap());
    }
    let mut one_more = TcpStream::connect(server).await.unwrap();
    is_closed(&mut one_more).await;
    until_heard(&mut publisher, &mut subscriber).await;
    assert_eq!(sfu.metric("tcp_connections").await, MAX_WAITING_PER_ADDRESS as u64 + 2);

    drop(silent);
    timeout(DEADLINE, async {
        while sfu.metric("tcp_connections").await > 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("places of those that left are free");
    TcpPeer::connect(&sfu, "r1", Half::Subscribes).await;
}
