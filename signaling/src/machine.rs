//! What this machine is called, its addresses (for the certificate and printed links), and its limits.

use std::net::{IpAddr, Ipv6Addr};

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

/// The addresses of this machine that other machines use and that stay, the best first: the one of the
/// default route, then IPv4 before IPv6. Loopback, link-local, interfaces that are down, bridges of
/// containers and virtual machines, and IPv6 addresses that change by themselves are left out.
pub fn addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let found = interfaces
        .filter(|interface| interface.flags.contains(nix::net::if_::InterfaceFlags::IFF_UP))
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            let ip = v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))?;
            Some((interface.interface_name, ip))
        })
        .collect();
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    choose(
        found,
        &passing(&read("/proc/net/if_inet6")),
        default_interface(&read("/proc/net/route")).as_deref(),
    )
}

/// Interfaces that lead to containers and virtual machines of this machine only, by how they begin.
const VIRTUAL: [&str; 11] =
    ["docker", "br-", "veth", "virbr", "vnet", "cni", "flannel", "cali", "lxc", "podman", "vmnet"];

/// Of what was found on which interface, what stays, the best first.
fn choose(found: Vec<(String, IpAddr)>, passing: &[Ipv6Addr], default: Option<&str>) -> Vec<IpAddr> {
    let is_passing = |ip: &IpAddr| matches!(ip, IpAddr::V6(v6) if passing.contains(v6));
    let mut lasting: Vec<(String, IpAddr)> =
        found.into_iter().filter(|(_, ip)| is_reachable(*ip) && !is_passing(ip)).collect();
    let is_virtual = |name: &str| VIRTUAL.iter().any(|prefix| name.starts_with(prefix));
    if lasting.iter().any(|(name, _)| !is_virtual(name)) {
        lasting.retain(|(name, _)| !is_virtual(name));
    }
    // IPv4 sorts before IPv6.
    lasting.sort_by_key(|(name, ip)| (default != Some(name.as_str()), *ip));
    let mut addresses: Vec<IpAddr> = Vec::new();
    for (_, ip) in lasting {
        if !addresses.contains(&ip) {
            addresses.push(ip);
        }
    }
    addresses
}

/// IPv6 addresses that are temporary (RFC 8981: another one every day), out of use or not in use yet.
/// Lines of `/proc/net/if_inet6`: address, interface, prefix, scope, flags (rtnetlink(7), `ifa_flags`),
/// name.
fn passing(if_inet6: &str) -> Vec<Ipv6Addr> {
    const TEMPORARY: u32 = 0x01;
    const DEPRECATED: u32 = 0x20;
    const TENTATIVE: u32 = 0x40;
    let line = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = u128::from_str_radix(words.next()?, 16).ok()?;
        let flags = u32::from_str_radix(words.nth(3)?, 16).ok()?;
        let passes = flags & (TEMPORARY | DEPRECATED | TENTATIVE) != 0;
        passes.then(|| Ipv6Addr::from(address))
    };
    if_inet6.lines().filter_map(line).collect()
}

/// The interface of the default route with the lowest metric. Lines of `/proc/net/route`: interface,
/// destination, gateway, flags, reference count, use, metric, mask.
fn default_interface(route: &str) -> Option<String> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (name, destination, mask) = (words.first()?, words.get(1)?, words.get(7)?);
        let metric: u32 = words.get(6)?.parse().ok()?;
        (*destination == "00000000" && *mask == "00000000").then(|| (metric, (*name).to_owned()))
    };
    route.lines().filter_map(line).min().map(|(_, name)| name)
}

fn is_reachable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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

    fn found(pairs: &[(&str, &str)]) -> Vec<(String, IpAddr)> {
        pairs.iter().map(|(name, ip)| ((*name).to_owned(), ip.parse().unwrap())).collect()
    }

    fn texts(addresses: &[IpAddr]) -> Vec<String> {
        addresses.iter().map(IpAddr::to_string).collect()
    }

    #[test]
    fn what_stays_and_leads_out_comes_first() {
        let inet6 = "fd000000000000000000000000000001 02 40 00 80 eth0\n\
                     fd0000000000000000000000000000aa 02 40 00 01 eth0\n\
                     fd0000000000000000000000000000bb 02 40 00 20 eth0\n";
        let route = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n\
                     wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\n\
                     eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\n\
                     docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n";
        let all = found(&[
            ("lo", "127.0.0.1"),
            ("docker0", "172.17.0.1"),
            ("virbr0", "192.168.122.1"),
            ("wlan0", "10.0.0.7"),
            ("eth0", "fd00::1"),
            ("eth0", "fd00::aa"),
            ("eth0", "fd00::bb"),
            ("eth0", "192.168.1.20"),
        ]);
        let default = default_interface(route);
        assert_eq!(default.as_deref(), Some("eth0"));
        let chosen = choose(all, &passing(inet6), default.as_deref());
        assert_eq!(texts(&chosen), ["192.168.1.20", "fd00::1", "10.0.0.7"]);
    }

    #[test]
    fn a_machine_that_has_nothing_else_is_reached_by_its_bridge() {
        let chosen = choose(found(&[("br-lan", "192.168.1.1")]), &[], None);
        assert_eq!(texts(&chosen), ["192.168.1.1"]);
    }
}
