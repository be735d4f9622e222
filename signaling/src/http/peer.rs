//! The address a request comes from.

use crate::app::App;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Whoever asks. Behind a reverse proxy (on this machine, or named in `http.trusted_proxies`): what the
/// proxy says in `X-Forwarded-For`; from anywhere else that header is not believed.
pub struct Peer(pub IpAddr);

impl FromRequestParts<App> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let socket = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let direct = socket.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        Ok(Self(asker(direct, &parts.headers, &app.config().http.trusted_proxies)))
    }
}

/// The last address on the way here that is no proxy of ours. Each proxy adds whom it heard, at the
/// end; what stands before the last one we do not trust was said by strangers.
fn asker(direct: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let is_proxy = |ip: &IpAddr| ip.is_loopback() || trusted.contains(ip);
    let mut asker = direct.to_canonical();
    let said = headers.get_all("x-forwarded-for").iter().rev();
    let mut way = said.filter_map(|value| value.to_str().ok()).flat_map(|value| value.rsplit(','));
    while is_proxy(&asker) {
        let Some(Ok(before)) = way.next().map(|text| text.trim().parse::<IpAddr>()) else { break };
        asker = before.to_canonical();
    }
    asker
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn from(direct: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        asker(direct.parse().unwrap(), &headers, &["10.0.0.5".parse().unwrap()]).to_string()
    }

    #[test]
    fn proxies_are_believed_and_strangers_are_not() {
        assert_eq!(from("192.168.1.7", &["10.9.9.9"]), "192.168.1.7", "a stranger");
        assert_eq!(from("127.0.0.1", &["10.1.2.3"]), "10.1.2.3", "a proxy here");
        assert_eq!(from("10.0.0.5", &["10.1.2.3"]), "10.1.2.3", "a proxy that is named");
        assert_eq!(from("::ffff:10.0.0.5", &["10.1.2.3"]), "10.1.2.3");
        assert_eq!(from("127.0.0.1", &["9.9.9.9, 10.1.2.3, 10.0.0.5"]), "10.1.2.3", "two in a row");
        assert_eq!(from("127.0.0.1", &["9.9.9.9", "10.1.2.3"]), "10.1.2.3", "the last line is the proxy's");
        assert_eq!(from("10.0.0.5", &[]), "10.0.0.5");
        assert_eq!(from("10.0.0.5", &["unknown"]), "10.0.0.5");
    }
}
