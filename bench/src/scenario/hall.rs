//! A fresh server with publishers and subscribers around it, as every scenario begins.

use super::{Measured, Settings, window};
use crate::audience::Audience;
use crate::join::{Place, Screens};
use crate::peer::Identity;
use crate::sfu::Sfu;
use crate::studio::{self, Studio};
use std::ops::Range;
use std::sync::Arc;

/// One run's server and load.
pub struct Hall {
    /// The server.
    pub sfu: Sfu,
    /// Publishers.
    pub studio: Studio,
    /// Subscribers.
    pub audience: Audience,
    identity: Arc<Identity>,
}

impl Hall {
    /// A server; of each subscriber's packets one in `sample_every` is opened.
    pub fn open(settings: &Settings, sample_every: u32) -> anyhow::Result<Self> {
        Ok(Self {
            sfu: Sfu::start(&settings.program)?,
            studio: Studio::start()?,
            audience: Audience::start(settings.reception, sample_every)?,
            identity: Identity::generate(settings.profile)?,
        })
    }

    /// Where sessions are opened.
    pub fn place(&self) -> Place<'_> {
        Place {
            server: self.sfu.http,
            identity: &self.identity,
            studio: &self.studio,
            audience: &self.audience,
        }
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
            server_ports: &self.sfu.udp_ports()?,
            studio: &self.studio,
            audience: &self.audience,
            expected,
            counted,
        };
        load.measure(settings.window)
    }
}
