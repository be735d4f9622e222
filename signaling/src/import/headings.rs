//! Which tables there are, and what their columns are called: in Chinese, in English, and as people also write them.

/// A table of a county.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Places: the county, its schools.
    Orgs,
    /// Bell times, a row for each period.
    Bells,
    /// Terms.
    Terms,
    /// Holidays and make-up days.
    Days,
    /// What is prescribed: subject by grade.
    Curriculum,
    /// Classrooms.
    Rooms,
    /// Classes.
    Classes,
    /// What a class has of each subject.
    ClassSubjects,
    /// When a class is taught on site.
    ClassBusy,
    /// Teachers.
    Teachers,
    /// What a teacher can teach.
    TeacherSubjects,
    /// When a teacher has no time.
    TeacherBusy,
    /// Lessons of a term.
    Timetable,
}

impl Table {
    /// In the order in which they are written.
    pub const ALL: [Self; 13] = [
        Self::Orgs,
        Self::Bells,
        Self::Terms,
        Self::Days,
        Self::Curriculum,
        Self::Rooms,
        Self::Classes,
        Self::ClassSubjects,
        Self::ClassBusy,
        Self::Teachers,
        Self::TeacherSubjects,
        Self::TeacherBusy,
        Self::Timetable,
    ];

    /// What its sheet is called: Chinese, English, and besides.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Orgs => &["学校", "Schools", "单位", "机构", "orgs"],
            Self::Bells => &["作息时间", "Bell times", "作息", "bells"],
            Self::Terms => &["学期", "Terms"],
            Self::Days => &["校历", "Calendar", "节假日与调休", "Term days"],
            Self::Curriculum => &["课程设置", "Curriculum", "课程计划"],
            Self::Rooms => &["教室", "Classrooms", "rooms"],
            Self::Classes => &["班级", "Classes"],
            Self::ClassSubjects => &["班级学科", "Class subjects"],
            Self::ClassBusy => &["班级课表", "Class week", "班级占用"],
            Self::Teachers => &["教师", "Teachers"],
            Self::TeacherSubjects => &["教师任教", "Teacher subjects"],
            Self::TeacherBusy => &["教师占用", "Teacher week"],
            Self::Timetable => &["课表", "Timetable", "专递课表", "lessons"],
        }
    }

    /// Its columns, in order. Those of a week are not among them.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Orgs => ORGS,
            Self::Bells => BELLS,
            Self::Terms => TERMS,
            Self::Days => DAYS,
            Self::Curriculum => CURRICULUM,
            Self::Rooms => ROOMS,
            Self::Classes => CLASSES,
            Self::ClassSubjects => CLASS_SUBJECTS,
            Self::ClassBusy => CLASS_BUSY,
            Self::Teachers => TEACHERS,
            Self::TeacherSubjects => TEACHER_SUBJECTS,
            Self::TeacherBusy => TEACHER_BUSY,
            Self::Timetable => TIMETABLE,
        }
    }

    /// Does it have a column for each period of the week?
    pub fn is_week(self) -> bool {
        matches!(self, Self::ClassBusy | Self::TeacherBusy)
    }
}

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Col {
    /// The state's code of what the row is about.
    Code,
    /// Name.
    Name,
    /// Kind of place.
    Kind,
    /// Code of the place above.
    Parent,
    /// kbit/s towards a school.
    Down,
    /// kbit/s from it.
    Up,
    /// Lessons its link carries at once.
    AtOnce,
    /// Name of its bell times.
    Bells,
    /// Code of the place that keeps it.
    Org,
    /// Period of the day.
    Period,
    /// A period begins.
    Starts,
    /// It ends.
    Ends,
    /// A term's first day.
    FirstDay,
    /// Weeks of a term.
    Weeks,
    /// Name of a term.
    Term,
    /// A day.
    Day,
    /// Holiday or make-up day.
    DayKind,
    /// Whose lessons a make-up day has.
    Follows,
    /// Subject.
    Subject,
    /// Periods a week that are prescribed in this grade.
    OfGrade(u8),
    /// Classes that are taught from a room at most.
    Receivers,
    /// Grade.
    Grade,
    /// Pupils.
    Size,
    /// Name of a classroom.
    Room,
    /// Consent to be seen by other classrooms.
    Live,
    /// To be recorded.
    Record,
    /// To be shown in the library.
    Publish,
    /// Code of a class.
    Class,
    /// Textbook edition.
    Edition,
    /// Periods a week on site.
    OnSite,
    /// Periods a week at most.
    Weekly,
    /// Of those, delivered.
    Delivered,
    /// Code of a teacher.
    Teacher,
    /// From this grade.
    GradeFrom,
    /// To this one.
    GradeTo,
    /// Kind of lesson.
    LessonKind,
    /// Title of a lesson.
    Title,
    /// Codes of the classes that receive.
    Receiving,
    /// Where a lesson stands.
    State,
    /// A period of the week: weekday 1 to 7, period.
    Slot(u8, u8),
}

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// What it says.
    pub col: Col,
    /// Its heading: Chinese, English, and besides.
    pub names: &'static [&'static str],
    /// Without it the sheet says nothing.
    pub is_needed: bool,
}

const fn needed(col: Col, names: &'static [&'static str]) -> Column {
    Column { col, names, is_needed: true }
}

const fn also(col: Col, names: &'static [&'static str]) -> Column {
    Column { col, names, is_needed: false }
}

const ORG_CODE: &[&str] = &["单位代码", "Place code", "学校代码", "School code", "单位编码"];
const SCHOOL_CODE: &[&str] = &["学校代码", "School code", "单位代码", "Place code", "学校编码"];
const CLASS_CODE: &[&str] = &["班级代码", "Class code", "班级编码"];
const TEACHER_CODE: &[&str] = &["教师编号", "Teacher code", "教师代码", "工号", "一人一号"];
const SUBJECT: &[&str] = &["学科", "Subject", "科目"];
const EDITION: &[&str] = &["教材版本", "Edition", "教材", "版本"];
const PERIOD: &[&str] = &["节次", "Period", "第几节"];

const ORGS: &[Column] = &[
    needed(Col::Code, &["代码", "Code", "学校代码", "单位代码", "School code", "编码", "一校一码"]),
    also(Col::Name, &["名称", "Name", "学校名称", "单位名称", "学校"]),
    also(Col::Kind, &["类型", "Kind", "类别", "级别", "Type"]),
    also(Col::Parent, &["上级代码", "Parent code", "上级单位代码", "Parent"]),
    also(Col::Down, &["下行带宽(kbit/s)", "Download (kbit/s)", "下行带宽", "Download"]),
    also(Col::Up, &["上行带宽(kbit/s)", "Upload (kbit/s)", "上行带宽", "Upload"]),
    also(Col::AtOnce, &["同时上课数", "Lessons at once", "同时上课"]),
    also(Col::Bells, &["作息时间", "Bell times", "作息"]),
];
const BELLS: &[Column] = &[
    also(Col::Org, ORG_CODE),
    needed(Col::Name, &["作息名称", "Bell times", "作息时间", "名称", "Name"]),
    needed(Col::Period, PERIOD),
    needed(Col::Starts, &["上课时间", "Starts", "开始时间", "上课", "Start"]),
    needed(Col::Ends, &["下课时间", "Ends", "结束时间", "下课", "End"]),
];
const TERMS: &[Column] = &[
    also(Col::Org, ORG_CODE),
    needed(Col::Name, &["学期名称", "Term", "学期", "名称", "Name"]),
    needed(Col::FirstDay, &["开学日期", "First day", "第一周星期一"]),
    needed(Col::Weeks, &["周数", "Weeks"]),
];
const DAYS: &[Column] = &[
    also(Col::Org, ORG_CODE),
    needed(Col::Term, &["学期名称", "Term", "学期"]),
    needed(Col::Day, &["日期", "Day", "Date"]),
    needed(Col::DayKind, &["类型", "Kind", "放假或调休"]),
    also(Col::Follows, &["补星期几的课", "Weekday made up", "补星期几"]),
    needed(Col::Name, &["说明", "Name", "名称", "节日"]),
];
const CURRICULUM: &[Column] = &[
    also(Col::Org, ORG_CODE),
    needed(Col::Subject, SUBJECT),
    also(Col::OfGrade(1), &["一年级", "Grade 1", "1年级"]),
    also(Col::OfGrade(2), &["二年级", "Grade 2", "2年级"]),
    also(Col::OfGrade(3), &["三年级", "Grade 3", "3年级"]),
    also(Col::OfGrade(4), &["四年级", "Grade 4", "4年级"]),
    also(Col::OfGrade(5), &["五年级", "Grade 5", "5年级"]),
    also(Col::OfGrade(6), &["六年级", "Grade 6", "6年级"]),
    also(Col::OfGrade(7), &["七年级", "Grade 7", "7年级", "初一"]),
    also(Col::OfGrade(8), &["八年级", "Grade 8", "8年级", "初二"]),
    also(Col::OfGrade(9), &["九年级", "Grade 9", "9年级", "初三"]),
];
const ROOMS: &[Column] = &[
    also(Col::Org, SCHOOL_CODE),
    needed(Col::Name, &["教室名称", "Classroom", "教室", "名称", "Name"]),
    also(Col::Receivers, &["可带班级数", "Most receiving classes", "可带班级", "最多接收班级"]),
];
const CLASSES: &[Column] = &[
    needed(Col::Code, CLASS_CODE),
    also(Col::Org, SCHOOL_CODE),
    also(Col::Name, &["班级名称", "Class", "名称", "Name", "班级"]),
    also(Col::Grade, &["年级", "Grade"]),
    also(Col::Size, &["人数", "Pupils", "学生数"]),
    also(Col::Room, &["教室名称", "Classroom", "教室"]),
    also(Col::Live, &["同意互动上课", "Consent: live", "互动上课"]),
    also(Col::Record, &["同意录课", "Consent: record", "录课"]),
    also(Col::Publish, &["同意放入资源库", "Consent: publish", "放入资源库"]),
];
const CLASS_SUBJECTS: &[Column] = &[
    needed(Col::Class, CLASS_CODE),
    needed(Col::Subject, SUBJECT),
    also(Col::Edition, EDITION),
    also(Col::OnSite, &["本校周课时", "Periods on site", "周课时"]),
];
const CLASS_BUSY: &[Column] = &[needed(Col::Class, CLASS_CODE)];
const TEACHERS: &[Column] = &[
    needed(Col::Code, TEACHER_CODE),
    also(Col::Org, SCHOOL_CODE),
    also(Col::Name, &["姓名", "Name", "教师", "教师姓名"]),
    also(Col::Weekly, &["每周最多课时", "Most periods a week", "周课时上限"]),
    also(Col::Delivered, &["其中专递课上限", "Most delivered periods", "专递课上限", "每周最多专递课时"]),
];
const TEACHER_SUBJECTS: &[Column] = &[
    needed(Col::Teacher, TEACHER_CODE),
    needed(Col::Subject, SUBJECT),
    needed(Col::GradeFrom, &["从年级", "From grade", "起始年级"]),
    needed(Col::GradeTo, &["到年级", "To grade", "结束年级"]),
    also(Col::Edition, EDITION),
];
const TEACHER_BUSY: &[Column] = &[needed(Col::Teacher, TEACHER_CODE)];
const TIMETABLE: &[Column] = &[
    needed(Col::Day, &["日期", "Day", "Date"]),
    needed(Col::Period, PERIOD),
    needed(Col::Subject, SUBJECT),
    needed(Col::Grade, &["年级", "Grade"]),
    needed(Col::Teacher, TEACHER_CODE),
    also(Col::Org, &["主讲学校代码", "Master school code", "学校代码", "School code"]),
    needed(Col::Room, &["主讲教室", "Classroom", "教室", "教室名称"]),
    needed(Col::Receiving, &["接收班级代码", "Receiving class codes", "班级代码", "接收班级"]),
    also(Col::LessonKind, &["课堂类型", "Kind", "类型"]),
    also(Col::Title, &["课题", "Title", "课名", "名称"]),
    also(Col::Term, &["学期名称", "Term", "学期"]),
    also(Col::State, &["状态", "State"]),
];

/// Columns that people add for themselves; nothing is read there.
pub const REMARKS: &[&str] = &[
    "备注",
    "Remarks",
    "Notes",
    "说明",
    "序号",
    "No",
    "教师姓名",
    "教师",
    "学校",
    "学校名称",
    "Teacher",
    "School",
];

/// With this begins a row that shows how it is meant; it is not read.
pub const EXAMPLE: &str = "示例 Example: ";

/// Sheets that explain; nothing is read there.
pub const EXPLANATIONS: &[&str] = &["说明", "Read me", "填写说明", "目录"];

const WEEKDAYS: [&[&str]; 7] = [
    &["周一", "Mon", "星期一", "Monday"],
    &["周二", "Tue", "星期二", "Tuesday"],
    &["周三", "Wed", "星期三", "Wednesday"],
    &["周四", "Thu", "星期四", "Thursday"],
    &["周五", "Fri", "星期五", "Friday"],
    &["周六", "Sat", "星期六", "Saturday"],
    &["周日", "Sun", "星期日", "Sunday", "周天", "星期天"],
];

/// The heading of a period of the week: `周一1`, `Mon 1`.
pub fn slot_heading(weekday: u8, period: u8, language: usize) -> String {
    let day = WEEKDAYS[usize::from(weekday.clamp(1, 7)) - 1][language];
    if language == 0 { format!("{day}第{period}节") } else { format!("{day} {period}") }
}

/// Which period of the week a heading (already [`plain`]) means.
pub fn slot_of(heading: &str) -> Option<Col> {
    let (weekday, rest) = (1..).zip(WEEKDAYS).find_map(|(weekday, names)| {
        // The longest name first: 星期一 before 周一, monday before mon.
        let mut names: Vec<String> = names.iter().map(|name| plain(name)).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.iter().find_map(|name| heading.strip_prefix(name.as_str())).map(|rest| (weekday, rest))
    })?;
    let rest = rest.trim_matches(|letter| matches!(letter, '第' | '节' | '-' | '_' | '.'));
    let period: u8 = rest.parse().ok()?;
    (1..=tongtang_protocol::calendar::MAX_PERIODS).contains(&period).then_some(Col::Slot(weekday, period))
}

/// A heading as it is compared: without blanks, in small letters, wide letters and brackets as narrow ones.
pub fn plain(text: &str) -> String {
    let narrow = text.chars().filter(|letter| !letter.is_whitespace()).map(narrow);
    narrow.flat_map(char::to_lowercase).collect()
}

/// The narrow letter of a wide one (Unicode block Halfwidth and Fullwidth Forms).
pub fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3000}' => ' ',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_table_has_two_columns_of_one_name_and_no_two_tables_share_a_sheets() {
        let mut sheets = HashSet::new();
        for table in Table::ALL {
            for name in table.names() {
                assert!(sheets.insert(plain(name)), "{name}");
            }
            let mut seen = HashSet::new();
            for column in table.columns() {
                assert!(column.names.len() >= 2, "{:?}", column.col);
                for name in column.names {
                    assert!(seen.insert(plain(name)), "{table:?} {name}");
                    assert!(slot_of(&plain(name)).is_none(), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_period_of_the_week_is_found_as_people_write_it() {
        for heading in ["周一第2节", "周一2", "星期一 第 2 节", "Mon 2", "Monday-2", "周一-２"]
        {
            assert_eq!(slot_of(&plain(heading)), Some(Col::Slot(1, 2)), "{heading}");
        }
        for heading in ["周一", "周八2", "周一17", "周一0", "2"] {
            assert_eq!(slot_of(&plain(heading)), None, "{heading}");
        }
        for weekday in 1..=7 {
            for language in [0, 1] {
                let heading = plain(&slot_heading(weekday, 3, language));
                assert_eq!(slot_of(&heading), Some(Col::Slot(weekday, 3)));
            }
        }
    }
}
