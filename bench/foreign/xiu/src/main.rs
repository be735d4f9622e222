//! xiu as it is, with the one thing that its own `main` forgets: its dependencies bring two cryptographic providers, so that
//! rustls wants to be told which, and without it the first DTLS handshake ends in a panic.
//!
//! `xiu-for-bench [PORT]` speaks WHIP at `/whip?app=…&stream=…` and WHEP at `/whep?app=…&stream=…`.

use xiu::{config::Config, service::Service};

const DEFAULT_PORT: usize = 8_900;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).map_or(Ok(DEFAULT_PORT), |port| port.parse())?;
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().map_err(|_| anyhow::anyhow!("there is a provider already"))?;
    // No RTMP, RTSP, HTTP-FLV and HLS.
    Service::new(Config::new(0, 0, port, 0, 0, "error".to_owned())).run().await?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
