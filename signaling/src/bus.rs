//! What one part of this process tells the others: that something changed, never what. Who hears it
//! looks into the store, so a lost message costs a look, not a fact.

use crate::auth::SecretHash;
use std::sync::Arc;
use tokio::sync::{Notify, broadcast};
use tongtang_protocol::ids::{DeviceId, ResourceId};
use tongtang_protocol::timetable::TimetableEvent;

/// Messages kept for a slow listener; one that falls further behind is told so and looks at everything.
const MAX_KEPT: usize = 256;

/// Lessons of a timetable that changed.
#[derive(Debug, Clone)]
pub struct Touched {
    /// What pages are told.
    pub event: TimetableEvent,
    /// The paths of the places it concerns: who sees none of them is not told.
    pub paths: Vec<String>,
}

/// The bus. Cheap to clone.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    resources: broadcast::Sender<ResourceId>,
    devices: broadcast::Sender<DeviceId>,
    claims: broadcast::Sender<SecretHash>,
    timetable: broadcast::Sender<Arc<Touched>>,
    jobs: Notify,
}

impl Default for Bus {
    fn default() -> Self {
        Self(Arc::new(Inner {
            resources: broadcast::Sender::new(MAX_KEPT),
            devices: broadcast::Sender::new(MAX_KEPT),
            claims: broadcast::Sender::new(MAX_KEPT),
            timetable: broadcast::Sender::new(MAX_KEPT),
            jobs: Notify::new(),
        }))
    }
}

impl Bus {
    /// A resource or its job changed.
    pub fn resource_changed(&self, id: &ResourceId) {
        // Nobody listening is fine.
        let _ = self.0.resources.send(id.clone());
    }

    /// Resources that change from now on.
    pub fn resources(&self) -> broadcast::Receiver<ResourceId> {
        self.0.resources.subscribe()
    }

    /// A screen was invited, expelled, renamed or forgotten, or its lesson opened or ended.
    pub fn device_changed(&self, id: &DeviceId) {
        let _ = self.0.devices.send(id.clone());
    }

    /// Screens that change from now on.
    pub fn devices(&self) -> broadcast::Receiver<DeviceId> {
        self.0.devices.subscribe()
    }

    /// A screen that waited with this secret was paired.
    pub fn screen_claimed(&self, secret: &SecretHash) {
        let _ = self.0.claims.send(secret.clone());
    }

    /// Screens that are paired from now on.
    pub fn screen_claims(&self) -> broadcast::Receiver<SecretHash> {
        self.0.claims.subscribe()
    }

    /// Lessons of a timetable changed.
    pub fn timetable_changed(&self, touched: Touched) {
        let _ = self.0.timetable.send(Arc::new(touched));
    }

    /// Timetable lessons that change from now on.
    pub fn timetable(&self) -> broadcast::Receiver<Arc<Touched>> {
        self.0.timetable.subscribe()
    }

    /// There may be work for a recorder.
    pub fn jobs_changed(&self) {
        self.0.jobs.notify_one();
    }

    /// Waits for work; only the composer does.
    pub async fn wait_for_jobs(&self) {
        self.0.jobs.notified().await;
    }
}
