//! Pairings and how they are kept; what a school reads of its county's pairings and of the history of its timetable.

use crate::access::Says;
use crate::house::{Kind, text};
use crate::roles::somebody;
use crate::term_county::{County, WEEK};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tongtang_protocol::account::AccountRole;

const PAIRING: &str = "
    INSERT INTO pairing (id, term_id, subject, grade, edition, teacher_id, classroom_id, created_at)
        VALUES ('pair-1', 'term-1', '音乐', 3, '人音版', 'per-li', 'room-m1', 0);
    INSERT INTO pairing_class (pairing_id, class_id) VALUES ('pair-1', 'cls-a'), ('pair-1', 'cls-b');";

/// Weeks 1 to 4 are over: one lesson held without 山下, one cancelled; two are to come, on a Tuesday.
async fn county() -> County {
    let county = County::open().await;
    let row = |id: &str, week: u8, state: &str, attended: [&str; 2]| {
        let (day, starts) = (county.day(week, 2), county.day(week, 2).at_minute(530).0);
        let class = |class: &str, room: &str, org: &str, attended: &str| {
            format!("('{id}', '{class}', '{room}', '{org}', 2, {starts}, {attended})")
        };
        format!(
            "INSERT INTO timetable_lesson (id, term_id, pairing_id, kind, title, subject, grade, org_id, teacher_id,
                 classroom_id, day, week, period, starts_at, ends_at, state, version, updated_at)
             VALUES ('{id}', 'term-1', 'pair-1', 'delivery', '三年级音乐', '音乐', 3, 'org-m', 'per-li', 'room-m1', '{day}',
                 {week}, 2, {starts}, {}, '{state}', 1, 0);
             INSERT INTO timetable_class (timetable_lesson_id, class_id, classroom_id, org_id, period, starts_at, attended)
             VALUES {}, {};",
            starts + 2_400_000,
            class("cls-a", "room-a", "org-a", attended[0]),
            class("cls-b", "room-b", "org-b", attended[1]),
        )
    };
    let rows = [
        PAIRING.to_owned(),
        row("held", 1, "held", ["1", "0"]),
        row("off", 2, "cancelled", ["NULL", "NULL"]),
        row("next", WEEK, "planned", ["NULL", "NULL"]),
        row("later", WEEK + 2, "planned", ["NULL", "NULL"]),
    ];
    county.run(&rows.concat()).await;
    county
}

/// Somebody who reads at this place.
async fn reader(county: &County, org: &str) -> String {
    match somebody(&county.house, AccountRole::Auditor, org, true).await {
        Says::Cookie(cookie) => cookie,
        other => panic!("signed in by a cookie, not {other:?}"),
    }
}

async fn read(county: &County, cookie: &str, path: &str) -> Vec<Value> {
    let answer = county.house.request(Method::GET, path).header(header::COOKIE, cookie).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_pairing_says_when_it_is_and_how_it_was_kept_for_each_class() {
    let county = county().await;
    let all = county.house.get("/api/terms/term-1/pairings").await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    let one = &all[0];
    assert_eq!(
        (&one["teacher_name"], &one["org_name"], &one["classroom_name"]),
        (&json!("李老师"), &json!("中心小学"), &json!("录播一室"))
    );
    assert_eq!(one["times"], json!([{"weekday": 2, "period": 2}]));
    assert_eq!((&one["held"], &one["missed"], &one["planned"]), (&json!(1), &json!(1), &json!(2)));
    let of = |class: &str| {
        let classes = one["classes"].as_array().unwrap();
        let class = classes.iter().find(|one| one["class_id"] == class).unwrap();
        ["delivered", "missed", "planned"].map(|key| class[key].as_u64().unwrap())
    };
    assert_eq!(
        (of("cls-a"), of("cls-b")),
        ([1, 1, 2], [0, 2, 2]),
        "山下 was not in the lesson that was held"
    );
}

#[tokio::test]
async fn a_school_reads_the_pairings_and_the_changes_that_concern_it_and_no_others() {
    let county = county().await;
    county
        .run(
            "INSERT INTO org (id, parent_id, kind, code, name, path, created_at) VALUES
                 ('org-c', 'org-county', 'school', '4301009', '远方教学点', '/org-county/org-c/', 0);
             INSERT INTO person (id, org_id, code, name) VALUES ('per-there', 'org-b', '1002', '张老师')",
        )
        .await;
    let mut readers = std::collections::BTreeMap::new();
    for org in ["org-m", "org-a", "org-b", "org-c", "org-county"] {
        readers.insert(org, reader(&county, org).await);
    }
    for (org, sees) in [("org-m", 1), ("org-a", 1), ("org-b", 1), ("org-c", 0), ("org-county", 1)] {
        let seen = read(&county, &readers[org], "/api/terms/term-1/pairings").await;
        assert_eq!(seen.len(), sees, "{org}");
    }
    // Of 中心小学 and 河口 alone; then of a swap with one that is 山下's too.
    let lesson = county.add(3, 5).await;
    let other = county.input(county.day(WEEK, 4), 3, "per-wang", "room-m2", &["cls-b"]);
    let other = county.try_add(other, StatusCode::CREATED).await["lessons"][0].clone();
    county.change(&lesson, json!({"do": "swap", "with": other["id"]}), StatusCode::OK).await;
    let seen = async |org: &str| {
        let changes = read(&county, &readers[org], "/api/terms/term-1/changes").await;
        changes.iter().map(|one| text(&one["kind"])).collect::<Vec<_>>()
    };
    let all_see_theirs = async || {
        for (org, kinds) in [
            ("org-m", &["swap", "add", "add"][..]),
            ("org-a", &["swap", "add"]),
            ("org-b", &["swap", "add"]),
            ("org-c", &[]),
            ("org-county", &["swap", "add", "add"]),
        ] {
            assert_eq!(seen(org).await, kinds, "{org}");
        }
    };
    all_see_theirs().await;
    // Changes of a server from before it kept their places: the migration finds them.
    let migration = match crate::DATABASE {
        Kind::Sqlite => include_str!("../../migrations/sqlite/0015_change_place.sql"),
        Kind::Postgres => include_str!("../../migrations/postgres/0015_change_place.sql"),
    };
    let (_, inserts) = migration.split_once("-- Changes made before").unwrap();
    county.run(&format!("DELETE FROM timetable_change_place; --{inserts}")).await;
    all_see_theirs().await;
}

#[tokio::test]
async fn a_scheduler_keeps_bell_times_and_says_who_goes_by_them() {
    let county = County::open().await;
    let Says::Cookie(cookie) = somebody(&county.house, AccountRole::Scheduler, "org-county", true).await
    else {
        panic!("signed in by a cookie");
    };
    let ask = async |method: Method, path: &str, body: Value| {
        let request = county.house.request(method, path).header(header::COOKIE, &cookie);
        request.header(header::ORIGIN, county.house.url("")).json(&body).send().await.unwrap()
    };
    let bells = json!({"org_id": "org-a", "name": "冬季作息", "periods": crate::county_api::periods(510)});
    let made = ask(Method::POST, "/api/bell-schedules", bells).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let id = text(&made.json::<Value>().await.unwrap()["id"]);
    let own = json!({"bell_schedule_id": id});
    let followed = ask(Method::PUT, "/api/orgs/org-a/bell-schedule", own.clone()).await;
    assert_eq!(followed.status(), StatusCode::OK);
    assert_eq!(county.house.get("/api/orgs/org-a").await["bell_schedule_id"], json!(id));
    // Of another school they are not; and a place stays what it is otherwise.
    let refused = ask(Method::PUT, "/api/orgs/org-b/bell-schedule", own).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let back = ask(Method::PUT, "/api/orgs/org-a/bell-schedule", json!({})).await;
    assert_eq!(back.status(), StatusCode::OK);
    assert_eq!(county.house.get("/api/orgs/org-a").await["bell_schedule_id"], Value::Null);
    let place = crate::county_api::org(Some("org-county"), "school", "4301002", "改名");
    assert_eq!(ask(Method::PUT, "/api/orgs/org-a", place).await.status(), StatusCode::FORBIDDEN);
}
