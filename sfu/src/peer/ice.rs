//! ICE-lite (RFC 8445 §2.5): answers checks, knows the peer's paths and which of them media takes.
//!
//! Enters: STUN datagrams, restarts, time. Leaves: replies, [`PathChange`]s, and whether the peer is
//! still there. We send no checks of our own: a server is found, it does not search.

use super::stun::Request;
use super::{CONSENT_TIMEOUT, PeerError};
use crate::engine::Path;
use rtc_crypto::{RTCCrypto, RTCRandom};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq as _;

/// Paths remembered of a peer (a laptop has two or three interfaces, each with IPv4 and IPv6). When one more passes a
/// check, the one that was silent longest is forgotten.
const MAX_PATHS_PER_PEER: usize = 8;

/// A check without USE-CANDIDATE moves media to its path only when the selected one has been silent for so long: a NAT
/// that rebinds gives the peer a new address which it cannot know of. Checks come every 2.5 to 6 s (RFC 7675 §5.1).
const SELECTED_SILENCE: Duration = Duration::from_secs(8);

/// Characters of our user name fragment, behind the worker's, and of our password: 48 and 144 bits (RFC 8445 §5.3 asks for 24 and 128).
const UFRAG_CHARS: usize = 8;
const PWD_CHARS: usize = 24;

/// One ICE session's names. The peer's password is not among them: an agent that sends no checks needs none.
struct Credentials {
    ufrag: String,
    pwd: String,
    remote_ufrag: String,
}

impl Credentials {
    fn new(random: &dyn RTCRandom, worker: u8, remote_ufrag: &str) -> Result<Credentials, PeerError> {
        let mut ufrag = ice_chars::<UFRAG_CHARS>(random)?;
        ufrag.insert(0, char::from(ALPHABET[usize::from(worker & 63)]));
        Ok(Credentials { ufrag, pwd: ice_chars::<PWD_CHARS>(random)?, remote_ufrag: remote_ufrag.to_owned() })
    }
}

/// ice-char (RFC 8839 §5.4).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The worker that a local ufrag belongs to: its first character says it.
pub fn worker_of(ufrag: &str) -> Option<usize> {
    let first = ufrag.bytes().next()?;
    ALPHABET.iter().position(|known| *known == first)
}

/// Six bits of randomness a character.
fn ice_chars<const N: usize>(random: &dyn RTCRandom) -> Result<String, PeerError> {
    let mut bytes = [0u8; N];
    random.fill(&mut bytes).map_err(|_| PeerError::Crypto)?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect())
}

struct KnownPath {
    path: Path,
    last_check: Instant,
}

/// What a check or the time changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathChange {
    Selected(Path),
    Forgotten(Path),
    UfragForgotten,
}

/// The ICE state of a peer.
pub(super) struct Ice {
    worker: u8,
    current: Credentials,
    /// Of the session before a restart, until the new one has nominated a path.
    previous: Option<Credentials>,
    version: u64,
    paths: Vec<KnownPath>,
    selected: Option<Path>,
    last_check: Instant,
}

impl Ice {
    pub fn new(
        random: &dyn RTCRandom,
        worker: u8,
        remote_ufrag: &str,
        now: Instant,
    ) -> Result<Ice, PeerError> {
        Ok(Ice {
            worker,
            current: Credentials::new(random, worker, remote_ufrag)?,
            previous: None,
            version: 1,
            paths: Vec::new(),
            selected: None,
            last_check: now,
        })
    }

    pub fn ufrag(&self) -> &str {
        &self.current.ufrag
    }

    pub fn pwd(&self) -> &str {
        &self.current.pwd
    }

    pub fn remote_ufrag(&self) -> &str {
        &self.current.remote_ufrag
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn selected(&self) -> Option<Path> {
        self.selected
    }

    pub fn knows_ufrag(&self, ufrag: &str) -> bool {
        self.current.ufrag == ufrag || self.previous.as_ref().is_some_and(|previous| previous.ufrag == ufrag)
    }

    pub fn knows_path(&self, path: Path) -> bool {
        self.paths.iter().any(|known| known.path == path)
    }

    /// The path cannot be used any more: the next that passes a check is selected, if it was the selected one.
    pub fn path_closed(&mut self, path: Path) {
        self.paths.retain(|known| known.path != path);
        if self.selected == Some(path) {
            self.selected = None;
        }
    }

    pub fn consent_deadline(&self) -> Instant {
        self.last_check + CONSENT_TIMEOUT
    }

    /// The peer gave another sign of life than a check.
    pub fn heard(&mut self, now: Instant) {
        self.last_check = now;
    }

    /// A restart that follows another before it was used replaces it: the credentials in use are those kept.
    pub fn restart(
        &mut self,
        random: &dyn RTCRandom,
        remote_ufrag: &str,
        now: Instant,
        mut changed: impl FnMut(PathChange),
    ) -> Result<(), PeerError> {
        let unused =
            std::mem::replace(&mut self.current, Credentials::new(random, self.worker, remote_ufrag)?);
        if self.previous.is_none() {
            self.previous = Some(unused);
        } else {
            changed(PathChange::UfragForgotten);
        }
        self.version += 1;
        // The peer was heard over HTTP just now.
        self.last_check = now;
        Ok(())
    }

    /// Answers a check. `Ok`: its integrity is proven, `path` is one of the peer's and the reply is to be sent there.
    pub fn handle(
        &mut self,
        crypto: &dyn RTCCrypto,
        now: Instant,
        path: Path,
        datagram: &[u8],
        mut changed: impl FnMut(PathChange),
    ) -> Result<Vec<u8>, PeerError> {
        let mut request = Request::parse(datagram)?;
        let (ours, theirs) = request.username().ok_or(PeerError::Integrity)?;
        let is_for = |session: &Credentials| {
            let name = session.ufrag.as_bytes().ct_eq(ours.as_bytes())
                & session.remote_ufrag.as_bytes().ct_eq(theirs.as_bytes());
            bool::from(name)
        };
        let is_current = is_for(&self.current);
        let session = match &self.previous {
            _ if is_current => &self.current,
            Some(previous) if is_for(previous) => previous,
            _ => return Err(PeerError::Integrity),
        };
        let check = request.verify(&session.pwd, crypto)?;
        let reply = request.reply(check, path.remote, &session.pwd, crypto)?;
        if check.role_conflict {
            return Ok(reply);
        }
        self.last_check = now;
        self.forget_silent_paths(now, &mut changed);
        self.remember(path, now, &mut changed);
        let selected_silent = self
            .selected
            .and_then(|selected| self.paths.iter().find(|known| known.path == selected))
            .is_none_or(|known| now.duration_since(known.last_check) >= SELECTED_SILENCE);
        if self.selected != Some(path) && (check.nominated || selected_silent) {
            self.selected = Some(path);
            changed(PathChange::Selected(path));
        }
        if is_current && check.nominated && self.previous.take().is_some() {
            changed(PathChange::UfragForgotten);
        }
        Ok(reply)
    }

    fn remember(&mut self, path: Path, now: Instant, changed: &mut impl FnMut(PathChange)) {
        if let Some(known) = self.paths.iter_mut().find(|known| known.path == path) {
            known.last_check = now;
            return;
        }
        if self.paths.len() == MAX_PATHS_PER_PEER {
            let selected = self.selected;
            let oldest = self
                .paths
                .iter()
                .enumerate()
                .filter(|(_, known)| Some(known.path) != selected)
                .min_by_key(|(_, known)| known.last_check)
                .map(|(at, _)| at);
            if let Some(at) = oldest {
                changed(PathChange::Forgotten(self.paths.swap_remove(at).path));
            }
        }
        self.paths.push(KnownPath { path, last_check: now });
    }

    /// Forgets paths over which nothing has been heard for [`CONSENT_TIMEOUT`]: their addresses may be somebody else's by
    /// now. But never the selected one: it ends with the peer, or when another is selected.
    fn forget_silent_paths(&mut self, now: Instant, changed: &mut impl FnMut(PathChange)) {
        let selected = self.selected;
        self.paths.retain(|known| {
            let keep = Some(known.path) == selected || now.duration_since(known.last_check) < CONSENT_TIMEOUT;
            if !keep {
                changed(PathChange::Forgotten(known.path));
            }
            keep
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::peer::Identity;

    #[test]
    fn a_ufrag_names_its_worker_also_after_a_restart() {
        let identity = Identity::generate().unwrap();
        let (random, now) = (identity.provider.random(), Instant::now());
        for worker in 0..64 {
            let mut ice = Ice::new(random, worker, "remote", now).unwrap();
            let first = ice.ufrag().to_owned();
            ice.restart(random, "again", now, |_| {}).unwrap();
            assert_ne!(ice.ufrag(), first);
            assert_eq!([&first, ice.ufrag()].map(worker_of), [Some(usize::from(worker)); 2]);
        }
        assert_eq!((worker_of(""), worker_of("?")), (None, None));
    }
}
