//! The tap client: brings a room's packets from its sfu over RTP over QUIC.
//!
//! Enters: a subscription. Leaves, in a bounded queue: flows, packets with index and arrival, the end
//! of the connection. A full queue stops reading, QUIC's flow control stops the sfu, and the sfu drops
//! what it cannot retain and says so: nothing here grows, and the live lesson does not notice.

mod streams;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, IdleTimeout, TransportConfig, VarInt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, version};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tongtang_config::secrets::{Secrets, TAP_SERVER_NAME};
use tongtang_protocol::ids::{RecordingId, RoomId};
use tongtang_roq::control::{FlowId, FromRecorder};

pub use streams::TapItem;

/// Items between the connection and the disk, at most 2 KiB each. When the disk is further behind,
/// reading stops and the sfu retains, then drops.
pub const MAX_QUEUED_ITEMS: usize = 4096;
/// Bytes of all streams that QUIC buffers while the queue is full.
const MAX_CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// The same, of one stream.
const MAX_STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// Flows at once; the sfu waits with more.
const MAX_FLOW_STREAMS: u32 = 512;
/// Control lines waiting to be sent. `Durable` is cumulative, so a dropped one is made up by the next.
const MAX_QUEUED_LINES: usize = 1024;
/// A connection that is not there by then is given up and tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A silent sfu counts as gone after this.
const IDLE_TIMEOUT_MS: u32 = 3_000;
const KEEP_ALIVE: Duration = Duration::from_millis(800);
/// How long a finished tap waits for the sfu to have read `finish`.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// Why there is no tap.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// Our own certificate or the authority's.
    #[error("the tap's certificates cannot be used: {0}")]
    Certificates(String),
    /// No UDP socket.
    #[error("no UDP socket for the tap: {0}")]
    Socket(#[from] std::io::Error),
    /// The sfu does not answer.
    #[error("the sfu's tap at {addr} does not answer: {why}")]
    Unreachable {
        /// Where.
        addr: SocketAddr,
        /// What happened.
        why: String,
    },
}

/// What to tap.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The sfu's tap.
    pub addr: SocketAddr,
    /// The room.
    pub room: RoomId,
    /// For which recording.
    pub recording: RecordingId,
    /// The life of the sfu that `next` speaks of.
    pub sfu_epoch: u64,
    /// For known flows, the index of the first packet that is not here yet.
    pub next: BTreeMap<FlowId, u64>,
}

/// Makes taps; one UDP socket for all of them.
#[derive(Debug, Clone)]
pub struct Taps {
    endpoint: Endpoint,
}

impl Taps {
    /// Opens the socket and loads the recorder's end of the mutual TLS. Call within a tokio runtime.
    pub fn new(secrets: &Secrets) -> Result<Self, TapError> {
        let config = client_config(secrets)?;
        let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        // A machine without IPv6 has no such socket.
        let mut endpoint =
            Endpoint::client(any).or_else(|_| Endpoint::client((Ipv4Addr::UNSPECIFIED, 0).into()))?;
        endpoint.set_default_client_config(config);
        Ok(Self { endpoint })
    }

    /// Connects and subscribes. Refusal comes as the first item.
    pub async fn connect(&self, subscription: Subscription) -> Result<Tap, TapError> {
        let addr = subscription.addr;
        let unreachable = |why: String| TapError::Unreachable { addr, why };
        let connecting =
            self.endpoint.connect(addr, TAP_SERVER_NAME).map_err(|error| unreachable(error.to_string()))?;
        let connection = timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|_| unreachable(format!("no connection within {} s", CONNECT_TIMEOUT.as_secs())))?
            .map_err(|error| unreachable(error.to_string()))?;
        let (send, receive) = connection.open_bi().await.map_err(|error| unreachable(error.to_string()))?;

        let Subscription { room, recording, sfu_epoch, next, .. } = subscription;
        let (line_sender, line_receiver) = mpsc::channel(MAX_QUEUED_LINES);
        let (item_sender, items) = mpsc::channel(MAX_QUEUED_ITEMS);
        let (started_sender, started) = watch::channel(Default::default());
        let first = FromRecorder::Subscribe { room, recording, sfu_epoch, next };
        let mut tasks = JoinSet::new();
        tasks.spawn(streams::write_lines(send, first, line_receiver));
        tasks.spawn(streams::read_lines(connection.clone(), receive, item_sender.clone(), started_sender));
        tasks.spawn(streams::accept_flows(connection.clone(), item_sender, started));
        Ok(Tap { connection, items, lines: line_sender, tasks })
    }
}

/// One connection to an sfu. Dropping it closes the connection; the sfu then retains what is not
/// durable.
#[derive(Debug)]
pub struct Tap {
    connection: Connection,
    items: mpsc::Receiver<TapItem>,
    lines: mpsc::Sender<FromRecorder>,
    tasks: JoinSet<()>,
}

impl Tap {
    /// Waits for items and appends up to `limit` of them. 0: nothing will come any more.
    pub async fn receive(&mut self, into: &mut Vec<TapItem>, limit: usize) -> usize {
        self.items.recv_many(into, limit).await
    }

    /// Tells the sfu how far a flow is on disk.
    pub fn durable(&self, flow: FlowId, next: u64) {
        let _ = self.lines.try_send(FromRecorder::Durable { flow, next });
    }

    /// Asks the sfu for keyframes of all pictures: those before are not kept.
    pub fn keyframes(&self) {
        let _ = self.lines.try_send(FromRecorder::Keyframes);
    }

    /// Tells the sfu that the recording is finished and waits a moment until it has heard.
    pub async fn finish(mut self) {
        // Whatever still comes is not wanted: the reader must not stand in the way of the goodbye.
        self.items.close();
        if self.lines.send(FromRecorder::Finish).await.is_ok() {
            let _ = timeout(FINISH_TIMEOUT, self.connection.closed()).await;
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.connection.close(VarInt::from_u32(0), b"recorder closes");
        self.tasks.abort_all();
    }
}

fn client_config(secrets: &Secrets) -> Result<ClientConfig, TapError> {
    let failed =
        |what: &str, error: &dyn std::fmt::Display| TapError::Certificates(format!("{what}: {error}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(secrets.tap_ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|error| failed("tap-ca.pem", &error))?;
        roots.add(certificate).map_err(|error| failed("tap-ca.pem", &error))?;
    }
    let chain = CertificateDer::pem_slice_iter(secrets.tap_recorder.cert_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed("tap-recorder.pem", &error))?;
    let key = PrivateKeyDer::from_pem_slice(secrets.tap_recorder.key_pem.as_bytes())
        .map_err(|error| failed("tap-recorder-key.pem", &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])
        .map_err(|error| failed("TLS 1.3", &error))?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|error| failed("tap-recorder.pem", &error))?;
    tls.alpn_protocols = vec![tongtang_roq::ALPN.to_vec()];
    let quic = QuicClientConfig::try_from(tls).map_err(|error| failed("QUIC", &error))?;
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_uni_streams(VarInt::from_u32(MAX_FLOW_STREAMS))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(MAX_STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(MAX_CONNECTION_WINDOW_BYTES))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_TIMEOUT_MS))))
        .keep_alive_interval(Some(KEEP_ALIVE));
    let mut config = ClientConfig::new(Arc::new(quic));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::capture::MAX_TRACKS;
    use tongtang_protocol::ids::MAX_ID_LEN;
    use tongtang_roq::control::MAX_LINE_BYTES;

    #[test]
    fn the_subscription_of_the_longest_recording_fits_into_a_line() {
        let name = "x".repeat(MAX_ID_LEN);
        let next = (0..MAX_TRACKS as u64).map(|n| (FlowId(u64::MAX - n), u64::MAX - n));
        let line = FromRecorder::Subscribe {
            room: RoomId::new(name.clone()).unwrap(),
            recording: RecordingId::new(name).unwrap(),
            sfu_epoch: u64::MAX,
            next: next.collect(),
        };
        let bytes = serde_json::to_vec(&line).unwrap().len();
        assert!(bytes <= MAX_LINE_BYTES, "{bytes}");
    }
}
