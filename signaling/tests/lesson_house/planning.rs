//! A term is planned by the real planner in a process of its own, looked at, published, repaired and counted.

use crate::house::{House, expect, text, wait_for};
use crate::term_county::County;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// 音乐 is prescribed twice a week in grade 3, 体育 three times; nobody teaches music on site.
const DEMANDS: &str = "
    INSERT INTO curriculum (org_id, subject, grade, weekly_periods) VALUES
        ('org-county', '音乐', 3, 2), ('org-county', '体育', 3, 3);
    INSERT INTO class_subject (class_id, subject, edition, on_site_periods) VALUES
        ('cls-a', '体育', '', 3), ('cls-b', '体育', '', 3), ('cls-a', '音乐', '人音版', 0);
    INSERT INTO teacher_subject (person_id, subject, grade_from, grade_to, edition) VALUES
        ('per-li', '音乐', 1, 6, ''), ('per-wang', '音乐', 3, 6, '人音版');
    UPDATE person SET max_delivered = 4 WHERE id = 'per-li';";

async fn county() -> County {
    let county = County::open().await;
    county.run(DEMANDS).await;
    county
}

async fn begin(county: &County) -> Value {
    let request = county.house.as_admin(Method::POST, "/api/terms/term-1/plans");
    expect(request.json(&json!({"time_limit_s": 60})), StatusCode::ACCEPTED).await
}

async fn ended(county: &County, plan: &Value) -> Value {
    let path = format!("/api/plans/{}", text(&plan["id"]));
    wait_for("the plan", async || {
        let plan = county.house.get(&path).await;
        (plan["state"] != "running").then_some(plan)
    })
    .await
}

async fn publish(county: &County, plan: &Value, status: StatusCode) -> Value {
    let path = format!("/api/plans/{}/publish", text(&plan["id"]));
    expect(county.house.as_admin(Method::POST, &path).json(&json!({})), status).await
}

async fn week(county: &County, week: u64) -> Vec<Value> {
    let page = county.house.get(&format!("/api/terms/term-1/weeks/{week}?org_id=org-county")).await;
    page["lessons"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_plan_is_made_beside_the_timetable_published_with_one_press_and_taken_back() {
    let county = county().await;
    let begun = begin(&county).await;
    assert_eq!(
        (&begun["state"], &begun["demanded"], &begun["by_name"]),
        (&json!("running"), &json!(4), &json!("管理员"))
    );
    assert!(begun["progress"]["words"].as_str().is_some_and(|words| !words.is_empty()), "{begun}");
    let plan = ended(&county, &begun).await;
    assert_eq!(
        (&plan["state"], &plan["served"], &plan["gap"]),
        (&json!("draft"), &json!(4), &json!(0.0)),
        "{plan}"
    );
    let from_week = plan["from_week"].as_u64().unwrap();
    assert!(week(&county, from_week).await.is_empty(), "a draft stands beside the timetable");

    let draft = county.house.get(&format!("/api/plans/{}/draft", text(&plan["id"]))).await;
    let lessons = draft["lessons"].as_array().unwrap();
    assert!(lessons.iter().all(|lesson| lesson["is_kept"] == false && lesson["teacher_name"] == "李老师"));
    let classes: usize = lessons.iter().map(|lesson| lesson["class_names"].as_array().unwrap().len()).sum();
    assert_eq!(classes, 4, "two classes twice a week: {draft}");
    let whom: Vec<&str> =
        draft["changes"].as_array().unwrap().iter().map(|change| change["name"].as_str().unwrap()).collect();
    assert_eq!(whom, ["中心小学 李老师", "山下教学点 山下三班", "河口教学点 三（1）班"]);
    assert_eq!(draft["unserved"], json!([]));

    let published = publish(&county, &plan, StatusCode::OK).await;
    assert_eq!(published["change"]["kind"], "publish");
    let planned = week(&county, from_week).await;
    assert_eq!(planned.len(), lessons.len());
    assert_eq!(week(&county, 20).await.len(), lessons.len(), "every week to the last");
    assert!(week(&county, from_week - 1).await.is_empty());
    let pairings = county.house.get("/api/terms/term-1/pairings").await;
    assert!(planned.iter().all(|lesson| pairings.to_string().contains(&text(&lesson["pairing_id"]))));
    publish(&county, &plan, StatusCode::CONFLICT).await;

    // Planned again, it is what is there: nothing changes for anybody.
    let again = ended(&county, &begin(&county).await).await;
    let draft = county.house.get(&format!("/api/plans/{}/draft", text(&again["id"]))).await;
    assert_eq!(draft["changes"], json!([]), "{draft}");
    assert!(draft["lessons"].as_array().unwrap().iter().all(|lesson| lesson["is_kept"] == true));
    let nothing = publish(&county, &again, StatusCode::OK).await;
    assert_eq!(nothing["change"]["lessons"], 0);
    assert_eq!(week(&county, from_week).await, planned);

    county.undo(&published, StatusCode::OK).await;
    assert!(week(&county, from_week).await.is_empty() && week(&county, 20).await.is_empty());
    assert_eq!(county.house.get("/api/terms/term-1/pairings").await, json!([]));
}

#[tokio::test]
async fn a_plans_progress_is_told_until_it_is_a_draft() {
    let county = county().await;
    let begun = begin(&county).await;
    let path = format!("/api/plans/{}/events", text(&begun["id"]));
    let events = county.house.as_admin(Method::GET, &path).send().await.unwrap();
    assert_eq!(events.headers()[header::CONTENT_TYPE], "text/event-stream");
    // It ends by itself.
    let told = events.text().await.unwrap();
    let last = told.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!((&last["state"], &last["id"]), (&json!("draft"), &begun["id"]), "{told}");
}

#[tokio::test]
async fn what_a_plan_lacks_is_said_in_words_and_a_planner_that_fails_says_why() {
    let bare = County::open().await;
    let request = bare.house.as_admin(Method::POST, "/api/terms/term-1/plans").json(&json!({}));
    let refused = expect(request, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["type"], "cannot_plan");
    assert!(refused["detail"].as_str().unwrap().contains("课程计划"), "{refused}");
    for bad in [json!({"time_limit_s": 1}), json!({"from_week": 1}), json!({"from_week": 21})] {
        let request = bare.house.as_admin(Method::POST, "/api/terms/term-1/plans").json(&bad);
        expect(request, StatusCode::UNPROCESSABLE_ENTITY).await;
    }

    let broken = House::open_with_program(PathBuf::from("/bin/false")).await;
    let county = County::in_house(broken).await;
    county.run(DEMANDS).await;
    let plan = ended(&county, &begin(&county).await).await;
    assert_eq!(plan["state"], "failed");
    assert!(plan["error"].as_str().unwrap().contains("技术人员"), "{plan}");
    publish(&county, &plan, StatusCode::CONFLICT).await;
}

#[tokio::test]
async fn a_plan_whose_server_was_killed_is_made_by_the_next_one() {
    let house = House::open_with_program(PathBuf::from("/no/such/program")).await;
    let county = County::in_house(house).await;
    county.run(DEMANDS).await;
    let plan = ended(&county, &begin(&county).await).await;
    assert_eq!(plan["state"], "failed", "{plan}");
    // As a server leaves it that is killed in the middle.
    county.run("UPDATE plan SET state = 'running', error = NULL").await;
    let first_day = county.first_day;
    let county = County { house: county.house.reopen().await, first_day };
    assert_eq!(ended(&county, &plan).await["state"], "draft");
}

#[tokio::test]
async fn a_plan_that_is_cancelled_before_its_process_listens_is_a_draft_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("planner");
    let real = env!("CARGO_BIN_EXE_tongtang");
    // Ends the first time as a process does that has no handler yet.
    let script = format!("#!/bin/sh\nmkdir \"$0.begun\" 2>&- && kill -TERM $$\nexec {real} \"$@\"\n");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let county = County::in_house(House::open_with_program(program).await).await;
    county.run(DEMANDS).await;
    let plan = ended(&county, &begin(&county).await).await;
    assert_eq!((&plan["state"], &plan["served"]), (&json!("draft"), &json!(4)), "{plan}");
}

#[tokio::test]
async fn a_teacher_falls_ill_and_each_way_out_can_be_taken_as_it_is_proposed() {
    let county = county().await;
    county.run("UPDATE person SET max_delivered = 4 WHERE id = 'per-wang'").await;
    let lessons = [county.add(1, 2).await, county.add(2, 3).await];
    let day = |weekday| county.day(crate::term_county::WEEK, weekday);
    let body = json!({"teacher_id": "per-li", "from": day(1), "to": day(2), "reason": "病假"});
    let ask = || county.house.as_admin(Method::POST, "/api/terms/term-1/repairs").json(&body);
    let ways = expect(ask(), StatusCode::OK).await;
    let ways = ways.as_array().unwrap();
    let of = |way: &Value| (way["kept"].as_u64().unwrap(), way["lost"].as_u64().unwrap());
    assert_eq!(ways.iter().map(of).collect::<Vec<_>>(), [(2, 0), (2, 0), (0, 2)], "{ways:?}");
    assert_eq!(ways[0]["words"], "2 节由其他老师代课");
    assert!(ways[0]["changes"][0]["words"].as_str().unwrap().contains("由中心小学 王老师代课"), "{ways:?}");
    assert_eq!(ways[1]["words"], "2 节换时间或教室");
    // 王老师 is elsewhere on Tuesday by now: one lesson is moved instead.
    let busy = county.input(day(2), 3, "per-wang", "room-m2", &["cls-b"]);
    county.try_add(busy, StatusCode::CREATED).await;
    let ways = expect(ask(), StatusCode::OK).await;
    assert_eq!(ways[0]["words"], "1 节由其他老师代课，1 节换时间或教室");
    for change in ways[0]["changes"].as_array().unwrap() {
        let lesson = lessons.iter().find(|lesson| lesson["id"] == change["lesson_id"]).unwrap();
        county.change(lesson, change["change"].clone(), StatusCode::OK).await;
    }
    assert_eq!(expect(ask(), StatusCode::OK).await, json!([]), "nobody is left without");

    for bad in [
        json!({"from": day(1), "to": day(2)}),
        json!({"teacher_id": "per-li", "classroom_id": "room-m1", "from": day(1), "to": day(2)}),
        json!({"teacher_id": "per-li", "from": day(2), "to": day(1)}),
    ] {
        let request = county.house.as_admin(Method::POST, "/api/terms/term-1/repairs").json(&bad);
        expect(request, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
}

#[tokio::test]
async fn a_room_that_fails_is_replaced_by_another_of_the_school() {
    let county = county().await;
    county.add(1, 2).await;
    let day = county.day(crate::term_county::WEEK, 1);
    let body = json!({"classroom_id": "room-m1", "from": day, "to": day});
    let ways =
        expect(county.house.as_admin(Method::POST, "/api/terms/term-1/repairs").json(&body), StatusCode::OK)
            .await;
    assert_eq!(ways[0]["changes"][0]["change"]["classroom_id"], "room-m2", "{ways}");
    assert_eq!(ways[0]["changes"][0]["change"]["period"], 2);
}
