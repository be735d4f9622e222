//! Puts a node together, and takes it apart so that nobody loses more than they must.

use crate::engine::{Engine, EngineConfig, Event};
use crate::error::NodeError;
use crate::peer::Identity;
use crate::shell::handshakes::Pool;
use crate::shell::http::ice_links::ice_links;
use crate::shell::http::pace::Pace;
use crate::shell::http::registry::Registry;
use crate::shell::http::token::TokenKey;
use crate::shell::http::{Access, Node, router};
use crate::shell::tap::store::Bounds;
use crate::shell::tcp::places::Places;
use crate::shell::tcp::{Listeners, TcpCounters};
use crate::shell::udp::{Sockets, Worker};
use crate::shell::{clock, tap};
use hyper_util::rt::TokioTimer;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tongtang_config::{Config, Secrets};
use tongtang_http::register::Registrar;
use tongtang_protocol::control::{NodeKind, Register};
use tongtang_protocol::ids::NodeId;

/// How long the end of the program waits for recorders to take what is still kept for them.
const FLUSH_PATIENCE: Duration = Duration::from_secs(3);

/// A connection that has not sent the head of its request by then is closed.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);

/// How a node runs.
pub enum Mode {
    /// Alone: open rooms, no tokens. With secrets also the control API and the tap.
    Dev(Option<Secrets>),
    /// For signaling.
    Member(Secrets),
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(config: Config, mode: Mode) -> Result<(), NodeError> {
    let mut terminate = on(SignalKind::terminate())?;
    let mut interrupt = on(SignalKind::interrupt())?;
    // A lost terminal is no reason to end a lesson.
    let mut hangup = on(SignalKind::hangup())?;
    let mut running = Running::start(&config, mode).await?;
    let outcome = loop {
        tokio::select! {
            _ = terminate.recv() => break Ok(()),
            _ = interrupt.recv() => break Ok(()),
            _ = hangup.recv() => tracing::info!("SIGHUP ignored"),
            _ = &mut running.worker_ended => break Err(NodeError::WorkerEnded),
        }
    };
    running.stop().await;
    outcome
}

/// A node that runs.
pub struct Running {
    /// What its handlers share.
    pub node: Arc<Node>,
    /// Where HTTP listens.
    pub http: SocketAddr,
    /// The door for recorders, if there is one.
    pub tap: Option<tap::Tap>,
    worker_ended: oneshot::Receiver<()>,
}

impl Running {
    /// Opens everything a node needs.
    pub async fn start(config: &Config, mode: Mode) -> Result<Self, NodeError> {
        start(config, mode).await
    }

    /// Ends rooms (their peers hear it at once and go elsewhere), lets recorders take the rest, stops.
    pub async fn stop(self) {
        stop(&self.node, self.tap.as_ref()).await;
    }
}

async fn start(config: &Config, mode: Mode) -> Result<Running, NodeError> {
    let (secrets, open_rooms) = match mode {
        Mode::Dev(secrets) => (secrets, true),
        Mode::Member(secrets) => (Some(secrets), false),
    };
    let sockets = Sockets::bind(&config.sfu.addresses, config.sfu.udp_port)?;
    sockets.mark(config.sfu.dscp);
    let candidates = sockets.candidates.clone();
    let tcp = listen_tcp(config, &sockets)?;
    let tcp_candidates = tcp.as_ref().map_or_else(Vec::new, |tcp| {
        candidates.iter().map(|address| SocketAddr::new(address.ip(), tcp.port())).collect()
    });
    tracing::info!(?candidates, ?tcp_candidates, "media sockets are open");
    let identity = Identity::generate()?;
    let seed = rand::random();
    let engine = Engine::new(EngineConfig {
        identity,
        candidates: candidates.clone(),
        tcp_candidates,
        seed,
        open_rooms,
    });
    let (tcp_counters, tcp_places) = (Arc::new(TcpCounters::default()), Places::of_process());
    let (worker, worker_ended) = Pool::start()
        .and_then(|handshakes| Worker::start(engine, sockets, tcp_counters.clone(), handshakes))
        .map_err(|source| NodeError::System { what: "cannot start the media thread", source })?;
    if let Some(tcp) = tcp {
        tcp.accept(&[worker.tcp().clone()], &tcp_counters, &tcp_places)
            .map_err(|source| NodeError::System { what: "cannot accept media over TCP", source })?;
    }

    let node = Arc::new(Node {
        worker,
        tcp_counters,
        tcp_places,
        epoch: clock::machine_unix_us(),
        access: if open_rooms { Access::Open } else { Access::Tokens(TokenKey::default()) },
        control_secret: secrets.as_ref().map(|secrets| secrets.control_secret.clone()),
        registry: Registry::default(),
        pace: Pace::new(clock::now().mono),
        ice_links: ice_links(&config.sfu.ice_servers),
        draining: AtomicBool::new(false),
        answered: Default::default(),
        tap_lost: Default::default(),
        taps: Default::default(),
    });
    tokio::spawn(forget_ended_sessions(node.clone()));
    let sessions = node.clone();
    tokio::spawn(clock::follow(move || !sessions.registry.is_empty()));

    let address = config.sfu.http_listen;
    let (listener, http_address) = listen(address).map_err(|source| NodeError::Http { address, source })?;
    tokio::spawn(serve(listener, node.clone()));

    let tap = match &secrets {
        Some(secrets) => {
            Some(tap::Tap::listen(config.sfu.tap_listen, secrets, node.clone(), Bounds::default())?)
        }
        None => None,
    };
    let http_url = format!("http://{}", reachable(http_address, &candidates));
    if let (Some(secrets), false) = (secrets, open_rooms) {
        let register = Register {
            node_id: NodeId::new(config.sfu.node_id.clone())
                .unwrap_or_else(|_| NodeId::new("sfu-1").expect("a valid identifier")),
            kind: NodeKind::Sfu,
            epoch: node.epoch,
            http_url: http_url.clone(),
            tap_addr: tap.as_ref().map(|tap| reachable(tap.address(), &candidates)),
            draining: false,
        };
        let registrar = Registrar {
            signaling_url: config.sfu.signaling_url.clone(),
            control_secret: secrets.control_secret,
        };
        let (told, hears) = (node.clone(), node.clone());
        tokio::spawn(registrar.keep_registered(
            move || Register { draining: told.draining.load(Ordering::Relaxed), ..register.clone() },
            move |registered| match &hears.access {
                Access::Tokens(key) => {
                    key.set(&registered.token_public_key_pem).map_err(|error| error.to_string())
                }
                Access::Open => Ok(()),
            },
        ));
    }
    announce(&http_url, open_rooms, tap.as_ref().map(tap::Tap::address));
    Ok(Running { node, http: http_address, tap, worker_ended })
}

async fn stop(node: &Node, tap: Option<&tap::Tap>) {
    tracing::info!("stopping");
    node.draining.store(true, Ordering::Relaxed);
    let ended = node.worker.call(|engine, now| {
        engine.drain();
        for room in engine.snapshot() {
            engine.delete_room(now, &room.room);
        }
    });
    if ended.await.is_ok()
        && let Some(tap) = tap
        && tokio::time::timeout(FLUSH_PATIENCE, tap.flushed()).await.is_err()
    {
        tracing::warn!("a recorder did not take all it was due in time");
    }
    node.worker.stop();
    tracing::info!("stopped");
}

/// The TCP port, unless it is switched off: named by itself or with the UDP port.
fn listen_tcp(config: &Config, sockets: &Sockets) -> Result<Option<Listeners>, NodeError> {
    if !config.sfu.tcp {
        return Ok(None);
    }
    let port = if config.sfu.tcp_port == 0 { config.sfu.udp_port } else { config.sfu.tcp_port };
    let listeners = Listeners::bind(&sockets.addresses(), port)?;
    listeners.mark(config.sfu.dscp);
    Ok(Some(listeners))
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn serve(listener: TcpListener, node: Arc<Node>) {
    let served = async {
        let mut server = axum_server::from_tcp(listener)?;
        server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
        server.serve(router(node).into_make_service_with_connect_info::<SocketAddr>()).await
    };
    if let Err(error) = served.await {
        tracing::error!(%error, "the HTTP server ended");
    }
}

/// Sessions that ended by themselves leave the registry. Falling behind is harmless: the engine
/// answers 404 for what is gone.
async fn forget_ended_sessions(node: Arc<Node>) {
    use tokio::sync::broadcast::error::RecvError;
    let mut events = node.worker.events();
    loop {
        match events.recv().await {
            Ok(Event::SessionEnded { session }) => node.registry.remove(&session),
            Ok(Event::Participant { .. }) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// A listener on every address is reached at the first candidate.
fn reachable(listening: SocketAddr, candidates: &[SocketAddr]) -> SocketAddr {
    if !listening.ip().is_unspecified() {
        return listening;
    }
    candidates.first().map_or(listening, |first| SocketAddr::new(first.ip(), listening.port()))
}

fn announce(http_url: &str, open_rooms: bool, tap: Option<SocketAddr>) {
    if open_rooms {
        let mut text = format!(
            "tongtang-sfu --dev: every room is open, without tokens\n  publish   {http_url}/whip/ROOM\n  \
             subscribe {http_url}/whep/ROOM\n"
        );
        if let Some(tap) = tap {
            text.push_str(&format!("  control   {http_url}/control\n  tap       {tap}\n"));
        }
        // A reader that has gone (`tongtang-sfu --dev | head -1`) is no reason not to serve.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
    tracing::info!(%http_url, ?tap, "listening");
}

fn on(kind: SignalKind) -> Result<tokio::signal::unix::Signal, NodeError> {
    signal(kind).map_err(|source| NodeError::System { what: "cannot listen for signals", source })
}
