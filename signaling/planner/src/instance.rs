//! The instance: a county as the planner is told it. docs/planner.md explains every field.
//!
//! Enters: JSON. Leaves: [`Instance`], well-formed but not yet checked; [`crate::check`] says what is wrong with it.

use serde::{Deserialize, Serialize};

/// The format that this planner reads and writes.
pub const VERSION: u32 = 1;
/// A longer file is refused before it is read.
pub const MAX_INSTANCE_BYTES: usize = 64 << 20;
/// More schools are refused.
pub const MAX_SCHOOLS: usize = 2_000;
/// More classes are refused.
pub const MAX_CLASSES: usize = 20_000;
/// More master teachers are refused.
pub const MAX_TEACHERS: usize = 5_000;
/// More rooms of a kind are refused.
pub const MAX_ROOMS: usize = 20_000;
/// More demands are refused.
pub const MAX_DEMANDS: usize = 20_000;
/// More existing pairings or lessons are refused.
pub const MAX_EXISTING: usize = 100_000;
/// More periods on a school's day are refused: seven days must fit into 128 bits.
pub const MAX_PERIODS_A_DAY: usize = 16;
/// Longer lists of periods in one place (occupied, free, blocked, wishes) are refused.
pub const MAX_TIMES: usize = 1_000;
/// Longer lists of subjects, grades or editions of one teacher are refused.
pub const MAX_QUALIFICATIONS: usize = 64;
/// Longer ids and names are refused.
pub const MAX_ID_BYTES: usize = 128;
/// A lesson reaches at most this many receiving classes.
pub const MAX_RECEIVING: u8 = 16;
/// A demand is at most this many periods a week.
pub const MAX_PERIODS_A_WEEK: u8 = 20;
/// Wishes weigh at most this much.
pub const MAX_WISH: u32 = 1_000;
/// The highest grade (the third of senior secondary school).
pub const MAX_GRADE: u8 = 12;
/// Link speeds and node capacities beyond this are refused.
pub const MAX_QUANTITY: u32 = 100_000_000;

/// A county and what it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// [`VERSION`].
    pub version: u32,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long a lesson is, in minutes: so much all its real bell times must have in common.
    pub lesson_minutes: u16,
    /// Receiving classes of a lesson at most (X).
    pub max_receiving: u8,
    /// Two classes of one pairing are at most so many units apart; absent: not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_progress_difference: Option<u32>,
    /// What a lesson takes of a link.
    #[serde(default)]
    pub traffic: Traffic,
    /// Lessons that the nodes carry at one moment.
    pub node_lessons: u32,
    /// Schools, master schools and teaching sites alike.
    pub schools: Vec<School>,
    /// Class groups with demands, or in existing pairings.
    pub classes: Vec<Class>,
    /// Master teachers.
    pub teachers: Vec<Teacher>,
    /// Rooms from which is taught.
    pub master_rooms: Vec<MasterRoom>,
    /// Rooms, or movable devices, with which is received.
    pub receiving_rooms: Vec<ReceivingRoom>,
    /// What is to be delivered.
    pub demands: Vec<Demand>,
    /// What is agreed and published today.
    #[serde(default)]
    pub existing: Existing,
}

/// What one lesson takes of a school's link, in kbit/s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traffic {
    /// Towards a receiving room.
    pub receive_down_kbps: u32,
    /// From a receiving room.
    pub receive_up_kbps: u32,
    /// Towards a master room.
    pub teach_down_kbps: u32,
    /// From a master room.
    pub teach_up_kbps: u32,
}

impl Default for Traffic {
    /// A good lesson (2.5 Mbit/s down, 0.85 up) in a receiving room; in the master room simulcast and board up, a wall of classrooms down.
    fn default() -> Self {
        Self { receive_down_kbps: 2_500, receive_up_kbps: 850, teach_down_kbps: 3_000, teach_up_kbps: 3_500 }
    }
}

/// A school or teaching site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct School {
    /// Unique.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its link.
    pub link: Link,
    /// Its bell times.
    pub bells: Vec<Bells>,
}

/// A school's link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// kbit/s.
    pub down_kbps: u32,
    /// kbit/s.
    pub up_kbps: u32,
    /// Lessons (received and taught together) at one moment, whatever the speed says; absent: the speed alone counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lessons: Option<u32>,
}

/// The bell times of some days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bells {
    /// 1 Monday to 7 Sunday.
    pub weekdays: Vec<u8>,
    /// Periods, which do not overlap.
    pub periods: Vec<Period>,
}

/// One period, in minutes after midnight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Its number at this school.
    pub period: u8,
    /// First minute.
    pub start_minute: u16,
    /// The minute at which it is over.
    pub end_minute: u16,
}

/// Which weeks of the term.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weeks {
    /// Each week.
    #[default]
    Every,
    /// Weeks 1, 3, 5…
    Odd,
    /// Weeks 2, 4, 6…
    Even,
}

impl Weeks {
    pub(crate) fn is_every(&self) -> bool {
        *self == Weeks::Every
    }
}

/// A period of the week at a school.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// 1 Monday to 7 Sunday.
    pub weekday: u8,
    /// The period's number at the school in question.
    pub period: u8,
    /// In which weeks.
    #[serde(default, skip_serializing_if = "Weeks::is_every")]
    pub weeks: Weeks,
}

/// A class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Unique.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its school.
    pub school: String,
    /// 1 to [`MAX_GRADE`].
    pub grade: u8,
    /// Pupils.
    pub size: u16,
    /// When it is taught on site.
    #[serde(default)]
    pub occupied: Vec<Time>,
}

/// A master teacher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// Unique.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the teacher is.
    pub school: String,
    /// What the teacher can teach.
    pub teaches: Vec<Qualification>,
    /// Delivered lessons a week at most.
    pub max_lessons_a_week: u8,
    /// Delivered lessons a day at most; absent: the week's bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lessons_a_day: Option<u8>,
    /// The only periods in which the teacher can; absent: all but the blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<Vec<Time>>,
    /// Periods in which the teacher cannot.
    #[serde(default)]
    pub blocked: Vec<Time>,
    /// Periods in which the teacher would rather not.
    #[serde(default)]
    pub wishes: Vec<Wish>,
}

/// A subject with the grades and editions in which a teacher can teach it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Qualification {
    /// The subject.
    pub subject: String,
    /// Grades.
    pub grades: Vec<u8>,
    /// Textbook editions.
    pub editions: Vec<String>,
}

/// "Rather not then".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// 1 Monday to 7 Sunday.
    pub weekday: u8,
    /// The period at the teacher's school.
    pub period: u8,
    /// How much a lesson then costs, 1 to [`MAX_WISH`].
    pub weight: u32,
}

/// A room from which is taught.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MasterRoom {
    /// Unique.
    pub id: String,
    /// Its school.
    pub school: String,
    /// Receiving classes at most; absent: the instance's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_receiving: Option<u8>,
    /// The only periods in which it is free; absent: all but the blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<Vec<Time>>,
    /// Periods in which it is not.
    #[serde(default)]
    pub blocked: Vec<Time>,
}

/// A room, or a movable device, with which is received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceivingRoom {
    /// Unique.
    pub id: String,
    /// Its school.
    pub school: String,
    /// Pupils at most; absent: any class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u16>,
    /// The only periods in which it is free; absent: all but the blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<Vec<Time>>,
    /// Periods in which it is not.
    #[serde(default)]
    pub blocked: Vec<Time>,
}

fn one() -> u8 {
    1
}

/// A class's weekly periods of a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// The class.
    pub class: String,
    /// The subject.
    pub subject: String,
    /// Its textbook edition in this class.
    pub edition: String,
    /// Prescribed periods a week.
    pub prescribed: u8,
    /// Of these on site.
    #[serde(default)]
    pub on_site: u8,
    /// In which weeks.
    #[serde(default, skip_serializing_if = "Weeks::is_every")]
    pub weeks: Weeks,
    /// Delivered periods a day at most.
    #[serde(default = "one")]
    pub max_a_day: u8,
    /// May two of a day be in neighbouring periods?
    #[serde(default)]
    pub consecutive: bool,
    /// How far the class is, in units of the book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<u32>,
}

/// What is agreed and published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Existing {
    /// Agreements.
    pub pairings: Vec<ExistingPairing>,
    /// Published weekly lessons.
    pub lessons: Vec<ExistingLesson>,
}

/// An agreement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExistingPairing {
    /// The master teacher.
    pub teacher: String,
    /// The subject.
    pub subject: String,
    /// The receiving classes.
    pub classes: Vec<String>,
}

/// A published weekly lesson.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExistingLesson {
    /// The master teacher.
    pub teacher: String,
    /// The subject.
    pub subject: String,
    /// 1 Monday to 7 Sunday.
    pub weekday: u8,
    /// The period at the teacher's school.
    pub period: u8,
    /// The receiving classes.
    pub classes: Vec<String>,
}
