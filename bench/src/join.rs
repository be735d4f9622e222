//! Joining as pages do: offers over HTTP from a few threads, then ICE and DTLS where the session lives.

use crate::audience::Audience;
use crate::media::Clip;
use crate::peer::{Identity, Peer};
use crate::publisher::Publisher;
use crate::sdp;
use crate::studio::Studio;
use crate::whip;
use anyhow::Context;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Requests that are under way at once.
const JOINERS: usize = 4;
/// Longest wait for the media of those who have been answered.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between looks at those who join.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

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

/// Joins a publisher and waits until it is connected.
pub fn publish(
    server: SocketAddr,
    identity: &Arc<Identity>,
    studio: &Studio,
    camera: &Camera<'_>,
) -> anyhow::Result<()> {
    let Camera { room, participant, clip, number, uplink_mbit } = camera;
    let local = identity.local();
    let path = format!("/whip/{room}?participant={participant}&role=teacher");
    let opened = whip::open(server, &path, &sdp::publish(&local, &clip.rids()))?;
    let answer = sdp::read_answer(&opened.answer)?;
    let now = Instant::now();
    let peer = Peer::new(identity.clone(), &local, &answer, now);
    studio.begin(Publisher::new(peer, Arc::clone(clip), *number, *uplink_mbit, now), answer.server)?;
    while now.elapsed() < PATIENCE {
        let view = studio.look()?;
        if let Some(why) = view.failed {
            anyhow::bail!("publisher {participant}: {why}");
        }
        if view.are_connected {
            return Ok(());
        }
        std::thread::sleep(LOOK_INTERVAL / 10);
    }
    anyhow::bail!("publisher {participant} did not connect within {PATIENCE:?}")
}

/// How an audience joined.
#[derive(Debug, Default)]
pub struct Joined {
    /// So many get media.
    pub count: usize,
    /// Why further ones were refused.
    pub refusal: Option<String>,
}

/// Joins `count` subscribers and waits until all that were admitted get media. A refusal ends the joining.
pub fn subscribe(
    server: SocketAddr,
    identity: &Arc<Identity>,
    audience: &Audience,
    room: &str,
    slots: &str,
    count: usize,
) -> anyhow::Result<Joined> {
    let names: Vec<&str> = slots.split(',').collect();
    let voices = names.iter().filter(|name| name.starts_with("audio")).count();
    let pictures = names.len() - voices;
    let next = AtomicUsize::new(0);
    let refusal: Mutex<Option<String>> = Mutex::new(None);
    let admitted = AtomicUsize::new(0);
    let join = |number: usize| -> anyhow::Result<()> {
        let local = identity.local();
        let path = format!("/whep/{room}?slots={slots}&participant=screen-{number}&role=classroom");
        let opened = whip::open(server, &path, &sdp::subscribe(&local, pictures, voices))?;
        let answer = sdp::read_answer(&opened.answer)?;
        let peer = Peer::new(identity.clone(), &local, &answer, Instant::now());
        audience.sit(peer, answer, opened.requested)
    };
    std::thread::scope(|scope| {
        for _ in 0..JOINERS.min(count) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let is_refused = refusal.lock().is_ok_and(|refusal| refusal.is_some());
                    if number >= count || is_refused {
                        return;
                    }
                    match join(number) {
                        Ok(()) => {
                            admitted.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => {
                            if let Ok(mut refusal) = refusal.lock() {
                                refusal.get_or_insert(format!("{error:#}"));
                            }
                        }
                    }
                }
            });
        }
    });
    let count = admitted.into_inner();
    let refusal = refusal.into_inner().unwrap_or_default();
    if count == 0 {
        anyhow::bail!("nobody was admitted: {}", refusal.unwrap_or_default());
    }
    await_media(audience, count)?;
    Ok(Joined { count, refusal })
}

fn await_media(audience: &Audience, count: usize) -> anyhow::Result<()> {
    let since = Instant::now();
    loop {
        let view = audience.look()?;
        if let Some(why) = view.subscribers.iter().find_map(|one| one.failed.as_ref()) {
            anyhow::bail!("a subscriber failed: {why}");
        }
        let playing = view.subscribers.iter().filter(|one| one.joined_after.is_some()).count();
        if playing == count {
            return Ok(());
        }
        if since.elapsed() > PATIENCE {
            return Err(anyhow::anyhow!("{} of {count} subscribers get no media", count - playing))
                .context("the server admitted them");
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}
