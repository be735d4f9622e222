//! The session cookie: `__Host-tongtang` over HTTPS (RFC 6265bis §4.1.3.2), `tongtang` on plain
//! HTTP, which is loopback. Never readable by scripts, never sent from other sites' pages.

use crate::app::Scheme;
use axum::http::{HeaderMap, header};

const SECURE_NAME: &str = "__Host-tongtang";
const PLAIN_NAME: &str = "tongtang";

/// How long whoever came by a link stays signed in, in seconds.
pub const LIFE_S: i64 = 30 * 24 * 3600;

/// How long whoever came by an account stays signed in, in seconds: a school day, in rooms that many use.
pub const ACCOUNT_LIFE_S: i64 = 12 * 3600;

/// How long the second step of signing in may take, in seconds.
pub const ENTERING_LIFE_S: i64 = 15 * 60;

/// How long a sign-in at a provider may take, in seconds.
pub const FLOW_LIFE_S: i64 = 15 * 60;

fn name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => PLAIN_NAME,
        Scheme::Https => SECURE_NAME,
    }
}

/// The session's secret, if the request carries one for its scheme.
pub fn read(headers: &HeaderMap, scheme: Scheme) -> Option<String> {
    named(headers, name(scheme))
}

fn named(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Ties a sign-in at a provider to the browser that began it.
fn flow_name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "tongtang-oidc",
        Scheme::Https => "__Host-tongtang-oidc",
    }
}

/// The `state` of the sign-in that this browser began.
pub fn read_flow(headers: &HeaderMap, scheme: Scheme) -> Option<String> {
    named(headers, flow_name(scheme))
}

/// A `Set-Cookie` with the `state` of a sign-in. It comes along when the provider sends the browser back.
pub fn set_flow(state: &str, scheme: Scheme) -> String {
    format!("{}={state}; Max-Age={FLOW_LIFE_S}; {}", flow_name(scheme), attributes(scheme))
}

/// A `Set-Cookie` that forgets it.
pub fn clear_flow(scheme: Scheme) -> String {
    format!("{}=; Max-Age=0; {}", flow_name(scheme), attributes(scheme))
}

/// A `Set-Cookie` that signs in, for so many seconds.
pub fn set(secret: &str, life_s: i64, scheme: Scheme) -> String {
    format!("{}={secret}; Max-Age={life_s}; {}", name(scheme), attributes(scheme))
}

/// A `Set-Cookie` that signs out.
pub fn clear(scheme: Scheme) -> String {
    format!("{}=; Max-Age=0; {}", name(scheme), attributes(scheme))
}

fn attributes(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "Path=/; HttpOnly; SameSite=Lax",
        Scheme::Https => "Path=/; HttpOnly; SameSite=Lax; Secure",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_cookie_of_the_other_scheme_is_not_ours() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; tongtang=one; __Host-tongtang=two"));
        assert_eq!(read(&headers, Scheme::Http).unwrap(), "one");
        assert_eq!(read(&headers, Scheme::Https).unwrap(), "two");
    }

    #[test]
    fn scripts_and_other_sites_do_not_get_it() {
        for scheme in [Scheme::Http, Scheme::Https] {
            let text = set("s", LIFE_S, scheme);
            assert!(text.contains("HttpOnly") && text.contains("SameSite=Lax"), "{text}");
            assert_eq!(text.contains("Secure"), scheme == Scheme::Https);
        }
    }
}
