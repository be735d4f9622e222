//! A screen, sans-IO: counts every packet by its sequence number, opens a sample, and reports as a browser does.
//!
//! Enters: datagrams with the moment they arrived, the time. Leaves: sealed RTCP and connectivity checks. It asks for no
//! packet again and for no keyframe: what is lost stays lost and is counted. One that is told to behaves badly ([`Conduct`]).

mod conduct;

use crate::decode::Kept;
use crate::departures::Timeline;
use crate::media::{Clip, Codec, MAX_LAYERS, Recognised};
use crate::peer::{Peer, RoundTrip, Srtp};
use crate::received::{Counted, Received};
use crate::sdp::{self, Word, extension};
pub use conduct::Conduct;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tongtang_sfu::demux::{Kind, classify};
use tongtang_sfu::packet::rtcp::{self, Part, ReportBlock, build, transport_cc};
use tongtang_sfu::packet::rtp::Header;

/// Between receiver reports of a picture, in browsers.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// How a subscriber behaves.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// One packet in so many is opened and compared with what was published.
    pub sample_every: u32,
    /// Does it send transport-wide feedback?
    pub sends_feedback: bool,
}

/// One stream of a subscriber.
struct Heard {
    stream: sdp::Stream,
    timeline: Timeline,
    received: Received,
    reported: Counted,
    retransmissions: u64,
    /// Middle 32 bits of the last sender report's time, and when it came.
    last_sr: Option<(u32, Instant)>,
}

/// What all subscribers of a thread count together.
#[derive(Debug, Default)]
pub struct Tally {
    /// From a publisher's send call to a subscriber, behind its access link, in microseconds, while it is measured.
    pub latencies_us: Vec<u32>,
    /// The same to its socket.
    pub socket_latencies_us: Vec<u32>,
    /// Are latencies noted?
    pub measures: bool,
    /// Sampled packets that were what was published.
    pub intact: u64,
    /// Those of them that were of a picture, by its layer.
    pub by_layer: [u64; MAX_LAYERS],
    /// Sampled packets that were published several times alike, so that they say nothing of latency.
    pub alike: u64,
    /// Sampled packets that were not what was published, or could not be opened.
    pub corrupt: u64,
    /// Datagrams in.
    pub datagrams: u64,
    /// Runs in which they came: what the kernel handed over joined.
    pub runs: u64,
    /// Datagrams lost at access links.
    pub lost_at_links: u64,
    /// Datagrams out.
    pub sent: u64,
    /// How long there was something to do.
    pub busy: Duration,
}

/// The counters of a subscriber at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// By which it is known.
    pub number: usize,
    /// Its pictures and sounds together.
    pub all: Counted,
    /// Packets that were sent again.
    pub retransmissions: u64,
    /// RTCP datagrams that it has sent.
    pub rtcp_sent: u64,
    /// From the request to the first packet of media.
    pub joined_after: Option<Duration>,
    /// What it waited for on the way there, and how often something was sent again.
    pub trips: (Vec<RoundTrip>, u32),
    /// The server's port that its answer named.
    pub server_port: u16,
    /// Why it ended.
    pub failed: Option<String>,
}

/// When a datagram arrived, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// At the socket.
    pub at_socket_unix_ns: u64,
    /// Behind the access link, if there is one.
    pub unix_ns: u64,
}

/// What a subscriber is.
pub struct Ticket {
    /// By which it is known; spreads the samples of many.
    pub number: usize,
    /// The server's port that its answer named.
    pub server_port: u16,
    /// Its streams, each with what it may show.
    pub streams: Vec<(sdp::Stream, Timeline)>,
    /// What is published.
    pub clip: Arc<Clip>,
    /// Are the packets of its first picture kept?
    pub keeps: bool,
    /// How far the server keeps to its answer.
    pub word: Word,
}

/// What was found in a packet.
enum Content {
    /// What was published; its number and when it left, if that can be said.
    Intact(Option<(u32, u64)>),
    /// Not what was published.
    Corrupt,
}

/// A subscribing session.
pub struct Subscriber {
    /// Its connection.
    pub peer: Peer,
    /// By which it is known.
    pub number: usize,
    /// How it behaves.
    pub conduct: Conduct,
    manner: Manner,
    requested: Instant,
    joined_after: Option<Duration>,
    trips: (Vec<RoundTrip>, u32),
    server_port: u16,
    word: Word,
    clip: Arc<Clip>,
    heard: Vec<Heard>,
    /// The packets of its first picture, if they are kept.
    pub kept: Option<Kept>,
    until_sample: u32,
    ssrc: u32,
    next_report: Instant,
    /// Transport-wide numbers, extended, with arrivals in microseconds.
    arrivals: Vec<(u64, i64)>,
    highest_transport: Option<u64>,
    feedbacks: u8,
    rtcp_sent: u64,
}

impl Subscriber {
    /// A subscriber whose request was made at `requested`.
    pub fn new(peer: Peer, ticket: Ticket, manner: Manner, requested: Instant) -> Self {
        let Ticket { number, server_port, streams, clip, keeps, word } = ticket;
        let heard = |(stream, timeline): (sdp::Stream, Timeline)| Heard {
            stream,
            timeline,
            received: Received::default(),
            reported: Counted::default(),
            retransmissions: 0,
            last_sr: None,
        };
        Self {
            peer,
            number,
            conduct: Conduct::Fair,
            manner,
            requested,
            joined_after: None,
            trips: (Vec::new(), 0),
            server_port,
            word,
            clip,
            heard: streams.into_iter().map(heard).collect(),
            kept: keeps.then(Kept::default),
            until_sample: number as u32 % manner.sample_every.max(1),
            ssrc: rand::random(),
            next_report: requested + REPORT_INTERVAL,
            arrivals: Vec::with_capacity(64),
            highest_transport: None,
            feedbacks: 0,
            rtcp_sent: 0,
        }
    }

    /// The counters so far.
    pub fn snapshot(&self) -> Snapshot {
        let mut all = Counted::default();
        for counted in self.heard.iter().map(|heard| heard.received.counted()) {
            all.packets += counted.packets;
            all.span += counted.span;
            all.duplicates += counted.duplicates;
            all.reordered += counted.reordered;
        }
        let ended = self.peer.is_closed.then(|| "the server ended the session".to_owned());
        Snapshot {
            number: self.number,
            all,
            retransmissions: self.heard.iter().map(|heard| heard.retransmissions).sum(),
            rtcp_sent: self.rtcp_sent,
            joined_after: self.joined_after,
            trips: self.trips.clone(),
            server_port: self.server_port,
            failed: self.peer.failed.clone().or(ended),
        }
    }

    /// Has no media come yet?
    pub fn is_joining(&self) -> bool {
        self.joined_after.is_none()
    }

    /// A datagram of the server.
    pub fn handle_datagram(&mut self, now: Instant, arrival: Arrival, datagram: &[u8], tally: &mut Tally) {
        match classify(datagram) {
            Kind::Rtp => self.handle_rtp(now, arrival, datagram, tally),
            Kind::Rtcp => self.handle_rtcp(now, datagram),
            Kind::Stun => self.peer.handle_stun(now, datagram),
            Kind::Dtls => self.peer.handle_dtls(now, datagram),
            Kind::Other => tally.corrupt += 1,
        }
    }

    fn handle_rtp(&mut self, now: Instant, arrival: Arrival, datagram: &[u8], tally: &mut Tally) {
        let Some(header) = Sealed::parse(datagram) else {
            tally.corrupt += 1;
            return;
        };
        if self.word != Word::Kept {
            self.adopt(&header);
        }
        if self.joined_after.is_none() && self.heard.iter().any(|heard| heard.stream.ssrc == header.ssrc) {
            self.joined_after = Some(now.saturating_duration_since(self.requested));
            self.trips = (self.peer.trips.done().to_vec(), self.peer.trips.repeats);
        }
        if let Some(number) = header.transport_number {
            self.note_arrival(number, arrival.unix_ns);
        }
        if let Some(heard) = self.heard.iter_mut().find(|heard| heard.stream.ssrc == header.ssrc) {
            heard.received.packet(header.sequence);
        } else if let Some(heard) =
            self.heard.iter_mut().find(|heard| heard.stream.rtx_ssrc == Some(header.ssrc))
        {
            heard.retransmissions += 1;
            return;
        } else if self.word != Word::Kept {
            // Padding, or repetitions that were not announced.
            return;
        } else {
            tally.corrupt += 1;
            return;
        }
        if self.until_sample > 0 && self.kept.is_none() {
            self.until_sample -= 1;
            return;
        }
        self.until_sample = self.manner.sample_every.max(1) - 1;
        match self.open(datagram, arrival) {
            Content::Intact(Some((id, departed_ns))) => {
                tally.intact += 1;
                let layer = self.clip.layer(id).map(usize::from);
                if let Some(count) = layer.and_then(|layer| tally.by_layer.get_mut(layer)) {
                    *count += 1;
                }
                if tally.measures {
                    let since =
                        |at: u64| (at.saturating_sub(departed_ns) / 1_000).min(u64::from(u32::MAX)) as u32;
                    tally.latencies_us.push(since(arrival.unix_ns));
                    tally.socket_latencies_us.push(since(arrival.at_socket_unix_ns));
                }
            }
            Content::Intact(None) => (tally.intact, tally.alike) = (tally.intact + 1, tally.alike + 1),
            Content::Corrupt => tally.corrupt += 1,
        }
    }

    /// A packet of an SSRC that was not announced begins the stream of its payload type, if that has not begun.
    fn adopt(&mut self, header: &Sealed) {
        let is_known = self
            .heard
            .iter()
            .any(|heard| heard.stream.ssrc == header.ssrc || heard.stream.rtx_ssrc == Some(header.ssrc));
        let silent = |heard: &&mut Heard| {
            heard.received.counted().packets == 0 && heard.stream.knows(header.payload_type)
        };
        if !is_known && let Some(heard) = self.heard.iter_mut().find(silent) {
            heard.stream.ssrc = header.ssrc;
        }
    }

    fn open(&mut self, datagram: &[u8], arrival: Arrival) -> Content {
        let Some(Srtp { open, .. }) = &mut self.peer.srtp else { return Content::Corrupt };
        let Ok(plain) = open.decrypt_rtp(datagram) else { return Content::Corrupt };
        let Some(header) = Header::parse(&plain) else { return Content::Corrupt };
        let ssrc = header.ssrc;
        let Some(index) = self.heard.iter().position(|heard| heard.stream.ssrc == ssrc) else {
            return Content::Corrupt;
        };
        let heard = &mut self.heard[index];
        let codec = heard.stream.codec(header.payload_type);
        if codec.is_none() && !heard.stream.knows(header.payload_type) {
            return Content::Corrupt;
        }
        let payload = header.payload(&plain);
        if let Some(kept) = self.kept.as_mut().filter(|_| index == 0) {
            let sequence = heard.received.extended(header.sequence);
            kept.packet(sequence, header.timestamp, header.marker, payload);
        }
        match self.clip.recognise(codec, payload) {
            Some(Recognised::Packet(id)) => {
                let departed = heard.timeline.departure(id, header.timestamp, arrival.at_socket_unix_ns);
                departed.map_or(Content::Corrupt, |departed_ns| Content::Intact(Some((id, departed_ns))))
            }
            Some(Recognised::OneOfSeveral) => Content::Intact(None),
            None => Content::Corrupt,
        }
    }

    /// What its picture is coded in.
    pub fn codec(&self) -> Codec {
        self.clip.codec
    }

    fn note_arrival(&mut self, number: u16, arrived_unix_ns: u64) {
        if !self.manner.sends_feedback || self.word == (Word::Loose { has_transport_cc: false }) {
            return;
        }
        let highest = *self.highest_transport.get_or_insert(u64::from(number) + (1 << 16));
        let ahead = i64::from(number.wrapping_sub(highest as u16) as i16);
        let at = highest.saturating_add_signed(ahead);
        self.highest_transport = Some(highest.max(at));
        self.arrivals.push((at, (arrived_unix_ns / 1_000) as i64));
    }

    fn handle_rtcp(&mut self, now: Instant, datagram: &[u8]) {
        let Some(Srtp { open, .. }) = &mut self.peer.srtp else { return };
        let Ok(compound) = open.decrypt_rtcp(datagram) else { return };
        for part in rtcp::parts(&compound) {
            if let Part::SenderReport(report) = part
                && let Some(heard) = self.heard.iter_mut().find(|heard| heard.stream.ssrc == report.ssrc)
            {
                heard.last_sr = Some(((report.ntp >> 16) as u32, now));
            }
        }
    }

    /// Its turn, which comes once every feedback interval: `send` gets each datagram.
    pub fn handle_turn(&mut self, now: Instant, mut send: impl FnMut(&[u8])) {
        let mut rtcp_sent = 0;
        self.take_turn(now, |datagram: &[u8]| {
            rtcp_sent += u64::from(classify(datagram) == Kind::Rtcp);
            send(datagram);
        });
        self.rtcp_sent += rtcp_sent;
    }

    fn take_turn(&mut self, now: Instant, mut send: impl FnMut(&[u8])) {
        if self.conduct == Conduct::Dead {
            return;
        }
        if self.peer.poll_timeout() <= now {
            self.peer.handle_timeout(now);
        }
        while let Some(datagram) = self.peer.poll_transmit() {
            send(&datagram);
        }
        if self.conduct == Conduct::Silent {
            return;
        }
        if !self.arrivals.is_empty() {
            self.feedback(&mut send);
        }
        if self.next_report <= now {
            self.next_report = now + REPORT_INTERVAL;
            self.report(now, &mut send);
        }
        self.misbehave(&mut send);
    }

    fn feedback(&mut self, send: &mut impl FnMut(&[u8])) {
        let media = self.heard.first().map_or(0, |heard| heard.stream.ssrc);
        let Some(Srtp { seal, .. }) = &mut self.peer.srtp else { return };
        self.arrivals.sort_unstable();
        self.arrivals.dedup_by_key(|(number, _)| *number);
        let mut told = 0;
        while told < self.arrivals.len() {
            let mut plain = Vec::with_capacity(128);
            let used =
                transport_cc::build(&mut plain, self.ssrc, media, self.feedbacks, &self.arrivals[told..]);
            if used == 0 {
                break;
            }
            told += used;
            self.feedbacks = self.feedbacks.wrapping_add(1);
            if let Ok(sealed) = seal.encrypt_rtcp(&plain) {
                send(&sealed);
            }
        }
        self.arrivals.clear();
    }

    fn report(&mut self, now: Instant, send: &mut impl FnMut(&[u8])) {
        let mut blocks = Vec::with_capacity(self.heard.len());
        for heard in &mut self.heard {
            let counted = heard.received.counted();
            if counted.packets == 0 {
                continue;
            }
            let interval = counted.since(&heard.reported);
            heard.reported = counted;
            let lost = interval.span.saturating_sub(interval.packets);
            let delay =
                |(_, at): (u32, Instant)| (now.saturating_duration_since(at).as_secs_f64() * 65_536.0) as u32;
            blocks.push(ReportBlock {
                ssrc: heard.stream.ssrc,
                fraction_lost: (lost * 256).checked_div(interval.span).unwrap_or(0).min(255) as u8,
                total_lost: (counted.span - counted.packets) as i32,
                highest: heard.received.extended_highest(),
                jitter: 0,
                last_sr: heard.last_sr.map_or(0, |(middle, _)| middle),
                delay_since_last_sr: heard.last_sr.map_or(0, delay),
            });
        }
        let Some(Srtp { seal, .. }) = &mut self.peer.srtp else { return };
        if blocks.is_empty() {
            return;
        }
        let mut plain = Vec::with_capacity(128);
        build::receiver_report(&mut plain, self.ssrc, &blocks);
        build::sdes_cname(&mut plain, self.ssrc, "bench");
        if let Ok(sealed) = seal.encrypt_rtcp(&plain) {
            send(&sealed);
        }
    }
}

/// What counting needs of a header whose payload is still sealed.
#[derive(Debug, PartialEq, Eq)]
struct Sealed {
    ssrc: u32,
    sequence: u16,
    payload_type: u8,
    transport_number: Option<u16>,
}

impl Sealed {
    /// [`Header::parse`] would take the last sealed byte of a padded packet for the length of its padding.
    fn parse(datagram: &[u8]) -> Option<Sealed> {
        let fixed: &[u8; 12] = datagram.first_chunk()?;
        let mut transport_number = None;
        if fixed[0] & 0x10 != 0 {
            let at = 12 + 4 * usize::from(fixed[0] & 0x0F);
            let head: &[u8; 4] = datagram.get(at..)?.first_chunk()?;
            let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let mut rest = datagram.get(at + 4..at + 4 + 4 * words)?;
            // One-byte elements (RFC 8285 §4.2); we offer no ids that need the other form.
            while let Some((&first, after)) = rest.split_first() {
                let len = if first == 0 { 0 } else { usize::from(first & 0x0F) + 1 };
                if first >> 4 == extension::TRANSPORT_CC {
                    transport_number = after.first_chunk().map(|number| u16::from_be_bytes(*number));
                }
                rest = after.get(len..).unwrap_or_default();
            }
        }
        Some(Sealed {
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            payload_type: fixed[1] & 0x7F,
            transport_number,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongtang_sfu::packet::rtp::{FixedHeader, HeaderWriter};

    #[test]
    fn the_clear_part_of_a_sealed_packet_is_read() {
        let fixed = FixedHeader { marker: true, payload_type: 96, sequence: 7, timestamp: 1, ssrc: 99 };
        let mut packet = Vec::new();
        let mut header = HeaderWriter::begin(&mut packet, fixed);
        header.extension(extension::MID, b"12");
        header.extension(extension::TRANSPORT_CC, &[1, 2]);
        header.finish();
        // Padded, and the last byte (of the tag) says nothing.
        packet[0] |= 0x20;
        packet.extend_from_slice(&[0xFF; 20]);
        let expected = Sealed { ssrc: 99, sequence: 7, payload_type: 96, transport_number: Some(0x0102) };
        assert_eq!(Sealed::parse(&packet), Some(expected));
        for len in 0..20 {
            assert_eq!(Sealed::parse(&packet[..len]), None, "{len} bytes");
        }
    }
}
