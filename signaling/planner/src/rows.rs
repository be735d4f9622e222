//! What groups share: for each thing that there is only so much of, a row, and what one group takes of it.
//!
//! Every row is a hard constraint of docs/planner.md as a sum over groups, so any set of groups that the rules allow keeps all
//! rows. Left out is what is no such sum: master rooms of different sizes, and the nodes' minutes.

use crate::model::{Mask, Model, NONE, bits};

/// A group as the linear programmes have it: a teacher, a course, and who comes when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Column {
    pub teacher: u32,
    pub course: u32,
    /// Members in order, each with the periods of the master school that it attends.
    pub members: Vec<(u32, Mask)>,
}

impl Column {
    /// The periods in which the group has a lesson.
    pub fn times(&self) -> Mask {
        self.members.iter().fold(0, |times, member| times | member.1)
    }
    /// Class periods, in units.
    pub fn units(&self, model: &Model) -> u32 {
        let periods: u32 = self.members.iter().map(|member| member.1.count_ones()).sum();
        periods * model.courses[self.course as usize].units
    }
}

/// What one reception, or one lesson, takes of a row.
pub(crate) type Share = (u32, f64);

/// A place in a school's week at which something is scarce.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scarce {
    row: u32,
    receive: f64,
    teach: f64,
    /// Only classes larger than this count.
    above: u16,
}

/// All rows; each says that a sum is at most its right side.
pub(crate) struct Rows {
    pub most: Vec<f64>,
    /// For each demand: it has one group at most.
    pub demand: Vec<u32>,
    /// For each teacher and week.
    load: Vec<[u32; 2]>,
    day: Vec<[[u32; 7]; 2]>,
    slot: Vec<[Vec<u32>; 2]>,
    class: Vec<[Vec<u32>; 2]>,
    /// For each school's week and period.
    scarce: Vec<[Vec<Vec<Scarce>>; 2]>,
    /// Rows of week 1 say something of their own.
    parity_of_class: Vec<bool>,
    parity_of_teacher: Vec<bool>,
    parity_of_school: Vec<bool>,
}

impl Rows {
    pub fn new(model: &Model) -> Rows {
        let odd = |course: u32| {
            let weeks = model.courses[course as usize].weeks;
            weeks.1 - weeks.0 < model.weeks
        };
        let parity_of_class: Vec<bool> = model
            .classes
            .iter()
            .map(|class| class.demands.iter().any(|&d| odd(model.demands[d as usize].course)))
            .collect();
        let parity_of_teacher: Vec<bool> =
            model.teachers.iter().map(|teacher| teacher.courses.iter().any(|&course| odd(course))).collect();
        let parity_of_school = model
            .schools
            .iter()
            .map(|school| {
                school.classes.iter().any(|&class| parity_of_class[class as usize])
                    || school.teachers.iter().any(|&teacher| parity_of_teacher[teacher as usize])
            })
            .collect();
        let mut rows = Rows {
            most: Vec::new(),
            demand: Vec::new(),
            load: Vec::new(),
            day: Vec::new(),
            slot: Vec::new(),
            class: Vec::new(),
            scarce: Vec::new(),
            parity_of_class,
            parity_of_teacher,
            parity_of_school,
        };
        for _ in &model.demands {
            let row = rows.row(1.0);
            rows.demand.push(row);
        }
        for t in 0..model.teachers.len() {
            rows.teacher(model, t);
        }
        let came = came(model);
        for s in 0..model.schools.len() {
            rows.school(model, s, &came);
        }
        rows
    }

    fn row(&mut self, most: f64) -> u32 {
        self.most.push(most);
        self.most.len() as u32 - 1
    }

    fn teacher(&mut self, model: &Model, t: usize) {
        let teacher = &model.teachers[t];
        let school = &model.schools[teacher.school as usize];
        let (mut load, mut day) = ([NONE; 2], [[NONE; 7]; 2]);
        let mut slot = [vec![NONE; school.bells.len()], vec![NONE; school.bells.len()]];
        for week in 0..if self.parity_of_teacher[t] { model.weeks } else { 1 } {
            load[week] = self.row(teacher.max_week.into());
            for (weekday, &periods) in school.days.iter().enumerate() {
                let free = (periods & teacher.free[week]).count_ones();
                if free > u32::from(teacher.max_day) {
                    day[week][weekday] = self.row(teacher.max_day.into());
                }
            }
            for time in bits(teacher.free[week]) {
                slot[week][usize::from(time)] = self.row(1.0);
            }
        }
        self.load.push(load);
        self.day.push(day);
        self.slot.push(slot);
    }

    /// Rows of a school's classes, rooms and link.
    fn school(&mut self, model: &Model, s: usize, came: &[[Vec<u32>; 2]]) {
        let school = &model.schools[s];
        let periods = school.bells.len();
        let mut scarce = [vec![Vec::new(); periods], vec![Vec::new(); periods]];
        self.class.resize_with(model.classes.len(), || [vec![NONE; 0], vec![NONE; 0]]);
        for &class in &school.classes {
            self.class[class as usize] = [vec![NONE; periods], vec![NONE; periods]];
        }
        let teaches = school.teachers.iter().any(|&t| !model.teachers[t as usize].courses.is_empty());
        for week in 0..if self.parity_of_school[s] { model.weeks } else { 1 } {
            for time in 0..periods as u8 {
                let at = usize::from(time);
                let mine = |class: &&u32| came[**class as usize][week][at] > 0;
                let classes: Vec<u32> = school.classes.iter().filter(mine).copied().collect();
                let rooms: Vec<u16> = school
                    .receiving_rooms
                    .iter()
                    .filter(|room| room.free[week] >> time & 1 == 1)
                    .map(|room| room.size)
                    .collect();
                let masters =
                    school.master_rooms.iter().filter(|room| room.free[week] >> time & 1 == 1).count();
                let most = |carries: &dyn Fn(u32) -> bool, most: usize| {
                    (0..=most as u32).take_while(|&n| carries(n)).last().unwrap_or(0)
                };
                let come = most(&|n| model.link_carries(school, n, 0), rooms.len().min(classes.len()));
                let go = most(&|n| model.link_carries(school, 0, n), masters.min(school.teachers.len()));
                if (come as usize) < classes.len() {
                    let row = self.row(come.into());
                    scarce[week][at].push(Scarce { row, receive: 1.0, teach: 0.0, above: 0 });
                }
                // The rooms that are large enough for the larger classes.
                let mut sizes = rooms.clone();
                sizes.dedup();
                for &above in sizes.iter().skip(1) {
                    let large = rooms.iter().filter(|&&size| size > above).count();
                    let need =
                        classes.iter().filter(|&&class| model.classes[class as usize].size > above).count();
                    if large < need && large < come as usize {
                        let row = self.row(large as f64);
                        scarce[week][at].push(Scarce { row, receive: 1.0, teach: 0.0, above });
                    }
                }
                if teaches && (go as usize) < school.teachers.len() {
                    let row = self.row(go.into());
                    scarce[week][at].push(Scarce { row, receive: 0.0, teach: 1.0, above: 0 });
                }
                if teaches && !model.link_carries(school, come, go) && come > 0 {
                    let mut link = |most: u32, receive: u32, teach: u32| {
                        let of = f64::from(most.max(1));
                        let (receive, teach) = (f64::from(receive) / of, f64::from(teach) / of);
                        let row = self.row(if most == 0 { 0.0 } else { 1.0 });
                        scarce[week][at].push(Scarce { row, receive, teach, above: 0 });
                    };
                    link(school.down, model.receive_down, model.teach_down);
                    link(school.up, model.receive_up, model.teach_up);
                    if school.max_lessons < u32::MAX {
                        link(school.max_lessons, 1, 1);
                    }
                }
                // Where one class at a time is received, that says it for each class too.
                for &class in classes.iter().filter(|_| come > 1 || classes.len() == 1) {
                    let own = self.parity_of_class[class as usize] || week == 0;
                    if own && came[class as usize][week][at] > 1 {
                        self.class[class as usize][week][at] = self.row(1.0);
                    }
                }
            }
        }
        self.scarce.push(scarce);
    }

    /// Adds what a demand's reception takes, in its own period.
    pub fn reception(&self, model: &Model, demand: u32, time: u8, into: &mut Vec<Share>) {
        let d = &model.demands[demand as usize];
        let class = d.class as usize;
        let weeks = model.courses[d.course as usize].weeks;
        let size = model.classes[class].size;
        let at = usize::from(time);
        for week in said(weeks, self.parity_of_class[class]) {
            let row = self.class[class][week][at];
            if row != NONE {
                into.push((row, 1.0));
            }
        }
        for week in said(weeks, self.parity_of_school[d.school as usize]) {
            for scarce in &self.scarce[d.school as usize][week][at] {
                if scarce.receive > 0.0 && size > scarce.above {
                    into.push((scarce.row, scarce.receive));
                }
            }
        }
    }

    /// Adds what a lesson takes of its teacher and the master school.
    pub fn lesson(&self, model: &Model, teacher: u32, course: u32, time: u8, into: &mut Vec<Share>) {
        let t = teacher as usize;
        let weeks = model.courses[course as usize].weeks;
        let s = model.teachers[t].school as usize;
        let school = &model.schools[s];
        let weekday = usize::from(school.bells[usize::from(time)].weekday) - 1;
        for week in said(weeks, self.parity_of_teacher[t]) {
            into.push((self.load[t][week], 1.0));
            for row in [self.day[t][week][weekday], self.slot[t][week][usize::from(time)]] {
                if row != NONE {
                    into.push((row, 1.0));
                }
            }
        }
        for week in said(weeks, self.parity_of_school[s]) {
            for scarce in &self.scarce[s][week][usize::from(time)] {
                if scarce.teach > 0.0 {
                    into.push((scarce.row, scarce.teach));
                }
            }
        }
    }

    /// In how many rows of load a lesson of the course is counted.
    pub fn loads(&self, model: &Model, teacher: u32, course: u32) -> usize {
        said(model.courses[course as usize].weeks, self.parity_of_teacher[teacher as usize]).len()
    }

    /// The rows of a teacher's load.
    pub fn load(&self, teacher: u32) -> impl Iterator<Item = u32> {
        self.load[teacher as usize].into_iter().filter(|&row| row != NONE)
    }

    /// All that a group takes, each row once, in order.
    pub fn of(&self, model: &Model, column: &Column) -> Vec<Share> {
        let mut shares = Vec::new();
        for time in bits(column.times()) {
            self.lesson(model, column.teacher, column.course, time, &mut shares);
        }
        for &(demand, times) in &column.members {
            shares.push((self.demand[demand as usize], 1.0));
            let school = model.demands[demand as usize].school;
            for time in bits(times) {
                if let Some(met) = model.meeting(column.teacher, school, time) {
                    self.reception(model, demand, met.time, &mut shares);
                }
            }
        }
        shares.sort_unstable_by_key(|share| share.0);
        shares.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        shares
    }
}

/// The weeks whose rows a course's lesson is counted in: where weeks do not differ the first says it for all.
fn said(weeks: (usize, usize), parity: bool) -> std::ops::Range<usize> {
    if parity { weeks.0..weeks.1 } else { 0..1 }
}

/// For each class, week and own period: how many of its demands could be served then.
fn came(model: &Model) -> Vec<[Vec<u32>; 2]> {
    let mut came: Vec<[Vec<u32>; 2]> = model
        .classes
        .iter()
        .map(|class| {
            let periods = model.schools[class.school as usize].bells.len();
            [vec![0; periods], vec![0; periods]]
        })
        .collect();
    for demand in &model.demands {
        let course = &model.courses[demand.course as usize];
        let mut own: Mask = 0;
        for (i, &teacher) in course.teachers.iter().enumerate() {
            for time in bits(demand.masks[i]) {
                if let Some(met) = model.meeting(teacher, demand.school, time) {
                    own |= 1 << met.time;
                }
            }
        }
        for week in &mut came[demand.class as usize][course.weeks.0..course.weeks.1] {
            for time in bits(own) {
                week[usize::from(time)] += 1;
            }
        }
    }
    came
}
