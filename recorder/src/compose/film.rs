//! The compositing loop: one frame after the other, from the first to the last.
//!
//! In: plan and sources. Out: the picture rungs and the poster.

use super::canvas::Canvas;
use super::error::ComposeError;
use super::layout::{HEIGHT, Part as Place, WIDTH};
use super::output::{Damage, POSTER, Part, Stream};
use super::pictures::{Pictures, Shown};
use super::plan::{OutUs, Plan, WallUs};
use super::poster::Poster;
use super::progress::Progress;
use super::rendition::{FPS, RUNGS, SEGMENT_S, VideoRendition, VideoRung};
use super::sources::Sources;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;
use tongtang_protocol::ids::ParticipantId;

const FRAME_US: i64 = 1_000_000 / FPS as i64;

/// The pictures of one lesson.
pub struct Film<'a> {
    plan: &'a Plan,
    sources: Sources,
    canvas: Canvas,
    /// Who stands on the canvas: board, teacher, stage.
    shown: [Option<ParticipantId>; 3],
}

impl<'a> Film<'a> {
    /// An empty canvas.
    pub fn new(plan: &'a Plan, sources: Sources) -> Self {
        Self { plan, sources, canvas: Canvas::default(), shown: [None, None, None] }
    }

    /// Was any picture decoded, so far?
    pub fn has_shown(&self) -> bool {
        self.sources.cameras.values().chain(self.sources.boards.values()).any(Pictures::has_shown)
    }

    /// Was a picture captured at any kept moment?
    pub fn was_captured(&self) -> bool {
        self.sources
            .cameras
            .values()
            .chain(self.sources.boards.values())
            .flat_map(Pictures::visible)
            .any(|visible| self.plan.kept_us(visible.from, visible.to) > 0)
    }

    /// What could not be used of the pictures, so far.
    pub fn damage(&self) -> Damage {
        let all = || self.sources.cameras.values().chain(self.sources.boards.values());
        Damage {
            unreadable_fragments: all().map(Pictures::unreadable).sum(),
            undecodable_pictures: all().map(Pictures::undecodable).sum(),
        }
    }

    /// Composes and encodes all frames.
    pub fn compose(
        &mut self,
        frames: u64,
        part: &Part,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Stream>, ComposeError> {
        let failed = ComposeError::media("encoding the picture");
        let mut ladder = Ladder::create(part).map_err(&failed)?;
        let mut poster = Poster::default();
        for number in 0..frames {
            let wall = self.plan.wall(OutUs(number as i64 * FRAME_US));
            self.arrange(wall);
            let changed = self.canvas.draw().map_err(ComposeError::media("scaling a picture"))?;
            poster.consider(number, frames, self.canvas.frame());
            ladder.push(self.canvas.frame_mut(), changed).map_err(&failed)?;
            if number.is_multiple_of(u64::from(FPS * SEGMENT_S)) {
                part.check_room()?;
            }
            progress.part(number as f32 / frames as f32);
        }
        poster.write(&part.path(POSTER))?;
        ladder.finish(part)
    }

    /// Brings every part of the canvas to a moment of the lesson.
    fn arrange(&mut self, wall: WallUs) {
        // A frame stands for the time around it: the nearest picture, not always an older one.
        let nearest = WallUs(wall.0 + FRAME_US / 2);
        let teacher = self.plan.live_at(wall).and_then(|live| live.teacher.clone());
        let stage = self.plan.stage_at(wall).cloned();
        let parts = [
            (Place::Board, teacher.clone(), &mut self.sources.boards),
            (Place::Teacher, teacher, &mut self.sources.cameras),
        ];
        for (place, who, from) in parts {
            let pictures = who.as_ref().and_then(|who| from.get_mut(who));
            bring(&mut self.canvas, place, &mut self.shown, &who, pictures, nearest);
        }
        let pictures = stage.as_ref().and_then(|who| self.sources.cameras.get_mut(who));
        bring(&mut self.canvas, Place::Stage, &mut self.shown, &stage, pictures, nearest);
    }
}

fn bring(
    canvas: &mut Canvas,
    place: Place,
    shown: &mut [Option<ParticipantId>; 3],
    who: &Option<ParticipantId>,
    pictures: Option<&mut Pictures>,
    wall: WallUs,
) {
    let shown = &mut shown[place as usize];
    let Some(pictures) = pictures else {
        canvas.hide(place);
        shown.clone_from(who);
        return;
    };
    if shown != who {
        canvas.hide(place);
        pictures.seek();
        shown.clone_from(who);
    }
    match pictures.at(wall) {
        Shown::Same => {}
        Shown::New(picture) => canvas.show(place, picture),
        Shown::Nothing => canvas.hide(place),
    }
}

/// Both picture rungs. The small one is scaled from the canvas.
struct Ladder {
    rungs: Vec<(VideoRung, VideoRendition, Option<Smaller>)>,
}

struct Smaller {
    scaler: scaling::Context,
    frame: Video,
    is_old: bool,
}

impl Ladder {
    fn create(part: &Part) -> Result<Self, ffmpeg_next::Error> {
        let mut rungs = Vec::new();
        for rung in RUNGS {
            let smaller = if (rung.width, rung.height) == (WIDTH, HEIGHT) {
                None
            } else {
                let (format, flags) = (Pixel::YUV420P, scaling::Flags::BILINEAR);
                let scaler =
                    scaling::Context::get(format, WIDTH, HEIGHT, format, rung.width, rung.height, flags)?;
                let frame = Video::new(format, rung.width, rung.height);
                Some(Smaller { scaler, frame, is_old: true })
            };
            rungs.push((rung, VideoRendition::create(&part.path(rung.name), rung)?, smaller));
        }
        Ok(Self { rungs })
    }

    fn push(&mut self, canvas: &mut Video, changed: bool) -> Result<(), ffmpeg_next::Error> {
        for (_, rendition, smaller) in &mut self.rungs {
            match smaller {
                Some(smaller) => {
                    if changed || smaller.is_old {
                        smaller.scaler.run(canvas, &mut smaller.frame)?;
                        smaller.is_old = false;
                    }
                    rendition.push(&mut smaller.frame)?;
                }
                None => rendition.push(canvas)?,
            }
        }
        Ok(())
    }

    fn finish(self, part: &Part) -> Result<Vec<Stream>, ComposeError> {
        let failed = ComposeError::media("encoding the picture");
        let mut streams = Vec::new();
        for (rung, rendition, _) in self.rungs {
            let traffic = rendition.finish().map_err(&failed)?;
            part.check(rung.name, traffic.bytes)?;
            streams.push(Stream::video(rung, &traffic));
        }
        Ok(streams)
    }
}
