//! Conditions: the real program and a small county in a file. Check: the plan it writes, and what it says otherwise.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn plan(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongtang"));
    command.current_dir(folder).env_remove("TONGTANG_CONFIG");
    command.args(["plan", "--instance", "county.json", "--out", "plan.json"]).args(more);
    command
}

fn bells(first: u16) -> Value {
    let period = |n: u16| json!({"period": n, "start_minute": first + 55 * (n - 1), "end_minute": first + 55 * (n - 1) + 40});
    json!([{"weekdays": [1, 2, 3, 4, 5], "periods": (1..=4).map(period).collect::<Vec<_>>()}])
}

/// One music teacher of two lessons a week; a class of one school and two of another want two each, and an art lesson
/// that nobody gives.
fn county() -> Value {
    let link = json!({"down_kbps": 20_000, "up_kbps": 10_000});
    let class =
        |id: &str, school: &str| json!({"id": id, "name": id, "school": school, "grade": 3, "size": 20});
    let demand = |class: &str, subject: &str| json!({"class": class, "subject": subject, "edition": "人教版", "prescribed": 2});
    json!({
        "version": 1, "lesson_minutes": 35, "max_receiving": 2, "node_lessons": 10,
        "schools": [
            {"id": "central", "name": "中心小学", "link": link, "bells": bells(480)},
            {"id": "east", "name": "东村教学点", "link": link, "bells": bells(483)},
            {"id": "west", "name": "西村教学点", "link": link, "bells": bells(478)},
        ],
        "classes": [class("e3", "east"), class("w3", "west"), class("w3b", "west")],
        "teachers": [{
            "id": "li", "name": "李老师", "school": "central", "max_lessons_a_week": 2,
            "teaches": [{"subject": "音乐", "grades": [3], "editions": ["人教版"]}],
        }],
        "master_rooms": [{"id": "m1", "school": "central"}],
        "receiving_rooms": [{"id": "r1", "school": "east"}, {"id": "r2", "school": "west"}, {"id": "r3", "school": "west"}],
        "demands": [demand("e3", "音乐"), demand("w3", "音乐"), demand("w3b", "音乐"), demand("e3", "美术")],
    })
}

fn write(folder: &Path, county: &Value) {
    std::fs::write(folder.join("county.json"), county.to_string()).unwrap();
}

fn read(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("plan.json")).unwrap()).unwrap()
}

/// Nothing but the instance and the plan lies in the folder.
fn is_tidy(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().all(|entry| {
        let name = entry.unwrap().file_name();
        name == "county.json" || name == "plan.json"
    })
}

#[test]
fn a_county_is_planned_and_what_is_missing_has_its_reason_and_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &county());
    let Output { status, stdout, stderr } = plan(folder.path(), &["--progress", "json"]).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(status.success(), "{stderr}");
    assert!(stdout.contains("4 of 8 periods"), "{stdout}");
    assert!(stdout.contains("没有能教3年级美术的主讲教师") && stdout.contains("teaches 美术"), "{stdout}");
    for line in stderr.lines() {
        let at: Value = serde_json::from_str(line).unwrap();
        assert!(at["percent"].as_u64().is_some_and(|percent| percent <= 100), "{line}");
    }
    let plan = read(folder.path());
    assert_eq!(plan["objectives"]["uncovered_periods"]["value"], 4.0);
    assert_eq!(plan["objectives"]["uncovered_periods"]["gap"], 0.0);
    assert_eq!(plan["lessons"].as_array().unwrap().len(), 2);
    let unserved = plan["unserved"].as_array().unwrap();
    assert_eq!(unserved.len(), 2);
    let music = unserved.iter().find(|missing| missing["subject"] == "音乐").unwrap();
    let codes = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    assert!(codes(&music["reasons"]).contains(&"teacher_load".to_owned()), "{music}");
    assert!(codes(&music["relaxations"]).contains(&"one_more_lesson".to_owned()), "{music}");
    assert!(is_tidy(folder.path()));
}

#[test]
fn the_remedy_that_is_told_really_serves_the_class() {
    let folder = tempfile::tempdir().unwrap();
    let mut county = county();
    county["teachers"][0]["max_lessons_a_week"] = json!(3);
    write(folder.path(), &county);
    assert!(plan(folder.path(), &[]).status().unwrap().success());
    assert_eq!(read(folder.path())["objectives"]["uncovered_periods"]["value"], 3.0);
}

#[test]
fn an_interrupted_plan_is_the_best_so_far_and_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &county());
    // More trials than anybody waits for: the first round would last for days.
    let mut child = plan(folder.path(), &["--trials", "1000000000000", "--progress", "json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    let begun = Instant::now();
    // The plan's file is begun once the signals are listened to.
    while is_tidy(folder.path()) && child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no plan was begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
    assert!(child.wait().unwrap().success());
    let plan = read(folder.path());
    assert_eq!(plan["stopped_early"], true);
    assert_eq!(plan["lessons"].as_array().unwrap().len(), 2);
    assert!(is_tidy(folder.path()));
}

#[test]
fn what_is_wrong_with_a_county_is_named_and_an_older_plan_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut county = county();
    county["classes"][1]["school"] = json!("nowhere");
    county["demands"][0]["class"] = json!("nobody");
    write(folder.path(), &county);
    std::fs::write(folder.path().join("plan.json"), "older").unwrap();
    let Output { status, stderr, .. } = plan(folder.path(), &[]).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(!status.success());
    assert!(stderr.contains("classes[1].school") && stderr.contains("demands[0].class"), "{stderr}");
    assert_eq!(std::fs::read(folder.path().join("plan.json")).unwrap(), b"older");
    assert!(is_tidy(folder.path()));
}
