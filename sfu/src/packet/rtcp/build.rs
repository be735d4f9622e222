//! Writes RTCP packets, each appended to a buffer: appended one after another they are a compound.

use super::{FMT_AFB, FMT_NACK, FMT_PLI, PSFB, RR, RTPFB, ReportBlock, SDES, SR};

/// Most blocks of one receiver report: five bits count them (RFC 3550 §6.4.2). Further ones are left out.
pub const MAX_REPORT_BLOCKS: usize = 31;

/// Appends a packet: `count` or format, type, and what `body` writes. The length is filled in.
fn packet(out: &mut Vec<u8>, count: u8, packet_type: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count, packet_type, 0, 0]);
    body(out);
    while !(out.len() - start).is_multiple_of(4) {
        out.push(0);
    }
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

fn put(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&word.to_be_bytes());
}

/// A sender report without report blocks.
pub fn sender_report(out: &mut Vec<u8>, ssrc: u32, ntp: u64, rtp: u32, packets: u32, octets: u32) {
    packet(out, 0, SR, |out| {
        for word in [ssrc, (ntp >> 32) as u32, ntp as u32, rtp, packets, octets] {
            put(out, word);
        }
    });
}

/// A receiver report.
pub fn receiver_report(out: &mut Vec<u8>, ssrc: u32, blocks: &[ReportBlock]) {
    let blocks = &blocks[..blocks.len().min(MAX_REPORT_BLOCKS)];
    packet(out, blocks.len() as u8, RR, |out| {
        put(out, ssrc);
        for block in blocks {
            put(out, block.ssrc);
            put(out, u32::from(block.fraction_lost) << 24 | block.total_lost as u32 & 0x00FF_FFFF);
            for word in [block.highest, block.jitter, block.last_sr, block.delay_since_last_sr] {
                put(out, word);
            }
        }
    });
}

/// A source description with the CNAME alone (RFC 3550 §6.5.1); `cname` of at most 255 bytes.
pub fn sdes_cname(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    packet(out, 1, SDES, |out| {
        put(out, ssrc);
        out.extend_from_slice(&[1, cname.len() as u8]);
        out.extend_from_slice(cname.as_bytes());
        // The list of items ends with a zero byte, which padding may not be.
        out.push(0);
    });
}

/// A generic NACK for ascending (modulo 2^16) sequence numbers.
pub fn nack(out: &mut Vec<u8>, sender: u32, media: u32, lost: &[u16]) {
    packet(out, FMT_NACK, RTPFB, |out| {
        put(out, sender);
        put(out, media);
        let mut lost = lost.iter().copied().peekable();
        while let Some(first) = lost.next() {
            let mut bits = 0u16;
            while let Some(next) = lost.next_if(|next| (1..=16).contains(&next.wrapping_sub(first))) {
                bits |= 1 << (next.wrapping_sub(first) - 1);
            }
            put(out, u32::from(first) << 16 | u32::from(bits));
        }
    });
}

/// A picture loss indication.
pub fn pli(out: &mut Vec<u8>, sender: u32, media: u32) {
    packet(out, FMT_PLI, PSFB, |out| {
        put(out, sender);
        put(out, media);
    });
}

/// A receiver estimated maximum bitrate for these SSRCs (at most 255).
pub fn remb(out: &mut Vec<u8>, sender: u32, bitrate_bps: u64, ssrcs: &[u32]) {
    packet(out, FMT_AFB, PSFB, |out| {
        put(out, sender);
        put(out, 0);
        out.extend_from_slice(b"REMB");
        let exponent = (64 - bitrate_bps.leading_zeros()).saturating_sub(18);
        let mantissa = (bitrate_bps >> exponent) as u32;
        put(out, (ssrcs.len() as u32 & 0xFF) << 24 | exponent << 18 | mantissa);
        for &ssrc in ssrcs.iter().take(255) {
            put(out, ssrc);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nack_of_a_run_takes_one_entry() {
        let mut out = Vec::new();
        nack(&mut out, 1, 2, &[10, 11, 12, 26]);
        assert_eq!(out.len(), 16);
        assert_eq!(out[12..], [0, 10, 0x80, 0x03]);
    }
}
