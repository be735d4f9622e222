//! The link between a recording and its sfu: made, lost and made again; what comes over it.

use super::{MAX_ITEMS_AT_ONCE, Run};
use crate::clock::now_unix_us;
use crate::disk::DiskError;
use crate::manifest::GapReason;
use crate::segment::{PacketKind, Record};
use crate::source::{Subscription, Tap, TapError, TapItem};
use crate::track::TrackKey;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::Instant;
use tongtang_protocol::trouble::{RecordingAlarm, RecordingTrouble};
use tongtang_roq::framing::is_rtcp;

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest pause between attempts to connect: a recorder resumes within five seconds.
const MAX_BACKOFF: Duration = Duration::from_secs(2);
/// A tap that stays this long is a good one, though nobody may be sending.
const SETTLED: Duration = Duration::from_secs(1);
/// An sfu that lets us in and throws us out again is asked again after this.
const THROWN_OUT_BACKOFF: Duration = Duration::from_millis(500);

type Connecting = Pin<Box<dyn Future<Output = Result<Tap, TapError>> + Send>>;

/// The connection to the sfu.
pub(super) enum Link {
    /// Try at this time. `is_wanted`: we have left by ourselves, to begin again elsewhere in the flows.
    Down { retry_at: Instant, backoff: Duration, is_wanted: bool },
    /// Being made.
    Connecting { attempt: Connecting, backoff: Duration, is_wanted: bool },
    /// There.
    Up { tap: Tap, since: Instant, has_packets: bool },
}

impl Link {
    pub(super) fn now() -> Self {
        Self::Down { retry_at: Instant::now(), backoff: FIRST_BACKOFF, is_wanted: false }
    }

    /// Left to be made again at once.
    pub(super) fn again() -> Self {
        Self::Down { retry_at: Instant::now(), backoff: FIRST_BACKOFF, is_wanted: true }
    }

    /// Do packets come, or would they but for us?
    pub(super) fn brings_packets(&self) -> bool {
        match self {
            Self::Up { has_packets, .. } => *has_packets,
            Self::Down { is_wanted, .. } | Self::Connecting { is_wanted, .. } => *is_wanted,
        }
    }

    pub(super) async fn event(&mut self, items: &mut Vec<TapItem>) -> LinkEvent {
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

pub(super) enum LinkEvent {
    Connected(Result<Tap, TapError>),
    Items,
    Gone,
}

impl Run {
    pub(super) fn connect_if_due(&mut self) {
        match &self.link {
            Link::Down { retry_at, .. } if Instant::now() >= *retry_at => {}
            _ => return,
        }
        // What the subscription says is here must be on disk: the sfu forgets it.
        self.roll();
        let (Link::Down { backoff, is_wanted, .. }, Some(capture), Some(spec)) =
            (&self.link, &self.capture, &self.spec)
        else {
            return;
        };
        let subscription = Subscription {
            addr: spec.tap_addr,
            room: spec.room.clone(),
            recording: self.id.clone(),
            sfu_epoch: spec.sfu_epoch,
            next: capture.next_indexes(spec.sfu_epoch),
        };
        let taps = self.context.taps.clone();
        metrics::counter!("tongtang_recorder_tap_connects_total").increment(1);
        let (backoff, is_wanted) = (*backoff, *is_wanted);
        let attempt = Box::pin(async move { taps.connect(subscription).await });
        self.link = Link::Connecting { attempt, backoff, is_wanted };
    }

    pub(super) fn link_event(&mut self, event: LinkEvent, items: &mut Vec<TapItem>) {
        match event {
            LinkEvent::Connected(Ok(tap)) => {
                self.ignored.clear();
                if std::mem::take(&mut self.wants_keyframes) {
                    tap.keyframes();
                }
                let has_packets = self.link.brings_packets();
                self.link = Link::Up { tap, since: Instant::now(), has_packets };
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

    /// What kept us from the sfu does so no more.
    pub(super) fn forget_trouble_if_settled(&mut self) {
        if let (Link::Up { since, has_packets: true, .. }, Some(capture)) = (&self.link, &mut self.capture)
            && since.elapsed() >= SETTLED
        {
            capture.back();
        }
        let away = self.alarm.as_ref().is_some_and(|a| a.trouble == RecordingTrouble::MediaServerAway);
        if away && matches!(&self.link, Link::Up { since, .. } if since.elapsed() >= SETTLED) {
            self.alarm = None;
        }
    }

    fn link_down(&mut self, reason: String) {
        let backoff = match &self.link {
            Link::Connecting { backoff, .. } | Link::Down { backoff, .. } => *backoff,
            Link::Up { has_packets: true, .. } => FIRST_BACKOFF,
            Link::Up { .. } => THROWN_OUT_BACKOFF,
        };
        tracing::info!(recording = %self.id, %reason, retry_ms = backoff.as_millis() as u64, "no tap");
        let retry_at = Instant::now() + backoff;
        self.link = Link::Down { retry_at, backoff: (backoff * 2).min(MAX_BACKOFF), is_wanted: false };
        if let Some(capture) = &mut self.capture {
            self.alarm = Some(RecordingAlarm::new(RecordingTrouble::MediaServerAway, reason));
            capture.away(GapReason::Away);
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
                    self.alarm = None;
                }
            }
            TapItem::Started { flow, first } => {
                let (epoch, means) = (spec.sfu_epoch, capture.outage_reason());
                let start = || capture.start_track(epoch, &flow, first, means, now_unix_us());
                if !block_in_place(start)? {
                    tracing::warn!(recording = %self.id, flow = flow.id.0, "flow is not captured: too many, or not what it was");
                    self.ignored.insert(flow.id);
                }
            }
            TapItem::Lost { flow, from, to } => {
                let packets = to.saturating_sub(from);
                capture.lost(TrackKey { sfu_epoch: spec.sfu_epoch, flow }, to, now_unix_us());
                tracing::warn!(recording = %self.id, flow = flow.0, packets, "the sfu dropped packets: too slow");
                metrics::counter!("tongtang_recorder_lost_packets_total").increment(packets);
            }
            TapItem::Ended { flow } => capture.track_ended(TrackKey { sfu_epoch: spec.sfu_epoch, flow }),
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
}
