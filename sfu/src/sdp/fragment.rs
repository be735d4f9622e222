//! `application/trickle-ice-sdpfrag` (RFC 8840 §9, RFC 9725 §4.3): the body of a PATCH.

use super::answer::{LocalDescription, candidate_lines};
use super::parse::ice_text_ok;
use super::{MAX_NAME_BYTES, SdpError};
use std::fmt::Write as _;

/// Longest fragment that is read.
const MAX_FRAGMENT_BYTES: usize = 16 * 1024;

/// What a PATCH says.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Fragment {
    /// The peer's ICE user name fragment.
    pub ufrag: Option<String>,
    /// The peer's ICE password.
    pub pwd: Option<String>,
    /// The m-line it speaks of.
    pub mid: Option<String>,
    /// How many candidates it names. An ICE-lite agent needs none of them: it answers checks from anywhere.
    pub candidates: usize,
}

impl std::fmt::Debug for Fragment {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fragment")
            .field("ufrag", &self.ufrag)
            .field("candidates", &self.candidates)
            .finish_non_exhaustive()
    }
}

impl Fragment {
    /// New credentials, when this is an ICE restart of a peer known as `remote_ufrag` (RFC 9725 §4.3.3).
    #[must_use]
    pub fn restart(&self, remote_ufrag: &str) -> Option<(&str, &str)> {
        match (&self.ufrag, &self.pwd) {
            (Some(ufrag), Some(pwd)) if ufrag != remote_ufrag => Some((ufrag, pwd)),
            _ => None,
        }
    }
}

/// Reads a fragment.
///
/// # Errors
/// It is too long, or a line cannot be read.
pub fn parse_fragment(text: &str) -> Result<Fragment, SdpError> {
    if text.len() > MAX_FRAGMENT_BYTES {
        return Err(SdpError::Limit { what: "the size of the fragment in bytes", limit: MAX_FRAGMENT_BYTES });
    }
    let mut fragment = Fragment::default();
    let mut lines = 0;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let Some(attribute) = line.strip_prefix("a=") else {
            if line.is_empty() || line.starts_with("m=") {
                continue;
            }
            return Err(SdpError::Line {
                line: index + 1,
                problem: "a fragment holds a= and m= lines (RFC 8840 §9)",
            });
        };
        lines += 1;
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        let value = value.trim();
        let bad = |problem| Err(SdpError::Line { line: index + 1, problem });
        match name {
            "ice-ufrag" if !ice_text_ok(value, 4) => {
                return bad("an ICE ufrag has 4 to 256 ice-chars (RFC 8839 §5.4)");
            }
            "ice-pwd" if !ice_text_ok(value, 22) => {
                return bad("an ICE password has 22 to 256 ice-chars (RFC 8839 §5.4)");
            }
            "ice-ufrag" => fragment.ufrag = Some(value.to_owned()),
            "ice-pwd" => fragment.pwd = Some(value.to_owned()),
            "mid" if fragment.mid.is_none() => {
                if value.is_empty()
                    || value.len() > MAX_NAME_BYTES
                    || !value.bytes().all(|b| b.is_ascii_graphic())
                {
                    return bad("a mid is 1 to 64 token characters (RFC 8866 §9)");
                }
                fragment.mid = Some(value.to_owned());
            }
            "candidate" => fragment.candidates += 1,
            _ => {}
        }
    }
    if lines == 0 {
        return Err(SdpError::Missing { what: "attribute: the fragment is empty", rule: "RFC 8840 §9" });
    }
    Ok(fragment)
}

/// Our fragment after an ICE restart; `mid` is the m-line that the peer's fragment speaks of.
#[must_use]
pub fn write_fragment(local: &LocalDescription<'_>, mid: Option<&str>) -> String {
    let mut text = format!("a=ice-lite\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", local.ufrag, local.pwd);
    let _ = write!(text, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:{}\r\n", mid.unwrap_or("0"));
    for candidate in candidate_lines(local) {
        let _ = write!(text, "a={candidate}\r\n");
    }
    text.push_str("a=end-of-candidates\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRICKLE: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n\
        a=mid:0\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n\
        a=end-of-candidates\r\n";

    #[test]
    fn the_fragment_of_rfc_9725_is_a_trickle_for_its_own_ufrag_and_a_restart_for_another() {
        let fragment = parse_fragment(TRICKLE).unwrap();
        assert_eq!(fragment.candidates, 1);
        assert_eq!(fragment.mid.as_deref(), Some("0"));
        assert_eq!(fragment.restart("EsAw"), None);
        assert_eq!(fragment.restart("ysXw"), Some(("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")));
    }

    #[test]
    fn what_we_write_can_be_read_and_names_every_candidate() {
        let candidates = ["192.0.2.7:4000".parse().unwrap(), "[2001:db8::1]:4001".parse().unwrap()];
        let local = LocalDescription {
            ufrag: "abcd1234",
            pwd: "0123456789012345678901234",
            fingerprint: "",
            candidates: &candidates,
            tcp_candidates: &candidates,
            version: 2,
        };
        let text = write_fragment(&local, Some("3"));
        let read = parse_fragment(&text).unwrap();
        assert_eq!(read.ufrag.as_deref(), Some("abcd1234"));
        assert_eq!(read.mid.as_deref(), Some("3"));
        assert_eq!(read.candidates, 4);
        assert!(text.contains("2001:db8::1 4001 typ host\r\n"));
        assert!(text.contains("2001:db8::1 4001 typ host tcptype passive\r\n"));
    }

    #[test]
    fn what_is_no_fragment_is_refused_with_the_line() {
        assert!(matches!(parse_fragment(""), Err(SdpError::Missing { .. })));
        assert!(matches!(parse_fragment("a=ice-ufrag:x y z\r\n"), Err(SdpError::Line { line: 1, .. })));
        assert!(matches!(parse_fragment("a=mid:0\r\n{\"json\": 1}"), Err(SdpError::Line { line: 2, .. })));
        assert!(matches!(parse_fragment(&"a=x\r\n".repeat(10_000)), Err(SdpError::Limit { .. })));
    }
}
