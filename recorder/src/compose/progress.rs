//! How far composing is: JSON lines, and the time left.
//!
//! In: steps and the part of each that is done. Out: [`Line`]s to whoever watches, at most one for
//! each percent. What the composer writes to its standard output is [`Said`].

use serde::{Deserialize, Serialize};
use std::time::Instant;
use tongtang_protocol::library::JobStep;
use tongtang_protocol::trouble::JobFailure;

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// 0 to 100.
    pub percent: u8,
    /// What it is doing.
    pub step: JobStep,
    /// Seconds left, estimated.
    pub eta_s: Option<u32>,
}

/// What the composer says, one a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Said {
    /// How far it is.
    Progress(Line),
    /// Its last line: why it failed.
    Failed {
        /// In a code and in words.
        failure: JobFailure,
    },
}

/// The part of the whole work that a step is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Done when it begins, 0 to 1.
    pub from: f32,
    /// Done when it ends, 0 to 1.
    pub to: f32,
}

/// Turns parts of steps into lines.
pub struct Progress<'a> {
    watch: Box<dyn FnMut(&Line) + 'a>,
    started: Instant,
    step: JobStep,
    share: Share,
    last: Option<Line>,
}

impl<'a> Progress<'a> {
    /// `watch` gets each line.
    pub fn new(watch: impl FnMut(&Line) + 'a) -> Self {
        Self {
            watch: Box::new(watch),
            started: Instant::now(),
            step: JobStep::Reading,
            share: Share { from: 0.0, to: 1.0 },
            last: None,
        }
    }

    /// A step begins.
    pub fn begin(&mut self, step: JobStep, share: Share) {
        self.step = step;
        self.share = share;
        self.part(0.0);
    }

    /// So much of the step is done, 0 to 1.
    pub fn part(&mut self, part: f32) {
        let done = self.share.from + (self.share.to - self.share.from) * part.clamp(0.0, 1.0);
        let percent = (done * 100.0) as u8;
        if self.last.as_ref().is_some_and(|last| (last.percent, last.step) == (percent, self.step)) {
            return;
        }
        let elapsed_s = self.started.elapsed().as_secs_f32();
        // Before some of the work is done an estimate would be a guess.
        let eta_s = (done > 0.05).then(|| (elapsed_s * (1.0 - done) / done).ceil() as u32);
        let line = Line { percent, step: self.step, eta_s };
        (self.watch)(&line);
        self.last = Some(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_only_rises_and_says_each_percent_once() {
        let mut seen = Vec::new();
        {
            let mut progress = Progress::new(|line| seen.push((line.percent, line.step)));
            progress.begin(JobStep::Reading, Share { from: 0.0, to: 0.1 });
            (0..=1000).for_each(|n| progress.part(n as f32 / 1000.0));
            progress.begin(JobStep::Composing, Share { from: 0.1, to: 1.0 });
            (0..=1000).for_each(|n| progress.part(n as f32 / 1000.0));
        }
        assert!(seen.windows(2).all(|pair| pair[0] != pair[1] && pair[0].0 <= pair[1].0), "{seen:?}");
        assert_eq!(seen.last(), Some(&(100, JobStep::Composing)));
    }
}
