//! The append-only log of a recording: `manifest.jsonl`, one JSON object a line, synced line by line.
//!
//! Owns the line types and [`Contents`], everything the lines add up to. Enters: bytes of a file, or
//! lines to append. Leaves: contents. A last line that a crash cut is ignored and cut off before the
//! next append; a damaged line elsewhere is skipped and counted. What the manifest misses about
//! fragments is found again in the fragments themselves (module `mend`).

use crate::rolling::{Span, kept_us, off_spans};
use crate::track::{Track, TrackKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tongtang_protocol::control::RecordingSpec;
use tongtang_protocol::lesson::LessonEvent;

/// Name of the file in a recording's folder.
pub const FILE_NAME: &str = "manifest.jsonl";

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// What is captured and from where. The newest one holds.
    Recording {
        /// As signaling put it.
        spec: RecordingSpec,
        /// When.
        at_unix_us: u64,
    },
    /// A recorder process began (or resumed) this recording.
    Process {
        /// The epoch it registers with.
        epoch: u64,
        /// When.
        at_unix_us: u64,
    },
    /// A track was first heard of.
    Track {
        /// What it carries.
        track: Track,
        /// When.
        at_unix_us: u64,
    },
    /// A fragment was closed and synced.
    Fragment(FragmentLine),
    /// A closed fragment was removed: the lesson does not want recorded what it held.
    Erased {
        /// Its track.
        track: TrackKey,
        /// Its number in the track.
        number: u32,
    },
    /// Packets were passed over, on purpose.
    Skipped(Skipped),
    /// A sender report arrived.
    Clock(ClockLine),
    /// Packets between sfu and disk were lost.
    Gap(Gap),
    /// Something happened in the lesson.
    Lesson {
        /// What.
        event: LessonEvent,
    },
    /// Signaling asked to finish; a restarted recorder does so.
    FinishAsked {
        /// When.
        at_unix_us: u64,
    },
    /// Everything is on disk; nothing follows.
    Finished(Finished),
    /// Written by a later version.
    #[serde(other)]
    Unknown,
}

/// The last line of a finished recording. With its totals it says all that is asked of the recording until
/// it is composed: see [`read_finished`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// When.
    pub at_unix_us: u64,
    /// What the lines before it add up to.
    #[serde(flatten)]
    pub totals: Totals,
}

/// What a manifest adds up to, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Bytes of all closed fragments.
    pub bytes: u64,
    /// See [`Contents::gap_ms`].
    pub gap_ms: u64,
    /// Sequence number of the last event; 0 before the first.
    pub last_event_seq: u64,
}

/// A closed fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FragmentLine {
    /// Its track.
    pub track: TrackKey,
    /// Its number in the track, from 1.
    pub number: u32,
    /// Index of its first packet.
    pub first_index: u64,
    /// Index of its last packet.
    pub last_index: u64,
    /// When its first packet arrived at the sfu.
    pub first_arrival_unix_us: u64,
    /// When its last packet arrived at the sfu.
    pub last_arrival_unix_us: u64,
    /// Length of the file.
    pub bytes: u64,
    /// Was it closed by mending after a crash?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mended: bool,
}

/// Packets that arrived while the lesson was not to be recorded: neither kept nor missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Their track.
    pub track: TrackKey,
    /// Index of the first packet behind them. What is not in a fragment and in no gap before it was skipped.
    pub next_index: u64,
    /// When the last of them arrived at the sfu.
    pub last_arrival_unix_us: u64,
}

/// Which RTP timestamp belongs to which moment of the publisher's clock (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockLine {
    /// Its track.
    pub track: TrackKey,
    /// The publisher's clock, microseconds since 1970 by its own setting.
    pub ntp_unix_us: u64,
    /// RTP timestamp of that moment.
    pub rtp_timestamp: u32,
    /// When the report arrived at the sfu.
    pub arrival_unix_us: u64,
}

/// Packets that the sfu numbered and the disk has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The track.
    pub track: TrackKey,
    /// Index of the first missing packet.
    pub from_index: u64,
    /// Index of the first packet behind the gap. Not known when nothing of the flow came behind it: then that
    /// of the first missing one, or the last that the sfu spoke of.
    pub to_index: u64,
    /// Arrival of the last packet before the gap.
    pub from_unix_us: u64,
    /// Arrival of the first packet behind it; behind the last one, the lesson's end.
    pub to_unix_us: u64,
    /// `to_unix_us - from_unix_us`, in whole milliseconds.
    pub ms: u64,
    /// Why.
    pub reason: GapReason,
}

/// Why packets are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The recorder or its disk did not keep up.
    TooSlow,
    /// Recorder and sfu were apart for longer than the sfu retains: one was restarted, or the network cut.
    Away,
    /// The disk was full or failing.
    Disk,
}

/// What is known of one track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackContents {
    /// What it carries.
    pub track: Track,
    /// Its closed fragments by number.
    pub fragments: BTreeMap<u32, FragmentLine>,
    /// Its sender reports, in order of arrival.
    pub clocks: Vec<ClockLine>,
    /// How far its packets were skipped, if any were.
    pub skipped: Option<Skipped>,
}

/// What the lines of a manifest add up to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contents {
    /// The newest specification; `None` only before the first line was written.
    pub spec: Option<RecordingSpec>,
    /// All tracks.
    pub tracks: BTreeMap<TrackKey, TrackContents>,
    /// All gaps.
    pub gaps: Vec<Gap>,
    /// The lesson's events, in order, each once.
    pub events: Vec<LessonEvent>,
    /// When signaling asked to finish.
    pub finish_asked_unix_us: Option<u64>,
    /// When the recording was finished.
    pub finished_unix_us: Option<u64>,
    /// Recorder processes that worked on it.
    pub processes: u32,
    /// Lines that could not be read.
    pub damaged_lines: u32,
    /// Bytes of all closed fragments.
    pub bytes: u64,
}

impl Contents {
    /// Adds a line.
    pub fn apply(&mut self, line: Line) {
        match line {
            Line::Recording { spec, .. } => self.spec = Some(spec),
            Line::Process { .. } => self.processes += 1,
            Line::Track { track, .. } => {
                self.tracks.entry(track.key()).or_insert_with(|| TrackContents {
                    track,
                    fragments: BTreeMap::new(),
                    clocks: Vec::new(),
                    skipped: None,
                });
            }
            Line::Fragment(fragment) => {
                if let Some(track) = self.tracks.get_mut(&fragment.track) {
                    // Saturating: a damaged disk may have put any number into a line.
                    self.bytes = self.bytes.saturating_add(fragment.bytes);
                    if let Some(before) = track.fragments.insert(fragment.number, fragment) {
                        self.bytes = self.bytes.saturating_sub(before.bytes);
                    }
                }
            }
            Line::Erased { track, number } => {
                let track = self.tracks.get_mut(&track);
                let erased = track.and_then(|track| track.fragments.remove(&number));
                self.bytes = self.bytes.saturating_sub(erased.map_or(0, |erased| erased.bytes));
            }
            Line::Skipped(skipped) => {
                if let Some(track) = self.tracks.get_mut(&skipped.track) {
                    let further = track.skipped.is_none_or(|known| known.next_index < skipped.next_index);
                    track.skipped = if further { Some(skipped) } else { track.skipped };
                }
            }
            Line::Clock(clock) => {
                if let Some(track) = self.tracks.get_mut(&clock.track) {
                    track.clocks.push(clock);
                }
            }
            Line::Gap(gap) => self.gaps.push(gap),
            Line::Lesson { event } => {
                if event.seq > self.last_event_seq() {
                    self.events.push(event);
                }
            }
            Line::FinishAsked { at_unix_us } => self.finish_asked_unix_us = Some(at_unix_us),
            Line::Finished(finished) => self.finished_unix_us = Some(finished.at_unix_us),
            Line::Unknown => {}
        }
    }

    /// Sequence number of the last event; 0 before the first.
    pub fn last_event_seq(&self) -> u64 {
        self.events.last().map_or(0, |event| event.seq)
    }

    /// In numbers.
    pub fn totals(&self) -> Totals {
        Totals { bytes: self.bytes, gap_ms: self.gap_ms(), last_event_seq: self.last_event_seq() }
    }

    /// Milliseconds of the lesson, pauses and what follows its end left out, in which at least one track has
    /// a gap.
    pub fn gap_ms(&self) -> u64 {
        let span = |gap: &Gap| Span { from_unix_us: gap.from_unix_us, to_unix_us: gap.to_unix_us };
        kept_us(self.gaps.iter().map(span).collect(), &off_spans(&self.events)) / 1000
    }
}

/// Reads a manifest. Also returns the length of what may be kept when lines are appended: all but
/// a torn last line.
pub fn read(bytes: &[u8]) -> (Contents, usize) {
    let mut contents = Contents::default();
    let kept = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    for line in bytes[..kept].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(line) => contents.apply(line),
            Err(_) => contents.damaged_lines += 1,
        }
    }
    (contents, kept)
}

/// Longest last line of a finished manifest that is looked for, in bytes; it is a quarter of that.
const MAX_FINISHED_BYTES: u64 = 1024;

/// The last line of a recording's manifest, if it is finished. Reads the file's end only: a manifest is
/// megabytes long after a lesson of many classrooms, and there is one for each lesson ever captured.
pub fn read_finished(folder: &Path) -> io::Result<Option<Finished>> {
    let mut file = File::open(folder.join(FILE_NAME))?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(MAX_FINISHED_BYTES)))?;
    let mut end = Vec::new();
    file.take(MAX_FINISHED_BYTES).read_to_end(&mut end)?;
    let Some(text) = end.strip_suffix(b"\n") else { return Ok(None) };
    let line = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(match serde_json::from_slice(line) {
        Ok(Line::Finished(finished)) => Some(finished),
        _ => None,
    })
}

/// A manifest open for appending.
#[derive(Debug)]
pub struct Manifest {
    path: PathBuf,
    file: File,
    len_bytes: u64,
    contents: Contents,
}

impl Manifest {
    /// Opens or creates the manifest of a recording's folder, cutting off a torn last line.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE_NAME);
        let file = OpenOptions::new().append(true).read(true).create(true).open(&path)?;
        File::open(folder)?.sync_all()?;
        let bytes = std::fs::read(&path)?;
        let (contents, kept) = read(&bytes);
        if kept < bytes.len() {
            file.set_len(kept as u64)?;
            file.sync_data()?;
        }
        Ok(Self { path, file, len_bytes: kept as u64, contents })
    }

    /// Everything so far.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends lines and waits for the disk. After an error nothing of them counts.
    pub fn append(&mut self, lines: Vec<Line>) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = Vec::with_capacity(lines.len() * 128);
        for line in &lines {
            serde_json::to_writer(&mut text, line).expect("lines have only string keys");
            text.push(b'\n');
        }
        if let Err(error) = self.file.write_all(&text).and_then(|()| self.file.sync_data()) {
            // A line half written must not stand in front of a later one. If even this fails, the
            // next open cuts it off or skips it.
            let _ = self.file.set_len(self.len_bytes);
            return Err(error);
        }
        self.len_bytes += text.len() as u64;
        for line in lines {
            self.contents.apply(line);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::ids::ParticipantId;
    use tongtang_protocol::lesson::{LessonEventKind, Source};
    use tongtang_protocol::units::UnixMillis;
    use tongtang_roq::control::{Flow, FlowCodec, FlowId};

    fn track(flow: u64) -> Track {
        Track {
            sfu_epoch: 1,
            flow: Flow {
                id: FlowId(flow),
                participant: ParticipantId::new("t").unwrap(),
                source: Source::Microphone,
                codec: FlowCodec::Opus,
                rid: None,
                ssrc: 1,
                payload_type: 111,
                clock_rate_hz: 48_000,
            },
        }
    }

    fn gap(flow: u64, from_unix_us: u64, to_unix_us: u64) -> Line {
        Line::Gap(Gap {
            track: track(flow).key(),
            from_index: 1,
            to_index: 2,
            from_unix_us,
            to_unix_us,
            ms: (to_unix_us - from_unix_us) / 1000,
            reason: GapReason::Away,
        })
    }

    fn event(seq: u64) -> Line {
        Line::Lesson { event: LessonEvent { seq, at: UnixMillis(1), kind: LessonEventKind::Paused } }
    }

    fn finished(at_unix_us: u64) -> Line {
        Line::Finished(Finished { at_unix_us, totals: Totals::default() })
    }

    fn lines() -> Vec<Line> {
        let fragment = FragmentLine {
            track: track(1).key(),
            number: 1,
            first_index: 0,
            last_index: 9,
            first_arrival_unix_us: 5,
            last_arrival_unix_us: 6,
            bytes: 1000,
            mended: false,
        };
        vec![
            Line::Process { epoch: 3, at_unix_us: 1 },
            Line::Track { track: track(1), at_unix_us: 2 },
            Line::Fragment(fragment),
            event(1),
            event(2),
            event(2),
            finished(9),
        ]
    }

    #[test]
    fn a_manifest_reads_back_and_an_event_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = Manifest::open(folder.path()).unwrap();
        manifest.append(lines()).unwrap();
        let read_back = Manifest::open(folder.path()).unwrap();
        assert_eq!(read_back.contents(), manifest.contents());
        let contents = read_back.contents();
        assert_eq!((contents.events.len(), contents.last_event_seq(), contents.bytes), (2, 2, 1000));
        assert_eq!((contents.finished_unix_us, contents.damaged_lines), (Some(9), 0));
    }

    #[test]
    fn any_torn_last_line_is_cut_off_and_appending_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        Manifest::open(folder.path()).unwrap().append(lines()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let last_line = whole[..whole.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
        for cut in last_line..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut manifest = Manifest::open(folder.path()).unwrap();
            assert_eq!(manifest.contents().finished_unix_us, None, "cut at {cut}");
            manifest.append(vec![finished(10)]).unwrap();
            let contents = Manifest::open(folder.path()).unwrap().contents().clone();
            assert_eq!((contents.finished_unix_us, contents.damaged_lines), (Some(10), 0), "cut at {cut}");
        }
    }

    #[test]
    fn damaged_and_unknown_lines_are_skipped() {
        let bytes: &[u8] =
            b"garbage\n{\"type\":\"from_the_future\",\"x\":1}\n\n{\"type\":\"finished\",\"at_unix_us\":4,\"bytes\":0,\"gap_ms\":0,\"last_event_seq\":0}\n{";
        let (contents, kept) = read(bytes);
        assert_eq!((contents.damaged_lines, contents.finished_unix_us), (1, Some(4)));
        assert_eq!(kept, bytes.len() - 1);
    }

    #[test]
    fn a_finished_manifest_says_its_totals_from_its_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = Manifest::open(folder.path()).unwrap();
        assert_eq!(read_finished(folder.path()).unwrap(), None, "empty");
        let all = lines();
        manifest.append(all[..all.len() - 1].to_vec()).unwrap();
        assert_eq!(read_finished(folder.path()).unwrap(), None, "not finished");
        let totals = manifest.contents().totals();
        manifest.append(vec![Line::Finished(Finished { at_unix_us: 7, totals })]).unwrap();
        let read = read_finished(folder.path()).unwrap();
        assert_eq!(read, Some(Finished { at_unix_us: 7, totals }));
        assert_eq!(totals, Totals { bytes: 1000, gap_ms: 0, last_event_seq: 2 });

        let path = folder.path().join(FILE_NAME);
        let whole = std::fs::read(&path).unwrap();
        let cut = whole.len() - 1;
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(read_finished(folder.path()).unwrap(), None, "the line is torn");
    }

    #[test]
    fn gaps_of_several_tracks_at_once_count_once() {
        let mut contents = Contents::default();
        for line in [gap(1, 1_000_000, 2_000_000), gap(2, 1_500_000, 2_500_000), gap(3, 9_000_000, 9_100_000)]
        {
            contents.apply(line);
        }
        assert_eq!(contents.gap_ms(), 1600);
    }
}
