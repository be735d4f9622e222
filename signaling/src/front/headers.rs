//! What every answer tells the browser not to do.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// Pages load nothing from anywhere else. Inline styles are Ant Design's (its styles are made at run
/// time); scripts are files only. `blob:` is hls.js feeding a video element and its worker.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; \
     img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; \
     worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// There is no HSTS: with a generated certificate it would take away the button with which a person
/// trusts it (RFC 6797 §12.1).
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), \
         screen-wake-lock=(self), autoplay=(self), geolocation=(), usb=(), payment=()",
    ),
];

/// Adds the headers that an answer does not carry yet.
pub async fn secure(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
