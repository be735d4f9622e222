//! DTLS records, as far as we look at them ourselves (RFC 6347 §4.1, §4.2.2).
//!
//! `rtc-dtls` answers a record it cannot read with a fatal alert and keeps whatever it cannot use yet
//! without a limit; so it is given only records that a peer of ours could have sent.

/// Bytes of a record header.
const RECORD_HEADER: usize = 13;
/// Bytes of a handshake header inside.
const HANDSHAKE_HEADER: usize = 12;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;

/// A record of a datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    content_type: u8,
    epoch: u16,
    /// With its header.
    bytes: &'a [u8],
}

/// The records of a datagram; ends at the first that is cut off.
pub(super) fn records(mut datagram: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let header = datagram.first_chunk::<RECORD_HEADER>()?;
        let len = RECORD_HEADER + usize::from(u16::from_be_bytes([header[11], header[12]]));
        let (bytes, rest) = datagram.split_at_checked(len)?;
        datagram = rest;
        // DTLS 1.0 (the first ClientHello's record version) or 1.2.
        (header[1] == 0xfe).then_some(Record {
            content_type: header[0],
            epoch: u16::from_be_bytes([header[3], header[4]]),
            bytes,
        })
    })
}

impl<'a> Record<'a> {
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Could a browser in a handshake or after it have sent this? We negotiate no data channel, so application data is
    /// never for us; there is no renegotiation, so no epoch above 1.
    pub fn is_acceptable(&self) -> bool {
        let body = &self.bytes[RECORD_HEADER..];
        match (self.content_type, self.epoch) {
            (CHANGE_CIPHER_SPEC, 0) => body == [1],
            (ALERT, 0) => body.len() == 2 && (1..=2).contains(&body[0]),
            (HANDSHAKE, 0) => handshake_is_framed(body),
            (ALERT | HANDSHAKE, 1) => !body.is_empty(),
            _ => false,
        }
    }

    /// Message type and sequence of the handshake message that it begins with, when it is readable.
    fn handshake(&self) -> Option<(u8, u16)> {
        let body = &self.bytes[RECORD_HEADER..];
        let header = body.first_chunk::<HANDSHAKE_HEADER>()?;
        (self.content_type == HANDSHAKE && self.epoch == 0)
            .then(|| (header[0], u16::from_be_bytes([header[4], header[5]])))
    }

    /// The message sequence of a ClientHello: 0 the first, 1 the one with the cookie.
    pub fn client_hello(&self) -> Option<u16> {
        self.handshake().filter(|&(kind, _)| kind == CLIENT_HELLO).map(|(_, sequence)| sequence)
    }

    /// The message sequence of the ClientHello that this record of ours answers: the first is answered by a
    /// HelloVerifyRequest, the one with the cookie by a ServerHello and what follows.
    pub fn answers(&self) -> Option<u16> {
        match self.handshake()?.0 {
            HELLO_VERIFY_REQUEST => Some(0),
            SERVER_HELLO => Some(1),
            _ => None,
        }
    }
}

/// Every handshake fragment of the body must lie within it and within its message.
fn handshake_is_framed(mut body: &[u8]) -> bool {
    if body.is_empty() {
        return false;
    }
    while !body.is_empty() {
        let Some(header) = body.first_chunk::<HANDSHAKE_HEADER>() else { return false };
        let u24 = |at: usize| u32::from_be_bytes([0, header[at], header[at + 1], header[at + 2]]);
        let (total, offset, len) = (u24(1), u24(6), u24(9));
        if offset + len > total || (len == 0 && total != 0) {
            return false;
        }
        match body.split_at_checked(HANDSHAKE_HEADER + len as usize) {
            Some((_, rest)) => body = rest,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content_type: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![content_type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, 0, body.len() as u8];
        bytes.extend_from_slice(body);
        bytes
    }

    fn acceptable(bytes: &[u8]) -> Vec<bool> {
        records(bytes).map(|record| record.is_acceptable()).collect()
    }

    #[test]
    fn a_datagram_is_cut_into_its_records() {
        let mut datagram = record(CHANGE_CIPHER_SPEC, 0, &[1]);
        datagram.extend(record(HANDSHAKE, 1, &[1, 2, 3]));
        assert_eq!(acceptable(&datagram), [true, true]);
        assert_eq!(acceptable(&datagram[..datagram.len() - 1]), [true], "the second is cut off");
    }

    #[test]
    fn what_no_browser_sends_is_not_acceptable() {
        assert_eq!(acceptable(&record(23, 1, b"data channels are not negotiated")), [false]);
        assert_eq!(acceptable(&record(HANDSHAKE, 2, &[1])), [false], "there is no third epoch");
        assert_eq!(acceptable(&record(ALERT, 0, &[9, 9])), [false]);
        assert_eq!(acceptable(&record(CHANGE_CIPHER_SPEC, 0, &[2])), [false]);
        assert_eq!(acceptable(&record(HANDSHAKE, 0, &[1; 11])), [false], "shorter than a handshake header");
        let beyond = [1, 0, 0, 4, 0, 0, 0, 0, 2, 0, 0, 3, 7, 7, 7];
        assert_eq!(acceptable(&record(HANDSHAKE, 0, &beyond)), [false], "a fragment beyond its message");
    }

    #[test]
    fn hellos_are_told_apart() {
        let hello = record(HANDSHAKE, 0, &[CLIENT_HELLO, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 7]);
        assert_eq!(records(&hello).next().and_then(|r| r.client_hello()), Some(1));
        let verify = record(HANDSHAKE, 0, &[HELLO_VERIFY_REQUEST, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 7]);
        assert_eq!(records(&verify).next().and_then(|r| r.answers()), Some(0));
    }
}
