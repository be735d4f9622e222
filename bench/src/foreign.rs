//! Any server that speaks WHIP and WHEP: the same publisher and the same subscribers, and its process is watched.
//!
//! Enters: two URLs, and the server's process or the command that starts it. Leaves: sessions, ended with DELETE.
//! It is taken as it is: what it does not agree to is not used ([`crate::sdp::any`]), and of its addresses the one that
//! answers is taken ([`reach`]).

mod reach;

use crate::cpu::{self, Tree};
use crate::join::{Camera, JOINERS, Place, Screen, in_turn};
use crate::netns::Namespace;
use crate::peer::Peer;
use crate::publisher::Publisher;
use crate::sdp::any::{self, Reply, Ssrcs};
use crate::sdp::{Answer, Local};
use crate::whip::{self, Opened};
use anyhow::{Context, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use url::Url;

/// How long it may take to start, and to end by itself.
const PATIENCE: Duration = Duration::from_secs(30);
const END_PATIENCE: Duration = Duration::from_secs(5);
/// Between looks at a server that starts or ends.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// A server may offer a publisher's media only when it has itself seen the connection, and packets of it.
const UNTIL_PUBLISHED: Duration = Duration::from_secs(1);

/// In a URL: the subscriber's number.
const NUMBER: &str = "{n}";

/// Whose CPU time and memory are measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// It runs already, on cores of its own choice.
    Runs(u32),
    /// It is started for each run, with a shell, on the server's cores.
    Starts {
        /// What the shell is told.
        command: String,
        /// In a network namespace of its own, where its address is [`crate::netns::THEIRS`]?
        in_namespace: bool,
    },
}

/// Which server, and where.
#[derive(Debug, Clone)]
pub struct Against {
    /// What its rows are called.
    pub name: String,
    /// Where one publishes.
    pub whip: String,
    /// Where one subscribes; `{n}` becomes each subscriber's number.
    pub whep: String,
    /// Bearer token of both.
    pub token: Option<String>,
    /// Its process.
    pub server: Server,
    /// How many subscribe.
    pub subscribers: usize,
    /// From one subscriber's request to the next one's at least.
    pub join_interval: Duration,
}

/// A URL of plain HTTP, and its address, one of IPv4 if it has one.
fn endpoint(url: &str) -> anyhow::Result<(Url, SocketAddr)> {
    let parsed = Url::parse(url).with_context(|| format!("{url} is no URL"))?;
    anyhow::ensure!(parsed.scheme() == "http", "{url}: only http:// is spoken here");
    let host = parsed.host_str().with_context(|| format!("{url} names no server"))?;
    let port = parsed.port_or_known_default().unwrap_or(80);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut addresses: Vec<SocketAddr> =
        (host, port).to_socket_addrs().with_context(|| format!("{url}: {host} is not known"))?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let address = *addresses.first().with_context(|| format!("{url}: {host} has no address"))?;
    Ok((parsed, address))
}

/// What HTTP asks for.
fn target(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

impl Against {
    /// Can it be begun with? If not, why.
    pub fn check(&self) -> anyhow::Result<()> {
        endpoint(&self.whip)?;
        endpoint(&self.whep.replace(NUMBER, "0"))?;
        if let Server::Runs(pid) = self.server {
            Tree::of(pid)?;
        }
        Ok(())
    }
}

/// A running server, and our sessions with it.
pub struct Foreign {
    against: Against,
    child: Option<Child>,
    /// Its counters in the kernel.
    pub process: Tree,
    sessions: Mutex<Vec<Url>>,
    /// The address at which it was found to answer, of several.
    reached: Mutex<Option<IpAddr>>,
    _namespace: Option<Namespace>,
}

impl Foreign {
    /// Starts it on these cores, or looks at the one that runs, and waits until it takes connections.
    pub fn begin(against: &Against, cores: &[usize]) -> anyhow::Result<Self> {
        let (_, http) = endpoint(&against.whip)?;
        let (child, process, namespace) = match &against.server {
            Server::Runs(pid) => (None, Tree::of(*pid)?, None),
            Server::Starts { command, in_namespace } => {
                // A namespace is new: what answers there now is a proxy on the way to nowhere.
                let is_taken = !in_namespace && TcpStream::connect_timeout(&http, LOOK_INTERVAL).is_ok();
                anyhow::ensure!(!is_taken, "something runs at http://{http} already");
                let namespace = in_namespace.then(Namespace::make).transpose()?;
                let shell =
                    namespace.as_ref().map_or_else(|| Command::new("sh"), |space| space.command("sh"));
                let child = cpu::on_cores(cores, || cpu::before_others(|| spawn(shell, command)))?;
                let child = child.with_context(|| format!("cannot start {command}"))?;
                let process = Tree::of(child.id())?;
                (Some(child), process, namespace)
            }
        };
        let mut foreign = Self {
            against: against.clone(),
            child,
            process,
            sessions: Mutex::default(),
            reached: Mutex::default(),
            _namespace: namespace,
        };
        let since = Instant::now();
        while let Err(error) = TcpStream::connect_timeout(&http, LOOK_INTERVAL) {
            if let Some(ended) = foreign.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!("the server ended before it took connections: {ended}");
            }
            anyhow::ensure!(since.elapsed() < PATIENCE, "nobody answers at http://{http}: {error}");
            std::thread::sleep(LOOK_INTERVAL);
        }
        Ok(foreign)
    }

    fn open(&self, url: &str, offer: &str) -> anyhow::Result<(Opened, SocketAddr)> {
        let (url, http) = endpoint(url)?;
        let authorization = self.authorization();
        let headers: Vec<(&str, &str)> =
            authorization.iter().map(|value| ("Authorization", value.as_str())).collect();
        let opened = whip::open(http, &target(&url), &headers, offer)?;
        if let Some(session) = opened.location.as_ref().and_then(|location| url.join(location).ok())
            && let Ok(mut sessions) = self.sessions.lock()
        {
            sessions.push(session);
        }
        Ok((opened, http))
    }

    fn authorization(&self) -> Option<String> {
        self.against.token.as_ref().map(|token| format!("Bearer {token}"))
    }

    /// The answer with the address that can be reached: once found, the others are taken to be no better.
    fn answer(
        &self,
        place: &Place<'_>,
        local: &Local,
        reply: &Reply,
        http: SocketAddr,
    ) -> anyhow::Result<Answer> {
        if let Some(server) = reply.obvious(http.ip()) {
            return Ok(reply.at(server));
        }
        // Whoever panicked with the lock held has ended the run.
        let mut reached = self.reached.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = reply.candidates.iter().find(|candidate| Some(candidate.ip()) == *reached);
        let server = match known {
            Some(server) => *server,
            None => reach::first_to_answer(place.identity, local, reply)?,
        };
        *reached = Some(server.ip());
        Ok(reply.at(server))
    }

    /// Joins the publisher and waits until it is connected.
    pub fn publish(&self, place: &Place<'_>, camera: &Camera<'_>) -> anyhow::Result<()> {
        let Camera { clip, number, uplink_mbit, .. } = *camera;
        let (local, ssrcs) = (place.identity.local(), Ssrcs::generate());
        let offer = any::publish(&local, clip.codec, &ssrcs);
        let (opened, http) = self.open(&self.against.whip, &offer).context("publishing over WHIP")?;
        let reply = Reply::read(&opened.answer).context("the answer over WHIP")?;
        let agreed = reply.agreed(clip.codec, ssrcs)?;
        let answer = self.answer(place, &local, &reply, http)?;
        let now = Instant::now();
        let peer = Peer::new(place.identity.clone(), &local, &answer, now);
        let departures = place.board.of(number, clip.packets);
        let publisher = Publisher::new(peer, Arc::clone(clip), number, departures, agreed, uplink_mbit, now);
        place
            .connect(publisher, answer.server)
            .with_context(|| format!("the publisher at {}", answer.server))?;
        std::thread::sleep(UNTIL_PUBLISHED);
        Ok(())
    }

    /// Joins so many subscribers and waits until they have media.
    pub fn subscribe(&self, place: &Place<'_>, screen: &Screen<'_>, count: usize) -> anyhow::Result<()> {
        let failure = Mutex::new(None);
        in_turn(count, JOINERS, self.against.join_interval * count as u32, |number| {
            let outcome = self.sit(place, screen, number);
            outcome.map_err(|error| failure.lock().map(|mut failure| failure.replace(error))).is_ok()
        });
        if let Some(error) = failure.into_inner().unwrap_or_default() {
            return Err(error.context("subscribing over WHEP"));
        }
        place.await_media(count)
    }

    fn sit(&self, place: &Place<'_>, screen: &Screen<'_>, number: usize) -> anyhow::Result<()> {
        let local = place.identity.local();
        let url = self.against.whep.replace(NUMBER, &number.to_string());
        let (opened, http) = self.open(&url, &any::subscribe(&local, screen.clip.codec))?;
        let reply = Reply::read(&opened.answer)?;
        let answer = self.answer(place, &local, &reply, http)?;
        let now = Instant::now();
        let mut peer = Peer::new(place.identity.clone(), &local, &answer, now);
        peer.trips.ask("POST of the offer", opened.requested);
        peer.trips.answer("the answer", now);
        place.sit(screen, peer, &answer, opened.requested, number)
    }
}

fn spawn(mut shell: Command, command: &str) -> std::io::Result<Child> {
    // A group of its own, so that all of it can be ended.
    shell
        .args(["-c", command])
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    shell.spawn()
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let authorization = self.authorization();
        let headers: Vec<(&str, &str)> =
            authorization.iter().map(|value| ("Authorization", value.as_str())).collect();
        let sessions = self.sessions.get_mut().map(std::mem::take).unwrap_or_default();
        if self.child.is_none() {
            // The newest first: the publisher's last. One that has ended by itself cannot be ended.
            for session in sessions.iter().rev() {
                if let Ok((url, http)) = endpoint(session.as_str()) {
                    let _ = whip::request(http, "DELETE", &target(&url), &headers, "");
                }
            }
        }
        let Some(child) = &mut self.child else { return };
        let group = i32::try_from(child.id()).map(Pid::from_raw);
        let since = Instant::now();
        let asked = group.is_ok_and(|group| killpg(group, Signal::SIGTERM).is_ok());
        while asked && since.elapsed() < END_PATIENCE && matches!(child.try_wait(), Ok(None)) {
            std::thread::sleep(LOOK_INTERVAL);
        }
        // Fails only if they have ended.
        let _ = group.map(|group| killpg(group, Signal::SIGKILL));
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_locations_are_found_from_them() {
        let (url, http) = endpoint("http://127.0.0.1:8900/whip?app=live&stream=s").unwrap();
        assert_eq!((target(&url).as_str(), http.port()), ("/whip?app=live&stream=s", 8_900));
        let session = |location: &str| target(&url.join(location).unwrap());
        assert_eq!(session("/whip?session_id=1"), "/whip?session_id=1");
        assert_eq!(session("http://127.0.0.1:8900/s/1"), "/s/1");
        assert_eq!(endpoint("http://127.0.0.1/whep").unwrap().1.port(), 80);
        for wrong in ["https://127.0.0.1/whip", "127.0.0.1:80/whip", "http://no.such.host.invalid/whip"] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
    }
}
