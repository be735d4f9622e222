//! The few fields of RTP and RTCP that capture and timeline look at. Packets are never changed.

/// Microseconds between 1900 (NTP) and 1970 (Unix).
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// What an RTP packet says of its place, RFC 3550 §5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPlace {
    /// Sequence number.
    pub sequence: u16,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Last packet of a frame, for video.
    pub marker: bool,
}

/// Reads an RTP header; `None` when the packet is too short or of another version.
pub fn place(packet: &[u8]) -> Option<RtpPlace> {
    if packet.len() < 12 || packet[0] >> 6 != 2 {
        return None;
    }
    Some(RtpPlace {
        sequence: u16::from_be_bytes([packet[2], packet[3]]),
        timestamp: u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]),
        marker: packet[1] & 0x80 != 0,
    })
}

/// A sender's statement of which RTP timestamp belongs to which time of its clock, RFC 3550 §6.4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    /// Whose packets.
    pub ssrc: u32,
    /// The sender's clock, microseconds since 1970 (by its own, possibly wrong, setting).
    pub ntp_unix_us: u64,
    /// RTP timestamp of that moment.
    pub rtp_timestamp: u32,
}

/// The first sender report of a compound packet.
pub fn sender_report(compound: &[u8]) -> Option<SenderReport> {
    let mut rest = compound;
    while rest.len() >= 4 && rest[0] >> 6 == 2 {
        let len = (usize::from(u16::from_be_bytes([rest[2], rest[3]])) + 1) * 4;
        let packet = rest.get(..len)?;
        if packet[1] == 200 && len >= 28 {
            let word =
                |at: usize| u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]]);
            let (seconds, fraction) = (u64::from(word(8)), u64::from(word(12)));
            return Some(SenderReport {
                ssrc: word(4),
                ntp_unix_us: seconds.checked_sub(NTP_TO_UNIX_S)? * 1_000_000 + ((fraction * 1_000_000) >> 32),
                rtp_timestamp: word(16),
            });
        }
        rest = &rest[len..];
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn report() -> Vec<u8> {
        let mut packet = vec![0x80, 200, 0, 6];
        packet.extend(7u32.to_be_bytes());
        packet.extend(((NTP_TO_UNIX_S + 1_795_000_000) as u32).to_be_bytes());
        packet.extend(0x8000_0000u32.to_be_bytes());
        packet.extend(90_000u32.to_be_bytes());
        packet.extend([0; 8]);
        packet
    }

    #[test]
    fn a_sender_report_is_found_behind_other_packets() {
        let expected = SenderReport { ssrc: 7, ntp_unix_us: 1_795_000_000_500_000, rtp_timestamp: 90_000 };
        assert_eq!(sender_report(&report()), Some(expected));
        let mut compound = vec![0x80, 201, 0, 1, 0, 0, 0, 7];
        compound.extend(report());
        assert_eq!(sender_report(&compound), Some(expected));
    }

    #[test]
    fn a_cut_packet_is_no_report_and_no_panic() {
        let report = report();
        for cut in 0..report.len() {
            assert_eq!(sender_report(&report[..cut]), None);
            let _ = place(&report[..cut]);
        }
    }
}
