//! What this machine is called, its addresses (for the certificate and printed links), and its limits.

use std::net::IpAddr;

/// The host name, or nothing if it has none worth naming.
pub fn host_name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
    (!name.is_empty() && name != "localhost").then_some(name)
}

/// Raises the number of files and sockets this process and its children may have open to what the
/// system grants; the usual default of 1,024 is less than the connections we accept.
pub fn raise_open_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    // Refused: then it stays as it is, and fewer connections fit.
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// All addresses of this machine that other machines could use, IPv4 first; loopback, link-local and
/// interfaces that are down are left out.
pub fn addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let mut addresses: Vec<IpAddr> = interfaces
        .filter(|interface| interface.flags.contains(nix::net::if_::InterfaceFlags::IFF_UP))
        .filter_map(|interface| interface.address)
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .filter(|address| is_reachable(*address))
        .collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

fn is_reachable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_other_machines_cannot_use_are_left_out() {
        for bad in ["127.0.0.1", "169.254.1.1", "0.0.0.0", "::1", "fe80::1"] {
            assert!(!is_reachable(bad.parse().unwrap()), "{bad}");
        }
        assert!(is_reachable("192.168.1.20".parse().unwrap()));
        assert!(addresses().iter().all(|address| is_reachable(*address)));
    }
}
