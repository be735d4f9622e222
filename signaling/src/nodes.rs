//! Which sfu and recorder nodes there are, and how to speak to them.
//!
//! ```text
//!  node ──POST /internal/nodes──▶ register ──▶ Nodes ──watch──▶ lesson, library (reconcile)
//!  supervise ──report_dead──────────────────▶   │
//!                                               └─ sfu_for(room), recorder() ──▶ clients ──▶ node
//! ```
//!
//! Owns: the table of nodes (in memory; nodes fill it again within a heartbeat after a restart) and
//! which room stands on which sfu. Enters: registrations, deaths. Leaves: the table to whoever
//! watches, and clients: [`SfuClient`], [`RecorderClient`].

pub mod caller;
pub mod events;
pub mod recorder;
pub mod register;
pub mod sfu;

pub use caller::NodeError;
pub use events::EventStream;
pub use recorder::RecorderClient;
pub use sfu::SfuClient;

use caller::Caller;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tongtang_protocol::control::{HEARTBEAT_S, NodeKind, Register, Registered};
use tongtang_protocol::ids::{NodeId, RoomId};

/// Nodes known at once. At the limit a node that is gone makes room; if none is, the newcomer is
/// refused and keeps asking.
pub const MAX_NODES: usize = 256;

/// Rooms whose place is remembered. At the limit one that nobody renews is forgotten: it is placed
/// again by its name, usually on the same node.
pub const MAX_PLACED_ROOMS: usize = 10_000;

/// Three missed heartbeats.
const SILENCE: Duration = Duration::from_secs(3 * HEARTBEAT_S);

/// Longest accepted base URL of a node, in bytes.
const MAX_URL_BYTES: usize = 256;

/// How a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// Takes rooms or recordings.
    Up,
    /// Keeps what it has, takes nothing new.
    Draining,
    /// Silent for three heartbeats, or its process is known to have ended.
    Gone,
}

/// A node as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Name.
    pub id: NodeId,
    /// What it is.
    pub kind: NodeKind,
    /// Changes when its process is another one: all it held in memory is gone.
    pub epoch: u64,
    /// Base of its HTTP API, without a slash at the end.
    pub http_url: String,
    /// An sfu's QUIC tap.
    pub tap_addr: Option<SocketAddr>,
    /// How it stands.
    pub state: NodeState,
}

/// Why a registration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// Not an address signaling can call.
    #[error("http_url is not an http or https address")]
    BadUrl,
    /// An sfu that no recorder could reach.
    #[error("an sfu needs a tap_addr")]
    NoTap,
    /// The process with this epoch has ended; this message outlived it.
    #[error("this epoch has ended")]
    DeadEpoch,
    /// [`MAX_NODES`].
    #[error("too many nodes")]
    Full,
}

/// The registry. Cheap to clone.
#[derive(Clone)]
pub struct Nodes(Arc<Inner>);

struct Inner {
    caller: Caller,
    token_public_key_pem: String,
    table: Mutex<Table>,
    changes: watch::Sender<Arc<Vec<Node>>>,
}

#[derive(Default)]
struct Table {
    /// Ordered, so that every look at the table lists nodes alike.
    nodes: BTreeMap<NodeId, Entry>,
    rooms: HashMap<RoomId, NodeId>,
}

struct Entry {
    node: Node,
    heard_at: Instant,
    /// An epoch whose process is known to have ended.
    dead_epoch: Option<u64>,
}

impl Nodes {
    /// A registry without nodes. `control_secret` guards both directions.
    pub fn new(control_secret: &str, token_public_key_pem: String) -> Self {
        Self(Arc::new(Inner {
            caller: Caller::new(control_secret),
            token_public_key_pem,
            table: Mutex::default(),
            changes: watch::Sender::new(Arc::default()),
        }))
    }

    /// A node says that it is there (again).
    pub fn register(&self, said: Register) -> Result<Registered, RegisterError> {
        let http_url = said.http_url.trim_end_matches('/').to_owned();
        let parsed = url::Url::parse(&http_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if parsed.is_none() || http_url.len() > MAX_URL_BYTES {
            return Err(RegisterError::BadUrl);
        }
        if said.kind == NodeKind::Sfu && said.tap_addr.is_none() {
            return Err(RegisterError::NoTap);
        }
        let state = if said.draining { NodeState::Draining } else { NodeState::Up };
        let node = Node {
            id: said.node_id,
            kind: said.kind,
            epoch: said.epoch,
            http_url,
            tap_addr: said.tap_addr,
            state,
        };
        self.change(|table| table.hear(node))?;
        Ok(Registered { token_public_key_pem: self.0.token_public_key_pem.clone() })
    }

    /// How this node last registered, if it is not gone.
    pub fn registered(&self, id: &NodeId) -> Option<Register> {
        let all = self.all();
        let node = all.iter().find(|node| node.id == *id && node.state != NodeState::Gone)?;
        Some(Register {
            node_id: node.id.clone(),
            kind: node.kind,
            epoch: node.epoch,
            http_url: node.http_url.clone(),
            tap_addr: node.tap_addr,
            draining: node.state == NodeState::Draining,
        })
    }

    /// The process of this node has ended, for certain. Watchers hear at once.
    pub fn report_dead(&self, id: &NodeId) {
        self.change(|table| {
            if let Some(entry) = table.nodes.get_mut(id) {
                entry.dead_epoch = Some(entry.node.epoch);
                entry.node.state = NodeState::Gone;
            }
        });
    }

    /// Declares nodes gone that were silent too long. Runs until dropped.
    pub async fn watch_silence(self) {
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        loop {
            tick.tick().await;
            self.mark_silent(Instant::now());
        }
    }

    fn mark_silent(&self, now: Instant) {
        self.change(|table| {
            for entry in table.nodes.values_mut() {
                if now.duration_since(entry.heard_at) > SILENCE {
                    entry.node.state = NodeState::Gone;
                }
            }
        });
    }

    /// The table now and whenever it changes. Compare `epoch` and `state` with what was seen before.
    pub fn watch(&self) -> watch::Receiver<Arc<Vec<Node>>> {
        self.0.changes.subscribe()
    }

    /// The table now.
    pub fn all(&self) -> Arc<Vec<Node>> {
        self.0.changes.borrow().clone()
    }

    /// The sfu that has this room, or the one it is placed on from now on. None: no sfu is up.
    pub fn sfu_for(&self, room: &RoomId) -> Option<SfuClient> {
        let mut table = self.table();
        let node = table.sfu_of(room)?;
        if table.rooms.get(room) != Some(&node.id) {
            table.place(room.clone(), node.id.clone());
        }
        Some(SfuClient::new(self.0.caller.clone(), node))
    }

    /// The sfu where this room is or would be, without placing it: for the media proxy, whose room
    /// names come from strangers.
    pub fn find_sfu(&self, room: &RoomId) -> Option<SfuClient> {
        let node = self.table().sfu_of(room)?;
        Some(SfuClient::new(self.0.caller.clone(), node))
    }

    /// The room was found on this node (its snapshot says so), e.g. after a restart of signaling.
    pub fn place(&self, room: &RoomId, id: &NodeId) {
        self.table().place(room.clone(), id.clone());
    }

    /// The room is over.
    pub fn forget_room(&self, room: &RoomId) {
        self.table().rooms.remove(room);
    }

    /// All sfus that are not gone.
    pub fn sfus(&self) -> Vec<SfuClient> {
        self.living(NodeKind::Sfu).map(|node| SfuClient::new(self.0.caller.clone(), node)).collect()
    }

    /// A recorder for new work. None: no recorder is up.
    pub fn recorder(&self) -> Option<RecorderClient> {
        self.living(NodeKind::Recorder)
            .find(|node| node.state == NodeState::Up)
            .map(|node| RecorderClient::new(self.0.caller.clone(), node))
    }

    /// The recorder that has some recording, if it is not gone.
    pub fn recorder_named(&self, id: &NodeId) -> Option<RecorderClient> {
        self.living(NodeKind::Recorder)
            .find(|node| node.id == *id)
            .map(|node| RecorderClient::new(self.0.caller.clone(), node))
    }

    fn living(&self, kind: NodeKind) -> impl Iterator<Item = Node> {
        let all = self.all();
        (0..all.len())
            .map(move |at| all[at].clone())
            .filter(move |node| node.kind == kind && node.state != NodeState::Gone)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().expect("no holder of the table's lock panics")
    }

    /// Changes the table and tells watchers if it looks different afterwards.
    fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table();
        let result = change(&mut table);
        let seen: Vec<Node> = table.nodes.values().map(|entry| entry.node.clone()).collect();
        self.0.changes.send_if_modified(|known| {
            let differs = **known != seen;
            if differs {
                log_differences(known, &seen);
                *known = Arc::new(seen);
            }
            differs
        });
        result
    }
}

fn log_differences(before: &[Node], after: &[Node]) {
    for node in after {
        let old = before.iter().find(|old| old.id == node.id);
        if old.is_none_or(|old| old.state != node.state || old.epoch != node.epoch) {
            tracing::info!(node = %node.id, kind = ?node.kind, epoch = node.epoch, state = ?node.state, "node");
        }
    }
}

impl Table {
    fn hear(&mut self, node: Node) -> Result<(), RegisterError> {
        let known = self.nodes.get(&node.id);
        if known.is_some_and(|entry| entry.dead_epoch == Some(node.epoch)) {
            return Err(RegisterError::DeadEpoch);
        }
        if known.is_none() && self.nodes.len() >= MAX_NODES {
            let gone = self.nodes.values().find(|entry| entry.node.state == NodeState::Gone);
            let id = gone.map(|entry| entry.node.id.clone()).ok_or(RegisterError::Full)?;
            self.nodes.remove(&id);
        }
        let dead_epoch = self.nodes.get(&node.id).and_then(|entry| entry.dead_epoch);
        self.nodes.insert(node.id.clone(), Entry { node, heard_at: Instant::now(), dead_epoch });
        Ok(())
    }

    /// Where the room was placed, unless that node is gone; otherwise the node that wins for this
    /// name among those that are up (rendezvous hashing: adding a node moves few rooms).
    fn sfu_of(&self, room: &RoomId) -> Option<Node> {
        let placed = self.rooms.get(room).and_then(|id| self.nodes.get(id));
        if let Some(entry) = placed.filter(|entry| entry.node.state != NodeState::Gone) {
            return Some(entry.node.clone());
        }
        let up = |entry: &&Entry| entry.node.kind == NodeKind::Sfu && entry.node.state == NodeState::Up;
        self.nodes
            .values()
            .filter(up)
            .max_by_key(|entry| weight(room, &entry.node.id))
            .map(|entry| entry.node.clone())
    }

    fn place(&mut self, room: RoomId, id: NodeId) {
        if self.rooms.len() >= MAX_PLACED_ROOMS
            && !self.rooms.contains_key(&room)
            && let Some(other) = self.rooms.keys().next().cloned()
        {
            self.rooms.remove(&other);
        }
        self.rooms.insert(room, id);
    }
}

/// The same in every process, so that a restarted signaling places alike.
fn weight(room: &RoomId, node: &NodeId) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::new().chain_update(room.as_str()).chain_update([0]).chain_update(node.as_str()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(id: &str, kind: NodeKind, epoch: u64) -> Register {
        Register {
            node_id: NodeId::new(id).unwrap(),
            kind,
            epoch,
            http_url: "http://127.0.0.1:8081/".into(),
            tap_addr: Some("127.0.0.1:7881".parse().unwrap()),
            draining: false,
        }
    }

    fn room(name: &str) -> RoomId {
        RoomId::new(name).unwrap()
    }

    fn empty() -> Nodes {
        Nodes::new("secret", String::new())
    }

    #[test]
    fn a_silent_node_is_gone_and_comes_back_with_the_same_epoch() {
        let nodes = empty();
        nodes.register(said("sfu-1", NodeKind::Sfu, 7)).unwrap();
        nodes.mark_silent(Instant::now());
        assert_eq!(nodes.all()[0].state, NodeState::Up);
        nodes.mark_silent(Instant::now() + SILENCE + Duration::from_secs(1));
        assert_eq!(nodes.all()[0].state, NodeState::Gone);
        assert!(nodes.sfu_for(&room("a")).is_none());
        nodes.register(said("sfu-1", NodeKind::Sfu, 7)).unwrap();
        assert_eq!(nodes.all()[0].state, NodeState::Up);
        assert_eq!(nodes.all()[0].epoch, 7);
    }

    #[test]
    fn a_heartbeat_that_outlived_its_process_is_refused() {
        let nodes = empty();
        nodes.register(said("sfu-1", NodeKind::Sfu, 7)).unwrap();
        nodes.report_dead(&NodeId::new("sfu-1").unwrap());
        assert_eq!(nodes.all()[0].state, NodeState::Gone);
        assert_eq!(nodes.register(said("sfu-1", NodeKind::Sfu, 7)), Err(RegisterError::DeadEpoch));
        nodes.register(said("sfu-1", NodeKind::Sfu, 8)).unwrap();
        assert_eq!(nodes.all()[0].state, NodeState::Up);
    }

    #[test]
    fn watchers_hear_changes_and_not_heartbeats() {
        let nodes = empty();
        let mut watch = nodes.watch();
        nodes.register(said("rec-1", NodeKind::Recorder, 1)).unwrap();
        assert!(watch.has_changed().unwrap());
        watch.mark_unchanged();
        nodes.register(said("rec-1", NodeKind::Recorder, 1)).unwrap();
        assert!(!watch.has_changed().unwrap());
        nodes.register(said("rec-1", NodeKind::Recorder, 2)).unwrap();
        assert!(watch.has_changed().unwrap());
    }

    #[test]
    fn a_room_stays_where_it_is_when_nodes_join_or_drain() {
        let nodes = empty();
        nodes.register(said("sfu-0", NodeKind::Sfu, 1)).unwrap();
        let rooms: Vec<_> = (0..50).map(|n| room(&format!("room-{n}"))).collect();
        for room in &rooms {
            assert_eq!(nodes.sfu_for(room).unwrap().node().id.as_str(), "sfu-0");
        }
        nodes.register(said("sfu-9", NodeKind::Sfu, 1)).unwrap();
        nodes.register(Register { draining: true, ..said("sfu-0", NodeKind::Sfu, 1) }).unwrap();
        for room in &rooms {
            assert_eq!(nodes.sfu_for(room).unwrap().node().id.as_str(), "sfu-0");
        }
        assert_eq!(nodes.sfu_for(&room("new")).unwrap().node().id.as_str(), "sfu-9");
        nodes.report_dead(&NodeId::new("sfu-0").unwrap());
        assert_eq!(nodes.sfu_for(&rooms[0]).unwrap().node().id.as_str(), "sfu-9");
    }

    #[test]
    fn rooms_named_by_strangers_are_not_remembered() {
        let nodes = empty();
        nodes.register(said("sfu-1", NodeKind::Sfu, 1)).unwrap();
        assert!(nodes.find_sfu(&room("stranger")).is_some());
        assert!(nodes.table().rooms.is_empty());
    }

    #[test]
    fn rooms_spread_over_nodes() {
        let nodes = empty();
        for id in ["sfu-1", "sfu-2", "sfu-3"] {
            nodes.register(said(id, NodeKind::Sfu, 1)).unwrap();
        }
        let mut counts: HashMap<NodeId, u32> = HashMap::new();
        for n in 0..300 {
            *counts.entry(nodes.sfu_for(&room(&format!("r{n}"))).unwrap().node().id.clone()).or_default() +=
                1;
        }
        assert!(counts.len() == 3 && counts.values().all(|count| *count > 60), "{counts:?}");
    }

    #[test]
    fn places_of_rooms_are_bounded_and_a_forgotten_one_is_found_again() {
        let nodes = empty();
        nodes.register(said("sfu-1", NodeKind::Sfu, 1)).unwrap();
        for n in 0..MAX_PLACED_ROOMS + 10 {
            nodes.sfu_for(&room(&format!("r{n}"))).unwrap();
        }
        assert_eq!(nodes.table().rooms.len(), MAX_PLACED_ROOMS);
        for n in 0..MAX_PLACED_ROOMS + 10 {
            assert_eq!(nodes.sfu_for(&room(&format!("r{n}"))).unwrap().node().id.as_str(), "sfu-1");
        }
    }

    #[test]
    fn nonsense_is_refused_and_the_table_is_bounded() {
        let nodes = empty();
        let bad = Register { http_url: "ftp://x".into(), ..said("a", NodeKind::Sfu, 1) };
        assert_eq!(nodes.register(bad), Err(RegisterError::BadUrl));
        let long = format!("http://{}", "x".repeat(MAX_URL_BYTES));
        let bad = Register { http_url: long, ..said("a", NodeKind::Sfu, 1) };
        assert_eq!(nodes.register(bad), Err(RegisterError::BadUrl));
        let bad = Register { tap_addr: None, ..said("a", NodeKind::Sfu, 1) };
        assert_eq!(nodes.register(bad), Err(RegisterError::NoTap));
        for n in 0..MAX_NODES {
            nodes.register(said(&format!("n{n}"), NodeKind::Recorder, 1)).unwrap();
        }
        assert_eq!(nodes.register(said("late", NodeKind::Recorder, 1)), Err(RegisterError::Full));
        nodes.report_dead(&NodeId::new("n5").unwrap());
        nodes.register(said("late", NodeKind::Recorder, 1)).unwrap();
        assert_eq!(nodes.all().len(), MAX_NODES);
    }
}
