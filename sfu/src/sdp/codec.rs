//! The codecs of an m-line, and which of them we take.

use super::offer::Media;

/// A codec that we route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 7587.
    Opus,
    /// RFC 6184, packetization-mode 1, (constrained) baseline.
    H264,
    /// RFC 7741.
    Vp8,
}

impl Codec {
    /// As in `a=rtpmap`.
    #[must_use]
    pub fn rtpmap(self) -> &'static str {
        match self {
            Codec::Opus => "opus/48000/2",
            Codec::H264 => "H264/90000",
            Codec::Vp8 => "VP8/90000",
        }
    }

    /// Ticks of an RTP timestamp in a second.
    #[must_use]
    pub fn clock_rate_hz(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::H264 | Codec::Vp8 => 90_000,
        }
    }
}

/// The payload types of a codec on one m-line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PayloadTypes {
    /// Of the codec itself.
    pub media: u8,
    /// Of its retransmissions (RFC 4588), where the peer does those.
    pub rtx: Option<u8>,
}

/// A payload type as an offer describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OfferedCodec {
    pub payload_type: u8,
    /// `a=rtpmap` value: `VP8/90000`.
    pub rtpmap: String,
    /// `a=fmtp` parameters.
    pub fmtp: String,
    /// `a=rtcp-fb` values.
    pub feedback: Vec<String>,
}

impl OfferedCodec {
    fn name(&self) -> &str {
        self.rtpmap.split('/').next().unwrap_or_default()
    }

    /// The value of an fmtp parameter; names and most values are case-insensitive.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.fmtp.split(';').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn is(&self, codec: Codec) -> bool {
        let mut parts = self.rtpmap.split('/');
        let (name, clock) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (wanted_name, wanted_clock) = match codec {
            Codec::Opus => ("opus", "48000"),
            Codec::H264 => ("H264", "90000"),
            Codec::Vp8 => ("VP8", "90000"),
        };
        name.eq_ignore_ascii_case(wanted_name) && clock == wanted_clock
    }

    /// How well this H.264 payload type suits: only packetization-mode 1, baseline; the constrained kind first.
    /// `profile-level-id` is profile_idc, profile_iop, level_idc in hex (RFC 6184 §8.1); absent means baseline.
    fn h264_rank(&self) -> Option<u8> {
        if self.parameter("packetization-mode") != Some("1") {
            return None;
        }
        let Some(id) = self.parameter("profile-level-id") else { return Some(2) };
        let bits = u32::from_str_radix(id, 16).ok().filter(|_| id.len() == 6)?;
        let (profile_idc, profile_iop) = ((bits >> 16) as u8, (bits >> 8) as u8);
        match (profile_idc, profile_iop & 0x40 != 0) {
            (0x42, true) => Some(0),
            (0x42, false) => Some(1),
            _ => None,
        }
    }
}

impl Media {
    /// The payload types that carry `codec` on this m-line; the best, when several do.
    pub(super) fn find_codec(&self, codec: Codec) -> Option<(&OfferedCodec, PayloadTypes)> {
        let candidates = self.codecs.iter().filter(|offered| offered.is(codec));
        let chosen = match codec {
            Codec::H264 => candidates
                .filter_map(|c| Some((c.h264_rank()?, c)))
                .min_by_key(|&(rank, _)| rank)
                .map(|(_, c)| c),
            Codec::Opus | Codec::Vp8 => candidates.into_iter().next(),
        }?;
        let apt = chosen.payload_type.to_string();
        let rtx = self
            .codecs
            .iter()
            .find(|c| c.name().eq_ignore_ascii_case("rtx") && c.parameter("apt") == Some(apt.as_str()))
            .map(|c| c.payload_type);
        Some((chosen, PayloadTypes { media: chosen.payload_type, rtx }))
    }
}

impl OfferedCodec {
    /// Does the peer speak this feedback (`nack`, `nack pli`, `transport-cc`, …)?
    pub(super) fn speaks(&self, feedback: &str) -> bool {
        self.feedback.iter().any(|offered| offered.eq_ignore_ascii_case(feedback))
    }
}
