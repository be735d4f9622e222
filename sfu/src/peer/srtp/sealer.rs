//! The sending half: seals each index of an SSRC once, for ever.
//!
//! Two packets under one (key, SSRC, index) give away the XOR of their plaintexts, and with GCM the
//! authentication key (RFC 7714 §14.1). So the caller may not be trusted with it: the window of each
//! SSRC is checked here, right before the cipher.

use super::cipher::{Cipher, Half, PacketId};
use super::window::Window;
use super::{
    MAX_RTCP_INDEX, MAX_RTP_INDEX, MAX_SSRCS_PER_PEER, RTCP_E_FLAG, RtpHeader, SrtpError, rtcp_ssrc,
};
use crate::peer::SrtpProfile;
use rtc_crypto::RTCCrypto;

/// The SSRCs we send with, and which of their indexes were sealed. Lives as long as the peer: a key never sees an
/// index twice, whatever becomes of slots.
pub(in crate::peer) struct SentIndexes {
    /// Sorted. Apart from the windows, so that finding one of sixty touches four cache lines and not thirty: on a wall that
    /// was 0.4 µs a packet.
    ssrcs: Vec<u32>,
    /// Of each SSRC, in the same order.
    windows: Vec<Window>,
}

impl SentIndexes {
    fn register(&mut self, ssrc: u32) -> Result<(), SrtpError> {
        match self.ssrcs.binary_search(&ssrc) {
            Ok(_) => Ok(()),
            Err(_) if self.ssrcs.len() == MAX_SSRCS_PER_PEER => Err(SrtpError::TooManySsrcs),
            Err(at) => {
                self.ssrcs.insert(at, ssrc);
                self.windows.insert(at, Window::new());
                Ok(())
            }
        }
    }

    /// Takes `index`, for ever: also when sealing fails afterwards.
    fn take(&mut self, ssrc: u32, index: u64) -> Result<(), SrtpError> {
        let at = self.ssrcs.binary_search(&ssrc).map_err(|_| SrtpError::UnknownSsrc)?;
        let window = &mut self.windows[at];
        if index > MAX_RTP_INDEX {
            return Err(SrtpError::KeyExhausted);
        }
        if !window.is_new(index) {
            return Err(SrtpError::IndexUsed);
        }
        window.mark(index);
        Ok(())
    }
}

/// Seals what one peer is sent. Without keys (before the handshake) SSRCs can be registered, nothing can be sealed.
pub(in crate::peer) struct Sealer {
    indexes: SentIndexes,
    keys: Option<Keys>,
}

struct Keys {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    /// One counter for all SSRCs: unique for each of them (RFC 3711 §3.4).
    next_rtcp_index: u32,
}

impl Sealer {
    pub fn without_keys() -> Sealer {
        Sealer { indexes: SentIndexes { ssrcs: Vec::new(), windows: Vec::new() }, keys: None }
    }

    /// Gives it the keys, once; a second time is refused, because the windows belong to the first.
    pub fn set_keys(
        &mut self,
        crypto: &dyn RTCCrypto,
        profile: SrtpProfile,
        master: &Half<'_>,
    ) -> Result<(), SrtpError> {
        if self.keys.is_some() {
            return Err(SrtpError::KeyExhausted);
        }
        self.keys = Some(Keys {
            profile,
            rtp: Cipher::rtp(crypto, profile, master)?,
            rtcp: Cipher::rtcp(crypto, profile, master)?,
            next_rtcp_index: 0,
        });
        Ok(())
    }

    pub fn register_ssrc(&mut self, ssrc: u32) -> Result<(), SrtpError> {
        self.indexes.register(ssrc)
    }

    pub fn seal_rtp(
        &mut self,
        buffer: &mut Vec<u8>,
        from: usize,
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        let sealed = self.seal_rtp_in_place(buffer, from, header_len, ssrc, index);
        if sealed.is_err() {
            buffer.truncate(from);
        }
        sealed
    }

    fn seal_rtp_in_place(
        &mut self,
        buffer: &mut Vec<u8>,
        from: usize,
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        let keys = self.keys.as_mut().ok_or(SrtpError::NotConnected)?;
        let packet = buffer.get_mut(from..).ok_or(SrtpError::Malformed)?;
        let header = RtpHeader::parse(packet).ok_or(SrtpError::Malformed)?;
        // What is written must be what the nonce is made of.
        if header.len != header_len || header.ssrc != ssrc || header.sequence != index as u16 {
            return Err(SrtpError::Malformed);
        }
        self.indexes.take(ssrc, index)?;
        let tag = keys.rtp.seal_rtp(packet, header_len, PacketId { ssrc, index })?;
        buffer.extend_from_slice(tag.as_ref());
        Ok(())
    }

    pub fn seal_rtcp(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), SrtpError> {
        let keys = self.keys.as_mut().ok_or(SrtpError::NotConnected)?;
        let ssrc = rtcp_ssrc(plain).ok_or(SrtpError::Malformed)?;
        if keys.next_rtcp_index > MAX_RTCP_INDEX {
            return Err(SrtpError::KeyExhausted);
        }
        let index = keys.next_rtcp_index;
        keys.next_rtcp_index += 1;
        let trailer = (RTCP_E_FLAG | index).to_be_bytes();
        let from = out.len();
        out.extend_from_slice(plain);
        let sealed =
            keys.rtcp.seal_rtcp(&mut out[from..], PacketId { ssrc, index: u64::from(index) }, trailer);
        let tag = sealed.inspect_err(|_| out.truncate(from))?;
        match keys.profile {
            SrtpProfile::AeadAes128Gcm => {
                out.extend_from_slice(tag.as_ref());
                out.extend_from_slice(&trailer);
            }
            SrtpProfile::Aes128CmSha1_80 => {
                out.extend_from_slice(&trailer);
                out.extend_from_slice(tag.as_ref());
            }
        }
        Ok(())
    }
}
