//! `tongtang serve`: puts the house together, opens the doors, and closes them in order.
//!
//! ```text
//!  lock ─▶ secrets ─▶ database ─▶ listeners ─▶ children ─▶ (print links) ─▶ signal ─▶ stop in reverse
//! ```

use super::links;
use crate::app::{self, App};
use crate::front::bounded::Tally;
use crate::front::listen::{self, Listeners};
use crate::front::patient::Patience;
use crate::nodes::Nodes;
use crate::store::{Store, StoreError};
use crate::supervise::{Program, Supervisor, find};
use crate::{front, machine, tls};
use std::fs::File;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tongtang_config::log::Shape;
use tongtang_config::{Config, Secrets};
use tongtang_protocol::ids::{InvalidId, NodeId};

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder.
    #[error("cannot use {path}: {source}", path = path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Two servers on one data folder would fight over the lessons.
    #[error(
        "another `tongtang serve` runs on the data folder {}: stop it first, or choose another data_dir",
        .0.display()
    )]
    Running(PathBuf),
    /// Secrets.
    #[error(transparent)]
    Secrets(#[from] tongtang_config::secrets::SecretsError),
    /// Database.
    #[error("{path}: {source}", path = path.display())]
    Store {
        /// The database's file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// Database on a server.
    #[error("{0}")]
    Postgres(StoreError),
    /// The inner house.
    #[error("the token key cannot be used: {0}; remove data_dir/secrets/token-*.pem and new ones are made")]
    TokenKey(String),
    /// A listener.
    #[error(transparent)]
    Listen(#[from] listen::ListenError),
    /// A listener, later.
    #[error("a listener failed: {0}")]
    Listening(std::io::Error),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// A child's program.
    #[error(transparent)]
    NotFound(#[from] find::NotFound),
    /// A child's files.
    #[error(transparent)]
    Supervise(#[from] crate::supervise::SuperviseError),
    /// A node's name.
    #[error("{0}")]
    NodeId(#[from] InvalidId),
}

/// Runs until a signal.
pub async fn serve(mut config: Config, config_file: Option<PathBuf>, shape: Shape) -> Result<(), ServeError> {
    machine::raise_open_files();
    front::health::counters();
    // Before anything is started: a signal in between would leave the other programs running.
    let mut signals = Signals::listen();
    let _lock = lock(&config.data_dir)?;
    let secrets = Secrets::ensure(&config.data_dir)?;
    // Bound before anything is started, so that a taken port leaves nothing behind.
    let http = listen::bind(config.http.listen, "http.listen")?;
    if let Ok(address) = http.local_addr() {
        // Differs for port 0 only: links name the real one.
        config.http.listen = address;
    }
    let children = children(&config, config_file.as_deref(), shape)?;
    let addresses = machine::addresses();
    let https = match config.https.enabled {
        true => {
            let listener = listen::bind(config.https.listen, "https.listen")?;
            Some((listener, tls::server_config(&config, machine::host_name(), &addresses)?))
        }
        false => None,
    };

    let nodes = Nodes::new(&secrets.control_secret, secrets.token_public_key_pem.clone());
    let lan_urls = links::lan_urls(&config, &addresses);
    let app = inner_house(&config, &secrets, &nodes, lan_urls.first().cloned()).await?;
    let patience = Patience::default();
    let inner = app::router(app.clone());
    let router = front::router(inner, nodes.clone(), app.store().clone(), &secrets.control_secret, patience);
    let tally = Tally::new(config.http.trusted_proxies.clone());
    let mut listeners =
        Listeners::serve(&router, http, https, tally, patience).map_err(ServeError::Listening)?;
    let behind = tokio::spawn(app.clone().run());
    let silence = tokio::spawn(nodes.clone().watch_silence());
    let supervisor = Supervisor::start(children, &config.data_dir, &nodes, shape)?;

    greet(&config, &lan_urls, app.unused_setup_secret().await.ok().flatten());
    let outcome = tokio::select! {
        name = signals.heard() => {
            tracing::info!(signal = name, "stopping");
            Ok(())
        }
        error = listeners.failed() => Err(ServeError::Listening(error)),
    };
    // The recorder closes its fragments while pages are being told good-bye.
    tokio::join!(supervisor.stop(), listeners.stop());
    behind.abort();
    silence.abort();
    tracing::info!("stopped");
    outcome
}

async fn inner_house(
    config: &Config,
    secrets: &Secrets,
    nodes: &Nodes,
    lan_url: Option<String>,
) -> Result<App, ServeError> {
    let app = App::new(config.clone(), secrets, open_store(config).await?, nodes.clone())
        .map_err(|error| ServeError::TokenKey(error.to_string()))?;
    Ok(app.with_lan_url(lan_url))
}

/// The database that the configuration names.
pub(super) async fn open_store(config: &Config) -> Result<Store, ServeError> {
    match config.database_url.address() {
        Some(url) => Store::connect(url).await.map_err(ServeError::Postgres),
        None => {
            let path = config.data_dir.join("tongtang.db");
            Store::open(&path).await.map_err(|source| ServeError::Store { path, source })
        }
    }
}

/// One server a data folder. The lock goes with the process, however it ends.
fn lock(data_dir: &Path) -> Result<File, ServeError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ServeError::Io { path, source }
    };
    std::fs::create_dir_all(data_dir).map_err(failed(data_dir))?;
    let path = data_dir.join("serve.lock");
    let file = File::create(&path).map_err(failed(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(ServeError::Running(data_dir.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(&path)(source)),
    }
}

/// The programs to supervise. They read the same configuration file and environment; decided here
/// are the shape of their log lines, since they cannot see our terminal, and that they register with
/// us, on whichever port we listen.
fn children(config: &Config, config_file: Option<&Path>, shape: Shape) -> Result<Vec<Program>, ServeError> {
    let wanted = [
        (config.supervise.sfu, "sfu", "tongtang-sfu", "supervise.sfu", &config.sfu.node_id),
        (
            config.supervise.recorder,
            "recorder",
            "tongtang-recorder",
            "supervise.recorder",
            &config.recorder.node_id,
        ),
    ];
    let mut programs = Vec::new();
    for (is_wanted, label, name, key, node_id) in wanted {
        if is_wanted {
            programs.push(Program {
                label,
                node_id: NodeId::new(node_id.clone())?,
                binary: find::find(name, key)?,
                args: config_file.map(|file| vec!["--config".into(), file.into()]).unwrap_or_default(),
                env: vec![
                    ("TONGTANG_LOG__FORMAT".into(), shape.name().into()),
                    (
                        format!("TONGTANG_{}__SIGNALING_URL", label.to_uppercase()).into(),
                        links::local_url(config).into(),
                    ),
                ],
            });
        }
    }
    Ok(programs)
}

/// Who asks us to stop. Closing the terminal stops the server as Ctrl-C does.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// From now on a signal is heard, and does not end the process by itself.
    fn listen() -> Self {
        let listen = |kind| signal(kind).expect("signal handlers can be installed");
        Self {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            hangup: listen(SignalKind::hangup()),
        }
    }

    async fn heard(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "SIGHUP",
        }
    }
}

/// Is standard output the journal? Whatever is printed there is kept, and read by others
/// (systemd.exec(5): `JOURNAL_STREAM` names the device and inode of the stream).
fn is_journaled() -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    std::fs::metadata("/proc/self/fd/1")
        .is_ok_and(|stream| named == format!("{}:{}", stream.dev(), stream.ino()))
}

/// The friendly block. On standard output, not in the log: the set-up link is a secret.
fn greet(config: &Config, lan_urls: &[String], setup_secret: Option<&str>) {
    use std::io::Write;
    let base = links::base_url(config);
    let mut text = format!("\n  同堂 Tongtang 已启动 · is running\n\n  本机 this machine   {base}\n");
    for url in lan_urls.iter().take(3) {
        text.push_str(&format!("  局域网 LAN         {url}\n"));
    }
    if !lan_urls.is_empty() && config.https.certificate_file.as_os_str().is_empty() {
        text.push_str("                     (证书由本机生成，浏览器会询问一次 · generated certificate: browsers ask once)\n");
    }
    if setup_secret.is_some() && is_journaled() {
        text.push_str("\n  第一次使用，请在本机运行以下命令取得一次性设置链接 · first visit, run this here for a one-time link:\n");
        text.push_str("  tongtang setup-link\n");
    } else if let Some(secret) = setup_secret {
        text.push_str("\n  第一次使用，请打开一次性设置链接 · first visit, one-time set-up link:\n");
        text.push_str(&format!("  {}\n", links::setup(&base, secret)));
    }
    text.push_str("\n  按 Ctrl-C 停止 · Ctrl-C stops\n");
    // A closed terminal is no reason not to serve.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
