//! Reads an instance and says everything that is wrong with it, each fault by its JSON path, in plain words.
//!
//! What passes here the rest of the crate takes for granted: every name is known, every number within its bounds.

use crate::instance::{
    Bells, Instance, MAX_CLASSES, MAX_DEMANDS, MAX_EXISTING, MAX_GRADE, MAX_ID_BYTES, MAX_INSTANCE_BYTES,
    MAX_PERIODS_A_DAY, MAX_PERIODS_A_WEEK, MAX_QUALIFICATIONS, MAX_QUANTITY, MAX_RECEIVING, MAX_ROOMS,
    MAX_SCHOOLS, MAX_TEACHERS, MAX_TIMES, MAX_WISH, School, Time, VERSION,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Faults beyond so many are only counted.
pub const MAX_FAULTS: usize = 50;
const MINUTES_A_DAY: u16 = 24 * 60;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as in `classes[3].school`.
    pub path: String,
    /// What, in English.
    pub what: String,
}

/// Why an instance cannot be planned.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// Too long to be read.
    #[error(
        "实例文件有 {0} 字节，超过上限 {MAX_INSTANCE_BYTES}；请分县导出。The instance has {0} bytes, more than {MAX_INSTANCE_BYTES}; export county by county."
    )]
    TooLong(usize),
    /// Not JSON, or not of this form.
    #[error(
        "实例不是约定的 JSON：{0}；请对照 docs/planner.md 修改。The instance is not the JSON of docs/planner.md: {0}"
    )]
    Form(#[from] serde_json::Error),
    /// Well-formed, and wrong.
    #[error("{}", said(.0, *.1))]
    Faults(Vec<Fault>, usize),
}

fn said(faults: &[Fault], more: usize) -> String {
    let mut text = format!(
        "实例有 {} 处错误，请逐条修改后重试。The instance has {} faults; mend them and try again:",
        faults.len() + more,
        faults.len() + more
    );
    for fault in faults {
        text.push_str(&format!("\n  {}: {}", fault.path, fault.what));
    }
    if more > 0 {
        text.push_str(&format!("\n  … 还有 {more} 处 / and {more} more"));
    }
    text
}

/// Reads an instance from JSON and checks it.
pub fn read(json: &[u8]) -> Result<Instance, InstanceError> {
    if json.len() > MAX_INSTANCE_BYTES {
        return Err(InstanceError::TooLong(json.len()));
    }
    let instance: Instance = serde_json::from_slice(json)?;
    check(&instance)?;
    Ok(instance)
}

/// Checks an instance.
pub fn check(instance: &Instance) -> Result<(), InstanceError> {
    let mut faults = Faults::default();
    faults.sizes(instance);
    if faults.list.is_empty() {
        faults.contents(instance);
    }
    match faults.list.is_empty() {
        true => Ok(()),
        false => Err(InstanceError::Faults(faults.list, faults.more)),
    }
}

#[derive(Default)]
struct Faults {
    list: Vec<Fault>,
    more: usize,
}

/// The periods of a school: (weekday, period).
type Periods = BTreeSet<(u8, u8)>;

impl Faults {
    fn add(&mut self, path: impl Display, what: impl Into<String>) {
        match self.list.len() < MAX_FAULTS {
            true => self.list.push(Fault { path: path.to_string(), what: what.into() }),
            false => self.more += 1,
        }
    }

    fn count(&mut self, path: impl Display, count: usize, max: usize) {
        if count > max {
            self.add(path, format!("has {count} entries, at most {max} are allowed"));
        }
    }

    fn range<N: PartialOrd + Display + Copy>(&mut self, path: impl Display, value: N, low: N, high: N) {
        if value < low || value > high {
            self.add(path, format!("is {value}, must be from {low} to {high}"));
        }
    }

    fn sizes(&mut self, of: &Instance) {
        if of.version != VERSION {
            self.add("version", format!("is {}, this planner reads version {VERSION}", of.version));
        }
        self.count("schools", of.schools.len(), MAX_SCHOOLS);
        self.count("classes", of.classes.len(), MAX_CLASSES);
        self.count("teachers", of.teachers.len(), MAX_TEACHERS);
        self.count("master_rooms", of.master_rooms.len(), MAX_ROOMS);
        self.count("receiving_rooms", of.receiving_rooms.len(), MAX_ROOMS);
        self.count("demands", of.demands.len(), MAX_DEMANDS);
        self.count("existing.pairings", of.existing.pairings.len(), MAX_EXISTING);
        self.count("existing.lessons", of.existing.lessons.len(), MAX_EXISTING);
    }

    fn ids<'a>(&mut self, list: &str, ids: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
        let mut known = BTreeMap::new();
        for (i, id) in ids.enumerate() {
            if id.is_empty() || id.len() > MAX_ID_BYTES {
                self.add(format!("{list}[{i}].id"), format!("must have 1 to {MAX_ID_BYTES} bytes"));
            } else if let Some(first) = known.insert(id, i) {
                self.add(format!("{list}[{i}].id"), format!("\"{id}\" is also the id of {list}[{first}]"));
            }
        }
        known
    }

    fn known(
        &mut self,
        path: impl Display,
        what: &str,
        id: &str,
        known: &BTreeMap<&str, usize>,
    ) -> Option<usize> {
        let found = known.get(id).copied();
        if found.is_none() {
            self.add(path, format!("there is no {what} \"{}\"", short(id)));
        }
        found
    }

    fn name(&mut self, path: impl Display, name: &str) {
        if name.is_empty() || name.len() > MAX_ID_BYTES {
            self.add(path, format!("must have 1 to {MAX_ID_BYTES} bytes"));
        }
    }

    fn bells(&mut self, at: &str, bells: &[Bells]) -> Periods {
        let mut periods = Periods::new();
        self.count(format!("{at}.bells"), bells.len(), 7);
        for (b, table) in bells.iter().take(7).enumerate() {
            let at = format!("{at}.bells[{b}]");
            self.count(format!("{at}.periods"), table.periods.len(), MAX_PERIODS_A_DAY);
            self.count(format!("{at}.weekdays"), table.weekdays.len(), 7);
            let mut sorted: Vec<_> = table.periods.iter().take(MAX_PERIODS_A_DAY).enumerate().collect();
            sorted.sort_by_key(|(_, p)| p.start_minute);
            for (i, period) in &sorted {
                self.range(format!("{at}.periods[{i}].end_minute"), period.end_minute, 1, MINUTES_A_DAY);
                if period.start_minute >= period.end_minute {
                    self.add(format!("{at}.periods[{i}]"), "ends before it begins");
                }
            }
            for pair in sorted.windows(2) {
                if pair[0].1.end_minute > pair[1].1.start_minute {
                    self.add(
                        format!("{at}.periods[{}]", pair[1].0),
                        format!("overlaps periods[{}]", pair[0].0),
                    );
                }
            }
            for (d, &weekday) in table.weekdays.iter().take(7).enumerate() {
                self.range(format!("{at}.weekdays[{d}]"), weekday, 1, 7);
                for (i, period) in &sorted {
                    if !periods.insert((weekday, period.period)) {
                        let what = format!(
                            "weekday {weekday} has a period {} already at this school",
                            period.period
                        );
                        self.add(format!("{at}.periods[{i}].period"), what);
                    }
                }
            }
        }
        // A weekday of two tables: its periods must not overlap either.
        for weekday in 1..=7 {
            let of: Vec<_> = bells.iter().take(7).filter(|b| b.weekdays.contains(&weekday)).collect();
            if of.len() > 1 {
                self.add(
                    format!("{at}.bells"),
                    format!("weekday {weekday} has more than one list of periods"),
                );
            }
        }
        periods
    }

    fn times(&mut self, path: &str, times: &[Time], periods: Option<&Periods>) {
        self.count(path, times.len(), MAX_TIMES);
        for (i, time) in times.iter().take(MAX_TIMES).enumerate() {
            self.time(format!("{path}[{i}]"), time.weekday, time.period, periods);
        }
    }

    fn time(&mut self, path: impl Display, weekday: u8, period: u8, periods: Option<&Periods>) {
        if periods.is_some_and(|known| !known.contains(&(weekday, period))) {
            self.add(path, format!("the school has no period {period} on weekday {weekday}"));
        }
    }

    fn contents(&mut self, of: &Instance) {
        self.range("lesson_minutes", of.lesson_minutes, 5, 240);
        self.range("max_receiving", of.max_receiving, 1, MAX_RECEIVING);
        self.range("node_lessons", of.node_lessons, 0, MAX_QUANTITY);
        let traffic = &of.traffic;
        for (name, value) in [
            ("receive_down_kbps", traffic.receive_down_kbps),
            ("receive_up_kbps", traffic.receive_up_kbps),
            ("teach_down_kbps", traffic.teach_down_kbps),
            ("teach_up_kbps", traffic.teach_up_kbps),
        ] {
            self.range(format!("traffic.{name}"), value, 0, MAX_QUANTITY);
        }
        let schools = self.ids("schools", of.schools.iter().map(|s| s.id.as_str()));
        let periods: Vec<Periods> = of.schools.iter().enumerate().map(|(i, s)| self.school(i, s)).collect();
        self.people(of, &schools, &periods);
        self.rooms(of, &schools, &periods);
        self.demands(of, &periods, &schools);
    }

    fn school(&mut self, i: usize, school: &School) -> Periods {
        let at = format!("schools[{i}]");
        self.range(format!("{at}.link.down_kbps"), school.link.down_kbps, 0, MAX_QUANTITY);
        self.range(format!("{at}.link.up_kbps"), school.link.up_kbps, 0, MAX_QUANTITY);
        self.bells(&at, &school.bells)
    }

    fn people(&mut self, of: &Instance, schools: &BTreeMap<&str, usize>, periods: &[Periods]) {
        for (i, class) in of.classes.iter().enumerate() {
            let at = format!("classes[{i}]");
            let school = self.known(format!("{at}.school"), "school", &class.school, schools);
            self.range(format!("{at}.grade"), class.grade, 1, MAX_GRADE);
            self.times(&format!("{at}.occupied"), &class.occupied, school.map(|s| &periods[s]));
        }
        for (i, teacher) in of.teachers.iter().enumerate() {
            let at = format!("teachers[{i}]");
            let school = self.known(format!("{at}.school"), "school", &teacher.school, schools);
            let periods = school.map(|s| &periods[s]);
            self.count(format!("{at}.teaches"), teacher.teaches.len(), MAX_QUALIFICATIONS);
            for (q, can) in teacher.teaches.iter().take(MAX_QUALIFICATIONS).enumerate() {
                let at = format!("{at}.teaches[{q}]");
                self.name(format!("{at}.subject"), &can.subject);
                self.count(format!("{at}.grades"), can.grades.len(), MAX_QUALIFICATIONS);
                self.count(format!("{at}.editions"), can.editions.len(), MAX_QUALIFICATIONS);
                for (g, &grade) in can.grades.iter().take(MAX_QUALIFICATIONS).enumerate() {
                    self.range(format!("{at}.grades[{g}]"), grade, 1, MAX_GRADE);
                }
                for (e, edition) in can.editions.iter().take(MAX_QUALIFICATIONS).enumerate() {
                    self.name(format!("{at}.editions[{e}]"), edition);
                }
            }
            self.times(&format!("{at}.blocked"), &teacher.blocked, periods);
            if let Some(free) = &teacher.free {
                self.times(&format!("{at}.free"), free, periods);
            }
            self.count(format!("{at}.wishes"), teacher.wishes.len(), MAX_TIMES);
            for (w, wish) in teacher.wishes.iter().take(MAX_TIMES).enumerate() {
                self.range(format!("{at}.wishes[{w}].weight"), wish.weight, 1, MAX_WISH);
                self.time(format!("{at}.wishes[{w}]"), wish.weekday, wish.period, periods);
            }
        }
    }

    fn rooms(&mut self, of: &Instance, schools: &BTreeMap<&str, usize>, periods: &[Periods]) {
        self.ids("master_rooms", of.master_rooms.iter().map(|r| r.id.as_str()));
        for (i, room) in of.master_rooms.iter().enumerate() {
            let at = format!("master_rooms[{i}]");
            let school = self.known(format!("{at}.school"), "school", &room.school, schools);
            if let Some(max) = room.max_receiving {
                self.range(format!("{at}.max_receiving"), max, 1, MAX_RECEIVING);
            }
            self.times(&format!("{at}.blocked"), &room.blocked, school.map(|s| &periods[s]));
            if let Some(free) = &room.free {
                self.times(&format!("{at}.free"), free, school.map(|s| &periods[s]));
            }
        }
        self.ids("receiving_rooms", of.receiving_rooms.iter().map(|r| r.id.as_str()));
        for (i, room) in of.receiving_rooms.iter().enumerate() {
            let at = format!("receiving_rooms[{i}]");
            let school = self.known(format!("{at}.school"), "school", &room.school, schools);
            self.times(&format!("{at}.blocked"), &room.blocked, school.map(|s| &periods[s]));
            if let Some(free) = &room.free {
                self.times(&format!("{at}.free"), free, school.map(|s| &periods[s]));
            }
        }
    }

    fn demands(&mut self, of: &Instance, periods: &[Periods], schools: &BTreeMap<&str, usize>) {
        let classes = self.ids("classes", of.classes.iter().map(|c| c.id.as_str()));
        let teachers = self.ids("teachers", of.teachers.iter().map(|t| t.id.as_str()));
        let mut seen = BTreeMap::new();
        for (i, demand) in of.demands.iter().enumerate() {
            let at = format!("demands[{i}]");
            self.known(format!("{at}.class"), "class", &demand.class, &classes);
            self.name(format!("{at}.subject"), &demand.subject);
            self.name(format!("{at}.edition"), &demand.edition);
            self.range(format!("{at}.prescribed"), demand.prescribed, 0, MAX_PERIODS_A_WEEK);
            self.range(format!("{at}.on_site"), demand.on_site, 0, demand.prescribed);
            self.range(format!("{at}.max_a_day"), demand.max_a_day, 1, MAX_PERIODS_A_DAY as u8);
            if let Some(first) = seen.insert((demand.class.as_str(), demand.subject.as_str()), i) {
                self.add(&at, format!("the same class and subject as demands[{first}]"));
            }
        }
        for (i, pairing) in of.existing.pairings.iter().enumerate() {
            let at = format!("existing.pairings[{i}]");
            self.known(format!("{at}.teacher"), "teacher", &pairing.teacher, &teachers);
            self.members(&at, &pairing.classes, &classes);
        }
        for (i, lesson) in of.existing.lessons.iter().enumerate() {
            let at = format!("existing.lessons[{i}]");
            self.members(&at, &lesson.classes, &classes);
            let teacher = self.known(format!("{at}.teacher"), "teacher", &lesson.teacher, &teachers);
            let school = teacher.and_then(|t| schools.get(of.teachers[t].school.as_str()));
            self.time(at, lesson.weekday, lesson.period, school.map(|&s| &periods[s]));
        }
    }

    fn members(&mut self, at: &str, members: &[String], classes: &BTreeMap<&str, usize>) {
        self.count(format!("{at}.classes"), members.len(), MAX_RECEIVING.into());
        for (c, class) in members.iter().take(MAX_RECEIVING.into()).enumerate() {
            self.known(format!("{at}.classes[{c}]"), "class", class, classes);
        }
    }
}

fn short(id: &str) -> &str {
    let end = (0..=id.len().min(40)).rev().find(|&i| id.is_char_boundary(i)).unwrap_or(0);
    &id[..end]
}
