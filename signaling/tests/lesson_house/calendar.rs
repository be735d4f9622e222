//! Terms and bell times over HTTP, and what the server makes of them.

use crate::county_api::{County, made, org, periods, put, refused};
use crate::house::{House, expect};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tongtang::calendar::{Calendar, period_on};
use tongtang_protocol::ids::{OrgId, TermId};

fn term(county: &str, weeks: u8) -> Value {
    json!({"org_id": county, "name": "2026 秋", "first_day": "2026-08-31", "weeks": weeks, "days": [
        {"day": "2026-10-01", "kind": "holiday", "follows_weekday": null, "name": "国庆节"}]})
}

#[tokio::test]
async fn a_terms_holidays_and_make_up_days_shape_its_weeks() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let id = TermId::new(county.term.clone()).unwrap();
    let calendar = Calendar::new(&house.app.store().calendar(&id).await.unwrap().unwrap());
    // 100 school days, one free, one made up.
    assert_eq!(calendar.teaching_days().len(), 100);
    assert_eq!(calendar.day_of(5, 4), None);
    assert_eq!(calendar.of_day("2026-10-10".parse().unwrap()).unwrap().weekday, 4);

    let path = format!("/api/terms/{}", county.term);
    let mut body = term(&county.county, 18);
    put(&house, &path, body.clone()).await;
    body["id"] = json!(county.term);
    assert_eq!(house.get(&path).await, body);
    assert_eq!(
        house.get(&format!("/api/terms?org_id={}", county.school)).await,
        json!([body]),
        "a school reads its county's"
    );
    let other = made(&house, "/api/orgs", org(None, "county", "360200", "望河县")).await;
    assert_eq!(house.get(&format!("/api/terms?org_id={other}")).await, json!([]));
    expect(house.as_admin(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    assert_eq!(house.get("/api/terms").await, json!([]));
}

#[tokio::test]
async fn a_term_with_lessons_keeps_its_first_day_and_their_weeks() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let mut database = house.database().await;
    sqlx::query(
        "INSERT INTO timetable_lesson (id, term_id, kind, title, subject, grade, org_id, teacher_id, classroom_id,
             day, week, period, starts_at, ends_at, state, version, updated_at)
         VALUES ('tl-1', $1, 'delivery', '音乐', '音乐', 3, $2, $3, $4, '2026-12-01', 14, 1, 0, 1, 'planned', 1, 0)",
    )
    .bind(&county.term)
    .bind(&county.school)
    .bind(&county.teacher)
    .bind(&county.room)
    .execute(&mut database)
    .await
    .unwrap();
    let path = format!("/api/terms/{}", county.term);
    let mut moved = term(&county.county, 20);
    moved["first_day"] = json!("2026-09-07");
    let problem = refused(&house, Method::PUT, &path, moved, StatusCode::CONFLICT).await;
    assert!(problem["detail"].as_str().unwrap().contains("1 lessons"), "{problem}");
    let short = term(&county.county, 13);
    let problem = refused(&house, Method::PUT, &path, short, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(problem["detail"].as_str().unwrap().contains("from 14 to 30"), "{problem}");
    put(&house, &path, term(&county.county, 14)).await;
    refused(&house, Method::DELETE, &path, json!(null), StatusCode::CONFLICT).await;
    let teacher = format!("/api/teachers/{}", county.teacher);
    refused(&house, Method::DELETE, &teacher, json!(null), StatusCode::CONFLICT).await;
}

#[tokio::test]
async fn a_school_goes_by_its_own_bells_else_by_those_of_the_nearest_place_above() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let school = OrgId::new(county.school.clone()).unwrap();
    let day = "2026-11-27".parse().unwrap();
    let begins = async || {
        let bells = house.app.store().bells_of(&school).await.unwrap();
        period_on(&bells, 1, day).map(|(starts, _)| starts)
    };
    assert_eq!(begins().await, Some(day.at_minute(480)), "the county's");
    let body = json!({"org_id": county.school, "name": "本校作息", "periods": periods(485)});
    let own = made(&house, "/api/bell-schedules", body.clone()).await;
    assert_eq!(begins().await, Some(day.at_minute(480)), "not yet named");
    let mut place = org(Some(&county.county), "school", "3601001", "河东小学");
    place["bell_schedule_id"] = json!(own);
    put(&house, &format!("/api/orgs/{}", county.school), place).await;
    assert_eq!(begins().await, Some(day.at_minute(485)));
    let mut later = body;
    later["periods"] = periods(490);
    put(&house, &format!("/api/bell-schedules/{own}"), later.clone()).await;
    assert_eq!(begins().await, Some(day.at_minute(490)));
    later["id"] = json!(own);
    assert_eq!(house.get(&format!("/api/bell-schedules/{own}")).await, later);
    let listed = house.get(&format!("/api/bell-schedules?org_id={}", county.school)).await;
    assert_eq!(listed.as_array().unwrap().len(), 2, "its own and the county's: {listed}");
}
