//! Recordings for tests: real media, coded by FFmpeg, cut into RTP, written with capture's own writer.

use std::path::{Path, PathBuf};
use std::process::Command;
use tongtang_protocol::control::RecordingSpec;
use tongtang_protocol::ids::{LessonId, ParticipantId, RecordingId, RoomId};
use tongtang_protocol::lesson::{LessonEvent, LessonEventKind, RecordingOf, Source};
use tongtang_protocol::units::UnixMillis;
use tongtang_recorder::manifest::{Finished, Line, Manifest};
use tongtang_recorder::recording;
use tongtang_recorder::segment::{PacketKind, Record, Writer};
use tongtang_recorder::track::Track;
use tongtang_roq::control::{Flow, FlowCodec, FlowId};

/// When every test lesson begins.
pub const START_MS: i64 = 1_795_000_000_000;
pub const START_US: i64 = START_MS * 1000;
const MTU: usize = 1100;
const FRAGMENT_US: u64 = 2_000_000;

/// A coded picture or Opus packet.
#[derive(Debug, Clone)]
pub struct Coded {
    pub at_us: i64,
    pub data: Vec<u8>,
}

fn ffmpeg(args: &[&str], out: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-y"])
        .args(args)
        .arg(out)
        .output()
        .expect("the ffmpeg program is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn packets(path: &Path, step_us: i64) -> Vec<Coded> {
    ffmpeg_next::init().unwrap();
    let mut input = ffmpeg_next::format::input(path).unwrap();
    let mut coded = Vec::new();
    let mut packet = ffmpeg_next::Packet::empty();
    while packet.read(&mut input).is_ok() {
        coded.push(Coded { at_us: coded.len() as i64 * step_us, data: packet.data().unwrap().to_vec() });
    }
    coded
}

/// Pictures of an FFmpeg source, 25 a second, a keyframe every `gop`.
pub fn h264(source: &str, seconds: u32, gop: u32) -> Vec<Coded> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("video.h264");
    let (seconds, gop) = (seconds.to_string(), gop.to_string());
    let args =
        ["-f", "lavfi", "-i", source, "-t", &seconds, "-r", "25", "-pix_fmt", "yuv420p", "-c:v", "libx264"];
    let more = ["-profile:v", "baseline", "-preset", "ultrafast", "-tune", "zerolatency", "-g", &gop];
    let rest = ["-x264-params", "scenecut=0:slices=1", "-f", "h264"];
    ffmpeg(&[&args[..], &more, &rest].concat(), &path);
    packets(&path, 40_000)
}

/// The same as VP8.
pub fn vp8(source: &str, seconds: u32, gop: u32) -> Vec<Coded> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("video.ivf");
    let (seconds, gop) = (seconds.to_string(), gop.to_string());
    let args =
        ["-f", "lavfi", "-i", source, "-t", &seconds, "-r", "25", "-pix_fmt", "yuv420p", "-c:v", "libvpx"];
    let more = ["-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-auto-alt-ref", "0"];
    let rest = ["-b:v", "500k", "-g", &gop, "-f", "ivf"];
    ffmpeg(&[&args[..], &more, &rest].concat(), &path);
    packets(&path, 40_000)
}

/// 20 ms packets of an FFmpeg sound source.
pub fn opus(source: &str, seconds: u32) -> Vec<Coded> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.ogg");
    let seconds = seconds.to_string();
    let args = ["-f", "lavfi", "-i", source, "-t", &seconds, "-c:a", "libopus", "-b:a", "48k", "-f", "ogg"];
    ffmpeg(&args, &path);
    packets(&path, 20_000)
}

/// A plain picture.
pub fn plain(luma: u8, width: u32, height: u32) -> String {
    format!("color=c=black:s={width}x{height}:r=25,format=yuv420p,lutyuv=y={luma}:u=128:v=128")
}

/// A dark picture, white from 1.0 to 1.2 s of every two seconds.
pub fn flashes(width: u32, height: u32) -> String {
    format!(
        "color=c=black:s={width}x{height}:r=25,format=yuv420p,lutyuv=y=60:u=128:v=128,\
         drawbox=c=white:t=fill:enable='between(mod(t,2),0.999,1.199)'"
    )
}

/// Silence, a tone from 1.0 to 1.2 s of every two seconds.
pub const BEEPS: &str = "aevalsrc='if(between(mod(t,2),1,1.2),0.3*sin(2*PI*1000*t),0)':s=48000";

/// Who sends what.
#[derive(Debug, Clone)]
pub struct Sent {
    pub participant: &'static str,
    pub source: Source,
    pub codec: FlowCodec,
    pub rid: Option<&'static str>,
    /// When its first picture was captured, after the start of the lesson.
    pub from_us: i64,
    /// What the network adds until it is at the sfu.
    pub delay_us: i64,
    /// Does the network change the order of packets and repeat some?
    pub disordered: bool,
    /// Are some bytes of the payloads wrong?
    pub damaged: bool,
}

pub fn camera(participant: &'static str, codec: FlowCodec) -> Sent {
    Sent {
        participant,
        source: Source::Camera,
        codec,
        rid: None,
        from_us: 0,
        delay_us: 30_000,
        disordered: false,
        damaged: false,
    }
}

pub fn board(participant: &'static str) -> Sent {
    Sent { source: Source::Board, ..camera(participant, FlowCodec::H264) }
}

pub fn microphone(participant: &'static str) -> Sent {
    Sent { source: Source::Microphone, delay_us: 50_000, ..camera(participant, FlowCodec::Opus) }
}

/// A recording being made up.
pub struct Lesson {
    pub media: tempfile::TempDir,
    pub id: RecordingId,
    manifest: Manifest,
    flows: u64,
    events: u64,
}

impl Lesson {
    pub fn new() -> Self {
        Self::named("rec-1")
    }

    pub fn named(id: &str) -> Self {
        let media = tempfile::tempdir().unwrap();
        let id = RecordingId::new(id).unwrap();
        std::fs::create_dir_all(media.path().join(id.as_str())).unwrap();
        let mut manifest = Manifest::open(&media.path().join(id.as_str())).unwrap();
        let spec = RecordingSpec {
            of: RecordingOf {
                recording_id: id.clone(),
                lesson_id: LessonId::new("lesson-1").unwrap(),
                title: "三年级音乐：茉莉花".into(),
            },
            room: RoomId::new("lesson-1").unwrap(),
            tap_addr: "127.0.0.1:1".parse().unwrap(),
            sfu_epoch: 1,
        };
        manifest.append(vec![Line::Recording { spec, at_unix_us: START_US as u64 }]).unwrap();
        Self { media, id, manifest, flows: 0, events: 0 }
    }

    pub fn folder(&self) -> PathBuf {
        self.media.path().join(self.id.as_str())
    }

    pub fn out(&self) -> PathBuf {
        self.folder().join("out")
    }

    pub fn event(&mut self, at_ms: i64, kind: LessonEventKind) {
        self.events += 1;
        let event = LessonEvent { seq: self.events, at: UnixMillis(START_MS + at_ms), kind };
        self.manifest.append(vec![Line::Lesson { event }]).unwrap();
    }

    pub fn live(&mut self, at_ms: i64) {
        self.event(at_ms, LessonEventKind::Live { teacher: who("teacher") });
    }

    pub fn stage(&mut self, at_ms: i64, on: Option<(&str, &str)>) {
        let participant = on.map(|(id, _)| who(id));
        let name = on.map(|(_, name)| name.into());
        self.event(at_ms, LessonEventKind::Stage { participant, name });
    }

    pub fn finish(&mut self) {
        let totals = self.manifest.contents().totals();
        self.manifest.append(vec![Line::Finished(Finished { at_unix_us: START_US as u64, totals })]).unwrap();
    }

    /// Sends coded media; `keep` says of each RTP packet (by its number) whether it arrives.
    pub fn send(&mut self, sent: &Sent, coded: &[Coded], keep: impl Fn(u64, i64) -> bool) {
        self.flows += 1;
        let ssrc = 1000 + self.flows as u32;
        let clock_rate_hz = if sent.codec == FlowCodec::Opus { 48_000 } else { 90_000 };
        let track = Track {
            sfu_epoch: 1,
            flow: Flow {
                id: FlowId(self.flows),
                participant: who(sent.participant),
                source: sent.source,
                codec: sent.codec,
                rid: sent.rid.map(Into::into),
                ssrc,
                payload_type: 96,
                clock_rate_hz,
            },
        };
        let at_unix_us = START_US as u64;
        self.manifest.append(vec![Line::Track { track: track.clone(), at_unix_us }]).unwrap();
        let folder = recording::track_folder(&self.folder(), track.key());
        std::fs::create_dir_all(&folder).unwrap();

        let mut stream = Stream::new(ssrc, clock_rate_hz);
        let mut packets: Vec<(u64, PacketKind, Vec<u8>)> = Vec::new();
        let mut number = 0;
        for unit in coded {
            let captured_us = START_US + sent.from_us + unit.at_us;
            let arrival_us = (captured_us + sent.delay_us) as u64;
            if unit.at_us % 1_000_000 == 0 {
                packets.push((arrival_us, PacketKind::Rtcp, stream.report(captured_us)));
            }
            for packet in stream.packets(sent.codec, captured_us, &unit.data) {
                if keep(number, captured_us - START_US) {
                    packets.push((arrival_us, PacketKind::Rtp, packet));
                }
                number += 1;
            }
        }
        if sent.damaged {
            for (number, (_, _, packet)) in packets.iter_mut().enumerate().skip(40).step_by(9) {
                let at = 12 + number * 7919 % (packet.len() - 12);
                packet[at] ^= 0x5b;
            }
        }
        if sent.disordered {
            for at in (3..packets.len()).step_by(5) {
                let (early, late) = (packets[at - 3].clone(), packets[at].clone());
                (packets[at - 3].2, packets[at].2) = (late.2, early.2);
                (packets[at - 3].1, packets[at].1) = (late.1, early.1);
            }
            let again: Vec<_> = packets.iter().step_by(7).cloned().collect();
            packets.extend(again);
            packets.sort_by_key(|packet| packet.0);
        }
        let first = packets.first().map_or(0, |packet| packet.0);
        let mut writer: Option<(u32, Writer)> = None;
        for (index, (arrival_unix_us, kind, packet)) in (0u64..).zip(&packets) {
            let fragment = ((arrival_unix_us - first) / FRAGMENT_US) as u32 + 1;
            if writer.as_ref().is_none_or(|(number, _)| *number != fragment) {
                if let Some((_, mut done)) = writer.take() {
                    done.write_through().unwrap();
                }
                let path = recording::fragment_path(&self.folder(), track.key(), fragment);
                writer = Some((fragment, Writer::new(path, fragment, &track)));
            }
            let record = Record { kind: *kind, index, arrival_unix_us: *arrival_unix_us, packet };
            writer.as_mut().unwrap().1.append(&record);
        }
        if let Some((_, mut done)) = writer {
            done.write_through().unwrap();
        }
    }
}

pub fn who(id: &str) -> ParticipantId {
    ParticipantId::new(id).unwrap()
}

/// A sender of RTP.
struct Stream {
    ssrc: u32,
    clock_rate_hz: i64,
    sequence: u16,
    picture_id: u16,
}

impl Stream {
    fn new(ssrc: u32, clock_rate_hz: u32) -> Self {
        // Close to the wraps, so that every test crosses them.
        Self { ssrc, clock_rate_hz: i64::from(clock_rate_hz), sequence: 65_500, picture_id: 1 }
    }

    fn timestamp(&self, captured_us: i64) -> u32 {
        let ticks = i128::from(captured_us - START_US) * i128::from(self.clock_rate_hz) / 1_000_000;
        (u32::MAX - 90_000).wrapping_add(ticks as u32).wrapping_add(self.ssrc)
    }

    /// The publisher's own clock is an hour wrong.
    fn report(&self, captured_us: i64) -> Vec<u8> {
        let ntp_us = captured_us - 3_600_000_000;
        let mut packet = vec![0x80, 200, 0, 6];
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(((ntp_us / 1_000_000 + 2_208_988_800) as u32).to_be_bytes());
        packet.extend(((((ntp_us % 1_000_000) as u64) << 32) / 1_000_000).to_be_bytes()[4..].iter());
        packet.extend(self.timestamp(captured_us).to_be_bytes());
        packet.extend([0; 8]);
        packet
    }

    fn packets(&mut self, codec: FlowCodec, captured_us: i64, data: &[u8]) -> Vec<Vec<u8>> {
        let payloads = match codec {
            FlowCodec::H264 => h264_payloads(data),
            FlowCodec::Vp8 => {
                self.picture_id += 1;
                vp8_payloads(self.picture_id, data)
            }
            FlowCodec::Opus => vec![data.to_vec()],
        };
        let last = payloads.len() - 1;
        let timestamp = self.timestamp(captured_us);
        payloads
            .into_iter()
            .enumerate()
            .map(|(n, payload)| {
                let marker = codec != FlowCodec::Opus && n == last;
                let mut packet = vec![0x80, 96 | if marker { 0x80 } else { 0 }];
                packet.extend(self.sequence.to_be_bytes());
                packet.extend(timestamp.to_be_bytes());
                packet.extend(self.ssrc.to_be_bytes());
                packet.extend(payload);
                self.sequence = self.sequence.wrapping_add(1);
                packet
            })
            .collect()
    }
}

fn nals(annex_b: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    for at in 0..annex_b.len().saturating_sub(2) {
        if annex_b[at..at + 3] == [0, 0, 1] {
            starts.push(at);
        }
    }
    let mut nals = Vec::new();
    for (n, start) in starts.iter().enumerate() {
        let mut end = starts.get(n + 1).copied().unwrap_or(annex_b.len());
        while n + 1 < starts.len() && annex_b[end - 1] == 0 {
            end -= 1;
        }
        nals.push(&annex_b[start + 3..end]);
    }
    nals
}

/// Small units together in a STAP-A, large ones in FU-As, as Chromium does.
fn h264_payloads(annex_b: &[u8]) -> Vec<Vec<u8>> {
    let (small, large): (Vec<&[u8]>, Vec<&[u8]>) = nals(annex_b)
        .into_iter()
        .filter(|nal| !matches!(nal[0] & 0x1f, 6 | 9))
        .partition(|nal| matches!(nal[0] & 0x1f, 7 | 8));
    let mut payloads = Vec::new();
    if !small.is_empty() {
        let mut stap = vec![0x60 | 24];
        for nal in small {
            stap.extend((nal.len() as u16).to_be_bytes());
            stap.extend(nal);
        }
        payloads.push(stap);
    }
    for nal in large {
        if nal.len() <= MTU {
            payloads.push(nal.to_vec());
            continue;
        }
        let pieces: Vec<&[u8]> = nal[1..].chunks(MTU).collect();
        for (n, piece) in pieces.iter().enumerate() {
            let start = if n == 0 { 0x80 } else { 0 };
            let end = if n + 1 == pieces.len() { 0x40 } else { 0 };
            payloads.push([&[nal[0] & 0xe0 | 28, start | end | nal[0] & 0x1f][..], piece].concat());
        }
    }
    payloads
}

fn vp8_payloads(picture_id: u16, data: &[u8]) -> Vec<Vec<u8>> {
    data.chunks(MTU)
        .enumerate()
        .map(|(n, piece)| {
            let start = if n == 0 { 0x10 } else { 0 };
            let id = picture_id.to_be_bytes();
            [&[0x80 | start, 0x80, 0x80 | id[0], id[1]][..], piece].concat()
        })
        .collect()
}
