//! What every request handler of the inner house holds, and the router over all of them.
//!
//! Owns: nothing but handles. Enters: [`Config`], the store. Leaves: [`router`], which the front
//! door nests beside the pages and the media proxy.

use crate::store::Store;
use axum::Router;
use std::sync::Arc;
use tongtang_config::Config;

/// How a request reached us; the front door's listeners put it into the request's extensions.
/// A request without it counts as [`Scheme::Http`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP, loopback only: the cookie is `tongtang`.
    Http,
    /// HTTPS: the cookie is `__Host-tongtang`, and `Secure`.
    Https,
}

/// Handles to everything a request may need. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    store: Store,
}

impl App {
    /// Puts the handles together. Nothing runs before [`App::start`].
    pub fn new(config: Config, store: Store) -> Self {
        Self(Arc::new(Inner { config, store }))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }
}

/// All of `/api` and `/media`. Needs `ConnectInfo<SocketAddr>` and, for HTTPS listeners, an
/// `Extension(Scheme::Https)`.
pub fn router(app: App) -> Router {
    Router::new().with_state(app)
}
