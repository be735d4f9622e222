//! The receiving half: estimates each packet's index, verifies, decrypts, refuses replays.

use super::cipher::{Cipher, Half, PacketId};
use super::window::Window;
use super::{
    MAX_RTP_INDEX, MAX_SSRCS_PER_PEER, OpenedRtp, RTCP_CLEAR_BYTES, RTCP_E_FLAG, RTCP_INDEX_BYTES, RtpHeader,
    SrtpError, rtcp_ssrc,
};
use crate::peer::SrtpProfile;
use rtc_crypto::RTCCrypto;

/// Opens what one peer sends.
pub(in crate::peer) struct Opener {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    /// By SSRC, sorted. An SSRC is added by its first authentic packet.
    rtp_seen: Vec<(u32, Window)>,
    rtcp_seen: Vec<(u32, Window)>,
}

impl Opener {
    pub fn new(crypto: &dyn RTCCrypto, profile: SrtpProfile, master: &Half<'_>) -> Result<Opener, SrtpError> {
        Ok(Opener {
            profile,
            rtp: Cipher::rtp(crypto, profile, master)?,
            rtcp: Cipher::rtcp(crypto, profile, master)?,
            rtp_seen: Vec::new(),
            rtcp_seen: Vec::new(),
        })
    }

    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<OpenedRtp, SrtpError> {
        let header = RtpHeader::parse(packet).ok_or(SrtpError::Malformed)?;
        let plain_len = packet
            .len()
            .checked_sub(self.profile.tag_bytes())
            .filter(|&len| len >= header.len)
            .ok_or(SrtpError::Malformed)?;
        let place = self.rtp_seen.binary_search_by_key(&header.ssrc, |&(ssrc, _)| ssrc);
        let window = place.ok().map(|at| &self.rtp_seen[at].1);
        let index =
            estimate_index(window.and_then(Window::highest), header.sequence).ok_or(SrtpError::Replayed)?;
        if window.is_some_and(|window| !window.is_new(index)) {
            return Err(SrtpError::Replayed);
        }
        if place.is_err() && self.rtp_seen.len() == MAX_SSRCS_PER_PEER {
            return Err(SrtpError::TooManySsrcs);
        }
        self.rtp.open_rtp(packet, header.len, PacketId { ssrc: header.ssrc, index })?;
        mark(&mut self.rtp_seen, place, header.ssrc, index);
        Ok(OpenedRtp { len: plain_len, index })
    }

    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_ssrc(packet).ok_or(SrtpError::Malformed)?;
        // GCM (RFC 7714 §9): header ‖ sealed with tag ‖ E‖index. AES-CM (RFC 3711 §3.4): header ‖ sealed ‖ E‖index ‖ tag.
        let (behind, within) = match self.profile {
            SrtpProfile::AeadAes128Gcm => (0, self.profile.tag_bytes()),
            SrtpProfile::Aes128CmSha1_80 => (self.profile.tag_bytes(), 0),
        };
        let body_end = packet
            .len()
            .checked_sub(RTCP_INDEX_BYTES + behind)
            .filter(|&end| end >= RTCP_CLEAR_BYTES + within)
            .ok_or(SrtpError::Malformed)?;
        let (body, tail) = packet.split_at_mut(body_end);
        let (trailer, tag) = tail.split_first_chunk::<RTCP_INDEX_BYTES>().ok_or(SrtpError::Malformed)?;
        let word = u32::from_be_bytes(*trailer);
        if word & RTCP_E_FLAG == 0 {
            return Err(SrtpError::Malformed);
        }
        let index = u64::from(word & !RTCP_E_FLAG);
        let place = self.rtcp_seen.binary_search_by_key(&ssrc, |&(ssrc, _)| ssrc);
        match place {
            Ok(at) if !self.rtcp_seen[at].1.is_new(index) => return Err(SrtpError::Replayed),
            Err(_) if self.rtcp_seen.len() == MAX_SSRCS_PER_PEER => return Err(SrtpError::TooManySsrcs),
            _ => {}
        }
        self.rtcp.open_rtcp(body, PacketId { ssrc, index }, *trailer, tag)?;
        mark(&mut self.rtcp_seen, place, ssrc, index);
        Ok(body_end - within)
    }
}

fn mark(seen: &mut Vec<(u32, Window)>, place: Result<usize, usize>, ssrc: u32, index: u64) {
    let at = match place {
        Ok(at) => at,
        Err(at) => {
            seen.insert(at, (ssrc, Window::new()));
            at
        }
    };
    seen[at].1.mark(index);
}

/// The index that lies nearest to the highest one seen (RFC 3711 §3.3.1). `None`: before the beginning.
fn estimate_index(highest: Option<u64>, sequence: u16) -> Option<u64> {
    const ROLLOVER: u64 = 1 << 16;
    let Some(highest) = highest else { return Some(u64::from(sequence)) };
    let same_roc = (highest & !(ROLLOVER - 1)) | u64::from(sequence);
    let index = if same_roc + ROLLOVER / 2 < highest {
        same_roc + ROLLOVER
    } else if same_roc > highest + ROLLOVER / 2 {
        same_roc.checked_sub(ROLLOVER)?
    } else {
        same_roc
    };
    (index <= MAX_RTP_INDEX).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_follows_its_sequence_number_over_the_wrap_and_back() {
        assert_eq!(estimate_index(None, 65_000), Some(65_000));
        assert_eq!(estimate_index(Some(65_535), 0), Some(65_536));
        assert_eq!(estimate_index(Some(65_536), 65_535), Some(65_535));
        assert_eq!(estimate_index(Some(65_536 * 7 + 3), 65_530), Some(65_536 * 6 + 65_530));
        assert_eq!(estimate_index(Some(65_536 * 7 + 40_000), 100), Some(65_536 * 8 + 100));
    }

    #[test]
    fn before_the_beginning_there_is_no_index() {
        assert_eq!(estimate_index(Some(3), 65_530), None);
    }
}
