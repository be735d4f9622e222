//! All media threads of a node: each with an engine, a core if asked for, and a UDP port of its own.

use crate::engine::{Engine, EngineConfig, Event};
use crate::error::NodeError;
use crate::mirror::{MAX_WORKERS, mesh};
use crate::now::Now;
use crate::peer::Identity;
use crate::shell::handshakes::Pool;
use crate::shell::tcp::places::Places;
use crate::shell::tcp::{Listeners, TcpCounters};
use crate::shell::udp::worker::{Equipment, Prepared, UdpCounters};
use crate::shell::udp::{Sockets, Worker, WorkerError, cores};
use futures_util::future::join_all;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, oneshot};

/// A media thread that takes longer to answer hangs. It takes a thousandth of that when it is well.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the media threads run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many; 0: one for each core.
    pub workers: usize,
    /// Does each stay on a core of its own?
    pub pinned: bool,
    /// The addresses to bind; none: all of this machine.
    pub addresses: Vec<IpAddr>,
    /// The first worker's port, the others have those behind it; 0: any.
    pub port: u16,
    /// The TCP port of all of them, 0: any; none: media does not go over TCP.
    pub tcp_port: Option<u16>,
    /// DSCP of what leaves.
    pub dscp: u8,
    /// Are rooms open (`--dev`)?
    pub open_rooms: bool,
}

/// All media threads.
#[derive(Debug)]
pub struct Workers {
    workers: Vec<Worker>,
    /// What concerns all is told to all in one order.
    order: Mutex<()>,
}

/// What [`Workers::start`] gives besides.
#[derive(Debug)]
pub struct Started {
    /// The threads.
    pub workers: Workers,
    /// What the first worker's answers offer.
    pub candidates: Vec<SocketAddr>,
    /// The TCP port, if there is one.
    pub tcp_port: Option<u16>,
    /// One for each thread, closed when it has ended.
    pub ended: Vec<oneshot::Receiver<()>>,
}

impl Workers {
    /// Opens the sockets and starts the threads.
    pub fn start(
        plan: &Plan,
        identity: &Arc<Identity>,
        tcp_counters: &Arc<TcpCounters>,
        tcp_places: &Arc<Places>,
    ) -> Result<Started, NodeError> {
        let system = |source| NodeError::System { what: "cannot start a media thread", source };
        let cores = cores::allowed();
        // A container's share of the CPU counts, too.
        let usable = std::thread::available_parallelism().map_or(1, NonZero::get);
        let count = if plan.workers == 0 { usable } else { plan.workers }.clamp(1, MAX_WORKERS);
        let mut bound = Vec::with_capacity(count);
        for worker in 0..count {
            let port = if plan.port == 0 { 0 } else { port_of(plan.port, worker)? };
            let sockets = Sockets::bind(&plan.addresses, port)?;
            sockets.mark(plan.dscp);
            bound.push(sockets);
        }
        let prepared: Vec<Prepared> =
            (0..count).map(|_| Prepared::new()).collect::<Result<_, _>>().map_err(system)?;
        let beds: Arc<[_]> = prepared.iter().map(Prepared::bed).collect();
        let candidates = bound.first().map(|sockets| sockets.candidates.clone()).unwrap_or_default();
        let tcp = match (plan.tcp_port, bound.first()) {
            (Some(port), Some(sockets)) => Some(Listeners::bind(&sockets.addresses(), port)?),
            _ => None,
        };
        let tcp_port = tcp.as_ref().map(Listeners::port);
        let tcp_candidates: Vec<SocketAddr> = tcp_port
            .map(|port| candidates.iter().map(|address| SocketAddr::new(address.ip(), port)).collect())
            .unwrap_or_default();
        let handshakes = Pool::start().map_err(system)?;
        let (mut workers, mut ended) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let parts = prepared.into_iter().zip(bound).zip(mesh(count)).enumerate();
        for (index, ((prepared, sockets), mirrors)) in parts {
            let config = EngineConfig {
                identity: identity.clone(),
                candidates: sockets.candidates.clone(),
                tcp_candidates: tcp_candidates.clone(),
                seed: rand::random(),
                open_rooms: plan.open_rooms,
            };
            let engine = Engine::beside_others(config, mirrors);
            // More threads than cores: the system knows better where to put them.
            let core = cores.get(index).copied().filter(|_| plan.pinned && count <= cores.len());
            let (tcp_counters, handshakes) = (tcp_counters.clone(), handshakes.clone());
            let equipment = Equipment { engine, sockets, tcp_counters, handshakes, core };
            let (worker, alive) = prepared.start(index, beds.clone(), equipment).map_err(system)?;
            workers.push(worker);
            ended.push(alive);
        }
        if let Some(tcp) = tcp {
            tcp.mark(plan.dscp);
            let handovers: Vec<_> = workers.iter().map(|worker| worker.tcp().clone()).collect();
            tcp.accept(&handovers, tcp_counters, tcp_places)
                .map_err(|source| NodeError::System { what: "cannot accept media over TCP", source })?;
        }
        Ok(Started { workers: Self { workers, order: Mutex::default() }, candidates, tcp_port, ended })
    }

    /// How many there are: at least one.
    pub fn count(&self) -> usize {
        self.workers.len()
    }

    /// One of them; a number that none has (there is none) means the first.
    pub fn on(&self, index: usize) -> &Worker {
        &self.workers[if index < self.workers.len() { index } else { 0 }]
    }

    /// Runs `call` on every media thread and waits for all answers, in the order of the workers. Calls of this kind have the
    /// same order everywhere.
    ///
    /// # Errors
    /// One thread could not be asked or has not answered within [`PATIENCE`]; the others have been asked all the same, and
    /// the call may be repeated.
    pub async fn each<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Engine, Now) -> T + Clone + Send + 'static,
    ) -> Result<Vec<T>, WorkerError> {
        self.each_given(self.workers.iter().map(|_| ()), move |engine, now, ()| call(engine, now)).await
    }

    /// The same, and each gets one of `given`.
    ///
    /// # Errors
    /// As [`Workers::each`].
    pub async fn each_given<G: Send + 'static, T: Send + 'static>(
        &self,
        given: impl IntoIterator<Item = G>,
        call: impl FnOnce(&mut Engine, Now, G) -> T + Clone + Send + 'static,
    ) -> Result<Vec<T>, WorkerError> {
        let posted: Vec<_> = {
            let _order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
            let each = self.workers.iter().zip(given);
            each.map(|(worker, given)| {
                let call = call.clone();
                worker.post(move |engine, now| call(engine, now, given))
            })
            .collect()
        };
        let answers = posted.into_iter().map(async |posted| posted?.await.map_err(|_| WorkerError::Ended));
        let answers = tokio::time::timeout(PATIENCE, join_all(answers)).await;
        answers.map_err(|_| WorkerError::Busy)?.into_iter().collect()
    }

    /// For each worker a state read from its engine, and its events after that state: none missing, none twice.
    pub async fn watch<T: Send + 'static>(
        &self,
        read: fn(&Engine) -> T,
    ) -> Result<Vec<(T, broadcast::Receiver<Event>)>, WorkerError> {
        let mut watched = Vec::with_capacity(self.workers.len());
        for worker in &self.workers {
            watched.push(worker.watch(read).await?);
        }
        Ok(watched)
    }

    /// Events of all workers from now on, one receiver for each.
    pub fn events(&self) -> Vec<broadcast::Receiver<Event>> {
        self.workers.iter().map(Worker::events).collect()
    }

    /// What each thread counted.
    pub fn counters(&self) -> impl Iterator<Item = &UdpCounters> {
        self.workers.iter().map(Worker::counters)
    }

    /// Ends the threads after the calls that wait.
    pub fn stop(&self) {
        self.workers.iter().for_each(Worker::stop);
    }
}

fn port_of(first: u16, worker: usize) -> Result<u16, NodeError> {
    let port = usize::from(first) + worker;
    u16::try_from(port).map_err(|_| NodeError::NoPortsLeft { first, workers: worker + 1 })
}
