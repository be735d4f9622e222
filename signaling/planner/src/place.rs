//! May a class come to a lesson, may a teacher give one more? Every hard constraint of docs/planner.md is asked here,
//! and the first that says no is named: the search wants only the yes, the explanations want the name.

use crate::model::{Mask, Model, NONE, bits};
use crate::state::{Group, State};

/// Which constraint stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Obstacle {
    /// The class has another delivered lesson then.
    ClassBusy,
    /// No receiving room of the school is left then.
    ReceivingRooms,
    /// The receiving school's link is full then.
    ReceivingLink,
    /// As many periods of this subject as a day may have.
    Day,
    /// The bell times of those who come have too little in common.
    Bells,
    /// The lesson, or its room, has as many classes as it may have.
    GroupFull,
    /// The classes are too far apart in the book.
    Progress,
    /// The teacher has another delivered lesson then.
    TeacherBusy,
    /// The teacher's week, or day, is full.
    Load,
    /// No master room is left then.
    MasterRooms,
    /// The master school's link is full then.
    MasterLink,
    /// The nodes are full then.
    Nodes,
}

impl State {
    fn at(model: &Model, school: u32, week: usize, time: u8) -> usize {
        let school = &model.schools[school as usize];
        school.base + week * school.bells.len() + usize::from(time)
    }

    /// May the class of a demand receive in its own period `time`?
    pub fn may_receive(&self, model: &Model, demand: u32, time: u8) -> Result<(), Obstacle> {
        let d = &model.demands[demand as usize];
        let weeks = model.courses[d.course as usize].weeks;
        let school = &model.schools[d.school as usize];
        for week in weeks.0..weeks.1 {
            if self.receiving[d.class as usize][week] >> time & 1 == 1 {
                return Err(Obstacle::ClassBusy);
            }
            let at = Self::at(model, d.school, week, time);
            if !self.seats(model, d.school, d.class, week, time) {
                return Err(Obstacle::ReceivingRooms);
            }
            if !model.link_carries(school, u32::from(self.received[at]) + 1, u32::from(self.taught[at])) {
                return Err(Obstacle::ReceivingLink);
            }
        }
        Ok(())
    }

    /// Is there a room for one more class? Rooms stand largest first, so the k-th largest class must fit into the k-th room.
    fn seats(&self, model: &Model, school: u32, class: u32, week: usize, time: u8) -> bool {
        let of = &model.schools[school as usize];
        let free = of.receiving_rooms.iter().filter(|room| room.free[week] >> time & 1 == 1);
        if !of.seats_matter {
            return free.count() > usize::from(self.received[Self::at(model, school, week, time)]);
        }
        let mut sizes: Vec<u16> = of
            .classes
            .iter()
            .filter(|&&other| other == class || self.receiving[other as usize][week] >> time & 1 == 1)
            .map(|&other| model.classes[other as usize].size)
            .collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let mut free = free;
        sizes.iter().all(|&size| free.next().is_some_and(|room| room.size >= size))
    }

    /// Is there a master room for each lesson of the school then, if this teacher's has `size` classes?
    fn master_rooms(&self, model: &Model, teacher: u32, week: usize, time: u8, size: u16) -> bool {
        let school = model.teachers[teacher as usize].school;
        let of = &model.schools[school as usize];
        let mut free = of.master_rooms.iter().filter(|room| room.free[week] >> time & 1 == 1);
        if !of.rooms_differ {
            let others = usize::from(self.taught[Self::at(model, school, week, time)])
                - usize::from(self.teaching[teacher as usize][week] >> time & 1 == 1);
            return size <= model.teachers[teacher as usize].max_receiving && free.count() > others;
        }
        let mut sizes = vec![size];
        for &other in of.teachers.iter().filter(|&&other| other != teacher) {
            if self.teaching[other as usize][week] >> time & 1 == 1 {
                sizes.extend(self.lesson_sizes(model, other, week, time));
            }
        }
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.iter().all(|&size| free.next().is_some_and(|room| room.size >= size))
    }

    fn lesson_sizes(&self, model: &Model, teacher: u32, week: usize, time: u8) -> Option<u16> {
        self.of_teacher[teacher as usize].iter().find_map(|&g| {
            let group = &self.groups[g as usize];
            let weeks = model.courses[group.course as usize].weeks;
            let lesson = group.lessons.iter().find(|lesson| lesson.time == time)?;
            (weeks.0..weeks.1).contains(&week).then_some(lesson.attending.len() as u16)
        })
    }

    /// May a teacher give one more lesson of a course in the period `time`?
    pub fn may_open(&self, model: &Model, teacher: u32, course: u32, time: u8) -> Result<(), Obstacle> {
        let t = &model.teachers[teacher as usize];
        let school = &model.schools[t.school as usize];
        let weeks = model.courses[course as usize].weeks;
        let bell = &school.bells[usize::from(time)];
        for week in weeks.0..weeks.1 {
            let teaching = self.teaching[teacher as usize][week];
            if teaching >> time & 1 == 1 {
                return Err(Obstacle::TeacherBusy);
            }
            let day = (teaching & school.day_of(time)).count_ones() as u16;
            if self.load[teacher as usize][week] >= t.max_week || day >= t.max_day {
                return Err(Obstacle::Load);
            }
            if !self.master_rooms(model, teacher, week, time, 1) {
                return Err(Obstacle::MasterRooms);
            }
            let at = Self::at(model, t.school, week, time);
            if !model.link_carries(school, u32::from(self.received[at]), u32::from(self.taught[at]) + 1) {
                return Err(Obstacle::MasterLink);
            }
            if let Some(most) = model.node_lessons
                && u32::from(self.busiest(model, week, bell.weekday, bell.start)) >= most
            {
                return Err(Obstacle::Nodes);
            }
        }
        Ok(())
    }

    /// May a demand, in its group or about to join it, come to the group's lesson at `time`?
    pub fn may_attend(&self, model: &Model, demand: u32, group: u32, time: u8) -> Result<(), Obstacle> {
        let g = &self.groups[group as usize];
        let d = &model.demands[demand as usize];
        let Some(lesson) = g.lessons.iter().find(|lesson| lesson.time == time) else {
            return Err(Obstacle::Bells);
        };
        let Some(met) = model.meeting(g.teacher, d.school, time) else { return Err(Obstacle::Bells) };
        let (low, high) = (lesson.low.max(met.low), lesson.high.min(met.high));
        if low > high || model.mask(demand, g.teacher) >> time & 1 == 0 {
            return Err(Obstacle::Bells);
        }
        let size = lesson.attending.len() as u16 + 1;
        let weeks = model.courses[g.course as usize].weeks;
        for week in weeks.0..weeks.1 {
            if !self.master_rooms(model, g.teacher, week, time, size) {
                return Err(Obstacle::GroupFull);
            }
        }
        self.may_receive(model, demand, met.time)?;
        self.may_day(model, demand, g.teacher, self.attended[demand as usize], time)?;
        if let Some(most) = model.node_lessons
            && low != lesson.low
        {
            let school = &model.schools[model.teachers[g.teacher as usize].school as usize];
            let weekday = school.bells[usize::from(time)].weekday;
            // The lesson itself is counted already, in the minutes that it has now.
            let after = lesson.low + model.minutes;
            for week in weeks.0..weeks.1 {
                let from = low.max(after.min(low + model.minutes));
                if from < low + model.minutes
                    && u32::from(self.busiest_until(week, weekday, from, low + model.minutes)) >= most
                {
                    return Err(Obstacle::Nodes);
                }
            }
        }
        Ok(())
    }

    /// Are there never more lessons at once than the nodes carry?
    pub fn nodes_carry(&self, model: &Model) -> bool {
        model.node_lessons.is_none_or(|most| self.running.iter().all(|&lessons| u32::from(lessons) <= most))
    }

    fn busiest_until(&self, week: usize, weekday: u8, from: u16, until: u16) -> u16 {
        let day = (week * 7 + usize::from(weekday) - 1) * 24 * 60;
        self.running[day..]
            .iter()
            .take(usize::from(until))
            .skip(usize::from(from))
            .copied()
            .max()
            .unwrap_or(0)
    }

    /// May the day of `time` have one more period of this demand, which attends those of `attended`?
    pub fn may_day(
        &self,
        model: &Model,
        demand: u32,
        teacher: u32,
        attended: Mask,
        time: u8,
    ) -> Result<(), Obstacle> {
        let d = &model.demands[demand as usize];
        let school = &model.schools[model.teachers[teacher as usize].school as usize];
        let same = attended & school.day_of(time);
        if same.count_ones() >= u32::from(d.max_a_day) {
            return Err(Obstacle::Day);
        }
        if same != 0 && !d.consecutive {
            let own = |time| model.meeting(teacher, d.school, time).map(|met| met.time);
            if let Some(mine) = own(time)
                && bits(same).filter_map(own).any(|other| other.abs_diff(mine) <= 1)
            {
                return Err(Obstacle::Day);
            }
        }
        Ok(())
    }

    /// May a demand join a group?
    pub fn may_join(&self, model: &Model, demand: u32, group: u32) -> Result<(), Obstacle> {
        let g = &self.groups[group as usize];
        let most = model.teachers[g.teacher as usize].max_receiving;
        if g.members.len() >= usize::from(most) {
            return Err(Obstacle::GroupFull);
        }
        self.may_progress(model, demand, g)
    }

    fn may_progress(&self, model: &Model, demand: u32, group: &Group) -> Result<(), Obstacle> {
        if let (Some(most), Some(mine)) = (model.max_progress, model.demands[demand as usize].progress) {
            for &member in &group.members {
                if model.demands[member as usize].progress.is_some_and(|other| other.abs_diff(mine) > most) {
                    return Err(Obstacle::Progress);
                }
            }
        }
        Ok(())
    }

    /// How many periods of a demand are missing.
    pub fn missing(&self, model: &Model, demand: u32) -> u32 {
        u32::from(model.demands[demand as usize].periods) - self.attended[demand as usize].count_ones()
    }

    /// Lets a demand attend every lesson of its group that it may. Gives how many.
    pub fn attend_all(&mut self, model: &Model, demand: u32) -> u32 {
        let group = self.group[demand as usize];
        if group == NONE {
            return 0;
        }
        let mut came = 0;
        for i in 0..self.groups[group as usize].lessons.len() {
            if self.missing(model, demand) == 0 {
                break;
            }
            let time = self.groups[group as usize].lessons[i].time;
            if self.attended[demand as usize] >> time & 1 == 0
                && self.may_attend(model, demand, group, time).is_ok()
            {
                self.attend(model, demand, time);
                came += 1;
            }
        }
        came
    }
}
