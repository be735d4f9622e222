//! Every route as every role: at the right place, at the wrong school, and halfway in. Who may what stands here a second
//! time, apart from the server's own table.

use crate::access::{Open, Says, Walk, guarded};
use crate::house::{DEADLINE, House, expect, text};
use crate::term_county::County;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tongtang::auth::SecretHash;
use tongtang::clock;
use tongtang::store::session::SessionOf;
use tongtang_protocol::account::AccountRole;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::AccountId;
use tongtang_protocol::units::UnixMillis;

/// The school where all things of a [`Walk`] are, another one of the county, and the county.
pub const HERE: &str = "org-m";
const THERE: &str = "org-b";
pub const COUNTY: &str = "org-county";

/// A code that a screen shows.
pub const SHOWN: &str = "000417";

/// A draft without lessons.
pub const PLAN: &str = "plan-here";
const EMPTY_PLAN: &str = r#"{"version":1,"seed":1,"seconds":0,"stopped_early":false,"objectives":{
    "uncovered_periods":{"value":0,"bound":0,"gap":0,"proof":"counting"},
    "worst_school_share":{"value":0,"bound":0,"gap":0,"proof":"counting"},
    "changes":{"value":0,"bound":0,"gap":0,"proof":"counting"},
    "wishes":{"value":0,"bound":0,"gap":0,"proof":"counting"},
    "prescribed_periods":0,"worst_school":null},"pairings":[],"lessons":[],"unserved":[]}"#;

const ROLES: [AccountRole; 7] = [
    AccountRole::Administrator,
    AccountRole::Scheduler,
    AccountRole::MasterTeacher,
    AccountRole::Assistant,
    AccountRole::Researcher,
    AccountRole::It,
    AccountRole::Auditor,
];

/// Does a route open to a role at the right place?
fn opens(open: Open, role: AccountRole) -> bool {
    use AccountRole::{Administrator, Auditor, It, MasterTeacher, Researcher, Scheduler};
    match open {
        Open::Everybody | Open::Account | Open::Lessons | Open::Read | Open::CountyRead => true,
        Open::Teaching | Open::Starting => matches!(role, Administrator | MasterTeacher),
        Open::Library => matches!(role, Administrator | MasterTeacher | Researcher | Auditor),
        Open::Devices => matches!(role, Administrator | It | Auditor),
        Open::Screens => matches!(role, Administrator | It),
        Open::Accounts => matches!(role, Administrator | Auditor),
        Open::Schedule | Open::CountySchedule => matches!(role, Administrator | Scheduler),
        Open::Jobs | Open::Resources | Open::Roles | Open::Places | Open::CountyPlaces => {
            role == Administrator
        }
        Open::Admin => false,
    }
}

/// In the county of a [`crate::term_county::County`]: the lesson is HERE's, taught by 李老师 and received HERE today; the screen
/// stands HERE; a plan is demanded of something.
pub async fn settle(house: &House, lesson: &str, device: &str) {
    const FAR: i64 = 4_000_000_000_000;
    let today = Day::of(clock::now());
    let sql = format!(
        "INSERT INTO person (id, org_id, code, name) VALUES ('per-there', '{THERE}', '1002', '张老师');
         INSERT INTO class_group (id, org_id, code, name, grade, size, classroom_id, consent_live) VALUES
            ('cls-here', '{HERE}', '2001', '三年级一班', 3, 30, 'room-m2', 1);
         INSERT INTO org (id, parent_id, kind, code, name, path, created_at) VALUES
            ('org-spare', '{COUNTY}', 'school', '4301009', '备用学校', '/{COUNTY}/org-spare/', 0);
         INSERT INTO classroom (id, org_id, name) VALUES ('room-spare', '{HERE}', '备用教室');
         INSERT INTO class_group (id, org_id, code, name, grade, size) VALUES ('cls-spare', '{HERE}', '2009', '备用班', 3, 1);
         INSERT INTO person (id, org_id, code, name) VALUES ('per-spare', '{HERE}', '1009', '备用老师');
         INSERT INTO term (id, org_id, name, first_day, weeks) VALUES
            ('term-spare', '{HERE}', '本校学期', '2027-03-01', 2);
         INSERT INTO bell_schedule (id, org_id, name) VALUES ('bell-spare', '{HERE}', '备用作息');
         INSERT INTO timetable_lesson (id, term_id, kind, title, subject, grade, org_id, teacher_id, classroom_id,
            day, week, period, starts_at, ends_at, state, lesson_id, version, updated_at) VALUES
            ('tl-here', 'term-1', 'delivery', '茉莉花', '音乐', 3, '{HERE}', 'per-li', 'room-m1',
             '{today}', 5, 1, 0, 1, 'planned', '{lesson}', 1, 0);
         INSERT INTO timetable_class (timetable_lesson_id, class_id, classroom_id, org_id, period, starts_at) VALUES
            ('tl-here', 'cls-here', 'room-m2', '{HERE}', 1, 0);
         INSERT INTO curriculum (org_id, subject, grade, weekly_periods) VALUES ('{COUNTY}', '音乐', 3, 1);
         INSERT INTO teacher_subject (person_id, subject, grade_from, grade_to) VALUES ('per-li', '音乐', 1, 6);
         UPDATE person SET max_delivered = 4 WHERE id = 'per-li';
         INSERT INTO plan (id, term_id, state, seed, time_limit_s, from_week, demanded, instance, result, by_name, created_at)
            VALUES ('{PLAN}', 'term-1', 'draft', 1, 5, 8, 0, '', '{EMPTY_PLAN}', '', 0);
         UPDATE lesson SET org_id = '{HERE}' WHERE id = '{lesson}';
         INSERT INTO screen_code (code, secret_hash, made_at, expires_at) VALUES
            ('{SHOWN}', '', 0, {FAR});
         UPDATE device SET classroom_id = 'room-m1' WHERE id = '{device}';"
    );
    run(house, &sql).await;
}

pub async fn run(house: &House, sql: &str) {
    let mut database = house.database().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut database).await.unwrap();
}

/// Somebody with this role there, signed in; `factor`: with the second factor.
pub async fn somebody(house: &House, role: AccountRole, org: &str, factor: bool) -> Says {
    let word = text(&json!(role));
    let login = format!("{word}.{org}.{factor}").replace('_', "-");
    let person = if org == THERE { "per-there" } else { "per-li" };
    let body = json!({"login": login, "name": word, "org_id": org, "person_id": person,
        "roles": [{"role": word, "org_id": org}]});
    let made = house.as_admin(Method::POST, "/api/accounts").json(&body);
    let id = text(&expect(made, StatusCode::CREATED).await["id"]);
    if factor {
        run(house, &format!("UPDATE account SET totp_secret = '', totp_step = 1 WHERE id = '{id}'")).await;
    }
    let (secret, of) =
        (id.clone(), SessionOf::Account { id: AccountId::new(id).unwrap(), second_factor: factor });
    let (token, now) = (SecretHash::of(&secret), clock::now());
    house.app.store().insert_session(&token, &of, now, UnixMillis(now.0 + 3_600_000)).await.unwrap();
    Says::Cookie(format!("tongtang={secret}"))
}

fn is_done(status: StatusCode) -> bool {
    // 409: the lesson is over, or its job cannot do that now.
    status.is_success() || status == StatusCode::CONFLICT
}

/// Asks with the id of a thing that is there, and of none: the same answer, of this status.
async fn both_refused(
    walk: &Walk,
    says: &Says,
    (method, path): (&str, &str),
    expected: StatusCode,
    who: &str,
) {
    let mut said = Vec::new();
    for is_there in [true, false] {
        let address = walk.address(path, is_there);
        let answer = walk.ask(says, method, path, &address).await;
        assert_eq!(answer.status(), expected, "{who} {method} {address}");
        said.push(answer.json::<Value>().await.unwrap());
    }
    assert_eq!(said[0], said[1], "{who} {method} {path}: tells what is there");
}

#[tokio::test]
async fn every_role_gets_what_its_role_opens_at_its_place_and_nothing_of_another_school() {
    let walk = Walk::open().await;
    let mut people = Vec::new();
    for role in ROLES {
        let here = somebody(&walk.house, role, HERE, true).await;
        let there = somebody(&walk.house, role, THERE, true).await;
        let county = somebody(&walk.house, role, COUNTY, true).await;
        people.push((role, here, there, county));
    }
    // What removes things comes last, the parts before the whole.
    let (harmless, removing): (Vec<_>, Vec<_>) = guarded().partition(|(method, ..)| method != "delete");
    for (method, path, open) in harmless.iter().chain(removing.iter().rev()) {
        if *open == Open::Account {
            continue;
        }
        let mut is_removed = false;
        for (role, here, there, county) in &people {
            let is_countys = matches!(open, Open::CountyRead | Open::CountySchedule | Open::CountyPlaces);
            let who = format!("{role:?} elsewhere");
            if !opens(*open, *role) {
                both_refused(&walk, there, (method, path), StatusCode::FORBIDDEN, &who).await;
                both_refused(&walk, here, (method, path), StatusCode::FORBIDDEN, &format!("{role:?}")).await;
                continue;
            }
            if path.contains("{id}") {
                both_refused(&walk, there, (method, path), StatusCode::NOT_FOUND, &who).await;
            } else {
                let answer = walk.ask(there, method, path, path).await;
                let status = answer.status();
                if method == "get" {
                    assert_eq!(status, StatusCode::OK, "{who} {method} {path}");
                } else {
                    // What is made would lie at a place that is not theirs.
                    let refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
                    assert!(refused.contains(&status), "{who} {method} {path}: {status}");
                }
                if !path.ends_with("events") {
                    let list = answer.text().await.unwrap();
                    let things = [&walk.lesson, &walk.resource, &walk.device, &walk.account];
                    assert!(!things.into_iter().any(|id| list.contains(id)), "{who} {path}: {list}");
                }
            }
            if is_countys {
                both_refused(&walk, here, (method, path), StatusCode::NOT_FOUND, &who).await;
            }
            let right = if is_countys { county } else { here };
            let status = walk.ask(right, method, path, &walk.address(path, true)).await.status();
            let gone = is_removed && status == StatusCode::NOT_FOUND;
            assert!(gone || is_done(status), "{role:?} {method} {path}: {status}");
            is_removed |= method == "delete" && status.is_success();
        }
    }
}

#[tokio::test]
async fn lists_show_what_lies_at_ones_place() {
    let walk = Walk::open().await;
    let county = somebody(&walk.house, AccountRole::Administrator, COUNTY, true).await;
    let school = somebody(&walk.house, AccountRole::Administrator, HERE, true).await;
    let teacher = somebody(&walk.house, AccountRole::MasterTeacher, HERE, true).await;
    let assistant = somebody(&walk.house, AccountRole::Assistant, HERE, true).await;
    let ids = async |says: &Says, path: &str| {
        let answer = walk.ask(says, "get", path, path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let list: Value = answer.json().await.unwrap();
        list.as_array().unwrap().iter().map(|thing| text(&thing["id"])).collect::<Vec<_>>()
    };
    for says in [&county, &school, &teacher, &assistant] {
        // The other lesson belongs to no place: it is the installation's.
        assert_eq!(ids(says, "/api/lessons").await, [walk.lesson.as_str()]);
    }
    for says in [&county, &school] {
        assert_eq!(ids(says, "/api/library").await, [walk.resource.as_str()]);
        assert_eq!(ids(says, "/api/devices").await, [walk.device.as_str()]);
        assert!(ids(says, "/api/accounts").await.contains(&walk.account));
    }
    // Yesterday's lesson is no lesson of the day, and a colleague's is not one's own.
    run(&walk.house, "UPDATE timetable_lesson SET day = '2026-01-01', teacher_id = 'per-there'").await;
    for says in [&teacher, &assistant] {
        assert!(ids(says, "/api/lessons").await.is_empty());
        assert!(ids(says, "/api/lessons").await.is_empty());
    }
}

#[tokio::test]
async fn who_is_halfway_in_gets_nothing_but_the_step_that_is_missing() {
    let walk = Walk::open().await;
    let without = somebody(&walk.house, AccountRole::Administrator, COUNTY, false).await;
    let with = somebody(&walk.house, AccountRole::It, COUNTY, true).await;
    run(&walk.house, "UPDATE session SET second_factor = 0").await;
    for (says, kind) in [(&without, "second_factor_setup"), (&with, "second_factor")] {
        for (method, path, open) in guarded() {
            let address = walk.address(&path, true);
            if open == Open::Account {
                continue;
            }
            let answer = walk.ask(says, &method, &path, &address).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{kind} {method} {path}");
            assert!(answer.text().await.unwrap().contains(kind), "{method} {path}");
        }
    }
    let answer = walk.ask(&with, "post", "/api/second-factor/setup", "/api/second-factor/setup").await;
    assert_eq!(answer.status(), StatusCode::CONFLICT, "who has one sets up no other");
    let answer = walk.ask(&without, "post", "/api/second-factor/setup", "/api/second-factor/setup").await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_event_stream_ends_with_its_readers_account() {
    let county = County::open().await;
    let Says::Cookie(cookie) = somebody(&county.house, AccountRole::Auditor, COUNTY, true).await else {
        panic!("signed in by a cookie");
    };
    let request = county.house.request(Method::GET, "/api/timetable/events").header(header::COOKIE, cookie);
    let stream = request.send().await.unwrap();
    assert_eq!(stream.status(), StatusCode::OK);
    run(&county.house, "UPDATE account SET disabled_at = 1").await;
    county.add(2, 1).await;
    let told = tokio::time::timeout(DEADLINE, stream.text()).await.expect("it ends").unwrap();
    assert!(!told.contains("changed"), "{told}");
}
