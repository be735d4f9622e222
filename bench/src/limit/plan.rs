//! The packets of the loop: bursts of a recording, and which of their packets leave as one run.

use crate::media::Clip;
use crate::payload::{self, Place, Source, Tag, VOICE, Vp8Counters};
use crate::sdp::{OPUS_PAYLOAD_TYPE, video_payload_types};
use std::collections::BTreeMap;
use std::ops::Range;

/// Padding that a packet of a frame may get so that it fits a run. More costs the link more than a run costs the server.
const MAX_PADDING: usize = 16;
/// The same for packets of small pictures, which differ more.
const MAX_WALL_PADDING: usize = 64;
/// Small pictures of so long leave together.
const WALL_ROUND_US: u64 = 15_000;
/// A run stays below the longest UDP datagram.
const MAX_RUN_BYTES: usize = 60_000;
/// `UDP_MAX_SEGMENTS` of kernels before 6.9.
const MAX_SEGMENTS: usize = 64;
/// What is added to a payload.
const OVERHEAD_BYTES: usize = 40;

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// RTP payload.
    pub payload: Vec<u8>,
    /// M.
    pub marker: bool,
}

/// Packets of a burst that leave as one: all padded to the same size but the last, which may be shorter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which.
    pub packets: Range<usize>,
    /// Payload and padding of each but the last.
    pub payload_bytes: usize,
}

/// How packets are handed to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Runs, several a system call.
    Runs,
    /// A system call for each packet.
    OneDatagram,
}

/// What is sent at once to everybody: a frame, a packet of sound, or what a wall has to show.
#[derive(Debug, Clone)]
pub struct Burst {
    /// In order.
    pub packets: Vec<Packet>,
    /// How they leave.
    pub runs: Vec<Run>,
    /// Of all its packets.
    pub payload_type: u8,
    /// Of all its packets.
    pub timestamp: u32,
}

/// The largest layer of a recording and its sound, once around, in order of time.
pub fn screen(clip: &Clip) -> Vec<Burst> {
    let rank = clip.layers.len() - 1;
    let mut bursts = Vec::new();
    let mut number = 0;
    for frame in &clip.layers[rank].frames {
        let count = frame.packets.len();
        let packet = |(index, packet): (usize, &crate::media::ClipPacket)| {
            let tag = Tag { source: Source { publisher: 0, layer: rank as u8 }, number, sent_unix_ns: 0 };
            number += 1;
            let place = Place { index, count, is_keyframe: frame.is_keyframe };
            let mut payload = Vec::new();
            payload::video(
                &mut payload,
                clip.codec,
                place,
                Vp8Counters::default(),
                packet.payload_bytes,
                &tag,
            );
            Packet { payload, marker: index + 1 == count }
        };
        let packets: Vec<Packet> = frame.packets.iter().enumerate().map(packet).collect();
        let runs = runs(&packets.iter().map(|packet| packet.payload.len()).collect::<Vec<_>>(), MAX_PADDING);
        let payload_type = video_payload_types(clip.codec).0;
        bursts.push((frame.at_us, Burst { packets, runs, payload_type, timestamp: frame.ticks }));
    }
    for (n, bytes) in clip.voice.iter().cycle().enumerate().take((clip.loop_us / 20_000) as usize) {
        let source = Source { publisher: 0, layer: VOICE };
        let mut payload = Vec::new();
        payload::voice(&mut payload, *bytes, &Tag { source, number: n as u64, sent_unix_ns: 0 });
        let run = Run { packets: 0..1, payload_bytes: payload.len() };
        let packets = vec![Packet { payload, marker: false }];
        let timestamp = n as u32 * 960;
        bursts.push((
            n as u64 * 20_000,
            Burst { packets, runs: vec![run], payload_type: OPUS_PAYLOAD_TYPE, timestamp },
        ));
    }
    bursts.sort_by_key(|(at_us, _)| *at_us);
    bursts.into_iter().map(|(_, burst)| burst).collect()
}

/// The smallest layer of a recording, once around, from so many cameras that began one after the other: what they sent
/// in 15 ms, by size. With [`Calls::OneDatagram`] as many runs of one packet.
pub fn wall(clip: &Clip, cameras: u16, calls: Calls) -> Vec<Burst> {
    let payload_type = video_payload_types(clip.codec).0;
    let mut rounds: BTreeMap<u64, Vec<Packet>> = BTreeMap::new();
    for camera in 0..cameras {
        let mut number = 0;
        let shift = clip.loop_us * u64::from(camera) / u64::from(cameras);
        for frame in &clip.layers[0].frames {
            let round = (frame.at_us + shift) % clip.loop_us / WALL_ROUND_US;
            let count = frame.packets.len();
            for (index, packet) in frame.packets.iter().enumerate() {
                let source = Source { publisher: camera, layer: 0 };
                let tag = Tag { source, number, sent_unix_ns: 0 };
                number += 1;
                let place = Place { index, count, is_keyframe: frame.is_keyframe };
                let mut payload = Vec::new();
                let vp8 = Vp8Counters::default();
                payload::video(&mut payload, clip.codec, place, vp8, packet.payload_bytes, &tag);
                rounds.entry(round).or_default().push(Packet { payload, marker: index + 1 == count });
            }
        }
    }
    let burst = |(round, mut packets): (u64, Vec<Packet>)| {
        packets.sort_by_key(|packet| packet.payload.len());
        let sizes: Vec<usize> = packets.iter().map(|packet| packet.payload.len()).collect();
        let runs = match calls {
            Calls::Runs => runs(&sizes, MAX_WALL_PADDING),
            Calls::OneDatagram => {
                let alone = |(n, &payload_bytes): (usize, &usize)| Run { packets: n..n + 1, payload_bytes };
                sizes.iter().enumerate().map(alone).collect()
            }
        };
        Burst { packets, runs, payload_type, timestamp: (round * WALL_ROUND_US * 9 / 100) as u32 }
    };
    rounds.into_iter().map(burst).collect()
}

/// Cuts packets of these sizes into runs.
fn runs(sizes: &[usize], max_padding: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut is_open = false;
    // The smallest of the run: as the run's size grows, its padding must stay within bounds.
    let mut smallest = 0;
    for (index, &size) in sizes.iter().enumerate() {
        if let Some(run) = runs.last_mut().filter(|_| is_open) {
            let grown = run.payload_bytes.max(size);
            let fits = grown - smallest <= max_padding
                && run.packets.len() < MAX_SEGMENTS
                && (run.packets.len() + 1) * (grown + OVERHEAD_BYTES) <= MAX_RUN_BYTES;
            if fits && size + max_padding >= run.payload_bytes {
                run.packets.end = index + 1;
                run.payload_bytes = grown;
                smallest = smallest.min(size);
                continue;
            }
            if size < run.payload_bytes && run.packets.len() < MAX_SEGMENTS {
                // Too short to pad, but the last of a run may be short.
                run.packets.end = index + 1;
                is_open = false;
                continue;
            }
        }
        runs.push(Run { packets: index..index + 1, payload_bytes: size });
        (is_open, smallest) = (true, size);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ClipName;

    #[test]
    fn a_frame_is_one_run_and_a_keyframe_two() {
        assert_eq!(runs(&[1_122, 1_122, 1_123, 1_123], 16), [Run { packets: 0..4, payload_bytes: 1_123 }]);
        let keyframe = runs(&[24, 1_122, 1_122, 1_123], 16);
        assert_eq!(
            keyframe,
            [Run { packets: 0..1, payload_bytes: 24 }, Run { packets: 1..4, payload_bytes: 1_123 }]
        );
        assert_eq!(runs(&[900, 300, 900], 16).len(), 2, "a short packet ends its run");
    }

    #[test]
    fn a_wall_is_the_same_packets_in_fewer_runs() {
        let clip = Clip::load(ClipName::H264Simulcast, true).unwrap();
        let count = |calls| {
            let bursts = wall(&clip, 30, calls);
            let packets: usize = bursts.iter().map(|burst| burst.packets.len()).sum();
            (packets, bursts.iter().map(|burst| burst.runs.len()).sum::<usize>())
        };
        let (packets, runs) = count(Calls::Runs);
        let published = clip.layers[0].frames.iter().map(|frame| frame.packets.len()).sum::<usize>();
        assert_eq!(packets, published * 30);
        assert_eq!(count(Calls::OneDatagram), (packets, packets));
        assert!(runs * 2 < packets, "{packets} packets in {runs} runs");
    }

    #[test]
    fn every_run_can_be_cut_by_the_kernel() {
        let clip = Clip::load(ClipName::H264Simulcast, false).unwrap();
        let walls = wall(&clip, 30, Calls::Runs).into_iter().map(|burst| (burst, MAX_WALL_PADDING));
        for (burst, max_padding) in screen(&clip).into_iter().map(|burst| (burst, MAX_PADDING)).chain(walls) {
            let mut next = 0;
            for run in &burst.runs {
                assert_eq!(run.packets.start, next);
                next = run.packets.end;
                assert!(run.packets.len() <= MAX_SEGMENTS);
                assert!(run.packets.len() * (run.payload_bytes + OVERHEAD_BYTES) <= MAX_RUN_BYTES);
                let (last, others) = burst.packets[run.packets.clone()].split_last().unwrap();
                assert!(last.payload.len() <= run.payload_bytes);
                for packet in others {
                    assert!((0..=max_padding).contains(&(run.payload_bytes - packet.payload.len())));
                }
            }
            assert_eq!(next, burst.packets.len());
        }
    }
}
