//! 开齐开足, the curriculum ledger: for a class, a subject and a range of teaching days what is prescribed, taught on site,
//! delivered, missed and planned. The definitions, for people: `docs/ledger.md`.
//!
//! Enters: what the store counted ([`Facts`]) and how many teaching days there were ([`Days`]). Leaves: rows of sums, by
//! class or by the places below one. No clock, no database.

use std::collections::{BTreeMap, BTreeSet};
use tongtang_protocol::ids::{ClassId, OrgId};
use tongtang_protocol::ledger::{LedgerRow, LedgerSum};

/// Teaching days of a full week: what is prescribed a week is spread over them.
const DAYS_A_WEEK: u32 = 5;

/// Teaching days of a term, counted from its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// Before the range that is asked for.
    pub before: u32,
    /// Up to the end of what has passed of that range.
    pub until: u32,
    /// In the whole term.
    pub term: u32,
}

impl Days {
    /// What is due in the range of `weekly` periods. Ranges that follow each other add up exactly.
    fn due(self, weekly: u32) -> u32 {
        due(weekly, self.until).saturating_sub(due(weekly, self.before))
    }
}

/// Periods that are due in the first `days` teaching days.
fn due(weekly: u32, days: u32) -> u32 {
    weekly * days / DAYS_A_WEEK
}

/// A class, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassFacts {
    /// Identity.
    pub id: ClassId,
    /// Its school.
    pub org_id: OrgId,
    /// Its school's path in the tree.
    pub path: String,
    /// Name.
    pub name: String,
    /// 1 to 9.
    pub grade: u8,
}

/// Lessons of one class and subject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Held, with the class's room in it.
    pub delivered: u32,
    /// Their time has passed without the class.
    pub missed: u32,
    /// To come.
    pub planned: u32,
}

/// What is prescribed at a place and below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrescribedAt {
    /// The place's path.
    pub path: String,
    /// Subject.
    pub subject: String,
    /// 1 to 9.
    pub grade: u8,
    /// Periods a week.
    pub weekly: u32,
}

/// What a class has of a subject in a range and in its term.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lessons {
    /// In the range.
    pub range: Counted,
    /// In the whole term.
    pub term: Counted,
}

/// All that the store knows of a subtree.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Its classes.
    pub classes: Vec<ClassFacts>,
    /// What is prescribed, at any place above or in it. The nearest place with a curriculum of its own decides.
    pub prescribed: Vec<PrescribedAt>,
    /// Periods a week on site, by class and subject.
    pub on_site: BTreeMap<(ClassId, String), u32>,
    /// Lessons, by class and subject.
    pub lessons: BTreeMap<(ClassId, String), Lessons>,
}

/// One class and subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// The class.
    pub class: &'a ClassFacts,
    /// The subject.
    pub subject: &'a str,
    /// The periods.
    pub sum: LedgerSum,
    /// So many too few at the end of the term.
    pub short: u32,
}

/// Every class and subject of which there is anything to tell.
pub fn entries<'a>(facts: &'a Facts, days: Days) -> Vec<Entry<'a>> {
    let mut found = Vec::new();
    for class in &facts.classes {
        let prescribed = prescribed_for(&facts.prescribed, class);
        let named = |map_key: &'a (ClassId, String)| (map_key.0 == class.id).then_some(map_key.1.as_str());
        let mut subjects: BTreeSet<&str> = prescribed.keys().copied().collect();
        subjects.extend(range_of(&facts.on_site, &class.id).filter_map(|(key, _)| named(key)));
        subjects.extend(range_of(&facts.lessons, &class.id).filter_map(|(key, _)| named(key)));
        for subject in subjects {
            let key = (class.id.clone(), subject.to_owned());
            let weekly = prescribed.get(subject).copied().unwrap_or(0);
            let on_site = facts.on_site.get(&key).copied().unwrap_or(0);
            let lessons = facts.lessons.get(&key).copied().unwrap_or_default();
            let sum = LedgerSum {
                prescribed: days.due(weekly),
                on_site: days.due(on_site),
                delivered: lessons.range.delivered,
                missed: lessons.range.missed,
                planned: lessons.range.planned,
            };
            let served = due(on_site, days.term) + lessons.term.delivered + lessons.term.planned;
            let short = due(weekly, days.term).saturating_sub(served);
            if sum != LedgerSum::default() || short > 0 {
                found.push(Entry { class, subject, sum, short });
            }
        }
    }
    found
}

fn range_of<'a, V>(
    map: &'a BTreeMap<(ClassId, String), V>,
    class: &ClassId,
) -> impl Iterator<Item = (&'a (ClassId, String), &'a V)> {
    let from = (class.clone(), String::new());
    let class = class.clone();
    map.range(from..).take_while(move |(key, _)| key.0 == class)
}

/// The curriculum of the nearest place above the class that has one.
fn prescribed_for<'a>(all: &'a [PrescribedAt], class: &ClassFacts) -> BTreeMap<&'a str, u32> {
    let above = all.iter().filter(|at| class.path.starts_with(&at.path));
    let nearest = above.clone().map(|at| at.path.len()).max();
    above
        .filter(|at| Some(at.path.len()) == nearest && at.grade == class.grade && at.weekly > 0)
        .map(|at| (at.subject.as_str(), at.weekly))
        .collect()
}

/// One row a class and subject, by class and subject.
pub fn rows_by_class(entries: &[Entry<'_>]) -> Vec<LedgerRow> {
    let mut rows: Vec<LedgerRow> = entries
        .iter()
        .map(|entry| LedgerRow {
            org_id: entry.class.org_id.clone(),
            class_id: Some(entry.class.id.clone()),
            name: entry.class.name.clone(),
            subject: entry.subject.to_owned(),
            sum: entry.sum,
            forecast_short: entry.short,
        })
        .collect();
    rows.sort_by(|a, b| (&a.name, &a.class_id, &a.subject).cmp(&(&b.name, &b.class_id, &b.subject)));
    rows
}

/// One row a place and subject; `places` lie side by side: path, id, name. Classes of none of them are left out.
pub fn rows_by_place(entries: &[Entry<'_>], places: &[(String, OrgId, String)]) -> Vec<LedgerRow> {
    let mut rows = Vec::new();
    for (path, id, name) in places {
        let below: Vec<&Entry<'_>> =
            entries.iter().filter(|entry| entry.class.path.starts_with(path.as_str())).collect();
        rows.extend(by_subject(below.into_iter(), id, name));
    }
    rows.sort_by(|a, b| (&a.name, &a.org_id, &a.subject).cmp(&(&b.name, &b.org_id, &b.subject)));
    rows
}

/// Sums by subject, for a place.
pub fn by_subject<'a>(
    entries: impl Iterator<Item = &'a Entry<'a>>,
    org: &OrgId,
    name: &str,
) -> Vec<LedgerRow> {
    let mut sums: BTreeMap<&str, (LedgerSum, u32)> = BTreeMap::new();
    for entry in entries {
        let (sum, short) = sums.entry(entry.subject).or_default();
        sum.prescribed += entry.sum.prescribed;
        sum.on_site += entry.sum.on_site;
        sum.delivered += entry.sum.delivered;
        sum.missed += entry.sum.missed;
        sum.planned += entry.sum.planned;
        *short += entry.short;
    }
    sums.into_iter()
        .map(|(subject, (sum, forecast_short))| LedgerRow {
            org_id: org.clone(),
            class_id: None,
            name: name.to_owned(),
            subject: subject.to_owned(),
            sum,
            forecast_short,
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn class(id: &str, school: &str, grade: u8) -> ClassFacts {
        ClassFacts {
            id: ClassId::new(id).unwrap(),
            org_id: OrgId::new(school).unwrap(),
            path: format!("/county/{school}/"),
            name: id.to_owned(),
            grade,
        }
    }

    fn prescribed(path: &str, subject: &str, weekly: u32) -> PrescribedAt {
        PrescribedAt { path: path.to_owned(), subject: subject.to_owned(), grade: 3, weekly }
    }

    fn key(class: &str, subject: &str) -> (ClassId, String) {
        (ClassId::new(class).unwrap(), subject.to_owned())
    }

    #[test]
    fn weeks_with_holidays_add_up_to_the_term() {
        // Weeks of 5, 2, 0, 6 (a make-up Saturday) and 5 teaching days.
        for weekly in 0..10 {
            let (mut before, mut sum) = (0, 0);
            for days in [5, 2, 0, 6, 5] {
                let week = Days { before, until: before + days, term: 18 };
                sum += week.due(weekly);
                before += days;
            }
            assert_eq!(sum, due(weekly, 18), "{weekly} a week");
        }
        assert_eq!(
            Days { before: 5, until: 10, term: 100 }.due(2),
            2,
            "a full week has what is prescribed a week"
        );
    }

    #[test]
    fn a_class_is_short_of_what_neither_its_school_nor_a_lesson_gives_it() {
        let counted = |delivered, missed, planned| Counted { delivered, missed, planned };
        let facts = Facts {
            classes: vec![class("c1", "s1", 3), class("c2", "s1", 4)],
            prescribed: vec![prescribed("/county/", "音乐", 2), prescribed("/county/", "体育", 3)],
            on_site: [(key("c1", "体育"), 3)].into(),
            lessons: [(key("c1", "音乐"), Lessons { range: counted(3, 1, 0), term: counted(3, 1, 10) })]
                .into(),
        };
        let found = entries(&facts, Days { before: 0, until: 10, term: 40 });
        let music = found.iter().find(|entry| entry.subject == "音乐").unwrap();
        assert_eq!(music.sum, LedgerSum { prescribed: 4, on_site: 0, delivered: 3, missed: 1, planned: 0 });
        assert_eq!(music.short, 16 - 3 - 10);
        let sport = found.iter().find(|entry| entry.subject == "体育").unwrap();
        assert_eq!((sport.sum.prescribed, sport.sum.on_site, sport.short), (6, 6, 0));
        assert_eq!(found.len(), 2, "nothing is prescribed for the fourth grade: {found:?}");
    }

    #[test]
    fn the_nearest_curriculum_counts_and_places_add_up() {
        let facts = Facts {
            classes: vec![class("c1", "s1", 3), class("c2", "s2", 3), class("c3", "s2", 3)],
            prescribed: vec![
                prescribed("/county/", "音乐", 2),
                prescribed("/county/s2/", "音乐", 1),
                prescribed("/county/s3/", "音乐", 9),
            ],
            ..Facts::default()
        };
        let found = entries(&facts, Days { before: 0, until: 5, term: 5 });
        let places = [
            ("/county/s1/".to_owned(), OrgId::new("s1").unwrap(), "甲校".to_owned()),
            ("/county/s2/".to_owned(), OrgId::new("s2").unwrap(), "乙校".to_owned()),
        ];
        let rows = rows_by_place(&found, &places);
        let of = |school: &str| rows.iter().find(|row| row.org_id.as_str() == school).unwrap().sum.prescribed;
        assert_eq!((of("s1"), of("s2"), rows.len()), (2, 2, 2));
        let total = by_subject(found.iter(), &OrgId::new("county").unwrap(), "县");
        assert_eq!((total.len(), total[0].sum.prescribed, total[0].forecast_short), (1, 4, 4));
        assert_eq!(rows_by_class(&found).len(), 3);
    }
}
