//! The DTLS server of one peer (RFC 6347, RFC 5764), on `rtc-dtls`, and around its gaps.
//!
//! Enters: datagrams that came over a path ICE has proven, time. Leaves: datagrams, and once the
//! exported keys. What we add:
//! - AES-GCM although browsers name AES-CM first: it alone is offered, and a client without it is
//!   started over with AES-CM, its first datagrams replayed;
//! - a lost server flight is repeated ([`Flight`]): `rtc-dtls` never does;
//! - what it may be fed has a shape ([`super::record`]) and a limit ([`MAX_DTLS_BYTES`]).

use super::record::{Record, records};
use super::{CloseReason, Identity, PeerError, SrtpProfile};
use crate::peer::srtp::SessionKeys;
use bytes::BytesMut;
use rtc_crypto::{HashAlgorithm, SecretVec};
use rtc_dtls::config::{
    ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig, VerifyPeerCertificateFn,
};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of acceptable DTLS records a peer may send in its life; what comes after is dropped. A handshake takes 4 KiB, one in which every
/// datagram is lost seven times 30. `rtc-dtls` itself would keep up to 2 MB of fragments a peer and any number of
/// records that it cannot decrypt yet.
const MAX_DTLS_BYTES: usize = 64 * 1024;

/// Datagrams kept for a start with the other profile: a ClientHello with a post-quantum key share comes in two, each
/// perhaps twice.
const MAX_FIRST_DATAGRAMS: usize = 4;

/// First repetition of an unanswered flight; each further one waits twice as long, up to [`MAX_REPEAT_INTERVAL`].
/// (RFC 6347 §4.2.4.1 says 1 s; browsers, whose round trips are short, use 50 to 400 ms.)
const FIRST_REPEAT_INTERVAL: Duration = Duration::from_millis(200);
const MAX_REPEAT_INTERVAL: Duration = Duration::from_millis(3_200);
/// Repetitions by our timer; after them only the client's own bring the flight again.
const MAX_TIMER_REPEATS: u32 = 10;
/// A repeated ClientHello brings the flight again, but not its second datagram a second time.
const MIN_REPEAT_INTERVAL: Duration = Duration::from_millis(20);

/// The address `rtc-dtls` knows the peer by: one association goes on over address changes.
const ASSOCIATION: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1);

/// The exporter label of RFC 5764 §4.2.
const EXPORTER: &str = "EXTRACTOR-dtls_srtp";

/// What came of a datagram.
pub(super) enum Outcome {
    Nothing,
    /// The handshake is done.
    Connected {
        profile: SrtpProfile,
        exported: SecretVec,
    },
    /// The association is over.
    Closed(CloseReason),
}

/// How far the handshake is.
enum State {
    /// No reply yet: the profile may still have to change.
    First {
        datagrams: Vec<Vec<u8>>,
    },
    /// A reply was sent.
    Under {
        flight: Flight,
    },
    Done,
}

/// The datagrams of our last flight, verbatim, until the client shows that it has them. A client that lost one accepts
/// it then; those it has its replay window drops.
#[derive(Default)]
struct Flight {
    datagrams: Vec<Vec<u8>>,
    /// Message sequence of the ClientHello that it answers: 0 by HelloVerifyRequest, 1 by ServerHello and what follows.
    answers: u16,
    sent: Option<Instant>,
    repeats: u32,
}

impl Flight {
    /// A HelloVerifyRequest is repeated on request only (RFC 6347 §4.2.1: it keeps no state).
    fn next_repeat(&self) -> Option<Instant> {
        if self.answers == 0 || self.repeats >= MAX_TIMER_REPEATS {
            return None;
        }
        let interval = FIRST_REPEAT_INTERVAL * 2u32.pow(self.repeats.min(10));
        self.sent.map(|sent| sent + interval.min(MAX_REPEAT_INTERVAL))
    }
}

/// The association.
pub(super) struct Dtls {
    identity: Arc<Identity>,
    remote_fingerprint: [u8; 32],
    profile: SrtpProfile,
    endpoint: Endpoint,
    state: State,
    bytes_in: usize,
    outgoing: VecDeque<Vec<u8>>,
}

impl Dtls {
    pub fn new(identity: &Arc<Identity>, remote_fingerprint: [u8; 32]) -> Result<Dtls, PeerError> {
        let profile = SrtpProfile::AeadAes128Gcm;
        Ok(Dtls {
            endpoint: endpoint(identity, remote_fingerprint, profile)?,
            identity: identity.clone(),
            remote_fingerprint,
            profile,
            state: State::First { datagrams: Vec::new() },
            bytes_in: 0,
            outgoing: VecDeque::new(),
        })
    }

    pub fn handle(&mut self, now: Instant, datagram: &[u8]) -> Result<Outcome, PeerError> {
        let mut accepted = BytesMut::with_capacity(datagram.len());
        let mut repeated_hello = false;
        for record in records(datagram).filter(Record::is_acceptable) {
            // A ClientHello that was answered means that the answer was lost. `rtc-dtls` would take it for a broken
            // next flight.
            match (&self.state, record.client_hello()) {
                (State::Under { flight }, Some(sequence)) if sequence <= flight.answers => {
                    repeated_hello = true;
                }
                (State::Done, Some(_)) => {}
                _ => accepted.extend_from_slice(record.bytes()),
            }
        }
        if repeated_hello {
            self.repeat_flight(now, MIN_REPEAT_INTERVAL);
        }
        if accepted.is_empty() {
            return if repeated_hello { Ok(Outcome::Nothing) } else { Err(PeerError::Dtls) };
        }
        if self.bytes_in + accepted.len() > MAX_DTLS_BYTES {
            return Err(PeerError::Limit("MAX_DTLS_BYTES"));
        }
        self.bytes_in += accepted.len();
        self.feed(now, accepted)
    }

    fn feed(&mut self, now: Instant, datagram: BytesMut) -> Result<Outcome, PeerError> {
        if let State::First { datagrams } = &mut self.state
            && datagrams.len() < MAX_FIRST_DATAGRAMS
        {
            datagrams.push(datagram.to_vec());
        }
        let mut result = self.endpoint.read(now, ASSOCIATION, None, datagram);
        if matches!(result, Err(Error::ErrServerNoMatchingSrtpProfile))
            && self.profile == SrtpProfile::AeadAes128Gcm
            && let State::First { datagrams } = &mut self.state
        {
            // The old endpoint goes, and with it the alert that it would send.
            let datagrams = std::mem::take(datagrams);
            self.profile = SrtpProfile::Aes128CmSha1_80;
            self.endpoint = endpoint(&self.identity, self.remote_fingerprint, self.profile)?;
            result = Ok(Vec::new());
            for datagram in datagrams {
                result = self.endpoint.read(now, ASSOCIATION, None, BytesMut::from(&datagram[..]));
                if result.is_err() {
                    break;
                }
            }
        }
        let outcome = self.outcome(result);
        self.collect_transmits(now);
        if let Ok(Outcome::Connected { .. }) = outcome {
            self.state = State::Done;
        }
        outcome
    }

    fn outcome(&mut self, result: Result<Vec<EndpointEvent>, Error>) -> Result<Outcome, PeerError> {
        let done = matches!(self.state, State::Done);
        match result {
            Ok(events) => {
                for event in events {
                    match event {
                        EndpointEvent::HandshakeComplete => return Ok(self.export()),
                        EndpointEvent::PeerClosed => return Ok(Outcome::Closed(CloseReason::ClosedByPeer)),
                        _ => {}
                    }
                }
                Ok(Outcome::Nothing)
            }
            Err(Error::ErrNoMatchingCertificateFingerprint) => {
                Ok(Outcome::Closed(CloseReason::WrongFingerprint))
            }
            Err(Error::ErrAlertFatalOrClose) if done => Ok(Outcome::Closed(CloseReason::ClosedByPeer)),
            // The handshake is over and done: whatever this was, it was not from the peer.
            Err(_) if done => Err(PeerError::Dtls),
            Err(_) => Ok(Outcome::Closed(CloseReason::HandshakeFailed)),
        }
    }

    /// Takes the keys of a finished handshake, after looking once more at who it was with.
    fn export(&self) -> Outcome {
        let failed = Outcome::Closed(CloseReason::HandshakeFailed);
        let Some(state) = self.endpoint.get_connection_state(ASSOCIATION) else { return failed };
        let fits = state.peer_certificates.first().is_some_and(|certificate| {
            fingerprint_fits(&self.identity, certificate, &self.remote_fingerprint)
        });
        if !fits {
            return Outcome::Closed(CloseReason::WrongFingerprint);
        }
        if state.srtp_protection_profile() != dtls_profile(self.profile) {
            return failed;
        }
        match state.export_keying_material(EXPORTER, &[], SessionKeys::exported_bytes(self.profile)) {
            Ok(exported) => Outcome::Connected { profile: self.profile, exported },
            Err(_) => failed,
        }
    }

    /// Moves what `rtc-dtls` wants sent to our queue, keeping a flight that may have to be repeated.
    fn collect_transmits(&mut self, now: Instant) {
        let mut sent: Vec<Vec<u8>> = Vec::new();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            let datagram = transmit.message.to_vec();
            // Half of the ClientHello with the cookie makes `rtc-dtls` ask for the cookie once more; the client, which
            // waits for a ServerHello, has no use for that.
            let repeats_request = records(&datagram).any(|record| record.answers() == Some(0));
            if !(repeats_request && matches!(self.state, State::Under { .. })) {
                sent.push(datagram);
            }
        }
        if sent.is_empty() {
            return;
        }
        if !matches!(self.state, State::Done) {
            let answers =
                sent.iter().flat_map(|datagram| records(datagram)).find_map(|record| record.answers());
            let flight = match answers {
                Some(answers) => Flight { datagrams: sent.clone(), answers, sent: Some(now), repeats: 0 },
                None => Flight::default(),
            };
            self.state = State::Under { flight };
        }
        self.outgoing.extend(sent);
    }

    fn repeat_flight(&mut self, now: Instant, min_interval: Duration) {
        let State::Under { flight } = &mut self.state else { return };
        let Some(sent) = flight.sent.filter(|&sent| now.duration_since(sent) >= min_interval) else { return };
        debug_assert!(sent <= now);
        flight.sent = Some(now);
        flight.repeats += 1;
        self.outgoing.extend(flight.datagrams.iter().cloned());
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Under { flight } => flight.next_repeat(),
            State::First { .. } | State::Done => None,
        }
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            self.repeat_flight(now, Duration::ZERO);
        }
    }

    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outgoing.pop_front()
    }

    /// Queues a close_notify.
    pub fn close(&mut self, now: Instant) {
        let _ = self.endpoint.close(now);
        while let Some(transmit) = self.endpoint.poll_transmit() {
            self.outgoing.push_back(transmit.message.to_vec());
        }
    }
}

fn dtls_profile(profile: SrtpProfile) -> SrtpProtectionProfile {
    match profile {
        SrtpProfile::AeadAes128Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        SrtpProfile::Aes128CmSha1_80 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    }
}

fn fingerprint_fits(identity: &Identity, certificate: &[u8], expected: &[u8; 32]) -> bool {
    identity.provider.crypto().hash(HashAlgorithm::Sha256, certificate).is_ok_and(|digest| digest == expected)
}

fn endpoint(
    identity: &Arc<Identity>,
    fingerprint: [u8; 32],
    profile: SrtpProfile,
) -> Result<Endpoint, PeerError> {
    let config = server_config(identity, fingerprint, profile).map_err(|_| PeerError::Crypto)?;
    Ok(Endpoint::new(ASSOCIATION, TransportProtocol::UDP, Some(Arc::new(config))))
}

fn server_config(
    identity: &Arc<Identity>,
    fingerprint: [u8; 32],
    profile: SrtpProfile,
) -> rtc_shared::error::Result<HandshakeConfig> {
    let verifier = identity.clone();
    let verify: VerifyPeerCertificateFn = Arc::new(move |certificates, _| match certificates.first() {
        Some(certificate) if fingerprint_fits(&verifier, certificate, &fingerprint) => Ok(()),
        Some(_) => Err(Error::ErrNoMatchingCertificateFingerprint),
        None => Err(Error::ErrNonCertificate),
    });
    ConfigBuilder::default()
        .with_crypto_provider(identity.provider.clone())
        .with_certificates(vec![identity.certificate.clone()])
        .with_srtp_protection_profiles(vec![dtls_profile(profile)])
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        // Nobody signs browsers' certificates: their fingerprint in the offer, which came over HTTPS, is the proof.
        .with_insecure_skip_verify(true)
        .with_verify_peer_certificate(Some(verify))
        // RFC 7627: without it keys could be bound to another handshake (triple handshake attack).
        .with_extended_master_secret(ExtendedMasterSecretType::Require)
        .build(false, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_client_gets_its_flight_again_so_often_and_no_more() {
        let start = Instant::now();
        let mut flight = Flight { answers: 1, sent: Some(start), ..Flight::default() };
        let mut intervals = Vec::new();
        while let (Some(at), Some(sent)) = (flight.next_repeat(), flight.sent) {
            intervals.push(at - sent);
            flight.sent = Some(at);
            flight.repeats += 1;
        }
        assert_eq!(intervals.len() as u32, MAX_TIMER_REPEATS);
        assert_eq!(intervals.first(), Some(&FIRST_REPEAT_INTERVAL));
        assert_eq!(intervals.last(), Some(&MAX_REPEAT_INTERVAL));
        assert!(intervals.is_sorted());
        flight.answers = 0;
        flight.repeats = 0;
        assert_eq!(flight.next_repeat(), None, "a HelloVerifyRequest is repeated on request only");
    }
}
