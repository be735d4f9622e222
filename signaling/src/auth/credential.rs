//! The secrets in links and on screens.
//!
//! | credential | what it is |
//! |---|---|
//! | `t.LESSON.MAC` | a lesson's teacher link: an HMAC of the lesson's id, so nothing is stored and the link can be shown again |
//! | `d.SECRET` | a classroom screen's: random, its hash is stored |

use super::SecretHash;
use ring::hmac;
use tongtang_protocol::ids::LessonId;

/// Longest credential looked at, in bytes.
pub const MAX_CREDENTIAL_BYTES: usize = 256;

/// Domain of the HMAC: the same key signs media addresses.
const TEACHER_DOMAIN: &[u8] = b"tongtang teacher link 1\0";

/// Makes and checks teacher links.
#[derive(Clone)]
pub struct LinkKey(hmac::Key);

/// A credential that may be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Checked: the teacher of this lesson, if there is such a lesson.
    Teacher(LessonId),
    /// A screen with this hash, if there is one.
    Device(SecretHash),
}

impl LinkKey {
    /// From the installation's key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The credential of a lesson's teacher.
    pub fn teacher(&self, lesson: &LessonId) -> String {
        format!("t.{lesson}.{}", hex::encode(hmac::sign(&self.0, &message(lesson))))
    }

    /// Reads a credential; None: it is none, or a forged one.
    pub fn read(&self, text: &str) -> Option<Credential> {
        if text.len() > MAX_CREDENTIAL_BYTES {
            return None;
        }
        if let Some(rest) = text.strip_prefix("t.") {
            let (lesson, mac) = rest.split_once('.')?;
            let lesson = LessonId::new(lesson).ok()?;
            hmac::verify(&self.0, &message(&lesson), &hex::decode(mac).ok()?).ok()?;
            return Some(Credential::Teacher(lesson));
        }
        text.strip_prefix("d.").map(|_| Credential::Device(SecretHash::of(text)))
    }
}

fn message(lesson: &LessonId) -> Vec<u8> {
    [TEACHER_DOMAIN, lesson.as_str().as_bytes()].concat()
}

/// Could it be a screen's? Only what [`device`] makes.
pub fn is_device(text: &str) -> bool {
    let is_hex = |rest: &str| {
        rest.len() == 64 && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    text.strip_prefix("d.").is_some_and(is_hex)
}

/// A new screen's credential.
pub fn device() -> String {
    format!("d.{}", crate::fresh::secret())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_its_own_lesson_and_no_other() {
        let key = LinkKey::new(&[7; 32]);
        let mine = LessonId::new("les-1").unwrap();
        let link = key.teacher(&mine);
        assert_eq!(key.read(&link), Some(Credential::Teacher(mine)));
        assert_eq!(key.read(&link.replace("les-1", "les-2")), None);
        assert_eq!(key.read(&link[..link.len() - 2]), None);
        assert_eq!(LinkKey::new(&[8; 32]).read(&link), None);
    }

    #[test]
    fn a_screens_credential_looks_as_one_that_was_made() {
        assert!(is_device(&device()));
        for text in ["", "d.", "t.0", &device()[..65], &format!("{}0", device()), &device().to_uppercase()] {
            assert!(!is_device(text), "{text}");
        }
    }

    #[test]
    fn nonsense_is_no_credential() {
        let key = LinkKey::new(&[7; 32]);
        let long = format!("d.{}", "x".repeat(300));
        for text in ["", "t.", "t..", "t.les-1.zz", "x.abc", "课", &long] {
            assert_eq!(key.read(text), None, "{text}");
        }
    }
}
