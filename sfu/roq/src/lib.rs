//! RTP over QUIC framing and the tap that carries a lesson to its recorder.
//!
//! Sans-IO: bytes in, items out; quinn is used by the programs, not here.
//!
//! ```text
//!  recorder                                             sfu
//!  ── bidi stream, JSON lines: Subscribe{room, epoch, next} ▶
//!  ◀── FlowStarted / FlowEnded / Lost ─────────────────
//!  ── Durable{flow, next}  (after each fsync) ─────────▶   the sfu forgets what is durable
//!  ◀── one unidirectional stream per flow: flow id, then length-prefixed RTP or RTCP packets
//! ```
//!
//! * [`varint`]: QUIC variable-length integers (RFC 9000 §16)
//! * [`framing`]: a RoQ stream (draft-ietf-avtcore-rtp-over-quic §5.2): flow identifier, then `length, packet`…
//! * [`arrival`]: the RTCP APP packet that says which packet follows and when it arrived at the sfu
//! * [`control`]: the JSON lines of the control stream

pub mod arrival;
pub mod control;
pub mod framing;
pub mod varint;

/// ALPN of the tap: RTP over QUIC plus our control stream.
pub const ALPN: &[u8] = b"tongtang-tap-1";
