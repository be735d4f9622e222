//! A house with a small county in it (`tongtang_testing::county`), whose term began four weeks ago.

use crate::house::{House, expect, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tongtang::clock;
use tongtang_protocol::day::Day;

pub struct County {
    pub house: House,
    pub first_day: Day,
}

/// The week in which the tests plan: it is to come.
pub const WEEK: u8 = 7;

/// The Monday of four weeks ago.
pub fn first_day() -> Day {
    let today = Day::of(clock::now());
    today.plus(1 - i64::from(today.weekday()) - 28)
}

impl County {
    pub async fn open() -> Self {
        Self::in_house(House::open().await).await
    }

    pub async fn in_house(house: House) -> Self {
        let county = Self { house, first_day: first_day() };
        county.run(&county.statements()).await;
        county
    }

    fn statements(&self) -> String {
        let day = |week, weekday| self.day(week, weekday).to_string();
        tongtang_testing::county::statements(&day(1, 1), &day(8, 3), &day(8, 7))
    }

    /// A day of the term: week from 1, weekday 1 to 7.
    pub fn day(&self, week: u8, weekday: u8) -> Day {
        self.first_day.plus(i64::from(week - 1) * 7 + i64::from(weekday - 1))
    }

    pub async fn run(&self, sql: &str) {
        let mut database = self.house.database().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut database).await.unwrap();
    }

    pub fn input(&self, day: Day, period: u8, teacher: &str, room: &str, classes: &[&str]) -> Value {
        json!({"subject": "音乐", "grade": 3, "teacher_id": teacher, "classroom_id": room, "day": day,
            "period": period, "class_ids": classes})
    }

    /// A lesson of 李老师 from 录播一室 to `cls-a` on this weekday of [`WEEK`].
    pub async fn add(&self, weekday: u8, period: u8) -> Value {
        let body = self.input(self.day(WEEK, weekday), period, "per-li", "room-m1", &["cls-a"]);
        self.try_add(body, StatusCode::CREATED).await["lessons"][0].clone()
    }

    pub async fn try_add(&self, body: Value, status: StatusCode) -> Value {
        expect(self.house.as_admin(Method::POST, "/api/terms/term-1/lessons").json(&body), status).await
    }

    pub async fn change(&self, lesson: &Value, body: Value, status: StatusCode) -> Value {
        let mut body = body;
        if body["version"].is_null() {
            body["version"] = lesson["version"].clone();
        }
        let path = format!("/api/timetable-lessons/{}/changes", text(&lesson["id"]));
        expect(self.house.as_admin(Method::POST, &path).json(&body), status).await
    }

    pub async fn undo(&self, changed: &Value, status: StatusCode) -> Value {
        let path = format!("/api/changes/{}/undo", text(&changed["change"]["id"]));
        expect(self.house.as_admin(Method::POST, &path).json(&json!({})), status).await
    }

    pub async fn lesson(&self, lesson: &Value) -> Value {
        self.house.get(&format!("/api/timetable-lessons/{}", text(&lesson["id"]))).await
    }

    /// Ids of a week of somebody.
    pub async fn week(&self, week: u8, whose: &str) -> Vec<String> {
        let page = self.house.get(&format!("/api/terms/term-1/weeks/{week}?{whose}")).await;
        page["lessons"].as_array().unwrap().iter().map(|lesson| text(&lesson["id"])).collect()
    }
}
