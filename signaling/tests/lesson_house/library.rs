//! Resources: their jobs, their files, and what pages hear of them.

use crate::house::{House, expect, text, wait_for};
use crate::nodes::{FakeRecorder, FakeSfu};
use futures_util::StreamExt;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

struct Ended {
    house: House,
    recorder: FakeRecorder,
    _sfu: FakeSfu,
    recording: String,
    job: String,
    resource: String,
    lesson: String,
}

/// A recorded lesson that is over; its job is with the recorder.
async fn ended() -> Ended {
    let house = House::open().await;
    let (sfu, recorder) = house.with_nodes().await;
    let made = house.make_lesson(true).await;
    let (mut teacher, _) = crate::pages::Page::enter(house.addr, &made.teacher).await;
    teacher.ask(json!({"do": "start"})).await.unwrap();
    let (recording, _) = recorder.wait_recording(&made.id).await;
    teacher.ask(json!({"do": "end"})).await.unwrap();
    let job = recorder.wait_job(&recording, &[]).await;
    let resource = text(&house.get("/api/library").await[0]["id"]);
    Ended { house, recorder, _sfu: sfu, recording, job, resource, lesson: made.id }
}

impl Ended {
    async fn say(&self, job: &str, state: Value) {
        let mut said = json!({"job_id": job, "recording_id": self.recording});
        said.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
        self.recorder.say_job(said).await;
    }

    async fn wait_state(&self, state: &str) -> Value {
        let path = format!("/api/library/{}", self.resource);
        wait_for(state, async || {
            let resource = self.house.get(&path).await;
            (resource["job"]["state"] == state).then_some(resource)
        })
        .await
    }

    fn done(&self) -> Value {
        let (playlist, poster) =
            (format!("{}/out/master.m3u8", self.recording), format!("{}/out/poster.jpg", self.recording));
        json!({"state": "done", "output": {"playlist": playlist, "poster": poster, "duration_ms": 5000,
            "chapters": [], "gap_ms": 120}})
    }
}

#[tokio::test]
async fn a_failed_job_says_why_and_can_be_tried_again() {
    let ended = ended().await;
    let failure = json!({"code": "interrupted", "times": 3, "text": "composing was interrupted 3 times"});
    ended.say(&ended.job, json!({"state": "failed", "failure": failure})).await;
    let failed = ended.wait_state("failed").await;
    assert_eq!((&failed["job"]["failure"], &failed["job"]["attempts"]), (&failure, &json!(1)));
    let lesson = ended.house.get(&format!("/api/lessons/{}", ended.lesson)).await;
    assert_eq!((&lesson["state"], &lesson["resource_id"]), (&json!("failed"), &json!(ended.resource)));

    let retried = ended.house.post(&format!("/api/library/{}/retry", ended.resource), json!({})).await;
    assert_eq!((&retried["job"]["state"], &retried["job"]["attempts"]), (&json!("queued"), &json!(2)));
    let second = ended.recorder.wait_job(&ended.recording, &[&ended.job]).await;
    // What is still said of the first attempt does not count.
    ended.say(&ended.job, json!({"state": "failed", "failure": {"code": "other", "text": "late"}})).await;
    ended.say(&second, ended.done()).await;
    let done = ended.wait_state("done").await;
    assert_eq!((&done["gap_ms"], &done["job"]["failure"]), (&json!(120), &Value::Null));
    let again = ended.house.as_admin(Method::POST, &format!("/api/library/{}/retry", ended.resource));
    assert_eq!(expect(again, StatusCode::CONFLICT).await["type"], "job_not_now");
}

#[tokio::test]
async fn a_cancelled_job_stays_cancelled_even_if_the_recorder_did_not_hear() {
    let ended = ended().await;
    ended.say(&ended.job, json!({"state": "running", "percent": 10, "step": "reading", "eta_s": null})).await;
    ended.wait_state("running").await;
    ended.house.post(&format!("/api/library/{}/cancel", ended.resource), json!({})).await;
    ended.wait_state("cancelled").await;
    ended.recorder.wait_cancelled(&ended.job).await;
    ended
        .say(&ended.job, json!({"state": "running", "percent": 50, "step": "composing", "eta_s": null}))
        .await;
    ended.say(&ended.job, ended.done()).await;
    let retried = ended.house.post(&format!("/api/library/{}/retry", ended.resource), json!({})).await;
    assert_eq!(retried["job"]["state"], "queued");
}

#[tokio::test]
async fn a_recorder_that_finished_while_signaling_was_away_is_heard() {
    let ended = ended().await;
    let mut job = json!({"job_id": ended.job, "recording_id": ended.recording});
    job.as_object_mut().unwrap().extend(ended.done().as_object().unwrap().clone());
    ended.recorder.set_snapshot(&json!([]), &json!([job]));
    let Ended { house, recorder, resource, .. } = ended;
    let house = house.reopen().await;
    recorder.register(&house.nodes);
    wait_for("published", async || {
        let one = house.get(&format!("/api/library/{resource}")).await;
        (one["job"]["state"] == "done").then_some(())
    })
    .await;
}

#[tokio::test]
async fn media_is_served_in_ranges_and_only_to_who_has_its_address() {
    let ended = ended().await;
    let folder = ended.house.media_dir().join(&ended.recording);
    std::fs::create_dir_all(folder.join("out")).unwrap();
    std::fs::create_dir_all(folder.join("tracks")).unwrap();
    std::fs::write(folder.join("out/master.m3u8"), "#EXTM3U\n").unwrap();
    std::fs::write(folder.join("out/720p.m4s"), (0..=255).collect::<Vec<u8>>()).unwrap();
    std::fs::write(folder.join("tracks/000001.ttf"), "raw").unwrap();
    let secret = ended.house.media_dir().join("secret.mp4");
    std::fs::write(&secret, "secret").unwrap();
    std::os::unix::fs::symlink(std::env::temp_dir(), folder.join("out/link")).unwrap();
    ended.say(&ended.job, ended.done()).await;
    let resource = ended.wait_state("done").await;
    let playlist = text(&resource["playlist_url"]);
    let base = playlist.strip_suffix("master.m3u8").unwrap().to_owned();
    let get = async |path: &str| ended.house.request(Method::GET, path).send().await.unwrap();

    // A file beside the playlist, by its relative address, in part.
    let request =
        ended.house.request(Method::GET, &format!("{base}720p.m4s")).header(header::RANGE, "bytes=10-19");
    let part = request.send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()[header::CONTENT_RANGE], "bytes 10-19/256");
    assert_eq!(part.headers()[header::CONTENT_TYPE], "video/mp4");
    assert_eq!(part.bytes().await.unwrap(), (10..20).collect::<Vec<u8>>());
    let head = ended.house.request(Method::HEAD, &format!("{base}720p.m4s")).send().await.unwrap();
    assert_eq!(head.headers()[header::CONTENT_LENGTH], "256");
    let outside =
        ended.house.request(Method::GET, &format!("{base}720p.m4s")).header(header::RANGE, "bytes=999-");
    assert_eq!(outside.send().await.unwrap().status(), StatusCode::RANGE_NOT_SATISFIABLE);

    // Tampering.
    let parts: Vec<&str> = playlist.split('/').collect();
    let (expires, signature) = (parts[2], parts[3]);
    let flipped = signature.replace(['a', '1'], "0");
    let later = (expires.parse::<i64>().unwrap() + 3600).to_string();
    let rec = &ended.recording;
    for forged in [
        format!("/media/{expires}/{flipped}/{rec}/out/master.m3u8"),
        format!("/media/{later}/{signature}/{rec}/out/master.m3u8"),
        format!("/media/{expires}/{signature}/rec-other/out/master.m3u8"),
        format!("/media/1/{signature}/{rec}/out/master.m3u8"),
    ] {
        assert_eq!(get(&forged).await.status(), StatusCode::FORBIDDEN, "{forged}");
    }
    // Out of the folder, or into what is no player's business.
    for path in [
        "tracks/000001.ttf",
        "..%2Fsecret.mp4",
        "out/%2E%2E/%2E%2E/secret.mp4",
        "out",
        "out/missing.mp4",
        "out/link/x.mp4",
        "%00.mp4",
    ] {
        let path = format!("/media/{expires}/{signature}/{rec}/{path}");
        let status = get(&path).await.status();
        assert!(status == StatusCode::NOT_FOUND || status == StatusCode::FORBIDDEN, "{path}: {status}");
    }
}

#[tokio::test]
async fn a_deleted_resource_takes_its_files_with_it() {
    let ended = ended().await;
    let folder = ended.house.media_dir().join(&ended.recording);
    std::fs::create_dir_all(folder.join("out")).unwrap();
    ended.say(&ended.job, ended.done()).await;
    ended.wait_state("done").await;
    let path = format!("/api/library/{}", ended.resource);
    expect(ended.house.as_admin(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    assert!(!folder.exists());
    expect(ended.house.as_admin(Method::GET, &path), StatusCode::NOT_FOUND).await;
    let lesson = ended.house.get(&format!("/api/lessons/{}", ended.lesson)).await;
    assert_eq!((&lesson["state"], &lesson["resource_id"]), (&json!("ended"), &Value::Null));
}

#[tokio::test]
async fn the_library_page_hears_how_far_a_job_is() {
    let ended = ended().await;
    let response = ended.house.as_admin(Method::GET, "/api/library/events").send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut stream = response.bytes_stream();
    ended.say(&ended.job, json!({"state": "running", "percent": 33, "step": "composing", "eta_s": 4})).await;
    let mut heard = String::new();
    while !heard.contains("\"percent\":33") {
        let chunk =
            tokio::time::timeout(crate::house::DEADLINE, stream.next()).await.unwrap().unwrap().unwrap();
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(heard.contains("event: resource"), "{heard}");
}

#[tokio::test]
async fn a_recorder_that_names_files_of_others_publishes_nothing() {
    let ended = ended().await;
    let output = json!({"playlist": "rec-other/out/master.m3u8", "poster": "x", "duration_ms": 1,
        "chapters": [], "gap_ms": 0});
    ended.say(&ended.job, json!({"state": "done", "output": output})).await;
    ended.wait_state("failed").await;
}

#[tokio::test]
async fn a_recorder_that_was_away_does_not_go_on_with_a_deleted_resource() {
    let Ended { house, recorder, recording, job, resource, .. } = ended().await;
    drop(recorder);
    house.nodes.report_dead(&"recorder-1".parse().unwrap());
    let path = format!("/api/library/{resource}");
    expect(house.as_admin(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    let folder = house.media_dir().join(&recording);
    std::fs::create_dir_all(folder.join("out")).unwrap();
    let back = FakeRecorder::start(&house.secrets.control_secret).await;
    back.set_snapshot(
        &json!([]),
        &json!([{"job_id": job, "recording_id": recording, "state": "running", "percent": 10,
            "step": "composing", "eta_s": null}]),
    );
    back.register(&house.nodes);
    back.wait_cancelled(&job).await;
    wait_for("what it wrote meanwhile to be removed", async || (!folder.exists()).then_some(())).await;
}

#[tokio::test]
async fn files_that_cannot_be_removed_now_are_removed_later() {
    let ended = ended().await;
    ended.say(&ended.job, ended.done()).await;
    ended.wait_state("done").await;
    let folder = ended.house.media_dir().join(&ended.recording);
    std::fs::create_dir_all(ended.house.media_dir()).unwrap();
    // What cannot be removed as a folder.
    std::fs::write(&folder, "odd").unwrap();
    let path = format!("/api/library/{}", ended.resource);
    expect(ended.house.as_admin(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    assert!(folder.exists());
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir_all(folder.join("out")).unwrap();
    ended.house.app.composer().wake();
    wait_for("the files to go", async || (!folder.exists()).then_some(())).await;
}
