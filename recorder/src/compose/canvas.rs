//! The picture that is being composed.
//!
//! In: decoded pictures and the places the layout gives them. Out: one 1280×720 YUV 4:2:0 frame. A
//! picture is scaled once, when it or its place changes; everything else is copied.

use super::layout::{self, HEIGHT, Part, Present, Rect, Size, WIDTH};
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;

/// The background: a warm dark brown, as Y, U, V of BT.601.
const BACKGROUND: [u8; 3] = [40, 122, 134];

/// A part's picture as it stands on the canvas.
struct Layer {
    part: Part,
    picture: Option<Video>,
    size: Option<Size>,
    scaler: Option<scaling::Context>,
    scaled: Video,
    place: Option<Rect>,
    scaled_is_old: bool,
}

/// The canvas and the three pictures on it.
pub struct Canvas {
    frame: Video,
    layers: [Layer; 3],
    placed: Vec<(Part, Rect)>,
    drawn: bool,
}

impl Default for Canvas {
    fn default() -> Self {
        let layer = |part| Layer {
            part,
            picture: None,
            size: None,
            scaler: None,
            scaled: Video::empty(),
            place: None,
            scaled_is_old: true,
        };
        let mut frame = Video::new(Pixel::YUV420P, WIDTH, HEIGHT);
        clear(&mut frame);
        Self {
            frame,
            layers: [layer(Part::Board), layer(Part::Teacher), layer(Part::Stage)],
            placed: Vec::new(),
            drawn: true,
        }
    }
}

impl Canvas {
    fn layer(&mut self, part: Part) -> &mut Layer {
        &mut self.layers[match part {
            Part::Board => 0,
            Part::Teacher => 1,
            Part::Stage => 2,
        }]
    }

    /// A part has a new picture.
    pub fn show(&mut self, part: Part, picture: Video) {
        let layer = self.layer(part);
        layer.size = Some(Size { width: picture.width(), height: picture.height() });
        layer.picture = Some(picture);
        layer.scaled_is_old = true;
        self.drawn = false;
    }

    /// A part has no picture any more.
    pub fn hide(&mut self, part: Part) {
        let layer = self.layer(part);
        if layer.picture.take().is_some() {
            layer.size = None;
            self.drawn = false;
        }
    }

    /// Draws what changed. True when the frame is another one than before.
    pub fn draw(&mut self) -> Result<bool, ffmpeg_next::Error> {
        if self.drawn {
            return Ok(false);
        }
        let [board, teacher, stage] = &self.layers;
        let placed = layout::arrange(Present { board: board.size, teacher: teacher.size, stage: stage.size });
        let rearranged = placed != self.placed;
        if rearranged {
            clear(&mut self.frame);
            self.placed = placed;
        }
        for (part, place) in &self.placed {
            let Some(layer) = self.layers.iter_mut().find(|layer| layer.part == *part) else { continue };
            if layer.scale_to(*place)? || rearranged {
                copy(&layer.scaled, &mut self.frame, *place);
            }
        }
        self.drawn = true;
        Ok(true)
    }

    /// The frame as last drawn.
    pub fn frame(&self) -> &Video {
        &self.frame
    }

    /// The frame, to stamp it with its time.
    pub fn frame_mut(&mut self) -> &mut Video {
        &mut self.frame
    }
}

impl Layer {
    /// True when the scaled picture is another one than before.
    fn scale_to(&mut self, place: Rect) -> Result<bool, ffmpeg_next::Error> {
        if !self.scaled_is_old && self.place == Some(place) {
            return Ok(false);
        }
        let Some(picture) = &self.picture else { return Ok(false) };
        let fits = self.place == Some(place)
            && self.scaler.as_ref().is_some_and(|scaler| {
                let input = scaler.input();
                (input.format, input.width, input.height)
                    == (picture.format(), picture.width(), picture.height())
            });
        if !fits {
            self.scaler = Some(scaling::Context::get(
                picture.format(),
                picture.width(),
                picture.height(),
                Pixel::YUV420P,
                place.width,
                place.height,
                scaling::Flags::BICUBIC,
            )?);
            self.scaled = Video::new(Pixel::YUV420P, place.width, place.height);
        }
        if let Some(scaler) = &mut self.scaler {
            scaler.run(picture, &mut self.scaled)?;
        }
        self.place = Some(place);
        self.scaled_is_old = false;
        Ok(true)
    }
}

fn clear(frame: &mut Video) {
    for (plane, value) in BACKGROUND.into_iter().enumerate() {
        frame.data_mut(plane).fill(value);
    }
}

fn copy(from: &Video, to: &mut Video, place: Rect) {
    for plane in 0..3 {
        let shift = usize::from(plane > 0);
        let (x, y) = (place.x as usize >> shift, place.y as usize >> shift);
        let (width, height) = (place.width as usize >> shift, place.height as usize >> shift);
        let (from_stride, to_stride) = (from.stride(plane), to.stride(plane));
        let source = from.data(plane);
        let target = to.data_mut(plane);
        for row in 0..height {
            let start = (y + row) * to_stride + x;
            target[start..start + width]
                .copy_from_slice(&source[row * from_stride..row * from_stride + width]);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn plain(width: u32, height: u32, luma: u8) -> Video {
        let mut picture = Video::new(Pixel::YUV420P, width, height);
        picture.data_mut(0).fill(luma);
        picture.data_mut(1).fill(128);
        picture.data_mut(2).fill(128);
        picture
    }

    fn luma(canvas: &Canvas, x: usize, y: usize) -> u8 {
        canvas.frame().data(0)[y * canvas.frame().stride(0) + x]
    }

    #[test]
    fn parts_stand_where_the_layout_says_and_leave_no_trace_when_they_go() {
        let mut canvas = Canvas::default();
        canvas.show(Part::Board, plain(1920, 1080, 200));
        canvas.show(Part::Teacher, plain(640, 360, 100));
        assert!(canvas.draw().unwrap());
        assert_eq!((luma(&canvas, 400, 360), luma(&canvas, 1200, 660)), (200, 100));
        assert_eq!(luma(&canvas, 4, 4), BACKGROUND[0]);
        canvas.hide(Part::Board);
        assert!(canvas.draw().unwrap());
        assert_eq!((luma(&canvas, 4, 4), luma(&canvas, 400, 360)), (100, 100));
        canvas.hide(Part::Teacher);
        assert!(canvas.draw().unwrap());
        assert_eq!(luma(&canvas, 400, 360), BACKGROUND[0]);
        assert!(!canvas.draw().unwrap());
    }

    #[test]
    fn a_picture_that_changes_its_size_is_scaled_anew() {
        let mut canvas = Canvas::default();
        for (width, height, value) in [(640, 360, 60), (320, 180, 70), (1280, 720, 80), (640, 480, 90)] {
            canvas.show(Part::Teacher, plain(width, height, value));
            canvas.draw().unwrap();
            assert_eq!(luma(&canvas, 640, 360), value);
        }
        assert_eq!(luma(&canvas, 10, 360), BACKGROUND[0], "4:3 leaves bars");
    }
}
