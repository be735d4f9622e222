//! Which lessons somebody may do something with, as a condition of SQL: one for lessons and for what became of them.

use super::{Store, StoreError};
use crate::auth::policy::Lessons;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{LessonId, PersonId};
use tongtang_protocol::units::UnixMillis;

/// The condition's parameters, in their order.
pub(super) struct Sight {
    pub all: i64,
    pub only: Option<String>,
    pub at: String,
    pub taught_by: Option<String>,
    pub received_at: String,
    pub today: String,
}

impl Sight {
    pub fn of(lessons: &Lessons, now: UnixMillis) -> Self {
        Self {
            all: i64::from(lessons.at.is_everywhere()),
            only: lessons.only.as_ref().map(|id| id.as_str().to_owned()),
            at: lessons.at.json(),
            taught_by: lessons.taught_by.as_ref().map(|id: &PersonId| id.as_str().to_owned()),
            received_at: lessons.received_today.json(),
            today: Day::of(now).to_string(),
        }
    }

    /// The condition on a row of `lesson`; its six parameters begin with this number.
    pub fn condition(first: usize) -> String {
        let [all, only, at, taught_by, received_at, today] = std::array::from_fn(|n| first + n);
        format!(
            "(${all} = 1 OR lesson.id = ${only}
              OR EXISTS (SELECT 1 FROM org CROSS JOIN json_each(${at}) AS s
                  WHERE org.id = lesson.org_id AND substr(org.path, 1, length(s.value)) = s.value)
              OR EXISTS (SELECT 1 FROM timetable_lesson AS taught
                  WHERE taught.lesson_id = lesson.id AND taught.teacher_id = ${taught_by})
              OR EXISTS (SELECT 1 FROM timetable_lesson AS planned
                  JOIN timetable_class AS class ON class.timetable_lesson_id = planned.id
                  JOIN org ON org.id = class.org_id CROSS JOIN json_each(${received_at}) AS s
                  WHERE planned.lesson_id = lesson.id AND planned.day = ${today}
                      AND substr(org.path, 1, length(s.value)) = s.value))"
        )
    }
}

impl Store {
    /// Is this one of these lessons?
    pub async fn is_among(
        &self,
        lesson: &LessonId,
        lessons: &Lessons,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let sight = Sight::of(lessons, now);
        let sql = format!("SELECT 1 FROM lesson WHERE lesson.id = $1 AND {}", Sight::condition(2));
        let row: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(lesson.as_str())
            .bind(sight.all)
            .bind(&sight.only)
            .bind(&sight.at)
            .bind(&sight.taught_by)
            .bind(&sight.received_at)
            .bind(&sight.today)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }
}
