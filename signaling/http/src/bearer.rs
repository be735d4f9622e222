//! The token of a request, and whether it is the control secret.

use http::{HeaderMap, header};
use subtle::ConstantTimeEq;

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1); the scheme's case does not matter.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Does the request carry this secret? Compared in constant time: how long a refusal takes must not tell how much
/// was right. An empty secret is nobody's.
pub fn has_secret(headers: &HeaderMap, secret: &str) -> bool {
    !secret.is_empty()
        && bearer(headers).is_some_and(|given| given.as_bytes().ct_eq(secret.as_bytes()).into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn a_token_is_read_whatever_the_case_of_its_scheme() {
        assert_eq!(bearer(&with("Bearer abc")), Some("abc"));
        assert_eq!(bearer(&with("bearer  abc ")), Some("abc"));
        for other in ["Basic abc", "Bearer", "abc", "Bearer\u{e9} abc"] {
            assert_eq!(bearer(&with(other)), None, "{other}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn only_the_secret_itself_is_the_secret() {
        assert!(has_secret(&with("Bearer abc"), "abc"));
        for (sent, secret) in [("Bearer abd", "abc"), ("Bearer ab", "abc"), ("Basic abc", "abc")] {
            assert!(!has_secret(&with(sent), secret), "{sent}");
        }
        assert!(!has_secret(&with("Bearer "), ""), "an installation without a secret lets nobody in");
    }
}
