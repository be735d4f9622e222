//! Publishers and subscribers of one room on different workers.
//!
//! A worker with a subscriber in a room tells all others that it *wants* the room. Those who have publishers there describe
//! them, and send on what they accept from them; here each is a [`Origin::Mirror`], whose tracks feed slots like any
//! other's. Towards the publisher go requests for keyframes only: what is missing, its own worker asks for.

use super::Engine;
use super::session::{Origin, Publisher};
use super::slab::Key;
use crate::ingress::clock::SenderReportPoint;
use crate::ingress::{Accepted, Ingress, SenderReportOf};
use crate::mirror::{self, MirrorId, Mirrors, News};
use crate::now::Now;
use crate::room::Participant;
use std::collections::HashMap;
use std::time::Instant;
use tongtang_protocol::ids::{ParticipantId, RoomId};
use tongtang_protocol::lesson::Role;

/// This worker's part in the mirroring.
#[derive(Debug)]
pub(super) struct Mirrored {
    mirrors: Mirrors,
    /// Publishers of other workers that are mirrored here.
    keys: HashMap<(usize, MirrorId), Key>,
    /// Workers that want a room, a bit each; of rooms that are not here, too: each worker wants its own rooms only, of
    /// which there are [`super::MAX_ROOMS`].
    wanted: HashMap<RoomId, u64>,
    /// The packet in hand.
    packet: Vec<u8>,
}

impl Mirrored {
    pub(super) fn new(mirrors: Mirrors) -> Self {
        Self { mirrors, keys: HashMap::new(), wanted: HashMap::new(), packet: Vec::new() }
    }

    /// Which worker this is.
    pub(super) fn me(&self) -> usize {
        self.mirrors.me()
    }

    /// Who wants the room, a bit each.
    pub(super) fn wanted_by(&self, room: &RoomId) -> u64 {
        self.wanted.get(room).copied().unwrap_or(0)
    }

    /// Does something wait for room at another worker?
    pub(super) fn has_backlog(&self) -> bool {
        self.mirrors.has_backlog()
    }

    fn tell_all(&mut self, workers: impl Iterator<Item = usize>, news: impl Fn() -> News) -> u64 {
        workers.map(|worker| u64::from(!self.mirrors.tell(worker, news()))).sum()
    }
}

/// The workers of a mask.
fn workers(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let next = mask.trailing_zeros();
        mask &= mask.checked_sub(1)?;
        Some(next as usize)
    })
}

impl Engine {
    /// Takes what other workers have sent, up to so many packets. Gives whether more waits.
    pub fn handle_mirrors(&mut self, now: Now, packets: usize) -> bool {
        let mut packet = std::mem::take(&mut self.mirrored.packet);
        let mut left = packets;
        for worker in self.mirrored.mirrors.others_in_turn() {
            self.take_news(now, worker);
            while left > 0
                && let Some(of) = self.mirrored.mirrors.packet(worker, &mut packet)
            {
                left -= 1;
                // Told before it was sent, but maybe after the news were taken.
                if !self.knows(worker, of) {
                    self.take_news(now, worker);
                }
                self.handle_mirrored(now, worker, of, &packet);
            }
        }
        self.mirrored.packet = packet;
        self.has_mirrored()
    }

    /// Have other workers sent something?
    pub fn has_mirrored(&self) -> bool {
        self.mirrored.mirrors.has_incoming()
    }

    /// Workers that have been sent something since the last call, a bit each: the shell wakes those that sleep.
    pub fn take_told(&mut self) -> u64 {
        self.mirrored.mirrors.take_told()
    }

    fn knows(&self, worker: usize, of: mirror::Mirrored) -> bool {
        self.mirrored
            .keys
            .get(&(worker, of.id))
            .and_then(|key| self.publishers.get(*key))
            .is_some_and(|publisher| usize::from(of.track) < publisher.ingress.tracks().len())
    }

    fn handle_mirrored(&mut self, now: Now, worker: usize, of: mirror::Mirrored, packet: &[u8]) {
        let Some(&key) = self.mirrored.keys.get(&(worker, of.id)) else { return };
        let Some(publisher) = self.publishers.get_mut(key) else { return };
        match publisher.ingress.accept_mirrored(now, of, packet) {
            Ok(accepted) => {
                self.counters.mirrored_packets += 1;
                self.gather(now, key, &accepted);
            }
            Err(dropped) => self.count_dropped(dropped),
        }
    }

    fn take_news(&mut self, now: Now, worker: usize) {
        while let Some(news) = self.mirrored.mirrors.news(worker) {
            match news {
                News::Wanted { room } => self.wanted(worker, &room),
                News::Unwanted { room } => self.unwanted(worker, &room),
                News::Publisher { id, room, participant, role, since } => {
                    let Some(&room) = self.room_keys.get(&room) else { continue };
                    let ingress = Ingress::mirrored(now.mono);
                    let origin = Origin::Mirror { worker, id, room, participant };
                    self.mirror_came(now, Publisher { origin, ingress, is_muted: false, since }, role);
                }
                News::Track { id, track, description, heard } => {
                    let Some((_, publisher)) = self.mirror_mut(worker, id) else { continue };
                    let is_next = publisher.ingress.tracks().len() == usize::from(track);
                    if is_next && publisher.ingress.add_mirrored_track(heard, description) {
                        let room = publisher.room();
                        self.select_voices(now, room);
                        self.reroute(now, room);
                    }
                }
                News::TrackEnded { id, track } => {
                    if let Some((_, publisher)) = self.mirror_mut(worker, id) {
                        publisher.ingress.end_mirrored_track(usize::from(track));
                    }
                }
                News::Report { id, track, ntp, rtp, at, unix_us } => {
                    if let Some((_, publisher)) = self.mirror_mut(worker, id) {
                        let point = SenderReportPoint { ntp, rtp, at };
                        publisher.ingress.mirrored_report(usize::from(track), point, unix_us);
                    }
                }
                News::Gone { id } => {
                    if let Some((key, _)) = self.mirror_mut(worker, id) {
                        self.end_mirror(now, key);
                    }
                }
                News::Keyframe { id, track } => {
                    if let Some(publisher) = self.publishers.get_mut(Key::from_bits(id.0)) {
                        publisher.ingress.want_keyframe(usize::from(track));
                        self.clocks.wake(now.mono);
                    }
                }
            }
        }
    }

    fn mirror_mut(&mut self, worker: usize, id: MirrorId) -> Option<(Key, &mut Publisher)> {
        let key = *self.mirrored.keys.get(&(worker, id))?;
        Some((key, self.publishers.get_mut(key)?))
    }

    fn mirror_came(&mut self, now: Now, publisher: Publisher, role: Role) {
        let Origin::Mirror { worker, id, room: room_key, .. } = publisher.origin else { return };
        let Some(room) = self.rooms.get_mut(room_key).filter(|room| room.is_wanting) else { return };
        let participant = publisher.participant().clone();
        if self.mirrored.keys.contains_key(&(worker, id)) || room.routes.expelled.contains(&participant) {
            return;
        }
        // Its own worker has counted it among the room's publishers.
        let who = room.mirrored_participant(&participant, role);
        let since = publisher.since;
        // Who is here, or came later, has the seat: its participant has moved, and the other's end is on its way.
        let is_newer = who
            .publisher
            .and_then(|key| self.publishers.get(key))
            .is_none_or(|seated| seated.session().is_none() && seated.since <= since);
        let key = self.publishers.insert(publisher);
        self.mirrored.keys.insert((worker, id), key);
        if is_newer {
            who.publisher = Some(key);
            room.show(&participant, since);
        }
        self.clocks.wake(now.mono);
    }

    /// A participant's publisher has gone: if it is on another worker by now, its mirror takes the seat.
    pub(super) fn seat_mirror(&mut self, room_key: Key, participant: &ParticipantId) {
        let newest = self
            .mirrored
            .keys
            .values()
            .filter_map(|key| Some((*key, self.publishers.get(*key)?)))
            .filter(|(_, publisher)| publisher.room() == room_key && publisher.participant() == participant)
            .max_by_key(|(_, publisher)| publisher.since);
        let Some((key, since)) = newest.map(|(key, publisher)| (key, publisher.since)) else { return };
        let Some(room) = self.rooms.get_mut(room_key) else { return };
        if let Some(who) = room.participants.get_mut(participant) {
            who.publisher = Some(key);
            room.show(participant, since);
        }
    }

    /// Forgets all publishers of a room that are on other workers.
    pub(super) fn end_mirrors_of(&mut self, now: Now, room: Key) {
        let keys: Vec<Key> = self.mirrored.keys.values().copied().collect();
        for key in keys {
            if self.publishers.get(key).is_some_and(|publisher| publisher.room() == room) {
                self.end_mirror(now, key);
            }
        }
    }

    /// Forgets a publisher of another worker.
    pub(super) fn end_mirror(&mut self, now: Now, key: Key) {
        let Some(publisher) = self.forget_publisher(key) else { return };
        if let Origin::Mirror { worker, id, room, participant } = publisher.origin {
            self.mirrored.keys.remove(&(worker, id));
            self.select_voices(now, room);
            self.reroute(now, room);
            self.leave_if_gone(room, &participant);
        }
    }

    /// Asks other workers for the keyframes that are due, and sends what waited for room.
    pub(super) fn mirror_timeouts(&mut self, now: Now) {
        let Self { publishers, mirrored, .. } = self;
        mirrored.mirrors.send_backlogs();
        if mirrored.keys.is_empty() {
            return;
        }
        for (_, publisher) in publishers.iter_mut() {
            let Origin::Mirror { worker, id, .. } = publisher.origin else { continue };
            for track in workers(u64::from(publisher.ingress.due_keyframes(now.mono))) {
                mirrored.mirrors.tell_if_room(worker, News::Keyframe { id, track: track as u8 });
            }
        }
    }

    /// Somebody subscribes in a room here: its publishers elsewhere are wanted.
    pub(super) fn want(&mut self, room: Key) {
        let Some(room) = self.rooms.get_mut(room).filter(|room| !room.is_wanting) else { return };
        room.is_wanting = true;
        let others = self.mirrored.mirrors.others();
        self.counters.mirror_news_lost +=
            self.mirrored.tell_all(others, || News::Wanted { room: room.id.clone() });
    }

    /// Nobody subscribes any more: looked at now and then, so that a page that is loaded again finds all as it was.
    pub(super) fn unwant_if_deserted(&mut self, now: Now, key: Key) {
        let Some(room) = self.rooms.get(key).filter(|room| room.is_wanting) else { return };
        if room.participants.values().any(|who| who.subscriber.is_some()) {
            return;
        }
        self.unwant(key);
        self.end_mirrors_of(now, key);
    }

    /// Somebody may come again: publishers that were not let in are to be told of again.
    pub(super) fn want_again(&mut self, room: Key) {
        if let Some(room) = self.rooms.get_mut(room) {
            let is_wanting = std::mem::take(&mut room.is_wanting);
            if !is_wanting {
                return;
            }
        }
        self.want(room);
    }

    /// The room is wanted no more.
    pub(super) fn unwant(&mut self, room: Key) {
        let Some(room) = self.rooms.get_mut(room).filter(|room| room.is_wanting) else { return };
        room.is_wanting = false;
        let others = self.mirrored.mirrors.others();
        self.counters.mirror_news_lost +=
            self.mirrored.tell_all(others, || News::Unwanted { room: room.id.clone() });
    }

    fn wanted(&mut self, worker: usize, room: &RoomId) {
        let mask = self.mirrored.wanted.entry(room.clone()).or_default();
        *mask |= 1 << worker;
        let mask = *mask;
        let Some(room) = self.room_keys.get(room).and_then(|key| self.rooms.get_mut(*key)) else { return };
        room.wanted_by = mask;
        let seated = room.participants.values().filter_map(|who| who.publisher);
        let mut publishers: Vec<(Instant, Key)> =
            seated.filter_map(|key| Some((self.publishers.get(key)?.since, key))).collect();
        // Where routes go by arrival, in that order.
        publishers.sort_unstable();
        for (_, key) in publishers {
            self.describe(key, 1 << worker);
        }
    }

    fn unwanted(&mut self, worker: usize, room: &RoomId) {
        let Some(mask) = self.mirrored.wanted.get_mut(room) else { return };
        *mask &= !(1 << worker);
        let mask = *mask;
        if mask == 0 {
            self.mirrored.wanted.remove(room);
        }
        if let Some(room) = self.room_keys.get(room).and_then(|key| self.rooms.get_mut(*key)) {
            room.wanted_by = mask;
        }
    }

    /// Who wants a publisher of this worker, a bit each, and its name there.
    fn wanted_publisher(&self, key: Key) -> Option<(u64, MirrorId, &Publisher)> {
        let publisher = self.publishers.get(key).filter(|publisher| publisher.session().is_some())?;
        let mask = self.rooms.get(publisher.room())?.wanted_by;
        (mask != 0).then_some((mask, MirrorId(key.to_bits()), publisher))
    }

    /// A publisher came: it is told to whoever wants its room.
    pub(super) fn mirror_publisher(&mut self, key: Key) {
        if let Some((mask, ..)) = self.wanted_publisher(key) {
            self.describe(key, mask);
        }
    }

    /// Tells some workers all that they have to know of a publisher.
    fn describe(&mut self, key: Key, mask: u64) {
        let Self { publishers, rooms, mirrored, counters, .. } = self;
        let Some(publisher) = publishers.get(key) else { return };
        let (Some(session), Some(room)) = (publisher.session(), rooms.get(publisher.room())) else { return };
        let Some(who) = room.participants.get(&session.participant) else { return };
        let id = MirrorId(key.to_bits());
        counters.mirror_news_lost += mirrored.tell_all(workers(mask), || News::Publisher {
            id,
            room: room.id.clone(),
            participant: session.participant.clone(),
            role: who.role,
            since: publisher.since,
        });
        for (index, track) in publisher.ingress.tracks().iter().enumerate() {
            let at = index as u8;
            counters.mirror_news_lost += mirrored.tell_all(workers(mask), || News::Track {
                id,
                track: at,
                description: track.description(),
                heard: track.heard(),
            });
            if track.is_ended {
                counters.mirror_news_lost +=
                    mirrored.tell_all(workers(mask), || News::TrackEnded { id, track: at });
            }
            if let Some(SenderReportPoint { ntp, rtp, at: arrived }) = track.sender_report
                && let Some(unix_us) = publisher.ingress.clock().to_ours_us(ntp)
            {
                // As if it had travelled as fast as the fastest: then both workers have the same clock.
                let unix_us = unix_us.max(0) as u64;
                for worker in workers(mask) {
                    let report = News::Report { id, track: at, ntp, rtp, at: arrived, unix_us };
                    mirrored.mirrors.tell_if_room(worker, report);
                }
            }
        }
    }

    /// A publisher has a new track.
    pub(super) fn mirror_track(&mut self, key: Key, track: usize) {
        let Some((mask, id, publisher)) = self.wanted_publisher(key) else { return };
        let Some(new) = publisher.ingress.tracks().get(track) else { return };
        let (description, heard) = (new.description(), new.heard());
        self.counters.mirror_news_lost += self.mirrored.tell_all(workers(mask), || News::Track {
            id,
            track: track as u8,
            description: description.clone(),
            heard,
        });
    }

    /// An accepted packet goes to whoever wants its room.
    pub(super) fn mirror_packet(&mut self, key: Key, accepted: &Accepted, packet: &[u8]) {
        let Some((mask, id, _)) = self.wanted_publisher(key) else { return };
        // What a muted microphone says goes too: it stays as loud as it is, and is heard at once when it may be.
        let of = mirror::Mirrored {
            id,
            track: accepted.track as u8,
            sequence: accepted.meta.sequence,
            audio_level: accepted.meta.audio_level,
        };
        let mut lost = 0;
        for worker in workers(mask) {
            lost += u64::from(!self.mirrored.mirrors.send(worker, of, packet));
        }
        // That worker has nowhere to ask for the packet again.
        if lost > 0
            && let Some(publisher) = self.publishers.get_mut(key)
        {
            self.counters.mirror_packets_lost += lost;
            publisher.ingress.want_keyframe(accepted.track);
        }
    }

    /// A sender report arrived.
    pub(super) fn mirror_report(&mut self, now: Now, key: Key, report: SenderReportOf) {
        let Some((mask, id, _)) = self.wanted_publisher(key) else { return };
        for worker in workers(mask) {
            let report = News::Report {
                id,
                track: report.track as u8,
                ntp: report.ntp,
                rtp: report.rtp,
                at: now.mono,
                unix_us: now.unix_us,
            };
            self.mirrored.mirrors.tell_if_room(worker, report);
        }
    }

    /// A track said goodbye.
    pub(super) fn mirror_track_ended(&mut self, key: Key, track: usize) {
        let Some((mask, id, _)) = self.wanted_publisher(key) else { return };
        self.counters.mirror_news_lost +=
            self.mirrored.tell_all(workers(mask), || News::TrackEnded { id, track: track as u8 });
    }

    /// A publisher is about to be forgotten.
    pub(super) fn mirror_gone(&mut self, key: Key) {
        let Some((mask, id, _)) = self.wanted_publisher(key) else { return };
        self.counters.mirror_news_lost += self.mirrored.tell_all(workers(mask), || News::Gone { id });
    }

    /// Is nothing of this participant here but the mirror of its publisher?
    pub(super) fn is_of_another_worker(&self, who: &Participant) -> bool {
        who.subscriber.is_none()
            && who
                .publisher
                .and_then(|key| self.publishers.get(key))
                .is_some_and(|publisher| publisher.session().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::workers;

    #[test]
    fn every_worker_of_a_mask_is_named_once() {
        assert_eq!(workers(0).count(), 0);
        assert_eq!(workers(1 | 1 << 5 | 1 << 63).collect::<Vec<_>>(), [0, 5, 63]);
    }
}
