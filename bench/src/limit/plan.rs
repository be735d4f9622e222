//! The packets of the loop: bursts of a recording, and which of their packets leave as one run.

use crate::media::{Clip, Layer};
use crate::sdp::{OPUS_PAYLOAD_TYPE, video_payload_types};
use std::collections::BTreeMap;
use std::ops::Range;

/// Padding that a packet of a frame may get so that it fits a run. More costs the link more than a run costs the server.
const MAX_PADDING: usize = 16;
/// The same for packets of small pictures, which differ more.
const MAX_WALL_PADDING: usize = 64;
/// Small pictures of so long leave together.
const WALL_ROUND_US: u64 = 15_000;
/// Between packets of sound.
const VOICE_INTERVAL_US: u64 = 20_000;
/// A run stays below the longest UDP datagram.
const MAX_RUN_BYTES: usize = 60_000;
/// `UDP_MAX_SEGMENTS` of kernels before 6.9.
const MAX_SEGMENTS: usize = 64;
/// What is added to a payload.
const OVERHEAD_BYTES: usize = 40;

/// A teacher and the classrooms of a lesson.
pub const LESSON_PEOPLE: usize = 5;
/// The first of the recipients of a lesson is the teacher, the second is on stage.
const TEACHER: usize = 0;
const STAGE: usize = 1;

/// A packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// RTP payload.
    pub payload: &'static [u8],
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

/// What is sent at once: a frame, a packet of sound, or what a wall has to show.
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
    /// Who gets it, of the people of a room.
    pub to: Range<usize>,
}

/// Bursts with the moments at which they leave, in microseconds.
type Timed = Vec<(u64, Burst)>;

/// The largest layer of a recording and its sound for so many, once around, in order of time.
pub fn screen(clip: &Clip, subscribers: usize) -> Vec<Burst> {
    let mut bursts = pictures(clip, 0, &(0..subscribers));
    bursts.extend(voice(clip, &(0..subscribers)));
    in_order(bursts)
}

/// The smallest layer of a recording, once around, from so many cameras that began one after the other, for so many walls:
/// what they sent in 15 ms, by size. With [`Calls::OneDatagram`] as many runs of one packet.
pub fn wall(clip: &Clip, cameras: u16, calls: Calls, subscribers: usize) -> Vec<Burst> {
    in_order(rounds(clip, cameras, calls, &(0..subscribers)))
}

/// What the five people of a lesson get: everybody the teacher's picture and that of who is on stage, but nobody their own; the
/// teacher the small pictures of all classrooms; everybody one voice.
pub fn lesson(large: &Clip, small: &Clip) -> Vec<Burst> {
    let everybody = 0..LESSON_PEOPLE;
    let mut bursts = pictures(large, 0, &(STAGE..LESSON_PEOPLE));
    for to in [TEACHER..STAGE, STAGE + 1..LESSON_PEOPLE] {
        bursts.extend(pictures(large, large.loop_us / 2, &to));
    }
    bursts.extend(rounds(small, LESSON_PEOPLE as u16 - 1, Calls::Runs, &(TEACHER..STAGE)));
    bursts.extend(voice(large, &everybody));
    in_order(bursts)
}

fn in_order(mut bursts: Timed) -> Vec<Burst> {
    bursts.sort_by_key(|(at_us, _)| *at_us);
    bursts.into_iter().map(|(_, burst)| burst).collect()
}

/// The largest layer frame by frame, from a camera that began `shift_us` earlier.
fn pictures(clip: &Clip, shift_us: u64, to: &Range<usize>) -> Timed {
    let frames = clip.layers.last().into_iter().flat_map(|layer| &layer.frames);
    let burst = |frame: &crate::media::Frame| {
        let packets = packets(frame);
        let runs = runs(&sizes(&packets), MAX_PADDING);
        let payload_type = video_payload_types(clip.codec).0;
        let burst = Burst { packets, runs, payload_type, timestamp: frame.ticks, to: to.clone() };
        ((frame.at_us + shift_us) % clip.loop_us, burst)
    };
    frames.map(burst).collect()
}

fn packets(frame: &crate::media::Frame) -> Vec<Packet> {
    let last = frame.packets.len() - 1;
    let numbered = frame.packets.iter().enumerate();
    numbered.map(|(n, packet)| Packet { payload: packet.payload, marker: n == last }).collect()
}

fn sizes(packets: &[Packet]) -> Vec<usize> {
    packets.iter().map(|packet| packet.payload.len()).collect()
}

fn voice(clip: &Clip, to: &Range<usize>) -> Timed {
    let burst = |(n, packet): (usize, &crate::media::ClipPacket)| {
        let packets = vec![Packet { payload: packet.payload, marker: false }];
        let runs = vec![Run { packets: 0..1, payload_bytes: packet.payload.len() }];
        let timestamp = n as u32 * 960;
        let burst = Burst { packets, runs, payload_type: OPUS_PAYLOAD_TYPE, timestamp, to: to.clone() };
        (n as u64 * VOICE_INTERVAL_US, burst)
    };
    let count = (clip.loop_us / VOICE_INTERVAL_US) as usize;
    clip.voice.iter().cycle().take(count).enumerate().map(burst).collect()
}

fn rounds(clip: &Clip, cameras: u16, calls: Calls, to: &Range<usize>) -> Timed {
    let payload_type = video_payload_types(clip.codec).0;
    let smallest: &Layer = &clip.layers[0];
    let mut rounds: BTreeMap<u64, Vec<Packet>> = BTreeMap::new();
    for camera in 0..cameras {
        let shift_us = clip.loop_us * u64::from(camera) / u64::from(cameras);
        for frame in &smallest.frames {
            let round = (frame.at_us + shift_us) % clip.loop_us / WALL_ROUND_US;
            rounds.entry(round).or_default().extend(packets(frame));
        }
    }
    let burst = |(round, mut packets): (u64, Vec<Packet>)| {
        packets.sort_by_key(|packet| packet.payload.len());
        let sizes = sizes(&packets);
        let runs = match calls {
            Calls::Runs => runs(&sizes, MAX_WALL_PADDING),
            Calls::OneDatagram => {
                let alone = |(n, &payload_bytes): (usize, &usize)| Run { packets: n..n + 1, payload_bytes };
                sizes.iter().enumerate().map(alone).collect()
            }
        };
        let at_us = round * WALL_ROUND_US;
        (at_us, Burst { packets, runs, payload_type, timestamp: (at_us * 9 / 100) as u32, to: to.clone() })
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
    use crate::media::{ClipName, Layers};

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
        let clip = Clip::load(ClipName::H264Simulcast, Layers::Smallest).unwrap();
        let count = |calls| {
            let bursts = wall(&clip, 30, calls, 1);
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
        let clip = Clip::load(ClipName::H264Simulcast, Layers::All).unwrap();
        let walls = wall(&clip, 30, Calls::Runs, 1).into_iter().map(|burst| (burst, MAX_WALL_PADDING));
        for (burst, max_padding) in
            screen(&clip, 1).into_iter().map(|burst| (burst, MAX_PADDING)).chain(walls)
        {
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

    #[test]
    fn in_a_lesson_nobody_gets_their_own_picture_and_the_teacher_alone_has_a_wall() {
        let load = |which| Clip::load(ClipName::H264Simulcast, which).unwrap();
        let (large, small) = (load(Layers::All), load(Layers::Smallest));
        let packets = |layer: &Layer| layer.frames.iter().map(|frame| frame.packets.len()).sum::<usize>();
        let (camera, little) = (packets(&large.layers[2]), packets(&small.layers[0]));
        let voices = (large.loop_us / VOICE_INTERVAL_US) as usize;
        let bursts = lesson(&large, &small);
        for person in 0..LESSON_PEOPLE {
            let got = bursts.iter().filter(|burst| burst.to.contains(&person));
            let got: usize = got.map(|burst| burst.packets.len()).sum();
            let expected = match person {
                TEACHER => camera + 4 * little,
                STAGE => camera,
                _ => 2 * camera,
            };
            assert_eq!(got, expected + voices, "person {person}");
        }
    }
}
