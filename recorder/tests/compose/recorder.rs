//! A job in a real recorder that is killed under it.

use super::fixture::Lesson;
use super::jobs::{DEADLINE, composer_of, is_composing, is_done, job, lesson, program, until_gone};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tongtang_config::secrets::Secrets;
use tongtang_protocol::control::{ComposeSpec, ComposeState, ComposeStatus};
use tongtang_recorder::compose::output::Resource;

struct Recorder {
    child: Child,
    jobs_url: String,
    secret: String,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Recorder {
    fn start(home: &tempfile::TempDir, lesson: &Lesson) -> Self {
        let data = home.path().join("data");
        let secret = Secrets::ensure(&data).unwrap().control_secret.clone();
        let config = home.path().join("tongtang.toml");
        let text = format!(
            "data_dir = {data:?}\n[log]\nformat = \"json\"\n[recorder]\nhttp_listen = \"127.0.0.1:0\"\n\
             media_dir = {:?}\nmin_free_bytes = 0\nsignaling_url = \"http://127.0.0.1:9\"\n",
            lesson.media.path()
        );
        std::fs::write(&config, text).unwrap();
        let mut child =
            Command::new(program()).arg("--config").arg(&config).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let addr = loop {
            let line = lines.next().expect("the recorder listens").unwrap();
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            if event["message"] == "recorder listens" {
                break event["addr"].as_str().unwrap().to_owned();
            }
        };
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, jobs_url: format!("http://{addr}/control/jobs/{}", job()), secret }
    }

    async fn request(&self, method: reqwest::Method, spec: Option<&ComposeSpec>) -> ComposeStatus {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method, &self.jobs_url).bearer_auth(&self.secret);
        if let Some(spec) = spec {
            request = request.json(spec);
        }
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
        response.json().await.unwrap()
    }

    async fn until(&self, wanted: impl Fn(&ComposeState) -> bool) {
        let began = Instant::now();
        loop {
            let status = self.request(reqwest::Method::GET, None).await;
            if wanted(&status.state) {
                return;
            }
            assert!(began.elapsed() < DEADLINE, "not in time: {status:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_job_whose_recorder_is_killed_is_finished_after_the_restart() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let home = tempfile::tempdir().unwrap();
    let lesson = lesson(30);
    let spec = ComposeSpec { recording_id: lesson.id.clone() };
    let recorder = Recorder::start(&home, &lesson);
    recorder.request(reqwest::Method::PUT, Some(&spec)).await;
    recorder.until(is_composing).await;
    assert!(composer_of(&lesson).is_some());
    recorder.kill();
    until_gone(&lesson).await;
    assert!(!lesson.out().exists());

    let recorder = Recorder::start(&home, &lesson);
    recorder.until(is_done).await;
    assert_eq!(Resource::read(&lesson.out()).unwrap().duration_ms, 30_000);
    let left = std::fs::read_dir(lesson.folder()).unwrap().count();
    assert_eq!(left, 3, "manifest, tracks and output only");
}
