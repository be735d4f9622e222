//! A publisher of numbered Opus packets over real UDP: WHIP's offer, ICE, DTLS, SRTP.
// Each test file uses a part of it.
#![allow(dead_code)]

#[path = "../connection/client.rs"]
#[allow(dead_code, missing_docs, clippy::unwrap_used)]
pub mod client;

use crate::node::DEADLINE;
use client::{Ask, Client, GCM, Names};
use std::net::SocketAddr;
use std::time::Instant;
use tokio::net::UdpSocket;
use tokio::time::timeout;
use tongtang_sfu::demux::{Kind, classify};

/// The SSRC it publishes with.
pub const SSRC: u32 = 4242;

pub struct Publisher {
    socket: UdpSocket,
    server: SocketAddr,
    client: Client,
    names: Names,
    /// The next packet's number.
    pub next: u64,
}

impl Publisher {
    /// A connected publisher. `post` sends the offer and gives the answer.
    pub async fn connect(post: impl AsyncFnOnce(String) -> String) -> Self {
        let client = Client::new(&[GCM], 1200);
        let answer = post(offer(&client)).await;
        let value =
            |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        let names = Names { ufrag: value("a=ice-ufrag:"), pwd: value("a=ice-pwd:") };
        let candidate = answer
            .lines()
            .filter_map(|line| line.strip_prefix("a=candidate:"))
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|words| words[4] == "127.0.0.1")
            .expect("loopback is always offered");
        let server = SocketAddr::new(candidate[4].parse().unwrap(), candidate[5].parse().unwrap());
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut publisher = Self { socket, server, client, names, next: 0 };
        timeout(DEADLINE, publisher.shake_hands()).await.expect("ICE and DTLS connect");
        publisher
    }

    /// The media address it talks to.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    async fn shake_hands(&mut self) {
        self.check().await;
        self.client.start_dtls(Instant::now());
        while !self.client.connected {
            while let Some(datagram) = self.client.poll_transmit() {
                self.socket.send_to(&datagram, self.server).await.unwrap();
            }
            let mut buffer = [0; 2048];
            let patience =
                self.client.poll_timeout().map_or(DEADLINE, |due| due.duration_since(Instant::now()));
            match timeout(patience, self.socket.recv_from(&mut buffer)).await {
                Ok(Ok((len, _))) if classify(&buffer[..len]) == Kind::Dtls => {
                    self.client.handle_dtls(Instant::now(), &buffer[..len]);
                }
                Ok(_) => {}
                Err(_) => self.client.handle_timeout(Instant::now()),
            }
            assert!(self.client.failed.is_none(), "{:?}", self.client.failed);
        }
        while let Some(datagram) = self.client.poll_transmit() {
            self.socket.send_to(&datagram, self.server).await.unwrap();
        }
    }

    /// A connectivity check and its answer: the session is alive.
    pub async fn check(&mut self) {
        let check = self.client.check(&self.names, Ask::Nominate);
        self.socket.send_to(&check, self.server).await.unwrap();
        let mut buffer = [0; 2048];
        loop {
            let (len, _) =
                timeout(DEADLINE, self.socket.recv_from(&mut buffer)).await.expect("an answer").unwrap();
            if self.client.success(&buffer[..len], &self.names).is_some() {
                return;
            }
        }
    }

    /// Sends one packet of about `size` bytes that carries its number.
    pub async fn send(&mut self, size: usize) {
        let mut packet = vec![0x80, 111];
        packet.extend_from_slice(&(self.next as u16).to_be_bytes());
        packet.extend_from_slice(&(self.next as u32 * 960).to_be_bytes());
        packet.extend_from_slice(&SSRC.to_be_bytes());
        packet.extend_from_slice(&self.next.to_be_bytes());
        packet.resize(size, 0xfc);
        let (_, seal) = self.client.srtp.as_mut().unwrap();
        let sealed = seal.encrypt_rtp(&packet).unwrap();
        self.socket.send_to(&sealed, self.server).await.unwrap();
        self.next += 1;
    }

    /// Sends `count` packets, paced so that no socket buffer overflows: a test of the tap is no test of UDP.
    pub async fn send_many(&mut self, count: u64, size: usize) {
        for n in 0..count {
            self.send(size).await;
            if n % 8 == 7 {
                tokio::time::sleep(std::time::Duration::from_millis(4)).await;
            }
        }
    }
}

/// The number that a published packet carries.
pub fn number(packet: &[u8]) -> u64 {
    u64::from_be_bytes(packet[12..20].try_into().unwrap())
}

fn offer(client: &Client) -> String {
    let description = client.description();
    let digest: Vec<String> =
        description.fingerprint_sha256.iter().map(|byte| format!("{byte:02X}")).collect();
    [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 0.0.0.0",
        &format!("a=ice-ufrag:{}", description.ufrag),
        &format!("a=ice-pwd:{}", description.pwd),
        &format!("a=fingerprint:sha-256 {}", digest.join(":")),
        "a=setup:actpass",
        "a=mid:0",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        &format!("a=ssrc:{SSRC} cname:test"),
        "",
    ]
    .join("\r\n")
}
