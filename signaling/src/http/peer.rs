//! The address a request comes from.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Whoever asks. Behind a reverse proxy on this machine: what the proxy says (the last address of
/// `X-Forwarded-For`); from anywhere else that header is not believed.
pub struct Peer(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let socket = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let direct = socket.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_canonical();
        let forwarded = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok())
            .filter(|_| direct.is_loopback());
        Ok(Self(forwarded.unwrap_or(direct)))
    }
}
