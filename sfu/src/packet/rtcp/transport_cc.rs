//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
//!
//! ```text
//!  |      base sequence number     |      packet status count      |
//!  |          reference time (64 ms)               | fb pkt. count |
//!  |          packet chunk         |         packet chunk          |
//!  |         recv delta (250 µs) …
//! ```

use super::FMT_TRANSPORT_CC;
use super::RTPFB;

/// Microseconds of a receive delta.
const DELTA_US: i64 = 250;
/// Microseconds of the reference time's unit.
const REFERENCE_US: i64 = 64_000;
/// Most statuses that a feedback may speak of and that are read.
pub const MAX_STATUSES: usize = 4_096;

/// Appends a feedback on packets in ascending order of their unwrapped sequence numbers, with their arrival in
/// microseconds of any clock that does not change. Gives how many packets it speaks of: fewer than given when the
/// span grows too long or an interval does not fit; the rest belongs into the next one. Nothing is written for none.
pub fn build(out: &mut Vec<u8>, sender: u32, media: u32, count: u8, packets: &[(u64, i64)]) -> usize {
    let Some(&(base, first_us)) = packets.first() else { return 0 };
    let reference = first_us.div_euclid(REFERENCE_US);
    let mut last_us = reference * REFERENCE_US;
    let start = out.len();
    out.extend_from_slice(&[0x80 | FMT_TRANSPORT_CC, RTPFB, 0, 0]);
    out.extend_from_slice(&sender.to_be_bytes());
    out.extend_from_slice(&media.to_be_bytes());
    out.extend_from_slice(&(base as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&((reference as u32) << 8 | u32::from(count)).to_be_bytes());

    // Seven two-bit statuses a chunk (status vector, §3.1.4): 0 lost, 1 small delta, 2 large or negative delta.
    let mut deltas = [0u8; 2 * MAX_PACKETS];
    let mut deltas_len = 0;
    let mut used = 0;
    let (mut chunk, mut chunk_len, mut statuses) = (0u16, 0u32, 0usize);
    let flush = |out: &mut Vec<u8>, status: u16, chunk: &mut u16, len: &mut u32| {
        *chunk |= status << (12 - 2 * *len);
        *len += 1;
        if *len == 7 {
            out.extend_from_slice(&(0xC000 | *chunk).to_be_bytes());
            (*chunk, *len) = (0, 0);
        }
    };
    for &(sequence, arrival_us) in packets.iter().take(MAX_PACKETS) {
        let ahead = (sequence - base) as usize;
        let delta = (arrival_us - last_us).div_euclid(DELTA_US);
        if ahead >= MAX_SPAN || i16::try_from(delta).is_err() {
            break;
        }
        while statuses < ahead {
            flush(out, 0, &mut chunk, &mut chunk_len);
            statuses += 1;
        }
        if let Ok(small) = u8::try_from(delta) {
            flush(out, 1, &mut chunk, &mut chunk_len);
            deltas[deltas_len] = small;
            deltas_len += 1;
        } else {
            flush(out, 2, &mut chunk, &mut chunk_len);
            deltas[deltas_len..deltas_len + 2].copy_from_slice(&(delta as i16).to_be_bytes());
            deltas_len += 2;
        }
        statuses += 1;
        used += 1;
        last_us += delta * DELTA_US;
    }
    if chunk_len > 0 {
        out.extend_from_slice(&(0xC000 | chunk).to_be_bytes());
    }
    out.extend_from_slice(&deltas[..deltas_len]);
    out[start + 14..start + 16].copy_from_slice(&(statuses as u16).to_be_bytes());
    let padding = (4 - (out.len() - start) % 4) % 4;
    if padding > 0 {
        out[start] |= 0x20;
        out.extend_from_slice(&[0, 0, 0][..padding - 1]);
        out.push(padding as u8);
    }
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
    used
}

/// Most packets of one feedback we write: it stays below 700 bytes.
pub const MAX_PACKETS: usize = 200;
/// Most sequence numbers one feedback we write spans, lost ones included.
const MAX_SPAN: usize = 700;

/// A feedback as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Sequence number of the first status.
    pub base: u16,
    /// Counts feedbacks.
    pub count: u8,
    /// Arrival in microseconds of the receiver's clock, modulo 2^24 × 64 ms, for each number from `base` on; `None`: lost.
    pub arrivals_us: Vec<Option<i64>>,
}

/// Reads the FCI of a feedback; `None` when it is cut short or speaks of too many packets.
pub fn parse(fci: &[u8]) -> Option<Feedback> {
    let (head, mut rest) = fci.split_first_chunk::<8>()?;
    let base = u16::from_be_bytes([head[0], head[1]]);
    let statuses = usize::from(u16::from_be_bytes([head[2], head[3]]));
    if statuses > MAX_STATUSES {
        return None;
    }
    let mut at_us = i64::from(u32::from_be_bytes([0, head[4], head[5], head[6]])) * REFERENCE_US;
    let mut symbols = Vec::with_capacity(statuses);
    while symbols.len() < statuses {
        let (chunk, after) = rest.split_first_chunk::<2>()?;
        rest = after;
        let chunk = u16::from_be_bytes(*chunk);
        let left = statuses - symbols.len();
        if chunk & 0x8000 == 0 {
            let run = usize::from(chunk & 0x1FFF).min(left);
            symbols.extend(std::iter::repeat_n((chunk >> 13) as u8 & 3, run));
            if run == 0 {
                return None;
            }
        } else if chunk & 0x4000 == 0 {
            symbols.extend((0..14.min(left)).map(|bit| (chunk >> (13 - bit)) as u8 & 1));
        } else {
            symbols.extend((0..7.min(left)).map(|pair| (chunk >> (12 - 2 * pair)) as u8 & 3));
        }
    }
    let mut arrivals_us = Vec::with_capacity(statuses);
    for symbol in symbols {
        let delta = match symbol {
            1 => {
                let (&small, after) = rest.split_first()?;
                rest = after;
                i64::from(small)
            }
            2 => {
                let (large, after) = rest.split_first_chunk::<2>()?;
                rest = after;
                i64::from(i16::from_be_bytes(*large))
            }
            _ => {
                arrivals_us.push(None);
                continue;
            }
        };
        at_us += delta * DELTA_US;
        arrivals_us.push(Some(at_us));
    }
    Some(Feedback { base, count: head[7], arrivals_us })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read_back(packets: &[(u64, i64)]) -> (usize, Feedback) {
        let mut out = Vec::new();
        let used = build(&mut out, 1, 2, 9, packets);
        assert_eq!(out.len() % 4, 0);
        let padding = if out[0] & 0x20 != 0 { usize::from(*out.last().unwrap()) } else { 0 };
        (used, parse(&out[12..out.len() - padding]).unwrap())
    }

    #[test]
    fn losses_and_late_packets_are_told_to_the_quarter_millisecond() {
        let packets = [(65_534, 1_000_000), (65_535, 1_000_250), (65_538, 1_300_000), (65_539, 1_299_000)];
        let (used, feedback) = read_back(&packets);
        assert_eq!((used, feedback.base, feedback.count), (4, 65_534, 9));
        let near = |us: i64| move |read: Option<i64>| read.is_some_and(|read| (read - us).abs() <= 250);
        assert_eq!(feedback.arrivals_us.len(), 6);
        assert!(near(1_000_000)(feedback.arrivals_us[0]));
        assert!(near(1_000_250)(feedback.arrivals_us[1]));
        assert_eq!(&feedback.arrivals_us[2..4], [None, None]);
        assert!(near(1_300_000)(feedback.arrivals_us[4]));
        assert!(near(1_299_000)(feedback.arrivals_us[5]));
    }

    #[test]
    fn a_pause_or_a_long_span_ends_the_feedback_and_the_rest_is_left_for_the_next() {
        assert_eq!(read_back(&[(1, 0), (2, 20_000_000)]).0, 1);
        assert_eq!(read_back(&[(1, 0), (5_000, 10)]).0, 1);
        let many: Vec<_> = (0..500).map(|n| (n, n as i64 * 1_000)).collect();
        assert_eq!(read_back(&many).0, MAX_PACKETS);
    }

    #[test]
    fn a_feedback_that_speaks_of_too_many_packets_is_not_read() {
        let speaking_of = |statuses: usize| {
            let [high, low] = (statuses as u16).to_be_bytes();
            // Run lengths of lost packets: four bytes stand for 16,000.
            parse(&[0, 5, high, low, 0, 0, 1, 0, 0x1F, 0xFF, 0x1F, 0xFF])
        };
        assert_eq!(speaking_of(MAX_STATUSES).unwrap().arrivals_us.len(), MAX_STATUSES);
        assert_eq!(speaking_of(MAX_STATUSES + 1), None);
    }

    #[test]
    fn run_length_and_one_bit_chunks_are_read() {
        let fci = [0, 5, 0, 5, 0, 0, 1, 0, 0x20, 2, 0x80 | 0x28, 0, 4, 8, 4, 4];
        let feedback = parse(&fci).unwrap();
        let known: Vec<bool> = feedback.arrivals_us.iter().map(Option::is_some).collect();
        assert_eq!(known, [true, true, true, false, true]);
    }
}
