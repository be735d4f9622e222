//! Fresh identifiers and secrets.

use crate::lesson::machine::Code;
use rand::Rng;
use tongtang_protocol::ids::{
    AccountId, BellScheduleId, ChangeId, ClassId, ClassroomId, DeviceId, JobId, LessonId, OrgId, PairingId,
    ParticipantId, PersonId, PlanId, RecordingId, ResourceId, SessionId, TermId, TimetableLessonId,
};
use uuid::Uuid;

const ALWAYS_VALID: &str = "a prefix and 32 hex digits are an identifier";

/// Identifiers sort by the time they were made (UUID version 7, RFC 9562 §5.7).
fn sortable(prefix: &str) -> String {
    format!("{prefix}-{}", Uuid::now_v7().simple())
}

/// A lesson's.
pub fn lesson_id() -> LessonId {
    LessonId::new(sortable("les")).expect(ALWAYS_VALID)
}

/// A participant's.
pub fn participant_id() -> ParticipantId {
    ParticipantId::new(sortable("par")).expect(ALWAYS_VALID)
}

/// A device's.
pub fn device_id() -> DeviceId {
    DeviceId::new(sortable("dev")).expect(ALWAYS_VALID)
}

/// A recording's.
pub fn recording_id() -> RecordingId {
    RecordingId::new(sortable("rec")).expect(ALWAYS_VALID)
}

/// A resource's.
pub fn resource_id() -> ResourceId {
    ResourceId::new(sortable("res")).expect(ALWAYS_VALID)
}

/// A job's.
pub fn job_id() -> JobId {
    JobId::new(sortable("job")).expect(ALWAYS_VALID)
}

/// A place's.
pub fn org_id() -> OrgId {
    OrgId::new(sortable("org")).expect(ALWAYS_VALID)
}

/// A classroom's.
pub fn classroom_id() -> ClassroomId {
    ClassroomId::new(sortable("room")).expect(ALWAYS_VALID)
}

/// A class's.
pub fn class_id() -> ClassId {
    ClassId::new(sortable("cls")).expect(ALWAYS_VALID)
}

/// A person's.
pub fn person_id() -> PersonId {
    PersonId::new(sortable("per")).expect(ALWAYS_VALID)
}

/// An account's.
pub fn account_id() -> AccountId {
    AccountId::new(sortable("acc")).expect(ALWAYS_VALID)
}

/// A term's.
pub fn term_id() -> TermId {
    TermId::new(sortable("term")).expect(ALWAYS_VALID)
}

/// A bell schedule's.
pub fn bell_schedule_id() -> BellScheduleId {
    BellScheduleId::new(sortable("bell")).expect(ALWAYS_VALID)
}

/// A pairing's.
pub fn pairing_id() -> PairingId {
    PairingId::new(sortable("pair")).expect(ALWAYS_VALID)
}

/// A timetable's lesson's.
pub fn timetable_lesson_id() -> TimetableLessonId {
    TimetableLessonId::new(sortable("tl")).expect(ALWAYS_VALID)
}

/// A change's.
pub fn change_id() -> ChangeId {
    ChangeId::new(sortable("chg")).expect(ALWAYS_VALID)
}

/// A plan's.
pub fn plan_id() -> PlanId {
    PlanId::new(sortable("plan")).expect(ALWAYS_VALID)
}

/// A WebSocket session's: not to be guessed, so random throughout.
pub fn session_id() -> SessionId {
    SessionId::new(secret()).expect("64 hex digits are an identifier")
}

/// 32 random bytes as hex.
pub fn secret() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill(&mut bytes);
    hex::encode(bytes)
}

/// Six random digits.
pub fn code() -> Code {
    let number = rand::rng().random_range(0..1_000_000_u32);
    Code::parse(&format!("{number:06}")).expect("six digits")
}
