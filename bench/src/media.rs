//! What publishers replay: packets of real encoders, from `bench/media`.
//!
//! Enters: traces. Leaves: for each simulcast layer the frames of a loop, with the moment, size and kind of each packet.

use anyhow::Context;
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// A video codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// RFC 6184, packetization-mode 1.
    H264,
    /// RFC 7741.
    Vp8,
}

/// A recording to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ClipName {
    /// H.264 in three layers, 0.14 + 0.49 + 1.16 Mbit/s.
    #[default]
    H264Simulcast,
    /// H.264 in one layer of 1.9 Mbit/s.
    #[value(name = "h264-720p")]
    H264Single,
    /// VP8 in three layers.
    Vp8Simulcast,
    /// VP8 in one layer of 1.9 Mbit/s.
    #[value(name = "vp8-720p")]
    Vp8Single,
}

impl ClipName {
    /// Its codec.
    pub fn codec(self) -> Codec {
        match self {
            ClipName::H264Simulcast | ClipName::H264Single => Codec::H264,
            ClipName::Vp8Simulcast | ClipName::Vp8Single => Codec::Vp8,
        }
    }

    fn trace(self) -> &'static [u8] {
        match self {
            ClipName::H264Simulcast => include_bytes!("../media/h264-simulcast.csv.gz"),
            ClipName::H264Single => include_bytes!("../media/h264-720p.csv.gz"),
            ClipName::Vp8Simulcast => include_bytes!("../media/vp8-simulcast.csv.gz"),
            ClipName::Vp8Single => include_bytes!("../media/vp8-720p.csv.gz"),
        }
    }
}

/// Payload sizes of 20 ms of speech each.
const OPUS: &[u8] = include_bytes!("../media/opus-speech.csv.gz");

/// The encoder's rate has settled after so long; before, only keyframes are taken.
const RAMP_UP_US: u64 = 6_000_000;

/// A packet of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClipPacket {
    /// After the frame's first packet.
    pub after_us: u64,
    /// Bytes of RTP payload.
    pub payload_bytes: usize,
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// First packet, from the loop's begin.
    pub at_us: u64,
    /// Capture time from the loop's begin, in ticks of 90 kHz.
    pub ticks: u32,
    /// Does a decoder start here?
    pub is_keyframe: bool,
    /// In order; the last has the marker.
    pub packets: Vec<ClipPacket>,
}

/// A simulcast layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// `None`: there is no simulcast.
    pub rid: Option<String>,
    /// In order of time; never empty.
    pub frames: Vec<Frame>,
    /// Keyframes of the whole recording, to answer requests with; never empty.
    pub keyframes: Vec<Frame>,
}

/// A camera and a microphone.
#[derive(Debug)]
pub struct Clip {
    /// Of the camera.
    pub codec: Codec,
    /// Smallest first.
    pub layers: Vec<Layer>,
    /// How long until it begins again.
    pub loop_us: u64,
    /// Payload bytes of each 20 ms of sound.
    pub voice: Vec<usize>,
}

impl Clip {
    /// Reads a recording; with `smallest_only` its lowest layer alone, as a classroom's small picture.
    pub fn load(name: ClipName, smallest_only: bool) -> anyhow::Result<Arc<Clip>> {
        let rows = read(name.trace())?;
        let codec = name.codec();
        let label = if codec == Codec::H264 { "H264" } else { "VP8" };
        let mut layers: BTreeMap<u64, (Option<String>, Vec<Row>)> = BTreeMap::new();
        for row in rows.into_iter().filter(|row| row.codec == label && row.payload_bytes > 0) {
            // q, h, f: the usual names of a quarter, half and full picture.
            let rank = ["q", "h", "f"].iter().position(|rid| *rid == row.rid).unwrap_or_default() as u64;
            let rid = Some(row.rid.clone()).filter(|rid| !rid.is_empty());
            layers.entry(rank).or_insert_with(|| (rid, Vec::new())).1.push(row);
        }
        if smallest_only {
            layers = layers.into_iter().take(1).map(|(rank, (_, rows))| (rank, (None, rows))).collect();
        }
        let first_us = layers.values().filter_map(|(_, rows)| rows.first()).map(|row| row.at_us).max();
        let last_us = layers.values().filter_map(|(_, rows)| rows.last()).map(|row| row.at_us).min();
        let (first_us, last_us) = first_us.zip(last_us).context("an empty recording")?;
        let begin_us = first_us + RAMP_UP_US;
        let loop_us = last_us.checked_sub(begin_us).context("a recording that is too short")?;
        let layers = layers
            .into_values()
            .map(|(rid, rows)| layer(rid, &rows, begin_us, loop_us))
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Arc::new(Clip { codec, layers, loop_us, voice: read_voice()? }))
    }

    /// Names of its layers, for the offer.
    pub fn rids(&self) -> Vec<&str> {
        self.layers.iter().filter_map(|layer| layer.rid.as_deref()).collect()
    }
}

/// A line of a trace.
struct Row {
    at_us: u64,
    rid: String,
    codec: String,
    timestamp: u32,
    payload_bytes: usize,
    begins_keyframe: bool,
}

fn text(gzip: &[u8]) -> anyhow::Result<String> {
    let mut text = String::new();
    GzDecoder::new(gzip).read_to_string(&mut text).context("a recording that is no gzip file")?;
    Ok(text)
}

fn read(gzip: &[u8]) -> anyhow::Result<Vec<Row>> {
    let text = text(gzip)?;
    let mut rows = Vec::new();
    for line in text.lines().skip(1) {
        let row = || -> Option<Row> {
            let fields: Vec<&str> = line.split(',').collect();
            Some(Row {
                at_us: fields.first()?.parse().ok()?,
                rid: (*fields.get(3)?).to_owned(),
                codec: (*fields.get(4)?).to_owned(),
                timestamp: fields.get(6)?.parse().ok()?,
                payload_bytes: fields.get(8)?.parse().ok()?,
                begins_keyframe: *fields.get(10)? == "1",
            })
        };
        rows.push(row().with_context(|| format!("a line of a recording: {line}"))?);
    }
    Ok(rows)
}

fn read_voice() -> anyhow::Result<Vec<usize>> {
    text(OPUS)?.lines().skip(1).map(|line| line.parse().with_context(|| format!("a size: {line}"))).collect()
}

fn layer(rid: Option<String>, rows: &[Row], begin_us: u64, loop_us: u64) -> anyhow::Result<Layer> {
    let mut all: Vec<Frame> = Vec::new();
    let mut timestamp = None;
    let mut first_ticks = 0u32;
    for row in rows {
        if timestamp != Some(row.timestamp) {
            let is_first = timestamp.replace(row.timestamp).is_none();
            if is_first || row.at_us < begin_us {
                first_ticks = row.timestamp;
            }
            all.push(Frame {
                at_us: row.at_us,
                ticks: row.timestamp.wrapping_sub(first_ticks),
                is_keyframe: row.begins_keyframe,
                packets: Vec::new(),
            });
        }
        if let Some(frame) = all.last_mut() {
            let packet = ClipPacket { after_us: row.at_us - frame.at_us, payload_bytes: row.payload_bytes };
            frame.packets.push(packet);
        }
    }
    let keyframes: Vec<Frame> = all.iter().filter(|frame| frame.is_keyframe).cloned().collect();
    let frames: Vec<Frame> = all
        .into_iter()
        .filter(|frame| frame.at_us >= begin_us && frame.at_us < begin_us + loop_us)
        .map(|frame| Frame { at_us: frame.at_us - begin_us, ..frame })
        .collect();
    anyhow::ensure!(!keyframes.is_empty() && !frames.is_empty(), "a layer without keyframe or frames");
    Ok(Layer { rid, frames, keyframes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_recording_has_frames_in_order_and_a_real_rate() {
        for name in ClipName::value_variants() {
            let clip = Clip::load(*name, false).unwrap();
            assert!(clip.loop_us > 7_000_000);
            let layers = if clip.rids().is_empty() { 1 } else { 3 };
            assert_eq!(clip.layers.len(), layers, "{name:?}");
            let rates: Vec<u64> = clip
                .layers
                .iter()
                .map(|layer| {
                    let packets = layer.frames.iter().flat_map(|frame| &frame.packets);
                    packets.map(|packet| packet.payload_bytes as u64 * 8).sum::<u64>() * 1_000_000
                        / clip.loop_us
                })
                .collect();
            assert!(rates.is_sorted(), "{name:?}: smallest first: {rates:?}");
            assert!((1_000_000..2_500_000).contains(rates.last().unwrap()), "{name:?}: {rates:?}");
            for layer in &clip.layers {
                assert!(layer.frames.is_sorted_by_key(|frame| frame.at_us));
                assert!(layer.frames.is_sorted_by_key(|frame| frame.ticks), "{name:?}");
                assert!(layer.frames.iter().all(|frame| !frame.packets.is_empty()));
            }
        }
        assert!(Clip::load(ClipName::Vp8Simulcast, true).unwrap().rids().is_empty());
    }

    #[test]
    fn speech_has_the_rate_it_was_encoded_with() {
        let clip = Clip::load(ClipName::H264Simulcast, false).unwrap();
        let bits: usize = clip.voice.iter().map(|bytes| bytes * 8).sum();
        let seconds = clip.voice.len() as f64 * 0.02;
        assert!((20_000.0..40_000.0).contains(&(bits as f64 / seconds)));
    }
}
