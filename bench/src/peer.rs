//! A browser's half of ICE, DTLS and SRTP, sans-IO, from the same crates the server uses but none of its code.
//!
//! Enters: an SDP answer, datagrams, the time. Leaves: datagrams, and two SRTP contexts once the handshake is over.

mod handshake;
mod trips;

pub use trips::{RoundTrip, Trips};

use crate::sdp::{Answer, Local};
use anyhow::anyhow;
use handshake::{FIRST_REPEAT_INTERVAL, Handshake};
use rtc_crypto::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::EndpointEvent;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;
use rtc_stun::attributes::{
    ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, RawAttribute,
};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::xoraddr::XorMappedAddress;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between consent checks (RFC 7675 §5.1 wants one every 5 s; Chromium makes one every 2.5 s).
pub const CONSENT_INTERVAL: Duration = Duration::from_millis(2_500);
/// The same while there are no keys yet: Chromium's for a connection that is not stable.
const UNSTABLE_INTERVAL: Duration = Duration::from_millis(480);
/// A first check that was not answered is repeated after so long.
const CHECK_REPEAT: Duration = Duration::from_millis(100);
/// Chromium's.
const MTU: usize = 1_200;

/// SRTP profiles a client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Profile {
    /// `AEAD_AES_128_GCM`, what browsers agree to.
    #[default]
    Gcm,
    /// `AES_CM_128_HMAC_SHA1_80` alone, as old devices.
    Cm,
}

/// What all peers of the bench share: making a certificate for each would measure the bench.
pub struct Identity {
    provider: Arc<dyn RTCCryptoProvider>,
    config: Arc<HandshakeConfig>,
    fingerprint: [u8; 32],
}

impl Identity {
    /// A new certificate, and clients that offer this profile.
    pub fn generate(profile: Profile) -> anyhow::Result<Arc<Self>> {
        let provider = rtc_crypto::default_provider()?;
        let certificate = Certificate::generate_self_signed(vec!["bench".to_owned()], provider.crypto())?;
        let digest = provider.crypto().hash(HashAlgorithm::Sha256, certificate.certificate[0].as_ref())?;
        let fingerprint = digest.try_into().map_err(|_| anyhow!("SHA-256 has 32 bytes"))?;
        let profiles = match profile {
            Profile::Gcm => vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm],
            Profile::Cm => vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80],
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(provider.clone())
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(profiles)
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_flight_interval(FIRST_REPEAT_INTERVAL)
            .with_server_name("peer".to_owned())
            .with_mtu(MTU)
            .build(true, None)?;
        Ok(Arc::new(Self { provider, config: Arc::new(config), fingerprint }))
    }

    /// Our half of the next session's offer.
    pub fn local(&self) -> Local {
        Local {
            ufrag: format!("{:08x}", rand::random::<u32>()),
            pwd: "the-password-of-the-bench",
            fingerprint: self.fingerprint,
        }
    }
}

/// Both directions of SRTP.
pub struct Srtp {
    /// What the server sealed.
    pub open: Context,
    /// What we send.
    pub seal: Context,
}

/// Who chooses the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceRole {
    /// We, as with every ICE-lite server.
    Controlling,
    /// We, but nothing is chosen yet.
    Asking,
    /// The server, because it made the offer.
    Controlled,
}

/// One session's connection.
pub struct Peer {
    identity: Arc<Identity>,
    role: IceRole,
    server: SocketAddr,
    own_pwd: &'static str,
    username: String,
    server_pwd: String,
    handshake: Handshake,
    transmits: VecDeque<Vec<u8>>,
    next_check: Instant,
    is_validated: bool,
    /// What the join has waited for so far.
    pub trips: Trips,
    /// Once the handshake is over.
    pub srtp: Option<Srtp>,
    /// Why it cannot go on.
    pub failed: Option<String>,
    /// The server has ended it.
    pub is_closed: bool,
}

fn attribute(typ: rtc_stun::attributes::AttrType, value: &[u8]) -> Box<dyn Setter> {
    Box::new(RawAttribute { typ, length: value.len() as u16, value: value.to_vec() })
}

impl Peer {
    /// A peer that begins with a connectivity check.
    pub fn new(identity: Arc<Identity>, local: &Local, answer: &Answer, now: Instant) -> Self {
        Self {
            identity,
            role: IceRole::Controlling,
            server: answer.server,
            own_pwd: local.pwd,
            username: format!("{}:{}", answer.ufrag, local.ufrag),
            server_pwd: answer.pwd.clone(),
            handshake: Handshake::new(),
            transmits: VecDeque::new(),
            next_check: now,
            is_validated: false,
            trips: Trips::default(),
            srtp: None,
            failed: None,
            is_closed: false,
        }
    }

    /// The same towards a server that made the offer.
    pub fn answering(identity: Arc<Identity>, local: &Local, offer: &Answer, now: Instant) -> Self {
        Self { role: IceRole::Controlled, ..Self::new(identity, local, offer, now) }
    }

    /// One that only finds out whether this address of a server answers.
    pub fn asking(identity: Arc<Identity>, local: &Local, answer: &Answer, now: Instant) -> Self {
        Self { role: IceRole::Asking, ..Self::new(identity, local, answer, now) }
    }

    /// Has a check been answered?
    pub fn is_validated(&self) -> bool {
        self.is_validated
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmits.pop_front().or_else(|| self.handshake.poll_transmit())
    }

    /// When [`Peer::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Instant {
        let handshake = self.handshake.poll_timeout();
        handshake.map_or(self.next_check, |due| due.min(self.next_check))
    }

    /// Repeats what was not answered and keeps the server's consent.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_check <= now {
            self.next_check = now
                + match (self.is_validated, &self.srtp) {
                    (false, _) => CHECK_REPEAT,
                    (true, None) => UNSTABLE_INTERVAL,
                    (true, Some(_)) => CONSENT_INTERVAL,
                };
            if !self.is_validated {
                self.trips.ask("connectivity check", now);
            }
            match self.check() {
                Ok(check) => self.transmits.push_back(check),
                Err(error) => self.failed = Some(error.to_string()),
            }
        }
        if let Err(error) = self.handshake.handle_timeout(now, &mut self.trips) {
            self.failed = Some(error.to_string());
        }
    }

    /// A connectivity check; one that nominates, as a browser sends it to a lite agent, if that is ours to do.
    fn check(&self) -> rtc_shared::error::Result<Vec<u8>> {
        let integrity = MessageIntegrity::new_short_term_integrity_with_provider(
            self.server_pwd.clone(),
            self.identity.provider.crypto(),
        );
        let role = match self.role {
            IceRole::Controlling | IceRole::Asking => ATTR_ICE_CONTROLLING,
            IceRole::Controlled => ATTR_ICE_CONTROLLED,
        };
        let mut message = Message::new();
        message.build(&[
            Box::new(TransactionId::new()),
            Box::new(BINDING_REQUEST),
            attribute(ATTR_USERNAME, self.username.as_bytes()),
            attribute(role, &[1; 8]),
            attribute(ATTR_PRIORITY, &[0x6e, 0, 0x1e, 0xff]),
        ])?;
        use rtc_stun::message::Setter as _;
        if self.role == IceRole::Controlling {
            attribute(ATTR_USE_CANDIDATE, &[]).add_to(&mut message)?;
        }
        integrity.add_to(&mut message)?;
        FINGERPRINT.add_to(&mut message)?;
        Ok(message.raw)
    }

    /// The answer to a check of a server that makes its own.
    fn reply(&self, request: &mut Message) -> rtc_shared::error::Result<Vec<u8>> {
        let crypto = self.identity.provider.crypto();
        MessageIntegrity::check(request, self.own_pwd.as_bytes(), crypto)?;
        let integrity =
            MessageIntegrity::new_short_term_integrity_with_provider(self.own_pwd.to_owned(), crypto);
        let mut reply = Message::new();
        reply.build(&[
            Box::new(request.transaction_id),
            Box::new(BINDING_SUCCESS),
            Box::new(XorMappedAddress { ip: self.server.ip(), port: self.server.port() }),
        ])?;
        use rtc_stun::message::Setter as _;
        integrity.add_to(&mut reply)?;
        FINGERPRINT.add_to(&mut reply)?;
        Ok(reply.raw)
    }

    /// A STUN message: the answer to the first check starts the handshake.
    pub fn handle_stun(&mut self, now: Instant, datagram: &[u8]) {
        let mut message = Message::new();
        if message.unmarshal_binary(datagram).is_ok() && message.typ == BINDING_REQUEST {
            match self.reply(&mut message) {
                Ok(reply) => self.transmits.push_back(reply),
                Err(error) => self.failed = Some(error.to_string()),
            }
            return;
        }
        let mut message = Message::new();
        if self.is_validated || message.unmarshal_binary(datagram).is_err() || message.typ != BINDING_SUCCESS
        {
            return;
        }
        let crypto = self.identity.provider.crypto();
        if MessageIntegrity::check(&mut message, self.server_pwd.as_bytes(), crypto).is_err() {
            self.failed = Some("a STUN answer under another password".to_owned());
            return;
        }
        self.is_validated = true;
        self.next_check = now + UNSTABLE_INTERVAL;
        self.trips.answer("connectivity check answered", now);
        if let Err(error) = self.handshake.connect(now, self.identity.config.clone(), &mut self.trips) {
            self.failed = Some(error.to_string());
        }
    }

    /// A DTLS record.
    pub fn handle_dtls(&mut self, now: Instant, datagram: &[u8]) {
        match self.handshake.handle(now, datagram, &mut self.trips) {
            Ok(events) => {
                for event in events {
                    match event {
                        EndpointEvent::HandshakeComplete => {
                            self.srtp =
                                self.keys().map_err(|error| self.failed = Some(error.to_string())).ok();
                        }
                        EndpointEvent::PeerClosed => self.is_closed = true,
                        _ => {}
                    }
                }
            }
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    /// RFC 5764 §4.2.
    fn keys(&self) -> anyhow::Result<Srtp> {
        let state = self.handshake.state().ok_or_else(|| anyhow!("there is no association"))?;
        let (profile, salt) = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => (ProtectionProfile::AeadAes128Gcm, 12),
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => {
                (ProtectionProfile::Aes128CmHmacSha1_80, 14)
            }
            other => return Err(anyhow!("the server chose {other:?}")),
        };
        let keys = state.export_keying_material("EXTRACTOR-dtls_srtp", &[], 2 * (16 + salt))?;
        let keys: &[u8] = keys.as_ref();
        let crypto = self.identity.provider.crypto();
        let (client_salt, server_salt) = keys[32..].split_at(salt);
        Ok(Srtp {
            open: Context::new(&keys[16..32], server_salt, profile, None, None, crypto)?,
            seal: Context::new(&keys[..16], client_salt, profile, None, None, crypto)?,
        })
    }
}
