//! The decoded pictures of one source (a camera or a board) over the lesson.
//!
//! In: the indexes of all its tracks. Out: for rising moments of the lesson, the newest picture at
//! that moment. Only the spans that are shown are decoded, and only as far as asked.

use super::choose::{self, Candidate, Choice, Span};
use super::index::TrackIndex;
use super::plan::WallUs;
use super::reader::TrackReader;
use super::unit::{Assembler, Unit, VideoFormat};
use ffmpeg_next::codec::{self, decoder};
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Dictionary, Packet};
use std::collections::VecDeque;

/// Largest picture that is decoded, in pixels: 4096×4096. A track that claims more is not shown.
pub const MAX_PICTURE_PIXELS: u32 = 4096 * 4096;

/// So early a source's first picture may be shown: a connection's first keyframe takes this long, and so does
/// the first after a pause, of which nothing is kept.
const LEAD_US: i64 = 2_000_000;

/// A jump this far ahead begins at a keyframe again instead of decoding everything between.
const SKIP_US: i64 = 2_000_000;

/// Decoders hand out pictures a little later than they got them.
const MAX_UNITS_IN_DECODER: usize = 64;

/// One source over the lesson.
pub struct Pictures {
    tracks: Vec<TrackIndex>,
    choice: Choice,
    /// When each of its spans is shown from: earlier than its first picture where the lesson begins or goes on.
    shown_from: Vec<WallUs>,
    /// The span that is being shown.
    at: usize,
    decoding: Option<Decoding>,
    /// The last moment asked for.
    asked: Option<WallUs>,
    undecodable: u64,
    has_shown: bool,
}

/// What a moment shows.
pub enum Shown {
    /// The same as at the moment before.
    Same,
    /// A new picture.
    New(Video),
    /// Nothing.
    Nothing,
}

impl Pictures {
    /// Chooses among the tracks. See [`choose::choose`] for `fresh_us`. `starts` are the moments from
    /// which the lesson is shown: a first picture shortly behind one of them stands there from the start.
    pub fn new(tracks: Vec<TrackIndex>, fresh_us: i64, starts: &[WallUs]) -> Self {
        let candidates: Vec<Candidate> =
            tracks.iter().map(|track| Candidate { rank: track.rank, groups: track.groups.clone() }).collect();
        let mut choice = choose::choose(&candidates, fresh_us);
        let shown_from = lead(&mut choice, starts);
        Self {
            tracks,
            choice,
            shown_from,
            at: 0,
            decoding: None,
            asked: None,
            undecodable: 0,
            has_shown: false,
        }
    }

    /// Is there a picture?
    pub fn is_visible(&self, wall: WallUs) -> bool {
        self.choice.is_visible(wall)
    }

    /// When there is a picture.
    pub fn visible(&self) -> &[choose::Visible] {
        &self.choice.visible
    }

    /// The picture at a moment, which must not be before the last one asked for.
    pub fn at(&mut self, wall: WallUs) -> Shown {
        if !self.is_visible(wall) {
            return Shown::Nothing;
        }
        let mut newest = None;
        // A later span whose begin has passed replaces the one before; those in between were not seen.
        let current = self.shown_from.partition_point(|from| *from <= wall).saturating_sub(1);
        let skips = self.asked.is_some_and(|asked| wall.0 - asked.0 > SKIP_US) && self.has_later_key(wall);
        if self.decoding.is_none() || current > self.at || skips {
            self.at = current;
            self.decoding = self
                .choice
                .spans
                .get(current)
                .and_then(|span| Decoding::start(&self.tracks[span.candidate], *span, wall));
        }
        self.asked = Some(wall);
        if let Some(decoding) = &mut self.decoding {
            newest = decoding.newest(wall, &mut self.undecodable);
        }
        self.has_shown |= newest.is_some();
        newest.map_or(Shown::Same, Shown::New)
    }

    /// Is there a keyframe between what is being decoded and `wall`?
    fn has_later_key(&self, wall: WallUs) -> bool {
        self.decoding.as_ref().is_some_and(|decoding| {
            start_key(&self.tracks[decoding.span.candidate], decoding.span, wall) > decoding.key
        })
    }

    /// The next moment gets its picture whether or not it was given out before.
    pub fn seek(&mut self) {
        self.decoding = None;
    }

    /// Fragments of its tracks that could not be read.
    pub fn unreadable(&self) -> u64 {
        self.tracks.iter().map(|track| track.unreadable_fragments).sum()
    }

    /// Has any picture been decoded and given out?
    pub fn has_shown(&self) -> bool {
        self.has_shown
    }

    /// Pictures that a decoder refused.
    pub fn undecodable(&self) -> u64 {
        self.undecodable
    }
}

/// Shows the first picture behind each start from the start on, if it comes soon. Says from when each span is
/// shown.
fn lead(choice: &mut Choice, starts: &[WallUs]) -> Vec<WallUs> {
    let mut shown_from: Vec<WallUs> = choice.spans.iter().map(|span| span.from).collect();
    for at in 0..choice.visible.len() {
        let from = choice.visible[at].from;
        let before = at.checked_sub(1).map_or(WallUs(i64::MIN), |before| choice.visible[before].to);
        let start = starts.iter().rev().find(|start| **start <= from).copied();
        let Some(start) = start.filter(|start| from.0 - start.0 <= LEAD_US) else { continue };
        let start = start.max(before);
        choice.visible[at].from = start;
        if let Some(span) = shown_from.iter_mut().find(|shown| **shown == from) {
            *span = start;
        }
    }
    shown_from
}

/// A span being decoded.
struct Decoding {
    reader: TrackReader,
    assembler: Assembler,
    decoder: decoder::Video,
    clock: super::clock::Clock,
    span: Span,
    /// Where decoding began.
    key: usize,
    key_timestamp: u64,
    started: bool,
    /// Times of the units in the decoder, by their number.
    inside: VecDeque<(i64, WallUs)>,
    next_number: i64,
    /// The picture behind the one shown.
    ahead: Option<(WallUs, Video)>,
    last: WallUs,
    ended: bool,
}

impl Decoding {
    /// Begins at the last keyframe before `wall`, but not before the span's own.
    fn start(track: &TrackIndex, span: Span, wall: WallUs) -> Option<Self> {
        let key = start_key(track, span, wall);
        let place = track.keys.get(key)?;
        Some(Self {
            reader: TrackReader::from(&track.fragments, place.fragment, place.near),
            assembler: Assembler::new(track.format),
            decoder: open(track.format)?,
            clock: track.clock.clone(),
            span,
            key,
            key_timestamp: place.near.timestamp,
            started: false,
            inside: VecDeque::new(),
            next_number: 0,
            ahead: None,
            last: WallUs(i64::MIN),
            ended: false,
        })
    }

    /// The newest picture not after `wall` that was not given out yet.
    fn newest(&mut self, wall: WallUs, undecodable: &mut u64) -> Option<Video> {
        let mut newest = None;
        loop {
            match self.ahead.take() {
                Some((at, picture)) if at <= wall || at <= self.span.from => newest = Some(picture),
                Some(later) => {
                    self.ahead = Some(later);
                    return newest;
                }
                None if self.ended => return newest,
                None => self.ahead = self.decode_next(undecodable),
            }
        }
    }

    fn decode_next(&mut self, undecodable: &mut u64) -> Option<(WallUs, Video)> {
        loop {
            let mut picture = Video::empty();
            if self.decoder.receive_frame(&mut picture).is_ok() {
                let number = picture.timestamp().or(picture.pts());
                while let Some((inside, wall)) = self.inside.pop_front() {
                    if number.is_none_or(|number| inside >= number) {
                        return Some((wall, picture));
                    }
                }
                continue;
            }
            if self.ended {
                return None;
            }
            match self.next_unit() {
                Some(unit) => self.send(&unit, undecodable),
                None => {
                    self.ended = true;
                    // A decoder that was sent nothing refuses the end; there is nothing in it then.
                    let _ = self.decoder.send_eof();
                }
            }
        }
    }

    fn send(&mut self, unit: &Unit, undecodable: &mut u64) {
        let wall = self.clock.wall(unit.timestamp, unit.arrival_us).max(self.last);
        self.last = wall;
        let mut packet = Packet::copy(&unit.data);
        packet.set_pts(Some(self.next_number));
        packet.set_dts(Some(self.next_number));
        if self.decoder.send_packet(&packet).is_ok() {
            self.inside.push_back((self.next_number, wall));
            if self.inside.len() > MAX_UNITS_IN_DECODER {
                self.inside.pop_front();
            }
        } else {
            *undecodable += 1;
        }
        self.next_number += 1;
    }

    /// The next unit to decode; none behind the span.
    fn next_unit(&mut self) -> Option<Unit> {
        loop {
            let unit = match self.reader.next() {
                Some(packet) => match self.assembler.push(&packet) {
                    Some(unit) => unit,
                    None => continue,
                },
                None => self.assembler.finish()?,
            };
            self.started |= unit.key && unit.decodable && unit.timestamp == self.key_timestamp;
            if !self.started || !unit.decodable {
                continue;
            }
            if self.clock.wall(unit.timestamp, unit.arrival_us) >= self.span.to {
                return None;
            }
            return Some(unit);
        }
    }
}

/// The last keyframe of a span before `wall`; its first one before that.
fn start_key(track: &TrackIndex, span: Span, wall: WallUs) -> usize {
    let before = track.groups.partition_point(|group| group.first <= wall).saturating_sub(1);
    track.groups.get(before).map_or(span.key, |group| group.key.max(span.key))
}

fn open(format: VideoFormat) -> Option<decoder::Video> {
    let id = match format {
        VideoFormat::H264 => codec::Id::H264,
        VideoFormat::Vp8 => codec::Id::VP8,
    };
    let codec = decoder::find(id)?;
    let mut options = Dictionary::new();
    options.set("max_pixels", &MAX_PICTURE_PIXELS.to_string());
    // One thread: several would add a picture of delay each, and the encoders use the cores anyway.
    options.set("threads", "1");
    codec::Context::new_with_codec(codec).decoder().open_as_with(codec, options).ok()?.video().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use choose::Visible;

    #[test]
    fn the_first_picture_behind_a_start_stands_there_from_the_start() {
        let s = |seconds: i64| WallUs(seconds * 1_000_000);
        let span = |from, to| Span { candidate: 0, key: 0, from: s(from), to: s(to) };
        let visible = |from, to| Visible { from: s(from), to: s(to) };
        let mut choice = Choice {
            spans: vec![span(1, 10), span(31, 40), span(40, 50), span(81, 90)],
            visible: vec![visible(1, 11), visible(31, 51), visible(81, 90)],
        };
        assert_eq!(lead(&mut choice, &[s(0), s(30), s(70)]), [s(0), s(30), s(40), s(81)]);
        assert_eq!(choice.visible, [visible(0, 11), visible(30, 51), visible(81, 90)]);

        let mut choice =
            Choice { spans: vec![span(1, 10), span(12, 20)], visible: vec![visible(1, 11), visible(12, 20)] };
        assert_eq!(lead(&mut choice, &[s(10)]), [s(1), s(11)], "never over the picture before");
    }
}
