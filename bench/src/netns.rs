//! A network namespace of a run's own at the end of a veth pair: for servers that give no loopback candidates.

use anyhow::{Context, bail};
use std::net::Ipv4Addr;
use std::process::Command;

/// What the namespace and our end of the pair are called, with our process id behind.
const NAME: &str = "ttb";
const OURS: Ipv4Addr = Ipv4Addr::new(10, 213, 77, 1);
/// The address of whoever runs in it.
pub const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 213, 77, 2);
const PREFIX_BITS: u8 = 30;

/// May we make one? If not, why.
pub fn is_missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root makes the network namespace that the other server needs".to_owned());
    }
    let has_ip = Command::new("ip").arg("-V").output().is_ok();
    (!has_ip).then(|| "Debian's package iproute2 is not installed (.ci/install bench)".to_owned())
}

fn ip(arguments: &str) -> anyhow::Result<()> {
    let output = Command::new("ip").args(arguments.split(' ')).output().context("ip")?;
    if !output.status.success() {
        bail!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// A network namespace and a veth pair into it.
pub struct Namespace(String);

impl Namespace {
    /// Makes both.
    pub fn make() -> anyhow::Result<Self> {
        let name = format!("{NAME}{}", std::process::id());
        ip(&format!("netns add {name}"))?;
        // Dropping it undoes what has been done by then.
        let made = Self(name.clone());
        ip(&format!("link add {name} type veth peer name {NAME} netns {name}"))?;
        ip(&format!("addr add {OURS}/{PREFIX_BITS} dev {name}"))?;
        ip(&format!("link set {name} up"))?;
        ip(&format!("-n {name} addr add {THEIRS}/{PREFIX_BITS} dev {NAME}"))?;
        ip(&format!("-n {name} link set {NAME} up"))?;
        ip(&format!("-n {name} link set lo up"))?;
        Ok(made)
    }

    /// A program that will run in it: `ip netns exec` becomes what it executes.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0, program]);
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The pair goes with it.
        let _ = ip(&format!("netns del {}", self.0));
    }
}
