//! One rule a test: what a plan of a small county does and never does.

mod county;

use county::{county, demand, plan, read, received, school, teacher};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use tongtang_planner::plan::Plan;
use tongtang_planner::{Control, Options, Progress, Unattended, solve};

#[test]
fn two_classes_with_the_same_bells_are_served_by_the_same_two_lessons() {
    let plan = plan(&county());
    assert_eq!(plan.objectives.uncovered_periods.value, 0.0);
    assert_eq!(plan.objectives.uncovered_periods.bound, 0.0);
    assert!(!plan.stopped_early);
    assert_eq!((received(&plan, "a3"), received(&plan, "b3")), (2, 2));
    assert!(plan.unserved.is_empty());
}

#[test]
fn the_same_seed_gives_the_same_plan() {
    let mut scarce = county();
    scarce["teachers"] = json!([teacher("li", 1), teacher("wang", 2)]);
    scarce["max_receiving"] = json!(1);
    let instance = read(&scarce);
    let options = Options { seed: 7, trials: Some(400) };
    let (first, second) = (solve(&instance, options, &Unattended), solve(&instance, options, &Unattended));
    assert!(!first.lessons.is_empty() && !first.unserved.is_empty());
    assert_eq!(first, second);
}

struct Stopped {
    asked: AtomicBool,
}

impl Control for Stopped {
    fn stop(&self) -> bool {
        self.asked.store(true, Ordering::Relaxed);
        true
    }
    fn seconds_left(&self) -> f64 {
        0.0
    }
    fn progress(&self, _: Progress) {}
}

#[test]
fn a_solve_that_is_stopped_at_once_gives_a_plan_and_says_so() {
    let mut scarce = county();
    scarce["teachers"] = json!([teacher("li", 1)]);
    let control = Stopped { asked: AtomicBool::new(false) };
    let plan = solve(&read(&scarce), Options::default(), &control);
    assert!(control.asked.load(Ordering::Relaxed));
    assert!(plan.stopped_early);
    assert_eq!(plan.lessons.len(), 1);
    assert_eq!(plan.unserved.len(), 2);
    assert!(plan.unserved.iter().all(|unserved| !unserved.reasons.is_empty()));
    assert!(plan.objectives.uncovered_periods.bound <= plan.objectives.uncovered_periods.value);
}

/// Which lessons a class or a room has at once.
fn twice_at_once(plan: &Plan) -> bool {
    plan.lessons.iter().enumerate().any(|(i, a)| {
        plan.lessons[..i].iter().any(|b| {
            let meet =
                a.weekday == b.weekday && a.start_minute < b.end_minute && b.start_minute < a.end_minute;
            let shared = a
                .receiving
                .iter()
                .any(|x| b.receiving.iter().any(|y| x.class == y.class || x.room == y.room));
            meet && (a.teacher == b.teacher || a.room == b.room || shared)
        })
    })
}

/// Music by li, art by wang, both wanted by the class of site a alone, on one day of two periods.
fn two_subjects() -> serde_json::Value {
    let mut county = county();
    let mut wang = teacher("wang", 10);
    wang["teaches"][0]["subject"] = json!("美术");
    county["teachers"].as_array_mut().expect("a list").push(wang);
    county["master_rooms"] = json!([{ "id": "m", "school": "c" }, { "id": "n", "school": "c" }]);
    let mut art = demand("a3", 2);
    art["subject"] = json!("美术");
    county["demands"] = json!([demand("a3", 2), art]);
    county
}

#[test]
fn a_class_is_never_in_two_lessons_at_once() {
    let plan = plan(&two_subjects());
    assert_eq!(received(&plan, "a3"), 4);
    assert!(!twice_at_once(&plan));

    let mut tight = two_subjects();
    tight["classes"][0]["occupied"] = json!([{ "weekday": 1, "period": 1 }]);
    let plan = county::plan(&tight);
    assert_eq!(received(&plan, "a3"), 3, "of four periods one is taken on site");
    assert!(!twice_at_once(&plan));
}

/// The class of site a and one more class there, two teachers and two rooms: only the link keeps them apart.
fn two_classes_at_a_site() -> serde_json::Value {
    let mut county = county();
    county["max_receiving"] = json!(1);
    county["classes"] = json!([county::class("a3", "a"), county::class("a4", "a")]);
    county["teachers"] = json!([teacher("li", 10), teacher("wang", 10)]);
    county["master_rooms"] = json!([{ "id": "m", "school": "c" }, { "id": "n", "school": "c" }]);
    county["receiving_rooms"] = json!([{ "id": "r", "school": "a" }, { "id": "s", "school": "a" }]);
    county["schools"] = json!([school("c", &[1], &[480]), school("a", &[1], &[480])]);
    county["demands"] = json!([demand("a3", 1), demand("a4", 1)]);
    county
}

#[test]
fn a_link_for_one_lesson_carries_one_at_a_time() {
    let served = |county: &serde_json::Value| {
        let plan = plan(county);
        received(&plan, "a3") + received(&plan, "a4")
    };
    let mut county = two_classes_at_a_site();
    assert_eq!(served(&county), 2);
    county["schools"][1]["link"] = json!({ "down_kbps": 20_000, "up_kbps": 20_000, "max_lessons": 1 });
    assert_eq!(served(&county), 1, "max_lessons");
    county["schools"][1]["link"] = json!({ "down_kbps": 4_999, "up_kbps": 20_000 });
    assert_eq!(served(&county), 1, "towards the rooms, 2 × 2,500 do not fit");
    county["schools"][1]["link"] = json!({ "down_kbps": 20_000, "up_kbps": 1_699 });
    assert_eq!(served(&county), 1, "from the rooms, 2 × 850 do not fit");
}

#[test]
fn bell_times_with_too_little_in_common_are_not_used() {
    let mut late = county();
    // Site b begins five minutes later: 35 are in common. Site a six: 34.
    late["schools"][1] = school("a", &[1, 2], &[486, 536]);
    late["schools"][2] = school("b", &[1, 2], &[485, 535]);
    let plan = plan(&late);
    assert_eq!((received(&plan, "a3"), received(&plan, "b3")), (0, 2));
    assert!(
        plan.lessons
            .iter()
            .all(|lesson| lesson.start_minute % 50 == 35 && lesson.end_minute == lesson.start_minute + 35)
    );
    assert_eq!(plan.unserved.len(), 1);
    assert_eq!(plan.unserved[0].reasons[0].code, "no_overlap");
}

#[test]
fn a_room_that_is_free_only_then_is_used_then() {
    let mut county = county();
    county["master_rooms"][0]["free"] = json!([{ "weekday": 1, "period": 2 }]);
    let plan = plan(&county);
    assert_eq!((received(&plan, "a3"), received(&plan, "b3")), (1, 1));
    assert!(plan.lessons.iter().all(|lesson| (lesson.weekday, lesson.period) == (1, 2)));
}

#[test]
fn a_teacher_who_is_blocked_in_odd_weeks_teaches_in_even_ones() {
    let mut county = county();
    county["teachers"][0]["free"] = json!([{ "weekday": 1, "period": 1, "weeks": "even" }]);
    county["demands"] = json!([demand("a3", 1), demand("b3", 1)]);
    county["demands"][0]["weeks"] = json!("even");
    county["demands"][1]["weeks"] = json!("odd");
    let plan = plan(&county);
    assert_eq!((received(&plan, "a3"), received(&plan, "b3")), (1, 0));
    // A demand of every other week counts half.
    assert_eq!(plan.objectives.prescribed_periods, 1.0);
    assert_eq!(plan.objectives.uncovered_periods.value, 0.5);
}

#[test]
fn what_is_published_stays_where_it_can() {
    let mut county = county();
    county["existing"] = json!({
        "pairings": [{ "teacher": "li", "subject": "音乐", "classes": ["a3", "b3"] }],
        "lessons": [
            { "teacher": "li", "subject": "音乐", "weekday": 1, "period": 2, "classes": ["a3", "b3"] },
            { "teacher": "li", "subject": "音乐", "weekday": 2, "period": 1, "classes": ["a3", "b3"] },
        ],
    });
    let plan = plan(&county);
    assert_eq!(plan.objectives.changes.value, 0.0);
    let times: Vec<_> = plan.lessons.iter().map(|lesson| (lesson.weekday, lesson.period)).collect();
    assert_eq!(times, [(1, 2), (2, 1)]);
}
