//! A plan while it is being made: who is where when, counted so that each question is answered in a few steps.
//!
//! Every change is one of eight primitive steps and is written into a journal, so a trial is taken back by undoing its steps.
//! No step may break a hard constraint; [`crate::place`] asks first.

use crate::model::{Mask, Model, NONE, bits};

/// A weekly lesson of a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lesson {
    /// The period of the master school.
    pub time: u8,
    /// It begins from `low` to `high`: what the bell times of all who attend have in common.
    pub low: u16,
    pub high: u16,
    /// Demands that it serves.
    pub attending: Vec<u32>,
}

/// A pairing: a teacher, a course, classes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub teacher: u32,
    pub course: u32,
    pub members: Vec<u32>,
    pub lessons: Vec<Lesson>,
    pub alive: bool,
}

/// One change, as it was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    Found(u32),
    Dissolve(u32),
    Join(u32, u32),
    Leave(u32, u32),
    Open(u32, u8),
    Close(u32, u8),
    Attend(u32, u8),
    Miss(u32, u8),
}

/// A plan, with its counters.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub groups: Vec<Group>,
    unused: Vec<u32>,
    /// Groups of each teacher.
    pub of_teacher: Vec<Vec<u32>>,
    /// For each teacher and week, the periods taught.
    pub teaching: Vec<[Mask; 2]>,
    pub load: Vec<[u16; 2]>,
    /// For each class and week, the periods received.
    pub receiving: Vec<[Mask; 2]>,
    /// At each school, week and period.
    pub received: Vec<u16>,
    pub taught: Vec<u16>,
    /// Lessons at each minute of each weekday and week; only if the nodes can be full.
    pub running: Vec<u16>,
    /// For each demand: its group, and the periods of the master school that it attends.
    pub group: Vec<u32>,
    pub attended: Vec<Mask>,
    /// Units served, also of each school (reachable demands only).
    pub served: u64,
    pub served_of: Vec<u32>,
    /// Lessons, and what wishes cost.
    pub lessons: u32,
    pub wishes: u64,
    /// Existing agreements and receptions that are kept.
    pub kept: u32,
    journal: Vec<Step>,
}

const MINUTES: usize = 24 * 60;

impl State {
    pub fn new(model: &Model) -> State {
        let demands = model.demands.len();
        State {
            groups: Vec::new(),
            unused: Vec::new(),
            of_teacher: vec![Vec::new(); model.teachers.len()],
            teaching: vec![[0, 0]; model.teachers.len()],
            load: vec![[0, 0]; model.teachers.len()],
            receiving: vec![[0, 0]; model.classes.len()],
            received: vec![0; model.counters],
            taught: vec![0; model.counters],
            running: model.node_lessons.map_or(Vec::new(), |_| vec![0; model.weeks * 7 * MINUTES]),
            group: vec![NONE; demands],
            attended: vec![0; demands],
            served: 0,
            served_of: vec![0; model.schools.len()],
            lessons: 0,
            wishes: 0,
            kept: 0,
            journal: Vec::new(),
        }
    }

    /// A place in the journal to come back to.
    pub fn mark(&self) -> usize {
        self.journal.len()
    }

    /// What was done is final. Only now are the places of ended groups free for others: undoing needs what stood there.
    pub fn settle(&mut self) {
        for step in std::mem::take(&mut self.journal) {
            if let Step::Dissolve(g) = step
                && !self.groups[g as usize].alive
            {
                self.unused.push(g);
            }
        }
    }

    /// Takes back everything since the mark.
    pub fn undo(&mut self, model: &Model, mark: usize) {
        while self.journal.len() > mark {
            let Some(step) = self.journal.pop() else { return };
            let inverse = match step {
                Step::Found(g) => Step::Dissolve(g),
                Step::Dissolve(g) => Step::Found(g),
                Step::Join(d, g) => Step::Leave(d, g),
                Step::Leave(d, g) => Step::Join(d, g),
                Step::Open(g, time) => Step::Close(g, time),
                Step::Close(g, time) => Step::Open(g, time),
                Step::Attend(d, time) => Step::Miss(d, time),
                Step::Miss(d, time) => Step::Attend(d, time),
            };
            self.apply(model, inverse);
            if let Step::Found(g) = step {
                self.unused.push(g);
            }
        }
    }

    fn step(&mut self, model: &Model, step: Step) {
        self.apply(model, step);
        self.journal.push(step);
    }

    /// A new group without members.
    pub fn found(&mut self, model: &Model, teacher: u32, course: u32) -> u32 {
        let group = Group { teacher, course, members: Vec::new(), lessons: Vec::new(), alive: false };
        let index = match self.unused.pop() {
            Some(index) => {
                self.groups[index as usize] = group;
                index
            }
            None => {
                self.groups.push(group);
                self.groups.len() as u32 - 1
            }
        };
        self.step(model, Step::Found(index));
        index
    }

    pub fn join(&mut self, model: &Model, demand: u32, group: u32) {
        self.step(model, Step::Join(demand, group));
    }

    pub fn open(&mut self, model: &Model, group: u32, time: u8) {
        self.step(model, Step::Open(group, time));
    }

    pub fn attend(&mut self, model: &Model, demand: u32, time: u8) {
        self.step(model, Step::Attend(demand, time));
    }

    /// Takes a demand out of its group; what nobody attends any more is closed.
    pub fn leave(&mut self, model: &Model, demand: u32) {
        let group = self.group[demand as usize];
        if group == NONE {
            return;
        }
        for time in bits(self.attended[demand as usize]) {
            self.step(model, Step::Miss(demand, time));
        }
        self.step(model, Step::Leave(demand, group));
        self.tidy(model, group);
    }

    /// Closes lessons that nobody attends, and the group if nobody is left.
    pub fn tidy(&mut self, model: &Model, group: u32) {
        let empty: Vec<u8> = self.groups[group as usize]
            .lessons
            .iter()
            .filter(|lesson| lesson.attending.is_empty())
            .map(|lesson| lesson.time)
            .collect();
        for time in empty {
            self.step(model, Step::Close(group, time));
        }
        let g = &self.groups[group as usize];
        if g.members.is_empty() && g.lessons.is_empty() && g.alive {
            self.step(model, Step::Dissolve(group));
        }
    }

    /// Ends a group.
    pub fn dissolve(&mut self, model: &Model, group: u32) {
        for demand in self.groups[group as usize].members.clone() {
            self.leave(model, demand);
        }
        self.tidy(model, group);
    }

    fn apply(&mut self, model: &Model, step: Step) {
        match step {
            Step::Found(g) => {
                self.groups[g as usize].alive = true;
                self.of_teacher[self.groups[g as usize].teacher as usize].push(g);
            }
            Step::Dissolve(g) => {
                self.groups[g as usize].alive = false;
                self.of_teacher[self.groups[g as usize].teacher as usize].retain(|&of| of != g);
            }
            Step::Join(d, g) => {
                self.groups[g as usize].members.push(d);
                self.group[d as usize] = g;
                self.kept += model.agreements(d, self.groups[g as usize].teacher);
            }
            Step::Leave(d, g) => {
                self.groups[g as usize].members.retain(|&member| member != d);
                self.group[d as usize] = NONE;
                self.kept -= model.agreements(d, self.groups[g as usize].teacher);
            }
            Step::Open(g, time) => self.count_lesson(model, g, time, true),
            Step::Close(g, time) => self.count_lesson(model, g, time, false),
            Step::Attend(d, time) => self.count_attending(model, d, time, true),
            Step::Miss(d, time) => self.count_attending(model, d, time, false),
        }
    }

    fn count_lesson(&mut self, model: &Model, group: u32, time: u8, opens: bool) {
        let g = &mut self.groups[group as usize];
        let teacher = g.teacher as usize;
        let course = &model.courses[g.course as usize];
        let t = &model.teachers[teacher];
        let school = &model.schools[t.school as usize];
        if opens {
            let bell = &school.bells[usize::from(time)];
            let (low, high) = (bell.start, bell.end - model.minutes.min(bell.end));
            g.lessons.push(Lesson { time, low, high, attending: Vec::new() });
            self.lessons += 1;
        } else {
            g.lessons.retain(|lesson| lesson.time != time);
            self.lessons -= 1;
        }
        let wish = u64::from(t.wishes[usize::from(time)]) * u64::from(course.units);
        self.wishes = if opens { self.wishes + wish } else { self.wishes - wish };
        for week in course.weeks.0..course.weeks.1 {
            self.teaching[teacher][week] ^= 1 << time;
            let taught = &mut self.taught[school.base + week * school.bells.len() + usize::from(time)];
            *taught = if opens { *taught + 1 } else { *taught - 1 };
            self.load[teacher][week] =
                if opens { self.load[teacher][week] + 1 } else { self.load[teacher][week] - 1 };
        }
        if !self.running.is_empty() {
            let bell = &school.bells[usize::from(time)];
            self.run(model, course.weeks, bell.weekday, bell.start, opens);
        }
    }

    fn run(&mut self, model: &Model, weeks: (usize, usize), weekday: u8, start: u16, more: bool) {
        for week in weeks.0..weeks.1 {
            let from = (week * 7 + usize::from(weekday) - 1) * MINUTES + usize::from(start);
            for count in self.running[from..].iter_mut().take(usize::from(model.minutes)) {
                *count = if more { *count + 1 } else { *count - 1 };
            }
        }
    }

    /// Lessons at the busiest moment of the `minutes` from `start`.
    pub fn busiest(&self, model: &Model, week: usize, weekday: u8, start: u16) -> u16 {
        let from = (week * 7 + usize::from(weekday) - 1) * MINUTES + usize::from(start);
        self.running[from..].iter().take(usize::from(model.minutes)).copied().max().unwrap_or(0)
    }

    fn count_attending(&mut self, model: &Model, demand: u32, time: u8, comes: bool) {
        let d = &model.demands[demand as usize];
        let group = self.group[demand as usize];
        let g = &mut self.groups[group as usize];
        let teacher = g.teacher;
        let course = &model.courses[g.course as usize];
        let Some(met) = model.meeting(teacher, d.school, time) else { return };
        let Some(lesson) = g.lessons.iter_mut().find(|lesson| lesson.time == time) else { return };
        let was = lesson.low;
        if comes {
            lesson.attending.push(demand);
            lesson.low = lesson.low.max(met.low);
            lesson.high = lesson.high.min(met.high);
        } else {
            lesson.attending.retain(|&other| other != demand);
            let master = &model.schools[model.teachers[teacher as usize].school as usize];
            let bell = &master.bells[usize::from(time)];
            (lesson.low, lesson.high) = (bell.start, bell.end - model.minutes.min(bell.end));
            for &other in &lesson.attending {
                if let Some(met) = model.meeting(teacher, model.demands[other as usize].school, time) {
                    lesson.low = lesson.low.max(met.low);
                    lesson.high = lesson.high.min(met.high);
                }
            }
        }
        let now = lesson.low;
        self.attended[demand as usize] ^= 1 << time;
        let school = &model.schools[d.school as usize];
        for week in course.weeks.0..course.weeks.1 {
            self.receiving[d.class as usize][week] ^= 1 << met.time;
            let received =
                &mut self.received[school.base + week * school.bells.len() + usize::from(met.time)];
            *received = if comes { *received + 1 } else { *received - 1 };
        }
        let kept = d.published.contains(&(teacher, time));
        let served = &mut self.served_of[d.school as usize];
        if comes {
            self.served += u64::from(course.units);
            *served += course.units;
            self.kept += u32::from(kept);
        } else {
            self.served -= u64::from(course.units);
            *served -= course.units;
            self.kept -= u32::from(kept);
        }
        if !self.running.is_empty() && was != now {
            let weekday = model.schools[model.teachers[teacher as usize].school as usize].bells
                [usize::from(time)]
            .weekday;
            self.run(model, course.weeks, weekday, was, false);
            self.run(model, course.weeks, weekday, now, true);
        }
    }
}

impl Model {
    /// How many existing agreements say that this teacher serves this demand.
    pub fn agreements(&self, demand: u32, teacher: u32) -> u32 {
        self.demands[demand as usize].agreed.iter().filter(|&&agreed| agreed == teacher).count() as u32
    }
}
