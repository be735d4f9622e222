//! The same loudness for every lesson: −16 LUFS (EBU R 128 measurement), no peak above −1 dBFS.
//!
//! In: the mix, twice. The first pass measures, the second is multiplied by one gain for the whole
//! lesson, so a quiet voice stays quieter than a loud one, and limited where that gain would clip.

use super::voices::{RATE_HZ, Stereo};
use ebur128::{EbuR128, Mode};
use std::collections::VecDeque;

/// What the composed lesson measures, in LUFS.
pub const TARGET_LUFS: f64 = -16.0;

/// Quiet lessons are raised by at most this, in dB: beyond it only noise is louder.
pub const MAX_GAIN_DB: f64 = 24.0;

/// Highest peak that leaves the limiter: −1 dBFS.
const CEILING: f32 = 0.891;

/// The limiter sees this many samples ahead, 5 ms, and lets go over twenty times as long.
const AHEAD_SAMPLES: usize = 240;

/// The first pass.
pub struct Meter {
    ebu: EbuR128,
}

impl Meter {
    /// For 48 kHz stereo.
    pub fn new() -> Result<Self, ebur128::Error> {
        Ok(Self { ebu: EbuR128::new(2, RATE_HZ, Mode::I)? })
    }

    /// Listens to a block.
    pub fn add(&mut self, block: &[Stereo]) -> Result<(), ebur128::Error> {
        self.ebu.add_frames_f32(block.as_flattened())
    }

    /// What was heard, in LUFS; `None` when there was only silence.
    pub fn loudness_lufs(&self) -> Option<f64> {
        self.ebu.loudness_global().ok().filter(|loudness| loudness.is_finite())
    }

    /// By how much the lesson is multiplied.
    pub fn gain(&self) -> f32 {
        let gain_db = self.loudness_lufs().map_or(0.0, |loudness| (TARGET_LUFS - loudness).min(MAX_GAIN_DB));
        10f64.powf(gain_db / 20.0) as f32
    }
}

/// The second pass: gain, then a limiter that looks ahead.
#[derive(Debug)]
pub struct Limiter {
    gain: f32,
    /// The samples of the look-ahead.
    waiting: VecDeque<Stereo>,
    /// Those of them above the ceiling: number and peak.
    peaks: VecDeque<(u64, f32)>,
    /// Number of the first waiting sample.
    first: u64,
    /// What the loudest samples ahead allow, 1 when nothing is above the ceiling.
    envelope: f32,
}

impl Limiter {
    /// Multiplies by `gain`.
    pub fn new(gain: f32) -> Self {
        Self { gain, waiting: VecDeque::new(), peaks: VecDeque::new(), first: 0, envelope: 1.0 }
    }

    /// Takes samples; returns those that need not wait any longer.
    pub fn push(&mut self, block: &[Stereo]) -> Vec<Stereo> {
        let mut out = Vec::with_capacity(block.len());
        for sample in block {
            let sample = [sample[0] * self.gain, sample[1] * self.gain];
            let peak = sample[0].abs().max(sample[1].abs());
            if peak > CEILING {
                self.peaks.push_back((self.first + self.waiting.len() as u64, peak));
            }
            self.waiting.push_back(sample);
            if self.waiting.len() > AHEAD_SAMPLES {
                out.extend(self.pop());
            }
        }
        out
    }

    /// The last samples.
    pub fn finish(&mut self) -> Vec<Stereo> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    fn pop(&mut self) -> Option<Stereo> {
        let sample = self.waiting.pop_front()?;
        // Falls so that it is low enough by the time each coming peak is here; rises slowly.
        let mut allowed = self.envelope + (1.0 - self.envelope) / (AHEAD_SAMPLES * 20) as f32;
        for (number, peak) in &self.peaks {
            let needed = CEILING / peak;
            if needed < allowed {
                let steps = (number - self.first + 1) as f32;
                allowed = allowed.min(self.envelope - ((self.envelope - needed) / steps).max(0.0));
            }
        }
        self.peaks.pop_front_if(|(number, _)| *number == self.first);
        self.first += 1;
        self.envelope = allowed;
        Some([sample[0] * allowed, sample[1] * allowed])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn tone(level: f32, seconds: usize) -> Vec<Stereo> {
        let step = 1000.0 * std::f32::consts::TAU / RATE_HZ as f32;
        (0..seconds * RATE_HZ as usize).map(|n| [(n as f32 * step).sin() * level; 2]).collect()
    }

    fn normalised(sound: &[Stereo]) -> (Vec<Stereo>, f64) {
        let mut meter = Meter::new().unwrap();
        meter.add(sound).unwrap();
        let mut limiter = Limiter::new(meter.gain());
        let mut out = limiter.push(sound);
        out.extend(limiter.finish());
        let mut after = Meter::new().unwrap();
        after.add(&out).unwrap();
        (out, after.loudness_lufs().unwrap_or(f64::NEG_INFINITY))
    }

    #[test]
    fn quiet_and_loud_lessons_come_out_equally_loud() {
        for level in [0.02, 0.1, 0.9] {
            let (out, loudness) = normalised(&tone(level, 3));
            assert!((loudness - TARGET_LUFS).abs() < 0.5, "{loudness}");
            assert_eq!(out.len(), 3 * RATE_HZ as usize);
        }
    }

    #[test]
    fn silence_stays_silent() {
        let (out, _) = normalised(&vec![[0.0; 2]; RATE_HZ as usize]);
        assert!(out.iter().flatten().all(|sample| *sample == 0.0));
    }

    #[test]
    fn a_hand_clap_in_a_quiet_lesson_does_not_clip() {
        let mut sound = tone(0.03, 3);
        for n in 0..200 {
            sound[70_000 + n * 7] = [if n % 2 == 0 { 1.0 } else { -1.0 }; 2];
        }
        let (out, _) = normalised(&sound);
        let peak = out.iter().flatten().fold(0f32, |peak, sample| peak.max(sample.abs()));
        assert!(peak <= CEILING + 1e-3, "{peak}");
    }
}
