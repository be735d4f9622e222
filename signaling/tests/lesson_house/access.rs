//! Who may use which route. A route that stands in the document and not in this table fails the
//! test, and so does one that opens to somebody it should not.

use crate::house::House;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Open {
    /// To everybody; the handler decides by what is sent.
    Everybody,
    /// To the administrator and the lesson's own teacher.
    Lesson,
    /// To the administrator.
    Admin,
}

const TABLE: &[(&str, &str, Open)] = &[
    ("post", "/api/setup", Open::Everybody),
    ("post", "/api/setup-links", Open::Admin),
    ("get", "/api/session", Open::Everybody),
    ("delete", "/api/session", Open::Everybody),
    ("post", "/api/teacher-session", Open::Everybody),
    ("get", "/api/lessons", Open::Lesson),
    ("post", "/api/lessons", Open::Admin),
    ("get", "/api/lessons/{id}", Open::Lesson),
    ("get", "/api/lessons/{id}/access", Open::Lesson),
    ("post", "/api/lessons/{id}/end", Open::Lesson),
    ("post", "/api/lessons/{id}/grants", Open::Lesson),
    ("post", "/api/devices/pair", Open::Everybody),
    ("get", "/api/devices", Open::Admin),
    ("patch", "/api/devices/{id}", Open::Admin),
    ("delete", "/api/devices/{id}", Open::Admin),
    ("get", "/api/library", Open::Lesson),
    ("get", "/api/library/events", Open::Lesson),
    ("get", "/api/library/{id}", Open::Lesson),
    ("delete", "/api/library/{id}", Open::Admin),
    ("post", "/api/library/{id}/retry", Open::Lesson),
    ("post", "/api/library/{id}/cancel", Open::Lesson),
    ("get", "/media/{expires}/{signature}/{recording}/{*path}", Open::Everybody),
    ("get", "/api/ws", Open::Everybody),
];

fn documented() -> Vec<(String, String)> {
    let document = serde_json::to_value(tongtang::http::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
        })
        .filter(|(method, _)| ["get", "post", "put", "patch", "delete"].contains(&method.as_str()))
        .collect()
}

fn body_for(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("post", "/api/lessons") => json!({"title": "课"}),
        ("post", "/api/lessons/{id}/grants") => json!({"name": "OBS", "role": "classroom"}),
        ("patch", "/api/devices/{id}") => json!({"name": "三班"}),
        _ => return None,
    })
}

#[test]
fn every_route_stands_in_the_table_and_every_row_is_a_route() {
    let documented = documented();
    for (method, path) in &documented {
        assert!(
            TABLE.iter().any(|row| row.0 == method && row.1 == path),
            "not in the table: {method} {path}"
        );
    }
    assert_eq!(documented.len(), TABLE.len(), "rows without a route");
}

#[test]
fn the_document_carries_the_words_of_the_websocket() {
    let document = serde_json::to_value(tongtang::http::openapi()).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in [
        "PageMessage",
        "Action",
        "Numbered",
        "ServerMessage",
        "Welcome",
        "LessonView",
        "MediaGrant",
        "ResourceView",
        "LessonAccess",
        "Problem",
        "DeviceView",
    ] {
        assert!(schemas.contains_key(name), "{name} is missing; there are {:?}", schemas.keys());
    }
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name: String = reference.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        assert!(schemas.contains_key(&name), "{name} is named and not described");
    }
}

#[tokio::test]
async fn nobody_a_stranger_and_a_screen_get_nothing_that_is_not_theirs() {
    let house = House::open().await;
    let (mine, other) = (house.make_lesson(false).await, house.make_lesson(false).await);
    let screen = house.pair(&mine.code, "三班").await;
    let callers = [
        ("nobody", None),
        ("a screen of the lesson", Some(screen)),
        ("another lesson's teacher", Some(other.teacher.clone())),
        ("a made-up token", Some("0123456789abcdef".to_owned())),
    ];
    for (method, path) in documented() {
        let open = TABLE.iter().find(|row| row.0 == method && row.1 == path).unwrap().2;
        if open == Open::Everybody {
            continue;
        }
        let about_lesson = path.starts_with("/api/lessons/{id}");
        let list = ["/api/lessons", "/api/library", "/api/library/events"].contains(&path.as_str());
        let real = path.replace("{id}", if about_lesson { &mine.id } else { "some-id" });
        let method: Method = method.to_uppercase().parse().unwrap();
        for (who, token) in &callers {
            let mut request = house.request(method.clone(), &real);
            if let Some(body) = body_for(&method.as_str().to_lowercase(), &path) {
                request = request.json(&body);
            }
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.unwrap();
            let status = response.status();
            // A teacher has lists of their own, in which others' things do not stand, and others'
            // resources look to them like none.
            if who.ends_with("teacher") && open == Open::Lesson && !about_lesson {
                if list && !real.ends_with("events") {
                    assert!(!response.text().await.unwrap().contains(&mine.id), "{who} {method} {real}");
                } else if !list {
                    assert_eq!(status, StatusCode::NOT_FOUND, "{who} {method} {real}");
                }
                continue;
            }
            let expected = match *who {
                "nobody" | "a made-up token" => StatusCode::UNAUTHORIZED,
                _ => StatusCode::FORBIDDEN,
            };
            assert_eq!(status, expected, "{who} {method} {real}");
            let problem: Value = response.json().await.unwrap();
            assert!(problem["detail"].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
    }
    assert_eq!(house.get(&format!("/api/lessons/{}", mine.id)).await["state"], "open", "nothing happened");
}

#[tokio::test]
async fn refusals_of_the_framework_are_problems_too() {
    let house = House::open().await;
    let cases = [
        (Method::GET, "/api/nothing", "", StatusCode::NOT_FOUND),
        (Method::PUT, "/api/lessons", "", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/api/lessons", "{", StatusCode::BAD_REQUEST),
        (Method::POST, "/api/lessons", r#"{"tittle":1}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (Method::GET, "/api/lessons/a%20b", "", StatusCode::BAD_REQUEST),
    ];
    for (method, path, body, status) in cases {
        for (language, word) in [("zh-CN", "请"), ("en", "e")] {
            let request = house
                .as_admin(method.clone(), path)
                .header("accept-language", language)
                .header("content-type", "application/json")
                .body(body);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status, "{method} {path}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            let problem: Value = response.json().await.unwrap();
            assert_eq!(problem["status"], status.as_u16());
            assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
        }
    }
    let big = house.as_admin(Method::POST, "/api/lessons").header("content-type", "application/json");
    let response = big.body(vec![b' '; 70_000]).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}
