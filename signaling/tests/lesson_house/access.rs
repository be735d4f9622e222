//! Who may use which route. A route that stands in the document and not in this table fails the
//! test, and so does one that opens to somebody it should not.

use crate::house::{House, text, wait_for};
use crate::nodes::{FakeRecorder, FakeSfu};
use crate::pages::Page;
use crate::term_county::County;
use reqwest::{Method, StatusCode, header};
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
    ("post", "/api/lessons/{id}/open", Open::Lesson),
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
    ("get", "/api/terms/{id}/weeks/{week}", Open::Admin),
    ("post", "/api/terms/{id}/lessons", Open::Admin),
    ("get", "/api/terms/{id}/changes", Open::Admin),
    ("get", "/api/timetable-lessons/{id}", Open::Admin),
    ("post", "/api/timetable-lessons/{id}/checks", Open::Admin),
    ("post", "/api/timetable-lessons/{id}/changes", Open::Admin),
    ("post", "/api/changes/{id}/undo", Open::Admin),
    ("get", "/api/timetable/events", Open::Admin),
    ("get", "/api/today", Open::Admin),
    ("post", "/api/calendar-feeds", Open::Admin),
    ("get", "/api/calendar/{file}", Open::Everybody),
    ("post", "/api/timetable-lessons/{id}/start", Open::Admin),
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
        // Of week 1, which is over: the administrator is answered 409.
        ("post", "/api/terms/{id}/lessons") => json!({"subject": "音乐", "grade": 3, "teacher_id": "per-li",
            "classroom_id": "room-m1", "day": crate::term_county::first_day(), "period": 1, "class_ids": ["cls-a"]}),
        ("post", "/api/calendar-feeds") => json!({"teacher_id": "per-li"}),
        ("post", "/api/timetable-lessons/{id}/checks" | "/api/timetable-lessons/{id}/changes") => {
            json!({"do": "cancel", "reason": "", "version": 1})
        }
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
fn the_document_says_which_routes_ask_who_one_is() {
    let document = serde_json::to_value(tongtang::http::openapi()).unwrap();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(
        (&schemes["bearer"]["scheme"], &schemes["cookie"]["in"]),
        (&json!("bearer"), &json!("cookie"))
    );
    for (method, path, open) in TABLE {
        let operation = &document["paths"][path][method];
        let ways = &operation["security"];
        if *open == Open::Everybody {
            assert_eq!(*ways, json!([{}]), "{method} {path}");
        } else {
            assert_eq!(*ways, json!([{"bearer": []}, {"cookie": []}]), "{method} {path}");
            assert!(operation["responses"]["401"].is_object() && operation["responses"]["403"].is_object());
        }
    }
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

/// How a caller says who it is.
#[derive(Debug, Clone)]
enum Says {
    Nothing,
    Bearer(String),
    Cookie(String),
}

/// A house with one of each thing, and those who knock at it.
struct Walk {
    house: House,
    _nodes: (FakeSfu, FakeRecorder),
    lesson: String,
    device: String,
    resource: String,
    /// A lesson of a term, and the change that added it.
    timetable_lesson: String,
    change: String,
    /// The teacher of all of it, the screen in it, and another lesson's teacher.
    teacher: String,
    screen: String,
    stranger: String,
}

impl Walk {
    async fn open() -> Self {
        let house = House::open().await;
        let nodes = house.with_nodes().await;
        let mine = house.make_lesson(true).await;
        let screen = house.pair(&mine.code, "三班").await;
        let (mut page, welcome) = Page::enter(house.addr, &mine.teacher).await;
        page.ask(json!({"do": "start"})).await.unwrap();
        assert_eq!(welcome["lesson"]["id"], mine.id);
        nodes.1.wait_recording(&mine.id).await;
        page.ask(json!({"do": "end"})).await.unwrap();
        let resource = wait_for("the resource", async || {
            house.get("/api/library").await[0]["id"].as_str().map(str::to_owned)
        })
        .await;
        let device = text(&house.get("/api/devices").await[0]["id"]);
        let other = house.make_lesson(false).await;
        let county = County::in_house(house).await;
        let timetable_lesson = text(&county.add(2, 1).await["id"]);
        // Of another lesson: what undoes it takes it away.
        county.add(2, 3).await;
        let change = text(&county.house.get("/api/terms/term-1/changes").await[0]["id"]);
        Self {
            _nodes: nodes,
            lesson: mine.id,
            device,
            resource,
            teacher: mine.teacher,
            screen,
            stranger: other.teacher,
            timetable_lesson,
            change,
            house: county.house,
        }
    }

    /// The route with the id of a thing that is there, or of none.
    fn address(&self, path: &str, is_there: bool) -> String {
        let id = match path {
            _ if !is_there => "les-0",
            path if path.starts_with("/api/lessons/") => &self.lesson,
            path if path.starts_with("/api/devices/") => &self.device,
            path if path.starts_with("/api/terms/") => "term-1",
            path if path.starts_with("/api/timetable-lessons/") => &self.timetable_lesson,
            path if path.starts_with("/api/changes/") => &self.change,
            _ => &self.resource,
        };
        path.replace("{id}", id).replace("{week}", "7?org_id=org-m")
    }

    async fn ask(&self, says: &Says, method: &str, path: &str, address: &str) -> reqwest::Response {
        let request = self.house.request(method.to_uppercase().parse().unwrap(), address);
        let request = match says {
            Says::Nothing => request,
            Says::Bearer(token) => request.bearer_auth(token),
            Says::Cookie(pair) => {
                request.header(header::COOKIE, pair).header(header::ORIGIN, self.house.url(""))
            }
        };
        match body_for(method, path) {
            Some(body) => request.json(&body),
            None => request,
        }
        .send()
        .await
        .unwrap()
    }

    async fn sign_in(&self, path: &str, body: Value) -> Says {
        let answer = self.house.request(Method::POST, path).json(&body).send().await.unwrap();
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        Says::Cookie(cookie.split(';').next().unwrap().to_owned())
    }

    async fn teacher_cookie(&self, credential: &str) -> Says {
        self.sign_in("/api/teacher-session", json!({"credential": credential})).await
    }

    async fn admin_cookie(&self) -> Says {
        self.sign_in("/api/setup", json!({"secret": self.house.secrets.setup_secret})).await
    }
}

fn guarded() -> impl Iterator<Item = (String, String, Open)> {
    documented().into_iter().filter_map(|(method, path)| {
        let open = TABLE.iter().find(|row| row.0 == method && row.1 == path)?.2;
        (open != Open::Everybody).then_some((method, path, open))
    })
}

#[tokio::test]
async fn nobody_a_stranger_and_a_screen_get_nothing_that_is_not_theirs() {
    let walk = Walk::open().await;
    let before = walk.house.get(&format!("/api/lessons/{}", walk.lesson)).await;
    let strangers = [
        ("nobody", Says::Nothing, StatusCode::UNAUTHORIZED),
        ("a made-up token", Says::Bearer("0123456789abcdef".into()), StatusCode::UNAUTHORIZED),
        ("a made-up cookie", Says::Cookie("tongtang=0123".into()), StatusCode::UNAUTHORIZED),
        ("a screen of the lesson", Says::Bearer(walk.screen.clone()), StatusCode::FORBIDDEN),
    ];
    for (method, path, _) in guarded() {
        for (who, says, expected) in &strangers {
            let mut said = Vec::new();
            for is_there in [true, false] {
                let address = walk.address(&path, is_there);
                let answer = walk.ask(says, &method, &path, &address).await;
                assert_eq!(answer.status(), *expected, "{who} {method} {address}");
                said.push(answer.json::<Value>().await.unwrap());
            }
            assert!(said[0]["detail"].as_str().is_some_and(|text| !text.is_empty()), "{said:?}");
            assert_eq!(said[0], said[1], "{who} {method} {path}: tells what is there");
        }
    }
    let lesson = walk.house.get(&format!("/api/lessons/{}", walk.lesson)).await;
    assert_eq!(lesson["state"], before["state"], "nothing happened");
    walk.house.get(&format!("/api/library/{}", walk.resource)).await;
}

#[tokio::test]
async fn another_lessons_teacher_is_not_even_told_what_there_is() {
    let walk = Walk::open().await;
    let cookie = walk.teacher_cookie(&walk.stranger).await;
    for (method, path, open) in guarded() {
        for says in [Says::Bearer(walk.stranger.clone()), cookie.clone()] {
            if !path.contains("{id}") && open == Open::Lesson {
                // A list of one's own, in which nothing of others stands.
                let answer = walk.ask(&says, &method, &path, &path).await;
                assert_eq!(answer.status(), StatusCode::OK, "{says:?} {method} {path}");
                if !path.ends_with("events") {
                    let list = answer.text().await.unwrap();
                    let shows = [&walk.lesson, &walk.resource].into_iter().any(|id| list.contains(id));
                    assert!(!shows, "{method} {path}: {list}");
                }
                continue;
            }
            // Which lesson a link opens is no secret of the link's holder; which resources there are, is.
            let expected = match open {
                Open::Lesson if path.starts_with("/api/library/") => StatusCode::NOT_FOUND,
                _ => StatusCode::FORBIDDEN,
            };
            let mut said = Vec::new();
            for is_there in [true, false] {
                let address = walk.address(&path, is_there);
                let answer = walk.ask(&says, &method, &path, &address).await;
                assert_eq!(answer.status(), expected, "{says:?} {method} {address}");
                said.push(answer.json::<Value>().await.unwrap());
            }
            assert_eq!(said[0], said[1], "{method} {path}: tells what is there");
        }
    }
}

#[tokio::test]
async fn the_lessons_teacher_gets_the_lesson_and_the_administrator_everything_by_token_and_by_cookie() {
    let walk = Walk::open().await;
    let teacher = [Says::Bearer(walk.teacher.clone()), walk.teacher_cookie(&walk.teacher).await];
    let admin = [Says::Bearer(walk.house.secrets.admin_token.clone()), walk.admin_cookie().await];
    // What removes things comes last.
    let (harmless, removing): (Vec<_>, Vec<_>) = guarded().partition(|(method, ..)| method != "delete");
    for (method, path, open) in harmless.into_iter().chain(removing) {
        let address = walk.address(&path, true);
        for says in &teacher {
            let status = walk.ask(says, &method, &path, &address).await.status();
            match open {
                // 409: the lesson is over, or its job cannot do that now.
                Open::Lesson => {
                    assert!(
                        status.is_success() || status == StatusCode::CONFLICT,
                        "{method} {path}: {status}"
                    );
                }
                _ => assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}"),
            }
        }
        for (turn, says) in admin.iter().enumerate() {
            let status = walk.ask(says, &method, &path, &address).await.status();
            let gone = method == "delete" && turn > 0 && status == StatusCode::NOT_FOUND;
            assert!(
                gone || status.is_success() || status == StatusCode::CONFLICT,
                "{says:?} {method} {path}: {status}"
            );
        }
    }
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
