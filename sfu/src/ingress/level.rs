//! How loud a microphone is, smoothed, from the level its packets carry (RFC 6464).

/// Smoothing over 20 ms packets: 0.3 s.
const SMOOTHING: f32 = 1.0 / 15.0;
/// A microphone without the extension counts as somebody who speaks quietly, always.
const UNKNOWN_DB: f32 = 60.0;

/// Smoothed level in decibels above silence (127 dB under full scale).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness(f32);

impl Default for Loudness {
    fn default() -> Self {
        Self(0.0)
    }
}

impl Loudness {
    /// A packet arrived; `level` as in the extension: −dBov in seven bits.
    pub fn packet(&mut self, level: Option<u8>) {
        let loudness = level.map_or(UNKNOWN_DB, |level| 127.0 - f32::from(level & 0x7F));
        self.0 += (loudness - self.0) * SMOOTHING;
    }

    /// No packet for a while: silent.
    pub fn silent(&mut self) {
        self.0 = 0.0;
    }

    /// Decibels above silence.
    pub fn db(self) -> f32 {
        self.0
    }
}
