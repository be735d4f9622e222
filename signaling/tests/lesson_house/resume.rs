//! Sockets drop, pages come back; and who does not belong is shown out.

use crate::house::{House, text, wait_for};
use crate::nodes::FakeSfu;
use crate::pages::Page;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_page_that_dropped_hears_exactly_what_it_missed() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    let screen = house.pair(&made.code, "三班").await;
    let (mut classroom, welcome) = Page::enter(house.addr, &screen).await;
    let three = text(&welcome["you"]);
    classroom.see(|lesson| lesson["participants"][1]["present"] == true).await;
    let (session, last_seq) = classroom.drop_it();
    teacher.see(|lesson| lesson["participants"][1]["present"] == false).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    teacher.see(|lesson| lesson["state"] == "live").await;
    teacher.ask(json!({"do": "call_on_stage", "participant": three})).await.unwrap();
    teacher.see(|lesson| lesson["on_stage"] == json!(three)).await;

    let mut back = Page::hello(house.addr, &screen, Some((&session, last_seq))).await;
    assert_eq!(back.next().await.unwrap()["type"], "pong", "it is back, even if it missed nothing");
    let mut seen = Vec::new();
    loop {
        let message = back.next().await.unwrap();
        assert_eq!(message["type"], "lesson", "no welcome: the session went on");
        seen.push(message["lesson"]["state"].clone());
        if message["lesson"]["on_stage"] == json!(three) {
            break;
        }
    }
    assert!(seen.contains(&json!("live")), "{seen:?}");
    back.ask(json!({"do": "raise_hand", "raised": true})).await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_not_known_begins_afresh() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let mut page = Page::hello(house.addr, &made.teacher, Some(("nobody-knows-it", 0))).await;
    let welcome = page.hear("welcome").await;
    assert_ne!(welcome["session_id"], "nobody-knows-it");
    // Somebody else's session is not known either.
    let screen = house.pair(&made.code, "三班").await;
    let session = text(&welcome["session_id"]);
    let mut thief = Page::hello(house.addr, &screen, Some((&session, 0))).await;
    assert_ne!(thief.hear("welcome").await["session_id"], session);
}

#[tokio::test]
async fn a_second_socket_takes_the_session_over() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let (mut old, _) = Page::enter(house.addr, &made.teacher).await;
    let mut new = Page::hello(house.addr, &made.teacher, Some((&old.session.clone(), old.last_seq))).await;
    while old.next().await.is_some() {}
    new.ask(json!({"do": "start"})).await.unwrap();
}

#[tokio::test]
async fn an_expelled_classroom_waits_until_it_types_the_code_again() {
    let house = House::open().await;
    let (sfu, _recorder) = house.with_nodes().await;
    let made = house.make_lesson(false).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    let screen = house.pair(&made.code, "三班").await;
    let (mut classroom, welcome) = Page::enter(house.addr, &screen).await;
    let three = text(&welcome["you"]);
    teacher.ask(json!({"do": "expel", "participant": three})).await.unwrap();
    let assigned = classroom.hear("assigned").await;
    assert_eq!((&assigned["lesson"], &assigned["media"]), (&Value::Null, &Value::Null));
    sfu.wait_deleted(&format!("/control/rooms/{}/participants/{three}", made.id)).await;
    let routes = sfu.wait_routes(&made.id, |routes| routes["wall"] == json!([])).await;
    assert_eq!(routes["expelled"], json!([three]), "its room token outlives its expulsion");
    // An sfu that was away hears of it too.
    drop(sfu);
    let sfu = FakeSfu::start(&house.secrets.control_secret).await;
    sfu.register(&house.nodes);
    sfu.wait_routes(&made.id, |routes| routes["expelled"] == json!([three])).await;
    // A fresh page is let in nowhere either.
    let (_, again) = Page::enter(house.addr, &screen).await;
    assert_eq!(again["lesson"], Value::Null);

    let pair = house
        .request(Method::POST, "/api/devices/pair")
        .bearer_auth(&screen)
        .json(&json!({"code": made.code}));
    let paired = crate::house::expect(pair, StatusCode::OK).await;
    assert_eq!(paired["credential"], screen, "the same screen");
    let assigned = classroom.hear_that("assigned", |message| !message["lesson"].is_null()).await;
    assert_ne!(assigned["you"], json!(three), "a new seat");
}

#[tokio::test]
async fn a_removed_screen_is_told_and_its_credential_opens_nothing() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let screen = house.pair(&made.code, "三班").await;
    let (mut page, welcome) = Page::enter(house.addr, &screen).await;
    let path = format!("/api/devices/{}", text(&welcome["device"]["id"]));
    crate::house::expect(house.as_admin(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    let refused = page.hear("refused").await;
    assert_eq!((&refused["id"], &refused["problem"]["type"]), (&json!(0), &json!("bad_credential")));
    assert!(page.next().await.is_none(), "closed");
    let mut again = Page::hello(house.addr, &screen, None).await;
    assert_eq!(again.hear("refused").await["problem"]["type"], "bad_credential");
    let view = house.get(&format!("/api/lessons/{}", made.id)).await;
    assert_eq!(view["participants"].as_array().unwrap().len(), 1, "its seat is free");
}

#[tokio::test]
async fn a_classroom_may_not_run_the_lesson() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let screen = house.pair(&made.code, "三班").await;
    let (mut page, _) = Page::enter(house.addr, &screen).await;
    for action in [json!({"do": "start"}), json!({"do": "end"}), json!({"do": "set_recording", "on": false})]
    {
        assert_eq!(page.ask(action).await.unwrap_err()["type"], "not_allowed");
    }
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    assert_eq!(teacher.ask(json!({"do": "pause"})).await.unwrap_err()["type"], "not_started");
    assert_eq!(teacher.ask(json!({"do": "refresh_media"})).await.unwrap_err()["type"], "no_media");
}

#[tokio::test]
async fn bad_messages_end_the_socket_in_words_and_disturb_nobody() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let (mut other, _) = Page::enter(house.addr, &made.teacher).await;
    for bad in [
        Message::text("not json"),
        Message::text(r#"{"type":"request","id":1,"action":{"do":"fly"}}"#),
        Message::binary(vec![0; 10]),
    ] {
        let (mut page, _) = Page::enter(house.addr, &made.teacher).await;
        page.say_raw(bad).await;
        assert_eq!(page.hear("refused").await["problem"]["type"], "bad_input");
        assert!(page.next().await.is_none());
    }
    let (mut page, _) = Page::enter(house.addr, &made.teacher).await;
    page.say_raw(Message::text("x".repeat(65 * 1024))).await;
    while page.next().await.is_some() {}
    let mut nobody = Page::hello(house.addr, "t.les-1.00", None).await;
    assert_eq!(nobody.hear("refused").await["problem"]["status"], 401);
    other.say(json!({"type": "ping"})).await;
    other.hear("pong").await;
}

#[tokio::test]
async fn another_sites_page_opens_no_socket() {
    let house = House::open().await;
    assert_eq!(Page::refused_upgrade(house.addr, &[("origin", "https://evil.example")]).await, 403);
    let own = house.url("");
    assert_eq!(Page::refused_upgrade(house.addr, &[("origin", &own)]).await, 101);
}

#[tokio::test]
async fn a_flood_of_requests_is_refused_and_the_lesson_goes_on() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let screen = house.pair(&made.code, "三班").await;
    let (mut page, _) = Page::enter(house.addr, &screen).await;
    let mut refused = 0;
    for turn in 0..120 {
        if let Err(problem) = page.ask(json!({"do": "raise_hand", "raised": turn % 2 == 0})).await {
            assert_eq!(problem["type"], "too_many");
            refused += 1;
        }
    }
    assert!(refused > 0);
    wait_for("the lesson to go on", async || {
        page.ask(json!({"do": "raise_hand", "raised": false})).await.ok()
    })
    .await;
}

#[tokio::test]
async fn lessons_are_shown_together_when_they_change_fast() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let screen = house.pair(&made.code, "三班").await;
    let (mut page, _) = Page::enter(house.addr, &screen).await;
    for turn in 0..30 {
        page.say(json!({"type": "request", "id": 1000 + turn, "action": {"do": "raise_hand", "raised": turn % 2 == 0}}))
            .await;
    }
    let (mut shown, mut answered) = (0, 0);
    while answered < 30 {
        match page.next().await.unwrap()["type"].as_str() {
            Some("lesson") => shown += 1,
            Some("ack") => answered += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(shown < 30, "{shown} of 30 changes were shown one by one");
}
