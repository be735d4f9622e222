//! Who may use which route. A route that stands in the document and not in this table fails the
//! test, and so does one that opens to somebody it should not.

use crate::county_api;
use crate::house::{House, expect, text, wait_for};
use crate::nodes::{FakeRecorder, FakeSfu};
use crate::pages::Page;
use crate::roles;
use crate::term_county::{self, County};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

/// To whom a route opens beside the installation's administrator. Which roles that are, at the right place, stands in
/// `roles.rs`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Open {
    /// To everybody; the handler decides by what is sent.
    Everybody,
    /// To whoever has an account, for that account; to no one else.
    Account,
    /// To the lesson's own teacher, and roles that see lessons.
    Lessons,
    /// To the lesson's own teacher, and roles that teach it.
    Teaching,
    /// To roles that teach the timetable's lesson.
    Starting,
    /// To the lesson's own teacher, and roles that see what became of it.
    Library,
    /// To the lesson's own teacher, and roles that keep the library.
    Jobs,
    /// To roles that keep the library.
    Resources,
    /// To roles that see screens.
    Devices,
    /// To roles that keep screens.
    Screens,
    /// To roles that see accounts.
    Accounts,
    /// To roles that keep accounts.
    Roles,
    /// To roles that read places and timetables.
    Read,
    /// To roles that keep places.
    Places,
    /// To roles that keep places, for those of the whole county.
    CountyPlaces,
    /// To roles that keep timetables.
    Schedule,
    /// To roles that read places and timetables, for what is the whole county's: of a school it is not theirs.
    CountyRead,
    /// To roles that keep timetables, for what is the whole county's.
    CountySchedule,
    /// To the installation's administrator alone.
    Admin,
}

impl Open {
    /// To the holder of the lesson's link too.
    fn is_by_link(self) -> bool {
        matches!(self, Self::Lessons | Self::Teaching | Self::Library | Self::Jobs)
    }
}

pub const TABLE: &[(&str, &str, Open)] = &[
    ("post", "/api/setup", Open::Everybody),
    ("post", "/api/setup-links", Open::Admin),
    ("get", "/api/session", Open::Everybody),
    ("delete", "/api/session", Open::Everybody),
    ("post", "/api/teacher-session", Open::Everybody),
    ("get", "/api/sign-in", Open::Everybody),
    ("post", "/api/sign-in", Open::Everybody),
    ("post", "/api/second-factor/setup", Open::Account),
    ("post", "/api/second-factor", Open::Account),
    ("post", "/api/passwords", Open::Everybody),
    ("get", "/api/oidc/start", Open::Everybody),
    ("get", "/api/oidc/callback", Open::Everybody),
    ("post", "/api/oidc/back-channel-logout", Open::Everybody),
    ("get", "/api/accounts", Open::Accounts),
    ("post", "/api/accounts", Open::Roles),
    ("get", "/api/accounts/{id}", Open::Accounts),
    ("put", "/api/accounts/{id}", Open::Roles),
    ("delete", "/api/accounts/{id}", Open::Roles),
    ("post", "/api/accounts/{id}/invitations", Open::Roles),
    ("delete", "/api/accounts/{id}/second-factor", Open::Roles),
    ("get", "/api/lessons", Open::Lessons),
    ("post", "/api/lessons", Open::Admin),
    ("get", "/api/lessons/{id}", Open::Lessons),
    ("get", "/api/lessons/{id}/access", Open::Teaching),
    ("post", "/api/lessons/{id}/open", Open::Teaching),
    ("post", "/api/lessons/{id}/end", Open::Teaching),
    ("post", "/api/lessons/{id}/grants", Open::Teaching),
    ("post", "/api/devices/pair", Open::Everybody),
    ("post", "/api/screen-codes", Open::Everybody),
    ("get", "/api/devices", Open::Devices),
    ("post", "/api/devices", Open::Screens),
    ("patch", "/api/devices/{id}", Open::Screens),
    ("delete", "/api/devices/{id}", Open::Screens),
    ("put", "/api/devices/{id}/classroom", Open::Screens),
    ("get", "/api/library", Open::Library),
    ("get", "/api/library/events", Open::Library),
    ("get", "/api/library/{id}", Open::Library),
    ("delete", "/api/library/{id}", Open::Resources),
    ("post", "/api/library/{id}/retry", Open::Jobs),
    ("post", "/api/library/{id}/cancel", Open::Jobs),
    ("get", "/api/orgs", Open::Read),
    ("post", "/api/orgs", Open::CountyPlaces),
    ("get", "/api/orgs/{id}", Open::CountyRead),
    ("put", "/api/orgs/{id}", Open::CountyPlaces),
    ("delete", "/api/orgs/{id}", Open::CountyPlaces),
    ("get", "/api/orgs/{id}/curriculum", Open::CountyRead),
    ("put", "/api/orgs/{id}/curriculum", Open::CountyPlaces),
    ("get", "/api/classrooms", Open::Read),
    ("post", "/api/classrooms", Open::Places),
    ("get", "/api/classrooms/{id}", Open::Read),
    ("put", "/api/classrooms/{id}", Open::Places),
    ("delete", "/api/classrooms/{id}", Open::Places),
    ("get", "/api/classes", Open::Read),
    ("post", "/api/classes", Open::Places),
    ("get", "/api/classes/{id}", Open::Read),
    ("put", "/api/classes/{id}", Open::Places),
    ("delete", "/api/classes/{id}", Open::Places),
    ("get", "/api/teachers", Open::Read),
    ("post", "/api/teachers", Open::Places),
    ("get", "/api/teachers/{id}", Open::Read),
    ("put", "/api/teachers/{id}", Open::Places),
    ("delete", "/api/teachers/{id}", Open::Places),
    ("get", "/api/terms", Open::Read),
    ("post", "/api/terms", Open::Schedule),
    ("get", "/api/terms/{id}", Open::Read),
    ("put", "/api/terms/{id}", Open::Schedule),
    ("delete", "/api/terms/{id}", Open::Schedule),
    ("get", "/api/bell-schedules", Open::Read),
    ("post", "/api/bell-schedules", Open::Places),
    ("get", "/api/bell-schedules/{id}", Open::Read),
    ("put", "/api/bell-schedules/{id}", Open::Places),
    ("delete", "/api/bell-schedules/{id}", Open::Places),
    ("get", "/api/terms/{id}/ledger", Open::Read),
    ("get", "/api/terms/{id}/ledger.xlsx", Open::Read),
    ("get", "/api/terms/{id}/ledger/lessons", Open::Read),
    ("get", "/api/terms/{id}/plans", Open::CountySchedule),
    ("post", "/api/terms/{id}/plans", Open::CountySchedule),
    ("get", "/api/terms/{id}/pairings", Open::CountyRead),
    ("post", "/api/terms/{id}/repairs", Open::CountySchedule),
    ("get", "/api/plans/{id}", Open::CountySchedule),
    ("get", "/api/plans/{id}/events", Open::CountySchedule),
    ("get", "/api/plans/{id}/draft", Open::CountySchedule),
    ("post", "/api/plans/{id}/cancel", Open::CountySchedule),
    ("post", "/api/plans/{id}/publish", Open::CountySchedule),
    ("delete", "/api/plans/{id}", Open::CountySchedule),
    ("get", "/media/{expires}/{signature}/{recording}/{*path}", Open::Everybody),
    ("get", "/api/ws", Open::Everybody),
    ("get", "/api/terms/{id}/weeks/{week}", Open::Read),
    ("post", "/api/terms/{id}/lessons", Open::Schedule),
    ("get", "/api/terms/{id}/changes", Open::CountyRead),
    ("get", "/api/timetable-lessons/{id}", Open::Read),
    ("post", "/api/timetable-lessons/{id}/checks", Open::Schedule),
    ("post", "/api/timetable-lessons/{id}/changes", Open::Schedule),
    ("post", "/api/changes/{id}/undo", Open::Schedule),
    ("get", "/api/timetable/events", Open::Read),
    ("get", "/api/today", Open::Read),
    ("post", "/api/calendar-feeds", Open::Read),
    ("get", "/api/calendar/{file}", Open::Everybody),
    ("post", "/api/timetable-lessons/{id}/start", Open::Starting),
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
        // Who comes first pairs the screen; the others are answered 409.
        ("post", "/api/devices") => {
            json!({"code": roles::SHOWN, "classroom_id": "room-m1", "name": "一教室"})
        }
        ("patch", "/api/devices/{id}") => json!({"name": "三班"}),
        ("put", "/api/devices/{id}/classroom") => json!({"classroom_id": "room-m1"}),
        ("post", "/api/second-factor") => json!({"code": "000000"}),
        ("post", "/api/accounts") => account_at(roles::HERE, "new"),
        ("put", "/api/accounts/{id}") => account_at(roles::HERE, "walked"),
        // Of week 1, which is over: the administrator is answered 409.
        ("post", "/api/terms/{id}/lessons") => json!({"subject": "音乐", "grade": 3, "teacher_id": "per-li",
            "classroom_id": "room-m1", "day": term_county::first_day(), "period": 1, "class_ids": []}),
        ("post", "/api/timetable-lessons/{id}/checks" | "/api/timetable-lessons/{id}/changes") => {
            json!({"do": "cancel", "reason": "", "version": 1})
        }
        ("put", path) if path.ends_with("/curriculum") => json!([]),
        ("post", "/api/orgs") => county_api::org(Some(roles::COUNTY), "school", "3601002", "西坪小学"),
        ("put", "/api/orgs/{id}") => county_api::org(Some(roles::COUNTY), "school", "3601003", "东坪小学"),
        ("post" | "put", "/api/classrooms" | "/api/classrooms/{id}") => {
            county_api::room(roles::HERE, "多媒体教室")
        }
        ("post" | "put", "/api/classes" | "/api/classes/{id}") => {
            county_api::class(roles::HERE, "C-2", "三（2）班", None)
        }
        ("post" | "put", "/api/teachers" | "/api/teachers/{id}") => {
            county_api::teacher(roles::HERE, "T-2", "王芳")
        }
        ("post" | "put", "/api/terms" | "/api/terms/{id}") => {
            json!({"org_id": roles::HERE, "name": "2027 春", "first_day": "2027-02-22", "weeks": 20})
        }
        ("post" | "put", "/api/bell-schedules" | "/api/bell-schedules/{id}") => {
            json!({"org_id": roles::HERE, "name": "冬季作息", "periods": county_api::periods(510)})
        }
        ("post", "/api/calendar-feeds") => json!({"teacher_id": "per-li"}),
        ("post", "/api/terms/{id}/plans") => json!({"time_limit_s": 5}),
        ("post", "/api/terms/{id}/repairs") => {
            json!({"teacher_id": "per-li", "from": term_county::first_day(), "to": term_county::first_day()})
        }
        _ => return None,
    })
}

/// An account that reads at a place and below.
pub fn account_at(org: &str, login: &str) -> Value {
    json!({"login": login, "name": "王研究员", "org_id": org, "roles": [{"role": "researcher", "org_id": org}]})
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
pub enum Says {
    Nothing,
    Bearer(String),
    Cookie(String),
}

/// A house with one of each thing at [`roles::HERE`], and those who knock at it.
pub struct Walk {
    pub house: House,
    _nodes: (FakeSfu, FakeRecorder),
    pub lesson: String,
    pub device: String,
    pub resource: String,
    pub account: String,
    /// A lesson of a term, the change that added another one, and a draft.
    timetable_lesson: String,
    change: String,
    plan: String,
    /// The teacher of all of it, the screen in it, and another lesson's teacher.
    teacher: String,
    screen: String,
    stranger: String,
}

impl Walk {
    pub async fn open() -> Self {
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
        roles::settle(&county.house, &mine.id, &device).await;
        let account =
            county.house.as_admin(Method::POST, "/api/accounts").json(&account_at(roles::HERE, "walked"));
        let account = text(&expect(account, StatusCode::CREATED).await["id"]);
        // Nobody at a distance: all of it is of one school. What undoes the second takes that one away.
        let add = async |period| {
            let input = county.input(county.day(term_county::WEEK, 2), period, "per-li", "room-m1", &[]);
            county.try_add(input, StatusCode::CREATED).await
        };
        let timetable_lesson = text(&add(1).await["lessons"][0]["id"]);
        let change = text(&add(3).await["change"]["id"]);
        Self {
            account,
            _nodes: nodes,
            lesson: mine.id,
            device,
            resource,
            teacher: mine.teacher,
            screen,
            stranger: other.teacher,
            timetable_lesson,
            change,
            plan: roles::PLAN.to_owned(),
            house: county.house,
        }
    }

    /// The route with the id of a thing that is there, or of none.
    pub fn address(&self, path: &str, is_there: bool) -> String {
        let id = match path {
            _ if !is_there => "les-0",
            path if path.starts_with("/api/lessons/") => &self.lesson,
            path if path.starts_with("/api/devices/") => &self.device,
            path if path.starts_with("/api/accounts/") => &self.account,
            path if path.starts_with("/api/orgs/") => "org-spare",
            path if path.starts_with("/api/classrooms/") => "room-spare",
            path if path.starts_with("/api/classes/") => "cls-spare",
            path if path.starts_with("/api/teachers/") => "per-spare",
            path if path.starts_with("/api/bell-schedules/") => "bell-spare",
            "/api/terms/{id}" => "term-spare",
            path if path.starts_with("/api/terms/") => "term-1",
            path if path.starts_with("/api/timetable-lessons/") => &self.timetable_lesson,
            path if path.starts_with("/api/changes/") => &self.change,
            path if path.starts_with("/api/plans/") => &self.plan,
            _ => &self.resource,
        };
        let whose = match path {
            "/api/terms/{id}/ledger" | "/api/terms/{id}/ledger.xlsx" => "?org_id=org-m",
            "/api/terms/{id}/ledger/lessons" => "?class_id=cls-here&subject=x",
            _ => "",
        };
        path.replace("{id}", id).replace("{week}", "7?org_id=org-m") + whose
    }

    pub async fn ask(&self, says: &Says, method: &str, path: &str, address: &str) -> reqwest::Response {
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

pub fn guarded() -> impl Iterator<Item = (String, String, Open)> {
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
            if !path.contains("{id}") && open.is_by_link() {
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
                open if open.is_by_link() && path.starts_with("/api/library/") => StatusCode::NOT_FOUND,
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
    // What removes things comes last, the parts before the whole.
    let (harmless, removing): (Vec<_>, Vec<_>) = guarded().partition(|(method, ..)| method != "delete");
    for (method, path, open) in harmless.into_iter().chain(removing.into_iter().rev()) {
        let address = walk.address(&path, true);
        for says in &teacher {
            let status = walk.ask(says, &method, &path, &address).await.status();
            if open.is_by_link() {
                // 409: the lesson is over, or its job cannot do that now.
                let is_open = status.is_success() || status == StatusCode::CONFLICT;
                assert!(is_open, "{method} {path}: {status}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
            }
        }
        for (turn, says) in admin.iter().enumerate() {
            let status = walk.ask(says, &method, &path, &address).await.status();
            if open == Open::Account {
                assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}: the administrator is no account");
                continue;
            }
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
