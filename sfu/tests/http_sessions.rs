//! The life of a WHIP session over HTTP, and that nothing a stranger sends disturbs it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod node;
#[path = "node/publisher.rs"]
mod publisher;

use node::{DEADLINE, Sfu, problem};
use publisher::Publisher;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::{Method, Response};
use std::time::Duration;
use tokio::net::UdpSocket;

const SDP: (&str, &str) = ("content-type", "application/sdp");
const FRAGMENT: (&str, &str) = ("content-type", "application/trickle-ice-sdpfrag");

/// What a 201 tells.
struct Opened {
    location: String,
    etag: String,
}

async fn publish(sfu: &Sfu, room: &str, participant: &str) -> (Publisher, Opened) {
    let mut opened = None;
    let publisher = Publisher::connect(async |offer| {
        let path = format!("/whip/{room}?participant={participant}");
        let answer = sfu.send(Method::POST, &path, &[SDP], offer).await;
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers()["content-type"], "application/sdp");
        assert_eq!(answer.headers()["accept-patch"], "application/trickle-ice-sdpfrag");
        opened = Some(Opened { location: header(&answer, "location"), etag: header(&answer, "etag") });
        answer.text().await.unwrap()
    })
    .await;
    (publisher, opened.unwrap())
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers()[name].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_is_opened_trickled_restarted_and_ended_as_rfc_9725_says() {
    let sfu = Sfu::dev(None).await;
    let (mut publisher, opened) = publish(&sfu, "r1", "t").await;
    assert!(opened.location.starts_with("/whip/r1/") && opened.location.len() >= "/whip/r1/".len() + 22);
    assert!(opened.etag.starts_with('"') && opened.etag.ends_with('"'), "a strong tag");

    let patch = async |headers: &[(&str, &str)], body: &str| {
        sfu.send(Method::PATCH, &opened.location, headers, body).await
    };
    let trickle = "a=group:BUNDLE 0\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
    assert_eq!(problem(patch(&[FRAGMENT], trickle).await).await, (428, "if_match_missing".into()));
    assert_eq!(
        problem(patch(&[FRAGMENT, ("if-match", "\"old\"")], trickle).await).await,
        (412, "etag_mismatch".into())
    );
    assert_eq!(
        problem(patch(&[SDP, ("if-match", "*")], trickle).await).await,
        (415, "wrong_content_type".into())
    );
    assert_eq!(patch(&[FRAGMENT, ("if-match", &opened.etag)], trickle).await.status(), 204);

    let restart = "a=ice-ufrag:browser2\r\na=ice-pwd:a-new-password-of-the-browser\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n";
    let restarted = patch(&[FRAGMENT, ("if-match", "*")], restart).await;
    assert_eq!(restarted.status(), 200);
    assert_eq!(restarted.headers()["content-type"], "application/trickle-ice-sdpfrag");
    assert_ne!(header(&restarted, "etag"), opened.etag);
    let fragment = restarted.text().await.unwrap();
    assert!(fragment.contains("a=ice-ufrag:") && fragment.contains("a=ice-pwd:"), "{fragment}");
    publisher.check().await;
    assert_eq!(
        problem(patch(&[FRAGMENT, ("if-match", &opened.etag)], trickle).await).await.0,
        412,
        "the old session's tag"
    );

    let elsewhere = opened.location.replace("/whip/r1/", "/whip/r2/");
    assert_eq!(
        problem(sfu.send(Method::DELETE, &elsewhere, &[], "").await).await.0,
        404,
        "another room's address"
    );
    assert_eq!(sfu.send(Method::DELETE, &opened.location, &[], "").await.status(), 200);
    assert_eq!(problem(sfu.send(Method::DELETE, &opened.location, &[], "").await).await.0, 404);
    assert_eq!(sfu.metric("sessions").await, 0);
}

#[tokio::test]
async fn whoever_opens_a_session_is_told_the_ice_servers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tongtang.toml");
    let servers = r#"ice_servers = [
        { url = "stun:stun.example.cn" },
        { url = "turn:turn.example.cn", username = "u", credential = "p" },
    ]"#;
    std::fs::write(&file, format!("[sfu]\n{servers}\n")).unwrap();
    let sfu = Sfu::configured(&file).await;
    let mut links = Vec::new();
    Publisher::connect(async |offer| {
        let answer = sfu.send(Method::POST, "/whip/r1", &[SDP], offer).await;
        assert_eq!(answer.status(), 201);
        links =
            answer.headers().get_all("link").iter().map(|link| link.to_str().unwrap().to_owned()).collect();
        answer.text().await.unwrap()
    })
    .await;
    let turn = "<turn:turn.example.cn>; rel=\"ice-server\"; username=\"u\"; credential=\"p\"; credential-type=\"password\"";
    assert_eq!(links, ["<stun:stun.example.cn>; rel=\"ice-server\"", turn]);
}

#[tokio::test]
async fn a_second_session_of_a_participant_replaces_the_first() {
    let sfu = Sfu::dev(None).await;
    let (_first, opened) = publish(&sfu, "r1", "t").await;
    let (mut second, _) = publish(&sfu, "r1", "t").await;
    second.check().await;
    assert_eq!(sfu.metric("sessions").await, 1);
    // The registry hears of it from the event that the engine sends.
    let gone = async {
        while sfu.send(Method::DELETE, &opened.location, &[], "").await.status() != 404 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("the first session's address is gone");
}

#[tokio::test]
async fn strangers_are_counted_and_a_session_goes_on() {
    let mut sfu = Sfu::dev(None).await;
    let (mut publisher, opened) = publish(&sfu, "r1", "t").await;
    let before = sfu.metric("rtp_in_packets_total").await;

    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    stranger.connect(publisher.server()).await.unwrap();
    let mut random = StdRng::seed_from_u64(20_261_122);
    for n in 0..10_000u32 {
        let mut noise = vec![0u8; random.random_range(1..1500)];
        random.fill(&mut noise[..]);
        // A third each look like STUN, DTLS and RTP from outside (RFC 7983).
        noise[0] = [random.random_range(0..4), random.random_range(20..64), random.random_range(128..192)]
            [n as usize % 3];
        stranger.send(&noise).await.unwrap();
        if n % 500 == 0 {
            publisher.send(160).await;
            publisher.check().await;
        }
    }
    for (method, path, headers, body) in [
        (Method::POST, "/whip/r1", vec![SDP], "v=0\r\nm=".repeat(1000)),
        (Method::POST, "/whip/r1", vec![SDP], "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n".repeat(1000)),
        (Method::POST, "/whep/r1", vec![SDP], "x".repeat(300_000)),
        (Method::PATCH, opened.location.as_str(), vec![FRAGMENT, ("if-match", "*")], "\u{0}".repeat(1000)),
        (
            Method::PATCH,
            opened.location.as_str(),
            vec![FRAGMENT, ("if-match", "\"'; drop\"")],
            "a=".repeat(1000),
        ),
    ] {
        let answer = sfu.send(method.clone(), path, &headers, body).await;
        let status = answer.status().as_u16();
        assert!((400..500).contains(&status) || status == 204, "{method} {path}: {status}");
    }
    publisher.send(160).await;
    publisher.check().await;
    let arrived = async {
        while sfu.metric("rtp_in_packets_total").await < before + 21 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, arrived).await.expect("every packet of the session got through");
    let counted = sfu.metric("unauthenticated_packets_total").await;
    assert!(counted > 0, "the strangers' packets are counted");
    assert_eq!(
        stranger.try_recv(&mut [0; 1500]).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock,
        "no answer"
    );
    assert_eq!(sfu.metric("sessions").await, 1);
    assert_eq!(sfu.terminate().await, 0);
}
