//! One lesson over two media threads, their ports and the rings between them: a real node, real sockets.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[allow(dead_code, reason = "the simulated tests use the rest")]
#[path = "sim/browser.rs"]
mod browser;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "connection/client.rs"]
mod client;
#[allow(dead_code, reason = "the simulated tests use the rest")]
#[path = "sim/content.rs"]
mod content;
mod node;
#[allow(dead_code, reason = "the simulated tests use the rest")]
#[path = "sim/offers.rs"]
mod offers;
#[allow(dead_code, reason = "the simulated tests use the rest")]
#[path = "sim/receiver.rs"]
mod receiver;
#[allow(dead_code, reason = "the simulated tests use the rest")]
#[path = "sim/sender.rs"]
mod sender;

use browser::{Browser, Half};
use content::Video;
use receiver::Receiver;
use sender::Sender;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tongtang_config::Config;
use tongtang_protocol::ids::SessionId;
use tongtang_protocol::lesson::Source;
use tongtang_sfu::engine::Path;
use tongtang_sfu::shell::http::placement::MAX_AT_HOME;
use tongtang_sfu::shell::node::{Mode, Running};

/// Longest wait for anything that must happen.
const DEADLINE: Duration = Duration::from_secs(30);
/// So many screens are on the second worker.
const FAR: usize = 8;

struct Page {
    browser: Browser,
    socket: UdpSocket,
    server: SocketAddr,
}

impl Page {
    async fn open(
        http: &reqwest::Client,
        url: String,
        offer: String,
        client: client::Client,
        half: impl FnOnce(&str) -> Half,
    ) -> Self {
        let post = http.post(url).header("content-type", "application/sdp").body(offer);
        let answer = post.send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let answer = answer.text().await.unwrap();
        let candidate =
            answer.lines().find(|line| line.contains(" 127.0.0.1 ") && line.contains("candidate"));
        let port = candidate.unwrap().split(' ').nth(5).unwrap().parse().unwrap();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let path = Path { socket: 0, remote: socket.local_addr().unwrap() };
        let session = SessionId::new("any").unwrap();
        let browser = Browser::new(client, path, session, &answer, half(&answer), Instant::now());
        Self { browser, socket, server: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) }
    }

    fn turn(&mut self) {
        let mut datagram = [0u8; 2048];
        let now = Instant::now();
        while let Ok((len, _)) = self.socket.recv_from(&mut datagram) {
            self.browser.handle_datagram(now, &datagram[..len]);
        }
        if self.browser.next_timeout().is_some_and(|at| at <= now) {
            let unix_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64;
            self.browser.handle_timeout(now, unix_us);
        }
        self.browser.collect();
        for datagram in std::mem::take(&mut self.browser.outgoing) {
            self.socket.send_to(&datagram, self.server).unwrap();
        }
    }
}

fn fingerprint(client: &client::Client) -> String {
    let pairs: Vec<String> =
        client.description().fingerprint_sha256.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

#[tokio::test]
async fn an_audience_on_two_threads_sees_and_hears_the_teacher_on_one_of_them() {
    let mut config = Config::default();
    config.sfu.http_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    config.sfu.udp_port = 0;
    config.sfu.workers = 2;
    let running = Running::start(&config, Mode::Dev(None)).await.unwrap();
    let http = node::client();

    let client = Browser::client();
    let sources = [Source::Microphone, Source::Camera];
    let offer = offers::publish(&client.ufrag, &fingerprint(&client), &[]);
    let url = format!("http://{}/whip/r?participant=t&role=teacher", running.http);
    let half = |_: &str| Half::Sends(Sender::new(Instant::now(), 1, Video::H264, &[], &sources));
    let mut teacher = Page::open(&http, url, offer, client, half).await;

    let mut screens = Vec::new();
    for n in 1..MAX_AT_HOME + FAR {
        let client = Browser::client();
        let offer = offers::subscribe(&client.ufrag, &fingerprint(&client), 1, 1);
        let url = format!("http://{}/whep/r?participant=p{n}&slots=teacher,audio0", running.http);
        let half = |answer: &str| Half::Receives(Receiver::new(answer));
        screens.push(Page::open(&http, url, offer, client, half).await);
    }
    let ports: BTreeSet<u16> = screens.iter().map(|screen| screen.server.port()).collect();
    assert_eq!(ports.len(), 2, "each worker has a port of its own");
    let far = screens.iter().filter(|screen| screen.server != teacher.server).count();
    assert_eq!(far, FAR);

    let started = Instant::now();
    let is_done = |screen: &mut Page| {
        let slots = &screen.browser.receiver().slots;
        slots[&0].frames() > 25 && slots[&1].heard.len() > 25
    };
    while !screens.iter_mut().all(is_done) {
        assert!(started.elapsed() < DEADLINE, "not every screen has a second of picture and sound");
        teacher.turn();
        screens.iter_mut().for_each(Page::turn);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for screen in &mut screens {
        screen.browser.receiver().slots.values().for_each(receiver::Slot::check);
    }
    let stats = running.node.workers.each(|engine, _| engine.stats()).await.unwrap();
    assert!(stats.iter().all(|stats| stats.counter("rtp_out_packets") > 0));
    assert_eq!((stats[0].counter("mirrored_packets"), stats[1].counter("mirror_packets_lost")), (0, 0));
    assert!(stats[1].counter("mirrored_packets") > 0);
    running.stop().await;
}
