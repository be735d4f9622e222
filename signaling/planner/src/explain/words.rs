//! Reasons and relaxations in Chinese and English.

use super::Cause;
use crate::instance::Instance;
use crate::model::{Bell, Model};
use crate::place::Obstacle;
use crate::plan::Reason;
use serde_json::{Value, json};

const WEEKDAYS: [(&str, &str); 7] = [
    ("周一", "Monday"),
    ("周二", "Tuesday"),
    ("周三", "Wednesday"),
    ("周四", "Thursday"),
    ("周五", "Friday"),
    ("周六", "Saturday"),
    ("周日", "Sunday"),
];

/// A shown name, or the id where there is none.
pub(super) fn teacher(of: &Instance, index: u32) -> &str {
    let teacher = &of.teachers[index as usize];
    teacher.name.as_deref().unwrap_or(&teacher.id)
}

pub(super) fn school(of: &Instance, index: u32) -> &str {
    let school = &of.schools[index as usize];
    school.name.as_deref().unwrap_or(&school.id)
}

/// A period of the week, in both languages.
pub(super) fn period(bell: &Bell) -> (String, String) {
    let (zh, en) = WEEKDAYS[usize::from(bell.weekday.clamp(1, 7)) - 1];
    (format!("{zh}第{}节", bell.period), format!("{en} period {}", bell.period))
}

/// Why a demand is not served.
pub(super) fn reason(
    of: &Instance,
    model: &Model,
    demand: u32,
    cause: Cause,
    times: usize,
    teachers: &[u32],
) -> Reason {
    let d = &model.demands[demand as usize];
    let key = &model.courses[d.course as usize].key;
    let (subject, grade, edition) = (&key.subject, key.grade, &key.edition);
    let names: Vec<&str> = teachers.iter().map(|&index| teacher(of, index)).collect();
    let (who_zh, who_en) = match names.is_empty() {
        true => (format!("{subject}教师"), format!("the {subject} teachers")),
        false => (names.join("、"), names.join(", ")),
    };
    let at = school(of, d.school);
    let (code, zh, en) = match cause {
        Cause::NoTeacher => (
            "no_teacher",
            format!("全县没有能教{grade}年级{subject}的主讲教师"),
            format!("No master teacher of the county teaches {subject} in grade {grade}"),
        ),
        Cause::Edition => (
            "edition",
            format!("{who_zh}能教{grade}年级{subject}，但用的不是{edition}"),
            format!("{who_en} can teach {subject} in grade {grade}, but not by the edition {edition}"),
        ),
        Cause::NoOverlap => (
            "no_overlap",
            format!("{who_zh}有空的节次与{at}的作息时间重叠不足{}分钟", model.minutes),
            format!(
                "Where {who_en} are free, the bell times of {at} have fewer than {} minutes in common",
                model.minutes
            ),
        ),
        Cause::Occupied => (
            "class_occupied",
            format!("{who_zh}有空时，这个班正在上本校的课"),
            format!("When {who_en} are free, the class is taught on site"),
        ),
        Cause::NoReceivingRoom => (
            "no_receiving_room",
            format!("{who_zh}有空时，{at}没有坐得下这个班的听课教室"),
            format!("When {who_en} are free, {at} has no receiving room for this class"),
        ),
        Cause::NoReceivingLink => (
            "link_too_small",
            format!("{at}的网络带不动一节课"),
            format!("The link of {at} does not carry a lesson"),
        ),
        Cause::CannotDeliver => (
            "cannot_deliver",
            format!("{who_zh}没有主讲教室、带宽或课时可用于送课"),
            format!("{who_en} have no master room, link or load for delivering"),
        ),
        Cause::Taken(obstacle) => taken(obstacle, &who_zh, &who_en, at, times),
    };
    let ids: Vec<&str> = teachers.iter().map(|&index| of.teachers[index as usize].id.as_str()).collect();
    let data: Value = json!({
        "subject": subject, "grade": grade, "edition": edition, "school": of.schools[d.school as usize].id,
        "teachers": ids, "periods": times,
    });
    Reason { code: code.to_owned(), data, zh: format!("{zh}。"), en: format!("{en}.") }
}

fn taken(
    obstacle: Obstacle,
    who_zh: &str,
    who_en: &str,
    at: &str,
    times: usize,
) -> (&'static str, String, String) {
    let (code, zh, en) = match obstacle {
        Obstacle::ClassBusy => (
            "class_busy",
            "这个班已在上别的送课".to_owned(),
            "the class has another delivered lesson".to_owned(),
        ),
        Obstacle::ReceivingRooms => (
            "receiving_rooms_taken",
            format!("{at}的听课教室已被占用"),
            format!("the receiving rooms of {at} are taken"),
        ),
        Obstacle::ReceivingLink => (
            "receiving_link_full",
            format!("{at}的网络已被别的课占满"),
            format!("the link of {at} is full with other lessons"),
        ),
        Obstacle::Day => (
            "day_full",
            "当天这门课的节数已满".to_owned(),
            "the day has as many periods of the subject as it may have".to_owned(),
        ),
        Obstacle::Bells => (
            "bells",
            "与同班组其他学校的作息时间凑不到一起".to_owned(),
            "the bell times of the classes taught together have too little in common".to_owned(),
        ),
        Obstacle::GroupFull => (
            "group_full",
            format!("{who_zh}的课已带满"),
            format!("the lessons of {who_en} have as many classes as they may have"),
        ),
        Obstacle::Progress => (
            "progress",
            "与同组班级的教学进度相差太大".to_owned(),
            "the classes taught together are too far from it in the book".to_owned(),
        ),
        Obstacle::TeacherBusy => {
            ("teacher_busy", format!("{who_zh}在给别的班上课"), format!("{who_en} teach other classes"))
        }
        Obstacle::Load => {
            ("teacher_load", format!("{who_zh}的送课课时已满"), format!("{who_en} have their full load"))
        }
        Obstacle::MasterRooms => (
            "master_rooms_taken",
            format!("{who_zh}学校的主讲教室已被占用"),
            format!("the master rooms at the school of {who_en} are taken"),
        ),
        Obstacle::MasterLink => (
            "master_link_full",
            format!("{who_zh}学校的网络已被占满"),
            format!("the link at the school of {who_en} is full"),
        ),
        Obstacle::Nodes => (
            "nodes_full",
            "媒体服务器同时开的课已满".to_owned(),
            "the media servers carry no more lessons at once".to_owned(),
        ),
    };
    let zh = format!("可能的节次中有 {times} 个不行：{zh}");
    let en = format!("At {times} of the possible periods, {en}");
    (code, zh, en)
}
