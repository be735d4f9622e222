//! Accounts from the invitation to the last session: passwords, second factors, who may give which role.

use crate::house::{DEADLINE, House, expect, text};
use crate::roles::run;
use data_encoding::BASE32_NOPAD;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use ring::hmac;
use serde_json::{Value, json};
use tongtang::clock;
use tongtang_protocol::ids::ResourceId;

/// A school; its county is `org-county`, another school of it `org-there`.
pub const HERE: &str = "org-here";

const PASSWORD: &str = "溪水东流归大海 2026";

/// A browser: keeps its cookie, says which page asks.
struct Browser<'a> {
    house: &'a House,
    cookie: Option<String>,
}

impl<'a> Browser<'a> {
    fn new(house: &'a House) -> Self {
        Self { house, cookie: None }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.house.request(method, path).header(header::ORIGIN, self.house.url(""));
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    async fn send(&mut self, request: RequestBuilder) -> (StatusCode, Value) {
        let answer = request.send().await.unwrap();
        if let Some(cookie) = answer.headers().get(header::SET_COOKIE) {
            self.cookie = Some(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        let status = answer.status();
        let body = answer.text().await.unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    async fn post(&mut self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    async fn get(&mut self, path: &str) -> (StatusCode, Value) {
        self.send(self.request(Method::GET, path)).await
    }

    async fn sign_in(&mut self, login: &str, password: &str) -> (StatusCode, Value) {
        self.post("/api/sign-in", json!({"login": login, "password": password})).await
    }
}

fn input(login: &str, org: &str, roles: &[(&str, &str)]) -> Value {
    let roles: Vec<Value> = roles.iter().map(|(role, org)| json!({"role": role, "org_id": org})).collect();
    json!({"login": login, "name": "李老师", "org_id": org, "roles": roles})
}

/// A new account's id.
async fn make(house: &House, login: &str, org: &str, roles: &[(&str, &str)]) -> String {
    let request = house.as_admin(Method::POST, "/api/accounts").json(&input(login, org, roles));
    text(&expect(request, StatusCode::CREATED).await["id"])
}

/// The secret of a fresh invitation.
async fn invite(house: &House, id: &str) -> String {
    let request = house.as_admin(Method::POST, &format!("/api/accounts/{id}/invitations"));
    let made = expect(request, StatusCode::CREATED).await;
    let days = (made["expires_at"].as_i64().unwrap() - clock::now().0 + 60_000) / (24 * 3_600_000);
    assert_eq!(days, 7);
    text(&made["url"]).split_once("#invitation.").unwrap().1.to_owned()
}

async fn set_password(house: &House, id: &str) {
    let invitation = invite(house, id).await;
    let (status, said) = Browser::new(house)
        .post("/api/passwords", json!({"invitation": invitation, "password": PASSWORD}))
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{said}");
}

/// The code of now, worked out apart from the server (RFC 6238).
fn code(secret: &str, steps_on: i64) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let step = clock::now().0 / 30_000 + steps_on;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let word = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// Two schools of a county (codes 11 and 12 of 1), each with a teacher.
pub async fn settle(house: &House) {
    let sql = "INSERT INTO org (id, parent_id, kind, code, name, path, created_at) VALUES
            ('org-county', NULL, 'county', '1', '某县', '/org-county/', 0),
            ('org-here', 'org-county', 'school', '11', '中心校', '/org-county/org-here/', 0),
            ('org-there', 'org-county', 'school', '12', '河边教学点', '/org-county/org-there/', 0);
         INSERT INTO person (id, org_id, code, name) VALUES
            ('per-here', 'org-here', '1001', '李老师'), ('per-there', 'org-there', '1002', '张老师');";
    run(house, sql).await;
}

async fn settled() -> House {
    let house = House::open().await;
    settle(&house).await;
    house
}

#[tokio::test]
async fn an_administrator_gets_in_by_invitation_password_and_second_factor() {
    let house = settled().await;
    let id = make(&house, "Li.Na", HERE, &[("administrator", HERE)]).await;
    let mut page = Browser::new(&house);
    assert_eq!(page.sign_in("li.na", PASSWORD).await.0, StatusCode::UNAUTHORIZED, "no default password");
    set_password(&house, &id).await;
    let (status, said) = page.sign_in(" LI.NA ", PASSWORD).await;
    assert_eq!((status, &said["step"]), (StatusCode::OK, &json!("second_factor_setup")));
    let session = page.get("/api/session").await.1;
    assert_eq!((&session["role"], &session["acts"]), (&json!("none"), &json!([])));
    assert_eq!(session["account"]["step"], "second_factor_setup");
    let (status, setup) = page.post("/api/second-factor/setup", json!({})).await;
    assert_eq!(status, StatusCode::OK);
    let secret = text(&setup["secret"]);
    assert!(text(&setup["uri"]).starts_with("otpauth://totp/Tongtang:li.na?secret="));
    let halfway = page.cookie.clone();
    assert_eq!(page.post("/api/second-factor", json!({"code": "12345"})).await.0, StatusCode::UNAUTHORIZED);
    let first = code(&secret, 0);
    let (status, said) = page.post("/api/second-factor", json!({"code": first})).await;
    assert_eq!((status, &said["step"]), (StatusCode::OK, &json!("done")), "{said}");
    assert_ne!(page.cookie, halfway, "the session has a new name");
    let session = page.get("/api/session").await.1;
    assert_eq!(session["account"]["roles"][0]["org_name"], "中心校");
    assert!(session["acts"].as_array().unwrap().contains(&json!("change_places")), "{session}");
    assert_eq!(page.get("/api/devices").await.0, StatusCode::OK);
    // Another browser, the same code: it opened once. The next one opens.
    let mut other = Browser::new(&house);
    assert_eq!(other.sign_in("li.na", PASSWORD).await.1["step"], "second_factor");
    assert_eq!(other.get("/api/devices").await.0, StatusCode::UNAUTHORIZED);
    let (status, said) = other.post("/api/second-factor", json!({"code": first})).await;
    assert_eq!((status, &said["type"]), (StatusCode::UNAUTHORIZED, &json!("wrong_code")));
    let next = code(&secret, 1);
    assert_eq!(other.post("/api/second-factor", json!({"code": next})).await.0, StatusCode::OK);
    // The secret is sealed in the database.
    let mut database = house.database().await;
    let stored: String = sqlx::query_scalar("SELECT totp_secret FROM account WHERE login = 'li.na'")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert!(!stored.contains(&secret));
    // A lost phone: all sessions end, and a new one is set up.
    let cleared = house.as_admin(Method::DELETE, &format!("/api/accounts/{id}/second-factor"));
    expect(cleared, StatusCode::NO_CONTENT).await;
    assert_eq!(other.get("/api/devices").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(other.sign_in("li.na", PASSWORD).await.1["step"], "second_factor_setup");
}

#[tokio::test]
async fn who_has_no_account_is_told_what_a_wrong_password_is_told() {
    let house = settled().await;
    let known = make(&house, "known", HERE, &[("researcher", HERE)]).await;
    set_password(&house, &known).await;
    let shut_out = make(&house, "shut-out", HERE, &[("researcher", HERE)]).await;
    set_password(&house, &shut_out).await;
    let mut body = input("shut-out", HERE, &[]);
    body["disabled"] = json!(true);
    let path = format!("/api/accounts/{shut_out}");
    expect(house.as_admin(Method::PUT, &path).json(&body), StatusCode::OK).await;
    make(&house, "never-came", HERE, &[]).await;
    let mut said = Vec::new();
    for (login, password) in
        [("known", "wrong password"), ("nobody", PASSWORD), ("shut-out", PASSWORD), ("never-came", "")]
    {
        let mut answers = Vec::new();
        for _ in 0..6 {
            answers.push(Browser::new(&house).sign_in(login, password).await);
        }
        let statuses: Vec<u16> = answers.iter().map(|(status, _)| status.as_u16()).collect();
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429], "{login}");
        said.push(answers.into_iter().map(|(_, body)| body["type"].clone()).collect::<Vec<_>>());
    }
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{said:?}");
}

#[tokio::test]
async fn an_invitation_opens_once_and_the_newest_alone_and_not_for_ever() {
    let house = settled().await;
    let id = make(&house, "li", HERE, &[("researcher", HERE)]).await;
    let (old, new) = (invite(&house, &id).await, invite(&house, &id).await);
    let mut page = Browser::new(&house);
    let mut try_it = async |invitation: &str, password: &str| {
        page.post("/api/passwords", json!({"invitation": invitation, "password": password})).await
    };
    assert_eq!(try_it(&old, PASSWORD).await.1["type"], "bad_invitation", "replaced");
    for weak in ["short", "aaaaaaaaaaaaaaa"] {
        assert_eq!(try_it(&new, weak).await.1["type"], "weak_password");
    }
    assert_eq!(try_it(&new, PASSWORD).await.0, StatusCode::NO_CONTENT);
    assert_eq!(try_it(&new, PASSWORD).await.1["type"], "bad_invitation", "used");
    let late = invite(&house, &id).await;
    run(&house, "UPDATE invitation_link SET expires_at = 1").await;
    assert_eq!(try_it(&late, PASSWORD).await.1["type"], "bad_invitation", "too old");
    assert_eq!(Browser::new(&house).sign_in("li", PASSWORD).await.1["step"], "done");
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_keeps_this_one() {
    let house = settled().await;
    let id = make(&house, "li", HERE, &[("researcher", HERE)]).await;
    set_password(&house, &id).await;
    let (mut here, mut elsewhere) = (Browser::new(&house), Browser::new(&house));
    here.sign_in("li", PASSWORD).await;
    elsewhere.sign_in("li", PASSWORD).await;
    let wrong = json!({"current": "not the one", "password": "another password"});
    assert_eq!(here.post("/api/passwords", wrong).await.1["type"], "wrong_password");
    let right = json!({"current": PASSWORD, "password": "another password"});
    assert_eq!(here.post("/api/passwords", right).await.0, StatusCode::NO_CONTENT);
    assert_eq!(here.get("/api/session").await.1["role"], "account");
    assert_eq!(elsewhere.get("/api/session").await.1["role"], "none");
    assert_eq!(Browser::new(&house).sign_in("li", "another password").await.0, StatusCode::OK);
}

/// Somebody who is signed in with one role at one place, with a second factor.
async fn administrator<'a>(house: &'a House, login: &str, org: &str) -> (Browser<'a>, String) {
    let id = make(house, login, org, &[("administrator", org)]).await;
    set_password(house, &id).await;
    let mut page = Browser::new(house);
    page.sign_in(login, PASSWORD).await;
    let secret = text(&page.post("/api/second-factor/setup", json!({})).await.1["secret"]);
    let (status, said) = page.post("/api/second-factor", json!({"code": code(&secret, 0)})).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    (page, id)
}

#[tokio::test]
async fn nobody_gives_or_takes_over_what_they_do_not_have() {
    let house = settled().await;
    let (mut school, own) = administrator(&house, "school", HERE).await;
    // A county's scheduler who belongs to the school.
    let above = make(&house, "above", HERE, &[("scheduler", "org-county")]).await;
    for beyond in [
        input("xx", "org-county", &[]),
        input("xx", HERE, &[("researcher", "org-county")]),
        input("xx", HERE, &[("researcher", "org-there")]),
        input("xx", HERE, &[("researcher", "org-nowhere")]),
    ] {
        let (status, said) = school.post("/api/accounts", beyond).await;
        assert_eq!((status, &said["type"]), (StatusCode::FORBIDDEN, &json!("beyond_yours")));
    }
    let mut as_other = input("xx", HERE, &[("master_teacher", HERE)]);
    as_other["person_id"] = json!("per-there");
    assert_eq!(school.post("/api/accounts", as_other).await.1["type"], "beyond_yours");
    let path = format!("/api/accounts/{above}");
    let (status, _) = school.post(&format!("{path}/invitations"), json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "an invitation would take the account over");
    for (method, tail) in [(Method::DELETE, ""), (Method::DELETE, "/second-factor"), (Method::PUT, "")] {
        let request =
            school.request(method.clone(), &format!("{path}{tail}")).json(&input("above", HERE, &[]));
        assert_eq!(school.send(request).await.0, StatusCode::FORBIDDEN, "{method} {tail}");
    }
    assert_eq!(house.get(&path).await["roles"][0]["role"], "scheduler", "nothing happened");
    // Of one's own account one keeps what one administers with.
    let path = format!("/api/accounts/{own}");
    let mut shut_out = input("school", HERE, &[("administrator", HERE)]);
    shut_out["disabled"] = json!(true);
    for body in [input("school", HERE, &[("auditor", HERE)]), shut_out] {
        let request = school.request(Method::PUT, &path).json(&body);
        assert_eq!(school.send(request).await.1["type"], "yourself");
    }
    let request = school.request(Method::DELETE, &path);
    assert_eq!(school.send(request).await.1["type"], "yourself");
    // Within the school it works, and a login is somebody's alone.
    let within = input("wang", HERE, &[("assistant", HERE), ("it", HERE)]);
    assert_eq!(school.post("/api/accounts", within.clone()).await.0, StatusCode::CREATED);
    assert_eq!(school.post("/api/accounts", within).await.1["type"], "login_taken");
}

#[tokio::test]
async fn a_role_taken_and_an_account_shut_out_count_at_once() {
    let house = settled().await;
    let id = make(&house, "it", HERE, &[("it", HERE)]).await;
    set_password(&house, &id).await;
    let mut page = Browser::new(&house);
    page.sign_in("it", PASSWORD).await;
    assert_eq!(page.get("/api/devices").await.0, StatusCode::OK);
    let path = format!("/api/accounts/{id}");
    let auditor = input("it", HERE, &[("researcher", HERE)]);
    expect(house.as_admin(Method::PUT, &path).json(&auditor), StatusCode::OK).await;
    assert_eq!(page.get("/api/devices").await.0, StatusCode::FORBIDDEN);
    // Who becomes an administrator is halfway out until the second factor is there.
    let administrator = input("it", HERE, &[("administrator", HERE)]);
    expect(house.as_admin(Method::PUT, &path).json(&administrator), StatusCode::OK).await;
    assert_eq!(page.get("/api/devices").await.1["type"], "second_factor_setup");
    let mut shut_out = input("it", HERE, &[("it", HERE)]);
    shut_out["disabled"] = json!(true);
    let view = expect(house.as_admin(Method::PUT, &path).json(&shut_out), StatusCode::OK).await;
    assert!(view["disabled_at"].is_i64());
    assert_eq!(page.get("/api/devices").await.1["type"], "not_signed_in");
    expect(house.as_admin(Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    expect(house.as_admin(Method::GET, &path), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn what_goes_on_for_long_ends_with_the_account() {
    let house = settled().await;
    let id = make(&house, "li", HERE, &[("researcher", HERE)]).await;
    set_password(&house, &id).await;
    let mut page = Browser::new(&house);
    page.sign_in("li", PASSWORD).await;
    let mut events = page.request(Method::GET, "/api/library/events").send().await.unwrap();
    assert_eq!(events.status(), StatusCode::OK);
    let gone = ResourceId::new("res-gone").unwrap();
    house.app.bus().resource_changed(&gone);
    let told = tokio::time::timeout(DEADLINE, events.chunk()).await.unwrap().unwrap().unwrap();
    assert!(String::from_utf8_lossy(&told).contains("res-gone"));
    let mut shut_out = input("li", HERE, &[]);
    shut_out["disabled"] = json!(true);
    let path = format!("/api/accounts/{id}");
    expect(house.as_admin(Method::PUT, &path).json(&shut_out), StatusCode::OK).await;
    house.app.bus().resource_changed(&gone);
    let told = tokio::time::timeout(DEADLINE, events.chunk()).await.unwrap().unwrap();
    assert!(told.is_none(), "{told:?}");
}

#[tokio::test]
async fn a_login_that_no_database_holds_is_refused_in_words() {
    let house = settled().await;
    let (status, said) = Browser::new(&house).sign_in("li\0", PASSWORD).await;
    assert_eq!((status, &said["type"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("bad_input")));
}

#[tokio::test]
async fn other_sites_pages_neither_sign_in_nor_use_a_session() {
    let house = settled().await;
    let id = make(&house, "li", HERE, &[("researcher", HERE)]).await;
    set_password(&house, &id).await;
    let mut page = Browser::new(&house);
    page.sign_in("li", PASSWORD).await;
    let cookie = page.cookie.clone().unwrap();
    for (path, body) in [
        ("/api/sign-in", json!({"login": "li", "password": PASSWORD})),
        ("/api/passwords", json!({"current": PASSWORD, "password": "another password"})),
        ("/api/second-factor/setup", json!({})),
    ] {
        let request = house.request(Method::POST, path).json(&body);
        let request = request.header(header::COOKIE, &cookie).header(header::ORIGIN, "https://evil.example");
        let said = expect(request, StatusCode::FORBIDDEN).await;
        assert_eq!(said["type"], "foreign_page", "{path}");
    }
}

#[tokio::test]
async fn lists_of_accounts_are_searched_and_go_on() {
    let house = settled().await;
    for login in ["wang", "li", "zhang", "li.na"] {
        make(&house, login, HERE, &[]).await;
    }
    let logins = async |query: &str| {
        let list = house.get(&format!("/api/accounts?{query}")).await;
        list.as_array().unwrap().iter().map(|one| text(&one["login"])).collect::<Vec<_>>()
    };
    assert_eq!(logins("").await, ["li", "li.na", "wang", "zhang"]);
    assert_eq!(logins("search=LI").await, ["li", "li.na"]);
    let first = house.get("/api/accounts?limit=1").await;
    assert_eq!(logins(&format!("limit=2&after={}", text(&first[0]["id"]))).await, ["li.na", "wang"]);
}
