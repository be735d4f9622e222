//! When each packet of a recording leaves its publisher: the recording's own moments, over and over, then an access link.
//!
//! Enters: a recording, requests for keyframes, the time since the begin. Leaves: packets to be made, each in its moment.

use crate::media::Clip;
use crate::payload::{Place, Vp8Counters};
use std::collections::VecDeque;
use std::sync::Arc;

/// Between packets of sound.
const VOICE_INTERVAL_US: u64 = 20_000;
/// What an access link carries besides a payload: RTP, SRTP, UDP and IP headers.
const OVERHEAD_BYTES: usize = 70;

/// A packet whose moment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its stream: the layers in the recording's order, then the sound.
    pub stream: usize,
    /// When it left.
    pub departure_us: u64,
    /// Bytes of RTP payload.
    pub payload_bytes: usize,
    /// Where it stands in its frame.
    pub place: Place,
    /// RTP time since the begin, in the stream's clock.
    pub ticks: u32,
    /// Of its frame.
    pub vp8: Vp8Counters,
}

/// The packets of one stream that have come to the access link.
#[derive(Default)]
struct Line {
    pending: VecDeque<Due>,
    last_us: u64,
    /// Frames (or packets of sound) so far.
    frame: usize,
    wants_keyframe: bool,
    keyframes: u64,
    vp8: Vp8Counters,
}

/// The packets of one publisher.
pub struct Schedule {
    clip: Arc<Clip>,
    lines: Vec<Line>,
    /// Bits a microsecond; `None`: packets leave as they were recorded.
    uplink_mbit: Option<f64>,
    link_free_us: u64,
}

impl Schedule {
    /// A recording that begins with keyframes.
    pub fn new(clip: Arc<Clip>, uplink_mbit: Option<f64>) -> Self {
        let line = || Line { wants_keyframe: true, ..Line::default() };
        Self { lines: (0..=clip.layers.len()).map(|_| line()).collect(), clip, uplink_mbit, link_free_us: 0 }
    }

    /// As in browsers, one request keys every layer of the encoder.
    pub fn request_keyframe(&mut self) {
        self.lines.iter_mut().for_each(|line| line.wants_keyframe = true);
    }

    /// Keyframes of the largest layer so far.
    pub fn keyframes(&self) -> u64 {
        self.lines[self.clip.layers.len() - 1].keyframes
    }

    fn is_voice(&self, stream: usize) -> bool {
        stream == self.clip.layers.len()
    }

    /// When a stream's next frame comes.
    fn frame_us(&self, stream: usize) -> u64 {
        let frame = self.lines[stream].frame;
        if self.is_voice(stream) {
            return frame as u64 * VOICE_INTERVAL_US;
        }
        let frames = &self.clip.layers[stream].frames;
        (frame / frames.len()) as u64 * self.clip.loop_us + frames[frame % frames.len()].at_us
    }

    /// The packet that came to the access link first.
    fn first(&self) -> Option<Due> {
        let waiting = self.lines.iter().filter_map(|line| line.pending.front());
        let first = waiting.min_by_key(|packet| packet.departure_us)?;
        Some(Due { departure_us: self.departure_us(first), ..*first })
    }

    /// It has left when its last bit has gone over the link, behind those before it.
    fn departure_us(&self, packet: &Due) -> u64 {
        let Some(mbit) = self.uplink_mbit else { return packet.departure_us };
        let bits = (packet.payload_bytes + OVERHEAD_BYTES) as f64 * 8.0;
        packet.departure_us.max(self.link_free_us) + (bits / mbit) as u64
    }

    /// When [`Schedule::pop`] has something, or should be asked again.
    pub fn next_us(&self) -> u64 {
        let idle = (0..self.lines.len()).filter(|&stream| self.lines[stream].pending.is_empty());
        let frames = idle.map(|stream| self.frame_us(stream));
        frames.chain(self.first().map(|packet| packet.departure_us)).min().unwrap_or_default()
    }

    /// The next packet that has left by now.
    pub fn pop(&mut self, now_us: u64) -> Option<Due> {
        for stream in 0..self.lines.len() {
            if self.lines[stream].pending.is_empty() && self.frame_us(stream) <= now_us {
                self.take_frame(stream);
            }
        }
        let first = self.first().filter(|packet| packet.departure_us <= now_us)?;
        self.lines[first.stream].pending.pop_front();
        self.link_free_us = first.departure_us;
        Some(first)
    }

    /// Puts the packets of a stream's next frame in line.
    fn take_frame(&mut self, stream: usize) {
        let at_us = self.frame_us(stream);
        let is_voice = self.is_voice(stream);
        let clip = &self.clip;
        let line = &mut self.lines[stream];
        let number = line.frame;
        line.frame += 1;
        if is_voice {
            line.pending.push_back(Due {
                stream,
                departure_us: at_us,
                payload_bytes: clip.voice[number % clip.voice.len()],
                place: Place { index: 0, count: 1, is_keyframe: false },
                ticks: number as u32 * 960,
                vp8: Vp8Counters::default(),
            });
            return;
        }
        let layer = &clip.layers[stream];
        let recorded = &layer.frames[number % layer.frames.len()];
        let is_keyframe = std::mem::take(&mut line.wants_keyframe) || recorded.is_keyframe;
        let frame = if is_keyframe && !recorded.is_keyframe {
            &layer.keyframes[line.keyframes as usize % layer.keyframes.len()]
        } else {
            recorded
        };
        let rounds = (number / layer.frames.len()) as u64;
        let ticks = ((rounds * clip.loop_us * 9 / 100) as u32).wrapping_add(recorded.ticks);
        line.vp8.picture_id = (line.vp8.picture_id + 1) & 0x7FFF;
        line.vp8.tl0 = line.vp8.tl0.wrapping_add(1);
        if is_keyframe {
            line.keyframes += 1;
            line.vp8.key = (line.vp8.key + 1) & 31;
        }
        let count = frame.packets.len();
        for (index, packet) in frame.packets.iter().enumerate() {
            // Behind a keyframe that took longer than a frame's time.
            line.last_us = line.last_us.max(at_us + packet.after_us);
            line.pending.push_back(Due {
                stream,
                departure_us: line.last_us,
                payload_bytes: packet.payload_bytes,
                place: Place { index, count, is_keyframe },
                ticks,
                vp8: line.vp8,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ClipName;

    /// Everything that leaves within `until_us`, asked for only when the schedule says so.
    fn run(schedule: &mut Schedule, from_us: u64, until_us: u64) -> Vec<Due> {
        let mut packets = Vec::new();
        let mut now_us = from_us;
        while now_us < until_us {
            while let Some(packet) = schedule.pop(now_us) {
                packets.push(packet);
            }
            let next_us = schedule.next_us();
            assert!(next_us > now_us, "nothing is left, so it must not be asked again at once");
            now_us = next_us;
        }
        packets
    }

    fn clip() -> Arc<Clip> {
        Clip::load(ClipName::Vp8Simulcast, false).unwrap()
    }

    #[test]
    fn a_round_of_the_recording_leaves_as_it_was_recorded() {
        let clip = clip();
        let mut schedule = Schedule::new(clip.clone(), None);
        run(&mut schedule, 0, clip.loop_us);
        let packets = run(&mut schedule, clip.loop_us, 2 * clip.loop_us);
        assert!(packets.is_sorted_by_key(|packet| packet.departure_us));
        for (stream, layer) in clip.layers.iter().enumerate() {
            let recorded: usize = layer.frames.iter().map(|frame| frame.packets.len()).sum();
            let sent = packets.iter().filter(|packet| packet.stream == stream).count();
            // The last frame of a round may reach into the next.
            assert!(sent.abs_diff(recorded) <= 40, "layer {stream}: {sent} of {recorded}");
        }
        let voice = packets.iter().filter(|packet| packet.stream == clip.layers.len()).count() as u64;
        assert!(voice.abs_diff(clip.loop_us / VOICE_INTERVAL_US) <= 1);
    }

    #[test]
    fn an_access_link_carries_no_more_than_its_rate_and_loses_nothing() {
        let clip = clip();
        let recorded = run(&mut Schedule::new(clip.clone(), None), 0, 5_000_000);
        let shaped = run(&mut Schedule::new(clip, Some(5.0)), 0, 5_000_000);
        for pair in shaped.windows(2) {
            let bits = (pair[1].payload_bytes + OVERHEAD_BYTES) as u64 * 8;
            assert!(pair[1].departure_us - pair[0].departure_us >= bits / 5);
        }
        assert!(recorded.len() - shaped.len() < 40, "{} of {}", shaped.len(), recorded.len());
    }

    #[test]
    fn a_request_keys_the_next_frame_of_every_layer() {
        let clip = clip();
        let mut schedule = Schedule::new(clip.clone(), None);
        let begins = |packets: &[Due], stream| {
            let first = packets.iter().find(|p| p.stream == stream && p.place.index == 0);
            first.map(|packet| packet.place.is_keyframe)
        };
        let packets = run(&mut schedule, 0, 2_000_000);
        for stream in 0..clip.layers.len() {
            assert_eq!(begins(&packets, stream), Some(true), "the first frame");
        }
        let before = schedule.keyframes();
        schedule.request_keyframe();
        let packets = run(&mut schedule, 2_000_000, 2_400_000);
        for stream in 0..clip.layers.len() {
            let keys =
                packets.iter().filter(|p| p.stream == stream && p.place.index == 0 && p.place.is_keyframe);
            assert!(keys.count() >= 1, "layer {stream}");
        }
        assert!(schedule.keyframes() > before);
    }
}
