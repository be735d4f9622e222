//! Where each picture stands on the canvas.
//!
//! In: which pictures there are, with their sizes. Out: rectangles with even coordinates (chroma is
//! subsampled), each picture whole and in its own proportions. Nothing ever covers the board: teacher
//! and stage get a column of their own beside it.
//!
//! ```text
//!  board present                  no board, somebody on stage      teacher alone
//!  ┌──────────────┬────┐          ┌────────────┬──────┐            ┌───────────────────┐
//!  │              │stage│         │  teacher   │ stage│            │      teacher      │
//!  │    board     ├────┤          │            │      │            │                   │
//!  │              │tchr│          └────────────┴──────┘            └───────────────────┘
//!  └──────────────┴────┘
//! ```

/// Canvas width in pixels.
pub const WIDTH: u32 = 1280;
/// Canvas height in pixels.
pub const HEIGHT: u32 = 720;
/// Width of the column beside the board: a sixth of the canvas.
const COLUMN: u32 = WIDTH / 6 / 2 * 2;
/// Space between pictures.
const GUTTER: u32 = 12;

/// What a picture is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The teacher's shared screen.
    Board,
    /// The teacher's camera.
    Teacher,
    /// The camera of the classroom on stage.
    Stage,
}

/// A picture's own size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// A place on the canvas, in pixels; all four numbers are even.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// The pictures that exist at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Present {
    /// The teacher's shared screen.
    pub board: Option<Size>,
    /// The teacher's camera.
    pub teacher: Option<Size>,
    /// The camera of the classroom on stage.
    pub stage: Option<Size>,
}

/// Places every picture that exists.
pub fn arrange(present: Present) -> Vec<(Part, Rect)> {
    let full = Rect { x: 0, y: 0, width: WIDTH, height: HEIGHT };
    match (present.board, present.teacher, present.stage) {
        (Some(board), None, None) => vec![(Part::Board, fit(board, full))],
        (Some(board), teacher, stage) => {
            let column_x = WIDTH - COLUMN - GUTTER;
            let room =
                Rect { x: GUTTER, y: GUTTER, width: column_x - 2 * GUTTER, height: HEIGHT - 2 * GUTTER };
            let mut placed = vec![(Part::Board, fit(board, room))];
            // The column fills from its foot: teacher, then stage above.
            let mut foot = HEIGHT - GUTTER;
            for (part, size) in [(Part::Teacher, teacher), (Part::Stage, stage)] {
                let Some(size) = size else { continue };
                let cell_height = (HEIGHT - 3 * GUTTER) / 4 * 2;
                let cell = Rect { x: column_x, y: foot - cell_height, width: COLUMN, height: cell_height };
                let mut rect = fit(size, cell);
                rect.y = foot - rect.height;
                foot = rect.y - GUTTER;
                placed.push((part, rect));
            }
            placed
        }
        (None, Some(teacher), Some(stage)) => {
            let teacher_width = WIDTH / 3 * 2;
            let left =
                Rect { x: GUTTER, y: GUTTER, width: teacher_width - GUTTER, height: HEIGHT - 2 * GUTTER };
            let right = Rect {
                x: teacher_width + GUTTER,
                y: GUTTER,
                width: WIDTH - teacher_width - 2 * GUTTER,
                height: HEIGHT - 2 * GUTTER,
            };
            vec![(Part::Teacher, fit(teacher, left)), (Part::Stage, fit(stage, right))]
        }
        (None, Some(teacher), None) => vec![(Part::Teacher, fit(teacher, full))],
        (None, None, Some(stage)) => vec![(Part::Stage, fit(stage, full))],
        (None, None, None) => Vec::new(),
    }
}

/// The largest place for a picture inside a room, centred, in the picture's proportions.
fn fit(size: Size, room: Rect) -> Rect {
    let (w, h) = (u64::from(size.width.max(1)), u64::from(size.height.max(1)));
    let (room_w, room_h) = (u64::from(room.width), u64::from(room.height));
    let (width, height) =
        if room_w * h <= room_h * w { (room_w, room_w * h / w) } else { (room_h * w / h, room_h) };
    let (width, height) = (even(width as u32).max(2), even(height as u32).max(2));
    Rect {
        x: even(room.x + (room.width - width.min(room.width)) / 2),
        y: even(room.y + (room.height - height.min(room.height)) / 2),
        width: width.min(even(room.width)),
        height: height.min(even(room.height)),
    }
}

fn even(pixels: u32) -> u32 {
    pixels & !1
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Size = Size { width: 1920, height: 1080 };

    fn overlap(a: Rect, b: Rect) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    #[test]
    fn nothing_covers_the_board_or_leaves_the_canvas_whatever_the_proportions() {
        let sizes = [
            WIDE,
            Size { width: 640, height: 480 },
            Size { width: 720, height: 1280 },
            Size { width: 16, height: 4000 },
            Size { width: 4000, height: 2 },
            Size { width: 1, height: 1 },
        ];
        let choices: Vec<Option<Size>> = sizes.into_iter().map(Some).chain([None]).collect();
        for board in &choices {
            for teacher in &choices {
                for stage in &choices {
                    let placed = arrange(Present { board: *board, teacher: *teacher, stage: *stage });
                    for (n, (_, a)) in placed.iter().enumerate() {
                        assert!(a.x + a.width <= WIDTH && a.y + a.height <= HEIGHT, "{placed:?}");
                        assert!([a.x, a.y, a.width, a.height].iter().all(|v| v % 2 == 0), "{placed:?}");
                        assert!(a.width >= 2 && a.height >= 2, "{placed:?}");
                        for (_, b) in &placed[n + 1..] {
                            assert!(!overlap(*a, *b), "{placed:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_board_is_large_and_the_teacher_stands_lower_right_with_the_stage_above() {
        let placed = arrange(Present { board: Some(WIDE), teacher: Some(WIDE), stage: Some(WIDE) });
        let [(_, board), (_, teacher), (_, stage)] = placed[..] else { panic!("{placed:?}") };
        assert!(board.width > WIDTH * 3 / 4);
        assert_eq!(teacher.width, 212);
        assert!(teacher.y > HEIGHT / 2 && teacher.x > board.x + board.width);
        assert!(stage.y + stage.height <= teacher.y && stage.x == teacher.x);
    }

    #[test]
    fn a_lone_teacher_fills_the_canvas() {
        let placed = arrange(Present { teacher: Some(WIDE), ..Present::default() });
        assert_eq!(placed, vec![(Part::Teacher, Rect { x: 0, y: 0, width: WIDTH, height: HEIGHT })]);
    }
}
