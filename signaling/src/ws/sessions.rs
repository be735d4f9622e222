//! All sessions and sockets, and how many there may be.

use super::session::{Identity, Session};
use crate::fresh;
use crate::problem::ApiError;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tongtang_protocol::ids::{DeviceId, LessonId, SessionId};
use tongtang_protocol::message::ServerMessage;

/// Sessions at once. One more is refused; its page tries again.
pub const MAX_SESSIONS: usize = 4_096;

/// Sockets from one address: a county's schools behind one NAT. One more is refused.
pub const MAX_SOCKETS_PER_IP: u32 = 256;

/// Sessions of one lesson: its seats, twice over for pages opened again. One more is refused.
pub const MAX_SESSIONS_PER_LESSON: usize = 64;

/// The registry. Cheap to clone.
#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    sessions: HashMap<SessionId, Arc<Session>>,
    sockets: HashMap<IpAddr, u32>,
}

impl Sessions {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no holder of this lock panics")
    }

    /// A new session.
    pub fn open(&self, identity: Identity) -> Result<Arc<Session>, ApiError> {
        let mut inner = self.inner();
        if inner.sessions.len() >= MAX_SESSIONS {
            return Err(ApiError::limit("sessions"));
        }
        let session = Arc::new(Session::new(fresh::session_id(), identity));
        inner.sessions.insert(session.id.clone(), session.clone());
        Ok(session)
    }

    /// May one more page sit in this lesson?
    pub fn check_lesson(&self, lesson: &LessonId) -> Result<(), ApiError> {
        let all: Vec<_> = self.inner().sessions.values().cloned().collect();
        let there = all.iter().filter_map(|session| session.seat()).filter(|seat| seat.runner.id() == lesson);
        if there.count() >= MAX_SESSIONS_PER_LESSON {
            return Err(ApiError::limit("pages of this lesson"));
        }
        Ok(())
    }

    /// The screens whose pages are connected to this process, and whether each is in a lesson.
    pub fn screens(&self) -> HashMap<DeviceId, bool> {
        let all: Vec<_> = self.inner().sessions.values().cloned().collect();
        let mut screens = HashMap::new();
        for session in all.iter().filter(|session| session.is_attached()) {
            if let Identity::Device(id) = &session.identity {
                *screens.entry(id.clone()).or_default() |= session.seat().is_some();
            }
        }
        screens
    }

    /// The session a page wants to go on with, if it is this page's.
    pub fn find(&self, id: &SessionId, identity: &Identity) -> Option<Arc<Session>> {
        self.inner().sessions.get(id).filter(|session| session.identity == *identity).cloned()
    }

    /// The other pages of this page's participant are told that it took their place. A page without a socket hears it when
    /// it resumes.
    pub fn take_place(&self, session: &Session) {
        let all: Vec<_> = self.inner().sessions.values().cloned().collect();
        for other in all {
            if other.id != session.id && other.identity == session.identity {
                other.say(ServerMessage::Replaced);
            }
        }
    }

    /// Forgets a session.
    pub fn close(&self, session: &Session) {
        session.end();
        self.inner().sessions.remove(&session.id);
    }

    /// Counts a socket for as long as the guard lives.
    pub fn count_socket(&self, ip: IpAddr) -> Result<CountedSocket, ApiError> {
        let mut inner = self.inner();
        let count = inner.sockets.entry(ip).or_default();
        if *count >= MAX_SOCKETS_PER_IP {
            return Err(ApiError::limit("connections of this address"));
        }
        *count += 1;
        metrics::gauge!("tongtang_sockets").increment(1);
        Ok(CountedSocket { sessions: self.clone(), ip })
    }
}

/// A socket that counts.
pub struct CountedSocket {
    sessions: Sessions,
    ip: IpAddr,
}

impl Drop for CountedSocket {
    fn drop(&mut self) {
        metrics::gauge!("tongtang_sockets").decrement(1);
        let mut inner = self.sessions.inner();
        if let Some(count) = inner.sockets.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                inner.sockets.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn screen(number: usize) -> Identity {
        Identity::Device(DeviceId::new(format!("dev-{number}")).unwrap())
    }

    #[test]
    fn one_session_too_many_is_refused_and_a_closed_one_makes_room() {
        let sessions = Sessions::default();
        let open: Vec<_> = (0..MAX_SESSIONS).map(|number| sessions.open(screen(number)).unwrap()).collect();
        assert!(matches!(sessions.open(screen(0)), Err(ApiError::Limit("sessions"))));
        assert!(sessions.find(&open[7].id, &screen(7)).is_some(), "those that are open stay");
        sessions.close(&open[7]);
        assert!(sessions.open(screen(0)).is_ok());
    }

    #[test]
    fn one_address_cannot_take_everybodys_sockets() {
        let sessions = Sessions::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut sockets: Vec<_> =
            (0..MAX_SOCKETS_PER_IP).map(|_| sessions.count_socket(one).unwrap()).collect();
        assert!(matches!(sessions.count_socket(one), Err(ApiError::Limit(_))));
        assert!(sessions.count_socket(other).is_ok(), "others are not held up");
        sockets.pop();
        assert!(sessions.count_socket(one).is_ok());
        sockets.clear();
        assert!(sessions.inner().sockets.is_empty(), "addresses are forgotten");
    }
}
