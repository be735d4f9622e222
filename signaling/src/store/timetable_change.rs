//! Changes of a timetable: each is one transaction with its bookings and its row of the history, or nothing.

use super::booking::{book, conflicts, release};
use super::pairing::{self, NewPairing};
use super::timetable::{REPLACED, fetch, fetch_replaced, ids, write};
use super::{Store, StoreError, count, from_json, json_list, parse, word};
use crate::auth::policy::Scope;
use crate::timetable::Step;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use std::collections::{BTreeSet, HashMap};
use tongtang_protocol::ids::{AccountId, ChangeId, OrgId, TermId, TimetableLessonId};
use tongtang_protocol::timetable::{ChangeKind, Conflict, TimetableLessonView, TimetableState};
use tongtang_protocol::units::UnixMillis;

/// How often a change is tried again that the database refused for something that was gone when we looked.
const LOOKS: u32 = 4;

/// A change that is to be made.
#[derive(Debug, Clone)]
pub struct NewChange {
    /// Identity.
    pub id: ChangeId,
    /// The term.
    pub term_id: TermId,
    /// What.
    pub kind: ChangeKind,
    /// Why.
    pub reason: String,
    /// Whose account.
    pub account_id: Option<AccountId>,
    /// Who, for people.
    pub by_name: String,
    /// When.
    pub at: UnixMillis,
}

/// A change that was made.
#[derive(Debug, Clone)]
pub struct Change {
    /// As it was made.
    pub made: NewChange,
    /// When it was undone.
    pub undone_at: Option<UnixMillis>,
    /// What became of which lesson.
    pub what: Recorded,
}

/// What the history keeps of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorded {
    /// Each lesson as it was and as it is.
    Steps(Vec<Step>),
    /// Of a publication, which may be of thousands of lessons, only their ids.
    Published {
        /// New ones.
        added: Vec<TimetableLessonId>,
        /// Those whose place they took.
        replaced: Vec<TimetableLessonId>,
    },
}

impl Recorded {
    /// How many lessons.
    pub fn lessons(&self) -> usize {
        match self {
            Self::Steps(steps) => steps.len(),
            Self::Published { added, replaced } => added.len() + replaced.len(),
        }
    }
}

/// Why the store did not make a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// A lesson is not any more as the change expects it.
    Stale,
    /// Somebody or something is taken.
    Taken(Vec<Conflict>),
}

type Outcome = Result<(), Obstacle>;

impl Store {
    /// Makes a change of single lessons; `undoes` is another one that it takes back.
    pub async fn change_timetable(
        &self,
        change: &NewChange,
        steps: &[Step],
        undoes: Option<&ChangeId>,
    ) -> Result<Outcome, StoreError> {
        for _ in 0..LOOKS {
            let outcome = self
                .write_in_turn(|tx| {
                    Box::pin(async move {
                        let before = steps.iter().filter_map(|step| step.before.as_ref()).collect::<Vec<_>>();
                        let after = steps.iter().filter_map(|step| step.after.as_ref()).collect::<Vec<_>>();
                        let own: Vec<&TimetableLessonId> = before.iter().map(|lesson| &lesson.id).collect();
                        if !are_there(tx, &before).await? || !take_back(tx, undoes, change.at).await? {
                            return Ok(Err(Obstacle::Stale));
                        }
                        let found = conflicts(tx, &after, &own).await?;
                        if !found.is_empty() {
                            return Ok(Err(Obstacle::Taken(found)));
                        }
                        release(tx, &ids(own.iter().copied())).await?;
                        let gone = steps.iter().filter(|step| step.after.is_none());
                        let gone = ids(gone.filter_map(|step| step.before.as_ref()).map(|lesson| &lesson.id));
                        remove(tx, &gone).await?;
                        write(tx, &after, change.at).await?;
                        book(tx, &after).await?;
                        record(tx, change, &Recorded::Steps(steps.to_vec())).await?;
                        concerns(tx, &change.id, steps).await?;
                        Ok(Ok(()))
                    })
                })
                .await;
            let after: Vec<_> = steps.iter().filter_map(|step| step.after.as_ref()).collect();
            let own: Vec<_> =
                steps.iter().filter_map(|step| step.before.as_ref()).map(|one| &one.id).collect();
            if let Some(outcome) = self.named(outcome, &after, &own).await? {
                return Ok(outcome);
            }
        }
        Ok(Err(Obstacle::Stale))
    }

    /// Puts a plan's lessons onto the timetable, all or nothing, as one change that can be undone: `added` are new,
    /// placed lessons with version 1, `replaced` are planned lessons to come whose place they take; `pairings` are the
    /// agreements that the new lessons bring with them.
    pub async fn publish_lessons(
        &self,
        change: &NewChange,
        pairings: &[NewPairing],
        added: &[TimetableLessonView],
        replaced: &[TimetableLessonId],
    ) -> Result<Outcome, StoreError> {
        let wanted: Vec<&TimetableLessonView> = added.iter().collect();
        let own: Vec<&TimetableLessonId> = replaced.iter().collect();
        let (lessons, leaving) = (&wanted, &own);
        for _ in 0..LOOKS {
            let outcome = self
                .write_in_turn(|tx| {
                    Box::pin(async move {
                        if !leave(tx, &change.term_id, replaced, change.at).await? {
                            return Ok(Err(Obstacle::Stale));
                        }
                        let found = conflicts(tx, lessons, leaving).await?;
                        if !found.is_empty() {
                            return Ok(Err(Obstacle::Taken(found)));
                        }
                        release(tx, &ids(replaced.iter())).await?;
                        mark(tx, replaced, REPLACED, change.at).await?;
                        pairing::insert(tx, &change.term_id, pairings, change.at).await?;
                        write(tx, lessons, change.at).await?;
                        book(tx, lessons).await?;
                        pairing::settle(tx, &change.term_id, change.at).await?;
                        let added = lessons.iter().map(|lesson| lesson.id.clone()).collect();
                        record(tx, change, &Recorded::Published { added, replaced: replaced.to_vec() })
                            .await?;
                        let both = lessons.iter().map(|lesson| &lesson.id).chain(replaced);
                        concerns_lessons(tx, &change.id, &ids(both)).await?;
                        Ok(Ok(()))
                    })
                })
                .await;
            if let Some(outcome) = self.named(outcome, lessons, leaving).await? {
                return Ok(outcome);
            }
        }
        Ok(Err(Obstacle::Stale))
    }

    /// Takes a publication back: its lessons go, those whose place they took are planned again. Only while all of them
    /// are as it left them and to come.
    pub async fn unpublish_lessons(
        &self,
        change: &NewChange,
        added: &[TimetableLessonId],
        replaced: &[TimetableLessonId],
        undoes: &ChangeId,
    ) -> Result<Outcome, StoreError> {
        let (own, back) = {
            let mut tx = self.read().await?;
            (added.iter().collect::<Vec<_>>(), fetch_replaced(&mut tx, &ids(replaced.iter())).await?)
        };
        let back: Vec<TimetableLessonView> = back
            .into_iter()
            .map(|lesson| TimetableLessonView { version: lesson.version + 1, ..lesson })
            .collect();
        let back: Vec<&TimetableLessonView> = back.iter().collect();
        let (lessons, leaving) = (&back, &own);
        for _ in 0..LOOKS {
            let outcome = self
                .write_in_turn(|tx| {
                    Box::pin(async move {
                        let pristine = untouched(tx, added, change.at).await?;
                        let complete = lessons.len() == replaced.len()
                            && lessons.iter().all(|lesson| lesson.starts_at > change.at);
                        if !pristine || !complete || !take_back(tx, Some(undoes), change.at).await? {
                            return Ok(Err(Obstacle::Stale));
                        }
                        let found = conflicts(tx, lessons, leaving).await?;
                        if !found.is_empty() {
                            return Ok(Err(Obstacle::Taken(found)));
                        }
                        release(tx, &ids(added.iter())).await?;
                        remove(tx, &ids(added.iter())).await?;
                        write(tx, lessons, change.at).await?;
                        book(tx, lessons).await?;
                        pairing::settle(tx, &change.term_id, change.at).await?;
                        let recorded = Recorded::Published { added: Vec::new(), replaced: replaced.to_vec() };
                        record(tx, change, &recorded).await?;
                        concerns_like(tx, &change.id, undoes).await?;
                        Ok(Ok(()))
                    })
                })
                .await;
            if let Some(outcome) = self.named(outcome, lessons, leaving).await? {
                return Ok(outcome);
            }
        }
        Ok(Err(Obstacle::Stale))
    }

    /// Whoever the database itself refuses is told who is in the way. None: what it refused for was gone when we looked, so
    /// that it is to be tried again.
    async fn named(
        &self,
        outcome: Result<Outcome, StoreError>,
        wanted: &[&TimetableLessonView],
        besides: &[&TimetableLessonId],
    ) -> Result<Option<Outcome>, StoreError> {
        match outcome {
            Err(error) if error.is_refused() => {
                let found = self.conflicts(wanted, besides).await?;
                Ok((!found.is_empty()).then_some(Err(Obstacle::Taken(found))))
            }
            outcome => outcome.map(Some),
        }
    }

    /// Changes of a term, the newest first; those before `after`. `within`: only those that concern one of its places.
    pub async fn timetable_changes(
        &self,
        term: &TermId,
        within: Option<&Scope>,
        after: Option<&ChangeId>,
        limit: u32,
    ) -> Result<Vec<Change>, StoreError> {
        let rows = sqlx::query_as::<_, ChangeRow>(
            "SELECT * FROM timetable_change WHERE term_id = $1
                 AND ($2 IS NULL OR (at, id) < (SELECT at, id FROM timetable_change WHERE id = $2))
                 AND ($4 IS NULL OR EXISTS (SELECT 1 FROM timetable_change_place AS place
                     JOIN org ON org.id = place.org_id CROSS JOIN json_each($4) AS s
                     WHERE place.change_id = timetable_change.id AND substr(org.path, 1, length(s.value)) = s.value))
             ORDER BY at DESC, id DESC LIMIT $3",
        )
        .bind(term.as_str())
        .bind(after.map(ChangeId::as_str))
        .bind(i64::from(limit))
        .bind(within.map(Scope::json))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(ChangeRow::read).collect()
    }

    /// One change.
    pub async fn timetable_change(&self, id: &ChangeId) -> Result<Option<Change>, StoreError> {
        let row = sqlx::query_as::<_, ChangeRow>("SELECT * FROM timetable_change WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(ChangeRow::read).transpose()
    }
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    id: String,
    term_id: String,
    kind: String,
    reason: String,
    account_id: Option<String>,
    by_name: String,
    at: i64,
    undone_at: Option<i64>,
    steps: String,
}

impl ChangeRow {
    fn read(self) -> Result<Change, StoreError> {
        const T: &str = "timetable_change";
        Ok(Change {
            made: NewChange {
                id: parse(T, "id", self.id)?,
                term_id: parse(T, "term_id", self.term_id)?,
                kind: parse(T, "kind", self.kind)?,
                reason: self.reason,
                account_id: super::parse_opt(T, "account_id", self.account_id)?,
                by_name: self.by_name,
                at: UnixMillis(self.at),
            },
            undone_at: self.undone_at.map(UnixMillis),
            what: from_json(T, "steps", &self.steps)?,
        })
    }
}

/// Are these lessons still as they were seen?
async fn are_there(
    connection: &mut AnyConnection,
    seen: &[&TimetableLessonView],
) -> Result<bool, StoreError> {
    let there = fetch(connection, &ids(seen.iter().map(|lesson| &lesson.id))).await?;
    let there: HashMap<_, _> = there.iter().map(|lesson| (&lesson.id, lesson)).collect();
    Ok(seen.iter().all(|lesson| {
        there.get(&lesson.id).is_some_and(|here| {
            (here.version, &here.lesson_id, here.state) == (lesson.version, &lesson.lesson_id, lesson.state)
        })
    }))
}

/// Marks a change as undone; false: somebody did it before.
async fn take_back(
    connection: &mut AnyConnection,
    change: Option<&ChangeId>,
    at: UnixMillis,
) -> Result<bool, StoreError> {
    let Some(change) = change else { return Ok(true) };
    let done = sqlx::query("UPDATE timetable_change SET undone_at = $1 WHERE id = $2 AND undone_at IS NULL")
        .bind(at.0)
        .bind(change.as_str())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

async fn remove(connection: &mut AnyConnection, lessons: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM timetable_lesson WHERE id IN (SELECT value FROM json_each($1))")
        .bind(lessons)
        .execute(connection)
        .await?;
    Ok(())
}

/// Are all of these planned lessons of this term that are to come and not open?
async fn leave(
    connection: &mut AnyConnection,
    term: &TermId,
    lessons: &[TimetableLessonId],
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let number: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM timetable_lesson WHERE id IN (SELECT value FROM json_each($1))
             AND term_id = $2 AND state = $3 AND starts_at > $4 AND lesson_id IS NULL",
    )
    .bind(ids(lessons.iter()))
    .bind(term.as_str())
    .bind(word(&TimetableState::Planned))
    .bind(now.0)
    .fetch_one(connection)
    .await?;
    Ok(count(number) == lessons.len() as u64)
}

/// Are all of these as they were published, and to come?
async fn untouched(
    connection: &mut AnyConnection,
    lessons: &[TimetableLessonId],
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let number: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM timetable_lesson WHERE id IN (SELECT value FROM json_each($1))
             AND version = 1 AND state = $2 AND starts_at > $3 AND lesson_id IS NULL",
    )
    .bind(ids(lessons.iter()))
    .bind(word(&TimetableState::Planned))
    .bind(now.0)
    .fetch_one(connection)
    .await?;
    Ok(count(number) == lessons.len() as u64)
}

async fn mark(
    connection: &mut AnyConnection,
    lessons: &[TimetableLessonId],
    state: &str,
    at: UnixMillis,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE timetable_lesson SET state = $1, version = version + 1, updated_at = $2
         WHERE id IN (SELECT value FROM json_each($3))",
    )
    .bind(state)
    .bind(at.0)
    .bind(ids(lessons.iter()))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn record(
    connection: &mut AnyConnection,
    change: &NewChange,
    what: &Recorded,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO timetable_change (id, term_id, kind, reason, account_id, by_name, at, steps)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(change.id.as_str())
    .bind(change.term_id.as_str())
    .bind(word(&change.kind))
    .bind(&change.reason)
    .bind(change.account_id.as_ref().map(AccountId::as_str))
    .bind(&change.by_name)
    .bind(change.at.0)
    .bind(serde_json::to_string(what).unwrap_or_default())
    .execute(connection)
    .await?;
    Ok(())
}

/// Remembers the places of these lessons, before and after.
async fn concerns(
    connection: &mut AnyConnection,
    change: &ChangeId,
    steps: &[Step],
) -> Result<(), StoreError> {
    let lessons = steps.iter().flat_map(|step| step.before.iter().chain(&step.after));
    let orgs: BTreeSet<&OrgId> = lessons
        .flat_map(|lesson| {
            std::iter::once(&lesson.org_id).chain(lesson.classes.iter().map(|class| &class.org_id))
        })
        .collect();
    sqlx::query(
        "INSERT INTO timetable_change_place (change_id, org_id)
         SELECT CAST($1 AS TEXT), org.id FROM org WHERE org.id IN (SELECT value FROM json_each($2))",
    )
    .bind(change.as_str())
    .bind(json_list(orgs.into_iter().map(OrgId::as_str)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn concerns_lessons(
    connection: &mut AnyConnection,
    change: &ChangeId,
    lessons: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO timetable_change_place (change_id, org_id)
         SELECT CAST($1 AS TEXT), place.org_id FROM (
             SELECT org_id FROM timetable_lesson WHERE id IN (SELECT value FROM json_each($2))
             UNION SELECT org_id FROM timetable_class
             WHERE timetable_lesson_id IN (SELECT value FROM json_each($2))) AS place",
    )
    .bind(change.as_str())
    .bind(lessons)
    .execute(connection)
    .await?;
    Ok(())
}

/// The places of the change that it takes back: its lessons are gone.
async fn concerns_like(
    connection: &mut AnyConnection,
    change: &ChangeId,
    other: &ChangeId,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO timetable_change_place (change_id, org_id)
         SELECT CAST($1 AS TEXT), org_id FROM timetable_change_place WHERE change_id = $2",
    )
    .bind(change.as_str())
    .bind(other.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
