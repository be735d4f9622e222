//! What a page is told: a welcome, then whatever changes in its lesson, its media or its
//! assignment, until the session is over.

use super::session::{Attachment, Identity, Seated, Session};
use crate::app::App;
use crate::clock;
use crate::lesson::runner::Place;
use crate::lesson::view::for_classroom;
use crate::lesson::{Newcomer, Runner};
use crate::problem::{ApiError, Language};
use crate::store::device::{Device, InvitedTo};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until};
use tongtang_protocol::ids::DeviceId;
use tongtang_protocol::lesson::{LessonView, Role};
use tongtang_protocol::message::{DeviceView, MediaGrant, NextLesson, ServerMessage, Welcome};

/// How long a session waits for its page to come back.
pub const RESUME_WITHIN: Duration = Duration::from_secs(60);

/// Lessons are shown at most this often in the long run; what happens in between is shown together.
const LESSON_INTERVAL: Duration = Duration::from_millis(100);

/// So many views are shown at once after a quiet time: a call on stage must not wait because a link light changed.
const LESSONS_AT_ONCE: u32 = 4;

/// When the next view may be shown: [`LESSONS_AT_ONCE`] at once, then one each [`LESSON_INTERVAL`].
#[derive(Debug)]
struct Pace {
    /// The time up to which the views so far are paid for.
    paid_until: Instant,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { paid_until: now }
    }

    fn next_at(&self) -> Instant {
        self.paid_until.checked_sub(LESSON_INTERVAL * (LESSONS_AT_ONCE - 1)).unwrap_or(self.paid_until)
    }

    fn shown(&mut self, now: Instant) {
        self.paid_until = self.paid_until.max(now) + LESSON_INTERVAL;
    }
}

/// Tells one page.
pub struct Page {
    app: App,
    session: Arc<Session>,
    language: Language,
    views: Option<watch::Receiver<Arc<LessonView>>>,
    places: Option<watch::Receiver<Option<Place>>>,
    devices: broadcast::Receiver<DeviceId>,
    epoch: Option<u64>,
    pace: Pace,
    /// The screen, as the page knows it.
    device: Option<DeviceView>,
}

impl Page {
    /// Finds the page's seat and welcomes it.
    pub async fn welcome(app: App, session: Arc<Session>, language: Language) -> Result<Self, ApiError> {
        let devices = app.bus().devices();
        let mut page = Self {
            app,
            session,
            language,
            views: None,
            places: None,
            devices,
            epoch: None,
            pace: Pace::new(Instant::now()),
            device: None,
        };
        page.device = match &page.session.identity {
            Identity::Teacher(_) => None,
            Identity::Device(id) => Some(device_view(&page.app, id).await?.ok_or(ApiError::BadCredential)?),
        };
        let seat = page.find_seat().await?;
        if let Some(seat) = &seat {
            page.app.sessions().check_lesson(seat.runner.id())?;
        }
        page.sit(seat);
        let seat = page.session.seat();
        let media = page.grant();
        let lesson = page.lesson().map(Box::new);
        page.session.say(ServerMessage::Welcome(Box::new(Welcome {
            session_id: page.session.id.clone(),
            role: page.session.identity.role(),
            you: seat.as_ref().map(|seat| seat.participant.clone()),
            device: page.device.clone(),
            lesson,
            media,
            server_time: clock::now(),
        })));
        Ok(page)
    }

    /// Tells until the session is over.
    pub async fn run(mut self) {
        let mut attachment = self.session.attachment();
        loop {
            tokio::select! {
                () = lesson_changed(&mut self.views, self.pace.next_at()) => self.tell_lesson(),
                () = place_changed(&mut self.places) => self.tell_place(),
                changed = self.devices.recv() => match changed {
                    Ok(id) if self.session.identity != Identity::Device(id.clone()) => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {
                        if !self.reassign().await { break }
                    }
                    Err(broadcast::error::RecvError::Closed) => break,
                },
                () = abandoned(&mut attachment) => break,
            }
        }
        self.app.sessions().close(&self.session);
    }

    /// Where the page belongs now; a screen's first join admits it.
    async fn find_seat(&self) -> Result<Option<Seated>, ApiError> {
        match &self.session.identity {
            Identity::Teacher(lesson) => {
                let runner = self.app.lessons().get(lesson).await?.ok_or(ApiError::BadCredential)?;
                let lesson = runner.lesson();
                let teacher = lesson.teacher().ok_or(ApiError::NotFound)?;
                Ok(Some(Seated { participant: teacher.id.clone(), role: Role::Teacher, runner }))
            }
            Identity::Device(id) => {
                let Some(lesson) = self.app.store().lesson_of_device(id).await? else { return Ok(None) };
                let Some(device) = self.app.store().device(id).await? else { return Ok(None) };
                let Some(runner) = self.app.lessons().get(&lesson).await? else { return Ok(None) };
                let newcomer = Newcomer {
                    id: crate::fresh::participant_id(),
                    role: Role::Classroom,
                    name: device.name,
                    device_id: Some(id.clone()),
                };
                match runner.admit(newcomer).await {
                    Ok((participant, role)) => Ok(Some(Seated { runner, participant, role })),
                    // No seat (all taken, or the lesson just ended): the screen waits.
                    Err(crate::lesson::runner::CommandError::Refused(_)) => Ok(None),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    fn sit(&mut self, seat: Option<Seated>) {
        self.views = seat.as_ref().map(|seat| seat.runner.view());
        self.places = seat.as_ref().map(|seat| seat.runner.place());
        self.epoch = None;
        self.session.sit(seat);
    }

    /// The lesson as this page may see it.
    fn lesson(&mut self) -> Option<LessonView> {
        let view = self.views.as_mut()?.borrow_and_update().clone();
        Some(match self.session.identity {
            Identity::Teacher(_) => (*view).clone(),
            Identity::Device(_) => for_classroom(&view),
        })
    }

    fn grant(&mut self) -> Option<MediaGrant> {
        if let Some(places) = &mut self.places {
            places.mark_unchanged();
        }
        let grant = grant_for(&self.app, &self.session.seat()?)?;
        self.epoch = Some(grant.epoch);
        Some(grant)
    }

    fn tell_lesson(&mut self) {
        self.pace.shown(Instant::now());
        if let Some(lesson) = self.lesson() {
            self.session.say(ServerMessage::Lesson { lesson: Box::new(lesson) });
        }
    }

    /// Media came up, or is elsewhere now. That it went away the page notices itself.
    fn tell_place(&mut self) {
        let known = self.epoch;
        if let Some(media) = self.grant()
            && known != Some(media.epoch)
        {
            self.session.say(ServerMessage::Media { media });
        }
    }

    /// A screen's assignment may have changed; false: the screen is not known any more.
    async fn reassign(&mut self) -> bool {
        let Identity::Device(id) = &self.session.identity else { return true };
        let device = match device_view(&self.app, id).await {
            Ok(Some(device)) => device,
            Ok(None) => {
                let problem = ApiError::BadCredential.problem(self.language);
                self.session.say(ServerMessage::Refused { id: 0, problem });
                return false;
            }
            Err(error) => {
                tracing::error!(%error, "cannot look up a screen");
                return true;
            }
        };
        let seat = match self.find_seat().await {
            Ok(seat) => seat,
            Err(error) => {
                tracing::error!(%error, "cannot find a screen's lesson");
                return true;
            }
        };
        let same = match (&seat, self.session.seat()) {
            (Some(new), Some(old)) => new.participant == old.participant,
            (None, None) => true,
            _ => false,
        };
        let waits_for_another = seat.is_none() && self.device.as_ref() != Some(&device);
        if !same || waits_for_another {
            self.device = Some(device);
            // The last picture of the lesson it leaves: that it ended, or that it goes on without it.
            if seat.is_none() && self.views.as_ref().is_some_and(|views| views.has_changed().unwrap_or(false))
            {
                self.tell_lesson();
            }
            let you = seat.as_ref().map(|seat| seat.participant.clone());
            self.sit(seat);
            let lesson = self.lesson().map(Box::new);
            let media = self.grant();
            let device = self.device.clone();
            self.session.say(ServerMessage::Assigned { device, lesson, you, media });
        }
        true
    }
}

/// A fresh grant, if the lesson has media and a place for it.
pub fn grant_for(app: &App, seat: &Seated) -> Option<MediaGrant> {
    let runner: &Runner = &seat.runner;
    if !runner.view_now().state.has_media() {
        return None;
    }
    let epoch = runner.place().borrow().as_ref()?.epoch;
    Some(app.tokens().grant(runner.id(), &seat.participant, seat.role, epoch, clock::now()))
}

/// A screen as its own page knows it.
pub async fn device_view(app: &App, id: &DeviceId) -> Result<Option<DeviceView>, ApiError> {
    let Some(device) = app.store().device(id).await? else { return Ok(None) };
    let next = app.store().next_lesson_of_device(id).await?;
    Ok(Some(view_of(device, next)))
}

/// The same of what was read already.
pub fn view_of(device: Device, next: Option<InvitedTo>) -> DeviceView {
    let next_lesson =
        next.map(|next| NextLesson { id: next.lesson_id, title: next.title, starts_at: next.starts_at });
    DeviceView { id: device.id, name: device.name, next_lesson }
}

async fn lesson_changed(views: &mut Option<watch::Receiver<Arc<LessonView>>>, not_before: Instant) {
    let Some(views) = views else { return std::future::pending().await };
    sleep_until(not_before).await;
    if views.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn place_changed(places: &mut Option<watch::Receiver<Option<Place>>>) {
    let Some(places) = places else { return std::future::pending().await };
    if places.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Returns when the session has had no socket for [`RESUME_WITHIN`], or is over.
async fn abandoned(attachment: &mut watch::Receiver<Attachment>) {
    loop {
        let now = *attachment.borrow_and_update();
        let patience = async {
            match now {
                Attachment::Detached(since) => sleep_until(since + RESUME_WITHIN).await,
                Attachment::Socket(_) => std::future::pending().await,
                Attachment::Over => {}
            }
        };
        tokio::select! {
            changed = attachment.changed() => if changed.is_err() { return },
            () = patience => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_after_a_few_others_is_shown_at_once_and_a_storm_is_shown_ten_times_a_second() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut now = start;
        let mut shown = Vec::new();
        for _ in 0..8 {
            now = now.max(pace.next_at());
            pace.shown(now);
            shown.push((now - start).as_millis());
        }
        assert_eq!(shown, [0, 0, 0, 0, 100, 200, 300, 400]);
        let later = now + Duration::from_secs(5);
        assert!(pace.next_at() <= later);
    }
}
