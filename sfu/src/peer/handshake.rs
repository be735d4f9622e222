//! A handshake's work as a thing of its own: a signature, two key agreements and the check of a certificate take hundreds of
//! microseconds, and the media of others must not wait for them.
//!
//! Enters: what a peer has sent, and its DTLS state. Leaves: a [`HandshakeWork`] that may be run anywhere and comes back as a
//! [`HandshakeResult`]. What the peer sends meanwhile waits in the [`Inbox`].

use super::PeerError;
use super::dtls::{Dtls, Outcome};
use super::record::{Record, records};
use std::collections::VecDeque;
use std::time::Instant;

/// Datagrams of a handshake that wait for its state to come back; further ones are dropped, and the peer repeats them. The longest
/// flight, a certificate in small datagrams, takes a dozen.
pub const MAX_WAITING_DATAGRAMS: usize = 24;

/// A datagram and when it came.
pub(super) type Arrived = (Instant, Vec<u8>);

/// What waits for the DTLS state.
#[derive(Default)]
pub(super) struct Inbox(VecDeque<Arrived>);

impl Inbox {
    /// Keeps a datagram, if there is room and it holds anything that a handshake could be made of.
    pub fn push(&mut self, at: Instant, datagram: &[u8]) -> Result<(), PeerError> {
        if !records(datagram).any(|record: Record<'_>| record.is_acceptable()) {
            return Err(PeerError::Dtls);
        }
        if self.0.len() >= MAX_WAITING_DATAGRAMS {
            return Err(PeerError::Limit("MAX_WAITING_DATAGRAMS"));
        }
        self.0.push_back((at, datagram.to_vec()));
        Ok(())
    }

    /// The work that there is, when the state is here.
    pub fn work(&mut self, dtls: &mut Option<Box<Dtls>>) -> Option<HandshakeWork> {
        if self.0.is_empty() {
            return None;
        }
        let dtls = dtls.take()?;
        Some(HandshakeWork { dtls, arrived: self.take() })
    }

    /// Everything that waits.
    pub fn take(&mut self) -> VecDeque<Arrived> {
        std::mem::take(&mut self.0)
    }
}

/// A step of a handshake that can be taken now. The association stands still until its result is back.
pub struct HandshakeWork {
    dtls: Box<Dtls>,
    arrived: VecDeque<Arrived>,
}

/// What came of a step.
pub struct HandshakeResult {
    pub(super) dtls: Box<Dtls>,
    pub(super) outcome: Result<Outcome, PeerError>,
    /// What came behind the datagram that ended the handshake.
    pub(super) left: VecDeque<Arrived>,
}

impl HandshakeWork {
    /// Takes the step: up to a millisecond of computing, no waiting.
    #[must_use]
    pub fn run(self) -> HandshakeResult {
        let Self { mut dtls, arrived: mut left } = self;
        let mut outcome = Ok(Outcome::Nothing);
        while let Some((at, datagram)) = left.pop_front() {
            let came = dtls.handle(at, &datagram);
            match came {
                Ok(Outcome::Nothing) => {}
                Ok(_) => {
                    outcome = came;
                    break;
                }
                Err(_) => outcome = came,
            }
        }
        HandshakeResult { dtls, outcome, left }
    }
}
