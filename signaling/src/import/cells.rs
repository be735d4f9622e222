//! What single cells say, as people write it: numbers, days, times, yes and no, kinds, grades.
//!
//! Enters: a text. Leaves: what it means, or what is wrong with it.

use super::headings::{narrow, plain};
use super::wrong::Wrong;
use tongtang_protocol::calendar::TermDayKind;
use tongtang_protocol::day::Day;
use tongtang_protocol::places::{Busy, OrgKind, Parity};
use tongtang_protocol::timetable::LessonKind;

/// A whole number, 0 or more. One that is too great for its type is 255, which no field takes: so its bounds are told.
pub fn number<T: TryFrom<u64>>(text: &str) -> Result<T, Wrong> {
    let text: String = text.chars().map(narrow).collect();
    let text = text.trim();
    let text = text.strip_suffix(".0").unwrap_or(text);
    if text.is_empty() || text.len() > 9 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Wrong::Number);
    }
    let number: u64 = text.parse().map_err(|_| Wrong::Number)?;
    T::try_from(number).or_else(|_| T::try_from(u64::from(u8::MAX))).map_err(|_| Wrong::Number)
}

/// `2026-09-01`, `2026/9/1`, `2026年9月1日`, `20260901`; a time behind it counts for nothing.
pub fn day(text: &str) -> Result<Day, Wrong> {
    let text: String = text.chars().map(narrow).collect();
    let text = text.trim().split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        vec![&text[..4], &text[4..6], &text[6..]]
    } else {
        text.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty()).collect()
    };
    let numbers: Option<Vec<i64>> =
        parts.iter().map(|part| (part.len() <= 4).then(|| part.parse().ok()).flatten()).collect();
    match numbers.as_deref() {
        Some(&[year, month, day]) => Day::new(year, month, day).ok_or(Wrong::Day),
        _ => Err(Wrong::Day),
    }
}

/// `8:30`, `08:30:00`, `8：30`, `8时30分`: minutes after midnight.
pub fn time(text: &str) -> Result<u16, Wrong> {
    let text: String = text.chars().map(narrow).collect();
    let parts: Vec<&str> =
        text.trim().split([':', '时', '分', '点']).filter(|part| !part.is_empty()).collect();
    let numbers: Option<Vec<u16>> =
        parts.iter().map(|part| (part.len() <= 2).then(|| part.parse().ok()).flatten()).collect();
    match numbers.as_deref() {
        Some(&[hour, minute] | &[hour, minute, 0])
            if (hour < 24 && minute < 60) || (hour, minute) == (24, 0) =>
        {
            Ok(hour * 60 + minute)
        }
        _ => Err(Wrong::Time),
    }
}

/// Yes or no.
pub fn yes(text: &str) -> Result<bool, Wrong> {
    match plain(text).as_str() {
        "是" | "有" | "同意" | "yes" | "y" | "true" | "1" | "√" | "✓" => Ok(true),
        "否" | "无" | "不同意" | "no" | "n" | "false" | "0" | "×" => Ok(false),
        _ => Err(Wrong::YesNo),
    }
}

/// A kind of place.
pub fn kind(text: &str) -> Result<OrgKind, Wrong> {
    match plain(text).as_str() {
        "省" | "省份" | "自治区" | "直辖市" | "province" => Ok(OrgKind::Province),
        "市" | "地市" | "city" => Ok(OrgKind::City),
        "县" | "区" | "县(区)" | "县区" | "县市区" | "county" | "district" => Ok(OrgKind::County),
        "学校" | "教学点" | "学校或教学点" | "小学" | "初中" | "school" | "schoolorteachingsite" => {
            Ok(OrgKind::School)
        }
        _ => Err(Wrong::Choice(["省、市、县、学校", "province, city, county, school"])),
    }
}

/// A kind of day.
pub fn day_kind(text: &str) -> Result<TermDayKind, Wrong> {
    match plain(text).as_str() {
        "放假" | "假日" | "节假日" | "holiday" => Ok(TermDayKind::Holiday),
        "调休" | "补课" | "上课" | "make-up" | "makeup" | "make_up" => Ok(TermDayKind::MakeUp),
        _ => Err(Wrong::Choice(["放假、调休", "holiday, make-up"])),
    }
}

/// 1 to 7, or 一 to 日 with 周 or 星期 before it.
pub fn weekday(text: &str) -> Result<u8, Wrong> {
    let text = plain(text);
    let text = text.trim_start_matches("星期").trim_start_matches('周');
    let at = ["一", "二", "三", "四", "五", "六", "日"].iter().position(|day| *day == text);
    match at {
        Some(at) => Ok(at as u8 + 1),
        None if text == "天" => Ok(7),
        None => number(text),
    }
}

/// 3, 三, 三年级, 3年级, 初一.
pub fn grade(text: &str) -> Result<u8, Wrong> {
    const NUMERALS: [&str; 9] = ["一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let text = plain(text);
    let text = text.trim_start_matches("grade").trim_end_matches("年级");
    let position = |text: &str| NUMERALS.iter().position(|numeral| *numeral == text).map(|at| at as u8 + 1);
    if let Some(of_middle) = text.strip_prefix('初').and_then(position) {
        return Ok(of_middle.saturating_add(6));
    }
    position(text).map_or_else(|| number(text), Ok)
}

/// A kind of lesson.
pub fn lesson_kind(text: &str) -> Result<LessonKind, Wrong> {
    match plain(text).as_str() {
        "专递课堂" | "专递" | "同步课堂" | "delivery" => Ok(LessonKind::Delivery),
        "名师课堂" | "名师" | "master" => Ok(LessonKind::Master),
        "名校网络课堂" | "名校" | "openschool" | "open_school" => Ok(LessonKind::OpenSchool),
        _ => Err(Wrong::Choice(["专递课堂、名师课堂、名校网络课堂", "delivery, master, open school"])),
    }
}

/// Where a lesson stands: is it more than planned?
pub fn is_past(text: &str) -> Result<bool, Wrong> {
    match plain(text).as_str() {
        "计划" | "待上" | "planned" => Ok(false),
        "已取消" | "已上" | "未上" | "缺课" | "cancelled" | "held" | "missed" => Ok(true),
        _ => Err(Wrong::Choice(["计划（或不填）", "planned (or nothing)"])),
    }
}

/// A period of the week is not written as it has to be.
pub const PARITY: Wrong = Wrong::Unlike([
    "请写这一节上什么；只在单周或双周上的，写成“音乐（单）；美术（双）”",
    "write what is on in this period; of odd or even weeks only: “Music (odd); Art (even)”",
]);

/// What is on in a period of the week: `语文`, `音乐（单）`, `音乐（单）；美术（双）`.
pub fn taken(text: &str) -> Option<Vec<(Parity, String)>> {
    let parts: Vec<&str> =
        text.split(['；', ';', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let one = |part: &&str| {
        let marks = [("单", Parity::Odd), ("双", Parity::Even), ("odd", Parity::Odd), ("even", Parity::Even)];
        let found = marks.into_iter().find_map(|(mark, parity)| {
            let bare = part.strip_suffix(['）', ')'])?.trim_end();
            let bare = bare.strip_suffix("周").unwrap_or(bare);
            let bare = strip_end(bare, mark)?.trim_end().strip_suffix(['（', '('])?;
            Some((parity, bare.trim().to_owned()))
        });
        found.unwrap_or_else(|| (Parity::Every, (*part).to_owned()))
    };
    let taken: Vec<(Parity, String)> = parts.iter().map(one).collect();
    let is_right = match taken.as_slice() {
        [(_, what)] => !what.is_empty(),
        [(one, first), (other, second)] => {
            one != other
                && *one != Parity::Every
                && *other != Parity::Every
                && !first.is_empty()
                && !second.is_empty()
        }
        _ => false,
    };
    is_right.then_some(taken)
}

/// Without these letters at its end, large or small.
fn strip_end<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(end.len()).filter(|&at| text.is_char_boundary(at))?;
    text[at..].eq_ignore_ascii_case(end).then_some(&text[..at])
}

/// How a period of the week is written; `language` is 0 or 1.
pub fn taken_words(busy: &[&Busy], language: usize) -> String {
    let mark = |parity| match parity {
        Parity::Every => "",
        Parity::Odd => ["（单）", " (odd)"][language],
        Parity::Even => ["（双）", " (even)"][language],
    };
    let one = |taken: &&Busy| format!("{}{}", taken.what, mark(taken.parity));
    busy.iter().map(one).collect::<Vec<_>>().join(["；", "; "][language])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn days_times_and_numbers_are_read_as_people_write_them() {
        for text in [
            "2026-09-01",
            "2026/9/1",
            "2026.9.1",
            "2026年9月1日",
            "20260901",
            "２０２６-9-1",
            "2026-09-01 00:00",
        ] {
            assert_eq!(day(text).unwrap().to_string(), "2026-09-01", "{text}");
        }
        for text in ["9月1日", "2026-02-30", "46266", "", "2026-09-01-02"] {
            assert_eq!(day(text), Err(Wrong::Day), "{text}");
        }
        for text in ["8:30", "08:30", "8：30", "08:30:00", "8时30分"] {
            assert_eq!(time(text), Ok(510), "{text}");
        }
        for text in ["8", "25:00", "8:60", "8:30:30", "-8:30", ""] {
            assert_eq!(time(text), Err(Wrong::Time), "{text}");
        }
        assert_eq!(
            (number::<u8>("３"), number::<u8>("300"), number::<u32>("10000")),
            (Ok(3), Ok(255), Ok(10_000))
        );
        for text in ["-1", "3.5", "三", "", "1e3", "12人"] {
            assert_eq!(number::<u8>(text), Err(Wrong::Number), "{text}");
        }
        assert_eq!((yes("是"), yes("NO"), yes("也许")), (Ok(true), Ok(false), Err(Wrong::YesNo)));
    }

    #[test]
    fn grades_weekdays_and_kinds_are_read_as_people_write_them() {
        for (text, expected) in
            [("3", 3), ("三", 3), ("三年级", 3), ("3年级", 3), ("Grade 3", 3), ("初二", 8), ("12", 12)]
        {
            assert_eq!(grade(text), Ok(expected), "{text}");
        }
        for (text, expected) in [("1", 1), ("周一", 1), ("星期日", 7), ("周天", 7), ("三", 3)] {
            assert_eq!(weekday(text), Ok(expected), "{text}");
        }
        assert!(grade("高一").is_err() && weekday("周八").is_err() && kind("公司").is_err());
    }
}
