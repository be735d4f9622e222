//! Classes and teachers, with what they have of subjects and when they are taken: three sheets each that make one row.

use super::{Change, Work};
use crate::fresh;
use crate::import::headings::Col;
use crate::import::said::{BusyRow, ClassRow, ClassSubjectRow, TeacherRow, TeacherSubjectRow};
use crate::import::table::{At, Given};
use crate::import::wrong::Wrong;
use crate::places::{Bad, check};
use crate::store::{StoreError, class_group, json_list, teacher};
use std::collections::{BTreeMap, HashSet};
use tongtang_protocol::ids::OrgId;
use tongtang_protocol::places::{
    Busy, ClassInput, ClassSubject, ClassView, Consent, OrgKind, TeachableSubject, TeacherInput, TeacherView,
};

/// Periods a week of a teacher of whom nothing is said: the store's own default.
const MAX_WEEKLY: u8 = 16;

/// What the sheets say of one class or teacher.
struct Parts<'s, Main, Subject> {
    main: Option<&'s Main>,
    subjects: Vec<&'s Subject>,
    busy: Option<&'s BusyRow>,
}

impl<Main, Subject> Default for Parts<'_, Main, Subject> {
    fn default() -> Self {
        Self { main: None, subjects: Vec::new(), busy: None }
    }
}

/// Where a row stands, and the code of the one it is about.
type Whose<Row> = fn(&Row) -> (At, &str);
/// Rows by whose they are, and where each of these is named first.
type Gathered<'s, Main, Subject> = (BTreeMap<&'s str, Parts<'s, Main, Subject>>, Vec<(At, &'s str)>);

impl<'s, Main, Subject> Parts<'s, Main, Subject> {
    /// Of three sheets, the main one first.
    fn gather(
        (mains, whose_main): (&'s [Main], Whose<Main>),
        (subjects, whose_subject): (&'s [Subject], Whose<Subject>),
        busy: &'s [BusyRow],
    ) -> Gathered<'s, Main, Subject> {
        let mut parts: BTreeMap<&str, Self> = BTreeMap::new();
        let mut order = Vec::new();
        let mut part_of = |(at, code): (At, &'s str), put: &dyn Fn(&mut Self)| {
            let part = parts.entry(code).or_insert_with(|| {
                order.push((at, code));
                Self::default()
            });
            put(part);
        };
        for row in mains {
            part_of(whose_main(row), &|part| part.main = Some(row));
        }
        for row in subjects {
            part_of(whose_subject(row), &|part| part.subjects.push(row));
        }
        for row in busy {
            part_of((row.at, &row.whose), &|part| part.busy = Some(row));
        }
        (parts, order)
    }
}

type ClassParts<'s> = Parts<'s, ClassRow, ClassSubjectRow>;
type TeacherParts<'s> = Parts<'s, TeacherRow, TeacherSubjectRow>;

impl Work<'_, '_> {
    pub(super) async fn classes(&mut self) -> Result<(), StoreError> {
        let said = self.wanted.said;
        let (parts, order) = ClassParts::gather(
            (&said.classes, |row| (row.at, &row.code)),
            (&said.class_subjects, |row| (row.at, &row.class)),
            &said.class_busy,
        );
        let received = said.lessons.iter().flat_map(|row| &row.classes).map(String::as_str);
        let codes: HashSet<&str> = parts.keys().copied().chain(received).collect();
        let found = class_group::coded(self.tx, self.wanted.path, &json_list(codes.into_iter())).await?;
        self.classes = found
            .into_iter()
            .map(|mut class| {
                class.subjects.sort_by(|a, b| a.subject.cmp(&b.subject));
                class.busy.sort_by_key(|taken| (taken.weekday, taken.period, taken.parity));
                (class.code.clone(), class)
            })
            .collect();
        let schools: HashSet<&str> = self.classes.values().map(|class| class.org_id.as_str()).collect();
        let schools = json_list(schools.into_iter());
        self.find_rooms(&schools).await?;
        for (at, code) in order {
            let before = self.classes.get(code).cloned();
            let Some(view) = self.class_row(at, code, &parts[code], before.as_ref()) else {
                self.bad.insert(code.to_owned());
                continue;
            };
            let outcome = match &before {
                None => class_group::add(self.tx, &view, self.wanted.seen).await,
                Some(before) if *before != view => {
                    class_group::replace(self.tx, &view, self.wanted.seen).await.map(drop)
                }
                Some(_) => Ok(()),
            };
            if self.is_kept("classes", (at, code), outcome, Change::of(before.as_ref(), &view))? {
                self.classes.insert(code.to_owned(), view);
            }
        }
        Ok(())
    }

    /// The class as it is to be. None: something is wrong with it.
    fn class_row(
        &mut self,
        at: At,
        code: &str,
        parts: &ClassParts<'_>,
        before: Option<&ClassView>,
    ) -> Option<ClassView> {
        if parts.main.is_none() && before.is_none() {
            self.not_there(at, Col::Class, code);
            return None;
        }
        let main = parts.main;
        let org_id =
            self.org_of(at, main.and_then(|row| row.org.as_deref()), before.map(|before| &before.org_id))?;
        let name = main.map_or(Given::Absent, |row| row.name.clone());
        let Some(name) = name.said().or(before.map(|before| before.name.clone())) else {
            self.missing(at, Col::Name);
            return None;
        };
        let grade = match main.map_or(Given::Absent, |row| row.grade) {
            Given::Said(Some(grade)) => grade,
            Given::Said(None) => {
                self.cell(at, Col::Grade, &Wrong::Empty);
                return None;
            }
            Given::Absent => match before {
                Some(before) => before.grade,
                None => {
                    self.missing(at, Col::Grade);
                    return None;
                }
            },
        };
        let classroom_id = match main.map_or(Given::Absent, |row| row.room.clone()) {
            Given::Absent => {
                before.filter(|before| before.org_id == org_id).and_then(|before| before.classroom_id.clone())
            }
            Given::Said(None) => None,
            Given::Said(Some(name)) => match self.room(&org_id, &name) {
                Some(room) => Some(room),
                None => {
                    self.not_there(at, Col::Room, &name);
                    return None;
                }
            },
        };
        let consent = before.map(|before| before.consent).unwrap_or_default();
        let agreed = |given: Given<Option<bool>>, kept| given.map(Option::unwrap_or_default).or(kept);
        let size = main.map_or(Given::Absent, |row| row.size).map(Option::unwrap_or_default);
        let base = ClassInput {
            org_id,
            code: code.to_owned(),
            name,
            grade,
            size: size.or(before.map_or(0, |before| before.size)),
            classroom_id,
            consent: main.map_or(consent, |row| Consent {
                live: agreed(row.live, consent.live),
                record: agreed(row.record, consent.record),
                publish: agreed(row.publish, consent.publish),
            }),
            subjects: Vec::new(),
            busy: Vec::new(),
        };
        let mut is_right = self.is_right(at, &check::class(base.clone()));
        let mut subjects = Vec::new();
        for row in &parts.subjects {
            let one = ClassSubject {
                subject: row.subject.clone(),
                edition: row.edition.clone(),
                on_site_periods: row.on_site,
            };
            let alone = ClassInput { grade: 1, size: 0, subjects: vec![one.clone()], ..bare(&base) };
            is_right &= self.is_right(row.at, &check::class(alone));
            subjects.push(one);
        }
        let busy = self.busy(parts.busy, before.map(|before| &before.busy))?;
        if !is_right {
            return None;
        }
        if parts.subjects.is_empty() {
            subjects = before.map(|before| before.subjects.clone()).unwrap_or_default();
        }
        let at = parts.subjects.first().map_or(at, |row| row.at);
        let mut input = match check::class(ClassInput { subjects, busy, ..base }) {
            Ok(input) => input,
            Err(bad) => {
                self.bad(at, &bad);
                return None;
            }
        };
        input.subjects.sort_by(|a, b| a.subject.cmp(&b.subject));
        Some(ClassView {
            id: before.map_or_else(fresh::class_id, |before| before.id.clone()),
            org_id: input.org_id,
            code: input.code,
            name: input.name,
            grade: input.grade,
            size: input.size,
            classroom_id: input.classroom_id,
            consent: input.consent,
            subjects: input.subjects,
            busy: input.busy,
        })
    }

    pub(super) async fn teachers(&mut self) -> Result<(), StoreError> {
        let said = self.wanted.said;
        let (parts, order) = TeacherParts::gather(
            (&said.teachers, |row| (row.at, &row.code)),
            (&said.teacher_subjects, |row| (row.at, &row.teacher)),
            &said.teacher_busy,
        );
        let teaching = said.lessons.iter().map(|row| row.teacher.as_str());
        let codes: HashSet<&str> = parts.keys().copied().chain(teaching).collect();
        let found = teacher::coded(self.tx, self.wanted.path, &json_list(codes.into_iter())).await?;
        self.teachers = found
            .into_iter()
            .map(|mut teacher| {
                sort_subjects(&mut teacher.subjects);
                teacher.busy.sort_by_key(|taken| (taken.weekday, taken.period, taken.parity));
                (teacher.code.clone(), teacher)
            })
            .collect();
        for (at, code) in order {
            let before = self.teachers.get(code).cloned();
            let Some(view) = self.teacher_row(at, code, &parts[code], before.as_ref()) else {
                self.bad.insert(code.to_owned());
                continue;
            };
            let outcome = match &before {
                None => teacher::add(self.tx, &view, self.wanted.seen).await,
                Some(before) if *before != view => {
                    teacher::replace(self.tx, &view, self.wanted.seen).await.map(drop)
                }
                Some(_) => Ok(()),
            };
            if self.is_kept("teachers", (at, code), outcome, Change::of(before.as_ref(), &view))? {
                self.teachers.insert(code.to_owned(), view);
            }
        }
        Ok(())
    }

    /// The teacher as they are to be. None: something is wrong.
    fn teacher_row(
        &mut self,
        at: At,
        code: &str,
        parts: &TeacherParts<'_>,
        before: Option<&TeacherView>,
    ) -> Option<TeacherView> {
        if parts.main.is_none() && before.is_none() {
            self.not_there(at, Col::Teacher, code);
            return None;
        }
        let main = parts.main;
        let org_id =
            self.org_of(at, main.and_then(|row| row.org.as_deref()), before.map(|before| &before.org_id))?;
        let name = main.map_or(Given::Absent, |row| row.name.clone());
        let Some(name) = name.said().or(before.map(|before| before.name.clone())) else {
            self.missing(at, Col::Name);
            return None;
        };
        let weekly = main.map_or(Given::Absent, |row| row.weekly).map(|said| said.unwrap_or(MAX_WEEKLY));
        let delivered = main.map_or(Given::Absent, |row| row.delivered).map(Option::unwrap_or_default);
        let base = TeacherInput {
            org_id,
            code: code.to_owned(),
            name,
            max_weekly: weekly.or(before.map_or(MAX_WEEKLY, |before| before.max_weekly)),
            max_delivered: delivered.or(before.map_or(0, |before| before.max_delivered)),
            subjects: Vec::new(),
            busy: Vec::new(),
        };
        let mut is_right = self.is_right(at, &check::teacher(base.clone()));
        let mut subjects = Vec::new();
        for row in &parts.subjects {
            let one = TeachableSubject {
                subject: row.subject.clone(),
                grade_from: row.from,
                grade_to: row.to,
                edition: row.edition.clone(),
            };
            let alone = TeacherInput {
                code: "1".to_owned(),
                name: "1".to_owned(),
                max_weekly: 1,
                max_delivered: 0,
                subjects: vec![one.clone()],
                ..base.clone()
            };
            match check::teacher(alone) {
                Ok(_) => {}
                Err(Bad { field: crate::places::Field::Grade, rule }) => {
                    let col = if (1..=9).contains(&row.from) { Col::GradeTo } else { Col::GradeFrom };
                    self.wrong(row.at, col, rule.words(self.wanted.language));
                    is_right = false;
                }
                Err(bad) => {
                    self.bad(row.at, &bad);
                    is_right = false;
                }
            }
            subjects.push(one);
        }
        let busy = self.busy(parts.busy, before.map(|before| &before.busy))?;
        if !is_right {
            return None;
        }
        if parts.subjects.is_empty() {
            subjects = before.map(|before| before.subjects.clone()).unwrap_or_default();
        }
        let at = parts.subjects.first().map_or(at, |row| row.at);
        let mut input = match check::teacher(TeacherInput { subjects, busy, ..base }) {
            Ok(input) => input,
            Err(bad) => {
                self.bad(at, &bad);
                return None;
            }
        };
        sort_subjects(&mut input.subjects);
        Some(TeacherView {
            id: before.map_or_else(fresh::person_id, |before| before.id.clone()),
            org_id: input.org_id,
            code: input.code,
            name: input.name,
            max_weekly: input.max_weekly,
            max_delivered: input.max_delivered,
            subjects: input.subjects,
            busy: input.busy,
        })
    }

    /// Counts a row that was written; one that the store refused is told, and what depends on it is not looked at.
    fn is_kept(
        &mut self,
        table: &'static str,
        (at, code): (At, &str),
        outcome: Result<(), StoreError>,
        change: Change,
    ) -> Result<bool, StoreError> {
        match outcome {
            Ok(()) => {
                self.told.count(table, change);
                Ok(true)
            }
            Err(error) => {
                self.bad.insert(code.to_owned());
                self.refused(at, error)?;
                Ok(false)
            }
        }
    }

    /// The school of a row: as it says, else where they are, else the school that is imported into.
    fn org_of(&mut self, at: At, code: Option<&str>, before: Option<&OrgId>) -> Option<OrgId> {
        match (code, before) {
            (None, Some(before)) => Some(before.clone()),
            (None, None) if self.wanted.org.kind != OrgKind::School => {
                self.cell(at, Col::Org, &Wrong::Empty);
                None
            }
            (code, _) => self.school(at, code).map(|place| place.view.id),
        }
    }

    /// The week as the sheet says it, each period looked at by itself; or as it was. None: something is wrong.
    fn busy(&mut self, row: Option<&BusyRow>, before: Option<&Vec<Busy>>) -> Option<Vec<Busy>> {
        let Some(row) = row else { return Some(before.cloned().unwrap_or_default()) };
        let mut is_right = true;
        for taken in &row.busy {
            if let Err(bad) = check::busy(vec![taken.clone()]) {
                let col = Col::Slot(taken.weekday, taken.period);
                self.wrong(row.at, col, bad.rule.words(self.wanted.language));
                is_right = false;
            }
        }
        is_right.then(|| row.busy.clone())
    }

    fn is_right<T>(&mut self, at: At, checked: &Result<T, Bad>) -> bool {
        if let Err(bad) = checked {
            self.bad(at, bad);
        }
        checked.is_ok()
    }
}

/// Of nobody, so that only what is added to it can be wrong.
fn bare(base: &ClassInput) -> ClassInput {
    ClassInput { code: "1".to_owned(), name: "1".to_owned(), ..base.clone() }
}

fn sort_subjects(subjects: &mut [TeachableSubject]) {
    subjects
        .sort_by(|a, b| (&a.subject, a.grade_from, &a.edition).cmp(&(&b.subject, b.grade_from, &b.edition)));
}
