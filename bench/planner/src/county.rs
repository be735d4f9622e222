//! A believable county, from a seed: docs/planner.md, "Generated counties", says how.
//!
//! Enters: how many demands, a seed. Leaves: an instance as JSON, written from this side of the format, not with the planner's types.

use fastrand::Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Receiving classes of a lesson at most.
const MAX_RECEIVING: u8 = 3;
/// Minutes of a lesson; periods have 40, so bell times may differ by five.
const LESSON_MINUTES: u16 = 35;

/// A subject as the county has it.
struct Subject {
    name: &'static str,
    from_grade: u8,
    /// Weekly periods prescribed.
    prescribed: u8,
    /// How many of a hundred classes of sites have nobody for it.
    missing: u8,
    /// Lessons that the county's teachers can give for each hundred that would be needed.
    supply: u32,
    editions: &'static [&'static str],
}

const SUBJECTS: [Subject; 5] = [
    Subject {
        name: "音乐",
        from_grade: 1,
        prescribed: 2,
        missing: 80,
        supply: 92,
        editions: &["人音版", "人教版", "湘艺版"],
    },
    Subject {
        name: "美术",
        from_grade: 1,
        prescribed: 2,
        missing: 75,
        supply: 97,
        editions: &["人美版", "人教版", "苏少版"],
    },
    Subject {
        name: "英语",
        from_grade: 3,
        prescribed: 3,
        missing: 55,
        supply: 106,
        editions: &["人教PEP", "外研版", "译林版"],
    },
    Subject {
        name: "信息科技",
        from_grade: 3,
        prescribed: 1,
        missing: 70,
        supply: 84,
        editions: &["川教版", "粤教版", "浙教版"],
    },
    Subject {
        name: "科学",
        from_grade: 1,
        prescribed: 2,
        missing: 35,
        supply: 112,
        editions: &["教科版", "苏教版", "青岛版"],
    },
];

/// A county with `demands` class-subject demands.
pub fn county(demands: usize, seed: u64) -> Value {
    let mut rng = Rng::with_seed(seed ^ demands as u64);
    let mut made = Made::default();
    let central = (demands / 70).max(2);
    for number in 0..central {
        made.central(number, &mut rng);
    }
    while made.demands.len() < demands {
        made.site(demands, &mut rng);
    }
    made.teachers(central, &mut rng);
    made.existing(&mut rng);
    json!({
        "version": 1,
        "name": format!("generated county, {demands} demands, seed {seed}"),
        "lesson_minutes": LESSON_MINUTES,
        "max_receiving": MAX_RECEIVING,
        "max_progress_difference": 4,
        "node_lessons": 400,
        "schools": made.schools,
        "classes": made.classes,
        "teachers": made.teachers,
        "master_rooms": made.master_rooms,
        "receiving_rooms": made.receiving_rooms,
        "demands": made.demands,
        "existing": { "pairings": made.pairings, "lessons": made.lessons },
    })
}

/// Who needs what: subject, edition, grade.
type Need = (usize, String, u8);
/// A teacher, the needs it could serve, its free periods.
type Able = (String, Vec<Need>, Vec<(u8, u8)>);

#[derive(Default)]
struct Made {
    schools: Vec<Value>,
    classes: Vec<Value>,
    teachers: Vec<Value>,
    master_rooms: Vec<Value>,
    receiving_rooms: Vec<Value>,
    demands: Vec<Value>,
    pairings: Vec<Value>,
    lessons: Vec<Value>,
    /// Weekly periods by need, and the classes with it.
    needs: BTreeMap<Need, (u32, Vec<String>)>,
    able: Vec<Able>,
}

/// Six periods of 40 minutes, five days; the morning begins about eight, the afternoon about two.
fn bells(rng: &mut Rng, pattern: u16) -> Value {
    let shift = pattern + 5 * rng.u16(0..2);
    let afternoon = 14 * 60 + 5 * rng.u16(0..3);
    let starts = [480 + shift, 530 + shift, 590 + shift, 640 + shift, afternoon, afternoon + 50];
    let periods = |starts: &[u16]| -> Vec<Value> {
        let numbered = starts.iter().enumerate();
        numbered
            .map(|(i, start)| json!({ "period": i + 1, "start_minute": start, "end_minute": start + 40 }))
            .collect()
    };
    // On Fridays some schools go home earlier: the afternoon begins ten minutes sooner.
    let friday: Vec<u16> = match rng.u8(0..4) {
        0 => starts.iter().map(|&start| if start >= 720 { start - 10 } else { start }).collect(),
        _ => starts.to_vec(),
    };
    json!([
        { "weekdays": [1, 2, 3, 4], "periods": periods(&starts) },
        { "weekdays": [5], "periods": periods(&friday) },
    ])
}

fn all_periods() -> Vec<(u8, u8)> {
    (1..=5).flat_map(|weekday| (1..=6).map(move |period| (weekday, period))).collect()
}

fn times(of: &[(u8, u8)]) -> Vec<Value> {
    of.iter().map(|(weekday, period)| json!({ "weekday": weekday, "period": period })).collect()
}

impl Made {
    fn central(&mut self, number: usize, rng: &mut Rng) {
        let id = format!("c{}", number + 1);
        self.schools.push(json!({
            "id": id, "name": format!("第{}中心小学", number + 1),
            "link": { "down_kbps": 100_000, "up_kbps": 50_000 },
            "bells": bells(rng, 0),
        }));
    }

    fn site(&mut self, wanted: usize, rng: &mut Rng) {
        let number = self.schools.len() + 1;
        let school = format!("s{number}");
        let link = match rng.u8(0..20) {
            0..=2 => json!({ "down_kbps": 4_000, "up_kbps": 1_500 }),
            3 => json!({ "down_kbps": 10_000, "up_kbps": 4_000, "max_lessons": 1 }),
            4..=14 => json!({ "down_kbps": 10_000, "up_kbps": 4_000 }),
            _ => json!({ "down_kbps": 20_000, "up_kbps": 10_000 }),
        };
        // A fifth of the county begins the day half a period later.
        let pattern = if rng.u8(0..5) == 0 { 20 } else { 0 };
        let bells = bells(rng, pattern);
        self.schools
            .push(json!({ "id": school, "name": format!("教学点{number}"), "link": link, "bells": bells }));
        for room in 0..=usize::from(rng.u8(0..4) == 0) {
            let mut room = json!({ "id": format!("{school}-r{}", room + 1), "school": school });
            if rng.u8(0..10) == 0 {
                room["seats"] = json!(30);
            }
            self.receiving_rooms.push(room);
        }
        let editions: Vec<String> = SUBJECTS
            .iter()
            .map(|subject| {
                let which = match rng.u8(0..100) {
                    0..=67 => 0,
                    68..=97 => 1,
                    _ => 2,
                };
                subject.editions[which].to_owned()
            })
            .collect();
        let highest = if rng.bool() { 6 } else { 4 };
        for grade in 1..=highest {
            if self.demands.len() < wanted {
                self.class(&school, grade, &editions, wanted, rng);
            }
        }
    }

    fn class(&mut self, school: &str, grade: u8, editions: &[String], wanted: usize, rng: &mut Rng) {
        let id = format!("{school}-{grade}");
        let mut periods = 0;
        for (s, subject) in SUBJECTS.iter().enumerate() {
            if grade < subject.from_grade || rng.u8(0..100) >= subject.missing || self.demands.len() >= wanted
            {
                continue;
            }
            let on_site = u8::from(subject.prescribed > 1 && rng.u8(0..6) == 0);
            let mut demand = json!({
                "class": id, "subject": subject.name, "edition": editions[s],
                "prescribed": subject.prescribed, "on_site": on_site, "progress": rng.u32(0..6),
            });
            if subject.prescribed == 1 && rng.u8(0..5) == 0 {
                demand["weeks"] = json!(if rng.bool() { "odd" } else { "even" });
            }
            self.demands.push(demand);
            let need = self.needs.entry((s, editions[s].clone(), grade)).or_default();
            need.0 += u32::from(subject.prescribed - on_site);
            need.1.push(id.clone());
            periods += subject.prescribed - on_site;
        }
        // On site is taught in most of the rest of the week.
        let mut free = all_periods();
        rng.shuffle(&mut free);
        let occupied = 30 - usize::from(periods) - rng.usize(2..7);
        let mut occupied: Vec<_> = free.drain(..occupied.min(30)).collect();
        occupied.sort_unstable();
        self.classes.push(json!({
            "id": id, "school": school, "grade": grade, "size": rng.u16(6..36), "occupied": times(&occupied),
        }));
    }

    fn teachers(&mut self, central: usize, rng: &mut Rng) {
        let needs = self.needs.clone();
        let mut at_school = vec![0; central];
        for (s, subject) in SUBJECTS.iter().enumerate() {
            for (e, edition) in subject.editions.iter().take(2).enumerate() {
                // Lower and upper grades have their own teachers; a teacher covers three grades.
                for grades in [[1, 2, 3], [4, 5, 6]] {
                    let periods: u32 = grades
                        .iter()
                        .filter_map(|&grade| needs.get(&(s, (*edition).to_owned(), grade)))
                        .map(|need| need.0)
                        .sum();
                    let mut lessons = (periods * subject.supply).div_ceil(100 * u32::from(MAX_RECEIVING));
                    // The rarer edition of a rare subject has nobody in small counties.
                    if e == 1 && lessons < 4 && rng.bool() {
                        lessons = 0;
                    }
                    while lessons > 0 {
                        let load = rng.u32(6..13).min(lessons.max(4));
                        lessons = lessons.saturating_sub(load);
                        self.teacher(s, edition, &grades, load, &mut at_school, rng);
                    }
                }
            }
        }
        for (school, &teachers) in at_school.iter().enumerate() {
            for room in 0..=(teachers / 3) {
                let id = format!("c{}-m{}", school + 1, room + 1);
                self.master_rooms.push(json!({ "id": id, "school": format!("c{}", school + 1) }));
            }
        }
    }

    fn teacher(
        &mut self,
        s: usize,
        edition: &str,
        grades: &[u8],
        load: u32,
        at: &mut [usize],
        rng: &mut Rng,
    ) {
        let number = self.teachers.len() + 1;
        let school = rng.usize(0..at.len());
        at[school] += 1;
        let mut periods = all_periods();
        rng.shuffle(&mut periods);
        // The teacher's own classes.
        let mut blocked: Vec<_> = periods.drain(..rng.usize(9..15)).collect();
        blocked.sort_unstable();
        let wishes: Vec<Value> = periods
            .iter()
            .take(rng.usize(0..5))
            .map(|(weekday, period)| json!({ "weekday": weekday, "period": period, "weight": rng.u32(1..6) }))
            .collect();
        let mut editions = vec![edition.to_owned()];
        if rng.u8(0..5) == 0 {
            let other = SUBJECTS[s].editions[usize::from(edition == SUBJECTS[s].editions[0])];
            editions.push(other.to_owned());
        }
        let surname = ["李", "王", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"][rng.usize(0..10)];
        let id = format!("t{number}");
        self.teachers.push(json!({
            "id": id, "name": format!("{surname}老师{number}"), "school": format!("c{}", school + 1),
            "teaches": [{ "subject": SUBJECTS[s].name, "grades": grades, "editions": editions }],
            "max_lessons_a_week": load, "max_lessons_a_day": 4, "blocked": times(&blocked), "wishes": wishes,
        }));
        let able =
            editions.iter().flat_map(|e| grades.iter().map(move |&grade| (s, e.clone(), grade))).collect();
        self.able.push((id, able, periods));
    }

    /// Last term's agreements and lessons of every third teacher, of which some no longer fit.
    fn existing(&mut self, rng: &mut Rng) {
        let mut taken: Vec<(usize, String)> = Vec::new();
        for (teacher, needs, free) in &self.able {
            if rng.u8(0..3) > 0 || needs.is_empty() {
                continue;
            }
            let need = &needs[rng.usize(0..needs.len())];
            let Some((_, classes)) = self.needs.get(need) else { continue };
            let mut classes: Vec<String> = classes
                .iter()
                .filter(|class| !taken.contains(&(need.0, (*class).clone())))
                .cloned()
                .collect();
            rng.shuffle(&mut classes);
            classes.truncate(MAX_RECEIVING.into());
            if classes.is_empty() {
                continue;
            }
            taken.extend(classes.iter().map(|class| (need.0, class.clone())));
            let subject = SUBJECTS[need.0].name;
            self.pairings.push(json!({ "teacher": teacher, "subject": subject, "classes": classes }));
            for (weekday, period) in free.iter().take(SUBJECTS[need.0].prescribed.into()) {
                self.lessons.push(json!({
                    "teacher": teacher, "subject": subject, "weekday": weekday, "period": period, "classes": classes,
                }));
            }
        }
    }
}
