//! One recording while it runs: the task between its tap, its files and its commands.
//!
//! Enters: commands, tap items, ticks. Leaves: files (through [`Capture`]), `durable` lines to the sfu,
//! the recording's status on the board. What it does at each turn follows from what it holds:
//!
//! | files | tap | it |
//! |---|---|---|
//! | no | no | is alarmed; looks each second whether the disk can be used again |
//! | yes | no | waits; connects with back-off, resuming behind what is on disk |
//! | yes | yes | captures |
//!
//! Asked to finish, it stays until what the sfu had by then is on disk, then ends.

mod command;
mod finishing;
mod link;

use crate::board::Board;
use crate::capture::{Capture, Durable};
use crate::clock::now_unix_us;
use crate::disk::{Disk, DiskError};
use crate::manifest::{Contents, GapReason, Totals};
use crate::source::Taps;
use finishing::Finishing;
use link::Link;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tongtang_protocol::control::{CaptureState, RecordingSpec, RecordingStatus};
use tongtang_protocol::ids::RecordingId;
use tongtang_protocol::trouble::RecordingAlarm;
use tongtang_roq::control::FlowId;

pub use command::{Command, Refusal, Reply};

const TICK: Duration = Duration::from_millis(50);
/// Received packets reach the kernel at least this often.
const WRITE_EVERY: Duration = Duration::from_millis(100);
/// … and whenever this many bytes wait.
const MAX_PENDING_BYTES: usize = 1 << 20;
/// Fragments are closed this often: with a tick and a sync below the promised two seconds.
const ROLL_EVERY: Duration = Duration::from_millis(1_700);
const DISK_CHECK_EVERY: Duration = Duration::from_secs(1);
const MAX_ITEMS_AT_ONCE: usize = 512;

/// What all recordings of a process share.
#[derive(Debug)]
pub struct Context {
    /// Where recordings stand.
    pub media_dir: PathBuf,
    /// Its file system.
    pub disk: Disk,
    /// Makes connections.
    pub taps: Taps,
    /// Where the status is shown.
    pub board: Board,
}

/// The state of one running recording.
pub struct Run {
    context: std::sync::Arc<Context>,
    id: RecordingId,
    commands: mpsc::Receiver<Command>,
    spec: Option<RecordingSpec>,
    capture: Option<Capture>,
    link: Link,
    /// Flows of this connection that are not captured.
    ignored: BTreeSet<FlowId>,
    /// Why the files are not open.
    closed_by: GapReason,
    /// Why it is alarmed or waits.
    alarm: Option<RecordingAlarm>,
    finishing: Option<Finishing>,
    /// The lesson goes on: the sfu is asked for keyframes at the next chance.
    wants_keyframes: bool,
    last_contents: Contents,
    wrote_at: Instant,
    rolled_at: Instant,
    disk_checked_at: Option<Instant>,
}

/// Does the recording go on?
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Turn,
    End,
}

impl Run {
    /// A recording that stands, or will stand, in the media folder. A new one waits for its specification.
    pub fn new(context: std::sync::Arc<Context>, id: RecordingId, commands: mpsc::Receiver<Command>) -> Self {
        Self {
            context,
            id,
            commands,
            spec: None,
            capture: None,
            link: Link::now(),
            ignored: BTreeSet::new(),
            closed_by: GapReason::Away,
            alarm: None,
            finishing: None,
            wants_keyframes: false,
            last_contents: Contents::default(),
            wrote_at: Instant::now(),
            rolled_at: Instant::now(),
            disk_checked_at: None,
        }
    }

    /// Runs until the recording is finished or the process stops.
    pub async fn run(mut self) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut items = Vec::with_capacity(MAX_ITEMS_AT_ONCE);
        loop {
            let mut next = Next::Turn;
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => next = self.command(command),
                    None => next = self.stop(),
                },
                event = self.link.event(&mut items) => self.link_event(event, &mut items),
                _ = ticks.tick() => next = self.tick().await,
            }
            if next == Next::End {
                return;
            }
            if self.capture.as_ref().is_some_and(|capture| capture.pending_bytes() > MAX_PENDING_BYTES) {
                self.with_files(Capture::write_through);
            }
        }
    }

    /// Whatever is due now.
    async fn tick(&mut self) -> Next {
        if self.disk_checked_at.is_none_or(|at| at.elapsed() >= DISK_CHECK_EVERY) {
            self.disk_checked_at = Some(Instant::now());
            if let Err(error) = block_in_place(|| self.check_disk()) {
                self.disk_failed(&error);
            }
        }
        if self.rolled_at.elapsed() >= ROLL_EVERY {
            self.roll();
        } else if self.wrote_at.elapsed() >= WRITE_EVERY {
            self.wrote_at = Instant::now();
            self.with_files(Capture::write_through);
        }
        self.connect_if_due();
        self.forget_trouble_if_settled();
        if self.contents().finished_unix_us.is_some() {
            // It was finished before this process; nothing is added to it.
            self.show();
            return Next::End;
        }
        let next = self.finish_if_due().await;
        if next == Next::Turn {
            self.show();
        }
        next
    }

    fn check_disk(&mut self) -> Result<(), DiskError> {
        self.context.disk.check()?;
        if self.capture.is_none() {
            self.open()?;
        }
        Ok(())
    }

    /// Does something with the files, if they are open; an error closes them.
    fn with_files<T>(&mut self, work: impl FnOnce(&mut Capture) -> std::io::Result<T>) -> Option<T> {
        let capture = self.capture.as_mut()?;
        match block_in_place(|| work(capture)) {
            Ok(done) => Some(done),
            Err(error) => {
                self.disk_failed(&error.into());
                None
            }
        }
    }

    fn roll(&mut self) {
        self.rolled_at = Instant::now();
        self.wrote_at = self.rolled_at;
        if let Some(durable) = self.with_files(Capture::roll) {
            self.acknowledge(&durable);
        }
    }

    fn open(&mut self) -> Result<(), DiskError> {
        let folder = self.context.media_dir.join(self.id.as_str());
        let mut capture = Capture::open(&folder, self.context.board.epoch(), now_unix_us())?;
        capture.away(self.closed_by);
        if let Some(spec) = &self.spec {
            capture.specify(spec, now_unix_us())?;
        }
        let contents = capture.contents();
        self.spec = contents.spec.clone();
        if contents.finish_asked_unix_us.is_some() && self.finishing.is_none() {
            self.finishing = Some(Finishing::new(now_unix_us()));
        }
        tracing::info!(recording = %self.id, tracks = contents.tracks.len(), bytes = contents.bytes, "recording opened");
        self.capture = Some(capture);
        self.alarm = None;
        self.link = Link::now();
        Ok(())
    }

    /// Keeps what is there, lets go of tap and files; the sfu retains what is not durable.
    fn disk_failed(&mut self, error: &DiskError) {
        let alarm = error.alarm();
        if self.alarm.as_ref().is_none_or(|known| known.text != alarm.text) {
            tracing::error!(recording = %self.id, reason = alarm.text, "recording stopped by its disk");
            metrics::counter!("tongtang_recorder_disk_alarms_total").increment(1);
        }
        self.alarm = Some(alarm);
        if let Some(mut capture) = self.capture.take() {
            // Below the configured minimum there is still room for this. What could not be written, in
            // contrast, is not tried a second time: it is mended when the files are opened again.
            if !capture.has_failed()
                && let Ok(durable) = block_in_place(|| capture.roll())
            {
                self.acknowledge(&durable);
            }
            self.last_contents = capture.contents().clone();
        }
        self.link = Link::now();
        self.closed_by = GapReason::Disk;
    }

    fn acknowledge(&self, durable: &[Durable]) {
        let (Link::Up { tap, .. }, Some(spec)) = (&self.link, &self.spec) else {
            return;
        };
        for Durable { track, next } in durable.iter().filter(|d| d.track.sfu_epoch == spec.sfu_epoch) {
            tap.durable(track.flow, *next);
        }
    }

    fn contents(&self) -> &Contents {
        self.capture.as_ref().map_or(&self.last_contents, Capture::contents)
    }

    fn status(&self) -> RecordingStatus {
        let state = match (&self.capture, &self.link) {
            _ if self.contents().finished_unix_us.is_some() => CaptureState::Finished,
            (None, _) if self.alarm.is_some() => CaptureState::Alarmed,
            (Some(_), link) if link.brings_packets() => CaptureState::Capturing,
            _ => CaptureState::Waiting,
        };
        status_of(&self.id, self.contents().totals(), state, self.alarm.clone())
    }

    fn show(&self) {
        self.context.board.set_recording(self.status());
    }
}

/// A recording's status from what its manifest adds up to.
pub fn status_of(
    id: &RecordingId,
    totals: Totals,
    state: CaptureState,
    alarm: Option<RecordingAlarm>,
) -> RecordingStatus {
    let Totals { bytes, gap_ms, last_event_seq } = totals;
    RecordingStatus { recording_id: id.clone(), state, alarm, bytes, gap_ms, last_event_seq }
}
