//! What the control API says to those who ask wrongly.

use super::fake_tap::FakeTap;
use super::process::{Home, recording_id, spec};
use reqwest::Method;
use tongtang_protocol::control::ComposeSpec;
use tongtang_protocol::problem::Problem;

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
