//! The library: what became of lessons, how far it is, and the way to its files.
//!
//! * [`composer`]: submits jobs to recorders and hears how they stand
//! * [`view`]: resources as pages see them
//! * [`media_url`]: signed addresses of media files
//! * [`media_file`]: a file of the media folder, whole or a range of it

pub mod composer;
pub mod media_file;
pub mod media_url;
pub mod view;

pub use composer::Composer;
