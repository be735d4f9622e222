//! One page's session: who it is, what it sits in, and its log. Lives on for a while when its
//! socket drops.

use super::log::Log;
use crate::lesson::Runner;
use crate::lesson::runner::Present;
use axum::extract::ws::Utf8Bytes;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;
use tokio::time::Instant;
use tongtang_protocol::ids::{DeviceId, LessonId, ParticipantId, SessionId};
use tongtang_protocol::lesson::Role;
use tongtang_protocol::message::ServerMessage;

/// What the credential of the hello stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A lesson's teacher.
    Teacher(LessonId),
    /// A classroom screen.
    Device(DeviceId),
}

impl Identity {
    /// What it makes the page.
    pub fn role(&self) -> Role {
        match self {
            Self::Teacher(_) => Role::Teacher,
            Self::Device(_) => Role::Classroom,
        }
    }
}

/// Where a page sits.
#[derive(Clone)]
pub struct Seated {
    /// The lesson.
    pub runner: Arc<Runner>,
    /// The page's participant.
    pub participant: ParticipantId,
    /// What it is there.
    pub role: Role,
}

/// Which socket a session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// None, since then.
    Detached(Instant),
    /// This one; a later socket takes the session over.
    Socket(u64),
    /// The session is over; a socket says what is left and closes.
    Over,
}

/// A session.
pub struct Session {
    /// What the page names when it resumes.
    pub id: SessionId,
    /// Who the page is.
    pub identity: Identity,
    inner: Mutex<Inner>,
    newest: watch::Sender<u64>,
    attachment: watch::Sender<Attachment>,
}

#[derive(Default)]
struct Inner {
    log: Log,
    seat: Option<Seated>,
    present: Option<Present>,
    sockets_seen: u64,
}

impl Session {
    /// A session without a socket.
    pub fn new(id: SessionId, identity: Identity) -> Self {
        Self {
            id,
            identity,
            inner: Mutex::default(),
            newest: watch::Sender::new(0),
            attachment: watch::Sender::new(Attachment::Detached(Instant::now())),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock panics")
    }

    /// Says something to the page.
    pub fn say(&self, body: ServerMessage) {
        let mut inner = self.inner();
        let seq = inner.log.push(body);
        self.newest.send_replace(seq);
    }

    /// The messages after `seq`; None: some are gone.
    pub fn after(&self, seq: u64) -> Option<(u64, Vec<Utf8Bytes>)> {
        let inner = self.inner();
        Some((inner.log.last_seq(), inner.log.after(seq)?))
    }

    /// The newest message's number, now and whenever there is a newer one.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Where the page sits.
    pub fn seat(&self) -> Option<Seated> {
        self.inner().seat.clone()
    }

    /// The page sits there from now on, or nowhere.
    pub fn sit(&self, seat: Option<Seated>) {
        let gone = {
            let mut inner = self.inner();
            inner.seat = seat;
            self.refresh_presence(&mut inner)
        };
        drop(gone);
    }

    /// A socket takes the session; the one before it is told to go.
    pub fn attach(&self) -> (u64, watch::Receiver<Attachment>) {
        let mut inner = self.inner();
        inner.sockets_seen += 1;
        let number = inner.sockets_seen;
        self.attachment.send_if_modified(|known| {
            let takes = *known != Attachment::Over;
            if takes {
                *known = Attachment::Socket(number);
            }
            takes
        });
        let gone = self.refresh_presence(&mut inner);
        drop(inner);
        drop(gone);
        (number, self.attachment.subscribe())
    }

    /// A socket is gone; counts only if the session was still its.
    pub fn detach(&self, number: u64) {
        let gone = {
            let mut inner = self.inner();
            self.attachment.send_if_modified(|known| {
                let was_its = *known == Attachment::Socket(number);
                if was_its {
                    *known = Attachment::Detached(Instant::now());
                }
                was_its
            });
            self.refresh_presence(&mut inner)
        };
        drop(gone);
    }

    /// The session is over.
    pub fn end(&self) {
        let gone = {
            let mut inner = self.inner();
            self.attachment.send_replace(Attachment::Over);
            inner.seat = None;
            self.refresh_presence(&mut inner)
        };
        drop(gone);
    }

    /// Has it a socket now?
    pub fn is_attached(&self) -> bool {
        matches!(*self.attachment.borrow(), Attachment::Socket(_))
    }

    /// Which socket it has, now and whenever that changes.
    pub fn attachment(&self) -> watch::Receiver<Attachment> {
        self.attachment.subscribe()
    }

    /// A page is present in its lesson while it has a socket. What it was present in before is
    /// returned, to be dropped without the lock.
    fn refresh_presence(&self, inner: &mut Inner) -> Option<Present> {
        let wanted = inner.seat.as_ref().filter(|_| self.is_attached());
        if let (Some(present), Some(seat)) = (&inner.present, wanted)
            && present.is_of(&seat.runner, &seat.participant)
        {
            return None;
        }
        let now = wanted.map(|seat| seat.runner.present(seat.participant.clone()));
        std::mem::replace(&mut inner.present, now)
    }
}
