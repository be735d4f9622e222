//! Reads and writes the formats on the wire: RTP, RTCP, VP8 and H.264 payloads.
//!
//! Pure functions over bytes that anybody may have sent: bounded, without panics, without state
//! (but [`sequence::Unwrapper`] and what [`framing`] keeps). Enters: decrypted packets. Leaves: views of them.

pub mod framing;
pub mod h264;
pub mod rtcp;
pub mod rtp;
pub mod sequence;
pub mod vp8;

pub use rtp::{Header, MAX_PACKET_BYTES};
