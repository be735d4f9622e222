//! Newtypes of everything that has an identity. All are short ASCII strings on the wire.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest identifier accepted from outside, in bytes.
pub const MAX_ID_LEN: usize = 64;

/// Why a string is no identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an identifier is 1 to {MAX_ID_LEN} of a-z A-Z 0-9 - _")
    }
}

impl std::error::Error for InvalidId {}

fn is_valid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_ID_LEN
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            /// Accepts 1 to [`MAX_ID_LEN`] of `a-z A-Z 0-9 - _`.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                if is_valid(&text) { Ok(Self(text)) } else { Err(InvalidId) }
            }

            /// The identifier as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// A lesson: one period taught by one teacher to its classrooms.
    LessonId
);
id!(
    /// A room of an sfu node. A lesson's room carries the lesson's id.
    RoomId
);
id!(
    /// One person or classroom screen in one lesson; lasts over reconnects.
    ParticipantId
);
id!(
    /// A classroom screen, paired once with a code; lasts over lessons.
    DeviceId
);
id!(
    /// One WHIP or WHEP session; the last path segment of its `Location`.
    SessionId
);
id!(
    /// A process that registered with signaling: an sfu or a recorder.
    NodeId
);
id!(
    /// One capture of one lesson; the name of its folder.
    RecordingId
);
id!(
    /// A resource of the library.
    ResourceId
);
id!(
    /// A piece of long work: composing a recording.
    JobId
);

id!(
    /// A place of the organisation tree: province, city, county or school.
    OrgId
);
id!(
    /// A room of a school in which a class sits or a master teacher teaches.
    ClassroomId
);
id!(
    /// A class group: the pupils of one grade who are taught together.
    ClassId
);
id!(
    /// A teacher.
    PersonId
);
id!(
    /// Somebody who signs in.
    AccountId
);
id!(
    /// A school term of a county.
    TermId
);
id!(
    /// A school's bell times.
    BellScheduleId
);
id!(
    /// A lasting agreement: a teacher teaches these classes a subject for a term.
    PairingId
);
id!(
    /// A lesson of a timetable; the live lesson it becomes has a [`LessonId`].
    TimetableLessonId
);
id!(
    /// A change of a timetable that can be undone.
    ChangeId
);
id!(
    /// A planner's run and its draft.
    PlanId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_cannot_leave_its_folder() {
        for bad in ["", "..", "a/b", "a b", "课", &"x".repeat(65)] {
            assert!(RecordingId::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(RecordingId::new("rec-01_A").unwrap().as_str(), "rec-01_A");
    }

    #[test]
    fn a_bad_identifier_is_refused_while_parsing() {
        assert!(serde_json::from_str::<LessonId>("\"../etc\"").is_err());
    }
}
