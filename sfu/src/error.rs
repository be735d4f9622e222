//! Why a node cannot start or go on. Each text names the configuration key to change.

use std::net::{IpAddr, SocketAddr};

/// Ends the program.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The media port is taken.
    #[error(
        "UDP port {port} on {address} is in use: another tongtang-sfu may be running. Stop it, or set another `udp_port` under [sfu] (each of its `workers` has a port, one behind the other)"
    )]
    UdpPortTaken {
        /// Where.
        address: IpAddr,
        /// Which.
        port: u16,
    },
    /// More workers than ports behind the first one's.
    #[error(
        "{workers} workers need ports from {first} on, and there are not so many: lower `udp_port` or `workers` under [sfu]"
    )]
    NoPortsLeft {
        /// The first worker's.
        first: u16,
        /// How many.
        workers: usize,
    },
    /// A configured media address cannot be used.
    #[error(
        "cannot open UDP {address}: {source}. `addresses` under [sfu] must name addresses of this machine"
    )]
    UdpAddress {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The port for media over TCP is taken.
    #[error(
        "TCP port {port} on {address} is in use by another program. Stop it, set another `tcp_port` under [sfu], or `tcp = false` to do without media over TCP"
    )]
    TcpPortTaken {
        /// Where.
        address: IpAddr,
        /// Which.
        port: u16,
    },
    /// An address cannot be used for media over TCP.
    #[error(
        "cannot listen on TCP {address}: {source}. `tcp = false` under [sfu] does without media over TCP"
    )]
    TcpAddress {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Not one address is left.
    #[error("this machine has no usable IP address; name one with `addresses` under [sfu]")]
    NoAddress,
    /// The HTTP address cannot be opened.
    #[error("cannot listen on http://{address}: {source}. Set another `http_listen` under [sfu]")]
    Http {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The tap's address cannot be opened.
    #[error("cannot listen for recorders on {address}: {source}. Set another `tap_listen` under [sfu]")]
    Tap {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The certificates of the tap are of no use.
    #[error(
        "the certificates of the tap cannot be used: {0}. Remove the tap-* files of the secrets folder and new ones are made"
    )]
    TapCertificate(String),
    /// The node's own certificate cannot be made.
    #[error(transparent)]
    Identity(#[from] crate::peer::IdentityError),
    /// The media thread is gone; the process must be restarted.
    #[error("the media thread ended unexpectedly; the log above says why")]
    WorkerEnded,
    /// Something the operating system refused.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}
