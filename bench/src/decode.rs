//! Is what a subscriber got a picture? Its packets put together again and given to FFmpeg.
//!
//! Enters: payloads of one stream in order. Leaves: how many frames they are, and how many of them were decoded.

use crate::media::Codec;
use anyhow::Context;
use std::io::Write;
use std::process::Command;
use tongtang_sfu::packet::vp8::Descriptor;
use tongtang_sfu::packet::{h264, vp8};

/// Packets that are kept: a minute of the largest layer.
const MAX_KEPT: usize = 10_000;

/// A packet that was opened.
#[derive(Debug, Clone)]
struct Packet {
    sequence: u64,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
}

/// The packets of a stream, as they came.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    packets: Vec<Packet>,
}

/// What came of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoded {
    /// Frames that arrived, from the first keyframe on.
    pub frames: u64,
    /// Those that FFmpeg made a picture of.
    pub pictures: u64,
    /// Lines in which it complained.
    pub complaints: u64,
}

impl Kept {
    /// Keeps a packet; `sequence` is unwrapped.
    pub fn packet(&mut self, sequence: u64, timestamp: u32, marker: bool, payload: &[u8]) {
        if self.packets.len() < MAX_KEPT {
            self.packets.push(Packet { sequence, timestamp, marker, payload: payload.to_vec() });
        }
    }

    /// Whole frames from the first keyframe on: what is missing at the end is left out.
    fn frames(&self, codec: Codec) -> Vec<Vec<&[u8]>> {
        let mut packets: Vec<&Packet> = self.packets.iter().collect();
        packets.sort_by_key(|packet| packet.sequence);
        let begins_keyframe = |packet: &&Packet| match codec {
            Codec::H264 => h264::begins_keyframe(&packet.payload),
            Codec::Vp8 => vp8::begins_keyframe(&packet.payload),
        };
        let from = packets.iter().position(begins_keyframe).unwrap_or(packets.len());
        let to = packets.iter().rposition(|packet| packet.marker).map_or(0, |last| last + 1);
        let whole = packets.get(from..to).unwrap_or_default();
        let frames = whole.chunk_by(|one, next| one.timestamp == next.timestamp);
        frames.map(|frame| frame.iter().map(|packet| packet.payload.as_slice()).collect()).collect()
    }

    /// Decodes them; `None`: there is no `ffprobe`.
    pub fn decode(&self, codec: Codec) -> anyhow::Result<Option<Decoded>> {
        let frames = self.frames(codec);
        let stream = match codec {
            Codec::H264 => frames.iter().flat_map(|frame| annex_b(frame)).collect(),
            Codec::Vp8 => ivf(&frames),
        };
        let mut file =
            tempfile::NamedTempFile::with_suffix(if codec == Codec::H264 { ".h264" } else { ".ivf" })?;
        file.write_all(&stream)?;
        let arguments = ["-v", "error", "-count_frames", "-select_streams", "v:0"];
        let output = Command::new("ffprobe")
            .args(arguments)
            .args(["-show_entries", "stream=nb_read_frames", "-of", "default=nw=1:nk=1"])
            .arg(file.path())
            .output();
        let output = match output {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            output => output.context("ffprobe")?,
        };
        let pictures = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0);
        let complaints = String::from_utf8_lossy(&output.stderr).lines().count() as u64;
        Ok(Some(Decoded { frames: frames.len() as u64, pictures, complaints }))
    }
}

/// NAL units between start codes (RFC 6184 §5.6 to §5.8; H.264 annex B).
fn annex_b(frame: &[&[u8]]) -> Vec<u8> {
    const START: [u8; 4] = [0, 0, 0, 1];
    let mut out = Vec::new();
    for payload in frame {
        match payload {
            // STAP-A.
            [first, units @ ..] if first & 31 == 24 => {
                let mut rest = units;
                while let Some((len, after)) = rest.split_first_chunk::<2>() {
                    let len = usize::from(u16::from_be_bytes(*len)).min(after.len());
                    out.extend_from_slice(&START);
                    out.extend_from_slice(&after[..len]);
                    rest = &after[len..];
                }
            }
            // FU-A.
            [indicator, header, part @ ..] if indicator & 31 == 28 => {
                if header & 0x80 != 0 {
                    out.extend_from_slice(&START);
                    out.push(indicator & 0xE0 | header & 31);
                }
                out.extend_from_slice(part);
            }
            unit => {
                out.extend_from_slice(&START);
                out.extend_from_slice(unit);
            }
        }
    }
    out
}

/// The container of libvpx: 32 bytes of header, then each frame behind 12 of its own.
fn ivf(frames: &[Vec<&[u8]>]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(b"DKIF\0\0\x20\0VP80");
    // Width and height are read from the frames; a time base of 1/25 s.
    out.extend_from_slice(&[0, 5, 0xD0, 2]);
    out.extend_from_slice(&25u32.to_le_bytes());
    out.extend_from_slice(&1u32.to_le_bytes());
    out.extend_from_slice(&(frames.len() as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    for (number, frame) in frames.iter().enumerate() {
        let parts =
            frame.iter().filter_map(|payload| payload.get(usize::from(Descriptor::parse(payload)?.len)..));
        let frame = parts.collect::<Vec<_>>().concat();
        out.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        out.extend_from_slice(&(number as u64).to_le_bytes());
        out.extend_from_slice(&frame);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Clip, ClipName, Layers};
    use crate::schedule::Schedule;

    /// What a publisher sends of its largest layer in so long, with a keyframe asked for in the middle.
    fn sent(name: ClipName, until_us: u64) -> (Codec, Kept) {
        let clip = Clip::load(name, Layers::All).unwrap();
        let mut schedule = Schedule::new(clip.clone(), None);
        let (mut kept, mut now_us, mut sequence) = (Kept::default(), 0, 0);
        while now_us < until_us {
            while let Some(due) = schedule.pop(now_us) {
                if due.stream + 1 == clip.layers.len() {
                    kept.packet(sequence, due.ticks, due.is_last, due.packet.payload);
                    sequence += 1;
                }
            }
            if now_us < until_us / 2 && schedule.next_us() >= until_us / 2 {
                schedule.request_keyframe();
            }
            now_us = schedule.next_us().max(now_us + 1);
        }
        (clip.codec, kept)
    }

    #[test]
    fn what_publishers_send_is_a_picture_across_rounds_and_keyframes() {
        for name in [ClipName::H264Simulcast, ClipName::H264Single, ClipName::Vp8Simulcast] {
            let (codec, kept) = sent(name, 9_000_000);
            // On a machine without FFmpeg there is nothing to compare with.
            if let Some(decoded) = kept.decode(codec).unwrap() {
                assert!(decoded.frames > 210, "{name:?}: {decoded:?}");
                assert_eq!((decoded.pictures, decoded.complaints), (decoded.frames, 0), "{name:?}");
            }
        }
    }

    #[test]
    fn a_frame_whose_end_is_missing_and_one_before_a_keyframe_are_left_out() {
        let mut kept = Kept::default();
        kept.packet(3, 20, true, &[0x41, 3]);
        kept.packet(1, 10, true, &[0x41, 1]);
        kept.packet(2, 15, true, &[0x78, 0, 1, 0x67, 0, 1, 0x68]);
        kept.packet(4, 30, false, &[0x5C, 0x81, 4]);
        let frames = kept.frames(Codec::H264);
        assert_eq!(frames, [vec![&[0x78, 0, 1, 0x67, 0, 1, 0x68][..]], vec![&[0x41, 3][..]]]);
    }

    #[test]
    fn units_are_put_together_from_aggregates_and_fragments() {
        let stap: &[u8] = &[0x78, 0, 2, 0x67, 1, 0, 1, 0x68];
        let fragments: [&[u8]; 2] = [&[0x7C, 0x85, 8, 9], &[0x7C, 0x45, 10]];
        let out = annex_b(&[stap, fragments[0], fragments[1]]);
        assert_eq!(out, [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 0, 0, 0, 1, 0x65, 8, 9, 10]);
    }
}
