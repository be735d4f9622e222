//! What a composer may use. It decodes what strangers sent, so it is confined before it opens a file.
//!
//! In: nothing. Out: a process with limits and, where the kernel allows, without a network.
#![allow(unsafe_code)]

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Address space of a composer, in bytes. A decoder that is tricked into more is refused the memory.
pub const MAX_ADDRESS_SPACE_BYTES: u64 = 8 << 30;
/// Processor time of a composer, in seconds: two cores for twelve hours. A composer that hangs ends here.
pub const MAX_CPU_S: u64 = 24 * 3600;
/// Largest file a composer writes, in bytes: a segment is far below.
pub const MAX_FILE_BYTES: u64 = 4 << 30;
/// Composing yields to everything that is live.
const NICE: i32 = 10;

/// Is there a network?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// None, not even loopback.
    None,
    /// The machine's: the kernel refuses a namespace, as inside some containers. Nothing here opens a socket.
    Shared,
}

/// Confines this process. Must be called while it has one thread: those started later inherit it.
pub fn confine() -> rustix::io::Result<Network> {
    limit(Resource::As, MAX_ADDRESS_SPACE_BYTES)?;
    limit(Resource::Cpu, MAX_CPU_S)?;
    limit(Resource::Fsize, MAX_FILE_BYTES)?;
    limit(Resource::Core, 0)?;
    nice(NICE)?;
    Ok(leave_network())
}

/// Lowers a limit; one that is lower already stays.
fn limit(resource: Resource, most: u64) -> rustix::io::Result<()> {
    let now = getrlimit(resource);
    let least = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    setrlimit(resource, Rlimit { current: least(now.current), maximum: least(now.maximum) })
}

/// A network namespace of its own has no interface that is up. Root may have one as it is, others get it
/// inside a user namespace (user_namespaces(7)).
fn leave_network() -> Network {
    for flags in [UnshareFlags::NEWNET, UnshareFlags::NEWUSER | UnshareFlags::NEWNET] {
        // SAFETY: only unsharing the table of file descriptors (FILES) can make one thread's descriptors
        // invalid in another; it is not among these flags.
        if unsafe { unshare_unsafe(flags) }.is_ok() {
            return Network::None;
        }
    }
    Network::Shared
}
