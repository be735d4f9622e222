//! Fans a lesson out to its classrooms and brings theirs back.
//!
//! ```text
//!  shell/udp, shell/tcp
//!      └──────▶ engine ─▶ demux ─┬─▶ peer (ICE, DTLS) ──────────────▶ outbox
//!                                ├─▶ peer.open ─▶ ingress ─┬─▶ gather ─▶ fanout, wall ─▶ egress ─▶ seal ─▶ outbox ─▶ shell/udp
//!                                │   (SRTP)      (cache,   │  (bursts)   (whose turn)   (rewrite)         (runs)
//!                                │                NACK,    └─▶ tap ─▶ shell/tap ─▶ recorder
//!                                │                TWCC)        room: which track feeds which slot
//!                                └─▶ peer.open ─▶ RTCP: NACK, PLI, RR, REMB
//!  each engine on a thread of its own: ingress ─▶ mirror ─▶ the engines that have subscribers in the room
//!  shell/http (WHIP, WHEP, control) ── commands ──▶ engine ── events ──▶ shell/http
//! ```
//!
//! Everything outside [`shell`] is sans-IO: it is told the time and what arrived, and fills an
//! outbox (`clippy.toml` sees to it). Modules in the order of a packet's way.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests begin their own time"))]

#[cfg(not(fuzzing))]
pub mod shell;

pub mod engine;

pub mod demux;
pub mod peer;
pub mod sdp;

pub mod packet;

pub mod ingress;

pub mod room;

pub mod egress;

pub mod mirror;
pub mod tap;

pub mod error;
pub mod now;
pub mod stats;
