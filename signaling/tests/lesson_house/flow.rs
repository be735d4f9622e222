//! A lesson from its making to the library.

use crate::house::{House, expect, text, wait_for};
use crate::pages::Page;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn participant(view: &Value, name: &str) -> Value {
    view["participants"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == name)
        .cloned()
        .unwrap_or_default()
}

#[tokio::test]
async fn a_lesson_goes_from_its_making_to_the_library() {
    // Conditions
    let house = House::open().await;
    let (sfu, recorder) = house.with_nodes().await;
    let made = house.make_lesson(true).await;
    sfu.wait_routes(&made.id, |_| true).await;
    let (mut teacher, welcome) = Page::enter(house.addr, &made.teacher).await;
    assert_eq!((&welcome["role"], &welcome["lesson"]["code"]), (&json!("teacher"), &json!(made.code)));
    let you = text(&welcome["you"]);

    // Run: a classroom joins
    let screen = house.pair(&made.code, "河口教学点 三年级").await;
    let (mut classroom, seated) = Page::enter(house.addr, &screen).await;
    assert_eq!(seated["role"], "classroom");
    assert_eq!(seated["lesson"]["code"], Value::Null, "only the teacher sees the code");
    let three = text(&seated["you"]);
    let media = &seated["media"];
    assert_eq!(media["epoch"], sfu.epoch());
    assert_eq!(media["whip_url"], format!("/whip/{}", made.id));
    let routes = sfu.wait_routes(&made.id, |routes| routes["wall"] == json!([three])).await;
    assert_eq!(routes["teacher"], you);
    teacher.see(|lesson| participant(lesson, "河口教学点 三年级")["present"] == true).await;

    // Run: it is taught
    teacher.ask(json!({"do": "start"})).await.unwrap();
    let (recording, spec) = recorder.wait_recording(&made.id).await;
    assert_eq!((&spec["room"], &spec["sfu_epoch"]), (&json!(made.id), &json!(sfu.epoch())));
    recorder
        .say_recording(json!({"recording_id": recording, "state": "capturing", "alarm": null,
            "bytes": 1, "gap_ms": 0, "last_event_seq": 1}))
        .await;
    teacher.see(|lesson| lesson["recording"] == "on").await;
    teacher.ask(json!({"do": "call_on_stage", "participant": three})).await.unwrap();
    sfu.wait_routes(&made.id, |routes| routes["stage"] == json!(three)).await;
    classroom.see(|lesson| lesson["on_stage"] == json!(three)).await;
    teacher.ask(json!({"do": "mute", "participant": three, "muted": true})).await.unwrap();
    sfu.wait_routes(&made.id, |routes| routes["muted"] == json!([three])).await;
    sfu.say_participant(
        &made.id,
        json!({"id": three, "publishing": true, "subscribing": true, "sources": ["camera"],
            "link": {"level": "weak", "rtt_ms": 420, "loss_percent": 4.0}}),
    )
    .await;
    let seen =
        teacher.see(|lesson| participant(lesson, "河口教学点 三年级")["link"]["level"] == "weak").await;
    assert_eq!(participant(&seen, "河口教学点 三年级")["publishing"], json!(["camera"]));

    // Run: it ends
    teacher.ask(json!({"do": "end"})).await.unwrap();
    let events = recorder.wait_events(&recording, |events| {
        events.as_array().is_some_and(|all| all.last().is_some_and(|event| event["kind"]["type"] == "ended"))
    });
    let kinds: Vec<String> =
        events.await.as_array().unwrap().iter().map(|event| text(&event["kind"]["type"])).collect();
    assert_eq!(kinds, ["live", "stage", "muted", "stage", "ended"]);
    recorder.wait_finish(&recording).await;
    sfu.wait_room_gone(&made.id).await;
    let assigned = classroom.hear("assigned").await;
    assert_eq!(assigned["lesson"], Value::Null);
    let job = recorder.wait_job(&recording, &[]).await;
    recorder
        .say_job(json!({"job_id": job, "recording_id": recording, "state": "running", "percent": 40,
            "step": "composing", "eta_s": 9}))
        .await;
    let half = wait_for("progress", async || {
        house.get("/api/library").await[0].clone().into_some_if(|one| one["job"]["percent"] == 40)
    })
    .await;
    assert_eq!((&half["job"]["state"], &half["playlist_url"]), (&json!("running"), &Value::Null));
    let out = house.media_dir().join(&recording).join("out");
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(out.join("master.m3u8"), "#EXTM3U\n").unwrap();
    recorder
        .say_job(json!({"job_id": job, "recording_id": recording, "state": "done", "output": {
            "playlist": format!("{recording}/out/master.m3u8"), "poster": format!("{recording}/out/poster.jpg"),
            "duration_ms": 5000, "chapters": [{"at_ms": 0, "title": "开始"}], "gap_ms": 0}}))
        .await;

    // Check
    teacher.see(|lesson| lesson["state"] == "published").await;
    let resource = house.get("/api/library").await[0].clone();
    assert_eq!((&resource["duration_ms"], &resource["job"]["state"]), (&json!(5000), &json!("done")));
    let playlist =
        house.request(Method::GET, resource["playlist_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(playlist.headers()["content-type"], "application/vnd.apple.mpegurl");
    assert_eq!(playlist.text().await.unwrap(), "#EXTM3U\n");
}

/// A value, if it is the one that is waited for.
pub trait IntoSomeIf: Sized {
    fn into_some_if(self, fits: impl Fn(&Self) -> bool) -> Option<Self>;
}

impl IntoSomeIf for Value {
    fn into_some_if(self, fits: impl Fn(&Self) -> bool) -> Option<Self> {
        fits(&self).then_some(self)
    }
}

#[tokio::test]
async fn a_lesson_that_recorded_nothing_stays_ended_and_frees_its_code() {
    let house = House::open().await;
    let (sfu, _recorder) = house.with_nodes().await;
    let made = house.make_lesson(false).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    let ended = house.post(&format!("/api/lessons/{}/end", made.id), json!({})).await;
    assert_eq!((&ended["state"], &ended["code"]), (&json!("ended"), &Value::Null));
    sfu.wait_room_gone(&made.id).await;
    assert_eq!(house.get("/api/library").await, json!([]));
    let late = house.request(Method::POST, "/api/devices/pair").json(&json!({"code": made.code}));
    assert_eq!(expect(late, StatusCode::NOT_FOUND).await["type"], "unknown_code");
}

#[tokio::test]
async fn a_program_gets_the_same_participant_and_a_fresh_token_each_time() {
    let house = House::open().await;
    let (sfu, _recorder) = house.with_nodes().await;
    let made = house.make_lesson(false).await;
    sfu.wait_routes(&made.id, |_| true).await;
    let path = format!("/api/lessons/{}/grants", made.id);
    let grant = async |role: &str| {
        wait_for("a grant", async || {
            let request = house.as_admin(Method::POST, &path).json(&json!({"name": "OBS", "role": role}));
            let response = request.send().await.unwrap();
            if response.status() == StatusCode::OK {
                Some(response.json::<Value>().await.unwrap())
            } else {
                None
            }
        })
        .await
    };
    let one = grant("classroom").await;
    let two = grant("classroom").await;
    assert_eq!(one["participant"], two["participant"]);
    assert_eq!(one["media"]["slots"], json!(["teacher", "board", "stage", "audio0", "audio1", "audio2"]));
    let teacher = grant("teacher").await;
    let view = house.get(&format!("/api/lessons/{}", made.id)).await;
    assert_eq!(view["participants"][0]["id"], teacher["participant"], "the teacher's own seat");
    let observer = grant("observer").await;
    assert_eq!(observer["media"]["whip_url"], Value::Null);
    let names: Vec<_> =
        view["participants"].as_array().unwrap().iter().map(|one| one["role"].clone()).collect();
    assert_eq!(names, ["teacher", "classroom"], "observers are not shown");
}

#[tokio::test]
async fn a_page_gets_a_fresh_token_for_the_media_it_has() {
    let house = House::open().await;
    let (sfu, _recorder) = house.with_nodes().await;
    let made = house.make_lesson(false).await;
    sfu.wait_routes(&made.id, |_| true).await;
    let (mut teacher, welcome) = Page::enter(house.addr, &made.teacher).await;
    let before = match &welcome["media"] {
        Value::Null => teacher.hear("media").await["media"].clone(),
        media => media.clone(),
    };
    teacher.say(json!({"type": "request", "id": 77, "action": {"do": "refresh_media"}})).await;
    let fresh = teacher.hear("media").await["media"].clone();
    teacher.hear_that("ack", |message| message["id"] == 77).await;
    for same in ["epoch", "whip_url", "whep_url", "slots"] {
        assert_eq!(fresh[same], before[same], "{same}: the page keeps its media");
    }
    let claims = |token: &Value| -> Value {
        use base64::Engine;
        let part = token.as_str().unwrap().split('.').nth(1).unwrap();
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap())
            .unwrap()
    };
    let (old, new) = (claims(&before["token"]), claims(&fresh["token"]));
    assert_eq!((&new["sub"], &new["room"]), (&old["sub"], &json!(made.id)));
    assert_eq!(new["exp"].as_i64().unwrap() - new["iat"].as_i64().unwrap(), 600);
    let now = tongtang::clock::now().0 / 1000;
    assert!(
        new["iat"].as_i64().unwrap() >= old["iat"].as_i64().unwrap() && new["exp"].as_i64().unwrap() > now
    );

    // Once the lesson is over there is nothing to refresh.
    teacher.ask(json!({"do": "end"})).await.unwrap();
    assert_eq!(teacher.ask(json!({"do": "refresh_media"})).await.unwrap_err()["type"], "no_media");
}

#[tokio::test]
async fn an_invited_screen_is_in_the_new_lesson_at_once() {
    let house = House::open().await;
    let (_sfu, _recorder) = house.with_nodes().await;
    let first = house.make_lesson(false).await;
    let screen = house.pair(&first.code, "三班").await;
    house.post(&format!("/api/lessons/{}/end", first.id), json!({})).await;
    let (mut page, welcome) = Page::enter(house.addr, &screen).await;
    assert_eq!((&welcome["lesson"], &welcome["device"]["name"]), (&Value::Null, &json!("三班")));
    let body = json!({"title": "第二节", "device_ids": [welcome["device"]["id"]]});
    let request = house.as_admin(Method::POST, "/api/lessons").json(&body);
    let access = expect(request, StatusCode::CREATED).await;
    let assigned = page.hear("assigned").await;
    assert_eq!(assigned["lesson"]["id"], access["lesson"]["id"]);
    if assigned["media"].is_null() {
        page.hear("media").await;
    }
}
