//! Was a request made by a page of ours? Browsers say so themselves: `Sec-Fetch-Site` (Fetch
//! Metadata), or `Origin` (RFC 6454 §7) where that is missing.

use axum::http::{HeaderMap, header};

/// What a request's headers say about the page that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// A page of this origin.
    Ours,
    /// No browser, or one that says nothing.
    Unknown,
    /// Another site's page.
    Foreign,
}

/// What the headers say.
pub fn site_of(headers: &HeaderMap) -> Site {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => return Site::Ours,
        Some(_) => return Site::Foreign,
        None => {}
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return Site::Unknown };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    match (authority, text(header::HOST.as_str())) {
        (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host) => Site::Ours,
        _ => Site::Foreign,
    }
}

/// May a WebSocket be opened? Browsers send `Origin` with every one, but no `Sec-Fetch-Site` before
/// 2020's; other programs send neither.
pub fn may_open_socket(headers: &HeaderMap) -> bool {
    site_of(headers) != Site::Foreign
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn another_sites_page_is_foreign() {
        let host = ("host", "lessons.example.cn");
        for foreign in [
            vec![host, ("origin", "https://evil.example")],
            vec![host, ("origin", "null")],
            vec![host, ("sec-fetch-site", "cross-site"), ("origin", "https://lessons.example.cn")],
            vec![host, ("sec-fetch-site", "same-site")],
        ] {
            assert_eq!(site_of(&headers(&foreign)), Site::Foreign, "{foreign:?}");
        }
        for ours in
            [vec![host, ("origin", "https://lessons.example.cn")], vec![("sec-fetch-site", "same-origin")]]
        {
            assert_eq!(site_of(&headers(&ours)), Site::Ours, "{ours:?}");
        }
        assert_eq!(site_of(&headers(&[host])), Site::Unknown);
    }
}
