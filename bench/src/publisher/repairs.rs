//! How much a publisher sends again. Without a limit a server that is too slow, and so loses packets and asks for them,
//! would get more and more of them.

/// What can be saved up: a second of the largest camera.
const MAX_SAVED_BYTES: usize = 250_000;

/// As in libwebrtc (`retransmission_rate_limiter`, over a second): no more is sent again than is sent.
#[derive(Debug, Default)]
pub struct Repairs {
    saved_bytes: usize,
    /// Packets that were asked for again and sent.
    pub sent: u64,
    /// Those that were asked for and not sent, because it would have been too much.
    pub refused: u64,
}

impl Repairs {
    /// So much of media was sent.
    pub fn earn(&mut self, bytes: usize) {
        self.saved_bytes = (self.saved_bytes + bytes).min(MAX_SAVED_BYTES);
    }

    /// May a packet of so much be sent again?
    pub fn spend(&mut self, bytes: usize) -> bool {
        let left = self.saved_bytes.checked_sub(bytes);
        match left {
            Some(left) => (self.saved_bytes, self.sent) = (left, self.sent + 1),
            None => self.refused += 1,
        }
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_sent_again_than_was_sent() {
        let mut repairs = Repairs::default();
        assert!(!repairs.spend(1));
        (0..10).for_each(|_| repairs.earn(1_100));
        let again = (0..100).filter(|_| repairs.spend(1_100)).count();
        assert_eq!((again, repairs.sent, repairs.refused), (10, 10, 91));
        repairs.earn(10 * MAX_SAVED_BYTES);
        assert!(repairs.spend(MAX_SAVED_BYTES) && !repairs.spend(1), "a long silence is not made up for");
    }
}
