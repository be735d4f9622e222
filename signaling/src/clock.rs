//! Now, in the one unit the database and the pages know.

use std::time::{SystemTime, UNIX_EPOCH};
use tongtang_protocol::units::UnixMillis;

/// Milliseconds since 1970. A clock before 1970 counts as 1970.
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
