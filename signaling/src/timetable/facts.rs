//! What has to be known of a county to place a lesson: one reading of the store, and nothing else is asked.

use crate::calendar::Calendar;
use std::collections::HashMap;
use tongtang_protocol::calendar::{BellPeriod, TermView};
use tongtang_protocol::ids::{ClassId, ClassroomId, OrgId, PersonId};
use tongtang_protocol::places::Busy;

/// A school, with its own bell times or those it has from the place above.
#[derive(Debug, Clone, PartialEq)]
pub struct School {
    /// Name.
    pub name: String,
    /// `/`, the ids from the root down, each followed by `/`.
    pub path: String,
    /// By period.
    pub bells: Vec<BellPeriod>,
}

/// A classroom.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// Name.
    pub name: String,
    /// Its school.
    pub org_id: OrgId,
    /// Classes that are taught from here at most.
    pub max_receivers: usize,
}

/// A class.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Name.
    pub name: String,
    /// Its school.
    pub org_id: OrgId,
    /// Where it sits.
    pub classroom_id: Option<ClassroomId>,
    /// Have its parents agreed that it is seen and heard by other classes?
    pub consents_live: bool,
    /// When it is taught on site.
    pub busy: Vec<Busy>,
}

/// A teacher.
#[derive(Debug, Clone, PartialEq)]
pub struct Teacher {
    /// Name.
    pub name: String,
    /// Their school.
    pub org_id: OrgId,
    /// When they have no time.
    pub busy: Vec<Busy>,
}

/// Who and what a lesson may need.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The term.
    pub term: TermView,
    /// Its days.
    pub calendar: Calendar,
    /// Schools of all that follows.
    pub schools: HashMap<OrgId, School>,
    /// Rooms that were asked for, and those in which the classes sit.
    pub rooms: HashMap<ClassroomId, Room>,
    /// Classes that were asked for.
    pub classes: HashMap<ClassId, Class>,
    /// Teachers that were asked for.
    pub teachers: HashMap<PersonId, Teacher>,
}

impl Facts {
    /// A school's name, for sentences; empty if it was not asked for.
    pub fn school_name(&self, id: &OrgId) -> &str {
        self.schools.get(id).map_or("", |school| school.name.as_str())
    }
}
