//! How often somebody may do something: so often at once, and again after a while. Pure: told the time.

use std::collections::HashMap;
use std::hash::Hash;
use tongtang_protocol::units::UnixMillis;

/// Who is remembered. At the limit the one that did nothing for longest is forgotten.
const MAX_REMEMBERED: usize = 4_096;

/// So often at once, and one more each so many milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// At once.
    pub at_once: u32,
    /// One more after so long.
    pub one_more_ms: i64,
}

/// Who did it how often.
#[derive(Debug)]
pub struct Pace<K> {
    rule: Rule,
    /// The time up to which what each did is paid for.
    paid_until: HashMap<K, UnixMillis>,
}

impl<K: Hash + Eq + Clone> Pace<K> {
    /// Nobody did anything yet.
    pub fn new(rule: Rule) -> Self {
        Self { rule, paid_until: HashMap::new() }
    }

    /// May `who` do it now? Otherwise: in how many seconds.
    pub fn take(&mut self, who: &K, now: UnixMillis) -> Result<(), u64> {
        let Rule { at_once, one_more_ms } = self.rule;
        let credit_ms = i64::from(at_once) * one_more_ms;
        // A clock that was set back makes nobody wait longer than the rule does.
        let paid = self.paid_until.get(who).map_or(now.0, |until| until.0.clamp(now.0, now.0 + credit_ms));
        let wait_ms = paid + one_more_ms - (now.0 + credit_ms);
        if wait_ms > 0 {
            self.paid_until.insert(who.clone(), UnixMillis(paid));
            return Err(u64::try_from((wait_ms + 999) / 1000).unwrap_or(1));
        }
        if self.paid_until.len() >= MAX_REMEMBERED
            && !self.paid_until.contains_key(who)
            && let Some(idle) =
                self.paid_until.iter().min_by_key(|(_, until)| **until).map(|(who, _)| who.clone())
        {
            self.paid_until.remove(&idle);
        }
        self.paid_until.insert(who.clone(), UnixMillis(paid + one_more_ms));
        Ok(())
    }

    /// What `who` did last does not count.
    pub fn give_back(&mut self, who: &K) {
        if let Some(until) = self.paid_until.get_mut(who) {
            until.0 -= self.rule.one_more_ms;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { at_once: 10, one_more_ms: 6_000 };

    fn at(second: i64) -> UnixMillis {
        UnixMillis(second * 1000)
    }

    #[test]
    fn ten_at_once_then_ten_a_minute_and_others_do_not_wait() {
        let mut pace = Pace::new(RULE);
        for _ in 0..10 {
            pace.take(&"li", at(0)).unwrap();
        }
        assert_eq!(pace.take(&"li", at(0)), Err(6));
        assert_eq!(pace.take(&"li", at(5)), Err(1));
        assert!(pace.take(&"wang", at(5)).is_ok());
        let allowed = (6..=66).filter(|second| pace.take(&"li", at(*second)).is_ok()).count();
        assert_eq!(allowed, 11, "one each six seconds");
        let rested = (0..50).filter(|_| pace.take(&"li", at(600)).is_ok()).count();
        assert_eq!(rested, 10, "what was not used is not saved up");
    }

    #[test]
    fn what_is_given_back_costs_nothing() {
        let mut pace = Pace::new(RULE);
        for _ in 0..100 {
            pace.take(&"li", at(0)).unwrap();
            pace.give_back(&"li");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out_and_memory_is_bounded() {
        let mut pace = Pace::new(RULE);
        for _ in 0..10 {
            pace.take(&0, at(1_000_000)).unwrap();
        }
        assert_eq!(pace.take(&0, at(0)), Err(6));
        assert!(pace.take(&0, at(6)).is_ok());
        for who in 1..10_000 {
            pace.take(&who, at(i64::from(who))).unwrap();
        }
        assert!(pace.paid_until.len() <= MAX_REMEMBERED);
    }
}
