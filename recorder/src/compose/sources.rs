//! Which tracks of a recording are composed, opened.
//!
//! In: a recording and its plan. Out: the pictures of every camera and board that is shown, and all
//! microphones. A track that is never shown is not read beyond the timeline.

use super::clock::Clock;
use super::error::ComposeError;
use super::index::TrackIndex;
use super::pictures::Pictures;
use super::plan::{Plan, WallUs};
use super::progress::Progress;
use super::unit::VideoFormat;
use super::voices::VoiceTrack;
use crate::recording::{Recording, RecordingError};
use crate::segment;
use crate::timeline::Timeline;
use crate::track::TrackKey;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use tongtang_protocol::ids::ParticipantId;
use tongtang_protocol::lesson::Source;
use tongtang_roq::control::{Flow, FlowCodec};

/// A camera never stands still: a layer without pictures for half a second is left for a smaller one.
const CAMERA_FRESH_US: i64 = 500_000;
/// A browser repeats a screen that stands still once a second, or less often when it is busy.
const BOARD_FRESH_US: i64 = 5_000_000;

/// Everything that is composed.
pub struct Sources {
    /// Cameras by participant.
    pub cameras: BTreeMap<ParticipantId, Pictures>,
    /// Boards by participant.
    pub boards: BTreeMap<ParticipantId, Pictures>,
    /// All microphones.
    pub voices: Vec<VoiceTrack>,
}

impl Sources {
    /// Reads all tracks that are shown once, without decoding.
    pub fn read(
        recording: &Recording,
        plan: &mut Plan,
        progress: &mut Progress<'_>,
    ) -> Result<Self, ComposeError> {
        plan.assume_teacher(likely_teacher(recording).as_ref());
        let timeline = Arc::new(Timeline::read(recording)?);
        progress.part(0.5);
        let starts: Vec<WallUs> = plan.live().iter().map(|live| live.from).collect();
        let teachers: BTreeSet<ParticipantId> =
            plan.live().iter().filter_map(|live| live.teacher.clone()).collect();
        let mut shown = teachers.clone();
        shown.extend(plan.stage_participants().cloned());

        let mut indexes: BTreeMap<(Source, ParticipantId), Vec<TrackIndex>> = BTreeMap::new();
        let mut voices = Vec::new();
        let tracks = &recording.contents().tracks;
        for (number, (key, track)) in (0u32..).zip(tracks) {
            let flow = &track.track.flow;
            let participant = flow.participant.clone();
            let clock = Clock::new(timeline.clone(), *key);
            match (flow.source, video_format(flow.codec)) {
                (Source::Camera, Some(format)) if shown.contains(&participant) => {
                    let index = scan(recording, *key, flow, format, clock, number)?;
                    indexes.entry((Source::Camera, participant)).or_default().push(index);
                }
                (Source::Board, Some(format)) if teachers.contains(&participant) => {
                    let index = scan(recording, *key, flow, format, clock, number)?;
                    indexes.entry((Source::Board, participant)).or_default().push(index);
                }
                (Source::Microphone, None) => {
                    let fragments = recording.fragments(*key)?;
                    voices.push(VoiceTrack { participant, fragments, clock });
                }
                // Shown nowhere, or a codec that the answer never allows for this source.
                _ => {}
            }
            progress.part(0.5 + 0.5 * (number + 1) as f32 / tracks.len() as f32);
        }
        let mut sources = Self { cameras: BTreeMap::new(), boards: BTreeMap::new(), voices };
        for ((source, participant), tracks) in indexes {
            let (of, fresh_us) = match source {
                Source::Board => (&mut sources.boards, BOARD_FRESH_US),
                Source::Camera | Source::Microphone => (&mut sources.cameras, CAMERA_FRESH_US),
            };
            of.insert(participant, Pictures::new(tracks, fresh_us, &starts));
        }
        Ok(sources)
    }
}

fn scan(
    recording: &Recording,
    key: TrackKey,
    flow: &Flow,
    format: VideoFormat,
    clock: Clock,
    number: u32,
) -> Result<TrackIndex, ComposeError> {
    let layer = match flow.rid.as_deref() {
        Some("l") => 0,
        Some("m") => 1,
        _ => 2,
    };
    // Of two connections' tracks of one layer the later one, which is the live one.
    let rank = layer * 1_000_000 + number;
    Ok(TrackIndex::scan(recording.fragments(key)?, format, clock, rank))
}

fn video_format(codec: FlowCodec) -> Option<VideoFormat> {
    match codec {
        FlowCodec::H264 => Some(VideoFormat::H264),
        FlowCodec::Vp8 => Some(VideoFormat::Vp8),
        FlowCodec::Opus => None,
    }
}

/// Where no event says who teaches: whoever shares a board, or has a camera.
fn likely_teacher(recording: &Recording) -> Option<ParticipantId> {
    let flows = || recording.contents().tracks.values().map(|track| &track.track.flow);
    [Source::Board, Source::Camera]
        .into_iter()
        .find_map(|source| flows().find(|flow| flow.source == source))
        .map(|flow| flow.participant.clone())
}

/// When the first and the last packet of a recording arrived, from the files: the manifest does not
/// know a fragment that a crash left open.
pub fn media_span(recording: &Recording) -> Result<Option<(WallUs, WallUs)>, RecordingError> {
    let mut span: Option<(WallUs, WallUs)> = None;
    for key in recording.contents().tracks.keys() {
        let fragments = recording.fragments(*key)?;
        for (_, path) in fragments.first().into_iter().chain(fragments.last()) {
            let Some((first, last)) = arrivals(path) else { continue };
            let (from, to) = span.unwrap_or((first, last));
            span = Some((from.min(first), to.max(last)));
        }
    }
    Ok(span)
}

fn arrivals(path: &Path) -> Option<(WallUs, WallUs)> {
    let bytes = Recording::read_fragment(path).ok()?;
    let fragment = segment::read(&bytes).ok()?;
    let wall = |record: &segment::Record<'_>| WallUs(record.arrival_unix_us as i64);
    Some((wall(fragment.records.first()?), wall(fragment.records.last()?)))
}
