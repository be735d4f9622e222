//! Whose session a session URL is, and on which worker.
//!
//! A session URL holds 128 random bits and is told only to the one who opened the session, so it is
//! itself the right to change or end that session: a lesson lasts longer than a token, and an ICE
//! restart must work while the page cannot fetch a fresh one. A token that is sent all the same must
//! be well signed and belong to the session's participant; only its age does not matter.

use crate::shell::http::placement::Placement;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tongtang_protocol::ids::{ParticipantId, RoomId, SessionId};

/// Sessions remembered for each worker. Beyond it the oldest is forgotten here: its PATCH and DELETE answer 404, its media
/// go on.
pub const MAX_REMEMBERED: usize = crate::engine::MAX_SESSIONS;

/// Publishing or subscribing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/whip`
    Whip,
    /// `/whep`
    Whep,
}

impl Kind {
    /// First segment of its URLs.
    pub fn path(self) -> &'static str {
        match self {
            Self::Whip => "whip",
            Self::Whep => "whep",
        }
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which protocol.
    pub kind: Kind,
    /// In which room.
    pub room: RoomId,
    /// Whose.
    pub participant: ParticipantId,
}

/// All sessions.
#[derive(Debug)]
pub struct Registry {
    max_remembered: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    entries: HashMap<SessionId, Known>,
    order: VecDeque<SessionId>,
    placement: Placement,
}

#[derive(Debug)]
struct Known {
    entry: Entry,
    worker: usize,
    /// Its worker has said that it is there.
    is_open: bool,
}

impl State {
    fn forget(&mut self, session: &SessionId) {
        if let Some(Known { entry, .. }) = self.entries.remove(session) {
            self.placement.release(&entry.room, &entry.participant);
        }
    }
}

impl Registry {
    /// No sessions, on so many workers.
    pub fn new(workers: usize) -> Self {
        let placement = Placement::new(workers);
        let state = State { entries: HashMap::new(), order: VecDeque::new(), placement };
        Self { max_remembered: workers.max(1) * MAX_REMEMBERED, state: Mutex::new(state) }
    }

    /// A session is about to open: on which worker?
    pub fn insert(&self, session: SessionId, entry: Entry) -> usize {
        let mut state = self.state();
        while state.entries.len() >= self.max_remembered {
            let Some(oldest) = state.order.pop_front() else { break };
            state.forget(&oldest);
        }
        let worker = state.placement.take(&entry.room, &entry.participant);
        state.entries.insert(session.clone(), Known { entry, worker, is_open: false });
        state.order.push_back(session);
        if state.order.len() > 2 * self.max_remembered {
            let State { entries, order, .. } = &mut *state;
            order.retain(|session| entries.contains_key(session));
        }
        worker
    }

    /// Whose it is and on which worker, if `/{kind}/{room}/{session}` names a session.
    pub fn find(&self, kind: Kind, room: &RoomId, session: &SessionId) -> Option<(Entry, usize)> {
        let state = self.state();
        let known = state.entries.get(session)?;
        (known.entry.kind == kind && known.entry.room == *room).then(|| (known.entry.clone(), known.worker))
    }

    /// The session is there.
    pub fn opened(&self, session: &SessionId) {
        if let Some(known) = self.state().entries.get_mut(session) {
            known.is_open = true;
        }
    }

    /// Some ends of sessions of a worker were not heard: all that were open and are not among `there` have ended.
    pub fn keep(&self, worker: usize, there: &HashSet<SessionId>) {
        let mut state = self.state();
        let ended = |(session, known): (&SessionId, &Known)| {
            let is_gone = known.worker == worker && known.is_open && !there.contains(session);
            is_gone.then(|| session.clone())
        };
        let gone: Vec<SessionId> = state.entries.iter().filter_map(ended).collect();
        gone.iter().for_each(|session| state.forget(session));
    }

    /// A session ended.
    pub fn remove(&self, session: &SessionId) {
        self.state().forget(session);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Consistent between its methods' calls, whoever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sessions open.
    pub fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            kind: Kind::Whip,
            room: RoomId::new("r").unwrap(),
            participant: ParticipantId::new("p").unwrap(),
        }
    }

    #[test]
    fn a_session_is_found_only_under_its_own_url() {
        let registry = Registry::new(1);
        let (room, session) = (RoomId::new("r").unwrap(), SessionId::new("s").unwrap());
        registry.insert(session.clone(), entry());
        assert_eq!(registry.find(Kind::Whip, &room, &session), Some((entry(), 0)));
        assert_eq!(registry.find(Kind::Whep, &room, &session), None);
        assert_eq!(registry.find(Kind::Whip, &RoomId::new("other").unwrap(), &session), None);
        registry.remove(&session);
        assert_eq!(registry.find(Kind::Whip, &room, &session), None);
    }

    #[test]
    fn what_a_worker_has_no_more_is_forgotten_and_what_is_just_opening_is_not() {
        let registry = Registry::new(2);
        let session = |n: usize| SessionId::new(format!("s{n}")).unwrap();
        for n in 0..4 {
            assert_eq!(registry.insert(session(n), entry()), 0);
        }
        (0..3).for_each(|n| registry.opened(&session(n)));
        registry.keep(1, &HashSet::new());
        assert_eq!(registry.len(), 4, "another worker's");
        registry.keep(0, &HashSet::from([session(1)]));
        let room = RoomId::new("r").unwrap();
        let is_known = [0, 1, 2, 3].map(|n| registry.find(Kind::Whip, &room, &session(n)).is_some());
        assert_eq!(is_known, [false, true, false, true]);
    }

    #[test]
    fn sessions_that_never_end_do_not_fill_the_memory() {
        let registry = Registry::new(1);
        for n in 0..3 * MAX_REMEMBERED {
            registry.insert(SessionId::new(format!("s{n}")).unwrap(), entry());
        }
        assert_eq!(registry.len(), MAX_REMEMBERED);
        let newest = SessionId::new(format!("s{}", 3 * MAX_REMEMBERED - 1)).unwrap();
        assert!(registry.find(Kind::Whip, &RoomId::new("r").unwrap(), &newest).is_some());
    }
}
