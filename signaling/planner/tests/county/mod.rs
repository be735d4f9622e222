//! A small county as JSON, which a test changes before it is planned: a central school with one teacher and one master
//! room, two sites with a class and a receiving room each.
#![allow(dead_code, reason = "each test takes what it needs")]

use serde_json::{Value, json};
use tongtang_planner::instance::Instance;
use tongtang_planner::plan::Plan;
use tongtang_planner::{Options, Unattended, check, solve};

/// Periods of forty minutes that begin then, on the weekdays.
pub fn bells(weekdays: &[u8], starts: &[u16]) -> Value {
    let periods: Vec<Value> = (1..)
        .zip(starts)
        .map(|(period, start)| json!({ "period": period, "start_minute": start, "end_minute": start + 40 }))
        .collect();
    json!([{ "weekdays": weekdays, "periods": periods }])
}

pub fn school(id: &str, weekdays: &[u8], starts: &[u16]) -> Value {
    json!({ "id": id, "link": { "down_kbps": 20_000, "up_kbps": 20_000 }, "bells": bells(weekdays, starts) })
}

pub fn class(id: &str, school: &str) -> Value {
    json!({ "id": id, "school": school, "grade": 3, "size": 20 })
}

pub fn teacher(id: &str, lessons: u8) -> Value {
    json!({
        "id": id, "school": "c", "max_lessons_a_week": lessons,
        "teaches": [{ "subject": "音乐", "grades": [3], "editions": ["人音版"] }],
    })
}

pub fn demand(class: &str, periods: u8) -> Value {
    json!({ "class": class, "subject": "音乐", "edition": "人音版", "prescribed": periods })
}

/// Two days of two periods; everybody's bells are the same.
pub fn county() -> Value {
    let (days, starts) = ([1, 2], [480, 530]);
    json!({
        "version": 1, "lesson_minutes": 35, "max_receiving": 3, "node_lessons": 100,
        "schools": [school("c", &days, &starts), school("a", &days, &starts), school("b", &days, &starts)],
        "classes": [class("a3", "a"), class("b3", "b")],
        "teachers": [teacher("li", 10)],
        "master_rooms": [{ "id": "m", "school": "c" }],
        "receiving_rooms": [{ "id": "ra", "school": "a" }, { "id": "rb", "school": "b" }],
        "demands": [demand("a3", 2), demand("b3", 2)],
    })
}

pub fn read(county: &Value) -> Instance {
    check::read(county.to_string().as_bytes()).expect("the county of this test is sound")
}

pub fn plan(county: &Value) -> Plan {
    solve(&read(county), Options { seed: 1, trials: Some(400) }, &Unattended)
}

/// How many periods a week a class receives.
pub fn received(plan: &Plan, class: &str) -> usize {
    plan.lessons.iter().flat_map(|lesson| &lesson.receiving).filter(|r| r.class == class).count()
}
