//! The county as the planner is told it.
//!
//! Enters: rows of the store ([`County`]). Leaves: an [`Instance`], well-formed by the planner's own check or refused there.

use super::{LESSON_MINUTES, MAX_RECEIVING};
use std::collections::{BTreeMap, BTreeSet};
use tongtang_planner::instance::{
    Bells, Class, Demand, Existing, ExistingLesson, ExistingPairing, Instance, Link, MAX_PERIODS_A_WEEK,
    MasterRoom, Period, Qualification, ReceivingRoom, School, Teacher, Time, Traffic, VERSION, Weeks,
};
use tongtang_protocol::calendar::BellPeriod;
use tongtang_protocol::places::Parity;

/// A link nobody has measured: what a teaching site was promised in 2015, in kbit/s.
const UNKNOWN_LINK_KBPS: u32 = 10_000;

/// The edition of classes and teachers that have none of their own.
const ANY_EDITION: &str = "*";

/// Lessons are delivered Monday to Friday; a make-up day follows one of them.
const WEEKDAYS: std::ops::RangeInclusive<u8> = 1..=5;

/// A school.
#[derive(Debug, Clone)]
pub struct SchoolRow {
    /// Identity.
    pub id: String,
    /// Its path in the tree.
    pub path: String,
    /// Name.
    pub name: String,
    /// kbit/s, if known.
    pub down_kbps: Option<u32>,
    /// kbit/s, if known.
    pub up_kbps: Option<u32>,
    /// Lessons that its link carries at once.
    pub lessons_at_once: u32,
    /// Its bell times; none: nothing can be planned for it.
    pub bells: Vec<BellPeriod>,
}

/// A period of the week that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// 1 to 7.
    pub weekday: u8,
    /// The school's period.
    pub period: u8,
    /// In which weeks.
    pub parity: Parity,
}

/// A class.
#[derive(Debug, Clone)]
pub struct ClassRow {
    /// Identity.
    pub id: String,
    /// Its school.
    pub org_id: String,
    /// Name.
    pub name: String,
    /// 1 to 9.
    pub grade: u8,
    /// Pupils.
    pub size: u16,
    /// Have its parents agreed that it is seen and heard by other classes?
    pub consents_live: bool,
    /// Subject: edition and periods a week on site.
    pub subjects: BTreeMap<String, (String, u8)>,
    /// When it is taught on site.
    pub busy: Vec<Taken>,
}

/// A master teacher.
#[derive(Debug, Clone)]
pub struct TeacherRow {
    /// Identity.
    pub id: String,
    /// Their school.
    pub org_id: String,
    /// Name.
    pub name: String,
    /// Delivered lessons a week at most.
    pub max_delivered: u8,
    /// Subject, from grade, to grade, edition ('' is any).
    pub subjects: Vec<(String, u8, u8, String)>,
    /// When they have no time.
    pub busy: Vec<Taken>,
}

/// A classroom.
#[derive(Debug, Clone)]
pub struct RoomRow {
    /// Identity.
    pub id: String,
    /// Its school.
    pub org_id: String,
    /// Classes that can be taught from it; 0: it receives.
    pub max_receivers: u8,
}

/// What is agreed and published.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// Teacher, subject, classes.
    pub pairings: Vec<(String, String, Vec<String>)>,
    /// Teacher, subject, weekday, the teacher's period, classes.
    pub lessons: Vec<(String, String, u8, u8, Vec<String>)>,
}

/// What the store knows of a county that plans.
#[derive(Debug, Clone, Default)]
pub struct County {
    /// Name, for people.
    pub name: String,
    /// Schools.
    pub schools: Vec<SchoolRow>,
    /// Classes.
    pub classes: Vec<ClassRow>,
    /// Teachers who deliver.
    pub teachers: Vec<TeacherRow>,
    /// Classrooms.
    pub rooms: Vec<RoomRow>,
    /// Path of the place, subject, grade, periods a week.
    pub prescribed: Vec<(String, String, u8, u8)>,
    /// What is there today.
    pub published: Published,
    /// Lessons that the media servers carry at once.
    pub node_lessons: u32,
}

/// Why nothing can be planned: what is missing, in Chinese and English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing(pub [&'static str; 2]);

/// The instance.
pub fn instance(county: &County) -> Result<Instance, Missing> {
    let periods: BTreeMap<&str, BTreeSet<u8>> = county
        .schools
        .iter()
        .filter(|school| !school.bells.is_empty())
        .map(|school| (school.id.as_str(), school.bells.iter().map(|bell| bell.period).collect()))
        .collect();
    let has_bells = |org: &str| periods.contains_key(org);
    if periods.is_empty() {
        return Err(Missing(["还没有学校设置作息时间", "No school has bell times yet"]));
    }
    let editions = editions(county);
    let demands = demands(county, &has_bells);
    if demands.is_empty() && county.classes.iter().all(|class| !class.consents_live) {
        return Err(Missing([
            "没有一个班级取得“互动上课”的家长同意：请先在班级资料中勾选",
            "No class has its parents' consent for live lessons: tick it in the classes' details first",
        ]));
    }
    if demands.is_empty() {
        return Err(Missing([
            "没有缺课的班级：请先设置课程计划（每周应开课时）和班级本校开出的课时",
            "No class lacks anything: set the curriculum (prescribed periods a week) and what classes have on site first",
        ]));
    }
    let teachers: Vec<Teacher> = county
        .teachers
        .iter()
        .filter(|teacher| has_bells(&teacher.org_id) && !teacher.subjects.is_empty())
        .map(|teacher| Teacher {
            id: teacher.id.clone(),
            name: Some(teacher.name.clone()),
            school: teacher.org_id.clone(),
            teaches: qualifications(teacher, &editions),
            max_lessons_a_week: teacher.max_delivered,
            max_lessons_a_day: None,
            free: None,
            blocked: times(&teacher.busy, &periods[teacher.org_id.as_str()]),
            wishes: Vec::new(),
        })
        .collect();
    if teachers.is_empty() {
        return Err(Missing([
            "没有可以送课的主讲教师：请给教师设置学科和每周送课上限",
            "No teacher can deliver lessons: give teachers subjects and delivered periods a week",
        ]));
    }
    let (masters, receivers): (Vec<_>, Vec<_>) =
        county.rooms.iter().filter(|room| has_bells(&room.org_id)).partition(|room| room.max_receivers > 0);
    if masters.is_empty() {
        return Err(Missing([
            "没有可以送课的主讲教室：请给教室设置“最多接收班级数”",
            "No classroom can be taught from: give classrooms a number of receiving classes",
        ]));
    }
    let known: BTreeSet<&str> = demands.iter().map(|demand| demand.class.as_str()).collect();
    let teaching: BTreeSet<&str> = teachers.iter().map(|teacher| teacher.id.as_str()).collect();
    Ok(Instance {
        version: VERSION,
        name: Some(county.name.clone()),
        lesson_minutes: LESSON_MINUTES,
        max_receiving: MAX_RECEIVING,
        max_progress_difference: None,
        traffic: Traffic::default(),
        node_lessons: county.node_lessons,
        existing: existing(&county.published, &known, &teaching),
        schools: county.schools.iter().filter(|school| has_bells(&school.id)).map(school).collect(),
        classes: county
            .classes
            .iter()
            .filter(|class| has_bells(&class.org_id))
            .map(|class| Class {
                id: class.id.clone(),
                name: Some(class.name.clone()),
                school: class.org_id.clone(),
                grade: class.grade,
                size: class.size,
                occupied: times(&class.busy, &periods[class.org_id.as_str()]),
            })
            .collect(),
        teachers,
        master_rooms: masters
            .into_iter()
            .map(|room| MasterRoom {
                id: room.id.clone(),
                school: room.org_id.clone(),
                max_receiving: Some(room.max_receivers),
                free: None,
                blocked: Vec::new(),
            })
            .collect(),
        receiving_rooms: receivers
            .into_iter()
            .map(|room| ReceivingRoom {
                id: room.id.clone(),
                school: room.org_id.clone(),
                seats: None,
                free: None,
                blocked: Vec::new(),
            })
            .collect(),
        demands,
    })
}

/// An edition of a plan as it stands in the database: '' is any.
pub fn edition(of_plan: &str) -> &str {
    if of_plan == ANY_EDITION { "" } else { of_plan }
}

fn school(row: &SchoolRow) -> School {
    School {
        id: row.id.clone(),
        name: Some(row.name.clone()),
        link: Link {
            down_kbps: row.down_kbps.unwrap_or(UNKNOWN_LINK_KBPS),
            up_kbps: row.up_kbps.unwrap_or(UNKNOWN_LINK_KBPS),
            max_lessons: Some(row.lessons_at_once),
        },
        bells: vec![Bells {
            weekdays: WEEKDAYS.collect(),
            periods: row
                .bells
                .iter()
                .map(|bell| Period {
                    period: bell.period,
                    start_minute: bell.starts_min,
                    end_minute: bell.ends_min,
                })
                .collect(),
        }],
    }
}

/// Times that the school's bells know; others cannot collide with a lesson.
fn times(taken: &[Taken], periods: &BTreeSet<u8>) -> Vec<Time> {
    taken
        .iter()
        .filter(|at| WEEKDAYS.contains(&at.weekday) && periods.contains(&at.period))
        .map(|at| Time { weekday: at.weekday, period: at.period, weeks: weeks(at.parity) })
        .collect()
}

fn weeks(parity: Parity) -> Weeks {
    match parity {
        Parity::Every => Weeks::Every,
        Parity::Odd => Weeks::Odd,
        Parity::Even => Weeks::Even,
    }
}

/// By subject, every edition that a class uses.
fn editions(county: &County) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for class in &county.classes {
        for (subject, (edition, _)) in &class.subjects {
            if !edition.is_empty() {
                found.entry(subject).or_default().insert(edition);
            }
        }
    }
    found
}

/// A class without an edition takes any teacher of the subject; a teacher without one teaches any.
fn qualifications(teacher: &TeacherRow, editions: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<Qualification> {
    teacher
        .subjects
        .iter()
        .map(|(subject, from, to, edition)| {
            let mut can: Vec<String> = vec![ANY_EDITION.to_owned()];
            match edition.as_str() {
                "" => can.extend(editions.get(subject.as_str()).into_iter().flatten().map(|&e| e.to_owned())),
                one => can.push(one.to_owned()),
            }
            Qualification { subject: subject.clone(), grades: (*from..=*to).collect(), editions: can }
        })
        .collect()
}

fn demands(county: &County, has_bells: &dyn Fn(&str) -> bool) -> Vec<Demand> {
    let paths: BTreeMap<&str, &str> =
        county.schools.iter().map(|school| (school.id.as_str(), school.path.as_str())).collect();
    let mut found = Vec::new();
    for class in county.classes.iter().filter(|class| class.consents_live && has_bells(&class.org_id)) {
        let Some(path) = paths.get(class.org_id.as_str()) else { continue };
        let above = county.prescribed.iter().filter(|(at, ..)| path.starts_with(at.as_str()));
        let nearest = above.clone().map(|(at, ..)| at.len()).max();
        for (_, subject, _, weekly) in
            above.filter(|(at, _, grade, _)| Some(at.len()) == nearest && *grade == class.grade)
        {
            let (edition, on_site) = class
                .subjects
                .get(subject)
                .map_or(("", 0), |(edition, on_site)| (edition.as_str(), *on_site));
            let prescribed = (*weekly).min(MAX_PERIODS_A_WEEK);
            if on_site >= prescribed {
                continue;
            }
            found.push(Demand {
                class: class.id.clone(),
                subject: subject.clone(),
                edition: if edition.is_empty() { ANY_EDITION } else { edition }.to_owned(),
                prescribed,
                on_site,
                weeks: Weeks::Every,
                max_a_day: 1,
                consecutive: false,
                progress: None,
            });
        }
    }
    found
}

/// What is there today, as far as its teachers and classes take part.
fn existing(published: &Published, classes: &BTreeSet<&str>, teachers: &BTreeSet<&str>) -> Existing {
    let fits = |teacher: &str, members: &[String]| {
        teachers.contains(teacher)
            && !members.is_empty()
            && members.iter().all(|class| classes.contains(class.as_str()))
    };
    Existing {
        pairings: published
            .pairings
            .iter()
            .filter(|(teacher, _, members)| fits(teacher, members))
            .map(|(teacher, subject, members)| ExistingPairing {
                teacher: teacher.clone(),
                subject: subject.clone(),
                classes: members.clone(),
            })
            .collect(),
        lessons: published
            .lessons
            .iter()
            .filter(|(teacher, _, _, _, members)| fits(teacher, members))
            .map(|(teacher, subject, weekday, period, members)| ExistingLesson {
                teacher: teacher.clone(),
                subject: subject.clone(),
                weekday: *weekday,
                period: *period,
                classes: members.clone(),
            })
            .collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use tongtang_planner::{Options, Unattended, check, solve};

    fn bells(first: u16) -> Vec<BellPeriod> {
        (0..6)
            .map(|at| BellPeriod {
                period: at + 1,
                starts_min: first + u16::from(at) * 50,
                ends_min: first + u16::from(at) * 50 + 40,
            })
            .collect()
    }

    fn school(id: &str, first: u16) -> SchoolRow {
        SchoolRow {
            id: id.to_owned(),
            path: format!("/county/{id}/"),
            name: id.to_owned(),
            down_kbps: None,
            up_kbps: None,
            lessons_at_once: 1,
            bells: bells(first),
        }
    }

    /// A central school with a music teacher, and two sites with a class each that have no music.
    pub(crate) fn small() -> County {
        let class = |id: &str, org: &str, edition: &str| ClassRow {
            id: id.to_owned(),
            org_id: org.to_owned(),
            name: id.to_owned(),
            grade: 3,
            size: 20,
            consents_live: true,
            subjects: [("音乐".to_owned(), (edition.to_owned(), 0)), ("体育".to_owned(), (String::new(), 3))]
                .into(),
            busy: vec![Taken { weekday: 1, period: 1, parity: Parity::Odd }],
        };
        let room = |id: &str, org: &str, max_receivers| RoomRow {
            id: id.to_owned(),
            org_id: org.to_owned(),
            max_receivers,
        };
        County {
            name: "河口县".to_owned(),
            schools: vec![school("centre", 480), school("east", 485), school("west", 480)],
            classes: vec![class("c1", "east", "人音版"), class("c2", "west", "")],
            teachers: vec![TeacherRow {
                id: "t1".to_owned(),
                org_id: "centre".to_owned(),
                name: "李老师".to_owned(),
                max_delivered: 4,
                subjects: vec![("音乐".to_owned(), 1, 6, String::new())],
                busy: Vec::new(),
            }],
            rooms: vec![room("m1", "centre", 3), room("r1", "east", 0), room("r2", "west", 0)],
            prescribed: vec![
                ("/county/".to_owned(), "音乐".to_owned(), 3, 2),
                ("/county/".to_owned(), "体育".to_owned(), 3, 3),
            ],
            published: Published::default(),
            node_lessons: 256,
        }
    }

    #[test]
    fn a_countys_rows_make_an_instance_that_the_planner_accepts_and_serves() {
        let made = instance(&small()).unwrap();
        let checked = check::read(&serde_json::to_vec(&made).unwrap()).unwrap();
        assert_eq!(checked.demands.len(), 2, "sport is taught on site");
        let plan = solve(&checked, Options { seed: 1, trials: Some(2_000) }, &Unattended);
        assert_eq!(plan.objectives.uncovered_periods.value, 0.0, "{plan:?}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut county = small();
        county.teachers.clear();
        assert!(instance(&county).unwrap_err().0[0].contains("主讲教师"));
        let mut county = small();
        county.rooms.retain(|room| room.max_receivers == 0);
        assert!(instance(&county).unwrap_err().0[1].contains("classroom"));
        let mut county = small();
        county.prescribed.clear();
        assert!(instance(&county).unwrap_err().0[0].contains("课程计划"));
        let mut county = small();
        county.classes[0].consents_live = false;
        assert_eq!(instance(&county).unwrap().demands.len(), 1, "nobody plans for a class without consent");
        county.classes[1].consents_live = false;
        assert!(instance(&county).unwrap_err().0[0].contains("家长同意"));
        let mut county = small();
        county.schools.iter_mut().for_each(|school| school.bells.clear());
        assert!(instance(&county).unwrap_err().0[0].contains("作息"));
    }

    #[test]
    fn what_has_gone_is_no_longer_there_to_be_kept() {
        let mut county = small();
        county.published = Published {
            pairings: vec![
                ("t1".into(), "音乐".into(), vec!["c1".into(), "c2".into()]),
                ("gone".into(), "音乐".into(), vec!["c1".into()]),
            ],
            lessons: vec![("t1".into(), "音乐".into(), 2, 3, vec!["c9".into()])],
        };
        let made = instance(&county).unwrap();
        assert_eq!((made.existing.pairings.len(), made.existing.lessons.len()), (1, 0));
        check::read(&serde_json::to_vec(&made).unwrap()).unwrap();
    }
}
