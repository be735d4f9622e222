//! A small line plot as SVG: screens to the right on a logarithmic scale, figures upwards from zero.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
/// Left, right, top, bottom: room for words.
const MARGIN: (f64, f64, f64, f64) = (64.0, 24.0, 64.0, 36.0);
/// Told apart by people who see colours otherwise (Okabe and Ito).
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
/// About so many lines across.
const RULES: f64 = 5.0;

/// One line.
pub struct Line {
    /// Of the legend.
    pub name: &'static str,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
}

/// A picture.
pub struct Plot {
    /// What it shows.
    pub title: &'static str,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A step of 1, 2 or 5 times a power of ten, so that there are about [`RULES`] up to `most`.
fn step(most: f64) -> f64 {
    let rough = (most / RULES).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0].into_iter().find(|nice| nice * power >= rough).unwrap_or(10.0);
    nice * power
}

fn words(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

impl Plot {
    /// As a file.
    pub fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let (least_x, most_x) =
            points().fold((f64::MAX, f64::MIN), |(least, most), (x, _)| (least.min(*x), most.max(*x)));
        let most_y = points().map(|(_, y)| *y).fold(0.0, f64::max);
        let step = step(most_y);
        let top = (most_y / step).ceil().max(1.0) * step;
        let (left, right, above, below) = MARGIN;
        let across = |x: f64| {
            let share = (x / least_x).ln() / (most_x / least_x).ln().max(f64::MIN_POSITIVE);
            left + share * (WIDTH - left - right)
        };
        let up = |y: f64| HEIGHT - below - y / top * (HEIGHT - above - below);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
             <text x=\"{left}\" y=\"24\" font-size=\"15\" fill=\"#222222\">{}</text>\n",
            self.title
        );
        for rule in 0..=(top / step).round() as usize {
            let value = rule as f64 * step;
            let y = up(value);
            let _ = write!(
                svg,
                "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#dddddd\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555555\">{}</text>\n",
                WIDTH - right,
                left - 8.0,
                y + 4.0,
                words(value)
            );
        }
        let mut columns: Vec<f64> = points().map(|(x, _)| *x).collect();
        columns.sort_by(f64::total_cmp);
        columns.dedup();
        for x in columns {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555555\">{}</text>",
                across(x),
                HEIGHT - below + 20.0,
                words(x)
            );
        }
        for (n, line) in self.lines.iter().enumerate() {
            let colour = COLOURS[n % COLOURS.len()];
            let path: Vec<String> =
                line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", across(*x), up(*y))).collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join(" ")
            );
            for (x, y) in &line.points {
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
                    across(*x),
                    up(*y)
                );
            }
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"46\" fill=\"{colour}\">■ {}</text>",
                left + n as f64 * 180.0,
                line.name
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_at_round_numbers() {
        assert_eq!([3_942.0, 1.9, 100.0, 0.7].map(step), [1_000.0, 0.5, 20.0, 0.2]);
    }

    #[test]
    fn the_largest_figure_stands_below_the_title_and_within_the_frame() {
        let line = Line { name: "n", points: vec![(10.0, 1.0), (3_000.0, 7.3)] };
        let svg = Plot { title: "t", lines: vec![line] }.svg();
        let circles: Vec<f64> =
            svg.split("cy=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect();
        assert_eq!(circles.len(), 2);
        assert!(circles.iter().all(|y| (MARGIN.2..HEIGHT - MARGIN.3).contains(y)), "{circles:?}");
        assert!(circles[0] > circles[1], "more is higher up");
    }
}
