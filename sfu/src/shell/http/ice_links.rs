//! The `Link` headers that name STUN and TURN servers to clients (RFC 9725 §4.6).

use axum::http::HeaderValue;
use tongtang_config::IceServer;

/// ICE servers named to a client. More of the configuration are left out.
const MAX_ICE_SERVERS: usize = 8;

/// One header for each server. One whose text cannot stand in a header is left out and named in the log.
pub fn ice_links(servers: &[IceServer]) -> Vec<HeaderValue> {
    servers.iter().take(MAX_ICE_SERVERS).filter_map(ice_link).collect()
}

fn ice_link(server: &IceServer) -> Option<HeaderValue> {
    let is_uri = ["stun:", "stuns:", "turn:", "turns:"].iter().any(|scheme| server.url.starts_with(scheme));
    let is_plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\".contains(&byte));
    if !is_uri || ![&server.url, &server.username, &server.credential].into_iter().all(|text| is_plain(text))
    {
        tracing::warn!(url = server.url, "sfu.ice_servers: not a STUN or TURN server that a header can name");
        return None;
    }
    let mut link = format!("<{}>; rel=\"ice-server\"", server.url);
    if !server.username.is_empty() {
        link += &format!(
            "; username=\"{}\"; credential=\"{}\"; credential-type=\"password\"",
            server.username, server.credential
        );
    }
    HeaderValue::from_str(&link).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str, username: &str, credential: &str) -> IceServer {
        IceServer { url: url.into(), username: username.into(), credential: credential.into() }
    }

    #[test]
    fn links_are_written_as_rfc_9725_shows_them() {
        let links = ice_links(&[
            server("stun:stun.example.net", "", ""),
            server("turn:turn.example.net?transport=udp", "user", "myPassword"),
        ]);
        assert_eq!(links[0], "<stun:stun.example.net>; rel=\"ice-server\"");
        assert_eq!(
            links[1],
            "<turn:turn.example.net?transport=udp>; rel=\"ice-server\"; username=\"user\"; \
             credential=\"myPassword\"; credential-type=\"password\""
        );
    }

    #[test]
    fn so_many_servers_are_named_and_no_more() {
        let many = vec![server("stun:stun.example.net", "", ""); 3 * MAX_ICE_SERVERS];
        assert_eq!(ice_links(&many).len(), MAX_ICE_SERVERS);
    }

    #[test]
    fn what_would_break_out_of_the_header_is_left_out() {
        for bad in
            [server("http://x", "", ""), server("turn:x\r\nA: b", "", ""), server("turn:x", "a\"b", "")]
        {
            assert!(ice_links(&[bad]).is_empty());
        }
    }
}
