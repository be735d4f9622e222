//! Packets into fragments: the files of one recording while it is captured.
//!
//! Enters: tracks and packets, lesson events, the time. Leaves: fragments of at most two seconds and
//! manifest lines on disk, and how far each track is durable. Taking a packet only touches memory;
//! [`Capture::write_through`] and [`Capture::roll`] touch the disk and are called often enough by
//! `run`. After an error the capture is of no more use: it writes and acknowledges nothing, is dropped and
//! opened again, as after a crash.

mod off;
mod outage;

use crate::manifest::{ClockLine, Contents, Finished, FragmentLine, GapReason, Line, Manifest};
use crate::mend;
use crate::recording::{self, TRACKS};
use crate::rolling::{Span, off_spans};
use crate::rtp;
use crate::segment::{self, PacketKind, Record};
use crate::track::{Track, TrackKey};
use off::Skipping;
use outage::Outage;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tongtang_protocol::control::RecordingSpec;
use tongtang_protocol::lesson::LessonEvent;
use tongtang_roq::control::{Flow, FlowId};

/// Tracks of one recording, those that ended included. Later ones are not recorded, and counted.
pub const MAX_TRACKS: usize = 1024;

/// Packets further apart than this never share a fragment, also when they come all at once because the
/// recorder catches up.
pub const MAX_FRAGMENT_US: u64 = 2_000_000;

/// Up to so many fragments are synced file by file; more at once by syncing the file system, whose
/// journal then commits once instead of twice a fragment.
const MAX_SINGLE_SYNCS: usize = 8;

/// The files of one recording.
#[derive(Debug)]
pub struct Capture {
    folder: PathBuf,
    manifest: Manifest,
    tracks: BTreeMap<TrackKey, Open>,
    /// Fragments that are long enough, until the next roll.
    full: Vec<(segment::Writer, FragmentLine)>,
    /// For the manifest at the next roll.
    lines: Vec<Line>,
    pending_bytes: usize,
    outage: Option<Outage>,
    /// When the lesson is not to be recorded.
    off: Vec<Span>,
    refused_tracks: u64,
    repeated_packets: u64,
    /// Something could not be written: what is on disk is known by reading it back only.
    has_failed: bool,
}

/// One track being captured.
#[derive(Debug)]
struct Open {
    track: Track,
    next_index: u64,
    last_arrival_unix_us: Option<u64>,
    /// What the next hole in the indexes means.
    hole_means: GapReason,
    /// The sfu lost its packets up to this index, and when it said so, unless a later packet shows it.
    lost: Option<(u64, u64)>,
    /// Nothing more comes.
    has_ended: bool,
    /// Its packets are being passed over.
    skipping: Option<Skipping>,
    next_number: u32,
    fragment: Option<(segment::Writer, FragmentLine)>,
}

impl Open {
    fn new(track: Track, next_index: u64) -> Self {
        Self {
            track,
            next_index,
            last_arrival_unix_us: None,
            hole_means: GapReason::TooSlow,
            lost: None,
            has_ended: false,
            skipping: None,
            next_number: 1,
            fragment: None,
        }
    }
}

pub use off::{LATE_MEDIA_US, Taken};

/// How far a track is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durable {
    /// The track.
    pub track: TrackKey,
    /// Index of the first packet that is not on disk.
    pub next: u64,
}

impl Capture {
    /// Opens a recording's folder, making it if need be, and mends what a crash left. `epoch` is
    /// this process's.
    pub fn open(folder: &Path, epoch: u64, now_unix_us: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder.join(TRACKS))?;
        if let Some(media) = folder.parent() {
            File::open(media)?.sync_all()?;
        }
        let mut manifest = Manifest::open(folder)?;
        if manifest.contents().finished_unix_us.is_none() {
            let mut lines = vec![Line::Process { epoch, at_unix_us: now_unix_us }];
            lines.extend(mend::mend(folder, manifest.contents(), now_unix_us)?);
            manifest.append(lines)?;
        }
        let mut tracks = BTreeMap::new();
        for (key, known) in &manifest.contents().tracks {
            let mut open = Open::new(known.track.clone(), 0);
            for fragment in known.fragments.values() {
                open.next_index = open.next_index.max(fragment.last_index + 1);
                open.last_arrival_unix_us =
                    open.last_arrival_unix_us.max(Some(fragment.last_arrival_unix_us));
            }
            if let Some(skipped) = known.skipped {
                open.next_index = open.next_index.max(skipped.next_index);
                open.last_arrival_unix_us = open.last_arrival_unix_us.max(Some(skipped.last_arrival_unix_us));
            }
            // Also past files that are no fragments of ours: nothing is ever overwritten.
            let files = recording::list_fragments(&recording::track_folder(folder, *key))?;
            open.next_number = files.last().map_or(1, |(number, _)| number + 1);
            tracks.insert(*key, open);
        }
        let off = off_spans(&manifest.contents().events);
        let mut capture = Self {
            folder: folder.to_owned(),
            manifest,
            tracks,
            full: Vec::new(),
            lines: Vec::new(),
            pending_bytes: 0,
            outage: None,
            off,
            refused_tracks: 0,
            repeated_packets: 0,
            has_failed: false,
        };
        if capture.contents().finished_unix_us.is_none() {
            capture.erase()?;
        }
        Ok(capture)
    }

    /// What the manifest adds up to.
    pub fn contents(&self) -> &Contents {
        self.manifest.contents()
    }

    /// Notes a specification, if it is news.
    pub fn specify(&mut self, spec: &RecordingSpec, now_unix_us: u64) -> io::Result<()> {
        if self.contents().spec.as_ref() == Some(spec) {
            return Ok(());
        }
        self.append(vec![Line::Recording { spec: spec.clone(), at_unix_us: now_unix_us }])
    }

    /// For each known flow of a life of the sfu, the index of the first packet that is not here yet.
    pub fn next_indexes(&self, sfu_epoch: u64) -> BTreeMap<FlowId, u64> {
        let tracks = self.tracks.iter().filter(|(key, _)| key.sfu_epoch == sfu_epoch);
        tracks.map(|(key, open)| (key.flow, open.first_needed())).collect()
    }

    /// A flow begins or goes on; `hole_means` names the gap if its first packet is not the next one.
    /// `false`: refused, the flow's packets will be ignored.
    pub fn start_track(
        &mut self,
        sfu_epoch: u64,
        flow: &Flow,
        first: u64,
        hole_means: GapReason,
        now_unix_us: u64,
    ) -> io::Result<bool> {
        let track = Track { sfu_epoch, flow: flow.clone() };
        let key = track.key();
        if let Some(outage) = &mut self.outage {
            outage.goes_on(key);
        }
        if let Some(open) = self.tracks.get_mut(&key) {
            open.hole_means = hole_means;
            open.has_ended = false;
            if first > open.next_index {
                open.lost = open.lost.max(Some((first, now_unix_us)));
            }
            return Ok(open.track == track);
        }
        if self.tracks.len() >= MAX_TRACKS {
            self.refused_tracks += 1;
            return Ok(false);
        }
        self.try_to(|capture| {
            std::fs::create_dir_all(recording::track_folder(&capture.folder, key))?;
            File::open(capture.folder.join(TRACKS))?.sync_all()?;
            capture.manifest.append(vec![Line::Track { track: track.clone(), at_unix_us: now_unix_us }])
        })?;
        self.tracks.insert(key, Open::new(track, first));
        Ok(true)
    }

    /// A packet arrived. One that is here already, or whose track is unknown, is ignored.
    pub fn packet(&mut self, key: TrackKey, record: &Record<'_>) {
        let is_off = self.is_off(record.arrival_unix_us);
        let Some(open) = self.tracks.get_mut(&key) else {
            return;
        };
        if record.index < open.next_index {
            self.repeated_packets += 1;
            return;
        }
        let arrival_unix_us = record.arrival_unix_us;
        if let Some(outage) = &mut self.outage {
            outage.packet(arrival_unix_us);
        }
        if !is_off {
            self.lines.extend(open.end_skipping(key));
        }
        if record.index > open.next_index && open.skipping.is_none() {
            let from_unix_us = open.last_arrival_unix_us.unwrap_or(arrival_unix_us);
            let span = (from_unix_us, arrival_unix_us);
            self.lines.push(Line::Gap(open.gap(key, record.index, span, open.hole_means)));
        }
        open.lost = open.lost.filter(|(to_index, _)| *to_index > record.index);
        open.hole_means = GapReason::TooSlow;
        if is_off {
            open.skip(record.index, arrival_unix_us);
            return;
        }
        open.next_index = record.index + 1;
        open.last_arrival_unix_us = Some(arrival_unix_us);
        if record.kind == PacketKind::Rtcp {
            let report = rtp::sender_report(record.packet);
            if let Some(report) = report.filter(|report| report.ssrc == open.track.flow.ssrc) {
                self.lines.push(Line::Clock(ClockLine {
                    track: key,
                    ntp_unix_us: report.ntp_unix_us,
                    rtp_timestamp: report.rtp_timestamp,
                    arrival_unix_us,
                }));
            }
        }
        let is_full = |(_, line): &mut (segment::Writer, FragmentLine)| {
            arrival_unix_us.abs_diff(line.first_arrival_unix_us) >= MAX_FRAGMENT_US
        };
        self.full.extend(open.fragment.take_if(is_full));
        let (writer, line) = match &mut open.fragment {
            Some(fragment) => fragment,
            none => {
                let number = open.next_number;
                open.next_number += 1;
                let path = recording::fragment_path(&self.folder, key, number);
                let line = FragmentLine {
                    track: key,
                    number,
                    first_index: record.index,
                    last_index: record.index,
                    first_arrival_unix_us: arrival_unix_us,
                    last_arrival_unix_us: arrival_unix_us,
                    bytes: 0,
                    mended: false,
                };
                none.insert((segment::Writer::new(path, number, &open.track), line))
            }
        };
        line.last_index = record.index;
        line.last_arrival_unix_us = arrival_unix_us;
        writer.append(record);
        self.pending_bytes += record.packet.len();
    }

    /// Bytes of packets that a kill would lose.
    pub fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// Did anything fail? Then there is nothing more to be done with it.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Everything that writes goes through here.
    fn try_to<T>(&mut self, write: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<T> {
        if self.has_failed {
            return Err(io::Error::other("an earlier write of this recording failed"));
        }
        write(self).inspect_err(|_| self.has_failed = true)
    }

    fn append(&mut self, lines: Vec<Line>) -> io::Result<()> {
        self.try_to(|capture| capture.manifest.append(lines))
    }

    /// Hands everything to the kernel: it survives a kill of this process.
    pub fn write_through(&mut self) -> io::Result<()> {
        self.try_to(|capture| {
            let open = capture.tracks.values_mut().filter_map(|open| open.fragment.as_mut());
            for (writer, _) in capture.full.iter_mut().chain(open) {
                writer.write_through()?;
            }
            capture.pending_bytes = 0;
            Ok(())
        })
    }

    /// Closes all open fragments: they survive a power cut. Says which tracks are durable how far.
    pub fn roll(&mut self) -> io::Result<Vec<Durable>> {
        self.try_to(Self::close_fragments)
    }

    fn close_fragments(&mut self) -> io::Result<Vec<Durable>> {
        let mut closing = std::mem::take(&mut self.full);
        closing.extend(self.tracks.values_mut().filter_map(|open| open.fragment.take()));
        if closing.len() <= MAX_SINGLE_SYNCS {
            for (writer, line) in &mut closing {
                writer.sync()?;
                File::open(recording::track_folder(&self.folder, line.track))?.sync_all()?;
            }
        } else {
            closing.iter_mut().try_for_each(|(writer, _)| writer.write_through())?;
            rustix::fs::syncfs(File::open(&self.folder)?)?;
        }
        self.pending_bytes = 0;
        let mut lines = std::mem::take(&mut self.lines);
        // A track's fragments come in their order, so the last one counts.
        let mut durable = BTreeMap::new();
        for (writer, mut line) in closing {
            line.bytes = writer.written_bytes();
            durable.insert(line.track, line.last_index + 1);
            lines.push(Line::Fragment(line));
        }
        for (key, open) in &mut self.tracks {
            if let Some(skipped) = open.skipped_for_good(*key) {
                durable.insert(*key, skipped.next_index);
                lines.push(Line::Skipped(skipped));
            }
        }
        self.manifest.append(lines)?;
        Ok(durable.into_iter().map(|(track, next)| Durable { track, next }).collect())
    }

    /// Appends those lesson events that are not here yet, and waits for the disk. Says what they mean for
    /// the tap.
    pub fn events(&mut self, events: Vec<LessonEvent>) -> io::Result<Taken> {
        let mut last_seq = self.contents().last_event_seq();
        let mut lines = Vec::new();
        for event in events {
            if event.seq > last_seq {
                last_seq = event.seq;
                lines.push(Line::Lesson { event });
            }
        }
        self.append(lines)?;
        let off = off_spans(&self.contents().events);
        if off == self.off { Ok(Taken::default()) } else { self.try_to(|capture| capture.turn_off(off)) }
    }

    /// Notes that signaling asked to finish.
    pub fn finish_asked(&mut self, now_unix_us: u64) -> io::Result<()> {
        if self.contents().finish_asked_unix_us.is_some() {
            return Ok(());
        }
        self.append(vec![Line::FinishAsked { at_unix_us: now_unix_us }])
    }

    /// Closes the recording for good.
    pub fn finish(&mut self, now_unix_us: u64) -> io::Result<Vec<Durable>> {
        if self.contents().finished_unix_us.is_none() {
            self.note_missing_tails(now_unix_us);
        }
        let durable = self.roll()?;
        if self.contents().finished_unix_us.is_none() {
            let finished = Finished { at_unix_us: now_unix_us, totals: self.contents().totals() };
            self.append(vec![Line::Finished(finished)])?;
        }
        Ok(durable)
    }

    /// Flows not recorded because of [`MAX_TRACKS`].
    pub fn refused_tracks(&self) -> u64 {
        self.refused_tracks
    }

    /// Packets that came again after a reconnect and were here already.
    pub fn repeated_packets(&self) -> u64 {
        self.repeated_packets
    }
}

#[cfg(test)]
mod tests;
