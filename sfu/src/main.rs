//! The media router of Tongtang: `tongtang-sfu`.

use anyhow::Context;
use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;
use tongtang_config::{Config, Secrets, log};
use tongtang_sfu::shell::node::{self, Mode};

/// Said by libraries whenever a peer sends something odd: a stranger must not fill the log. Named in the configured
/// filter, it is shown all the same.
const QUIET: [&str; 3] = ["rtc_dtls", "rtc_stun", "rtc_srtp"];

/// Fans a lesson out to its classrooms and brings theirs back: WHIP in, WHEP out, a tap for recorders.
#[derive(Debug, Parser)]
#[command(
    name = "tongtang-sfu",
    version,
    after_help = "\
Usually `tongtang serve` starts this program. It registers with signaling (`signaling_url` under [sfu]) and is
driven by it.

Alone, to try a WHIP encoder or a WHEP player:
  tongtang-sfu --dev
  then publish to http://127.0.0.1:8081/whip/ROOM and play http://127.0.0.1:8081/whep/ROOM

Settings come from tongtang.toml, then from the environment (TONGTANG_SFU__UDP_PORT=7890). These matter here:
  [sfu] http_listen   where WHIP, WHEP and the control API listen
  [sfu] udp_port      all media use this port and, one for each further worker, those behind it: open them
  [sfu] workers       media threads, one for each core if not set
  [sfu] tcp_port      the same for networks that let no UDP through; 0: the number of udp_port
  [sfu] addresses     the addresses clients are told; needed behind a router or with many interfaces
Health: /healthz, /readyz, /metrics. SIGTERM ends it cleanly."
)]
struct Arguments {
    /// The configuration file [default: tongtang.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Run alone on loopback with open rooms and no tokens, for tests and benches
    #[arg(long)]
    dev: bool,

    /// With --dev: also open the control API and the tap, with the secrets below this folder
    #[arg(long, value_name = "FOLDER", requires = "dev")]
    data_dir: Option<PathBuf>,

    /// Listen here for HTTP instead of the configured `http_listen` (port 0: any free one)
    #[arg(long, value_name = "ADDRESS")]
    http_listen: Option<SocketAddr>,

    /// Run so many media threads instead of the configured `workers` (0: one for each core)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=64))]
    workers: Option<u8>,

    /// Use this UDP port instead of the configured `udp_port` (0: any free one)
    #[arg(long, value_name = "PORT")]
    udp_port: Option<u16>,

    /// Listen here for recorders instead of the configured `tap_listen` (port 0: any free one)
    #[arg(long, value_name = "ADDRESS")]
    tap_listen: Option<SocketAddr>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut config = Config::load(arguments.config.as_deref())?;
    if let Some(address) = arguments.http_listen {
        config.sfu.http_listen = address;
    }
    if let Some(port) = arguments.udp_port {
        config.sfu.udp_port = port;
    }
    if let Some(workers) = arguments.workers {
        config.sfu.workers = usize::from(workers);
    }
    if let Some(address) = arguments.tap_listen {
        config.sfu.tap_listen = address;
    }
    log::start(&config.log, &QUIET)?;
    anyhow::ensure!(
        !arguments.dev || config.sfu.http_listen.ip().is_loopback(),
        "--dev has open rooms and so listens on loopback only; `http_listen` is {}",
        config.sfu.http_listen
    );
    // Fails only if one is installed already, which is then the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mode = match (arguments.dev, &arguments.data_dir) {
        (true, None) => Mode::Dev(None),
        (true, Some(folder)) => Mode::Dev(Some(secrets(folder)?)),
        (false, _) => Mode::Member(secrets(&config.data_dir)?),
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(node::run(config, mode))?;
    Ok(())
}

fn secrets(data_dir: &std::path::Path) -> anyhow::Result<Secrets> {
    Secrets::ensure(data_dir).with_context(|| format!("secrets below {}", data_dir.display()))
}
