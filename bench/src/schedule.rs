//! When each packet of a recording leaves its publisher: the recording's own moments, over and over, then an access link.
//!
//! Enters: a recording, requests for keyframes, the time since the begin. Leaves: packets to be made, each in its moment.

use crate::media::{Clip, ClipPacket};
use crate::payload::Vp8Counters;
use std::collections::VecDeque;
use std::sync::Arc;

/// Between packets of sound.
const VOICE_INTERVAL_US: u64 = 20_000;
/// What an access link carries besides a payload: RTP, SRTP, UDP and IP headers.
const OVERHEAD_BYTES: usize = 70;
/// Least RTP time between two frames when the recording begins again in its middle, in ticks of 90 kHz: half of 40 ms.
const MIN_FRAME_TICKS: u32 = 1_800;

/// A packet whose moment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its stream: the layers in the recording's order, then the sound.
    pub stream: usize,
    /// When it left.
    pub departure_us: u64,
    /// What is sent.
    pub packet: ClipPacket,
    /// How often its stream has begun again.
    pub round: u64,
    /// Does it end its frame?
    pub is_last: bool,
    /// Is its frame a keyframe?
    pub is_keyframe: bool,
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
    /// The next frame (or packet of sound) of the recording.
    frame: usize,
    round: u64,
    /// When the recording began this time, and RTP time then.
    begin_us: u64,
    begin_ticks: u32,
    last_ticks: u32,
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
    /// A recording, which begins with keyframes.
    pub fn new(clip: Arc<Clip>, uplink_mbit: Option<f64>) -> Self {
        let lines = (0..=clip.layers.len()).map(|_| Line::default()).collect();
        Self { lines, clip, uplink_mbit, link_free_us: 0 }
    }

    /// As in browsers, one request keys every layer of the encoder: the recording begins again with the next frame, so that
    /// what follows the keyframes fits them.
    pub fn request_keyframe(&mut self) {
        let largest = self.clip.layers.len() - 1;
        if self.lines[largest].frame == 0 {
            // A keyframe comes anyway.
            return;
        }
        let now_us = self.frame_us(largest);
        for line in &mut self.lines[..=largest] {
            let ticks = ((now_us - line.begin_us.min(now_us)) * 9 / 100) as u32;
            line.begin_ticks =
                line.begin_ticks.wrapping_add(ticks).max(line.last_ticks.wrapping_add(MIN_FRAME_TICKS));
            (line.begin_us, line.frame, line.round) = (now_us, 0, line.round + 1);
        }
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
        let line = &self.lines[stream];
        if self.is_voice(stream) {
            return line.begin_us + line.frame as u64 * VOICE_INTERVAL_US;
        }
        line.begin_us + self.clip.layers[stream].frames[line.frame].at_us
    }

    /// The packet that came to the access link first.
    fn first(&self) -> Option<Due> {
        let waiting = self.lines.iter().filter_map(|line| line.pending.front());
        let first = waiting.min_by_key(|packet| packet.departure_us)?;
        Some(Due { departure_us: self.departure_us(first), ..*first })
    }

    /// It has left when its last bit has gone over the link, behind those before it.
    fn departure_us(&self, due: &Due) -> u64 {
        let Some(mbit) = self.uplink_mbit else { return due.departure_us };
        let bits = (due.packet.payload.len() + OVERHEAD_BYTES) as f64 * 8.0;
        due.departure_us.max(self.link_free_us) + (bits / mbit) as u64
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
                packet: clip.voice[number],
                round: line.round,
                is_last: false,
                is_keyframe: false,
                ticks: line.begin_ticks.wrapping_add(number as u32 * 960),
                vp8: Vp8Counters::default(),
            });
            if line.frame == clip.voice.len() {
                line.begin_us += clip.voice.len() as u64 * VOICE_INTERVAL_US;
                line.begin_ticks = line.begin_ticks.wrapping_add(clip.voice.len() as u32 * 960);
                (line.frame, line.round) = (0, line.round + 1);
            }
            return;
        }
        let frames = &clip.layers[stream].frames;
        let frame = &frames[number];
        let round = line.round;
        line.last_ticks = line.begin_ticks.wrapping_add(frame.ticks);
        line.vp8.picture_id = (line.vp8.picture_id + 1) & 0x7FFF;
        line.vp8.tl0 = line.vp8.tl0.wrapping_add(1);
        if frame.is_keyframe {
            line.keyframes += 1;
            line.vp8.key = (line.vp8.key + 1) & 31;
        }
        for (index, packet) in frame.packets.iter().enumerate() {
            // Behind a keyframe that took longer than a frame's time.
            line.last_us = line.last_us.max(at_us + packet.after_us);
            line.pending.push_back(Due {
                stream,
                departure_us: line.last_us,
                packet: *packet,
                round,
                is_last: index + 1 == frame.packets.len(),
                is_keyframe: frame.is_keyframe,
                ticks: line.last_ticks,
                vp8: line.vp8,
            });
        }
        if line.frame == frames.len() {
            line.begin_us += clip.loop_us;
            line.begin_ticks = line.begin_ticks.wrapping_add((clip.loop_us * 9 / 100) as u32);
            (line.frame, line.round) = (0, line.round + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{ClipName, Layers};

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
        Clip::load(ClipName::Vp8Simulcast, Layers::All).unwrap()
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
            let bits = (pair[1].packet.payload.len() + OVERHEAD_BYTES) as u64 * 8;
            assert!(pair[1].departure_us - pair[0].departure_us >= bits / 5);
        }
        assert!(recorded.len() - shaped.len() < 40, "{} of {}", shaped.len(), recorded.len());
    }

    #[test]
    fn a_request_begins_again_with_the_keyframes_of_every_layer_while_rtp_time_goes_on() {
        let clip = clip();
        let mut schedule = Schedule::new(clip.clone(), None);
        let before = run(&mut schedule, 0, 1_010_000);
        let keyframes = schedule.keyframes();
        schedule.request_keyframe();
        schedule.request_keyframe();
        let after = run(&mut schedule, 1_010_000, 1_500_000);
        for (stream, layer) in clip.layers.iter().enumerate() {
            let of = |packets: &[Due]| -> Vec<Due> {
                packets.iter().filter(|due| due.stream == stream).copied().collect()
            };
            let (before, after) = (of(&before), of(&after));
            assert!(before[0].is_keyframe, "layer {stream}: the first frame");
            let again = after.iter().position(|due| due.is_keyframe).unwrap();
            assert!(again <= 12, "layer {stream}: behind the rest of one frame at most");
            let first = layer.frames[0].packets[0];
            assert_eq!((after[again].packet.id, after[again].round), (first.id, 1));
            let ticks: Vec<u32> = before.iter().chain(&after).map(|due| due.ticks).collect();
            assert!(ticks.is_sorted(), "layer {stream}: {ticks:?}");
            assert_ne!(before[before.len() - 1].ticks, after[again].ticks);
            let pictures = |due: &Due| due.vp8.picture_id;
            assert!(before.iter().chain(&after).is_sorted_by_key(pictures), "layer {stream}");
        }
        assert_eq!(schedule.keyframes(), keyframes + 1, "two requests at once, one keyframe");
    }
}
