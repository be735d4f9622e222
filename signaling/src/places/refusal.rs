//! Why a place, a person or a time is not taken, in words that say what to do.

use crate::problem::Language;
use std::fmt;
use tongtang_protocol::problem::Problem;

/// What somebody fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The state's code.
    Code,
    /// Name.
    Name,
    /// Kind of place.
    Kind,
    /// The place it belongs to.
    Parent,
    /// kbit/s towards the school.
    LinkDown,
    /// kbit/s from the school.
    LinkUp,
    /// Lessons the link carries at once.
    LessonsAtOnce,
    /// Bell times.
    Bells,
    /// Classes a room teaches at most.
    MaxReceivers,
    /// Grade.
    Grade,
    /// Grades somebody teaches.
    Grades,
    /// Pupils.
    Size,
    /// The room a class sits in.
    Classroom,
    /// Subject.
    Subject,
    /// Textbook edition.
    Edition,
    /// Subjects of a class or teacher.
    Subjects,
    /// Periods a week on site.
    OnSite,
    /// Periods a week prescribed.
    Weekly,
    /// Periods a week at most.
    MaxWeekly,
    /// Of those delivered.
    MaxDelivered,
    /// Taken periods.
    Busy,
    /// By what a period is taken.
    What,
    /// 1 to 7.
    Weekday,
    /// A period of the day.
    Period,
    /// Periods of a day.
    Periods,
    /// Beginning of a period.
    Starts,
    /// End of a period.
    Ends,
    /// A term's first day.
    FirstDay,
    /// A term's weeks.
    Weeks,
    /// Holidays and make-up days.
    Days,
    /// Whose lessons a make-up day has.
    Follows,
    /// What is prescribed.
    Curriculum,
}

impl Field {
    /// As it stands in the API.
    pub fn name(self) -> &'static str {
        self.words().0
    }

    /// As a person reads it.
    pub fn label(self, language: Language) -> &'static str {
        let (_, chinese, english) = self.words();
        match language {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Code => ("code", "编码", "code"),
            Self::Name => ("name", "名称", "name"),
            Self::Kind => ("kind", "类型", "kind"),
            Self::Parent => ("parent_id", "上级单位", "parent"),
            Self::LinkDown => ("link_down_kbps", "下行带宽", "download rate"),
            Self::LinkUp => ("link_up_kbps", "上行带宽", "upload rate"),
            Self::LessonsAtOnce => ("lessons_at_once", "同时上课数", "lessons at once"),
            Self::Bells => ("bell_schedule_id", "作息时间", "bell times"),
            Self::MaxReceivers => ("max_receivers", "最多接收班级", "most receiving classes"),
            Self::Grade => ("grade", "年级", "grade"),
            Self::Grades => ("grade_to", "任教年级", "grades taught"),
            Self::Size => ("size", "人数", "pupils"),
            Self::Classroom => ("classroom_id", "教室", "classroom"),
            Self::Subject => ("subject", "学科", "subject"),
            Self::Edition => ("edition", "教材版本", "textbook edition"),
            Self::Subjects => ("subjects", "学科", "subjects"),
            Self::OnSite => ("on_site_periods", "本校周课时", "periods on site"),
            Self::Weekly => ("weekly_periods", "周课时", "periods a week"),
            Self::MaxWeekly => ("max_weekly", "每周最多课时", "most periods a week"),
            Self::MaxDelivered => ("max_delivered", "每周最多专递课时", "most delivered periods a week"),
            Self::Busy => ("busy", "已占用的节次", "taken periods"),
            Self::What => ("what", "占用事由", "what takes the period"),
            Self::Weekday => ("weekday", "星期", "weekday"),
            Self::Period => ("period", "节次", "period"),
            Self::Periods => ("periods", "节次", "periods"),
            Self::Starts => ("starts_min", "开始时间", "start"),
            Self::Ends => ("ends_min", "结束时间", "end"),
            Self::FirstDay => ("first_day", "开学日期", "first day"),
            Self::Weeks => ("weeks", "周数", "weeks"),
            Self::Days => ("days", "节假日与调休", "holidays and make-up days"),
            Self::Follows => ("follows_weekday", "补星期几的课", "weekday made up"),
            Self::Curriculum => ("curriculum", "课程计划", "curriculum"),
        }
    }
}

/// What a field has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// 1 to 32 letters, digits and hyphens.
    Code,
    /// Something, one line, at most so many characters.
    Line(usize),
    /// Nothing, or one line of at most so many characters.
    Short(usize),
    /// A number between two.
    Between(i64, i64),
    /// Not more than another field.
    NotMoreThan(Field),
    /// At most so many entries.
    AtMost(usize),
    /// This stands there twice.
    Twice(String),
    /// A Monday.
    Monday,
    /// By their numbers, each after the one before.
    InOrder,
    /// From the first grade to the last.
    FromTo,
    /// A day within the term's weeks.
    InTerm(String),
    /// On a make-up day, and only there.
    OnMakeUpOnly(String),
    /// The parent is of a kind before the place's own.
    ParentBefore,
    /// Its parts are of kinds after its own.
    ChildrenAfter,
    /// A place cannot lie within itself.
    NotBelowItself,
    /// There is no such thing, or not where it has to be.
    NotThere,
}

impl Rule {
    /// In words, without the field's name.
    pub fn words(&self, language: Language) -> String {
        let [chinese, english] = match self {
            Self::Code => {
                ["请填写 1–32 位字母、数字或连字符".into(), "write 1 to 32 letters, digits or hyphens".into()]
            }
            Self::Line(max) => {
                [format!("请填写，一行，最多 {max} 个字"), format!("write one line of 1 to {max} characters")]
            }
            Self::Short(max) => {
                [format!("最多 {max} 个字，不能换行"), format!("write one line of at most {max} characters")]
            }
            Self::Between(least, most) => [
                format!("请填写 {least} 到 {most} 之间的整数"),
                format!("write a whole number from {least} to {most}"),
            ],
            Self::NotMoreThan(field) => [
                format!("不能大于“{}”", field.label(Language::Chinese)),
                format!("write no more than “{}”", field.label(Language::English)),
            ],
            Self::AtMost(max) => {
                [format!("最多 {max} 项，请删减"), format!("keep to {max} entries; remove some")]
            }
            Self::Twice(what) => {
                [format!("“{what}”重复，请只保留一项"), format!("“{what}” stands there twice; keep one")]
            }
            Self::Monday => ["请选择星期一".into(), "choose a Monday".into()],
            Self::InOrder => [
                "请按时间先后排列，每节在上一节之后开始，并晚于开始时间结束".into(),
                "put the periods in order: each begins after the one before, and ends after it begins".into(),
            ],
            Self::FromTo => {
                ["起始年级不能晚于结束年级".into(), "the first grade cannot be after the last".into()]
            }
            Self::InTerm(day) => [
                format!("{day} 不在本学期内，请更正日期或学期周数"),
                format!("{day} is not in the term; correct the day or the weeks"),
            ],
            Self::OnMakeUpOnly(day) => [
                format!("{day}：调休日必须写明补星期几的课（1–7），放假日不写"),
                format!("{day}: a make-up day says whose lessons it has (1 to 7), a holiday does not"),
            ],
            Self::ParentBefore => [
                "上级单位的级别必须更高（省、市、县、学校），最高一级没有上级".into(),
                "choose a parent of a level above (province, city, county, school)".into(),
            ],
            Self::ChildrenAfter => [
                "它的下级单位级别必须更低，请先调整下级单位".into(),
                "places below it must be of lower levels; change those first".into(),
            ],
            Self::NotBelowItself => [
                "不能移到自己的下级单位之下，请另选上级".into(),
                "a place cannot be moved below itself; choose another parent".into(),
            ],
            Self::NotThere => [
                "没有找到，或不属于这个单位，请重新选择".into(),
                "it is not there, or belongs elsewhere; choose another".into(),
            ],
        };
        match language {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }
}

/// A field that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {rule:?}", field.name())]
pub struct Bad {
    /// Which.
    pub field: Field,
    /// What it has to be.
    pub rule: Rule,
}

/// By what something is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    /// Places below.
    Orgs,
    /// Classrooms.
    Classrooms,
    /// Classes.
    Classes,
    /// Teachers.
    Teachers,
    /// Terms.
    Terms,
    /// Bell schedules.
    Bells,
    /// Accounts.
    Accounts,
    /// Screens.
    Devices,
    /// Pairings.
    Pairings,
    /// Lessons.
    Lessons,
    /// Plans.
    Plans,
    /// Changes of the timetable.
    Changes,
}

impl Use {
    pub(crate) const ALL: [Self; 12] = [
        Self::Orgs,
        Self::Classrooms,
        Self::Classes,
        Self::Teachers,
        Self::Terms,
        Self::Bells,
        Self::Accounts,
        Self::Devices,
        Self::Pairings,
        Self::Lessons,
        Self::Plans,
        Self::Changes,
    ];

    /// The word that statements count it by.
    pub(crate) fn name(self) -> &'static str {
        self.words().0
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Orgs => ("orgs", "个下级单位", "places"),
            Self::Classrooms => ("classrooms", "间教室", "classrooms"),
            Self::Classes => ("classes", "个班级", "classes"),
            Self::Teachers => ("teachers", "位教师", "teachers"),
            Self::Terms => ("terms", "个学期", "terms"),
            Self::Bells => ("bells", "份作息时间", "bell schedules"),
            Self::Accounts => ("accounts", "个账号", "accounts"),
            Self::Devices => ("devices", "个教室屏幕", "screens"),
            Self::Pairings => ("pairings", "个结对", "pairings"),
            Self::Lessons => ("lessons", "节课", "lessons"),
            Self::Plans => ("plans", "个排课方案", "plans"),
            Self::Changes => ("changes", "次调课记录", "timetable changes"),
        }
    }
}

/// Why a change of places, people or time is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceRefusal {
    /// A field.
    Bad(Bad),
    /// Somebody has this code or name already.
    Taken {
        /// Which field.
        field: Field,
        /// What it says.
        text: String,
        /// Whose it is; None: theirs whom the caller may not see.
        holder: Option<String>,
    },
    /// It is in use, so it cannot be deleted or put elsewhere.
    Used(Vec<(Use, u64)>),
    /// A place has no room for one more.
    Full {
        /// Of what.
        what: Use,
        /// So many it takes.
        max: i64,
    },
    /// A list is longer than is answered.
    TooLong {
        /// So many rows are answered at most.
        max: i64,
    },
}

impl std::error::Error for PlaceRefusal {}

impl fmt::Display for PlaceRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = self.problem(Language::English);
        write!(f, "{}: {}", problem.title, problem.detail.unwrap_or_default())
    }
}

impl From<Bad> for PlaceRefusal {
    fn from(bad: Bad) -> Self {
        Self::Bad(bad)
    }
}

impl PlaceRefusal {
    /// The problem in words.
    pub fn problem(&self, language: Language) -> Problem {
        let say = |chinese: String, english: String| match language {
            Language::Chinese => chinese,
            Language::English => english,
        };
        let (status, kind, title, detail) = match self {
            Self::Bad(Bad { field, rule }) => {
                let (label, words) = (field.label(language), rule.words(language));
                let title = say(format!("{label}填写有误"), format!("The {label} is not right"));
                let name = field.name();
                (
                    422,
                    "bad_input",
                    title,
                    say(format!("{label}：{words}。({name})"), format!("{label}: {words}. ({name})")),
                )
            }
            Self::Taken { field, text, holder } => {
                let label = field.label(language);
                let detail = match holder {
                    Some(holder) => say(
                        format!("{label}“{text}”属于“{holder}”。请核对后另填一个。"),
                        format!("The {label} “{text}” is that of “{holder}”. Check it and write another."),
                    ),
                    None => say(
                        format!(
                            "{label}“{text}”已被您管理范围之外的单位使用。请核对；若确认无误，请联系上级管理员。"
                        ),
                        format!(
                            "The {label} “{text}” is used outside the places you manage. Check it; if it is right, ask the administrator above you."
                        ),
                    ),
                };
                (409, "taken", say(format!("{label}已被使用"), format!("This {label} is taken")), detail)
            }
            Self::Used(by) => {
                let list = |comma: &str| {
                    let said = by.iter().map(|(what, number)| {
                        let (_, chinese, english) = what.words();
                        say(format!("{number} {chinese}"), format!("{number} {english}"))
                    });
                    said.collect::<Vec<_>>().join(comma)
                };
                let detail = say(
                    format!("仍有 {} 用到它。请先删除或改到别处，再试一次。", list("、")),
                    format!(
                        "It is used by {}. Remove them or put them elsewhere first, then try again.",
                        list(", ")
                    ),
                );
                (409, "used", say("正在使用，不能这样更改".into(), "It is in use".into()), detail)
            }
            Self::Full { what, max } => {
                let (_, chinese, english) = what.words();
                let detail = say(
                    format!("这里最多 {max} {chinese}。请先删除不再使用的。"),
                    format!(
                        "There is room for {max} {english} here. Remove some that are not used any more."
                    ),
                );
                (409, "place_full", say("已达到上限".into(), "It is full".into()), detail)
            }
            Self::TooLong { max } => {
                let detail = say(
                    format!("结果超过 {max} 条，为避免显示不全，没有列出。请选择一个下级单位。"),
                    format!("There are more than {max}, and a part would mislead. Choose a place below."),
                );
                (422, "list_too_long", say("范围太大".into(), "The list is too long".into()), detail)
            }
        };
        Problem::new(status, kind, title).with_detail(detail)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_and_what_to_do_in_both_languages() {
        let bad = PlaceRefusal::from(Bad { field: Field::Grade, rule: Rule::Between(1, 9) });
        let chinese = bad.problem(Language::Chinese);
        assert_eq!(chinese.detail.unwrap(), "年级：请填写 1 到 9 之间的整数。(grade)");
        let english = bad.problem(Language::English);
        assert_eq!(english.detail.unwrap(), "grade: write a whole number from 1 to 9. (grade)");
        assert_eq!(english.status, 422);
    }

    #[test]
    fn whose_a_code_is_is_told_only_to_those_who_may_see_them() {
        let taken = |holder: Option<&str>| PlaceRefusal::Taken {
            field: Field::Code,
            text: "3601".into(),
            holder: holder.map(str::to_owned),
        };
        let told = taken(Some("河东小学")).problem(Language::Chinese);
        assert!(told.detail.unwrap().contains("“3601”属于“河东小学”") && told.status == 409);
        let hidden = taken(None).problem(Language::Chinese).detail.unwrap();
        assert!(hidden.contains("管理范围之外"), "{hidden}");
    }

    #[test]
    fn what_is_used_says_by_what() {
        let used = PlaceRefusal::Used(vec![(Use::Classes, 2), (Use::Lessons, 40)]);
        assert!(used.problem(Language::Chinese).detail.unwrap().contains("2 个班级、40 节课"));
        assert!(used.problem(Language::English).detail.unwrap().contains("2 classes, 40 lessons"));
    }
}
