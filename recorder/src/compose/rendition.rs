//! One rung of the ladder: an encoder and its HLS folder.
//!
//! In: frames or samples. Out: `NAME/init.mp4`, `NAME/00001.m4s` …, `NAME/index.m3u8` (CMAF, RFC 8216
//! with EXT-X-MAP). Time starts at 0 in every rung and no edit list is needed: pictures have no
//! reordering (no B-frames), and AAC's priming packet is left out.

use super::voices::{RATE_HZ, Stereo};
use ffmpeg_next::codec::{self, encoder};
use ffmpeg_next::format::context::Output;
use ffmpeg_next::format::sample::{Sample, Type};
use ffmpeg_next::format::{self, Pixel};
use ffmpeg_next::frame::{Audio, Video};
use ffmpeg_next::{ChannelLayout, Dictionary, Packet, Rational, color};
use std::path::{Path, PathBuf};

/// Frames a second of every composed video.
pub const FPS: u32 = 25;
/// Length of a segment, and the distance of keyframes, in seconds.
pub const SEGMENT_S: u32 = 4;
/// Samples of an AAC frame.
const AAC_SAMPLES: usize = 1024;
/// Threads of one encoder: 720p gains nothing from more.
const MAX_THREADS: usize = 8;
const AAC_BITS_PER_S: usize = 128_000;

/// What a master playlist says of a rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// All of it.
    pub bytes: u64,
    /// Mean, in bits per second.
    pub average_bits_per_s: u64,
    /// Of the busiest segment, in bits per second.
    pub peak_bits_per_s: u64,
}

/// Size and bit rate of a picture rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoRung {
    /// Folder.
    pub name: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What a second may take at most.
    pub max_bits_per_s: u32,
    /// H.264 level, times ten.
    pub level: u32,
}

/// The picture rungs. Slides and a talking teacher need far less than the maxima.
pub const RUNGS: [VideoRung; 2] = [
    VideoRung { name: "720p", width: 1280, height: 720, max_bits_per_s: 2_000_000, level: 31 },
    VideoRung { name: "360p", width: 640, height: 360, max_bits_per_s: 600_000, level: 30 },
];

/// Folder of the sound.
pub const AUDIO_NAME: &str = "audio";

/// Writes packets of one stream as HLS segments.
struct Hls {
    output: Output,
    encoder_time_base: Rational,
    packet_duration: i64,
    /// Bytes of each segment.
    segment_bytes: Vec<u64>,
    packets_per_segment: u64,
    packets: u64,
}

impl Hls {
    fn create(
        folder: &Path,
        encoder: &codec::Context,
        packet_duration: i64,
        packets_per_segment: u64,
    ) -> Result<Self, ffmpeg_next::Error> {
        let time_base = encoder.time_base();
        let playlist = folder.join("index.m3u8");
        let mut output = format::output_as(&playlist, "hls")?;
        output.add_stream_with(encoder)?.set_time_base(time_base);
        let mut options = Dictionary::new();
        options.set("hls_time", &SEGMENT_S.to_string());
        options.set("hls_playlist_type", "vod");
        options.set("hls_segment_type", "fmp4");
        options.set("hls_fmp4_init_filename", "init.mp4");
        options.set("hls_flags", "independent_segments");
        options.set("hls_list_size", "0");
        let names: PathBuf = folder.join("%05d.m4s");
        options.set("hls_segment_filename", &names.to_string_lossy());
        output.write_header_with(options)?;
        Ok(Self {
            output,
            encoder_time_base: time_base,
            packet_duration,
            segment_bytes: Vec::new(),
            packets_per_segment,
            packets: 0,
        })
    }

    fn write(&mut self, mut packet: Packet) -> Result<(), ffmpeg_next::Error> {
        let segment = (self.packets / self.packets_per_segment) as usize;
        self.packets += 1;
        if self.segment_bytes.len() <= segment {
            self.segment_bytes.resize(segment + 1, 0);
        }
        self.segment_bytes[segment] += packet.size() as u64;
        packet.set_stream(0);
        // Without a duration the last segment's EXTINF would be one packet short.
        packet.set_duration(self.packet_duration);
        if let Some(stream) = self.output.stream(0) {
            packet.rescale_ts(self.encoder_time_base, stream.time_base());
        }
        packet.write_interleaved(&mut self.output)
    }

    fn finish(mut self) -> Result<Traffic, ffmpeg_next::Error> {
        self.output.write_trailer()?;
        let seconds = self.packets as f64 * self.packet_duration as f64 * f64::from(self.encoder_time_base);
        let bytes: u64 = self.segment_bytes.iter().sum();
        let busiest = self.segment_bytes.iter().max().copied().unwrap_or(0);
        let average_bits_per_s = (bytes as f64 * 8.0 / seconds.max(0.04)) as u64;
        let peak_bits_per_s = (busiest * 8 / u64::from(SEGMENT_S)).max(average_bits_per_s);
        Ok(Traffic { bytes, average_bits_per_s, peak_bits_per_s })
    }
}

/// A picture rung being written.
pub struct VideoRendition {
    encoder: encoder::Video,
    hls: Hls,
    frames: i64,
}

impl VideoRendition {
    /// Opens the encoder and writes into `folder`, which must exist.
    pub fn create(folder: &Path, rung: VideoRung) -> Result<Self, ffmpeg_next::Error> {
        let codec = encoder::find_by_name("libx264").ok_or(ffmpeg_next::Error::EncoderNotFound)?;
        let mut context = codec::Context::new_with_codec(codec).encoder().video()?;
        context.set_width(rung.width);
        context.set_height(rung.height);
        context.set_format(Pixel::YUV420P);
        context.set_time_base(Rational(1, FPS as i32));
        context.set_frame_rate(Some(Rational(FPS as i32, 1)));
        context.set_gop(FPS * SEGMENT_S);
        context.set_max_b_frames(0);
        // Browsers encode camera and screen in BT.601; the pixels are passed on unconverted.
        context.set_colorspace(color::Space::SMPTE170M);
        context.set_color_range(color::Range::MPEG);
        context.set_flags(codec::Flags::GLOBAL_HEADER);
        let mut options = Dictionary::new();
        options.set("preset", "veryfast");
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS));
        options.set("threads", &cores.to_string());
        options.set("crf", "23");
        options.set("maxrate", &rung.max_bits_per_s.to_string());
        options.set("bufsize", &(rung.max_bits_per_s * 2).to_string());
        options.set("level", &format!("{}.{}", rung.level / 10, rung.level % 10));
        // Keyframes at the same pictures in every rung, so that a player can change between them.
        options.set("x264-params", &format!("keyint={0}:min-keyint={0}:scenecut=0", FPS * SEGMENT_S));
        let encoder = context.open_as_with(codec, options)?;
        let hls = Hls::create(folder, encoder.as_ref(), 1, u64::from(FPS * SEGMENT_S))?;
        Ok(Self { encoder, hls, frames: 0 })
    }

    /// Encodes the next frame; its time is its number.
    pub fn push(&mut self, frame: &mut Video) -> Result<(), ffmpeg_next::Error> {
        frame.set_pts(Some(self.frames));
        self.frames += 1;
        self.encoder.send_frame(frame)?;
        self.drain()
    }

    fn drain(&mut self) -> Result<(), ffmpeg_next::Error> {
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            self.hls.write(std::mem::replace(&mut packet, Packet::empty()))?;
        }
        Ok(())
    }

    /// Writes what is left and the playlist.
    pub fn finish(mut self) -> Result<Traffic, ffmpeg_next::Error> {
        self.encoder.send_eof()?;
        self.drain()?;
        self.hls.finish()
    }
}

/// The sound being written.
pub struct AudioRendition {
    encoder: encoder::Audio,
    hls: Hls,
    waiting: Vec<Stereo>,
    samples: i64,
}

impl AudioRendition {
    /// Opens the encoder and writes into `folder`, which must exist.
    pub fn create(folder: &Path) -> Result<Self, ffmpeg_next::Error> {
        let codec = encoder::find(codec::Id::AAC).ok_or(ffmpeg_next::Error::EncoderNotFound)?;
        let mut context = codec::Context::new_with_codec(codec).encoder().audio()?;
        context.set_rate(RATE_HZ as i32);
        context.set_format(Sample::F32(Type::Planar));
        context.set_channel_layout(ChannelLayout::STEREO);
        context.set_channels(2);
        context.set_bit_rate(AAC_BITS_PER_S);
        context.set_time_base(Rational(1, RATE_HZ as i32));
        context.set_flags(codec::Flags::GLOBAL_HEADER);
        let encoder = context.open_as(codec)?;
        let per_segment = u64::from(SEGMENT_S * RATE_HZ) / AAC_SAMPLES as u64;
        let hls = Hls::create(folder, encoder.as_ref(), AAC_SAMPLES as i64, per_segment)?;
        Ok(Self { encoder, hls, waiting: Vec::new(), samples: 0 })
    }

    /// Encodes samples.
    pub fn push(&mut self, samples: &[Stereo]) -> Result<(), ffmpeg_next::Error> {
        self.waiting.extend_from_slice(samples);
        let whole = self.waiting.len() / AAC_SAMPLES * AAC_SAMPLES;
        let rest = self.waiting.split_off(whole);
        let ready = std::mem::replace(&mut self.waiting, rest);
        ready.chunks(AAC_SAMPLES).try_for_each(|frame| self.encode(frame))
    }

    fn encode(&mut self, samples: &[Stereo]) -> Result<(), ffmpeg_next::Error> {
        let mut frame = Audio::new(Sample::F32(Type::Planar), AAC_SAMPLES, ChannelLayout::STEREO);
        frame.set_rate(RATE_HZ);
        for channel in 0..2 {
            let plane = frame.plane_mut::<f32>(channel);
            plane.fill(0.0);
            for (out, sample) in plane.iter_mut().zip(samples) {
                *out = sample[channel];
            }
        }
        frame.set_pts(Some(self.samples));
        self.samples += AAC_SAMPLES as i64;
        self.encoder.send_frame(&frame)?;
        self.drain()
    }

    fn drain(&mut self) -> Result<(), ffmpeg_next::Error> {
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            let packet = std::mem::replace(&mut packet, Packet::empty());
            // The priming packet stands before time 0. Without it the first 21 ms fade in, and no
            // player needs to honour an edit list to keep sound and picture together.
            if packet.pts().is_some_and(|pts| pts >= 0) {
                self.hls.write(packet)?;
            }
        }
        Ok(())
    }

    /// Writes what is left and the playlist.
    pub fn finish(mut self) -> Result<Traffic, ffmpeg_next::Error> {
        if !self.waiting.is_empty() {
            let rest = std::mem::take(&mut self.waiting);
            self.encode(&rest)?;
        }
        self.encoder.send_eof()?;
        self.drain()?;
        self.hls.finish()
    }
}
