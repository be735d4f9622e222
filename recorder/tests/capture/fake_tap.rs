//! An sfu's tap that retains everything, over real QUIC with real certificates.

use bytes::{Bytes, BytesMut};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, Endpoint, SendStream};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tongtang_config::secrets::Secrets;
use tongtang_roq::arrival::{self, Mark};
use tongtang_roq::control::{Flow, FlowId, FromRecorder, FromSfu};
use tongtang_roq::framing;

/// A packet as the sfu received it.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub arrival_unix_us: u64,
    pub packet: Bytes,
}

#[derive(Debug, Clone, Default)]
pub struct Room {
    pub flows: BTreeMap<FlowId, Retained>,
    /// Times that a recorder subscribed.
    pub subscriptions: u32,
    pub refused: u32,
    /// Times that it asked for keyframes.
    pub keyframes: u32,
    pub is_finished: bool,
}

#[derive(Debug, Clone)]
pub struct Retained {
    pub flow: Flow,
    pub packets: Vec<Arrived>,
    /// Packets before this one are forgotten.
    pub first: u64,
    pub durable: u64,
}

/// The tap. Dropping it closes every connection.
pub struct FakeTap {
    pub addr: SocketAddr,
    pub epoch: u64,
    room: Arc<Mutex<Room>>,
    changed: Arc<watch::Sender<u64>>,
    endpoint: Endpoint,
}

impl Drop for FakeTap {
    fn drop(&mut self) {
        self.endpoint.close(0u32.into(), b"the sfu is gone");
    }
}

impl FakeTap {
    pub fn new(secrets: &Secrets, epoch: u64) -> Self {
        let endpoint =
            Endpoint::server(server_config(secrets), SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let tap = Self {
            addr: endpoint.local_addr().unwrap(),
            epoch,
            room: Arc::default(),
            changed: Arc::new(watch::channel(0).0),
            endpoint: endpoint.clone(),
        };
        let (room, changed) = (tap.room.clone(), tap.changed.clone());
        tokio::spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                let (room, changed) = (room.clone(), changed.clone());
                tokio::spawn(async move {
                    if let Ok(connection) = incoming.await {
                        // A recorder that is killed mid-sentence is what these tests are about.
                        let _ = serve(connection, epoch, room, changed).await;
                    }
                });
            }
        });
        tap
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut Room) -> T) -> T {
        let result = work(&mut self.room.lock().unwrap());
        self.changed.send_modify(|version| *version += 1);
        result
    }

    pub fn start(&self, flow: &Flow) {
        let retained = Retained { flow: flow.clone(), packets: Vec::new(), first: 0, durable: 0 };
        self.with(|room| room.flows.insert(flow.id, retained));
    }

    pub fn send(&self, flow: FlowId, arrived: Arrived) {
        self.with(|room| room.flows.get_mut(&flow).unwrap().packets.push(arrived));
    }

    /// Waits until the room is as `is` wants it.
    pub async fn until(&self, what: &str, is: impl Fn(&Room) -> bool) {
        let mut changed = self.changed.subscribe();
        let wait = async {
            while !is(&self.room.lock().unwrap()) {
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(super::process::DEADLINE, wait)
            .await
            .unwrap_or_else(|_| panic!("not in time: {what}"));
    }
}

fn server_config(secrets: &Secrets) -> quinn::ServerConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(secrets.tap_ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let chain =
        CertificateDer::pem_slice_iter(secrets.tap_sfu.cert_pem.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(secrets.tap_sfu.key_pem.as_bytes()).unwrap();
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    tls.alpn_protocols = vec![tongtang_roq::ALPN.to_vec()];
    quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()))
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn serve(
    connection: Connection,
    epoch: u64,
    room: Arc<Mutex<Room>>,
    changed: Arc<watch::Sender<u64>>,
) -> Result<(), Failed> {
    let (mut send, mut receive) = connection.accept_bi().await?;
    let mut text = Vec::new();
    let FromRecorder::Subscribe { sfu_epoch, next, .. } = next_line(&mut receive, &mut text).await? else {
        return Err("the first line subscribes".into());
    };
    if sfu_epoch != epoch {
        room.lock().unwrap().refused += 1;
        changed.send_modify(|version| *version += 1);
        say(&mut send, &FromSfu::Refused { reason: "another epoch".into() }).await?;
        send.finish()?;
        connection.closed().await;
        return Ok(());
    }
    room.lock().unwrap().subscriptions += 1;
    changed.send_modify(|version| *version += 1);
    tokio::spawn(feed(connection.clone(), send, next, room.clone(), changed.subscribe()));
    loop {
        let line = next_line(&mut receive, &mut text).await?;
        let is_over = line == FromRecorder::Finish;
        {
            let mut room = room.lock().unwrap();
            match line {
                FromRecorder::Durable { flow, next } => room.flows.get_mut(&flow).unwrap().durable = next,
                FromRecorder::Keyframes => room.keyframes += 1,
                FromRecorder::Finish => room.is_finished = true,
                FromRecorder::Subscribe { .. } => return Err("subscribed twice".into()),
            }
        }
        changed.send_modify(|version| *version += 1);
        if is_over {
            connection.close(0u32.into(), b"finished");
            return Ok(());
        }
    }
}

async fn next_line(receive: &mut quinn::RecvStream, text: &mut Vec<u8>) -> Result<FromRecorder, Failed> {
    loop {
        if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line = serde_json::from_slice(&text[..end])?;
            text.drain(..=end);
            return Ok(line);
        }
        match receive.read_chunk(4096, true).await? {
            Some(chunk) => text.extend_from_slice(&chunk.bytes),
            None => return Err("the control stream ended".into()),
        }
    }
}

async fn say(send: &mut SendStream, line: &FromSfu) -> Result<(), Failed> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(send.write_all(&text).await?)
}

/// Sends every flow from where the recorder wants it, as packets come.
async fn feed(
    connection: Connection,
    mut send: SendStream,
    wanted: BTreeMap<FlowId, u64>,
    room: Arc<Mutex<Room>>,
    mut changed: watch::Receiver<u64>,
) -> Result<(), Failed> {
    let mut streams: BTreeMap<FlowId, (SendStream, u64)> = BTreeMap::new();
    loop {
        let started: Vec<Retained> = {
            let room = room.lock().unwrap();
            let is_new = |retained: &&Retained| !streams.contains_key(&retained.flow.id);
            let without_packets = |retained: &Retained| Retained { packets: Vec::new(), ..retained.clone() };
            room.flows.values().filter(is_new).map(without_packets).collect()
        };
        for Retained { flow, first, .. } in started {
            let first = first.max(wanted.get(&flow.id).copied().unwrap_or(0));
            // The stream first: its packets may be there before the line that describes them.
            let mut stream = connection.open_uni().await?;
            let mut head = BytesMut::new();
            framing::put_flow(&mut head, flow.id);
            stream.write_all(&head).await?;
            streams.insert(flow.id, (stream, first));
            say(&mut send, &FromSfu::FlowStarted { flow, first }).await?;
        }
        for (id, (stream, next)) in &mut streams {
            let (packets, ssrc): (Vec<Arrived>, u32) = {
                let room = room.lock().unwrap();
                let retained = &room.flows[id];
                (retained.packets.iter().skip(*next as usize).cloned().collect(), retained.flow.ssrc)
            };
            let mut out = BytesMut::new();
            for arrived in packets {
                let mut mark = BytesMut::new();
                arrival::put(&mut mark, ssrc, Mark { unix_us: arrived.arrival_unix_us, index: *next });
                framing::put_packet(&mut out, &mark);
                framing::put_packet(&mut out, &arrived.packet);
                *next += 1;
            }
            stream.write_all(&out).await?;
        }
        changed.changed().await?;
    }
}
