//! Reads RTCP (RFC 3550 §6, RFC 4585, RFC 5104, REMB, transport-wide congestion control).
//!
//! Enters: a decrypted compound packet of any composition (RFC 5506 too). Leaves: its parts, each a view of
//! the bytes. What is malformed ends the iteration; what is unknown is [`Part::Other`].

pub mod build;
pub mod transport_cc;

/// Packet types.
const SR: u8 = 200;
const RR: u8 = 201;
const SDES: u8 = 202;
const BYE: u8 = 203;
const RTPFB: u8 = 205;
const PSFB: u8 = 206;

/// Feedback message types of [`RTPFB`] and [`PSFB`].
const FMT_NACK: u8 = 1;
const FMT_TRANSPORT_CC: u8 = 15;
const FMT_PLI: u8 = 1;
const FMT_FIR: u8 = 4;
const FMT_AFB: u8 = 15;

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// What a sender says of its clock.
    SenderReport(SenderReport<'a>),
    /// What a receiver says of what it got.
    ReceiverReport(Reports<'a>),
    /// Names of sources; nothing of it is used.
    Sdes,
    /// These SSRCs stop.
    Bye(Ssrcs<'a>),
    /// Generic NACK (RFC 4585 §6.2.1).
    Nack {
        /// Of which stream.
        media: u32,
        /// Which packets.
        lost: Nacked<'a>,
    },
    /// Picture loss indication for this SSRC (RFC 4585 §6.3.1).
    Pli(u32),
    /// Full intra request (RFC 5104 §4.3.1): SSRC and command number of each entry.
    Fir(Fir<'a>),
    /// Receiver estimated maximum bitrate, in bits per second (draft-alvestrand-rmcat-remb).
    Remb(u64),
    /// Transport-wide feedback: its FCI, for [`transport_cc::parse`].
    TransportCc(&'a [u8]),
    /// Something else.
    Other,
}

/// A sender report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport<'a> {
    /// Whose.
    pub ssrc: u32,
    /// NTP timestamp, 32.32.
    pub ntp: u64,
    /// RTP timestamp of the same moment.
    pub rtp: u32,
    /// Reception report blocks.
    pub reports: Reports<'a>,
}

/// A reception report block (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// About which stream.
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost in all.
    pub total_lost: i32,
    /// Highest sequence number, extended by cycles.
    pub highest: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the last SR's NTP timestamp; 0: none.
    pub last_sr: u32,
    /// 1/65,536 s since then.
    pub delay_since_last_sr: u32,
}

/// Iterates over report blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reports<'a>(&'a [u8]);

/// Iterates over SSRCs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ssrcs<'a>(&'a [u8]);

/// Iterates over FIR entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fir<'a>(&'a [u8]);

/// Iterates over the sequence numbers of a NACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nacked<'a> {
    rest: &'a [u8],
    first: u16,
    bits: u32,
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl Iterator for Reports<'_> {
    type Item = ReportBlock;
    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_first_chunk::<24>()?;
        self.0 = rest;
        let word = |at| u32_at(block, at).unwrap_or_default();
        Some(ReportBlock {
            ssrc: word(0),
            fraction_lost: block[4],
            // 24 bits, signed.
            total_lost: ((word(4) << 8) as i32) >> 8,
            highest: word(8),
            jitter: word(12),
            last_sr: word(16),
            delay_since_last_sr: word(20),
        })
    }
}

impl Iterator for Ssrcs<'_> {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        let (ssrc, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*ssrc))
    }
}

impl Iterator for Fir<'_> {
    type Item = (u32, u8);
    fn next(&mut self) -> Option<(u32, u8)> {
        let (entry, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some((u32_at(entry, 0)?, entry[4]))
    }
}

impl Iterator for Nacked<'_> {
    type Item = u16;
    fn next(&mut self) -> Option<u16> {
        if self.bits == 0 {
            let (entry, rest) = self.rest.split_first_chunk::<4>()?;
            self.rest = rest;
            self.first = u16::from_be_bytes([entry[0], entry[1]]);
            // Bit 0 is the packet itself, bit n the n-th behind it.
            self.bits = u32::from(u16::from_be_bytes([entry[2], entry[3]])) << 1 | 1;
        }
        let step = self.bits.trailing_zeros();
        self.bits &= self.bits - 1;
        Some(self.first.wrapping_add(step as u16))
    }
}

/// Iterates over the parts of a compound.
#[derive(Debug, Clone)]
pub struct Parts<'a>(&'a [u8]);

/// Takes a compound apart.
pub fn parts(compound: &[u8]) -> Parts<'_> {
    Parts(compound)
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;
    fn next(&mut self) -> Option<Part<'a>> {
        let head: &[u8; 4] = self.0.first_chunk()?;
        let len = 4 + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
        if head[0] >> 6 != 2 || self.0.len() < len {
            self.0 = &[];
            return None;
        }
        let (packet, rest) = self.0.split_at(len);
        self.0 = rest;
        let padding = if head[0] & 0x20 != 0 { usize::from(packet[len - 1]) } else { 0 };
        let body = packet.get(4..len.saturating_sub(padding)).unwrap_or_default();
        Some(part(head[0] & 0x1F, head[1], body).unwrap_or(Part::Other))
    }
}

fn part(count: u8, packet_type: u8, body: &[u8]) -> Option<Part<'_>> {
    let blocks = usize::from(count) * 24;
    Some(match (packet_type, count) {
        (SR, _) => Part::SenderReport(SenderReport {
            ssrc: u32_at(body, 0)?,
            ntp: u64::from(u32_at(body, 4)?) << 32 | u64::from(u32_at(body, 8)?),
            rtp: u32_at(body, 12)?,
            reports: Reports(body.get(24..24 + blocks)?),
        }),
        (RR, _) => Part::ReceiverReport(Reports(body.get(4..4 + blocks)?)),
        (SDES, _) => Part::Sdes,
        (BYE, _) => Part::Bye(Ssrcs(body.get(..4 * usize::from(count))?)),
        (RTPFB, FMT_NACK) => {
            Part::Nack { media: u32_at(body, 4)?, lost: Nacked { rest: body.get(8..)?, first: 0, bits: 0 } }
        }
        (RTPFB, FMT_TRANSPORT_CC) => Part::TransportCc(body.get(8..)?),
        (PSFB, FMT_PLI) => Part::Pli(u32_at(body, 4)?),
        (PSFB, FMT_FIR) => Part::Fir(Fir(body.get(8..)?)),
        (PSFB, FMT_AFB) if body.get(8..12) == Some(b"REMB") => {
            // 6 bits of exponent, 18 of mantissa.
            let word = u32_at(body, 12)? & 0x00FF_FFFF;
            Part::Remb(u64::from(word & 0x3_FFFF).checked_shl(word >> 18).unwrap_or(u64::MAX))
        }
        _ => Part::Other,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_compound_is_read_to_its_last_part() {
        let mut compound = Vec::new();
        build::sender_report(&mut compound, 7, 0x0102_0304_0506_0708, 90_000, 10, 2_000);
        let block = ReportBlock {
            ssrc: 9,
            fraction_lost: 25,
            total_lost: -3,
            highest: 70_000,
            jitter: 4,
            last_sr: 5,
            delay_since_last_sr: 6,
        };
        build::receiver_report(&mut compound, 1, &[block]);
        build::sdes_cname(&mut compound, 7, "tongtang");
        build::nack(&mut compound, 1, 42, &[65_530, 65_535, 2, 30]);
        build::pli(&mut compound, 1, 43);
        build::remb(&mut compound, 1, 2_500_000, &[42]);
        let parts: Vec<_> = parts(&compound).collect();
        assert_eq!(parts.len(), 6);
        let Part::SenderReport(report) = parts[0] else { panic!("{parts:?}") };
        assert_eq!((report.ssrc, report.ntp, report.rtp), (7, 0x0102_0304_0506_0708, 90_000));
        let Part::ReceiverReport(mut blocks) = parts[1] else { panic!("{parts:?}") };
        assert_eq!(blocks.next(), Some(block));
        assert_eq!(parts[2], Part::Sdes);
        let Part::Nack { media: 42, lost } = parts[3] else { panic!("{parts:?}") };
        assert_eq!(lost.collect::<Vec<_>>(), [65_530, 65_535, 2, 30]);
        assert_eq!(parts[4], Part::Pli(43));
        let Part::Remb(bitrate) = parts[5] else { panic!("{parts:?}") };
        assert!((2_490_000..=2_500_000).contains(&bitrate), "{bitrate}");
    }

    #[test]
    fn no_bytes_make_the_parser_panic_or_run_on() {
        let mut state = 7u64;
        for round in 0..20_000u64 {
            let mut bytes = [0u8; 48];
            for byte in &mut bytes {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 56) as u8;
            }
            bytes[0] = 0x80 | bytes[0] & 0x3F;
            bytes[1] = 200 + (round % 8) as u8;
            bytes[2] = 0;
            bytes[3] %= 12;
            for part in parts(&bytes[..(round % 49) as usize]) {
                match part {
                    Part::Nack { lost, .. } => assert!(lost.count() <= 17 * 12),
                    Part::TransportCc(fci) => {
                        let _ = transport_cc::parse(fci);
                    }
                    Part::ReceiverReport(reports) => assert!(reports.count() <= 31),
                    Part::Fir(entries) => assert!(entries.count() <= 12),
                    Part::Bye(ssrcs) => assert!(ssrcs.count() <= 31),
                    _ => {}
                }
            }
        }
    }
}
