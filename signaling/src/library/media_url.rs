//! Signed addresses of media files: `/media/EXPIRES/SIGNATURE/RECORDING/…`.
//!
//! The signature stands in the path and covers the recording and the expiry, not the file: so the
//! relative addresses inside a playlist are signed by their prefix.

use ring::hmac;
use tongtang_protocol::ids::RecordingId;
use tongtang_protocol::units::UnixMillis;

/// How long an address works at least, in seconds: a lesson watched with a long break in between.
const MIN_LIFE_S: i64 = 12 * 3600;

/// Expiries are rounded up to this, so that an address stays the same for a while and caches help.
const ROUND_S: i64 = 3600;

/// Domain of the HMAC: the same key signs teacher links.
const DOMAIN: &[u8] = b"tongtang media address 1\0";

/// Signs and checks.
#[derive(Clone)]
pub struct MediaUrls(hmac::Key);

impl MediaUrls {
    /// From the installation's key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The address of `path` (relative to the media folder, beginning with the recording).
    pub fn sign(&self, recording: &RecordingId, path: &str, now: UnixMillis) -> String {
        let expires = ((now.0 / 1000 + MIN_LIFE_S) / ROUND_S + 1) * ROUND_S;
        let signature = hex::encode(hmac::sign(&self.0, &message(recording, expires)));
        format!("/media/{expires}/{signature}/{path}")
    }

    /// Is the signature ours, and not out of date?
    pub fn is_valid(&self, expires: i64, signature: &str, recording: &RecordingId, now: UnixMillis) -> bool {
        let Ok(signature) = hex::decode(signature) else { return false };
        expires > now.0 / 1000 && hmac::verify(&self.0, &message(recording, expires), &signature).is_ok()
    }
}

fn message(recording: &RecordingId, expires: i64) -> Vec<u8> {
    [DOMAIN, recording.as_str().as_bytes(), b"\0", expires.to_string().as_bytes()].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_its_recording_until_it_expires_and_for_nothing_else() {
        let urls = MediaUrls::new(&[1; 32]);
        let mine = RecordingId::new("rec-1").unwrap();
        let other = RecordingId::new("rec-2").unwrap();
        let now = UnixMillis(1_700_000_000_000);
        let url = urls.sign(&mine, "rec-1/out/master.m3u8", now);
        let parts: Vec<&str> = url.split('/').collect();
        let (expires, signature) = (parts[2].parse::<i64>().unwrap(), parts[3]);
        assert_eq!(parts[4..], ["rec-1", "out", "master.m3u8"]);
        assert!(urls.is_valid(expires, signature, &mine, now));
        assert!(!urls.is_valid(expires, signature, &other, now));
        assert!(!urls.is_valid(expires + 1, signature, &mine, now));
        assert!(!urls.is_valid(expires, signature, &mine, UnixMillis(expires * 1000)));
        assert!(!urls.is_valid(expires, &signature.replace(['0', '1'], "2"), &mine, now));
        assert!(!urls.is_valid(expires, "课", &mine, now));
        assert!(!MediaUrls::new(&[2; 32]).is_valid(expires, signature, &mine, now));
        assert!(expires - now.0 / 1000 >= MIN_LIFE_S);
        assert_eq!(url, urls.sign(&mine, "rec-1/out/master.m3u8", UnixMillis(now.0 + 1000)));
    }
}
