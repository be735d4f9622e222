//! Connectivity checks as they stand on the wire (RFC 8445 §7.3, RFC 8489).
//!
//! Enters: a datagram. Leaves: a [`Check`] whose integrity was verified, or the reply to one. What
//! fails a test is dropped in silence: an answer to strangers would make us a reflector.

use super::PeerError;
use rtc_crypto::RTCCrypto;
use rtc_stun::attributes::{
    ATTR_ERROR_CODE, ATTR_ICE_CONTROLLED, ATTR_MESSAGE_INTEGRITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType,
};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_ERROR, BINDING_REQUEST, BINDING_SUCCESS, MAGIC_COOKIE, Message, Setter};
use rtc_stun::xoraddr::XorMappedAddress;
use std::net::SocketAddr;

/// Longest check that is read (RFC 8489 §6.1 keeps them below the path's MTU); longer ones are dropped.
const MAX_STUN_BYTES: usize = 1280;
const HEADER_BYTES: usize = 20;

/// Attributes that are walked over in search of the user name: browsers send it first, nobody sends more than a dozen.
const MAX_ATTRIBUTES: usize = 16;

/// A binding request that can be read; nothing of it is verified yet.
pub(super) struct Request {
    message: Message,
    /// Where the integrity attribute stands: what follows it is not protected and ignored (RFC 8489 §14.5).
    protected: usize,
}

/// What a verified request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Check {
    /// USE-CANDIDATE: media shall take this path.
    pub nominated: bool,
    /// The peer believes that we lead (RFC 8445 §7.3.1.1): an ICE-lite agent never does.
    pub role_conflict: bool,
}

impl Request {
    pub fn parse(datagram: &[u8]) -> Result<Request, PeerError> {
        if datagram.len() > MAX_STUN_BYTES {
            return Err(PeerError::NotBinding);
        }
        let mut message = Message::new();
        message.unmarshal_binary(datagram).map_err(|_| PeerError::NotBinding)?;
        if message.typ != BINDING_REQUEST || message.raw.len() != HEADER_BYTES + message.length as usize {
            return Err(PeerError::NotBinding);
        }
        let protected = message
            .attributes
            .0
            .iter()
            .position(|attribute| attribute.typ == ATTR_MESSAGE_INTEGRITY)
            .ok_or(PeerError::Integrity)?;
        Ok(Request { message, protected })
    }

    fn attribute(&self, wanted: AttrType) -> Option<&[u8]> {
        self.message.attributes.0[..self.protected]
            .iter()
            .find(|a| a.typ == wanted)
            .map(|a| a.value.as_slice())
    }

    /// `(ours, theirs)` of the user name (RFC 8445 §7.2.2).
    pub fn username(&self) -> Option<(&str, &str)> {
        std::str::from_utf8(self.attribute(ATTR_USERNAME)?).ok()?.split_once(':')
    }

    /// Verifies FINGERPRINT and MESSAGE-INTEGRITY under our password.
    pub fn verify(&mut self, pwd: &str, crypto: &dyn RTCCrypto) -> Result<Check, PeerError> {
        FINGERPRINT.check(&self.message).map_err(|_| PeerError::Integrity)?;
        MessageIntegrity::check(&mut self.message, pwd.as_bytes(), crypto)
            .map_err(|_| PeerError::Integrity)?;
        Ok(Check {
            nominated: self.attribute(ATTR_USE_CANDIDATE).is_some(),
            role_conflict: self.attribute(ATTR_ICE_CONTROLLED).is_some(),
        })
    }

    /// The reply to a verified request: success, or 487 so that the peer takes the lead.
    pub fn reply(
        &self,
        check: Check,
        from: SocketAddr,
        pwd: &str,
        crypto: &dyn RTCCrypto,
    ) -> Result<Vec<u8>, PeerError> {
        let integrity = MessageIntegrity::new_short_term_integrity_with_provider(pwd.to_owned(), crypto);
        let (class, content): (_, Box<dyn Setter>) = if check.role_conflict {
            (BINDING_ERROR, Box::new(RoleConflict))
        } else {
            (BINDING_SUCCESS, Box::new(XorMappedAddress { ip: from.ip(), port: from.port() }))
        };
        let mut reply = Message::new();
        reply
            .build(&[
                Box::new(self.message.transaction_id),
                Box::new(class),
                content,
                Box::new(integrity),
                Box::new(FINGERPRINT),
            ])
            .map_err(|_| PeerError::Crypto)?;
        Ok(reply.raw)
    }
}

/// ERROR-CODE 487 (RFC 8445 §7.3.1.1), without a reason phrase: nobody reads it.
struct RoleConflict;

impl Setter for RoleConflict {
    fn add_to(&self, message: &mut Message) -> rtc_shared::error::Result<()> {
        message.add(ATTR_ERROR_CODE, &[0, 0, 4, 87]);
        Ok(())
    }
}

/// The local half of a STUN request's user name (`ours:theirs`), without checking anything else: to find the peer that
/// a datagram from an unknown address is meant for. [`super::Peer::handle_stun`] does the full check.
#[must_use]
pub fn stun_username(datagram: &[u8]) -> Option<&str> {
    const USERNAME: u16 = 0x0006;
    if datagram.len() > MAX_STUN_BYTES {
        return None;
    }
    let (header, mut rest) = datagram.split_first_chunk::<HEADER_BYTES>()?;
    if header[..2] != [0, 1] || header[4..8] != MAGIC_COOKIE.to_be_bytes() {
        return None;
    }
    for _ in 0..MAX_ATTRIBUTES {
        let (&[t0, t1, l0, l1], value) = rest.split_first_chunk::<4>()?;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        if u16::from_be_bytes([t0, t1]) == USERNAME {
            let (ours, _) = std::str::from_utf8(value.get(..len)?).ok()?.split_once(':')?;
            return Some(ours);
        }
        rest = value.get(len.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_name_is_found_behind_other_attributes() {
        let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        message.extend_from_slice(&[7; 12]);
        message.extend_from_slice(&[0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
        message.extend_from_slice(&[0, 6, 0, 9]);
        message.extend_from_slice(b"ours:them\0\0\0");
        assert_eq!(stun_username(&message), Some("ours"));
        for cut in 0..message.len() - 3 {
            assert_eq!(stun_username(&message[..cut]), None, "cut to {cut} bytes");
        }
    }

    #[test]
    fn a_long_message_and_a_hidden_user_name_are_not_searched() {
        let behind = |others: usize, padding: usize| {
            let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
            message.extend_from_slice(&[7; 12]);
            (0..others).for_each(|_| message.extend_from_slice(&[0x80, 0x22, 0, 0]));
            message.extend_from_slice(&[0, 6, 0, 9]);
            message.extend_from_slice(b"ours:them\0\0\0");
            message.resize(message.len() + padding, 0);
            message
        };
        assert_eq!(stun_username(&behind(MAX_ATTRIBUTES - 1, 0)), Some("ours"));
        assert_eq!(stun_username(&behind(MAX_ATTRIBUTES, 0)), None);
        let room = MAX_STUN_BYTES - behind(0, 0).len();
        assert_eq!(stun_username(&behind(0, room)), Some("ours"));
        assert_eq!(stun_username(&behind(0, room + 1)), None);
        assert!(matches!(Request::parse(&behind(0, room + 1)), Err(PeerError::NotBinding)));
    }

    #[test]
    fn what_is_no_binding_request_has_no_user_name() {
        assert_eq!(stun_username(&[0; 1400]), None);
        assert_eq!(stun_username(&[0xff; 64]), None);
        assert_eq!(stun_username(&[]), None);
    }
}
