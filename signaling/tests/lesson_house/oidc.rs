//! Signing in at a real OpenID provider (`tests/oidc`), through its own pages, and its logout.

use crate::accounts::{HERE, settle};
use crate::house::{DEADLINE, House, expect, text, wait_for};
use reqwest::{Client, Method, Response, StatusCode, Url, header, redirect};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tongtang_config::oidc::{ClientSecret, OidcGroup};
use tongtang_config::{Config, Oidc};

/// Installing its packages, the first time.
const INSTALL_DEADLINE: std::time::Duration = std::time::Duration::from_secs(180);

/// The provider's process; it ends when this is dropped.
struct Provider {
    issuer: String,
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Provider {
    async fn start() -> Self {
        let run = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oidc/run");
        let mut child = Command::new(run)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(INSTALL_DEADLINE, said.next_line()).await.unwrap().unwrap();
        let issuer = line.expect("the provider ended").strip_prefix("issuer ").unwrap().to_owned();
        Self { issuer, child, said }
    }

    /// Tells it who relies on it.
    async fn serve(&mut self, house: &House) {
        let line = format!("{}\n", house.url(""));
        self.child.stdin.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
        let line = tokio::time::timeout(DEADLINE, self.said.next_line()).await.unwrap().unwrap();
        assert_eq!(line.as_deref(), Some("ready"));
    }
}

/// A house that relies on a provider, with places in it.
async fn house() -> (House, Provider) {
    let mut provider = Provider::start().await;
    let group = |group: &str, role: &str, org: &str| OidcGroup {
        group: group.into(),
        role: role.into(),
        org: org.into(),
    };
    let oidc = Oidc {
        issuer: provider.issuer.clone(),
        client_id: "tongtang".into(),
        client_secret: ClientSecret::new("a secret: + & %"),
        name: "教育云".into(),
        groups_claim: String::new(),
        // By the codes of the places.
        groups: vec![
            group("it-here", "it", "11"),
            group("county-heads", "administrator", "1"),
            group("lost", "it", "99"),
        ],
    };
    let house = House::open_with_config(Config { oidc, ..Config::default() }).await;
    provider.serve(&house).await;
    settle(&house).await;
    (house, provider)
}

/// A browser that goes where it is sent and keeps each server's cookies.
struct Surfer {
    http: Client,
    cookies: HashMap<u16, HashMap<String, String>>,
    /// Where it was sent, in order.
    visited: Vec<Url>,
}

impl Surfer {
    fn new() -> Self {
        let http = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { http, cookies: HashMap::new(), visited: Vec::new() }
    }

    async fn ask(&mut self, method: Method, url: &Url, form: Option<&[(&str, &str)]>) -> Response {
        let jar = self.cookies.entry(url.port().unwrap()).or_default();
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method, url.clone()).header(header::COOKIE, cookies.join("; "));
        if let Some(form) = form {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        }
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            let (name, value) = pair.split_once('=').unwrap();
            jar.insert(name.to_owned(), value.to_owned());
        }
        self.visited.push(url.clone());
        answer
    }

    /// Goes to a page, over all redirections; its address and text.
    async fn go(&mut self, method: Method, url: Url, form: Option<&[(&str, &str)]>) -> (Url, String) {
        let (mut url, mut answer) = (url.clone(), self.ask(method, &url, form).await);
        for _ in 0..10 {
            let Some(to) = answer.headers().get(header::LOCATION) else { break };
            url = url.join(to.to_str().unwrap()).unwrap();
            if url.path().starts_with("/sign-in") || url.path() == "/welcome" {
                return (url, String::new());
            }
            answer = self.ask(Method::GET, &url, None).await;
        }
        (url, answer.text().await.unwrap())
    }

    /// Logs in on the provider's pages; where this server's answer leads.
    async fn log_in(&mut self, house: &House, name: &str) -> Url {
        let start = Url::parse(&house.url("/api/oidc/start?back_to=/welcome")).unwrap();
        let (mut url, mut page) = self.go(Method::GET, start, None).await;
        while let Some(action) = between(&page, "action=\"", "\"") {
            let prompt = between(&page, "name=\"prompt\" value=\"", "\"").expect("a page of the provider");
            let form = [("prompt", prompt), ("login", name), ("password", "any")];
            let to = url.join(action).unwrap();
            (url, page) = self.go(Method::POST, to, Some(&form)).await;
        }
        url
    }

    /// Logs out on the provider's pages.
    async fn log_out(&mut self, provider: &Provider) {
        let url = Url::parse(&format!("{}/session/end", provider.issuer)).unwrap();
        let (url, page) = self.go(Method::GET, url, None).await;
        let xsrf = between(&page, "name=\"xsrf\" value=\"", "\"").expect("a page that asks");
        let to = url.join(between(&page, "action=\"", "\"").unwrap()).unwrap();
        self.go(Method::POST, to, Some(&[("xsrf", xsrf), ("logout", "yes")])).await;
    }

    async fn session(&mut self, house: &House) -> Value {
        let url = Url::parse(&house.url("/api/session")).unwrap();
        self.ask(Method::GET, &url, None).await.json().await.unwrap()
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

#[tokio::test]
async fn somebody_signs_in_at_the_provider_and_its_logout_ends_the_session() {
    let (house, provider) = house().await;
    assert_eq!(house.get("/api/sign-in").await["provider"], "教育云");
    // Somebody's account of this server has the login already; it is not taken over.
    let taken = json!({"login": "li", "name": "李老师", "org_id": HERE, "roles": []});
    expect(house.as_admin(Method::POST, "/api/accounts").json(&taken), StatusCode::CREATED).await;
    let mut surfer = Surfer::new();
    assert_eq!(surfer.log_in(&house, "li.it-here.pupils").await.path(), "/welcome");
    let session = surfer.session(&house).await;
    assert_eq!((&session["role"], &session["account"]["name"]), (&json!("account"), &json!("李娜")));
    let roles = &session["account"]["roles"];
    assert_eq!(*roles, json!([{"role": "it", "org_id": HERE, "org_name": "中心校"}]));
    assert_ne!(session["account"]["login"], "li");
    let accounts = house.get("/api/accounts").await;
    let by_provider = accounts.as_array().unwrap().iter().filter(|one| one["by_provider"] == true);
    assert_eq!(by_provider.count(), 1);
    // Another browser of the same person is the same account, and another session of the provider's.
    let mut elsewhere = Surfer::new();
    elsewhere.log_in(&house, "li.it-here.pupils").await;
    assert_eq!(elsewhere.session(&house).await["account"]["id"], session["account"]["id"]);
    surfer.log_out(&provider).await;
    wait_for("the logout", async || (surfer.session(&house).await["role"] == "none").then_some(())).await;
    assert_eq!(elsewhere.session(&house).await["role"], "account", "its session goes on");
}

#[tokio::test]
async fn an_administrator_by_group_needs_the_second_factor_too() {
    let (house, provider) = house().await;
    let mut surfer = Surfer::new();
    assert_eq!(surfer.log_in(&house, "wang.county-heads").await.path(), "/welcome");
    let session = surfer.session(&house).await;
    assert_eq!((&session["role"], &session["acts"]), (&json!("none"), &json!([])));
    assert_eq!(session["account"]["step"], "second_factor_setup");
    drop(provider);
}

#[tokio::test]
async fn who_is_in_no_group_of_a_place_that_is_there_does_not_get_in() {
    let (house, _provider) = house().await;
    for name in ["nobody", "zhang.pupils", "zhao.lost"] {
        let mut surfer = Surfer::new();
        let url = surfer.log_in(&house, name).await;
        assert_eq!((url.path(), url.fragment()), ("/sign-in", Some("refused.no_role")), "{name}");
        assert_eq!(surfer.session(&house).await["role"], "none");
    }
    assert_eq!(house.get("/api/accounts").await, json!([]));
    // Who was shut out stays out.
    let mut surfer = Surfer::new();
    surfer.log_in(&house, "li.it-here").await;
    let account = house.get("/api/accounts").await[0].clone();
    let shut_out =
        json!({"login": account["login"], "name": "x", "org_id": HERE, "roles": [], "disabled": true});
    let path = format!("/api/accounts/{}", text(&account["id"]));
    expect(house.as_admin(Method::PUT, &path).json(&shut_out), StatusCode::OK).await;
    assert_eq!(surfer.session(&house).await["role"], "none");
    assert_eq!(surfer.log_in(&house, "li.it-here").await.fragment(), Some("refused.shut_out"));
}

#[tokio::test]
async fn an_answer_counts_once_and_in_the_browser_that_asked() {
    let (house, _provider) = house().await;
    let mut surfer = Surfer::new();
    surfer.log_in(&house, "li.it-here").await;
    let answer = surfer.visited.iter().find(|url| url.path() == "/api/oidc/callback").unwrap().clone();
    // The same address again, and in somebody else's browser: nothing begun there.
    for mut browser in [surfer, Surfer::new()] {
        let (url, _) = browser.go(Method::GET, answer.clone(), None).await;
        assert_eq!(url.fragment(), Some("refused.stale"));
    }
    // Begun here, with another one's code.
    let mut begun = Surfer::new();
    let start = Url::parse(&house.url("/api/oidc/start")).unwrap();
    let sent = begun.ask(Method::GET, &start, None).await;
    let entrance = Url::parse(sent.headers()[header::LOCATION].to_str().unwrap()).unwrap();
    let asked: HashMap<_, _> = entrance.query_pairs().into_owned().collect();
    assert_eq!((asked["code_challenge_method"].as_str(), asked["response_type"].as_str()), ("S256", "code"));
    let mut stolen = answer.clone();
    let code = answer.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    stolen.query_pairs_mut().clear().append_pair("code", &code).append_pair("state", &asked["state"]);
    assert_eq!(begun.go(Method::GET, stolen, None).await.0.fragment(), Some("refused.provider"));
    assert_eq!(begun.session(&house).await["role"], "none");
}

#[tokio::test]
async fn a_logout_that_the_provider_did_not_sign_ends_nothing() {
    let (house, _provider) = house().await;
    let mut surfer = Surfer::new();
    surfer.log_in(&house, "li.it-here").await;
    let url = Url::parse(&house.url("/api/oidc/back-channel-logout")).unwrap();
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJsaS5pdC1oZXJlIn0.";
    for token in ["", "a.b.c", unsigned] {
        let answer = Surfer::new().ask(Method::POST, &url, Some(&[("logout_token", token)])).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{token}");
    }
    assert_eq!(surfer.session(&house).await["role"], "account");
}
