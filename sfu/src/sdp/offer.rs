//! An offer, as far as it concerns us.

use super::codec::OfferedCodec;

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// Opus.
    Audio,
    /// H.264 or VP8.
    Video,
}

impl MediaKind {
    /// As an m-line begins.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            MediaKind::Audio => "audio",
            MediaKind::Video => "video",
        }
    }
}

/// Ids of the header extensions both sides agreed on, each 1 to 14 (one-byte form, RFC 8285 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ExtensionIds {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid`
    pub mid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`
    pub rid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id`
    pub repaired_rid: Option<u8>,
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01
    pub transport_cc: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:ssrc-audio-level` (RFC 6464)
    pub audio_level: Option<u8>,
    /// `http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time`
    pub abs_send_time: Option<u8>,
}

pub(super) const URI_MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
pub(super) const URI_RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
pub(super) const URI_REPAIRED_RID: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
pub(super) const URI_TRANSPORT_CC: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
pub(super) const URI_AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
pub(super) const URI_ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

/// Highest id that fits the one-byte form; those above are not answered, so nobody sends them.
pub(super) const MAX_ONE_BYTE_ID: u8 = 14;

/// What ICE and DTLS need to know of the other side.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteDescription {
    /// ICE user name fragment.
    pub ufrag: String,
    /// ICE password.
    pub pwd: String,
    /// SHA-256 of its certificate.
    pub fingerprint_sha256: [u8; 32],
    /// `a=setup` of the offer.
    pub setup: RemoteSetup,
}

impl std::fmt::Debug for RemoteDescription {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteDescription")
            .field("ufrag", &self.ufrag)
            .field("setup", &self.setup)
            .finish_non_exhaustive()
    }
}

/// `a=setup` (RFC 8842). We are always the DTLS server, so the peer must be able to be active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemoteSetup {
    /// Either role.
    Actpass,
    /// DTLS client.
    Active,
}

/// The direction an m-line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    pub(super) fn parse(name: &str) -> Option<Direction> {
        match name {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        }
    }

    pub(super) fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    pub(super) fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

/// A header extension as it is offered: `a=extmap:<id>["/"<direction>] <uri>` (RFC 8285 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OfferedExtension {
    pub id: u8,
    /// None said: both directions.
    pub direction: Option<Direction>,
    pub uri: String,
}

/// An m-line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Media {
    /// `audio`, `video`, `application`, …
    pub kind: String,
    /// `UDP/TLS/RTP/SAVPF`, …
    pub protocol: String,
    /// The format list as it stands.
    pub formats: String,
    /// Port 0 without `a=bundle-only`: already rejected or stopped.
    pub rejected: bool,
    pub mid: String,
    pub direction: Direction,
    pub rtcp_mux: bool,
    pub rtcp_rsize: bool,
    pub codecs: Vec<OfferedCodec>,
    /// In the order of the offer.
    pub extensions: Vec<OfferedExtension>,
    /// Simulcast layers the peer sends, in its order (highest first or lowest first is its choice).
    pub rids: Vec<String>,
    pub ssrcs: Vec<u32>,
    /// `a=ssrc-group:FID`: media and its retransmissions.
    pub fid: Vec<(u32, u32)>,
    pub bundle_only: bool,
    pub port_zero: bool,
}

impl Media {
    pub(super) fn media_kind(&self) -> Option<MediaKind> {
        match self.kind.as_str() {
            "audio" => Some(MediaKind::Audio),
            "video" => Some(MediaKind::Video),
            _ => None,
        }
    }

    /// The extension, when its id fits the one-byte form and it goes our way.
    pub(super) fn extension(&self, uri: &str, goes: impl Fn(Direction) -> bool) -> Option<&OfferedExtension> {
        self.extensions.iter().find(|offered| {
            offered.uri == uri
                && (1..=MAX_ONE_BYTE_ID).contains(&offered.id)
                && offered.direction.is_none_or(&goes)
        })
    }
}

/// An offer that can be answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Offer {
    pub(super) remote: RemoteDescription,
    pub(super) media: Vec<Media>,
    /// Mids of the BUNDLE group; empty when the only m-line stands alone.
    pub(super) bundle: Vec<String>,
    pub(super) extmap_allow_mixed: bool,
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offer")
            .field("remote", &self.remote)
            .field("media", &self.media.len())
            .finish_non_exhaustive()
    }
}

impl Offer {
    /// What ICE and DTLS need of it.
    #[must_use]
    pub fn remote(&self) -> &RemoteDescription {
        &self.remote
    }

    /// How many m-lines it has.
    #[must_use]
    pub fn media_count(&self) -> usize {
        self.media.len()
    }
}
