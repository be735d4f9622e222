//! A still picture that stands for the lesson in the library.
//!
//! In: the composed frames. Out: `poster.jpg`. Of a few frames spread over the lesson the one with the
//! most to see is kept: never a black or an empty one while there is another.

use super::error::ComposeError;
use super::layout::{HEIGHT, WIDTH};
use ffmpeg_next::codec::{self, encoder};
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;
use ffmpeg_next::{Packet, Rational, color};
use std::path::Path;

/// Frames that are looked at.
const SAMPLES: u64 = 24;

/// The best frame so far.
#[derive(Default)]
pub struct Poster {
    best: Option<(u64, Video)>,
}

impl Poster {
    /// Looks at a frame, if it is one of the few.
    pub fn consider(&mut self, number: u64, total: u64, frame: &Video) {
        if !number.is_multiple_of((total / SAMPLES).max(1)) {
            return;
        }
        let contrast = contrast(frame);
        if self.best.as_ref().is_none_or(|(best, _)| contrast > *best) {
            self.best = Some((contrast, frame.clone()));
        }
    }

    /// Writes the JPEG.
    pub fn write(self, path: &Path) -> Result<(), ComposeError> {
        let Some((_, frame)) = self.best else { return Ok(()) };
        let data = jpeg(&frame).map_err(|source| ComposeError::Media { what: "the poster", source })?;
        std::fs::write(path, data).map_err(|source| ComposeError::io(path, source))
    }
}

/// Variance of the brightness over a coarse grid.
fn contrast(frame: &Video) -> u64 {
    let (data, stride) = (frame.data(0), frame.stride(0));
    let grid = (0..HEIGHT as usize)
        .step_by(8)
        .flat_map(|y| (0..WIDTH as usize).step_by(8).map(move |x| u64::from(data[y * stride + x])));
    let (count, sum, squares) =
        grid.fold((0, 0, 0), |(count, sum, squares), luma| (count + 1, sum + luma, squares + luma * luma));
    (squares - sum * sum / count) / count
}

fn jpeg(frame: &Video) -> Result<Vec<u8>, ffmpeg_next::Error> {
    let mut full_range = Video::new(Pixel::YUVJ420P, WIDTH, HEIGHT);
    scaling::Context::get(
        Pixel::YUV420P,
        WIDTH,
        HEIGHT,
        Pixel::YUVJ420P,
        WIDTH,
        HEIGHT,
        scaling::Flags::BICUBIC,
    )?
    .run(frame, &mut full_range)?;
    let codec = encoder::find(codec::Id::MJPEG).ok_or(ffmpeg_next::Error::EncoderNotFound)?;
    let mut context = codec::Context::new_with_codec(codec).encoder().video()?;
    context.set_width(WIDTH);
    context.set_height(HEIGHT);
    context.set_format(Pixel::YUVJ420P);
    context.set_color_range(color::Range::JPEG);
    context.set_time_base(Rational(1, 25));
    context.set_flags(codec::Flags::QSCALE);
    context.set_global_quality(4 * ffmpeg_next::ffi::FF_QP2LAMBDA);
    let mut encoder = context.open_as(codec)?;
    full_range.set_pts(Some(0));
    encoder.send_frame(&full_range)?;
    encoder.send_eof()?;
    let mut packet = Packet::empty();
    encoder.receive_packet(&mut packet)?;
    Ok(packet.data().unwrap_or_default().to_vec())
}
