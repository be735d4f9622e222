//! A peer whose network lets no UDP through: ICE, DTLS and SRTP in RFC 4571 frames on one connection.

use crate::node::{DEADLINE, Sfu};
use crate::publisher::client::{Ask, Client, GCM, Names};
use reqwest::Method;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tongtang_sfu::demux::{Kind, classify};
use tongtang_sfu::packet::Header;

const SSRC: u32 = 4242;

/// The receive buffer that a peer asks for which shall feel at once that it does not read.
const SMALL_BUFFER: u32 = 4_096;

/// Which half of a lesson it has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Publishes,
    Subscribes,
}

pub struct TcpPeer {
    stream: TcpStream,
    /// What has been read of the stream and is not a whole frame yet.
    read: Vec<u8>,
    server: SocketAddr,
    client: Client,
    names: Names,
    /// Where its session is.
    pub location: String,
    /// The number of the next packet that it sends.
    pub next: u64,
}

impl TcpPeer {
    /// A connected peer.
    pub async fn connect(sfu: &Sfu, room: &str, half: Half) -> Self {
        let client = Client::new(&[GCM], 1_200);
        let (path, direction) = match half {
            Half::Publishes => (format!("/whip/{room}?participant=t"), "sendonly"),
            Half::Subscribes => (format!("/whep/{room}?slots=audio0"), "recvonly"),
        };
        let offer = offer(&client, direction);
        let response = sfu.send(Method::POST, &path, &[("content-type", "application/sdp")], offer).await;
        assert_eq!(response.status(), 201);
        let location = response.headers()["location"].to_str().unwrap().to_owned();
        let answer = response.text().await.unwrap();
        let value =
            |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        let names = Names { ufrag: value("a=ice-ufrag:"), pwd: value("a=ice-pwd:") };
        let server = tcp_candidate(&answer);
        let stream = connect(server).await;
        let mut peer = Self { stream, read: Vec::new(), server, client, names, location, next: 0 };
        timeout(DEADLINE, peer.shake_hands()).await.expect("ICE and DTLS connect");
        peer
    }

    /// The connection breaks; the same association goes on over a new one.
    pub async fn reconnect(&mut self) {
        self.stream = connect(self.server).await;
        self.read.clear();
        timeout(DEADLINE, self.check()).await.expect("an answer");
    }

    async fn check(&mut self) {
        let check = self.client.check(&self.names, Ask::Nominate);
        self.write(&check).await;
        loop {
            let frame = self.frame().await.expect("the connection stays");
            if let Some(mapped) = self.client.success(&frame, &self.names) {
                assert_eq!(mapped, self.stream.local_addr().unwrap());
                return;
            }
        }
    }

    async fn shake_hands(&mut self) {
        self.check().await;
        self.client.start_dtls(Instant::now());
        loop {
            while let Some(datagram) = self.client.poll_transmit() {
                self.write(&datagram).await;
            }
            if self.client.connected {
                return;
            }
            let frame = self.frame().await.expect("the connection stays");
            if classify(&frame) == Kind::Dtls {
                self.client.handle_dtls(Instant::now(), &frame);
            }
            assert!(self.client.failed.is_none(), "{:?}", self.client.failed);
        }
    }

    /// Sends one packet of `size` bytes that carries its number.
    pub async fn send(&mut self, size: usize) {
        let mut packet = vec![0x80, 111];
        packet.extend_from_slice(&(self.next as u16).to_be_bytes());
        packet.extend_from_slice(&(self.next as u32 * 960).to_be_bytes());
        packet.extend_from_slice(&SSRC.to_be_bytes());
        packet.extend_from_slice(&self.next.to_be_bytes());
        packet.resize(size, 0xfc);
        let (_, seal) = self.client.srtp.as_mut().unwrap();
        let sealed = seal.encrypt_rtp(&packet).unwrap();
        self.write(&sealed).await;
        self.next += 1;
    }

    /// The number of the next packet that arrives. Whatever is no authentic packet ends the test.
    pub async fn receive(&mut self) -> u64 {
        loop {
            let frame =
                timeout(DEADLINE, self.frame()).await.expect("a frame").expect("the connection stays");
            match classify(&frame) {
                Kind::Rtp => {
                    let (open, _) = self.client.srtp.as_mut().unwrap();
                    let plain = open.decrypt_rtp(&frame).expect("the server sealed it for us");
                    let payload = Header::parse(&plain).unwrap().payload(&plain);
                    return u64::from_be_bytes(*payload.first_chunk().unwrap());
                }
                Kind::Rtcp => {
                    let (open, _) = self.client.srtp.as_mut().unwrap();
                    open.decrypt_rtcp(&frame).expect("the server sealed it for us");
                }
                kind => assert_ne!(kind, Kind::Other, "a frame was split"),
            }
        }
    }

    /// Reads until the server closes the connection.
    pub async fn closed(&mut self) {
        timeout(DEADLINE, async { while self.frame().await.is_some() {} }).await.expect("it is closed");
    }

    /// Bytes as they are.
    pub async fn write_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn write(&mut self, datagram: &[u8]) {
        self.write_raw(&framed(datagram)).await;
    }

    /// The next frame; may be given up at any time without losing a byte.
    async fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(prefix) = self.read.first_chunk() {
                let end = 2 + usize::from(u16::from_be_bytes(*prefix));
                if self.read.len() >= end {
                    return Some(self.read.drain(..end).skip(2).collect());
                }
            }
            if self.stream.read_buf(&mut self.read).await.ok()? == 0 {
                return None;
            }
        }
    }
}

/// A datagram behind its length.
pub fn framed(datagram: &[u8]) -> Vec<u8> {
    [&(datagram.len() as u16).to_be_bytes(), datagram].concat()
}

/// The loopback candidate for TCP of an answer.
pub fn tcp_candidate(answer: &str) -> SocketAddr {
    candidates(answer)
        .into_iter()
        .find(|words| words[2] == "tcp" && words[4] == "127.0.0.1")
        .map(|words| SocketAddr::new(words[4].parse().unwrap(), words[5].parse().unwrap()))
        .expect("loopback is always offered")
}

/// The words of each candidate of an answer's first m-line.
pub fn candidates(answer: &str) -> Vec<Vec<&str>> {
    let first = answer.split("\r\nm=").nth(1).unwrap();
    let lines = first.lines().filter_map(|line| line.strip_prefix("a=candidate:"));
    lines.map(|line| line.split_whitespace().collect()).collect()
}

/// A check for somebody, under a password of one's own invention.
pub fn forged_check(ufrag: &str) -> Vec<u8> {
    let names = Names { ufrag: ufrag.to_owned(), pwd: "a-password-that-is-not-theirs".to_owned() };
    Client::new(&[GCM], 1_200).check(&names, Ask::Nominate)
}

/// The server's user name in an answer.
pub fn ufrag_of(peer: &TcpPeer) -> &str {
    &peer.names.ufrag
}

async fn connect(server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SMALL_BUFFER).unwrap();
    let stream = socket.connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn offer(client: &Client, direction: &str) -> String {
    let description = client.description();
    let digest: Vec<String> =
        description.fingerprint_sha256.iter().map(|byte| format!("{byte:02X}")).collect();
    let mut lines = vec![
        "v=0".to_owned(),
        "o=- 1 1 IN IP4 127.0.0.1".to_owned(),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        "a=group:BUNDLE 0".to_owned(),
        "m=audio 9 UDP/TLS/RTP/SAVPF 111".to_owned(),
        "c=IN IP4 0.0.0.0".to_owned(),
        format!("a=ice-ufrag:{}", description.ufrag),
        format!("a=ice-pwd:{}", description.pwd),
        format!("a=fingerprint:sha-256 {}", digest.join(":")),
        "a=setup:actpass".to_owned(),
        "a=mid:0".to_owned(),
        format!("a={direction}"),
        "a=rtcp-mux".to_owned(),
        "a=rtpmap:111 opus/48000/2".to_owned(),
    ];
    if direction == "sendonly" {
        lines.push(format!("a=ssrc:{SSRC} cname:test"));
    }
    lines.push(String::new());
    lines.join("\r\n")
}
