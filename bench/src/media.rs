//! What publishers replay: what Chromium's encoders made of a camera and a microphone, packet by packet, from `bench/media`.
//!
//! Enters: recordings, each a list of packets and their payloads. Leaves: for each simulcast layer the frames of a loop,
//! with the moment and the payload of each packet, and which packet a payload is ([`Clip::recognise`]).

use anyhow::Context;
use flate2::read::GzDecoder;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::sync::Arc;
use tongtang_sfu::packet::vp8::Descriptor;

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
    /// H.264 in three layers, 0.15 + 0.5 + 1.2 Mbit/s.
    #[default]
    H264Simulcast,
    /// H.264 in one layer of 1.9 Mbit/s.
    #[value(name = "h264-720p")]
    H264Single,
    /// VP8 in three layers.
    Vp8Simulcast,
    /// The largest of them alone.
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

    /// Rows, and the payloads of all of them.
    fn files(self) -> (&'static [u8], &'static [u8]) {
        match self {
            ClipName::H264Simulcast => (
                include_bytes!("../media/h264-simulcast.csv.gz"),
                include_bytes!("../media/h264-simulcast.bin"),
            ),
            ClipName::H264Single => {
                (include_bytes!("../media/h264-720p.csv.gz"), include_bytes!("../media/h264-720p.bin"))
            }
            ClipName::Vp8Simulcast | ClipName::Vp8Single => (
                include_bytes!("../media/vp8-simulcast.csv.gz"),
                include_bytes!("../media/vp8-simulcast.bin"),
            ),
        }
    }
}

/// Opus packets of 20 ms of speech each.
const OPUS: (&[u8], &[u8]) =
    (include_bytes!("../media/opus-speech.csv.gz"), include_bytes!("../media/opus-speech.bin"));

/// Layers of a camera, at most.
pub const MAX_LAYERS: usize = 3;

/// Which layers of a recording are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// As recorded.
    All,
    /// The smallest alone, as a classroom's small picture.
    Smallest,
}

/// A packet of a recording. Known by its number among all packets of the recording, whichever layers are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClipPacket {
    /// See above.
    pub id: u32,
    /// After the frame's first packet.
    pub after_us: u64,
    /// RTP payload.
    pub payload: &'static [u8],
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
    /// In order of time; the first is a keyframe, so that the loop can begin again at any time.
    pub frames: Vec<Frame>,
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
    /// Each 20 ms of sound.
    pub voice: Vec<ClipPacket>,
    /// Packets of the whole recording.
    pub packets: usize,
    /// Of each of them, its layer; `None`: it is of none that is sent.
    ranks: Vec<Option<u8>>,
    index: Index,
}

/// Which packet a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// This one, by its number.
    Packet(u32),
    /// One of several that are alike, as parameter sets and silence are.
    OneOfSeveral,
}

/// Packets by what is in them.
#[derive(Debug, Default)]
struct Index {
    hasher: RandomState,
    found: HashMap<u64, (&'static [u8], Recognised)>,
}

impl Index {
    fn insert(&mut self, content: &'static [u8], id: u32) {
        let entry = self.found.entry(self.hasher.hash_one(content));
        entry
            .and_modify(|(_, recognised)| *recognised = Recognised::OneOfSeveral)
            .or_insert((content, Recognised::Packet(id)));
    }

    fn find(&self, content: &[u8]) -> Option<Recognised> {
        let (known, recognised) = self.found.get(&self.hasher.hash_one(content))?;
        (*known == content).then_some(*recognised)
    }
}

/// What a router leaves as it is: a VP8 payload descriptor is written anew for each subscriber.
fn content(codec: Option<Codec>, payload: &[u8]) -> Option<&[u8]> {
    match codec {
        Some(Codec::Vp8) => payload.get(usize::from(Descriptor::parse(payload)?.len)..),
        Some(Codec::H264) | None => Some(payload),
    }
}

impl Clip {
    /// Reads a recording.
    pub fn load(name: ClipName, which: Layers) -> anyhow::Result<Arc<Clip>> {
        let codec = name.codec();
        let (rows, payloads) = name.files();
        let mut rows = read(rows, payloads)?;
        let end = rows.pop().context("an empty recording")?;
        let voice = read_voice(rows.len() as u32)?;
        let mut index = Index::default();
        for row in &rows {
            if let Some(content) = content(Some(codec), row.packet.payload) {
                index.insert(content, row.packet.id);
            }
        }
        voice.iter().for_each(|packet| index.insert(packet.payload, packet.id));
        let packets = rows.len() + voice.len();
        // q, h, f: the usual names of a quarter, half and full picture; without simulcast there is no name.
        let names = ["q", "h", "f", ""];
        let mut layers: Vec<Layer> = names.iter().filter_map(|rid| layer(rid, &rows)).collect();
        let whole = layers.len();
        match (name, which) {
            (ClipName::Vp8Single, _) => drop(layers.drain(..whole.saturating_sub(1))),
            (_, Layers::Smallest) => layers.truncate(1),
            (_, Layers::All) => {}
        }
        if let [alone] = layers.as_mut_slice() {
            alone.rid = None;
        }
        anyhow::ensure!(!layers.is_empty(), "a recording without pictures");
        for layer in &layers {
            let begins = layer.frames.first().is_some_and(|frame| frame.is_keyframe);
            anyhow::ensure!(begins, "a layer that does not begin with a keyframe");
        }
        let mut ranks = vec![None; packets];
        for (rank, layer) in layers.iter().enumerate() {
            for packet in layer.frames.iter().flat_map(|frame| &frame.packets) {
                ranks[packet.id as usize] = Some(rank as u8);
            }
        }
        Ok(Arc::new(Clip { codec, layers, loop_us: end.at_us, voice, packets, ranks, index }))
    }

    /// Names of its layers, for the offer.
    pub fn rids(&self) -> Vec<&str> {
        self.layers.iter().filter_map(|layer| layer.rid.as_deref()).collect()
    }

    /// The layer of the packet of this number, 0 is the smallest; `None`: it is sound.
    pub fn layer(&self, id: u32) -> Option<u8> {
        self.ranks.get(id as usize).copied().flatten()
    }

    /// Which packet of the recording a payload that arrived is, to the byte; `None`: none of them. `codec` is `None` for
    /// sound.
    pub fn recognise(&self, codec: Option<Codec>, payload: &[u8]) -> Option<Recognised> {
        self.index.find(content(codec, payload)?)
    }
}

/// A line of a recording.
struct Row {
    at_us: u64,
    rid: String,
    timestamp: u32,
    begins_keyframe: bool,
    packet: ClipPacket,
}

fn text(gzip: &[u8]) -> anyhow::Result<String> {
    let mut text = String::new();
    GzDecoder::new(gzip).read_to_string(&mut text).context("a recording that is no gzip file")?;
    Ok(text)
}

fn read(gzip: &[u8], mut payloads: &'static [u8]) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (id, line) in text(gzip)?.lines().skip(1).enumerate() {
        let mut row = || -> Option<Row> {
            let fields: Vec<&str> = line.split(',').collect();
            let payload = payloads.split_off(..fields.get(4)?.parse().ok()?)?;
            Some(Row {
                at_us: fields.first()?.parse().ok()?,
                rid: (*fields.get(1)?).to_owned(),
                timestamp: fields.get(2)?.parse().ok()?,
                begins_keyframe: *fields.get(3)? == "1",
                packet: ClipPacket { id: id as u32, after_us: 0, payload },
            })
        };
        rows.push(row().with_context(|| format!("a line of a recording: {line}"))?);
    }
    anyhow::ensure!(payloads.is_empty(), "a recording with more payloads than lines");
    Ok(rows)
}

/// The sound, numbered from `first_id` on.
fn read_voice(first_id: u32) -> anyhow::Result<Vec<ClipPacket>> {
    let (sizes, mut payloads) = OPUS;
    let packet = |(n, line): (usize, &str)| {
        let payload = line.parse().ok().and_then(|bytes: usize| payloads.split_off(..bytes));
        let payload = payload.with_context(|| format!("a line of a recording: {line}"))?;
        Ok(ClipPacket { id: first_id + n as u32, after_us: 0, payload })
    };
    text(sizes)?.lines().skip(1).enumerate().map(packet).collect()
}

/// The frames of the layer of this name; `None`: there is none.
fn layer(rid: &str, rows: &[Row]) -> Option<Layer> {
    let mut frames: Vec<Frame> = Vec::new();
    for row in rows.iter().filter(|row| row.rid == rid) {
        if frames.last().is_none_or(|frame| frame.ticks != row.timestamp) {
            frames.push(Frame {
                at_us: row.at_us,
                ticks: row.timestamp,
                is_keyframe: row.begins_keyframe,
                packets: Vec::new(),
            });
        }
        if let Some(frame) = frames.last_mut() {
            let after_us = row.at_us - frame.at_us;
            frame.packets.push(ClipPacket { after_us, ..row.packet });
        }
    }
    let rid = Some(rid.to_owned()).filter(|rid| !rid.is_empty());
    (!frames.is_empty()).then_some(Layer { rid, frames })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;
    use tongtang_sfu::packet::{h264, vp8};

    #[test]
    fn every_recording_has_frames_in_order_and_a_real_rate() {
        for name in ClipName::value_variants() {
            let clip = Clip::load(*name, Layers::All).unwrap();
            assert!(clip.loop_us >= 2_000_000);
            let layers = if clip.rids().is_empty() { 1 } else { 3 };
            assert_eq!(clip.layers.len(), layers, "{name:?}");
            let rates: Vec<u64> = clip
                .layers
                .iter()
                .map(|layer| {
                    let packets = layer.frames.iter().flat_map(|frame| &frame.packets);
                    packets.map(|packet| packet.payload.len() as u64 * 8).sum::<u64>() * 1_000_000
                        / clip.loop_us
                })
                .collect();
            assert!(rates.is_sorted(), "{name:?}: smallest first: {rates:?}");
            assert!((1_000_000..2_500_000).contains(rates.last().unwrap()), "{name:?}: {rates:?}");
            for layer in &clip.layers {
                assert!(layer.frames.is_sorted_by_key(|frame| frame.at_us));
                assert!(layer.frames.is_sorted_by_key(|frame| frame.ticks), "{name:?}");
                assert!(layer.frames.iter().all(|frame| frame.at_us < clip.loop_us), "{name:?}");
                let frames_a_second = layer.frames.len() as u64 * 1_000_000 / clip.loop_us;
                assert!((23..=25).contains(&frames_a_second), "{name:?}: {frames_a_second}");
            }
        }
        assert!(Clip::load(ClipName::Vp8Simulcast, Layers::Smallest).unwrap().rids().is_empty());
    }

    #[test]
    fn a_router_finds_keyframes_where_they_begin_and_nowhere_else() {
        for name in ClipName::value_variants() {
            let clip = Clip::load(*name, Layers::All).unwrap();
            for frame in clip.layers.iter().flat_map(|layer| &layer.frames) {
                for (index, packet) in frame.packets.iter().enumerate() {
                    let begins = match clip.codec {
                        Codec::H264 => h264::begins_keyframe(packet.payload),
                        Codec::Vp8 => vp8::begins_keyframe(packet.payload),
                    };
                    assert_eq!(begins, frame.is_keyframe && index == 0, "{name:?}");
                }
            }
        }
    }

    #[test]
    fn speech_has_the_rate_it_was_encoded_with() {
        let clip = Clip::load(ClipName::H264Simulcast, Layers::All).unwrap();
        let bits: usize = clip.voice.iter().map(|packet| packet.payload.len() * 8).sum();
        let seconds = clip.voice.len() as f64 * 0.02;
        assert!((20_000.0..40_000.0).contains(&(bits as f64 / seconds)));
    }

    #[test]
    fn a_packet_is_known_again_and_one_changed_byte_is_noticed() {
        for name in ClipName::value_variants() {
            let clip = Clip::load(*name, Layers::All).unwrap();
            let codec = Some(clip.codec);
            let mut alike = 0;
            for packet in clip.layers.iter().flat_map(|layer| &layer.frames).flat_map(|frame| &frame.packets)
            {
                match clip.recognise(codec, packet.payload) {
                    Some(Recognised::Packet(id)) => assert_eq!(id, packet.id),
                    Some(Recognised::OneOfSeveral) => alike += 1,
                    None => panic!("{name:?}: packet {} is not known", packet.id),
                }
                let mut changed = packet.payload.to_vec();
                *changed.last_mut().unwrap() ^= 1;
                assert_eq!(clip.recognise(codec, &changed), None, "{name:?}: packet {}", packet.id);
            }
            assert!(alike <= 8, "{name:?}: {alike} packets cannot be told apart");
            let voice = clip.voice[7];
            assert_eq!(clip.recognise(None, voice.payload), Some(Recognised::Packet(voice.id)));
            let first = |layer: &Layer| clip.layer(layer.frames[0].packets[0].id).map(usize::from);
            let ranks: Vec<Option<usize>> = clip.layers.iter().map(first).collect();
            assert_eq!(ranks, (0..clip.layers.len()).map(Some).collect::<Vec<_>>());
            assert_eq!(clip.layer(voice.id), None);
        }
        let clip = Clip::load(ClipName::Vp8Simulcast, Layers::All).unwrap();
        let packet = clip.layers[2].frames[1].packets[0];
        let mut rewritten = packet.payload.to_vec();
        rewritten[2..4].copy_from_slice(&[0xAB, 0xCD]);
        assert_eq!(
            clip.recognise(Some(Codec::Vp8), &rewritten),
            Some(Recognised::Packet(packet.id)),
            "another picture id"
        );
    }
}
