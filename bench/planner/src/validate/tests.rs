//! The check finds what is planted, and nothing in what the planner made.

use super::validate;
use crate::county::county;
use crate::form::{Instance, Plan};
use serde_json::{Value, json};
use tongtang_planner::{Control, Options, Progress, Unattended, check, solve};

fn planned(json: &Value, control: &dyn Control) -> (Instance, Plan) {
    let bytes = serde_json::to_vec(json).unwrap();
    let instance = check::read(&bytes).unwrap();
    let plan = solve(&instance, Options { seed: 1, trials: Some(200) }, control);
    (
        serde_json::from_slice(&bytes).unwrap(),
        serde_json::from_value(serde_json::to_value(&plan).unwrap()).unwrap(),
    )
}

fn wrong(of: &Instance, plan: &Plan) -> Vec<String> {
    validate(of, plan).0
}

#[test]
fn a_plan_of_forty_demands_breaks_nothing() {
    for seed in 1..=3 {
        let (of, plan) = planned(&county(40, seed), &Unattended);
        assert!(plan.lessons.len() > 10, "{} lessons", plan.lessons.len());
        assert_eq!(wrong(&of, &plan), [""; 0], "seed {seed}");
    }
}

struct Stopped;

impl Control for Stopped {
    fn stop(&self) -> bool {
        true
    }
    fn seconds_left(&self) -> f64 {
        0.0
    }
    fn progress(&self, _: Progress) {}
}

#[test]
fn a_plan_that_was_stopped_at_once_breaks_nothing() {
    let (of, plan) = planned(&county(40, 1), &Stopped);
    assert!(plan.stopped_early && !plan.lessons.is_empty());
    assert_eq!(wrong(&of, &plan), [""; 0]);
}

#[test]
fn nodes_that_are_nearly_full_are_never_overfull() {
    for (seed, lessons) in [(1, 1), (2, 2), (3, 3), (4, 2), (5, 1)] {
        let mut county = county(40, seed);
        county["node_lessons"] = json!(lessons);
        let (of, plan) = planned(&county, &Unattended);
        assert!(!plan.lessons.is_empty());
        assert_eq!(wrong(&of, &plan), [""; 0], "seed {seed}");
    }
}

/// Is a planted fault found, and named so?
#[track_caller]
fn finds(plant: impl FnOnce(&mut Plan), named: &str) {
    let (of, mut plan) = planned(&county(40, 1), &Unattended);
    plant(&mut plan);
    let wrong = wrong(&of, &plan);
    assert!(wrong.iter().any(|wrong| wrong.contains(named)), "no \"{named}\" in {wrong:?}");
}

#[test]
fn a_receiving_room_of_another_school_is_found() {
    finds(
        |plan| {
            let mine = plan.lessons[0].receiving[0].room.clone();
            let school = mine.split('-').next().unwrap().to_owned() + "-";
            let mut rooms = plan.lessons.iter().flat_map(|lesson| &lesson.receiving).map(|r| &r.room);
            let other = rooms.find(|room| !room.starts_with(&school)).unwrap().clone();
            plan.lessons[0].receiving[0].room = other;
        },
        "receiving room",
    );
}

#[test]
fn a_teacher_in_two_lessons_at_once_is_found() {
    finds(|plan| plan.lessons.push(plan.lessons[0].clone()), "twice at once");
}

#[test]
fn a_minute_too_long_is_found() {
    finds(|plan| plan.lessons[0].end_minute += 1, "lesson 0: from");
}

#[test]
fn a_lesson_outside_its_period_is_found() {
    finds(
        |plan| {
            plan.lessons[0].start_minute += 60;
            plan.lessons[0].end_minute += 60;
        },
        "outside",
    );
}

#[test]
fn a_class_that_left_its_pairing_is_found() {
    finds(
        |plan| {
            plan.pairings[0].classes.pop();
        },
        "is not in the pairing",
    );
}

#[test]
fn a_plan_that_flatters_itself_is_found() {
    finds(|plan| plan.objectives.uncovered_periods.value -= 1.0, "the plan says");
    finds(|plan| plan.unserved.clear(), "not listed as unserved");
}
