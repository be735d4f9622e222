//! What the shell asks for: rooms, routes, sessions.

use super::api::{Answer, Event, PatchOutcome, Publish, Refusal, Subscribe};
use super::session::{Origin, Publisher, Session, SessionKey, Subscriber};
use super::slab::Key;
use super::{Engine, MAX_ROOMS, MAX_SESSIONS};
use crate::egress::Egress;
use crate::egress::slot::{MAX_VOICES, MAX_WALL, Slot, SlotName};
use crate::ingress::Ingress;
use crate::ingress::limit::{
    MAX_RTCP_PER_SECOND_PER_SESSION, MAX_STRANGERS_PER_SECOND_PER_SESSION, PacketLimit,
};
use crate::now::Now;
use crate::peer::Peer;
use crate::room::{MAX_EXPELLED_PER_ROOM, MAX_PARTICIPANTS_PER_ROOM, MAX_PUBLISHERS_PER_ROOM, Room, Routing};
use crate::sdp::{
    LocalDescription, Offer, PublishPolicy, SlotPlan, answer_publish, answer_subscribe, parse_fragment,
    write_fragment,
};
use rand::Rng;
use tongtang_protocol::control::{RoomSpec, Routes};
use tongtang_protocol::ids::{ParticipantId, RoomId, SessionId};
use tongtang_protocol::lesson::Role;

/// Must the shell be told that a session ended?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// It ended by itself, or somebody else ended it.
    Tell,
    /// The shell ended it.
    None,
}

impl Engine {
    /// Makes a room or changes it; may be repeated.
    pub fn put_room(&mut self, now: Now, room: &RoomId, spec: &RoomSpec) -> Result<(), Refusal> {
        if let Some(&key) = self.room_keys.get(room) {
            if let Some(known) = self.rooms.get_mut(key) {
                // A codec that changes is for those who publish from now on.
                known.video_codec = spec.video_codec;
            }
            return self.set_routes(now, room, &spec.routes);
        }
        self.make_room(room, spec, Routing::Given).map(|_| ())
    }

    /// Is there such a room?
    pub fn has_room(&self, room: &RoomId) -> bool {
        self.room_keys.contains_key(room)
    }

    /// A room that another worker has: here it is made, too, where rooms are open and come with their first participant.
    pub fn join_room(&mut self, room: &RoomId) -> Result<(), Refusal> {
        self.open_room(room).map(|_| ())
    }

    fn make_room(&mut self, room: &RoomId, spec: &RoomSpec, routing: Routing) -> Result<Key, Refusal> {
        if self.is_draining {
            return Err(Refusal::Draining);
        }
        if self.rooms.len() >= MAX_ROOMS {
            return Err(self.limit("MAX_ROOMS", MAX_ROOMS));
        }
        let mut made = Room::new(room.clone(), spec, routing);
        made.wanted_by = self.mirrored.wanted_by(room);
        let key = self.rooms.insert(made);
        self.room_keys.insert(room.clone(), key);
        Ok(key)
    }

    /// Ends a room and all its sessions; nothing happens when there is none.
    pub fn delete_room(&mut self, now: Now, room: &RoomId) {
        let Some(&key) = self.room_keys.get(room) else { return };
        let participants: Vec<ParticipantId> =
            self.rooms.get(key).map(|room| room.participants.keys().cloned().collect()).unwrap_or_default();
        for participant in participants {
            self.end_sessions_of(now, key, &participant);
        }
        self.unwant(key);
        self.end_mirrors_of(now, key);
        // Dropping the taps tells their readers that nothing more comes.
        self.rooms.remove(key);
        self.room_keys.remove(room);
    }

    /// Changes what feeds the slots of a room, and who is kept out of it.
    pub fn set_routes(&mut self, now: Now, room: &RoomId, routes: &Routes) -> Result<(), Refusal> {
        let key = self.room_key(room)?;
        let mut may_come_again = false;
        if let Some(room) = self.rooms.get_mut(key) {
            may_come_again = room.routes.expelled.iter().any(|known| !routes.expelled.contains(known));
            room.routes = routes.clone();
            room.routes.wall.truncate(usize::from(MAX_WALL));
            room.routes.expelled.truncate(MAX_EXPELLED_PER_ROOM);
            room.routing = Routing::Given;
        }
        for expelled in &routes.expelled {
            self.end_sessions_of(now, key, expelled);
        }
        if may_come_again {
            self.want_again(key);
        }
        self.select_voices(now, key);
        self.reroute(now, key);
        Ok(())
    }

    pub(super) fn room_key(&self, room: &RoomId) -> Result<Key, Refusal> {
        self.room_keys.get(room).copied().ok_or_else(|| Refusal::NoRoom(room.clone()))
    }

    /// The same; where rooms are open, it is made.
    fn open_room(&mut self, room: &RoomId) -> Result<Key, Refusal> {
        match self.room_key(room) {
            Err(_) if self.config.open_rooms => {
                let spec = RoomSpec { video_codec: Default::default(), routes: Routes::default() };
                self.make_room(room, &spec, Routing::ByArrival)
            }
            found => found,
        }
    }

    pub(super) fn limit(&mut self, limit: &'static str, value: usize) -> Refusal {
        self.counters.limit_refusals += 1;
        Refusal::Limit { limit, value }
    }

    /// The room of a new session, with a place for its participant.
    fn admit(&mut self, room: &RoomId, participant: &ParticipantId, role: Role) -> Result<Key, Refusal> {
        if self.is_draining {
            return Err(Refusal::Draining);
        }
        if self.by_session.len() >= MAX_SESSIONS {
            return Err(self.limit("MAX_SESSIONS", MAX_SESSIONS));
        }
        let key = self.open_room(room)?;
        if self.rooms.get(key).is_some_and(|room| room.routes.expelled.contains(participant)) {
            return Err(Refusal::Expelled(participant.clone()));
        }
        let is_full =
            self.rooms.get_mut(key).is_none_or(|room| room.participant(participant, role).is_none());
        if is_full {
            Err(self.limit("MAX_PARTICIPANTS_PER_ROOM", MAX_PARTICIPANTS_PER_ROOM))
        } else {
            Ok(key)
        }
    }

    /// A new publishing session; replaces the participant's older one.
    pub fn publish(&mut self, now: Now, publish: Publish) -> Result<Answer, Refusal> {
        let offer = Offer::parse(&publish.offer).map_err(bad_offer)?;
        let room = self.admit(&publish.room, &publish.participant, publish.role)?;
        let others = self.rooms.get(room).map_or(0, |room| room.publishers_besides(&publish.participant));
        if others >= MAX_PUBLISHERS_PER_ROOM {
            self.leave_if_gone(room, &publish.participant);
            return Err(self.limit("MAX_PUBLISHERS_PER_ROOM", MAX_PUBLISHERS_PER_ROOM));
        }
        let answered = self.answer_publisher(now, room, &publish, &offer);
        let (answer, mut session, ingress) =
            answered.inspect_err(|_| self.leave_if_gone(room, &publish.participant))?;
        let older = self.participant_mut(room, &publish.participant).and_then(|who| who.publisher);
        if let Some(older) = older.filter(|key| self.is_here(*key)) {
            self.end_session(now, SessionKey::Publisher(older), Notice::Tell);
        }
        // Ending the older session may have ended the room (open rooms): it is taken up again.
        let room = self.admit(&publish.room, &publish.participant, publish.role)?;
        session.room = room;
        let ufrag = session.peer.local_ufrag().to_owned();
        let origin = Origin::Session(session);
        let since = now.mono;
        let key = self.publishers.insert(Publisher { origin, ingress, is_muted: false, since });
        self.register(SessionKey::Publisher(key), publish.session, ufrag);
        if let Some(room) = self.rooms.get_mut(room) {
            room.show(&publish.participant, since);
        }
        if let Some(participant) = self.participant_mut(room, &publish.participant) {
            participant.publisher = Some(key);
            participant.role = publish.role;
        }
        self.mirror_publisher(key);
        self.clocks.wake(now.mono);
        Ok(answer)
    }

    fn answer_publisher(
        &mut self,
        now: Now,
        room: Key,
        publish: &Publish,
        offer: &Offer,
    ) -> Result<(Answer, Session, Ingress), Refusal> {
        let peer = self.new_peer(now, offer)?;
        let video_codec = self.rooms.get(room).map(|room| room.video_codec).unwrap_or_default();
        let policy = PublishPolicy { video_codec, sources: &publish.sources };
        let answered = answer_publish(offer, &self.local(&peer), &policy).map_err(bad_offer)?;
        let answer = Answer { sdp: answered.sdp, etag: peer.etag().to_owned() };
        let session = new_session(now, &publish.session, room, &publish.participant, peer);
        let ingress = Ingress::new(now.mono, answered.tracks);
        Ok((answer, session, ingress))
    }

    /// A new subscribing session; replaces the participant's older one.
    pub fn subscribe(&mut self, now: Now, subscribe: Subscribe) -> Result<Answer, Refusal> {
        let offer = Offer::parse(&subscribe.offer).map_err(bad_offer)?;
        let names = slot_names(&subscribe.slots)?;
        let room = self.admit(&subscribe.room, &subscribe.participant, subscribe.role)?;
        let answered = self.answer_subscriber(now, room, &subscribe, &offer, &names);
        let (answer, subscriber) =
            answered.inspect_err(|_| self.leave_if_gone(room, &subscribe.participant))?;
        let older = self.participant_mut(room, &subscribe.participant).and_then(|who| who.subscriber);
        if let Some(older) = older {
            self.end_session(now, SessionKey::Subscriber(older), Notice::Tell);
        }
        let room = self.admit(&subscribe.room, &subscribe.participant, subscribe.role)?;
        let mut subscriber = subscriber;
        subscriber.session.room = room;
        let ufrag = subscriber.session.peer.local_ufrag().to_owned();
        let key = self.subscribers.insert(subscriber);
        self.register(SessionKey::Subscriber(key), subscribe.session, ufrag);
        if let Some(participant) = self.participant_mut(room, &subscribe.participant) {
            participant.subscriber = Some(key);
            participant.role = subscribe.role;
        }
        self.want(room);
        self.clocks.wake(now.mono);
        Ok(answer)
    }

    fn answer_subscriber(
        &mut self,
        now: Now,
        room: Key,
        subscribe: &Subscribe,
        offer: &Offer,
        names: &[SlotName],
    ) -> Result<(Answer, Subscriber), Refusal> {
        let mut peer = self.new_peer(now, offer)?;
        let mut ssrcs = Vec::with_capacity(2 * names.len());
        while ssrcs.len() < 2 * names.len() {
            let ssrc: u32 = self.rng.random();
            if ssrc > 1 && !ssrcs.contains(&ssrc) {
                ssrcs.push(ssrc);
            }
        }
        let plan: Vec<SlotPlan> = names
            .iter()
            .zip(ssrcs.chunks_exact(2))
            .map(|(name, ssrcs)| SlotPlan {
                name: name.to_string(),
                kind: name.kind(),
                ssrc: ssrcs[0],
                rtx_ssrc: ssrcs[1],
                stream: stream_of(*name),
            })
            .collect();
        let answered = answer_subscribe(offer, &self.local(&peer), &plan).map_err(bad_offer)?;
        let mut slots = Vec::with_capacity(answered.slots.len());
        for agreed in answered.slots {
            let Some(name) = SlotName::parse(&agreed.name) else { continue };
            for ssrc in [agreed.ssrc, agreed.rtx_ssrc] {
                let registered = peer.register_ssrc(ssrc);
                registered.map_err(|error| Refusal::BadOffer(error.to_string()))?;
            }
            slots.push(Slot::new(name, agreed, self.rng.random()));
        }
        let answer = Answer { sdp: answered.sdp, etag: peer.etag().to_owned() };
        let session = new_session(now, &subscribe.session, room, &subscribe.participant, peer);
        Ok((answer, Subscriber { session, egress: Egress::new(slots) }))
    }

    fn new_peer(&self, now: Now, offer: &Offer) -> Result<Peer, Refusal> {
        Peer::new(&self.config.identity, self.mirrored.me() as u8, offer.remote(), now)
            .map_err(|error| Refusal::BadOffer(error.to_string()))
    }

    fn local<'a>(&'a self, peer: &'a Peer) -> LocalDescription<'a> {
        LocalDescription {
            ufrag: peer.local_ufrag(),
            pwd: peer.local_pwd(),
            fingerprint: self.config.identity.fingerprint(),
            candidates: &self.config.candidates,
            tcp_candidates: &self.config.tcp_candidates,
            version: peer.version(),
        }
    }

    fn register(&mut self, key: SessionKey, id: SessionId, ufrag: String) {
        self.counters.sessions_opened += 1;
        self.by_session.insert(id, key);
        if let Some(session) = self.session_mut(key) {
            session.ufrags.push(ufrag.clone());
        }
        self.by_ufrag.insert(ufrag, key);
        self.arm(key);
    }

    fn participant_mut(&mut self, room: Key, id: &ParticipantId) -> Option<&mut crate::room::Participant> {
        self.rooms.get_mut(room)?.participants.get_mut(id)
    }

    /// Trickled candidates or an ICE restart (RFC 9725 §4.3). `if_match` without quotes, `*` matches any; absent: not
    /// checked.
    pub fn patch(
        &mut self,
        now: Now,
        id: &SessionId,
        if_match: Option<&str>,
        fragment: &str,
    ) -> Result<PatchOutcome, Refusal> {
        let no_session = || Refusal::NoSession(id.clone());
        let key = self.by_session.get(id).copied().ok_or_else(no_session)?;
        let fragment = parse_fragment(fragment).map_err(bad_offer)?;
        let session = self.session_mut(key).ok_or_else(no_session)?;
        if if_match.is_some_and(|etag| etag != "*" && etag != session.peer.etag()) {
            return Err(Refusal::EtagMismatch(id.clone()));
        }
        let Some((ufrag, _)) = fragment.restart(session.peer.remote_ufrag()) else {
            return Ok(PatchOutcome::Noted);
        };
        session.peer.restart(ufrag, now).map_err(|error| Refusal::BadOffer(error.to_string()))?;
        let local_ufrag = session.peer.local_ufrag().to_owned();
        session.ufrags.push(local_ufrag.clone());
        self.by_ufrag.insert(local_ufrag, key);
        self.drain_peer(now, key);
        let session = match key {
            SessionKey::Publisher(key) => self.publishers.get(key).and_then(Publisher::session),
            SessionKey::Subscriber(key) => self.subscribers.get(key).map(|subscriber| &subscriber.session),
        };
        let peer = &session.ok_or_else(no_session)?.peer;
        Ok(PatchOutcome::Restarted {
            fragment: write_fragment(&self.local(peer), fragment.mid.as_deref()),
            etag: peer.etag().to_owned(),
        })
    }

    /// All sessions by their names.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionId> {
        self.by_session.keys()
    }

    /// The client ends its session; no [`Event::SessionEnded`] follows.
    pub fn close(&mut self, now: Now, session: &SessionId) -> Result<(), Refusal> {
        let key = self.by_session.get(session).copied().ok_or_else(|| Refusal::NoSession(session.clone()))?;
        self.end_session(now, key, Notice::None);
        Ok(())
    }

    /// Ends all sessions of a participant and refuses new ones, until it is admitted again, other routes are put, or the
    /// room ends. Nothing happens where there is no such room.
    pub fn expel(&mut self, now: Now, room: &RoomId, participant: &ParticipantId) {
        let Ok(key) = self.room_key(room) else { return };
        if let Some(room) = self.rooms.get_mut(key) {
            room.expel(participant);
        }
        self.end_sessions_of(now, key, participant);
    }

    /// Lets a participant in again that was expelled.
    pub fn admit_again(&mut self, room: &RoomId, participant: &ParticipantId) -> Result<(), Refusal> {
        let key = self.room_key(room)?;
        if let Some(room) = self.rooms.get_mut(key) {
            room.routes.expelled.retain(|expelled| expelled != participant);
        }
        self.want_again(key);
        Ok(())
    }

    fn end_sessions_of(&mut self, now: Now, room: Key, participant: &ParticipantId) {
        self.end_publisher_of(now, room, participant);
        let subscriber = self.participant_mut(room, participant).and_then(|who| who.subscriber);
        if let Some(key) = subscriber {
            self.end_session(now, SessionKey::Subscriber(key), Notice::Tell);
        }
    }

    /// Is the publisher's session of this engine?
    fn is_here(&self, key: Key) -> bool {
        self.publishers.get(key).is_some_and(|publisher| publisher.session().is_some())
    }

    fn end_publisher_of(&mut self, now: Now, room: Key, participant: &ParticipantId) {
        let Some(key) = self.participant_mut(room, participant).and_then(|who| who.publisher) else { return };
        if self.is_here(key) {
            self.end_session(now, SessionKey::Publisher(key), Notice::Tell);
        } else {
            self.end_mirror(now, key);
        }
    }

    /// Takes a publisher out; whoever listened to it listens to nothing.
    pub(super) fn forget_publisher(&mut self, key: Key) -> Option<Publisher> {
        let publisher = self.publishers.remove(key)?;
        let Some(room) = self.rooms.get_mut(publisher.room()) else { return Some(publisher) };
        for track in publisher.ingress.tracks() {
            room.taps.iter_mut().for_each(|(_, tap)| tap.flow_ended(track.flow));
        }
        for subscriber in room.participants.values().filter_map(|who| who.subscriber) {
            let Some(subscriber) = self.subscribers.get_mut(subscriber) else { continue };
            for slot in subscriber.egress.slots_mut() {
                slot.forget(|track| track.publisher == key);
            }
        }
        if let Some(who) = room.participants.get_mut(publisher.participant())
            && who.publisher == Some(key)
        {
            who.publisher = None;
            room.hide(publisher.participant());
            self.seat_mirror(publisher.room(), publisher.participant());
        }
        Some(publisher)
    }

    /// From now on no new rooms and sessions; those that are there go on.
    pub fn drain(&mut self) {
        self.is_draining = true;
    }

    /// Media can flow.
    pub(super) fn connected(&mut self, now: Now, key: SessionKey) {
        let Some(session) = self.session_mut(key) else { return };
        let (room, participant) = (session.room, session.participant.clone());
        if let Some(participant) = self.participant_mut(room, &participant) {
            participant.last_sign = Some(now.mono);
        }
        match key {
            // Nobody else sees or hears anything new.
            SessionKey::Subscriber(key) => self.reroute_one(now, room, key),
            SessionKey::Publisher(_) => {
                self.select_voices(now, room);
                self.reroute(now, room);
            }
        }
        self.report_one(now, room, &participant);
        self.clocks.wake(now.mono);
    }

    /// Forgets a session; whoever listened to it listens to nothing.
    pub(super) fn end_session(&mut self, now: Now, key: SessionKey, notice: Notice) {
        let mut session = match key {
            SessionKey::Publisher(key) => {
                self.mirror_gone(key);
                let Some(publisher) = self.forget_publisher(key) else { return };
                let Origin::Session(session) = publisher.origin else { return };
                session
            }
            SessionKey::Subscriber(key) => {
                let Some(subscriber) = self.subscribers.remove(key) else { return };
                subscriber.session
            }
        };
        session.peer.close(now);
        while let Some((path, bytes)) = session.peer.poll_transmit() {
            self.outbox.push(path, &bytes);
        }
        self.counters.sessions_ended += 1;
        self.by_session.remove(&session.id);
        for ufrag in &session.ufrags {
            self.by_ufrag.remove(ufrag);
        }
        for path in &session.paths {
            if self.by_path.get(path) == Some(&key) {
                self.by_path.remove(path);
            }
        }
        if let SessionKey::Subscriber(key) = key
            && let Some(who) = self.participant_mut(session.room, &session.participant)
            && who.subscriber == Some(key)
        {
            who.subscriber = None;
        }
        if notice == Notice::Tell {
            self.events.push_back(Event::SessionEnded { session: session.id });
        }
        if matches!(key, SessionKey::Publisher(_)) {
            self.select_voices(now, session.room);
            self.reroute(now, session.room);
        }
        self.report_one(now, session.room, &session.participant);
        self.leave_if_gone(session.room, &session.participant);
    }

    /// A participant without sessions is no participant; an open room without participants is no room.
    pub(super) fn leave_if_gone(&mut self, room_key: Key, id: &ParticipantId) {
        let Some(room) = self.rooms.get_mut(room_key) else { return };
        if room.participants.get(id).is_some_and(|who| who.publisher.is_none() && who.subscriber.is_none()) {
            room.participants.remove(id);
        }
        let is_over =
            room.routing == Routing::ByArrival && room.participants.is_empty() && room.taps.is_empty();
        if is_over {
            self.unwant(room_key);
            if let Some(room) = self.rooms.remove(room_key) {
                self.room_keys.remove(&room.id);
            }
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
fn bad_offer(error: crate::sdp::SdpError) -> Refusal {
    Refusal::BadOffer(error.to_string())
}

fn new_session(now: Now, id: &SessionId, room: Key, participant: &ParticipantId, peer: Peer) -> Session {
    Session {
        id: id.clone(),
        room,
        participant: participant.clone(),
        peer,
        paths: Vec::new(),
        ufrags: Vec::new(),
        stranger_limit: PacketLimit::new(now.mono, MAX_STRANGERS_PER_SECOND_PER_SESSION),
        rtcp_limit: PacketLimit::new(now.mono, MAX_RTCP_PER_SECOND_PER_SESSION),
        alarm: None,
    }
}

/// The teacher's picture and voice are one stream, so that players keep them in sync; all others stand alone.
fn stream_of(name: SlotName) -> String {
    match name {
        SlotName::Teacher | SlotName::Audio(0) => "lesson".to_owned(),
        other => format!("slot-{other}"),
    }
}

/// The slots asked for, or all in the default order.
fn slot_names(asked: &[String]) -> Result<Vec<SlotName>, Refusal> {
    if asked.is_empty() {
        let pictures = [SlotName::Teacher, SlotName::Board, SlotName::Stage];
        let wall = (0..MAX_WALL).map(SlotName::Wall);
        let voices = (0..MAX_VOICES).map(SlotName::Audio);
        return Ok(pictures.into_iter().chain(wall).chain(voices).collect());
    }
    let mut names: Vec<SlotName> = Vec::with_capacity(asked.len());
    for text in asked {
        let name = SlotName::parse(text).ok_or_else(|| {
            // What is no slot name is not repeated in the answer at any length.
            let shown: String = text.chars().take(32).collect();
            Refusal::BadOffer(format!(
                "there is no slot {shown:?}: slots are teacher, board, stage, wall0 to wall29, audio0 to audio2"
            ))
        })?;
        if names.contains(&name) {
            return Err(Refusal::BadOffer(format!("the slot {name} is asked for twice")));
        }
        names.push(name);
    }
    Ok(names)
}
