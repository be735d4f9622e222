//! Why a timetable is not changed, in both languages.

use super::placing::SHORTEST_MIN;
use crate::problem::Language;
use std::sync::Arc;
use tongtang_protocol::day::Day;
use tongtang_protocol::timetable::{Conflict, ConflictKind, TimetableState};

/// Conflicts that are spelled out; the answer carries the others.
const SPELLED_OUT: usize = 3;

/// Why a lesson cannot be at a place and time, whatever else is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// The day is not in the term.
    #[error("{0} is not in the term")]
    NotInTerm(Day),
    /// A holiday or a weekend.
    #[error("there are no lessons on {0}")]
    NoLessonsThatDay(Day),
    /// The school's bells have no such period.
    #[error("{school} has no period {period}")]
    NoPeriod {
        /// The school's name.
        school: String,
        /// As asked.
        period: u8,
    },
    /// This school has no period that meets the master school's.
    #[error("the bell times of {school} meet those of the master school too briefly")]
    NoOverlap {
        /// The school's name.
        school: String,
    },
    /// Each school meets the master school's, all together they do not.
    #[error("the bell times of all schools have too little in common")]
    TooShort,
    /// The room takes fewer.
    #[error("{room} teaches at most {most} classes")]
    TooMany {
        /// The room's name.
        room: String,
        /// So many.
        most: usize,
    },
    /// A class sits nowhere.
    #[error("{class} has no classroom")]
    NoRoom {
        /// The class's name.
        class: String,
    },
    /// The parents of a class have not agreed that it is seen and heard by others.
    #[error("{class} has no consent for live lessons")]
    NoConsent {
        /// The class's name.
        class: String,
    },
    /// There is no such teacher, class, room, lesson.
    #[error("{0} names nobody")]
    Unknown(&'static str),
}

/// Why a change is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be there.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// Somebody or something is taken.
    #[error("taken by another lesson")]
    Taken(Arc<[Conflict]>),
    /// The lesson has changed since it was looked at.
    #[error("changed since it was looked at")]
    Stale,
    /// It has begun, or would.
    #[error("{title} has begun or is over")]
    Past {
        /// Which lesson.
        title: String,
    },
    /// Cancelled, or not.
    #[error("{title} is {state:?}")]
    WrongState {
        /// Which lesson.
        title: String,
        /// Its state.
        state: TimetableState,
    },
    /// It is open already.
    #[error("{title} is open already")]
    Open {
        /// Which lesson.
        title: String,
    },
    /// Undoing: a lesson was changed by somebody since.
    #[error("{title} has changed since")]
    ChangedSince {
        /// Which lesson.
        title: String,
    },
    /// Undoing: it was undone.
    #[error("undone already")]
    UndoneAlready,
    /// A term is to have days off on which lessons are planned.
    #[error("{lessons} lessons are planned on days off")]
    DaysOff {
        /// How many.
        lessons: usize,
        /// On which days.
        days: Vec<Day>,
    },
    /// The same, with more than one change can call off.
    #[error("more than {most} lessons are planned on days off")]
    TooManyDaysOff {
        /// So many.
        most: u32,
    },
    /// Starting: it is another day's.
    #[error("{title} is not today's")]
    NotToday {
        /// Which lesson.
        title: String,
        /// Its day.
        day: Day,
    },
}

impl Misplaced {
    /// What is wrong and what to do, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        let [chinese, english] = match self {
            Self::NotInTerm(day) => [
                format!("{day} 不在本学期内，请选择学期内的日期。"),
                format!("{day} is not in this term; choose a day of the term."),
            ],
            Self::NoLessonsThatDay(day) => [
                format!("{day} 不上课（节假日或周末），请换一天，或在校历中把它设为调休日。"),
                format!(
                    "There are no lessons on {day} (a holiday or a weekend); choose another day, or make it a make-up day of the term."
                ),
            ],
            Self::NoPeriod { school, period } => [
                format!("{school}的作息时间里没有第 {period} 节，请换一节。"),
                format!("{school} has no period {period} in its bell times; choose another."),
            ],
            Self::NoOverlap { school } => [
                format!(
                    "{school}的作息时间与主讲学校的这一节重合不到 {SHORTEST_MIN} 分钟，请换一节，或调整作息时间。"
                ),
                format!(
                    "The bell times of {school} meet this period for less than {SHORTEST_MIN} minutes; choose another period, or change the bell times."
                ),
            ],
            Self::TooShort => [
                format!("参加的学校作息时间共同重合不到 {SHORTEST_MIN} 分钟，请换一节，或减少一个班级。"),
                format!(
                    "The bell times of all schools have less than {SHORTEST_MIN} minutes in common; choose another period, or fewer classes."
                ),
            ],
            Self::TooMany { room, most: 0 } => [
                format!("{room}只能听课，不能主讲，请换一间主讲教室。"),
                format!("{room} only receives lessons; choose a room to teach from."),
            ],
            Self::TooMany { room, most } => [
                format!("{room}最多同时带 {most} 个远端班级，请减少班级或换一间教室。"),
                format!(
                    "{room} teaches {most} classes at a distance at most; take fewer classes or another room."
                ),
            ],
            Self::NoRoom { class } => [
                format!("{class}还没有固定教室，请先在班级资料中填写。"),
                format!("{class} has no classroom yet; give it one first."),
            ],
            Self::NoConsent { class } => [
                format!("{class}还没有“互动上课”的家长同意，不能排课。取得同意后，请在班级资料中勾选。"),
                format!(
                    "{class} has no consent for live lessons; once the parents have agreed, tick it in the class's details."
                ),
            ],
            Self::Unknown(field) => [
                format!("所选的内容已不存在（{field}），请刷新页面后重新选择。"),
                format!("What was chosen is not there any more ({field}); reload the page and choose again."),
            ],
        };
        match language {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }
}

/// Status, stable word, title and detail of a refusal.
pub type Spoken = (u16, &'static str, &'static str, String);

impl Refusal {
    /// What happened, what it means, what to do.
    pub fn spoken(&self, language: Language) -> Spoken {
        let say = |status, kind, title: [&'static str; 2], detail: [String; 2]| {
            let [chinese, english] = detail;
            match language {
                Language::Chinese => (status, kind, title[0], chinese),
                Language::English => (status, kind, title[1], english),
            }
        };
        match self {
            Self::Misplaced(why) => {
                let title = ["这节课不能排在这里", "The lesson cannot be there"];
                let detail = [why.sentence(Language::Chinese), why.sentence(Language::English)];
                say(422, "misplaced", title, detail)
            }
            Self::Taken(conflicts) => say(
                409,
                "taken",
                ["这个时间已被占用", "This time is taken"],
                [taken(conflicts, Language::Chinese), taken(conflicts, Language::English)],
            ),
            Self::Stale => say(
                409,
                "stale",
                ["课表刚刚被别人改过", "The timetable has just been changed by somebody else"],
                [
                    "您看到的已不是最新的。页面会更新，请看过之后再操作。".to_owned(),
                    "What you saw is not the newest. Look at the lesson as it is now, then try again."
                        .to_owned(),
                ],
            ),
            Self::Past { title } => say(
                409,
                "past",
                ["时间已过", "Its time has come"],
                [
                    format!("“{title}”已经开始或结束，不能再调整。请选择还没开始的课和以后的时间。"),
                    format!(
                        "“{title}” has begun or is over and cannot be changed. Choose a lesson and a time to come."
                    ),
                ],
            ),
            Self::WrongState { title, state } => say(
                409,
                "wrong_state",
                ["现在不能这样操作", "Not possible now"],
                [
                    format!("“{title}”{}。请刷新课表后再试。", state_word(*state, Language::Chinese)),
                    format!(
                        "“{title}” {}. Look at the timetable as it is now.",
                        state_word(*state, Language::English)
                    ),
                ],
            ),
            Self::Open { title } => say(
                409,
                "open_already",
                ["课堂已经开放", "The lesson is open already"],
                [
                    format!("“{title}”的教室屏幕已在等候上课，只能取消或换老师。"),
                    format!(
                        "Screens already wait in “{title}”; it can only be cancelled or given to another teacher."
                    ),
                ],
            ),
            Self::ChangedSince { title } => say(
                409,
                "changed_since",
                ["不能撤销", "It cannot be undone"],
                [
                    format!("“{title}”后来又被改过。请先撤销那次改动，或直接调整这节课。"),
                    format!(
                        "“{title}” was changed again since. Undo that change first, or change the lesson itself."
                    ),
                ],
            ),
            Self::UndoneAlready => say(
                409,
                "undone_already",
                ["已经撤销过了", "It was undone already"],
                [
                    "这次改动已被撤销，课表就是现在显示的样子。".to_owned(),
                    "Somebody undid it; the timetable is as it is shown now.".to_owned(),
                ],
            ),
            Self::DaysOff { lessons, days } => {
                let named = days.iter().take(SPELLED_OUT).map(Day::to_string).collect::<Vec<_>>();
                let (chinese, english) = (named.join("、"), named.join(", "));
                let (etc, and_more) = if days.len() > SPELLED_OUT { (" 等", " and more") } else { ("", "") };
                say(
                    409,
                    "lessons_on_days_off",
                    ["这些天已经排了课", "Lessons are planned on these days"],
                    [
                        format!(
                            "{chinese}{etc}将不上课，已排的 {lessons} 节课会被取消（可在课表记录中撤销）。请确认。"
                        ),
                        format!(
                            "{english}{and_more} will be days off; {lessons} lessons planned there are to be cancelled (the history can undo it). Please confirm."
                        ),
                    ],
                )
            }
            Self::TooManyDaysOff { most } => say(
                409,
                "too_many_on_days_off",
                ["这些天排的课太多", "Too many lessons are planned on these days"],
                [
                    format!("一次最多取消 {most} 节课。请分几次设置放假的日子。"),
                    format!("At most {most} lessons are cancelled at once. Make fewer days off at a time."),
                ],
            ),
            Self::NotToday { title, day } => say(
                409,
                "not_today",
                ["还不到上课的日子", "Not on this day"],
                [
                    format!("“{title}”是 {day} 的课，当天才能开始。"),
                    format!("“{title}” is on {day}; it can be started on that day."),
                ],
            ),
        }
    }
}

fn state_word(state: TimetableState, language: Language) -> &'static str {
    let [chinese, english] = match state {
        TimetableState::Planned => ["并没有取消", "is not cancelled"],
        TimetableState::Cancelled => ["已取消", "is cancelled"],
        TimetableState::Held => ["已经上完", "has been held"],
        TimetableState::Missed => ["没有上成", "was missed"],
    };
    match language {
        Language::Chinese => chinese,
        Language::English => english,
    }
}

/// `2026-03-02 08:05–08:40`
pub fn time_of(conflict: &Conflict) -> String {
    let clock = |at| {
        let minute = Day::minute_of(at);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    };
    let day = Day::of(conflict.starts_at);
    format!("{day} {}–{}", clock(conflict.starts_at), clock(conflict.ends_at))
}

/// Who is taken by what, where and when.
pub fn conflict_sentence(conflict: &Conflict, language: Language) -> String {
    let Conflict { name, title, place, .. } = conflict;
    let time = time_of(conflict);
    match (conflict.kind, language) {
        (ConflictKind::Link, Language::Chinese) => {
            format!("{name}的网络不能同时再多带一节课：{time} 已有“{title}”（{place}）。")
        }
        (ConflictKind::Link, Language::English) => {
            format!("The link of {name} carries no more lessons at once: {time} “{title}” ({place}).")
        }
        (_, Language::Chinese) => format!("{name} {time} 已有“{title}”（{place}）。"),
        (_, Language::English) => format!("{name} has “{title}” {time} ({place})."),
    }
}

fn taken(conflicts: &[Conflict], language: Language) -> String {
    let mut sentences: Vec<String> =
        conflicts.iter().take(SPELLED_OUT).map(|conflict| conflict_sentence(conflict, language)).collect();
    let more = conflicts.len().saturating_sub(SPELLED_OUT);
    let (join, rest, advice) = match language {
        Language::Chinese => ("", format!("另有 {more} 处冲突。"), "请换一个时间、教师或教室。"),
        Language::English => (" ", format!("And {more} more."), "Choose another time, teacher or room."),
    };
    if more > 0 {
        sentences.push(rest);
    }
    sentences.push(advice.to_owned());
    sentences.join(join)
}
