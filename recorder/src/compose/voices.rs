//! All microphones of a lesson as one sound.
//!
//! In: the microphone tracks, the cutting plan. Out: the mix, block by block, 48 kHz stereo, each
//! voice at its place in the composed video. Muted and cut moments are silent, lost packets too.

use super::clock::Clock;
use super::plan::{Plan, WallUs};
use super::reader::TrackReader;
use ffmpeg_next::Packet;
use ffmpeg_next::codec::{self, decoder};
use ffmpeg_next::format::sample::{Sample, Type};
use ffmpeg_next::frame::Audio;
use std::collections::VecDeque;
use std::path::PathBuf;
use tongtang_protocol::ids::ParticipantId;

/// Samples a second, of Opus and of everything that leaves.
pub const RATE_HZ: u32 = 48_000;
/// Samples of one block of the mix, for each of its two channels: 100 ms.
pub const BLOCK_SAMPLES: usize = 4_800;

/// A packet this near to the end of the one before is joined to it: arrival times are not exact to the
/// sample, and joining is what the sender meant. Beyond it, the voice is moved to its place.
const JOIN_SAMPLES: i64 = 30 * RATE_HZ as i64 / 1000;

/// A voice that begins anew rises over this many samples, so that it does not click.
const FADE_SAMPLES: usize = 120;

/// One sample of both channels.
pub type Stereo = [f32; 2];

/// A microphone track as it stands on disk.
#[derive(Debug, Clone)]
pub struct VoiceTrack {
    /// Whose.
    pub participant: ParticipantId,
    /// Its fragment files.
    pub fragments: Vec<(u32, PathBuf)>,
    /// RTP timestamps to moments of the lesson.
    pub clock: Clock,
}

/// The mix, as an iterator over its blocks.
pub struct Mix<'a> {
    plan: &'a Plan,
    voices: Vec<Voice>,
    at: i64,
    total: i64,
    packets: u64,
}

impl<'a> Mix<'a> {
    /// From the beginning. May be made again for a second pass; both give the same samples.
    pub fn new(plan: &'a Plan, tracks: &[VoiceTrack], total_samples: u64) -> Self {
        let voices = tracks.iter().filter_map(Voice::open).collect();
        Self { plan, voices, at: 0, total: total_samples as i64, packets: 0 }
    }

    /// Opus packets that were heard so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Fragments that could not be read so far.
    pub fn unreadable(&self) -> u64 {
        self.voices.iter().map(|voice| voice.reader.unreadable()).sum()
    }

    /// Samples mixed so far.
    pub fn position(&self) -> u64 {
        self.at as u64
    }
}

impl Iterator for Mix<'_> {
    type Item = Vec<Stereo>;

    fn next(&mut self) -> Option<Vec<Stereo>> {
        if self.at >= self.total {
            return None;
        }
        let len = (self.total - self.at).min(BLOCK_SAMPLES as i64);
        let mut block = vec![[0.0; 2]; len as usize];
        for voice in &mut self.voices {
            self.packets += voice.add_to(&mut block, self.at, self.plan);
        }
        self.at += len;
        Some(block)
    }
}

struct Voice {
    participant: ParticipantId,
    reader: TrackReader,
    clock: Clock,
    decoder: decoder::Audio,
    /// Decoded and placed, not mixed yet: position of the first sample, samples.
    placed: VecDeque<(i64, Vec<Stereo>)>,
    /// Position behind the last placed sample.
    end: i64,
    ended: bool,
}

impl Voice {
    fn open(track: &VoiceTrack) -> Option<Self> {
        Some(Self {
            participant: track.participant.clone(),
            reader: TrackReader::new(track.fragments.clone()),
            clock: track.clock.clone(),
            decoder: open_opus()?,
            placed: VecDeque::new(),
            end: i64::MIN / 2,
            ended: false,
        })
    }

    /// Adds this voice's samples of the block that begins at `from`. Returns the packets it decoded.
    fn add_to(&mut self, block: &mut [Stereo], from: i64, plan: &Plan) -> u64 {
        let to = from + block.len() as i64;
        let mut packets = 0;
        while !self.ended && self.end < to {
            packets += u64::from(self.place_next(plan));
        }
        while let Some((start, samples)) = self.placed.front() {
            if *start >= to {
                break;
            }
            let skip = (from - start).max(0) as usize;
            let offset = (start - from).max(0) as usize;
            for (sum, sample) in block[offset..].iter_mut().zip(samples.iter().skip(skip)) {
                sum[0] += sample[0];
                sum[1] += sample[1];
            }
            if start + samples.len() as i64 > to {
                break;
            }
            self.placed.pop_front();
        }
        packets
    }

    /// Decodes one packet and places it. True if it is heard.
    fn place_next(&mut self, plan: &Plan) -> bool {
        let Some(packet) = self.reader.next() else {
            self.ended = true;
            return false;
        };
        if packet.payload.is_empty() {
            return false;
        }
        // Decoded even when it is not heard: Opus decodes each packet from the state of the one before.
        let Some(mut samples) = self.decode(&packet.payload) else { return false };
        let wall = self.clock.wall(packet.timestamp, packet.arrival_us);
        let Some((position, limit)) = place(plan, wall) else { return false };
        if plan.is_muted(&self.participant, wall) {
            return false;
        }
        let joined = (position - self.end).abs() <= JOIN_SAMPLES;
        let mut start = if joined { self.end } else { position };
        if !joined {
            let late = (self.end - start).max(0) as usize;
            samples.drain(..late.min(samples.len()));
            start = start.max(self.end);
            for (n, sample) in samples.iter_mut().take(FADE_SAMPLES).enumerate() {
                let gain = n as f32 / FADE_SAMPLES as f32;
                *sample = [sample[0] * gain, sample[1] * gain];
            }
        }
        samples.truncate((limit - start).max(0) as usize);
        self.end = start + samples.len() as i64;
        if !samples.is_empty() {
            self.placed.push_back((start, samples));
        }
        true
    }

    fn decode(&mut self, payload: &[u8]) -> Option<Vec<Stereo>> {
        self.decoder.send_packet(&Packet::copy(payload)).ok()?;
        let mut samples = Vec::new();
        let mut frame = Audio::empty();
        while self.decoder.receive_frame(&mut frame).is_ok() {
            if frame.format() != Sample::F32(Type::Planar) || frame.channels() == 0 {
                return None;
            }
            let left = frame.plane::<f32>(0);
            let right = if frame.channels() > 1 { frame.plane::<f32>(1) } else { left };
            samples.extend(left.iter().zip(right).map(|(left, right)| [*left, *right]));
        }
        Some(samples)
    }
}

/// Where a moment stands in the composed sound, and where its live interval ends.
fn place(plan: &Plan, wall: WallUs) -> Option<(i64, i64)> {
    let live = plan.live_at(wall)?;
    let samples = |us: i64| us * i64::from(RATE_HZ) / 1_000_000;
    Some((samples(plan.out(wall)?.0), samples(live.out.0 + live.to.0 - live.from.0)))
}

fn open_opus() -> Option<decoder::Audio> {
    let codec = decoder::find(codec::Id::OPUS)?;
    // Without a header FFmpeg decodes to two channels, as RFC 7587 §4.1 has it, whatever is inside.
    codec::Context::new_with_codec(codec).decoder().open_as(codec).ok()?.audio().ok()
}
