//! The recorders' door: RTP over QUIC with mutual TLS, as `sfu/roq` documents.
//!
//! Owns the listener and a [`shelf`] for each recording. Enters: connections with a certificate of the
//! tap's authority. Leaves: the room's packets, untouched, with their arrival times.
//!
//! * [`store`]: what is kept until it is durable
//! * [`shelf`]: the ring emptied into the store
//! * [`connection`]: one recorder's connection

pub mod connection;
pub mod shelf;
pub mod store;

use crate::engine::TapId;
use crate::error::NodeError;
use crate::shell::http::Node;
use crate::tap::{RING_BYTES, ring};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connecting, Endpoint, IdleTimeout, ServerConfig, TransportConfig, VarInt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use shelf::{Shelf, ShelfKey};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::Bounds;
use tokio::sync::Mutex;
use tongtang_config::Secrets;
use tongtang_roq::ALPN;
use tongtang_roq::control::FlowId;

/// Recordings kept at once. One more is refused; its recorder tries again.
pub const MAX_RECORDINGS: usize = 64;

/// Connections at once, handshakes included. One more is refused.
pub const MAX_CONNECTIONS: usize = 2 * MAX_RECORDINGS;

/// A recorder that is silent (not even a QUIC keep-alive) for so long is gone.
const IDLE: Duration = Duration::from_secs(10);

/// So often a silent connection is asked for a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// Bytes on the way to one recorder; the rest waits in the store.
const SEND_WINDOW_BYTES: u64 = 2 << 20;

/// Control lines the recorder may send ahead of our reading.
const RECEIVE_WINDOW_BYTES: u32 = 64 * 1024;

/// Why a recorder's connection ended.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// QUIC's reason.
    #[error("{0}")]
    Connection(#[from] quinn::ConnectionError),
    /// A stream could not be written.
    #[error("{0}")]
    Write(#[from] quinn::WriteError),
    /// A stream could not be read.
    #[error("{0}")]
    Read(#[from] quinn::ReadError),
    /// It did not say what it wants.
    #[error("the recorder did not subscribe in time")]
    Silent,
    /// It does not speak our protocol.
    #[error("{0}")]
    Protocol(&'static str),
    /// Its other half ended.
    #[error("the connection's other half has ended")]
    Gone,
}

/// The listener.
pub struct Tap {
    address: SocketAddr,
    shelves: Arc<Shelves>,
    endpoint: Endpoint,
}

impl Tap {
    /// Opens the door.
    pub fn listen(
        address: SocketAddr,
        secrets: &Secrets,
        node: Arc<Node>,
        bounds: Bounds,
    ) -> Result<Self, NodeError> {
        let config = server_config(secrets)?;
        let endpoint =
            Endpoint::server(config, address).map_err(|source| NodeError::Tap { address, source })?;
        let address = endpoint.local_addr().map_err(|source| NodeError::Tap { address, source })?;
        let shelves = Arc::new(Shelves { shelves: Mutex::default(), bounds });
        tokio::spawn(accept(endpoint.clone(), node, shelves.clone()));
        Ok(Self { address, shelves, endpoint })
    }

    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ready when every recorder that is there has taken all that its rooms gave. Closes the door.
    pub async fn flushed(&self) {
        for shelf in self.shelves.all().await {
            shelf.flushed().await;
        }
        self.endpoint.close(VarInt::from_u32(0), b"the sfu stops");
        self.endpoint.wait_idle().await;
    }
}

async fn accept(endpoint: Endpoint, node: Arc<Node>, shelves: Arc<Shelves>) {
    while let Some(incoming) = endpoint.accept().await {
        if endpoint.open_connections() >= MAX_CONNECTIONS {
            incoming.refuse();
            continue;
        }
        let remote = incoming.remote_address();
        // Accepted here, so that it counts before the next one is looked at.
        match incoming.accept() {
            Ok(connecting) => {
                tokio::spawn(welcome(connecting, node.clone(), shelves.clone()));
            }
            Err(error) => tracing::warn!(%remote, %error, "a connection to the tap was refused"),
        }
    }
}

async fn welcome(connecting: Connecting, node: Arc<Node>, shelves: Arc<Shelves>) {
    let remote = connecting.remote_address();
    let connection = match connecting.await {
        Ok(connection) => connection,
        Err(error) => {
            tracing::warn!(%remote, %error, "a connection to the tap was refused");
            return;
        }
    };
    node.taps.fetch_add(1, Ordering::Relaxed);
    if let Err(error) = connection::serve(node.clone(), shelves, connection).await {
        tracing::warn!(%remote, %error, "a recorder's connection ended");
    }
    node.taps.fetch_sub(1, Ordering::Relaxed);
}

/// Only certificates of the tap's own authority are let in, on both sides.
fn server_config(secrets: &Secrets) -> Result<ServerConfig, NodeError> {
    let bad = |error: &dyn std::fmt::Display| NodeError::TapCertificate(error.to_string());
    let certificate = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| bad(&error));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate(&secrets.tap_ca_pem)?).map_err(|error| bad(&error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| bad(&error))?;
    let key =
        PrivateKeyDer::from_pem_slice(secrets.tap_sfu.key_pem.as_bytes()).map_err(|error| bad(&error))?;
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| bad(&error))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate(&secrets.tap_sfu.cert_pem)?], key)
        .map_err(|error| bad(&error))?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(RECEIVE_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(RECEIVE_WINDOW_BYTES))
        .send_window(SEND_WINDOW_BYTES)
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(IdleTimeout::try_from(IDLE).map_err(|error| bad(&error))?));
    let quic = QuicServerConfig::try_from(tls).map_err(|error| bad(&error))?;
    let mut config = ServerConfig::with_crypto(Arc::new(quic));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// A room's taps, one a worker.
type Taps = Vec<(usize, TapId)>;

/// What is kept, by recording.
#[derive(Debug)]
pub struct Shelves {
    bounds: Bounds,
    /// With a shelf the taps that fill it.
    shelves: Mutex<HashMap<ShelfKey, (Taps, Arc<Shelf>)>>,
}

impl Shelves {
    /// The recording's shelf; made, and the room tapped, when there is none. The error is for the recorder.
    pub async fn open(
        self: &Arc<Self>,
        node: &Arc<Node>,
        key: &ShelfKey,
        known: &BTreeMap<FlowId, u64>,
    ) -> Result<Arc<Shelf>, String> {
        let mut shelves = self.shelves.lock().await;
        if let Some((_, shelf)) = shelves.get(key) {
            return Ok(shelf.clone());
        }
        if shelves.len() >= MAX_RECORDINGS {
            return Err(format!("{MAX_RECORDINGS} recordings are being made on this node already"));
        }
        // A shelf that was given up is made anew: its indexes must not repeat those on the recorder's disk.
        let first_index = known.values().copied().max().unwrap_or(0);
        let (room, asked) = (key.0.clone(), key.0.clone());
        let has_room = node.workers.each(move |engine, _| engine.has_room(&asked)).await;
        let has_room = has_room.map_err(|error| error.to_string())?.contains(&true);
        let (writers, readers): (Vec<_>, Vec<_>) =
            (0..node.workers.count()).map(|_| ring(RING_BYTES, first_index)).unzip();
        let attached = node.workers.each_given(writers, move |engine, now, writer| {
            if has_room {
                engine.join_room(&room)?;
            }
            engine.attach_tap(now, &room, writer)
        });
        let (mut taps, mut refused) = (Taps::new(), None);
        for (worker, tap) in attached.await.map_err(|error| error.to_string())?.into_iter().enumerate() {
            match tap {
                Ok(tap) => taps.push((worker, tap)),
                Err(refusal) => refused = Some(refusal),
            }
        }
        if let Some(refusal) = refused {
            detach(node, taps).await;
            return Err(refusal.to_string());
        }
        let shelf = Arc::new(Shelf::new(self.bounds));
        shelves.insert(key.clone(), (taps, shelf.clone()));
        let (all, key, node, filled) = (self.clone(), key.clone(), node.clone(), shelf.clone());
        tokio::spawn(async move {
            filled.clone().fill(node, readers).await;
            all.remove(&key, &filled).await;
        });
        Ok(shelf)
    }

    /// The recording is finished: nothing is kept.
    pub async fn close(&self, node: &Node, key: &ShelfKey) {
        if let Some((taps, _)) = self.shelves.lock().await.remove(key) {
            detach(node, taps).await;
        }
    }

    async fn remove(&self, key: &ShelfKey, shelf: &Arc<Shelf>) {
        let mut shelves = self.shelves.lock().await;
        if shelves.get(key).is_some_and(|(_, current)| Arc::ptr_eq(current, shelf)) {
            shelves.remove(key);
        }
    }

    async fn all(&self) -> Vec<Arc<Shelf>> {
        self.shelves.lock().await.values().map(|(_, shelf)| shelf.clone()).collect()
    }
}

async fn detach(node: &Node, taps: Taps) {
    for (worker, tap) in taps {
        // A stopped engine has no taps.
        let _ = node.workers.on(worker).call(move |engine, _| engine.detach_tap(tap)).await;
    }
}
