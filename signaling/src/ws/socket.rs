//! One WebSocket connection: hello, then requests in and numbered messages out.
//!
//! A reader slower than its log is cut: it comes back and gets a welcome. A socket that says nothing
//! for [`MAX_SILENCE`], not even a pong, is dead.

use super::log::text_of;
use super::page::{Page, grant_for};
use super::session::{Attachment, Identity, Session};
use crate::app::App;
use crate::auth::credential::Credential;
use crate::auth::origin::may_open_socket;
use crate::device::health;
use crate::http::lessons::need_room;
use crate::http::peer::Peer;
use crate::lesson::{By, Command};
use crate::problem::{ApiError, Language};
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval, timeout};
use tongtang_protocol::device::ScreenHealth;
use tongtang_protocol::lesson::LessonState;
use tongtang_protocol::message::{Action, MAX_MESSAGE_BYTES, Numbered, PageMessage, Resume, ServerMessage};

/// How long a socket may stay without a hello.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// How often a page is pinged, so that proxies keep the socket and dead ones are noticed.
const PING_EVERY: Duration = Duration::from_secs(15);

/// Three pings unanswered.
const MAX_SILENCE: Duration = Duration::from_secs(45);

/// How long one message may take to leave.
const WRITE_WITHIN: Duration = Duration::from_secs(5);

/// Requests a socket may make at once, and how many it gets back a second. More are refused.
const MAX_BURST: f64 = 40.0;
const REQUESTS_PER_S: f64 = 20.0;

/// Close codes of our own (RFC 6455 §7.4.2): the page shows why and does not come back by itself.
const CLOSE_REFUSED: u16 = 4001;
/// Another socket took the session.
const CLOSE_TAKEN_OVER: u16 = 4002;
/// The page was too slow, or silent; it comes back.
const CLOSE_CUT: u16 = 4003;

/// Answers a ping; and a resumed hello, so that a page that missed nothing knows that it is back.
const PONG: Numbered = Numbered { seq: 0, body: ServerMessage::Pong };

/// `GET /api/ws`
#[utoipa::path(
    get,
    path = "/api/ws",
    operation_id = "lesson_socket",
    tag = "lesson",
    description = "The lesson WebSocket. Text messages: the page sends `PageMessage`, the server `Numbered`.",
    responses(
        (status = 101, description = "Switching to WebSocket", body = Numbered),
        (status = 403, description = "Opened by another site's page", body = tongtang_protocol::problem::Problem),
    )
)]
pub async fn open(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    if !may_open_socket(&headers) {
        return Err(ApiError::ForeignPage);
    }
    let counted = app.sessions().count_socket(peer.0)?;
    let language = Language::of(&headers);
    Ok(upgrade.max_message_size(MAX_MESSAGE_BYTES).max_frame_size(MAX_MESSAGE_BYTES).on_upgrade(
        async move |socket| {
            let _counted = counted;
            serve(app, socket, language).await;
        },
    ))
}

async fn serve(app: App, mut socket: WebSocket, language: Language) {
    let hello = timeout(HELLO_WITHIN, hear_hello(&mut socket)).await;
    let Ok(Some((credential, resume))) = hello else {
        refuse(&mut socket, &ApiError::BadInput("hello"), language).await;
        return;
    };
    let (session, sent) = match enter(&app, &credential, resume, language).await {
        Ok(entered) => entered,
        Err(error) => {
            refuse(&mut socket, &error, language).await;
            return;
        }
    };
    let (number, attachment) = session.attach();
    if sent > 0 && !send(&mut socket, Message::Text(text_of(&PONG))).await {
        session.detach(number);
        return;
    }
    let connection =
        Connection { app, session: session.clone(), language, number, attachment, sent, tokens: MAX_BURST };
    connection.run(socket).await;
    session.detach(number);
}

/// The hello, or None: the page said something else.
async fn hear_hello(socket: &mut WebSocket) -> Option<(String, Option<Resume>)> {
    loop {
        match socket.recv().await?.ok()? {
            Message::Text(text) => match serde_json::from_str(&text).ok()? {
                PageMessage::Hello { credential, resume } => return Some((credential, resume)),
                PageMessage::Request { .. } | PageMessage::Ping => return None,
            },
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Close(_) => return None,
        }
    }
}

/// The session to go on with and what the page has of it, or a new one.
async fn enter(
    app: &App,
    credential: &str,
    resume: Option<Resume>,
    language: Language,
) -> Result<(Arc<Session>, u64), ApiError> {
    let identity = match app.link_key().read(credential) {
        Some(Credential::Teacher(lesson)) => Identity::Teacher(lesson),
        Some(Credential::Device(hash)) => Identity::Device(
            app.store().device_of_credential(&hash).await?.ok_or(ApiError::BadCredential)?.id,
        ),
        None => return Err(ApiError::BadCredential),
    };
    if let Some(resume) = resume
        && let Some(session) = app.sessions().find(&resume.session_id, &identity)
    {
        if session.after(resume.last_seq).is_some() {
            return Ok((session, resume.last_seq));
        }
        app.sessions().close(&session);
    }
    let session = app.sessions().open(identity)?;
    match Page::welcome(app.clone(), session.clone(), language).await {
        Ok(page) => {
            tokio::spawn(page.run());
            Ok((session, 0))
        }
        Err(error) => {
            app.sessions().close(&session);
            Err(error)
        }
    }
}

async fn refuse(socket: &mut WebSocket, error: &ApiError, language: Language) {
    if let ApiError::Internal(cause) = error {
        tracing::error!(%cause, "a hello failed");
    }
    let body = ServerMessage::Refused { id: 0, problem: error.problem(language) };
    if send(socket, Message::Text(text_of(&Numbered { seq: 0, body }))).await {
        close(socket, CLOSE_REFUSED, "refused").await;
    }
}

/// True: it left in time.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(WRITE_WITHIN, socket.send(message)).await, Ok(Ok(())))
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    metrics::counter!("tongtang_sockets_closed_total", "reason" => reason).increment(1);
    send(socket, Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }))).await;
}

struct Connection {
    app: App,
    session: Arc<Session>,
    language: Language,
    number: u64,
    attachment: tokio::sync::watch::Receiver<Attachment>,
    /// The newest message that left.
    sent: u64,
    /// Requests the page may still make (a bucket that fills at [`REQUESTS_PER_S`]).
    tokens: f64,
}

impl Connection {
    async fn run(mut self, mut socket: WebSocket) {
        let mut newest = self.session.newest();
        let mut ping = interval(PING_EVERY);
        let mut heard_at = Instant::now();
        let mut refilled_at = Instant::now();
        loop {
            newest.borrow_and_update();
            let Some((seq, messages)) = self.session.after(self.sent) else {
                close(&mut socket, CLOSE_CUT, "too slow").await;
                return;
            };
            for text in messages {
                if !send(&mut socket, Message::Text(text)).await {
                    return;
                }
            }
            self.sent = seq;
            let attachment = *self.attachment.borrow();
            match attachment {
                Attachment::Socket(number) if number == self.number => {}
                Attachment::Socket(_) => return close(&mut socket, CLOSE_TAKEN_OVER, "taken over").await,
                Attachment::Detached(_) | Attachment::Over => {
                    return close(&mut socket, CLOSE_REFUSED, "over").await;
                }
            }
            tokio::select! {
                _ = newest.changed() => {}
                _ = self.attachment.changed() => {}
                _ = ping.tick() => {
                    if heard_at.elapsed() > MAX_SILENCE {
                        return close(&mut socket, CLOSE_CUT, "silent").await;
                    }
                    if !send(&mut socket, Message::Ping(bytes::Bytes::new())).await {
                        return;
                    }
                }
                message = socket.recv() => {
                    let Some(Ok(message)) = message else { return };
                    heard_at = Instant::now();
                    let text = match message {
                        Message::Text(text) => text,
                        Message::Ping(_) | Message::Pong(_) => continue,
                        Message::Binary(_) => {
                            return refuse(&mut socket, &ApiError::BadInput("binary message"), self.language).await;
                        }
                        Message::Close(_) => return,
                    };
                    self.tokens = MAX_BURST.min(self.tokens + refilled_at.elapsed().as_secs_f64() * REQUESTS_PER_S);
                    refilled_at = Instant::now();
                    if !self.hear(&mut socket, &text).await {
                        return;
                    }
                }
            }
        }
    }

    /// False: the socket is done.
    async fn hear(&mut self, socket: &mut WebSocket, text: &str) -> bool {
        match serde_json::from_str(text) {
            Ok(PageMessage::Ping) => send(socket, Message::Text(text_of(&PONG))).await,
            Ok(PageMessage::Request { id, action }) => {
                let answer = match self.carry_out(action).await {
                    Ok(()) => ServerMessage::Ack { id },
                    Err(error) => {
                        if let ApiError::Internal(cause) = &error {
                            tracing::error!(%cause, "a page's request failed");
                        }
                        ServerMessage::Refused { id, problem: error.problem(self.language) }
                    }
                };
                self.session.say(answer);
                true
            }
            Ok(PageMessage::Hello { .. }) | Err(_) => {
                refuse(socket, &ApiError::BadInput("message"), self.language).await;
                false
            }
        }
    }

    async fn carry_out(&mut self, action: Action) -> Result<(), ApiError> {
        if self.tokens < 1.0 {
            return Err(ApiError::TooMany { retry_after_s: 1 });
        }
        self.tokens -= 1.0;
        if action == Action::TakePlace {
            self.app.sessions().take_place(&self.session);
            return Ok(());
        }
        if let Action::Report { health } = action {
            return self.report(health).await;
        }
        let seat = self.session.seat().ok_or(ApiError::Lesson(crate::lesson::Refusal::NotAllowed))?;
        let command = match action {
            Action::Open => Command::Open,
            Action::Start => Command::Start,
            Action::Pause => Command::Pause,
            Action::Continue => Command::Continue,
            Action::End => Command::End,
            Action::CallOnStage { participant } => Command::CallOnStage(participant),
            Action::Mute { participant, muted } => Command::Mute(participant, muted),
            Action::SetRecording { on } => Command::SetRecording(on),
            Action::RaiseHand { raised } => Command::RaiseHand(raised),
            Action::Expel { participant } => Command::Expel(participant),
            Action::RefreshMedia => {
                let media = grant_for(&self.app, &seat).ok_or(ApiError::NoMedia)?;
                self.session.say(ServerMessage::Media { media });
                return Ok(());
            }
            // Need no seat and are answered above.
            Action::TakePlace | Action::Report { .. } => return Ok(()),
        };
        let opens = matches!(command, Command::Open | Command::Start);
        if opens && seat.runner.lesson().state == LessonState::Scheduled {
            need_room(&self.app).await?;
        }
        seat.runner.command(By::Participant(&seat.participant), command).await?;
        Ok(())
    }

    /// Keeps what a screen says of itself, once a minute.
    async fn report(&self, health: ScreenHealth) -> Result<(), ApiError> {
        let Identity::Device(id) = &self.session.identity else {
            return Err(ApiError::Lesson(crate::lesson::Refusal::NotAllowed));
        };
        if !health::is_sound(&health) {
            return Err(ApiError::BadInput("health"));
        }
        self.app.store().report_health(id, &health, crate::clock::now(), health::KEEP_EVERY_MS).await?;
        Ok(())
    }
}
