//! Composes a captured lesson into a library resource, from its files alone.
//!
//! ```text
//!  manifest ─▶ plan ────────────────────────────────────────────┐ (what is kept, who is on stage)
//!  fragments ─▶ reader ─▶ reorder ─┬▶ unit ─▶ index ─▶ choose ─▶ pictures ─▶ canvas ─┬▶ rendition 720p ─┐
//!                                  │                            (layout)            ├▶ rendition 360p ─┤
//!                                  │                                                └▶ poster ─────────┤
//!                                  └▶ voices ─▶ loudness ──────────────────────────▶ rendition audio ──┤
//!  OUT/ ◀── output ◀──────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Everything follows from one clock: frame *n* of the composed video stands at *n*/25 s, the plan says
//! which moment of the lesson that is, and every source gives its newest picture of that moment. So a
//! lesson composed twice gives the same pictures twice. Runs in a child process ([`child`]).

pub mod canvas;
pub mod child;
pub mod choose;
pub mod clock;
pub mod error;
pub mod film;
pub mod index;
pub mod layout;
pub mod loudness;
pub mod output;
pub mod pictures;
pub mod plan;
pub mod poster;
pub mod progress;
pub mod reader;
pub mod rendition;
pub mod reorder;
pub mod sandbox;
pub mod sources;
pub mod unit;
pub mod voices;

use crate::recording::Recording;
use error::ComposeError;
use film::Film;
use output::{Damage, Part, Resource, Stream};
use plan::{Plan, WallUs};
use progress::{Progress, Share};
use rendition::{AUDIO_NAME, FPS};
use sources::Sources;
use std::path::PathBuf;
use tongtang_protocol::ids::JobId;
use tongtang_protocol::library::JobStep;
use voices::{Mix, RATE_HZ};

/// What is composed, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Folder of the recording.
    pub recording: PathBuf,
    /// Folder of the resource; replaced when it is there already.
    pub out: PathBuf,
    /// Free bytes of the disk that are not touched.
    pub leave_bytes: u64,
    /// The job that this is for, to be noted in the resource.
    pub job: Option<JobId>,
}

/// Composes.
pub fn run(order: &Order, progress: &mut Progress<'_>) -> Result<Resource, ComposeError> {
    let part = Part::create(&order.out, order.leave_bytes)?;
    part.check_room()?;
    let recording = Recording::open(&order.recording)?;
    progress.begin(JobStep::Reading, Share { from: 0.0, to: 0.08 });
    let mut plan = Plan::new(&recording.contents().events, sources::media_span(&recording)?)?;
    let sources = Sources::read(&recording, &mut plan, progress)?;
    let frames = frames(&plan);

    let sound = compose_sound(&plan, &sources, frames, &part, progress)?;
    let mut film = Film::new(&plan, sources);
    if !sound.heard && !film.was_captured() {
        return Err(ComposeError::NothingCaptured);
    }
    progress.begin(JobStep::Composing, Share { from: 0.2, to: 0.98 });
    let pictures = film.compose(frames, &part, progress)?;
    progress.begin(JobStep::Finishing, Share { from: 0.98, to: 1.0 });

    let resource = Resource {
        job: order.job.clone(),
        duration_ms: frames * 1000 / u64::from(FPS),
        chapters: plan.chapters().to_vec(),
        gap_ms: gap_ms(&recording, &plan),
        has_picture: film.has_shown(),
        has_sound: sound.heard,
        damage: Damage {
            unreadable_fragments: film.damage().unreadable_fragments + sound.unreadable_fragments,
            ..film.damage()
        },
        streams: pictures.into_iter().chain([sound.stream]).collect(),
    };
    part.publish(&resource)?;
    progress.part(1.0);
    Ok(resource)
}

/// Frames of the composed video; at least one, so that a very short lesson can be opened too.
fn frames(plan: &Plan) -> u64 {
    let frames = (plan.duration().0 * i64::from(FPS) + 500_000) / 1_000_000;
    frames.max(1) as u64
}

/// While the sound is written, the disk's room is looked at this often: each minute of the lesson.
const LOOK_EVERY_SAMPLES: u64 = RATE_HZ as u64 * 60;

/// The composed sound.
struct Sound {
    stream: Stream,
    heard: bool,
    unreadable_fragments: u64,
}

/// Two passes over all microphones.
fn compose_sound(
    plan: &Plan,
    sources: &Sources,
    frames: u64,
    part: &Part,
    progress: &mut Progress<'_>,
) -> Result<Sound, ComposeError> {
    let total = frames * u64::from(RATE_HZ / FPS);
    progress.begin(JobStep::Reading, Share { from: 0.08, to: 0.14 });
    let mut meter = loudness::Meter::new()?;
    let mut mix = Mix::new(plan, &sources.voices, total);
    while let Some(block) = mix.next() {
        meter.add(&block)?;
        progress.part(mix.position() as f32 / total as f32);
    }
    let heard = mix.packets() > 0;

    progress.begin(JobStep::Composing, Share { from: 0.14, to: 0.2 });
    let failed = ComposeError::media("encoding the sound");
    let mut limiter = loudness::Limiter::new(meter.gain());
    let mut rendition = rendition::AudioRendition::create(&part.path(AUDIO_NAME)).map_err(&failed)?;
    let mut mix = Mix::new(plan, &sources.voices, total);
    while let Some(block) = mix.next() {
        rendition.push(&limiter.push(&block)).map_err(&failed)?;
        if mix.position().is_multiple_of(LOOK_EVERY_SAMPLES) {
            part.check_room()?;
        }
        progress.part(mix.position() as f32 / total as f32);
    }
    rendition.push(&limiter.finish()).map_err(&failed)?;
    let traffic = rendition.finish().map_err(&failed)?;
    part.check(AUDIO_NAME, traffic.bytes)?;
    Ok(Sound { stream: Stream::audio(&traffic), heard, unreadable_fragments: mix.unreadable() })
}

/// How much of what was kept is missing on some track.
fn gap_ms(recording: &Recording, plan: &Plan) -> u64 {
    let mut gaps: Vec<(i64, i64)> = recording
        .contents()
        .gaps
        .iter()
        .map(|gap| (gap.from_unix_us as i64, gap.to_unix_us as i64))
        .collect();
    gaps.sort_unstable();
    let (mut missing_us, mut covered_to) = (0, i64::MIN);
    for (from, to) in gaps {
        let from = from.max(covered_to);
        if to > from {
            missing_us += plan.kept_us(WallUs(from), WallUs(to));
            covered_to = to;
        }
    }
    (missing_us / 1000) as u64
}
