//! Session descriptions: reads offers, writes answers and ICE fragments.
//!
//! Enters: the SDP text of a WHIP or WHEP request. Leaves: our answer, and what the rest of the
//! sfu needs of the agreement ([`PublishedTrack`], [`SubscribedSlot`]). Only what browsers,
//! GStreamer and aiortc send is understood (RFC 8866, RFC 8829, RFC 9725); the rest is skipped.
//! Every offer is answered once: what a track or slot carries changes later without a new offer.

mod answer;
mod codec;
mod fragment;
mod offer;
mod parse;
mod publish;
mod subscribe;

pub use answer::LocalDescription;
pub use codec::{Codec, PayloadTypes};
pub use fragment::{Fragment, parse_fragment, write_fragment};
pub use offer::{ExtensionIds, MediaKind, Offer, RemoteDescription, RemoteSetup};
pub use publish::{PublishAnswer, PublishPolicy, PublishedTrack, answer_publish};
pub use subscribe::{SlotPlan, SubscribeAnswer, SubscribedSlot, answer_subscribe};

pub use tongtang_protocol::control::MAX_SDP_BYTES;

/// Most m-lines of an offer (16 wall pictures, teacher, board, stage, three voices and room). An
/// offer with more is refused.
pub const MAX_MEDIA: usize = 40;
/// Most lines of an offer (Chromium: 150 an m-line); one with more is refused.
pub const MAX_LINES: usize = 8_000;
/// Most payload types of an m-line; an offer with more is refused. (Chromium sends 30.)
pub const MAX_CODECS: usize = 64;
/// Most header extensions kept of an m-line; further ones are as if they had not been offered.
pub const MAX_EXTENSIONS: usize = 32;
/// Most SSRCs kept of an m-line; further ones are as if they had not been declared.
pub const MAX_SSRCS: usize = 32;
/// Most simulcast layers of an m-line; an offer with more is refused.
pub const MAX_RIDS: usize = 8;
/// Longest mid, rid, ufrag or slot name; longer ones are refused. (RFC 8445 allows a ufrag 256, no browser
/// sends more than 32; a mid or rid must fit into a one-byte header extension.)
pub const MAX_NAME_BYTES: usize = 64;

/// Why a description is refused, in words for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// A named limit was exceeded.
    #[error("{what} exceeds the limit of {limit}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// A line cannot be read.
    #[error("line {line}: {problem}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Something an offer must have is not there.
    #[error("the offer has no {what} ({rule})")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Who demands it.
        rule: &'static str,
    },
    /// The offer asks for something we do not do.
    #[error("{what} ({rule})")]
    Unsupported {
        /// What is not supported.
        what: &'static str,
        /// Who says so.
        rule: &'static str,
    },
    /// No m-line can carry what was asked for.
    #[error("no m-line of the offer can be used: {why}")]
    NothingToDo {
        /// What was looked for.
        why: &'static str,
    },
}
