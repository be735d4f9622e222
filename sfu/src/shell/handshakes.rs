//! Threads that take handshakes' steps, so that the media threads do not.
//!
//! Enters: [`HandshakeJob`]s of any media thread. Leaves: their results, to the thread they are from, which is woken.
//!
//! Where there is one core there are no such threads: they would take turns with the media thread in slices of milliseconds, which made
//! 500 joins at once take twice as long (measured; docs/decisions/0015). Then, as when too many steps wait, a media thread takes a step
//! itself, but one at each of its turns: between two it reads its sockets and sends.

use crate::engine::{Engine, HandshakeDone, HandshakeJob};
use crate::shell::clock;
use crossbeam_channel::{self as channel, TrySendError, bounded};
use mio::Waker;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Most threads: a handshake costs 0.4 ms, so two take some thousands a second.
pub const MAX_THREADS: usize = 2;

/// Steps that wait for a thread. While there are so many, a media thread takes one itself at each of its turns.
pub const MAX_WAITING: usize = 256;

/// A step, and where its result goes.
struct Ordered {
    job: HandshakeJob,
    done: channel::Sender<HandshakeDone>,
    waker: Arc<Waker>,
}

/// The threads; shared by all media threads.
#[derive(Debug, Clone)]
pub struct Pool {
    jobs: channel::Sender<Ordered>,
}

impl Pool {
    /// Starts a thread for each core but one, at most [`MAX_THREADS`]. They end when the last handle is dropped.
    ///
    /// # Errors
    /// The system starts no thread.
    pub fn start() -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (jobs, ordered) = bounded(MAX_WAITING);
        // Without a thread nobody receives, and every step comes back at once.
        for n in 0..(cores - 1).min(MAX_THREADS) {
            let ordered = ordered.clone();
            std::thread::Builder::new().name(format!("handshake-{n}")).spawn(move || take_steps(&ordered))?;
        }
        Ok(Self { jobs })
    }
}

fn take_steps(ordered: &channel::Receiver<Ordered>) {
    while let Ok(Ordered { job, done, waker }) = ordered.recv() {
        // A mistake in a library must not cost all other peers their handshakes. This one's ends when its time is up.
        let Ok(result) = catch_unwind(AssertUnwindSafe(|| job.run())) else {
            tracing::error!("a handshake ended in a panic");
            continue;
        };
        // The media thread has ended: so have its sessions.
        let _ = done.send(result).is_ok() && waker.wake().is_ok();
    }
}

/// A media thread's side.
#[derive(Debug)]
pub struct Desk {
    pool: Pool,
    give: channel::Sender<HandshakeDone>,
    done: channel::Receiver<HandshakeDone>,
    waker: Arc<Waker>,
}

impl Desk {
    /// For the thread that `waker` wakes.
    pub fn new(pool: Pool, waker: Arc<Waker>) -> Self {
        // Nobody waits here: there are never more results than steps under way.
        let (give, done) = bounded(MAX_WAITING + MAX_THREADS);
        Self { pool, give, done, waker }
    }

    /// Takes results in and hands steps out. `true`: the engine has got a result.
    pub fn turn(&mut self, engine: &mut Engine) -> bool {
        let mut is_touched = false;
        while let Ok(done) = self.done.try_recv() {
            engine.handshake_done(clock::now(), done);
            is_touched = true;
        }
        while let Some(job) = engine.poll_handshake() {
            let ordered = Ordered { job, done: self.give.clone(), waker: self.waker.clone() };
            let refused = match self.pool.jobs.try_send(ordered) {
                Ok(()) => continue,
                Err(TrySendError::Full(refused) | TrySendError::Disconnected(refused)) => refused,
            };
            engine.handshake_done(clock::now(), refused.job.run());
            return true;
        }
        is_touched
    }
}
