//! Answers a WHIP offer: which of its m-lines become the microphone, the camera and the board.

use super::SdpError;
use super::answer::{Accepted, AnswerWriter, LocalDescription, Nack, agree_extensions, feedback};
use super::codec::{Codec, PayloadTypes};
use super::offer::{
    Direction, ExtensionIds, Media, MediaKind, Offer, URI_ABS_SEND_TIME, URI_AUDIO_LEVEL, URI_MID,
    URI_REPAIRED_RID, URI_RID, URI_TRANSPORT_CC,
};
use tongtang_protocol::lesson::{Source, VideoCodec};

/// What a publisher may send.
#[derive(Debug, Clone, Copy)]
pub struct PublishPolicy<'a> {
    /// The lesson's codec; the only one that is accepted.
    pub video_codec: VideoCodec,
    /// The sources this participant may publish.
    pub sources: &'a [Source],
}

/// An m-line that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTrack {
    /// Its mid; empty when the offer has none (a lone m-line).
    pub mid: String,
    /// What it carries.
    pub source: Source,
    /// In which codec.
    pub codec: Codec,
    /// RTP payload type.
    pub payload_type: u8,
    /// Payload type of retransmissions (RFC 4588).
    pub rtx_payload_type: Option<u8>,
    /// Ticks of its timestamps in a second.
    pub clock_rate_hz: u32,
    /// Header extensions agreed on.
    pub ext: ExtensionIds,
    /// Simulcast layers; empty without simulcast.
    pub rids: Vec<String>,
    /// SSRCs the offer declares (Chromium declares none with simulcast).
    pub ssrcs: Vec<u32>,
    /// Of those, which retransmits which: `(media, retransmission)`.
    pub fid: Vec<(u32, u32)>,
    /// Does it answer NACK?
    pub nack: bool,
    /// Does it want transport-wide feedback?
    pub transport_cc: bool,
    /// Does it want REMB? Only when it does not do transport-wide feedback.
    pub remb: bool,
}

/// The answer to a WHIP offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishAnswer {
    /// To send back.
    pub sdp: String,
    /// What will come.
    pub tracks: Vec<PublishedTrack>,
}

/// Extensions we answer a publisher, in order of need.
const EXTENSIONS: [&str; 6] =
    [URI_MID, URI_TRANSPORT_CC, URI_RID, URI_REPAIRED_RID, URI_AUDIO_LEVEL, URI_ABS_SEND_TIME];

/// Answers a publisher. The first audio m-line is the microphone, the first video m-line the camera, the second the
/// board; what the policy does not allow, what we cannot decode and what is left over is rejected.
///
/// # Errors
/// Nothing of the offer can be used.
pub fn answer_publish(
    offer: &Offer,
    local: &LocalDescription<'_>,
    policy: &PublishPolicy<'_>,
) -> Result<PublishAnswer, SdpError> {
    let mut writer = AnswerWriter::new(offer, local);
    let mut tracks = Vec::new();
    let (mut microphones, mut videos) = (0, 0);
    for media in &offer.media {
        let source = match media.media_kind() {
            Some(MediaKind::Audio) => {
                microphones += 1;
                (microphones == 1).then_some(Source::Microphone)
            }
            Some(MediaKind::Video) => {
                videos += 1;
                match videos {
                    1 => Some(Source::Camera),
                    2 => Some(Source::Board),
                    _ => None,
                }
            }
            None => None,
        };
        let accepted = source
            .filter(|source| policy.sources.contains(source) && !media.rejected && media.direction.sends())
            .and_then(|source| accept(&mut writer, media, source, policy.video_codec));
        match accepted {
            Some(track) => tracks.push(track),
            None => writer.reject(media),
        }
    }
    if tracks.is_empty() {
        let why = match policy.video_codec {
            VideoCodec::H264 => {
                "a sending m-line with Opus or with H264 (baseline, packetization-mode=1) of an allowed source"
            }
            VideoCodec::Vp8 => "a sending m-line with Opus or with VP8 of an allowed source",
        };
        return Err(SdpError::NothingToDo { why });
    }
    Ok(PublishAnswer { sdp: writer.finish(), tracks })
}

fn accept<'a>(
    writer: &mut AnswerWriter<'a>,
    media: &'a Media,
    source: Source,
    video_codec: VideoCodec,
) -> Option<PublishedTrack> {
    let codec = match (source, video_codec) {
        (Source::Microphone, _) => Codec::Opus,
        (Source::Camera | Source::Board, VideoCodec::H264) => Codec::H264,
        (Source::Camera | Source::Board, VideoCodec::Vp8) => Codec::Vp8,
    };
    let (offered, types) = media.find_codec(codec)?;
    let (ext, extensions) = agree_extensions(media, &EXTENSIONS, Direction::sends);
    let transport_cc = ext.transport_cc.is_some() && offered.speaks("transport-cc");
    let remb = !transport_cc && offered.speaks("goog-remb");
    let nack = offered.speaks("nack");
    let kind = if source == Source::Microphone { MediaKind::Audio } else { MediaKind::Video };
    // RTX answers NACK: without the one, the other would never be sent.
    let types = PayloadTypes { rtx: types.rtx.filter(|_| nack), ..types };
    writer.accept(&Accepted {
        media,
        codecs: vec![(codec, offered, types)],
        extensions,
        feedback: feedback(kind, transport_cc),
        nack: Nack::Sent,
    });
    writer.line(format_args!("a=recvonly"));
    if !media.rids.is_empty() {
        for rid in &media.rids {
            writer.line(format_args!("a=rid:{rid} recv"));
        }
        writer.line(format_args!("a=simulcast:recv {}", media.rids.join(";")));
    }
    Some(PublishedTrack {
        mid: media.mid.clone(),
        source,
        codec,
        payload_type: types.media,
        rtx_payload_type: types.rtx,
        clock_rate_hz: codec.clock_rate_hz(),
        ext,
        rids: media.rids.clone(),
        ssrcs: media.ssrcs.clone(),
        fid: media.fid.clone(),
        nack,
        transport_cc,
        remb,
    })
}
