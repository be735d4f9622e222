//! Closing a recording without losing its last seconds.
//!
//! When signaling asks to finish, packets of the lesson may still be between sfu and recorder, or
//! retained at the sfu because the recorder was away. So a finishing recording stays until nothing
//! from before the asking has come for a moment, or until there is nobody to wait for.

use super::{Link, Next, Run};
use crate::clock::now_unix_us;
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::Instant;
use tongtang_protocol::control::CaptureState;

/// No packet from before the asking for this long: everything is here.
const QUIET: Duration = Duration::from_millis(500);
/// An sfu that cannot be reached for this long has nothing for us.
const MAX_WAIT_FOR_SFU: Duration = Duration::from_secs(3);
/// Finishing never takes longer than this.
const MAX_FINISHING: Duration = Duration::from_secs(10);

/// A recording that was asked to finish.
#[derive(Debug)]
pub(super) struct Finishing {
    asked_at: Instant,
    asked_unix_us: u64,
    last_old_packet_at: Instant,
    is_over: bool,
}

impl Finishing {
    pub(super) fn new(asked_unix_us: u64) -> Self {
        let now = Instant::now();
        Self { asked_at: now, asked_unix_us, last_old_packet_at: now, is_over: false }
    }

    /// A packet came that had arrived at the sfu at this time.
    pub(super) fn packet(&mut self, arrival_unix_us: u64) {
        if arrival_unix_us < self.asked_unix_us {
            self.last_old_packet_at = Instant::now();
        }
    }

    /// The sfu has nothing for us.
    pub(super) fn nothing_more(&mut self) {
        self.is_over = true;
    }

    fn is_due(&self, link: &Link) -> bool {
        let waited = match link {
            Link::Up { since, .. } => self.last_old_packet_at.max(*since).elapsed() >= QUIET,
            Link::Down { .. } | Link::Connecting { .. } => self.asked_at.elapsed() >= MAX_WAIT_FOR_SFU,
        };
        self.is_over || waited || self.asked_at.elapsed() >= MAX_FINISHING
    }
}

impl Run {
    pub(super) async fn finish_if_due(&mut self) -> Next {
        let due = self.finishing.as_ref().is_some_and(|finishing| finishing.is_due(&self.link));
        let (true, Some(capture)) = (due, &mut self.capture) else {
            return Next::Turn;
        };
        match block_in_place(|| capture.finish(now_unix_us())) {
            Ok(durable) => self.acknowledge(&durable),
            Err(error) => {
                self.disk_failed(&error.into());
                return Next::Turn;
            }
        }
        self.alarm = None;
        let status = self.status();
        debug_assert_eq!(status.state, CaptureState::Finished);
        tracing::info!(recording = %self.id, bytes = status.bytes, gap_ms = status.gap_ms, "recording finished");
        self.context.board.set_recording(status);
        if let Link::Up { tap, .. } = std::mem::replace(&mut self.link, Link::now()) {
            tap.finish().await;
        }
        Next::End
    }
}
