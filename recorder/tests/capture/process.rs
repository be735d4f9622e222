//! A real `tongtang-recorder` and what a signaling would say to it.

use serde::Serialize;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tongtang_config::secrets::Secrets;
use tongtang_protocol::control::{CaptureState, RecordingSpec, RecordingStatus};
use tongtang_protocol::ids::{LessonId, RecordingId, RoomId};
use tongtang_protocol::lesson::RecordingOf;

use super::fake_tap::FakeTap;

/// Anything that has not happened by then has failed.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The folder of one installation.
pub struct Home {
    folder: tempfile::TempDir,
    pub media: PathBuf,
    pub min_free_bytes: u64,
    pub signaling_url: String,
    pub secrets: Secrets,
}

impl Home {
    pub fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::ensure(&folder.path().join("data")).unwrap();
        let media = folder.path().join("media");
        std::fs::create_dir(&media).unwrap();
        // Nobody listens there: capturing does not need signaling.
        Self { folder, media, min_free_bytes: 0, signaling_url: "http://127.0.0.1:9".into(), secrets }
    }

    /// Starts a recorder.
    pub fn start(&self) -> Recorder {
        let config = self.folder.path().join("tongtang.toml");
        let text = format!(
            "data_dir = {:?}\n[log]\nformat = \"json\"\n[recorder]\nhttp_listen = \"127.0.0.1:0\"\nmedia_dir = {:?}\n\
             min_free_bytes = {}\nsignaling_url = {:?}\n",
            self.folder.path().join("data"),
            self.media,
            self.min_free_bytes,
            self.signaling_url,
        );
        std::fs::write(&config, text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_tongtang-recorder"))
            .arg("--config")
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let addr = loop {
            let line = lines.next().expect("the recorder ended before it listened").unwrap();
            eprintln!("recorder: {line}");
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            if event["message"] == "recorder listens" {
                break event["addr"].as_str().unwrap().to_owned();
            }
        };
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| eprintln!("recorder: {line}"));
        });
        Recorder { child, url: format!("http://{addr}"), secret: self.secrets.control_secret.clone() }
    }

    pub fn recording_folder(&self) -> PathBuf {
        self.media.join(recording_id().as_str())
    }
}

pub fn recording_id() -> RecordingId {
    RecordingId::new("rec-1").unwrap()
}

pub fn spec(tap: &FakeTap) -> RecordingSpec {
    RecordingSpec {
        of: RecordingOf {
            recording_id: recording_id(),
            lesson_id: LessonId::new("lesson-1").unwrap(),
            title: "三年级音乐：茉莉花".into(),
        },
        room: RoomId::new("lesson-1").unwrap(),
        tap_addr: tap.addr,
        sfu_epoch: tap.epoch,
    }
}

/// The process.
pub struct Recorder {
    child: Child,
    pub url: String,
    pub secret: String,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Recorder {
    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, then waits for a clean end.
    pub fn terminate(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.secret)
    }

    pub async fn put(&self, spec: &RecordingSpec) -> RecordingStatus {
        let path = format!("/control/recordings/{}", spec.of.recording_id);
        let response = self.request(reqwest::Method::PUT, &path).json(spec).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
        response.json().await.unwrap()
    }

    pub async fn post(&self, what: &str, body: &impl Serialize) -> reqwest::Response {
        let path = format!("/control/recordings/{}/{what}", recording_id());
        self.request(reqwest::Method::POST, &path).json(body).send().await.unwrap()
    }

    pub async fn status(&self) -> Option<RecordingStatus> {
        let path = format!("/control/recordings/{}", recording_id());
        let response = self.request(reqwest::Method::GET, &path).send().await.unwrap();
        if response.status().is_success() { Some(response.json().await.unwrap()) } else { None }
    }

    pub async fn until(&self, what: &str, is: impl Fn(&RecordingStatus) -> bool) -> RecordingStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.status().await.filter(&is) {
                return status;
            }
            assert!(began.elapsed() < DEADLINE, "not in time: {what}; {:?}", self.status().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn until_state(&self, state: CaptureState) -> RecordingStatus {
        self.until(&format!("{state:?}"), |status| status.state == state).await
    }

    pub async fn finish(&self) -> RecordingStatus {
        assert_eq!(self.post("finish", &()).await.status(), 202);
        self.until_state(CaptureState::Finished).await
    }
}
