//! A camera and a microphone, sans-IO: a recording sent with its real sizes, moments and markers.
//!
//! Enters: the time, datagrams of the server. Leaves: sealed datagrams. It repeats packets that are asked for, in bounds, and makes
//! keyframes when asked, as a browser does, and never changes its rate, so that runs can be compared.

mod repairs;

use crate::departures::Departures;
use crate::media::Clip;
use crate::payload::{self, Source, VOICE, Vp8Counters};
use crate::peer::{Peer, Srtp};
use crate::schedule::{Due, Schedule};
use crate::sdp::any::Agreed;
use crate::sdp::{CAMERA_MID, MICROPHONE_MID, extension};
use repairs::Repairs;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tongtang_sfu::demux::{Kind, classify};
use tongtang_sfu::ingress::clock::unix_us_to_ntp;
use tongtang_sfu::packet::rtcp::{self, Part, build};
use tongtang_sfu::packet::rtp::{FixedHeader, HeaderWriter};

/// Between sender reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Packets of a stream that name their m-line and layer; browsers do it until they are acknowledged.
const NAMED_PACKETS: u64 = 50;
/// Packets of a stream that can be asked for again.
const MAX_HISTORY: usize = 1_024;
/// The level (in dB below the loudest) of somebody who speaks.
const SPEECH_LEVEL: u8 = 30;

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For intervals.
    pub mono: Instant,
    /// Nanoseconds since 1970, for what crosses processes.
    pub unix_ns: u64,
}

impl Now {
    /// Reads the clocks.
    pub fn read() -> Self {
        let unix = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self { mono: Instant::now(), unix_ns: unix.as_nanos() as u64 }
    }
}

/// What follows the header of a packet.
#[derive(Debug, Clone, Copy)]
struct Body {
    /// Of a packet that is sent again, the number it had (RFC 4588 §4).
    original: Option<u16>,
    recorded: &'static [u8],
    vp8: Vp8Counters,
}

/// One SSRC.
struct Stream {
    source: Source,
    rid: Option<String>,
    ssrc: u32,
    rtx_ssrc: u32,
    timestamp_base: u32,
    /// Packets so far.
    number: u64,
    rtx_number: u16,
    /// Where the counters of VP8 begin.
    vp8_base: Vp8Counters,
    history: VecDeque<Past>,
}

/// A packet that can be asked for again.
struct Past {
    fixed: FixedHeader,
    body: Body,
    /// As it left, where it is repeated as it is: there is no stream for repetitions.
    sealed: Option<bytes::BytesMut>,
}

/// What a publisher has sent so far.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// Packets of each stream, without retransmissions.
    pub packets: Vec<(Source, u64)>,
    /// Keyframes of the largest layer.
    pub keyframes: u64,
    /// Requests for one.
    pub keyframe_requests: u64,
    /// Packets that were asked for again and sent.
    pub retransmitted: u64,
    /// Those that were asked for and not sent, because it would have been too much.
    pub refused: u64,
}

impl Sent {
    /// Packets of the largest picture and of the sound.
    pub fn expected(&self) -> u64 {
        let pictures = self.packets.iter().filter(|(source, _)| source.layer != VOICE);
        let picture = pictures.max_by_key(|(source, _)| source.layer);
        picture.map_or(0, |(_, packets)| *packets) + self.voices()
    }

    /// Packets of sound.
    pub fn voices(&self) -> u64 {
        self.packets.iter().filter(|(source, _)| source.layer == VOICE).map(|(_, n)| n).sum()
    }

    /// Packets of all pictures.
    pub fn pictures(&self) -> u64 {
        self.packets.iter().filter(|(source, _)| source.layer != VOICE).map(|(_, n)| n).sum()
    }
}

/// A publishing session.
pub struct Publisher {
    /// Its connection.
    pub peer: Peer,
    clip: Arc<Clip>,
    departures: Arc<Departures>,
    agreed: Agreed,
    schedule: Schedule,
    streams: Vec<Stream>,
    started: Option<Instant>,
    transport_number: u16,
    next_report: Instant,
    keyframe_requests: u64,
    repairs: Repairs,
    /// The packet that is being made.
    plain: Vec<u8>,
    /// Sealed, to be sent now.
    pub outgoing: Vec<bytes::BytesMut>,
    /// How late packets left, in microseconds, since somebody took these.
    pub late_us: Vec<u32>,
    /// It sends no media, as somebody who has switched off camera and microphone.
    pub is_paused: bool,
}

impl Publisher {
    /// A publisher of this recording, known by `number`; `departures` gets the moment of each packet.
    pub fn new(
        peer: Peer,
        clip: Arc<Clip>,
        number: u16,
        departures: Arc<Departures>,
        agreed: Agreed,
        uplink_mbit: Option<f64>,
        now: Instant,
    ) -> Self {
        let stream = |layer: u8, rid: Option<String>| Stream {
            source: Source { publisher: number, layer },
            rid,
            ssrc: agreed
                .ssrcs
                .map_or_else(rand::random, |ssrcs| if layer == VOICE { ssrcs.voice } else { ssrcs.picture }),
            rtx_ssrc: agreed.ssrcs.map_or_else(rand::random, |ssrcs| ssrcs.repairs),
            timestamp_base: rand::random(),
            number: 0,
            rtx_number: rand::random::<u16>() & 0x7FFF,
            vp8_base: Vp8Counters { picture_id: rand::random::<u16>() & 0x7FFF, tl0: rand::random(), key: 0 },
            history: VecDeque::new(),
        };
        let cameras =
            clip.layers.iter().enumerate().map(|(rank, layer)| stream(rank as u8, layer.rid.clone()));
        let streams = cameras.chain([stream(VOICE, None)]).collect();
        Self {
            peer,
            schedule: Schedule::new(clip.clone(), uplink_mbit),
            clip,
            departures,
            agreed,
            streams,
            started: None,
            transport_number: rand::random(),
            next_report: now,
            keyframe_requests: 0,
            repairs: Repairs::default(),
            plain: Vec::new(),
            outgoing: Vec::new(),
            late_us: Vec::new(),
            is_paused: false,
        }
    }

    /// What it has sent.
    pub fn sent(&self) -> Sent {
        Sent {
            packets: self.streams.iter().map(|stream| (stream.source, stream.number)).collect(),
            keyframes: self.schedule.keyframes(),
            keyframe_requests: self.keyframe_requests,
            retransmitted: self.repairs.sent,
            refused: self.repairs.refused,
        }
    }

    /// When [`Publisher::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Instant {
        let peer = self.peer.poll_timeout();
        let Some(started) = self.started.filter(|_| !self.is_paused) else { return peer };
        let media = started + Duration::from_micros(self.schedule.next_us());
        peer.min(self.next_report).min(media)
    }

    /// Sends what is due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.peer.handle_timeout(now.mono);
        while let Some(datagram) = self.peer.poll_transmit() {
            self.outgoing.push(datagram.as_slice().into());
        }
        if self.peer.srtp.is_none() || self.is_paused {
            return;
        }
        let started = *self.started.get_or_insert(now.mono);
        let now_us = now.mono.saturating_duration_since(started).as_micros() as u64;
        while let Some(packet) = self.schedule.pop(now_us) {
            self.late_us.push((now_us - packet.departure_us).min(u64::from(u32::MAX)) as u32);
            self.send(now, &packet);
        }
        if self.next_report <= now.mono {
            self.next_report = now.mono + REPORT_INTERVAL;
            self.report(now, now_us);
        }
    }

    fn send(&mut self, now: Now, packet: &Due) {
        let stream = &mut self.streams[packet.stream];
        let is_voice = stream.source.layer == VOICE;
        let terms = if is_voice { self.agreed.voice } else { self.agreed.picture };
        let fixed = FixedHeader {
            marker: packet.is_last,
            payload_type: terms.payload_type,
            sequence: stream.number as u16,
            timestamp: stream.timestamp_base.wrapping_add(packet.ticks),
            ssrc: stream.ssrc,
        };
        let recorded = packet.packet.payload;
        let body = Body { original: None, recorded, vp8: packet.vp8.after(stream.vp8_base) };
        self.departures.note(packet.packet.id, packet.round, now.unix_ns);
        self.repairs.earn(recorded.len());
        let is_named = stream.number < NAMED_PACKETS;
        let rid = stream.rid.clone().filter(|_| is_named).map(|rid| (extension::RID, rid));
        stream.number += 1;
        self.write(now, fixed, is_voice, is_named, rid, body);
        if is_voice {
            // It is not asked for again.
            return;
        }
        let history = &mut self.streams[packet.stream].history;
        if history.len() == MAX_HISTORY {
            history.pop_front();
        }
        let sealed = self.outgoing.last().filter(|_| terms.repairs_payload_type.is_none()).cloned();
        history.push_back(Past { fixed, body, sealed });
    }

    fn write(
        &mut self,
        now: Now,
        fixed: FixedHeader,
        is_voice: bool,
        is_named: bool,
        rid: Option<(u8, String)>,
        body: Body,
    ) {
        let mut packet = std::mem::take(&mut self.plain);
        packet.clear();
        let mut header = HeaderWriter::begin(&mut packet, fixed);
        // Seconds as 6.18 fixed point.
        let seconds = ((u128::from(now.unix_ns) << 18) / 1_000_000_000) as u32;
        let terms = if is_voice { self.agreed.voice } else { self.agreed.picture };
        if terms.has(extension::ABS_SEND_TIME) {
            header.extension(extension::ABS_SEND_TIME, &seconds.to_be_bytes()[1..]);
        }
        if terms.has(extension::TRANSPORT_CC) {
            self.transport_number = self.transport_number.wrapping_add(1);
            header.extension(extension::TRANSPORT_CC, &self.transport_number.to_be_bytes());
        }
        if is_voice && terms.has(extension::AUDIO_LEVEL) {
            header.extension(extension::AUDIO_LEVEL, &[SPEECH_LEVEL]);
        }
        if is_named && terms.has(extension::MID) {
            let mid = if is_voice { MICROPHONE_MID } else { CAMERA_MID };
            header.extension(extension::MID, mid.as_bytes());
        }
        if let Some((id, rid)) = rid {
            header.extension(id, rid.as_bytes());
        }
        header.finish();
        if let Some(original) = body.original {
            packet.extend_from_slice(&original.to_be_bytes());
        }
        if is_voice {
            packet.extend_from_slice(body.recorded);
        } else {
            payload::video(&mut packet, self.clip.codec, body.vp8, body.recorded);
        }
        if let Some(Srtp { seal, .. }) = &mut self.peer.srtp {
            match seal.encrypt_rtp(&packet) {
                Ok(sealed) => self.outgoing.push(sealed),
                Err(error) => self.peer.failed = Some(error.to_string()),
            }
        }
        self.plain = packet;
    }

    fn report(&mut self, now: Now, now_us: u64) {
        let Some(Srtp { seal, .. }) = &mut self.peer.srtp else { return };
        for stream in &self.streams {
            let ticks = if stream.source.layer == VOICE { now_us * 48 / 1_000 } else { now_us * 9 / 100 };
            let rtp = stream.timestamp_base.wrapping_add(ticks as u32);
            let mut report = Vec::with_capacity(64);
            let ntp = unix_us_to_ntp(now.unix_ns / 1_000);
            build::sender_report(&mut report, stream.ssrc, ntp, rtp, stream.number as u32, 0);
            build::sdes_cname(&mut report, stream.ssrc, "bench");
            if let Ok(sealed) = seal.encrypt_rtcp(&report) {
                self.outgoing.push(sealed);
            }
        }
    }

    /// A datagram of the server.
    pub fn handle_datagram(&mut self, now: Now, datagram: &[u8]) {
        match classify(datagram) {
            Kind::Stun => self.peer.handle_stun(now.mono, datagram),
            Kind::Dtls => self.peer.handle_dtls(now.mono, datagram),
            Kind::Rtcp => {
                let Some(Srtp { open, .. }) = &mut self.peer.srtp else { return };
                if let Ok(compound) = open.decrypt_rtcp(datagram) {
                    self.handle_rtcp(now, &compound);
                }
            }
            Kind::Rtp | Kind::Other => {}
        }
    }

    fn handle_rtcp(&mut self, now: Now, compound: &[u8]) {
        for part in rtcp::parts(compound) {
            match part {
                Part::Pli(_) => {
                    self.keyframe_requests += 1;
                    self.schedule.request_keyframe();
                }
                Part::Nack { media, lost } => {
                    lost.for_each(|sequence| self.retransmit(now, media, sequence));
                }
                _ => {}
            }
        }
    }

    /// RFC 4588 §4; where that was not agreed on, the same datagram again.
    fn retransmit(&mut self, now: Now, media: u32, sequence: u16) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.ssrc == media) else { return };
        let sent = stream.history.iter().find(|past| past.fixed.sequence == sequence);
        let Some(past) = sent.filter(|past| self.repairs.spend(past.body.recorded.len())) else {
            return;
        };
        let Some(payload_type) = self.agreed.picture.repairs_payload_type else {
            self.outgoing.extend(past.sealed.clone());
            return;
        };
        let (fixed, body) = (past.fixed, Body { original: Some(sequence), ..past.body });
        stream.rtx_number = stream.rtx_number.wrapping_add(1);
        let fixed = FixedHeader { ssrc: stream.rtx_ssrc, sequence: stream.rtx_number, payload_type, ..fixed };
        let rid = stream.rid.clone().map(|rid| (extension::REPAIRED_RID, rid));
        self.write(now, fixed, false, true, rid, body);
    }
}
