//! On which worker a participant is.
//!
//! A lesson of usual size stays on one worker, its *home*, so that nothing has to be mirrored; a great audience is spread
//! over all. Whoever has a session stays where it is until its last session ends: one participant's sessions are always
//! together. Pure.

use std::collections::HashMap;
use tongtang_protocol::ids::{ParticipantId, RoomId};

/// Participants of a room that are on its home: sixteen classrooms, the teacher, assistants and observers. Whoever comes
/// later goes to the worker with the fewest sessions.
pub const MAX_AT_HOME: usize = 32;

/// Who is where.
#[derive(Debug)]
pub struct Placement {
    /// Sessions of each worker.
    sessions: Vec<usize>,
    rooms: HashMap<RoomId, Seats>,
}

#[derive(Debug)]
struct Seats {
    home: usize,
    seats: HashMap<ParticipantId, Seat>,
}

#[derive(Debug)]
struct Seat {
    worker: usize,
    sessions: usize,
}

impl Placement {
    /// Nobody is anywhere on so many workers (at least one).
    pub fn new(workers: usize) -> Self {
        Self { sessions: vec![0; workers.max(1)], rooms: HashMap::new() }
    }

    /// The worker of a participant's next session, which counts from now on.
    pub fn take(&mut self, room: &RoomId, participant: &ParticipantId) -> usize {
        let idlest = (0..self.sessions.len()).min_by_key(|worker| self.sessions[*worker]).unwrap_or(0);
        let seats =
            self.rooms.entry(room.clone()).or_insert_with(|| Seats { home: idlest, seats: HashMap::new() });
        let worker = if seats.seats.len() < MAX_AT_HOME { seats.home } else { idlest };
        let seat = seats.seats.entry(participant.clone()).or_insert(Seat { worker, sessions: 0 });
        seat.sessions += 1;
        self.sessions[seat.worker] += 1;
        seat.worker
    }

    /// One of the participant's sessions has ended.
    pub fn release(&mut self, room: &RoomId, participant: &ParticipantId) {
        let Some(seats) = self.rooms.get_mut(room) else { return };
        let Some(seat) = seats.seats.get_mut(participant) else { return };
        self.sessions[seat.worker] -= 1;
        seat.sessions -= 1;
        if seat.sessions == 0 {
            seats.seats.remove(participant);
        }
        if seats.seats.is_empty() {
            self.rooms.remove(room);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn room(n: usize) -> RoomId {
        RoomId::new(format!("r{n}")).unwrap()
    }

    fn who(n: usize) -> ParticipantId {
        ParticipantId::new(format!("p{n}")).unwrap()
    }

    #[test]
    fn a_lesson_stays_together_and_lessons_are_spread() {
        let mut placement = Placement::new(2);
        let mut homes = Vec::new();
        for lesson in 0..4 {
            let workers: Vec<usize> = (0..17).map(|n| placement.take(&room(lesson), &who(n))).collect();
            assert!(workers.iter().all(|worker| *worker == workers[0]), "{workers:?}");
            homes.push(workers[0]);
        }
        assert_eq!(homes, [0, 1, 0, 1]);
    }

    #[test]
    fn a_great_audience_is_split_evenly() {
        let mut placement = Placement::new(4);
        let mut on = [0; 4];
        (0..500).for_each(|n| on[placement.take(&room(0), &who(n))] += 1);
        assert_eq!(on, [125; 4]);
    }

    #[test]
    fn a_participant_s_sessions_are_on_one_worker_and_its_place_is_free_when_the_last_has_ended() {
        let mut placement = Placement::new(2);
        (0..MAX_AT_HOME).for_each(|n| {
            placement.take(&room(0), &who(n));
        });
        let late = who(900);
        assert_eq!(placement.take(&room(0), &late), 1);
        (0..60).for_each(|n| {
            placement.take(&room(1), &who(n));
        });
        assert_eq!(placement.take(&room(0), &late), 1, "where its first session is");
        placement.release(&room(0), &late);
        assert_eq!(placement.take(&room(0), &late), 1);
        (0..2).for_each(|_| placement.release(&room(0), &late));
        placement.release(&room(0), &late);
        let idlest = usize::from(placement.sessions[1] < placement.sessions[0]);
        assert_eq!(placement.take(&room(0), &late), idlest, "anew");
    }

    #[test]
    fn nothing_is_remembered_of_who_is_gone() {
        let mut placement = Placement::new(2);
        for n in 0..100 {
            placement.take(&room(n), &who(n));
            placement.release(&room(n), &who(n));
        }
        assert!(placement.rooms.is_empty());
        assert_eq!(placement.sessions, [0, 0]);
    }
}
