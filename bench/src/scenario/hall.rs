//! A fresh server with publishers and subscribers around it, as every scenario begins.

use super::{Measured, Settings, window};
use crate::audience::Audience;
use crate::join::{Place, Screens};
use crate::peer::Identity;
use crate::sfu::Sfu;
use crate::studio::{self, Studio};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

/// Who will publish and subscribe.
pub struct Around {
    /// Publishers.
    pub studio: Studio,
    /// Subscribers.
    pub audience: Audience,
    identity: Arc<Identity>,
}

impl Around {
    /// Nobody yet; of each subscriber's packets one in `sample_every` will be opened.
    pub fn build(settings: &Settings, sample_every: u32) -> anyhow::Result<Self> {
        Ok(Self {
            studio: Studio::start()?,
            audience: Audience::start(settings.reception, sample_every)?,
            identity: Identity::generate(settings.profile)?,
        })
    }

    /// Where sessions are opened, and where they live.
    pub fn place(&self, server: SocketAddr) -> Place<'_> {
        let Self { studio, audience, identity } = self;
        Place { server, identity, studio, audience }
    }
}

/// One run's server and load.
pub struct Hall {
    /// The server.
    pub sfu: Sfu,
    /// The load.
    pub around: Around,
}

impl Hall {
    /// A server with nobody around; of each subscriber's packets one in `sample_every` will be opened.
    pub fn open(settings: &Settings, sample_every: u32) -> anyhow::Result<Self> {
        Ok(Self { sfu: Sfu::start(&settings.program)?, around: Around::build(settings, sample_every)? })
    }

    /// Where sessions are opened, and where they live.
    pub fn place(&self) -> Place<'_> {
        self.around.place(self.sfu.http)
    }

    /// Joins these and waits until their media have come and settled. Gives why it were not more, and what the server's
    /// memory grew by for each.
    pub fn fill(
        &self,
        settings: &Settings,
        screens: &Screens<'_>,
    ) -> anyhow::Result<(Option<String>, Option<f64>)> {
        let empty = self.sfu.process.resident_bytes()?;
        let joined = self.place().subscribe(screens)?;
        std::thread::sleep(settings.warm_up);
        let full = self.sfu.process.resident_bytes()?;
        Ok((joined.refusal, Some(full.saturating_sub(empty) as f64 / joined.count as f64)))
    }

    /// Measures now. `counted`: numbers of the subscribers that are meant.
    pub fn measure(
        &self,
        settings: &Settings,
        counted: Range<usize>,
        expected: &dyn Fn(&studio::View, usize) -> u64,
    ) -> anyhow::Result<Measured> {
        let load = window::Load {
            server: &self.sfu.process,
            server_ports: &self.sfu.process.udp_ports()?,
            studio: &self.around.studio,
            audience: &self.around.audience,
            expected,
            counted,
        };
        load.measure(settings.window)
    }
}
