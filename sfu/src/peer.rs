//! One association with one browser: ICE-lite, DTLS, SRTP.
//!
//! Enters: STUN, DTLS, SRTP and SRTCP datagrams of one session, and the time. Leaves: plaintext
//! RTP and RTCP (in place), sealed packets (in the caller's buffer), datagrams of its own
//! ([`Peer::poll_transmit`]), steps of its handshake to be taken ([`Peer::take_handshake`]) and [`PeerEvent`]s. Nothing is ever sent to an address that has not
//! passed an integrity check.

mod dtls;
mod handshake;
mod ice;
mod identity;
mod record;
mod srtp;
mod stun;

pub use handshake::{HandshakeResult, HandshakeWork, MAX_WAITING_DATAGRAMS};
pub use ice::worker_of;
pub use identity::{Identity, IdentityError};
pub use srtp::{MAX_SSRCS_PER_PEER, OpenedRtp, SrtpError};
pub use stun::stun_username;

use dtls::{Dtls, Outcome};
use handshake::Inbox;
use ice::{Ice, PathChange};
use srtp::{Opener, Sealer, SessionKeys};

use crate::engine::Path;
use crate::now::Now;
use crate::sdp::RemoteDescription;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The peer is gone when neither an integrity-checked STUN request (RFC 7675 §5.1) nor an SRTCP packet has arrived for so long.
pub const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);

/// A peer whose handshake is not done so long after its offer is closed.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// Datagrams of our own that wait to be polled; further ones are dropped. The engine polls after every call, so more
/// than a flight (four datagrams) and a reply never wait.
const MAX_TRANSMITS: usize = 64;

/// How media is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpProfile {
    /// RFC 7714, preferred.
    AeadAes128Gcm,
    /// RFC 5764, for peers without GCM.
    Aes128CmSha1_80,
}

/// Why an association ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CloseReason {
    /// No STUN and no SRTCP for [`CONSENT_TIMEOUT`].
    #[error("neither a connectivity check nor a report has arrived for {} s", CONSENT_TIMEOUT.as_secs())]
    ConsentLost,
    /// The peer said goodbye.
    #[error("the peer closed the DTLS association")]
    ClosedByPeer,
    /// The handshake failed or did not finish in time.
    #[error("the DTLS handshake failed")]
    HandshakeFailed,
    /// The certificate is not the one that the offer names.
    #[error("the certificate does not match the offer's fingerprint")]
    WrongFingerprint,
}

/// What happened to an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerEvent {
    /// Media can flow.
    Connected {
        /// As negotiated.
        profile: SrtpProfile,
    },
    /// Media leaves by another path now.
    PathChanged {
        /// The new one.
        path: Path,
    },
    /// This path is no longer one of the peer's: forget it in address look-ups.
    PathForgotten {
        /// Which.
        path: Path,
    },
    /// This local ufrag is no longer valid: forget it in user name look-ups.
    UfragForgotten,
    /// It is over; nothing more will be sent or opened.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Why a datagram was dropped or a peer could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PeerError {
    /// Not a STUN message we can read, or not a binding request.
    #[error("not a STUN binding request")]
    NotBinding,
    /// User name, fingerprint or integrity do not check.
    #[error("the STUN integrity check failed")]
    Integrity,
    /// The address has not passed an integrity check.
    #[error("nothing is accepted from this address before a connectivity check")]
    UnknownPath,
    /// The association is closed.
    #[error("the association is closed")]
    Closed,
    /// A named limit was reached; the datagram is dropped.
    #[error("limit reached: {0}")]
    Limit(&'static str),
    /// The DTLS layer refused the datagram.
    #[error("DTLS: refused")]
    Dtls,
    /// The system's random source or the crypto provider failed.
    #[error("the crypto provider failed")]
    Crypto,
}

/// What has become of the association.
enum Phase {
    /// Media cannot flow before `deadline` is met.
    Connecting {
        deadline: Instant,
    },
    Connected(Box<Opener>),
    Closed,
}

/// An association.
pub struct Peer {
    identity: Arc<Identity>,
    ice: Ice,
    /// `None` while a step of the handshake is being taken elsewhere.
    dtls: Option<Box<Dtls>>,
    /// What has come for it since.
    inbox: Inbox,
    /// Where the last DTLS datagram came from, and replies go.
    dtls_path: Option<Path>,
    phase: Phase,
    sealer: Sealer,
    transmits: VecDeque<(Path, Vec<u8>)>,
    events: VecDeque<PeerEvent>,
}

impl Peer {
    /// A new association of worker `worker` (0 to 63) that waits for connectivity checks.
    ///
    /// # Errors
    /// The crypto provider fails.
    pub fn new(
        identity: &Arc<Identity>,
        worker: u8,
        remote: &RemoteDescription,
        now: Now,
    ) -> Result<Peer, PeerError> {
        Ok(Peer {
            ice: Ice::new(identity.provider.random(), worker, &remote.ufrag, now.mono)?,
            dtls: Some(Box::new(Dtls::new(identity, remote.fingerprint_sha256)?)),
            inbox: Inbox::default(),
            identity: identity.clone(),
            dtls_path: None,
            phase: Phase::Connecting { deadline: now.mono + HANDSHAKE_TIMEOUT },
            sealer: Sealer::without_keys(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        })
    }

    /// Our current ICE user name fragment: register it for [`stun_username`].
    #[must_use]
    pub fn local_ufrag(&self) -> &str {
        self.ice.ufrag()
    }

    /// Our current ICE password, for the answer.
    #[must_use]
    pub fn local_pwd(&self) -> &str {
        self.ice.pwd()
    }

    /// The peer's current ICE user name fragment.
    #[must_use]
    pub fn remote_ufrag(&self) -> &str {
        self.ice.remote_ufrag()
    }

    /// Names the current ICE session (RFC 9725 §4.3.1); changes with [`Self::restart`].
    #[must_use]
    pub fn etag(&self) -> &str {
        self.ice.ufrag()
    }

    /// 1, and one more with every restart: the version of the session description.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.ice.version()
    }

    /// Starts a new ICE session: new local credentials from now on. The old ones stay valid until a check with the new
    /// ones nominates a path (then [`PeerEvent::UfragForgotten`]); DTLS, keys and the path in use go on.
    ///
    /// # Errors
    /// The crypto provider fails, or the association is closed.
    pub fn restart(&mut self, remote_ufrag: &str, now: Now) -> Result<(), PeerError> {
        if self.is_closed() {
            return Err(PeerError::Closed);
        }
        let events = &mut self.events;
        self.ice.restart(self.identity.provider.random(), remote_ufrag, now.mono, |change| {
            events.push_back(change.into());
        })
    }

    /// Is this one of the local ufrags that are valid now?
    #[must_use]
    pub fn knows_ufrag(&self, ufrag: &str) -> bool {
        self.ice.knows_ufrag(ufrag)
    }

    /// A STUN datagram. `Ok` means that `path` belongs to this peer: remember it for address look-ups.
    ///
    /// # Errors
    /// Nothing is answered then.
    pub fn handle_stun(&mut self, now: Now, path: Path, datagram: &[u8]) -> Result<(), PeerError> {
        if self.is_closed() {
            return Err(PeerError::Closed);
        }
        let events = &mut self.events;
        let crypto = self.identity.provider.crypto();
        let reply =
            self.ice.handle(crypto, now.mono, path, datagram, |change| events.push_back(change.into()))?;
        self.transmit(path, reply);
        Ok(())
    }

    /// A DTLS datagram from one of the peer's paths, nominated or not: browsers start before they nominate. Until the
    /// handshake is done it waits for [`Self::take_handshake`].
    ///
    /// # Errors
    /// It was dropped.
    pub fn receive_dtls(&mut self, now: Now, path: Path, datagram: &[u8]) -> Result<(), PeerError> {
        if self.is_closed() {
            return Err(PeerError::Closed);
        }
        if !self.ice.knows_path(path) {
            return Err(PeerError::UnknownPath);
        }
        if !self.is_connected() {
            self.inbox.push(now.mono, datagram)?;
            self.dtls_path = Some(path);
            return Ok(());
        }
        self.dtls_path = Some(path);
        self.handle_here(now.mono, datagram)
    }

    /// The next step of the handshake, if there is one and none is under way. To be run, here or elsewhere, and its result given
    /// to [`Self::finish_handshake`].
    pub fn take_handshake(&mut self) -> Option<HandshakeWork> {
        if self.is_closed() { None } else { self.inbox.work(&mut self.dtls) }
    }

    /// A step of the handshake has been taken.
    ///
    /// # Errors
    /// A datagram was dropped.
    pub fn finish_handshake(&mut self, result: HandshakeResult) -> Result<(), PeerError> {
        let HandshakeResult { dtls, outcome, left } = result;
        self.dtls = Some(dtls);
        if self.is_closed() {
            return Ok(());
        }
        self.flush_dtls();
        let mut came = outcome.and_then(|outcome| self.act_on(outcome));
        if self.is_connected() {
            for (at, datagram) in left.into_iter().chain(self.inbox.take()) {
                came = came.and(self.handle_here(at, &datagram));
            }
        }
        came
    }

    /// Both at once: a step is taken where the datagram arrives.
    ///
    /// # Errors
    /// It was dropped.
    pub fn handle_dtls(&mut self, now: Now, path: Path, datagram: &[u8]) -> Result<(), PeerError> {
        self.receive_dtls(now, path, datagram)?;
        match self.take_handshake() {
            Some(work) => self.finish_handshake(work.run()),
            None => Ok(()),
        }
    }

    /// A datagram after the handshake: an alert, or a flight that the peer repeats. Rare and cheap.
    fn handle_here(&mut self, at: Instant, datagram: &[u8]) -> Result<(), PeerError> {
        if self.is_closed() {
            return Err(PeerError::Closed);
        }
        let Some(dtls) = &mut self.dtls else { return Err(PeerError::Dtls) };
        let outcome = dtls.handle(at, datagram);
        self.flush_dtls();
        self.act_on(outcome?)
    }

    fn act_on(&mut self, outcome: Outcome) -> Result<(), PeerError> {
        match outcome {
            Outcome::Nothing => Ok(()),
            Outcome::Connected { profile, exported } => self.connect(profile, exported.as_ref()),
            Outcome::Closed(reason) => {
                self.end(reason);
                Ok(())
            }
        }
    }

    fn connect(&mut self, profile: SrtpProfile, exported: &[u8]) -> Result<(), PeerError> {
        let crypto = self.identity.provider.crypto();
        let keys = SessionKeys::cut(profile, exported).ok_or(PeerError::Crypto)?;
        let ready = Opener::new(crypto, profile, &keys.client)
            .and_then(|opener| self.sealer.set_keys(crypto, profile, &keys.server).map(|()| opener));
        match ready {
            Ok(opener) => {
                self.phase = Phase::Connected(Box::new(opener));
                self.events.push_back(PeerEvent::Connected { profile });
                Ok(())
            }
            Err(_) => {
                self.end(CloseReason::HandshakeFailed);
                Err(PeerError::Crypto)
            }
        }
    }

    fn flush_dtls(&mut self) {
        while let Some(datagram) = self.dtls.as_mut().and_then(|dtls| dtls.poll_transmit()) {
            if let Some(path) = self.dtls_path {
                self.transmit(path, datagram);
            }
        }
    }

    fn transmit(&mut self, path: Path, datagram: Vec<u8>) {
        if self.transmits.len() < MAX_TRANSMITS {
            self.transmits.push_back((path, datagram));
        }
    }

    fn end(&mut self, reason: CloseReason) {
        self.phase = Phase::Closed;
        self.events.push_back(PeerEvent::Closed { reason });
    }

    /// Authenticates and decrypts an SRTP packet in place.
    ///
    /// # Errors
    /// It was dropped; `packet` holds garbage.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<OpenedRtp, SrtpError> {
        match &mut self.phase {
            Phase::Connected(opener) => opener.open_rtp(packet),
            Phase::Connecting { .. } | Phase::Closed => Err(SrtpError::NotConnected),
        }
    }

    /// Authenticates and decrypts a compound SRTCP packet in place; the length of the plain packet comes back.
    ///
    /// # Errors
    /// It was dropped; `packet` holds garbage.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        match &mut self.phase {
            Phase::Connected(opener) => opener.open_rtcp(packet),
            Phase::Connecting { .. } | Phase::Closed => Err(SrtpError::NotConnected),
        }
    }

    /// Makes room to send with this SSRC. Once a session for each slot's media and retransmission SSRC; may come before
    /// the handshake is done. Again with a known SSRC: nothing happens.
    ///
    /// # Errors
    /// [`SrtpError::TooManySsrcs`].
    pub fn register_ssrc(&mut self, ssrc: u32) -> Result<(), SrtpError> {
        self.sealer.register_ssrc(ssrc)
    }

    /// Seals the RTP packet that begins at `from` of `buffer` and reaches its end, in place; the tag is appended.
    /// `header_len` is its header with CSRCs and extensions; `index` is ROC‖SEQ, 48 bits, whose lower 16 are the
    /// header's sequence number. No allocation when the buffer has room.
    ///
    /// # Errors
    /// An index is sealed once only for each SSRC ([`SrtpError::IndexUsed`]): a repeated GCM nonce gives the key away.
    /// So a packet is never sealed again to be sent again: retransmissions have an SSRC and indexes of their own.
    /// On an error the buffer is truncated to `from`.
    pub fn seal_rtp(
        &mut self,
        buffer: &mut Vec<u8>,
        from: usize,
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        if self.is_closed() {
            buffer.truncate(from);
            return Err(SrtpError::NotConnected);
        }
        self.sealer.seal_rtp(buffer, from, header_len, ssrc, index)
    }

    /// Seals a compound RTCP packet and appends it to `out`.
    ///
    /// # Errors
    /// Nothing is appended.
    pub fn seal_rtcp(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), SrtpError> {
        if self.is_closed() {
            return Err(SrtpError::NotConnected);
        }
        self.sealer.seal_rtcp(plain, out)
    }

    /// Where media goes; none before the first connectivity check.
    #[must_use]
    pub fn path(&self) -> Option<Path> {
        self.ice.selected()
    }

    /// A path that was a connection has ended. Nothing goes there any more, and nothing anywhere if it was the selected one,
    /// until another passes a check.
    pub fn path_closed(&mut self, path: Path) {
        self.ice.path_closed(path);
        if self.dtls_path == Some(path) {
            self.dtls_path = None;
        }
    }

    /// Can media flow?
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Connected(_))
    }

    /// Is it over?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Says goodbye (DTLS close_notify, in [`Self::poll_transmit`]) and closes without an event.
    pub fn close(&mut self, now: Now) {
        if self.is_closed() {
            return;
        }
        if let Some(dtls) = &mut self.dtls {
            dtls.close(now.mono);
        }
        self.dtls_path = self.ice.selected().or(self.dtls_path);
        self.flush_dtls();
        self.phase = Phase::Closed;
    }

    /// An SRTCP packet of this peer has been opened: it is alive and receives. Counts like a connectivity check
    /// (RFC 7675 leaves it to the sender what else is consent): libnice, and so GStreamer, checks no more once it is
    /// connected and keeps the path open with indications, which are not authenticated (RFC 8445 §11).
    pub fn heard(&mut self, now: Now) {
        self.ice.heard(now.mono);
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<(Path, Vec<u8>)> {
        self.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<PeerEvent> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] is wanted.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let consent = self.ice.consent_deadline();
        match &self.phase {
            Phase::Closed => None,
            Phase::Connected(_) => Some(consent),
            Phase::Connecting { deadline } => Some(
                [self.dtls.as_ref().and_then(|dtls| dtls.poll_timeout()), Some(*deadline)]
                    .into_iter()
                    .flatten()
                    .fold(consent, Instant::min),
            ),
        }
    }

    /// The time is `now`.
    pub fn handle_timeout(&mut self, now: Now) {
        let deadline = match &self.phase {
            Phase::Closed => return,
            Phase::Connected(_) => None,
            Phase::Connecting { deadline } => Some(*deadline),
        };
        if self.ice.consent_deadline() <= now.mono {
            self.end(CloseReason::ConsentLost);
            return;
        }
        if deadline.is_some_and(|deadline| deadline <= now.mono) {
            self.end(CloseReason::HandshakeFailed);
            return;
        }
        if let Some(dtls) = &mut self.dtls {
            dtls.handle_timeout(now.mono);
        }
        self.flush_dtls();
    }
}

impl From<PathChange> for PeerEvent {
    fn from(change: PathChange) -> PeerEvent {
        match change {
            PathChange::Selected(path) => PeerEvent::PathChanged { path },
            PathChange::Forgotten(path) => PeerEvent::PathForgotten { path },
            PathChange::UfragForgotten => PeerEvent::UfragForgotten,
        }
    }
}
