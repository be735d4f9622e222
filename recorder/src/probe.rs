//! Looks into a media file or playlist: what is in it, how long, and what can be seen and heard when.
//!
//! In: a path. Out: facts. Tests ask it about composed lessons; it decodes, so it is only for files
//! this program made.

use ffmpeg_next::format::sample::{Sample, Type};
use ffmpeg_next::{Packet, Rational, codec, format, frame, media};
use std::path::Path;

/// One stream of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbedStream {
    /// FFmpeg's name of the codec.
    pub codec: String,
    /// Width in pixels; 0 for sound.
    pub width: u32,
    /// Height in pixels; 0 for sound.
    pub height: u32,
    /// Packets.
    pub packets: u64,
    /// Time of the first packet, microseconds.
    pub start_us: i64,
    /// End of the last packet, microseconds.
    pub end_us: i64,
    /// Times of the keyframes, microseconds.
    pub keys_us: Vec<i64>,
}

/// A rectangle of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Left edge.
    pub x: usize,
    /// Upper edge.
    pub y: usize,
    /// Width.
    pub width: usize,
    /// Height.
    pub height: usize,
}

/// All streams, with packet times; nothing is decoded.
pub fn streams(path: &Path) -> Result<Vec<ProbedStream>, ffmpeg_next::Error> {
    ffmpeg_next::init()?;
    let mut input = format::input(path)?;
    let mut probed = Vec::new();
    let mut bases = Vec::new();
    for stream in input.streams() {
        let decoder = codec::Context::from_parameters(stream.parameters())?.decoder();
        let name = decoder
            .codec()
            .map_or_else(|| format!("{:?}", stream.parameters().id()), |codec| codec.name().into());
        let size = match stream.parameters().medium() {
            media::Type::Video => decoder.video().map(|video| (video.width(), video.height()))?,
            _ => (0, 0),
        };
        bases.push(stream.time_base());
        probed.push(ProbedStream {
            codec: name,
            width: size.0,
            height: size.1,
            packets: 0,
            start_us: i64::MAX,
            end_us: i64::MIN,
            keys_us: Vec::new(),
        });
    }
    let mut packet = Packet::empty();
    while packet.read(&mut input).is_ok() {
        let (Some(stream), Some(base)) = (probed.get_mut(packet.stream()), bases.get(packet.stream())) else {
            continue;
        };
        let at_us = micros(packet.pts().unwrap_or(0), *base);
        stream.packets += 1;
        stream.start_us = stream.start_us.min(at_us);
        stream.end_us = stream.end_us.max(at_us + micros(packet.duration(), *base));
        if packet.is_key() {
            stream.keys_us.push(at_us);
        }
    }
    Ok(probed)
}

/// Mean brightness of a region of every picture, with its time in microseconds.
pub fn brightness(path: &Path, region: Region) -> Result<Vec<(i64, u8)>, ffmpeg_next::Error> {
    let mut seen = Vec::new();
    decode(path, media::Type::Video, |decoder, base| {
        let mut picture = frame::Video::empty();
        while decoder.receive_frame(&mut picture).is_ok() {
            let (data, stride) = (picture.data(0), picture.stride(0));
            let width = region.width.min((picture.width() as usize).saturating_sub(region.x));
            let height = region.height.min((picture.height() as usize).saturating_sub(region.y));
            let rows = (region.y..region.y + height).map(|y| &data[y * stride + region.x..][..width]);
            let sum: u64 = rows.flatten().map(|luma| u64::from(*luma)).sum();
            let mean = sum / (width * height).max(1) as u64;
            seen.push((micros(picture.timestamp().unwrap_or(0), base), mean as u8));
        }
    })?;
    Ok(seen)
}

/// Root mean square of every ten milliseconds of sound, with its time in microseconds.
pub fn levels(path: &Path) -> Result<Vec<(i64, f32)>, ffmpeg_next::Error> {
    let mut heard: Vec<(i64, f32)> = Vec::new();
    decode(path, media::Type::Audio, |decoder, base| {
        let mut sound = frame::Audio::empty();
        while decoder.receive_frame(&mut sound).is_ok() {
            if sound.format() != Sample::F32(Type::Planar) || sound.rate() == 0 {
                continue;
            }
            let start_us = micros(sound.timestamp().unwrap_or(0), base);
            let bin = sound.rate() as usize / 100;
            for (n, samples) in sound.plane::<f32>(0).chunks(bin).enumerate() {
                let power = samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32;
                heard.push((start_us + n as i64 * 10_000, power.sqrt()));
            }
        }
    })?;
    Ok(heard)
}

fn decode(
    path: &Path,
    medium: media::Type,
    mut take: impl FnMut(&mut codec::decoder::Opened, Rational),
) -> Result<(), ffmpeg_next::Error> {
    ffmpeg_next::init()?;
    let mut input = format::input(path)?;
    let stream = input.streams().best(medium).ok_or(ffmpeg_next::Error::StreamNotFound)?;
    let (index, base) = (stream.index(), stream.time_base());
    let context = codec::Context::from_parameters(stream.parameters())?.decoder();
    let codec = context.codec().or_else(|| codec::decoder::find(context.id()));
    let mut decoder = context.open_as(codec.ok_or(ffmpeg_next::Error::DecoderNotFound)?)?;
    let mut packet = Packet::empty();
    while packet.read(&mut input).is_ok() {
        if packet.stream() == index {
            decoder.send_packet(&packet)?;
            take(&mut decoder, base);
        }
    }
    decoder.send_eof()?;
    take(&mut decoder, base);
    Ok(())
}

fn micros(ticks: i64, base: Rational) -> i64 {
    let (numerator, denominator) = (i128::from(base.numerator()), i128::from(base.denominator().max(1)));
    (i128::from(ticks) * 1_000_000 * numerator / denominator) as i64
}
