//! Every refusal a person may read, with its words in Chinese and English.
//!
//! Enters: an [`ApiError`] from a handler. Leaves: problem+json in the language the browser asked
//! for ([`speak`] is the middleware that knows it). Causes inside the house are logged, not told.

use crate::answer;
use crate::auth::refused::Refused;
use crate::lesson::Refusal;
use crate::places::{Bad, PlaceRefusal};
use crate::planning::instance::Missing;
use crate::store::StoreError;
use crate::timetable::Refusal as TimetableRefusal;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use tongtang_protocol::lesson::LessonState;
use tongtang_protocol::problem::Problem;

/// The languages we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// 简体中文
    #[default]
    Chinese,
    /// English
    English,
}

impl Language {
    /// What the browser prefers; Chinese if it does not say (RFC 9110 §12.5.4, by order alone).
    pub fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let known = wanted.split(',').map(str::trim).find_map(|tag| {
            let tag = tag.to_ascii_lowercase();
            match tag.get(..2) {
                Some("zh") => Some(Self::Chinese),
                Some("en") => Some(Self::English),
                _ => None,
            }
        });
        known.unwrap_or_default()
    }
}

/// Why a request is not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApiError {
    /// No session, no token.
    #[error("not signed in")]
    NotSignedIn,
    /// Signed in, but this is not theirs.
    #[error("forbidden")]
    Forbidden,
    /// A token, link or screen that is not (or no longer) known.
    #[error("bad credential")]
    BadCredential,
    /// Another site's page asked.
    #[error("the request came from another site's page")]
    ForeignPage,
    /// A body that is not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// A field is missing, too long or not what it should be.
    #[error("bad input: {0}")]
    BadInput(&'static str),
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// The set-up link was used.
    #[error("the set-up link was used before")]
    SetupUsed,
    /// No open lesson has this code.
    #[error("no open lesson has this code")]
    UnknownCode,
    /// No screen shows this code.
    #[error("no screen shows this code")]
    UnknownScreenCode,
    /// The screen was paired by it before.
    #[error("the screen's code was used")]
    ScreenCodeUsed,
    /// Guessing, or too fast.
    #[error("too many tries, again in {retry_after_s} s")]
    TooMany {
        /// Seconds.
        retry_after_s: u64,
    },
    /// The lesson said no.
    #[error("{0}")]
    Lesson(#[from] Refusal),
    /// Places, people and times said no.
    #[error("{0}")]
    Place(#[from] PlaceRefusal),
    /// Signing in, or changing an account.
    #[error("{0}")]
    Account(#[from] Refused),
    /// The timetable is not changed.
    #[error("timetable: {0}")]
    Timetable(#[from] TimetableRefusal),
    /// The job is not in a state for this.
    #[error("the job cannot do that now")]
    JobNotNow,
    /// No media server is up.
    #[error("no sfu is up")]
    NoMedia,
    /// The signed address is out of date or forged.
    #[error("the media address is not valid (any more)")]
    BadMediaAddress,
    /// A limit of this server; made and counted by [`ApiError::limit`].
    #[error("limit reached: {0}")]
    Limit(&'static str),
    /// As many lessons are open as the media servers have room for.
    #[error("too many lessons are open")]
    TooManyLessons,
    /// The term has no week left that has not begun.
    #[error("the term is over")]
    TermOver,
    /// The county lacks what a plan is made of.
    #[error("nothing can be planned: {}", .0.0[1])]
    CannotPlan(Missing),
    /// A plan of the term is being made.
    #[error("a plan of this term is being made")]
    PlanRunning,
    /// The plan is not in a state for this.
    #[error("the plan cannot do that now")]
    PlanNotNow,
    /// Ours.
    #[error("internal: {0}")]
    Internal(Arc<str>),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Place(refusal) => Self::Place(refusal),
            error => Self::Internal(error.to_string().into()),
        }
    }
}

impl From<Bad> for ApiError {
    fn from(bad: Bad) -> Self {
        Self::Place(bad.into())
    }
}

/// Status, stable word, and title and detail in Chinese, then in English.
pub(crate) type Words = (u16, &'static str, [&'static str; 2], [&'static str; 2]);

impl ApiError {
    /// This limit of the server is reached.
    pub fn limit(what: &'static str) -> Self {
        metrics::counter!("tongtang_limits_total", "limit" => what).increment(1);
        Self::Limit(what)
    }

    /// The problem in words.
    pub fn problem(&self, language: Language) -> Problem {
        if let Self::Place(refusal) = self {
            return refusal.problem(language);
        }
        if let Self::Timetable(refusal) = self {
            let (status, kind, title, detail) = refusal.spoken(language);
            let mut problem = Problem::new(status, kind, title).with_detail(detail);
            if let TimetableRefusal::Taken(conflicts) = refusal {
                problem.conflicts = conflicts.iter().cloned().collect();
            }
            return problem;
        }
        let (status, kind, chinese, english) = self.words();
        let [title, detail] = match language {
            Language::Chinese => chinese,
            Language::English => english,
        };
        let mut detail = detail.to_owned();
        match self {
            Self::BadInput(field) | Self::Limit(field) => detail = format!("{detail} ({field})"),
            Self::CannotPlan(Missing([chinese, english])) => {
                detail = match language {
                    Language::Chinese => format!("{chinese}。"),
                    Language::English => format!("{english}."),
                };
            }
            Self::TooMany { retry_after_s } => detail = detail.replace("{}", &retry_after_s.to_string()),
            _ => {}
        }
        Problem::new(status, kind, title).with_detail(detail)
    }

    fn words(&self) -> Words {
        match self {
            Self::NotSignedIn => (
                401,
                "not_signed_in",
                [
                    "请先登录",
                    "请用账号登录，或打开管理员给您的链接；管理员可用 tongtang setup-link 再次显示链接。",
                ],
                [
                    "Please sign in",
                    "Sign in with your account, or open the link you were given. The administrator gets one with: tongtang setup-link",
                ],
            ),
            Self::Forbidden => (
                403,
                "forbidden",
                [
                    "没有权限",
                    "您的角色不包括这项操作，或这不属于您的课。请用这节课自己的教师链接，或请管理员操作。",
                ],
                [
                    "Not allowed",
                    "Your roles do not include this, or it is not your lesson. Use that lesson's own teacher link, or ask the administrator.",
                ],
            ),
            Self::BadCredential => (
                401,
                "bad_credential",
                ["链接或凭证无效", "可能已被撤销。教师请索取新链接；教室屏幕请重新输入六位课堂码。"],
                [
                    "The link or credential is not valid",
                    "It may have been revoked. Teachers ask for a new link; a classroom screen types the six-digit code again.",
                ],
            ),
            Self::ForeignPage => (
                403,
                "foreign_page",
                ["请求来自其他网站", "为了安全已拒绝。请在本系统的页面上操作。"],
                [
                    "The request came from another site",
                    "It was refused for safety. Use this server's own pages.",
                ],
            ),
            Self::NotJson => (
                415,
                "not_json",
                ["请求格式不对", "请求体应为 application/json。"],
                ["Wrong format", "The body has to be application/json."],
            ),
            // Of places, people and times more is said: see `problem`.
            Self::BadInput(_) | Self::Place(_) => (
                422,
                "bad_input",
                ["填写的内容有误", "请检查后重试。"],
                ["Something is not filled in right", "Please check it and try again."],
            ),
            Self::NotFound => (
                404,
                "not_found",
                ["没有找到", "可能已被删除，或地址有误。请返回列表重新选择。"],
                ["Not found", "It may have been deleted, or the address is wrong. Go back to the list."],
            ),
            Self::SetupUsed => (
                403,
                "setup_used",
                ["设置链接已用过", "每个链接只能用一次。请在服务器上运行 tongtang setup-link 取得新链接。"],
                [
                    "The set-up link was used before",
                    "A link works once. Run this on the server for a new one: tongtang setup-link",
                ],
            ),
            Self::UnknownCode => (
                404,
                "unknown_code",
                ["没有这个课堂码", "请核对老师屏幕上的六位数字。下课后课堂码即失效。"],
                [
                    "No lesson has this code",
                    "Compare it with the six digits on the teacher's screen. Codes end with their lesson.",
                ],
            ),
            Self::UnknownScreenCode => (
                404,
                "unknown_screen_code",
                ["没有屏幕显示这个配对码", "配对码每十分钟更换。请核对教室屏幕上现在的六位数字，再输一次。"],
                [
                    "No screen shows this code",
                    "Codes change every ten minutes. Type the six digits that the classroom screen shows now.",
                ],
            ),
            Self::ScreenCodeUsed => (
                409,
                "screen_code_used",
                ["这块屏幕已经配对", "这个配对码已用过。请在列表中查看这块屏幕；要换教室，请改它的教室。"],
                [
                    "This screen is paired already",
                    "The code was used. Look for the screen in the list; change its classroom there if it stands elsewhere.",
                ],
            ),
            Self::TooMany { .. } => (
                429,
                "too_many",
                ["尝试太频繁", "请等待 {} 秒后再试。"],
                ["Too many tries", "Please wait {} seconds and try again."],
            ),
            Self::Lesson(refusal) => refusal_words(*refusal),
            Self::Account(refused) => refused.words(),
            Self::Timetable(refusal) => {
                // Its sentences name who, where and when: `problem` says them.
                let (status, kind, ..) = refusal.spoken(Language::default());
                (status, kind, [""; 2], [""; 2])
            }
            Self::JobNotNow => (
                409,
                "job_not_now",
                [
                    "现在不能这样操作",
                    "只有失败或已取消的任务可以重试，进行中的任务可以取消。请刷新页面查看最新状态。",
                ],
                [
                    "Not possible now",
                    "Failed or cancelled jobs can be retried, running ones cancelled. Reload to see how it stands.",
                ],
            ),
            Self::NoMedia => (
                503,
                "no_media",
                [
                    "音视频服务正在恢复",
                    "通常几秒钟就好，页面会自动重试。若一直如此，请联系技术人员查看 tongtang-sfu。",
                ],
                [
                    "The media service is coming back",
                    "This takes seconds and the page retries by itself. If it stays, have someone look at tongtang-sfu.",
                ],
            ),
            Self::BadMediaAddress => (
                403,
                "bad_media_address",
                ["播放地址已失效", "请刷新资源页面，取得新的播放地址。"],
                ["The media address is out of date", "Reload the library page for a new one."],
            ),
            Self::Limit(_) => (
                503,
                "limit",
                ["已达到上限", "请稍后再试，或请技术人员查看服务器的限制。"],
                ["A limit is reached", "Try again later, or ask IT about this server's limits."],
            ),
            Self::TooManyLessons => (
                409,
                "too_many_lessons",
                [
                    "同时开放的课太多了",
                    "媒体服务器已没有空位（每台 256 节课）。请先结束不再使用的课，或增加一台媒体服务器。",
                ],
                [
                    "Too many lessons are open",
                    "The media servers are full (256 lessons each). End lessons that are not used any more, or add a media server.",
                ],
            ),
            Self::TermOver => (
                409,
                "term_over",
                ["学期已没有可排的周", "排课从还没开始的下一周起。请新建下一个学期，或延长本学期。"],
                [
                    "The term has no week left to plan",
                    "Plans begin with the next week that has not begun. Make the next term, or lengthen this one.",
                ],
            ),
            Self::CannotPlan(_) => {
                (422, "cannot_plan", ["还不能排课", ""], ["Nothing can be planned yet", ""])
            }
            Self::PlanRunning => (
                409,
                "plan_running",
                ["正在排课", "这个学期已有一次排课在进行。请等它完成，或先取消它。"],
                [
                    "A plan is being made",
                    "One plan of a term is made at a time. Wait for it, or cancel it first.",
                ],
            ),
            Self::PlanNotNow => (
                409,
                "plan_not_now",
                ["现在不能这样操作", "这个排课方案的状态已改变。请刷新页面查看。"],
                ["Not possible now", "This plan is in another state by now. Reload to see how it stands."],
            ),
            Self::Internal(_) => (
                500,
                "internal",
                ["服务器出错了", "已记录。请重试；若仍失败，请联系技术人员查看日志。"],
                [
                    "The server failed",
                    "It was logged. Try again; if it keeps failing, have IT look at the log.",
                ],
            ),
        }
    }
}

fn refusal_words(refusal: Refusal) -> Words {
    match refusal {
        Refusal::NotAllowed => (
            403,
            "not_allowed",
            ["您不能这样操作", "只有主讲教师可以，教室只能管理自己。"],
            ["You cannot do this", "Only the teacher can; a classroom manages itself only."],
        ),
        Refusal::NotNow(LessonState::Scheduled) => (
            409,
            "not_open_yet",
            ["还没开放", "这节课还没有开放，请等到上课时间。"],
            ["Not open yet", "This lesson is not open yet. Wait until it begins."],
        ),
        Refusal::NotNow(LessonState::Open) => (
            409,
            "not_started",
            ["还没开始上课", "请先按“开始上课”。"],
            ["Not started yet", "Press “start” first."],
        ),
        Refusal::NotNow(LessonState::Live | LessonState::Paused) => (
            409,
            "in_lesson",
            ["正在上课", "请先结束这节课。"],
            ["The lesson is running", "End the lesson first."],
        ),
        Refusal::NotNow(_) => (
            409,
            "lesson_over",
            ["已经下课", "这节课已结束。需要的话请新建一节课。"],
            ["The lesson is over", "It has ended. Make a new lesson if you need one."],
        ),
        Refusal::NoSuchParticipant => (
            404,
            "no_such_participant",
            ["教室不在课中", "它可能刚刚离开或被移出，请看最新的名单。"],
            ["Not in the lesson", "It may just have left or been removed. Look at the list as it is now."],
        ),
        Refusal::NotAClassroom => (
            409,
            "not_a_classroom",
            ["只能请教室上台", "请在右侧选择一个教室。"],
            ["Only a classroom comes on stage", "Choose a classroom from the wall."],
        ),
        Refusal::Full => (
            409,
            "lesson_full",
            ["座位已满", "一节课最多 16 个教室。请先移出一个不再使用的教室。"],
            [
                "The lesson is full",
                "A lesson takes 16 classrooms. Remove one that is not used any more first.",
            ],
        ),
        Refusal::TeacherStays => (
            409,
            "teacher_stays",
            ["不能移出主讲教师", "要下课请按“结束”。"],
            ["The teacher cannot be removed", "Press “end” to end the lesson."],
        ),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(cause) = &self {
            tracing::error!(%cause, "a request failed");
        }
        let mut response = answer::problem(&self.problem(Language::default()));
        if let Self::TooMany { retry_after_s } = &self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
        }
        if let Self::NoMedia | Self::Limit(_) = &self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(2));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: puts problems into the caller's language, and turns the framework's bare refusals
/// (unknown path, wrong method, unreadable body) into problems.
pub async fn speak(request: Request, next: Next) -> Response {
    let language = Language::of(request.headers());
    let response = next.run(request).await;
    let status = response.status();
    if let Some(error) = response.extensions().get::<ApiError>() {
        let mut spoken = answer::problem(&error.problem(language));
        if let Some(after) = response.headers().get(header::RETRY_AFTER) {
            spoken.headers_mut().insert(header::RETRY_AFTER, after.clone());
        }
        return spoken;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let bare = kind.is_empty() || kind.starts_with("text/plain");
    if !(bare && (status.is_client_error() || status.is_server_error())) {
        return response;
    }
    let mut problem = bare_error(status).problem(language);
    problem.status = status.as_u16();
    let mut spoken = answer::problem(&problem);
    for name in [header::ALLOW, header::CONTENT_RANGE] {
        if let Some(value) = response.headers().get(&name) {
            spoken.headers_mut().insert(name, value.clone());
        }
    }
    spoken
}

fn bare_error(status: StatusCode) -> ApiError {
    match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::NotJson,
        StatusCode::NOT_FOUND => ApiError::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::BadInput("too large"),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::BadInput("method"),
        StatusCode::RANGE_NOT_SATISFIABLE => ApiError::BadInput("range"),
        status if status.is_server_error() => ApiError::Internal("a bare server error".into()),
        _ => ApiError::BadInput("request"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(language: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(language));
        Language::of(&headers)
    }

    #[test]
    fn chinese_unless_english_is_asked_for_first() {
        assert_eq!(Language::of(&HeaderMap::new()), Language::Chinese);
        assert_eq!(asked("en-GB,en;q=0.9,zh;q=0.1"), Language::English);
        assert_eq!(asked("fr, zh-CN;q=0.8, en"), Language::Chinese);
        assert_eq!(asked("fr"), Language::Chinese);
    }

    #[test]
    fn every_problem_says_what_to_do_in_both_languages() {
        let all = [
            ApiError::NotSignedIn,
            ApiError::Forbidden,
            ApiError::BadCredential,
            ApiError::ForeignPage,
            ApiError::NotJson,
            ApiError::BadInput("title"),
            ApiError::NotFound,
            ApiError::SetupUsed,
            ApiError::UnknownCode,
            ApiError::UnknownScreenCode,
            ApiError::ScreenCodeUsed,
            ApiError::TooMany { retry_after_s: 7 },
            ApiError::Lesson(Refusal::Full),
            ApiError::Account(Refused::WrongPassword),
            ApiError::JobNotNow,
            ApiError::NoMedia,
            ApiError::BadMediaAddress,
            ApiError::Limit("sockets"),
            ApiError::TooManyLessons,
            ApiError::Internal("cause".into()),
        ];
        for error in all {
            for language in [Language::Chinese, Language::English] {
                let problem = error.problem(language);
                assert!(!problem.title.is_empty() && problem.detail.is_some_and(|text| text.len() > 10));
            }
        }
        let words = ApiError::TooMany { retry_after_s: 7 }.problem(Language::English).detail.unwrap();
        assert!(words.contains("wait 7 seconds"), "{words}");
        assert!(
            !ApiError::Internal("cause".into()).problem(Language::English).detail.unwrap().contains("cause")
        );
    }
}
