//! One subscriber of a large audience behaves badly: what do the others get? And what, when many ask for keyframes?
//!
//! Beside each other in the same run: the same audience before anybody misbehaves, then each misdeed.

use super::hall::Hall;
use super::one_teacher::{Crowd, begin, expected, screens, slots};
use super::{Measured, Settings, bare_loop, sample_every};
use crate::cpu;
use crate::media::{Clip, Layers};
use crate::subscriber::Conduct;
use std::time::Duration;

/// Who behaves well, and is counted.
pub const BYSTANDERS: usize = 500;
/// Those of them who ask for keyframes, in the last part.
const IMPATIENT: usize = 100;
/// From the begin of a misdeed to its measurement: queues have had time to fill.
const UNTIL_IT_SHOWS: Duration = Duration::from_millis(1_500);

/// Names of the rows: nobody, each misdeed, and many who ask for keyframes.
pub const ROWS: [&str; 6] = [
    "bad_subscriber_none",
    "bad_subscriber_nack_flood",
    "bad_subscriber_garbage",
    "bad_subscriber_dead",
    "bad_subscriber_slow",
    "keyframe_storm",
];

/// Bad subscribers, one for each misdeed, so that none is measured with the traces of another.
const BAD: usize = 4;

/// One run: a figure for each of [`ROWS`], of the bystanders alone.
pub fn run(settings: &Settings) -> anyhow::Result<[Measured; ROWS.len()]> {
    let clip = Clip::load(settings.clip, Layers::All)?;
    let mut rows = cpu::on_cores(&settings.own_cores, || {
        let hall = Hall::open(settings, sample_every(BYSTANDERS))?;
        begin(settings, &hall, &clip)?;
        let bad = BYSTANDERS;
        let slots = slots();
        let filled = hall.fill(settings, &screens(&clip, &slots, Crowd::of(BYSTANDERS + BAD)))?;
        let measure = |first: usize, count: usize, conduct: Conduct| -> anyhow::Result<Measured> {
            hall.around.audience.behave(first, count, conduct)?;
            std::thread::sleep(UNTIL_IT_SHOWS);
            let measured = hall.measure(settings, 0..BYSTANDERS, &expected)?;
            if conduct != Conduct::Dead {
                hall.around.audience.behave(first, count, Conduct::Fair)?;
            }
            Ok(measured)
        };
        let before = filled.with(measure(bad, 0, Conduct::Fair)?);
        let mut rows = [
            before.clone(),
            measure(bad, 1, Conduct::FloodsNacks)?,
            measure(bad + 1, 1, Conduct::SendsGarbage)?,
            measure(bad + 2, 1, Conduct::Dead)?,
            measure(bad + 3, 1, Conduct::Slow)?,
            measure(0, IMPATIENT, Conduct::AsksForKeyframes)?,
        ];
        for row in &mut rows {
            row.undisturbed_delivered_ratio = before.delivered_ratio;
        }
        Ok::<_, anyhow::Error>(rows)
    })??;
    for row in &mut rows {
        bare_loop::add_to(row, settings, &clip)?;
    }
    Ok(rows)
}
