//! When a lesson is to be seen in its recording: from each `live` to the next `paused` or `ended`.
//!
//! Enters: the lesson's events. Leaves: the spans in which it is not. Before the first of these events nothing
//! is known, so everything is kept.

use tongtang_protocol::lesson::{LessonEvent, LessonEventKind};

/// A span of time, microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Begin.
    pub from_unix_us: u64,
    /// End, not included; [`u64::MAX`]: it lasts.
    pub to_unix_us: u64,
}

impl Span {
    /// Does a moment lie in it?
    pub fn contains(&self, unix_us: u64) -> bool {
        (self.from_unix_us..self.to_unix_us).contains(&unix_us)
    }
}

/// The spans in which the lesson paused, was not recorded, or was over, by time.
pub fn off_spans(events: &[LessonEvent]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut latest = 0;
    for event in events {
        // As the composer's plan does: a clock that is set back never makes time run backwards.
        let at = (event.at.0.max(0) as u64).saturating_mul(1000).max(latest);
        latest = at;
        let open = spans.last_mut().filter(|span| span.to_unix_us == u64::MAX);
        match (&event.kind, open) {
            (LessonEventKind::Live { .. }, Some(span)) => span.to_unix_us = at,
            (LessonEventKind::Paused | LessonEventKind::Ended, None) => {
                spans.push(Span { from_unix_us: at, to_unix_us: u64::MAX });
            }
            _ => {}
        }
    }
    spans.retain(|span| span.to_unix_us > span.from_unix_us);
    spans
}

/// Microseconds that lie in at least one of `spans` and in none of `off`, which is as [`off_spans`] makes it.
pub fn kept_us(mut spans: Vec<Span>, off: &[Span]) -> u64 {
    spans.sort_unstable_by_key(|span| span.from_unix_us);
    let (mut total_us, mut counted_to) = (0, 0);
    for span in spans {
        let from = span.from_unix_us.max(counted_to);
        if span.to_unix_us <= from {
            continue;
        }
        let cut: u64 = off
            .iter()
            .map(|off| off.to_unix_us.min(span.to_unix_us).saturating_sub(off.from_unix_us.max(from)))
            .sum();
        total_us += span.to_unix_us - from - cut;
        counted_to = span.to_unix_us;
    }
    total_us
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::ids::ParticipantId;
    use tongtang_protocol::units::UnixMillis;

    fn log(events: Vec<(i64, LessonEventKind)>) -> Vec<LessonEvent> {
        (1..).zip(events).map(|(seq, (at, kind))| LessonEvent { seq, at: UnixMillis(at), kind }).collect()
    }

    fn live() -> LessonEventKind {
        LessonEventKind::Live { teacher: ParticipantId::new("t").unwrap() }
    }

    fn span(from_ms: u64, to_ms: u64) -> Span {
        Span { from_unix_us: from_ms * 1000, to_unix_us: to_ms.saturating_mul(1000) }
    }

    #[test]
    fn a_pause_and_what_follows_the_end_are_off() {
        use LessonEventKind::{Ended, Paused};
        let events = log(vec![
            (10, live()),
            (20, Paused),
            (30, live()),
            (40, LessonEventKind::Stage { participant: None, name: None }),
            (50, Paused),
            (60, Ended),
        ]);
        assert_eq!(off_spans(&events), [span(20, 30), span(50, u64::MAX)]);
        assert_eq!(off_spans(&[]), []);
        assert_eq!(off_spans(&log(vec![(20, Paused), (10, live())])), [], "a clock set back is no pause");
    }

    #[test]
    fn time_counts_once_and_not_while_it_is_off() {
        let off = [span(20, 30), span(50, u64::MAX)];
        let kept_ms = |spans: &[Span]| kept_us(spans.to_vec(), &off) / 1000;
        assert_eq!(kept_ms(&[span(0, 10), span(5, 15)]), 15);
        assert_eq!(kept_ms(&[span(10, 40), span(22, 28)]), 20);
        assert_eq!(kept_ms(&[span(25, 35), span(45, 90), span(60, 70)]), 10);
        assert_eq!(kept_ms(&[span(55, 90)]), 0);
    }
}
