//! The formats of docs/planner.md, read from that page, not from the planner: only what the check needs.

use serde::Deserialize;

fn every() -> String {
    "every".to_owned()
}

fn one() -> u8 {
    1
}

macro_rules! form {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind,)* }
    )*};
}

form! {
    /// An instance.
    Instance {
        lesson_minutes: u16,
        max_receiving: u8,
        max_progress_difference: Option<u32>,
        #[serde(default)]
        traffic: Traffic,
        node_lessons: u32,
        schools: Vec<School>,
        classes: Vec<Class>,
        teachers: Vec<Teacher>,
        master_rooms: Vec<MasterRoom>,
        receiving_rooms: Vec<ReceivingRoom>,
        demands: Vec<Demand>,
        #[serde(default)]
        existing: Existing,
    }
    /// A school.
    School { id: String, link: Link, bells: Vec<Bells>, }
    /// Its link.
    Link { down_kbps: u64, up_kbps: u64, max_lessons: Option<u64>, }
    /// Bell times.
    Bells { weekdays: Vec<u8>, periods: Vec<Period>, }
    /// One of them.
    Period { period: u8, start_minute: u16, end_minute: u16, }
    /// A period of the week.
    Slot {
        weekday: u8,
        period: u8,
        #[serde(default = "every")]
        weeks: String,
    }
    /// A class.
    Class {
        id: String,
        school: String,
        grade: u8,
        size: u16,
        #[serde(default)]
        occupied: Vec<Slot>,
    }
    /// A teacher.
    Teacher {
        id: String,
        school: String,
        teaches: Vec<Can>,
        max_lessons_a_week: u32,
        max_lessons_a_day: Option<u32>,
        free: Option<Vec<Slot>>,
        #[serde(default)]
        blocked: Vec<Slot>,
        #[serde(default)]
        wishes: Vec<Wish>,
    }
    /// What a teacher can teach.
    Can { subject: String, grades: Vec<u8>, editions: Vec<String>, }
    /// What a teacher would rather not.
    Wish { weekday: u8, period: u8, weight: u32, }
    /// A master room.
    MasterRoom {
        id: String,
        school: String,
        max_receiving: Option<u8>,
        free: Option<Vec<Slot>>,
        #[serde(default)]
        blocked: Vec<Slot>,
    }
    /// A receiving room.
    ReceivingRoom {
        id: String,
        school: String,
        seats: Option<u16>,
        free: Option<Vec<Slot>>,
        #[serde(default)]
        blocked: Vec<Slot>,
    }
    /// A demand.
    Demand {
        class: String,
        subject: String,
        edition: String,
        prescribed: u8,
        #[serde(default)]
        on_site: u8,
        #[serde(default = "every")]
        weeks: String,
        #[serde(default = "one")]
        max_a_day: u8,
        #[serde(default)]
        consecutive: bool,
        progress: Option<u32>,
    }
    /// An agreement.
    Agreement { teacher: String, subject: String, classes: Vec<String>, }
    /// A published lesson.
    Published { teacher: String, subject: String, weekday: u8, period: u8, classes: Vec<String>, }
    /// A plan.
    Plan {
        stopped_early: bool,
        objectives: Objectives,
        pairings: Vec<Pairing>,
        lessons: Vec<Lesson>,
        unserved: Vec<Unserved>,
    }
    /// What the plan says of itself.
    Objectives {
        uncovered_periods: Objective,
        worst_school_share: Objective,
        changes: Objective,
        wishes: Objective,
        prescribed_periods: f64,
    }
    /// One objective.
    Objective { value: f64, bound: f64, gap: f64, proof: String, }
    /// A pairing.
    Pairing {
        id: String,
        teacher: String,
        room: String,
        subject: String,
        grade: u8,
        edition: String,
        weeks: String,
        classes: Vec<String>,
    }
    /// A lesson.
    Lesson {
        pairing: String,
        teacher: String,
        room: String,
        weekday: u8,
        period: u8,
        start_minute: u16,
        end_minute: u16,
        weeks: String,
        receiving: Vec<Receiving>,
    }
    /// Who receives it.
    Receiving { class: String, period: u8, room: String, }
    /// A demand that is not served in full.
    Unserved { class: String, subject: String, reasons: Vec<Reason>, relaxations: Vec<Reason>, }
    /// A reason, or what would help.
    Reason { code: String, zh: String, en: String, }
}

/// What is agreed and published.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Existing {
    /// Agreements.
    pub pairings: Vec<Agreement>,
    /// Lessons.
    pub lessons: Vec<Published>,
}

/// What a lesson takes of a link, kbit/s.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// Towards a receiving room.
    pub receive_down_kbps: u64,
    /// From a receiving room.
    pub receive_up_kbps: u64,
    /// Towards a master room.
    pub teach_down_kbps: u64,
    /// From a master room.
    pub teach_up_kbps: u64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self { receive_down_kbps: 2_500, receive_up_kbps: 850, teach_down_kbps: 3_000, teach_up_kbps: 3_500 }
    }
}
