//! A file of the media folder, whole or a range of it (RFC 9110 §14). Only kinds a player asks for
//! are served: captured tracks stay inside.

use crate::problem::ApiError;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::path::{Component, Path, PathBuf};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::io::ReaderStream;

/// Bytes read from disk at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Which part of a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// All of it.
    Whole,
    /// From the first to the last byte, both included.
    Part(u64, u64),
    /// Nothing that exists.
    Outside,
}

/// Serves `path`, relative to `media_dir`.
pub async fn serve(media_dir: &Path, path: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let kind = kind_of(path).ok_or(ApiError::NotFound)?;
    let full = inside(media_dir, path).await.ok_or(ApiError::NotFound)?;
    let mut file = File::open(&full).await.map_err(|_| ApiError::NotFound)?;
    let meta = file.metadata().await.map_err(|_| ApiError::NotFound)?;
    if !meta.is_file() {
        return Err(ApiError::NotFound);
    }
    let size = meta.len();
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, first, length) = match wanted(range, size) {
        Wanted::Whole => (StatusCode::OK, 0, size),
        Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Wanted::Outside => {
            let range = format!("bytes */{size}");
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, range)]).into_response());
        }
    };
    file.seek(SeekFrom::Start(first)).await.map_err(|_| ApiError::NotFound)?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    // What is composed never changes under its address; the address is a secret of its holder.
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{size}", first + length - 1);
        out.insert(
            header::CONTENT_RANGE,
            HeaderValue::from_str(&range).unwrap_or(HeaderValue::from_static("")),
        );
    }
    Ok(response)
}

fn kind_of(path: &str) -> Option<&'static str> {
    Some(match Path::new(path).extension()?.to_str()? {
        "m3u8" => "application/vnd.apple.mpegurl",
        "m4s" | "mp4" => "video/mp4",
        "m4a" => "audio/mp4",
        "jpg" => "image/jpeg",
        "vtt" => "text/vtt; charset=utf-8",
        _ => return None,
    })
}

/// The file behind a relative path, if it is inside the folder, links followed.
async fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let relative = Path::new(path);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let folder = tokio::fs::canonicalize(folder).await.ok()?;
    let full = tokio::fs::canonicalize(folder.join(relative)).await.ok()?;
    full.starts_with(&folder).then_some(full)
}

/// One range is served; several, which no player asks for, get the whole file (RFC 9110 §14.2 allows it).
fn wanted(range: Option<&str>, size: u64) -> Wanted {
    let Some(spec) = range.and_then(|range| range.strip_prefix("bytes=")) else { return Wanted::Whole };
    let Some((first, last)) = spec.split_once('-') else { return Wanted::Whole };
    let (first, last) = (first.trim(), last.trim());
    let parsed = match (first.is_empty(), last.is_empty()) {
        (true, true) => return Wanted::Whole,
        (true, false) => last.parse().ok().map(|length: u64| (size.saturating_sub(length), size, length > 0)),
        (false, true) => first.parse().ok().map(|first| (first, size, true)),
        (false, false) => match (first.parse(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) => Some((first, last.saturating_add(1), first <= last)),
            _ => None,
        },
    };
    match parsed {
        None => Wanted::Whole,
        Some((first, end, true)) if first < size => Wanted::Part(first, end.min(size) - 1),
        Some(_) => Wanted::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (range, expected) in [
            ("bytes=0-99", Wanted::Part(0, 99)),
            ("bytes=500-", Wanted::Part(500, 999)),
            ("bytes=-200", Wanted::Part(800, 999)),
            ("bytes=-5000", Wanted::Part(0, 999)),
            ("bytes=900-5000", Wanted::Part(900, 999)),
            ("bytes=1000-", Wanted::Outside),
            ("bytes=-0", Wanted::Outside),
            ("bytes=9-3", Wanted::Outside),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("bytes=18446744073709551615-18446744073709551615", Wanted::Outside),
        ] {
            assert_eq!(wanted(Some(range), 1000), expected, "{range}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Outside);
        assert_eq!(wanted(None, 1000), Wanted::Whole);
    }

    #[test]
    fn captured_tracks_are_not_a_players_business() {
        assert_eq!(kind_of("rec-1/tracks/1/000001.ttf"), None);
        assert_eq!(kind_of("rec-1/manifest.jsonl"), None);
        assert_eq!(kind_of("rec-1/out/720p.m4s"), Some("video/mp4"));
    }
}
