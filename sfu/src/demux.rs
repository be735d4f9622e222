//! Tells the protocols on one UDP port apart by their first bytes.
//!
//! Enters: a datagram. Leaves: which protocol may read it. Nothing is parsed further here, and
//! nothing is trusted: each protocol checks for itself.

/// Which protocol a datagram belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// STUN (RFC 8489): ICE connectivity checks.
    Stun,
    /// DTLS (RFC 6347): handshake and alerts.
    Dtls,
    /// SRTP.
    Rtp,
    /// SRTCP, told from SRTP by the payload type (RFC 5761 §4).
    Rtcp,
    /// Nothing we speak: dropped and counted.
    Other,
}

/// Shortest thing that can be an RTP header, STUN header without its transaction, or DTLS record.
const MIN_DATAGRAM_BYTES: usize = 8;

/// Sorts a datagram by its first byte (RFC 7983 §7), and RTCP from RTP by its second.
///
/// ```text
///   [0..3] STUN   [20..63] DTLS   [128..191] RTP/RTCP   everything else: not ours
/// ```
#[must_use]
pub fn classify(datagram: &[u8]) -> Kind {
    if datagram.len() < MIN_DATAGRAM_BYTES {
        return Kind::Other;
    }
    match (datagram[0], datagram[1]) {
        (0..=3, _) => Kind::Stun,
        (20..=63, _) => Kind::Dtls,
        // RTCP packet types 192–223 are RTP payload types 64–95 with the marker bit: RFC 5761 §4
        // keeps RTP out of them.
        (128..=191, 192..=223) => Kind::Rtcp,
        (128..=191, _) => Kind::Rtp,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(first: u8, second: u8) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[0] = first;
        bytes[1] = second;
        bytes
    }

    #[test]
    fn every_first_byte_has_the_protocol_rfc_7983_gives_it() {
        for first in 0..=255u8 {
            let expected = match first {
                0..=3 => Kind::Stun,
                20..=63 => Kind::Dtls,
                128..=191 => Kind::Rtp,
                _ => Kind::Other,
            };
            assert_eq!(classify(&datagram(first, 96)), expected, "first byte {first}");
        }
    }

    #[test]
    fn rtcp_is_told_from_rtp_by_its_packet_type() {
        for (second, expected) in [
            (200, Kind::Rtcp),
            (201, Kind::Rtcp),
            (205, Kind::Rtcp),
            (206, Kind::Rtcp),
            (223, Kind::Rtcp),
            (96, Kind::Rtp),
            (0x80 | 96, Kind::Rtp),
            (0x80 | 111, Kind::Rtp),
            (191, Kind::Rtp),
            (224, Kind::Rtp),
        ] {
            assert_eq!(classify(&datagram(0x80, second)), expected, "second byte {second}");
        }
    }

    #[test]
    fn a_datagram_too_short_for_any_header_is_nobodys() {
        for len in 0..MIN_DATAGRAM_BYTES {
            assert_eq!(classify(&vec![0x80; len]), Kind::Other);
        }
    }
}
