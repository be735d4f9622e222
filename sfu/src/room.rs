//! A room: who is in it, and what feeds whose slots.
//!
//! Owns the routes, the participants with the keys of their sessions, the selection of voices and the judgement of
//! links. Enters: routes, sessions that come and go. Leaves: for each slot, whom it shows.

pub mod link;
pub mod routing;
pub mod voices;

use crate::engine::TapId;
use crate::engine::slab::Key;
use crate::tap::TapWriter;
use link::LinkMeter;
use std::collections::BTreeMap;
use std::time::Instant;
use tongtang_protocol::control::{RoomSpec, Routes, SfuParticipant};
use tongtang_protocol::ids::{ParticipantId, RoomId};
use tongtang_protocol::lesson::{Link, Role, VideoCodec};
use voices::Voices;

/// People and screens of one room on one worker: a master teacher's lesson goes to a whole district. Who comes later is refused.
pub const MAX_PARTICIPANTS_PER_ROOM: usize = 4_096;
/// Those of them who publish (with several workers, on each): 16 classrooms with an assistant each, the teacher, and others to come on stage. Who comes
/// later may watch.
pub const MAX_PUBLISHERS_PER_ROOM: usize = 64;
/// Expelled participants that are remembered of a room. Beyond it whoever was expelled longest ago may come again.
pub const MAX_EXPELLED_PER_ROOM: usize = MAX_PARTICIPANTS_PER_ROOM;
/// Recorders that listen to one room: one, and the next one while the first is being given up. Further ones are refused.
pub const MAX_TAPS_PER_ROOM: usize = 2;

/// A room.
#[derive(Debug)]
pub struct Room {
    /// Its name.
    pub id: RoomId,
    /// What every publisher is answered with.
    pub video_codec: VideoCodec,
    /// What feeds the slots.
    pub routes: Routes,
    /// Did nobody give the routes, so that whoever publishes is shown (`--dev`)?
    pub routing: Routing,
    /// Who is here.
    pub participants: BTreeMap<ParticipantId, Participant>,
    /// Whom one hears.
    pub voices: Voices,
    /// What the choice of tracks depended on when the slots were last aimed.
    pub choices: Option<u64>,
    /// Who records.
    pub taps: Vec<(TapId, TapWriter)>,
    /// Workers with subscribers in this room, a bit each: they get what its publishers send.
    pub wanted_by: u64,
    /// Have other workers been told that there are subscribers here?
    pub is_wanting: bool,
    /// When the teacher came, where routes go by arrival.
    teacher_since: Option<Instant>,
}

/// Where a room's routes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// Signaling gave them.
    Given,
    /// The first publisher teaches, all others are the wall.
    ByArrival,
}

/// Somebody in a room.
#[derive(Debug)]
pub struct Participant {
    /// What they are.
    pub role: Role,
    /// Their publishing session.
    pub publisher: Option<Key>,
    /// Their subscribing session.
    pub subscriber: Option<Key>,
    /// Their link.
    pub meter: LinkMeter,
    /// When anything last came from them.
    pub last_sign: Option<Instant>,
    /// As it was last judged.
    pub link: Link,
    /// What was last said of them.
    pub reported: SfuParticipant,
}

impl Room {
    /// An empty room.
    pub fn new(id: RoomId, spec: &RoomSpec, routing: Routing) -> Self {
        Self {
            id,
            video_codec: spec.video_codec,
            routes: spec.routes.clone(),
            routing,
            participants: BTreeMap::new(),
            voices: Voices::default(),
            choices: None,
            taps: Vec::new(),
            wanted_by: 0,
            is_wanting: false,
            teacher_since: None,
        }
    }

    /// The participant, who is here from now on. `None`: the room is full.
    pub fn participant(&mut self, id: &ParticipantId, role: Role) -> Option<&mut Participant> {
        if !self.participants.contains_key(id) && self.participants.len() >= MAX_PARTICIPANTS_PER_ROOM {
            return None;
        }
        Some(self.mirrored_participant(id, role))
    }

    /// The same of one whose publisher is on another worker, where it has been counted.
    pub fn mirrored_participant(&mut self, id: &ParticipantId, role: Role) -> &mut Participant {
        self.participants.entry(id.clone()).or_insert_with(|| Participant {
            role,
            publisher: None,
            subscriber: None,
            meter: LinkMeter::default(),
            last_sign: None,
            link: Link::default(),
            reported: SfuParticipant {
                id: id.clone(),
                publishing: false,
                subscribing: false,
                sources: Vec::new(),
                link: Link::default(),
            },
        })
    }

    /// How many others than `me` publish.
    pub fn publishers_besides(&self, me: &ParticipantId) -> usize {
        self.participants.iter().filter(|(id, who)| *id != me && who.publisher.is_some()).count()
    }

    /// From now on this participant is kept out.
    pub fn expel(&mut self, id: &ParticipantId) {
        let expelled = &mut self.routes.expelled;
        if !expelled.contains(id) {
            if expelled.len() >= MAX_EXPELLED_PER_ROOM {
                expelled.remove(0);
            }
            expelled.push(id.clone());
        }
    }

    /// A publisher came at `since`: with routes by arrival, it is shown. One of another worker may be told of after others
    /// that came later.
    pub fn show(&mut self, id: &ParticipantId, since: Instant) {
        if self.routing == Routing::Given || self.routes.teacher.as_ref() == Some(id) {
            return;
        }
        let on_the_wall = if self.teacher_since.is_none_or(|teacher| since < teacher) {
            self.teacher_since = Some(since);
            self.routes.wall.retain(|shown| shown != id);
            self.routes.teacher.replace(id.clone())
        } else {
            Some(id.clone())
        };
        if let Some(id) = on_the_wall
            && !self.routes.wall.contains(&id)
            && self.routes.wall.len() < usize::from(crate::egress::slot::MAX_WALL)
        {
            self.routes.wall.push(id);
        }
    }

    /// A publisher left: with routes by arrival, its place is free.
    pub fn hide(&mut self, id: &ParticipantId) {
        if self.routing == Routing::ByArrival {
            self.routes.wall.retain(|shown| shown != id);
            if self.routes.teacher.as_ref() == Some(id) {
                self.routes.teacher = None;
                self.teacher_since = None;
            }
        }
    }

    /// Whom `me` hears, in the order of its audio slots: the teacher first, then the loudest but oneself.
    /// `seated` is whom each slot plays now.
    pub fn voices_for<'a>(
        &'a self,
        me: &ParticipantId,
        seated: &[Option<&'a ParticipantId>],
    ) -> Vec<Option<&'a ParticipantId>> {
        let teacher = self.routes.teacher.as_ref();
        let loudest: Vec<&ParticipantId> =
            self.voices.loudest().iter().filter(|id| *id != me && Some(*id) != teacher).collect();
        if teacher == Some(me) {
            return voices::seat(seated, &loudest);
        }
        // The first voice slot is the teacher's, spoken or not: page and player know whom they hear there.
        let first = teacher.filter(|id| routing::is_audible(&self.routes, id));
        let Some((_, others)) = seated.split_first() else { return Vec::new() };
        std::iter::once(first).chain(voices::seat(others, &loudest)).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn id(name: &str) -> ParticipantId {
        ParticipantId::new(name).unwrap()
    }

    fn room(routing: Routing, routes: Routes) -> Room {
        let spec = RoomSpec { video_codec: VideoCodec::H264, routes };
        Room::new(RoomId::new("r").unwrap(), &spec, routing)
    }

    #[test]
    fn in_an_open_room_the_first_publisher_teaches_and_the_others_are_the_wall() {
        let start = Instant::now();
        let at = |s| start + std::time::Duration::from_secs(s);
        let mut room = room(Routing::ByArrival, Routes::default());
        for (s, name) in ["t", "a", "b", "a"].into_iter().enumerate() {
            room.show(&id(name), at(s as u64 + 1));
        }
        assert_eq!(room.routes.teacher, Some(id("t")));
        assert_eq!(room.routes.wall, [id("a"), id("b")]);
        room.show(&id("first"), at(0));
        assert_eq!(room.routes.teacher, Some(id("first")), "told of late, but here before all");
        assert_eq!(room.routes.wall, [id("a"), id("b"), id("t")]);
        room.hide(&id("a"));
        room.hide(&id("t"));
        room.hide(&id("first"));
        assert_eq!((room.routes.teacher.clone(), room.routes.wall.clone()), (None, vec![id("b")]));
        room.show(&id("b"), at(9));
        assert_eq!((room.routes.teacher.clone(), room.routes.wall.len()), (Some(id("b")), 0));
    }

    #[test]
    fn everyone_hears_the_teacher_first_and_nobody_hears_oneself() {
        let routes = Routes { teacher: Some(id("t")), ..Routes::default() };
        let mut room = room(Routing::Given, routes);
        let (t, a, b, c) = (id("t"), id("a"), id("b"), id("c"));
        room.voices.select(&[(&a, 60.0), (&b, 40.0), (&c, 20.0)]);
        let none = [None, None, None];
        assert_eq!(room.voices_for(&t, &none), [Some(&a), Some(&b), Some(&c)]);
        assert_eq!(room.voices_for(&a, &none), [Some(&t), Some(&b), Some(&c)]);
        assert_eq!(room.voices_for(&c, &none), [Some(&t), Some(&a), Some(&b)]);
        assert_eq!(room.voices_for(&a, &[None]), [Some(&t)], "a plain player has one voice");
        room.routes.muted = vec![t.clone()];
        assert_eq!(room.voices_for(&a, &none)[0], None, "a muted teacher is not heard");
    }

    #[test]
    fn so_many_expelled_participants_are_remembered_and_the_last_ones_among_them() {
        let mut room = room(Routing::Given, Routes::default());
        for n in 0..=MAX_EXPELLED_PER_ROOM {
            room.expel(&id(&format!("p{n}")));
            room.expel(&id(&format!("p{n}")));
        }
        assert_eq!(room.routes.expelled.len(), MAX_EXPELLED_PER_ROOM);
        assert_eq!(room.routes.expelled[0], id("p1"));
    }

    #[test]
    fn a_full_room_takes_nobody_else() {
        let mut room = room(Routing::Given, Routes::default());
        for n in 0..MAX_PARTICIPANTS_PER_ROOM {
            assert!(room.participant(&id(&format!("p{n}")), Role::Observer).is_some());
        }
        assert!(room.participant(&id("late"), Role::Observer).is_none());
        assert!(room.participant(&id("p0"), Role::Observer).is_some());
    }
}
