//! `/readyz`: can this recorder take a recording now? Asked of what it needs, not of itself: signaling
//! knows it, and its disk has room and takes what is written.

use super::answer::Refused;
use crate::disk::{Disk, DiskError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tongtang_protocol::control::HEARTBEAT_S;

/// A disk that does not answer by then is failing.
const DISK_WITHIN: Duration = Duration::from_secs(2);

/// Signaling counts a node as gone after three missed heartbeats.
const KNOWN_FOR: Duration = Duration::from_secs(3 * HEARTBEAT_S);

/// Written and removed again in the media folder. No recording has a name that begins with a dot.
const PROBE: &str = ".ready";

/// What readiness depends on.
#[derive(Clone)]
pub struct Readiness {
    /// Room on the disk.
    pub disk: Disk,
    /// Where recordings are written.
    pub media_dir: PathBuf,
    /// When signaling took the last registration.
    pub registered_at: watch::Receiver<Option<Instant>>,
}

impl Readiness {
    /// Ready, or what is missing.
    pub(super) async fn ask(&self) -> Result<&'static str, Refused> {
        let registered_at = *self.registered_at.borrow();
        if registered_at.is_none_or(|at| at.elapsed() > KNOWN_FOR) {
            return Err(Refused::new(503, "not_registered", "signaling does not know this recorder (yet)"));
        }
        let (disk, folder) = (self.disk.clone(), self.media_dir.clone());
        let asked = tokio::task::spawn_blocking(move || {
            disk.check()?;
            write(&folder)?;
            Ok::<_, DiskError>(())
        });
        match tokio::time::timeout(DISK_WITHIN, asked).await {
            Ok(Ok(Ok(()))) => Ok("ready\n"),
            Ok(Ok(Err(error))) => Err(Refused::new(503, "disk", error.to_string())),
            Ok(Err(_)) | Err(_) => Err(Refused::new(503, "disk", "the disk does not answer")),
        }
    }
}

fn write(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(PROBE);
    std::fs::write(&probe, PROBE)?;
    std::fs::remove_file(probe)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    async fn status(readiness: &Readiness) -> u16 {
        match readiness.ask().await {
            Ok(_) => 200,
            Err(refused) => refused.into_response().status().as_u16(),
        }
    }

    #[tokio::test]
    async fn ready_is_who_is_known_and_can_write() {
        let folder = tempfile::tempdir().unwrap();
        let (know, registered_at) = watch::channel(None);
        let disk = Disk::new(folder.path(), 1);
        let readiness = Readiness { disk, media_dir: folder.path().to_owned(), registered_at };
        assert_eq!(status(&readiness).await, 503, "unknown to signaling");
        know.send_replace(Instant::now().checked_sub(KNOWN_FOR * 2));
        assert_eq!(status(&readiness).await, 503, "known once, long ago");
        know.send_replace(Some(Instant::now()));
        assert_eq!(status(&readiness).await, 200);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
        let full = Readiness { disk: Disk::new(folder.path(), u64::MAX), ..readiness.clone() };
        assert_eq!(status(&full).await, 503, "nearly full");
        let gone = Readiness { media_dir: folder.path().join("gone"), ..readiness };
        assert_eq!(status(&gone).await, 503, "cannot be written");
    }
}
