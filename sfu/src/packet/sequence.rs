//! Unwraps 16-bit sequence numbers to 64 bits, once, where they come in.

/// Follows a 16-bit counter that wraps. Numbers begin above 65,536, so that packets older than the
/// first one still have a number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwrapper {
    highest: Option<u64>,
}

impl Unwrapper {
    /// The 64-bit number nearest to the highest one so far (RFC 3711 §3.3.1 does the same).
    pub fn unwrap(&mut self, number: u16) -> u64 {
        let unwrapped = self.peek(number);
        self.advance(unwrapped);
        unwrapped
    }

    /// A number that has been unwrapped already was there.
    pub fn advance(&mut self, unwrapped: u64) {
        self.highest = self.highest.max(Some(unwrapped));
    }

    /// Like [`Self::unwrap`], but the counter does not move: for numbers that are only talked about.
    pub fn peek(&self, number: u16) -> u64 {
        let Some(highest) = self.highest else { return 65_536 + u64::from(number) };
        let step = i64::from(number.wrapping_sub(highest as u16) as i16);
        highest.saturating_add_signed(step)
    }

    /// The highest number so far.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_over_the_wrap_and_late_ones_keep_their_place() {
        let mut unwrapper = Unwrapper::default();
        let first = unwrapper.unwrap(65_534);
        assert_eq!(unwrapper.unwrap(65_535), first + 1);
        assert_eq!(unwrapper.unwrap(1), first + 3);
        assert_eq!(unwrapper.unwrap(0), first + 2);
        assert_eq!(unwrapper.unwrap(65_533), first - 1);
        assert_eq!(unwrapper.highest(), Some(first + 3));
    }

    #[test]
    fn a_packet_before_the_first_one_has_a_number_too() {
        let mut unwrapper = Unwrapper::default();
        let first = unwrapper.unwrap(2);
        assert_eq!(unwrapper.unwrap(65_530), first - 8);
    }
}
