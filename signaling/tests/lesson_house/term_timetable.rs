//! Lessons of a term: where they are placed, what is refused and in which words, and what takes a change back.

use crate::house::{expect, text};
use crate::term_county::{County, WEEK};
use futures_util::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tongtang_protocol::day::Day;

const HALF_HOUR_MS: i64 = 30 * 60_000;

fn at(day: Day, hour: i64, minute: i64) -> Value {
    json!(day.at_minute(hour * 60 + minute))
}

/// All but what grows with every change.
fn plain(mut lesson: Value) -> Value {
    lesson["version"] = Value::Null;
    lesson
}

#[tokio::test]
async fn a_lesson_stands_in_the_week_of_all_whom_it_concerns_and_in_no_other() {
    let county = County::open().await;
    let day = county.day(WEEK, 2);
    let body = county.input(day, 1, "per-li", "room-m1", &["cls-a", "cls-b"]);
    let made = county.try_add(body, StatusCode::CREATED).await;
    let lesson = &made["lessons"][0];
    // 山下 begins five minutes later: the lesson is what all bell times have in common.
    assert_eq!((&lesson["starts_at"], &lesson["ends_at"]), (&at(day, 8, 5), &at(day, 8, 40)));
    assert_eq!((&lesson["title"], &lesson["week"]), (&json!("三年级音乐"), &json!(WEEK)));
    assert_eq!((&lesson["org_name"], &lesson["teacher_name"]), (&json!("中心小学"), &json!("李老师")));
    assert_eq!((&made["change"]["kind"], &made["change"]["by_name"]), (&json!("add"), &json!("管理员")));
    let id = text(&lesson["id"]);
    for whose in [
        "teacher_id=per-li",
        "class_id=cls-a",
        "class_id=cls-b",
        "classroom_id=room-m1",
        "classroom_id=room-b",
        "org_id=org-m",
        "org_id=org-a",
        "org_id=org-b",
        "org_id=org-county",
    ] {
        assert_eq!(county.week(WEEK, whose).await, [id.as_str()], "{whose}");
        assert!(
            county.week(WEEK + 1, whose).await.is_empty() && county.week(WEEK - 1, whose).await.is_empty()
        );
    }
    for whose in ["teacher_id=per-wang", "class_id=cls-a2", "classroom_id=room-m2"] {
        assert!(county.week(WEEK, whose).await.is_empty(), "{whose}");
    }
    let get = async |query: &str, status| {
        expect(county.house.as_admin(Method::GET, &format!("/api/terms/term-1/weeks/{query}")), status).await
    };
    get("7", StatusCode::UNPROCESSABLE_ENTITY).await;
    get("7?teacher_id=per-li&org_id=org-m", StatusCode::UNPROCESSABLE_ENTITY).await;
    get("21?org_id=org-m", StatusCode::NOT_FOUND).await;
    get("7?org_id=org-nowhere", StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_double_booking_is_refused_and_both_languages_say_who_where_and_when() {
    let county = County::open().await;
    let lesson = county.add(2, 1).await;
    let same = county.input(county.day(WEEK, 2), 1, "per-li", "room-m1", &["cls-a"]);
    let refused = county.try_add(same.clone(), StatusCode::CONFLICT).await;
    assert_eq!(refused["type"], "taken");
    let kinds: Vec<_> =
        refused["conflicts"].as_array().unwrap().iter().map(|met| text(&met["kind"])).collect();
    for kind in ["teacher", "class", "classroom", "link"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind}: all that collides is told: {kinds:?}");
    }
    for met in refused["conflicts"].as_array().unwrap() {
        assert_eq!((&met["lesson_id"], &met["starts_at"]), (&lesson["id"], &lesson["starts_at"]), "{met}");
        assert_eq!(met["place"], "中心小学 录播一室");
    }
    let day = county.day(WEEK, 2).to_string();
    let english = county.house.as_admin(Method::POST, "/api/terms/term-1/lessons").json(&same);
    let english = expect(english.header("accept-language", "en"), StatusCode::CONFLICT).await;
    for (said, take) in [(&refused, "请换"), (&english, "Choose another")] {
        let detail = text(&said["detail"]);
        for part in ["李老师", "中心小学 录播一室", &day, "08:00–08:40", take] {
            assert!(detail.contains(part), "{part} is missing: {detail}");
        }
    }
    // Only the class is taken; and 河口's link carries one lesson, 中心小学's two.
    let other = county.input(county.day(WEEK, 2), 1, "per-wang", "room-m2", &["cls-a"]);
    let refused = county.try_add(other, StatusCode::CONFLICT).await;
    assert!(refused["conflicts"].as_array().unwrap().iter().all(|met| met["kind"] != "teacher"));
    let sibling = county.input(county.day(WEEK, 2), 1, "per-wang", "room-m2", &["cls-a2"]);
    let refused = county.try_add(sibling, StatusCode::CONFLICT).await;
    let conflicts = refused["conflicts"].as_array().unwrap();
    assert_eq!(
        (conflicts.len(), &conflicts[0]["kind"], &conflicts[0]["name"]),
        (1, &json!("link"), &json!("河口教学点"))
    );
    let elsewhere = county.input(county.day(WEEK, 2), 1, "per-wang", "room-m2", &["cls-b"]);
    county.try_add(elsewhere, StatusCode::CREATED).await;
}

#[tokio::test]
async fn what_is_taught_on_site_and_a_teachers_other_duties_stand_in_the_way_in_their_weeks() {
    let county = County::open().await;
    let put = async |week, weekday, period, teacher: &str, status| {
        let body = county.input(county.day(week, weekday), period, teacher, "room-m1", &["cls-a"]);
        county.try_add(body, status).await
    };
    // 三（1）班 has 语文 on Wednesdays; on the Sunday that makes Wednesday up it has, too.
    for (week, weekday) in [(WEEK, 3), (8, 7)] {
        let refused = put(week, weekday, 1, "per-li", StatusCode::CONFLICT).await;
        let met = &refused["conflicts"][0];
        assert_eq!(
            (&met["kind"], &met["name"], &met["title"]),
            (&json!("class"), &json!("三（1）班"), &json!("语文"))
        );
        assert_eq!((&met["lesson_id"], &met["place"]), (&Value::Null, &json!("河口教学点")));
        put(week, weekday, 2, "per-li", StatusCode::CREATED).await;
    }
    // 王老师 has 教研 on Fridays of odd weeks.
    let refused = put(WEEK, 5, 2, "per-wang", StatusCode::CONFLICT).await;
    assert_eq!(
        (&refused["conflicts"][0]["name"], &refused["conflicts"][0]["title"]),
        (&json!("王老师"), &json!("教研"))
    );
    put(8, 5, 2, "per-wang", StatusCode::CREATED).await;
    // Nothing on the holiday.
    let refused = put(8, 3, 2, "per-li", StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["type"], "misplaced");
}

#[tokio::test]
async fn a_class_whose_parents_have_not_agreed_is_booked_by_nobody() {
    let county = County::open().await;
    county.run("UPDATE class_group SET consent_live = 0 WHERE id = 'cls-a'").await;
    let body = county.input(county.day(WEEK, 2), 1, "per-li", "room-m1", &["cls-a", "cls-b"]);
    let refused = county.try_add(body, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["type"], "misplaced");
    assert!(refused["detail"].as_str().unwrap().contains("三（1）班还没有“互动上课”的家长同意"), "{refused}");
}

#[tokio::test]
async fn a_lesson_that_ends_at_midnight_of_the_weeks_last_day_belongs_to_that_week() {
    let county = County::open().await;
    let sunday = county.day(8, 7);
    let late = county.input(sunday, 8, "per-li", "room-m1", &["cls-a"]);
    let made = county.try_add(late, StatusCode::CREATED).await;
    let lesson = &made["lessons"][0];
    assert_eq!((&lesson["ends_at"], &lesson["day"]), (&at(sunday.plus(1), 0, 0), &json!(sunday)));
    assert_eq!(county.week(8, "teacher_id=per-li").await, [text(&lesson["id"])]);
    assert!(county.week(9, "teacher_id=per-li").await.is_empty());
    // Who is free from midnight on is free.
    let monday = county.input(county.day(9, 1), 1, "per-li", "room-m1", &["cls-a"]);
    county.try_add(monday, StatusCode::CREATED).await;
}

#[tokio::test]
async fn a_lesson_moves_and_moves_back_and_whoever_looked_before_is_told() {
    let county = County::open().await;
    let lesson = county.add(2, 1).await;
    let to = json!({"do": "move", "day": county.day(WEEK, 4), "period": 3, "reason": "李老师开会"});
    let moved = county.change(&lesson, to.clone(), StatusCode::OK).await;
    let now = &moved["lessons"][0];
    assert_eq!((&now["starts_at"], &now["version"]), (&at(county.day(WEEK, 4), 9, 50), &json!(2)));
    assert!(text(&moved["change"]["words"]).contains("第 3 节"), "{}", moved["change"]);
    let stale = county.change(&lesson, to, StatusCode::CONFLICT).await;
    assert_eq!(stale["type"], "stale");
    // The place it left is free.
    county.add(2, 1).await;
    let taken = county.undo(&moved, StatusCode::CONFLICT).await;
    assert_eq!((&taken["type"], &taken["conflicts"][0]["kind"]), (&json!("taken"), &json!("teacher")));
    assert_eq!(county.lesson(&lesson).await, *now, "a refused undo changes nothing");
}

#[tokio::test]
async fn undoing_restores_exactly_once_and_only_if_nothing_came_after() {
    let county = County::open().await;
    let (one, two) = (county.add(2, 1).await, county.add(4, 3).await);
    let swapped = county.change(&one, json!({"do": "swap", "with": two["id"]}), StatusCode::OK).await;
    let (now_one, now_two) = (county.lesson(&one).await, county.lesson(&two).await);
    assert_eq!((&now_one["starts_at"], &now_two["starts_at"]), (&two["starts_at"], &one["starts_at"]));
    assert_eq!(swapped["change"]["lessons"], 2);
    let undone = county.undo(&swapped, StatusCode::OK).await;
    assert_eq!(undone["change"]["kind"], "undo");
    assert_eq!(plain(county.lesson(&one).await), plain(one.clone()));
    assert_eq!(plain(county.lesson(&two).await), plain(two.clone()));
    assert_eq!(county.undo(&swapped, StatusCode::CONFLICT).await["type"], "undone_already");
    // An undoing is a change like others.
    county.undo(&undone, StatusCode::OK).await;
    assert_eq!(plain(county.lesson(&one).await), plain(now_one));

    let lesson = county.lesson(&one).await;
    let cancelled = county.change(&lesson, json!({"do": "cancel", "reason": "停电"}), StatusCode::OK).await;
    let lesson = county.lesson(&one).await;
    assert_eq!((&lesson["state"], &lesson["reason"]), (&json!("cancelled"), &json!("停电")));
    county.change(&lesson, json!({"do": "restore"}), StatusCode::OK).await;
    let refused = county.undo(&cancelled, StatusCode::CONFLICT).await;
    assert_eq!(refused["type"], "changed_since");
    assert!(text(&refused["detail"]).contains("三年级音乐"));
}

#[tokio::test]
async fn undoing_an_addition_removes_it_and_a_cancelled_lesson_leaves_its_place_to_others() {
    let county = County::open().await;
    let body = county.input(county.day(WEEK, 2), 1, "per-li", "room-m1", &["cls-a"]);
    let added = county.try_add(body.clone(), StatusCode::CREATED).await;
    county.undo(&added, StatusCode::OK).await;
    assert!(county.week(WEEK, "org_id=org-county").await.is_empty());
    let path = format!("/api/timetable-lessons/{}", text(&added["lessons"][0]["id"]));
    expect(county.house.as_admin(Method::GET, &path), StatusCode::NOT_FOUND).await;

    let lesson = county.add(2, 1).await;
    county.change(&lesson, json!({"do": "cancel", "reason": "生病"}), StatusCode::OK).await;
    county.try_add(body, StatusCode::CREATED).await;
    let cancelled = county.lesson(&lesson).await;
    let refused = county.change(&cancelled, json!({"do": "restore"}), StatusCode::CONFLICT).await;
    assert_eq!(refused["type"], "taken");
    let twice = county.change(&cancelled, json!({"do": "cancel", "reason": ""}), StatusCode::CONFLICT).await;
    assert_eq!(twice["type"], "wrong_state");
}

#[tokio::test]
async fn another_teacher_takes_over_if_free_and_a_check_says_so_before() {
    let county = County::open().await;
    let lesson = county.add(2, 1).await;
    let check = async |body: Value| {
        let path = format!("/api/timetable-lessons/{}/checks", text(&lesson["id"]));
        expect(county.house.as_admin(Method::POST, &path).json(&body), StatusCode::OK).await
    };
    let substitute = json!({"do": "substitute", "teacher_id": "per-wang", "version": 1});
    assert_eq!(check(substitute.clone()).await, json!({"conflicts": [], "reasons": []}));
    assert_eq!(county.lesson(&lesson).await, lesson, "looking changes nothing");
    let busy = county.input(county.day(WEEK, 2), 1, "per-wang", "room-m2", &["cls-b"]);
    let other = county.try_add(busy, StatusCode::CREATED).await;
    let met = check(substitute.clone()).await;
    assert_eq!(
        (&met["conflicts"][0]["kind"], &met["conflicts"][0]["name"]),
        (&json!("teacher"), &json!("王老师"))
    );
    assert_eq!(met["conflicts"][0]["lesson_id"], other["lessons"][0]["id"]);
    let holiday = check(json!({"do": "move", "day": county.day(8, 3), "period": 1, "version": 1})).await;
    assert!(text(&holiday["reasons"][0]).contains("不上课"), "{holiday}");
    county.change(&lesson, substitute.clone(), StatusCode::CONFLICT).await;
    county.undo(&other, StatusCode::OK).await;
    let done = county.change(&lesson, substitute, StatusCode::OK).await;
    assert_eq!(
        (&done["lessons"][0]["teacher_name"], &done["lessons"][0]["starts_at"]),
        (&json!("王老师"), &lesson["starts_at"])
    );
    assert_eq!(county.week(WEEK, "teacher_id=per-wang").await, [text(&lesson["id"])]);
    assert!(county.week(WEEK, "teacher_id=per-li").await.is_empty());
}

#[tokio::test]
async fn a_day_that_becomes_a_holiday_asks_before_it_cancels_its_lessons_and_gives_them_back() {
    let county = County::open().await;
    let (tuesday, thursday) = (county.add(2, 1).await, county.add(4, 1).await);
    let mut term = county.house.get("/api/terms/term-1").await;
    let id = term.as_object_mut().unwrap().remove("id").unwrap();
    let day = county.day(WEEK, 2).to_string();
    let storm = json!({"day": day, "kind": "holiday", "follows_weekday": null, "name": "台风停课"});
    term["days"].as_array_mut().unwrap().push(storm);
    let path = format!("/api/terms/{}", text(&id));
    let put = async |body: &Value, status| {
        expect(county.house.as_admin(Method::PUT, &path).json(body), status).await
    };
    let refused = put(&term, StatusCode::CONFLICT).await;
    assert_eq!(refused["type"], "lessons_on_days_off");
    let detail = text(&refused["detail"]);
    assert!(detail.contains(&day) && detail.contains("1 节课"), "{detail}");
    assert_eq!(county.lesson(&tuesday).await, tuesday, "nothing has changed");
    term["cancel_lessons"] = json!(true);
    put(&term, StatusCode::OK).await;
    let off = county.lesson(&tuesday).await;
    assert_eq!((&off["state"], &off["reason"]), (&json!("cancelled"), &json!("台风停课")));
    assert_eq!(county.lesson(&thursday).await, thursday);
    // The storm goes elsewhere: the day teaches again, and its lessons come back.
    term["days"].as_array_mut().unwrap().pop();
    term["cancel_lessons"] = json!(false);
    put(&term, StatusCode::OK).await;
    let history = county.house.get("/api/terms/term-1/changes").await;
    assert_eq!((&history[0]["kind"], &history[0]["reason"]), (&json!("cancel"), &json!("台风停课")));
    county.undo(&json!({"change": history[0]}), StatusCode::OK).await;
    assert_eq!(county.lesson(&tuesday).await["state"], "planned");
}

#[tokio::test]
async fn a_school_with_planned_lessons_stays_in_the_county_whose_term_they_are_of() {
    let county = County::open().await;
    let lesson = county.add(2, 1).await;
    county
        .run(
            "INSERT INTO org (id, parent_id, kind, code, name, path, created_at) VALUES
                 ('org-other', NULL, 'county', '430200', '望河县', '/org-other/', 0)",
        )
        .await;
    let path = "/api/orgs/org-a";
    let mut site = county.house.get(path).await;
    site.as_object_mut().unwrap().remove("id");
    site["parent_id"] = json!("org-other");
    let put = async |status| expect(county.house.as_admin(Method::PUT, path).json(&site), status).await;
    let refused = put(StatusCode::CONFLICT).await;
    assert!(text(&refused["detail"]).contains("1 节课"), "{refused}");
    county.change(&lesson, json!({"do": "cancel", "reason": "换县"}), StatusCode::OK).await;
    put(StatusCode::OK).await;
}

#[tokio::test]
async fn what_has_begun_stays_where_it_is() {
    let county = County::open().await;
    let past = county.input(county.day(1, 2), 1, "per-li", "room-m1", &["cls-a"]);
    assert_eq!(county.try_add(past, StatusCode::CONFLICT).await["type"], "past");
    let lesson = county.add(2, 1).await;
    let to_past = json!({"do": "move", "day": county.day(2, 2), "period": 1});
    assert_eq!(county.change(&lesson, to_past, StatusCode::CONFLICT).await["type"], "past");
    let moved = json!({"do": "move", "day": county.day(WEEK, 4), "period": 1});
    let moved = county.change(&lesson, moved, StatusCode::OK).await;
    let begun = tongtang::clock::now().0 - HALF_HOUR_MS;
    county.run(&format!("UPDATE timetable_lesson SET starts_at = {begun}")).await;
    let lesson = county.lesson(&lesson).await;
    for body in [
        json!({"do": "move", "day": county.day(WEEK, 5), "period": 1}),
        json!({"do": "cancel", "reason": "迟了"}),
        json!({"do": "substitute", "teacher_id": "per-wang"}),
    ] {
        assert_eq!(county.change(&lesson, body, StatusCode::CONFLICT).await["type"], "past");
    }
    assert_eq!(county.undo(&moved, StatusCode::CONFLICT).await["type"], "past");
}

#[tokio::test]
async fn everybody_who_listens_hears_which_weeks_changed_and_the_history_tells_what_newest_first() {
    let county = County::open().await;
    let lesson = county.add(2, 1).await;
    let response = county.house.as_admin(Method::GET, "/api/timetable/events").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut stream = response.bytes_stream();
    let moved = json!({"do": "move", "day": county.day(WEEK + 2, 2), "period": 2});
    county.change(&lesson, moved, StatusCode::OK).await;
    let mut heard = String::new();
    while !heard.contains("\n\n") {
        let bytes =
            tokio::time::timeout(crate::house::DEADLINE, stream.next()).await.unwrap().unwrap().unwrap();
        heard.push_str(std::str::from_utf8(&bytes).unwrap());
    }
    assert!(heard.contains("event: changed"), "{heard}");
    let data: Value = heard.lines().find_map(|line| line.strip_prefix("data: ")).unwrap().parse().unwrap();
    assert_eq!(data, json!({"term_id": "term-1", "weeks": [WEEK, WEEK + 2], "lesson_ids": [lesson["id"]]}));

    let history = county.house.get("/api/terms/term-1/changes").await;
    let kinds: Vec<_> = history.as_array().unwrap().iter().map(|change| text(&change["kind"])).collect();
    assert_eq!(kinds, ["move", "add"]);
    let page = county.house.get("/api/terms/term-1/changes?limit=1").await;
    assert_eq!(page[0]["id"], history[0]["id"]);
    let rest = county.house.get(&format!("/api/terms/term-1/changes?after={}", text(&page[0]["id"]))).await;
    assert_eq!((rest.as_array().unwrap().len(), &rest[0]["id"]), (1, &history[1]["id"]));
}

#[tokio::test]
async fn nonsense_is_refused_with_the_field_that_is_wrong() {
    let county = County::open().await;
    let good = county.input(county.day(WEEK, 2), 1, "per-li", "room-m1", &["cls-a"]);
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (field, value) in [
        ("grade", json!(0)),
        ("grade", json!(10)),
        ("subject", json!("")),
        ("subject", json!("音".repeat(33))),
        ("period", json!(0)),
        ("period", json!(17)),
        ("title", json!("a\nb")),
        ("class_ids", json!(vec!["cls-a"; 17])),
    ] {
        let refused = county.try_add(with(field, value), StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(text(&refused["detail"]).contains(field), "{refused}");
    }
    for (field, value) in [
        ("teacher_id", json!("per-nobody")),
        ("classroom_id", json!("room-nowhere")),
        ("class_ids", json!(["cls-none"])),
        ("classroom_id", json!("room-b")),
        ("period", json!(9)),
    ] {
        let refused = county.try_add(with(field, value), StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(refused["type"], "misplaced", "{refused}");
    }
    county.try_add(with("day", json!("2026-02-30")), StatusCode::UNPROCESSABLE_ENTITY).await;
    let nowhere = county.house.as_admin(Method::POST, "/api/terms/term-0/lessons").json(&good);
    expect(nowhere, StatusCode::NOT_FOUND).await;
}
