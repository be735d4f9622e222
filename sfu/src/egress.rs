//! A subscriber's side of the packet path: from packets of tracks to sealed packets of slots.
//!
//! Owns the slots of one subscribing session, the transport-wide counter over all of them, and what the
//! subscriber's reports say. Enters: [`Media`] of the tracks its slots listen to, RTCP of the subscriber, the
//! time. Leaves: sealed datagrams, written straight into the outbox.
//!
//! * [`gather`]: when a track's packets leave, and how their sizes are evened
//! * [`slot`], [`rewrite`]: one outgoing stream, and its numbers
//! * [`layers`], [`reports`]: what the subscriber's link carries, and how that is known

pub mod gather;
pub mod layers;
pub mod reports;
pub mod rewrite;
pub mod slot;

use crate::engine::{Outbox, Path};
use crate::ingress::cache::Media;
use crate::ingress::clock::unix_us_to_ntp;
use crate::ingress::reception::Interval;
use crate::now::Now;
use crate::packet::rtcp::{Reports, build};
use crate::peer::Peer;
use crate::sdp::Codec;
use layers::LayerSteps;
use reports::Reported;
use slot::{Admitted, PacketExtensions, Slot, SlotName, TrackKey};
use std::time::{Duration, Instant};

/// Packets a subscriber may ask for again in a second. One who asks for more is not heard: its link is full already.
pub const MAX_RETRANSMISSIONS_PER_SECOND: u32 = 600;
/// Between sender reports of a slot.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Over which losses are added up before layers are judged; browsers report every second, give or take.
const LOSS_INTERVAL: Duration = Duration::from_millis(800);

/// A subscriber's slots.
#[derive(Debug)]
pub struct Egress {
    slots: Vec<Slot>,
    reported: Vec<Reported>,
    transport_number: u16,
    layers: LayerSteps,
    since_judged: Interval,
    judged: Option<Instant>,
    loss: Interval,
    rtt_ms: Option<u32>,
    last_report: Option<Instant>,
    retransmissions_left: u32,
    retransmissions_filled: Option<Instant>,
}

/// What became of a packet offered to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarded {
    /// Sent.
    Sent,
    /// Sent, and it began a segment: packets behind it that are here already should follow.
    SentFirst,
    /// Not for now.
    Held,
    /// Older than the segment, not connected, or refused by the sealer.
    Dropped,
    /// The slot does not want this track any more.
    NotListening,
}

impl Egress {
    /// Slots in the order of the offer.
    pub fn new(slots: Vec<Slot>) -> Self {
        Self {
            reported: vec![Reported::default(); slots.len()],
            slots,
            transport_number: 0,
            layers: LayerSteps::default(),
            since_judged: Interval::default(),
            judged: None,
            loss: Interval::default(),
            rtt_ms: None,
            last_report: None,
            retransmissions_left: MAX_RETRANSMISSIONS_PER_SECOND,
            retransmissions_filled: None,
        }
    }

    /// The slots.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The slots.
    pub fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots
    }

    /// The slot of this name.
    pub fn slot_index(&self, name: SlotName) -> Option<usize> {
        self.slots.iter().position(|slot| slot.name == name)
    }

    /// The slot that an SSRC (its own or its retransmissions') belongs to.
    pub fn slot_of_ssrc(&self, ssrc: u32) -> Option<usize> {
        self.slots.iter().position(|slot| slot.agreed.ssrc == ssrc)
    }

    /// Layers below the best that this subscriber gets.
    pub fn layer_steps(&self) -> u8 {
        self.layers.steps()
    }

    /// A packet of a track that a slot listens to: rewritten and sealed straight into the outbox.
    #[allow(clippy::too_many_arguments, reason = "the packet path: a struct of borrows would say no more")]
    pub fn forward(
        &mut self,
        now: Now,
        slot: usize,
        track: TrackKey,
        codec: Codec,
        media: &Media<'_>,
        padding: u8,
        peer: &mut Peer,
        outbox: &mut Outbox,
    ) -> Forwarded {
        let Some(slot) = self.slots.get_mut(slot) else { return Forwarded::NotListening };
        let Some(path) = peer.path().filter(|_| peer.is_connected()) else { return Forwarded::Held };
        let forwarded = match slot.admit(now.mono, track, codec, media) {
            Admitted::NotListening => return Forwarded::NotListening,
            Admitted::Waits => return Forwarded::Held,
            Admitted::Send => Forwarded::Sent,
            Admitted::SendFirst => Forwarded::SentFirst,
            Admitted::SendIfLate if slot.rewriter.numbers(track, &media.meta).is_none() => {
                return Forwarded::Held;
            }
            Admitted::SendIfLate => Forwarded::Sent,
        };
        let extensions = extensions(self.transport_number, now);
        let ssrc = slot.agreed.ssrc;
        let is_sent = push_sealed(outbox, path, peer, ssrc, |out| {
            slot.write(now.mono, track, media, padding, &extensions, out)
        });
        if is_sent {
            self.transport_number = self.transport_number.wrapping_add(1);
            forwarded
        } else {
            Forwarded::Dropped
        }
    }

    /// May the subscriber ask for one packet more?
    pub fn may_ask_again(&mut self, now: Now) -> bool {
        let filled = *self.retransmissions_filled.get_or_insert(now.mono);
        if now.mono.saturating_duration_since(filled) >= Duration::from_secs(1) {
            self.retransmissions_filled = Some(now.mono);
            self.retransmissions_left = MAX_RETRANSMISSIONS_PER_SECOND;
        }
        let may = self.retransmissions_left > 0;
        self.retransmissions_left -= u32::from(may);
        may
    }

    /// Sends a packet again that the subscriber misses and [may ask for](Self::may_ask_again). Gives whether it was sent.
    pub fn retransmit(
        &mut self,
        now: Now,
        slot: usize,
        track: TrackKey,
        media: &Media<'_>,
        peer: &mut Peer,
        outbox: &mut Outbox,
    ) -> bool {
        let Some(path) = peer.path().filter(|_| peer.is_connected()) else { return false };
        let Some(slot) = self.slots.get_mut(slot) else { return false };
        let extensions = extensions(self.transport_number, now);
        let ssrc = slot.agreed.rtx_ssrc;
        let is_sent =
            push_sealed(outbox, path, peer, ssrc, |out| slot.write_rtx(track, media, &extensions, out));
        if is_sent {
            self.transport_number = self.transport_number.wrapping_add(1);
        }
        is_sent
    }

    /// A sender or receiver report of the subscriber. Gives whether it now gets other layers.
    pub fn handle_reports(&mut self, now: Now, reports: Reports<'_>) -> bool {
        self.last_report = Some(now.mono);
        for block in reports {
            if let Some(index) = self.slot_of_ssrc(block.ssrc) {
                let seen = self.reported[index].block(&block);
                self.since_judged.expected += seen.expected;
                self.since_judged.lost += seen.lost;
                if let Some(rtt_ms) = reports::round_trip_ms(&block, now.unix_us) {
                    self.rtt_ms = Some(self.rtt_ms.map_or(rtt_ms, |before| (before * 3 + rtt_ms) / 4));
                }
            }
        }
        let judged = *self.judged.get_or_insert(now.mono);
        if now.mono.saturating_duration_since(judged) < LOSS_INTERVAL {
            return false;
        }
        self.judged = Some(now.mono);
        let seen = std::mem::take(&mut self.since_judged);
        self.loss.expected += seen.expected;
        self.loss.lost += seen.lost;
        self.layers.interval(now.mono, seen)
    }

    /// Sender reports that are due: `point` gives a track's RTP timestamp now. `emit` gets each compound.
    pub fn handle_timeout(
        &mut self,
        now: Now,
        mut point: impl FnMut(TrackKey) -> Option<u32>,
        mut emit: impl FnMut(&[u8]),
    ) {
        let mut out = Vec::new();
        // One datagram for all slots: those that are due soon come along, and are due together from then on.
        let due_by = now.mono + REPORT_INTERVAL / 2;
        for slot in &mut self.slots {
            if slot.report_due.is_none_or(|due| due > due_by) {
                continue;
            }
            // The publisher's first report may still be on its way: look again soon.
            slot.report_due = Some(now.mono + REPORT_INTERVAL / 10);
            let Some(rtp) = slot.current().and_then(&mut point) else { continue };
            let Some(rtp) = slot.rewriter.timestamp_of(rtp) else { continue };
            slot.report_due = Some(now.mono + REPORT_INTERVAL);
            let ntp = unix_us_to_ntp(now.unix_us);
            build::sender_report(&mut out, slot.agreed.ssrc, ntp, rtp, slot.packets, slot.octets);
            build::sdes_cname(&mut out, slot.agreed.ssrc, "tongtang");
        }
        if !out.is_empty() {
            emit(&out);
        }
    }

    /// When [`Egress::handle_timeout`] has something to do.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.slots.iter().filter(|slot| slot.current().is_some()).filter_map(|slot| slot.report_due).min()
    }

    /// Loss towards the subscriber since the last call.
    pub fn take_loss(&mut self) -> Interval {
        std::mem::take(&mut self.loss)
    }

    /// When the last report came.
    pub fn last_report(&self) -> Option<Instant> {
        self.last_report
    }

    /// Smoothed round trip.
    pub fn rtt_ms(&self) -> Option<u32> {
        self.rtt_ms
    }
}

fn extensions(transport_number: u16, now: Now) -> PacketExtensions {
    // 24 bits of 6.18 seconds: the middle of the NTP time.
    let abs_send_time = (unix_us_to_ntp(now.unix_us) >> 14) as u32 & 0x00FF_FFFF;
    PacketExtensions { transport_number, abs_send_time }
}

/// Lets `write` put a packet behind the outbox's end and seals it there.
fn push_sealed(
    outbox: &mut Outbox,
    path: Path,
    peer: &mut Peer,
    ssrc: u32,
    write: impl FnOnce(&mut Vec<u8>) -> Option<(usize, u64)>,
) -> bool {
    let mut is_sent = false;
    outbox.push_with(path, |out| {
        let from = out.len();
        if let Some((header_len, index)) = write(out) {
            // On an error the sealer truncates to `from`: nothing is sent.
            is_sent = peer.seal_rtp(out, from, header_len, ssrc, index).is_ok();
        }
    });
    is_sent
}
