//! 开齐开足: every number is that of the lessons behind it, up the tree and down to the reason why one was missed.

use crate::house::{expect, text};
use crate::term_county::County;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

/// The term began four weeks ago: weeks 1 to 4 are over. 音乐 is prescribed twice a week in grade 3, and 体育 is on site.
async fn county() -> County {
    let county = County::open().await;
    let past = |week, weekday| county.day(week, weekday).at_minute(600).0;
    let lesson = |id: &str, week: u8, state: &str, reason: &str| {
        let (day, starts) = (county.day(week, 2), past(week, 2));
        format!(
            "INSERT INTO timetable_lesson (id, term_id, kind, title, subject, grade, org_id, teacher_id, classroom_id, day,
                 week, period, starts_at, ends_at, state, reason, version, updated_at)
             VALUES ('{id}', 'term-1', 'delivery', '三年级音乐', '音乐', 3, 'org-m', 'per-li', 'room-m1', '{day}',
                 {week}, 2, {starts}, {}, '{state}', {reason}, 1, 0);",
            starts + 2_400_000
        )
    };
    let class = |lesson: &str, week, class: &str, room: &str, org: &str, attended: &str| {
        format!(
            "INSERT INTO timetable_class (timetable_lesson_id, class_id, classroom_id, org_id, period, starts_at, attended)
             VALUES ('{lesson}', '{class}', '{room}', '{org}', 2, {}, {attended});",
            past(week, 2)
        )
    };
    let a = |id: &str, week, attended: &str| class(id, week, "cls-a", "room-a", "org-a", attended);
    let b = |id: &str, week, attended: &str| class(id, week, "cls-b", "room-b", "org-b", attended);
    let rows = [
        "INSERT INTO curriculum (org_id, subject, grade, weekly_periods) VALUES
             ('org-county', '音乐', 3, 2), ('org-county', '体育', 3, 3);
         INSERT INTO class_subject (class_id, subject, edition, on_site_periods) VALUES
             ('cls-a', '体育', '', 3), ('cls-b', '体育', '', 2);"
            .to_owned(),
        lesson("held", 1, "held", "NULL"),
        a("held", 1, "1"),
        b("held", 1, "0"),
        lesson("cancelled", 2, "cancelled", "'停电'"),
        a("cancelled", 2, "NULL"),
        lesson("missed", 3, "missed", "NULL"),
        a("missed", 3, "NULL"),
        lesson("to-come", 7, "planned", "NULL"),
        a("to-come", 7, "NULL"),
        lesson("replaced", 7, "replaced", "NULL"),
        b("replaced", 7, "NULL"),
    ];
    county.run(&rows.concat()).await;
    county
}

async fn ledger(county: &County, query: &str) -> Value {
    county.house.get(&format!("/api/terms/term-1/ledger?{query}")).await
}

fn row<'v>(view: &'v Value, name: &str, subject: &str) -> &'v Value {
    let rows = view["rows"].as_array().unwrap();
    let found = rows.iter().find(|row| row["name"] == name && row["subject"] == subject);
    found.unwrap_or_else(|| panic!("no {name} {subject}: {view}"))
}

fn of(row: &Value) -> [u64; 5] {
    ["prescribed", "on_site", "delivered", "missed", "planned"].map(|key| row["sum"][key].as_u64().unwrap())
}

#[tokio::test]
async fn the_term_so_far_adds_up_from_the_classes_to_the_county() {
    let county = county().await;
    let school = ledger(&county, "org_id=org-a").await;
    let [prescribed, _, delivered, missed, planned] = of(row(&school, "三（1）班", "音乐"));
    assert!(prescribed >= 8, "four whole weeks are over: {school}");
    assert_eq!([delivered, missed, planned], [1, 2, 1]);
    // 20 weeks less a Wednesday that is made up on a Sunday: 100 teaching days, 40 periods.
    assert_eq!(row(&school, "三（1）班", "音乐")["forecast_short"], 40 - 1 - 1);
    assert_eq!(row(&school, "三（1）班", "体育")["forecast_short"], 0);
    let whole = ledger(&county, "org_id=org-county").await;
    assert_eq!(of(row(&whole, "河口教学点", "音乐")), of(row(&school, "三（1）班", "音乐")));
    assert_eq!(of(row(&whole, "山下教学点", "音乐"))[2..], [0, 1, 0], "held, but its room was not there");
    let total = |subject: &str| {
        let totals = whole["totals"].as_array().unwrap();
        of(totals.iter().find(|row| row["subject"] == subject).unwrap())
    };
    let sum = |subject: &str| {
        let rows = whole["rows"].as_array().unwrap().iter().filter(|row| row["subject"] == subject);
        rows.map(of).fold([0; 5], |sum, row| std::array::from_fn(|at| sum[at] + row[at]))
    };
    assert_eq!((total("音乐"), total("体育")), (sum("音乐"), sum("体育")));
    assert_eq!(ledger(&county, "").await, whole, "without a place: all that one may see");
}

#[tokio::test]
async fn a_week_stands_whole_and_a_holiday_that_is_made_up_costs_nothing() {
    let county = county().await;
    let music = async |week: u8| {
        of(row(&ledger(&county, &format!("org_id=org-a&week={week}")).await, "三（1）班", "音乐"))
    };
    assert_eq!(music(1).await, [2, 0, 1, 0, 0]);
    assert_eq!(music(2).await, [2, 0, 0, 1, 0]);
    assert_eq!(music(7).await, [2, 0, 0, 0, 1]);
    assert_eq!(music(8).await[0], 2, "five teaching days, one of them a Sunday");
    county.run("DELETE FROM term_day WHERE kind = 'make_up'").await;
    let weeks = [music(7).await[0], music(8).await[0], music(9).await[0]];
    assert_eq!(weeks.iter().sum::<u64>(), 5, "14 teaching days of two a week: {weeks:?}");
    for bad in ["week=0", "week=21"] {
        let request = county.house.as_admin(Method::GET, &format!("/api/terms/term-1/ledger?{bad}"));
        expect(request, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let elsewhere = county.house.as_admin(Method::GET, "/api/terms/term-1/ledger?org_id=org-none");
    expect(elsewhere, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn every_number_opens_its_lessons_and_says_why_one_was_missed() {
    let county = county().await;
    let path = "/api/terms/term-1/ledger/lessons?class_id=cls-a&subject=%E9%9F%B3%E4%B9%90";
    let lessons = county.house.get(path).await;
    let told: Vec<(String, String, Value)> = lessons
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (text(&of["lesson"]["id"]), text(&of["counts_as"]), of["why"].clone()))
        .collect();
    let expected = [
        ("held", "delivered", Value::Null),
        ("cancelled", "missed", json!("已取消：停电")),
        ("missed", "missed", json!("到时间没有上课")),
        ("to-come", "planned", Value::Null),
    ]
    .map(|(id, counts, why)| (id.to_owned(), counts.to_owned(), why));
    assert_eq!(told, expected);
    let b = county.house.get(&path.replace("cls-a", "cls-b")).await;
    assert_eq!((&b[0]["counts_as"], b.as_array().unwrap().len()), (&json!("missed"), 1), "{b}");
    assert!(text(&b[0]["why"]).contains("没有进入课堂"));
}

#[tokio::test]
async fn the_workbook_has_the_same_rows_in_the_callers_language() {
    let county = county().await;
    for (language, heading) in [("zh-CN", "应开"), ("en", "Prescribed")] {
        let request = county
            .house
            .as_admin(Method::GET, "/api/terms/term-1/ledger.xlsx?org_id=org-a")
            .header(header::ACCEPT_LANGUAGE, language);
        let answer = request.send().await.unwrap();
        assert!(answer.headers()[header::CONTENT_TYPE].to_str().unwrap().contains("spreadsheetml"));
        let file = std::io::Cursor::new(answer.bytes().await.unwrap());
        let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(file).unwrap();
        use calamine::Reader;
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let view = ledger(&county, "org_id=org-a").await;
        assert_eq!(sheet.get_value((0, 2)).unwrap().to_string(), heading);
        assert_eq!(sheet.height(), 1 + view["rows"].as_array().unwrap().len());
        let music = (1..sheet.height() as u32).find(|&at| *sheet.get_value((at, 1)).unwrap() == "音乐");
        let cell = |column| sheet.get_value((music.unwrap(), column)).unwrap().to_string();
        assert_eq!([cell(0), cell(4), cell(5), cell(6)], ["三（1）班", "1", "2", "1"]);
    }
}
