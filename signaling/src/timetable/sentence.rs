//! What was changed, in one sentence; and days as people say them.

use super::change::Step;
use crate::problem::Language;
use tongtang_protocol::day::Day;
use tongtang_protocol::timetable::{ChangeKind, TimetableLessonView, TimetableState};

/// E.g. `李老师的“三年级音乐”由3月2日（周一）第 3 节调到3月3日（周二）第 2 节`. `lessons`: how many the change touched.
pub fn sentence(kind: ChangeKind, steps: &[Step], lessons: usize, language: Language) -> String {
    if kind == ChangeKind::Repair {
        return repaired(steps, language);
    }
    let first = steps.first().and_then(|step| Some((step, step.lesson()?)));
    let Some((step, lesson)) = first else { return of_many(kind, lessons, language) };
    if kind == ChangeKind::Cancel && lessons > 1 {
        return of_many(kind, lessons, language);
    }
    if kind == ChangeKind::Undo && lessons > 1 {
        return match language {
            Language::Chinese => format!("撤销了一次改动，涉及 {lessons} 节课"),
            Language::English => format!("Undid a change of {lessons} lessons"),
        };
    }
    let before = step.before.as_ref().unwrap_or(lesson);
    let (who, title) = (&before.teacher_name, &lesson.title);
    let (from, to) = (when(before, language), when(lesson, language));
    let other = steps.get(1).and_then(Step::lesson).map_or("", |other| other.title.as_str());
    let teacher = &lesson.teacher_name;
    match language {
        Language::Chinese => match kind {
            ChangeKind::Add => format!("新增{who}的“{title}”：{to}"),
            ChangeKind::Move => format!("{who}的“{title}”由{from}调到{to}"),
            ChangeKind::Cancel => format!("取消{who}的“{title}”：{from}"),
            ChangeKind::Restore => format!("恢复{who}的“{title}”：{to}"),
            ChangeKind::Substitute => format!("{to}的“{title}”由{who}改为{teacher}上"),
            ChangeKind::Swap => format!("“{title}”与“{other}”对调：{from} ⇄ {to}"),
            ChangeKind::Undo => format!("撤销了对{who}的“{title}”的改动"),
            ChangeKind::Publish | ChangeKind::Repair | ChangeKind::Import => of_many(kind, lessons, language),
        },
        Language::English => match kind {
            ChangeKind::Add => format!("Added “{title}” of {who}: {to}"),
            ChangeKind::Move => format!("Moved “{title}” of {who} from {from} to {to}"),
            ChangeKind::Cancel => format!("Cancelled “{title}” of {who}: {from}"),
            ChangeKind::Restore => format!("Restored “{title}” of {who}: {to}"),
            ChangeKind::Substitute => format!("“{title}”, {to}: {teacher} instead of {who}"),
            ChangeKind::Swap => format!("“{title}” and “{other}” changed times: {from} ⇄ {to}"),
            ChangeKind::Undo => format!("Undid a change of “{title}” of {who}"),
            ChangeKind::Publish | ChangeKind::Repair | ChangeKind::Import => of_many(kind, lessons, language),
        },
    }
}

/// Several lessons at once because somebody or something is not there, e.g. `调整 3 节课：2 节代课，1 节取消`.
fn repaired(steps: &[Step], language: Language) -> String {
    let pairs = steps.iter().filter_map(|step| step.before.as_ref().zip(step.after.as_ref()));
    let (mut substituted, mut moved, mut cancelled) = (0, 0, 0);
    for (before, after) in pairs {
        if after.state == TimetableState::Cancelled {
            cancelled += 1;
        } else if after.teacher_id != before.teacher_id {
            substituted += 1;
        } else {
            moved += 1;
        }
    }
    let parts = match language {
        Language::Chinese => [(substituted, "节代课"), (moved, "节换时间或教室"), (cancelled, "节取消")],
        Language::English => [(substituted, "with a substitute"), (moved, "moved"), (cancelled, "cancelled")],
    };
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{number} {words}"))
        .collect();
    match language {
        Language::Chinese => format!("调整 {} 节课：{}", steps.len(), parts.join("，")),
        Language::English => format!("Changed {} lessons: {}", steps.len(), parts.join(", ")),
    }
}

fn of_many(kind: ChangeKind, lessons: usize, language: Language) -> String {
    match (kind, language) {
        (ChangeKind::Undo, Language::Chinese) => format!("撤销了一次发布或导入，涉及 {lessons} 节课"),
        (ChangeKind::Undo, Language::English) => {
            format!("Undid a publication or import of {lessons} lessons")
        }
        (ChangeKind::Import, Language::Chinese) => format!("从表格导入 {lessons} 节课"),
        (ChangeKind::Import, Language::English) => format!("Imported {lessons} lessons from a spreadsheet"),
        (ChangeKind::Cancel, Language::Chinese) => format!("取消放假日的 {lessons} 节课"),
        (ChangeKind::Cancel, Language::English) => {
            format!("Cancelled {lessons} lessons on days that became days off")
        }
        (_, Language::Chinese) => format!("发布排课方案，涉及 {lessons} 节课"),
        (_, Language::English) => format!("Published a plan of {lessons} lessons"),
    }
}

/// `11月30日（周一）第 3 节` / `Mon 30 Nov, period 3`.
pub fn when(lesson: &TimetableLessonView, language: Language) -> String {
    let day = day_words(lesson.day, language);
    match language {
        Language::Chinese => format!("{day}第 {} 节", lesson.period),
        Language::English => format!("{day}, period {}", lesson.period),
    }
}

/// `11月30日（周一）` / `Mon 30 Nov`. The year is the term's, so nobody says it.
pub fn day_words(day: Day, language: Language) -> String {
    const ZH: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
    const EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let weekday = usize::from(day.weekday() - 1);
    let (_, month, date) = day.date();
    match language {
        Language::Chinese => format!("{month}月{date}日（{}）", ZH[weekday]),
        Language::English => format!("{} {date} {}", EN[weekday], MONTHS[month as usize - 1]),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_said_as_people_say_it() {
        let day: Day = "2026-11-30".parse().unwrap();
        assert_eq!(day_words(day, Language::Chinese), "11月30日（周一）");
        assert_eq!(day_words(day, Language::English), "Mon 30 Nov");
    }
}
