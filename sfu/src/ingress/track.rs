//! One stream of a publisher: one SSRC of one simulcast layer of one source.

use super::cache::{AUDIO_CELLS, Cache, Media, Meta, VIDEO_CELLS};
use super::clock::SenderReportPoint;
use super::level::Loudness;
use super::mirrored::{Heard, TrackDescription};
use super::nack::{Gap, NackList};
use super::reception::Reception;
use crate::egress::gather::Gather;
use crate::engine::slab::Key;
use crate::packet::sequence::Unwrapper;
use crate::packet::{Header, h264, vp8};
use crate::sdp::{Codec, PublishedTrack};
use std::time::{Duration, Instant};
use tongtang_protocol::lesson::Source;
use tongtang_roq::control::FlowId;

/// A layer without packets for so long is switched off by its publisher (Chromium does that when its link is narrow).
pub const LAYER_SILENT_AFTER: Duration = Duration::from_millis(1_200);
/// A layer that comes back is trusted after so long; until then subscribers stay where they are.
pub const LAYER_TRUSTED_AFTER: Duration = Duration::from_millis(500);

/// Who listens to a track: a slot of a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listener {
    /// The subscriber.
    pub subscriber: Key,
    /// Index of the slot.
    pub slot: u8,
}

/// A stream.
#[derive(Debug)]
pub struct Track {
    /// What it shows or lets hear.
    pub source: Source,
    /// Which input of the publisher (m-line) it belongs to.
    pub input: usize,
    /// Simulcast layer.
    pub rid: Option<String>,
    /// 0 is the smallest layer.
    pub rank: u8,
    /// In which codec.
    pub codec: Codec,
    /// Ticks a second.
    pub clock_rate_hz: u32,
    /// Of its packets.
    pub ssrc: u32,
    /// Of its packets.
    pub payload_type: u8,
    /// Its name in taps.
    pub flow: FlowId,
    /// The last packets.
    pub cache: Cache,
    /// What is missing.
    pub nack: Option<NackList>,
    /// For receiver reports.
    pub reception: Reception,
    /// The last sender report.
    pub sender_report: Option<SenderReportPoint>,
    /// For microphones.
    pub loudness: Loudness,
    /// The slots it feeds, or will feed when it gets a keyframe; sorted, so that all tracks go through their subscribers
    /// in one order.
    pub listeners: Vec<Listener>,
    /// The same, of small pictures; as they came.
    pub wall_listeners: Vec<Listener>,
    /// What waits to be sent together.
    pub gather: Gather,
    /// Is it among the engine's tracks that wait?
    pub is_gathering: bool,
    /// When the last packet arrived.
    pub last_packet: Instant,
    /// Since when packets come without a pause.
    pub alive_since: Instant,
    /// Replaced by another SSRC, or said goodbye.
    pub is_ended: bool,
    unwrapper: Unwrapper,
}

/// Why a packet goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNew {
    /// It was here before.
    Duplicate,
    /// It is older than the cache reaches.
    TooLate,
}

/// What a new packet brought.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// What was parsed of it.
    pub meta: Meta,
    /// Too much is missing before it: the track needs a keyframe.
    pub overflow: bool,
}

/// Where a packet came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// On the track's own SSRC.
    Original,
    /// On the retransmission SSRC.
    Retransmission,
}

impl Track {
    /// A track whose first packet has just arrived.
    pub fn new(
        now: Instant,
        input: usize,
        agreed: &PublishedTrack,
        layer: Layer,
        ssrc: u32,
        flow: FlowId,
    ) -> Self {
        let description = TrackDescription {
            source: agreed.source,
            input,
            rid: layer.rid,
            rank: layer.rank,
            codec: agreed.codec,
            clock_rate_hz: agreed.clock_rate_hz,
            ssrc,
            payload_type: agreed.payload_type,
        };
        let nack = agreed.nack.then(NackList::default);
        Self { flow, nack, ..Self::mirrored(Heard { last: now, since: now }, description) }
    }

    /// A track that another worker has described. It asks nobody for what is missing, and has no name in taps.
    pub fn mirrored(heard: Heard, description: TrackDescription) -> Self {
        let cells = if description.codec == Codec::Opus { AUDIO_CELLS } else { VIDEO_CELLS };
        Self {
            source: description.source,
            input: description.input,
            rid: description.rid,
            rank: description.rank,
            codec: description.codec,
            clock_rate_hz: description.clock_rate_hz,
            ssrc: description.ssrc,
            payload_type: description.payload_type,
            flow: FlowId(0),
            cache: Cache::new(cells),
            nack: None,
            reception: Reception::default(),
            sender_report: None,
            loudness: Loudness::default(),
            listeners: Vec::new(),
            wall_listeners: Vec::new(),
            gather: Gather::new(heard.last),
            is_gathering: false,
            last_packet: heard.last,
            alive_since: heard.since,
            is_ended: false,
            unwrapper: Unwrapper::default(),
        }
    }

    /// When its packets came.
    pub fn heard(&self) -> Heard {
        Heard { last: self.last_packet, since: self.alive_since }
    }

    /// What another worker has to know of it.
    pub fn description(&self) -> TrackDescription {
        TrackDescription {
            source: self.source,
            input: self.input,
            rid: self.rid.clone(),
            rank: self.rank,
            codec: self.codec,
            clock_rate_hz: self.clock_rate_hz,
            ssrc: self.ssrc,
            payload_type: self.payload_type,
        }
    }

    /// Takes a packet of this track into the cache. `packet` is what `header` was parsed from.
    pub fn take(
        &mut self,
        now: Instant,
        packet: &[u8],
        header: &Header,
        audio_level: Option<u8>,
        arrival: Arrival,
    ) -> Result<Taken, NotNew> {
        let sequence = self.unwrapper.peek(header.sequence);
        self.take_as(now, sequence, packet, header, audio_level, arrival)
    }

    /// The same, of a packet whose number has been unwrapped already.
    pub fn take_as(
        &mut self,
        now: Instant,
        sequence: u64,
        packet: &[u8],
        header: &Header,
        audio_level: Option<u8>,
        arrival: Arrival,
    ) -> Result<Taken, NotNew> {
        let highest = self.unwrapper.highest();
        if highest.is_some_and(|highest| sequence + self.cache.reach() <= highest) {
            return Err(NotNew::TooLate);
        }
        if self.cache.get(sequence).is_some() {
            return Err(NotNew::Duplicate);
        }
        self.unwrapper.advance(sequence);
        if arrival == Arrival::Original {
            self.reception.packet(now, sequence, header.timestamp, self.clock_rate_hz);
        }
        if now.saturating_duration_since(self.last_packet) > LAYER_SILENT_AFTER {
            self.alive_since = now;
        }
        self.last_packet = now;
        let mut overflow = false;
        if let (Some(nack), Some(highest)) = (&mut self.nack, highest) {
            if sequence > highest + 1 {
                overflow = nack.gap(now, highest + 1..sequence) == Gap::Overflow;
            } else {
                nack.arrived(now, sequence);
            }
        }
        let payload = header.payload(packet);
        let (begins_keyframe, descriptor) = match self.codec {
            Codec::Opus => {
                self.loudness.packet(audio_level);
                (true, None)
            }
            Codec::H264 => (h264::begins_keyframe(payload), None),
            Codec::Vp8 => (vp8::begins_keyframe(payload), vp8::Descriptor::parse(payload)),
        };
        let meta = Meta {
            sequence,
            timestamp: header.timestamp,
            marker: header.marker,
            begins_keyframe,
            audio_level,
            vp8: descriptor,
        };
        self.cache.put(&Media { meta, payload });
        Ok(Taken { meta, overflow })
    }

    /// The highest sequence number so far.
    pub fn highest(&self) -> Option<u64> {
        self.unwrapper.highest()
    }

    /// Do packets come?
    pub fn is_alive(&self, now: Instant) -> bool {
        !self.is_ended && now.saturating_duration_since(self.last_packet) <= LAYER_SILENT_AFTER
    }

    /// Have packets come for long enough to switch to it?
    pub fn is_trusted(&self, now: Instant) -> bool {
        self.is_alive(now) && now.saturating_duration_since(self.alive_since) >= LAYER_TRUSTED_AFTER
    }

    /// From now on packets of this track go to this slot, too; `is_small`: with the small pictures.
    pub fn listen(&mut self, listener: Listener, is_small: bool) {
        if is_small {
            if !self.wall_listeners.contains(&listener) {
                self.wall_listeners.push(listener);
            }
        } else if let Err(at) = self.listeners.binary_search(&listener) {
            self.listeners.insert(at, listener);
        }
    }
}

/// Which simulcast layer a track is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name, if the publisher named it.
    pub rid: Option<String>,
    /// 0 is the smallest.
    pub rank: u8,
}

/// The layer that `rid` names among `rids`.
///
/// Which end is the large one, only convention says: `l m h` (ours), `q h f` (the W3C examples), `0 1 2`; with other
/// names the offer's order counts, smallest first.
pub fn layer(rid: Option<&str>, rids: &[String]) -> Layer {
    let Some(rid) = rid else { return Layer { rid: None, rank: 0 } };
    let has = |name: &str| rids.iter().any(|rid| rid == name);
    let conventional = if has("f") { ["q", "h", "f"] } else { ["l", "m", "h"] };
    let by_convention = conventional.iter().position(|name| *name == rid);
    let rank = by_convention
        .or_else(|| rid.parse::<u8>().ok().map(usize::from))
        .or_else(|| rids.iter().position(|known| known == rid))
        .unwrap_or(0);
    Layer { rid: Some(rid.to_owned()), rank: rank.min(usize::from(u8::MAX)) as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_names_of_layers_are_ranked_by_size_whatever_their_order() {
        let rank = |rid: &str, rids: &[&str]| {
            let rids: Vec<String> = rids.iter().map(ToString::to_string).collect();
            layer(Some(rid), &rids).rank
        };
        for (small, large, rids) in [
            ("l", "h", ["l", "m", "h"]),
            ("l", "h", ["h", "m", "l"]),
            ("q", "f", ["f", "h", "q"]),
            ("h", "f", ["q", "h", "f"]),
            ("0", "2", ["2", "1", "0"]),
            ("small", "big", ["small", "mid", "big"]),
        ] {
            assert!(rank(small, &rids) < rank(large, &rids), "{rids:?}");
        }
        assert_eq!(layer(None, &[]), Layer { rid: None, rank: 0 });
    }
}
