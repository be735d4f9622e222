//! What callers of a part of a county see of it, on both databases.
#![allow(clippy::unwrap_used)]

use super::testing::each_database;
use super::{MAX_LISTED_COUNTY, Store, StoreError};
use crate::auth::policy::Scope;
use crate::fresh;
use crate::places::PlaceRefusal;
use tongtang_protocol::calendar::TermView;
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::places::{OrgKind, OrgView, TeacherView};
use tongtang_protocol::units::UnixMillis;

async fn place(store: &Store, parent: Option<&OrgId>, kind: OrgKind, code: &str) -> OrgId {
    let org = OrgView {
        id: fresh::org_id(),
        parent_id: parent.cloned(),
        kind,
        code: code.into(),
        name: format!("单位{code}"),
        link_down_kbps: None,
        link_up_kbps: Some(4_000),
        lessons_at_once: 1,
        bell_schedule_id: None,
    };
    store.add_org(&org, UnixMillis(1), &Scope::everywhere()).await.unwrap();
    assert_eq!(store.org(&org.id).await.unwrap().as_ref(), Some(&org));
    org.id
}

fn teacher(org: &OrgId, code: &str) -> TeacherView {
    TeacherView {
        id: fresh::person_id(),
        org_id: org.clone(),
        code: code.into(),
        name: "李明".into(),
        max_weekly: 16,
        max_delivered: 4,
        subjects: Vec::new(),
        busy: Vec::new(),
    }
}

async fn below(store: &Store, org: &OrgId) -> Scope {
    Scope::below(vec![store.org_path(org).await.unwrap().unwrap()])
}

#[tokio::test]
async fn a_scope_sees_its_subtree_and_the_terms_above_it() {
    each_database(async |store| {
        let county = place(&store, None, OrgKind::County, "1").await;
        let (one, other) = (
            place(&store, Some(&county), OrgKind::School, "11").await,
            place(&store, Some(&county), OrgKind::School, "12").await,
        );
        for (school, code) in [(&one, "A"), (&other, "B")] {
            store.add_teacher(&teacher(school, code), &Scope::everywhere()).await.unwrap();
        }
        let term = TermView {
            id: fresh::term_id(),
            org_id: county.clone(),
            name: "2026 秋".into(),
            first_day: "2026-08-31".parse().unwrap(),
            weeks: 20,
            days: Vec::new(),
        };
        store.add_term(&term).await.unwrap();

        let scope = below(&store, &one).await;
        let seen: Vec<_> = store.orgs(&scope, None).await.unwrap().into_iter().map(|org| org.id).collect();
        assert_eq!(seen, std::slice::from_ref(&one));
        let teachers = store.teachers(&scope).await.unwrap();
        assert_eq!(teachers.iter().map(|teacher| &*teacher.code).collect::<Vec<_>>(), ["A"]);
        assert_eq!(store.terms(&scope).await.unwrap(), [term]);
        assert!(store.terms(&Scope::below(vec!["/org-0/".into()])).await.unwrap().is_empty());

        // Whose a code is, is told only within the scope.
        let holder = |result: Result<(), StoreError>| match result {
            Err(StoreError::Place(PlaceRefusal::Taken { holder, .. })) => holder,
            other => panic!("{other:?}"),
        };
        assert_eq!(holder(store.add_teacher(&teacher(&one, "B"), &scope).await), None);
        let told = holder(store.add_teacher(&teacher(&one, "A"), &scope).await);
        assert_eq!(told.as_deref(), Some("单位11 李明"));
    })
    .await;
}

#[tokio::test]
async fn a_subtree_that_moves_leaves_nothing_behind() {
    each_database(async |store| {
        let (city, other) =
            (place(&store, None, OrgKind::City, "1").await, place(&store, None, OrgKind::City, "2").await);
        let county = place(&store, Some(&city), OrgKind::County, "11").await;
        let school = place(&store, Some(&county), OrgKind::School, "111").await;
        let mut moved = store.org(&county).await.unwrap().unwrap();
        moved.parent_id = Some(other.clone());
        assert!(store.replace_org(&moved, &Scope::everywhere()).await.unwrap());
        let path = store.org_path(&school).await.unwrap().unwrap();
        assert_eq!(path, format!("/{other}/{county}/{school}/"));
        let left = store.orgs(&below(&store, &city).await, None).await.unwrap();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(store.has_orgs().await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_list_that_would_be_cut_is_refused_in_words() {
    each_database(async |store| {
        let county = place(&store, None, OrgKind::County, "1").await;
        sqlx::query(
            "INSERT INTO person (id, org_id, code, name)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= $2)
             SELECT 'per-' || i, $1, 'T' || i, '李明' FROM n",
        )
        .bind(county.as_str())
        .bind(MAX_LISTED_COUNTY)
        .execute(&store.pool)
        .await
        .unwrap();
        let refused = store.teachers(&Scope::everywhere()).await;
        let max = MAX_LISTED_COUNTY;
        assert!(
            matches!(refused, Err(StoreError::Place(PlaceRefusal::TooLong { max: told })) if told == max),
            "{refused:?}"
        );
        sqlx::query("DELETE FROM person WHERE id = 'per-1'").execute(&store.pool).await.unwrap();
        assert_eq!(store.teachers(&Scope::everywhere()).await.unwrap().len() as i64, max);
    })
    .await;
}
