//! Answers a WHEP offer: which slot stands on which m-line.

use super::SdpError;
use super::answer::{Accepted, AnswerWriter, CNAME, LocalDescription, Nack, agree_extensions, feedback};
use super::codec::{Codec, PayloadTypes};
use super::offer::{
    Direction, ExtensionIds, Media, MediaKind, Offer, URI_ABS_SEND_TIME, URI_AUDIO_LEVEL, URI_MID,
    URI_TRANSPORT_CC,
};

/// A slot to be put on an m-line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotPlan {
    /// `teacher`, `board`, `stage`, `wall0`, `audio0`, …: becomes the id of the browser's track.
    pub name: String,
    /// Audio or video.
    pub kind: MediaKind,
    /// SSRC it is sent with, for the whole session.
    pub ssrc: u32,
    /// SSRC of its retransmissions.
    pub rtx_ssrc: u32,
    /// `a=msid` stream: slots of one stream are played in sync.
    pub stream: String,
}

/// A slot that stands on an m-line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribedSlot {
    /// As planned.
    pub name: String,
    /// The m-line's mid, to be sent in the header extension; empty when the offer has none.
    pub mid: String,
    /// As planned.
    pub kind: MediaKind,
    /// As planned.
    pub ssrc: u32,
    /// As planned.
    pub rtx_ssrc: u32,
    /// Payload types, where the peer decodes H.264.
    pub h264: Option<PayloadTypes>,
    /// Payload types, where the peer decodes VP8.
    pub vp8: Option<PayloadTypes>,
    /// Payload type, where the peer decodes Opus.
    pub opus: Option<u8>,
    /// Header extensions agreed on.
    pub ext: ExtensionIds,
    /// Does it send transport-wide feedback?
    pub transport_cc: bool,
    /// Does it send REMB (and no transport-wide feedback)?
    pub remb: bool,
    /// Is a NACK answered? Only where it does retransmissions.
    pub nack: bool,
}

impl SubscribedSlot {
    /// Payload types under which this slot can carry `codec`.
    #[must_use]
    pub fn payload_types(&self, codec: Codec) -> Option<PayloadTypes> {
        match codec {
            Codec::H264 => self.h264,
            Codec::Vp8 => self.vp8,
            Codec::Opus => self.opus.map(|media| PayloadTypes { media, rtx: None }),
        }
    }
}

/// The answer to a WHEP offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribeAnswer {
    /// To send back.
    pub sdp: String,
    /// The slots that found an m-line, in the order of the offer.
    pub slots: Vec<SubscribedSlot>,
}

/// Extensions we answer a subscriber, in order of need.
const EXTENSIONS: [&str; 4] = [URI_MID, URI_TRANSPORT_CC, URI_AUDIO_LEVEL, URI_ABS_SEND_TIME];

/// Answers a subscriber: slots take the receiving m-lines of their kind in order; slots without an m-line are left
/// out, m-lines without a slot are rejected.
///
/// # Errors
/// No slot finds an m-line.
pub fn answer_subscribe(
    offer: &Offer,
    local: &LocalDescription<'_>,
    plan: &[SlotPlan],
) -> Result<SubscribeAnswer, SdpError> {
    let mut writer = AnswerWriter::new(offer, local);
    let mut video = plan.iter().filter(|slot| slot.kind == MediaKind::Video);
    let mut audio = plan.iter().filter(|slot| slot.kind == MediaKind::Audio);
    let mut slots = Vec::new();
    for media in &offer.media {
        let usable = !media.rejected && media.direction.receives() && carries_something(media);
        let slot = match media.media_kind().filter(|_| usable) {
            Some(MediaKind::Video) => video.next(),
            Some(MediaKind::Audio) => audio.next(),
            None => None,
        };
        match slot {
            Some(slot) => slots.push(accept(&mut writer, media, slot)),
            None => writer.reject(media),
        }
    }
    if slots.is_empty() {
        return Err(SdpError::NothingToDo {
            why: "a receiving m-line with Opus, H264 (packetization-mode=1) or VP8",
        });
    }
    Ok(SubscribeAnswer { sdp: writer.finish(), slots })
}

fn carries_something(media: &Media) -> bool {
    match media.media_kind() {
        Some(MediaKind::Audio) => media.find_codec(Codec::Opus).is_some(),
        Some(MediaKind::Video) => [Codec::Vp8, Codec::H264].iter().any(|&c| media.find_codec(c).is_some()),
        None => false,
    }
}

fn accept<'a>(writer: &mut AnswerWriter<'a>, media: &'a Media, slot: &SlotPlan) -> SubscribedSlot {
    let (ext, extensions) = agree_extensions(media, &EXTENSIONS, Direction::receives);
    let wanted: &[Codec] = match slot.kind {
        MediaKind::Audio => &[Codec::Opus],
        MediaKind::Video => &[Codec::Vp8, Codec::H264],
    };
    let mut codecs: Vec<_> = wanted
        .iter()
        .filter_map(|&codec| media.find_codec(codec).map(|(offered, types)| (codec, offered, types)))
        .collect();
    let all_speak = |feedback: &str| codecs.iter().all(|(_, offered, _)| offered.speaks(feedback));
    let transport_cc = ext.transport_cc.is_some() && all_speak("transport-cc");
    let remb = !transport_cc && all_speak("goog-remb");
    if slot.kind == MediaKind::Audio || !all_speak("nack") {
        codecs.iter_mut().for_each(|(_, _, types)| types.rtx = None);
    }
    let types_of =
        |wanted: Codec| codecs.iter().find(|(codec, _, _)| *codec == wanted).map(|&(_, _, types)| types);
    let (h264, vp8, opus) =
        (types_of(Codec::H264), types_of(Codec::Vp8), types_of(Codec::Opus).map(|t| t.media));
    let has_rtx = codecs.iter().any(|(_, _, types)| types.rtx.is_some());
    let feedback = feedback(slot.kind, transport_cc);
    writer.accept(&Accepted { media, codecs, extensions, feedback, nack: Nack::AnsweredByRtx });
    writer.line(format_args!("a=sendonly"));
    writer.line(format_args!("a=msid:{} {}", slot.stream, slot.name));
    // Browsers need both these lines and the MID extension: until a packet with the extension has been answered by
    // RTCP, only the SSRC tells them where a packet belongs.
    if has_rtx {
        writer.line(format_args!("a=ssrc-group:FID {} {}", slot.ssrc, slot.rtx_ssrc));
    }
    writer.line(format_args!("a=ssrc:{} cname:{CNAME}", slot.ssrc));
    if has_rtx {
        writer.line(format_args!("a=ssrc:{} cname:{CNAME}", slot.rtx_ssrc));
    }
    SubscribedSlot {
        name: slot.name.clone(),
        mid: media.mid.clone(),
        kind: slot.kind,
        ssrc: slot.ssrc,
        rtx_ssrc: slot.rtx_ssrc,
        h264,
        vp8,
        opus,
        ext,
        transport_cc,
        remb,
        nack: has_rtx,
    }
}
