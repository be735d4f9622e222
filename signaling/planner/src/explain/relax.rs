//! What would help: small changes of the county, each tried on the finished plan and taken back again.
//!
//! A change counts only if, with it and with nothing of the plan moved, the demand gains a period.

use super::words;
use crate::instance::Instance;
use crate::model::{Mask, Model, Room, bits};
use crate::plan::Relaxation;
use crate::state::State;
use fastrand::Rng;
use serde_json::{Value, json};

/// Relaxations that are told of one demand.
const MAX_TOLD: usize = 3;
/// Changes that are tried for one demand; what would help only beyond them is not found.
const MAX_TRIES: usize = 96;
/// Of one kind, so many are told: three periods of one teacher say less than three ways out.
const MAX_OF_A_KIND: usize = 2;
/// A trial's random numbers: the same for each, so that the same plan is explained the same way.
const SEED: u64 = 1;

/// A change of the county.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// A teacher's blocked period becomes free.
    Period(u32, u8),
    /// One more delivered lesson a week, and that day.
    Load(u32),
    /// One more class in each lesson of a teacher.
    Size(u32),
    /// The receiving school's link carries one more lesson.
    Link(u32),
    /// One more receiving room.
    Room(u32),
    /// A teacher teaches the class's edition too.
    Edition(u32),
}

impl Change {
    fn kind(self) -> (&'static str, u32) {
        match self {
            Self::Period(..) => ("free_period", 1),
            Self::Load(_) => ("one_more_lesson", 2),
            Self::Size(_) => ("one_more_class", 3),
            Self::Link(_) => ("bigger_link", 4),
            Self::Room(_) => ("one_more_room", 5),
            Self::Edition(_) => ("other_edition", 6),
        }
    }
}

/// A plan on which changes are tried.
pub(super) struct Trials<'a> {
    of: &'a Instance,
    model: Model,
    state: State,
}

impl<'a> Trials<'a> {
    pub fn new(of: &'a Instance, model: &Model, mut state: State) -> Self {
        state.settle();
        Self { of, model: model.clone(), state }
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// What helps a demand, the smallest first.
    pub fn helping(&mut self, demand: u32, stop: &dyn Fn() -> bool) -> Vec<Relaxation> {
        let mut told: Vec<(Change, u32)> = Vec::new();
        for change in self.candidates(demand).into_iter().take(MAX_TRIES) {
            if told.len() >= MAX_TOLD || stop() {
                break;
            }
            let alike = told.iter().filter(|(other, _)| other.kind() == change.kind()).count();
            if alike < MAX_OF_A_KIND && !told.iter().any(|(other, _)| says_the_same(*other, change)) {
                let gains = self.gain(demand, change);
                if gains > 0 {
                    told.push((change, gains));
                }
            }
        }
        told.into_iter().map(|(change, gains)| self.told(demand, change, gains)).collect()
    }

    fn candidates(&self, demand: u32) -> Vec<Change> {
        let d = &self.model.demands[demand as usize];
        let class = &self.model.classes[d.class as usize];
        let teachers = super::teachers(&self.model, &self.state, demand);
        let (from, to) = self.model.courses[d.course as usize].weeks;
        let mut changes = Vec::new();
        for &teacher in &teachers {
            let t = &self.model.teachers[teacher as usize];
            let school = &self.model.schools[t.school as usize];
            let all: Mask = school.days.iter().fold(0, |all, day| all | day);
            let free = (from..to).fold(all, |free, week| free & t.free[week]);
            for time in bits(all & !free) {
                let met = self.model.meeting(teacher, d.school, time);
                let is_free = met.is_some_and(|met| {
                    (from..to).all(|week| {
                        (class.free[week] & !self.state.receiving[d.class as usize][week]) >> met.time & 1
                            == 1
                    })
                });
                if is_free {
                    changes.push(Change::Period(teacher, time));
                }
            }
        }
        // A teacher's periods must not use up all the tries.
        changes.truncate(MAX_TRIES / 2);
        changes.extend(teachers.iter().map(|&teacher| Change::Load(teacher)).take(MAX_TRIES / 8));
        changes.extend(teachers.iter().map(|&teacher| Change::Size(teacher)).take(MAX_TRIES / 8));
        changes.extend([Change::Link(d.school), Change::Room(d.school)]);
        if self.state.attended[demand as usize] == 0 {
            changes
                .extend(super::other_editions(self.of, &self.model, demand).into_iter().map(Change::Edition));
        }
        changes
    }

    /// Periods that the demand gains by a change. Plan and county are afterwards as they were.
    fn gain(&mut self, demand: u32, change: Change) -> u32 {
        let d = &self.model.demands[demand as usize];
        let (class, course) = (d.class as usize, d.course as usize);
        let size = self.model.classes[class].size;
        match change {
            Change::Period(teacher, time) => {
                let was = self.model.teachers[teacher as usize].free;
                // What stands there moves to the nearest free period, which is then taken.
                let taken: Mask = self.nearest(teacher, time).map_or(0, |other| 1 << other);
                self.model.teachers[teacher as usize].free = was.map(|free| (free | 1 << time) & !taken);
                let gained = self.place(demand);
                self.model.teachers[teacher as usize].free = was;
                self.model.reach(demand as usize);
                gained
            }
            Change::Load(teacher) => {
                let t = &mut self.model.teachers[teacher as usize];
                let was = (t.max_week, t.max_day);
                (t.max_week, t.max_day) = (was.0.saturating_add(1), was.1.saturating_add(1));
                let gained = self.place(demand);
                let t = &mut self.model.teachers[teacher as usize];
                (t.max_week, t.max_day) = was;
                self.model.reach(demand as usize);
                gained
            }
            Change::Size(teacher) => {
                let school = self.model.teachers[teacher as usize].school as usize;
                self.grow(teacher, school, 1);
                let gained = self.place(demand);
                self.grow(teacher, school, -1);
                self.model.reach(demand as usize);
                gained
            }
            Change::Link(school) => {
                let s = &mut self.model.schools[school as usize];
                let was = (s.max_lessons, s.down, s.up);
                s.max_lessons = s.max_lessons.saturating_add(1);
                s.down = s.down.saturating_add(self.model.receive_down);
                s.up = s.up.saturating_add(self.model.receive_up);
                let gained = self.place(demand);
                let s = &mut self.model.schools[school as usize];
                (s.max_lessons, s.down, s.up) = was;
                self.model.reach(demand as usize);
                gained
            }
            Change::Room(school) => {
                let s = &mut self.model.schools[school as usize];
                let all: Mask = s.days.iter().fold(0, |all, day| all | day);
                let was = s.receiving_rooms.clone();
                s.receiving_rooms.push(Room { index: u32::MAX, size, free: [all; 2] });
                s.receiving_rooms.sort_by_key(|room| (std::cmp::Reverse(room.size), room.index));
                let gained = self.place(demand);
                self.model.schools[school as usize].receiving_rooms = was;
                self.model.reach(demand as usize);
                gained
            }
            Change::Edition(teacher) => {
                let was = self.model.courses[course].teachers.clone();
                let demands = self.model.courses[course].demands.clone();
                self.model.courses[course].teachers.push(teacher);
                self.model.courses[course].teachers.sort_unstable();
                demands.iter().for_each(|&other| self.model.reach(other as usize));
                let gained = self.place(demand);
                self.model.courses[course].teachers = was;
                demands.iter().for_each(|&other| self.model.reach(other as usize));
                gained
            }
        }
    }

    fn grow(&mut self, teacher: u32, school: usize, by: i16) {
        let t = &mut self.model.teachers[teacher as usize];
        t.max_receiving = t.max_receiving.saturating_add_signed(by);
        for room in &mut self.model.schools[school].master_rooms {
            room.size = room.size.saturating_add_signed(by);
        }
    }

    /// Places the demand in the changed county, and takes it back.
    fn place(&mut self, demand: u32) -> u32 {
        self.model.reach(demand as usize);
        let mark = self.state.mark();
        let gained = self.state.place(&self.model, demand, &mut Rng::with_seed(SEED));
        self.state.undo(&self.model, mark);
        gained
    }

    fn told(&self, demand: u32, change: Change, gains: u32) -> Relaxation {
        let d = &self.model.demands[demand as usize];
        let key = &self.model.courses[d.course as usize].key;
        let (code, size) = change.kind();
        let teacher_id = |teacher: u32| self.of.teachers[teacher as usize].id.as_str();
        let name = |teacher: u32| words::teacher(self.of, teacher);
        let (data, zh, en): (Value, String, String) = match change {
            Change::Period(teacher, time) => self.told_period(teacher, time),
            Change::Load(teacher) => (
                json!({ "teacher": teacher_id(teacher) }),
                format!("{}每周多送一节", name(teacher)),
                format!("{} delivers one more lesson a week", name(teacher)),
            ),
            Change::Size(teacher) => (
                json!({ "teacher": teacher_id(teacher) }),
                format!("{}的课多带一个班", name(teacher)),
                format!("the lessons of {} take one more class", name(teacher)),
            ),
            Change::Link(school) => (
                json!({ "school": self.of.schools[school as usize].id }),
                format!(
                    "{}的网络多带一节课（下行 +{} kbit/s）",
                    words::school(self.of, school),
                    self.model.receive_down
                ),
                format!(
                    "the link of {} carries one more lesson ({} kbit/s more towards it)",
                    words::school(self.of, school),
                    self.model.receive_down
                ),
            ),
            Change::Room(school) => (
                json!({ "school": self.of.schools[school as usize].id }),
                format!("{}多一间听课教室", words::school(self.of, school)),
                format!("{} has one more receiving room", words::school(self.of, school)),
            ),
            Change::Edition(teacher) => (
                json!({ "teacher": teacher_id(teacher), "edition": key.edition }),
                format!("{}也按{}备课", name(teacher), key.edition),
                format!("{} teaches by {} too", name(teacher), key.edition),
            ),
        };
        Relaxation {
            code: code.to_owned(),
            data,
            size,
            gains: gains as u8,
            zh: format!("{zh}，可多上 {gains} 节。"),
            en: format!("If {en}, it gains {gains} a week."),
        }
    }

    /// The nearest period of the day that a teacher has free, in the plan too.
    fn nearest(&self, teacher: u32, time: u8) -> Option<u8> {
        let t = &self.model.teachers[teacher as usize];
        let taught = self.state.teaching[teacher as usize];
        let day = self.model.schools[t.school as usize].day_of(time);
        let free = t.free[0] & t.free[1] & !taught[0] & !taught[1] & day;
        bits(free).min_by_key(|other| (other.abs_diff(time), *other))
    }

    /// A blocked period is usually a lesson on site: the nearest period of that day to which it could move is named.
    fn told_period(&self, teacher: u32, time: u8) -> (Value, String, String) {
        let t = &self.model.teachers[teacher as usize];
        let school = &self.model.schools[t.school as usize];
        let bell = &school.bells[usize::from(time)];
        let (zh, en) = words::period(bell);
        let name = words::teacher(self.of, teacher);
        let mut data = json!({
            "teacher": self.of.teachers[teacher as usize].id, "weekday": bell.weekday, "period": bell.period,
        });
        match self.nearest(teacher, time).map(|other| &school.bells[usize::from(other)]) {
            Some(other) => {
                data["to_period"] = json!(other.period);
                (
                    data,
                    format!("把{name}{zh}调到第{}节", other.period),
                    format!("{name}'s {en} moves to period {}", other.period),
                )
            }
            None => (data, format!("{name}{zh}腾出来"), format!("{name} is free on {en}")),
        }
    }
}

fn says_the_same(one: Change, other: Change) -> bool {
    match (one, other) {
        // Two blocked periods of one teacher are one way out.
        (Change::Period(a, _), Change::Period(b, _)) => a == b,
        _ => one == other,
    }
}
