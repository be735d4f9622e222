//! What the control API says to those who ask wrongly.

use super::fake_tap::FakeTap;
use super::lesson::captured;
use super::process::{Home, recording_id, spec};
use reqwest::Method;
use tongtang_protocol::control::{AppendEvents, CaptureState, ComposeSpec};
use tongtang_protocol::lesson::{LessonEvent, LessonEventKind};
use tongtang_protocol::problem::Problem;
use tongtang_protocol::units::UnixMillis;
use tongtang_recorder::recordings::{MAX_EVENTS_AT_ONCE, MAX_RECORDINGS};

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_get_a_problem_in_words_and_change_nothing() {
    let home = Home::new();
    let tap = FakeTap::new(&home.secrets, 7);
    let recorder = home.start();
    let path = format!("/control/recordings/{}", recording_id());
    let mut other = spec(&tap);
    other.of.recording_id = "another".parse().unwrap();
    let put = |path: &str| recorder.request(Method::PUT, path);
    let cases = [
        (put(&path).body("{"), 400, "bad_body"),
        (put(&path).json(&other), 400, "bad_recording_id"),
        (put("/control/recordings/a%20b").json(&spec(&tap)), 400, "bad_recording_id"),
        (put("/control/recordings/%ff").json(&spec(&tap)), 400, "bad_path"),
        (recorder.request(Method::GET, "/control/jobs/%ff"), 400, "bad_path"),
        (put("/control/recordings/..%2Fetc").json(&spec(&tap)), 400, "bad_recording_id"),
        (put(&path).body(vec![b' '; 2 << 20]), 413, "body_too_large"),
        (recorder.request(Method::POST, &format!("{path}/finish")), 404, "recording_unknown"),
        (recorder.request(Method::GET, &path), 404, "recording_unknown"),
        (
            put("/control/jobs/job-1").json(&ComposeSpec { recording_id: recording_id() }),
            404,
            "recording_unknown",
        ),
        (recorder.request(Method::DELETE, "/control/jobs/job-1"), 404, "job_unknown"),
        (recorder.request(Method::GET, "/control/nothing"), 404, "no_such_path"),
        (recorder.request(Method::PATCH, &path), 405, "method_not_allowed"),
        (reqwest::Client::new().get(format!("{}{path}", recorder.url)), 401, "unauthorized"),
    ];
    for (request, status, kind) in cases {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{kind}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem: Problem = response.json().await.unwrap();
        assert_eq!((problem.kind.as_str(), problem.status), (kind, status));
        assert!(!problem.title.is_empty());
    }
    assert!(!home.recording_folder().exists());
    let metrics = recorder.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("tongtang_recorder_control_unauthorized_total 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_recording_or_event_too_many_is_refused_and_those_that_run_go_on() {
    let home = Home::new();
    let (tap, recorder) = captured(&home, 10).await;
    let refused = async |request: reqwest::RequestBuilder| {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json::<Problem>().await.unwrap().kind)
    };
    for number in 2..=MAX_RECORDINGS + 1 {
        let mut another = spec(&tap);
        another.of.recording_id = format!("rec-{number}").parse().unwrap();
        let path = format!("/control/recordings/{}", another.of.recording_id);
        let put = recorder.request(Method::PUT, &path).json(&another);
        if number <= MAX_RECORDINGS {
            assert_eq!(put.send().await.unwrap().status(), 200, "{number}");
        } else {
            assert_eq!(refused(put).await, (409, "recorder_full".into()));
        }
    }
    let event = |seq| LessonEvent { seq, at: UnixMillis(1), kind: LessonEventKind::Paused };
    let events = |count: usize| AppendEvents { events: (1..=count as u64).map(event).collect() };
    let path = format!("/control/recordings/{}/events", recording_id());
    let post = |count| recorder.request(Method::POST, &path).json(&events(count));
    assert_eq!(refused(post(MAX_EVENTS_AT_ONCE + 1)).await, (413, "too_many_events".into()));
    assert_eq!(recorder.status().await.unwrap().last_event_seq, 0, "none of them was taken");
    assert_eq!(post(MAX_EVENTS_AT_ONCE).send().await.unwrap().status(), 200);
    assert_eq!(recorder.status().await.unwrap().last_event_seq, MAX_EVENTS_AT_ONCE as u64);
    recorder.until_state(CaptureState::Capturing).await;
    recorder.finish().await;
}
