//! Which packets of one stream arrived, by their sequence numbers.

/// How far back a late packet is told from a repeated one.
const WINDOW: u64 = 1_024;
const WORDS: usize = (WINDOW / 64) as usize;

/// The packets of one SSRC.
#[derive(Debug, Clone, Default)]
pub struct Received {
    first: Option<u64>,
    highest: u64,
    seen: [u64; WORDS],
    packets: u64,
    duplicates: u64,
    reordered: u64,
}

/// The counters of a stream at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Different packets.
    pub packets: u64,
    /// Packets up to the highest number.
    pub span: u64,
    /// Packets that were there before, or are too old to know.
    pub duplicates: u64,
    /// Packets behind a later one.
    pub reordered: u64,
}

impl Counted {
    /// What came since `before`.
    pub fn since(&self, before: &Counted) -> Counted {
        Counted {
            packets: self.packets - before.packets,
            span: self.span - before.span,
            duplicates: self.duplicates - before.duplicates,
            reordered: self.reordered - before.reordered,
        }
    }
}

impl Received {
    /// A packet came. Gives whether it is new.
    pub fn packet(&mut self, sequence: u16) -> bool {
        let Some(first) = self.first else {
            // Room below, so that what is late at the begin has a number too.
            let at = u64::from(sequence) + (1 << 16);
            (self.first, self.highest, self.packets) = (Some(at), at, 1);
            self.mark(at);
            return true;
        };
        let behind = i64::from((self.highest as u16).wrapping_sub(sequence) as i16);
        let at = self.highest.saturating_add_signed(-behind);
        if at > self.highest {
            for passed in self.highest + 1..=at.min(self.highest + WINDOW) {
                self.clear(passed);
            }
            self.highest = at;
        } else if self.highest - at >= WINDOW || self.is_marked(at) {
            self.duplicates += 1;
            return false;
        } else {
            self.reordered += 1;
        }
        self.first = Some(first.min(at));
        self.mark(at);
        self.packets += 1;
        true
    }

    fn place(at: u64) -> (usize, u64) {
        ((at % WINDOW / 64) as usize, 1 << (at % 64))
    }

    fn mark(&mut self, at: u64) {
        let (word, bit) = Self::place(at);
        self.seen[word] |= bit;
    }

    fn clear(&mut self, at: u64) {
        let (word, bit) = Self::place(at);
        self.seen[word] &= !bit;
    }

    fn is_marked(&self, at: u64) -> bool {
        let (word, bit) = Self::place(at);
        self.seen[word] & bit != 0
    }

    /// The counters so far.
    pub fn counted(&self) -> Counted {
        Counted {
            packets: self.packets,
            span: self.first.map_or(0, |first| self.highest - first + 1),
            duplicates: self.duplicates,
            reordered: self.reordered,
        }
    }

    /// The number that this is the lower half of, near the highest.
    pub fn extended(&self, sequence: u16) -> u64 {
        let ahead = i64::from(sequence.wrapping_sub(self.highest as u16) as i16);
        self.highest.saturating_add_signed(ahead)
    }

    /// Numbers that have not come, of those up to `back` behind the highest.
    pub fn missing(&self, back: u64) -> impl Iterator<Item = u16> {
        let from = self.first.map_or(self.highest, |first| first.max(self.highest - back.min(WINDOW - 1)));
        (from..self.highest).filter(|at| !self.is_marked(*at)).map(|at| at as u16)
    }

    /// Highest number, extended by the wraps (RFC 3550 §6.4.1).
    pub fn extended_highest(&self) -> u32 {
        self.highest.saturating_sub(1 << 16) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(sequences: impl IntoIterator<Item = u16>) -> Counted {
        let mut received = Received::default();
        for sequence in sequences {
            received.packet(sequence);
        }
        received.counted()
    }

    #[test]
    fn an_unbroken_stream_is_whole_across_wraps() {
        let counted = after((0..200_000u32).map(|n| (n + 40_000) as u16));
        assert_eq!(counted, Counted { packets: 200_000, span: 200_000, duplicates: 0, reordered: 0 });
    }

    #[test]
    fn a_gap_a_late_and_a_repeated_packet_are_told_apart() {
        assert_eq!(after([1, 2, 5]), Counted { packets: 3, span: 5, duplicates: 0, reordered: 0 });
        assert_eq!(after([1, 3, 2]), Counted { packets: 3, span: 3, duplicates: 0, reordered: 1 });
        assert_eq!(after([1, 2, 2]), Counted { packets: 2, span: 2, duplicates: 1, reordered: 0 });
        assert_eq!(after([65_535, 0, 65_534]), Counted { packets: 3, span: 3, duplicates: 0, reordered: 1 });
    }

    #[test]
    fn what_is_missing_is_known_by_its_numbers() {
        let mut received = Received::default();
        assert_eq!(received.missing(64).count(), 0);
        [65_530, 65_534, 65_535, 2].into_iter().for_each(|sequence| assert!(received.packet(sequence)));
        assert_eq!(received.missing(64).collect::<Vec<_>>(), [65_531, 65_532, 65_533, 0, 1]);
        assert_eq!(received.missing(2).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_jump_beyond_the_window_forgets_what_was_seen() {
        let counted = after((0..1_000).chain(5_000..6_000).chain([5_999, 4_999]));
        assert_eq!(counted, Counted { packets: 2_001, span: 6_000, duplicates: 1, reordered: 1 });
    }
}
