//! Recorders that listen to a room.

use super::Engine;
use super::api::{Refusal, TapId};
use crate::now::Now;
use crate::room::MAX_TAPS_PER_ROOM;
use crate::tap::TapWriter;
use tongtang_protocol::ids::RoomId;

impl Engine {
    /// The recorder listens from now on: every flow of the room is announced, keyframes are asked for.
    pub fn attach_tap(&mut self, now: Now, room: &RoomId, mut tap: TapWriter) -> Result<TapId, Refusal> {
        let key = self.room_key(room)?;
        let Some(room) = self.rooms.get_mut(key) else { return Err(Refusal::NoRoom(room.clone())) };
        room.taps.retain(|(_, tap)| !tap.is_abandoned());
        if room.taps.len() >= MAX_TAPS_PER_ROOM {
            return Err(self.limit("MAX_TAPS_PER_ROOM", MAX_TAPS_PER_ROOM));
        }
        for publisher in room.participants.values().filter_map(|participant| participant.publisher) {
            let Some(publisher) = self.publishers.get_mut(publisher) else { continue };
            // Another worker's publisher is that worker's to tap.
            if publisher.session().is_none() {
                continue;
            }
            for track in 0..publisher.ingress.tracks().len() {
                if publisher.ingress.tracks()[track].is_ended {
                    continue;
                }
                if let Some(flow) = publisher.ingress.flow(publisher.participant(), track) {
                    tap.flow_started(&flow);
                    publisher.ingress.want_keyframe(track);
                }
            }
        }
        self.next_tap += 1;
        let id = TapId(self.next_tap);
        room.taps.push((id, tap));
        self.clocks.wake(now.mono);
        Ok(id)
    }

    /// Every publisher of the room is asked for keyframes: a recorder that kept nothing of a pause goes on.
    pub fn refresh_pictures(&mut self, now: Now, room: &RoomId) {
        let Ok(key) = self.room_key(room) else { return };
        let Some(room) = self.rooms.get_mut(key) else { return };
        for publisher in room.participants.values().filter_map(|participant| participant.publisher) {
            let Some(publisher) = self.publishers.get_mut(publisher) else { continue };
            // Another worker's publisher is that worker's to tap.
            if publisher.session().is_none() {
                continue;
            }
            for track in 0..publisher.ingress.tracks().len() {
                if publisher.ingress.tracks()[track].is_alive(now.mono) {
                    publisher.ingress.want_keyframe(track);
                }
            }
        }
        self.clocks.wake(now.mono);
    }

    /// The recorder listens no more; nothing happens when the tap is gone already.
    pub fn detach_tap(&mut self, tap: TapId) {
        for (_, room) in self.rooms.iter_mut() {
            room.taps.retain(|(id, _)| *id != tap);
        }
    }
}
