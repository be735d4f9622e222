//! A whole county into an empty database, in one transaction.

use super::{Store, StoreError, bell, class_group, classroom, curriculum, org, teacher, term};
use crate::demo::County;
use std::collections::HashMap;
use tongtang_protocol::units::UnixMillis;

impl Store {
    /// Inserts a county, all of it or nothing; false: there are places already, and nothing was done.
    pub async fn found_county(&self, county: &County, now: UnixMillis) -> Result<bool, StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                let first: Option<String> =
                    sqlx::query_scalar("SELECT id FROM org LIMIT 1").fetch_optional(&mut **tx).await?;
                if first.is_some() {
                    return Ok(false);
                }
                let mut paths: HashMap<&str, String> = HashMap::new();
                for place in &county.orgs {
                    let above = place.parent_id.as_ref().and_then(|id| paths.get(id.as_str()));
                    let above = above.map_or("/", String::as_str).to_owned();
                    org::insert(tx, place, &above, now).await?;
                    paths.insert(place.id.as_str(), format!("{above}{}/", place.id));
                }
                for bells in &county.bells {
                    bell::insert(tx, bells).await?;
                }
                term::insert(tx, &county.term).await?;
                curriculum::insert(tx, &county.county, &county.curriculum).await?;
                for room in &county.classrooms {
                    classroom::insert(tx, room).await?;
                }
                for class in &county.classes {
                    class_group::insert(tx, class).await?;
                }
                for person in &county.teachers {
                    teacher::insert(tx, person).await?;
                }
                Ok(true)
            })
        })
        .await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::auth::policy::Scope;
    use crate::demo::{Scale, county};
    use crate::store::testing::each_database;
    use tongtang_protocol::units::UnixMillis;

    fn sorted<T: serde::Serialize>(list: &[T]) -> Vec<serde_json::Value> {
        let mut list: Vec<_> = list.iter().map(|one| serde_json::to_value(one).unwrap()).collect();
        list.sort_by_key(|one| one["id"].to_string());
        list
    }

    #[tokio::test]
    async fn a_county_is_founded_once_and_read_as_it_was_made() {
        each_database(async |store| {
            let made = county(Scale::default(), 1, "2026-11-28".parse().unwrap());
            assert!(store.found_county(&made, UnixMillis(1)).await.unwrap());
            let everywhere = Scope::everywhere();
            let orgs = store.orgs(&everywhere, None).await.unwrap();
            assert_eq!((orgs.len(), &orgs[..3]), (39, &made.orgs[..3]));
            assert_eq!(sorted(&orgs), sorted(&made.orgs));
            assert_eq!(sorted(&store.classrooms(&everywhere).await.unwrap()), sorted(&made.classrooms));
            assert_eq!(sorted(&store.classes(&everywhere).await.unwrap()), sorted(&made.classes));
            assert_eq!(sorted(&store.teachers(&everywhere).await.unwrap()), sorted(&made.teachers));
            assert_eq!(sorted(&store.bell_schedules(&everywhere).await.unwrap()), sorted(&made.bells));
            assert_eq!(store.terms(&everywhere).await.unwrap(), std::slice::from_ref(&made.term));
            for school in &orgs[3..] {
                assert_eq!(store.bells_of(&school.id).await.unwrap().len(), 6, "{}", school.name);
                let prescribed = store.curriculum_of(&school.id).await.unwrap();
                assert_eq!(prescribed.len(), made.curriculum.len());
            }
            assert!(!store.found_county(&made, UnixMillis(2)).await.unwrap(), "a second time");
            assert_eq!(store.orgs(&everywhere, None).await.unwrap(), orgs);
        })
        .await;
    }
}
