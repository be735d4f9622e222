//! Long lists, part by part, and how many screens one code brings in.

use crate::house::{House, expect, text};
use crate::pages::Page;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn column(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|row| text(&row[name])).collect()
}

async fn make(house: &House, title: &str) -> String {
    let made = house.as_admin(Method::POST, "/api/lessons").json(&json!({"title": title}));
    text(&expect(made, StatusCode::CREATED).await["lesson"]["id"])
}

#[tokio::test]
async fn a_long_list_is_read_part_by_part_and_searched_as_a_whole() {
    let house = House::open().await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(
            make(&house, &format!("{} {number}", if number % 3 == 0 { "Music" } else { "语文" })).await,
        );
    }
    made.reverse();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let after = seen.last().map(|id| format!("&after={id}")).unwrap_or_default();
        let part = house.get(&format!("/api/lessons?limit=3{after}")).await;
        let ids = column(&part, "id");
        assert!(ids.len() <= 3);
        if ids.is_empty() {
            break;
        }
        seen.extend(ids);
    }
    assert_eq!(seen, made, "all, once, the newest first");
    assert_eq!(column(&house.get("/api/lessons").await, "id"), made);
    let view = &house.get("/api/lessons?limit=1").await[0];
    assert_eq!(view["participants"][0]["role"], "teacher", "with its participants");

    assert_eq!(
        column(&house.get("/api/lessons?search=mus").await, "title"),
        ["Music 6", "Music 3", "Music 0"]
    );
    assert_eq!(house.get("/api/lessons?search=%E8%AF%AD&limit=9").await.as_array().unwrap().len(), 4);
    assert_eq!(house.get("/api/lessons?search=%25").await, json!([]), "no wildcard");
    assert_eq!(house.get(&format!("/api/lessons?after={}", made[6])).await, json!([]));
    for bad in ["limit=x", "after=a%20b", &format!("search={}", "x".repeat(500))] {
        let status =
            house.as_admin(Method::GET, &format!("/api/lessons?{bad}")).send().await.unwrap().status();
        assert!(status.is_client_error(), "{bad}: {status}");
    }
}

#[tokio::test]
async fn the_library_is_read_part_by_part_and_each_resource_has_its_newest_job() {
    let house = House::open().await;
    let mut titles = Vec::new();
    for title in ["一", "二", "三"] {
        let made = expect(
            house.as_admin(Method::POST, "/api/lessons").json(&json!({"title": title})),
            StatusCode::CREATED,
        )
        .await;
        let (mut teacher, _) = Page::enter(house.addr, &text(&made["teacher_credential"])).await;
        teacher.ask(json!({"do": "start"})).await.unwrap();
        teacher.ask(json!({"do": "end"})).await.unwrap();
        titles.insert(0, title);
    }
    let all = house.get("/api/library").await;
    assert_eq!(column(&all, "title"), titles);
    let first = text(&all[0]["id"]);
    assert_eq!(column(&house.get(&format!("/api/library?limit=1&after={first}")).await, "title"), ["二"]);
    assert_eq!(column(&house.get("/api/library?search=%E4%BA%8C").await, "title"), ["二"]);
    house.post(&format!("/api/library/{first}/cancel"), json!({})).await;
    house.post(&format!("/api/library/{first}/retry"), json!({})).await;
    let jobs: Vec<_> = house
        .get("/api/library")
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["job"]["attempts"].clone())
        .collect();
    assert_eq!(jobs, [json!(2), json!(1), json!(1)]);
}

#[tokio::test]
async fn one_code_does_not_fill_the_table_of_screens() {
    let house = House::open().await;
    let made = house.make_lesson(false).await;
    let real = house.pair(&made.code, "河口").await;
    let (mut page, _) = Page::enter(house.addr, &real).await;
    let mut typed = Vec::new();
    for number in 0..40 {
        typed.push(house.pair(&made.code, &format!("X {number}")).await);
    }
    let screens = house.get("/api/devices").await;
    assert_eq!(screens.as_array().unwrap().len(), 33, "the one that came, and the newest that did not yet");
    assert!(column(&screens, "name").contains(&"河口".to_owned()));
    page.say(json!({"type": "ping"})).await;
    page.hear("pong").await;
    let mut first = Page::hello(house.addr, &typed[0], None).await;
    assert_eq!(first.hear("refused").await["problem"]["type"], "bad_credential");
    let (_, last) = Page::enter(house.addr, &typed[39]).await;
    assert_eq!(last["lesson"]["id"], made.id, "the newest comes in");
}
