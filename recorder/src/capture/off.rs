//! What a lesson does not want recorded is not kept on disk: pauses, "recording off", and what follows the end.
//!
//! The tap goes on meanwhile, so that recording goes on at once; its packets are skipped. What decides is the
//! time at which a packet arrived at the sfu, not when signaling's word of it came: a pause that is told late
//! is cut out of the fragments that are written already, and a `live` that is told late finds its packets
//! at the sfu still, because those that were skipped last are not acknowledged yet.

use super::{Capture, Durable, Open};
use crate::manifest::{FragmentLine, Line, Skipped};
use crate::recording::{self, Recording};
use crate::rolling::Span;
use crate::segment;
use crate::track::TrackKey;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// What was said and done before the pause arrives up to so much later: the delay of a publisher's link.
/// It is kept, so that the last words are whole, and not composed beyond the pause.
pub const LATE_MEDIA_US: u64 = 500_000;

/// Skipped packets are acknowledged so many rolls later: for some five seconds a late `live` still gets them.
const LATE_ROLLS: usize = 3;

/// Packets of one track that were skipped and are not acknowledged.
#[derive(Debug)]
pub(super) struct Skipping {
    /// The first of them, and the arrival of the one before.
    from: (u64, Option<u64>),
    /// Where the track was at the last rolls.
    rolls: VecDeque<Skipped>,
}

impl Open {
    /// Index of the first packet that is neither on disk nor skipped for good.
    pub(super) fn first_needed(&self) -> u64 {
        self.skipping.as_ref().map_or(self.next_index, |skipping| skipping.from.0)
    }

    /// Passes over a packet.
    pub(super) fn skip(&mut self, index: u64, arrival_unix_us: u64) {
        let from = (self.next_index, self.last_arrival_unix_us);
        self.skipping.get_or_insert_with(|| Skipping { from, rolls: VecDeque::new() });
        self.next_index = index + 1;
        self.last_arrival_unix_us = Some(arrival_unix_us);
    }

    /// A packet is kept: those skipped before it are skipped for good.
    pub(super) fn end_skipping(&mut self, track: TrackKey) -> Option<Line> {
        self.skipping.take()?;
        Some(Line::Skipped(self.skipped(track)))
    }

    fn skipped(&self, track: TrackKey) -> Skipped {
        let last_arrival_unix_us = self.last_arrival_unix_us.unwrap_or(0);
        Skipped { track, next_index: self.next_index, last_arrival_unix_us }
    }

    /// At each roll: what was skipped some rolls ago is so for good.
    pub(super) fn skipped_for_good(&mut self, track: TrackKey) -> Option<Skipped> {
        let now = self.skipped(track);
        let skipping = self.skipping.as_mut()?;
        skipping.rolls.push_back(now);
        if skipping.rolls.len() <= LATE_ROLLS {
            return None;
        }
        let skipped = skipping.rolls.pop_front()?;
        if skipped.next_index == skipping.from.0 {
            return None;
        }
        skipping.from = (skipped.next_index, Some(skipped.last_arrival_unix_us));
        Some(skipped)
    }

    fn rewind(&mut self) -> bool {
        let Some(skipping) = self.skipping.take() else { return false };
        (self.next_index, self.last_arrival_unix_us) = skipping.from;
        true
    }
}

/// What new events mean for the tap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Tracks that are durable further than before.
    pub durable: Vec<Durable>,
    /// Packets that were skipped are wanted now: the tap is to begin again at [`Capture::next_indexes`].
    pub is_rewound: bool,
    /// The lesson goes on: pictures need a keyframe, those before it are not kept.
    pub needs_keyframes: bool,
}

impl Capture {
    /// Did a packet arrive at a time that is not to be kept?
    pub(super) fn is_off(&self, arrival_unix_us: u64) -> bool {
        is_off(&self.off, arrival_unix_us)
    }

    /// Is the lesson not to be seen now?
    pub fn is_off_now(&self) -> bool {
        self.off.last().is_some_and(|off| off.to_unix_us == u64::MAX)
    }

    /// The lesson's pauses are others than before.
    pub(super) fn turn_off(&mut self, off: Vec<Span>) -> io::Result<Taken> {
        let was_off = self.is_off_now();
        self.off = off;
        let durable = self.close_fragments()?;
        self.erase()?;
        let mut is_rewound = false;
        for open in self.tracks.values_mut() {
            is_rewound |= open.rewind();
        }
        Ok(Taken { durable, is_rewound, needs_keyframes: was_off && !self.is_off_now() })
    }

    /// Cuts what is off out of the closed fragments. Doing it twice changes nothing.
    pub(super) fn erase(&mut self) -> io::Result<()> {
        let Some(earliest) = self.off.first().map(|off| off.from_unix_us) else { return Ok(()) };
        let mut lines = Vec::new();
        for (key, track) in &self.manifest.contents().tracks {
            for line in
                track.fragments.values().rev().take_while(|line| line.last_arrival_unix_us >= earliest)
            {
                if self.off.iter().any(|off| touches(*off, line)) {
                    self.erase_from(line, *key, &mut lines)?;
                }
            }
        }
        self.manifest.append(lines)
    }

    fn erase_from(&self, line: &FragmentLine, key: TrackKey, lines: &mut Vec<Line>) -> io::Result<()> {
        let path = recording::fragment_path(&self.folder, key, line.number);
        let cut = cut_fragment(&path, line, &self.off)?;
        if cut.as_ref() == Some(line) {
            return Ok(());
        }
        // What is gone was here: the sfu is not asked for it again.
        let (next_index, last_arrival_unix_us) =
            (line.last_index.saturating_add(1), line.last_arrival_unix_us);
        lines.push(Line::Skipped(Skipped { track: key, next_index, last_arrival_unix_us }));
        lines.push(cut.map_or(Line::Erased { track: key, number: line.number }, Line::Fragment));
        tracing::info!(track = %key, number = line.number, "what the lesson does not want recorded is erased");
        Ok(())
    }
}

fn is_off(off: &[Span], arrival_unix_us: u64) -> bool {
    off.iter().any(|off| off.contains(arrival_unix_us) && arrival_unix_us - off.from_unix_us >= LATE_MEDIA_US)
}

fn touches(off: Span, line: &FragmentLine) -> bool {
    line.last_arrival_unix_us >= off.from_unix_us.saturating_add(LATE_MEDIA_US)
        && line.first_arrival_unix_us < off.to_unix_us
}

/// Replaces a fragment by one without what is off and says what it holds now; `None`: nothing, it is removed.
fn cut_fragment(path: &Path, line: &FragmentLine, off: &[Span]) -> io::Result<Option<FragmentLine>> {
    let bytes = match Recording::read_fragment(path) {
        Ok(bytes) => bytes,
        // Erased already, when a crash took the line that says so.
        Err(_) if !path.exists() => return Ok(None),
        Err(error) => return Err(io::Error::other(error)),
    };
    let folder = path.parent().map_or_else(|| Err(io::Error::other("no folder")), File::open)?;
    let Ok(fragment) = segment::read(&bytes) else { return Ok(Some(line.clone())) };
    let kept: Vec<_> =
        fragment.records.iter().filter(|record| !is_off(off, record.arrival_unix_us)).collect();
    let (Some(first), Some(last)) = (kept.first(), kept.last()) else {
        fs::remove_file(path)?;
        folder.sync_all()?;
        return Ok(None);
    };
    let mut now = FragmentLine {
        first_index: first.index,
        last_index: last.index,
        first_arrival_unix_us: first.arrival_unix_us,
        last_arrival_unix_us: last.arrival_unix_us,
        ..line.clone()
    };
    if kept.len() < fragment.records.len() {
        let mut text = Vec::with_capacity(bytes.len());
        segment::put_header(&mut text, fragment.number, &fragment.track);
        kept.iter().for_each(|record| segment::put_record(&mut text, record));
        let aside = path.with_extension("cut");
        let mut file = File::create(&aside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        folder.sync_all()?;
        now.bytes = text.len() as u64;
    } else {
        now.bytes = bytes.len() as u64;
    }
    Ok(Some(now))
}
