//! A recorder at the tap: what it gets when it is quick, slow, killed, or nobody we know.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod node;
#[path = "node/publisher.rs"]
mod publisher;

use futures_util::future::{join_all, select_all};
use node::{DEADLINE, client};
use publisher::{Publisher, number};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{Connection, Endpoint, RecvStream, SendStream, VarInt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;
use tongtang_config::secrets::{CertKey, TAP_SERVER_NAME};
use tongtang_config::{Config, Secrets};
use tongtang_protocol::control::{RoomSpec, Routes};
use tongtang_protocol::ids::{RecordingId, RoomId};
use tongtang_protocol::lesson::VideoCodec;
use tongtang_roq::control::{FlowId, FromRecorder, FromSfu, MAX_LINE_BYTES};
use tongtang_roq::framing::{StreamReader, is_rtcp};
use tongtang_roq::{ALPN, arrival};
use tongtang_sfu::engine::Engine;
use tongtang_sfu::shell::node::{Mode, Running};
use tongtang_sfu::shell::tap::store::Bounds;
use tongtang_sfu::shell::tap::{MAX_CONNECTIONS, MAX_RECORDINGS, Tap};

/// A node in this process, with a tap of its own bounds.
struct Lesson {
    running: Running,
    tap: Tap,
    secrets: Secrets,
    publisher: Publisher,
    _folder: TempDir,
}

impl Lesson {
    async fn start(bounds: Bounds) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::ensure(folder.path()).unwrap();
        let mut config = Config::default();
        config.sfu.http_listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.sfu.udp_port = 0;
        let client = client();
        let running = Running::start(&config, Mode::Dev(None)).await.unwrap();
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let tap = Tap::listen(any_port, &secrets, running.node.clone(), bounds).unwrap();
        let url = format!("http://{}/whip/r1?participant=teacher", running.http);
        let publisher = Publisher::connect(async |offer| {
            let post = client.post(url).header("content-type", "application/sdp").body(offer);
            let answer = post.send().await.unwrap();
            assert_eq!(answer.status(), 201);
            answer.text().await.unwrap()
        })
        .await;
        Self { running, tap, secrets, publisher, _folder: folder }
    }

    async fn recorder(&self, next: BTreeMap<FlowId, u64>) -> Recorder {
        let connection =
            dial(self.tap.address(), &self.secrets, &self.secrets.tap_recorder, None).await.unwrap();
        Recorder::subscribe(connection, "r1", self.running.node.epoch, next).await
    }

    /// A recorder that listens already when the first packet of the test is sent.
    async fn listening(&mut self) -> (Recorder, Reading) {
        let mut recorder = self.recorder(BTreeMap::new()).await;
        // Whether the tap was there before this packet or not: the flow is announced.
        self.publisher.send(160).await;
        let reading = recorder.flow().await;
        (recorder, reading)
    }
}

async fn dial(
    tap: SocketAddr,
    secrets: &Secrets,
    identity: &CertKey,
    window_bytes: Option<u32>,
) -> Result<Connection, quinn::ConnectionError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(secrets.tap_ca_pem.as_bytes()).unwrap()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(identity.cert_pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
    let mut tls = rustls::ClientConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let mut config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let mut transport = quinn::TransportConfig::default();
    if let Some(bytes) = window_bytes {
        transport.stream_receive_window(VarInt::from_u32(bytes)).receive_window(VarInt::from_u32(bytes));
    }
    config.transport_config(Arc::new(transport));
    let mut endpoint = Endpoint::client(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    endpoint.set_default_client_config(config);
    endpoint.connect(tap, TAP_SERVER_NAME).unwrap().await
}

struct Recorder {
    connection: Connection,
    say: SendStream,
    hear: tokio::io::Lines<BufReader<RecvStream>>,
}

impl Recorder {
    async fn subscribe(connection: Connection, room: &str, epoch: u64, next: BTreeMap<FlowId, u64>) -> Self {
        let (say, hear) = connection.open_bi().await.unwrap();
        let mut recorder = Self { connection, say, hear: BufReader::new(hear).lines() };
        recorder
            .say(&FromRecorder::Subscribe {
                room: RoomId::new(room).unwrap(),
                recording: RecordingId::new("rec1").unwrap(),
                sfu_epoch: epoch,
                next,
            })
            .await;
        recorder
    }

    async fn say(&mut self, line: &FromRecorder) {
        let mut text = serde_json::to_vec(line).unwrap();
        text.push(b'\n');
        self.say.write_all(&text).await.unwrap();
    }

    async fn hear(&mut self) -> FromSfu {
        let line = timeout(DEADLINE, self.hear.next_line()).await.expect("the sfu says something").unwrap();
        serde_json::from_str(&line.expect("the control stream is open")).unwrap()
    }

    /// The stream of the publisher's flow.
    async fn flow(&mut self) -> Reading {
        let FromSfu::FlowStarted { flow, first } = self.hear().await else { panic!("a flow starts first") };
        assert_eq!(flow.ssrc, publisher::SSRC);
        let stream =
            timeout(DEADLINE, self.connection.accept_uni()).await.expect("its stream comes").unwrap();
        Reading { id: flow.id, first, stream, reader: StreamReader::default(), index: None }
    }
}

struct Reading {
    id: FlowId,
    first: u64,
    stream: RecvStream,
    reader: StreamReader,
    index: Option<u64>,
}

impl Reading {
    /// The next RTP packet: its index and the number it carries; `None`: the stream is finished.
    async fn packet(&mut self) -> Option<(u64, u64)> {
        loop {
            while let Some(packet) = self.reader.next_packet().unwrap() {
                if let Some(mark) = arrival::get(&packet) {
                    self.index = Some(mark.index);
                    continue;
                }
                let index = self.index.expect("a mark stands in front of the first packet");
                self.index = Some(index + 1);
                if !is_rtcp(&packet) {
                    return Some((index, number(&packet)));
                }
            }
            let chunk =
                timeout(DEADLINE, self.stream.read_chunk(64 * 1024, true)).await.expect("packets come");
            self.reader.push(&chunk.unwrap()?.bytes);
        }
    }

    async fn packets(&mut self, count: usize) -> Vec<(u64, u64)> {
        let mut seen = Vec::new();
        while seen.len() < count {
            seen.push(self.packet().await.expect("the stream goes on"));
        }
        assert_eq!(self.reader.flow(), Some(self.id));
        seen
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorder_that_is_killed_and_comes_back_loses_nothing() {
    let mut lesson = Lesson::start(Bounds::default()).await;
    let (mut first, mut reading) = lesson.listening().await;
    lesson.publisher.send_many(300, 160).await;
    assert_eq!(reading.first, 0);
    let before = reading.packets(200).await;
    let id = reading.id;
    let on_disk = before[120].0;
    first.say(&FromRecorder::Durable { flow: id, next: on_disk }).await;

    // It is gone without a word; the lesson goes on; a new process knows what is on its disk.
    lesson.publisher.send_many(300, 160).await;
    let mut second = lesson.recorder(BTreeMap::from([(id, on_disk)])).await;
    let mut reading = second.flow().await;
    assert_eq!((reading.id, reading.first), (id, on_disk), "it goes on where the disk ends");
    second.say(&FromRecorder::Keyframes).await;
    lesson.publisher.send_many(100, 160).await;
    let expected: Vec<u64> = (before[120].1..lesson.publisher.next).collect();
    let numbers: Vec<u64> =
        reading.packets(expected.len()).await.into_iter().map(|(_, number)| number).collect();
    assert_eq!(numbers, expected, "every packet, once, in order");
    let closed = timeout(DEADLINE, first.connection.closed()).await.expect("the old connection is closed");
    assert!(closed.to_string().contains("another connection"), "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorder_whose_connection_breaks_finds_everything_kept() {
    let mut lesson = Lesson::start(Bounds::default()).await;
    let (first, mut reading) = lesson.listening().await;
    lesson.publisher.send_many(50, 160).await;
    let before = reading.packets(50).await;
    first.connection.close(VarInt::from_u32(9), b"crash");
    lesson.publisher.send_many(100, 160).await;
    let mut second = lesson.recorder(BTreeMap::new()).await;
    let mut reading = second.flow().await;
    let expected: Vec<u64> = (before[0].1..lesson.publisher.next).collect();
    let numbers: Vec<u64> =
        reading.packets(expected.len()).await.into_iter().map(|(_, number)| number).collect();
    assert_eq!(numbers, expected, "nothing was on disk, so all of it comes again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_recorder_hears_what_it_lost_and_the_lesson_never_waits() {
    let bounds = Bounds { bytes: 64 * 1024, age: Duration::from_secs(60) };
    let mut lesson = Lesson::start(bounds).await;
    let slow =
        dial(lesson.tap.address(), &lesson.secrets, &lesson.secrets.tap_recorder, Some(8 * 1024)).await;
    let mut recorder =
        Recorder::subscribe(slow.unwrap(), "r1", lesson.running.node.epoch, BTreeMap::new()).await;
    lesson.publisher.send(1000).await;
    let mut reading = recorder.flow().await;
    // It reads nothing meanwhile.
    lesson.publisher.send_many(1500, 1000).await;
    lesson.publisher.check().await;
    let last = lesson.publisher.next - 1;
    let read = async {
        let mut seen = Vec::new();
        loop {
            seen.push(reading.packet().await.unwrap());
            if seen.last().unwrap().1 == last {
                return seen;
            }
        }
    };
    let seen = read.await;
    let mut holes = 0;
    for pair in seen.windows(2) {
        assert!(pair[1].0 > pair[0].0 && pair[1].1 > pair[0].1);
        assert_eq!(pair[1].0 - pair[0].0, pair[1].1 - pair[0].1, "indexes count what was lost");
        holes += pair[1].0 - pair[0].0 - 1;
    }
    assert!(holes > 0, "64 KiB cannot hold it all");
    let mut told = 0;
    while told < holes {
        if let FromSfu::Lost { from, to, .. } = recorder.hear().await {
            told += to - from;
        }
    }
    assert_eq!(told, holes, "what is missing is told");
    assert!(lesson.running.node.tap_lost.load(std::sync::atomic::Ordering::Relaxed) > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_recording_is_closed_and_the_end_of_a_lesson_is_told() {
    let mut lesson = Lesson::start(Bounds::default()).await;
    let (mut recorder, mut reading) = lesson.listening().await;
    lesson.publisher.send_many(20, 160).await;
    reading.packets(20).await;
    let room = RoomId::new("r1").unwrap();
    lesson.running.node.workers.each(move |engine, now| engine.delete_room(now, &room)).await.unwrap();
    while reading.packet().await.is_some() {}
    let id = reading.id;
    assert_eq!(recorder.hear().await, FromSfu::FlowEnded { flow: id });
    recorder.say(&FromRecorder::Finish).await;
    let closed = timeout(DEADLINE, recorder.connection.closed()).await.expect("it closes");
    assert!(closed.to_string().contains("finished"), "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_other_lives_are_refused() {
    let lesson = Lesson::start(Bounds::default()).await;
    let tap = lesson.tap.address();
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = Secrets::ensure(elsewhere.path()).unwrap();
    let connection = dial(tap, &lesson.secrets, &stranger.tap_recorder, None).await;
    let refused = match connection {
        Err(error) => error,
        // TLS 1.3: the client is done before the server has looked at its certificate.
        Ok(connection) => timeout(DEADLINE, connection.closed()).await.expect("the server closes"),
    };
    assert!(refused.to_string().to_lowercase().contains("cert"), "{refused}");

    for (room, epoch) in [("nowhere", lesson.running.node.epoch), ("r1", 7)] {
        let connection = dial(tap, &lesson.secrets, &lesson.secrets.tap_recorder, None).await.unwrap();
        let mut recorder = Recorder::subscribe(connection, room, epoch, BTreeMap::new()).await;
        assert!(matches!(recorder.hear().await, FromSfu::Refused { .. }), "{room}");
    }

    let connection = dial(tap, &lesson.secrets, &lesson.secrets.tap_recorder, None).await.unwrap();
    let (mut say, _hear) = connection.open_bi().await.unwrap();
    say.write_all(b"{\"type\":\"nonsense\"}\n").await.unwrap();
    timeout(DEADLINE, connection.closed()).await.expect("nonsense closes the connection");

    let connection = dial(tap, &lesson.secrets, &lesson.secrets.tap_recorder, None).await.unwrap();
    let (mut say, _hear) = connection.open_bi().await.unwrap();
    // Closed while it is still being written, perhaps.
    let _ = say.write_all(&vec![b' '; 2 * MAX_LINE_BYTES]).await;
    timeout(DEADLINE, connection.closed()).await.expect("an endless line closes the connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recordings_and_connections_are_limited_and_those_that_are_there_go_on() {
    let mut lesson = Lesson::start(Bounds::default()).await;
    let (_first, mut reading) = lesson.listening().await;
    let dial = async || dial(lesson.tap.address(), &lesson.secrets, &lesson.secrets.tap_recorder, None).await;

    // Conditions: as many rooms more as there may be recordings, each with a recorder.
    let mut recorders = Vec::new();
    for number in 0..MAX_RECORDINGS {
        let name = format!("room-{number}");
        let room = RoomId::new(name.clone()).unwrap();
        let spec = RoomSpec { video_codec: VideoCodec::H264, routes: Routes::default() };
        let put = move |engine: &mut Engine, now| engine.put_room(now, &room, &spec);
        let put = lesson.running.node.workers.each(put).await.unwrap();
        assert!(put.iter().all(Result::is_ok));
        let connection = dial().await.unwrap();
        let epoch = lesson.running.node.epoch;
        recorders.push(Recorder::subscribe(connection, &name, epoch, BTreeMap::new()).await);
    }
    // Nobody publishes in those rooms: who hears something at all hears that there is no place.
    let (said, ..) = select_all(recorders.iter_mut().map(|recorder| Box::pin(recorder.hear()))).await;
    let reason = format!("{MAX_RECORDINGS} recordings are being made on this node already");
    assert_eq!(said, FromSfu::Refused { reason });

    let strangers = join_all((0..MAX_CONNECTIONS).map(|_| dial())).await;
    let refused = |dialed: &&Result<Connection, _>| {
        matches!(dialed, Err(quinn::ConnectionError::ConnectionClosed(closed))
            if closed.error_code == quinn::TransportErrorCode::CONNECTION_REFUSED)
    };
    let refused = strangers.iter().filter(refused).count();
    assert!(refused >= recorders.len(), "{refused} of {MAX_CONNECTIONS} more were refused");

    // Check: the recording that was there first
    lesson.publisher.send_many(50, 160).await;
    reading.packets(50).await;
}
