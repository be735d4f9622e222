//! Limits of what people type.

use crate::lesson::machine::MAX_NAME_CHARS;
use crate::problem::ApiError;
use crate::store::{MAX_LISTED, Slice};
use tongtang_protocol::api::Part;
use tongtang_protocol::ids::LessonId;
use tongtang_protocol::lesson::MAX_TITLE_CHARS;

/// Shortest and longest login, in characters.
const LOGIN_CHARS: std::ops::RangeInclusive<usize> = 2..=64;

/// A lesson's title: something, one line, at most [`MAX_TITLE_CHARS`].
pub fn title(text: &str) -> Result<String, ApiError> {
    line(text, MAX_TITLE_CHARS).ok_or(ApiError::BadInput("title"))
}

/// A shown name: something, one line, at most [`MAX_NAME_CHARS`].
pub fn name(text: &str) -> Result<String, ApiError> {
    line(text, MAX_NAME_CHARS).ok_or(ApiError::BadInput("name"))
}

/// Longest subject, in characters.
const MAX_SUBJECT_CHARS: usize = 32;

/// Longest reason of a change, in characters.
const MAX_REASON_CHARS: usize = 200;

/// A subject's name: something, one line.
pub fn subject(text: &str) -> Result<String, ApiError> {
    line(text, MAX_SUBJECT_CHARS).ok_or(ApiError::BadInput("subject"))
}

/// Why something is changed: one line, or nothing.
pub fn reason(text: &str) -> Result<String, ApiError> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    line(text, MAX_REASON_CHARS).ok_or(ApiError::BadInput("reason"))
}

/// A login: 2 to 64 of `a-z 0-9 . _ - @`. Lower case, so that nobody's looks like another's.
pub fn login(text: &str) -> Option<String> {
    let login = text.trim().to_ascii_lowercase();
    let is_valid = LOGIN_CHARS.contains(&login.len())
        && login.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-@".contains(&b));
    is_valid.then_some(login)
}

/// Which part of a list: an id that can be one, a bounded number, a search that could be a title's.
pub fn slice(part: Part) -> Result<Slice, ApiError> {
    let Part { after, limit, search } = part;
    if after.as_ref().is_some_and(|id| LessonId::new(id.as_str()).is_err()) {
        return Err(ApiError::BadInput("after"));
    }
    let search = search.unwrap_or_default();
    // PostgreSQL has no text with U+0000.
    if search.chars().count() > MAX_TITLE_CHARS || search.contains('\0') {
        return Err(ApiError::BadInput("search"));
    }
    let limit = limit.unwrap_or(MAX_LISTED).clamp(1, MAX_LISTED);
    Ok(Slice { after, limit, search: search.trim().to_owned() })
}

/// Something, one line, at most so many characters; blanks around it are dropped.
pub fn line(text: &str, max_chars: usize) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= max_chars && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_of_bounded_length() {
        assert_eq!(title("  三年级音乐：茉莉花 ").ok().as_deref(), Some("三年级音乐：茉莉花"));
        assert!(title(&"课".repeat(MAX_TITLE_CHARS)).is_ok());
        for bad in ["", "   ", "a\nb", "a\u{0}b", &"课".repeat(MAX_TITLE_CHARS + 1)] {
            assert!(title(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_login_is_plain_and_in_lower_case() {
        assert_eq!(login(" Li.Na@Xian-1 ").as_deref(), Some("li.na@xian-1"));
        for bad in ["", "a", "李娜", "a b", "a/b", &"x".repeat(65)] {
            assert!(login(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_name_is_one_line_of_bounded_length() {
        assert!(name(&"河".repeat(MAX_NAME_CHARS)).is_ok());
        for bad in ["", "a\tb", &"河".repeat(MAX_NAME_CHARS + 1)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
