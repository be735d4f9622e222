//! The two listeners: plain HTTP for this machine, HTTPS for the others.
//!
//! Enters: the front door's router. Leaves: bound listeners with their real addresses, served until
//! told to stop.

use super::bounded::{Bounded, Tally};
use super::patient::{Patience, Patient};
use crate::app::Scheme;
use axum::{Extension, Router};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// At shutdown, open requests and WebSockets are given so long.
const DRAIN: Duration = Duration::from_secs(2);

/// Why a listener could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({key}): {source}{hint}")]
pub struct ListenError {
    address: SocketAddr,
    key: &'static str,
    source: io::Error,
    hint: &'static str,
}

/// Opens a listener; `key` is the setting its address comes from.
pub fn bind(address: SocketAddr, key: &'static str) -> Result<TcpListener, ListenError> {
    let open = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    open().map_err(|source: io::Error| {
        let hint = match source.kind() {
            io::ErrorKind::AddrInUse => "; another program has this port: stop it, or choose another port",
            io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege: choose a higher one",
            io::ErrorKind::AddrNotAvailable => "; this machine has no such address",
            _ => "",
        };
        ListenError { address, key, source, hint }
    })
}

/// Listeners being served.
pub struct Listeners {
    handle: Handle<SocketAddr>,
    tasks: JoinSet<io::Result<()>>,
}

impl Listeners {
    /// Serves `router` on both listeners.
    pub fn serve(
        router: &Router,
        http: TcpListener,
        https: Option<(TcpListener, Arc<ServerConfig>)>,
        tally: Tally,
        patience: Patience,
    ) -> io::Result<Self> {
        let handle = Handle::new();
        let mut tasks = JoinSet::new();
        let bounded = Bounded::new(tally);
        let mut plain = axum_server::from_tcp(http)?
            .handle(handle.clone())
            .acceptor(Patient::new(bounded.clone(), patience));
        plain.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(patience.head);
        let service = router.clone().layer(Extension(Scheme::Http));
        tasks.spawn(plain.serve(service.into_make_service_with_connect_info::<SocketAddr>()));
        if let Some((listener, tls)) = https {
            let tls = RustlsConfig::from_config(tls);
            let mut secure = axum_server::from_tcp_rustls(listener, tls)?
                .handle(handle.clone())
                .map(|acceptor| Patient::new(acceptor.acceptor(bounded), patience));
            secure.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(patience.head);
            let service = router.clone().layer(Extension(Scheme::Https));
            tasks.spawn(secure.serve(service.into_make_service_with_connect_info::<SocketAddr>()));
        }
        Ok(Self { handle, tasks })
    }

    /// Returns when a listener has failed; normally never.
    pub async fn failed(&mut self) -> io::Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => io::Error::other(error),
            Some(Ok(Ok(()))) | None => io::Error::other("a listener ended"),
        }
    }

    /// Takes no new connections, gives open ones a moment, closes the rest.
    pub async fn stop(mut self) {
        self.handle.graceful_shutdown(Some(DRAIN));
        while self.tasks.join_next().await.is_some() {}
    }
}
