//! The addresses that are printed for people.

use std::net::IpAddr;
use tongtang_config::Config;

/// Where a person at this machine opens the pages: `http.public_url`, or the HTTP listener.
pub fn base_url(config: &Config) -> String {
    if !config.http.public_url.is_empty() {
        return config.http.public_url.trim_end_matches('/').to_owned();
    }
    local_url(config)
}

/// Where this machine itself reaches the server.
pub fn local_url(config: &Config) -> String {
    let listen = config.http.listen;
    let host = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
    };
    format!("http://{}", std::net::SocketAddr::new(host, listen.port()))
}

/// Where other machines of the local network open the pages, best first. Empty without HTTPS.
pub fn lan_urls(config: &Config, addresses: &[IpAddr]) -> Vec<String> {
    let listen = config.https.listen;
    let reached: Vec<IpAddr> = match listen.ip() {
        _ if !config.https.enabled => Vec::new(),
        ip if ip.is_loopback() => Vec::new(),
        ip if ip.is_unspecified() => {
            addresses.iter().copied().filter(|address| address.is_ipv4() || listen.is_ipv6()).collect()
        }
        ip => vec![ip],
    };
    reached
        .into_iter()
        .map(|ip| format!("https://{}", std::net::SocketAddr::new(ip, listen.port())))
        .collect()
}

/// The one-time link. The secret stands after `#`, which browsers do not send and servers do not log.
pub fn setup(base: &str, secret: &str) -> String {
    format!("{}/setup#{secret}", base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_addresses_can_be_opened() {
        let mut config = Config::default();
        assert_eq!(base_url(&config), "http://127.0.0.1:8080");
        let addresses = ["192.168.1.20".parse().unwrap(), "fd00::1".parse().unwrap()];
        assert_eq!(lan_urls(&config, &addresses), ["https://192.168.1.20:8443"]);
        config.http.listen = "[::]:80".parse().unwrap();
        assert_eq!(base_url(&config), "http://[::1]:80");
        config.http.public_url = "https://lessons.example.cn/".into();
        assert_eq!(setup(&base_url(&config), "s"), "https://lessons.example.cn/setup#s");
        config.https.enabled = false;
        assert!(lan_urls(&config, &addresses).is_empty());
    }
}
