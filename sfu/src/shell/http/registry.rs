//! Whose session a session URL is.
//!
//! A session URL holds 128 random bits and is told only to the one who opened the session, so it is
//! itself the right to change or end that session: a lesson lasts longer than a token, and an ICE
//! restart must work while the page cannot fetch a fresh one. A token that is sent all the same must
//! be well signed and belong to the session's participant; only its age does not matter.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use tongtang_protocol::ids::{ParticipantId, RoomId, SessionId};

/// Sessions remembered. Beyond it the oldest is forgotten here: its PATCH and DELETE answer 404, its
/// media go on.
pub const MAX_REMEMBERED: usize = 8192;

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
#[derive(Debug, Default)]
pub struct Registry {
    state: Mutex<(HashMap<SessionId, Entry>, VecDeque<SessionId>)>,
}

impl Registry {
    /// A session opened.
    pub fn insert(&self, session: SessionId, entry: Entry) {
        let Ok(mut state) = self.state.lock() else { return };
        let (entries, order) = &mut *state;
        while entries.len() >= MAX_REMEMBERED {
            let Some(oldest) = order.pop_front() else { break };
            entries.remove(&oldest);
        }
        entries.insert(session.clone(), entry);
        order.push_back(session);
        if order.len() > 2 * MAX_REMEMBERED {
            order.retain(|session| entries.contains_key(session));
        }
    }

    /// Whose it is, if `/{kind}/{room}/{session}` names a session.
    pub fn find(&self, kind: Kind, room: &RoomId, session: &SessionId) -> Option<Entry> {
        let state = self.state.lock().ok()?;
        state.0.get(session).filter(|entry| entry.kind == kind && entry.room == *room).cloned()
    }

    /// A session ended.
    pub fn remove(&self, session: &SessionId) {
        if let Ok(mut state) = self.state.lock() {
            state.0.remove(session);
        }
    }

    /// Sessions open.
    pub fn len(&self) -> usize {
        self.state.lock().map_or(0, |state| state.0.len())
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
        let registry = Registry::default();
        let (room, session) = (RoomId::new("r").unwrap(), SessionId::new("s").unwrap());
        registry.insert(session.clone(), entry());
        assert_eq!(registry.find(Kind::Whip, &room, &session), Some(entry()));
        assert_eq!(registry.find(Kind::Whep, &room, &session), None);
        assert_eq!(registry.find(Kind::Whip, &RoomId::new("other").unwrap(), &session), None);
        registry.remove(&session);
        assert_eq!(registry.find(Kind::Whip, &room, &session), None);
    }

    #[test]
    fn sessions_that_never_end_do_not_fill_the_memory() {
        let registry = Registry::default();
        for n in 0..3 * MAX_REMEMBERED {
            registry.insert(SessionId::new(format!("s{n}")).unwrap(), entry());
        }
        assert_eq!(registry.len(), MAX_REMEMBERED);
        let newest = SessionId::new(format!("s{}", 3 * MAX_REMEMBERED - 1)).unwrap();
        assert!(registry.find(Kind::Whip, &RoomId::new("r").unwrap(), &newest).is_some());
    }
}
