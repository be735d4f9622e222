//! A small disk of a test's own: a tmpfs, really full when it is full.
//!
//! Mounting is root's right. An ordinary user is root in a user namespace of its own (user_namespaces(7)), so there the
//! test runs once more: this same program, this one test.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Set in the namespace: who cannot mount there cannot at all.
const INSIDE: &str = "TONGTANG_TEST_IN_NAMESPACE";

/// A mounted tmpfs; unmounted when dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it at an empty folder. `None`: `test`, the caller, has run in a namespace instead, and well.
    pub fn mount(test: &str, at: &Path, bytes: u64) -> Option<Self> {
        let size = format!("size={bytes}");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().unwrap();
        if mounted.status.success() {
            return Some(Self(at.to_owned()));
        }
        assert!(
            std::env::var_os(INSIDE).is_none() && run_inside(test),
            "a full disk cannot be tested here: this user may neither mount a tmpfs ({}) nor make a user namespace \
             that may (unshare --user --map-root-user --mount)",
            String::from_utf8_lossy(&mounted.stderr).trim()
        );
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// False: there are no such namespaces here. Panics when the test fails there.
fn run_inside(test: &str) -> bool {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]).env(INSIDE, "1");
        command
    };
    if !unshare().arg("true").output().is_ok_and(|output| output.status.success()) {
        return false;
    }
    let this = std::env::current_exe().unwrap();
    let output = unshare().arg(this).args(["--exact", test, "--nocapture"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && said.contains("1 passed");
    assert!(passed, "in a namespace of its own:\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    true
}
