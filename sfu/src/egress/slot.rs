//! One slot of a subscriber: an outgoing stream whose source changes without the subscriber's doing.

use super::rewrite::Rewriter;
use crate::engine::slab::Key;
use crate::ingress::cache::Media;
use crate::packet::rtp::{self, FixedHeader, HeaderWriter, MIN_HEADER_BYTES};
use crate::sdp::{Codec, MediaKind, SubscribedSlot};
use std::time::{Duration, Instant};

/// What a slot is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotName {
    /// The teacher's camera.
    Teacher,
    /// The teacher's board.
    Board,
    /// The camera of whoever is on stage.
    Stage,
    /// The n-th small picture.
    Wall(u8),
    /// The n-th voice.
    Audio(u8),
}

/// Small pictures of one subscriber.
pub const MAX_WALL: u8 = 30;
/// After a switch, how long lost packets of the picture before may still come. Later ones are left out: the keyframe
/// has made them worthless.
const LATE_PACKETS_FOR: Duration = Duration::from_secs(1);
/// Voices of one subscriber.
pub const MAX_VOICES: u8 = 3;

impl SlotName {
    /// Reads `teacher`, `wall3`, `audio0`…
    pub fn parse(name: &str) -> Option<SlotName> {
        let number = |prefix: &str, below: u8| {
            name.strip_prefix(prefix)?.parse::<u8>().ok().filter(|number| *number < below)
        };
        match name {
            "teacher" => Some(SlotName::Teacher),
            "board" => Some(SlotName::Board),
            "stage" => Some(SlotName::Stage),
            _ => number("wall", MAX_WALL)
                .map(SlotName::Wall)
                .or_else(|| number("audio", MAX_VOICES).map(SlotName::Audio)),
        }
    }

    /// Audio or video.
    pub fn kind(self) -> MediaKind {
        if matches!(self, SlotName::Audio(_)) { MediaKind::Audio } else { MediaKind::Video }
    }
}

impl std::fmt::Display for SlotName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SlotName::Teacher => f.write_str("teacher"),
            SlotName::Board => f.write_str("board"),
            SlotName::Stage => f.write_str("stage"),
            SlotName::Wall(n) => write!(f, "wall{n}"),
            SlotName::Audio(n) => write!(f, "audio{n}"),
        }
    }
}

/// A track of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackKey {
    /// The publishing session.
    pub publisher: Key,
    /// Index of its track.
    pub track: usize,
}

/// What feeds a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Nothing.
    Empty,
    /// Nothing yet; a keyframe of this track is waited for.
    Starting(TrackKey),
    /// This track.
    On(TrackKey),
    /// The first track, until a keyframe of the second one comes.
    Switching(TrackKey, TrackKey),
}

/// What became of a packet at a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// It goes out.
    Send,
    /// It goes out and began a segment.
    SendFirst,
    /// It goes out if it is a late packet of the segment before.
    SendIfLate,
    /// The slot waits for this track's keyframe, and this is not it.
    Waits,
    /// The slot is fed by something else: this track need not ask again.
    NotListening,
}

/// A slot.
#[derive(Debug)]
pub struct Slot {
    /// What it is for.
    pub name: SlotName,
    /// As agreed with the subscriber.
    pub agreed: SubscribedSlot,
    /// What feeds it.
    pub feed: Feed,
    /// Its numbers.
    pub rewriter: Rewriter,
    /// Packets sent, for sender reports.
    pub packets: u32,
    /// Payload bytes sent, for sender reports.
    pub octets: u32,
    /// When the next sender report leaves.
    pub report_due: Option<Instant>,
    /// Index (ROC‖SEQ) of the next retransmission.
    pub next_rtx_index: u64,
    /// The picture behind the last switch begins with a marker (audio: a new talk spurt, RFC 3551 §4.1).
    is_first_of_spurt: bool,
    /// Until then late packets of the segment before are taken.
    late_until: Option<Instant>,
}

impl Slot {
    /// An empty slot; `random` spreads its first numbers.
    pub fn new(name: SlotName, agreed: SubscribedSlot, random: u64) -> Self {
        let clock_rate_hz = if agreed.kind == MediaKind::Audio { 48_000 } else { 90_000 };
        Self {
            name,
            agreed,
            feed: Feed::Empty,
            rewriter: Rewriter::new(clock_rate_hz, random as u16, (random >> 16) as u32),
            packets: 0,
            octets: 0,
            report_due: None,
            next_rtx_index: (random >> 48) & 0x7FFF,
            is_first_of_spurt: false,
            late_until: None,
        }
    }

    /// Does this track feed the slot, or shall it, or may late packets of it still come?
    pub fn listens_to(&self, track: TrackKey) -> bool {
        self.current() == Some(track) || self.awaited() == Some(track) || {
            self.late_until.is_some() && self.rewriter.previous_track() == Some(track)
        }
    }

    /// Bytes of the RTP header of each of its packets without an audio level.
    pub fn header_bytes(&self) -> u16 {
        let ext = &self.agreed.ext;
        let element = |id: Option<u8>, bytes: usize| if id.is_some() { 1 + bytes } else { 0 };
        let elements = element(ext.mid, self.agreed.mid.len().min(16))
            + element(ext.transport_cc, 2)
            + element(ext.abs_send_time, 3);
        let extension = if elements == 0 { 0 } else { 4 + elements.next_multiple_of(4) };
        (MIN_HEADER_BYTES + extension) as u16
    }

    /// The track that is sent now.
    pub fn current(&self) -> Option<TrackKey> {
        match self.feed {
            Feed::On(track) | Feed::Switching(track, _) => Some(track),
            Feed::Empty | Feed::Starting(_) => None,
        }
    }

    /// The track that is sent now or will be.
    pub fn target(&self) -> Option<TrackKey> {
        match self.feed {
            Feed::On(track) | Feed::Switching(_, track) | Feed::Starting(track) => Some(track),
            Feed::Empty => None,
        }
    }

    /// The track whose keyframe is waited for.
    pub fn awaited(&self) -> Option<TrackKey> {
        match self.feed {
            Feed::Switching(_, track) | Feed::Starting(track) => Some(track),
            Feed::On(_) | Feed::Empty => None,
        }
    }

    /// From now on this track shall feed the slot. Gives whether a keyframe of it is needed.
    pub fn aim(&mut self, wanted: Option<TrackKey>) -> bool {
        if self.target() == wanted {
            return false;
        }
        let (current, next) = (self.current(), wanted);
        self.feed = match (current, next) {
            (_, None) => {
                self.rewriter.pause();
                Feed::Empty
            }
            (Some(current), Some(next)) if current == next => Feed::On(current),
            (Some(current), Some(next)) => Feed::Switching(current, next),
            (None, Some(next)) => Feed::Starting(next),
        };
        self.awaited().is_some()
    }

    /// Nothing comes from this track any more.
    pub fn forget(&mut self, gone: impl Fn(TrackKey) -> bool) {
        self.feed = match self.feed {
            Feed::Switching(current, next) if gone(current) && !gone(next) => {
                self.rewriter.pause();
                Feed::Starting(next)
            }
            Feed::Switching(current, next) if gone(next) && !gone(current) => Feed::On(current),
            Feed::Starting(track) | Feed::On(track) | Feed::Switching(track, _) if gone(track) => {
                self.rewriter.pause();
                Feed::Empty
            }
            feed => feed,
        };
    }

    /// Does this packet go out, and does it begin a segment?
    pub fn admit(&mut self, now: Instant, track: TrackKey, codec: Codec, media: &Media<'_>) -> Admitted {
        if self.awaited() == Some(track) {
            if !media.meta.begins_keyframe || media.payload.is_empty() {
                return Admitted::Waits;
            }
            if self.agreed.payload_types(codec).is_none() {
                return Admitted::NotListening;
            }
            self.rewriter.switch(now, track, codec, &media.meta);
            self.feed = Feed::On(track);
            self.late_until = Some(now + LATE_PACKETS_FOR);
            self.is_first_of_spurt = self.agreed.kind == MediaKind::Audio;
            self.report_due = Some(now);
            return Admitted::SendFirst;
        }
        if self.current() == Some(track) {
            return Admitted::Send;
        }
        let is_late = self.rewriter.previous_track() == Some(track);
        if is_late && self.late_until.is_some_and(|until| now < until) {
            Admitted::SendIfLate
        } else {
            Admitted::NotListening
        }
    }

    /// Writes header, payload and `padding` bytes of RTP padding of a packet behind `out`'s end. Gives the header's length and the index to seal with;
    /// `None` when the packet is older than the segment. Nothing is written then.
    pub fn write(
        &mut self,
        now: Instant,
        track: TrackKey,
        media: &Media<'_>,
        padding: u8,
        extensions: &PacketExtensions,
        out: &mut Vec<u8>,
    ) -> Option<(usize, u64)> {
        let rewritten = self.rewriter.rewrite(now, track, &media.meta)?;
        let payload_types = self.agreed.payload_types(rewritten.codec)?;
        let fixed = FixedHeader {
            marker: media.meta.marker || std::mem::take(&mut self.is_first_of_spurt),
            payload_type: payload_types.media,
            sequence: rewritten.index as u16,
            timestamp: rewritten.timestamp,
            ssrc: self.agreed.ssrc,
        };
        let header_len = self.header(fixed, extensions, media, out);
        let at = out.len();
        out.extend_from_slice(media.payload);
        if let Some(descriptor) = media.meta.vp8 {
            descriptor.rewrite(&mut out[at..], rewritten.vp8);
        }
        rtp::pad(out, at - header_len, padding);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(media.payload.len() as u32);
        Some((header_len, rewritten.index))
    }

    /// Writes a retransmission (RFC 4588 §4) of a packet; `None` without RTX, or when the packet is older than the segment.
    pub fn write_rtx(
        &mut self,
        track: TrackKey,
        media: &Media<'_>,
        extensions: &PacketExtensions,
        out: &mut Vec<u8>,
    ) -> Option<(usize, u64)> {
        let rewritten = self.rewriter.numbers(track, &media.meta)?;
        let rtx = self.agreed.payload_types(rewritten.codec)?.rtx?;
        self.next_rtx_index += 1;
        let fixed = FixedHeader {
            marker: media.meta.marker,
            payload_type: rtx,
            sequence: self.next_rtx_index as u16,
            timestamp: rewritten.timestamp,
            ssrc: self.agreed.rtx_ssrc,
        };
        let header_len = self.header(fixed, extensions, media, out);
        out.extend_from_slice(&(rewritten.index as u16).to_be_bytes());
        let at = out.len();
        out.extend_from_slice(media.payload);
        if let Some(descriptor) = media.meta.vp8 {
            descriptor.rewrite(&mut out[at..], rewritten.vp8);
        }
        Some((header_len, self.next_rtx_index))
    }

    fn header(
        &self,
        fixed: FixedHeader,
        extensions: &PacketExtensions,
        media: &Media<'_>,
        out: &mut Vec<u8>,
    ) -> usize {
        let ext = &self.agreed.ext;
        let mut header = HeaderWriter::begin(out, fixed);
        if let Some(id) = ext.mid {
            header.extension(id, self.agreed.mid.as_bytes());
        }
        if let Some(id) = ext.transport_cc {
            header.extension(id, &extensions.transport_number.to_be_bytes());
        }
        if let (Some(id), Some(level)) = (ext.audio_level, media.meta.audio_level) {
            header.extension(id, &[level]);
        }
        if let Some(id) = ext.abs_send_time {
            header.extension(id, &extensions.abs_send_time.to_be_bytes()[1..]);
        }
        header.finish()
    }
}

/// What stands in the header extensions besides the slot's own.
#[derive(Debug, Clone, Copy)]
pub struct PacketExtensions {
    /// Counts all packets of the subscriber, retransmissions included.
    pub transport_number: u16,
    /// 6.18 seconds (24 bits).
    pub abs_send_time: u32,
}
