//! Offers that any WHIP or WHEP server should understand, and what is to be had from its answer.
//!
//! Enters: one codec, no simulcast, SSRCs named, everything else optional. Leaves: what the server agreed to, which may be
//! less than was offered, under other payload types, and from an address it has.

use super::{
    Answer, CAMERA_MID, Local, OPUS_PAYLOAD_TYPE, Stream, Word, audio, candidates, extension, extensions,
    head, payload_types, uri, video_payload_types,
};
use crate::media::Codec;
use anyhow::Context;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// Payload types of pictures and their repetitions: the first dynamic ones, which there are servers that take for granted.
const PICTURE_PAYLOAD_TYPES: (u8, u8) = (96, 97);

/// What a publisher may send of a kind of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Of its packets.
    pub payload_type: u8,
    /// Of its repetitions (RFC 4588); `None`: they are sent as they were.
    pub repairs_payload_type: Option<u8>,
    /// A bit for each id.
    extensions: u16,
}

impl Terms {
    /// May packets have this extension?
    pub fn has(&self, id: u8) -> bool {
        self.extensions >> id & 1 == 1
    }
}

/// Those that an offer named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ssrcs {
    /// Of the camera.
    pub picture: u32,
    /// Of its repetitions.
    pub repairs: u32,
    /// Of the microphone.
    pub voice: u32,
}

impl Ssrcs {
    /// New ones.
    pub fn generate() -> Self {
        Self { picture: rand::random(), repairs: rand::random(), voice: rand::random() }
    }
}

/// What a publisher and a server agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// The camera.
    pub picture: Terms,
    /// The microphone.
    pub voice: Terms,
    /// `None`: the server knows streams by their names, so that SSRCs are the publisher's own business.
    pub ssrcs: Option<Ssrcs>,
}

impl Agreed {
    /// All that [`super::publish`] offers, as our server agrees to.
    pub fn all(codec: Codec) -> Self {
        let (payload_type, repairs) = video_payload_types(codec);
        let extensions = u16::MAX;
        Self {
            picture: Terms { payload_type, repairs_payload_type: Some(repairs), extensions },
            voice: Terms { payload_type: OPUS_PAYLOAD_TYPE, repairs_payload_type: None, extensions },
            ssrcs: None,
        }
    }
}

fn picture(sdp: &mut String, mid: &str, direction: &str, codec: Codec) {
    let (payload_type, repairs) = PICTURE_PAYLOAD_TYPES;
    let name = if codec == Codec::Vp8 { "VP8" } else { "H264" };
    let _ = write!(
        sdp,
        "m=video 9 UDP/TLS/RTP/SAVPF {payload_type} {repairs}\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=rtcp-rsize\r\n\
         a=mid:{mid}\r\na={direction}\r\na=rtpmap:{payload_type} {name}/90000\r\n"
    );
    if codec == Codec::H264 {
        let _ = write!(
            sdp,
            "a=fmtp:{payload_type} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
        );
    }
    let _ = write!(sdp, "a=rtpmap:{repairs} rtx/90000\r\na=fmtp:{repairs} apt={payload_type}\r\n");
    for feedback in ["transport-cc", "ccm fir", "nack", "nack pli"] {
        let _ = write!(sdp, "a=rtcp-fb:{payload_type} {feedback}\r\n");
    }
    extensions(sdp, &[extension::MID, extension::TRANSPORT_CC, extension::ABS_SEND_TIME]);
}

/// Says how one connects in every m-line, as browsers do: there are servers that look nowhere else. As everywhere in the
/// bench, we are the DTLS client.
fn connect(local: &Local, media: &str) -> String {
    let whole = head(local, 2).replace("a=setup:actpass", "a=setup:active");
    // The transport's lines are the last ones.
    let (session, transport) = whole.split_at(whole.find("a=ice-ufrag:").unwrap_or(whole.len()));
    let begin = "c=IN IP4 0.0.0.0\r\n";
    session.to_owned() + &media.replace(begin, &format!("{begin}{transport}"))
}

/// Microphone and camera.
pub fn publish(local: &Local, codec: Codec, ssrcs: &Ssrcs) -> String {
    let mut sdp = String::new();
    let Ssrcs { picture: ssrc, repairs, voice } = ssrcs;
    audio(&mut sdp, 0, "sendonly");
    let _ = write!(sdp, "a=msid:bench microphone\r\na=ssrc:{voice} cname:bench\r\n");
    picture(&mut sdp, CAMERA_MID, "sendonly", codec);
    let _ = write!(
        sdp,
        "a=msid:bench camera\r\na=ssrc-group:FID {ssrc} {repairs}\r\na=ssrc:{ssrc} cname:bench\r\na=ssrc:{repairs} cname:bench\r\n"
    );
    connect(local, &sdp)
}

/// A picture and a voice.
pub fn subscribe(local: &Local, codec: Codec) -> String {
    let mut sdp = String::new();
    picture(&mut sdp, "0", "recvonly", codec);
    audio(&mut sdp, 1, "recvonly");
    connect(local, &sdp)
}

/// A server's answer, before one of its addresses is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    ufrag: String,
    pwd: String,
    /// Where it says that it can be reached.
    pub candidates: Vec<SocketAddr>,
    sdp: String,
}

impl Reply {
    /// Reads an answer, whatever ends its lines.
    pub fn read(sdp: &str) -> anyhow::Result<Self> {
        let sdp: String = sdp.lines().map(|line| format!("{}\r\n", line.trim())).collect();
        let value = |name: &str| {
            let found = sdp.lines().find_map(|line| line.strip_prefix(name));
            found.map(str::to_owned).with_context(|| format!("the SDP answer has no {name}"))
        };
        let (ufrag, pwd) = (value("a=ice-ufrag:")?, value("a=ice-pwd:")?);
        let candidates = candidates(&sdp);
        anyhow::ensure!(!candidates.is_empty(), "the SDP answer has no UDP candidate for IPv4");
        Ok(Self { ufrag, pwd, candidates, sdp })
    }

    /// Of several candidates one that can be reached without trying: the address that HTTP came from, or the only one.
    pub fn obvious(&self, http: IpAddr) -> Option<SocketAddr> {
        let same = self.candidates.iter().find(|candidate| candidate.ip() == http);
        let only = self.candidates.first().filter(|_| self.candidates.len() == 1);
        same.or(only).copied()
    }

    /// m-lines that were not refused, in the order of the offer.
    fn media(&self) -> impl Iterator<Item = &str> {
        let parts = self.sdp.split("\r\nm=").skip(1);
        parts.filter(|media| media.split(' ').nth(1) != Some("0") && !media.contains("\r\na=inactive"))
    }

    /// What was agreed on, for who sends.
    pub fn agreed(&self, codec: Codec, ssrcs: Ssrcs) -> anyhow::Result<Agreed> {
        let terms = |kind: &str, index: usize| -> anyhow::Result<Terms> {
            let media = self.media().find(|media| media.starts_with(kind));
            let media = media.with_context(|| format!("the server wants no {kind}"))?;
            let payload_type = payload_types(media)[index];
            let payload_type =
                payload_type.with_context(|| format!("the server does not agree to the {kind} codec"))?;
            let repeats = format!("apt={payload_type}");
            let repairs = media.lines().filter_map(|line| line.strip_prefix("a=fmtp:")?.split_once(' '));
            let mut repairs = repairs.filter(|(_, parameters)| *parameters == repeats);
            let ids = (1..=extension::ABS_SEND_TIME).filter(|id| media.contains(uri(*id)));
            Ok(Terms {
                payload_type,
                repairs_payload_type: repairs.next().and_then(|(number, _)| number.parse().ok()),
                extensions: ids.fold(0, |bits, id| bits | 1 << id),
            })
        };
        let picture = terms("video", usize::from(codec == Codec::Vp8))?;
        Ok(Agreed { picture, voice: terms("audio", 2)?, ssrcs: Some(ssrcs) })
    }

    /// The same for who connects to this address, and for who receives.
    pub fn at(&self, server: SocketAddr) -> Answer {
        let ssrc = |media: &str, prefix: &str, n: usize| -> Option<u32> {
            let line = media.lines().find_map(|line| line.strip_prefix(prefix))?;
            line.split_whitespace().nth(n)?.parse().ok()
        };
        let stream = |media: &str| Stream {
            // 0: known by its first packet.
            ssrc: ssrc(media, "a=ssrc-group:FID ", 0)
                .or_else(|| ssrc(media, "a=ssrc:", 0))
                .unwrap_or_default(),
            rtx_ssrc: ssrc(media, "a=ssrc-group:FID ", 1),
            is_video: media.starts_with("video"),
            payload_types: payload_types(media),
        };
        let has_transport_cc = self.sdp.contains(uri(extension::TRANSPORT_CC));
        Answer {
            ufrag: self.ufrag.clone(),
            pwd: self.pwd.clone(),
            server,
            streams: self.media().map(stream).collect(),
            word: Word::Loose { has_transport_cc },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines that end with a line feed only, transport attributes in the first m-line, less than was offered.
    const SPARSE: &str = "v=0\na=group:BUNDLE 0 1\na=ice-lite\nm=video 9 UDP/TLS/RTP/SAVPF 125\na=ice-ufrag:u\na=ice-pwd:p\n\
        a=candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype passive\na=candidate:1 1 udp 1 x.local 9 typ host\n\
        a=candidate:1 1 UDP 1 ::1 9 typ host\na=candidate:2 1 UDP 1 192.0.2.1 5000 typ host\na=candidate:2 2 UDP 1 192.0.2.1 5000 typ host\na=candidate:3 1 udp 1 198.51.100.1 5000 typ host\n\
        a=mid:0\na=rtpmap:125 h264/90000\nm=audio 9 UDP/TLS/RTP/SAVPF 109\na=mid:1\na=rtpmap:109 OPUS/48000/2\na=ssrc:9 cname:c\n";

    fn local() -> Local {
        Local { ufrag: "u".to_owned(), pwd: "p", fingerprint: [7; 32] }
    }

    #[test]
    fn a_sparse_answer_is_taken_for_what_it_says() {
        let reply = Reply::read(SPARSE).unwrap();
        let addresses: Vec<String> = reply.candidates.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["192.0.2.1:5000", "198.51.100.1:5000"]);
        assert_eq!(reply.obvious([198, 51, 100, 1].into()), Some(reply.candidates[1]));
        assert_eq!(reply.obvious([127, 0, 0, 1].into()), None, "which of both must be tried");
        let ssrcs = Ssrcs::generate();
        let agreed = reply.agreed(Codec::H264, ssrcs).unwrap();
        assert_eq!((agreed.picture.payload_type, agreed.voice.payload_type), (125, 109));
        assert_eq!(agreed.picture.repairs_payload_type, None);
        assert!((1..15).all(|id| !agreed.picture.has(id) && !agreed.voice.has(id)));
        assert!(reply.agreed(Codec::Vp8, ssrcs).is_err());
        let answer = reply.at(reply.candidates[0]);
        assert_eq!(answer.word, Word::Loose { has_transport_cc: false });
        let streams: Vec<(u32, bool, bool)> =
            answer.streams.iter().map(|one| (one.ssrc, one.is_video, one.knows(109))).collect();
        assert_eq!(streams, [(0, true, false), (9, false, true)]);
        assert!(Reply::read("v=0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n").is_err());
    }

    #[test]
    fn who_agrees_to_everything_gets_everything() {
        for codec in [Codec::H264, Codec::Vp8] {
            let ssrcs = Ssrcs::generate();
            let offer = publish(&local(), codec, &ssrcs);
            let media: Vec<&str> = offer.split("\r\nm=").skip(1).collect();
            assert!(media.len() == 2 && media.iter().all(|media| media.contains("a=setup:active\r\n")));
            // As a server that takes all there is.
            let answer =
                offer.replace("sendonly", "recvonly") + "a=candidate:1 1 udp 1 127.0.0.1 5000 typ host\r\n";
            let agreed = Reply::read(&answer).unwrap().agreed(codec, ssrcs).unwrap();
            assert_eq!((agreed.picture.payload_type, agreed.picture.repairs_payload_type), (96, Some(97)));
            assert!(agreed.picture.has(extension::MID) && agreed.picture.has(extension::TRANSPORT_CC));
            assert!(!agreed.picture.has(extension::RID) && agreed.voice.has(extension::AUDIO_LEVEL));
            let offer = subscribe(&local(), codec);
            let answer =
                offer.replace("recvonly", "sendonly") + "a=candidate:1 1 udp 1 127.0.0.1 5000 typ host\r\n";
            let reply = Reply::read(&answer).unwrap();
            let answer = reply.at(reply.obvious([192, 0, 2, 1].into()).unwrap());
            assert_eq!(answer.word, Word::Loose { has_transport_cc: true });
            assert_eq!(answer.streams.iter().map(|one| one.is_video).collect::<Vec<_>>(), [true, false]);
            assert_eq!(answer.streams[0].codec(96), Some(codec));
        }
    }

    #[test]
    fn a_refused_line_is_none() {
        let answer = SPARSE.replace("m=audio 9 ", "m=audio 0 ");
        let reply = Reply::read(&answer).unwrap();
        assert_eq!(reply.at(reply.candidates[0]).streams.len(), 1);
        assert!(reply.agreed(Codec::H264, Ssrcs::generate()).is_err());
    }
}
