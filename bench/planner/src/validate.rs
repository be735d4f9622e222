//! Checks a plan against its instance: every hard constraint of docs/planner.md, and the objectives anew.
//!
//! It shares nothing with the planner, on purpose: types, arithmetic and rooms are its own, and it looks at pairs and minutes
//! one by one where the planner counts.

use crate::form::{Demand, Instance, Lesson, Plan, Slot};
use std::collections::{BTreeMap, BTreeSet};

/// What the plan is worth, counted anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Worth {
    /// Periods a week.
    pub uncovered: f64,
    /// 0 to 1.
    pub worst_share: f64,
    /// Entries.
    pub changes: f64,
    /// Weights.
    pub wishes: f64,
}

const WEEKS: [&str; 2] = ["odd", "even"];

fn runs(weeks: &str, week: &str) -> bool {
    weeks == "every" || weeks == week
}

/// Violations, in words, and the objectives.
pub fn validate(of: &Instance, plan: &Plan) -> (Vec<String>, Worth) {
    let mut check = Check { of, plan, wrong: Vec::new() };
    check.pairings();
    for (i, lesson) in plan.lessons.iter().enumerate() {
        check.lesson(i, lesson);
    }
    check.at_once();
    check.rooms_and_links();
    check.loads();
    check.demands();
    let worth = check.worth();
    check.told(&worth);
    (check.wrong, worth)
}

struct Check<'a> {
    of: &'a Instance,
    plan: &'a Plan,
    wrong: Vec<String>,
}

/// Is `(weekday, period)` among the slots in that week?
fn among(slots: &[Slot], weekday: u8, period: u8, week: &str) -> bool {
    slots.iter().any(|slot| slot.weekday == weekday && slot.period == period && runs(&slot.weeks, week))
}

fn free(free: Option<&Vec<Slot>>, blocked: &[Slot], weekday: u8, period: u8, week: &str) -> bool {
    free.is_none_or(|free| among(free, weekday, period, week)) && !among(blocked, weekday, period, week)
}

impl Check<'_> {
    fn say(&mut self, what: String) {
        self.wrong.push(what);
    }

    fn demand(&self, class: &str, subject: &str) -> Option<&Demand> {
        self.of.demands.iter().find(|d| d.class == class && d.subject == subject)
    }

    fn bell(&self, school: &str, weekday: u8, period: u8) -> Option<(u16, u16)> {
        let school = self.of.schools.iter().find(|s| s.id == school)?;
        let tables = school.bells.iter().filter(|table| table.weekdays.contains(&weekday));
        let mut periods = tables.flat_map(|table| &table.periods);
        periods.find(|p| p.period == period).map(|p| (p.start_minute, p.end_minute))
    }

    fn pairings(&mut self) {
        let mut seen = BTreeSet::new();
        for pairing in &self.plan.pairings {
            let id = &pairing.id;
            let Some(teacher) = self.of.teachers.iter().find(|t| t.id == pairing.teacher) else {
                self.say(format!("pairing {id}: unknown teacher"));
                continue;
            };
            if pairing.classes.is_empty() || pairing.classes.len() > usize::from(self.of.max_receiving) {
                self.say(format!("pairing {id}: {} classes", pairing.classes.len()));
            }
            let able = teacher.teaches.iter().any(|can| {
                can.subject == pairing.subject
                    && can.grades.contains(&pairing.grade)
                    && can.editions.contains(&pairing.edition)
            });
            if !able {
                self.say(format!("pairing {id}: {} does not teach that", pairing.teacher));
            }
            let mut progress: Vec<u32> = Vec::new();
            for class in &pairing.classes {
                if !seen.insert((class.clone(), pairing.subject.clone())) {
                    self.say(format!("pairing {id}: {class} has two pairings of {}", pairing.subject));
                }
                let grade = self.of.classes.iter().find(|c| c.id == *class).map(|c| c.grade);
                match self.demand(class, &pairing.subject) {
                    Some(demand)
                        if grade == Some(pairing.grade)
                            && demand.edition == pairing.edition
                            && demand.weeks == pairing.weeks =>
                    {
                        progress.extend(demand.progress);
                    }
                    _ => self.say(format!("pairing {id}: {class} has no such demand")),
                }
            }
            if let (Some(most), Some(low), Some(high)) =
                (self.of.max_progress_difference, progress.iter().min(), progress.iter().max())
                && high - low > most
            {
                self.say(format!("pairing {id}: progress differs by {}", high - low));
            }
            let room = self.of.master_rooms.iter().find(|r| r.id == pairing.room);
            if room.is_none_or(|room| room.school != teacher.school) {
                self.say(format!("pairing {id}: room {} is not the teacher's school's", pairing.room));
            }
        }
    }

    fn lesson(&mut self, i: usize, lesson: &Lesson) {
        let Some(pairing) = self.plan.pairings.iter().find(|p| p.id == lesson.pairing) else {
            return self.say(format!("lesson {i}: unknown pairing"));
        };
        if pairing.teacher != lesson.teacher || pairing.weeks != lesson.weeks {
            self.say(format!("lesson {i}: not as its pairing says"));
        }
        let (start, end) = (lesson.start_minute, lesson.end_minute);
        if end != start + self.of.lesson_minutes {
            self.say(format!("lesson {i}: from {start} to {end}"));
        }
        let inside = |bell: Option<(u16, u16)>| bell.is_some_and(|(from, to)| from <= start && end <= to);
        let Some(teacher) = self.of.teachers.iter().find(|t| t.id == lesson.teacher) else { return };
        if !inside(self.bell(&teacher.school, lesson.weekday, lesson.period)) {
            self.say(format!("lesson {i}: outside the master school's period"));
        }
        let room = self.of.master_rooms.iter().find(|r| r.id == lesson.room);
        let most =
            room.and_then(|r| r.max_receiving).unwrap_or(self.of.max_receiving).min(self.of.max_receiving);
        if lesson.receiving.is_empty() || lesson.receiving.len() > usize::from(most) {
            self.say(format!("lesson {i}: {} classes, {most} allowed", lesson.receiving.len()));
        }
        for week in WEEKS.into_iter().filter(|week| runs(&lesson.weeks, week)) {
            if !free(teacher.free.as_ref(), &teacher.blocked, lesson.weekday, lesson.period, week) {
                self.say(format!("lesson {i}: {} is not free", lesson.teacher));
            }
            let room_free = room.is_some_and(|room| {
                room.school == teacher.school
                    && free(room.free.as_ref(), &room.blocked, lesson.weekday, lesson.period, week)
            });
            if !room_free {
                self.say(format!("lesson {i}: master room {} is not free", lesson.room));
            }
            for receiving in &lesson.receiving {
                let Some(class) = self.of.classes.iter().find(|c| c.id == receiving.class) else {
                    self.say(format!("lesson {i}: unknown class {}", receiving.class));
                    continue;
                };
                if !pairing.classes.contains(&receiving.class) {
                    self.say(format!("lesson {i}: {} is not in the pairing", receiving.class));
                }
                if !inside(self.bell(&class.school, lesson.weekday, receiving.period)) {
                    self.say(format!("lesson {i}: outside the period of {}", receiving.class));
                }
                if among(&class.occupied, lesson.weekday, receiving.period, week) {
                    self.say(format!("lesson {i}: {} is taught on site", receiving.class));
                }
                let room = self.of.receiving_rooms.iter().find(|r| r.id == receiving.room);
                let fits = room.is_some_and(|room| {
                    room.school == class.school
                        && room.seats.is_none_or(|seats| seats >= class.size)
                        && free(room.free.as_ref(), &room.blocked, lesson.weekday, receiving.period, week)
                });
                if !fits {
                    self.say(format!("lesson {i}: receiving room {} does not do", receiving.room));
                }
            }
        }
    }

    /// Pairs of lessons that run at the same real minutes share nobody and no room.
    fn at_once(&mut self) {
        let lessons = &self.plan.lessons;
        let mut wrong = Vec::new();
        for (i, a) in lessons.iter().enumerate() {
            for (j, b) in lessons.iter().enumerate().take(i) {
                let meet = a.weekday == b.weekday
                    && a.start_minute < b.end_minute
                    && b.start_minute < a.end_minute
                    && WEEKS.iter().any(|week| runs(&a.weeks, week) && runs(&b.weeks, week));
                if !meet {
                    continue;
                }
                if a.teacher == b.teacher {
                    wrong.push(format!("lessons {j} and {i}: {} twice at once", a.teacher));
                }
                if a.room == b.room {
                    wrong.push(format!("lessons {j} and {i}: master room {} twice at once", a.room));
                }
                for x in &a.receiving {
                    for y in &b.receiving {
                        if x.class == y.class {
                            wrong.push(format!("lessons {j} and {i}: {} twice at once", x.class));
                        }
                        if x.room == y.room {
                            wrong.push(format!(
                                "lessons {j} and {i}: receiving room {} twice at once",
                                x.room
                            ));
                        }
                    }
                }
            }
            for (n, x) in a.receiving.iter().enumerate() {
                if a.receiving[..n].iter().any(|y| x.class == y.class || x.room == y.room) {
                    wrong.push(format!("lesson {i}: {} or its room twice", x.class));
                }
            }
        }
        self.wrong.extend(wrong);
    }

    /// Links and nodes, at every moment at which a lesson begins.
    fn rooms_and_links(&mut self) {
        let school_of_class: BTreeMap<&str, &str> =
            self.of.classes.iter().map(|c| (c.id.as_str(), c.school.as_str())).collect();
        let school_of_teacher: BTreeMap<&str, &str> =
            self.of.teachers.iter().map(|t| (t.id.as_str(), t.school.as_str())).collect();
        let mut wrong = Vec::new();
        for week in WEEKS {
            for weekday in 1..=7 {
                let today: Vec<&Lesson> = self
                    .plan
                    .lessons
                    .iter()
                    .filter(|lesson| lesson.weekday == weekday && runs(&lesson.weeks, week))
                    .collect();
                let moments: BTreeSet<u16> = today.iter().map(|lesson| lesson.start_minute).collect();
                for minute in moments {
                    let now = today.iter().filter(|l| l.start_minute <= minute && minute < l.end_minute);
                    let (mut running, mut at) = (0, BTreeMap::<&str, (u64, u64)>::new());
                    for lesson in now {
                        running += 1;
                        if let Some(school) = school_of_teacher.get(lesson.teacher.as_str()) {
                            at.entry(school).or_default().1 += 1;
                        }
                        for receiving in &lesson.receiving {
                            if let Some(school) = school_of_class.get(receiving.class.as_str()) {
                                at.entry(school).or_default().0 += 1;
                            }
                        }
                    }
                    if running > self.of.node_lessons {
                        wrong.push(format!(
                            "{week} week, weekday {weekday}, minute {minute}: {running} lessons"
                        ));
                    }
                    for school in &self.of.schools {
                        let Some(&(received, taught)) = at.get(school.id.as_str()) else { continue };
                        let traffic = &self.of.traffic;
                        let down = received * traffic.receive_down_kbps + taught * traffic.teach_down_kbps;
                        let up = received * traffic.receive_up_kbps + taught * traffic.teach_up_kbps;
                        let too_many = school.link.max_lessons.is_some_and(|most| received + taught > most);
                        if down > school.link.down_kbps || up > school.link.up_kbps || too_many {
                            wrong.push(format!("{}: link, weekday {weekday}, minute {minute}", school.id));
                        }
                    }
                }
            }
        }
        self.wrong.extend(wrong);
    }

    fn loads(&mut self) {
        let mut wrong = Vec::new();
        for teacher in &self.of.teachers {
            for week in WEEKS {
                let mut days = [0u32; 8];
                for lesson in &self.plan.lessons {
                    if lesson.teacher == teacher.id && runs(&lesson.weeks, week) {
                        days[usize::from(lesson.weekday)] += 1;
                    }
                }
                let day = days.iter().copied().max().unwrap_or(0);
                if days.iter().sum::<u32>() > teacher.max_lessons_a_week
                    || teacher.max_lessons_a_day.is_some_and(|most| day > most)
                {
                    wrong.push(format!("{}: too many lessons", teacher.id));
                }
            }
        }
        self.wrong.extend(wrong);
    }

    /// The (weekday, own period) that a demand attends.
    fn attended(&self, demand: &Demand) -> Vec<(u8, u8)> {
        let mut attended = Vec::new();
        for pairing in &self.plan.pairings {
            if pairing.subject != demand.subject || !pairing.classes.contains(&demand.class) {
                continue;
            }
            for lesson in self.plan.lessons.iter().filter(|lesson| lesson.pairing == pairing.id) {
                let mine = lesson.receiving.iter().filter(|r| r.class == demand.class);
                attended.extend(mine.map(|receiving| (lesson.weekday, receiving.period)));
            }
        }
        attended
    }

    fn demands(&mut self) {
        let mut wrong = Vec::new();
        for demand in &self.of.demands {
            let attended = self.attended(demand);
            let (class, subject) = (&demand.class, &demand.subject);
            if attended.len() > usize::from(demand.prescribed - demand.on_site) {
                wrong.push(format!("{class} {subject}: more than is missing"));
            }
            for weekday in 1..=7 {
                let today: Vec<u8> = attended.iter().filter(|a| a.0 == weekday).map(|a| a.1).collect();
                if today.len() > usize::from(demand.max_a_day) {
                    wrong.push(format!("{class} {subject}: {} on weekday {weekday}", today.len()));
                }
                let Some(school) = self.of.classes.iter().find(|c| c.id == *class).map(|c| &c.school) else {
                    continue;
                };
                let order = |period: u8| {
                    let mine = self.bell(school, weekday, period).map_or(0, |bell| bell.0);
                    let earlier =
                        |&&other: &&u8| self.bell(school, weekday, other).is_some_and(|bell| bell.0 < mine);
                    (0..=u8::MAX).collect::<Vec<_>>().iter().filter(earlier).count()
                };
                let neighbours = today.len() > 1
                    && today
                        .iter()
                        .any(|&a| today.iter().any(|&b| a != b && order(a).abs_diff(order(b)) == 1));
                if neighbours && !demand.consecutive {
                    wrong.push(format!("{class} {subject}: neighbouring periods on weekday {weekday}"));
                }
            }
        }
        self.wrong.extend(wrong);
    }

    /// Could any able teacher serve the demand at any time, if there were nothing else?
    fn reachable(&self, demand: &Demand) -> bool {
        let Some(class) = self.of.classes.iter().find(|c| c.id == demand.class) else { return false };
        let Some(school) = self.of.schools.iter().find(|s| s.id == class.school) else { return false };
        let traffic = &self.of.traffic;
        let carries = |link: &crate::form::Link, down: u64, up: u64| {
            link.max_lessons != Some(0) && down <= link.down_kbps && up <= link.up_kbps
        };
        if !carries(&school.link, traffic.receive_down_kbps, traffic.receive_up_kbps) {
            return false;
        }
        self.of.teachers.iter().any(|teacher| {
            let able = teacher.teaches.iter().any(|can| {
                can.subject == demand.subject
                    && can.grades.contains(&class.grade)
                    && can.editions.contains(&demand.edition)
            });
            let Some(master) = self.of.schools.iter().find(|s| s.id == teacher.school) else { return false };
            if !able
                || teacher.max_lessons_a_week == 0
                || teacher.max_lessons_a_day == Some(0)
                || !carries(&master.link, traffic.teach_down_kbps, traffic.teach_up_kbps)
            {
                return false;
            }
            (1..=7).any(|weekday| {
                let of = |school: &crate::form::School| -> Vec<(u8, u16, u16)> {
                    let tables = school.bells.iter().filter(|table| table.weekdays.contains(&weekday));
                    tables
                        .flat_map(|table| &table.periods)
                        .map(|p| (p.period, p.start_minute, p.end_minute))
                        .collect()
                };
                of(master).iter().any(|&(theirs, from, to)| {
                    of(school).iter().any(|&(own, own_from, own_to)| {
                        to.min(own_to) >= from.max(own_from) + self.of.lesson_minutes
                            && self.all_free(demand, class, teacher, weekday, theirs, own)
                    })
                })
            })
        })
    }

    fn all_free(
        &self,
        demand: &Demand,
        class: &crate::form::Class,
        teacher: &crate::form::Teacher,
        weekday: u8,
        theirs: u8,
        own: u8,
    ) -> bool {
        let everybody = WEEKS.into_iter().filter(|week| runs(&demand.weeks, week)).all(|week| {
            free(teacher.free.as_ref(), &teacher.blocked, weekday, theirs, week)
                && !among(&class.occupied, weekday, own, week)
        });
        // A room must be free in all weeks.
        let in_both = |slots: Option<&Vec<Slot>>, blocked: &[Slot], period: u8| {
            WEEKS.into_iter().all(|week| free(slots, blocked, weekday, period, week))
        };
        let master =
            self.of.master_rooms.iter().any(|room| {
                room.school == teacher.school && in_both(room.free.as_ref(), &room.blocked, theirs)
            });
        let receiving = self.of.receiving_rooms.iter().any(|room| {
            room.school == class.school
                && room.seats.is_none_or(|seats| seats >= class.size)
                && in_both(room.free.as_ref(), &room.blocked, own)
        });
        everybody && master && receiving
    }

    fn worth(&self) -> Worth {
        let mut worth = Worth { uncovered: 0.0, worst_share: 1.0, changes: 0.0, wishes: 0.0 };
        let mut schools: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for demand in &self.of.demands {
            let weight = if demand.weeks == "every" { 1.0 } else { 0.5 };
            let wanted = f64::from(demand.prescribed - demand.on_site);
            let served = self.attended(demand).len() as f64;
            worth.uncovered += weight * (wanted - served);
            if wanted > 0.0 && self.reachable(demand) {
                let school =
                    self.of.classes.iter().find(|c| c.id == demand.class).map_or("", |c| c.school.as_str());
                let entry = schools.entry(school).or_default();
                entry.0 += weight * served;
                entry.1 += weight * wanted;
            }
        }
        for (served, reachable) in schools.into_values() {
            worth.worst_share = worth.worst_share.min(served / reachable);
        }
        let mut wanted = BTreeSet::new();
        for pairing in &self.of.existing.pairings {
            wanted.extend(
                pairing.classes.iter().map(|class| (&pairing.teacher, class, &pairing.subject, None)),
            );
        }
        for lesson in &self.of.existing.lessons {
            let at = Some((lesson.weekday, lesson.period));
            wanted.extend(lesson.classes.iter().map(|class| (&lesson.teacher, class, &lesson.subject, at)));
        }
        for (teacher, class, subject, at) in wanted {
            let kept = self.plan.pairings.iter().any(|pairing| {
                let agreed = pairing.teacher == *teacher
                    && pairing.subject == *subject
                    && pairing.classes.contains(class);
                agreed
                    && at.is_none_or(|at| {
                        self.plan.lessons.iter().any(|lesson| {
                            lesson.pairing == pairing.id
                                && (lesson.weekday, lesson.period) == at
                                && lesson.receiving.iter().any(|r| r.class == *class)
                        })
                    })
            });
            worth.changes += f64::from(u8::from(!kept));
        }
        for lesson in &self.plan.lessons {
            let weight = if lesson.weeks == "every" { 1.0 } else { 0.5 };
            let Some(teacher) = self.of.teachers.iter().find(|t| t.id == lesson.teacher) else { continue };
            for wish in &teacher.wishes {
                if wish.weekday == lesson.weekday && wish.period == lesson.period {
                    worth.wishes += weight * f64::from(wish.weight);
                }
            }
        }
        worth
    }

    /// Does the plan say the same of itself?
    fn told(&mut self, worth: &Worth) {
        let told = &self.plan.objectives;
        for (name, told, counted) in [
            ("uncovered periods", &told.uncovered_periods, worth.uncovered),
            ("worst school share", &told.worst_school_share, worth.worst_share),
            ("changes", &told.changes, worth.changes),
            ("wishes", &told.wishes, worth.wishes),
        ] {
            if (told.value - counted).abs() > 1e-6 {
                self.say(format!("{name}: the plan says {}, counted are {counted}", told.value));
            }
            let beyond = match name {
                "worst school share" => told.value > told.bound + 1e-6,
                _ => told.value < told.bound - 1e-6,
            };
            if beyond {
                self.say(format!("{name}: {} is better than its bound {}", told.value, told.bound));
            }
        }
        let short: Vec<(String, String)> = self
            .of
            .demands
            .iter()
            .filter(|d| self.attended(d).len() < usize::from(d.prescribed - d.on_site))
            .map(|d| (d.class.clone(), d.subject.clone()))
            .collect();
        for (class, subject) in short {
            let told = self.plan.unserved.iter().any(|u| u.class == class && u.subject == subject);
            if !told {
                self.say(format!("{class} {subject} is not served in full, and not listed as unserved"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
