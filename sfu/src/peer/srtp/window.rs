//! Which of the last indexes were seen: replay protection when receiving, nonce protection when sending.

/// Indexes a window remembers (RFC 3711 §3.3.2 asks for at least 64; a keyframe at 30 Mbit/s behind a reordering
/// link needs hundreds). What is older counts as seen.
pub(super) const WINDOW: u64 = 1024;
const WORDS: usize = (WINDOW / 64) as usize;

/// A sliding window over indexes that only grow in the long run.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Highest index seen; none before the first.
    highest: Option<u64>,
    /// Bit `index % WINDOW` of each of the last `WINDOW` indexes.
    seen: [u64; WORDS],
}

impl Window {
    pub fn new() -> Self {
        Window { highest: None, seen: [0; WORDS] }
    }

    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Has `index` never been marked, as far as the window remembers?
    pub fn is_new(&self, index: u64) -> bool {
        let Some(highest) = self.highest else { return true };
        if index > highest {
            return true;
        }
        if highest - index >= WINDOW {
            return false;
        }
        let (word, bit) = Self::place(index);
        self.seen[word] & bit == 0
    }

    /// Remembers `index`. Only what [`Self::is_new`] may be marked.
    pub fn mark(&mut self, index: u64) {
        match self.highest {
            Some(highest) if index <= highest => {}
            Some(highest) if index - highest < WINDOW => {
                for skipped in highest + 1..=index {
                    let (word, bit) = Self::place(skipped);
                    self.seen[word] &= !bit;
                }
                self.highest = Some(index);
            }
            _ => {
                self.seen = [0; WORDS];
                self.highest = Some(index);
            }
        }
        let (word, bit) = Self::place(index);
        self.seen[word] |= bit;
    }

    fn place(index: u64) -> (usize, u64) {
        let position = index % WINDOW;
        ((position / 64) as usize, 1 << (position % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_new_once() {
        let mut window = Window::new();
        for index in [70_000, 70_001, 70_005, 70_003, 69_990] {
            assert!(window.is_new(index));
            window.mark(index);
            assert!(!window.is_new(index));
        }
        assert!(window.is_new(70_002));
        assert_eq!(window.highest(), Some(70_005));
    }

    #[test]
    fn what_fell_out_of_the_window_counts_as_seen() {
        let mut window = Window::new();
        window.mark(5_000);
        assert!(window.is_new(5_000 - WINDOW + 1));
        assert!(!window.is_new(5_000 - WINDOW));
        assert!(!window.is_new(0));
    }

    #[test]
    fn a_jump_over_the_whole_window_forgets_nothing_that_matters() {
        let mut window = Window::new();
        window.mark(10);
        window.mark(10 + 3 * WINDOW);
        assert!(!window.is_new(10));
        assert!(!window.is_new(10 + 3 * WINDOW));
        assert!(window.is_new(10 + 3 * WINDOW - 1));
        assert!(!window.is_new(10 + 2 * WINDOW));
    }
}
