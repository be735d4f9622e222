//! When the packets of a publisher arrived, for transport-wide feedback.

use crate::packet::rtcp::transport_cc;
use crate::packet::sequence::Unwrapper;

/// Most arrivals between two feedbacks (100 ms at the publisher's packet limit is less). The sender takes those beyond
/// for lost.
const MAX_ARRIVALS: usize = 512;

/// Arrivals since the last feedback.
#[derive(Debug, Default)]
pub struct Arrivals {
    unwrapper: Unwrapper,
    /// `(transport-wide number, microseconds)`, in order of arrival.
    packets: Vec<(u64, i64)>,
    /// Numbers below were told already.
    told_below: u64,
    feedbacks: u8,
}

impl Arrivals {
    /// A packet with this transport-wide sequence number arrived.
    pub fn packet(&mut self, number: u16, at_us: u64) {
        if self.packets.len() < MAX_ARRIVALS {
            let number = self.unwrapper.unwrap(number);
            if number >= self.told_below {
                self.packets.push((number, at_us as i64));
            }
        }
    }

    /// Is there something to tell?
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Appends feedback on everything that arrived; `emit` gets each feedback packet.
    pub fn feedback(&mut self, sender: u32, media: u32, mut emit: impl FnMut(&[u8])) {
        self.packets.sort_unstable_by_key(|packet| packet.0);
        self.packets.dedup_by_key(|packet| packet.0);
        let mut rest = &self.packets[..];
        let mut bytes = Vec::with_capacity(768);
        while !rest.is_empty() {
            bytes.clear();
            let used = transport_cc::build(&mut bytes, sender, media, self.feedbacks, rest);
            if used == 0 {
                break;
            }
            self.feedbacks = self.feedbacks.wrapping_add(1);
            emit(&bytes);
            rest = &rest[used..];
        }
        if let Some(&(last, _)) = self.packets.last() {
            self.told_below = last + 1;
        }
        self.packets.clear();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_arrival_is_told_once_in_order() {
        let mut arrivals = Arrivals::default();
        for number in [3u16, 1, 2, 2, 900, 901] {
            arrivals.packet(number, 1_000 * u64::from(number));
        }
        let mut told = Vec::new();
        arrivals.feedback(1, 2, |packet| {
            let padding = if packet[0] & 0x20 != 0 { usize::from(packet[packet.len() - 1]) } else { 0 };
            let feedback = transport_cc::parse(&packet[12..packet.len() - padding]).unwrap();
            let base = feedback.base;
            told.extend(
                feedback.arrivals_us.iter().enumerate().filter_map(|(n, at)| at.map(|_| base + n as u16)),
            );
        });
        assert_eq!(told, [1, 2, 3, 900, 901]);
        assert!(arrivals.is_empty());
        arrivals.packet(2, 5);
        assert!(arrivals.is_empty(), "a late repeat of a number already told");
    }
}
