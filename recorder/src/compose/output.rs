//! The finished resource on disk: written aside, synced, then renamed into place.
//!
//! ```text
//!  OUT/master.m3u8  poster.jpg  resource.json
//!  OUT/720p/  OUT/360p/  OUT/audio/      index.m3u8 init.mp4 00000.m4s …
//! ```
//!
//! Whoever sees `OUT` sees all of it: until the rename everything stands in `OUT.part-PID`.

use super::error::ComposeError;
use super::rendition::{AUDIO_NAME, FPS, RUNGS, Traffic, VideoRung};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tongtang_protocol::control::ComposeOutput;
use tongtang_protocol::ids::{JobId, RecordingId};
use tongtang_protocol::library::Chapter;

/// Name of the folder of a composed recording, in the recording's folder.
pub const FOLDER: &str = "out";
/// Name of the master playlist.
pub const MASTER: &str = "master.m3u8";
/// Name of the poster.
pub const POSTER: &str = "poster.jpg";
/// Name of the description.
pub const DESCRIPTION: &str = "resource.json";
/// What stands between the folder's name and the process id while it is being written.
const PART: &str = ".part-";
/// What stands behind the name of a folder that has been replaced.
const OLD: &str = ".old";

/// Composing stops below this many free bytes in any case: a segment of each rung, with a reserve for the
/// files that everything else on the machine needs to write.
const MIN_ROOM_BYTES: u64 = 16 << 20;

/// Free bytes that composing leaves alone, where recording stops below `min_free_bytes`: half as much again.
/// What is composed can be composed later, and the lesson that is being recorded cannot; nor can the
/// database, whose disk this is by default.
pub fn room_left_alone(min_free_bytes: u64) -> u64 {
    min_free_bytes.saturating_add(min_free_bytes / 2).max(MIN_ROOM_BYTES)
}

/// `resource.json`: what composing made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// The job that it was made for.
    pub job: Option<JobId>,
    /// Length of the composed video.
    pub duration_ms: u64,
    /// Chapters by position.
    pub chapters: Vec<Chapter>,
    /// Milliseconds of the kept lesson that were not captured.
    pub gap_ms: u64,
    /// Was there any picture?
    pub has_picture: bool,
    /// Was there any sound?
    pub has_sound: bool,
    /// What could not be used of what was captured.
    pub damage: Damage,
    /// What stands in the folder.
    pub streams: Vec<Stream>,
}

/// What could not be used of what was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Damage {
    /// Fragment files that are none any more.
    pub unreadable_fragments: u64,
    /// Whole pictures that a decoder refused.
    pub undecodable_pictures: u64,
}

/// A rung of the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Its folder.
    pub name: String,
    /// RFC 6381 codec string.
    pub codec: String,
    /// Width in pixels; 0 for sound.
    pub width: u32,
    /// Height in pixels; 0 for sound.
    pub height: u32,
    /// Mean bit rate.
    pub average_bits_per_s: u64,
    /// Bit rate of the busiest segment.
    pub peak_bits_per_s: u64,
}

impl Stream {
    /// A picture rung.
    pub fn video(rung: VideoRung, traffic: &Traffic) -> Self {
        Self {
            name: rung.name.into(),
            // High profile, RFC 6381 §3.3.
            codec: format!("avc1.6400{:02x}", rung.level),
            width: rung.width,
            height: rung.height,
            average_bits_per_s: traffic.average_bits_per_s,
            peak_bits_per_s: traffic.peak_bits_per_s,
        }
    }

    /// The sound.
    pub fn audio(traffic: &Traffic) -> Self {
        Self {
            name: AUDIO_NAME.into(),
            codec: "mp4a.40.2".into(),
            width: 0,
            height: 0,
            average_bits_per_s: traffic.average_bits_per_s,
            peak_bits_per_s: traffic.peak_bits_per_s,
        }
    }
}

impl Resource {
    /// Reads the description of a composed recording; `None` when it is not composed.
    pub fn read(out: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(out.join(DESCRIPTION)).ok()?).ok()
    }

    /// As the control API tells it.
    pub fn to_output(&self, recording: &RecordingId) -> ComposeOutput {
        ComposeOutput {
            playlist: format!("{recording}/{FOLDER}/{MASTER}"),
            poster: format!("{recording}/{FOLDER}/{POSTER}"),
            duration_ms: self.duration_ms,
            chapters: self.chapters.clone(),
            gap_ms: self.gap_ms,
        }
    }

    fn master_playlist(&self) -> String {
        let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
        let (video, audio): (Vec<&Stream>, Vec<&Stream>) =
            self.streams.iter().partition(|stream| stream.width > 0);
        for sound in &audio {
            let _ = writeln!(
                text,
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"课堂\",LANGUAGE=\"zh\",DEFAULT=YES,\
                 AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{}/index.m3u8\"",
                sound.name
            );
        }
        let sound = audio.first();
        for picture in video {
            let add = |of: fn(&Stream) -> u64| of(picture) + sound.map_or(0, |sound| of(sound));
            let _ = writeln!(
                text,
                "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}{}\",RESOLUTION={}x{},\
                 FRAME-RATE={FPS}.000,AUDIO=\"audio\"\n{}/index.m3u8",
                add(|stream| stream.peak_bits_per_s),
                add(|stream| stream.average_bits_per_s),
                picture.codec,
                sound.map_or(String::new(), |sound| format!(",{}", sound.codec)),
                picture.width,
                picture.height,
                picture.name
            );
        }
        text
    }
}

/// A resource being written. Dropped without [`Part::publish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Part {
    out: PathBuf,
    folder: PathBuf,
    leave_bytes: u64,
}

impl Part {
    /// Makes an empty folder beside `out`. So many bytes of the disk are to be left free.
    pub fn create(out: &Path, leave_bytes: u64) -> Result<Self, ComposeError> {
        let folder = sibling(out, &format!("{PART}{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|source| ComposeError::io(&folder, source))?;
        }
        for name in RUNGS.iter().map(|rung| rung.name).chain([AUDIO_NAME]) {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(|source| ComposeError::io(&path, source))?;
        }
        Ok(Self { out: out.to_owned(), folder, leave_bytes })
    }

    /// Where a file of the resource stands for now.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Is there room for more? Muxers do not tell when there is none.
    pub fn check_room(&self) -> Result<(), ComposeError> {
        let room = rustix::fs::statvfs(&self.folder)
            .map_err(|error| ComposeError::io(&self.folder, error.into()))?;
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        if free >= self.leave_bytes {
            return Ok(());
        }
        Err(ComposeError::NearlyFull { free_mb: free >> 20, leave_mb: self.leave_bytes.div_ceil(1 << 20) })
    }

    /// Did everything a rung was given reach its folder?
    pub fn check(&self, name: &str, written_bytes: u64) -> Result<(), ComposeError> {
        let path = self.path(name);
        let entries = fs::read_dir(&path).map_err(|source| ComposeError::io(&path, source))?;
        let found: u64 =
            entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|metadata| metadata.len()).sum();
        if found >= written_bytes {
            return Ok(());
        }
        self.check_room()?;
        Err(ComposeError::Short { path })
    }

    /// Writes playlist and description, waits for the disk, and puts the folder in its place.
    pub fn publish(self, resource: &Resource) -> Result<(), ComposeError> {
        let write = |name: &str, data: &[u8]| {
            let path = self.path(name);
            fs::write(&path, data).map_err(|source| ComposeError::io(&path, source))
        };
        write(MASTER, resource.master_playlist().as_bytes())?;
        let description = serde_json::to_vec_pretty(resource).expect("a resource has only string keys");
        write(DESCRIPTION, &description)?;
        sync_all(&self.folder).map_err(|source| ComposeError::io(&self.folder, source))?;
        self.swap().map_err(|source| ComposeError::io(&self.out, source))
    }

    fn swap(&self) -> std::io::Result<()> {
        let old = sibling(&self.out, OLD);
        if self.out.exists() {
            if old.exists() {
                fs::remove_dir_all(&old)?;
            }
            fs::rename(&self.out, &old)?;
        }
        fs::rename(&self.folder, &self.out)?;
        if let Some(parent) = self.out.parent() {
            File::open(parent)?.sync_all()?;
        }
        if old.exists() { fs::remove_dir_all(&old) } else { Ok(()) }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Renamed away after success; after a failure what cannot be removed now goes at the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Removes what killed composers left beside `out`, and brings back a resource that was being replaced.
pub fn sweep(out: &Path) -> std::io::Result<()> {
    let Some(parent) = out.parent() else { return Ok(()) };
    let old = sibling(out, OLD);
    if old.exists() {
        if out.exists() { fs::remove_dir_all(&old)? } else { fs::rename(&old, out)? }
    }
    let prefix = format!("{}{PART}", out.file_name().unwrap_or_default().to_string_lossy());
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Removes what one composer left that was killed.
pub fn remove_part(out: &Path, process: u32) -> std::io::Result<()> {
    let folder = sibling(out, &format!("{PART}{process}"));
    if folder.exists() { fs::remove_dir_all(&folder) } else { Ok(()) }
}

fn sibling(out: &Path, suffix: &str) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    out.with_file_name(name)
}

fn sync_all(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { sync_all(&path)? } else { File::open(&path)?.sync_all()? }
    }
    File::open(folder)?.sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::trouble::JobTrouble;

    fn resource() -> Resource {
        let traffic = Traffic { bytes: 1, average_bits_per_s: 100_000, peak_bits_per_s: 300_000 };
        Resource {
            job: None,
            duration_ms: 1000,
            chapters: vec![],
            gap_ms: 0,
            has_picture: true,
            has_sound: true,
            damage: Damage::default(),
            streams: vec![
                Stream::video(RUNGS[0], &traffic),
                Stream::video(RUNGS[1], &traffic),
                Stream::audio(&traffic),
            ],
        }
    }

    #[test]
    fn the_master_playlist_names_every_rung_with_its_codecs_and_one_sound() {
        let text = resource().master_playlist();
        assert!(text.contains(
            "BANDWIDTH=600000,AVERAGE-BANDWIDTH=200000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720"
        ));
        assert!(text.contains("360p/index.m3u8") && text.matches("TYPE=AUDIO").count() == 1, "{text}");
    }

    #[test]
    fn a_half_done_output_is_never_visible_and_a_new_one_replaces_the_old_whole() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join(FOLDER);
        drop(Part::create(&out, 0).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        for _ in 0..2 {
            let part = Part::create(&out, 0).unwrap();
            fs::write(part.path("720p/00000.m4s"), b"x").unwrap();
            part.publish(&resource()).unwrap();
            assert_eq!(Resource::read(&out), Some(resource()));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn more_is_left_to_the_live_recording_than_it_needs_to_go_on() {
        assert_eq!(room_left_alone(0), MIN_ROOM_BYTES);
        assert_eq!(room_left_alone(2 << 30), 3 << 30);
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join(FOLDER);
        assert!(Part::create(&out, 1).unwrap().check_room().is_ok());
        let error = Part::create(&out, u64::MAX).unwrap().check_room().unwrap_err();
        assert_eq!(error.failure().trouble, JobTrouble::DiskFull);
        assert!(error.to_string().contains("are left to the recordings"), "{error}");
    }

    #[test]
    fn sweeping_removes_parts_and_keeps_the_resource() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join(FOLDER);
        fs::create_dir_all(folder.path().join("out.part-12/720p")).unwrap();
        fs::create_dir_all(folder.path().join("out.old")).unwrap();
        sweep(&out).unwrap();
        assert!(out.exists() && fs::read_dir(folder.path()).unwrap().count() == 1);
    }
}
