//! One association with one browser: ICE-lite, DTLS, SRTP.
//!
//! Enters: STUN, DTLS, SRTP and SRTCP datagrams of one session, and the time. Leaves: plaintext
//! RTP and RTCP (in place), sealed packets (in the caller's buffer), datagrams of its own
//! ([`Peer::poll_transmit`]) and [`PeerEvent`]s. Nothing is ever sent to an address that has not
//! passed an integrity check.

mod identity;
mod srtp;

pub use identity::{Identity, IdentityError};
pub use srtp::{OpenedRtp, SrtpError};

use crate::engine::Path;
use crate::now::Now;
use crate::sdp::RemoteDescription;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The peer is gone when no integrity-checked STUN request has arrived for so long (RFC 7675 §5.1).
pub const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);

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
    /// No STUN for [`CONSENT_TIMEOUT`].
    #[error("no connectivity check has arrived for 30 s")]
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

/// The local half of a STUN request's user name (`ours:theirs`), without checking anything else: to find the peer
/// that a datagram from an unknown address is meant for. A full check follows in [`Peer::handle_stun`].
#[must_use]
pub fn stun_username(datagram: &[u8]) -> Option<&str> {
    let _ = datagram;
    None
}

/// An association.
pub struct Peer {
    remote: RemoteDescription,
    ufrag: String,
    pwd: String,
}

impl Peer {
    /// A new association that waits for connectivity checks.
    ///
    /// # Errors
    /// The crypto provider fails.
    pub fn new(identity: &Arc<Identity>, remote: &RemoteDescription, now: Now) -> Result<Peer, PeerError> {
        let _ = (identity, now);
        Ok(Peer { remote: remote.clone(), ufrag: String::new(), pwd: String::new() })
    }

    /// Our current ICE user name fragment: register it for [`stun_username`].
    #[must_use]
    pub fn local_ufrag(&self) -> &str {
        &self.ufrag
    }

    /// Our current ICE password, for the answer.
    #[must_use]
    pub fn local_pwd(&self) -> &str {
        &self.pwd
    }

    /// The peer's current ICE user name fragment.
    #[must_use]
    pub fn remote_ufrag(&self) -> &str {
        &self.remote.ufrag
    }

    /// Names the current ICE session (RFC 9725 §4.3.1); changes with [`Self::restart`].
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.ufrag
    }

    /// 1, and one more with every restart: the version of the session description.
    #[must_use]
    pub fn version(&self) -> u64 {
        1
    }

    /// Starts a new ICE session: new local credentials from now on. The old ones stay valid until a check with the new
    /// ones arrives (then [`PeerEvent::UfragForgotten`]); DTLS, keys and the path in use go on.
    ///
    /// # Errors
    /// The crypto provider fails, or the association is closed.
    pub fn restart(&mut self, remote_ufrag: &str, remote_pwd: &str, now: Now) -> Result<(), PeerError> {
        let _ = (remote_ufrag, remote_pwd, now);
        Err(PeerError::Closed)
    }

    /// Is this one of the local ufrags that are valid now?
    #[must_use]
    pub fn knows_ufrag(&self, ufrag: &str) -> bool {
        ufrag == self.ufrag
    }

    /// A STUN datagram. `Ok` means that `path` belongs to this peer: remember it for address look-ups.
    ///
    /// # Errors
    /// Nothing is answered then.
    pub fn handle_stun(&mut self, now: Now, path: Path, datagram: &[u8]) -> Result<(), PeerError> {
        let _ = (now, path, datagram);
        Err(PeerError::NotBinding)
    }

    /// A DTLS datagram from one of the peer's paths.
    ///
    /// # Errors
    /// It was dropped.
    pub fn handle_dtls(&mut self, now: Now, path: Path, datagram: &[u8]) -> Result<(), PeerError> {
        let _ = (now, path, datagram);
        Err(PeerError::UnknownPath)
    }

    /// Authenticates and decrypts an SRTP packet in place.
    ///
    /// # Errors
    /// It was dropped; `packet` holds garbage.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<OpenedRtp, SrtpError> {
        let _ = packet;
        Err(SrtpError::NotConnected)
    }

    /// Authenticates and decrypts a compound SRTCP packet in place; its length follows.
    ///
    /// # Errors
    /// It was dropped; `packet` holds garbage.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let _ = packet;
        Err(SrtpError::NotConnected)
    }

    /// Makes room to send with this SSRC. Once a session for each slot's media and retransmission SSRC; may come before
    /// the handshake is done. Again with a known SSRC: nothing happens.
    ///
    /// # Errors
    /// [`SrtpError::TooManySsrcs`].
    pub fn register_ssrc(&mut self, ssrc: u32) -> Result<(), SrtpError> {
        let _ = ssrc;
        Ok(())
    }

    /// Seals the RTP packet that begins at `from` of `buffer` and reaches its end, in place; the tag is appended.
    /// `header_len` is its header with CSRCs and extensions; `index` is ROC‖SEQ, 48 bits, whose lower half is the
    /// header's sequence number. No allocation when the buffer has room.
    ///
    /// # Errors
    /// An index is sealed once only for each SSRC ([`SrtpError::IndexUsed`]): a repeated GCM nonce gives the key away.
    /// On an error the buffer is truncated to `from`.
    pub fn seal_rtp(
        &mut self,
        buffer: &mut Vec<u8>,
        from: usize,
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        let _ = (header_len, ssrc, index);
        buffer.truncate(from);
        Err(SrtpError::NotConnected)
    }

    /// Seals a compound RTCP packet and appends it to `out`.
    ///
    /// # Errors
    /// Nothing is appended.
    pub fn seal_rtcp(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), SrtpError> {
        let _ = (plain, out);
        Err(SrtpError::NotConnected)
    }

    /// Where media goes; none before the first connectivity check.
    #[must_use]
    pub fn path(&self) -> Option<Path> {
        None
    }

    /// Can media flow?
    #[must_use]
    pub fn is_connected(&self) -> bool {
        false
    }

    /// Says goodbye (DTLS close_notify, in [`Self::poll_transmit`]) and closes without an event.
    pub fn close(&mut self, now: Now) {
        let _ = now;
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<(Path, Vec<u8>)> {
        None
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<PeerEvent> {
        None
    }

    /// When [`Self::handle_timeout`] is wanted.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The time is `now`.
    pub fn handle_timeout(&mut self, now: Now) {
        let _ = now;
    }
}
