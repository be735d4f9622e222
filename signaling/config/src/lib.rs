//! One configuration file for Tongtang's three programs, and the secrets they share.
//!
//! `tongtang.toml` → [`Config`] → environment overrides (`TONGTANG_HTTP__LISTEN=…`). Unknown keys
//! are refused with the nearest known one named. Every program reads the same file, so that one
//! machine needs one file and several machines need the same one.
//!
//! * [`load`]: the file and the environment become a [`Config`], or an error that teaches
//! * [`database_url`]: where PostgreSQL is, with a password that is shown to nobody
//! * [`keys`]: what each key expects, for those errors
//! * [`log`]: each program's log
//! * [`oidc`]: where people sign in who have an account elsewhere
//! * [`secrets`]: what is made once, at first start, and shared by the programs

pub mod database_url;
pub mod keys;
pub mod load;
pub mod log;
pub mod oidc;
pub mod secrets;

pub use database_url::DatabaseUrl;
pub use load::ConfigError;
pub use oidc::Oidc;
pub use secrets::Secrets;

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// All of `tongtang.toml`. Each key is documented in `tongtang.example.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the database, secrets and media live.
    pub data_dir: PathBuf,
    /// PostgreSQL instead of the SQLite file in `data_dir`.
    pub database_url: DatabaseUrl,
    /// How the programs log.
    pub log: Log,
    /// The front door.
    pub http: Http,
    /// HTTPS for the local network.
    pub https: Https,
    /// Where people sign in who have an account elsewhere.
    pub oidc: Oidc,
    /// Which programs `tongtang serve` starts itself.
    pub supervise: Supervise,
    /// The media router.
    pub sfu: Sfu,
    /// The recorder.
    pub recorder: Recorder,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// A tracing filter, e.g. `info` or `info,tongtang_sfu=debug`.
    pub filter: String,
    /// Readable or for machines.
    pub format: LogFormat,
}

/// `log.format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// Text.
    Text,
    /// JSON lines.
    Json,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address of plain HTTP; loopback unless a reverse proxy stands in front.
    pub listen: SocketAddr,
    /// Base of the links that are printed and copied, e.g. `https://lessons.example.cn`. Empty: from the listener.
    pub public_url: String,
    /// Reverse proxies on other machines: what they say in `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
}

/// `[https]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Https {
    /// Serve HTTPS too? Other machines need it: browsers give a camera only to HTTPS or localhost.
    pub enabled: bool,
    /// Address.
    pub listen: SocketAddr,
    /// PEM certificate chain. Empty: a certificate is generated for the machine's addresses.
    pub certificate_file: PathBuf,
    /// PEM private key.
    pub key_file: PathBuf,
}

/// `[supervise]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supervise {
    /// Start `tongtang-sfu` and restart it when it ends.
    pub sfu: bool,
    /// Start `tongtang-recorder` and restart it when it ends.
    pub recorder: bool,
}

/// `[sfu]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sfu {
    /// Name of this node.
    pub node_id: String,
    /// WHIP, WHEP and control API.
    pub http_listen: SocketAddr,
    /// UDP port of the first worker; the next workers take the ports after it.
    pub udp_port: u16,
    /// Media threads. 0: one for each core.
    pub workers: usize,
    /// Does each media thread stay on a core of its own? For machines that do nothing else.
    pub pin_workers: bool,
    /// Offer media over TCP too, to browsers whose network lets no UDP through (RFC 6544).
    pub tcp: bool,
    /// TCP port of that. 0: the number of `udp_port`.
    pub tcp_port: u16,
    /// DSCP of all media that leaves, 0 to 63 (RFC 8837 §5: 34 for interactive video, 46 for voice). 0: none.
    pub dscp: u8,
    /// Addresses named in ICE candidates. Empty: every address of this machine, loopback last.
    pub addresses: Vec<std::net::IpAddr>,
    /// STUN and TURN servers named to WHIP and WHEP clients (RFC 9725 §4.6). The node itself needs none.
    pub ice_servers: Vec<IceServer>,
    /// QUIC address where recorders tap a lesson.
    pub tap_listen: SocketAddr,
    /// Where signaling's HTTP is; the node registers there.
    pub signaling_url: String,
}

/// One entry of `sfu.ice_servers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceServer {
    /// `stun:` (RFC 7064) or `turn:` (RFC 7065) URI.
    pub url: String,
    /// TURN user name.
    #[serde(default)]
    pub username: String,
    /// TURN password.
    #[serde(default)]
    pub credential: String,
}

/// `[recorder]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recorder {
    /// Name of this node.
    pub node_id: String,
    /// Control API.
    pub http_listen: SocketAddr,
    /// Recordings and composed resources. Empty: `media` in the data folder.
    pub media_dir: PathBuf,
    /// Capturing stops with an alarm below this many free bytes.
    pub min_free_bytes: u64,
    /// Compose jobs at once.
    pub compose_jobs: u8,
    /// Where signaling's HTTP is; the node registers there.
    pub signaling_url: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            database_url: DatabaseUrl::default(),
            log: Log::default(),
            http: Http::default(),
            https: Https::default(),
            oidc: Oidc::default(),
            supervise: Supervise::default(),
            sfu: Sfu::default(),
            recorder: Recorder::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".into(), format: LogFormat::Auto }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for Https {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([0, 0, 0, 0], 8443)),
            certificate_file: PathBuf::new(),
            key_file: PathBuf::new(),
        }
    }
}

impl Default for Supervise {
    fn default() -> Self {
        Self { sfu: true, recorder: true }
    }
}

impl Default for Sfu {
    fn default() -> Self {
        Self {
            node_id: "sfu-1".into(),
            http_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            udp_port: 7880,
            workers: 0,
            pin_workers: false,
            tcp: true,
            tcp_port: 0,
            dscp: 0,
            addresses: Vec::new(),
            ice_servers: Vec::new(),
            tap_listen: SocketAddr::from(([127, 0, 0, 1], 7879)),
            signaling_url: "http://127.0.0.1:8080".into(),
        }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            node_id: "recorder-1".into(),
            http_listen: SocketAddr::from(([127, 0, 0, 1], 8082)),
            media_dir: PathBuf::new(),
            min_free_bytes: 2 << 30,
            compose_jobs: 1,
            signaling_url: "http://127.0.0.1:8080".into(),
        }
    }
}

impl Config {
    /// The recorder's media folder: as configured, or `media` in the data folder.
    pub fn media_dir(&self) -> PathBuf {
        if self.recorder.media_dir.as_os_str().is_empty() {
            self.data_dir.join("media")
        } else {
            self.recorder.media_dir.clone()
        }
    }
}
