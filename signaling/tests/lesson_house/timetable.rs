//! Lessons that begin later: who waits for them, and how they open.

use crate::house::{House, expect, text};
use crate::pages::Page;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tongtang::clock;
use tongtang_protocol::units::UnixMillis;

const HOUR_MS: i64 = 3_600_000;

/// A lesson in an hour, with a waiting screen that is invited.
async fn scheduled(house: &House) -> (Value, Page, i64) {
    let first = house.make_lesson(false).await;
    let screen = house.pair(&first.code, "三班").await;
    house.post(&format!("/api/lessons/{}/end", first.id), json!({})).await;
    let (mut page, welcome) = Page::enter(house.addr, &screen).await;
    assert_eq!(welcome["device"]["next_lesson"], Value::Null);
    let starts_at = clock::now().0 + HOUR_MS;
    let body = json!({"title": "第二节", "starts_at": starts_at, "device_ids": [welcome["device"]["id"]]});
    let access = expect(house.as_admin(Method::POST, "/api/lessons").json(&body), StatusCode::CREATED).await;
    let told = page.hear("assigned").await;
    assert_eq!(told["lesson"], Value::Null, "it waits");
    let next = &told["device"]["next_lesson"];
    assert_eq!((&next["title"], &next["starts_at"]), (&json!("第二节"), &json!(starts_at)));
    (access, page, starts_at)
}

#[tokio::test]
async fn a_scheduled_lesson_is_shown_to_its_screens_and_opens_at_its_time() {
    let house = House::open().await;
    let (sfu, _recorder) = house.with_nodes().await;
    let (access, mut page, starts_at) = scheduled(&house).await;
    let id = text(&access["lesson"]["id"]);
    assert_eq!((&access["lesson"]["state"], &access["code"]), (&json!("scheduled"), &Value::Null));

    house.app.lessons().open_due(UnixMillis(starts_at - 11 * 60_000)).await.unwrap();
    assert_eq!(house.get(&format!("/api/lessons/{id}")).await["state"], "scheduled", "not yet");
    house.app.lessons().open_due(UnixMillis(starts_at - 9 * 60_000)).await.unwrap();

    let assigned = page.hear_that("assigned", |told| !told["lesson"].is_null()).await;
    assert_eq!((&assigned["lesson"]["id"], &assigned["lesson"]["state"]), (&json!(id), &json!("open")));
    sfu.wait_routes(&id, |routes| routes["wall"] == json!([assigned["you"]])).await;
    let code = text(&house.get(&format!("/api/lessons/{id}/access")).await["code"]);
    house.pair(&code, "四班").await;
    // It ends as any other: its room goes, although once before there was nothing to end.
    house.post(&format!("/api/lessons/{id}/end"), json!({})).await;
    sfu.wait_room_gone(&id).await;
}

#[tokio::test]
async fn its_teacher_opens_it_before_its_time_and_may_begin_at_once() {
    let house = House::open().await;
    let (_sfu, _recorder) = house.with_nodes().await;
    let (access, mut classroom, _) = scheduled(&house).await;
    let (mut teacher, welcome) = Page::enter(house.addr, &text(&access["teacher_credential"])).await;
    assert_eq!((&welcome["lesson"]["state"], &welcome["media"]), (&json!("scheduled"), &Value::Null));
    teacher.ask(json!({"do": "open"})).await.unwrap();
    teacher.see(|lesson| lesson["state"] == "open" && !lesson["code"].is_null()).await;
    classroom.hear_that("assigned", |told| !told["lesson"].is_null()).await;

    let (access, ..) = scheduled(&house).await;
    let (mut teacher, _) = Page::enter(house.addr, &text(&access["teacher_credential"])).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    teacher.see(|lesson| lesson["state"] == "live").await;
}

#[tokio::test]
async fn a_lesson_whose_time_passed_while_the_server_was_off_does_not_open() {
    let house = House::open().await;
    let (access, _, starts_at) = scheduled(&house).await;
    let id = text(&access["lesson"]["id"]);
    house.app.lessons().open_due(UnixMillis(starts_at + 3 * HOUR_MS)).await.unwrap();
    assert_eq!(house.get(&format!("/api/lessons/{id}")).await["state"], "ended");
}

#[tokio::test]
async fn a_time_that_is_soon_opens_at_once_and_nonsense_is_refused() {
    let house = House::open().await;
    let make = async |starts_at: i64, status: StatusCode| {
        let body = json!({"title": "课", "starts_at": starts_at});
        expect(house.as_admin(Method::POST, "/api/lessons").json(&body), status).await
    };
    let now = clock::now().0;
    let soon = make(now + 5 * 60_000, StatusCode::CREATED).await;
    assert_eq!(
        (&soon["lesson"]["state"], &soon["lesson"]["starts_at"]),
        (&json!("open"), &json!(now + 5 * 60_000))
    );
    for bad in [0, now - 48 * HOUR_MS, now + 5 * 366 * 24 * HOUR_MS, i64::MAX, i64::MIN] {
        assert_eq!(make(bad, StatusCode::UNPROCESSABLE_ENTITY).await["type"], "bad_input", "{bad}");
    }
}
