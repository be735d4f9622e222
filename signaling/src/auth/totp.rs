//! The second factor: codes by time (TOTP, RFC 6238), and how their secrets are kept.
//!
//! Six digits, steps of 30 s, HMAC-SHA-1, as every authenticator app has it. Pure: told the time.

use super::equal;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use rand::Rng;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use tongtang_protocol::ids::AccountId;
use tongtang_protocol::units::UnixMillis;

/// Bytes of a secret: those of SHA-1 (RFC 4226 §4, R6).
const SECRET_BYTES: usize = 20;

/// Length of a step, in milliseconds (RFC 6238 §4.1).
const STEP_MS: i64 = 30_000;

/// Steps a clock may be off, to either side (RFC 6238 §5.2 recommends one).
const MAX_STEPS_OFF: i64 = 1;

/// Digits of a code.
const DIGITS: usize = 6;

/// Domain of the key that seals: it comes from the key that signs media addresses.
const SEAL_DOMAIN: &[u8] = b"tongtang second factor 1\0";

/// What makes a person's codes. Never printed: there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// A random one.
    pub fn fresh() -> Self {
        let mut bytes = [0; SECRET_BYTES];
        rand::rng().fill(&mut bytes);
        Self(bytes)
    }

    /// Base32, to type.
    pub fn base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// To draw as a QR code (Key URI Format of the authenticator apps).
    pub fn uri(&self, login: &str) -> String {
        let label: String = url::form_urlencoded::byte_serialize(login.as_bytes()).collect();
        format!("otpauth://totp/Tongtang:{label}?secret={}&issuer=Tongtang", self.base32())
    }

    /// The step whose code this is, if it is one of now and newer than `last_used`: a code opens once (RFC 6238 §5.2).
    pub fn step_of(&self, code: &str, now: UnixMillis, last_used: i64) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let here = now.0.div_euclid(STEP_MS);
        let mut fits = None;
        // All are compared, so that time tells nothing.
        for step in here - MAX_STEPS_OFF..=here + MAX_STEPS_OFF {
            if equal(&self.code(step), &code) && step > last_used && step > 0 {
                fits = Some(step);
            }
        }
        fits
    }

    /// The code of a step (RFC 4226 §5.3).
    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let bytes = tag.as_ref();
        let offset = usize::from(bytes[bytes.len() - 1] & 0xf);
        let word = bytes[offset..offset + 4].iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        format!("{:0DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

/// Seals secrets for the database: a copy of it alone makes no codes.
pub struct Seal(LessSafeKey);

impl Seal {
    /// From the installation's key.
    pub fn new(key: &[u8; 32]) -> Self {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), SEAL_DOMAIN);
        let unbound = UnboundKey::new(&AES_256_GCM, derived.as_ref()).expect("an HMAC-SHA256 has 32 bytes");
        Self(LessSafeKey::new(unbound))
    }

    /// As it stands in the database; it opens for this account alone.
    pub fn seal(&self, secret: &Secret, account: &AccountId) -> String {
        // Random nonces: a few for each person, far from 2^32 (NIST SP 800-38D §8.3).
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill(&mut nonce);
        let mut sealed = secret.0.to_vec();
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(account.as_str()),
                &mut sealed,
            )
            .expect("20 bytes are not too long");
        BASE64URL_NOPAD.encode(&[&nonce, sealed.as_slice(), tag.as_ref()].concat())
    }

    /// The way back; None: the installation's key is another one, or the row was tampered with.
    pub fn open(&self, sealed: &str, account: &AccountId) -> Option<Secret> {
        let bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut rest = rest.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(account.as_str()), &mut rest).ok()?;
        Some(Secret(opened.try_into().ok()?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// RFC 6238, Appendix B, the last six of its eight digits.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn secret() -> Secret {
        Secret(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in VECTORS {
            let now = UnixMillis(seconds * 1000);
            assert_eq!(secret().step_of(code, now, 0), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_opens_one_step_around_now_and_once() {
        let (secret, code) = (secret(), "005924");
        let step = 1_234_567_890 / 30;
        for (off, opens) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let now = UnixMillis((step + off) * STEP_MS);
            assert_eq!(secret.step_of(code, now, 0).is_some(), opens, "{off}");
        }
        let now = UnixMillis(step * STEP_MS);
        assert_eq!(secret.step_of("005 924", now, step - 1), Some(step), "apps show it with a gap");
        assert_eq!(secret.step_of(code, now, step), None, "used");
        for bad in ["", "5924", "0059241", "课课课课课课"] {
            assert_eq!(secret.step_of(bad, now, 0), None, "{bad}");
        }
    }

    #[test]
    fn a_sealed_secret_opens_for_its_account_and_its_installation_alone() {
        let account = |text: &str| AccountId::new(text).unwrap();
        let seal = Seal::new(&[1; 32]);
        let sealed = seal.seal(&secret(), &account("acc-1"));
        assert!(seal.open(&sealed, &account("acc-1")).is_some_and(|opened| opened == secret()));
        assert!(seal.open(&sealed, &account("acc-2")).is_none());
        assert!(Seal::new(&[2; 32]).open(&sealed, &account("acc-1")).is_none());
        assert!(seal.open("", &account("acc-1")).is_none() && seal.open("AA", &account("acc-1")).is_none());
        assert_ne!(sealed, seal.seal(&secret(), &account("acc-1")));
    }

    #[test]
    fn an_app_can_read_the_address() {
        let uri = secret().uri("li@xian");
        assert_eq!(
            uri,
            "otpauth://totp/Tongtang:li%40xian?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tongtang"
        );
    }
}
