//! Codes cannot be guessed, the set-up link works once, and other sites' pages do nothing.

use crate::house::{House, expect, text};
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::json;

#[tokio::test]
async fn guessing_codes_is_slowed_down_and_says_when_to_come_back() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let wrong = if made.code == "000000" { "000001" } else { "000000" };
    let mut unknown = 0;
    let limited = loop {
        let request = house.request(Method::POST, "/api/devices/pair").json(&json!({"code": wrong}));
        let response = request.send().await.unwrap();
        match response.status() {
            StatusCode::NOT_FOUND => unknown += 1,
            StatusCode::TOO_MANY_REQUESTS => break response,
            other => panic!("{other}"),
        }
    };
    assert!(unknown <= 6, "{unknown} guesses before the first wait");
    assert!(limited.headers()[header::RETRY_AFTER].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(limited.headers()[header::CONTENT_TYPE], "application/problem+json");
    // The right code does not help while one has to wait, or guessing would cost nothing.
    let request = house.request(Method::POST, "/api/devices/pair").json(&json!({"code": made.code}));
    assert_eq!(request.send().await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    // Another room is not held up.
    let other = house
        .request(Method::POST, "/api/devices/pair")
        .header("x-forwarded-for", "10.1.2.3")
        .json(&json!({"code": made.code}));
    expect(other, StatusCode::OK).await;
}

#[tokio::test]
async fn codes_that_are_no_codes_cost_nothing() {
    let house = House::open().await;
    for bad in ["", "12345", "1234567", "12345x", "１２３４５６"] {
        let request = house.request(Method::POST, "/api/devices/pair").json(&json!({"code": bad}));
        assert_eq!(expect(request, StatusCode::UNPROCESSABLE_ENTITY).await["type"], "bad_input");
    }
}

#[tokio::test]
async fn a_screen_that_shows_its_credential_stays_the_same_screen_in_every_lesson() {
    let house = House::open().await;
    let (first, second) = (house.make_lesson(false).await, house.make_lesson(false).await);
    let pair = async |code: &str, name: Option<&str>, credential: Option<&str>| {
        let body = json!({"code": code, "name": name});
        let request = house.request(Method::POST, "/api/devices/pair").json(&body);
        let request = credential.into_iter().fold(request, RequestBuilder::bearer_auth);
        expect(request, StatusCode::OK).await
    };
    let paired = pair(&first.code, Some("三班"), None).await;
    let screen = text(&paired["credential"]);
    for (code, name, shown) in [
        (&second.code, None, "三班"),
        (&second.code, Some("三班"), "三班"),
        (&first.code, Some("四班"), "四班"),
    ] {
        let again = pair(code, name, Some(&screen)).await;
        assert_eq!(
            (&again["device"]["id"], text(&again["credential"])),
            (&paired["device"]["id"], screen.clone())
        );
        assert_eq!(again["device"]["name"], shown);
    }
    assert_eq!(house.get("/api/devices").await.as_array().unwrap().len(), 1, "one screen, one device");

    // The name alone proves nothing, nor does a teacher's link.
    for credential in [None, Some(first.teacher.as_str())] {
        let other = pair(&first.code, Some("四班"), credential).await;
        assert_ne!(other["device"]["id"], paired["device"]["id"]);
    }
    // A screen that was removed is a new one, with a new credential.
    let path = format!("/api/devices/{}", text(&paired["device"]["id"]));
    expect(house.as_admin(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    let again = pair(&first.code, Some("三班"), Some(&screen)).await;
    assert_ne!(again["device"]["id"], paired["device"]["id"]);
    assert_ne!(text(&again["credential"]), screen);
}

#[tokio::test]
async fn the_seventeenth_classroom_is_told_that_the_lesson_is_full() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let mut pages = Vec::new();
    for number in 0..16 {
        let screen = house.pair(&made.code, &format!("教室 {number}")).await;
        pages.push(crate::pages::Page::enter(house.addr, &screen).await);
    }
    let request = house.request(Method::POST, "/api/devices/pair").json(&json!({"code": made.code}));
    assert_eq!(expect(request, StatusCode::CONFLICT).await["type"], "lesson_full");
}

#[tokio::test]
async fn the_setup_link_makes_one_administrator_and_no_second() {
    let house = House::open().await;
    assert!(house.app.unused_setup_secret().await.unwrap().is_some());
    let body = json!({"secret": house.secrets.setup_secret});
    let wrong = house.request(Method::POST, "/api/setup").json(&json!({"secret": "0000"}));
    expect(wrong, StatusCode::UNAUTHORIZED).await;
    let response = house.request(Method::POST, "/api/setup").json(&body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("tongtang=") && cookie.contains("HttpOnly"), "{cookie}");
    let pair = cookie.split(';').next().unwrap().to_owned();
    let session = house.request(Method::GET, "/api/session").header(header::COOKIE, &pair);
    assert_eq!(expect(session, StatusCode::OK).await["role"], "admin");
    let again = house.request(Method::POST, "/api/setup").json(&body);
    assert_eq!(expect(again, StatusCode::FORBIDDEN).await["type"], "setup_used");
    assert!(house.app.unused_setup_secret().await.unwrap().is_none());

    // Signing out ends it.
    let own = [(header::COOKIE, pair.clone()), (header::ORIGIN, house.url(""))];
    let mut request = house.request(Method::DELETE, "/api/session");
    for (name, value) in own {
        request = request.header(name, value);
    }
    expect(request, StatusCode::NO_CONTENT).await;
    let session = house.request(Method::GET, "/api/session").header(header::COOKIE, &pair);
    assert_eq!(expect(session, StatusCode::OK).await["role"], "none");
}

#[tokio::test]
async fn each_set_up_link_that_is_asked_for_works_once_and_ends_the_one_before() {
    let house = House::open().await;
    let ask = async || {
        let made = house.as_admin(Method::POST, "/api/setup-links");
        text(&expect(made, StatusCode::CREATED).await["secret"])
    };
    let visit = async |secret: &str| {
        let request = house.request(Method::POST, "/api/setup").json(&json!({"secret": secret}));
        request.send().await.unwrap().status()
    };
    let first = ask().await;
    assert_eq!(visit(&house.secrets.setup_secret).await, StatusCode::FORBIDDEN, "replaced");
    assert!(house.app.unused_setup_secret().await.unwrap().is_none(), "and not printed again");
    let second = ask().await;
    assert_ne!(first, second);
    assert_eq!(visit(&first).await, StatusCode::FORBIDDEN, "replaced");
    assert_eq!(visit(&second).await, StatusCode::NO_CONTENT);
    assert_eq!(visit(&second).await, StatusCode::FORBIDDEN, "used");
    // Whoever lost the cookie gets in again, as often as it happens.
    assert_eq!(visit(&ask().await).await, StatusCode::NO_CONTENT);
    assert_eq!(visit("0123").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_cookie_counts_only_on_our_own_pages() {
    let house = House::open().await;
    let body = json!({"secret": house.secrets.setup_secret});
    let response = house.request(Method::POST, "/api/setup").json(&body).send().await.unwrap();
    let cookie = text(&json!(response.headers()[header::SET_COOKIE].to_str().unwrap()));
    let cookie = cookie.split(';').next().unwrap();
    let make = |origin: Option<&str>| {
        let request = house.request(Method::POST, "/api/lessons").header(header::COOKIE, cookie);
        let request = request.json(&json!({"title": "课"}));
        match origin {
            Some(origin) => request.header(header::ORIGIN, origin),
            None => request,
        }
    };
    assert_eq!(
        expect(make(Some("https://evil.example")), StatusCode::FORBIDDEN).await["type"],
        "foreign_page"
    );
    assert_eq!(expect(make(None), StatusCode::FORBIDDEN).await["type"], "foreign_page");
    expect(make(Some(&house.url(""))), StatusCode::CREATED).await;
    let form = house
        .request(Method::POST, "/api/lessons")
        .header(header::COOKIE, cookie)
        .header(header::ORIGIN, house.url(""))
        .header(header::CONTENT_TYPE, "text/plain")
        .body(r#"{"title":"课"}"#);
    assert_eq!(expect(form, StatusCode::UNSUPPORTED_MEDIA_TYPE).await["type"], "not_json");
}

#[tokio::test]
async fn a_teachers_link_opens_their_lesson_and_does_not_sign_the_administrator_out() {
    let house = House::open().await;
    let (mine, other) = (house.make_lesson(false).await, house.make_lesson(false).await);
    let sign_in = |credential: &str| {
        house.request(Method::POST, "/api/teacher-session").json(&json!({"credential": credential}))
    };
    expect(sign_in("t.les-1.00"), StatusCode::UNAUTHORIZED).await;
    let response = sign_in(&mine.teacher).send().await.unwrap();
    let cookie =
        response.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let get = |path: String| house.request(Method::GET, &path).header(header::COOKIE, &cookie);
    let session = expect(get("/api/session".into()), StatusCode::OK).await;
    assert_eq!((&session["role"], &session["lesson_id"]), (&json!("teacher"), &json!(mine.id)));
    expect(get(format!("/api/lessons/{}/access", mine.id)), StatusCode::OK).await;
    expect(get(format!("/api/lessons/{}", other.id)), StatusCode::FORBIDDEN).await;
    assert_eq!(expect(get("/api/lessons".into()), StatusCode::OK).await.as_array().unwrap().len(), 1);
    let admin = sign_in(&other.teacher).bearer_auth(&house.secrets.admin_token).send().await.unwrap();
    assert!(admin.headers().get(header::SET_COOKIE).is_none());
}
