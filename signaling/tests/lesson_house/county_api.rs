//! A small county made over HTTP: a county with bell times and a term, a school, a room, a class, a teacher.

use crate::house::{House, expect, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Identities of what was made.
pub struct County {
    pub county: String,
    pub bells: String,
    pub term: String,
    pub school: String,
    pub room: String,
    pub class: String,
    pub teacher: String,
}

impl County {
    pub async fn make(house: &House) -> Self {
        let county = made(house, "/api/orgs", org(None, "county", "360100", "临江县")).await;
        let body = json!({"org_id": county, "name": "夏季作息", "periods": periods(480)});
        let bells = made(house, "/api/bell-schedules", body).await;
        let body = json!({"parent_id": null, "kind": "county", "code": "360100", "name": "临江县", "bell_schedule_id": bells});
        put(house, &format!("/api/orgs/{county}"), body).await;
        let body = json!({"org_id": county, "name": "2026 秋", "first_day": "2026-08-31", "weeks": 20, "days": [
            {"day": "2026-10-01", "kind": "holiday", "name": "国庆节"},
            {"day": "2026-10-10", "kind": "make_up", "follows_weekday": 4, "name": "调休"}]});
        let term = made(house, "/api/terms", body).await;
        let school = made(house, "/api/orgs", org(Some(&county), "school", "3601001", "河东小学")).await;
        let room = made(house, "/api/classrooms", room(&school, "录播教室")).await;
        let class = made(house, "/api/classes", class(&school, "C-1", "三（1）班", Some(&room))).await;
        let teacher = made(house, "/api/teachers", teacher(&school, "T-1", "李明")).await;
        Self { county, bells, term, school, room, class, teacher }
    }
}

pub fn org(parent: Option<&str>, kind: &str, code: &str, name: &str) -> Value {
    json!({"parent_id": parent, "kind": kind, "code": code, "name": name})
}

pub fn room(org: &str, name: &str) -> Value {
    json!({"org_id": org, "name": name, "max_receivers": 3})
}

pub fn class(org: &str, code: &str, name: &str, room: Option<&str>) -> Value {
    json!({"org_id": org, "code": code, "name": name, "grade": 3, "size": 12, "classroom_id": room,
        "consent": {"live": true, "record": true, "publish": false},
        "subjects": [{"subject": "音乐", "edition": "人音版", "on_site_periods": 0}],
        "busy": [{"weekday": 1, "period": 1, "parity": "every", "what": "语文"}]})
}

pub fn teacher(org: &str, code: &str, name: &str) -> Value {
    json!({"org_id": org, "code": code, "name": name, "max_weekly": 16, "max_delivered": 4,
        "subjects": [{"subject": "音乐", "grade_from": 1, "grade_to": 6, "edition": "人音版"}],
        "busy": [{"weekday": 5, "period": 6, "parity": "odd", "what": "教研"}]})
}

/// Six periods of 40 minutes with breaks of ten, from this minute.
pub fn periods(first_min: u16) -> Value {
    let period = |n: u16| json!({"period": n + 1, "starts_min": first_min + n * 50, "ends_min": first_min + n * 50 + 40});
    (0..6).map(period).collect()
}

/// The id of what this makes.
pub async fn made(house: &House, path: &str, body: Value) -> String {
    let made = expect(house.as_admin(Method::POST, path).json(&body), StatusCode::CREATED).await;
    text(&made["id"])
}

pub async fn put(house: &House, path: &str, body: Value) -> Value {
    expect(house.as_admin(Method::PUT, path).json(&body), StatusCode::OK).await
}

/// The problem with which this is refused, in English.
pub async fn refused(house: &House, method: Method, path: &str, body: Value, status: StatusCode) -> Value {
    let request = house.as_admin(method, path).header("accept-language", "en").json(&body);
    expect(request, status).await
}
