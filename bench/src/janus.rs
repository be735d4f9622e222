//! Debian's Janus with its VideoRoom as the other server: the same publisher, the same subscribers, other words.
//!
//! It runs in a network namespace of its own at the end of a veth pair, because it gives no loopback candidates. It has
//! one event loop, so that one thread sends to all.

use crate::cpu::{self, Tree};
use crate::join::{Camera, Place, Screen};
use crate::media::Codec;
use crate::netns::{self, Namespace, THEIRS};
use crate::peer::Peer;
use crate::publisher::Publisher;
use crate::sdp;
use crate::sdp::any::Agreed;
use crate::whip;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const HTTP_PORT: u16 = 8_088;
const ROOM: u32 = 1;
const FEED: u32 = 7;
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(15);
/// Answers and news of one request; beyond it something is wrong.
const MAX_EVENTS: usize = 8;

/// Is it installed, and may we make namespaces? If not, why.
pub fn is_missing() -> Option<String> {
    let has = |program: &str| Command::new(program).arg("--help").output().is_ok();
    if !has("janus") || plugin_folder().is_none() {
        return Some("Debian's package janus is not installed (.ci/install bench)".to_owned());
    }
    netns::is_missing()
}

/// Where Debian puts plugins and transports.
fn plugin_folder() -> Option<PathBuf> {
    let libraries = std::fs::read_dir("/usr/lib").ok()?.flatten();
    libraries.map(|entry| entry.path().join("janus")).find(|path| path.join("plugins").is_dir())
}

/// A running Janus.
pub struct Janus {
    child: Child,
    /// Its counters in the kernel.
    pub process: Tree,
    transactions: AtomicU32,
    _namespace: Namespace,
    _folder: tempfile::TempDir,
}

fn write_configuration(folder: &Path) -> anyhow::Result<()> {
    let plugins = plugin_folder().context("Janus's plugins")?;
    for (kind, library) in [("plugins", "libjanus_videoroom.so"), ("transports", "libjanus_http.so")] {
        std::fs::create_dir(folder.join(kind))?;
        std::os::unix::fs::symlink(plugins.join(kind).join(library), folder.join(kind).join(library))?;
    }
    let place = folder.display();
    let general = format!(
        "general: {{\n configs_folder = \"{place}\"\n plugins_folder = \"{place}/plugins\"\n \
         transports_folder = \"{place}/transports\"\n event_loops = 1\n session_timeout = 0\n debug_level = 2\n}}\n"
    );
    std::fs::write(folder.join("janus.jcfg"), general)?;
    let http = format!("general: {{ http = true\n port = {HTTP_PORT}\n ip = \"{THEIRS}\" }}\n");
    std::fs::write(folder.join("janus.transport.http.jcfg"), http)?;
    std::fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: { }\n")?;
    Ok(())
}

impl Janus {
    /// Where its API is.
    pub const HTTP: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(THEIRS), HTTP_PORT);

    /// Starts it on these cores, with one room for this codec.
    pub fn start(cores: &[usize], codec: Codec) -> anyhow::Result<Self> {
        let namespace = Namespace::make()?;
        let folder = tempfile::tempdir()?;
        write_configuration(folder.path())?;
        let spawn = || {
            namespace
                .command("janus")
                .arg("-F")
                .arg(folder.path())
                .arg("-C")
                .arg(folder.path().join("janus.jcfg"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
        };
        let child = cpu::on_cores(cores, || cpu::before_others(spawn))?.context("cannot start janus")?;
        let process = Tree::of(child.id())?;
        let transactions = AtomicU32::new(0);
        let janus = Self { child, process, transactions, _namespace: namespace, _folder: folder };
        let since = Instant::now();
        while whip::request(Self::HTTP, "GET", "/janus/info", &[], "").is_err() {
            anyhow::ensure!(since.elapsed() < PATIENCE, "janus does not answer within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
        let handle = janus.attach()?;
        let codec = if codec == Codec::Vp8 { "vp8" } else { "h264" };
        let room = json!({"request": "create", "room": ROOM, "publishers": 4, "videocodec": codec, "audiocodec": "opus"});
        janus.post(&handle, &json!({"janus": "message", "body": room}))?;
        Ok(janus)
    }

    fn post(&self, path: &str, message: &Value) -> anyhow::Result<Value> {
        let mut message = message.clone();
        message["transaction"] = self.transactions.fetch_add(1, Ordering::Relaxed).to_string().into();
        let headers = [("Content-Type", "application/json")];
        let path = format!("/janus{path}");
        let response = whip::request(Self::HTTP, "POST", &path, &headers, &message.to_string())?;
        let answer: Value = serde_json::from_str(&response.body)?;
        if answer["janus"] == "error" || !answer["plugindata"]["data"]["error"].is_null() {
            bail!("janus refuses {message}: {answer}");
        }
        Ok(answer)
    }

    /// A session of its own with a handle of the VideoRoom: its path.
    fn attach(&self) -> anyhow::Result<String> {
        let id = |answer: Value| answer["data"]["id"].as_u64().context("janus gives no id");
        let session = id(self.post("", &json!({"janus": "create"}))?)?;
        let attach = json!({"janus": "attach", "plugin": "janus.plugin.videoroom"});
        let handle = id(self.post(&format!("/{session}"), &attach)?)?;
        Ok(format!("/{session}/{handle}"))
    }

    /// The session description that comes with the answer to the last message.
    fn await_sdp(&self, handle: &str) -> anyhow::Result<String> {
        let session = handle.rsplit_once('/').map_or(handle, |(session, _)| session);
        for _ in 0..MAX_EVENTS {
            let response = whip::request(Self::HTTP, "GET", &format!("/janus{session}?maxev=1"), &[], "")?;
            let event: Value = serde_json::from_str(&response.body)?;
            if let Some(sdp) = event["jsep"]["sdp"].as_str() {
                return Ok(sdp.to_owned());
            }
            if !event["plugindata"]["data"]["error"].is_null() {
                bail!("janus refuses: {event}");
            }
        }
        bail!("janus sends no session description")
    }

    /// Joins the publisher and waits until it is connected.
    pub fn publish(&self, place: &Place<'_>, camera: &Camera<'_>) -> anyhow::Result<()> {
        let local = place.identity.local();
        let handle = self.attach()?;
        // Like everywhere in the bench, we are the DTLS client.
        let offer = sdp::publish(&local, &camera.clip.rids()).replace("a=setup:actpass", "a=setup:active");
        let offer = offer.replace("a=mid:0\r\n", &format!("a=mid:0\r\n{}", sdp::SOME_CANDIDATE));
        let body = json!({"request": "joinandconfigure", "room": ROOM, "ptype": "publisher", "id": FEED});
        let jsep = json!({"type": "offer", "sdp": offer, "trickle": false});
        self.post(&handle, &json!({"janus": "message", "body": body, "jsep": jsep}))?;
        let answer = sdp::read_answer(&self.await_sdp(&handle)?)?;
        let now = Instant::now();
        let peer = Peer::new(place.identity.clone(), &local, &answer, now);
        let Camera { clip, number, uplink_mbit, .. } = *camera;
        let departures = place.board.of(number, clip.packets);
        let agreed = Agreed::all(clip.codec);
        let publisher = Publisher::new(peer, Arc::clone(clip), number, departures, agreed, uplink_mbit, now);
        place.connect(publisher, answer.server).context("the publisher at janus")?;
        // It announces a publisher once it has itself seen the connection.
        std::thread::sleep(Duration::from_millis(500));
        Ok(())
    }

    /// Joins so many subscribers and waits until they have media.
    pub fn subscribe(&self, place: &Place<'_>, screen: &Screen<'_>, count: usize) -> anyhow::Result<()> {
        for number in 0..count {
            let requested = Instant::now();
            let local = place.identity.local();
            let handle = self.attach()?;
            let body =
                json!({"request": "join", "room": ROOM, "ptype": "subscriber", "streams": [{"feed": FEED}]});
            self.post(&handle, &json!({"janus": "message", "body": body}))?;
            let offer = self.await_sdp(&handle)?;
            let jsep = json!({"type": "answer", "sdp": sdp::answer(&local, &offer), "trickle": false});
            let body = json!({"request": "start", "room": ROOM});
            self.post(&handle, &json!({"janus": "message", "body": body, "jsep": jsep}))?;
            let theirs = sdp::read_answer(&offer)?;
            let peer = Peer::answering(place.identity.clone(), &local, &theirs, Instant::now());
            place.sit(screen, peer, &theirs, requested, number)?;
        }
        place.await_media(count)
    }
}

impl Drop for Janus {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
