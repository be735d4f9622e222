//! Which microphones are heard: the loudest, without flutter.

use tongtang_protocol::ids::ParticipantId;

/// Voices that are kept ready: three for whoever hears all, and one more because nobody hears oneself.
pub const MAX_LOUDEST: usize = 4;
/// How much louder (dB) somebody must be to take another's place. Breath and rustle are within that of each other.
const HYSTERESIS_DB: f32 = 8.0;

/// The loudest microphones of a room.
#[derive(Debug, Default)]
pub struct Voices {
    loudest: Vec<ParticipantId>,
}

impl Voices {
    /// Looks again, a few times a second: `microphones` are those that may be heard, with their smoothed loudness.
    /// Gives whether the selection changed.
    pub fn select(&mut self, microphones: &[(&ParticipantId, f32)]) -> bool {
        let loudness = |id: &ParticipantId| {
            microphones.iter().find(|(found, _)| *found == id).map(|(_, loudness)| *loudness)
        };
        let before = self.loudest.clone();
        self.loudest.retain(|id| loudness(id).is_some());
        let mut challengers: Vec<_> =
            microphones.iter().filter(|(id, _)| !self.loudest.contains(id)).collect();
        challengers.sort_by(|a, b| b.1.total_cmp(&a.1));
        for &&(challenger, challenger_db) in &challengers {
            if self.loudest.len() < MAX_LOUDEST {
                self.loudest.push(challenger.clone());
                continue;
            }
            let quietest = self
                .loudest
                .iter()
                .enumerate()
                .map(|(at, id)| (at, loudness(id).unwrap_or(0.0)))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            match quietest {
                Some((at, quietest_db)) if challenger_db > quietest_db + HYSTERESIS_DB => {
                    self.loudest[at] = challenger.clone();
                }
                _ => break,
            }
        }
        // Loudest first, so that a listener with fewer slots hears the right ones; neighbours within the hysteresis keep
        // their order.
        for at in 1..self.loudest.len() {
            for back in (1..=at).rev() {
                let louder = loudness(&self.loudest[back]).unwrap_or(0.0);
                if louder <= loudness(&self.loudest[back - 1]).unwrap_or(0.0) + HYSTERESIS_DB {
                    break;
                }
                self.loudest.swap(back, back - 1);
            }
        }
        self.loudest != before
    }

    /// The selection, loudest first.
    pub fn loudest(&self) -> &[ParticipantId] {
        &self.loudest
    }
}

/// Puts voices into slots: who is heard already keeps its slot, others take the free ones.
pub fn seat<'a>(
    seated: &[Option<&'a ParticipantId>],
    wanted: &[&'a ParticipantId],
) -> Vec<Option<&'a ParticipantId>> {
    let wanted = &wanted[..wanted.len().min(seated.len())];
    let mut seats: Vec<Option<&ParticipantId>> =
        seated.iter().map(|seat| seat.filter(|id| wanted.contains(id))).collect();
    for id in wanted {
        if !seats.contains(&Some(*id))
            && let Some(free) = seats.iter_mut().find(|seat| seat.is_none())
        {
            *free = Some(*id);
        }
    }
    seats
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn id(name: &str) -> ParticipantId {
        ParticipantId::new(name).unwrap()
    }

    #[test]
    fn the_loudest_are_heard_and_a_little_louder_is_not_enough() {
        let ids: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(id).into();
        let with =
            |levels: [f32; 6]| -> Vec<(ParticipantId, f32)> { ids.iter().cloned().zip(levels).collect() };
        let mut voices = Voices::default();
        let select = |voices: &mut Voices, levels| {
            let microphones = with(levels);
            let borrowed: Vec<_> = microphones.iter().map(|(id, db)| (id, *db)).collect();
            voices.select(&borrowed)
        };
        select(&mut voices, [60.0, 50.0, 40.0, 30.0, 20.0, 10.0]);
        assert_eq!(voices.loudest(), &ids[..4]);
        assert!(!select(&mut voices, [60.0, 50.0, 40.0, 30.0, 37.0, 10.0]), "7 dB more: noise");
        assert!(select(&mut voices, [60.0, 50.0, 40.0, 30.0, 39.0, 90.0]));
        assert_eq!(voices.loudest()[0], ids[5], "who speaks loudest comes first");
        assert!(!voices.loudest().contains(&ids[3]));
    }

    #[test]
    fn a_voice_keeps_its_slot_when_others_come_and_go() {
        let ids: Vec<_> = ["a", "b", "c", "d"].map(id).into();
        let [a, b, c, d] = [&ids[0], &ids[1], &ids[2], &ids[3]];
        let seats = seat(&[None, None, None], &[a, b, c, d]);
        assert_eq!(seats, [Some(a), Some(b), Some(c)]);
        let seats = seat(&seats, &[d, c, a]);
        assert_eq!(seats, [Some(a), Some(d), Some(c)]);
        let seats = seat(&seats, &[d]);
        assert_eq!(seats, [None, Some(d), None]);
    }
}
