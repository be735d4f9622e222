//! Lessons that nobody teaches any more, and more lessons than there is room for.

use crate::house::{House, expect, text, wait_for};
use crate::pages::Page;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tongtang::clock;
use tongtang::lesson::registry::{OPEN_ALONE_MS, TAUGHT_ALONE_MS};
use tongtang_protocol::control::MAX_ROOMS;
use tongtang_protocol::units::UnixMillis;

/// As the server does it, so much later.
async fn later(house: &House, ms: i64) {
    house.app.lessons().end_abandoned(UnixMillis(clock::now().0 + ms)).await.unwrap();
}

async fn state(house: &House, id: &str) -> String {
    text(&house.get(&format!("/api/lessons/{id}")).await["state"])
}

#[tokio::test]
async fn a_lesson_whose_teacher_is_gone_ends_by_itself_and_one_that_is_taught_does_not() {
    let house = House::open().await;
    let (sfu, _recorder) = house.with_nodes().await;
    let made = house.make_lesson(false).await;
    let screen = house.pair(&made.code, "三班").await;
    let (_classroom, _) = Page::enter(house.addr, &screen).await;
    let (mut teacher, welcome) = Page::enter(house.addr, &made.teacher).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    later(&house, 10 * TAUGHT_ALONE_MS).await;
    assert_eq!(state(&house, &made.id).await, "live", "its page is there");

    // The page is gone; a program teaches.
    drop(teacher);
    let runner = house.app.lessons().running(&made.id.parse().unwrap()).unwrap();
    wait_for("the page to be gone", async || runner.teacher_away_since().map(drop)).await;
    let says = |publishing: bool| {
        json!({"id": welcome["you"], "publishing": publishing, "subscribing": false, "sources": [],
            "link": {"level": "good", "rtt_ms": null, "loss_percent": null}})
    };
    sfu.say_participant(&made.id, says(true)).await;
    wait_for("the program", async || runner.teacher_away_since().is_none().then_some(())).await;
    later(&house, 10 * TAUGHT_ALONE_MS).await;
    assert_eq!(state(&house, &made.id).await, "live", "somebody publishes as its teacher");

    sfu.say_participant(&made.id, says(false)).await;
    wait_for("nobody", async || runner.teacher_away_since().map(drop)).await;
    later(&house, TAUGHT_ALONE_MS - 60_000).await;
    assert_eq!(state(&house, &made.id).await, "live", "a break");
    later(&house, TAUGHT_ALONE_MS).await;
    assert_eq!(state(&house, &made.id).await, "ended");
    sfu.wait_room_gone(&made.id).await;
}

#[tokio::test]
async fn a_lesson_may_be_made_the_day_before() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    later(&house, OPEN_ALONE_MS - 60_000).await;
    assert_eq!(state(&house, &made.id).await, "open");
    later(&house, OPEN_ALONE_MS).await;
    assert_eq!(state(&house, &made.id).await, "ended");
}

#[tokio::test]
async fn a_lesson_too_many_is_refused_in_words() {
    let house = House::open().await;
    let mut made = Vec::new();
    for _ in 0..MAX_ROOMS {
        made.push(house.make_lesson(false).await.id);
    }
    let make = |starts_at: Option<i64>| {
        house.as_admin(Method::POST, "/api/lessons").json(&json!({"title": "课", "starts_at": starts_at}))
    };
    assert_eq!(expect(make(None), StatusCode::CONFLICT).await["type"], "too_many_lessons");
    // One for tomorrow takes no room today; it opens when there is one.
    let starts_at = clock::now().0 + 3_600_000;
    let tomorrow = text(&expect(make(Some(starts_at)), StatusCode::CREATED).await["lesson"]["id"]);
    let open = house.as_admin(Method::POST, &format!("/api/lessons/{tomorrow}/open"));
    assert_eq!(expect(open, StatusCode::CONFLICT).await["type"], "too_many_lessons");
    house.app.lessons().open_due(UnixMillis(starts_at)).await.unwrap();
    assert_eq!(state(&house, &tomorrow).await, "scheduled");
    house.post(&format!("/api/lessons/{}/end", made[0]), json!({})).await;
    house.app.lessons().open_due(UnixMillis(starts_at)).await.unwrap();
    assert_eq!(state(&house, &tomorrow).await, "open");
    expect(make(None), StatusCode::CONFLICT).await;
}
