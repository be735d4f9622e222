//! The DTLS client of one session (RFC 6347), on `rtc-dtls`, as patient as a browser.
//!
//! Enters: records of the server, the time. Leaves: datagrams, and the association once it stands. What we add:
//! - an unanswered flight is repeated with doubling waits for as long as the server keeps a session that does not connect;
//!   `rtc-dtls` ends after eight equal waits, with 400 ms those of three seconds;
//! - `rtc-dtls` stops its timer at any handshake record, also at one that repeats what is known or is half a flight:
//!   what it knows it is not fed, and a flight whose timer it has stopped is repeated as it was.

use super::trips::Trips;
use bytes::BytesMut;
use rtc_dtls::config::HandshakeConfig;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::state::State;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The association's constant remote address, so that it does not depend on the socket.
const SERVER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 1), 3478));
/// From a flight to its first repetition; each further one waits twice as long. Chromium begins with 50 ms, RFC 6347
/// §4.2.4.1 with a second.
pub const FIRST_REPEAT_INTERVAL: Duration = Duration::from_millis(400);
/// Repetitions of a flight; the last is made 25 s after it. At the eighth `rtc-dtls` would give up.
const MAX_REPEATS: u32 = 6;

/// Record types and handshake messages (RFC 6347 §4.1, RFC 5246 §7.4).
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;
const CERTIFICATE: u8 = 11;
/// Bytes of a record's header.
const RECORD_HEADER_BYTES: usize = 13;

/// A DTLS record that may be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record<'a> {
    kind: u8,
    epoch: u16,
    /// Type of the handshake message, where it is in the clear.
    message: Option<u8>,
    bytes: &'a [u8],
}

fn records(mut datagram: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let header: &[u8; RECORD_HEADER_BYTES] = datagram.first_chunk()?;
        let len = usize::from(u16::from_be_bytes([header[11], header[12]]));
        let bytes = datagram.get(..RECORD_HEADER_BYTES + len)?;
        datagram = &datagram[bytes.len()..];
        let (kind, epoch) = (header[0], u16::from_be_bytes([header[3], header[4]]));
        let message = bytes.get(RECORD_HEADER_BYTES).filter(|_| kind == HANDSHAKE && epoch == 0).copied();
        Some(Record { kind, epoch, message, bytes })
    })
}

/// What a flight of ours is called.
fn flight_name(is_first: bool, record: Record<'_>) -> Option<&'static str> {
    match record.message? {
        CLIENT_HELLO if is_first => Some("DTLS ClientHello"),
        CLIENT_HELLO => Some("DTLS ClientHello with the cookie"),
        CERTIFICATE => Some("DTLS Certificate … Finished"),
        _ => None,
    }
}

/// What a record of the server ends.
fn answer_name(record: Record<'_>) -> Option<&'static str> {
    match (record.kind, record.message) {
        (_, Some(HELLO_VERIFY_REQUEST)) => Some("HelloVerifyRequest"),
        (_, Some(SERVER_HELLO)) => Some("ServerHello … ServerHelloDone"),
        (CHANGE_CIPHER_SPEC, _) => Some("ChangeCipherSpec, Finished"),
        _ => None,
    }
}

/// The client.
pub struct Handshake {
    endpoint: Endpoint,
    outgoing: VecDeque<Vec<u8>>,
    /// What we sent last and whose answer is awaited.
    flight: Vec<Vec<u8>>,
    sent: Option<Instant>,
    repeats: u32,
    /// A HelloVerifyRequest has come.
    has_cookie: bool,
    is_done: bool,
}

impl Handshake {
    /// One that has not begun.
    pub fn new() -> Self {
        Self {
            endpoint: Endpoint::new(SERVER, TransportProtocol::UDP, None),
            outgoing: VecDeque::new(),
            flight: Vec::new(),
            sent: None,
            repeats: 0,
            has_cookie: false,
            is_done: false,
        }
    }

    /// Sends the first flight.
    pub fn connect(
        &mut self,
        now: Instant,
        config: Arc<HandshakeConfig>,
        trips: &mut Trips,
    ) -> Result<(), Error> {
        self.endpoint.connect(now, SERVER, config, None)?;
        self.collect(now, trips);
        Ok(())
    }

    /// A datagram of the server: what happened.
    pub fn handle(
        &mut self,
        now: Instant,
        datagram: &[u8],
        trips: &mut Trips,
    ) -> Result<Vec<EndpointEvent>, Error> {
        let mut news = BytesMut::with_capacity(datagram.len());
        let had_last_flight = self.has_sent_last_flight();
        for record in records(datagram) {
            if had_last_flight && record.message.is_some() {
                // The server's last flight once more.
                continue;
            }
            if let Some(name) = answer_name(record) {
                self.has_cookie |= record.message == Some(HELLO_VERIFY_REQUEST);
                trips.answer(name, now);
            }
            news.extend_from_slice(record.bytes);
        }
        if news.is_empty() {
            return Ok(Vec::new());
        }
        let events = self.endpoint.read(now, SERVER, None, news);
        self.is_done |= matches!(&events, Ok(events) if events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete)));
        self.collect(now, trips);
        events
    }

    /// Is what we sent last all that a client sends?
    fn has_sent_last_flight(&self) -> bool {
        let mut sent = self.flight.iter().flat_map(|datagram| records(datagram));
        sent.any(|record| record.message == Some(CERTIFICATE))
    }

    /// Takes what `rtc-dtls` wants sent.
    fn collect(&mut self, now: Instant, trips: &mut Trips) {
        let mut sent = Vec::new();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            sent.push(transmit.message.to_vec());
        }
        if sent.is_empty() {
            return;
        }
        let is_first = !self.has_cookie;
        let name = sent
            .iter()
            .flat_map(|datagram| records(datagram))
            .find_map(|record| flight_name(is_first, record));
        if let Some(name) = name.filter(|_| !self.is_done) {
            trips.ask(name, now);
        }
        self.outgoing.extend(sent.iter().cloned());
        (self.flight, self.sent, self.repeats) = (sent, Some(now), 0);
    }

    /// When [`Handshake::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let sent = self.sent.filter(|_| !self.is_done && self.repeats < MAX_REPEATS)?;
        Some(sent + FIRST_REPEAT_INTERVAL * 2u32.pow(self.repeats))
    }

    /// Repeats a flight that was not answered.
    pub fn handle_timeout(&mut self, now: Instant, trips: &mut Trips) -> Result<(), Error> {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return Ok(());
        }
        let repeats = self.repeats + 1;
        if self.endpoint.poll_timeout(&SERVER).is_some() {
            // With record numbers of its own, so that a server that has it sends its last flight again (§4.2.4).
            self.endpoint.handle_timeout(SERVER, now)?;
            self.collect(now, trips);
        } else {
            trips.repeats += 1;
            self.outgoing.extend(self.flight.iter().cloned());
        }
        (self.sent, self.repeats) = (Some(now), repeats);
        Ok(())
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outgoing.pop_front()
    }

    /// The association, once it stands.
    pub fn state(&self) -> Option<&State> {
        self.endpoint.get_connection_state(SERVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc_crypto::RTCCryptoProvider;
    use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType};
    use rtc_dtls::crypto::Certificate;
    use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;

    fn config(provider: &Arc<dyn RTCCryptoProvider>, is_client: bool) -> Arc<HandshakeConfig> {
        let certificate =
            Certificate::generate_self_signed(vec!["peer".to_owned()], provider.crypto()).unwrap();
        let builder = ConfigBuilder::default()
            .with_crypto_provider(provider.clone())
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm])
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_flight_interval(FIRST_REPEAT_INTERVAL)
            .with_server_name("peer".to_owned());
        let builder =
            if is_client { builder } else { builder.with_client_auth(ClientAuthType::RequireAnyClientCert) };
        Arc::new(builder.build(is_client, None).unwrap())
    }

    /// A client and a server in simulated time; `loses` says which datagrams (of the client, counted from 0) are lost. How
    /// long it took.
    fn shake(loses: impl Fn(bool, usize) -> bool) -> (Duration, Trips) {
        let provider = rtc_crypto::default_provider().unwrap();
        let mut server = Endpoint::new(SERVER, TransportProtocol::UDP, Some(config(&provider, false)));
        let (mut client, mut trips) = (Handshake::new(), Trips::default());
        let begin = Instant::now();
        client.connect(begin, config(&provider, true), &mut trips).unwrap();
        let (mut from_client, mut from_server) = (0, 0);
        let mut last_flight: Vec<Vec<u8>> = Vec::new();
        for step in 0..30_000 {
            let now = begin + Duration::from_millis(step);
            client.handle_timeout(now, &mut trips).unwrap();
            let mut replies = Vec::new();
            while let Some(datagram) = client.poll_transmit() {
                from_client += 1;
                if !loses(true, from_client - 1) {
                    // What the server refuses it has had before.
                    let _ = server.read(now, SERVER, None, BytesMut::from(&datagram[..]));
                }
            }
            while let Some(transmit) = server.poll_transmit() {
                replies.push(transmit.message.to_vec());
            }
            if !replies.is_empty() {
                last_flight.clone_from(&replies);
            } else if step % 200 == 199 && !client.is_done {
                // As our server repeats its last flight while there is no answer.
                replies.clone_from(&last_flight);
            }
            for datagram in replies {
                from_server += 1;
                if !loses(false, from_server - 1) {
                    client.handle(now, &datagram, &mut trips).unwrap();
                }
            }
            if client.is_done {
                return (now - begin, trips);
            }
        }
        panic!("no handshake within 30 s");
    }

    #[test]
    fn a_handshake_without_losses_has_three_named_round_trips() {
        let (took, trips) = shake(|_, _| false);
        assert!(took < FIRST_REPEAT_INTERVAL);
        let names: Vec<(&str, &str)> = trips.done().iter().map(|trip| (trip.asked, trip.answered)).collect();
        assert_eq!(
            names,
            [
                ("DTLS ClientHello", "HelloVerifyRequest"),
                ("DTLS ClientHello with the cookie", "ServerHello … ServerHelloDone"),
                ("DTLS Certificate … Finished", "ChangeCipherSpec, Finished"),
            ]
        );
        assert_eq!(trips.repeats, 0);
    }

    #[test]
    fn a_last_flight_that_is_lost_is_repeated_although_the_server_repeats_its_own() {
        // The ClientHellos are datagrams 0 and 1, the last flight those after them.
        let (took, trips) = shake(|is_client, number| is_client && (2..5).contains(&number));
        assert!(took > FIRST_REPEAT_INTERVAL && took < Duration::from_secs(15), "{took:?}");
        assert!(trips.repeats >= 1);
    }

    #[test]
    fn a_server_that_is_silent_for_ten_seconds_is_waited_for() {
        let (took, trips) = shake(|is_client, number| is_client && number < 5);
        assert!((Duration::from_secs(10)..Duration::from_secs(15)).contains(&took), "{took:?}");
        assert_eq!(trips.done().len(), 3);
    }

    #[test]
    fn records_are_told_apart_and_what_is_cut_short_is_none() {
        let record = |kind: u8, epoch: u8, body: &[u8]| {
            let mut record = vec![kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, 0, 0, body.len() as u8];
            record.extend_from_slice(body);
            record
        };
        let both = [record(HANDSHAKE, 0, &[SERVER_HELLO, 9]), record(HANDSHAKE, 1, &[1, 2, 3])].concat();
        let read: Vec<(Option<u8>, u16)> =
            records(&both).map(|record| (record.message, record.epoch)).collect();
        assert_eq!(read, [(Some(SERVER_HELLO), 0), (None, 1)]);
        assert_eq!(records(&both[..both.len() - 1]).count(), 1);
        assert_eq!(records(&[22; 5]).count(), 0);
    }
}
