//! SRTP and SRTCP (RFC 3711, RFC 7714), in place and without allocation on the packet path.
//!
//! Enters: the keys of a DTLS handshake, packets. Leaves: packets. [`Opener`] owns the receiving
//! half, [`Sealer`] the sending half; both know nothing of sockets and time. `rtc-srtp` is not
//! used outside tests: it allocates a packet each way, and makes state for an SSRC before its first
//! packet is authenticated, which anybody on the path can use to fill the memory.

mod cipher;
mod opener;
mod sealer;
mod window;

pub(super) use cipher::SessionKeys;
pub(super) use opener::Opener;
pub(super) use sealer::Sealer;

use super::SrtpProfile;

/// An RTP packet that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedRtp {
    /// Length of the plain packet, header included.
    pub len: usize,
    /// ROC‖SEQ: the sequence number unwrapped to 48 bits. It grows by one a packet of an SSRC and never wraps.
    pub index: u64,
}

/// Why a packet was not opened or sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SrtpError {
    /// There are no keys yet, or no longer.
    #[error("there are no SRTP keys")]
    NotConnected,
    /// Shorter than its own header says.
    #[error("the packet is too short or its header is broken")]
    Malformed,
    /// The tag does not fit.
    #[error("authentication failed")]
    Authentication,
    /// Seen before, or too old to tell.
    #[error("replayed or too old")]
    Replayed,
    /// Sealed before with this SSRC, or too old to tell.
    #[error("this index was used or is too old")]
    IndexUsed,
    /// Sent with an SSRC that was not registered.
    #[error("the SSRC is not registered")]
    UnknownSsrc,
    /// The peer uses, or we registered, too many SSRCs.
    #[error("too many SSRCs")]
    TooManySsrcs,
    /// The key has been used for as many packets as it may.
    #[error("the key is used up")]
    KeyExhausted,
    /// The crypto provider failed.
    #[error("the crypto provider failed")]
    Crypto,
}

/// Most SSRCs a peer may send with or be sent. A publisher with three layers, board, microphone and all their
/// retransmissions uses 9, a subscriber with all 36 slots 72. Packets of further SSRCs are dropped.
pub const MAX_SSRCS_PER_PEER: usize = 80;

/// Highest packet index (RFC 3711 §3.3.1: 32 bits of rollover counter, 16 of sequence number).
const MAX_RTP_INDEX: u64 = (1 << 48) - 1;
/// Highest SRTCP index (RFC 3711 §3.4).
const MAX_RTCP_INDEX: u32 = (1 << 31) - 1;
/// Bytes of an RTCP header that stay in clear: up to the sender's SSRC.
const RTCP_CLEAR_BYTES: usize = 8;
/// The E flag and index behind an SRTCP packet.
const RTCP_INDEX_BYTES: usize = 4;
/// The E flag: this SRTCP packet is encrypted.
const RTCP_E_FLAG: u32 = 1 << 31;

impl SrtpProfile {
    /// Bytes of a master key.
    pub(super) const fn key_bytes(self) -> usize {
        16
    }

    /// Bytes of a master salt (RFC 5764 §4.1.2, RFC 7714 §12).
    pub(super) const fn salt_bytes(self) -> usize {
        match self {
            SrtpProfile::AeadAes128Gcm => 12,
            SrtpProfile::Aes128CmSha1_80 => 14,
        }
    }

    /// Bytes of the tag behind a packet.
    pub(super) const fn tag_bytes(self) -> usize {
        match self {
            SrtpProfile::AeadAes128Gcm => 16,
            SrtpProfile::Aes128CmSha1_80 => 10,
        }
    }
}

/// What the packet path needs of an RTP header (RFC 3550 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RtpHeader {
    sequence: u16,
    ssrc: u32,
    /// With CSRCs and header extensions: what stays in clear.
    len: usize,
}

impl RtpHeader {
    fn parse(packet: &[u8]) -> Option<RtpHeader> {
        let (&[first, _, seq_hi, seq_lo, _, _, _, _, s0, s1, s2, s3], _) =
            packet.split_first_chunk::<12>()?;
        if first >> 6 != 2 {
            return None;
        }
        let mut len = 12 + 4 * usize::from(first & 0x0f);
        if first & 0x10 != 0 {
            let extension = packet.get(len..len + 4)?;
            len += 4 + 4 * usize::from(u16::from_be_bytes([extension[2], extension[3]]));
        }
        (len <= packet.len()).then_some(RtpHeader {
            sequence: u16::from_be_bytes([seq_hi, seq_lo]),
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            len,
        })
    }
}

/// The sender's SSRC of an RTCP packet.
fn rtcp_ssrc(packet: &[u8]) -> Option<u32> {
    let (&[first, _, _, _, s0, s1, s2, s3], _) = packet.split_first_chunk::<RTCP_CLEAR_BYTES>()?;
    (first >> 6 == 2).then(|| u32::from_be_bytes([s0, s1, s2, s3]))
}

#[cfg(test)]
mod tests;
