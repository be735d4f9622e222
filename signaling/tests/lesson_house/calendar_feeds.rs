//! Calendar feeds, read back by a parser that shares nothing with what writes them.

use crate::house::{expect, text};
use crate::term_county::{County, WEEK};
use ical::parser::ical::component::IcalEvent;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tongtang_protocol::day::Day;

async fn feed(county: &County, whose: Value) -> String {
    let request = county.house.as_admin(Method::POST, "/api/calendar-feeds").json(&whose);
    let url = text(&expect(request, StatusCode::CREATED).await["url"]);
    let (_, path) = url.split_once("/api/").unwrap();
    format!("/api/{path}")
}

async fn read(county: &County, path: &str) -> (String, String) {
    let answer = county.house.request(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
    let tag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
    (answer.text().await.unwrap(), tag)
}

fn events(text: &str) -> Vec<IcalEvent> {
    let calendars: Vec<_> = ical::IcalParser::new(text.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(calendars.len(), 1);
    calendars.into_iter().next().unwrap().events
}

fn property(event: &IcalEvent, name: &str) -> String {
    let found: Vec<_> = event.properties.iter().filter(|property| property.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {event:?}");
    found[0].value.clone().unwrap()
}

/// `20260901T000000Z`
fn utc(day: Day, minute_in_utc: i64) -> String {
    let (year, month, date) = day.date();
    format!("{year:04}{month:02}{date:02}T{:02}{:02}00Z", minute_in_utc / 60, minute_in_utc % 60)
}

#[tokio::test]
async fn a_teachers_feed_follows_moves_and_cancellations_under_one_uid() {
    let county = County::open().await;
    let path = feed(&county, json!({"teacher_id": "per-li"})).await;
    assert!(events(&read(&county, &path).await.0).is_empty());
    let lesson = county.add(2, 1).await;
    let (first, first_tag) = read(&county, &path).await;
    let event = &events(&first)[0];
    let uid = property(event, "UID");
    // 8:00 in Shanghai is midnight in UTC.
    let day = county.day(WEEK, 2);
    assert_eq!((property(event, "DTSTART"), property(event, "DTEND")), (utc(day, 0), utc(day, 40)));
    assert_eq!(
        (property(event, "SUMMARY"), property(event, "LOCATION")),
        ("三年级音乐".into(), "中心小学 录播一室".into())
    );
    assert_eq!((property(event, "SEQUENCE"), property(event, "STATUS")), ("1".into(), "CONFIRMED".into()));

    let moved = json!({"do": "move", "day": county.day(WEEK, 4), "period": 3});
    let moved = county.change(&lesson, moved, StatusCode::OK).await;
    let (second, second_tag) = read(&county, &path).await;
    assert_ne!(first_tag, second_tag);
    let event = &events(&second)[0];
    assert_eq!((property(event, "UID"), property(event, "SEQUENCE")), (uid.clone(), "2".into()));
    assert_eq!(property(event, "DTSTART"), utc(county.day(WEEK, 4), 110));
    county.change(&moved["lessons"][0], json!({"do": "cancel", "reason": "停电"}), StatusCode::OK).await;
    let event = &events(&read(&county, &path).await.0)[0];
    assert_eq!((property(event, "UID"), property(event, "SEQUENCE")), (uid, "3".into()));
    assert_eq!(property(event, "STATUS"), "CANCELLED");
}

#[tokio::test]
async fn a_feed_that_did_not_change_is_not_sent_again_and_an_unknown_address_is_none() {
    let county = County::open().await;
    county.add(2, 1).await;
    let path = feed(&county, json!({"classroom_id": "room-a"})).await;
    let (body, tag) = read(&county, &path).await;
    assert_eq!(events(&body).len(), 1, "what the room receives");
    let again =
        county.house.request(Method::GET, &path).header(header::IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!(
        (again.status(), &again.headers()[header::ETAG]),
        (StatusCode::NOT_MODIFIED, &tag.parse().unwrap())
    );
    assert!(again.bytes().await.unwrap().is_empty());
    county.add(4, 1).await;
    let changed =
        county.house.request(Method::GET, &path).header(header::IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    for other in [path.replace(".ics", ""), path.replace(".ics", "0.ics"), "/api/calendar/.ics".to_owned()] {
        expect(county.house.request(Method::GET, &other), StatusCode::NOT_FOUND).await;
    }
    for bad in [json!({}), json!({"teacher_id": "per-li", "classroom_id": "room-a"})] {
        let request = county.house.as_admin(Method::POST, "/api/calendar-feeds").json(&bad);
        expect(request, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let nobody =
        county.house.as_admin(Method::POST, "/api/calendar-feeds").json(&json!({"teacher_id": "per-0"}));
    expect(nobody, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn long_chinese_lines_are_folded_at_75_octets_and_signs_are_escaped() {
    let county = County::open().await;
    let title = format!("音乐，合唱; 轮唱, 反斜线\\{}", "茉莉花".repeat(30));
    let mut body = county.input(county.day(WEEK, 2), 1, "per-li", "room-m1", &["cls-a"]);
    body["title"] = json!(title);
    county.try_add(body, StatusCode::CREATED).await;
    let (feed, _) = read(&county, &feed(&county, json!({"teacher_id": "per-li"})).await).await;
    assert!(feed.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{feed}");
    let summary = property(&events(&feed)[0], "SUMMARY");
    let unescaped = summary.replace("\\;", ";").replace("\\,", ",").replace("\\\\", "\\");
    assert_eq!(unescaped, title);
}
