//! Whatever is sent to WHIP and WHEP is answered in plain words, and the node goes on.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod node;

use node::{DEADLINE, Sfu, command, problem};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SDP: (&str, &str) = ("content-type", "application/sdp");
const FRAGMENT: (&str, &str) = ("content-type", "application/trickle-ice-sdpfrag");

#[tokio::test]
async fn requests_that_do_not_fit_say_what_would() {
    let sfu = Sfu::dev(None).await;
    let too_long = "a".repeat(256 * 1024 + 1);
    let answer = sfu.send(Method::POST, "/whip/room", &[SDP], too_long).await;
    assert_eq!(problem(answer).await, (413, "body_too_large".into()));

    let answer = sfu.send(Method::POST, "/whip/room", &[("content-type", "application/json")], "{}").await;
    assert_eq!(answer.headers()["accept-post"], "application/sdp");
    assert_eq!(problem(answer).await, (415, "wrong_content_type".into()));

    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = sfu.send(method.clone(), "/whip/room", &[], "").await;
        assert!(answer.headers()["allow"].to_str().unwrap().contains("POST"), "{method}");
        assert_eq!(problem(answer).await, (405, "method_not_allowed".into()));
    }
    let answer = sfu.send(Method::POST, "/whip/a%20b", &[SDP], "v=0").await;
    assert_eq!(problem(answer).await.0, 400);
    let answer = sfu.send(Method::POST, "/whep/room?slots=teacher,ceiling", &[SDP], "v=0").await;
    assert_eq!(problem(answer).await.0, 400);
    let answer = sfu.send(Method::GET, "/nothing", &[], "").await;
    assert_eq!(problem(answer).await, (404, "not_found".into()));
    let answer = sfu.send(Method::GET, "/control/stats", &[], "").await;
    assert_eq!(problem(answer).await.0, 404, "alone there is no control API");
}

#[tokio::test]
async fn addresses_that_cannot_be_read_are_refused_in_words_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let sfu = Sfu::dev(Some(folder.path())).await;
    let secret =
        format!("Bearer {}", tongtang_config::Secrets::ensure(folder.path()).unwrap().control_secret);
    let headers = [SDP, ("authorization", secret.as_str())];
    let bad = [
        (Method::POST, "/whip/%ff"),
        (Method::POST, "/whep/room?role=boss"),
        (Method::POST, "/whep/room?participant=a%20b"),
        (Method::POST, "/whep/room?participant="),
        (Method::POST, "/whep/room?slots=teacher&slots=board"),
        (Method::PATCH, "/whip/room/%ff"),
        (Method::DELETE, "/whep/%ff/session"),
        (Method::PUT, "/control/rooms/%ff"),
        (Method::DELETE, "/control/rooms/r/participants/%ff"),
    ];
    let before = sfu.refused().await;
    for (method, path) in &bad {
        let answer = sfu.send(method.clone(), path, &headers, "v=0\r\n").await;
        assert_eq!(problem(answer).await, (400, "bad_request".into()), "{method} {path}");
    }
    assert_eq!(sfu.refused().await - before, bad.len() as u64);
}

#[tokio::test]
async fn methods_that_a_session_does_not_have_are_refused_with_those_it_has() {
    let sfu = Sfu::dev(None).await;
    for (path, has) in [("/whip/room", &["POST"][..]), ("/whep/room/session", &["PATCH", "DELETE"])] {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::TRACE] {
            let answer = sfu.send(method.clone(), path, &[], "").await;
            assert_eq!(answer.status(), 405, "{method} {path}");
            let allowed = answer.headers()["allow"].to_str().unwrap().to_owned();
            assert!(has.iter().all(|has| allowed.contains(has)), "{method} {path}: {allowed}");
            if method != Method::HEAD {
                assert_eq!(problem(answer).await, (405, "method_not_allowed".into()));
            }
        }
    }
    assert_eq!(problem(sfu.send(Method::POST, "/whep/room/session", &[], "").await).await.0, 405);
}

#[tokio::test]
async fn open_rooms_are_for_this_machine_alone() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = command(address).arg("--dev").output().await.unwrap();
        assert!(!refused.status.success(), "{address}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("--dev") && said.contains("loopback") && said.contains(address), "{said}");
    }
}

#[tokio::test]
async fn a_session_that_is_not_there_answers_404() {
    let sfu = Sfu::dev(None).await;
    let answer = sfu.send(Method::DELETE, "/whip/room/nobody", &[], "").await;
    assert_eq!(problem(answer).await, (404, "no_session".into()));
    let answer = sfu.send(Method::PATCH, "/whep/room/nobody", &[FRAGMENT, ("if-match", "*")], "a=x").await;
    assert_eq!(problem(answer).await, (404, "no_session".into()));
}

#[tokio::test]
async fn a_page_of_any_origin_may_ask_what_is_possible() {
    let sfu = Sfu::dev(None).await;
    let answer =
        sfu.send(Method::OPTIONS, "/whip/room", &[("origin", "https://lessons.example.cn")], "").await;
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["accept-post"], "application/sdp");
    let allowed = answer.headers()["access-control-allow-headers"].to_str().unwrap().to_lowercase();
    for name in ["authorization", "content-type", "if-match"] {
        assert!(allowed.contains(name), "{name}");
    }
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap().to_lowercase();
    for name in ["location", "etag", "link"] {
        assert!(exposed.contains(name), "{name}");
    }
    let answer = sfu.send(Method::OPTIONS, "/whip/room/session", &[], "").await;
    assert!(answer.headers()["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
    assert_eq!(answer.headers()["accept-patch"], "application/trickle-ice-sdpfrag");
}

#[tokio::test]
async fn a_line_of_noise_instead_of_http_disturbs_nobody() {
    let sfu = Sfu::dev(None).await;
    let address = sfu.url.trim_start_matches("http://");
    for noise in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"GET\r\n\r\n", &[0xff; 4096]] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(noise).await.unwrap();
        stream.shutdown().await.unwrap();
        // Whatever comes back: the connection is closed.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(sfu.send(Method::GET, "/readyz", &[], "").await.status(), 200);
}

#[tokio::test]
async fn a_storm_of_offers_is_told_to_come_back_and_is_heard_then() {
    let sfu = Sfu::dev(None).await;
    let offer = async || problem(sfu.send(Method::POST, "/whep/room", &[SDP], "v=0\r\n").await).await;
    // Ten at a time, until the node has had enough: it gets more than it takes in a second.
    let storm = async {
        loop {
            let sent = (0..10).map(|_| sfu.send(Method::POST, "/whep/room", &[SDP], "v=0\r\n"));
            for answer in futures_util::future::join_all(sent).await {
                if answer.status() == 429 {
                    assert_eq!(answer.headers()["retry-after"], "1");
                    return problem(answer).await;
                }
                assert_eq!(problem(answer).await, (400, "bad_sdp".into()));
            }
        }
    };
    let refused = tokio::time::timeout(DEADLINE, storm).await.expect("a limit is met");
    assert_eq!(refused, (429, "too_many_offers".into()));
    let heard_again = async { while offer().await.0 == 429 {} };
    tokio::time::timeout(DEADLINE, heard_again).await.expect("the next one is heard");
}

#[tokio::test]
async fn who_does_not_go_on_is_cut_off() {
    // The node's own patience, for a body and for a head, lies below it.
    const LONG: std::time::Duration = std::time::Duration::from_secs(60);
    let sfu = Sfu::dev(None).await;
    let address = sfu.url.trim_start_matches("http://");
    let answer_to = async |sent: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset is an end, too.
        let read = tokio::time::timeout(LONG, stream.read_to_end(&mut answer));
        let _ = read.await.expect("the connection is closed");
        String::from_utf8(answer).unwrap()
    };
    let head = "POST /whip/room HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let body = format!("{head}Content-Type: application/sdp\r\nContent-Length: 100\r\n\r\nv=0");
    let (body, head) = tokio::join!(answer_to(&body), answer_to(head));
    assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
    assert!(body.contains("application/problem+json") && body.contains("body_too_slow"), "{body}");
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 408 "), "{head}");
}

#[tokio::test]
async fn bad_offers_are_refused_in_words() {
    let sfu = Sfu::dev(None).await;
    let many = format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{}",
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n".repeat(1000)
    );
    for endpoint in ["/whip/room", "/whep/room"] {
        for bad in ["", "hello", "v=0\r\n", "\u{0}\u{1}", "v=0\r\nm=\r\n", &"a=\r\n".repeat(5000), &many] {
            let answer = sfu.send(Method::POST, endpoint, &[SDP], bad).await;
            assert_eq!(problem(answer).await, (400, "bad_sdp".into()), "{bad:.40}");
        }
    }
    assert_eq!(sfu.send(Method::GET, "/healthz", &[], "").await.status(), 200);
}
