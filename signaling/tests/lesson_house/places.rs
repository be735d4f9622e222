//! Places and people of a county over HTTP.

use crate::county_api::{County, class, made, org, put, refused, room, teacher};
use crate::house::{House, expect, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const CONFLICT: StatusCode = StatusCode::CONFLICT;
const WRONG: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| text(&one["id"])).collect()
}

async fn remove(house: &House, path: &str) {
    expect(house.as_admin(Method::DELETE, path), StatusCode::NO_CONTENT).await;
}

#[tokio::test]
async fn what_is_made_is_shown_listed_changed_and_deleted() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let things = [
        ("classes", &county.class, class(&county.school, "C-9", "四（2）班", None)),
        ("classrooms", &county.room, room(&county.school, "音乐教室")),
        ("teachers", &county.teacher, teacher(&county.school, "T-9", "王芳")),
    ];
    for (path, id, mut changed) in things {
        let shown = house.get(&format!("/api/{path}/{id}")).await;
        assert_eq!(house.get(&format!("/api/{path}")).await, json!([shown]), "{path}");
        assert_eq!(house.get(&format!("/api/{path}?org_id={}", county.county)).await, json!([shown]));
        let answer = put(&house, &format!("/api/{path}/{id}"), changed.clone()).await;
        let now = house.get(&format!("/api/{path}/{id}")).await;
        assert_eq!(answer, now, "{path}");
        assert_ne!(now, shown, "{path}");
        changed["id"] = json!(id);
        for (key, value) in changed.as_object().unwrap() {
            assert_eq!(&now[key], value, "{path} {key}");
        }
        remove(&house, &format!("/api/{path}/{id}")).await;
        expect(house.as_admin(Method::GET, &format!("/api/{path}/{id}")), StatusCode::NOT_FOUND).await;
        expect(house.as_admin(Method::DELETE, &format!("/api/{path}/{id}")), StatusCode::NOT_FOUND).await;
        assert_eq!(house.get(&format!("/api/{path}")).await, json!([]), "{path}");
    }
}

#[tokio::test]
async fn a_list_shows_a_place_and_what_lies_below_and_nothing_beside() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let other = made(&house, "/api/orgs", org(None, "county", "360200", "望河县")).await;
    let school = made(&house, "/api/orgs", org(Some(&other), "school", "3602001", "西坪小学")).await;
    let there = made(&house, "/api/classes", class(&school, "C-2", "一（1）班", None)).await;
    let of = |path: &str, org: &str| format!("/api/{path}?org_id={org}");
    assert_eq!(ids(&house.get(&of("orgs", &county.county)).await), [&*county.county, &*county.school]);
    assert_eq!(ids(&house.get(&format!("/api/orgs?parent_id={other}")).await), [school.as_str()]);
    assert_eq!(ids(&house.get("/api/orgs").await).len(), 4);
    assert_eq!(ids(&house.get(&of("classes", &county.county)).await), [county.class.as_str()]);
    assert_eq!(ids(&house.get(&of("classes", &school)).await), [there.as_str()]);
    assert_eq!(ids(&house.get("/api/classes").await), [county.class, there]);
    expect(house.as_admin(Method::GET, &of("classes", "org-0")), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_place_moves_with_all_below_it_and_never_below_itself() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let city = made(&house, "/api/orgs", org(None, "city", "3600", "赣江市")).await;
    let path = format!("/api/orgs/{}", county.county);
    let mut body = org(Some(&city), "county", "360100", "临江县");
    body["bell_schedule_id"] = json!(county.bells);
    put(&house, &path, body).await;
    let below = house.get(&format!("/api/classes?org_id={city}")).await;
    assert_eq!(ids(&below), [county.class.as_str()], "the subtree moved along");

    for (id, parent, kind, why) in [
        (&city, Some(&county.county), "city", "cannot be moved below itself"),
        (&city, Some(&city), "city", "cannot be moved below itself"),
        (&county.county, Some(&county.school), "county", "cannot be moved below itself"),
        (&county.county, Some(&city), "city", "level above"),
        (&county.county, Some(&city), "school", "lower levels"),
        (&county.county, Some(&city), "province", "level above"),
    ] {
        let body = org(parent.map(String::as_str), kind, "9", "名");
        let problem = refused(&house, Method::PUT, &format!("/api/orgs/{id}"), body, WRONG).await;
        assert!(text(&problem["detail"]).contains(why), "{kind} {problem}");
    }
}

#[tokio::test]
async fn bell_times_that_would_not_come_along_keep_a_place_where_it_is() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let mut body = org(Some(&county.county), "school", "3601001", "河东小学");
    body["bell_schedule_id"] = json!(county.bells);
    put(&house, &format!("/api/orgs/{}", county.school), body.clone()).await;
    let other = made(&house, "/api/orgs", org(None, "county", "360200", "望河县")).await;
    body["parent_id"] = json!(other);
    let path = format!("/api/orgs/{}", county.school);
    let problem = refused(&house, Method::PUT, &path, body.clone(), WRONG).await;
    assert!(text(&problem["detail"]).contains("(bell_schedule_id)"), "{problem}");
    body["bell_schedule_id"] = Value::Null;
    put(&house, &path, body).await;
}

#[tokio::test]
async fn a_taken_code_says_whose_it_is() {
    let house = House::open().await;
    let county = County::make(&house).await;
    for (path, body, holder) in [
        ("orgs", org(None, "county", "3601001", "新县"), "河东小学"),
        ("classes", class(&county.school, "C-1", "四（1）班", None), "河东小学 三（1）班"),
        ("teachers", teacher(&county.school, "T-1", "王芳"), "河东小学 李明"),
        ("classrooms", room(&county.school, "录播教室"), "河东小学"),
        (
            "bell-schedules",
            json!({"org_id": county.county, "name": "夏季作息", "periods": crate::county_api::periods(500)}),
            "临江县",
        ),
        (
            "terms",
            json!({"org_id": county.county, "name": "又一学期", "first_day": "2026-08-31", "weeks": 18}),
            "2026 秋",
        ),
    ] {
        let problem = refused(&house, Method::POST, &format!("/api/{path}"), body, CONFLICT).await;
        assert_eq!(problem["type"], "taken", "{path}");
        assert!(text(&problem["detail"]).contains(&format!("that of “{holder}”")), "{path} {problem}");
    }
    // One's own is no conflict.
    put(&house, &format!("/api/classes/{}", county.class), class(&county.school, "C-1", "三（1）班", None))
        .await;
}

#[tokio::test]
async fn what_is_used_is_not_deleted_and_says_by_what() {
    let house = House::open().await;
    let county = County::make(&house).await;
    for (path, by) in [
        (format!("/api/orgs/{}", county.county), "1 places, 1 terms, 1 bell schedules"),
        (format!("/api/orgs/{}", county.school), "1 classrooms, 1 classes, 1 teachers"),
        (format!("/api/classrooms/{}", county.room), "1 classes"),
        (format!("/api/bell-schedules/{}", county.bells), "1 places"),
    ] {
        let problem = refused(&house, Method::DELETE, &path, json!(null), CONFLICT).await;
        assert!(text(&problem["detail"]).contains(&format!("used by {by}.")), "{path} {problem}");
    }
    for (path, id) in [
        ("classes", &county.class),
        ("classrooms", &county.room),
        ("teachers", &county.teacher),
        ("orgs", &county.school),
    ] {
        remove(&house, &format!("/api/{path}/{id}")).await;
    }
}

#[tokio::test]
async fn a_class_sits_in_a_room_of_its_own_school() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let school = made(&house, "/api/orgs", org(Some(&county.county), "school", "3601002", "西坪小学")).await;
    let body = class(&school, "C-2", "一（1）班", Some(&county.room));
    let problem = refused(&house, Method::POST, "/api/classes", body, WRONG).await;
    assert!(text(&problem["detail"]).contains("(classroom_id)"), "{problem}");
    // Nor does the room leave while somebody sits in it.
    let path = format!("/api/classrooms/{}", county.room);
    refused(&house, Method::PUT, &path, room(&school, "录播教室"), CONFLICT).await;
}

#[tokio::test]
async fn what_is_filled_in_wrong_names_the_field_in_both_languages() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let mut body = class(&county.school, "C-2", "三（2）班", None);
    body["grade"] = json!(10);
    let problem = refused(&house, Method::POST, "/api/classes", body.clone(), WRONG).await;
    assert_eq!(problem["detail"], "grade: write a whole number from 1 to 9. (grade)");
    let problem = expect(house.as_admin(Method::POST, "/api/classes").json(&body), WRONG).await;
    assert_eq!(problem["detail"], "年级：请填写 1 到 9 之间的整数。(grade)");
    assert_eq!(ids(&house.get("/api/classes").await), [county.class], "nothing was made");
}

#[tokio::test]
async fn a_school_has_the_curriculum_of_the_nearest_place_that_keeps_one() {
    let house = House::open().await;
    let county = County::make(&house).await;
    let at = |org: &str| format!("/api/orgs/{org}/curriculum");
    let (of_county, of_school) = (
        json!([{"subject": "音乐", "grade": 3, "weekly_periods": 2}]),
        json!([{"subject": "美术", "grade": 3, "weekly_periods": 1}]),
    );
    assert_eq!(house.get(&at(&county.school)).await, json!([]));
    put(&house, &at(&county.county), of_county.clone()).await;
    assert_eq!(house.get(&at(&county.school)).await, of_county);
    put(&house, &at(&county.school), of_school.clone()).await;
    assert_eq!(house.get(&at(&county.school)).await, of_school);
    assert_eq!(house.get(&at(&county.county)).await, of_county);
    assert_eq!(put(&house, &at(&county.school), json!([])).await, of_county);
    let twice = json!([of_county[0], of_county[0]]);
    refused(&house, Method::PUT, &at(&county.county), twice, WRONG).await;
}

#[tokio::test]
async fn every_list_of_a_founded_county_has_something_in_it() {
    let house = House::open().await;
    let made = tongtang::demo::county(tongtang::demo::Scale::default(), 1, "2026-11-28".parse().unwrap());
    assert!(house.app.store().found_county(&made, tongtang::clock::now()).await.unwrap());
    for path in ["orgs", "classrooms", "classes", "teachers", "terms", "bell-schedules"] {
        let all = house.get(&format!("/api/{path}")).await;
        let some = house.get(&format!("/api/{path}?org_id={}", made.orgs[3].id)).await;
        let (all, some) = (all.as_array().unwrap().len(), some.as_array().unwrap().len());
        assert!(some > 0 && all >= some, "{path}: {some} of {all}");
    }
    let prescribed = house.get(&format!("/api/orgs/{}/curriculum", made.orgs[3].id)).await;
    assert!(prescribed.as_array().unwrap().len() > 40, "{prescribed}");
}
