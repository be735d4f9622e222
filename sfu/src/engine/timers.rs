//! Everything that happens because time passes.

use super::session::{Origin, Publisher, SessionKey, Subscriber};
use super::slab::{Key, Slab};
use super::{Engine, Event};
use crate::now::Now;
use crate::packet::rtcp::{self, Part};
use crate::room::Participant;
use std::time::{Duration, Instant};
use tongtang_protocol::control::SfuParticipant;
use tongtang_protocol::ids::ParticipantId;

/// Between two looks at all timers of sessions. NACKs, PLIs and feedback are late by at most this.
const TICK: Duration = Duration::from_millis(10);
/// Between two selections of voices and layers.
const SELECT_INTERVAL: Duration = Duration::from_millis(200);
/// Between two judgements of links; participants are reported as often at most.
const JUDGE_INTERVAL: Duration = Duration::from_secs(1);

/// When the next look is due.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    tick: Option<Instant>,
    select: Option<Instant>,
    judge: Option<Instant>,
}

impl Clocks {
    /// When [`Engine::handle_timeout`] is wanted.
    pub(super) fn next(&self) -> Option<Instant> {
        self.tick
    }

    /// Something is due now.
    pub(super) fn wake(&mut self, now: Instant) {
        self.tick = Some(self.tick.map_or(now, |tick| tick.min(now)));
    }
}

fn is_due(clock: &mut Option<Instant>, now: Instant, interval: Duration) -> bool {
    let due = clock.is_none_or(|due| due <= now);
    if due {
        *clock = Some(now + interval);
    }
    due
}

impl Engine {
    /// The time of [`Engine::poll_timeout`] has come (being late is harmless).
    pub fn handle_timeout(&mut self, now: Now) {
        self.gather_timeouts(now);
        if self.clocks.tick.is_some_and(|due| due > now.mono) {
            return;
        }
        self.clocks.tick = Some(now.mono + TICK);
        self.session_timeouts(now);
        self.ingress_timeouts(now);
        self.mirror_timeouts(now);
        let selects = is_due(&mut self.clocks.select, now.mono, SELECT_INTERVAL);
        let judges = is_due(&mut self.clocks.judge, now.mono, JUDGE_INTERVAL);
        if !selects && !judges {
            return;
        }
        let rooms: Vec<Key> = self.rooms.iter().map(|(key, _)| key).collect();
        for room in rooms {
            if selects {
                self.unwant_if_deserted(now, room);
                self.select_voices(now, room);
                self.reroute_if_changed(now, room);
                if let Some(room) = self.rooms.get_mut(room) {
                    room.taps.retain(|(_, tap)| !tap.is_abandoned());
                }
            }
            if judges {
                self.judge_links(now, room);
            }
            self.report(now, room);
        }
    }

    /// Looks at the sessions whose alarm has gone off.
    fn session_timeouts(&mut self, now: Now) {
        // One that is set again at once is for the next look: whatever sets it, this must end.
        for _ in 0..self.alarms.len() {
            let Some((due, key)) = self.alarms.pop(now.mono) else { return };
            let Some(session) = self.session_mut(key) else { continue };
            if session.alarm == Some(due) {
                session.alarm = None;
            }
            if session.peer.poll_timeout().is_some_and(|at| at <= now.mono) {
                session.peer.handle_timeout(now);
            }
            if let SessionKey::Subscriber(key) = key {
                self.egress_timeout(now, key);
            }
            self.drain_peer(now, key);
        }
    }

    /// Sets a session's alarm to what it has to do next.
    pub(super) fn arm(&mut self, key: SessionKey) {
        let Self { publishers, subscribers, alarms, .. } = self;
        let (session, egress) = match key {
            SessionKey::Publisher(key) => match publishers.get_mut(key) {
                Some(publisher) => match publisher.session_mut() {
                    Some(session) => (session, None),
                    None => return,
                },
                None => return,
            },
            SessionKey::Subscriber(key) => match subscribers.get_mut(key) {
                Some(subscriber) => (&mut subscriber.session, subscriber.egress.next_timeout()),
                None => return,
            },
        };
        // Without a path (a connection that has ended) nothing can be sent: the check that brings the next one arms again.
        let egress = egress.filter(|_| session.peer.is_connected() && session.peer.path().is_some());
        let due = [session.peer.poll_timeout(), egress].into_iter().flatten().min();
        alarms.set(key, &mut session.alarm, due);
    }

    fn ingress_timeouts(&mut self, now: Now) {
        let Self { publishers, outbox, counters, .. } = self;
        for (_, publisher) in publishers.iter_mut() {
            if publisher.ingress.next_timeout() > now.mono {
                continue;
            }
            let Origin::Session(session) = &mut publisher.origin else { continue };
            let peer = &mut session.peer;
            let Some(path) = peer.path().filter(|_| peer.is_connected()) else { continue };
            publisher.ingress.handle_timeout(now, |plain| {
                for part in rtcp::parts(plain) {
                    match part {
                        Part::Nack { .. } => counters.nacks_sent += 1,
                        Part::Pli(_) => counters.plis_sent += 1,
                        _ => {}
                    }
                }
                outbox.push_with(path, |out| {
                    let _ = peer.seal_rtcp(plain, out);
                });
            });
        }
    }

    fn egress_timeout(&mut self, now: Now, key: Key) {
        let Self { publishers, subscribers, outbox, .. } = self;
        let Some(subscriber) = subscribers.get_mut(key) else { return };
        if subscriber.egress.next_timeout().is_none_or(|due| due > now.mono) {
            return;
        }
        let peer = &mut subscriber.session.peer;
        let Some(path) = peer.path().filter(|_| peer.is_connected()) else { return };
        let rtp_now = |key: crate::egress::slot::TrackKey| {
            let ingress = &publishers.get(key.publisher)?.ingress;
            let track = ingress.tracks().get(key.track)?;
            track.sender_report?.rtp_at(ingress.clock(), now.unix_us, track.clock_rate_hz)
        };
        subscriber.egress.handle_timeout(now, rtp_now, |plain| {
            outbox.push_with(path, |out| {
                let _ = peer.seal_rtcp(plain, out);
            });
        });
    }

    fn judge_links(&mut self, now: Now, room: Key) {
        let Self { rooms, publishers, subscribers, .. } = self;
        let Some(room) = rooms.get_mut(room) else { return };
        for participant in room.participants.values_mut() {
            // Its own worker judges who is only mirrored here.
            let publisher = participant.publisher.filter(|key| is_here(publishers, *key));
            if publisher.is_none() && participant.subscriber.is_none() {
                continue;
            }
            let (mut from, mut towards, mut rtt_ms) = (Default::default(), Default::default(), None);
            if let Some(publisher) = publisher.and_then(|key| publishers.get_mut(key)) {
                from = publisher.ingress.take_loss();
                let last = publisher.ingress.tracks().iter().map(|track| track.last_packet).max();
                participant.last_sign = participant.last_sign.max(last);
            }
            if let Some(subscriber) = participant.subscriber.and_then(|key| subscribers.get_mut(key)) {
                towards = subscriber.egress.take_loss();
                rtt_ms = subscriber.egress.rtt_ms();
                participant.last_sign = participant.last_sign.max(subscriber.egress.last_report());
            }
            participant.link =
                participant.meter.second(now.mono, from, towards, rtt_ms, participant.last_sign);
        }
    }

    /// Tells the shell of participants that changed.
    pub(super) fn report(&mut self, now: Now, room: Key) {
        let Self { rooms, publishers, subscribers, events, .. } = self;
        let Some(room) = rooms.get_mut(room) else { return };
        for (id, participant) in &mut room.participants {
            if let Some(changed) = participant.changed(now, id, publishers, subscribers) {
                events.push_back(Event::Participant { room: room.id.clone(), participant: changed });
            }
        }
    }

    /// The same, of one participant.
    pub(super) fn report_one(&mut self, now: Now, room: Key, id: &ParticipantId) {
        let Self { rooms, publishers, subscribers, events, .. } = self;
        let Some(room) = rooms.get_mut(room) else { return };
        if let Some(participant) = room.participants.get_mut(id)
            && let Some(changed) = participant.changed(now, id, publishers, subscribers)
        {
            events.push_back(Event::Participant { room: room.id.clone(), participant: changed });
        }
    }
}

fn is_here(publishers: &Slab<Publisher>, key: Key) -> bool {
    publishers.get(key).is_some_and(|publisher| publisher.session().is_some())
}

impl Participant {
    /// As the participant is now, if that differs from what was last said.
    fn changed(
        &mut self,
        now: Now,
        id: &ParticipantId,
        publishers: &Slab<Publisher>,
        subscribers: &Slab<Subscriber>,
    ) -> Option<SfuParticipant> {
        // A mirrored publisher is told of by its own worker.
        let publisher = self.publisher.and_then(|key| publishers.get(key));
        let publisher = publisher.and_then(|publisher| Some((publisher, publisher.session()?)));
        let subscriber = self.subscriber.and_then(|key| subscribers.get(key));
        let as_it_is = SfuParticipant {
            id: id.clone(),
            publishing: publisher.is_some_and(|(_, session)| session.peer.is_connected()),
            subscribing: subscriber.is_some_and(|subscriber| subscriber.session.peer.is_connected()),
            sources: publisher.map(|(publisher, _)| publisher.ingress.sources(now.mono)).unwrap_or_default(),
            link: self.link.clone(),
        };
        if as_it_is == self.reported {
            return None;
        }
        self.reported = as_it_is.clone();
        Some(as_it_is)
    }
}
