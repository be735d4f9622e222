//! A slowly changing offset, drawn through noisy points.

/// Distance of the knots.
const KNOT_US: i64 = 5_000_000;
/// Points this near to a knot speak for it. 50 ppm of drift over it are 0.75 ms.
const WINDOW_US: i64 = 15_000_000;

/// What the points near a knot become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduce {
    /// The least: delays, of which only the excess is noise.
    Least,
    /// The middle one: readings that err to both sides.
    Middle,
}

/// Straight lines between knots; level beyond the first and the last.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    knots: Vec<(i64, i64)>,
}

impl Curve {
    /// Draws through points (position, offset).
    pub fn draw(mut points: Vec<(i64, i64)>, reduce: Reduce) -> Self {
        points.sort_unstable();
        let mut knots = Vec::new();
        let (Some(&(first, _)), Some(&(last, _))) = (points.first(), points.last()) else {
            return Self { knots };
        };
        let mut at = first;
        loop {
            let from = points.partition_point(|point| point.0 < at - WINDOW_US);
            let to = points.partition_point(|point| point.0 <= at + WINDOW_US);
            let mut near: Vec<i64> = points[from..to].iter().map(|point| point.1).collect();
            near.sort_unstable();
            let value = match reduce {
                Reduce::Least => near.first(),
                Reduce::Middle => near.get(near.len() / 2),
            };
            if let Some(value) = value {
                knots.push((at, *value));
            }
            if at >= last {
                return Self { knots };
            }
            // A long silence has no points, so no knots either: step straight to its end.
            at = match points.get(to) {
                Some(&(next, _)) if to == from => next,
                _ => (at + KNOT_US).min(last),
            };
        }
    }

    /// The offset at a position; `None` when there was no point at all.
    pub fn at(&self, position: i64) -> Option<i64> {
        let after = self.knots.partition_point(|knot| knot.0 <= position);
        match (after.checked_sub(1).and_then(|before| self.knots.get(before)), self.knots.get(after)) {
            (Some(before), Some(after)) => {
                let part = i128::from(after.1 - before.1) * i128::from(position - before.0);
                Some(before.1 + (part / i128::from(after.0 - before.0)) as i64)
            }
            (Some(one), None) | (None, Some(one)) => Some(one.1),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_follows_drift_under_noise() {
        // 100 ppm over ten minutes, with up to 80 ms of added delay on nine points of ten.
        let points = (0..1200)
            .map(|n: i64| {
                let at = n * 500_000;
                (at, 1_000_000 + at / 10_000 + if n % 10 == 3 { 0 } else { (n * 7919) % 80_000 })
            })
            .collect();
        let curve = Curve::draw(points, Reduce::Least);
        for at in (0..600_000_000).step_by(1_000_000) {
            let error = curve.at(at).unwrap_or(0) - (1_000_000 + at / 10_000);
            assert!(error.abs() <= 2_000, "{error} us at {at}");
        }
    }

    #[test]
    fn a_curve_without_points_knows_nothing_and_one_point_holds_everywhere() {
        assert_eq!(Curve::draw(vec![], Reduce::Least).at(5), None);
        let one = Curve::draw(vec![(10, 7)], Reduce::Middle);
        assert_eq!((one.at(-100), one.at(10), one.at(1 << 40)), (Some(7), Some(7), Some(7)));
    }
}
