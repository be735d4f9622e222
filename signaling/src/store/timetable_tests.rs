//! What both databases hold timetables to.
#![allow(clippy::unwrap_used)]

use super::testing::each_database;
use super::timetable::Whose;
use super::timetable_change::{NewChange, Obstacle};
use super::{Store, StoreError};
use crate::fresh;
use crate::timetable::Step;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{ClassId, ClassroomId, OrgId, PersonId, TermId};
use tongtang_protocol::timetable::{
    ChangeKind, Conflict, ConflictKind, LessonKind, TimetableClass, TimetableLessonView, TimetableState,
};
use tongtang_protocol::units::UnixMillis;

const WRITERS: usize = 50;

/// What people write at once in the concurrent tests: a county, and in it more of everything.
async fn county(store: &Store) {
    let sql = tongtang_testing::county::statements("2026-08-31", "2026-10-21", "2026-10-25");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&store.pool).await.unwrap();
    for n in 0..WRITERS {
        let sql = format!(
            "INSERT INTO person (id, org_id, code, name) VALUES ('per-{n}', 'org-m', 'P{n}', '教师{n}');
             INSERT INTO classroom (id, org_id, name, max_receivers) VALUES ('room-{n}', 'org-m', '{n} 室', 3);
             INSERT INTO classroom (id, org_id, name, max_receivers) VALUES ('far-{n}', 'org-a', '远 {n} 室', 0);
             INSERT INTO class_group (id, org_id, code, name, grade, size, classroom_id)
                 VALUES ('cls-{n}', 'org-a', 'K{n}', '{n} 班', 3, 9, 'far-{n}');"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&store.pool).await.unwrap();
    }
}

/// A lesson on Tuesday of week 2, at this minute.
fn lesson(teacher: &str, room: &str, class: &str, minute: i64) -> TimetableLessonView {
    let day: Day = "2026-09-08".parse().unwrap();
    let sits = if class == "cls-a" { "room-a".to_owned() } else { class.replace("cls", "far") };
    TimetableLessonView {
        id: fresh::timetable_lesson_id(),
        term_id: TermId::new("term-1").unwrap(),
        pairing_id: None,
        kind: LessonKind::Delivery,
        title: format!("{teacher} 的课"),
        subject: "音乐".into(),
        grade: 3,
        org_id: OrgId::new("org-m").unwrap(),
        org_name: "中心小学".into(),
        teacher_id: PersonId::new(teacher).unwrap(),
        teacher_name: "某老师".into(),
        classroom_id: ClassroomId::new(room).unwrap(),
        classroom_name: "某室".into(),
        day,
        week: 2,
        period: 1,
        starts_at: day.at_minute(minute),
        ends_at: day.at_minute(minute + 40),
        state: TimetableState::Planned,
        reason: None,
        lesson_id: None,
        version: 1,
        classes: vec![TimetableClass {
            class_id: ClassId::new(class).unwrap(),
            class_name: "某班".into(),
            org_id: OrgId::new("org-a").unwrap(),
            org_name: "河口教学点".into(),
            classroom_id: ClassroomId::new(sits).unwrap(),
            period: 1,
            attended: None,
        }],
    }
}

fn change(kind: ChangeKind) -> NewChange {
    NewChange {
        id: fresh::change_id(),
        term_id: TermId::new("term-1").unwrap(),
        kind,
        reason: String::new(),
        account_id: None,
        by_name: "调度员".into(),
        at: UnixMillis(1),
    }
}

async fn add(store: &Store, lesson: TimetableLessonView) -> Result<(), Obstacle> {
    let steps = [Step { before: None, after: Some(lesson) }];
    store.change_timetable(&change(ChangeKind::Add), &steps, None).await.unwrap()
}

/// Pairs of bookings that overlap, counted by a statement that shares nothing with the code under test.
async fn overlaps(store: &Store) -> i64 {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM booking AS a JOIN booking AS b ON a.kind = b.kind AND a.who = b.who
             AND a.timetable_lesson_id < b.timetable_lesson_id
         WHERE NOT (a.ends_at <= b.starts_at OR b.ends_at <= a.starts_at)",
    )
    .fetch_one(&store.pool)
    .await
    .unwrap()
}

async fn lessons(store: &Store) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM timetable_lesson").fetch_one(&store.pool).await.unwrap()
}

/// What each of the refused writers was told.
fn refused(outcomes: Vec<Result<(), Obstacle>>) -> Vec<Vec<Conflict>> {
    outcomes
        .into_iter()
        .filter_map(Result::err)
        .map(|obstacle| match obstacle {
            Obstacle::Taken(conflicts) => conflicts,
            Obstacle::Stale => panic!("nothing was stale"),
        })
        .collect()
}

#[tokio::test]
async fn of_fifty_writers_who_want_one_teacher_one_wins_and_the_others_learn_who_where_and_when() {
    each_database(async |store| {
        county(&store).await;
        // The times differ by a minute each, and all overlap.
        let writers = (0..WRITERS).map(|n| {
            let minute = 480 + i64::try_from(n).unwrap() % 30;
            add(&store, lesson("per-li", &format!("room-{n}"), &format!("cls-{n}"), minute))
        });
        let told = refused(join_all(writers).await);
        assert_eq!((told.len(), lessons(&store).await, overlaps(&store).await), (WRITERS - 1, 1, 0));
        for conflicts in told {
            let teacher = conflicts.iter().find(|conflict| conflict.kind == ConflictKind::Teacher).unwrap();
            assert_eq!((teacher.name.as_str(), teacher.title.as_str()), ("李老师", "per-li 的课"));
            assert!(
                teacher.place.starts_with("中心小学 ") && teacher.ends_at > teacher.starts_at,
                "{teacher:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn of_fifty_writers_who_want_one_room_one_wins_and_different_times_get_in_each() {
    each_database(async |store| {
        county(&store).await;
        sqlx::query("UPDATE org SET lessons_at_once = 100").execute(&store.pool).await.unwrap();
        let writers = (0..WRITERS)
            .map(|n| add(&store, lesson(&format!("per-{n}"), "room-m1", &format!("cls-{n}"), 480)));
        let told = refused(join_all(writers).await);
        assert_eq!((told.len(), lessons(&store).await), (WRITERS - 1, 1));
        assert!(
            told.iter()
                .flatten()
                .all(|met| (met.kind, met.name.as_str()) == (ConflictKind::Classroom, "录播一室"))
        );
        // One after the other, in the same room: the end of one is the begin of the next.
        let writers = (0..20_i64).map(|n| add(&store, lesson("per-wang", "room-m2", "cls-a", 400 + 40 * n)));
        assert!(refused(join_all(writers).await).is_empty());
        assert_eq!((lessons(&store).await, overlaps(&store).await), (21, 0));
    })
    .await;
}

#[tokio::test]
async fn a_schools_link_carries_no_more_than_it_can_also_when_fifty_write_at_once() {
    each_database(async |store| {
        county(&store).await;
        sqlx::query("UPDATE org SET lessons_at_once = 3 WHERE id = 'org-a'")
            .execute(&store.pool)
            .await
            .unwrap();
        sqlx::query("UPDATE org SET lessons_at_once = 9 WHERE id = 'org-m'")
            .execute(&store.pool)
            .await
            .unwrap();
        let writers = (0..WRITERS).map(|n| {
            add(&store, lesson(&format!("per-{n}"), &format!("room-{n}"), &format!("cls-{n}"), 480))
        });
        let told = refused(join_all(writers).await);
        assert_eq!((told.len(), lessons(&store).await), (WRITERS - 3, 3));
        for conflicts in told {
            assert_eq!(conflicts.len(), 3, "each that is there: {conflicts:?}");
            assert!(
                conflicts
                    .iter()
                    .all(|met| (met.kind, met.name.as_str()) == (ConflictKind::Link, "河口教学点"))
            );
        }
    })
    .await;
}

#[tokio::test]
async fn the_database_itself_refuses_a_double_booking_whoever_writes_it() {
    each_database(async |store| {
        county(&store).await;
        add(&store, lesson("per-li", "room-1", "cls-1", 480)).await.unwrap();
        let other = lesson("per-wang", "room-2", "cls-2", 600);
        let id = other.id.clone();
        add(&store, other).await.unwrap();
        let book = async |starts: i64, ends: i64| {
            let day: Day = "2026-09-08".parse().unwrap();
            sqlx::query(
                "INSERT INTO booking (timetable_lesson_id, kind, who, starts_at, ends_at)
                 VALUES ($1, 'teacher', 'per-li', $2, $3)",
            )
            .bind(id.as_str())
            .bind(day.at_minute(starts).0)
            .bind(day.at_minute(ends).0)
            .execute(&store.pool)
            .await
            .map_err(StoreError::from)
        };
        for (starts, ends) in [(480, 520), (500, 501), (400, 481), (519, 600), (400, 600)] {
            assert!(book(starts, ends).await.unwrap_err().is_refused(), "{starts}–{ends}");
        }
        book(520, 560).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn two_lessons_exchange_places_in_one_step_and_a_stale_one_changes_nothing() {
    each_database(async |store| {
        county(&store).await;
        let (one, two) = (lesson("per-li", "room-1", "cls-1", 480), lesson("per-li", "room-1", "cls-1", 540));
        add(&store, one.clone()).await.unwrap();
        add(&store, two.clone()).await.unwrap();
        let at = |lesson: &TimetableLessonView, time: &TimetableLessonView| TimetableLessonView {
            starts_at: time.starts_at,
            ends_at: time.ends_at,
            version: lesson.version + 1,
            ..lesson.clone()
        };
        let steps = [
            Step { before: Some(one.clone()), after: Some(at(&one, &two)) },
            Step { before: Some(two.clone()), after: Some(at(&two, &one)) },
        ];
        store.change_timetable(&change(ChangeKind::Swap), &steps, None).await.unwrap().unwrap();
        let now = store.timetable_lessons(&[one.id.clone(), two.id.clone()]).await.unwrap();
        assert_eq!(now.iter().map(|lesson| &lesson.id).collect::<Vec<_>>(), [&two.id, &one.id], "by time");
        assert_eq!(overlaps(&store).await, 0);
        let again = store.change_timetable(&change(ChangeKind::Swap), &steps, None).await.unwrap();
        assert_eq!(again, Err(Obstacle::Stale));
        assert_eq!(store.timetable_lessons(&[one.id, two.id]).await.unwrap(), now);
        assert_eq!(store.timetable_changes(&one.term_id, None, None, 10).await.unwrap().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_plan_is_published_as_a_whole_or_not_at_all_and_can_be_taken_back() {
    each_database(async |store| {
        county(&store).await;
        sqlx::query("UPDATE org SET lessons_at_once = 100").execute(&store.pool).await.unwrap();
        let old: Vec<_> = (0..10_i64).map(|n| lesson("per-li", "room-1", "cls-1", 40 * n)).collect();
        let first = change(ChangeKind::Publish);
        store.publish_lessons(&first, &[], &old, &[]).await.unwrap().unwrap();
        let week = async || {
            let whose = Whose::Org(OrgId::new("org-county").unwrap());
            store.timetable_week(&first.term_id, "2026-09-07".parse().unwrap(), &whose, 100).await.unwrap()
        };
        let before = week().await;
        assert_eq!(before.len(), 10);
        // The new plan has other times, and one lesson that collides with one that stays.
        let gone: Vec<_> = old[1..].iter().map(|lesson| lesson.id.clone()).collect();
        let fresh_ones = |first_minute: i64| -> Vec<_> {
            (0..12_i64).map(|n| lesson("per-li", "room-1", "cls-1", first_minute + 50 * n)).collect()
        };
        let bad = store.publish_lessons(&change(ChangeKind::Publish), &[], &fresh_ones(0), &gone).await.unwrap();
        assert!(matches!(bad, Err(Obstacle::Taken(met)) if met.iter().all(|met| met.lesson_id == Some(old[0].id.clone()))));
        assert_eq!(week().await, before, "nothing happened");
        let (second, new) = (change(ChangeKind::Publish), fresh_ones(45));
        store.publish_lessons(&second, &[], &new, &gone).await.unwrap().unwrap();
        let ids = |lessons: &[TimetableLessonView]| {
            lessons.iter().map(|lesson| lesson.id.clone()).collect::<BTreeSet<_>>()
        };
        assert_eq!(ids(&week().await), ids(&[&old[..1], &new[..]].concat()));
        // Replaced lessons cannot be replaced again.
        let stale = store.publish_lessons(&change(ChangeKind::Publish), &[], &[], &gone).await.unwrap();
        assert_eq!(stale, Err(Obstacle::Stale));
        let added: Vec<_> = new.iter().map(|lesson| lesson.id.clone()).collect();
        let undo = change(ChangeKind::Undo);
        store.unpublish_lessons(&undo, &added, &gone, &second.id).await.unwrap().unwrap();
        let plain = |lessons: Vec<TimetableLessonView>| -> Vec<_> {
            lessons.into_iter().map(|lesson| TimetableLessonView { version: 0, ..lesson }).collect()
        };
        assert_eq!(plain(week().await), plain(before));
        assert_eq!(overlaps(&store).await, 0);
        let again = store.unpublish_lessons(&undo, &added, &gone, &second.id).await.unwrap();
        assert_eq!(again, Err(Obstacle::Stale));
    })
    .await;
}
