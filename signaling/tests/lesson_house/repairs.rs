//! A way out is taken with one press and undone with one; who can take a lesson over; a new lesson is looked at before it is made.

use crate::house::{expect, text};
use crate::planning::county;
use crate::term_county::{County, WEEK};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BOTH_TEACH: &str = "UPDATE person SET max_delivered = 4 WHERE id = 'per-wang'";

async fn ways(county: &County, body: &Value) -> Value {
    expect(county.house.as_admin(Method::POST, "/api/terms/term-1/repairs").json(body), StatusCode::OK).await
}

async fn together(county: &County, changes: &Value, reason: &str, status: StatusCode) -> Value {
    let parts: Vec<Value> = changes
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!({"lesson_id": one["lesson_id"], "change": one["change"]}))
        .collect();
    let body = json!({"changes": parts, "reason": reason});
    expect(county.house.as_admin(Method::POST, "/api/terms/term-1/changes").json(&body), status).await
}

#[tokio::test]
async fn a_way_out_is_one_change_that_is_taken_and_undone_whole() {
    let county = county().await;
    county.run(BOTH_TEACH).await;
    let lessons = [county.add(1, 2).await, county.add(2, 3).await];
    let (from, to) = (county.day(WEEK, 1), county.day(WEEK, 2));
    let ill = json!({"teacher_id": "per-li", "from": from, "to": to, "reason": "病假"});
    let proposed = ways(&county, &ill).await;
    let done = together(&county, &proposed[0]["changes"], "病假", StatusCode::OK).await;
    assert_eq!(
        (&done["change"]["kind"], &done["change"]["lessons"], &done["change"]["reason"]),
        (&json!("repair"), &json!(2), &json!("病假"))
    );
    assert_eq!(done["change"]["words"], "调整 2 节课：2 节代课");
    for lesson in &lessons {
        assert_eq!(county.lesson(lesson).await["teacher_name"], "王老师");
    }
    let history = county.house.get("/api/terms/term-1/changes").await;
    assert_eq!(history[0]["id"], done["change"]["id"], "one row of the history");
    let undone = county.undo(&done, StatusCode::OK).await;
    assert_eq!(undone["change"]["words"], "撤销了一次改动，涉及 2 节课");
    for lesson in &lessons {
        let now = county.lesson(lesson).await;
        assert_eq!((&now["teacher_name"], &now["starts_at"]), (&json!("李老师"), &lesson["starts_at"]));
    }
}

#[tokio::test]
async fn a_way_out_that_was_overtaken_changes_nothing() {
    let county = county().await;
    county.run(BOTH_TEACH).await;
    let lessons = [county.add(1, 2).await, county.add(2, 3).await];
    let ill = json!({"teacher_id": "per-li", "from": county.day(WEEK, 1), "to": county.day(WEEK, 2)});
    let proposed = ways(&county, &ill).await;
    // Somebody is quicker with the second lesson.
    county.change(&lessons[1], json!({"do": "cancel", "reason": "停电"}), StatusCode::OK).await;
    let refused = together(&county, &proposed[0]["changes"], "", StatusCode::CONFLICT).await;
    assert_eq!(refused["type"], "stale", "{refused}");
    assert_eq!(county.lesson(&lessons[0]).await, lessons[0], "all or nothing");
    // And what collides is named.
    let busy = county.input(county.day(WEEK, 1), 2, "per-wang", "room-m2", &["cls-b"]);
    county.try_add(busy, StatusCode::CREATED).await;
    let one = json!([proposed[0]["changes"][0]]);
    let refused = together(&county, &one, "", StatusCode::CONFLICT).await;
    assert_eq!((&refused["type"], &refused["conflicts"][0]["name"]), (&json!("taken"), &json!("王老师")));
}

#[tokio::test]
async fn several_changes_are_of_as_many_lessons_and_none_of_them_a_swap() {
    let county = county().await;
    let (one, two) = (county.add(1, 2).await, county.add(2, 3).await);
    let cancel = json!({"lesson_id": one["id"], "change": {"do": "cancel", "reason": "x", "version": 1}});
    let swap = json!({"lesson_id": one["id"], "change": {"do": "swap", "with": two["id"], "version": 1}});
    for bad in [json!([]), json!([cancel, cancel]), json!([swap]), Value::from(vec![cancel.clone(); 201])] {
        let refused = together(&county, &bad, "", StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(text(&refused["detail"]).contains("changes"), "{refused}");
    }
    let nobody = json!([{"lesson_id": "tl-0", "change": cancel["change"]}]);
    together(&county, &nobody, "", StatusCode::NOT_FOUND).await;
    let long = "长".repeat(201);
    together(&county, &json!([cancel]), &long, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(county.lesson(&one).await, one);
}

#[tokio::test]
async fn an_absence_of_some_periods_leaves_the_others_alone() {
    let county = county().await;
    let (early, late) = (county.add(1, 2).await, county.add(1, 5).await);
    let day = county.day(WEEK, 1);
    let ill = json!({"teacher_id": "per-li", "from": day, "to": day, "periods": [2, 3]});
    let proposed = ways(&county, &ill).await;
    let touched: Vec<&Value> =
        proposed[0]["changes"].as_array().unwrap().iter().map(|one| &one["lesson_id"]).collect();
    assert_eq!(touched, [&early["id"]], "not {}", late["id"]);
}

#[tokio::test]
async fn substitutes_are_those_who_can_teach_it_and_are_free() {
    let county = county().await;
    county.run(BOTH_TEACH).await;
    let lesson = county.add(1, 2).await;
    let path = format!("/api/timetable-lessons/{}/substitutes", text(&lesson["id"]));
    let found = county.house.get(&path).await;
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        (&found[0]["teacher_name"], &found[0]["classroom_id"], &found[0]["lessons_that_week"]),
        (&json!("王老师"), &Value::Null, &json!(0))
    );
    let substitute = json!({"do": "substitute", "teacher_id": found[0]["teacher_id"], "version": 1});
    let path_of_checks = format!("/api/timetable-lessons/{}/checks", text(&lesson["id"]));
    let check = county.house.as_admin(Method::POST, &path_of_checks).json(&substitute);
    assert_eq!(expect(check, StatusCode::OK).await, json!({"conflicts": [], "reasons": []}));
    // Beyond what is agreed with them they are asked when nobody else is there, and it is said.
    assert_eq!(found[0]["over"], Value::Null);
    county.run("UPDATE person SET max_delivered = 1 WHERE id = 'per-wang'").await;
    let theirs = county.input(county.day(WEEK, 3), 3, "per-wang", "room-m2", &["cls-b"]);
    let theirs = county.try_add(theirs, StatusCode::CREATED).await;
    let found = county.house.get(&path).await;
    assert_eq!((&found[0]["lessons_that_week"], &found[0]["over"]), (&json!(1), &json!(1)), "{found}");
    county.undo(&theirs, StatusCode::OK).await;
    // Another edition than the class's, and somebody who teaches elsewhere then.
    county.run("UPDATE teacher_subject SET edition = '苏少版' WHERE person_id = 'per-wang'").await;
    assert_eq!(county.house.get(&path).await, json!([]));
    county.run("UPDATE teacher_subject SET edition = '人音版' WHERE person_id = 'per-wang'").await;
    let busy = county.input(county.day(WEEK, 1), 2, "per-wang", "room-m2", &["cls-b"]);
    county.try_add(busy, StatusCode::CREATED).await;
    assert_eq!(county.house.get(&path).await, json!([]));
}

#[tokio::test]
async fn a_new_lesson_is_looked_at_before_it_is_made() {
    let county = County::open().await;
    let check = async |body: &Value, status| {
        expect(county.house.as_admin(Method::POST, "/api/terms/term-1/lessons/checks").json(body), status)
            .await
    };
    let wanted = county.input(county.day(WEEK, 2), 1, "per-li", "room-m1", &["cls-a"]);
    assert_eq!(check(&wanted, StatusCode::OK).await, json!({"conflicts": [], "reasons": []}));
    assert!(county.week(WEEK, "org_id=org-county").await.is_empty(), "looking makes nothing");
    county.try_add(wanted.clone(), StatusCode::CREATED).await;
    let met = check(&wanted, StatusCode::OK).await;
    assert_eq!(met["conflicts"][0]["kind"], "teacher", "{met}");
    let holiday = county.input(county.day(8, 3), 1, "per-li", "room-m1", &["cls-a"]);
    assert!(text(&check(&holiday, StatusCode::OK).await["reasons"][0]).contains("不上课"));
    let mut bad = wanted;
    bad["grade"] = json!(0);
    check(&bad, StatusCode::UNPROCESSABLE_ENTITY).await;
}
