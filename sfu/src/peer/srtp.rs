//! SRTP and SRTCP (RFC 3711, RFC 7714).

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
}
