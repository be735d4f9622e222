//! A browser's half of ICE, DTLS and SRTP, from the same sans-IO crates but none of our code.

use bytes::BytesMut;
use rtc_crypto::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;
use rtc_stun::attributes::{
    ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, RawAttribute,
};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::xoraddr::XorMappedAddress;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tongtang_sfu::sdp::{RemoteDescription, RemoteSetup};

/// How the client's DTLS repeats what is not answered.
const CLIENT_FLIGHT_INTERVAL: Duration = Duration::from_millis(400);
const SERVER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1)), 3478);

pub const GCM: SrtpProtectionProfile = SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm;
pub const CM_80: SrtpProtectionProfile = SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80;
pub const CM_32: SrtpProtectionProfile = SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_32;

/// What a check asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Check,
    Nominate,
    /// Claims not to lead.
    Controlled,
}

/// The other side's ICE names.
#[derive(Clone)]
pub struct Names {
    pub ufrag: String,
    pub pwd: String,
}

pub struct Client {
    provider: Arc<dyn RTCCryptoProvider>,
    fingerprint: [u8; 32],
    pub ufrag: String,
    endpoint: Endpoint,
    config: Arc<HandshakeConfig>,
    pub connected: bool,
    pub failed: Option<String>,
    pub closed: bool,
    /// Receiving and sending, by the other implementation of SRTP.
    pub srtp: Option<(Context, Context)>,
}

fn attribute(typ: rtc_stun::attributes::AttrType, value: &[u8]) -> Box<dyn Setter> {
    Box::new(RawAttribute { typ, length: value.len() as u16, value: value.to_vec() })
}

impl Client {
    /// A client that offers these profiles in this order and cuts its flights into datagrams of `mtu` bytes.
    pub fn new(profiles: &[SrtpProtectionProfile], mtu: usize) -> Client {
        let provider = rtc_crypto::default_provider().unwrap();
        let certificate =
            Certificate::generate_self_signed(vec!["client".to_owned()], provider.crypto()).unwrap();
        let digest =
            provider.crypto().hash(HashAlgorithm::Sha256, certificate.certificate[0].as_ref()).unwrap();
        let config = ConfigBuilder::default()
            .with_crypto_provider(provider.clone())
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(profiles.to_vec())
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_flight_interval(CLIENT_FLIGHT_INTERVAL)
            .with_server_name("peer".to_owned())
            .with_mtu(mtu)
            .build(true, None)
            .unwrap();
        Client {
            fingerprint: digest.try_into().unwrap(),
            ufrag: "browser1".to_owned(),
            endpoint: Endpoint::new(SERVER, TransportProtocol::UDP, None),
            config: Arc::new(config),
            provider,
            connected: false,
            failed: None,
            closed: false,
            srtp: None,
        }
    }

    pub fn description(&self) -> RemoteDescription {
        RemoteDescription {
            ufrag: self.ufrag.clone(),
            pwd: "the-password-of-the-browser".to_owned(),
            fingerprint_sha256: self.fingerprint,
            setup: RemoteSetup::Actpass,
        }
    }

    /// A connectivity check as Chromium sends it.
    pub fn check(&self, to: &Names, ask: Ask) -> Vec<u8> {
        let mut setters: Vec<Box<dyn Setter>> = vec![
            Box::new(TransactionId::new()),
            Box::new(BINDING_REQUEST),
            attribute(ATTR_USERNAME, format!("{}:{}", to.ufrag, self.ufrag).as_bytes()),
        ];
        match ask {
            Ask::Controlled => setters.push(attribute(ATTR_ICE_CONTROLLED, &[1; 8])),
            Ask::Check | Ask::Nominate => setters.push(attribute(ATTR_ICE_CONTROLLING, &[1; 8])),
        }
        if ask == Ask::Nominate {
            setters.push(attribute(ATTR_USE_CANDIDATE, &[]));
        }
        setters.push(attribute(ATTR_PRIORITY, &[0x6e, 0, 0x1e, 0xff]));
        let integrity =
            MessageIntegrity::new_short_term_integrity_with_provider(to.pwd.clone(), self.provider.crypto());
        let mut message = Message::new();
        message.build(&setters).unwrap();
        integrity.add_to(&mut message).unwrap();
        FINGERPRINT.add_to(&mut message).unwrap();
        message.raw
    }

    /// A reply's mapped address, when it is a success under this password.
    pub fn success(&self, reply: &[u8], to: &Names) -> Option<SocketAddr> {
        let mut message = Message::new();
        message.unmarshal_binary(reply).ok()?;
        FINGERPRINT.check(&message).ok()?;
        MessageIntegrity::check(&mut message, to.pwd.as_bytes(), self.provider.crypto()).ok()?;
        let mut mapped = XorMappedAddress::default();
        rtc_stun::message::Getter::get_from(&mut mapped, &message).ok()?;
        (message.typ == BINDING_SUCCESS).then(|| SocketAddr::new(mapped.ip, mapped.port))
    }

    pub fn start_dtls(&mut self, now: Instant) {
        self.endpoint.connect(now, SERVER, self.config.clone(), None).unwrap();
    }

    pub fn handle_dtls(&mut self, now: Instant, datagram: &[u8]) {
        match self.endpoint.read(now, SERVER, None, BytesMut::from(datagram)) {
            Ok(events) => {
                for event in events {
                    match event {
                        EndpointEvent::HandshakeComplete => self.take_keys(),
                        EndpointEvent::PeerClosed => self.closed = true,
                        _ => {}
                    }
                }
            }
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    fn take_keys(&mut self) {
        let state = self.endpoint.get_connection_state(SERVER).unwrap();
        let (profile, salt) = match state.srtp_protection_profile() {
            GCM => (ProtectionProfile::AeadAes128Gcm, 12),
            CM_80 => (ProtectionProfile::Aes128CmHmacSha1_80, 14),
            other => panic!("negotiated {other:?}"),
        };
        let keys = state.export_keying_material("EXTRACTOR-dtls_srtp", &[], 2 * (16 + salt)).unwrap();
        let keys: &[u8] = keys.as_ref();
        let crypto = self.provider.crypto();
        let (client_salt, server_salt) = keys[32..].split_at(salt);
        let receive = Context::new(&keys[16..32], server_salt, profile, None, None, crypto).unwrap();
        let send = Context::new(&keys[..16], client_salt, profile, None, None, crypto).unwrap();
        self.srtp = Some((receive, send));
        self.connected = true;
    }

    pub fn close(&mut self, now: Instant) {
        self.endpoint.close(now).unwrap();
    }

    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.endpoint.poll_transmit().map(|transmit| transmit.message.to_vec())
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.endpoint.poll_timeout(&SERVER)
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        if let Err(error) = self.endpoint.handle_timeout(SERVER, now) {
            self.failed = Some(error.to_string());
        }
    }
}

/// An RTP packet without extensions.
pub fn rtp(ssrc: u32, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 1, 0]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}
