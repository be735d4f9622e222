//! A publisher's side of the packet path: from decrypted packets to tracks.
//!
//! Owns the tracks of one publishing session, each with its cache; what is missing, what is to be
//! told to the publisher (NACK, transport-wide feedback, receiver reports, REMB, PLI), and how loud
//! it is. Enters: decrypted RTP and RTCP, the time. Leaves: [`Accepted`] packets and RTCP to send.

pub mod arrivals;
pub mod cache;
pub mod clock;
pub mod estimate;
pub mod keyframes;
pub mod level;
pub mod limit;
pub mod mirrored;
pub mod nack;
pub mod reception;
pub mod track;

use crate::now::Now;
use crate::packet::rtcp::{Part, build};
use crate::packet::{Header, rtp};
use crate::sdp::{Codec, PublishedTrack};
use arrivals::Arrivals;
use cache::Meta;
use clock::{PublisherClock, SenderReportPoint};
use estimate::LossBasedEstimate;
use keyframes::KeyframeRequests;
use limit::{MAX_PACKETS_PER_SECOND_PER_PUBLISHER, PacketLimit};
use reception::Interval;
use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};
use tongtang_protocol::ids::ParticipantId;
use tongtang_protocol::lesson::Source;
use tongtang_roq::control::{Flow, FlowCodec, FlowId};
use track::{Arrival, NotNew, Track, layer};

/// Streams of one publisher over its session: microphone, three layers each of camera and board, and some whose SSRC
/// changed. Packets of further ones are dropped and counted.
pub const MAX_TRACKS_PER_PUBLISHER: usize = 16;
/// SSRCs of one publisher, retransmissions included. Packets of further ones are dropped and counted.
pub const MAX_SSRCS_PER_PUBLISHER: usize = 40;
/// The SSRC we send RTCP to publishers with: we send them no media.
pub const RTCP_SSRC: u32 = 1;

/// A source without packets for so long is gone.
const SOURCE_SILENT_AFTER: Duration = Duration::from_secs(3);
/// A board that shows a still page sends little (Chromium repeats a frame each second).
const BOARD_SILENT_AFTER: Duration = Duration::from_secs(6);
/// Between transport-wide feedbacks.
const FEEDBACK_INTERVAL: Duration = Duration::from_millis(60);
/// Between receiver reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// What an SSRC of the publisher carries.
#[derive(Debug, Clone, Copy)]
enum Stream {
    Media(usize),
    /// Retransmissions of this track, when it is known already.
    Rtx(Option<usize>),
}

/// Why a packet goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// No RTP, or longer than a packet may be.
    Malformed,
    /// Nothing says which track it belongs to.
    Unknown,
    /// More SSRCs or tracks than a publisher may have.
    TooMany,
    /// A retransmission without content: a probe.
    Probe,
    /// Here before.
    Duplicate,
    /// Older than the cache reaches.
    TooLate,
}

impl From<NotNew> for Dropped {
    fn from(not_new: NotNew) -> Self {
        match not_new {
            NotNew::Duplicate => Self::Duplicate,
            NotNew::TooLate => Self::TooLate,
        }
    }
}

/// A packet to route.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// Index of its track.
    pub track: usize,
    /// Where the packet (as its sender made it before any retransmission) begins in the buffer.
    pub start: usize,
    /// Its payload in the buffer.
    pub payload: (usize, usize),
    /// What was parsed.
    pub meta: Meta,
    /// The track was not there before.
    pub is_new_track: bool,
}

/// A publisher's streams.
#[derive(Debug)]
pub struct Ingress {
    /// Arrivals are told as the time since then.
    started: Instant,
    inputs: Vec<PublishedTrack>,
    tracks: Vec<Track>,
    streams: Vec<(u32, Stream)>,
    arrivals: Arrivals,
    /// Id of the transport-wide number; in one BUNDLE an id means the same everywhere (RFC 8843 §9.1).
    transport_cc: Option<u8>,
    /// Of the camera and of the board.
    keyframes: [KeyframeRequests; 2],
    clock: PublisherClock,
    limit: PacketLimit,
    estimate: Option<LossBasedEstimate>,
    feedback_due: Instant,
    report_due: Instant,
    /// Towards us, since the last call of [`Ingress::take_loss`].
    loss: Interval,
}

impl Ingress {
    /// A publisher whose offer was answered with these tracks.
    pub fn new(now: Instant, inputs: Vec<PublishedTrack>) -> Self {
        let remb = inputs.iter().any(|input| input.remb) && !inputs.iter().any(|input| input.transport_cc);
        Self {
            started: now,
            transport_cc: inputs
                .iter()
                .find_map(|input| input.ext.transport_cc.filter(|_| input.transport_cc)),
            inputs,
            tracks: Vec::new(),
            streams: Vec::new(),
            arrivals: Arrivals::default(),
            keyframes: Default::default(),
            clock: PublisherClock::default(),
            limit: PacketLimit::new(now, MAX_PACKETS_PER_SECOND_PER_PUBLISHER),
            estimate: remb.then(LossBasedEstimate::default),
            feedback_due: now,
            report_due: now + REPORT_INTERVAL,
            loss: Interval::default(),
        }
    }

    /// May a packet pass? Asked before it is decrypted.
    pub fn pass(&mut self, now: Instant) -> bool {
        self.limit.pass(now)
    }

    /// The streams so far. Indexes stay as they are.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The streams so far.
    pub fn tracks_mut(&mut self) -> &mut [Track] {
        &mut self.tracks
    }

    /// The publisher's clock against ours.
    pub fn clock(&self) -> &PublisherClock {
        &self.clock
    }

    /// A decrypted packet. `next_flow` names a new track's flow.
    pub fn accept(&mut self, now: Now, packet: &mut [u8], next_flow: &mut u64) -> Result<Accepted, Dropped> {
        let header = Header::parse(packet).ok_or(Dropped::Malformed)?;
        if packet.len() > rtp::MAX_PACKET_BYTES {
            return Err(Dropped::Malformed);
        }
        // Whatever becomes of it, it arrived: a sender that is not told takes it for lost and slows down.
        let mut extensions = header.extensions(packet);
        let transport = extensions.find(|(id, _)| Some(*id) == self.transport_cc).map(|(_, data)| data);
        if let Some(number) = transport.and_then(<[u8]>::first_chunk) {
            let at_us = now.mono.saturating_duration_since(self.started).as_micros() as u64;
            self.arrivals.packet(u16::from_be_bytes(*number), at_us);
        }
        let before = self.tracks.len();
        let (input, stream) = self.find(now.mono, packet, &header, next_flow)?;
        let level_id = self.inputs[input].ext.audio_level;
        let audio_level = header
            .extensions(packet)
            .find(|(id, _)| Some(*id) == level_id)
            .and_then(|(_, data)| data.first().copied());
        if let Some(estimate) = &mut self.estimate {
            estimate.packet(packet.len());
        }
        let (track, start, header, arrival) = match stream {
            Stream::Media(track) => (track, 0, header, Arrival::Original),
            Stream::Rtx(None) => return Err(Dropped::Unknown),
            Stream::Rtx(Some(track)) => {
                let (ssrc, payload_type) = (self.tracks[track].ssrc, self.tracks[track].payload_type);
                let start = rtp::unwrap_rtx(packet, &header, ssrc, payload_type).ok_or(Dropped::Probe)?;
                let header = Header::parse(&packet[start..]).ok_or(Dropped::Malformed)?;
                (track, start, header, Arrival::Retransmission)
            }
        };
        let whole = &packet[start..];
        let taken = self.tracks[track].take(now.mono, whole, &header, audio_level, arrival)?;
        let source = self.tracks[track].source;
        if let Some(requests) = requests_of(&mut self.keyframes, source) {
            // Padding alone is no sign that the layer is on again.
            if !header.payload(whole).is_empty() {
                requests.spoke(track);
            }
            if taken.meta.begins_keyframe {
                requests.arrived(track);
            }
            if taken.overflow {
                requests.want(track);
            }
        }
        Ok(Accepted {
            track,
            start,
            payload: (start + header.len, packet.len() - header.padding),
            meta: taken.meta,
            is_new_track: self.tracks.len() > before,
        })
    }

    /// Which input and stream a packet belongs to: by its SSRC once known, else by what it carries.
    fn find(
        &mut self,
        now: Instant,
        packet: &[u8],
        header: &Header,
        next_flow: &mut u64,
    ) -> Result<(usize, Stream), Dropped> {
        let known = self.streams.iter().position(|(ssrc, _)| *ssrc == header.ssrc);
        if let Some(at) = known {
            match self.streams[at].1 {
                Stream::Media(track) if self.tracks[track].payload_type == header.payload_type => {
                    return Ok((self.tracks[track].input, Stream::Media(track)));
                }
                Stream::Rtx(Some(track)) => return Ok((self.tracks[track].input, Stream::Rtx(Some(track)))),
                // A payload type that was not answered: comfort noise, RED, another codec.
                Stream::Media(_) => return Err(Dropped::Unknown),
                Stream::Rtx(None) => {}
            }
        }
        let (input, is_rtx) = self.input_of(packet, header).ok_or(Dropped::Unknown)?;
        let stream = if is_rtx {
            Stream::Rtx(self.track_repaired_by(input, packet, header))
        } else {
            Stream::Media(self.new_track(now, input, packet, header, next_flow)?)
        };
        match known {
            Some(at) => self.streams[at].1 = stream,
            None if self.streams.len() == MAX_SSRCS_PER_PUBLISHER => return Err(Dropped::TooMany),
            None => self.streams.push((header.ssrc, stream)),
        }
        Ok((input, stream))
    }

    /// By MID, declared SSRC or payload type, in this order (RFC 9143 §9.2).
    fn input_of(&self, packet: &[u8], header: &Header) -> Option<(usize, bool)> {
        let carries = |input: &PublishedTrack| {
            if input.payload_type == header.payload_type {
                Some(false)
            } else {
                (input.rtx_payload_type == Some(header.payload_type)).then_some(true)
            }
        };
        let by_mid = self.inputs.iter().position(|input| {
            !input.mid.is_empty()
                && header
                    .extensions(packet)
                    .any(|(id, data)| Some(id) == input.ext.mid && data == input.mid.as_bytes())
        });
        let by_ssrc = || self.inputs.iter().position(|input| input.ssrcs.contains(&header.ssrc));
        let by_payload_type = || self.inputs.iter().position(|input| carries(input).is_some());
        let index = by_mid.or_else(by_ssrc).or_else(by_payload_type)?;
        Some((index, carries(&self.inputs[index])?))
    }

    fn new_track(
        &mut self,
        now: Instant,
        input: usize,
        packet: &[u8],
        header: &Header,
        next_flow: &mut u64,
    ) -> Result<usize, Dropped> {
        // Chromium probes with padding on m-lines that have no picture (measured): that is no track yet.
        if header.payload(packet).is_empty() {
            return Err(Dropped::Probe);
        }
        let agreed = &self.inputs[input];
        let rid = extension_text(packet, header, agreed.ext.rid);
        if !agreed.rids.is_empty() && rid.is_none_or(|rid| !agreed.rids.iter().any(|known| known == rid)) {
            // A simulcast packet before its layer is known: the next ones carry the rid again.
            return Err(Dropped::Unknown);
        }
        if self.tracks.len() == MAX_TRACKS_PER_PUBLISHER {
            return Err(Dropped::TooMany);
        }
        let layer = layer(rid, &agreed.rids);
        *next_flow += 1;
        let track = Track::new(now, input, agreed, layer, header.ssrc, FlowId(*next_flow));
        self.end_layer(input, track.rid.as_deref());
        self.tracks.push(track);
        Ok(self.tracks.len() - 1)
    }

    /// The same layer under a new SSRC replaces the old one.
    fn end_layer(&mut self, input: usize, rid: Option<&str>) {
        for old in self.tracks.iter_mut().filter(|old| old.input == input && old.rid.as_deref() == rid) {
            old.is_ended = true;
        }
    }

    /// By declared FID group, repaired rid, or because the input has one track only.
    fn track_repaired_by(&self, input: usize, packet: &[u8], header: &Header) -> Option<usize> {
        let agreed = &self.inputs[input];
        let of_input = |predicate: &dyn Fn(&Track) -> bool| {
            self.tracks.iter().rposition(|track| track.input == input && !track.is_ended && predicate(track))
        };
        if let Some(&(media, _)) = agreed.fid.iter().find(|(_, rtx)| *rtx == header.ssrc) {
            return of_input(&|track| track.ssrc == media);
        }
        if let Some(rid) = extension_text(packet, header, agreed.ext.repaired_rid) {
            return of_input(&|track| track.rid.as_deref() == Some(rid));
        }
        if agreed.rids.is_empty() { of_input(&|_| true) } else { None }
    }

    /// A part of a decrypted compound. `ended` gets the index of each track that says goodbye.
    pub fn handle_rtcp(
        &mut self,
        now: Now,
        part: &Part<'_>,
        mut ended: impl FnMut(usize),
    ) -> Option<SenderReportOf> {
        match part {
            Part::SenderReport(report) => {
                let index = self.tracks.iter().position(|track| track.ssrc == report.ssrc)?;
                self.clock.sender_report(report.ntp, now.unix_us);
                let track = &mut self.tracks[index];
                track.reception.sender_report(now.mono, report.ntp);
                track.sender_report =
                    Some(SenderReportPoint { ntp: report.ntp, rtp: report.rtp, at: now.mono });
                Some(SenderReportOf { track: index, ntp: report.ntp, rtp: report.rtp })
            }
            Part::Bye(ssrcs) => {
                for ssrc in *ssrcs {
                    let tracks = self.tracks.iter_mut().enumerate();
                    for (index, track) in tracks.filter(|(_, track)| track.ssrc == ssrc && !track.is_ended) {
                        track.is_ended = true;
                        ended(index);
                    }
                }
                None
            }
            _ => None,
        }
    }

    /// Somebody needs a keyframe of this track.
    pub fn want_keyframe(&mut self, track: usize) {
        let Some(source) = self.tracks.get(track).filter(|track| !track.is_ended).map(|track| track.source)
        else {
            return;
        };
        if let Some(requests) = requests_of(&mut self.keyframes, source) {
            requests.want(track);
        }
    }

    /// Sends what is due: `emit` gets each plain RTCP packet or compound.
    pub fn handle_timeout(&mut self, now: Now, mut emit: impl FnMut(&[u8])) {
        let mut out = Vec::new();
        self.take_due_keyframes(now.mono, |_, ssrc| build::pli(&mut out, RTCP_SSRC, ssrc));
        let mut lost = Vec::new();
        for track in &mut self.tracks {
            if let Some(nack) = &mut track.nack {
                lost.clear();
                nack.due(now.mono, &mut lost);
                if !lost.is_empty() {
                    build::nack(&mut out, RTCP_SSRC, track.ssrc, &lost);
                }
            }
        }
        if !out.is_empty() {
            emit(&out);
        }
        if self.feedback_due <= now.mono {
            self.feedback_due = now.mono + FEEDBACK_INTERVAL;
            if !self.arrivals.is_empty() {
                let media = self.tracks.first().map_or(0, |track| track.ssrc);
                self.arrivals.feedback(RTCP_SSRC, media, &mut emit);
            }
        }
        if self.report_due <= now.mono {
            self.report_due = now.mono + REPORT_INTERVAL;
            self.report(now, &mut emit);
        }
    }

    /// Gives index and SSRC of each track that a keyframe is to be asked of now. A layer that its publisher has switched off
    /// is not asked for: a PLI on one layer keys them all, so that the narrowest uplinks would be sent keyframes for ever.
    fn take_due_keyframes(&mut self, now: Instant, mut ask: impl FnMut(usize, u32)) {
        let Self { tracks, keyframes, .. } = self;
        for requests in keyframes {
            let wanted = requests.wanted();
            for (index, track) in tracks.iter().enumerate().filter(|(index, _)| wanted & (1 << index) != 0) {
                if track.is_ended {
                    requests.forget(index);
                } else if is_silent(tracks, track, now) {
                    requests.rest(index);
                }
            }
            let due = requests.poll(now);
            for (index, track) in tracks.iter().enumerate().filter(|(index, _)| due & (1 << index) != 0) {
                ask(index, track.ssrc);
            }
        }
    }

    fn report(&mut self, now: Now, emit: &mut impl FnMut(&[u8])) {
        let mut blocks = Vec::with_capacity(self.tracks.len());
        let mut second = Interval::default();
        for track in self.tracks.iter_mut().filter(|track| !track.is_ended) {
            if let Some((block, interval)) = track.reception.report(now.mono, track.ssrc) {
                blocks.push(block);
                second.expected += interval.expected;
                second.lost += interval.lost;
            }
        }
        self.loss.expected += second.expected;
        self.loss.lost += second.lost;
        if blocks.is_empty() {
            return;
        }
        let mut out = Vec::with_capacity(512);
        build::receiver_report(&mut out, RTCP_SSRC, &blocks);
        build::sdes_cname(&mut out, RTCP_SSRC, "tongtang");
        if let Some(estimate) = &mut self.estimate {
            let ssrcs: Vec<u32> = self.tracks.iter().filter(|t| !t.is_ended).map(|t| t.ssrc).collect();
            build::remb(&mut out, RTCP_SSRC, estimate.after(REPORT_INTERVAL, second), &ssrcs);
        }
        emit(&out);
    }

    /// When [`Ingress::handle_timeout`] has something to do.
    pub fn next_timeout(&self) -> Instant {
        let keyframes = self.keyframes.iter().filter_map(KeyframeRequests::next);
        let nacks = self.tracks.iter().filter_map(|track| track.nack.as_ref()?.next());
        let fixed = self.feedback_due.min(self.report_due);
        keyframes.chain(nacks).fold(fixed, Instant::min)
    }

    /// Loss towards us since the last call.
    pub fn take_loss(&mut self) -> Interval {
        std::mem::take(&mut self.loss)
    }

    /// Sources from which packets come.
    pub fn sources(&self, now: Instant) -> Vec<Source> {
        let mut sources: Vec<Source> =
            self.tracks.iter().filter(|track| is_present(track, now)).map(|track| track.source).collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// The best track of a source that is not larger than `max_rank`: the largest that packets come from, else the
    /// smallest; `None` when the source has no track.
    pub fn best_track(&self, now: Instant, source: Source, max_rank: u8) -> Option<usize> {
        let tracks = || {
            self.tracks
                .iter()
                .enumerate()
                .filter(|(_, track)| track.source == source && !track.is_ended && is_present(track, now))
        };
        let largest = |trusted: bool| {
            tracks()
                .filter(|(_, track)| track.rank <= max_rank)
                .filter(|(_, track)| if trusted { track.is_trusted(now) } else { track.is_alive(now) })
                .max_by_key(|(_, track)| track.rank)
        };
        let smallest_alive =
            || tracks().filter(|(_, track)| track.is_alive(now)).min_by_key(|(_, track)| track.rank);
        largest(true)
            .or_else(|| largest(false))
            .or_else(smallest_alive)
            .or_else(|| tracks().max_by_key(|(_, track)| track.last_packet))
            .map(|(index, _)| index)
    }

    /// Hashes all that [`Self::best_track`] and [`Self::top_rank`] choose by.
    pub fn hash_choices(&self, now: Instant, hasher: &mut impl Hasher) {
        for track in &self.tracks {
            let choices =
                [track.is_ended, is_present(track, now), track.is_alive(now), track.is_trusted(now)];
            choices.hash(hasher);
        }
    }

    /// The highest rank among the layers of a source.
    pub fn top_rank(&self, source: Source) -> u8 {
        self.tracks
            .iter()
            .filter(|track| track.source == source && !track.is_ended)
            .map(|track| track.rank)
            .max()
            .unwrap_or(0)
    }

    /// How a track is announced in taps.
    pub fn flow(&self, participant: &ParticipantId, track: usize) -> Option<Flow> {
        let track = self.tracks.get(track)?;
        Some(Flow {
            id: track.flow,
            participant: participant.clone(),
            source: track.source,
            codec: match track.codec {
                Codec::Opus => FlowCodec::Opus,
                Codec::H264 => FlowCodec::H264,
                Codec::Vp8 => FlowCodec::Vp8,
            },
            rid: track.rid.clone(),
            ssrc: track.ssrc,
            payload_type: track.payload_type,
            clock_rate_hz: track.clock_rate_hz,
        })
    }
}

/// A sender report that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReportOf {
    /// Of this track.
    pub track: usize,
    /// NTP.
    pub ntp: u64,
    /// RTP timestamp.
    pub rtp: u32,
}

fn is_present(track: &Track, now: Instant) -> bool {
    let after = if track.source == Source::Board { BOARD_SILENT_AFTER } else { SOURCE_SILENT_AFTER };
    !track.is_ended && now.saturating_duration_since(track.last_packet) <= after
}

/// Is there nothing to be had of it: switched off while another layer goes on, or gone with its source? A board that stands
/// still is not silent.
fn is_silent(tracks: &[Track], track: &Track, now: Instant) -> bool {
    let others = || tracks.iter().any(|other| other.source == track.source && other.is_alive(now));
    !track.is_alive(now) && (!is_present(track, now) || others())
}

fn requests_of(keyframes: &mut [KeyframeRequests; 2], source: Source) -> Option<&mut KeyframeRequests> {
    match source {
        Source::Camera => Some(&mut keyframes[0]),
        Source::Board => Some(&mut keyframes[1]),
        Source::Microphone => None,
    }
}

fn extension_text<'a>(packet: &'a [u8], header: &Header, id: Option<u8>) -> Option<&'a str> {
    let id = id?;
    let (_, data) = header.extensions(packet).find(|(found, _)| *found == id)?;
    std::str::from_utf8(data).ok()
}
