//! A recording's folder, read back: where its files stand and what they hold.
//!
//! ```text
//!  MEDIA/REC/manifest.jsonl
//!  MEDIA/REC/tracks/SFU_EPOCH-FLOW/000001.ttf …
//!  MEDIA/REC/out/…                              what composing made
//! ```
//!
//! Reading needs nothing but the files: composing runs in another process.

use crate::manifest::{self, Contents};
use crate::segment;
use crate::track::TrackKey;
use std::io;
use std::path::{Path, PathBuf};

/// Folder of a recording's tracks.
pub const TRACKS: &str = "tracks";

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A file or folder.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A fragment.
    #[error("{path}: {source}")]
    Segment {
        /// Which.
        path: PathBuf,
        /// Why.
        source: segment::SegmentError,
    },
}

/// A recording, opened for reading.
#[derive(Debug, Clone)]
pub struct Recording {
    folder: PathBuf,
    contents: Contents,
}

impl Recording {
    /// Reads the manifest in `folder`.
    pub fn open(folder: &Path) -> Result<Self, RecordingError> {
        let path = folder.join(manifest::FILE_NAME);
        let bytes = std::fs::read(&path).map_err(|source| RecordingError::Io { path, source })?;
        let (contents, _) = manifest::read(&bytes);
        Ok(Self { folder: folder.to_owned(), contents })
    }

    /// Where it stands.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What its manifest adds up to: specification, tracks, gaps, lesson events.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The fragments of a track that are on disk, in order, with their numbers. Unlike the manifest this
    /// includes one that a crash left open.
    pub fn fragments(&self, track: TrackKey) -> Result<Vec<(u32, PathBuf)>, RecordingError> {
        let folder = track_folder(&self.folder, track);
        list_fragments(&folder).map_err(|source| RecordingError::Io { path: folder, source })
    }

    /// The bytes of one fragment file, for [`segment::read`].
    pub fn read_fragment(path: &Path) -> Result<Vec<u8>, RecordingError> {
        std::fs::read(path).map_err(|source| RecordingError::Io { path: path.to_owned(), source })
    }
}

/// The folder of a track.
pub fn track_folder(recording: &Path, track: TrackKey) -> PathBuf {
    recording.join(TRACKS).join(track.to_string())
}

/// The file of a fragment.
pub fn fragment_path(recording: &Path, track: TrackKey, number: u32) -> PathBuf {
    track_folder(recording, track).join(format!("{number:06}.{}", segment::EXTENSION))
}

/// All fragment files of a track's folder in order of their numbers; other files are ignored.
pub fn list_fragments(track_folder: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(track_folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        let is_fragment = path.extension().is_some_and(|extension| extension == segment::EXTENSION);
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let (true, Some(number)) = (is_fragment, number) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// All track folders of a recording; other folders are ignored.
pub fn list_tracks(recording: &Path) -> io::Result<Vec<TrackKey>> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(recording.join(TRACKS)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        if let Some(key) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.push(key);
        }
    }
    found.sort_unstable();
    Ok(found)
}
