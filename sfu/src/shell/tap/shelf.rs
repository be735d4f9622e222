//! One recording's store with what moves it: the workers' rings are emptied into it, connections are woken.

use crate::shell::clock;
use crate::shell::http::Node;
use crate::shell::tap::store::{Batch, Bounds, Cursor, Store};
use crate::tap::TapReader;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tongtang_protocol::ids::{RecordingId, RoomId};
use tongtang_roq::control::{Flow, FlowId};

/// How often the rings are emptied. The packet threads only write into them: waking somebody for each packet
/// would cost it a system call.
const DRAIN_EVERY: Duration = Duration::from_millis(10);

/// Which recording.
pub type ShelfKey = (RoomId, RecordingId);

/// One recording's store.
#[derive(Debug)]
pub struct Shelf {
    store: Mutex<Store>,
    /// Counts changes of the store.
    changed: watch::Sender<u64>,
    /// The connection that serves the recording; a newer one replaces an older.
    connection: watch::Sender<u64>,
    /// Streams that still have something to send.
    sending: watch::Sender<usize>,
    /// Set when the room is gone: nothing more comes.
    finished: watch::Sender<bool>,
}

/// A stream that still sends; dropped when it has been taken completely.
#[derive(Debug)]
pub struct Sending(Arc<Shelf>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.sending.send_modify(|count| *count -= 1);
    }
}

impl Shelf {
    /// An empty one.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            store: Mutex::new(Store::new(bounds)),
            changed: watch::Sender::new(0),
            connection: watch::Sender::new(0),
            sending: watch::Sender::new(0),
            finished: watch::Sender::new(false),
        }
    }

    /// Empties the rings, one a worker, into the store until the room is gone and nothing is left to keep.
    pub async fn fill(self: Arc<Self>, node: Arc<Node>, mut readers: Vec<TapReader>) {
        let mut packet = Vec::new();
        let mut ticks = tokio::time::interval(DRAIN_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let is_finished = readers.iter().all(TapReader::is_finished);
            let (mut came, mut is_empty) = (false, false);
            let now = clock::now().mono;
            self.with(|store| {
                for reader in &mut readers {
                    while let Some(item) = reader.read(&mut packet) {
                        store.accept(now, item, &packet);
                        came = true;
                    }
                }
                let dropped = store.enforce_bounds(now);
                node.tap_lost.fetch_add(dropped, Ordering::Relaxed);
                is_empty = store.is_empty();
            });
            if came {
                self.changed.send_modify(|count| *count += 1);
            }
            if is_finished {
                self.finished.send_replace(true);
                if is_empty && !self.is_connected() {
                    return;
                }
            }
        }
    }

    /// A new connection serves the recording; those before it end. The answer tells when a newer one comes.
    pub fn take_over(&self, connection: u64) -> watch::Receiver<u64> {
        self.connection.send_replace(connection);
        self.connection.subscribe()
    }

    /// The connection is gone.
    pub fn leave(&self, connection: u64) {
        self.connection.send_if_modified(|current| {
            let mine = *current == connection;
            if mine {
                *current = 0;
            }
            mine
        });
    }

    /// Is a recorder there?
    pub fn is_connected(&self) -> bool {
        *self.connection.borrow() != 0
    }

    /// A stream begins to send.
    pub fn sending(self: &Arc<Self>) -> Sending {
        self.sending.send_modify(|count| *count += 1);
        Sending(self.clone())
    }

    /// Ready when the room is gone and every stream has been taken completely, or nobody is there to take it.
    pub async fn flushed(&self) {
        if !self.is_connected() {
            return;
        }
        // The senders live as long as `self`, so that waiting cannot fail.
        let _ = self.finished.subscribe().wait_for(|finished| *finished).await;
        let _ = self.sending.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Tells when the store has changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What the recorder has on disk may be forgotten.
    pub fn durable(&self, known: &BTreeMap<FlowId, u64>) {
        self.with(|store| known.iter().for_each(|(flow, next)| store.durable(*flow, *next)));
    }

    /// Flows to send first, and their identifiers as the beginning of `seen` for [`Shelf::started_after`].
    pub fn resume(&self, known: &BTreeMap<FlowId, u64>) -> (Vec<(Flow, Cursor)>, Vec<FlowId>) {
        self.with(|store| {
            let flows = store.resume(known);
            let mut seen = Vec::new();
            store.started_after(&mut seen);
            (flows, seen)
        })
    }

    /// Flows that started since.
    pub fn started_after(&self, seen: &mut Vec<FlowId>) -> Vec<(Flow, Cursor)> {
        self.with(|store| store.started_after(seen))
    }

    /// See [`Store::batch`].
    pub fn batch(&self, flow: FlowId, cursor: &mut Cursor, max_bytes: usize) -> Option<Batch> {
        self.with(|store| store.batch(flow, cursor, max_bytes))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Store) -> T) -> T {
        // The store stays consistent between its methods' calls, whoever panicked.
        work(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
