//! Which track feeds which slot: applied whenever routes, sessions, tracks, voices or layers change.

use super::Engine;
use super::slab::Key;
use crate::egress::slot::{SlotName, TrackKey};
use crate::ingress::track::Listener;
use crate::now::Now;
use crate::room::Room;
use crate::room::routing::{self, Size};
use std::hash::{DefaultHasher, Hash, Hasher};
use tongtang_protocol::ids::ParticipantId;
use tongtang_protocol::lesson::Source;

impl Engine {
    /// Aims every slot of a room at the track it shall show.
    pub(super) fn reroute(&mut self, now: Now, room_key: Key) {
        let Some(room) = self.rooms.get(room_key) else { return };
        for publisher in room.participants.values().filter_map(|participant| participant.publisher) {
            if let Some(publisher) = self.publishers.get_mut(publisher) {
                publisher.is_muted = !routing::is_audible(&room.routes, publisher.participant());
            }
        }
        let subscribers: Vec<Key> =
            room.participants.values().filter_map(|participant| participant.subscriber).collect();
        for subscriber in subscribers {
            self.reroute_one(now, room_key, subscriber);
        }
    }

    /// Aims the slots of one subscriber.
    pub(super) fn reroute_one(&mut self, now: Now, room: Key, subscriber: Key) {
        let targets = self.targets(now, room, subscriber);
        for (slot, target) in targets.into_iter().enumerate() {
            self.aim(now, subscriber, slot, target);
        }
    }

    /// Aims every slot of a room again if another track may be the best one now: a layer fell silent or is trusted
    /// again, other voices are the loudest. Looked at a few times a second, so it must cost nothing when nothing
    /// happened, however many screens there are.
    pub(super) fn reroute_if_changed(&mut self, now: Now, room_key: Key) {
        let Some(room) = self.rooms.get(room_key) else { return };
        let mut hasher = DefaultHasher::new();
        room.voices.loudest().hash(&mut hasher);
        for key in room.participants.values().filter_map(|participant| participant.publisher) {
            if let Some(publisher) = self.publishers.get(key) {
                key.hash(&mut hasher);
                publisher.ingress.hash_choices(now.mono, &mut hasher);
            }
        }
        let choices = Some(hasher.finish());
        if room.choices == choices {
            return;
        }
        if let Some(room) = self.rooms.get_mut(room_key) {
            room.choices = choices;
        }
        self.reroute(now, room_key);
    }

    /// What each slot of a subscriber shall show.
    fn targets(&self, now: Now, room: Key, key: Key) -> Vec<Option<TrackKey>> {
        let (Some(room), Some(subscriber)) = (self.rooms.get(room), self.subscribers.get(key)) else {
            return Vec::new();
        };
        // Before it is connected a subscriber can be sent nothing: a keyframe asked for now would be wasted.
        if !subscriber.session.peer.is_connected() {
            return Vec::new();
        }
        let me = &subscriber.session.participant;
        let slots = subscriber.egress.slots();
        let seated: Vec<Option<&ParticipantId>> = slots
            .iter()
            .filter(|slot| matches!(slot.name, SlotName::Audio(_)))
            .map(|slot| Some(self.publishers.get(slot.target()?.publisher)?.participant()))
            .collect();
        let mut voices = room.voices_for(me, &seated).into_iter();
        slots
            .iter()
            .map(|slot| {
                let track = match slot.name {
                    SlotName::Audio(_) => {
                        let voice = voices.next().flatten()?;
                        self.track_of(now, room, voice, Source::Microphone, Size::Largest, 0)
                    }
                    _ => {
                        let wanted = routing::picture(&room.routes, me, slot.name)?;
                        let steps = subscriber.egress.layer_steps();
                        self.track_of(now, room, wanted.participant, wanted.source, wanted.size, steps)
                    }
                }?;
                // A picture that this subscriber cannot decode is not waited for.
                let codec = self.publishers.get(track.publisher)?.ingress.tracks().get(track.track)?.codec;
                slot.agreed.payload_types(codec).map(|_| track)
            })
            .collect()
    }

    fn track_of(
        &self,
        now: Now,
        room: &Room,
        participant: &ParticipantId,
        source: Source,
        size: Size,
        steps_below: u8,
    ) -> Option<TrackKey> {
        let key = room.participants.get(participant)?.publisher?;
        let ingress = &self.publishers.get(key)?.ingress;
        let max_rank = match size {
            Size::Largest => ingress.top_rank(source).saturating_sub(steps_below),
            Size::Smallest => 0,
        };
        let track = ingress.best_track(now.mono, source, max_rank)?;
        Some(TrackKey { publisher: key, track })
    }

    fn aim(&mut self, now: Now, key: Key, slot_index: usize, target: Option<TrackKey>) {
        let Some(subscriber) = self.subscribers.get_mut(key) else { return };
        let Some(slot) = subscriber.egress.slots_mut().get_mut(slot_index) else { return };
        let is_small = matches!(slot.name, SlotName::Wall(_));
        let needs_keyframe = slot.aim(target);
        if !needs_keyframe {
            return;
        }
        let Some(target) = target else { return };
        let Some(publisher) = self.publishers.get_mut(target.publisher) else { return };
        let listener = Listener { subscriber: key, slot: slot_index as u8 };
        if let Some(track) = publisher.ingress.tracks_mut().get_mut(target.track) {
            track.listen(listener, is_small);
        }
        publisher.ingress.want_keyframe(target.track);
        self.clocks.wake(now.mono);
    }

    /// Chooses again who is heard in a room. Gives whether that changed.
    pub(super) fn select_voices(&mut self, now: Now, room_key: Key) -> bool {
        let Some(room) = self.rooms.get_mut(room_key) else { return false };
        let mut microphones: Vec<(&ParticipantId, f32)> = Vec::new();
        for (id, participant) in &room.participants {
            if room.routes.teacher.as_ref() == Some(id) || !routing::is_audible(&room.routes, id) {
                continue;
            }
            let publisher = participant.publisher.and_then(|key| self.publishers.get(key));
            let track = publisher.and_then(|publisher| {
                let index = publisher.ingress.best_track(now.mono, Source::Microphone, 0)?;
                publisher.ingress.tracks().get(index)
            });
            if let Some(track) = track {
                let is_alive = track.is_alive(now.mono);
                microphones.push((id, if is_alive { track.loudness.db() } else { 0.0 }));
            }
        }
        room.voices.select(&microphones)
    }
}
