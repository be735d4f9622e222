//! What every answer has in common: the head, the transport of an m-line, a rejected m-line.

use super::codec::{Codec, OfferedCodec, PayloadTypes};
use super::offer::{
    Direction, ExtensionIds, Media, MediaKind, Offer, URI_ABS_SEND_TIME, URI_AUDIO_LEVEL, URI_MID,
    URI_REPAIRED_RID, URI_RID, URI_TRANSPORT_CC,
};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// Our side of the transport.
#[derive(Clone, Copy)]
pub struct LocalDescription<'a> {
    /// ICE user name fragment.
    pub ufrag: &'a str,
    /// ICE password.
    pub pwd: &'a str,
    /// SHA-256 of our certificate, `AB:CD:…`.
    pub fingerprint: &'a str,
    /// Where we listen; the first is preferred.
    pub candidates: &'a [SocketAddr],
    /// Where we listen for TCP, for peers that no UDP reaches.
    pub tcp_candidates: &'a [SocketAddr],
    /// Session version: 1, and one more with every ICE restart (RFC 8866 §5.2).
    pub version: u64,
}

/// Name of the synchronisation source that all our streams share (RFC 8834 §4.9).
pub(super) const CNAME: &str = "tongtang";

/// Collects an answer's m-lines, then puts the head before them.
pub(super) struct AnswerWriter<'a> {
    offer: &'a Offer,
    local: &'a LocalDescription<'a>,
    body: String,
    bundled: Vec<&'a str>,
}

/// What is answered to one m-line besides the transport.
pub(super) struct Accepted<'a> {
    pub media: &'a Media,
    pub codecs: Vec<(Codec, &'a OfferedCodec, PayloadTypes)>,
    pub extensions: Vec<AnsweredExtension>,
    pub feedback: &'static [&'static str],
    pub nack: Nack,
}

/// Where a NACK is of use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nack {
    /// We send it: what comes again may come as it likes.
    Sent,
    /// We answer it, with retransmissions of their own (RFC 4588) alone: no index is sealed twice.
    AnsweredByRtx,
}

impl<'a> AnswerWriter<'a> {
    pub fn new(offer: &'a Offer, local: &'a LocalDescription<'a>) -> Self {
        AnswerWriter { offer, local, body: String::with_capacity(8192), bundled: Vec::new() }
    }

    /// Port 0 (RFC 8829 §5.3.1): this m-line is not used.
    pub fn reject(&mut self, media: &Media) {
        self.line(format_args!("m={} 0 {} {}", media.kind, media.protocol, media.formats));
        self.line(format_args!("c=IN IP4 0.0.0.0"));
        if !media.mid.is_empty() {
            self.line(format_args!("a=mid:{}", media.mid));
        }
        self.line(format_args!("a=inactive"));
    }

    /// The transport, codecs and extensions of an m-line; the caller adds direction and streams with [`Self::line`].
    pub fn accept(&mut self, accepted: &Accepted<'a>) {
        let Accepted { media, codecs, extensions, feedback, nack } = accepted;
        self.bundled.push(&media.mid);
        let mut formats = String::new();
        for (_, _, types) in codecs {
            let _ = write!(formats, " {}", types.media);
            if let Some(rtx) = types.rtx {
                let _ = write!(formats, " {rtx}");
            }
        }
        self.line(format_args!("m={} 9 {}{formats}", media.kind, media.protocol));
        self.line(format_args!("c=IN IP4 0.0.0.0"));
        self.line(format_args!("a=rtcp:9 IN IP4 0.0.0.0"));
        let local = self.local;
        self.transport_lines(local);
        self.line(format_args!("a=fingerprint:sha-256 {}", local.fingerprint));
        self.line(format_args!("a=setup:passive"));
        if !media.mid.is_empty() {
            self.line(format_args!("a=mid:{}", media.mid));
        }
        for AnsweredExtension { id, direction, uri } in extensions {
            self.line(format_args!("a=extmap:{id}{direction} {uri}"));
        }
        self.line(format_args!("a=rtcp-mux"));
        if media.rtcp_rsize {
            self.line(format_args!("a=rtcp-rsize"));
        }
        for (codec, offered, types) in codecs {
            self.line(format_args!("a=rtpmap:{} {}", types.media, codec.rtpmap()));
            let is_served = |name: &str| name != "nack" || *nack == Nack::Sent || types.rtx.is_some();
            for name in feedback.iter().filter(|name| offered.speaks(name) && is_served(name)) {
                self.line(format_args!("a=rtcp-fb:{} {name}", types.media));
            }
            if !offered.fmtp.is_empty() {
                self.line(format_args!("a=fmtp:{} {}", types.media, offered.fmtp));
            }
            if let Some(rtx) = types.rtx {
                self.line(format_args!("a=rtpmap:{rtx} rtx/{}", codec.clock_rate_hz()));
                self.line(format_args!("a=fmtp:{rtx} apt={}", types.media));
            }
        }
    }

    fn transport_lines(&mut self, local: &LocalDescription<'_>) {
        for candidate in candidate_lines(local) {
            self.line(format_args!("a={candidate}"));
        }
        self.line(format_args!("a=end-of-candidates"));
        self.line(format_args!("a=ice-ufrag:{}", local.ufrag));
        self.line(format_args!("a=ice-pwd:{}", local.pwd));
    }

    pub fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(line);
        self.body.push_str("\r\n");
    }

    pub fn finish(self) -> String {
        let mut head = String::with_capacity(self.body.len() + 256);
        // The session id is a constant: nobody compares it across sessions, and it must not tell peers apart.
        let _ = write!(head, "v=0\r\no=tongtang 1 {} IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", self.local.version);
        if !self.offer.bundle.is_empty() {
            let _ = write!(head, "a=group:BUNDLE");
            for mid in &self.bundled {
                let _ = write!(head, " {mid}");
            }
            head.push_str("\r\n");
        }
        if self.offer.extmap_allow_mixed {
            head.push_str("a=extmap-allow-mixed\r\n");
        }
        head.push_str("a=ice-lite\r\na=msid-semantic: WMS *\r\n");
        head.push_str(&self.body);
        head
    }
}

/// Type preference of a host candidate (RFC 8445 §5.1.2.2), and of one over TCP: below those, as RFC 6544 §4.2 advises, and
/// where libwebrtc has it.
const UDP_TYPE_PREFERENCE: u32 = 126;
const TCP_TYPE_PREFERENCE: u32 = 90;

/// Direction preference of a passive host candidate (RFC 6544 §4.2): the upper three bits of the local preference.
const PASSIVE: u32 = 4;

/// `candidate:…` of each address, the first with the highest priority (RFC 8445 §5.1.2), TCP after all UDP (RFC 6544 §4.5). Each
/// is a foundation of its own (RFC 8445 §5.1.1.3): their addresses or transports differ.
pub(super) fn candidate_lines(local: &LocalDescription<'_>) -> impl Iterator<Item = String> {
    let priority =
        |type_preference: u32, local_preference: u32| (type_preference << 24) | (local_preference << 8) | 255;
    let udp = local.candidates.iter().zip(0..).map(move |(address, n)| {
        let priority = priority(UDP_TYPE_PREFERENCE, 65_535 - n);
        format!("udp {priority} {} {} typ host", address.ip(), address.port())
    });
    let tcp = local.tcp_candidates.iter().zip(0..).map(move |(address, n)| {
        let priority = priority(TCP_TYPE_PREFERENCE, (PASSIVE << 13) | (8_191 - n));
        format!("tcp {priority} {} {} typ host tcptype passive", address.ip(), address.port())
    });
    udp.chain(tcp).zip(1..).map(|(candidate, foundation)| format!("candidate:{foundation} 1 {candidate}"))
}

/// An extension that is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AnsweredExtension {
    id: u8,
    /// `/recvonly`, where the offer said `/sendonly`; empty where it said nothing.
    direction: &'static str,
    uri: &'static str,
}

/// Which of an m-line's extensions we answer; `goes` says which offered directions are of use.
pub(super) fn agree_extensions(
    media: &Media,
    wanted: &[&'static str],
    goes: fn(Direction) -> bool,
) -> (ExtensionIds, Vec<AnsweredExtension>) {
    let mut ids = ExtensionIds::default();
    let mut answered: Vec<AnsweredExtension> = Vec::new();
    for &uri in wanted {
        let Some(offered) = media.extension(uri, goes) else { continue };
        // Two extensions under one id cannot be told apart: the first of our list wins.
        if answered.iter().any(|taken| taken.id == offered.id) {
            continue;
        }
        let direction = match offered.direction {
            Some(Direction::SendOnly) => "/recvonly",
            Some(Direction::RecvOnly) => "/sendonly",
            _ => "",
        };
        answered.push(AnsweredExtension { id: offered.id, direction, uri });
        let slot = match uri {
            URI_MID => &mut ids.mid,
            URI_RID => &mut ids.rid,
            URI_REPAIRED_RID => &mut ids.repaired_rid,
            URI_TRANSPORT_CC => &mut ids.transport_cc,
            URI_AUDIO_LEVEL => &mut ids.audio_level,
            URI_ABS_SEND_TIME => &mut ids.abs_send_time,
            _ => continue,
        };
        *slot = Some(offered.id);
    }
    answered.sort_unstable();
    (ids, answered)
}

/// The RTCP feedback we answer where it is offered: one way to estimate the bandwidth, and repair.
pub(super) fn feedback(kind: MediaKind, transport_cc: bool) -> &'static [&'static str] {
    match (kind, transport_cc) {
        (MediaKind::Audio, true) => &["transport-cc", "nack"],
        (MediaKind::Audio, false) => &["goog-remb", "nack"],
        (MediaKind::Video, true) => &["transport-cc", "nack", "nack pli", "ccm fir"],
        (MediaKind::Video, false) => &["goog-remb", "nack", "nack pli", "ccm fir"],
    }
}
