//! A screen is paired by six digits that it shows: it asks for them, somebody who keeps screens types them.
//!
//! The screen has a secret besides, which nobody sees. Typing the code makes the secret's hash the hash of the screen's
//! credential, in one transaction: a screen that was cut off at that moment, and a server that was started again, find
//! it so.
//!
//! A million codes, and twenty screens on a busy morning: one guess in fifty thousand is right. At the rate of [`WRONG_CODES`]
//! an account, whose owner is known, gets there in three days, and has then a screen of another school in its own.

use super::guessing::key_of;
use super::pace::{Pace, Rule};
use crate::app::App;
use crate::auth::{Caller, SecretHash, credential};
use crate::lesson::machine::Code;
use crate::lesson::runner::MAX_DRAWS;
use crate::problem::ApiError;
use crate::store::device::Device;
use crate::store::screen_code::{Claimed, Shown};
use crate::{clock, fresh};
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};
use tongtang_protocol::device::{ScreenAsks, ScreenPairing};
use tongtang_protocol::ids::{AccountId, ClassroomId, DeviceId};
use tongtang_protocol::units::UnixMillis;

/// How long a code counts, in milliseconds.
pub const CODE_LIFE_MS: i64 = 10 * 60_000;

/// A code that ends so soon is not shown any more: nobody would get it typed in time. In milliseconds.
const RENEW_BEFORE_MS: i64 = 10_000;

/// Screens that wait at once. One more is told to come back.
pub const MAX_WAITING: u64 = 2_000;

/// Codes for the screens of one network: a county's new screens unpacked in one hall, each with a new code every ten
/// minutes. One more is told to come back.
const CODES_OF_ONE_NETWORK: Rule = Rule { at_once: 100, one_more_ms: 5_000 };

/// Wrong codes of one account.
pub const WRONG_CODES: Rule = Rule { at_once: 10, one_more_ms: 6_000 };

/// Wrong codes of all accounts together.
const WRONG_CODES_OF_ALL: Rule = Rule { at_once: 60, one_more_ms: 1_000 };

/// How long a question waits for something new. Shorter than browsers and proxies wait for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Who was given codes, and who typed wrong ones.
#[derive(Debug)]
pub struct Paces {
    codes: Pace<IpAddr>,
    /// None: the installation's administrator.
    wrong: Pace<Option<AccountId>>,
    wrong_of_all: Pace<()>,
}

impl Default for Paces {
    fn default() -> Self {
        Self {
            codes: Pace::new(CODES_OF_ONE_NETWORK),
            wrong: Pace::new(WRONG_CODES),
            wrong_of_all: Pace::new(WRONG_CODES_OF_ALL),
        }
    }
}

impl Paces {
    /// A try counts as wrong until [`Paces::right`] says otherwise, so that tries made at once all count.
    fn try_now(&mut self, who: &Option<AccountId>, now: UnixMillis) -> Result<(), u64> {
        self.wrong.take(who, now)?;
        self.wrong_of_all.take(&(), now).inspect_err(|_| self.wrong.give_back(who))
    }

    fn right(&mut self, who: &Option<AccountId>) {
        self.wrong.give_back(who);
        self.wrong_of_all.give_back(&());
    }
}

/// How the screen stands: as soon as that is not what it shows, or after [`ANSWER_WITHIN`].
pub async fn ask(app: &App, network: IpAddr, asks: ScreenAsks) -> Result<ScreenPairing, ApiError> {
    let secret = match asks.secret {
        Some(secret) if credential::is_device(&secret) => Some(secret),
        Some(_) => return Err(ApiError::BadInput("secret")),
        None => None,
    };
    let Some(secret) = secret else { return show(app, network, credential::device()).await };
    let hash = SecretHash::of(&secret);
    // Before the first look, so that nothing happens between a look and the waiting.
    let mut claims = app.bus().screen_claims();
    let until = Instant::now() + ANSWER_WITHIN;
    loop {
        if app.store().device_of_credential(&hash).await?.is_some() {
            return Ok(ScreenPairing::Paired);
        }
        let now = clock::now();
        let known = app.store().screen_code(&hash, now).await?;
        let Some((code, expires_at)) = known.filter(|(_, end)| end.0 - now.0 > RENEW_BEFORE_MS) else {
            return show(app, network, secret).await;
        };
        if asks.shown.as_deref() != Some(code.as_str()) || Instant::now() >= until {
            return Ok(waiting(&code, secret, expires_at, now));
        }
        let paired = async {
            loop {
                match claims.recv().await {
                    Ok(claimed) if claimed != hash => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    // The house is being left.
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // The time being over is an answer too.
        let _ = timeout_at(until, paired).await;
    }
}

fn waiting(code: &Code, secret: String, expires_at: UnixMillis, now: UnixMillis) -> ScreenPairing {
    let expires_in_s = u64::try_from((expires_at.0 - now.0) / 1000).unwrap_or(0);
    ScreenPairing::Waiting { code: code.as_str().to_owned(), secret, expires_in_s }
}

/// A new code.
async fn show(app: &App, network: IpAddr, secret: String) -> Result<ScreenPairing, ApiError> {
    let now = clock::now();
    app.screen_paces()
        .codes
        .take(&key_of(network), now)
        .map_err(|retry_after_s| ApiError::TooMany { retry_after_s })?;
    let hash = SecretHash::of(&secret);
    let expires_at = UnixMillis(now.0 + CODE_LIFE_MS);
    let mut draws = 1;
    loop {
        let code = fresh::code();
        match app.store().show_screen_code(&hash, &code, (now, expires_at), MAX_WAITING).await {
            Ok(Shown::Yes) => return Ok(waiting(&code, secret, expires_at, now)),
            Ok(Shown::Paired) => return Ok(ScreenPairing::Paired),
            Ok(Shown::Full) => return Err(ApiError::limit("screens that wait")),
            Err(error) if error.is_taken() && draws < MAX_DRAWS => draws += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Pairs the screen that shows this code. Whether the caller may do that in this classroom was asked before.
pub async fn claim(
    app: &App,
    caller: &Caller,
    code: &Code,
    name: String,
    room: &ClassroomId,
    most: u64,
) -> Result<DeviceId, ApiError> {
    let who = caller.account().map(|account| account.id.clone());
    let now = clock::now();
    let count = |answer: &'static str| {
        metrics::counter!("tongtang_screen_codes_total", "answer" => answer).increment(1);
    };
    app.screen_paces()
        .try_now(&who, now)
        .map_err(|retry_after_s| ApiError::TooMany { retry_after_s })
        .inspect_err(|_| count("too many"))?;
    let device = Device { id: fresh::device_id(), name, paired_at: now };
    let claimed = app.store().claim_screen(code, &device, room, most).await?;
    if claimed == Claimed::Unknown {
        count("unknown");
        return Err(ApiError::UnknownScreenCode);
    }
    app.screen_paces().right(&who);
    match claimed {
        Claimed::Yes(secret) => {
            count("right");
            app.bus().screen_claimed(&secret);
            tracing::info!(device = %device.id, classroom = %room, "screen paired by its code");
            Ok(device.id)
        }
        Claimed::Used | Claimed::Unknown => Err(ApiError::ScreenCodeUsed),
        Claimed::NoClassroom => Err(ApiError::BadInput("classroom_id")),
        Claimed::Full => Err(ApiError::limit("screens")),
    }
}
