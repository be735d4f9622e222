//! Offers as Chromium makes them, cut down to what matters, and what the bench needs of an answer.

pub mod any;

use crate::media::Codec;
use anyhow::Context;
use std::fmt::Write;
use std::net::SocketAddr;

/// Ids of the header extensions we offer.
pub mod extension {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid`
    pub const MID: u8 = 1;
    /// `urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`
    pub const RID: u8 = 2;
    /// `urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id`
    pub const REPAIRED_RID: u8 = 3;
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01
    pub const TRANSPORT_CC: u8 = 4;
    /// `urn:ietf:params:rtp-hdrext:ssrc-audio-level`
    pub const AUDIO_LEVEL: u8 = 5;
    /// `http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time`
    pub const ABS_SEND_TIME: u8 = 6;
}

/// Payload type of Opus.
pub const OPUS_PAYLOAD_TYPE: u8 = 111;
/// Mids of a publisher's m-lines.
pub const MICROPHONE_MID: &str = "0";
/// See [`MICROPHONE_MID`].
pub const CAMERA_MID: &str = "1";

/// Payload types of a video codec and of its retransmissions.
pub fn video_payload_types(codec: Codec) -> (u8, u8) {
    match codec {
        Codec::H264 => (102, 103),
        Codec::Vp8 => (96, 97),
    }
}

/// Our half of ICE and DTLS.
#[derive(Debug, Clone)]
pub struct Local {
    /// ICE user name fragment.
    pub ufrag: String,
    /// ICE password.
    pub pwd: &'static str,
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
}

fn head(local: &Local, mids: usize) -> String {
    let bundle: Vec<String> = (0..mids).map(|mid| mid.to_string()).collect();
    let fingerprint: Vec<String> = local.fingerprint.iter().map(|byte| format!("{byte:02X}")).collect();
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n\
         a=fingerprint:sha-256 {}\r\na=setup:actpass\r\n",
        bundle.join(" "),
        local.ufrag,
        local.pwd,
        fingerprint.join(":")
    )
}

/// What an extension is called.
fn uri(id: u8) -> &'static str {
    match id {
        extension::MID => "urn:ietf:params:rtp-hdrext:sdes:mid",
        extension::RID => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        extension::REPAIRED_RID => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        extension::TRANSPORT_CC => {
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
        }
        extension::AUDIO_LEVEL => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        _ => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    }
}

fn extensions(sdp: &mut String, wanted: &[u8]) {
    for id in wanted {
        let _ = write!(sdp, "a=extmap:{id} {}\r\n", uri(*id));
    }
}

fn audio(sdp: &mut String, mid: usize, direction: &str) {
    let _ = write!(
        sdp,
        "m=audio 9 UDP/TLS/RTP/SAVPF {OPUS_PAYLOAD_TYPE}\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=mid:{mid}\r\n\
         a={direction}\r\na=rtpmap:{OPUS_PAYLOAD_TYPE} opus/48000/2\r\n\
         a=fmtp:{OPUS_PAYLOAD_TYPE} minptime=10;useinbandfec=1\r\na=rtcp-fb:{OPUS_PAYLOAD_TYPE} transport-cc\r\n"
    );
    extensions(
        sdp,
        &[extension::MID, extension::TRANSPORT_CC, extension::AUDIO_LEVEL, extension::ABS_SEND_TIME],
    );
}

fn video(sdp: &mut String, mid: usize, direction: &str, rids: &[&str]) {
    let (h264, h264_rtx) = video_payload_types(Codec::H264);
    let (vp8, vp8_rtx) = video_payload_types(Codec::Vp8);
    let _ = write!(
        sdp,
        "m=video 9 UDP/TLS/RTP/SAVPF {vp8} {vp8_rtx} {h264} {h264_rtx}\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=rtcp-rsize\r\n\
         a=mid:{mid}\r\na={direction}\r\na=rtpmap:{h264} H264/90000\r\n\
         a=fmtp:{h264} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
         a=rtpmap:{h264_rtx} rtx/90000\r\na=fmtp:{h264_rtx} apt={h264}\r\n\
         a=rtpmap:{vp8} VP8/90000\r\na=rtpmap:{vp8_rtx} rtx/90000\r\na=fmtp:{vp8_rtx} apt={vp8}\r\n"
    );
    for payload_type in [h264, vp8] {
        for feedback in ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"] {
            let _ = write!(sdp, "a=rtcp-fb:{payload_type} {feedback}\r\n");
        }
    }
    extensions(
        sdp,
        &[
            extension::MID,
            extension::RID,
            extension::REPAIRED_RID,
            extension::TRANSPORT_CC,
            extension::ABS_SEND_TIME,
        ],
    );
    for rid in rids {
        let _ = write!(sdp, "a=rid:{rid} send\r\n");
    }
    if !rids.is_empty() {
        let _ = write!(sdp, "a=simulcast:send {}\r\n", rids.join(";"));
    }
}

/// Microphone and camera with these layers.
pub fn publish(local: &Local, rids: &[&str]) -> String {
    let mut sdp = head(local, 2);
    audio(&mut sdp, 0, "sendonly");
    video(&mut sdp, 1, "sendonly", rids);
    sdp
}

/// So many receiving m-lines.
pub fn subscribe(local: &Local, pictures: usize, voices: usize) -> String {
    let mut sdp = head(local, pictures + voices);
    for mid in 0..pictures {
        video(&mut sdp, mid, "recvonly", &[]);
    }
    for mid in pictures..pictures + voices {
        audio(&mut sdp, mid, "recvonly");
    }
    sdp
}

/// For servers that want a candidate before they take our checks: nobody listens there (TCP's and UDP's discard port), our
/// address is known by the checks.
pub const SOME_CANDIDATE: &str = "a=candidate:1 1 udp 2130706431 10.213.77.1 9 typ host\r\n";

/// Our answer to an offer of another server: all that it sends, received.
pub fn answer(local: &Local, offer: &str) -> String {
    let mids = offer.matches("\r\nm=").count();
    let mut sdp = head(local, mids).replace("a=setup:actpass", "a=setup:active");
    let bundle = offer.lines().find(|line| line.starts_with("a=group:BUNDLE"));
    if let Some(theirs) = bundle {
        let ours: Vec<&str> =
            sdp.lines().map(|line| if line.starts_with("a=group:") { theirs } else { line }).collect();
        sdp = ours.join("\r\n") + "\r\n";
    }
    let kept = ["a=mid:", "a=rtcp-mux", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:"];
    for media in offer.split("\r\nm=").skip(1) {
        let (first, rest) = media.split_once("\r\n").unwrap_or((media, ""));
        let _ = write!(sdp, "m={first}\r\nc=IN IP4 0.0.0.0\r\na=recvonly\r\n");
        for line in rest.lines().filter(|line| kept.iter().any(|name| line.starts_with(name))) {
            let _ = write!(sdp, "{line}\r\n");
        }
        sdp.push_str(SOME_CANDIDATE);
    }
    sdp
}

/// What an answer says of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// ICE user name fragment.
    pub ufrag: String,
    /// ICE password.
    pub pwd: String,
    /// Where its media go.
    pub server: SocketAddr,
    /// The streams of a subscriber.
    pub streams: Vec<Stream>,
    /// How far the server keeps to what it says.
    pub word: Word,
}

/// Does a server send what its answer names?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// To the SSRC, and the numbers of transport-wide feedback where they were offered: ours does.
    Kept,
    /// Payload types at least: a stream is known by its first packet.
    Loose {
        /// Did it agree to transport-wide feedback?
        has_transport_cc: bool,
    },
}

/// A stream that a subscriber will get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Of its packets.
    pub ssrc: u32,
    /// Of its retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// Is it a picture?
    pub is_video: bool,
    /// Payload types of H.264, VP8 and Opus: ours, unless the server made the offer or answers with its own.
    pub payload_types: [Option<u8>; 3],
}

impl Stream {
    /// What a picture's packet of this payload type is coded in; `None`: sound, or nothing that was agreed on.
    pub fn codec(&self, payload_type: u8) -> Option<Codec> {
        let is = |known: &Option<u8>| *known == Some(payload_type);
        self.payload_types[..2].iter().position(is).map(|n| [Codec::H264, Codec::Vp8][n])
    }

    /// Was this payload type agreed on?
    pub fn knows(&self, payload_type: u8) -> bool {
        self.payload_types.contains(&Some(payload_type))
    }
}

/// Reads an answer. Of several candidates loopback is taken: nothing but the server is to be measured.
pub fn read_answer(sdp: &str) -> anyhow::Result<Answer> {
    let value = |name: &str| {
        sdp.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim().to_owned())
            .with_context(|| format!("the SDP answer has no {name}"))
    };
    let candidates = candidates(sdp);
    let loopback = candidates.iter().find(|address| address.ip().is_loopback());
    let server = *loopback.or(candidates.first()).context("the SDP answer has no UDP candidate for IPv4")?;
    let mut streams = Vec::new();
    for media in sdp.split("\r\nm=").skip(1) {
        let is_video = media.starts_with("video");
        let group = media.lines().find_map(|line| line.strip_prefix("a=ssrc-group:FID "));
        let mut repaired =
            group.into_iter().flat_map(str::split_whitespace).map_while(|word| word.parse().ok());
        let first =
            || media.lines().find_map(|line| line.strip_prefix("a=ssrc:")?.split(' ').next()?.parse().ok());
        if let Some(ssrc) = repaired.next().or_else(first) {
            let payload_types = payload_types(media);
            streams.push(Stream { ssrc, rtx_ssrc: repaired.next(), is_video, payload_types });
        }
    }
    let word = Word::Kept;
    Ok(Answer { ufrag: value("a=ice-ufrag:")?, pwd: value("a=ice-pwd:")?, server, streams, word })
}

/// Where a description says that UDP over IPv4 comes through.
fn candidates(sdp: &str) -> Vec<SocketAddr> {
    let candidate = |line: &str| {
        let words: Vec<&str> = line.strip_prefix("a=candidate:")?.split_whitespace().collect();
        // Of RTP, which RTCP shares; there are servers that name the same place for both.
        let is_udp = words.get(2)?.eq_ignore_ascii_case("udp") && line.split(' ').nth(1) == Some("1");
        // Names (mDNS) are none.
        let ip = words.get(4)?.parse().ok().filter(|_| is_udp)?;
        Some(SocketAddr::new(ip, words.get(5)?.parse().ok()?))
    };
    let mut found: Vec<SocketAddr> = Vec::new();
    for candidate in sdp.lines().filter_map(candidate).filter(SocketAddr::is_ipv4) {
        if !found.contains(&candidate) {
            found.push(candidate);
        }
    }
    found
}

/// Those of H.264, VP8 and Opus in a part of a description; of several for one codec the first.
fn payload_types(media: &str) -> [Option<u8>; 3] {
    ["H264/90000", "VP8/90000", "opus/48000"].map(|name| {
        let mut mapped = media.lines().filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '));
        let is = |codec: &str| codec.get(..name.len()).is_some_and(|codec| codec.eq_ignore_ascii_case(name));
        mapped.find(|(_, codec)| is(codec)).and_then(|(number, _)| number.parse().ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_answered_line_by_line() {
        let offer = "v=0\r\na=group:BUNDLE a v\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\na=mid:a\r\na=ssrc:5 cname:c\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:v\r\na=rtpmap:102 H264/90000\r\n";
        let local = Local { ufrag: "u".to_owned(), pwd: "p", fingerprint: [7; 32] };
        let answer = answer(&local, offer);
        for line in ["a=group:BUNDLE a v", "a=setup:active", "a=mid:a", "a=mid:v", "a=rtpmap:102 H264/90000"]
        {
            assert_eq!(answer.lines().filter(|found| *found == line).count(), 1, "{line}");
        }
        assert_eq!(answer.matches("a=recvonly").count(), 2);
        assert!(!answer.contains("ssrc"));
    }

    #[test]
    fn an_answer_names_the_server_and_its_streams() {
        let answer = "v=0\r\na=ice-lite\r\nm=video 9 UDP/TLS/RTP/SAVPF 102 103\r\n\
            a=candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host\r\na=candidate:2 1 udp 2130706175 127.0.0.1 5001 typ host\r\na=rtpmap:102 H264/90000\r\n\
            a=ice-ufrag:u1\r\na=ice-pwd:secret\r\na=ssrc-group:FID 7 8\r\na=ssrc:7 cname:c\r\na=ssrc:8 cname:c\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:9 cname:c\r\n";
        let answer = read_answer(answer).unwrap();
        assert_eq!((answer.ufrag.as_str(), answer.pwd.as_str()), ("u1", "secret"));
        assert_eq!(answer.server.to_string(), "127.0.0.1:5001");
        let payload_types = [Some(102), None, None];
        let video = Stream { ssrc: 7, rtx_ssrc: Some(8), is_video: true, payload_types };
        let voice =
            Stream { ssrc: 9, rtx_ssrc: None, is_video: false, payload_types: [None, None, Some(111)] };
        assert_eq!(answer.streams, [video, voice]);
        assert_eq!([96, 102].map(|number| video.codec(number)), [None, Some(Codec::H264)]);
        assert_eq!([102, 111].map(|number| voice.knows(number)), [false, true]);
        assert!(read_answer("v=0\r\n").is_err());
    }
}
