//! A screen shows a code, somebody who keeps screens types it, and from then on it joins its classroom's lessons, says how
//! it is, and goes when it is told to.

use crate::access::Says;
use crate::house::{House, expect, text, wait_for};
use crate::nodes::{FakeRecorder, FakeSfu};
use crate::pages::Page;
use crate::roles::{COUNTY, HERE, run, somebody};
use crate::term_county::County;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use tongtang::clock;
use tongtang_protocol::account::AccountRole;
use tongtang_protocol::day::Day;

const MINUTE_MS: i64 = 60_000;

/// A county with media servers, and the person who keeps its screens.
struct Screens {
    county: County,
    _nodes: (FakeSfu, FakeRecorder),
    it: Says,
}

impl Screens {
    async fn open() -> Self {
        let county = County::open().await;
        let nodes = county.house.with_nodes().await;
        county
            .run(
                "INSERT INTO person (id, org_id, code, name) VALUES ('per-there', 'org-b', '1002', '张老师')",
            )
            .await;
        let it = somebody(&county.house, AccountRole::It, COUNTY, true).await;
        Self { county, _nodes: nodes, it }
    }

    fn house(&self) -> &House {
        &self.county.house
    }

    fn as_it(&self, method: Method, path: &str) -> RequestBuilder {
        said_by(self.house(), &self.it, method, path)
    }

    fn claim(&self, code: &str, room: &str, name: &str) -> RequestBuilder {
        let body = json!({"code": code, "classroom_id": room, "name": name});
        self.as_it(Method::POST, "/api/devices").json(&body)
    }

    /// A screen that was paired into a classroom: its device and its credential.
    async fn paired(&self, room: &str, name: &str) -> (Value, String) {
        let (code, secret) = shows(self.house()).await;
        let device = expect(self.claim(&code, room, name), StatusCode::CREATED).await;
        (device, secret)
    }

    async fn listed(&self) -> Vec<Value> {
        let list = expect(self.as_it(Method::GET, "/api/devices"), StatusCode::OK).await;
        list.as_array().unwrap().clone()
    }

    /// A lesson of 李老师 to `cls-a` that opens by itself now.
    async fn opens_now(&self) -> Value {
        let lesson = self.county.add(2, 1).await;
        let now = clock::now();
        let (day, starts, ends) = (Day::of(now), now.0 + 5 * MINUTE_MS, now.0 + 45 * MINUTE_MS);
        let id = text(&lesson["id"]);
        self.county
            .run(&format!(
                "UPDATE timetable_lesson SET day = '{day}', starts_at = {starts}, ends_at = {ends} WHERE id = '{id}';
                 UPDATE timetable_class SET starts_at = {starts} WHERE timetable_lesson_id = '{id}'"
            ))
            .await;
        let live = wait_for("the lesson opens", async || {
            self.county.lesson(&lesson).await["lesson_id"].as_str().map(str::to_owned)
        });
        json!(live.await)
    }
}

fn said_by(house: &House, says: &Says, method: Method, path: &str) -> RequestBuilder {
    let Says::Cookie(cookie) = says else { panic!("signed in by a cookie") };
    house.request(method, path).header(header::COOKIE, cookie).header(header::ORIGIN, house.url(""))
}

fn asks(house: &House, body: &Value) -> RequestBuilder {
    house.request(Method::POST, "/api/screen-codes").json(body)
}

/// What a screen is given that comes for the first time: code and secret.
async fn shows(house: &House) -> (String, String) {
    let given = expect(asks(house, &json!({})), StatusCode::OK).await;
    assert_eq!(given["state"], "waiting");
    assert!(given["expires_in_s"].as_u64().unwrap() > 590, "{given}");
    (text(&given["code"]), text(&given["secret"]))
}

fn health() -> Value {
    json!({"version": "0.1.0", "browser": "Chromium 156", "width_px": 1920, "height_px": 1080, "camera": "fine",
        "microphone": "fine", "uptime_s": 5})
}

fn without_camera() -> Value {
    let mut health = health();
    health["camera"] = json!("missing");
    health
}

#[tokio::test]
async fn a_screen_is_paired_by_the_code_it_shows_and_joins_its_lessons_by_itself() {
    let screens = Screens::open().await;
    let house = screens.house();
    let (code, secret) = shows(house).await;
    assert!(!secret.contains(&code), "the code reveals nothing of the secret");
    // A screen whose page is loaded anew shows the same code.
    let again = expect(asks(house, &json!({"secret": secret})), StatusCode::OK).await;
    assert_eq!(again["code"], code);
    // It has no credential yet.
    let refused = Page::hello(house.addr, &secret, None).await.next().await.unwrap();
    assert_eq!(refused["problem"]["type"], "bad_credential");
    // While it waits for an answer, somebody types the code.
    let waits = tokio::spawn(asks(house, &json!({"secret": secret, "shown": code})).send());
    let device = expect(screens.claim(&code, "room-a", "河口一教室"), StatusCode::CREATED).await;
    let told: Value = waits.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(told, json!({"state": "paired"}));
    assert_eq!(
        (&device["name"], &device["classroom_name"], &device["org_name"]),
        (&json!("河口一教室"), &json!("一教室"), &json!("河口教学点"))
    );
    let (mut page, welcome) = Page::enter(house.addr, &secret).await;
    assert_eq!((&welcome["device"]["id"], &welcome["lesson"]), (&device["id"], &Value::Null));
    let lesson = screens.opens_now().await;
    page.hear_that("assigned", |told| told["lesson"]["id"] == lesson).await;
    // The secret itself stands nowhere.
    let mut database = house.database().await;
    let kept: Vec<String> = sqlx::query_scalar(
        "SELECT credential_hash FROM device UNION ALL SELECT secret_hash FROM screen_code",
    )
    .fetch_all(&mut database)
    .await
    .unwrap();
    assert!(kept.len() == 2 && kept.iter().all(|hash| !secret.contains(hash.as_str())));
}

#[tokio::test]
async fn a_screen_that_is_paired_while_a_lesson_runs_joins_it_at_once() {
    let screens = Screens::open().await;
    let lesson = screens.opens_now().await;
    let (_, credential) = screens.paired("room-a", "一教室").await;
    let (_, welcome) = Page::enter(screens.house().addr, &credential).await;
    assert_eq!(welcome["lesson"]["id"], lesson);
    let (_, credential) = screens.paired("room-b", "山下").await;
    let (_, welcome) = Page::enter(screens.house().addr, &credential).await;
    assert_eq!(welcome["lesson"], Value::Null, "it has no part in that lesson");
    screens.county.run("UPDATE class_group SET consent_live = 0 WHERE id = 'cls-a'").await;
    let (_, credential) = screens.paired("room-a", "二屏").await;
    let (_, welcome) = Page::enter(screens.house().addr, &credential).await;
    assert_eq!(welcome["lesson"], Value::Null, "the class's parents took their consent back");
}

#[tokio::test]
async fn a_code_counts_once_and_not_for_ever() {
    let screens = Screens::open().await;
    let house = screens.house();
    let (used, _) = shows(house).await;
    expect(screens.claim(&used, "room-a", "一教室"), StatusCode::CREATED).await;
    let twice = expect(screens.claim(&used, "room-a", "一教室"), StatusCode::CONFLICT).await;
    assert_eq!(twice["type"], "screen_code_used");
    assert_eq!(screens.listed().await.len(), 1);

    let (old, secret) = shows(house).await;
    run(house, &format!("UPDATE screen_code SET expires_at = {} WHERE code = '{old}'", clock::now().0 - 1))
        .await;
    let late = expect(screens.claim(&old, "room-a", "一教室"), StatusCode::NOT_FOUND).await;
    assert_eq!(late["type"], "unknown_screen_code");
    assert!(late["detail"].as_str().unwrap().contains("配对码"), "{late}");
    // The screen is shown another one, and its secret stays.
    let renewed = expect(asks(house, &json!({"secret": secret, "shown": old})), StatusCode::OK).await;
    assert_eq!(renewed["secret"], secret);
    assert_ne!(renewed["code"], old);
    expect(screens.claim(&text(&renewed["code"]), "room-a", "二屏"), StatusCode::CREATED).await;
    let told = expect(asks(house, &json!({"secret": secret, "shown": old})), StatusCode::OK).await;
    assert_eq!(told["state"], "paired", "also if it asks late");
}

#[tokio::test]
async fn of_many_who_type_a_code_at_once_one_pairs_the_screen() {
    let screens = Screens::open().await;
    let (code, _) = shows(screens.house()).await;
    let all = (0..8).map(|_| screens.claim(&code, "room-a", "一教室").send());
    let answers = futures_util::future::join_all(all).await;
    let mut statuses: Vec<u16> =
        answers.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(screens.listed().await.len(), 1);
}

#[tokio::test]
async fn guessing_is_slowed_down_for_the_account_that_guesses() {
    let screens = Screens::open().await;
    let (code, _) = shows(screens.house()).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let mut unknown = 0;
    let limited = loop {
        let answer = screens.claim(wrong, "room-a", "一教室").send().await.unwrap();
        match answer.status() {
            StatusCode::NOT_FOUND => unknown += 1,
            StatusCode::TOO_MANY_REQUESTS => break answer,
            other => panic!("{other}"),
        }
    };
    // Ten, and one more each six seconds that the ten took.
    assert!((10..20).contains(&unknown), "{unknown}");
    assert!(limited.headers()[header::RETRY_AFTER].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    let right = screens.claim(&code, "room-a", "一教室").send().await.unwrap();
    assert_eq!(right.status(), StatusCode::TOO_MANY_REQUESTS, "or guessing would cost nothing");
    let other = somebody(screens.house(), AccountRole::Administrator, COUNTY, true).await;
    let body = json!({"code": code, "classroom_id": "room-a", "name": "一教室"});
    let request = said_by(screens.house(), &other, Method::POST, "/api/devices").json(&body);
    expect(request, StatusCode::CREATED).await;
}

#[tokio::test]
async fn a_school_pairs_no_screen_into_another_schools_classroom() {
    let screens = Screens::open().await;
    let house = screens.house();
    let school = somebody(house, AccountRole::It, HERE, true).await;
    let scheduler = somebody(house, AccountRole::Scheduler, COUNTY, true).await;
    let (code, _) = shows(house).await;
    let claim = |says: &Says, room: &str| {
        let body = json!({"code": code, "classroom_id": room, "name": "屏幕"});
        said_by(house, says, Method::POST, "/api/devices").json(&body)
    };
    expect(claim(&school, "room-a"), StatusCode::NOT_FOUND).await;
    expect(claim(&scheduler, "room-m1"), StatusCode::FORBIDDEN).await;
    expect(claim(&school, "room-none"), StatusCode::UNPROCESSABLE_ENTITY).await;
    // None of that was a guess, and the code counts still.
    let device = expect(claim(&school, "room-m1"), StatusCode::CREATED).await;
    let path = format!("/api/devices/{}/classroom", text(&device["id"]));
    let away = said_by(house, &school, Method::PUT, &path).json(&json!({"classroom_id": "room-a"}));
    expect(away, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn codes_are_bounded_for_one_network_and_in_all() {
    let house = House::open().await;
    let mut given = 0;
    let limited = loop {
        let answer = asks(&house, &json!({})).send().await.unwrap();
        match answer.status() {
            StatusCode::OK => given += 1,
            StatusCode::TOO_MANY_REQUESTS => break answer,
            other => panic!("{other}"),
        }
    };
    assert!((100..200).contains(&given), "{given}");
    assert!(limited.headers().contains_key(header::RETRY_AFTER));
    let elsewhere = |body| asks(&house, &body).header("x-forwarded-for", "10.1.2.3");
    let other = expect(elsewhere(json!({})), StatusCode::OK).await;
    let mut database = house.database().await;
    let codes: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM screen_code").fetch_one(&mut database).await.unwrap();
    assert_eq!(codes, given + 1);
    // Other networks have filled the rest.
    for number in codes..2_000 {
        sqlx::query(
            "INSERT INTO screen_code (code, secret_hash, made_at, expires_at) VALUES ($1, $2, 0, $3)",
        )
        .bind(format!("x{number}"))
        .bind(format!("x{number}"))
        .bind(clock::now().0 + MINUTE_MS)
        .execute(&mut database)
        .await
        .unwrap();
    }
    let full = elsewhere(json!({})).send().await.unwrap();
    assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.headers().contains_key(header::RETRY_AFTER));
    // Who waits goes on waiting, and what is over makes room.
    let same = expect(elsewhere(json!({"secret": other["secret"]})), StatusCode::OK).await;
    assert_eq!(same["code"], other["code"]);
    run(&house, "UPDATE screen_code SET expires_at = 1 WHERE code LIKE 'x%'").await;
    expect(elsewhere(json!({})), StatusCode::OK).await;
    for bad in ["", "d.0", "t.les-1.00", &"x".repeat(300)] {
        expect(elsewhere(json!({"secret": bad})), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
}

#[tokio::test]
async fn a_screen_that_waits_survives_the_server() {
    let screens = Screens::open().await;
    let (code, secret) = shows(screens.house()).await;
    let Screens { county, it, .. } = screens;
    let house = county.house.reopen().await;
    let again = expect(asks(&house, &json!({"secret": secret})), StatusCode::OK).await;
    assert_eq!((text(&again["code"]), text(&again["secret"])), (code.clone(), secret.clone()));
    let body = json!({"code": code, "classroom_id": "room-a", "name": "一教室"});
    expect(said_by(&house, &it, Method::POST, "/api/devices").json(&body), StatusCode::CREATED).await;
    // Paired, cut off, and the server started again before the screen asked.
    let house = house.reopen().await;
    let told = expect(asks(&house, &json!({"secret": secret, "shown": code})), StatusCode::OK).await;
    assert_eq!(told["state"], "paired");
    Page::enter(house.addr, &secret).await;
}

#[tokio::test]
async fn a_revoked_screen_leaves_its_lesson_and_its_socket_at_once_and_waits_anew() {
    let screens = Screens::open().await;
    let house = screens.house();
    let (device, credential) = screens.paired("room-a", "一教室").await;
    let (mut page, _) = Page::enter(house.addr, &credential).await;
    let lesson = screens.opens_now().await;
    page.hear_that("assigned", |told| told["lesson"]["id"] == lesson).await;
    let rooms = async || {
        let shown = house.get(&format!("/api/lessons/{}", text(&lesson))).await;
        let all = shown["participants"].as_array().unwrap().clone();
        all.iter().filter(|one| one["role"] == "classroom").count()
    };
    assert_eq!(rooms().await, 1);
    let path = format!("/api/devices/{}", text(&device["id"]));
    expect(screens.as_it(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    let refused = page.hear_that("refused", |told| told["id"] == 0).await;
    assert_eq!(refused["problem"]["type"], "bad_credential");
    assert!(page.next().await.is_none(), "the socket is closed");
    wait_for("it left the lesson", async || (rooms().await == 0).then_some(())).await;
    let dead = Page::hello(house.addr, &credential, None).await.next().await.unwrap();
    assert_eq!(dead["problem"]["status"], 401);
    // It asks with what it had: that opens nothing any more, and a new code is shown.
    let anew = expect(asks(house, &json!({"secret": credential})), StatusCode::OK).await;
    assert_eq!(anew["state"], "waiting");
    let other = Page::hello(house.addr, &text(&anew["secret"]), None).await.next().await.unwrap();
    assert_eq!(other["problem"]["status"], 401);
}

#[tokio::test]
async fn a_screen_that_is_moved_leaves_the_lesson_of_the_old_classroom_and_joins_the_new_ones() {
    let screens = Screens::open().await;
    let house = screens.house();
    let (device, credential) = screens.paired("room-b", "屏幕").await;
    let (mut page, _) = Page::enter(house.addr, &credential).await;
    let lesson = screens.opens_now().await;
    let path = format!("/api/devices/{}", text(&device["id"]));
    let place = async |room: &str| {
        let request = screens.as_it(Method::PUT, &format!("{path}/classroom"));
        expect(request.json(&json!({"classroom_id": room})), StatusCode::OK).await
    };
    place("room-a").await;
    page.hear_that("assigned", |told| told["lesson"]["id"] == lesson).await;
    place("room-b").await;
    page.hear_that("assigned", |told| told["lesson"].is_null()).await;
    // The master's room has part in it too.
    place("room-m1").await;
    page.hear_that("assigned", |told| told["lesson"]["id"] == lesson).await;
    place("room-a").await;
    place("room-b").await;
    page.hear_that("assigned", |told| told["lesson"].is_null()).await;
    let renamed = screens.as_it(Method::PATCH, &path).json(&json!({"name": "山下大屏"}));
    assert_eq!(expect(renamed, StatusCode::OK).await["name"], "山下大屏");
    page.hear_that("assigned", |told| told["device"]["name"] == "山下大屏").await;
}

#[tokio::test]
async fn what_a_screen_says_of_itself_is_kept_once_a_minute() {
    let screens = Screens::open().await;
    let house = screens.house();
    let (device, credential) = screens.paired("room-a", "一教室").await;
    let shown = &screens.listed().await[0];
    assert_eq!((&shown["is_online"], &shown["last_seen_at"]), (&json!(false), &Value::Null));
    assert_eq!(shown["troubles"], json!(["offline"]));
    let (mut page, _) = Page::enter(house.addr, &credential).await;
    let report =
        async |page: &mut Page, health: Value| page.ask(json!({"do": "report", "health": health})).await;
    report(&mut page, without_camera()).await.unwrap();
    let first = screens.listed().await[0].clone();
    assert_eq!((&first["is_online"], &first["troubles"]), (&json!(true), &json!(["camera_missing"])));
    assert_eq!(first["health"]["camera"], "missing");
    report(&mut page, health()).await.unwrap();
    let second = screens.listed().await[0].clone();
    assert_eq!(
        (&second["last_seen_at"], &second["health"]),
        (&first["last_seen_at"], &first["health"]),
        "the minute is not over"
    );
    // A minute later.
    let id = text(&device["id"]);
    run(house, &format!("UPDATE device SET last_seen_at = last_seen_at - {MINUTE_MS} WHERE id = '{id}'"))
        .await;
    report(&mut page, health()).await.unwrap();
    let third = screens.listed().await[0].clone();
    assert_eq!((&third["health"]["camera"], &third["troubles"]), (&json!("fine"), &json!([])));
    assert!(third["last_seen_at"].as_i64() >= first["last_seen_at"].as_i64());
    // What cannot be is refused, and nothing of it is kept.
    run(house, &format!("UPDATE device SET last_seen_at = 0 WHERE id = '{id}'")).await;
    for (field, value) in
        [("width_px", json!(0)), ("version", json!("x".repeat(65))), ("browser", json!("a\u{0}"))]
    {
        let mut bad = health();
        bad[field] = value;
        assert_eq!(report(&mut page, bad).await.unwrap_err()["type"], "bad_input");
    }
    assert_eq!(screens.listed().await[0]["last_seen_at"], 0);
    // A screen speaks of itself; a teacher's page is no screen.
    let made = house.make_lesson(false).await;
    let (mut teacher, _) = Page::enter(house.addr, &made.teacher).await;
    assert_eq!(report(&mut teacher, health()).await.unwrap_err()["type"], "not_allowed");
}

#[tokio::test]
async fn the_list_begins_with_those_somebody_should_look_after() {
    let screens = Screens::open().await;
    let house = screens.house();
    let mut pages = Vec::new();
    for (room, name, says) in
        [("room-a", "甲", Some(health())), ("room-a2", "乙", Some(without_camera())), ("room-b", "丙", None)]
    {
        let (_, credential) = screens.paired(room, name).await;
        if let Some(says) = says {
            let (mut page, _) = Page::enter(house.addr, &credential).await;
            page.ask(json!({"do": "report", "health": says})).await.unwrap();
            pages.push(page);
        }
    }
    let listed = screens.listed().await;
    let names: Vec<_> = listed.iter().map(|screen| text(&screen["name"])).collect();
    assert_eq!(names, ["丙", "乙", "甲"]);
    // Another school's person sees none of them; a screen whose page goes is offline.
    let school = somebody(house, AccountRole::It, HERE, true).await;
    let theirs = expect(said_by(house, &school, Method::GET, "/api/devices"), StatusCode::OK).await;
    assert_eq!(theirs, json!([]));
    pages.clear();
    wait_for("all are offline", async || {
        screens.listed().await.iter().all(|screen| screen["is_online"] == false).then_some(())
    })
    .await;
}

#[tokio::test]
async fn whoever_types_a_lessons_code_again_and_again_pushes_no_classrooms_screen_out() {
    let screens = Screens::open().await;
    let house = screens.house();
    // It is switched off: it is invited, and does not come.
    let (device, _) = screens.paired("room-a", "一教室").await;
    let lesson = screens.opens_now().await;
    let access = house.get(&format!("/api/lessons/{}/access", text(&lesson))).await;
    for _ in 0..40 {
        house.pair(&text(&access["code"]), "外来").await;
    }
    let listed = screens.listed().await;
    assert_eq!(listed.iter().map(|screen| &screen["id"]).collect::<Vec<_>>(), [&device["id"]]);
}
