//! Lessons open by themselves, screens come by themselves, and the timetable says what was held.

use crate::house::{expect, text};
use crate::nodes::{FakeRecorder, FakeSfu};
use crate::pages::Page;
use crate::term_county::{County, WEEK};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Row;
use tongtang::clock;
use tongtang::timetable::opening::{PATIENCE_MS, sweep};
use tongtang_protocol::day::Day;
use tongtang_protocol::units::UnixMillis;

const MINUTE_MS: i64 = 60_000;

struct Opening {
    county: County,
    _nodes: (FakeSfu, FakeRecorder),
}

impl Opening {
    async fn prepare() -> Self {
        let county = County::open().await;
        let nodes = county.house.with_nodes().await;
        Self { county, _nodes: nodes }
    }

    /// A screen that stands in a classroom, and its page.
    async fn screen(&self, room: &str) -> Page {
        let first = self.county.house.make_lesson(false).await;
        let credential = self.county.house.pair(&first.code, room).await;
        self.county.house.post(&format!("/api/lessons/{}/end", first.id), json!({})).await;
        self.county.run(&format!("UPDATE device SET classroom_id = '{room}' WHERE name = '{room}'")).await;
        Page::enter(self.county.house.addr, &credential).await.0
    }

    async fn sweep(&self, at: i64) {
        sweep(&self.county.house.app, UnixMillis(at)).await.unwrap();
    }

    /// The lesson is to begin in five minutes.
    async fn soon(&self, lesson: &Value) {
        let now = clock::now();
        let (day, starts, ends) = (Day::of(now), now.0 + 5 * MINUTE_MS, now.0 + 45 * MINUTE_MS);
        let id = text(&lesson["id"]);
        self.county
            .run(&format!(
                "UPDATE timetable_lesson SET day = '{day}', starts_at = {starts}, ends_at = {ends} WHERE id = '{id}';
                 UPDATE timetable_class SET starts_at = {starts} WHERE timetable_lesson_id = '{id}'"
            ))
            .await;
    }

    async fn start(&self, lesson: &Value, status: StatusCode) -> Value {
        let path = format!("/api/timetable-lessons/{}/start", text(&lesson["id"]));
        expect(self.county.house.as_admin(Method::POST, &path).json(&json!({})), status).await
    }

    /// How many live lessons belong to the master school, and how many of them are recorded.
    async fn live(&self) -> (i64, i64) {
        let mut database = self.county.house.database().await;
        let row = sqlx::query(
            "SELECT COUNT(*), COUNT(CASE WHEN record = 1 THEN 1 END) FROM lesson WHERE org_id = 'org-m'",
        )
        .fetch_one(&mut database)
        .await
        .unwrap();
        (row.get(0), row.get(1))
    }
}

fn begins(lesson: &Value) -> i64 {
    lesson["starts_at"].as_i64().unwrap()
}

#[tokio::test]
async fn a_lesson_opens_by_itself_and_the_screens_of_its_rooms_join_by_themselves() {
    let opening = Opening::prepare().await;
    let mut screen = opening.screen("room-a").await;
    let mut elsewhere = opening.screen("room-b").await;
    let lesson = opening.county.add(2, 1).await;
    opening.sweep(begins(&lesson) - 11 * MINUTE_MS).await;
    assert_eq!(opening.county.lesson(&lesson).await["lesson_id"], Value::Null, "not yet");
    opening.sweep(begins(&lesson) - 9 * MINUTE_MS).await;
    let assigned = screen.hear_that("assigned", |told| !told["lesson"].is_null()).await;
    let opened = opening.county.lesson(&lesson).await;
    let live = &assigned["lesson"];
    assert_eq!((&live["id"], &live["title"]), (&opened["lesson_id"], &json!("三年级音乐")));
    assert_eq!((&live["state"], &live["participants"][0]["name"]), (&json!("open"), &json!("李老师")));
    // What is open is not moved any more; cancelled it ends, and its screens wait for the next.
    let to = json!({"do": "move", "day": opening.county.day(WEEK, 4), "period": 1});
    assert_eq!(opening.county.change(&opened, to, StatusCode::CONFLICT).await["type"], "open_already");
    // Another teacher takes over: everybody in the lesson reads who; it is undone: everybody reads that.
    let named = async |screen: &mut Page, name: &str| {
        screen.hear_that("lesson", |told| told["lesson"]["participants"][0]["name"] == name).await
    };
    let by = json!({"do": "substitute", "teacher_id": "per-wang"});
    let substituted = opening.county.change(&opened, by, StatusCode::OK).await;
    named(&mut screen, "王老师").await;
    opening.county.undo(&substituted, StatusCode::OK).await;
    named(&mut screen, "李老师").await;
    let opened = opening.county.lesson(&lesson).await;
    opening.county.change(&opened, json!({"do": "cancel", "reason": "停电"}), StatusCode::OK).await;
    let over = opening.county.house.get(&format!("/api/lessons/{}", text(&opened["lesson_id"]))).await;
    assert_eq!(over["state"], "ended");
    // The screen of a classroom that has no part in it was not called.
    let welcome = elsewhere.ask(json!({"do": "raise_hand", "raised": true})).await;
    assert!(welcome.is_err(), "it sits in no lesson: {welcome:?}");
}

#[tokio::test]
async fn a_class_whose_parents_took_their_consent_back_is_not_called_into_its_lesson() {
    let opening = Opening::prepare().await;
    let mut without = opening.screen("room-a").await;
    let mut with = opening.screen("room-b").await;
    let county = &opening.county;
    let body = county.input(county.day(WEEK, 2), 1, "per-li", "room-m1", &["cls-a", "cls-b"]);
    let lesson = county.try_add(body, StatusCode::CREATED).await["lessons"][0].clone();
    county.run("UPDATE class_group SET consent_live = 0 WHERE id = 'cls-a'").await;
    opening.sweep(begins(&lesson) - MINUTE_MS).await;
    with.hear_that("assigned", |told| !told["lesson"].is_null()).await;
    let welcome = without.ask(json!({"do": "raise_hand", "raised": true})).await;
    assert!(welcome.is_err(), "it sits in no lesson: {welcome:?}");
}

#[tokio::test]
async fn whoever_sweeps_at_once_a_lesson_opens_once_and_is_recorded_only_if_every_class_agrees() {
    let opening = Opening::prepare().await;
    let lesson = opening.county.add(2, 1).await;
    let at = begins(&lesson) - MINUTE_MS;
    join_all((0..8).map(|_| opening.sweep(at))).await;
    opening.sweep(at).await;
    assert_eq!(opening.live().await, (1, 1));
    opening.county.run("UPDATE class_group SET consent_record = 0 WHERE id = 'cls-a'").await;
    let other = opening.county.add(4, 1).await;
    opening.sweep(begins(&other) - MINUTE_MS).await;
    assert_eq!(opening.live().await, (2, 1));
}

#[tokio::test]
async fn a_teacher_starts_with_one_press_and_the_timetable_says_who_was_there() {
    let opening = Opening::prepare().await;
    let county = &opening.county;
    let mut screen = opening.screen("room-a").await;
    let body = county.input(county.day(WEEK, 2), 1, "per-li", "room-m1", &["cls-a", "cls-b"]);
    let lesson = county.try_add(body, StatusCode::CREATED).await["lessons"][0].clone();
    let early = opening.start(&lesson, StatusCode::CONFLICT).await;
    assert_eq!(early["type"], "not_today");
    assert_eq!(county.house.get("/api/today").await["lessons"], json!([]));
    opening.soon(&lesson).await;
    let today = county.house.get("/api/today").await;
    assert_eq!(
        (&today["lessons"][0]["lesson"]["id"], &today["lessons"][0]["can_start"]),
        (&lesson["id"], &json!(true))
    );

    let started = opening.start(&lesson, StatusCode::OK).await;
    assert_eq!(opening.start(&lesson, StatusCode::OK).await, started, "pressed twice");
    let (_, credential) = started["teacher_url"].as_str().unwrap().split_once('#').unwrap();
    let (mut teacher, welcome) = Page::enter(county.house.addr, credential).await;
    assert_eq!(welcome["lesson"]["id"], started["lesson_id"]);
    screen.hear_that("assigned", |told| told["lesson"]["id"] == started["lesson_id"]).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    opening.sweep(clock::now().0 + 10 * MINUTE_MS).await;
    assert_eq!(county.lesson(&lesson).await["state"], "planned", "it goes on");
    teacher.ask(json!({"do": "end"})).await.unwrap();
    opening.sweep(clock::now().0 + 10 * MINUTE_MS).await;
    let held = county.lesson(&lesson).await;
    assert_eq!(held["state"], "held");
    let there: Vec<_> = held["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| (text(&class["class_id"]), class["attended"].as_bool().unwrap()))
        .collect();
    assert_eq!(there, [("cls-a".to_owned(), true), ("cls-b".to_owned(), false)]);
    assert_eq!(opening.start(&lesson, StatusCode::CONFLICT).await["type"], "past");
    assert_eq!(county.house.get("/api/today").await["lessons"][0]["can_start"], false);
}

#[tokio::test]
async fn a_lesson_that_nobody_began_was_missed_whether_it_had_opened_or_not() {
    let opening = Opening::prepare().await;
    let (opened, never) = (opening.county.add(2, 1).await, opening.county.add(2, 3).await);
    let ends = |lesson: &Value| lesson["ends_at"].as_i64().unwrap();
    opening.sweep(begins(&opened) - MINUTE_MS).await;
    let live = text(&opening.county.lesson(&opened).await["lesson_id"]);
    opening.sweep(ends(&opened) + PATIENCE_MS - 1).await;
    assert_eq!(opening.county.lesson(&opened).await["state"], "planned");
    opening.sweep(ends(&never) + PATIENCE_MS).await;
    for lesson in [&opened, &never] {
        let missed = opening.county.lesson(lesson).await;
        assert_eq!((&missed["state"], &missed["classes"][0]["attended"]), (&json!("missed"), &json!(false)));
    }
    assert_eq!(opening.county.house.get(&format!("/api/lessons/{live}")).await["state"], "ended");
    assert_eq!(opening.live().await, (1, 1), "what was over before anybody looked was not opened");
}

#[tokio::test]
async fn a_screen_is_put_into_a_classroom_and_taken_out_of_it() {
    let county = County::open().await;
    let made = county.house.make_lesson(false).await;
    county.house.pair(&made.code, "河口屏幕").await;
    let device = crate::house::text(&county.house.get("/api/devices").await[0]["id"]);
    let screens = async || county.house.get("/api/classrooms/room-a").await["device_ids"].clone();
    let path = format!("/api/devices/{device}/classroom");
    let place = async |body: serde_json::Value, status| {
        crate::house::expect(county.house.as_admin(reqwest::Method::PUT, &path).json(&body), status).await
    };
    assert_eq!(screens().await, serde_json::json!([]));
    place(serde_json::json!({"classroom_id": "room-a"}), reqwest::StatusCode::OK).await;
    assert_eq!(screens().await, serde_json::json!([device]));
    let nowhere = serde_json::json!({"classroom_id": "room-none"});
    place(nowhere, reqwest::StatusCode::UNPROCESSABLE_ENTITY).await;
    place(serde_json::json!({}), reqwest::StatusCode::OK).await;
    assert_eq!(screens().await, serde_json::json!([]));
}
