//! Lessons of a term. One that is there as its row says is left as it is, in whatever state; the others are new, and clash or
//! not in the words in which the timetable itself refuses.

use super::{Change, Imported, Work};
use crate::import::headings::Col;
use crate::import::said::LessonRow;
use crate::import::table::At;
use crate::problem::ApiError;
use crate::store::booking::{book, conflicts};
use crate::store::timetable::{fetch_of, write};
use crate::store::timetable_change::{Recorded, record};
use crate::store::timetable_facts::{Asked, facts};
use crate::store::{StoreError, json_list, term};
use crate::timetable::clash::with_busy;
use crate::timetable::{Refusal, change, desk};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tongtang_protocol::calendar::TermView;
use tongtang_protocol::ids::{ClassId, ClassroomId, PersonId, TermId};
use tongtang_protocol::timetable::{
    ChangeKind, Conflict, MAX_RECEIVERS, TimetableLessonInput, TimetableLessonView,
};

/// Lessons that are looked at together: only if one of them clashes, each is looked at by itself.
const AT_ONCE: usize = 100;

/// A row whose people and room are known.
struct Wish<'s> {
    row: &'s LessonRow,
    input: TimetableLessonInput,
}

impl Work<'_, '_> {
    /// Writes what is new, and gives it by term.
    pub(super) async fn lessons(&mut self) -> Result<Vec<(TermId, Vec<TimetableLessonView>)>, StoreError> {
        let said = self.wanted.said;
        if said.lessons.is_empty() {
            return Ok(Vec::new());
        }
        let schools: HashSet<&str> = self.teachers.values().map(|teacher| teacher.org_id.as_str()).collect();
        let schools = json_list(schools.into_iter());
        self.find_rooms(&schools).await?;
        let scope = json_list(std::iter::once(self.wanted.path));
        let terms = term::concerning(self.tx, &scope).await?;
        let mut of: BTreeMap<usize, Vec<Wish<'_>>> = BTreeMap::new();
        for row in &said.lessons {
            let Some(term) = self.term_of(row, &terms) else { continue };
            if let Some(input) = self.wish(row) {
                of.entry(term).or_default().push(Wish { row, input });
            }
        }
        let mut made = Vec::new();
        for (at, wishes) in of {
            let new = self.of_term(&terms[at], wishes).await?;
            if !new.is_empty() {
                made.push((terms[at].id.clone(), new));
            }
        }
        Ok(made)
    }

    /// The term in which the row's day lies; if several, the one that it names.
    fn term_of(&mut self, row: &LessonRow, terms: &[TermView]) -> Option<usize> {
        let holds = |term: &TermView| (0..i64::from(term.weeks) * 7).contains(&row.day.since(term.first_day));
        let named = |term: &TermView| row.term.as_ref().is_none_or(|name| term.name == name.trim());
        let found = terms.iter().position(|term| holds(term) && named(term));
        if found.is_none() {
            let words = self.say(
                format!("{} 不在任何学期内。请更正日期，或先导入学期", row.day),
                format!("{} is in no term; correct the day, or import the term first", row.day),
            );
            self.wrong(row.at, Col::Day, words);
        }
        found
    }

    fn wish(&mut self, row: &LessonRow) -> Option<TimetableLessonInput> {
        let at = row.at;
        let Some((teacher_id, school)) = self.teacher(&row.teacher) else {
            self.not_there(at, Col::Teacher, &row.teacher);
            return None;
        };
        let org = match &row.org {
            None => school,
            Some(code) => self.place(at, Col::Org, Some(code))?.view.id,
        };
        let Some(classroom_id) = self.room(&org, &row.room) else {
            self.not_there(at, Col::Room, &row.room);
            return None;
        };
        let mut class_ids = Vec::new();
        for code in &row.classes {
            match self.class(code) {
                Some(class) => class_ids.push(class),
                None => {
                    self.not_there(at, Col::Receiving, code);
                    return None;
                }
            }
        }
        if class_ids.len() > MAX_RECEIVERS {
            let words = self.say(
                format!("最多 {MAX_RECEIVERS} 个接收班级，请分成几节课"),
                format!("at most {MAX_RECEIVERS} classes receive a lesson; make it several"),
            );
            self.wrong(at, Col::Receiving, words);
            return None;
        }
        Some(TimetableLessonInput {
            kind: row.kind,
            title: row.title.clone(),
            subject: row.subject.clone(),
            grade: row.grade,
            pairing_id: None,
            teacher_id,
            classroom_id,
            day: row.day,
            period: row.period,
            class_ids,
        })
    }

    async fn of_term(
        &mut self,
        term: &TermView,
        wishes: Vec<Wish<'_>>,
    ) -> Result<Vec<TimetableLessonView>, StoreError> {
        let there = self.there(&wishes).await?;
        let asked = asked(&wishes);
        let facts = facts(self.tx, term.clone(), &asked).await?;
        let mut wanted: Vec<(At, TimetableLessonView)> = Vec::new();
        for Wish { row, input } in wishes {
            let same = there.get(&key(&input.teacher_id, row)).into_iter().flatten();
            if same.into_iter().any(|lesson| is_same(lesson, &input)) {
                self.told.count("timetable", Change::Same);
                continue;
            }
            if row.is_past {
                let words = self.say(
                    "课表里没有这节课，只能导入还没上的课。请删去这一行，或清空“状态”",
                    "the timetable has no such lesson, and only lessons to come are imported; delete the row, or empty its state",
                );
                self.wrong(row.at, Col::State, words);
                continue;
            }
            let (lesson, classes) = match desk::blank(&term.id, input) {
                Ok(blank) => blank,
                Err(error) => {
                    self.unlike(row.at, &error);
                    continue;
                }
            };
            match change::added(lesson, &classes, &facts, self.wanted.now) {
                Ok(lesson) => match with_busy(&facts, &lesson) {
                    met if met.is_empty() => wanted.push((row.at, lesson)),
                    met => self.clash(row.at, met),
                },
                Err(refusal) => self.refuse(row.at, &refusal),
            }
        }
        let mut made = Vec::new();
        for some in wanted.chunks(AT_ONCE) {
            let lessons: Vec<&TimetableLessonView> = some.iter().map(|(_, lesson)| lesson).collect();
            if conflicts(self.tx, &lessons, &[]).await?.is_empty() {
                self.put(&lessons).await?;
                made.extend(lessons.into_iter().cloned());
                continue;
            }
            for (at, lesson) in some {
                match conflicts(self.tx, &[lesson], &[]).await? {
                    met if met.is_empty() => {
                        self.put(&[lesson]).await?;
                        made.push(lesson.clone());
                    }
                    met => self.clash(*at, met),
                }
            }
        }
        for _ in &made {
            self.told.count("timetable", Change::Added);
        }
        if !made.is_empty() {
            let change = self.wanted.by.change(&term.id, ChangeKind::Import, "");
            let added = made.iter().map(|lesson| lesson.id.clone()).collect();
            record(self.tx, &change, &Recorded::Published { added, replaced: Vec::new() }).await?;
        }
        Ok(made)
    }

    async fn put(&mut self, lessons: &[&TimetableLessonView]) -> Result<(), StoreError> {
        write(self.tx, lessons, self.wanted.now).await?;
        book(self.tx, lessons).await
    }

    /// What these teachers teach already on these days.
    async fn there(
        &mut self,
        wishes: &[Wish<'_>],
    ) -> Result<HashMap<String, Vec<TimetableLessonView>>, StoreError> {
        let teachers: HashSet<&str> = wishes.iter().map(|wish| wish.input.teacher_id.as_str()).collect();
        let days: BTreeSet<String> = wishes.iter().map(|wish| wish.row.day.to_string()).collect();
        let (teachers, days) = (json_list(teachers.into_iter()), json_list(days.iter().map(String::as_str)));
        let mut there: HashMap<String, Vec<TimetableLessonView>> = HashMap::new();
        for lesson in fetch_of(self.tx, &teachers, &days).await? {
            let key = format!("{} {} {}", lesson.teacher_id, lesson.day, lesson.period);
            there.entry(key).or_default().push(lesson);
        }
        Ok(there)
    }

    fn clash(&mut self, at: At, met: Vec<Conflict>) {
        self.refuse(at, &Refusal::Taken(met.into()));
    }

    fn refuse(&mut self, at: At, refusal: &Refusal) {
        use crate::timetable::refusal::Misplaced;
        let col = match refusal {
            Refusal::Misplaced(Misplaced::NoPeriod { .. }) => Col::Period,
            Refusal::Misplaced(Misplaced::TooMany { .. }) => Col::Room,
            Refusal::Misplaced(
                Misplaced::NoConsent { .. }
                | Misplaced::NoRoom { .. }
                | Misplaced::NoOverlap { .. }
                | Misplaced::TooShort,
            ) => Col::Receiving,
            _ => Col::Day,
        };
        let (.., words) = refusal.spoken(self.wanted.language);
        self.wrong(at, col, words);
    }

    /// A field that the API itself would refuse.
    fn unlike(&mut self, at: At, error: &ApiError) {
        let (col, least, most) = match error {
            ApiError::BadInput("period") => {
                (Col::Period, 1, i64::from(tongtang_protocol::calendar::MAX_PERIODS))
            }
            ApiError::BadInput("grade") => (Col::Grade, 1, i64::from(tongtang_protocol::places::MAX_GRADE)),
            error => {
                let col =
                    if matches!(error, ApiError::BadInput("title")) { Col::Title } else { Col::Subject };
                let words = error.problem(self.wanted.language).detail.unwrap_or_default();
                return self.wrong(at, col, words);
            }
        };
        let words = crate::places::Rule::Between(least, most).words(self.wanted.language);
        self.wrong(at, col, words);
    }
}

impl Imported {
    /// All of a file's new lessons.
    pub fn made(&self) -> impl Iterator<Item = (&TermId, &[TimetableLessonView])> {
        self.lessons.iter().map(|(term, lessons)| (term, lessons.as_slice()))
    }
}

fn asked(wishes: &[Wish<'_>]) -> Asked {
    let rooms: BTreeSet<&ClassroomId> = wishes.iter().map(|wish| &wish.input.classroom_id).collect();
    let teachers: BTreeSet<&PersonId> = wishes.iter().map(|wish| &wish.input.teacher_id).collect();
    let classes: BTreeSet<&ClassId> = wishes.iter().flat_map(|wish| &wish.input.class_ids).collect();
    Asked {
        rooms: rooms.into_iter().cloned().collect(),
        classes: classes.into_iter().cloned().collect(),
        teachers: teachers.into_iter().cloned().collect(),
    }
}

fn key(teacher: &PersonId, row: &LessonRow) -> String {
    format!("{teacher} {} {}", row.day, row.period)
}

/// Is this the lesson that is wanted? What the row does not say may be anything.
fn is_same(there: &TimetableLessonView, wanted: &TimetableLessonInput) -> bool {
    let of = |classes: Vec<&ClassId>| classes.into_iter().cloned().collect::<BTreeSet<_>>();
    there.subject == wanted.subject.trim()
        && there.grade == wanted.grade
        && there.classroom_id == wanted.classroom_id
        && wanted.kind.is_none_or(|kind| kind == there.kind)
        && wanted.title.as_ref().is_none_or(|title| title.trim() == there.title)
        && of(there.classes.iter().map(|class| &class.class_id).collect())
            == of(wanted.class_ids.iter().collect())
}
