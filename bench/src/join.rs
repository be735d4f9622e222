//! Joining as pages do: offers over HTTP from a few threads, then ICE and DTLS where the session lives.

use crate::audience::{Access, Audience, Seat};
use crate::departures::{Board, Timeline};
use crate::media::Clip;
use crate::peer::{Identity, Peer};
use crate::publisher::Publisher;
use crate::sdp;
use crate::sdp::any::Agreed;
use crate::studio::Studio;
use crate::subscriber::Ticket;
use crate::whip;
use anyhow::{Context, anyhow, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Requests that are under way at once, where all come as fast as they can.
pub const JOINERS: usize = 4;
/// Requests that can be under way at once, where each comes in its moment.
const PUNCTUAL_JOINERS: usize = 16;
/// Longest wait for the media of those who have been answered.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between looks at those who join.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Where sessions are opened, and where they live.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The server's HTTP.
    pub server: SocketAddr,
    /// Certificate and SRTP profile of all.
    pub identity: &'a Arc<Identity>,
    /// Of publishers.
    pub studio: &'a Studio,
    /// Of subscribers.
    pub audience: &'a Audience,
    /// When packets left their publishers.
    pub board: &'a Board,
}

/// A publisher to be.
pub struct Camera<'a> {
    /// In which room.
    pub room: &'a str,
    /// As whom.
    pub participant: &'a str,
    /// What it sends.
    pub clip: &'a Arc<Clip>,
    /// By which its packets are known.
    pub number: u16,
    /// Its access link.
    pub uplink_mbit: Option<f64>,
}

/// A slot of a page.
#[derive(Debug, Clone)]
pub struct Slot {
    /// What it is called.
    pub name: String,
    /// Numbers of the publishers that it may show.
    pub sources: Vec<u16>,
}

impl Slot {
    /// A slot of this name and these publishers.
    pub fn of(name: impl Into<String>, sources: impl IntoIterator<Item = u16>) -> Self {
        Self { name: name.into(), sources: sources.into_iter().collect() }
    }

    fn is_voice(&self) -> bool {
        self.name.starts_with("audio")
    }
}

/// A subscriber to be.
#[derive(Clone, Copy)]
pub struct Screen<'a> {
    /// In which room.
    pub room: &'a str,
    /// What it shows: pictures, then voices.
    pub slots: &'a [Slot],
    /// What is published there.
    pub clip: &'a Arc<Clip>,
    /// Its access link.
    pub access: Option<Access>,
    /// Are the packets of its first picture kept?
    pub keeps: bool,
    /// Of a request that was told to come back later, does the waiting count too?
    pub since_first: bool,
}

/// Subscribers to be.
#[derive(Clone, Copy)]
pub struct Screens<'a> {
    /// What each is. If packets are kept, then those of the first.
    pub screen: Screen<'a>,
    /// How many.
    pub count: usize,
    /// Their numbers begin here.
    pub first: usize,
    /// They come one after the other, evenly spread over so long; `None`: as fast as the server takes them.
    pub within: Option<Duration>,
}

/// How an audience joined.
#[derive(Debug, Default)]
pub struct Joined {
    /// So many get media.
    pub count: usize,
    /// Why further ones were refused.
    pub refusal: Option<String>,
}

impl Place<'_> {
    /// Joins a publisher and waits until it is connected.
    pub fn publish(&self, camera: &Camera<'_>) -> anyhow::Result<()> {
        let Camera { room, participant, clip, number, uplink_mbit } = camera;
        let local = self.identity.local();
        let path = format!("/whip/{room}?participant={participant}&role=teacher");
        let opened = whip::open(self.server, &path, &[], &sdp::publish(&local, &clip.rids()))?;
        let answer = sdp::read_answer(&opened.answer)?;
        let now = Instant::now();
        let peer = Peer::new(self.identity.clone(), &local, &answer, now);
        let departures = self.board.of(*number, clip.packets);
        let agreed = Agreed::all(clip.codec);
        let publisher =
            Publisher::new(peer, Arc::clone(clip), *number, departures, agreed, *uplink_mbit, now);
        self.connect(publisher, answer.server).with_context(|| format!("publisher {participant} of {room}"))
    }

    /// Begins to publish and waits until it is connected.
    pub fn connect(&self, publisher: Publisher, server: SocketAddr) -> anyhow::Result<()> {
        let connected = self.studio.begin(publisher, server)?;
        if connected.recv_timeout(PATIENCE).is_err() {
            let view = self.studio.look()?;
            let waiting = || format!("not within {PATIENCE:?}; unanswered: {}", view.waiting.join(", "));
            let why = view.failed.clone().unwrap_or_else(waiting);
            bail!("no connection: {why}");
        }
        Ok(())
    }

    /// Joins one subscriber, whose media will come, known by this number.
    pub fn seat(&self, screen: &Screen<'_>, participant: &str, number: usize) -> anyhow::Result<()> {
        let voices = screen.slots.iter().filter(|slot| slot.is_voice()).count();
        let names: Vec<&str> = screen.slots.iter().map(|slot| slot.name.as_str()).collect();
        let local = self.identity.local();
        let (room, slots) = (screen.room, names.join(","));
        let path = format!("/whep/{room}?slots={slots}&participant={participant}&role=classroom");
        let offer = sdp::subscribe(&local, names.len() - voices, voices);
        let opened = whip::open(self.server, &path, &[], &offer)?;
        // Over a link request and answer take their time too; the connection is one that the page has.
        let round_trip = screen.access.map_or(Duration::ZERO, |access| access.up.delay + access.down.delay);
        std::thread::sleep(round_trip);
        let answer = sdp::read_answer(&opened.answer)?;
        let now = Instant::now();
        let mut peer = Peer::new(self.identity.clone(), &local, &answer, now);
        peer.trips.ask("POST of the offer", opened.requested);
        peer.trips.answer("the answer", now);
        let requested = if screen.since_first { opened.first_requested } else { opened.requested };
        self.sit(screen, peer, &answer, requested, number)
    }

    /// Gives a subscriber that was answered its seat.
    pub fn sit(
        &self,
        screen: &Screen<'_>,
        peer: Peer,
        answer: &sdp::Answer,
        requested: Instant,
        number: usize,
    ) -> anyhow::Result<()> {
        let stream = |(stream, slot): (&sdp::Stream, &Slot)| {
            let ticks_a_second = if stream.is_video { 90_000 } else { 48_000 };
            let sources = slot.sources.iter().map(|number| self.board.of(*number, screen.clip.packets));
            (*stream, Timeline::new(sources.collect(), ticks_a_second))
        };
        let ticket = Ticket {
            number,
            server_port: answer.server.port(),
            streams: answer.streams.iter().zip(screen.slots).map(stream).collect(),
            clip: Arc::clone(screen.clip),
            keeps: screen.keeps,
            word: answer.word,
        };
        let access = screen.access;
        self.audience.sit(Seat { peer, server: answer.server, ticket, requested, access })
    }

    /// Joins subscribers and waits until all that were admitted get media. A refusal ends the joining.
    pub fn subscribe(&self, screens: &Screens<'_>) -> anyhow::Result<Joined> {
        let Screens { screen, count, first, within } = screens;
        let refusal: Mutex<Option<String>> = Mutex::new(None);
        let admitted = AtomicUsize::new(0);
        let joiners = if within.is_some() { PUNCTUAL_JOINERS } else { JOINERS };
        in_turn(*count, joiners, within.unwrap_or_default(), |place| {
            let number = first + place;
            let screen = Screen { keeps: screen.keeps && place == 0, ..*screen };
            match self.seat(&screen, &format!("screen-{number}"), number) {
                Ok(()) => {
                    admitted.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(error) => {
                    if let Ok(mut refusal) = refusal.lock() {
                        refusal.get_or_insert(format!("{error:#}"));
                    }
                    false
                }
            }
        });
        let count = admitted.into_inner();
        let refusal = refusal.into_inner().unwrap_or_default();
        if count == 0 {
            bail!("nobody was admitted: {}", refusal.unwrap_or_default());
        }
        self.await_media(first + count)?;
        Ok(Joined { count, refusal })
    }

    /// Waits until `count` subscribers have media.
    pub fn await_media(&self, count: usize) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            let view = self.audience.look()?;
            if let Some(why) = view.subscribers.iter().find_map(|one| one.failed.as_ref()) {
                bail!("a subscriber failed: {why}");
            }
            let playing = view.subscribers.iter().filter(|one| one.joined_after.is_some()).count();
            if playing == count {
                return Ok(());
            }
            if since.elapsed() > PATIENCE {
                return Err(anyhow!("{} of {count} subscribers get no media", count - playing))
                    .context("the server admitted them");
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }
}

/// Does `work` for each number below `count`, on so many threads, each in its moment of `within`. What says `false` ends it.
pub fn in_turn(count: usize, threads: usize, within: Duration, work: impl Fn(usize) -> bool + Sync) {
    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let due = begin + within.mul_f64(number as f64 / count as f64);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    if !work(number) {
                        next.store(count, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_once_and_a_refusal_ends_it() {
        let seen = Mutex::new(Vec::new());
        in_turn(100, 7, Duration::ZERO, |number| seen.lock().map(|mut seen| seen.push(number)).is_ok());
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        let tried = AtomicUsize::new(0);
        in_turn(100, 1, Duration::ZERO, |number| {
            tried.fetch_add(1, Ordering::Relaxed);
            number < 3
        });
        assert_eq!(tried.into_inner(), 4);
    }
}
