//! A fresh server with publishers and subscribers around it, as every scenario begins.

use super::{Measured, Settings, window};
use crate::audience::Audience;
use crate::departures::Board;
use crate::join::{Place, Screens};
use crate::peer::Identity;
use crate::sfu::Sfu;
use crate::studio::{self, Studio};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who will publish and subscribe.
pub struct Around {
    /// Publishers.
    pub studio: Studio,
    /// Subscribers.
    pub audience: Audience,
    identity: Arc<Identity>,
    board: Board,
}

impl Around {
    /// Nobody yet; of each subscriber's packets one in `sample_every` will be opened.
    pub fn build(settings: &Settings, sample_every: u32) -> anyhow::Result<Self> {
        Ok(Self {
            studio: Studio::start()?,
            audience: Audience::start(settings.reception, sample_every)?,
            identity: Identity::generate(settings.profile)?,
            board: Board::default(),
        })
    }

    /// Where sessions are opened, and where they live.
    pub fn place(&self, server: SocketAddr) -> Place<'_> {
        let Self { studio, audience, identity, board } = self;
        Place { server, identity, studio, audience, board }
    }
}

/// How long the server's memory is watched to see what its publishers alone make it grow by.
const DRIFT_LOOK: Duration = Duration::from_millis(500);

/// The server's memory at a moment, and how it grew after it.
struct Drift {
    resident_bytes: f64,
    bytes_a_second: f64,
}

/// How an audience came.
pub struct Filled {
    /// Why it were not more.
    pub refusal: Option<String>,
    /// What the server's memory grew by for each, without what its publishers alone made it grow by before and after: half
    /// the sum of both rates, for as long as it took.
    pub memory_bytes_per_subscriber: Option<f64>,
    /// With them.
    pub memory_growth_bytes_per_subscriber: Option<f64>,
}

impl Filled {
    /// A measurement with these figures too.
    pub fn with(self, measured: Measured) -> Measured {
        Measured {
            refusal: self.refusal,
            memory_bytes_per_subscriber: self.memory_bytes_per_subscriber,
            memory_growth_bytes_per_subscriber: self.memory_growth_bytes_per_subscriber,
            ..measured
        }
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

    /// Joins these and waits until their media have come and settled.
    pub fn fill(&self, settings: &Settings, screens: &Screens<'_>) -> anyhow::Result<Filled> {
        let before = self.drift()?;
        let begin = Instant::now();
        let joined = self.place().subscribe(screens)?;
        std::thread::sleep(settings.warm_up);
        let passed = begin.elapsed().as_secs_f64();
        let after = self.drift()?;
        let growth = after.resident_bytes - before.resident_bytes;
        let publishers = (before.bytes_a_second + after.bytes_a_second) / 2.0 * passed;
        let each = |bytes: f64| Some(bytes.max(0.0) / joined.count as f64);
        Ok(Filled {
            refusal: joined.refusal,
            memory_bytes_per_subscriber: each(growth - publishers),
            memory_growth_bytes_per_subscriber: each(growth),
        })
    }

    /// How the server's memory grows while nobody joins: its publishers' caches fill for the first 20 s.
    fn drift(&self) -> anyhow::Result<Drift> {
        let resident_bytes = self.sfu.process.resident_bytes()? as f64;
        let begin = Instant::now();
        std::thread::sleep(DRIFT_LOOK);
        let later = self.sfu.process.resident_bytes()? as f64;
        let bytes_a_second = (later - resident_bytes) / begin.elapsed().as_secs_f64();
        Ok(Drift { resident_bytes, bytes_a_second })
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
            metrics: Some(self.sfu.http),
            studio: &self.around.studio,
            audience: &self.around.audience,
            expected,
            counted,
        };
        load.measure(settings.window)
    }
}
