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

use crate::board::Board;
use crate::capture::{Capture, Durable};
use crate::clock::now_unix_us;
use crate::disk::{Disk, DiskError};
use crate::manifest::{Contents, GapReason};
use crate::segment::{PacketKind, Record};
use crate::source::{Subscription, Tap, TapError, TapItem, Taps};
use crate::track::TrackKey;
use finishing::Finishing;
use std::collections::BTreeSet;
use std::future::{Future, pending};
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tongtang_protocol::control::{CaptureState, RecordingSpec, RecordingStatus};
use tongtang_protocol::ids::RecordingId;
use tongtang_roq::control::FlowId;
use tongtang_roq::framing::is_rtcp;

pub use command::{Command, Refusal, Reply};

const TICK: Duration = Duration::from_millis(50);
/// Received packets reach the kernel at least this often.
const WRITE_EVERY: Duration = Duration::from_millis(100);
/// … and whenever this many bytes wait.
const MAX_PENDING_BYTES: usize = 1 << 20;
/// Fragments are closed this often: with a tick and a sync below the promised two seconds.
const ROLL_EVERY: Duration = Duration::from_millis(1_700);
const DISK_CHECK_EVERY: Duration = Duration::from_secs(1);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest pause between attempts to connect: a recorder resumes within five seconds.
const MAX_BACKOFF: Duration = Duration::from_secs(2);
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

type Connecting = Pin<Box<dyn Future<Output = Result<Tap, TapError>> + Send>>;

/// The connection to the sfu.
enum Link {
    /// Try at this time.
    Down { retry_at: Instant, backoff: Duration },
    /// Being made.
    Connecting { attempt: Connecting, backoff: Duration },
    /// There.
    Up { tap: Tap, since: Instant, has_packets: bool },
}

impl Link {
    fn now() -> Self {
        Self::Down { retry_at: Instant::now(), backoff: FIRST_BACKOFF }
    }

    async fn event(&mut self, items: &mut Vec<TapItem>) -> LinkEvent {
        match self {
            Self::Down { .. } => pending().await,
            Self::Connecting { attempt, .. } => LinkEvent::Connected(attempt.await),
            Self::Up { tap, .. } => match tap.receive(items, MAX_ITEMS_AT_ONCE).await {
                0 => LinkEvent::Gone,
                _ => LinkEvent::Items,
            },
        }
    }
}

enum LinkEvent {
    Connected(Result<Tap, TapError>),
    Items,
    Gone,
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
    /// What the next hole in a flow means.
    hole_means: GapReason,
    /// Why it is alarmed or waits.
    reason: Option<String>,
    finishing: Option<Finishing>,
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
            hole_means: GapReason::Away,
            reason: None,
            finishing: None,
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
                _ = ticks.tick() => {}
            }
            if next == Next::End || self.turn().await == Next::End {
                return;
            }
        }
    }

    /// Whatever is due now.
    async fn turn(&mut self) -> Next {
        if let Err(error) = block_in_place(|| self.turn_disk()) {
            self.disk_failed(&error);
        }
        self.connect_if_due();
        let next = self.finish_if_due().await;
        if next == Next::Turn {
            self.show();
        }
        next
    }

    fn turn_disk(&mut self) -> Result<(), DiskError> {
        if self.disk_checked_at.is_none_or(|at| at.elapsed() >= DISK_CHECK_EVERY) {
            self.disk_checked_at = Some(Instant::now());
            self.context.disk.check()?;
            if self.capture.is_none() {
                self.open()?;
            }
        }
        let Some(capture) = &mut self.capture else {
            return Ok(());
        };
        if self.rolled_at.elapsed() >= ROLL_EVERY {
            self.rolled_at = Instant::now();
            self.wrote_at = self.rolled_at;
            let durable = capture.roll()?;
            self.acknowledge(&durable);
        } else if self.wrote_at.elapsed() >= WRITE_EVERY || capture.pending_bytes() > MAX_PENDING_BYTES {
            self.wrote_at = Instant::now();
            capture.write_through()?;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), DiskError> {
        let folder = self.context.media_dir.join(self.id.as_str());
        let mut capture = Capture::open(&folder, self.context.board.epoch(), now_unix_us())?;
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
        self.reason = None;
        self.link = Link::now();
        Ok(())
    }

    /// Keeps what is there, lets go of tap and files; the sfu retains what is not durable.
    fn disk_failed(&mut self, error: &DiskError) {
        let reason = error.to_string();
        if self.reason.as_ref() != Some(&reason) {
            tracing::error!(recording = %self.id, %reason, "recording stopped by its disk");
            metrics::counter!("tongtang_recorder_disk_alarms_total").increment(1);
        }
        self.reason = Some(reason);
        if let Some(mut capture) = self.capture.take() {
            // Best effort: below the configured minimum there is still room for this.
            if let Ok(durable) = block_in_place(|| capture.roll()) {
                self.acknowledge(&durable);
            }
            self.last_contents = capture.contents().clone();
        }
        self.link = Link::now();
        self.hole_means = GapReason::Disk;
    }

    fn acknowledge(&self, durable: &[Durable]) {
        let (Link::Up { tap, .. }, Some(spec)) = (&self.link, &self.spec) else {
            return;
        };
        for Durable { track, next } in durable.iter().filter(|d| d.track.sfu_epoch == spec.sfu_epoch) {
            tap.durable(track.flow, *next);
        }
    }

    fn connect_if_due(&mut self) {
        let (Link::Down { retry_at, backoff }, Some(capture), Some(spec)) =
            (&self.link, &self.capture, &self.spec)
        else {
            return;
        };
        if Instant::now() < *retry_at {
            return;
        }
        let subscription = Subscription {
            addr: spec.tap_addr,
            room: spec.room.clone(),
            recording: self.id.clone(),
            sfu_epoch: spec.sfu_epoch,
            next: capture.next_indexes(spec.sfu_epoch),
        };
        let taps = self.context.taps.clone();
        metrics::counter!("tongtang_recorder_tap_connects_total").increment(1);
        let backoff = *backoff;
        let attempt = Box::pin(async move { taps.connect(subscription).await });
        self.link = Link::Connecting { attempt, backoff };
    }

    fn link_event(&mut self, event: LinkEvent, items: &mut Vec<TapItem>) {
        match event {
            LinkEvent::Connected(Ok(tap)) => {
                self.ignored.clear();
                self.link = Link::Up { tap, since: Instant::now(), has_packets: false };
            }
            LinkEvent::Connected(Err(error)) => self.link_down(error.to_string()),
            LinkEvent::Gone => self.link_down("the tap ended".into()),
            LinkEvent::Items => {
                for item in items.drain(..) {
                    if let Err(error) = self.item(item) {
                        self.disk_failed(&error);
                    }
                }
            }
        }
    }

    fn link_down(&mut self, reason: String) {
        let backoff = match &self.link {
            Link::Connecting { backoff, .. } | Link::Down { backoff, .. } => *backoff,
            Link::Up { has_packets: true, .. } => FIRST_BACKOFF,
            // Connected and thrown out again: not better than no connection.
            Link::Up { .. } => MAX_BACKOFF / 4,
        };
        tracing::info!(recording = %self.id, %reason, retry_ms = backoff.as_millis() as u64, "no tap");
        self.link =
            Link::Down { retry_at: Instant::now() + backoff, backoff: (backoff * 2).min(MAX_BACKOFF) };
        if self.capture.is_some() {
            self.reason = Some(reason);
            self.hole_means = GapReason::Away;
        }
    }

    fn item(&mut self, item: TapItem) -> Result<(), DiskError> {
        let (Some(capture), Some(spec)) = (&mut self.capture, &self.spec) else {
            return Ok(());
        };
        match item {
            TapItem::Packet { flow, index, arrival_unix_us, packet } => {
                if self.ignored.contains(&flow) {
                    return Ok(());
                }
                let kind = if is_rtcp(&packet) { PacketKind::Rtcp } else { PacketKind::Rtp };
                let key = TrackKey { sfu_epoch: spec.sfu_epoch, flow };
                capture.packet(key, &Record { kind, index, arrival_unix_us, packet: &packet });
                metrics::counter!("tongtang_recorder_packets_total").increment(1);
                if let Some(finishing) = &mut self.finishing {
                    finishing.packet(arrival_unix_us);
                }
                if let Link::Up { has_packets, .. } = &mut self.link {
                    *has_packets = true;
                    self.reason = None;
                }
            }
            TapItem::Started { flow, first } => {
                let (epoch, means) = (spec.sfu_epoch, self.hole_means);
                let start = || capture.start_track(epoch, &flow, first, means, now_unix_us());
                if !block_in_place(start)? {
                    tracing::warn!(recording = %self.id, flow = flow.id.0, "flow is not captured: too many, or not what it was");
                    self.ignored.insert(flow.id);
                }
            }
            TapItem::Lost { flow, packets } => {
                tracing::warn!(recording = %self.id, flow = flow.0, packets, "the sfu dropped packets: too slow");
                metrics::counter!("tongtang_recorder_lost_packets_total").increment(packets);
            }
            TapItem::Ended { .. } => {}
            TapItem::Refused { reason } => {
                if let Some(finishing) = &mut self.finishing {
                    finishing.nothing_more();
                }
                self.link_down(format!("the sfu refuses: {reason}"));
            }
            TapItem::Closed { reason } => {
                if matches!(self.link, Link::Up { .. }) {
                    self.link_down(reason);
                }
            }
        }
        Ok(())
    }

    fn contents(&self) -> &Contents {
        self.capture.as_ref().map_or(&self.last_contents, Capture::contents)
    }

    fn status(&self) -> RecordingStatus {
        let state = match (&self.capture, &self.link) {
            _ if self.contents().finished_unix_us.is_some() => CaptureState::Finished,
            (None, _) if self.reason.is_some() => CaptureState::Alarmed,
            (Some(_), Link::Up { has_packets: true, .. }) => CaptureState::Capturing,
            _ => CaptureState::Waiting,
        };
        status_of(&self.id, self.contents(), state, self.reason.clone())
    }

    fn show(&self) {
        self.context.board.set_recording(self.status());
    }
}

/// A recording's status from its manifest.
pub fn status_of(
    id: &RecordingId,
    contents: &Contents,
    state: CaptureState,
    reason: Option<String>,
) -> RecordingStatus {
    RecordingStatus {
        recording_id: id.clone(),
        state,
        reason,
        bytes: contents.bytes,
        gap_ms: contents.gap_ms(),
        last_event_seq: contents.last_event_seq(),
    }
}
