//! When the packets of a publisher arrived, for transport-wide feedback.

use crate::packet::rtcp::transport_cc;
use crate::packet::sequence::Unwrapper;

/// Arrivals that are remembered: a quarter of a second at the publisher's packet limit. The sender takes what comes later
/// than that behind its successors for lost.
const MAX_ARRIVALS: usize = 1_024;

/// The last arrivals, by transport-wide number.
#[derive(Debug)]
pub struct Arrivals {
    unwrapper: Unwrapper,
    /// `(number, microseconds)` in the cell of the number.
    cells: Vec<(u64, i64)>,
    /// The lowest number that was not told yet.
    first_untold: Option<u64>,
    feedbacks: u8,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            unwrapper: Unwrapper::default(),
            cells: vec![(0, 0); MAX_ARRIVALS],
            first_untold: None,
            feedbacks: 0,
        }
    }
}

impl Arrivals {
    /// A packet with this transport-wide sequence number arrived, by a clock that is never set.
    pub fn packet(&mut self, number: u16, at_us: u64) {
        let number = self.unwrapper.unwrap(number);
        let oldest = self.unwrapper.highest().unwrap_or(0).saturating_sub(MAX_ARRIVALS as u64 - 1);
        let cell = &mut self.cells[(number % MAX_ARRIVALS as u64) as usize];
        if number < oldest || cell.0 == number {
            return;
        }
        *cell = (number, at_us as i64);
        self.first_untold = Some(self.first_untold.map_or(number, |first| first.min(number)).max(oldest));
    }

    /// Is there something to tell?
    pub fn is_empty(&self) -> bool {
        self.first_untold.is_none()
    }

    /// Gives feedback on everything that arrived; `emit` gets each feedback packet. Behind a packet that came late its
    /// successors are told again: to leave them out would call them lost.
    pub fn feedback(&mut self, sender: u32, media: u32, mut emit: impl FnMut(&[u8])) {
        let (Some(first), Some(highest)) = (self.first_untold.take(), self.unwrapper.highest()) else {
            return;
        };
        let packets: Vec<(u64, i64)> = (first..=highest)
            .filter_map(|number| {
                let cell = self.cells[(number % MAX_ARRIVALS as u64) as usize];
                (cell.0 == number).then_some(cell)
            })
            .collect();
        let mut rest = &packets[..];
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
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(arrivals: &mut Arrivals) -> Vec<u16> {
        let mut told = Vec::new();
        arrivals.feedback(1, 2, |packet| {
            let padding = if packet[0] & 0x20 != 0 { usize::from(packet[packet.len() - 1]) } else { 0 };
            let feedback = transport_cc::parse(&packet[12..packet.len() - padding]).unwrap();
            let at = |n: usize| feedback.base + n as u16;
            told.extend(feedback.arrivals_us.iter().enumerate().filter_map(|(n, us)| us.map(|_| at(n))));
        });
        told
    }

    #[test]
    fn every_arrival_is_told_in_order() {
        let mut arrivals = Arrivals::default();
        for number in [3u16, 1, 2, 2, 900, 901] {
            arrivals.packet(number, 1_000 * u64::from(number));
        }
        assert_eq!(told(&mut arrivals), [1, 2, 3, 900, 901]);
        assert!(arrivals.is_empty());
        arrivals.packet(901, 5);
        assert!(arrivals.is_empty(), "a repeat of a number already told");
    }

    #[test]
    fn a_packet_that_comes_behind_a_feedback_is_told_with_its_successors() {
        let mut arrivals = Arrivals::default();
        for number in [1u16, 3, 4] {
            arrivals.packet(number, 1_000);
        }
        assert_eq!(told(&mut arrivals), [1, 3, 4]);
        arrivals.packet(2, 2_000);
        arrivals.packet(5, 2_000);
        assert_eq!(told(&mut arrivals), [2, 3, 4, 5]);
    }
}
