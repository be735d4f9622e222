//! What nodes or signaling lose is put there again.

use crate::house::{House, text, wait_for};
use crate::nodes::{FakeRecorder, FakeSfu};
use crate::pages::Page;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn pages_hear_of_a_restarted_sfu_as_soon_as_their_room_is_there_again() {
    let house = House::open().await;
    let (sfu, _recorder) = house.with_nodes().await;
    let made = house.make_lesson(false).await;
    let screen = house.pair(&made.code, "三班").await;
    sfu.wait_routes(&made.id, |_| true).await;
    let (mut page, welcome) = Page::enter(house.addr, &screen).await;
    let three = text(&welcome["you"]);
    let before = sfu.epoch();
    drop(sfu);
    let again = FakeSfu::start(&house.secrets.control_secret).await;
    again.register(&house.nodes);
    let media = page.hear_that("media", |message| message["media"]["epoch"] != before).await;
    assert_eq!(media["media"]["epoch"], again.epoch());
    assert_eq!(again.routes(&made.id).unwrap()["wall"], json!([three]), "the room came first");
}

#[tokio::test]
async fn an_sfu_that_only_missed_heartbeats_keeps_its_media() {
    let house = House::open().await;
    let (sfu, _recorder) = house.with_nodes().await;
    let made = house.make_lesson(false).await;
    sfu.wait_routes(&made.id, |_| true).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    sfu.register(&house.nodes);
    teacher.ask(json!({"do": "start"})).await.unwrap();
    assert_eq!(sfu.room_puts(&made.id), 1);
}

#[tokio::test]
async fn a_restarted_recorder_goes_on_with_the_recording() {
    let house = House::open().await;
    let (sfu, recorder) = house.with_nodes().await;
    let made = house.make_lesson(true).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    let (recording, _) = recorder.wait_recording(&made.id).await;
    recorder.wait_events(&recording, |events| events[0]["kind"]["type"] == "live").await;
    let again = FakeRecorder::start(&house.secrets.control_secret).await;
    again.register(&house.nodes);
    drop(recorder);
    let (same, _) = again.wait_recording(&made.id).await;
    assert_eq!(same, recording);
    again.wait_events(&recording, |events| events[0]["seq"] == 1).await;
    // A restarted sfu: the recorder is told where the room is now.
    drop(sfu);
    let sfu = FakeSfu::start(&house.secrets.control_secret).await;
    sfu.register(&house.nodes);
    wait_for("the new epoch", async || {
        (again.wait_recording(&made.id).await.1["sfu_epoch"] == sfu.epoch()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn signaling_that_was_killed_comes_back_with_the_lesson_the_stage_and_the_code() {
    let house = House::open().await;
    let (sfu, recorder) = house.with_nodes().await;
    let made = house.make_lesson(true).await;
    let screen = house.pair(&made.code, "三班").await;
    let (page, welcome) = Page::enter(house.addr, &screen).await;
    let three = text(&welcome["you"]);
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    teacher.ask(json!({"do": "call_on_stage", "participant": three})).await.unwrap();
    let (session, last_seq) = page.drop_it();

    let house = house.reopen().await;
    sfu.register(&house.nodes);
    recorder.register(&house.nodes);

    let mut page = Page::hello(house.addr, &screen, Some((&session, last_seq))).await;
    page.last_seq = 0;
    let welcome = page.hear("welcome").await;
    assert_eq!(welcome["you"], three);
    assert_eq!(welcome["lesson"]["on_stage"], three);
    assert_eq!(welcome["lesson"]["state"], "live");
    let access = house.get(&format!("/api/lessons/{}/access", made.id)).await;
    assert_eq!((text(&access["code"]), text(&access["teacher_credential"])), (made.code, made.teacher));
    if welcome["media"].is_null() {
        let media = page.hear("media").await;
        assert_eq!(media["media"]["epoch"], sfu.epoch(), "the same epoch: pages keep their media");
    }
    recorder.wait_recording(&made.id).await;
}

#[tokio::test]
async fn a_room_without_a_lesson_is_closed_and_one_with_a_lesson_keeps_its_media() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let path = format!("/api/lessons/{}", made.id);
    let teacher = text(&house.get(&path).await["participants"][0]["id"]);
    let sfu = FakeSfu::start(&house.secrets.control_secret).await;
    let here = json!([{"id": teacher, "publishing": true, "subscribing": true, "sources": ["camera"],
        "link": {"level": "good", "rtt_ms": null, "loss_percent": null}}]);
    sfu.set_rooms(
        &json!([{"room": "forgotten", "participants": []}, {"room": made.id, "participants": here}]),
    );
    sfu.register(&house.nodes);
    sfu.wait_deleted("/control/rooms/forgotten").await;
    sfu.wait_routes(&made.id, |_| true).await;
    wait_for("the page to be granted media", async || {
        let grant = house.as_admin(Method::POST, &format!("{path}/grants"));
        let grant = grant.json(&json!({"name": "OBS", "role": "observer"})).send().await.unwrap();
        (grant.status() == StatusCode::OK).then_some(())
    })
    .await;
    let publishing = house.get(&path).await["participants"][0]["publishing"].clone();
    assert_eq!(
        publishing,
        json!(["camera"]),
        "what the snapshot said is known although the room was put after it"
    );
}

#[tokio::test]
async fn a_job_is_submitted_again_to_a_recorder_that_came_back() {
    let house = House::open().await;
    let (_sfu, recorder) = house.with_nodes().await;
    let made = house.make_lesson(true).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    let (recording, _) = recorder.wait_recording(&made.id).await;
    house.post(&format!("/api/lessons/{}/end", made.id), json!({})).await;
    let job = recorder.wait_job(&recording, &[]).await;

    let house = house.reopen().await;
    let again = FakeRecorder::start(&house.secrets.control_secret).await;
    again.inherit(&recorder);
    again.register(&house.nodes);
    assert_eq!(again.wait_job(&recording, &[]).await, job);
}

#[tokio::test]
async fn a_recording_that_never_began_fails_in_words_and_not_for_ever() {
    let house = House::open().await;
    let made = house.make_lesson(true).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    teacher.ask(json!({"do": "end"})).await.unwrap();
    let recorder = FakeRecorder::start(&house.secrets.control_secret).await;
    recorder.register(&house.nodes);
    teacher.see(|lesson| lesson["state"] == "failed").await;
    let resource = house.get("/api/library").await[0].clone();
    assert_eq!(resource["job"]["failure"]["code"], "nothing_captured", "{resource}");
}

#[tokio::test]
async fn what_keeps_a_lesson_from_being_recorded_is_told_in_a_code_until_it_is_over() {
    // Conditions: no recorder
    let house = House::open().await;
    let sfu = FakeSfu::start(&house.secrets.control_secret).await;
    sfu.register(&house.nodes);
    let made = house.make_lesson(true).await;
    let (mut teacher, welcome) = Page::enter(house.addr, &made.teacher).await;
    assert_eq!(welcome["lesson"]["recording_alarm"], Value::Null, "nothing is to be recorded yet");
    teacher.ask(json!({"do": "start"})).await.unwrap();
    let away = teacher.see(|lesson| lesson["recording_alarm"]["code"] == "recorder_away").await;
    assert_eq!(away["recording"], "starting");

    // Run: a recorder comes, its disk fills up, there is room again
    let recorder = FakeRecorder::start(&house.secrets.control_secret).await;
    recorder.register(&house.nodes);
    let (recording, _) = recorder.wait_recording(&made.id).await;
    teacher.see(|lesson| lesson["recording_alarm"].is_null()).await;
    let say = async |state: &str, alarm: &Value| {
        let status = json!({"recording_id": recording, "state": state, "alarm": alarm,
            "bytes": 1, "gap_ms": 0, "last_event_seq": 1});
        recorder.say_recording(status).await;
    };
    let full = json!({"code": "disk_nearly_full", "free_mb": 80, "min_mb": 1024, "text": "nearly full"});
    say("alarmed", &full).await;
    let failed = teacher.see(|lesson| lesson["recording"] == "failed").await;
    assert_eq!((&failed["recording_alarm"], &failed["state"]), (&full, &json!("live")));
    say("capturing", &Value::Null).await;
    let on = teacher.see(|lesson| lesson["recording"] == "on").await;
    assert_eq!(on["recording_alarm"], Value::Null);
}

#[tokio::test]
async fn a_capture_stays_with_its_recorder_and_is_composed_there() {
    let house = House::open().await;
    let (_sfu, first) = house.with_nodes().await;
    let made = house.make_lesson(true).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    let (recording, _) = first.wait_recording(&made.id).await;

    // Another one joins whose name comes first in every list.
    let second = FakeRecorder::start(&house.secrets.control_secret).await;
    second.register_as(&house.nodes, "recorder-0");
    teacher.ask(json!({"do": "pause"})).await.unwrap();
    first.wait_events(&recording, |events| events.to_string().contains("paused")).await;
    teacher.ask(json!({"do": "continue"})).await.unwrap();
    // Signaling is restarted, and hears of the other one first.
    let house = house.reopen().await;
    second.register_as(&house.nodes, "recorder-0");
    let again = FakeRecorder::start(&house.secrets.control_secret).await;
    again.inherit(&first);
    drop(first);
    house.post(&format!("/api/lessons/{}/end", made.id), json!({})).await;
    again.register(&house.nodes);
    again.wait_job(&recording, &[]).await;
    assert_eq!(second.recordings(), 0, "the other one was told nothing");
    let job = house.get("/api/library").await[0]["job"].clone();
    assert_eq!(job["state"], "queued", "and could not fail it: {job}");
}
