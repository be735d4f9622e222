//! What every request handler of the inner house holds, and what runs behind them.
//!
//! Owns: handles to store, nodes, lessons, sessions and keys. Enters: configuration, secrets, the
//! store, the nodes. Leaves: [`router`](crate::http::router) over all of it, for the front door.

use crate::auth::SecretHash;
use crate::auth::credential::LinkKey;
use crate::auth::delay::Delay;
use crate::auth::oidc::Provider;
use crate::auth::password::Passwords;
use crate::auth::totp::Seal;
use crate::bus::Bus;
use crate::clock;
use crate::device::guessing::Guessing;
use crate::device::pairing::Paces;
use crate::lesson::Lessons;
use crate::lesson::delivery::RECONCILE;
use crate::lesson::follow::Follower;
use crate::library::Composer;
use crate::library::media_url::MediaUrls;
use crate::nodes::Nodes;
use crate::planning::Planner;
use crate::store::{Store, StoreError};
use crate::timetable::opening;
use crate::tokens::{BadTokenKey, TokenSigner};
use crate::ws::Sessions;
use axum::http::{Extensions, HeaderMap, header};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;
use tongtang_config::Config;
use tongtang_config::secrets::Secrets;

pub use crate::http::router;

/// Where the planner's files stand, in `data_dir`, while a plan is made.
const PLANS: &str = "plans";

/// How soon a reconciliation that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// How a request reached us; the front door's listeners put it into the request's extensions.
/// A request without it counts as [`Scheme::Http`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP, loopback only: the cookie is `tongtang`.
    Http,
    /// HTTPS: the cookie is `__Host-tongtang`, and `Secure`.
    Https,
}

impl Scheme {
    /// The scheme the browser used: the listener's, or HTTPS if a reverse proxy stands in front and
    /// the request is for its public address.
    pub fn of(extensions: &Extensions, headers: &HeaderMap, app: &App) -> Self {
        let listener = extensions.get::<Self>().copied().unwrap_or(Self::Http);
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let public = app.config().http.public_url.strip_prefix("https://");
        let is_public = public.is_some_and(|rest| host == rest.split('/').next());
        if is_public { Self::Https } else { listener }
    }

    /// As it stands in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Handles to everything a request may need. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    admin_token: String,
    setup_secret: String,
    store: Store,
    nodes: Nodes,
    bus: Bus,
    lessons: Lessons,
    composer: Composer,
    planner: Planner,
    program: PathBuf,
    sessions: Sessions,
    tokens: TokenSigner,
    link_key: LinkKey,
    media_urls: MediaUrls,
    guessing: Mutex<Guessing>,
    screen_paces: Mutex<Paces>,
    passwords: Passwords,
    delay: Mutex<Delay>,
    seal: Seal,
    provider: Option<Provider>,
    /// `https://ADDRESS:PORT` for other machines of the local network.
    lan_url: Option<String>,
}

impl App {
    /// Puts the handles together. Nothing runs before [`App::run`].
    pub fn new(config: Config, secrets: &Secrets, store: Store, nodes: Nodes) -> Result<Self, BadTokenKey> {
        let bus = Bus::default();
        let lessons = Lessons::new(store.clone(), nodes.clone(), bus.clone());
        let composer =
            Composer::new(store.clone(), nodes.clone(), lessons.clone(), bus.clone(), config.media_dir());
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("tongtang"));
        let planner = Planner::new(store.clone(), config.data_dir.join(PLANS), program.clone());
        Ok(Self(Arc::new(Inner {
            admin_token: secrets.admin_token.clone(),
            setup_secret: secrets.setup_secret.clone(),
            tokens: TokenSigner::new(&secrets.token_private_key_pem)?,
            link_key: LinkKey::new(&secrets.media_url_key),
            media_urls: MediaUrls::new(&secrets.media_url_key),
            guessing: Mutex::new(Guessing::new(clock::now())),
            screen_paces: Mutex::default(),
            passwords: Passwords::default(),
            delay: Mutex::default(),
            seal: Seal::new(&secrets.media_url_key),
            provider: Provider::configured(&config.oidc),
            sessions: Sessions::default(),
            lan_url: None,
            config,
            store,
            nodes,
            bus,
            lessons,
            composer,
            planner,
            program,
        })))
    }

    /// The same, with the HTTPS address that other machines of the local network reach: classroom
    /// links name it when the administrator sits at the server itself.
    #[must_use]
    pub fn with_lan_url(mut self, lan_url: Option<String>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.lan_url = lan_url;
        }
        self
    }

    /// The same, with `tongtang` standing there: what works in processes of its own runs in that program.
    #[must_use]
    pub fn with_program(mut self, program: PathBuf) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.planner =
                Planner::new(inner.store.clone(), inner.config.data_dir.join(PLANS), program.clone());
            inner.program = program;
        }
        self
    }

    /// Runs what runs behind the requests: reconciling lessons, following nodes, submitting jobs.
    /// Until it is dropped.
    pub async fn run(self) {
        let follower = Follower {
            nodes: self.nodes().clone(),
            lessons: self.lessons().clone(),
            composer: self.composer().clone(),
        };
        let composer = self.composer().clone();
        let planner = self.planner().clone();
        tokio::join!(
            keep("reconcile", || self.clone().reconcile()),
            keep("composer", || composer.clone().run()),
            keep("follower", || follower.clone().run()),
            keep("planner", || planner.clone().run()),
        );
    }

    async fn reconcile(self) {
        loop {
            let reconciled = async {
                self.lessons().open_due(clock::now()).await?;
                opening::sweep(&self, clock::now()).await?;
                self.lessons().end_abandoned(clock::now()).await?;
                self.lessons().reconcile().await
            };
            let pause = match reconciled.await {
                Ok(()) => RECONCILE,
                Err(error) => {
                    tracing::error!(%error, "cannot reconcile the lessons");
                    RETRY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// The secret of the first one-time set-up link, if it has not been used or replaced yet.
    pub async fn unused_setup_secret(&self) -> Result<Option<&str>, StoreError> {
        let secret = &self.0.setup_secret;
        let used = self.store().is_setup_secret_used(&SecretHash::of(secret)).await?;
        Ok((!used).then_some(secret.as_str()))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The sfu and recorder nodes.
    pub fn nodes(&self) -> &Nodes {
        &self.0.nodes
    }

    /// What changes, in this process.
    pub fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// The running lessons.
    pub fn lessons(&self) -> &Lessons {
        &self.0.lessons
    }

    /// Who brings jobs to their end.
    pub fn composer(&self) -> &Composer {
        &self.0.composer
    }

    /// Who makes plans.
    pub fn planner(&self) -> &Planner {
        &self.0.planner
    }

    /// This program, for what works in a process of its own.
    pub fn program(&self) -> &Path {
        &self.0.program
    }

    /// WebSocket sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Signs room tokens.
    pub fn tokens(&self) -> &TokenSigner {
        &self.0.tokens
    }

    /// Makes and checks teacher links.
    pub fn link_key(&self) -> &LinkKey {
        &self.0.link_key
    }

    /// Signs media addresses.
    pub fn media_urls(&self) -> &MediaUrls {
        &self.0.media_urls
    }

    pub(crate) fn admin_token(&self) -> &str {
        &self.0.admin_token
    }

    /// Of the link that was printed at first start.
    pub(crate) fn first_setup_secret(&self) -> SecretHash {
        SecretHash::of(&self.0.setup_secret)
    }

    pub(crate) fn guessing(&self) -> MutexGuard<'_, Guessing> {
        self.0.guessing.lock().expect("no holder of this lock panics")
    }

    /// How often screens get codes, and people type wrong ones.
    pub(crate) fn screen_paces(&self) -> MutexGuard<'_, Paces> {
        self.0.screen_paces.lock().expect("no holder of this lock panics")
    }

    /// Checks and hashes passwords.
    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// How often passwords and codes may be tried.
    pub(crate) fn delay(&self) -> MutexGuard<'_, Delay> {
        self.0.delay.lock().expect("no holder of this lock panics")
    }

    /// Seals second factors.
    pub(crate) fn seal(&self) -> &Seal {
        &self.0.seal
    }

    /// Who signs people in who have an account elsewhere.
    pub(crate) fn provider(&self) -> Option<&Provider> {
        self.0.provider.as_ref()
    }

    pub(crate) fn lan_url(&self) -> Option<&str> {
        self.0.lan_url.as_deref()
    }
}

/// Runs a task for ever. One that panicked is begun anew: without it no lesson would get media, and the
/// server would look well.
async fn keep<F>(name: &'static str, begin: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        match AbortOnDropHandle::new(tokio::spawn(begin())).await {
            Ok(()) => tracing::error!(task = name, "a task behind the requests ended; begun anew"),
            Err(error) => {
                tracing::error!(task = name, %error, "a task behind the requests failed; begun anew");
            }
        }
        metrics::counter!("tongtang_task_ends_total", "task" => name).increment(1);
        tokio::time::sleep(RETRY).await;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn a_task_that_panicked_is_begun_anew_and_ends_with_its_keeper() {
        let (begun, lives) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let held = Arc::new(());
        let keeper = tokio::spawn({
            let (begun, lives, held) = (begun.clone(), lives.clone(), held.clone());
            async move {
                keep("test", || {
                    let (begun, lives, held) = (begun.clone(), lives.clone(), held.clone());
                    async move {
                        let _held = held;
                        assert!(begun.fetch_add(1, Ordering::Relaxed) > 0, "the first one panics");
                        lives.notify_one();
                        std::future::pending::<()>().await;
                    }
                })
                .await;
            }
        });
        lives.notified().await;
        assert_eq!(begun.load(Ordering::Relaxed), 2);
        keeper.abort();
        assert!(keeper.await.unwrap_err().is_cancelled());
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
