//! What a spreadsheet says becomes rows of the store: all of it in one transaction, or nothing. A dry run does the same and
//! takes it back, so what it says is what happens.
//!
//! Enters: rows ([`Said`]), the place they are imported into. Leaves: what was added, changed and there already, or what is
//! wrong by sheet, row and column. Every row lies at that place or below it. What a row does not say stays; nothing is deleted.
//!
//! * [`places`]: places, bell times, terms, what is prescribed, classrooms
//! * [`people`]: classes and teachers
//! * [`lessons`]: the timetable

mod lessons;
mod people;
mod places;

use super::{Store, StoreError, org};
use crate::auth::policy::Scope;
use crate::import::headings::{Col, Table};
use crate::import::said::Said;
use crate::import::table::{At, heading};
use crate::import::wrong::{Fault, MAX_TOLD, Wrong};
use crate::places::{Bad, Field, PlaceRefusal};
use crate::problem::Language;
use crate::timetable::desk::By;
use sqlx::AnyConnection;
use std::collections::{BTreeMap, HashMap, HashSet};
use tongtang_protocol::ids::{ClassId, ClassroomId, OrgId, PersonId, TermId};
use tongtang_protocol::places::{
    ClassView, ClassroomView, ImportCount, ImportError, ImportReport, OrgKind, OrgView, TeacherView,
};
use tongtang_protocol::timetable::TimetableLessonView;
use tongtang_protocol::units::UnixMillis;

/// What is to be imported.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// What the file says.
    pub said: &'a Said,
    /// The place it is imported into.
    pub org: &'a OrgView,
    /// That place's path.
    pub path: &'a str,
    /// Whose a taken code is, is told if it is here.
    pub seen: &'a Scope,
    /// Only looked at?
    pub is_dry_run: bool,
    /// In which the report speaks.
    pub language: Language,
    /// For the history of the timetable.
    pub by: &'a By,
    /// Now.
    pub now: UnixMillis,
}

/// What became of it.
#[derive(Debug)]
pub struct Imported {
    /// For who asked.
    pub report: ImportReport,
    /// New lessons of the timetable, by term.
    pub lessons: Vec<(TermId, Vec<TimetableLessonView>)>,
}

impl Store {
    /// Imports, or says what is wrong.
    pub async fn import(&self, wanted: &Wanted<'_>) -> Result<Imported, StoreError> {
        self.write_if(|done: &Imported| done.report.done, |tx| Box::pin(import(tx, wanted))).await
    }
}

async fn import(tx: &mut AnyConnection, wanted: &Wanted<'_>) -> Result<Imported, StoreError> {
    let mut work = Work {
        tx,
        wanted,
        told: Told::default(),
        places: HashMap::new(),
        rooms: HashMap::new(),
        classes: HashMap::new(),
        teachers: HashMap::new(),
        bad: wanted.said.bad.clone(),
    };
    for fault in &wanted.said.faults.told {
        work.told.fault(fault, wanted);
    }
    work.told.number = wanted.said.faults.number;
    work.find_places().await?;
    work.orgs().await?;
    work.terms().await?;
    work.curriculum().await?;
    work.rooms().await?;
    work.classes().await?;
    work.teachers().await?;
    let lessons = work.lessons().await?;
    let report = work.told.report(wanted);
    Ok(Imported { lessons: if report.done { lessons } else { Vec::new() }, report })
}

/// A place that rows may name.
#[derive(Debug, Clone)]
struct Place {
    view: OrgView,
    path: String,
}

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Added,
    Changed,
    Same,
}

impl Change {
    fn of<T: PartialEq>(before: Option<&T>, after: &T) -> Self {
        match before {
            None => Self::Added,
            Some(before) if before == after => Self::Same,
            Some(_) => Self::Changed,
        }
    }
}

/// What is told in the end.
#[derive(Default)]
struct Told {
    errors: Vec<(At, ImportError)>,
    number: u32,
    counts: BTreeMap<&'static str, ImportCount>,
}

impl Told {
    fn count(&mut self, table: &'static str, change: Change) {
        let count = self.counts.entry(table).or_insert_with(|| ImportCount {
            table: table.to_owned(),
            added: 0,
            changed: 0,
            same: 0,
        });
        match change {
            Change::Added => count.added += 1,
            Change::Changed => count.changed += 1,
            Change::Same => count.same += 1,
        }
    }

    fn fault(&mut self, fault: &Fault, wanted: &Wanted<'_>) {
        let words = fault.wrong.words(column(wanted.language));
        let at = At { sheet: fault.sheet, row: fault.row };
        self.error(at, fault.column.clone(), words, wanted);
    }

    fn error(&mut self, at: At, column: String, words: String, wanted: &Wanted<'_>) {
        self.number = self.number.saturating_add(1);
        if self.errors.len() < MAX_TOLD {
            let sheet =
                wanted.said.layouts.get(at.sheet).map_or("", |layout| layout.name.as_str()).to_owned();
            self.errors.push((at, ImportError { sheet, row: at.row, column, words }));
        }
    }

    fn report(mut self, wanted: &Wanted<'_>) -> ImportReport {
        self.errors.sort_by_key(|(at, _)| *at);
        ImportReport {
            done: self.number == 0 && !wanted.is_dry_run,
            counts: TABLES.iter().filter_map(|table| self.counts.remove(table)).collect(),
            errors: self.errors.into_iter().map(|(_, error)| error).collect(),
            error_count: self.number,
            notes: wanted.said.notes.iter().map(|note| note[column(wanted.language)].clone()).collect(),
        }
    }
}

/// In the order in which they are told.
const TABLES: [&str; 8] =
    ["orgs", "bells", "terms", "curriculum", "classrooms", "classes", "teachers", "timetable"];

/// Where a language stands in a pair of words.
fn column(language: Language) -> usize {
    usize::from(language == Language::English)
}

/// The work while it is done.
struct Work<'w, 't> {
    tx: &'t mut AnyConnection,
    wanted: &'w Wanted<'w>,
    told: Told,
    /// By code.
    places: HashMap<String, Place>,
    /// By place and name.
    rooms: HashMap<(OrgId, String), ClassroomView>,
    /// By code.
    classes: HashMap<String, ClassView>,
    /// By code.
    teachers: HashMap<String, TeacherView>,
    /// Codes of rows that are wrong.
    bad: HashSet<String>,
}

impl<'w> Work<'w, '_> {
    fn say(&self, chinese: impl Into<String>, english: impl Into<String>) -> String {
        match self.wanted.language {
            Language::Chinese => chinese.into(),
            Language::English => english.into(),
        }
    }

    fn wrong(&mut self, at: At, col: Col, words: String) {
        let said = self.wanted.said;
        let table = said.tables.get(&at.sheet).copied().unwrap_or(Table::Orgs);
        let named = said.layouts.get(at.sheet);
        let column = named
            .map_or_else(String::new, |layout| heading(table, layout, col, column(self.wanted.language)));
        self.told.error(at, column, words, self.wanted);
    }

    fn cell(&mut self, at: At, col: Col, wrong: &Wrong) {
        self.wrong(at, col, wrong.words(column(self.wanted.language)));
    }

    /// A column has to be there because the row is new.
    fn missing(&mut self, at: At, col: Col) {
        self.wrong(
            at,
            col,
            self.say("这是新的一行，必须填写这一列", "this row is new, so this has to be filled in"),
        );
    }

    /// A field is not as the API's rules have it.
    fn bad(&mut self, at: At, bad: &Bad) {
        self.wrong(at, col_of(bad.field), bad.rule.words(self.wanted.language));
    }

    /// The store said no. What else went wrong goes on.
    fn refused(&mut self, at: At, error: StoreError) -> Result<(), StoreError> {
        let StoreError::Place(refusal) = error else { return Err(error) };
        match &refusal {
            PlaceRefusal::Bad(bad) => self.bad(at, bad),
            other => {
                let col = match other {
                    PlaceRefusal::Taken { field, .. } => col_of(*field),
                    _ => Col::Code,
                };
                let words = other.problem(self.wanted.language).detail.unwrap_or_default();
                self.wrong(at, col, words);
            }
        }
        Ok(())
    }

    /// Nobody below the place that is imported into has this code.
    fn not_there(&mut self, at: At, col: Col, code: &str) {
        if self.bad.contains(code) {
            return;
        }
        let place = self.wanted.org.name.clone();
        let words = self.say(
            format!("没有找到“{code}”，或不属于“{place}”。请核对，或先导入它"),
            format!("“{code}” is not there, or does not belong to “{place}”; check it, or import it first"),
        );
        self.wrong(at, col, words);
    }

    /// The place with this code; None: the place that is imported into. An error is told.
    fn place(&mut self, at: At, col: Col, code: Option<&str>) -> Option<Place> {
        let code = code.unwrap_or(&self.wanted.org.code).to_owned();
        let found = self.places.get(&code).cloned();
        if found.is_none() {
            self.not_there(at, col, &code);
        }
        found
    }

    /// The same for what a school has: without a code it is the school that is imported into, if it is one.
    fn school(&mut self, at: At, code: Option<&str>) -> Option<Place> {
        if code.is_none() && self.wanted.org.kind != OrgKind::School {
            self.cell(at, Col::Org, &Wrong::Empty);
            return None;
        }
        self.place(at, Col::Org, code)
    }

    /// All places that the file names, and the one it is imported into.
    async fn find_places(&mut self) -> Result<(), StoreError> {
        let said = self.wanted.said;
        let rows = said.orgs.iter().flat_map(|row| [Some(&row.code), row.parent.as_ref()]);
        let codes = rows
            .chain(said.bells.iter().map(|row| row.org.as_ref()))
            .chain(said.terms.iter().map(|row| row.org.as_ref()))
            .chain(said.days.iter().map(|row| row.org.as_ref()))
            .chain(said.curriculum.iter().map(|row| row.org.as_ref()))
            .chain(said.rooms.iter().map(|row| row.org.as_ref()))
            .chain(said.classes.iter().map(|row| row.org.as_ref()))
            .chain(said.teachers.iter().map(|row| row.org.as_ref()))
            .chain(said.lessons.iter().map(|row| row.org.as_ref()));
        let codes: HashSet<&str> =
            codes.flatten().map(String::as_str).chain([self.wanted.org.code.as_str()]).collect();
        let codes = super::json_list(codes.into_iter());
        let found = org::coded(self.tx, self.wanted.path, &codes).await?;
        self.places =
            found.into_iter().map(|(view, path)| (view.code.clone(), Place { view, path })).collect();
        Ok(())
    }

    fn place_ids(&self) -> String {
        super::json_list(self.places.values().map(|place| place.view.id.as_str()))
    }

    fn room(&self, org: &OrgId, name: &str) -> Option<ClassroomId> {
        self.rooms.get(&(org.clone(), name.trim().to_owned())).map(|room| room.id.clone())
    }

    fn class(&self, code: &str) -> Option<ClassId> {
        self.classes.get(code).map(|class| class.id.clone())
    }

    fn teacher(&self, code: &str) -> Option<(PersonId, OrgId)> {
        self.teachers.get(code).map(|teacher| (teacher.id.clone(), teacher.org_id.clone()))
    }
}

/// Which column a field of the API is.
fn col_of(field: Field) -> Col {
    match field {
        Field::Code | Field::Curriculum => Col::Code,
        Field::Name => Col::Name,
        Field::Kind => Col::Kind,
        Field::Parent => Col::Parent,
        Field::LinkDown => Col::Down,
        Field::LinkUp => Col::Up,
        Field::LessonsAtOnce => Col::AtOnce,
        Field::Bells => Col::Bells,
        Field::MaxReceivers => Col::Receivers,
        Field::Grade => Col::Grade,
        Field::Grades => Col::GradeTo,
        Field::Size => Col::Size,
        Field::Classroom => Col::Room,
        Field::Subject | Field::Subjects => Col::Subject,
        Field::Edition => Col::Edition,
        Field::OnSite => Col::OnSite,
        Field::Weekly => Col::Subject,
        Field::MaxWeekly => Col::Weekly,
        Field::MaxDelivered => Col::Delivered,
        Field::Busy | Field::What | Field::Weekday => Col::Class,
        Field::Period | Field::Periods => Col::Period,
        Field::Starts => Col::Starts,
        Field::Ends => Col::Ends,
        Field::FirstDay => Col::FirstDay,
        Field::Weeks => Col::Weeks,
        Field::Days => Col::Day,
        Field::Follows => Col::Follows,
    }
}
