//! Which sessions have something to do at which time, so that nobody looks at thousands that have nothing.
//!
//! Owns a heap of times. An alarm that goes off too early (a connectivity check has moved the deadline since) costs one
//! look; a session is in the heap once for each time that was the earliest when it was set.

use super::session::SessionKey;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// The alarms of all sessions.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    heap: BinaryHeap<Reverse<(Instant, SessionKey)>>,
}

impl Alarms {
    /// `key` has something to do at `due`, if `set` (its alarm so far) is not earlier.
    pub fn set(&mut self, key: SessionKey, set: &mut Option<Instant>, due: Option<Instant>) {
        if let Some(due) = due
            && set.is_none_or(|set| due < set)
        {
            *set = Some(due);
            self.heap.push(Reverse((due, key)));
        }
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// The next session whose time has come, and that time.
    pub fn pop(&mut self, now: Instant) -> Option<(Instant, SessionKey)> {
        if self.heap.peek().is_none_or(|Reverse((due, _))| *due > now) {
            return None;
        }
        self.heap.pop().map(|Reverse(alarm)| alarm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::slab::Slab;
    use std::time::Duration;

    #[test]
    fn an_alarm_goes_off_once_and_only_an_earlier_one_is_set_again() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let key = SessionKey::Subscriber(Slab::default().insert(()));
        let (mut alarms, mut set) = (Alarms::default(), None);
        alarms.set(key, &mut set, Some(at(50)));
        alarms.set(key, &mut set, Some(at(70)));
        alarms.set(key, &mut set, Some(at(20)));
        assert_eq!(set, Some(at(20)));
        assert_eq!(alarms.pop(at(19)), None);
        assert_eq!(alarms.pop(at(60)), Some((at(20), key)));
        assert_eq!(alarms.pop(at(60)), Some((at(50), key)), "too early now: one look");
        assert_eq!(alarms.pop(at(60)), None);
    }
}
