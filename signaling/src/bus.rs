//! What one part of this process tells the others: that something changed, never what. Who hears it
//! looks into the store, so a lost message costs a look, not a fact.

use std::sync::Arc;
use tokio::sync::{Notify, broadcast};
use tongtang_protocol::ids::{DeviceId, ResourceId};

/// Messages kept for a slow listener; one that falls further behind is told so and looks at everything.
const MAX_KEPT: usize = 256;

/// The bus. Cheap to clone.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    resources: broadcast::Sender<ResourceId>,
    devices: broadcast::Sender<DeviceId>,
    jobs: Notify,
}

impl Default for Bus {
    fn default() -> Self {
        Self(Arc::new(Inner {
            resources: broadcast::Sender::new(MAX_KEPT),
            devices: broadcast::Sender::new(MAX_KEPT),
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

    /// There may be work for a recorder.
    pub fn jobs_changed(&self) {
        self.0.jobs.notify_one();
    }

    /// Waits for work; only the composer does.
    pub async fn wait_for_jobs(&self) {
        self.0.jobs.notified().await;
    }
}
