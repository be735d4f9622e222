//! The recorder as a program: everything put together, until it is told to stop.

use crate::board::Board;
use crate::clock;
use crate::control::{self, Control};
use crate::disk::Disk;
use crate::jobs::{Jobs, JobsConfig};
use crate::recordings::Recordings;
use crate::run::Context;
use crate::source::{TapError, Taps};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tongtang_config::secrets::{Secrets, SecretsError};
use tongtang_config::{Config, log};
use tongtang_http::register::Registrar;
use tongtang_protocol::control::{NodeKind, Register};
use tongtang_protocol::ids::NodeId;

/// Why the recorder cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A configuration value that only the recorder reads.
    #[error("recorder.node_id = {0:?} is no node name: 1 to 64 of a-z A-Z 0-9 - _")]
    NodeId(String),
    /// Secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The log.
    #[error(transparent)]
    Log(#[from] log::FilterError),
    /// The tap client.
    #[error(transparent)]
    Tap(#[from] TapError),
    /// The HTTP address is taken or not ours.
    #[error("cannot listen on {addr} (recorder.http_listen): {source}")]
    Listen {
        /// Which.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The media folder.
    #[error("cannot use the media folder (recorder.media_dir): {0}")]
    Media(io::Error),
    /// Compose jobs.
    #[error("cannot take up the compose jobs: {0}")]
    Jobs(io::Error),
    /// Metrics.
    #[error("cannot install metrics: {0}")]
    Metrics(String),
    /// HTTP or signals ended unexpectedly.
    #[error("the recorder ended: {0}")]
    Ended(io::Error),
}

/// Serves until SIGTERM or Ctrl-C; then closes the fragments and returns.
pub async fn serve(config: Config) -> Result<(), ServeError> {
    log::start(&config.log, &[])?;
    // An error says that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| ServeError::Metrics(error.to_string()))?;
    let node_id = NodeId::new(config.recorder.node_id.clone())
        .map_err(|_| ServeError::NodeId(config.recorder.node_id.clone()))?;
    let secrets = Secrets::ensure(&config.data_dir)?;
    let media_dir = config.media_dir();
    std::fs::create_dir_all(&media_dir).map_err(ServeError::Media)?;

    let addr = config.recorder.http_listen;
    let listener = TcpListener::bind(addr).await.map_err(|source| ServeError::Listen { addr, source })?;
    let addr = listener.local_addr().map_err(|source| ServeError::Listen { addr, source })?;

    let board = Board::new(clock::now_unix_us());
    let context = Context {
        disk: Disk::new(&media_dir, config.recorder.min_free_bytes),
        taps: Taps::new(&secrets)?,
        board: board.clone(),
        media_dir,
    };
    let jobs_config = JobsConfig {
        media_dir: context.media_dir.clone(),
        at_once: config.recorder.compose_jobs,
        min_free_bytes: config.recorder.min_free_bytes,
        program: std::env::current_exe().map_err(ServeError::Jobs)?,
    };
    let recordings = Recordings::resume(context).await.map_err(ServeError::Media)?;
    let (read, jobs) = watch::channel(None);
    let register = Register {
        node_id,
        kind: NodeKind::Recorder,
        epoch: board.epoch(),
        http_url: format!("http://{}", reachable(addr)),
        tap_addr: None,
        draining: false,
    };
    let control_secret = secrets.control_secret.clone();
    let registrar =
        Registrar { signaling_url: config.recorder.signaling_url, control_secret: control_secret.clone() };
    // The key of room tokens in the answer is of no use here: a recorder admits nobody.
    let registration = tokio::spawn(registrar.keep_registered(move || register.clone(), |_| Ok(())));
    // Beside the door, not in front of it: recordings go on and are asked for while old jobs are read.
    let mut starting = spawn_blocking({
        let board = board.clone();
        move || Jobs::start(jobs_config, board).map(|jobs| drop(read.send_replace(Some(jobs))))
    });
    let jobs_fail = async {
        match (&mut starting).await {
            Ok(Ok(())) => std::future::pending().await,
            Ok(Err(error)) => ServeError::Jobs(error),
            Err(error) => ServeError::Jobs(io::Error::other(error)),
        }
    };
    let control = Control { recordings: recordings.clone(), jobs, board, control_secret, metrics };
    let app = control::router(control).into_make_service_with_connect_info::<SocketAddr>();
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Ended)?;
    tracing::info!(%addr, "recorder listens");
    tokio::select! {
        result = axum::serve(listener, app) => result.map_err(ServeError::Ended)?,
        error = jobs_fail => return Err(error),
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    registration.abort();
    tracing::info!("recorder stops; recordings go on when it is started again");
    recordings.stop().await;
    Ok(())
}

/// The address that signaling on the same machine calls when we listen on all of them.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let mut addr = addr;
    if addr.ip().is_unspecified() {
        let loopback =
            if addr.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        addr.set_ip(loopback);
    }
    addr
}
