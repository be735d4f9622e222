//! What a crash left in a recording's folder, put in order before capturing goes on.
//!
//! Enters: a folder and what its manifest says. Leaves: the manifest lines that are missing. Torn
//! tails are cut off, fragments that were open are synced and closed, holes that no line explains
//! become gaps. Doing it twice changes nothing.

use crate::manifest::{Contents, FragmentLine, Gap, GapReason, Line};
use crate::recording::{self, TRACKS};
use crate::rolling::{Span, kept_us, off_spans};
use crate::segment::{self, Record, SegmentError, Tail};
use crate::track::{Track, TrackKey};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// A hole around a pause is that pause when it is longer by no more than this: packets of the last moment before
/// it and of the first behind it.
const MAX_SKIP_EDGE_US: u64 = 2_000_000;

/// Mends the folder and returns the lines to append, in order.
pub fn mend(folder: &Path, contents: &Contents, now_unix_us: u64) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for key in recording::list_tracks(folder)? {
        mend_track(folder, key, contents, now_unix_us, &mut lines)?;
    }
    Ok(lines)
}

fn mend_track(
    folder: &Path,
    key: TrackKey,
    contents: &Contents,
    now_unix_us: u64,
    lines: &mut Vec<Line>,
) -> io::Result<()> {
    let known = contents.tracks.get(&key);
    let track_folder = folder.join(TRACKS).join(key.to_string());
    let mut announced = known.is_some();
    let mut before = None;
    for (number, path) in recording::list_fragments(&track_folder)? {
        if let Some(fragment) = known.and_then(|known| known.fragments.get(&number)) {
            before = Some((fragment.last_index, fragment.last_arrival_unix_us));
            continue;
        }
        let Some(found) = close_fragment(&path, key)? else {
            continue;
        };
        if !announced {
            lines.push(Line::Track { track: found.track.clone(), at_unix_us: now_unix_us });
            announced = true;
        }
        for hole in found.holes(before) {
            if !is_explained(contents, key, hole) {
                lines.push(Line::Gap(hole.gap(key)));
            }
        }
        before = Some((found.line.last_index, found.line.last_arrival_unix_us));
        lines.push(Line::Fragment(found.line));
    }
    File::open(&track_folder)?.sync_all()
}

/// Is it a gap that is known already, or what was skipped while the lesson was not to be recorded?
fn is_explained(contents: &Contents, key: TrackKey, hole: Hole) -> bool {
    let is_known = contents.gaps.iter().any(|gap| gap.track == key && gap.from_index == hole.from_index);
    let span = Span { from_unix_us: hole.from_unix_us, to_unix_us: hole.to_unix_us };
    let us = hole.to_unix_us.saturating_sub(hole.from_unix_us);
    let kept_us = kept_us(vec![span], &off_spans(&contents.events));
    is_known || (kept_us < us && kept_us <= MAX_SKIP_EDGE_US)
}

/// A fragment that a crash left open.
struct Found {
    track: Track,
    line: FragmentLine,
    /// Index and arrival of every record behind which one is missing, and of the first.
    places: Vec<(u64, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Hole {
    from_index: u64,
    to_index: u64,
    from_unix_us: u64,
    to_unix_us: u64,
}

impl Hole {
    fn gap(self, track: TrackKey) -> Gap {
        let Self { from_index, to_index, from_unix_us, to_unix_us } = self;
        let ms = to_unix_us.saturating_sub(from_unix_us) / 1000;
        Gap { track, from_index, to_index, from_unix_us, to_unix_us, ms, reason: GapReason::Away }
    }
}

impl Found {
    fn holes(&self, before: Option<(u64, u64)>) -> Vec<Hole> {
        let places: Vec<(u64, u64)> = before.into_iter().chain(self.places.iter().copied()).collect();
        places
            .windows(2)
            .filter(|pair| pair[1].0 > pair[0].0 + 1)
            .map(|pair| Hole {
                from_index: pair[0].0 + 1,
                to_index: pair[1].0,
                from_unix_us: pair[0].1,
                to_unix_us: pair[1].1,
            })
            .collect()
    }
}

/// Cuts the torn tail off and syncs. A file without a single record is removed: its number is used
/// again. A file that is no fragment of this track is left alone, for a person to look at.
fn close_fragment(path: &Path, key: TrackKey) -> io::Result<Option<Found>> {
    let bytes = std::fs::read(path)?;
    let fragment = match segment::read(&bytes) {
        Ok(fragment) if fragment.track.key() == key => fragment,
        Err(SegmentError::Header) if bytes.len() < segment::MAX_DESCRIPTION_BYTES => {
            std::fs::remove_file(path)?;
            return Ok(None);
        }
        Ok(_) | Err(_) => return Ok(None),
    };
    let (Some(first), Some(last)) = (fragment.records.first(), fragment.records.last()) else {
        std::fs::remove_file(path)?;
        return Ok(None);
    };
    let file = OpenOptions::new().append(true).open(path)?;
    let len = match fragment.tail {
        Tail::Clean => bytes.len(),
        Tail::Torn { valid_bytes } => {
            file.set_len(valid_bytes as u64)?;
            valid_bytes
        }
    };
    file.sync_data()?;
    let line = FragmentLine {
        track: key,
        number: fragment.number,
        first_index: first.index,
        last_index: last.index,
        first_arrival_unix_us: first.arrival_unix_us,
        last_arrival_unix_us: last.arrival_unix_us,
        bytes: len as u64,
        mended: true,
    };
    let place = |record: &Record<'_>| (record.index, record.arrival_unix_us);
    let places = fragment.records.iter().map(place).collect();
    Ok(Some(Found { track: fragment.track, line, places }))
}
