//! What one caller too many is told, and that those who are there do not notice.

use crate::house::{House, expect, text, wait_for};
use crate::pages::Page;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tongtang::store::MAX_LISTED;
use tongtang::ws::sessions::MAX_SESSIONS_PER_LESSON;

#[tokio::test]
async fn an_oversized_body_is_refused_in_words_and_makes_nothing() {
    let house = House::open().await;
    let title = "课".repeat(30_000);
    let request = house.as_admin(Method::POST, "/api/lessons").json(&json!({"title": title}));
    let problem = expect(request, StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!((&problem["type"], &problem["status"]), (&json!("bad_input"), &json!(413)));
    assert_eq!(house.get("/api/lessons").await, json!([]));
}

#[tokio::test]
async fn a_lesson_takes_so_many_pages_and_those_that_are_in_it_stay() {
    let house = House::open().await;
    let (made, other) = (house.make_lesson(false).await, house.make_lesson(false).await);
    let mut pages = Vec::new();
    for _ in 0..MAX_SESSIONS_PER_LESSON {
        pages.push(Page::enter(house.addr, &made.teacher).await.0);
    }
    let mut late = Page::hello(house.addr, &made.teacher, None).await;
    let refused = late.hear("refused").await;
    assert_eq!((&refused["problem"]["type"], &refused["problem"]["status"]), (&json!("limit"), &json!(503)));
    assert!(late.next().await.is_none(), "closed");

    pages[0].ask(json!({"do": "start"})).await.unwrap();
    for page in &mut pages[1..] {
        page.see(|lesson| lesson["state"] == "live").await;
    }
    Page::enter(house.addr, &other.teacher).await;
}

#[tokio::test]
async fn one_screen_too_many_is_refused_until_another_is_removed() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let known = house.pair(&made.code, "三班").await;
    let rows = "WITH RECURSIVE number (n) AS (VALUES (2) UNION ALL SELECT n + 1 FROM number WHERE n < 10000)
        INSERT INTO device (id, name, credential_hash, paired_at)
        SELECT 'dev-' || n, '教室 ' || n, 'hash-' || n, 0 FROM number";
    sqlx::query(rows).execute(&mut house.database().await).await.unwrap();
    let pair = || house.request(Method::POST, "/api/devices/pair").json(&json!({"code": made.code}));
    assert_eq!(expect(pair(), StatusCode::SERVICE_UNAVAILABLE).await["type"], "limit");
    expect(pair().bearer_auth(&known), StatusCode::OK).await;
    expect(house.as_admin(Method::DELETE, "/api/devices/dev-7"), StatusCode::NO_CONTENT).await;
    expect(pair(), StatusCode::OK).await;
}

#[tokio::test]
async fn a_lesson_is_not_made_with_more_screens_than_it_has_seats() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let mut screens = Vec::new();
    for number in 0..17 {
        let body = json!({"code": made.code, "name": format!("教室 {number}")});
        let request = house.request(Method::POST, "/api/devices/pair").json(&body);
        screens.push(expect(request, StatusCode::OK).await["device"]["id"].clone());
    }
    let make = |screens: &[Value]| {
        house.as_admin(Method::POST, "/api/lessons").json(&json!({"title": "课", "device_ids": screens}))
    };
    assert_eq!(expect(make(&screens), StatusCode::CONFLICT).await["type"], "lesson_full");
    expect(make(&screens[..16]), StatusCode::CREATED).await;
}

#[tokio::test]
async fn a_list_shows_the_newest_lessons_only() {
    let house = House::open().await;
    let rows = "WITH RECURSIVE number (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n < 600)
        INSERT INTO lesson (id, title, state, video_codec, record, last_event_seq, created_at)
        SELECT 'les-' || n, '第 ' || n || ' 课', 'ended', 'h264', 0, 0, n FROM number";
    sqlx::query(rows).execute(&mut house.database().await).await.unwrap();
    let list = house.get("/api/lessons").await;
    let list = list.as_array().unwrap();
    assert_eq!(u32::try_from(list.len()).unwrap(), MAX_LISTED);
    assert_eq!((&list[0]["title"], &list[499]["title"]), (&json!("第 600 课"), &json!("第 101 课")));
}

#[tokio::test]
async fn a_recorder_is_told_of_a_long_lesson_piece_by_piece() {
    let house = House::open().await;
    let (_sfu, recorder) = house.with_nodes().await;
    let made = house.make_lesson(true).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    let (recording, _) = recorder.wait_recording(&made.id).await;
    let rows = "WITH RECURSIVE number (n) AS (VALUES (2) UNION ALL SELECT n + 1 FROM number WHERE n < 1200)
        INSERT INTO lesson_event (recording_id, seq, at, kind)
        SELECT $1, n, n, '{\"type\":\"stage\",\"participant\":null,\"name\":null}' FROM number";
    sqlx::query(rows).bind(&recording).execute(&mut house.database().await).await.unwrap();
    // A recorder that comes anew is told all.
    let again = crate::nodes::FakeRecorder::start(&house.secrets.control_secret).await;
    again.register(&house.nodes);
    wait_for("all events", async || {
        let told = again.told_events(&recording);
        let seqs: Vec<u64> = told.iter().flatten().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert!(told.iter().all(|some| some.len() <= 500), "recorders take a thousand at once");
        (seqs.ends_with(&[1199, 1200]) && seqs.contains(&1)).then_some(())
    })
    .await;
    assert_eq!(text(&house.get(&format!("/api/lessons/{}", made.id)).await["state"]), "live");
}
