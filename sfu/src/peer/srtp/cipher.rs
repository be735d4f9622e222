//! The two ciphers of a session: AES-128-GCM, and AES-CM with HMAC-SHA1 for peers without it.
//!
//! Enters: master keys of one direction. Leaves: packets protected or verified under an index that
//! the caller vouches for; replay and nonce rules are the caller's.

use super::{RTCP_CLEAR_BYTES, RTCP_E_FLAG, SrtpError};
use crate::peer::SrtpProfile;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rtc_crypto::{BlockCipherAlgorithm, HmacAlgorithm, Mac, RTCCrypto, StreamCipher, StreamCipherAlgorithm};

/// Master key and salt of one direction (RFC 5764 §4.2).
pub(in crate::peer) struct Half<'a> {
    pub key: &'a [u8],
    pub salt: &'a [u8],
}

/// Both directions, cut from the DTLS exporter's output: client key, server key, client salt, server salt.
pub(in crate::peer) struct SessionKeys<'a> {
    pub client: Half<'a>,
    pub server: Half<'a>,
}

impl<'a> SessionKeys<'a> {
    /// How much to export.
    pub fn exported_bytes(profile: SrtpProfile) -> usize {
        2 * (profile.key_bytes() + profile.salt_bytes())
    }

    /// Cuts it.
    pub fn cut(profile: SrtpProfile, exported: &'a [u8]) -> Option<SessionKeys<'a>> {
        if exported.len() != Self::exported_bytes(profile) {
            return None;
        }
        let (client_key, rest) = exported.split_at(profile.key_bytes());
        let (server_key, rest) = rest.split_at(profile.key_bytes());
        let (client_salt, server_salt) = rest.split_at(profile.salt_bytes());
        Some(SessionKeys {
            client: Half { key: client_key, salt: client_salt },
            server: Half { key: server_key, salt: server_salt },
        })
    }
}

/// Labels of RFC 3711 §4.3.2: encryption, authentication, salt.
const RTP_LABELS: [u8; 3] = [0, 1, 2];
const RTCP_LABELS: [u8; 3] = [3, 4, 5];

/// AES-CM as a key derivation function with a key derivation rate of 0 (RFC 3711 §4.3.3; RFC 7714 §11 uses the same,
/// its 12-byte salt followed by two zero bytes).
fn derive<const N: usize>(
    crypto: &dyn RTCCrypto,
    master: &Half<'_>,
    label: u8,
) -> Result<[u8; N], SrtpError> {
    let mut counter = [0u8; 16];
    counter[..master.salt.len()].copy_from_slice(master.salt);
    counter[7] ^= label;
    let mut out = [0u8; N];
    for (block_number, chunk) in out.chunks_mut(16).enumerate() {
        let mut block = counter;
        block[15] = block_number as u8;
        crypto
            .block_encrypt(BlockCipherAlgorithm::Aes128, master.key, &mut block)
            .map_err(|_| SrtpError::Crypto)?;
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
    Ok(out)
}

/// The keys of one direction and one protocol.
#[expect(
    clippy::large_enum_variant,
    reason = "GCM is what almost every peer uses: no pointer to follow on its packet path"
)]
pub(super) enum Cipher {
    Gcm(Gcm),
    Cm(Box<Cm>),
}

pub(super) struct Gcm {
    key: LessSafeKey,
    salt: [u8; 12],
}

pub(super) struct Cm {
    stream: Box<dyn StreamCipher>,
    mac: Box<dyn Mac>,
    salt: [u8; 14],
}

/// Which packet this is: with the key it makes the nonce.
#[derive(Debug, Clone, Copy)]
pub(super) struct PacketId {
    pub ssrc: u32,
    /// RTP: ROC‖SEQ. RTCP: the 31-bit index.
    pub index: u64,
}

impl Cipher {
    /// Keys for RTP.
    pub fn rtp(crypto: &dyn RTCCrypto, profile: SrtpProfile, master: &Half<'_>) -> Result<Cipher, SrtpError> {
        Self::new(crypto, profile, master, RTP_LABELS)
    }

    /// Keys for RTCP.
    pub fn rtcp(
        crypto: &dyn RTCCrypto,
        profile: SrtpProfile,
        master: &Half<'_>,
    ) -> Result<Cipher, SrtpError> {
        Self::new(crypto, profile, master, RTCP_LABELS)
    }

    fn new(
        crypto: &dyn RTCCrypto,
        profile: SrtpProfile,
        master: &Half<'_>,
        [encryption, authentication, salt]: [u8; 3],
    ) -> Result<Cipher, SrtpError> {
        if master.key.len() != profile.key_bytes() || master.salt.len() != profile.salt_bytes() {
            return Err(SrtpError::Crypto);
        }
        let key: [u8; 16] = derive(crypto, master, encryption)?;
        match profile {
            SrtpProfile::AeadAes128Gcm => {
                let key = UnboundKey::new(&AES_128_GCM, &key).map_err(|_| SrtpError::Crypto)?;
                Ok(Cipher::Gcm(Gcm { key: LessSafeKey::new(key), salt: derive(crypto, master, salt)? }))
            }
            SrtpProfile::Aes128CmSha1_80 => {
                let mac_key: [u8; 20] = derive(crypto, master, authentication)?;
                Ok(Cipher::Cm(Box::new(Cm {
                    stream: crypto
                        .new_stream_cipher(StreamCipherAlgorithm::Aes128Ctr, &key)
                        .map_err(|_| SrtpError::Crypto)?,
                    mac: crypto.new_hmac(HmacAlgorithm::Sha1, &mac_key).map_err(|_| SrtpError::Crypto)?,
                    salt: derive(crypto, master, salt)?,
                })))
            }
        }
    }

    /// Encrypts `packet[clear..]`; the tag comes back.
    pub fn seal_rtp(&mut self, packet: &mut [u8], clear: usize, id: PacketId) -> Result<Tag, SrtpError> {
        let (header, payload) = packet.split_at_mut(clear);
        match self {
            Cipher::Gcm(gcm) => gcm.seal(gcm.rtp_nonce(id), header, payload),
            Cipher::Cm(cm) => {
                cm.apply(id, payload)?;
                cm.tag(&[packet, &roc(id)])
            }
        }
    }

    /// Verifies and decrypts `packet[clear..]`, which ends in the tag.
    pub fn open_rtp(&mut self, packet: &mut [u8], clear: usize, id: PacketId) -> Result<(), SrtpError> {
        match self {
            Cipher::Gcm(gcm) => {
                let (header, sealed) = packet.split_at_mut(clear);
                gcm.open(gcm.rtp_nonce(id), header, sealed)
            }
            Cipher::Cm(cm) => {
                let (packet, tag) = split_tag(packet, clear)?;
                cm.verify(&[packet, &roc(id)], tag)?;
                cm.apply(id, &mut packet[clear..])
            }
        }
    }

    /// Encrypts a compound RTCP packet in place; `trailer` is E‖index.
    pub fn seal_rtcp(&mut self, packet: &mut [u8], id: PacketId, trailer: [u8; 4]) -> Result<Tag, SrtpError> {
        let (header, body) = packet.split_at_mut(RTCP_CLEAR_BYTES);
        match self {
            Cipher::Gcm(gcm) => {
                let aad = rtcp_aad(header, trailer);
                gcm.seal(gcm.rtcp_nonce(id), &aad, body)
            }
            Cipher::Cm(cm) => {
                cm.apply(id, body)?;
                cm.tag(&[packet, &trailer])
            }
        }
    }

    /// Verifies and decrypts a compound RTCP packet in place. `packet` is without trailer; with GCM it ends in the tag,
    /// with AES-CM the tag stood behind the trailer.
    pub fn open_rtcp(
        &mut self,
        packet: &mut [u8],
        id: PacketId,
        trailer: [u8; 4],
        tag: &[u8],
    ) -> Result<(), SrtpError> {
        match self {
            Cipher::Gcm(gcm) => {
                let (header, sealed) = packet.split_at_mut(RTCP_CLEAR_BYTES);
                let aad = rtcp_aad(header, trailer);
                gcm.open(gcm.rtcp_nonce(id), &aad, sealed)
            }
            Cipher::Cm(cm) => {
                cm.verify(&[packet, &trailer], tag)?;
                cm.apply(id, &mut packet[RTCP_CLEAR_BYTES..])
            }
        }
    }
}

/// A tag of either kind.
pub(super) struct Tag {
    bytes: [u8; 16],
    len: usize,
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn roc(id: PacketId) -> [u8; 4] {
    ((id.index >> 16) as u32).to_be_bytes()
}

fn rtcp_aad(header: &[u8], trailer: [u8; 4]) -> [u8; RTCP_CLEAR_BYTES + 4] {
    debug_assert!(u32::from_be_bytes(trailer) & RTCP_E_FLAG != 0);
    let mut aad = [0; RTCP_CLEAR_BYTES + 4];
    aad[..RTCP_CLEAR_BYTES].copy_from_slice(header);
    aad[RTCP_CLEAR_BYTES..].copy_from_slice(&trailer);
    aad
}

/// Splits the 80-bit tag off.
fn split_tag(packet: &mut [u8], clear: usize) -> Result<(&mut [u8], &[u8]), SrtpError> {
    let tag_bytes = SrtpProfile::Aes128CmSha1_80.tag_bytes();
    let at = packet.len().checked_sub(tag_bytes).filter(|&at| at >= clear).ok_or(SrtpError::Malformed)?;
    let (packet, tag) = packet.split_at_mut(at);
    Ok((packet, tag))
}

impl Gcm {
    /// RFC 7714 §8.1: `00 00 ‖ SSRC ‖ ROC ‖ SEQ` XOR salt.
    fn rtp_nonce(&self, id: PacketId) -> Nonce {
        let mut iv = [0; 12];
        iv[2..6].copy_from_slice(&id.ssrc.to_be_bytes());
        iv[6..12].copy_from_slice(&id.index.to_be_bytes()[2..]);
        self.salted(iv)
    }

    /// RFC 7714 §9.1: `00 00 ‖ SSRC ‖ 00 00 ‖ SRTCP index` XOR salt.
    fn rtcp_nonce(&self, id: PacketId) -> Nonce {
        let mut iv = [0; 12];
        iv[2..6].copy_from_slice(&id.ssrc.to_be_bytes());
        iv[8..12].copy_from_slice(&(id.index as u32).to_be_bytes());
        self.salted(iv)
    }

    fn salted(&self, mut iv: [u8; 12]) -> Nonce {
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        Nonce::assume_unique_for_key(iv)
    }

    fn seal(&self, nonce: Nonce, aad: &[u8], plain: &mut [u8]) -> Result<Tag, SrtpError> {
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(aad), plain)
            .map_err(|_| SrtpError::Crypto)?;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(tag.as_ref());
        Ok(Tag { bytes, len: 16 })
    }

    fn open(&self, nonce: Nonce, aad: &[u8], sealed: &mut [u8]) -> Result<(), SrtpError> {
        self.key.open_in_place(nonce, Aad::from(aad), sealed).map(drop).map_err(|_| SrtpError::Authentication)
    }
}

impl Cm {
    /// RFC 3711 §4.1.1: `(salt · 2^16) XOR (SSRC · 2^64) XOR (index · 2^16)`.
    fn apply(&mut self, id: PacketId, data: &mut [u8]) -> Result<(), SrtpError> {
        let mut iv = [0u8; 16];
        iv[4..8].copy_from_slice(&id.ssrc.to_be_bytes());
        iv[8..14].copy_from_slice(&id.index.to_be_bytes()[2..]);
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        self.stream.apply_keystream(&iv, data).map_err(|_| SrtpError::Crypto)
    }

    fn tag(&mut self, input: &[&[u8]]) -> Result<Tag, SrtpError> {
        let mut full = [0; 20];
        self.mac.sign(input, &mut full).map_err(|_| SrtpError::Crypto)?;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&full[..16]);
        Ok(Tag { bytes, len: SrtpProfile::Aes128CmSha1_80.tag_bytes() })
    }

    fn verify(&mut self, input: &[&[u8]], tag: &[u8]) -> Result<(), SrtpError> {
        let expected = self.tag(input)?;
        let equal = subtle::ConstantTimeEq::ct_eq(expected.as_ref(), tag);
        if bool::from(equal) { Ok(()) } else { Err(SrtpError::Authentication) }
    }
}
