//! Which track shows a participant's camera or board at each moment.
//!
//! In: for every track of one source (simulcast layers, and the tracks of earlier connections) the
//! times at which its pictures can be decoded. Out: a [`Choice`]: the largest layer that has fresh
//! pictures, and when there is a picture at all. Layers that are not shown are not decoded.

use super::plan::WallUs;

/// A hole in all layers up to this long shows the last picture; after a longer one the picture goes away.
pub const HOLD_US: i64 = 10_000_000;

/// So long the last picture stays when nothing follows.
const LINGER_US: i64 = 1_000_000;

/// A layer whose pictures stop is left at once for a smaller one: this is one picture at 5 fps.
const LAST_PICTURE_US: i64 = 200_000;

/// A group of pictures: one keyframe and what can be decoded after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Place of its keyframe among the track's groups' keyframes; opaque here.
    pub key: usize,
    /// Time of its keyframe.
    pub first: WallUs,
    /// Time of its last picture that can be decoded.
    pub last: WallUs,
}

/// A track as the choice sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Larger is better: simulcast layer, then how recent the connection is.
    pub rank: u32,
    /// By time.
    pub groups: Vec<Group>,
}

/// An interval in which one track is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Which candidate.
    pub candidate: usize,
    /// The group whose keyframe decoding begins at, at or before `from`.
    pub key: usize,
    /// Shown from here.
    pub from: WallUs,
    /// Shown to here, not included.
    pub to: WallUs,
}

/// An interval in which there is a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visible {
    /// Begin.
    pub from: WallUs,
    /// End, not included.
    pub to: WallUs,
}

/// The choice for one source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// By time, not overlapping.
    pub spans: Vec<Span>,
    /// By time, not overlapping.
    pub visible: Vec<Visible>,
}

impl Choice {
    /// Is there a picture?
    pub fn is_visible(&self, wall: WallUs) -> bool {
        let at = self.visible.partition_point(|visible| visible.from <= wall);
        at > 0 && wall < self.visible[at - 1].to
    }
}

/// Chooses. A hole up to `fresh_us` inside a layer is bridged by that layer itself: a still screen is
/// repeated once a second only, a camera never stands still.
pub fn choose(candidates: &[Candidate], fresh_us: i64) -> Choice {
    let runs: Vec<Vec<Run>> = candidates.iter().map(|candidate| runs(candidate, fresh_us)).collect();
    let mut edges: Vec<WallUs> = runs.iter().flatten().flat_map(|run| [run.from, run.to]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut choice = Choice::default();
    for pair in edges.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let best = runs
            .iter()
            .enumerate()
            .filter(|(_, runs)| run_at(runs, from).is_some())
            .max_by_key(|(at, _)| (candidates[*at].rank, *at));
        let Some((candidate, _)) = best else { continue };
        match choice.spans.last_mut() {
            Some(last) if last.candidate == candidate && last.to == from => last.to = to,
            _ => {
                let groups = &candidates[candidate].groups;
                let group = groups.partition_point(|group| group.first <= from).saturating_sub(1);
                choice.spans.push(Span { candidate, key: groups[group].key, from, to });
            }
        }
    }
    choice.visible = visible(&choice.spans);
    choice
}

/// An interval in which a layer has fresh pictures.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: WallUs,
    to: WallUs,
}

fn runs(candidate: &Candidate, fresh_us: i64) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for group in &candidate.groups {
        let to = WallUs(group.last.0 + LAST_PICTURE_US);
        match runs.last_mut() {
            Some(run) if group.first.0 - (run.to.0 - LAST_PICTURE_US) <= fresh_us => run.to = run.to.max(to),
            _ => runs.push(Run { from: group.first, to }),
        }
    }
    runs
}

fn run_at(runs: &[Run], at: WallUs) -> Option<&Run> {
    let before = runs.partition_point(|run| run.from <= at).checked_sub(1)?;
    runs.get(before).filter(|run| at < run.to)
}

fn visible(spans: &[Span]) -> Vec<Visible> {
    let mut visible: Vec<Visible> = Vec::new();
    for span in spans {
        let lingers = WallUs(span.to.0 - LAST_PICTURE_US + LINGER_US);
        match visible.last_mut() {
            Some(last) if span.from.0 - last.to.0 <= HOLD_US - LINGER_US => last.to = lingers,
            _ => visible.push(Visible { from: span.from, to: lingers }),
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn candidate(rank: u32, groups: &[(i64, i64)]) -> Candidate {
        let groups = groups
            .iter()
            .enumerate()
            .map(|(key, (first, last))| Group {
                key,
                first: WallUs(first * SECOND),
                last: WallUs(last * SECOND - LAST_PICTURE_US),
            })
            .collect();
        Candidate { rank, groups }
    }

    fn shown(choice: &Choice) -> Vec<(usize, usize, i64, i64)> {
        let spans = choice.spans.iter();
        spans.map(|span| (span.candidate, span.key, span.from.0 / SECOND, span.to.0 / SECOND)).collect()
    }

    #[test]
    fn the_largest_layer_with_fresh_pictures_is_shown() {
        let small = candidate(1, &[(0, 4), (4, 8), (8, 20)]);
        let large = candidate(3, &[(2, 6), (9, 12)]);
        let choice = choose(&[small, large], SECOND / 2);
        assert_eq!(shown(&choice), [(0, 0, 0, 2), (1, 0, 2, 6), (0, 1, 6, 9), (1, 1, 9, 12), (0, 2, 12, 20)]);
    }

    #[test]
    fn a_short_hole_is_held_and_a_long_one_is_dark() {
        let choice = choose(&[candidate(1, &[(0, 4), (9, 12), (40, 41)])], SECOND / 2);
        assert!(choice.is_visible(WallUs(6 * SECOND)));
        assert!(choice.is_visible(WallUs(12 * SECOND + SECOND / 2)));
        assert!(!choice.is_visible(WallUs(20 * SECOND)));
        assert!(choice.is_visible(WallUs(40 * SECOND)));
        assert!(!choice.is_visible(WallUs(50 * SECOND)));
    }

    #[test]
    fn a_reconnected_camera_goes_on_in_its_new_track() {
        let choice = choose(&[candidate(2, &[(0, 4)]), candidate(2, &[(3, 9)])], SECOND / 2);
        assert_eq!(shown(&choice), [(0, 0, 0, 3), (1, 0, 3, 9)]);
    }

    #[test]
    fn no_pictures_is_no_span() {
        assert_eq!(choose(&[candidate(1, &[])], SECOND), Choice::default());
        assert!(!Choice::default().is_visible(WallUs(0)));
    }
}
