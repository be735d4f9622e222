//! A burst on its way through its track's listeners, once around the circle.
//!
//! Listeners come and go between two pieces, so the place is not an index but the listener that is next.

use crate::egress::gather::Burst;
use crate::egress::slot::TrackKey;
use crate::ingress::track::Listener;
use std::time::Instant;

/// A burst on its way.
#[derive(Debug)]
pub(super) struct Ready {
    pub track: TrackKey,
    pub burst: Burst,
    /// Since when it waits.
    pub since: Instant,
    /// Where the circle was begun; `None`: at the first listener.
    start: Option<Listener>,
    /// The lowest listener that may be next; `None`: the first one.
    next: Option<Listener>,
    has_wrapped: bool,
    /// Where the last look found [`Self::next`].
    hint: usize,
}

impl Ready {
    pub fn new(now: Instant, track: TrackKey, burst: Burst) -> Self {
        Self { track, burst, since: now, start: None, next: None, has_wrapped: false, hint: 0 }
    }

    /// Has nobody got it yet?
    pub fn is_fresh(&self) -> bool {
        self.next.is_none() && !self.has_wrapped
    }

    /// Begins the circle with the slots of this listener's subscriber.
    pub fn begin_at(&mut self, listener: Listener) {
        let first = Some(Listener { slot: 0, ..listener });
        (self.start, self.next) = (first, first);
    }

    /// Whose turn it is among the track's listeners (sorted); `None`: all have got it.
    pub fn next(&mut self, listeners: &[Listener]) -> Option<Listener> {
        if let Some(listener) = self.first_due(listeners) {
            return (!self.is_behind_start(listener)).then_some(listener);
        }
        if self.has_wrapped || self.start.is_none() {
            return None;
        }
        (self.has_wrapped, self.next) = (true, None);
        self.first_due(listeners).filter(|listener| !self.is_behind_start(*listener))
    }

    fn first_due(&mut self, listeners: &[Listener]) -> Option<Listener> {
        let next = self.next;
        let is_before = |listener: &Listener| next.is_some_and(|next| *listener < next);
        let is_place = listeners.get(self.hint).is_none_or(|listener| !is_before(listener))
            && (self.hint == 0 || listeners.get(self.hint - 1).is_some_and(is_before));
        if !is_place {
            self.hint = listeners.partition_point(is_before);
        }
        listeners.get(self.hint).copied()
    }

    fn is_behind_start(&self, listener: Listener) -> bool {
        self.has_wrapped && self.start.is_none_or(|start| listener >= start)
    }

    /// This listener has had its turn.
    pub fn served(&mut self, listener: Listener) {
        // A subscriber has 36 slots at most.
        self.next = Some(Listener { slot: listener.slot + 1, ..listener });
        self.hint += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::slab::Slab;

    fn listeners(count: usize) -> Vec<Listener> {
        let mut slab = Slab::default();
        (0..count).map(|_| Listener { subscriber: slab.insert(()), slot: 3 }).collect()
    }

    fn ready() -> Ready {
        let track = TrackKey { publisher: Slab::default().insert(()), track: 0 };
        Ready::new(Instant::now(), track, Burst::single(7, 100))
    }

    #[test]
    fn everybody_has_a_turn_wherever_the_circle_begins() {
        let all = listeners(5);
        for begin in [None, Some(0), Some(3), Some(4)] {
            let mut ready = ready();
            if let Some(begin) = begin {
                ready.begin_at(all[begin]);
            }
            let mut order = Vec::new();
            while let Some(listener) = ready.next(&all) {
                order.push(listener);
                ready.served(listener);
            }
            let mut expected = all.clone();
            expected.rotate_left(begin.unwrap_or(0));
            assert_eq!(order, expected);
            assert_eq!(ready.next(&all), None, "it stays done");
        }
    }

    #[test]
    fn who_comes_and_goes_in_between_takes_nobodys_turn() {
        let all = listeners(6);
        let mut here = vec![all[1], all[2], all[4], all[5]];
        let mut ready = ready();
        ready.begin_at(all[4]);
        let mut order = Vec::new();
        while let Some(listener) = ready.next(&here) {
            order.push(listener);
            ready.served(listener);
            match order.len() {
                1 => here.retain(|listener| *listener != all[4]),
                2 => here.insert(0, all[0]),
                3 => here.retain(|listener| *listener != all[0]),
                _ => {}
            }
        }
        assert_eq!(order, [all[4], all[5], all[0], all[1], all[2]]);
    }
}
