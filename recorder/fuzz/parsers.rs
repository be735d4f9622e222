//! The recorder's parsers as they stand in its source, without FFmpeg and a web server around them.

#[path = "../src"]
mod recorder {
    pub mod compose {
        pub mod plan;
        pub mod reorder;
        pub mod unit;
    }
    pub mod manifest;
    pub mod rolling;
    pub mod rtp;
    pub mod segment;
    pub mod track;
}

pub use recorder::{compose, manifest, rolling, rtp, segment, track};
