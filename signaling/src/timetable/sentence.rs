//! What was changed, in one sentence.

use super::change::Step;
use crate::problem::Language;
use tongtang_protocol::timetable::{ChangeKind, TimetableLessonView};

/// E.g. `李老师的“三年级音乐”由 2026-03-02 第 3 节调到 2026-03-03 第 2 节`. `lessons`: how many the change touched.
pub fn sentence(kind: ChangeKind, steps: &[Step], lessons: usize, language: Language) -> String {
    let first = steps.first().and_then(|step| Some((step, step.lesson()?)));
    let Some((step, lesson)) = first else { return of_many(kind, lessons, language) };
    if kind == ChangeKind::Cancel && lessons > 1 {
        return of_many(kind, lessons, language);
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
            ChangeKind::Publish => of_many(kind, lessons, language),
        },
        Language::English => match kind {
            ChangeKind::Add => format!("Added “{title}” of {who}: {to}"),
            ChangeKind::Move => format!("Moved “{title}” of {who} from {from} to {to}"),
            ChangeKind::Cancel => format!("Cancelled “{title}” of {who}: {from}"),
            ChangeKind::Restore => format!("Restored “{title}” of {who}: {to}"),
            ChangeKind::Substitute => format!("“{title}”, {to}: {teacher} instead of {who}"),
            ChangeKind::Swap => format!("“{title}” and “{other}” changed times: {from} ⇄ {to}"),
            ChangeKind::Undo => format!("Undid a change of “{title}” of {who}"),
            ChangeKind::Publish => of_many(kind, lessons, language),
        },
    }
}

fn of_many(kind: ChangeKind, lessons: usize, language: Language) -> String {
    match (kind, language) {
        (ChangeKind::Undo, Language::Chinese) => format!("撤销了一次发布，涉及 {lessons} 节课"),
        (ChangeKind::Undo, Language::English) => format!("Undid a publication of {lessons} lessons"),
        (ChangeKind::Cancel, Language::Chinese) => format!("取消放假日的 {lessons} 节课"),
        (ChangeKind::Cancel, Language::English) => {
            format!("Cancelled {lessons} lessons on days that became days off")
        }
        (_, Language::Chinese) => format!("发布排课方案，涉及 {lessons} 节课"),
        (_, Language::English) => format!("Published a plan of {lessons} lessons"),
    }
}

fn when(lesson: &TimetableLessonView, language: Language) -> String {
    match language {
        Language::Chinese => format!("{} 第 {} 节", lesson.day, lesson.period),
        Language::English => format!("{}, period {}", lesson.day, lesson.period),
    }
}
