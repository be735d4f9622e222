//! The forecast names the pairing that would mend it, and each is one that the timetable takes.

use crate::house::expect;
use crate::planning::county;
use crate::term_county::County;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// 李老师's pairing with 河口: Tuesdays in weeks 7 to 10.
async fn paired() -> County {
    let county = county().await;
    county
        .run(
            "INSERT INTO pairing (id, term_id, subject, grade, edition, teacher_id, classroom_id, created_at)
                 VALUES ('pair-1', 'term-1', '音乐', 3, '', 'per-li', 'room-m1', 0);
             INSERT INTO pairing_class (pairing_id, class_id) VALUES ('pair-1', 'cls-a');
             UPDATE person SET max_delivered = 1 WHERE id = 'per-li';",
        )
        .await;
    for week in 7..=10 {
        let mut lesson = county.input(county.day(week, 2), 2, "per-li", "room-m1", &["cls-a"]);
        lesson["pairing_id"] = json!("pair-1");
        county.try_add(lesson, StatusCode::CREATED).await;
    }
    county
}

async fn remedies(county: &County, class: &str) -> Value {
    let path = format!("/api/terms/term-1/ledger/remedies?class_id={class}&subject=音乐");
    county.house.get(&path).await
}

fn joining(found: &Value) -> Option<&Value> {
    found["remedies"].as_array().unwrap().iter().find(|one| one["pairing_id"] == "pair-1")
}

#[tokio::test]
async fn a_class_that_will_be_short_could_join_a_pairing_that_has_room() {
    let county = paired().await;
    let row = county.house.get("/api/terms/term-1/ledger?org_id=org-b").await;
    let rows = row["rows"].as_array().unwrap();
    let short = &rows.iter().find(|row| row["subject"] == "音乐").unwrap()["forecast_short"];
    let found = remedies(&county, "cls-b").await;
    assert_eq!(found["short"], *short, "the forecast is the ledger's");
    let join = joining(&found).unwrap_or_else(|| panic!("{found}"));
    assert_eq!(
        (&join["gives"], &join["classes"], &join["times"], &join["teacher_name"]),
        (&json!(4), &json!(1), &json!([{"weekday": 2, "period": 2}]), &json!("李老师"))
    );
    // What they have on site is in the way of one of them in odd weeks.
    county
        .run("INSERT INTO class_busy (class_id, weekday, period, parity, subject) VALUES ('cls-b', 2, 2, 'odd', '语文')")
        .await;
    assert_eq!(joining(&remedies(&county, "cls-b").await).unwrap()["gives"], 2);
    // Full, of another edition, or theirs already: not joined.
    county.run("UPDATE classroom SET max_receivers = 1 WHERE id = 'room-m1'").await;
    assert_eq!(joining(&remedies(&county, "cls-b").await), None);
    assert_eq!(joining(&remedies(&county, "cls-a").await), None);
}

#[tokio::test]
async fn a_new_pairing_is_proposed_at_times_that_the_timetable_takes() {
    let county = paired().await;
    county.run("UPDATE person SET max_delivered = 2 WHERE id = 'per-wang'").await;
    let found = remedies(&county, "cls-b").await;
    let new = found["remedies"].as_array().unwrap().iter().find(|one| one["pairing_id"].is_null()).unwrap();
    assert_eq!(
        (&new["teacher_name"], new["times"].as_array().unwrap().len()),
        (&json!("王老师"), 2),
        "{found}"
    );
    assert_eq!(found["remedies"][0], *new, "it gives most");
    for time in new["times"].as_array().unwrap() {
        let day = county.day(9, u8::try_from(time["weekday"].as_u64().unwrap()).unwrap());
        let period = u8::try_from(time["period"].as_u64().unwrap()).unwrap();
        let room = new["classroom_id"].as_str().unwrap();
        let lesson = county.input(day, period, "per-wang", room, &["cls-b"]);
        let check = county.house.as_admin(Method::POST, "/api/terms/term-1/lessons/checks").json(&lesson);
        assert_eq!(expect(check, StatusCode::OK).await, json!({"conflicts": [], "reasons": []}), "{time}");
    }
    // Who gives their number already gives no more.
    county.run("UPDATE person SET max_delivered = 0 WHERE id = 'per-wang'").await;
    let found = remedies(&county, "cls-b").await;
    let others =
        found["remedies"].as_array().unwrap().iter().filter(|one| one["teacher_name"] == "王老师").count();
    assert_eq!(others, 0, "{found}");
}

#[tokio::test]
async fn a_class_that_lacks_nothing_needs_no_remedy() {
    let county = paired().await;
    let path = "/api/terms/term-1/ledger/remedies?class_id=cls-b&subject=体育";
    let found = county.house.get(path).await;
    assert_eq!(found, json!({"short": 0, "remedies": [], "until_week": 20}));
}
