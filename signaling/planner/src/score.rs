//! What a plan is worth: four objectives, the first first.

use crate::model::Model;
use crate::state::State;
use std::cmp::Ordering;

/// The objectives of a state. Greater is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Score {
    /// Units served.
    pub served: u64,
    /// The worst-served school's share of what it could be given, and how many schools have no more.
    pub share: f64,
    pub worst_schools: u32,
    /// Existing agreements and receptions kept.
    pub kept: u32,
    /// Cost of wishes not granted, in units.
    pub wishes: u64,
}

/// Which objectives are compared: this one and those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Coverage,
    Share,
    Changes,
    Wishes,
}

impl Stage {
    pub const ALL: [Stage; 4] = [Stage::Coverage, Stage::Share, Stage::Changes, Stage::Wishes];
}

impl Score {
    pub fn of(model: &Model, state: &State) -> Score {
        let mut worst = (1, 1);
        let mut worst_schools = 0;
        for (&served, &reachable) in state.served_of.iter().zip(&model.reachable_units) {
            if reachable == 0 {
                continue;
            }
            // Fractions are compared across, so that equal shares are equal.
            match (u64::from(served) * worst.1).cmp(&(worst.0 * u64::from(reachable))) {
                Ordering::Less => {
                    worst = (u64::from(served), u64::from(reachable));
                    worst_schools = 1;
                }
                Ordering::Equal => worst_schools += 1,
                Ordering::Greater => {}
            }
        }
        Score {
            served: state.served,
            share: worst.0 as f64 / worst.1 as f64,
            worst_schools,
            kept: state.kept,
            wishes: state.wishes,
        }
    }

    /// Compares up to a stage; in the stage of shares, fewer schools at the bottom are better.
    pub fn compare(&self, other: &Score, stage: Stage) -> Ordering {
        let mut order = self.served.cmp(&other.served);
        if stage >= Stage::Share {
            order = order.then(self.share.total_cmp(&other.share));
        }
        if stage == Stage::Share {
            order = order.then(other.worst_schools.cmp(&self.worst_schools));
        }
        if stage >= Stage::Changes {
            order = order.then(self.kept.cmp(&other.kept));
        }
        if stage >= Stage::Wishes {
            order = order.then(other.wishes.cmp(&self.wishes));
        }
        order
    }
}
