//! The instance in numbers: names became indexes, periods became bits, and what can never be is left out.
//!
//! Enters: a checked [`Instance`]. Leaves: [`Model`], which search, bounds and explanations share and nobody changes,
//! except for trying what a relaxation would do.

use crate::instance::{Instance, Time, Weeks};
use std::collections::{BTreeMap, BTreeSet};

/// Bits are the periods of one school's week, in order of weekday and start.
pub(crate) type Mask = u128;
/// "No group".
pub(crate) const NONE: u32 = u32::MAX;

/// One period of a school's week.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bell {
    pub weekday: u8,
    pub period: u8,
    pub start: u16,
    pub end: u16,
}

#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub index: u32,
    /// Seats, or receiving classes.
    pub size: u16,
    pub free: [Mask; 2],
}

#[derive(Debug, Clone)]
pub(crate) struct School {
    pub bells: Vec<Bell>,
    /// For each weekday from Monday, its periods.
    pub days: [Mask; 7],
    pub down: u32,
    pub up: u32,
    pub max_lessons: u32,
    /// Largest first.
    pub master_rooms: Vec<Room>,
    /// Largest first.
    pub receiving_rooms: Vec<Room>,
    /// Do sizes of rooms matter here?
    pub seats_matter: bool,
    pub rooms_differ: bool,
    pub teachers: Vec<u32>,
    pub classes: Vec<u32>,
    /// Where the school's counters begin.
    pub base: usize,
}

impl School {
    pub fn bit(&self, weekday: u8, period: u8) -> Option<u8> {
        self.bells.iter().position(|b| b.weekday == weekday && b.period == period).map(|i| i as u8)
    }
    pub fn day_of(&self, time: u8) -> Mask {
        self.days[usize::from(self.bells[usize::from(time)].weekday) - 1]
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Class {
    pub school: u32,
    pub size: u16,
    pub free: [Mask; 2],
    pub demands: Vec<u32>,
}

#[derive(Debug, Clone)]
pub(crate) struct Teacher {
    pub school: u32,
    pub free: [Mask; 2],
    pub max_week: u16,
    pub max_day: u16,
    /// Receiving classes at most, from the school's largest room.
    pub max_receiving: u16,
    /// For each period of the school.
    pub wishes: Vec<u32>,
    pub courses: Vec<u32>,
    pub master: u32,
}

/// What classes must share to sit in one lesson.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CourseKey {
    pub subject: String,
    pub grade: u8,
    pub edition: String,
    pub weeks: Weeks,
}

#[derive(Debug, Clone)]
pub(crate) struct Course {
    pub key: CourseKey,
    pub teachers: Vec<u32>,
    pub demands: Vec<u32>,
    /// Which of the model's weeks.
    pub weeks: (usize, usize),
    /// What a period counts.
    pub units: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Demand {
    pub class: u32,
    pub school: u32,
    pub course: u32,
    pub periods: u8,
    pub max_a_day: u8,
    pub consecutive: bool,
    pub progress: Option<u32>,
    /// For each teacher of the course, when it could be: both free, real times meet, a room and the link exist.
    pub masks: Vec<Mask>,
    /// Can it be served at all?
    pub reachable: bool,
    /// Teachers of existing agreements, one entry an agreement.
    pub agreed: Vec<u32>,
    /// (teacher, period) of published lessons.
    pub published: Vec<(u32, u8)>,
}

/// How a period of a master school meets another school's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Meeting {
    /// The other school's period.
    pub time: u8,
    /// The lesson begins from `low` to `high`, in minutes after midnight.
    pub low: u16,
    pub high: u16,
}

/// A county in numbers.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// 2 if odd and even weeks differ somewhere, else 1.
    pub weeks: usize,
    /// What a period of every week counts; also the divisor that makes periods of units.
    pub units: u32,
    pub minutes: u16,
    pub max_receiving: u16,
    pub max_progress: Option<u32>,
    pub receive_down: u32,
    pub receive_up: u32,
    pub teach_down: u32,
    pub teach_up: u32,
    /// Only if it could ever be reached.
    pub node_lessons: Option<u32>,
    pub schools: Vec<School>,
    pub classes: Vec<Class>,
    pub teachers: Vec<Teacher>,
    pub courses: Vec<Course>,
    pub demands: Vec<Demand>,
    /// Indexed by master number × schools + school: for each master period, the meeting.
    meetings: Vec<Vec<Option<Meeting>>>,
    /// Counters of all schools.
    pub counters: usize,
    /// Units of all demands and of the reachable ones of each school.
    pub total_units: u64,
    pub reachable_units: Vec<u32>,
    /// Existing agreements and published receptions of which no plan can keep anything.
    pub lost_already: u32,
    /// All of them.
    pub existing: u32,
}

struct Reader<'a> {
    of: &'a Instance,
    weeks: usize,
    schools: BTreeMap<&'a str, u32>,
}

/// A room counts as free only where it is free in all weeks: a lesson of every week stays in one room.
fn both(free: [Mask; 2]) -> [Mask; 2] {
    [free[0] & free[1]; 2]
}

fn differs(times: &[Time]) -> bool {
    times.iter().any(|t| t.weeks != Weeks::Every)
}

fn weeks_of(weeks: Weeks, model_weeks: usize) -> (usize, usize) {
    match (weeks, model_weeks) {
        (_, 1) | (Weeks::Every, _) => (0, model_weeks),
        (Weeks::Odd, _) => (0, 1),
        (Weeks::Even, _) => (1, 2),
    }
}

impl Reader<'_> {
    fn mask(&self, school: &School, times: &[Time]) -> [Mask; 2] {
        let mut masks = [0, 0];
        for time in times {
            if let Some(bit) = school.bit(time.weekday, time.period) {
                // Where weeks do not differ, both masks say the same.
                let (from, to) = if self.weeks == 1 { (0, 2) } else { weeks_of(time.weeks, self.weeks) };
                for mask in &mut masks[from..to] {
                    *mask |= 1 << bit;
                }
            }
        }
        masks
    }

    fn free(&self, school: &School, free: Option<&[Time]>, blocked: &[Time]) -> [Mask; 2] {
        let all = school.days.iter().fold(0, |all, day| all | day);
        let free = free.map_or([all, all], |free| self.mask(school, free));
        let blocked = self.mask(school, blocked);
        [free[0] & !blocked[0], free[1] & !blocked[1]]
    }

    fn school(&self, index: usize) -> School {
        let from = &self.of.schools[index];
        let mut bells = Vec::new();
        for table in &from.bells {
            for &weekday in &table.weekdays {
                for period in &table.periods {
                    let (start, end) = (period.start_minute, period.end_minute);
                    bells.push(Bell { weekday, period: period.period, start, end });
                }
            }
        }
        bells.sort_by_key(|b| (b.weekday, b.start));
        let mut days = [0; 7];
        for (bit, bell) in bells.iter().enumerate() {
            days[usize::from(bell.weekday) - 1] |= 1 << bit;
        }
        School {
            bells,
            days,
            down: from.link.down_kbps,
            up: from.link.up_kbps,
            max_lessons: from.link.max_lessons.unwrap_or(u32::MAX),
            master_rooms: Vec::new(),
            receiving_rooms: Vec::new(),
            seats_matter: false,
            rooms_differ: false,
            teachers: Vec::new(),
            classes: Vec::new(),
            base: 0,
        }
    }
}

impl Model {
    /// The instance in numbers. It must have passed [`crate::check::check`].
    pub fn new(of: &Instance) -> Model {
        let parity = of.demands.iter().any(|d| d.weeks != Weeks::Every)
            || of.classes.iter().any(|c| differs(&c.occupied))
            || of.teachers.iter().any(|t| differs(&t.blocked) || t.free.as_deref().is_some_and(differs))
            || of.master_rooms.iter().any(|r| differs(&r.blocked) || r.free.as_deref().is_some_and(differs))
            || of
                .receiving_rooms
                .iter()
                .any(|r| differs(&r.blocked) || r.free.as_deref().is_some_and(differs));
        let weeks = if parity { 2 } else { 1 };
        let schools = of.schools.iter().enumerate().map(|(i, s)| (s.id.as_str(), i as u32)).collect();
        let reader = Reader { of, weeks, schools };
        let mut model = Model {
            weeks,
            units: weeks as u32,
            minutes: of.lesson_minutes,
            max_receiving: of.max_receiving.into(),
            max_progress: of.max_progress_difference,
            receive_down: of.traffic.receive_down_kbps,
            receive_up: of.traffic.receive_up_kbps,
            teach_down: of.traffic.teach_down_kbps,
            teach_up: of.traffic.teach_up_kbps,
            node_lessons: Some(of.node_lessons).filter(|&n| (n as usize) < of.teachers.len()),
            schools: (0..of.schools.len()).map(|i| reader.school(i)).collect(),
            classes: Vec::new(),
            teachers: Vec::new(),
            courses: Vec::new(),
            demands: Vec::new(),
            meetings: Vec::new(),
            counters: 0,
            total_units: 0,
            reachable_units: vec![0; of.schools.len()],
            lost_already: 0,
            existing: 0,
        };
        model.rooms(&reader);
        model.people(&reader);
        model.meet();
        model.courses(&reader);
        for demand in 0..model.demands.len() {
            model.reach(demand);
        }
        model.existing(of);
        model
    }

    fn rooms(&mut self, reader: &Reader<'_>) {
        for (index, room) in reader.of.receiving_rooms.iter().enumerate() {
            let school = &mut self.schools[reader.schools[room.school.as_str()] as usize];
            let free = both(reader.free(school, room.free.as_deref(), &room.blocked));
            school.seats_matter |= room.seats.is_some();
            school.receiving_rooms.push(Room {
                index: index as u32,
                size: room.seats.unwrap_or(u16::MAX),
                free,
            });
        }
        for (index, room) in reader.of.master_rooms.iter().enumerate() {
            let school = &mut self.schools[reader.schools[room.school.as_str()] as usize];
            let free = both(reader.free(school, room.free.as_deref(), &room.blocked));
            let size =
                room.max_receiving.map_or(self.max_receiving, |max| self.max_receiving.min(max.into()));
            school.rooms_differ |= school.master_rooms.first().is_some_and(|first| first.size != size);
            school.master_rooms.push(Room { index: index as u32, size, free });
        }
        for school in &mut self.schools {
            school.receiving_rooms.sort_by_key(|r| (std::cmp::Reverse(r.size), r.index));
            school.master_rooms.sort_by_key(|r| (std::cmp::Reverse(r.size), r.index));
            school.base = self.counters;
            self.counters += school.bells.len() * self.weeks;
        }
    }

    fn people(&mut self, reader: &Reader<'_>) {
        for (index, class) in reader.of.classes.iter().enumerate() {
            let s = reader.schools[class.school.as_str()];
            let school = &mut self.schools[s as usize];
            let free = reader.free(school, None, &class.occupied);
            school.classes.push(index as u32);
            self.classes.push(Class { school: s, size: class.size, free, demands: Vec::new() });
        }
        let mut masters = 0;
        for (index, teacher) in reader.of.teachers.iter().enumerate() {
            let s = reader.schools[teacher.school.as_str()];
            let school = &mut self.schools[s as usize];
            let free = reader.free(school, teacher.free.as_deref(), &teacher.blocked);
            let mut wishes = vec![0; school.bells.len()];
            for wish in &teacher.wishes {
                if let Some(bit) = school.bit(wish.weekday, wish.period) {
                    wishes[usize::from(bit)] += wish.weight;
                }
            }
            let master = match school.teachers.first() {
                Some(&colleague) => self.teachers[colleague as usize].master,
                None => {
                    masters += 1;
                    masters - 1
                }
            };
            school.teachers.push(index as u32);
            self.teachers.push(Teacher {
                school: s,
                free,
                max_week: teacher.max_lessons_a_week.into(),
                max_day: teacher.max_lessons_a_day.map_or(u16::MAX, u16::from),
                max_receiving: school.master_rooms.first().map_or(0, |room| room.size),
                wishes,
                courses: Vec::new(),
                master,
            });
        }
    }

    fn meet(&mut self) {
        for master in self.schools.iter().filter(|s| !s.teachers.is_empty()).collect::<Vec<_>>() {
            let index = self.teachers[master.teachers[0] as usize].master as usize;
            let from = index * self.schools.len();
            if self.meetings.len() < from + self.schools.len() {
                self.meetings.resize(from + self.schools.len(), Vec::new());
            }
            for (s, school) in self.schools.iter().enumerate() {
                self.meetings[from + s] =
                    master.bells.iter().map(|bell| meeting(bell, school, self.minutes)).collect();
            }
        }
    }

    fn courses(&mut self, reader: &Reader<'_>) {
        let classes: BTreeMap<&str, usize> =
            reader.of.classes.iter().enumerate().map(|(i, c)| (c.id.as_str(), i)).collect();
        let mut courses: BTreeMap<CourseKey, Vec<u32>> = BTreeMap::new();
        for (index, demand) in reader.of.demands.iter().enumerate() {
            let class = classes[demand.class.as_str()];
            let key = CourseKey {
                subject: demand.subject.clone(),
                grade: reader.of.classes[class].grade,
                edition: demand.edition.clone(),
                weeks: demand.weeks,
            };
            courses.entry(key).or_default().push(index as u32);
            self.classes[class].demands.push(index as u32);
            self.demands.push(Demand {
                class: class as u32,
                school: self.classes[class].school,
                course: 0,
                periods: demand.prescribed.saturating_sub(demand.on_site),
                max_a_day: demand.max_a_day,
                consecutive: demand.consecutive,
                progress: demand.progress,
                masks: Vec::new(),
                reachable: false,
                agreed: Vec::new(),
                published: Vec::new(),
            });
        }
        for (key, demands) in courses {
            let index = self.courses.len() as u32;
            for &demand in &demands {
                self.demands[demand as usize].course = index;
            }
            let mut teachers = Vec::new();
            for (t, teacher) in reader.of.teachers.iter().enumerate() {
                let can = teacher.teaches.iter().any(|can| {
                    can.subject == key.subject
                        && can.grades.contains(&key.grade)
                        && can.editions.contains(&key.edition)
                });
                if can {
                    teachers.push(t as u32);
                    self.teachers[t].courses.push(index);
                }
            }
            let weeks = weeks_of(key.weeks, self.weeks);
            self.courses.push(Course { key, teachers, demands, weeks, units: (weeks.1 - weeks.0) as u32 });
        }
    }

    /// Computes when a demand could be served, whatever else is planned.
    pub fn reach(&mut self, demand: usize) {
        let d = &self.demands[demand];
        let course = &self.courses[d.course as usize];
        let class = &self.classes[d.class as usize];
        let masks: Vec<Mask> = course
            .teachers
            .iter()
            .map(|&t| {
                let teacher = &self.teachers[t as usize];
                let weeks = course.weeks.0..course.weeks.1;
                let mask = teacher.free[weeks].iter().fold(Mask::MAX, |mask, free| mask & free);
                if teacher.max_receiving == 0 || teacher.max_week == 0 || teacher.max_day == 0 {
                    return 0;
                }
                bits(mask)
                    .filter(|&time| {
                        self.meeting(t, d.school, time).is_some_and(|met| {
                            (course.weeks.0..course.weeks.1).all(|week| {
                                class.free[week] >> met.time & 1 == 1
                                    && self.could_receive(d.school, class.size, week, met.time)
                                    && self.could_teach(teacher.school, week, time)
                            })
                        })
                    })
                    .fold(0, |mask, time| mask | 1 << time)
            })
            .collect();
        let units = course.units * u32::from(d.periods);
        let (school, reachable, was) = (d.school as usize, masks.iter().any(|&m| m != 0), d.reachable);
        if reachable && !was {
            self.reachable_units[school] += units;
        }
        if was && !reachable {
            self.reachable_units[school] -= units;
        }
        self.demands[demand].masks = masks;
        self.demands[demand].reachable = reachable;
        self.total_units = self
            .demands
            .iter()
            .map(|d| u64::from(d.periods) * u64::from(self.courses[d.course as usize].units))
            .sum();
    }

    fn could_receive(&self, school: u32, size: u16, week: usize, time: u8) -> bool {
        let school = &self.schools[school as usize];
        school.receiving_rooms.iter().any(|room| room.size >= size && room.free[week] >> time & 1 == 1)
            && self.link_carries(school, 1, 0)
    }

    fn could_teach(&self, school: u32, week: usize, time: u8) -> bool {
        let school = &self.schools[school as usize];
        school.master_rooms.iter().any(|room| room.free[week] >> time & 1 == 1)
            && self.link_carries(school, 0, 1)
    }

    /// Does the school's link carry so many lessons at one moment?
    pub fn link_carries(&self, school: &School, received: u32, taught: u32) -> bool {
        let of = |receive: u32, teach: u32| {
            u64::from(received) * u64::from(receive) + u64::from(taught) * u64::from(teach)
        };
        received + taught <= school.max_lessons
            && of(self.receive_down, self.teach_down) <= u64::from(school.down)
            && of(self.receive_up, self.teach_up) <= u64::from(school.up)
    }

    /// How a teacher's period meets a school's.
    pub fn meeting(&self, teacher: u32, school: u32, time: u8) -> Option<Meeting> {
        let master = self.teachers[teacher as usize].master as usize;
        self.meetings[master * self.schools.len() + school as usize][usize::from(time)]
    }

    /// When a demand could be served by a teacher.
    pub fn mask(&self, demand: u32, teacher: u32) -> Mask {
        let d = &self.demands[demand as usize];
        let teachers = &self.courses[d.course as usize].teachers;
        teachers.binary_search(&teacher).map_or(0, |i| d.masks[i])
    }

    fn existing(&mut self, of: &Instance) {
        let classes: BTreeMap<&str, usize> =
            of.classes.iter().enumerate().map(|(i, c)| (c.id.as_str(), i)).collect();
        let teachers: BTreeMap<&str, u32> =
            of.teachers.iter().enumerate().map(|(i, t)| (t.id.as_str(), i as u32)).collect();
        let demand_of = |model: &Model, class: usize, subject: &str| {
            let demands = &model.classes[class].demands;
            demands.iter().copied().find(|&d| of.demands[d as usize].subject == subject)
        };
        let mut agreed = BTreeSet::new();
        for pairing in &of.existing.pairings {
            let teacher = teachers[pairing.teacher.as_str()];
            for class in &pairing.classes {
                let class = classes[class.as_str()];
                if !agreed.insert((teacher, class, pairing.subject.as_str())) {
                    continue;
                }
                self.existing += 1;
                match demand_of(self, class, &pairing.subject) {
                    Some(d) => self.demands[d as usize].agreed.push(teacher),
                    None => self.lost_already += 1,
                }
            }
        }
        let mut published = BTreeSet::new();
        for lesson in &of.existing.lessons {
            let teacher = teachers[lesson.teacher.as_str()];
            let school = &self.schools[self.teachers[teacher as usize].school as usize];
            let Some(time) = school.bit(lesson.weekday, lesson.period) else { continue };
            for class in &lesson.classes {
                let class = classes[class.as_str()];
                if !published.insert((teacher, time, class, lesson.subject.as_str())) {
                    continue;
                }
                self.existing += 1;
                match demand_of(self, class, &lesson.subject) {
                    Some(d) => self.demands[d as usize].published.push((teacher, time)),
                    None => self.lost_already += 1,
                }
            }
        }
    }
}

/// The period of `school` that has most in common with `bell`, if it is enough.
fn meeting(bell: &Bell, school: &School, minutes: u16) -> Option<Meeting> {
    let mut best: Option<Meeting> = None;
    for (time, other) in school.bells.iter().enumerate() {
        if other.weekday != bell.weekday {
            continue;
        }
        let (low, end) = (bell.start.max(other.start), bell.end.min(other.end));
        if end >= low + minutes {
            let met = Meeting { time: time as u8, low, high: end - minutes };
            if best.is_none_or(|best| met.high - met.low > best.high - best.low) {
                best = Some(met);
            }
        }
    }
    best
}

/// The positions of a mask's bits.
pub(crate) fn bits(mut mask: Mask) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        let bit = mask.trailing_zeros() as u8;
        mask &= mask - 1;
        Some(bit)
    })
}
