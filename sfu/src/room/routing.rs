//! What a slot shows, by the room's routes. Pure.

use crate::egress::slot::SlotName;
use tongtang_protocol::control::Routes;
use tongtang_protocol::ids::ParticipantId;
use tongtang_protocol::lesson::Source;

/// Which layer of a camera a slot wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The largest that the subscriber's link carries.
    Largest,
    /// The smallest there is.
    Smallest,
}

/// What a slot shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Whose.
    pub participant: &'a ParticipantId,
    /// What of theirs.
    pub source: Source,
    /// In which size.
    pub size: Size,
}

/// What a video slot of `me` shows. Nobody is shown to oneself.
pub fn picture<'a>(routes: &'a Routes, me: &ParticipantId, slot: SlotName) -> Option<Wanted<'a>> {
    let (participant, source, size) = match slot {
        SlotName::Teacher => (routes.teacher.as_ref()?, Source::Camera, Size::Largest),
        SlotName::Board => (routes.teacher.as_ref()?, Source::Board, Size::Largest),
        SlotName::Stage => (routes.stage.as_ref()?, Source::Camera, Size::Largest),
        SlotName::Wall(n) => (routes.wall.get(usize::from(n))?, Source::Camera, Size::Smallest),
        SlotName::Audio(_) => return None,
    };
    (participant != me).then_some(Wanted { participant, source, size })
}

/// May this microphone be heard at all?
pub fn is_audible(routes: &Routes, participant: &ParticipantId) -> bool {
    !routes.muted.contains(participant)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_shows_what_the_routes_say_but_never_oneself() {
        let id = |name: &str| ParticipantId::new(name).unwrap();
        let (teacher, a, b) = (id("t"), id("a"), id("b"));
        let routes = Routes {
            teacher: Some(teacher.clone()),
            stage: Some(a.clone()),
            wall: vec![a.clone(), b.clone()],
            muted: vec![b.clone()],
            ..Routes::default()
        };
        let shown =
            |me: &ParticipantId, slot| picture(&routes, me, slot).map(|w| (w.participant.clone(), w.source));
        assert_eq!(shown(&b, SlotName::Teacher), Some((teacher.clone(), Source::Camera)));
        assert_eq!(shown(&b, SlotName::Board), Some((teacher.clone(), Source::Board)));
        assert_eq!(shown(&b, SlotName::Stage), Some((a.clone(), Source::Camera)));
        assert_eq!(shown(&a, SlotName::Stage), None);
        assert_eq!(shown(&teacher, SlotName::Teacher), None);
        assert_eq!(shown(&teacher, SlotName::Wall(1)), Some((b.clone(), Source::Camera)));
        assert_eq!(shown(&b, SlotName::Wall(1)), None);
        assert_eq!(shown(&teacher, SlotName::Wall(2)), None);
        assert!(is_audible(&routes, &a) && !is_audible(&routes, &b));
    }
}
