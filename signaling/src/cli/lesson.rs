//! `tongtang lesson …`: lessons from a script or a terminal.
//!
//! Enters: a subcommand. Leaves: a table for people, or the API's JSON with WHIP and WHEP addresses
//! made absolute.

use super::api::{Api, ApiError};
use clap::{Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Longest wait for a lesson's room on a media server that is up; then the caller is told.
const ROOM_WAIT: Duration = Duration::from_secs(5);

/// Between two questions for it.
const ROOM_PAUSE: Duration = Duration::from_millis(100);

/// What can be done with lessons.
#[derive(Debug, Subcommand)]
pub enum LessonCommand {
    /// Create a lesson that can be joined at once, or at its time
    ///
    /// Prints the teacher's link, the six digits a classroom screen types, and WHIP and WHEP
    /// addresses with a token (10 minutes; `lesson grant` gives a fresh one).
    Create {
        /// Title, e.g. 三年级音乐：茉莉花
        #[arg(long)]
        title: String,
        /// Codec of all pictures; vp8 where a classroom's browser has no H.264 (Firefox)
        #[arg(long, value_enum, default_value = "h264")]
        codec: Codec,
        /// Do not record
        #[arg(long)]
        no_record: bool,
        /// When it begins, e.g. 2026-12-01T08:00:00+08:00; it opens ten minutes before by itself
        #[arg(long, value_name = "TIME", value_parser = moment)]
        starts_at: Option<i64>,
    },
    /// Open a scheduled lesson before its time
    Open {
        /// The lesson's id
        id: String,
    },
    /// List all lessons, newest first
    List,
    /// Show one lesson with its links and participants
    ///
    /// While it can be joined: with the teacher's WHIP and WHEP addresses and a fresh token, as
    /// `lesson create` gives them.
    Show {
        /// The lesson's id
        id: String,
    },
    /// Give a program (OBS, GStreamer, a WHEP player) WHIP and WHEP addresses with a fresh token
    Grant {
        /// The lesson's id
        id: String,
        /// What it is in the lesson
        #[arg(long, value_enum, default_value = "classroom")]
        role: Role,
        /// The name shown to others
        #[arg(long)]
        name: String,
    },
    /// End a lesson; its recording is composed and appears in the library
    End {
        /// The lesson's id
        id: String,
    },
}

/// `--codec`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Codec {
    /// H.264
    H264,
    /// VP8
    Vp8,
}

/// `--role`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    /// Publishes camera, board and microphone
    Teacher,
    /// Publishes camera and microphone, sees teacher, board and stage
    Classroom,
    /// Sees what a classroom sees
    Assistant,
    /// Looks on
    Observer,
}

fn word(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// A moment as people and programs write it (RFC 3339), in milliseconds since 1970.
fn moment(text: &str) -> Result<i64, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map(|at| at.unix_timestamp() * 1000)
        .map_err(|_| "not a date and time with its zone, for example 2026-12-01T08:00:00+08:00".to_owned())
}

/// The way back, in UTC; a server does not know the reader's zone.
fn moment_text(millis: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(millis / 1000).ok()?.format(&Rfc3339).ok()
}

/// Does it; the answer to print.
pub async fn run(api: &Api, command: LessonCommand, as_json: bool) -> Result<String, ApiError> {
    let (answer, text): (Value, fn(&Value) -> String) = match command {
        LessonCommand::Create { title, codec, no_record, starts_at } => {
            let body = json!({
                "title": title, "video_codec": word(&codec), "record": !no_record, "starts_at": starts_at,
            });
            let mut access = api.call(Method::POST, "/api/lessons", Some(&body)).await?;
            access["teacher"] = teacher_of(api, &access).await?;
            (access, access_text)
        }
        LessonCommand::List => (api.call(Method::GET, "/api/lessons", None).await?, list_text),
        LessonCommand::Show { id } => {
            let mut access =
                api.call(Method::GET, &format!("/api/lessons/{}/access", path(&id)), None).await?;
            access["teacher"] = teacher_of(api, &access).await?;
            (access, access_text)
        }
        LessonCommand::Grant { id, role, name } => {
            (grant_soon(api, &path(&id), &word(&role), &name).await?, grant_text)
        }
        LessonCommand::Open { id } => {
            let path = format!("/api/lessons/{}/open", path(&id));
            (api.call(Method::POST, &path, Some(&json!({}))).await?, |_| "The lesson is open.".to_owned())
        }
        LessonCommand::End { id } => {
            let path = format!("/api/lessons/{}/end", path(&id));
            let ended = api.call(Method::POST, &path, Some(&json!({}))).await?;
            (if ended.is_null() { json!({ "ended": true }) } else { ended }, |_| {
                "The lesson has ended.".to_owned()
            })
        }
    };
    Ok(if as_json { format!("{answer:#}") } else { text(&answer) })
}

/// An id as a path segment; what is no id cannot leave its place in the path.
fn path(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

/// May media be sent and received in this state (`LessonState::has_media`)?
fn has_media(lesson: &Value) -> bool {
    matches!(text_at(lesson, "/lesson/state"), "open" | "live" | "paused")
}

/// The teacher's WHIP and WHEP addresses with a token. Null: not now.
async fn teacher_of(api: &Api, access: &Value) -> Result<Value, ApiError> {
    if !has_media(access) {
        return Ok(Value::Null);
    }
    match grant_soon(api, text_at(access, "/lesson/id"), "teacher", "teacher").await {
        // The lesson is there and pages wait; a script asks again later.
        Err(error) if error.is_no_media() => Ok(Value::Null),
        granted => granted,
    }
}

/// A grant, waiting for it if a media server is up: a new lesson's room is made there just after the
/// lesson, so the first question may come a moment too early.
async fn grant_soon(api: &Api, id: &str, role: &str, name: &str) -> Result<Value, ApiError> {
    let begin = Instant::now();
    loop {
        match grant(api, id, role, name).await {
            Err(error) if error.is_no_media() && begin.elapsed() < ROOM_WAIT && api.has_media().await => {
                tokio::time::sleep(ROOM_PAUSE).await;
            }
            decided => return decided,
        }
    }
}

/// A fresh grant, flattened for scripts: participant, whip_url, whep_url, token, expires_at.
async fn grant(api: &Api, id: &str, role: &str, name: &str) -> Result<Value, ApiError> {
    let body = json!({ "name": name, "role": role });
    let answer = api.call(Method::POST, &format!("/api/lessons/{id}/grants"), Some(&body)).await?;
    let mut media = answer["media"].clone();
    for key in ["whip_url", "whep_url"] {
        if let Some(address) = media[key].as_str().map(|path| api.absolute(path)) {
            media[key] = address.into();
        }
    }
    media["participant"] = answer["participant"].clone();
    Ok(media)
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn lines(value: &Value, rows: &[(&str, &str)]) -> String {
    let row = |(name, pointer): &(&str, &str)| match text_at(value, pointer) {
        "" => None,
        text => Some(format!("  {name:<18} {text}")),
    };
    rows.iter().filter_map(row).collect::<Vec<_>>().join("\n")
}

fn access_text(access: &Value) -> String {
    let rows = [
        ("id", "/lesson/id"),
        ("state", "/lesson/state"),
        ("teacher's link", "/teacher_url"),
        ("classroom page", "/classroom_url"),
        ("recording", "/lesson/recording"),
        ("recording alarm", "/lesson/recording_alarm/text"),
        ("code to type", "/code"),
        ("WHIP", "/teacher/whip_url"),
        ("WHEP", "/teacher/whep_url"),
        ("token (10 min)", "/teacher/token"),
    ];
    let mut text = format!("{}\n{}", text_at(access, "/lesson/title"), lines(access, &rows));
    if let Some(at) = access.pointer("/lesson/starts_at").and_then(Value::as_i64).and_then(moment_text) {
        text.push_str(&format!("\n  {:<18} {at}", "begins"));
    }
    if has_media(access) && access.get("teacher").is_some_and(Value::is_null) {
        text.push_str("\n  no media server is up yet: `tongtang lesson grant` gives WHIP and WHEP later");
    }
    let participants = access.pointer("/lesson/participants").and_then(Value::as_array);
    for participant in participants.into_iter().flatten() {
        let here = if participant["present"].as_bool().unwrap_or_default() { "here" } else { "away" };
        let (role, name) = (text_at(participant, "/role"), text_at(participant, "/name"));
        text.push_str(&format!("\n  {role:<18} {name} ({here})"));
    }
    text
}

fn grant_text(grant: &Value) -> String {
    lines(grant, &[("WHIP", "/whip_url"), ("WHEP", "/whep_url"), ("token (10 min)", "/token")])
}

fn list_text(answer: &Value) -> String {
    let lessons = answer.as_array().or_else(|| answer["lessons"].as_array());
    let rows: Vec<String> = lessons
        .into_iter()
        .flatten()
        .map(|lesson| {
            let lesson = if lesson["lesson"].is_object() { &lesson["lesson"] } else { lesson };
            let (id, state) = (text_at(lesson, "/id"), text_at(lesson, "/state"));
            format!("{id:<24} {state:<11} {}", text_at(lesson, "/title"))
        })
        .collect();
    match rows.is_empty() {
        true => "There are no lessons yet: tongtang lesson create --title …".to_owned(),
        false => rows.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_is_shown_with_what_there_is() {
        let access = json!({
            "lesson": { "id": "l-1", "title": "茉莉花", "state": "live", "recording": "failed",
                        "recording_alarm": { "code": "disk_full", "text": "the disk is full" },
                        "participants": [{ "role": "classroom", "name": "河口", "present": true }] },
            "teacher_url": "http://x/teach#s", "code": "123456"
        });
        let text = access_text(&access);
        assert!(text.contains("茉莉花") && text.contains("123456") && text.contains("河口 (here)"), "{text}");
        assert!(text.contains("recording alarm    the disk is full"), "{text}");
        assert!(!text.contains("WHIP"), "{text}");
    }

    #[test]
    fn a_moment_has_a_zone_and_comes_back() {
        assert_eq!(moment("2026-12-01T08:00:00+08:00"), Ok(1_796_083_200_000));
        assert_eq!(moment_text(1_796_083_200_000).as_deref(), Some("2026-12-01T00:00:00Z"));
        assert!(moment("2026-12-01 08:00").is_err_and(|said| said.contains("for example")));
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert_eq!(path("../x?y"), "..%2Fx%3Fy");
    }
}
