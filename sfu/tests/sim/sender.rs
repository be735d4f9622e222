//! A simulated browser's sending half: encoders with simulcast, microphone, retransmissions, reports.

use crate::content::{Content, PAYLOAD_BYTES, Video, Vp8Counters};
use crate::offers::{
    AUDIO_LEVEL, BOARD_MID, CAMERA_MID, MIC_MID, MID, OPUS_PT, REPAIRED_RID, RID, TRANSPORT_CC, payload_types,
};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tongtang_protocol::lesson::Source;
use tongtang_sfu::ingress::clock::unix_us_to_ntp;
use tongtang_sfu::packet::rtcp::{self, Part, build, transport_cc};
use tongtang_sfu::packet::rtp::{FixedHeader, HeaderWriter};

const FRAME_INTERVAL: Duration = Duration::from_millis(40);
const AUDIO_INTERVAL: Duration = Duration::from_millis(20);

/// One SSRC.
pub struct Stream {
    pub source: Source,
    pub rid: Option<&'static str>,
    pub layer: u8,
    pub ssrc: u32,
    pub rtx_ssrc: u32,
    pub is_on: bool,
    sequence: u16,
    rtx_sequence: u16,
    timestamp_base: u32,
    frame: u32,
    pub needs_keyframe: bool,
    vp8: Vp8Counters,
    history: HashMap<u16, (FixedHeader, Vec<u8>)>,
    packets: u32,
}

pub struct Sender {
    publisher: u8,
    codec: Video,
    pub streams: Vec<Stream>,
    pub audio_level: u8,
    /// Plain packets to seal and send.
    pub outgoing: Vec<Vec<u8>>,
    pub outgoing_rtcp: Vec<Vec<u8>>,
    transport_number: u16,
    next_frame: Instant,
    next_audio: Instant,
    next_report: Instant,
    started: Instant,
    is_running: bool,
    /// What was heard from the server.
    pub plis: Vec<Instant>,
    pub nacked: u32,
    pub keyframes: u32,
    pub transport_told: Vec<u16>,
    pub transport_lost: Vec<u16>,
    /// When the packets arrived, as the server tells it.
    pub transport_arrivals_us: Vec<i64>,
    pub receiver_reports: Vec<rtcp::ReportBlock>,
    pub answers_plis: bool,
    /// Appends padding of 1 to 64 bytes to each packet, as encoders with a constant rate do.
    pub pads: bool,
    /// Bitrates that the server allowed.
    pub rembs: Vec<u64>,
}

impl Sender {
    /// `sources` with their layers; `publisher` marks the content.
    pub fn new(
        now: Instant,
        publisher: u8,
        codec: Video,
        rids: &[&'static str],
        sources: &[Source],
    ) -> Sender {
        let mut streams = Vec::new();
        let base = u32::from(publisher) * 1_000;
        for &source in sources {
            let layers: Vec<Option<&'static str>> = match source {
                Source::Camera if !rids.is_empty() => rids.iter().copied().map(Some).collect(),
                _ => vec![None],
            };
            for (layer, rid) in layers.into_iter().enumerate() {
                let number = streams.len() as u32;
                streams.push(Stream {
                    source,
                    rid,
                    layer: layer as u8 + if source == Source::Board { 10 } else { 0 },
                    ssrc: base + 2 * number + 10,
                    rtx_ssrc: base + 2 * number + 11,
                    is_on: true,
                    // Close to the wrap, so that it is met in every test.
                    sequence: 65_400 + 10 * number as u16,
                    rtx_sequence: 65_500,
                    timestamp_base: 0xFFFF_0000 - number * 77,
                    frame: 0,
                    needs_keyframe: true,
                    vp8: Vp8Counters { picture_id: 0x7FF0 + number as u16, tl0: 250, key: 3 },
                    history: HashMap::new(),
                    packets: 0,
                });
            }
        }
        Sender {
            publisher,
            codec,
            streams,
            audio_level: 30,
            outgoing: Vec::new(),
            outgoing_rtcp: Vec::new(),
            transport_number: 65_000,
            next_frame: now,
            next_audio: now,
            next_report: now,
            started: now,
            is_running: false,
            plis: Vec::new(),
            nacked: 0,
            keyframes: 0,
            transport_told: Vec::new(),
            transport_lost: Vec::new(),
            transport_arrivals_us: Vec::new(),
            receiver_reports: Vec::new(),
            answers_plis: true,
            pads: false,
            rembs: Vec::new(),
        }
    }

    pub fn next_timeout(&self) -> Instant {
        self.next_frame.min(self.next_audio).min(self.next_report)
    }

    pub fn handle_timeout(&mut self, now: Instant, unix_us: u64) {
        if !std::mem::replace(&mut self.is_running, true) {
            (self.next_frame, self.next_audio, self.next_report) = (now, now, now);
        }
        if self.next_frame <= now {
            self.next_frame += FRAME_INTERVAL;
            for index in 0..self.streams.len() {
                if self.streams[index].is_on && self.streams[index].source != Source::Microphone {
                    self.frame(now, index);
                }
            }
        }
        if self.next_audio <= now {
            self.next_audio += AUDIO_INTERVAL;
            for index in 0..self.streams.len() {
                if self.streams[index].is_on && self.streams[index].source == Source::Microphone {
                    self.audio(now, index);
                }
            }
        }
        if self.next_report <= now {
            self.next_report += Duration::from_secs(1);
            let started = self.started;
            for stream in &self.streams {
                let clock = if stream.source == Source::Microphone { 48_000 } else { 90_000 };
                let rtp = timestamp(stream.timestamp_base, now - started, clock);
                let mut report = Vec::new();
                // The publisher's clock is an hour and a bit ahead.
                let ntp = unix_us_to_ntp(unix_us + 3_601_000_000);
                build::sender_report(&mut report, stream.ssrc, ntp, rtp, stream.packets, 0);
                self.outgoing_rtcp.push(report);
            }
        }
    }

    fn frame(&mut self, now: Instant, index: usize) {
        let stream = &mut self.streams[index];
        let is_keyframe = std::mem::take(&mut stream.needs_keyframe);
        stream.frame += 1;
        stream.vp8.picture_id = (stream.vp8.picture_id + 1) & 0x7FFF;
        stream.vp8.tl0 = stream.vp8.tl0.wrapping_add(1);
        if is_keyframe {
            stream.vp8.key = (stream.vp8.key + 1) & 31;
            self.keyframes += 1;
        }
        let packets = if is_keyframe { 8 } else { 1 + u16::from(stream.layer % 10) };
        let (frame, layer, vp8) = (stream.frame, stream.layer, stream.vp8);
        let timestamp = timestamp(stream.timestamp_base, now - self.started, 90_000);
        for packet in 0..packets {
            let content = Content { publisher: self.publisher, layer, frame, packet, packets, is_keyframe };
            let payload = content.payload(self.codec, vp8, PAYLOAD_BYTES + usize::from(packet % 3));
            let payload_type = payload_types(self.codec).0;
            self.send(index, packet + 1 == packets, payload_type, timestamp, &payload, None);
        }
    }

    fn audio(&mut self, now: Instant, index: usize) {
        let stream = &mut self.streams[index];
        stream.frame += 1;
        let payload = [&[self.publisher][..], &stream.frame.to_be_bytes()].concat();
        let timestamp = timestamp(stream.timestamp_base, now - self.started, 48_000);
        let level = self.audio_level;
        self.send(index, false, OPUS_PT, timestamp, &payload, Some(level));
    }

    fn send(
        &mut self,
        index: usize,
        marker: bool,
        payload_type: u8,
        timestamp: u32,
        payload: &[u8],
        level: Option<u8>,
    ) {
        let stream = &mut self.streams[index];
        stream.sequence = stream.sequence.wrapping_add(1);
        stream.packets += 1;
        let fixed =
            FixedHeader { marker, payload_type, sequence: stream.sequence, timestamp, ssrc: stream.ssrc };
        stream.history.insert(stream.sequence, (fixed, payload.to_vec()));
        let rid = stream.rid.map(|rid| (RID, rid));
        self.write(fixed, mid(self.streams[index].source), rid, level, payload);
    }

    fn write(
        &mut self,
        fixed: FixedHeader,
        mid: &str,
        rid: Option<(u8, &str)>,
        level: Option<u8>,
        payload: &[u8],
    ) {
        let mut packet = Vec::new();
        let mut header = HeaderWriter::begin(&mut packet, fixed);
        header.extension(MID, mid.as_bytes());
        if let Some((id, rid)) = rid {
            header.extension(id, rid.as_bytes());
        }
        self.transport_number = self.transport_number.wrapping_add(1);
        header.extension(TRANSPORT_CC, &self.transport_number.to_be_bytes());
        if let Some(level) = level {
            header.extension(AUDIO_LEVEL, &[level]);
        }
        header.finish();
        packet.extend_from_slice(payload);
        if self.pads {
            let padding = 1 + self.transport_number % 64;
            packet[0] |= 0x20;
            packet.resize(packet.len() + usize::from(padding), 0);
            *packet.last_mut().unwrap() = padding as u8;
        }
        self.outgoing.push(packet);
    }

    /// A packet of padding alone, as Chromium probes its link with.
    pub fn probe(&mut self, source: Source) {
        let stream = self.streams.iter().find(|stream| stream.source == source).unwrap();
        let (sequence, ssrc) = (stream.sequence, stream.ssrc);
        let payload_type = payload_types(self.codec).0;
        let fixed = FixedHeader { marker: false, payload_type, sequence, timestamp: 0, ssrc };
        let mut padding = [0; 200];
        padding[199] = 200;
        self.write(fixed, mid(source), None, None, &padding);
        if let Some(packet) = self.outgoing.last_mut() {
            packet[0] |= 0x20;
        }
    }

    pub fn handle_rtcp(&mut self, now: Instant, compound: &[u8]) {
        for part in rtcp::parts(compound) {
            match part {
                Part::Pli(ssrc) => {
                    let stream = self.streams.iter().find(|stream| stream.ssrc == ssrc).unwrap();
                    let source = stream.source;
                    self.plis.push(now);
                    if self.answers_plis {
                        // Like browsers: one request keys every layer of the encoder.
                        for stream in self.streams.iter_mut().filter(|stream| stream.source == source) {
                            stream.needs_keyframe = true;
                        }
                    }
                }
                Part::Nack { media, lost } => lost.for_each(|sequence| self.retransmit(media, sequence)),
                Part::TransportCc(fci) => {
                    let feedback = transport_cc::parse(fci).unwrap();
                    self.transport_arrivals_us.extend(feedback.arrivals_us.iter().flatten());
                    for (n, arrival) in feedback.arrivals_us.iter().enumerate() {
                        let number = feedback.base.wrapping_add(n as u16);
                        let list = if arrival.is_some() {
                            &mut self.transport_told
                        } else {
                            &mut self.transport_lost
                        };
                        list.push(number);
                    }
                }
                Part::Remb(bps) => self.rembs.push(bps),
                Part::ReceiverReport(reports) => self.receiver_reports.extend(reports),
                _ => {}
            }
        }
    }

    fn retransmit(&mut self, media: u32, sequence: u16) {
        self.nacked += 1;
        let rtx = payload_types(self.codec).1;
        let index = self.streams.iter().position(|stream| stream.ssrc == media).unwrap();
        let stream = &mut self.streams[index];
        let Some((fixed, payload)) = stream.history.get(&sequence) else { return };
        stream.rtx_sequence = stream.rtx_sequence.wrapping_add(1);
        let rtx =
            FixedHeader { ssrc: stream.rtx_ssrc, sequence: stream.rtx_sequence, payload_type: rtx, ..*fixed };
        let payload = [&sequence.to_be_bytes()[..], payload].concat();
        let rid = stream.rid.map(|rid| (REPAIRED_RID, rid));
        let mid = mid(stream.source);
        self.write(rtx, mid, rid, None, &payload);
    }
}

fn mid(source: Source) -> &'static str {
    match source {
        Source::Microphone => MIC_MID,
        Source::Camera => CAMERA_MID,
        Source::Board => BOARD_MID,
    }
}

fn timestamp(base: u32, elapsed: Duration, clock_rate_hz: u64) -> u32 {
    base.wrapping_add((elapsed.as_micros() as u64 * clock_rate_hz / 1_000_000) as u32)
}
