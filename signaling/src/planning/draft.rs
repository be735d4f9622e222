//! A plan as people look at it before they publish it: its week, what would change for whom, what it does not serve and why.
//!
//! Enters: the plan, the county as it is now, the term's days. Leaves: views, and the lessons of the term it would become.

use super::instance::County;
use crate::calendar::TeachingDay;
use crate::problem::Language;
use std::collections::{BTreeMap, BTreeSet};
use tongtang_planner::instance::Weeks;
use tongtang_planner::plan::{Lesson, Pairing, Plan};
use tongtang_protocol::ids::{ClassId, ClassroomId, PersonId};
use tongtang_protocol::planning::{DraftChange, DraftLesson, Unserved};
use tongtang_protocol::timetable::{LessonKind, TimetableLessonInput};

/// Changes that are told, at most.
pub const MAX_CHANGES: usize = 500;

/// Names of everybody in a plan.
pub struct Names<'a> {
    teachers: BTreeMap<&'a str, (&'a str, &'a str)>,
    classes: BTreeMap<&'a str, (&'a str, &'a str)>,
}

/// A weekly lesson, so that two can be told to be the same: teacher, subject, weekday, the teacher's period, classes.
type Weekly<'a> = (&'a str, &'a str, u8, u8, BTreeSet<&'a str>);

impl<'a> Names<'a> {
    /// Of a county.
    pub fn of(county: &'a County) -> Self {
        let schools: BTreeMap<&str, &str> =
            county.schools.iter().map(|school| (school.id.as_str(), school.name.as_str())).collect();
        let at = |org: &str| schools.get(org).copied().unwrap_or("");
        Self {
            teachers: county
                .teachers
                .iter()
                .map(|teacher| (teacher.id.as_str(), (teacher.name.as_str(), at(&teacher.org_id))))
                .collect(),
            classes: county
                .classes
                .iter()
                .map(|class| (class.id.as_str(), (class.name.as_str(), at(&class.org_id))))
                .collect(),
        }
    }

    /// Name and school; the id for who is gone.
    fn teacher(&self, id: &'a str) -> (&'a str, &'a str) {
        self.teachers.get(id).copied().unwrap_or((id, ""))
    }

    fn class(&self, id: &'a str) -> (&'a str, &'a str) {
        self.classes.get(id).copied().unwrap_or((id, ""))
    }

    fn class_with_school(&self, id: &'a str) -> String {
        let (name, school) = self.class(id);
        if school.is_empty() { name.to_owned() } else { format!("{school} {name}") }
    }
}

/// Does a weekly lesson take place on this day?
fn is_on(lesson: &Lesson, day: &TeachingDay) -> bool {
    lesson.weekday == day.weekday
        && match lesson.weeks {
            Weeks::Every => true,
            Weeks::Odd => !day.week.is_multiple_of(2),
            Weeks::Even => day.week.is_multiple_of(2),
        }
}

fn pairings(plan: &Plan) -> BTreeMap<&str, &Pairing> {
    plan.pairings.iter().map(|pairing| (pairing.id.as_str(), pairing)).collect()
}

/// A lesson of the plan on a day. None: an id of the plan is none of ours.
fn input(lesson: &Lesson, pairing: &Pairing, day: &TeachingDay) -> Option<TimetableLessonInput> {
    Some(TimetableLessonInput {
        kind: Some(LessonKind::Delivery),
        title: None,
        subject: pairing.subject.clone(),
        grade: pairing.grade,
        pairing_id: None,
        teacher_id: PersonId::new(&lesson.teacher).ok()?,
        classroom_id: ClassroomId::new(&lesson.room).ok()?,
        day: day.day,
        period: lesson.period,
        class_ids: lesson
            .receiving
            .iter()
            .map(|receiving| ClassId::new(&receiving.class).ok())
            .collect::<Option<_>>()?,
    })
}

/// All lessons that the plan gives the term from a week on, with the id of their pairing in the plan.
pub fn term_lessons(plan: &Plan, days: &[TeachingDay], from_week: u8) -> Vec<(String, TimetableLessonInput)> {
    let pairings = pairings(plan);
    let mut found = Vec::new();
    for day in days.iter().filter(|day| day.week >= from_week) {
        for lesson in plan.lessons.iter().filter(|lesson| is_on(lesson, day)) {
            let pairing = pairings.get(lesson.pairing.as_str());
            found
                .extend(pairing.and_then(|pairing| Some((pairing.id.clone(), input(lesson, pairing, day)?))));
        }
    }
    found
}

/// The week of the plan: each weekly lesson on the first day on which it would take place.
pub fn week(
    plan: &Plan,
    names: &Names<'_>,
    county: &County,
    days: &[TeachingDay],
    from_week: u8,
) -> Vec<DraftLesson> {
    let pairings = pairings(plan);
    let today = today(county);
    let mut found: Vec<DraftLesson> = plan
        .lessons
        .iter()
        .filter_map(|lesson| {
            let pairing = pairings.get(lesson.pairing.as_str())?;
            let day = days.iter().find(|day| day.week >= from_week && is_on(lesson, day))?;
            let (teacher_name, org_name) = names.teacher(&lesson.teacher);
            Some(DraftLesson {
                lesson: input(lesson, pairing, day)?,
                kind: LessonKind::Delivery,
                teacher_name: teacher_name.to_owned(),
                org_name: org_name.to_owned(),
                weekday: lesson.weekday,
                class_names: lesson
                    .receiving
                    .iter()
                    .map(|receiving| names.class_with_school(&receiving.class))
                    .collect(),
                is_kept: today.contains(&weekly(lesson, pairing)),
            })
        })
        .collect();
    found.sort_by(|a, b| {
        let key = |lesson: &DraftLesson| (lesson.weekday, lesson.lesson.period, lesson.teacher_name.clone());
        key(a).cmp(&key(b))
    });
    found
}

fn weekly<'a>(lesson: &'a Lesson, pairing: &'a Pairing) -> Weekly<'a> {
    let classes = lesson.receiving.iter().map(|receiving| receiving.class.as_str()).collect();
    (&lesson.teacher, &pairing.subject, lesson.weekday, lesson.period, classes)
}

/// The weekly lessons of today's timetable.
fn today(county: &County) -> BTreeSet<Weekly<'_>> {
    county
        .published
        .lessons
        .iter()
        .map(|(teacher, subject, weekday, period, classes)| {
            (
                teacher.as_str(),
                subject.as_str(),
                *weekday,
                *period,
                classes.iter().map(String::as_str).collect(),
            )
        })
        .collect()
}

/// What changes for whom: first the teachers, then the classes, each by name.
pub fn changes(plan: &Plan, names: &Names<'_>, county: &County, language: Language) -> Vec<DraftChange> {
    let pairings = pairings(plan);
    let before = today(county);
    let after: BTreeSet<Weekly<'_>> = plan
        .lessons
        .iter()
        .filter_map(|lesson| Some(weekly(lesson, pairings.get(lesson.pairing.as_str())?)))
        .collect();
    let gone: Vec<&Weekly<'_>> = before.difference(&after).collect();
    let come: Vec<&Weekly<'_>> = after.difference(&before).collect();
    let mut told = Vec::new();
    let teachers: BTreeSet<&str> = gone.iter().chain(&come).map(|lesson| lesson.0).collect();
    for teacher in teachers {
        let of = |lessons: &[&Weekly<'_>]| -> Vec<String> {
            let own = lessons.iter().filter(|lesson| lesson.0 == teacher);
            own.map(|lesson| at(lesson.2, lesson.3, lesson.1, language)).collect()
        };
        let said = Said::of(of(&gone), of(&come));
        let (name, school) = names.teacher(teacher);
        told.push(DraftChange {
            name: if school.is_empty() { name.to_owned() } else { format!("{school} {name}") },
            words: said.sentence(language),
        });
    }
    told.sort_by(|a, b| a.name.cmp(&b.name));
    let classes: BTreeSet<&str> =
        gone.iter().chain(&come).flat_map(|lesson| lesson.4.iter().copied()).collect();
    let mut of_classes: Vec<DraftChange> = classes
        .into_iter()
        .filter_map(|class| {
            let of = |lessons: &[&Weekly<'_>]| -> Vec<String> {
                let own = lessons.iter().filter(|lesson| lesson.4.contains(class));
                own.map(|lesson| {
                    let when = at(lesson.2, lesson.3, lesson.1, language);
                    format!("{when} {}", names.teacher(lesson.0).0)
                })
                .collect()
            };
            // With whom else it receives a lesson changes nothing for a class.
            let said = Said { stays: Vec::new(), ..Said::of(of(&gone), of(&come)) };
            let words = said.sentence(language);
            (!words.is_empty()).then(|| DraftChange { name: names.class_with_school(class), words })
        })
        .collect();
    of_classes.sort_by(|a, b| a.name.cmp(&b.name));
    told.extend(of_classes);
    told.truncate(MAX_CHANGES);
    told
}

fn at(weekday: u8, period: u8, subject: &str, language: Language) -> String {
    const ZH: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
    const EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = usize::from(weekday.clamp(1, 7) - 1);
    match language {
        Language::Chinese => format!("{}第 {period} 节{subject}", ZH[day]),
        Language::English => format!("{} period {period} {subject}", EN[day]),
    }
}

/// What becomes of somebody's lessons.
struct Said {
    come: Vec<String>,
    gone: Vec<String>,
    /// At the same time as before, with other classes.
    stays: Vec<String>,
}

impl Said {
    fn of(mut gone: Vec<String>, mut come: Vec<String>) -> Self {
        let stays: Vec<String> = come.iter().filter(|lesson| gone.contains(lesson)).cloned().collect();
        come.retain(|lesson| !stays.contains(lesson));
        gone.retain(|lesson| !stays.contains(lesson));
        Self { come, gone, stays }
    }

    fn sentence(&self, language: Language) -> String {
        let (and, between, [new, stop, other]) = match language {
            Language::Chinese => ("、", "；", ["新增：", "不再有：", "换班级："]),
            Language::English => (", ", "; ", ["new: ", "no longer: ", "other classes: "]),
        };
        let parts = [(new, &self.come), (stop, &self.gone), (other, &self.stays)];
        let part = |(word, lessons): (&str, &Vec<String>)| {
            (!lessons.is_empty()).then(|| format!("{word}{}", lessons.join(and)))
        };
        parts.into_iter().filter_map(part).collect::<Vec<_>>().join(between)
    }
}

/// Who is not served in full, and what would help.
pub fn unserved(plan: &Plan, names: &Names<'_>, language: Language) -> Vec<Unserved> {
    let say = |zh: &str, en: &str| match language {
        Language::Chinese => zh.to_owned(),
        Language::English => en.to_owned(),
    };
    plan.unserved
        .iter()
        .filter_map(|missing| {
            let (class_name, org_name) = names.class(&missing.class);
            Some(Unserved {
                class_id: ClassId::new(&missing.class).ok()?,
                class_name: class_name.to_owned(),
                org_name: org_name.to_owned(),
                subject: missing.subject.clone(),
                missing: u32::from(missing.periods.saturating_sub(missing.delivered)),
                reasons: missing.reasons.iter().map(|reason| say(&reason.zh, &reason.en)).collect(),
                remedies: missing.relaxations.iter().map(|help| say(&help.zh, &help.en)).collect(),
            })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::planning::instance::{instance, tests::small};
    use tongtang_planner::{Options, Unattended, solve};
    use tongtang_protocol::day::Day;

    fn days() -> Vec<TeachingDay> {
        let monday: Day = "2026-08-31".parse().unwrap();
        (0..14)
            .filter(|at| at % 7 < 5)
            .map(|at| TeachingDay {
                day: monday.plus(at),
                week: u8::try_from(at / 7 + 1).unwrap(),
                weekday: u8::try_from(at % 7 + 1).unwrap(),
            })
            .collect()
    }

    #[test]
    fn a_plan_becomes_lessons_of_every_week_and_says_what_is_new_for_whom() {
        let county = small();
        let plan = solve(&instance(&county).unwrap(), Options { seed: 1, trials: Some(2_000) }, &Unattended);
        let names = Names::of(&county);
        let lessons = term_lessons(&plan, &days(), 1);
        assert_eq!(lessons.len(), 2 * plan.lessons.len());
        assert_eq!(term_lessons(&plan, &days(), 2).len(), plan.lessons.len());
        let week = week(&plan, &names, &county, &days(), 2);
        assert!(week.iter().all(|lesson| !lesson.is_kept && lesson.lesson.day >= days()[5].day), "{week:?}");
        let told = changes(&plan, &names, &county, Language::Chinese);
        assert!(told[0].name.contains("李老师") && told[0].words.starts_with("新增："), "{told:?}");
        assert_eq!(told.len(), 3, "one teacher, two classes: {told:?}");
        assert!(unserved(&plan, &names, Language::Chinese).is_empty());
    }

    #[test]
    fn what_is_published_already_is_kept_and_changes_nothing() {
        let mut county = small();
        let plan = solve(&instance(&county).unwrap(), Options { seed: 1, trials: Some(2_000) }, &Unattended);
        county.published.lessons = plan
            .lessons
            .iter()
            .map(|lesson| {
                let classes = lesson.receiving.iter().map(|receiving| receiving.class.clone()).collect();
                (lesson.teacher.clone(), "音乐".to_owned(), lesson.weekday, lesson.period, classes)
            })
            .collect();
        let names = Names::of(&county);
        assert!(week(&plan, &names, &county, &days(), 1).iter().all(|lesson| lesson.is_kept));
        assert!(changes(&plan, &names, &county, Language::English).is_empty());
        // One lesson had both classes: without one it is no new lesson of the teacher's, and nothing to the class that stays.
        county.published.lessons[0].4 = vec!["c1".to_owned(), "c2".to_owned()];
        let leaves = if plan.lessons[0].receiving[0].class == "c1" { "c2" } else { "c1" };
        let names = Names::of(&county);
        let told = changes(&plan, &names, &county, Language::Chinese);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].name.contains("李老师") && told[0].words.starts_with("换班级："), "{told:?}");
        assert!(told[1].name.contains(leaves) && told[1].words.starts_with("不再有："), "{told:?}");
    }
}
