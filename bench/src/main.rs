//! Measures what the other programs claim: real processes under a real load, beside the practical limit of the machine.
//!
//! ```text
//!  main ─▶ scenario ─▶ sfu (a process of its own) ◀── whip, sdp ── join
//!              │             ▲ RTP           │ RTP
//!              │   studio ───┘               └──▶ audience     peer: ICE, DTLS, SRTP of both
//!              │   (publisher ◀ schedule ◀ media) (subscriber ▶ received)
//!              ├─▶ limit: the bare loop over the same packets
//!              └─▶ cpu, stats ─▶ report: bench/report.json and a table
//! ```
//!
//! [`engine`] measures the server's engine without sockets, under the simulated browsers of its own tests.

mod audience;
mod cpu;
mod engine;
mod janus;
mod join;
mod limit;
mod media;
mod mmsg;
mod page;
mod payload;
mod peer;
mod publisher;
mod received;
mod report;
mod scenario;
mod schedule;
mod sdp;
mod sfu;
mod stats;
mod studio;
mod subscriber;
mod whip;

// The simulated browsers of the sfu's own tests are the engine's load.
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/browser.rs"]
mod browser;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/connection/client.rs"]
mod client;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/content.rs"]
mod content;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/offers.rs"]
mod offers;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/receiver.rs"]
mod receiver;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/sender.rs"]
mod sender;
#[allow(dead_code, clippy::unwrap_used, missing_docs, reason = "the tests use the rest")]
#[path = "../../sfu/tests/sim/world.rs"]
mod world;

use anyhow::Context;
use audience::Reception;
use clap::{Parser, ValueEnum};
use media::ClipName;
use peer::Profile;
use report::{Report, Scenario};
use scenario::{Measured, Settings, against_janus, bad_subscriber, bare_loop, lessons, one_teacher, wall};
use sfu::Program;
use std::path::PathBuf;
use std::time::Duration;

/// Engines that the simulated world has.
const WORKERS: usize = 1;

/// Puts real loads on a `tongtang-sfu` process and says what a forwarded packet costs.
#[derive(Debug, Parser)]
#[command(
    name = "tongtang-bench",
    version,
    after_help = "\
A run starts a fresh server, joins publishers and subscribers over WHIP and WHEP with real ICE, DTLS and SRTP, waits
until all have media, and measures for some seconds. Publishers replay packets recorded from Chromium; every packet that
arrives is counted, a sample (in large audiences one in 64) is opened and compared with what was published. Beside it stands the bare loop that seals
and sends the same packets to as many sockets: what counts is the ratio.

  ns/pkt    CPU time of the server's process for each packet of media that arrived
  limit     the same of the bare loop
  p50 p99   from the publisher's send call to the subscriber's socket, in microseconds
  join      from the request to the first packet of media, in milliseconds
  server    the server's use of a core; bench: for how much of the time the receiving thread had something to do

Examples:
  tongtang-bench                                          what matters most, some five minutes
  tongtang-bench one-teacher --subscribers 10,50 --runs 1 a quick look
  tongtang-bench one-teacher --subscribers 50 --uplink-mbit 10 --clip vp8-720p
  tongtang-bench one-teacher --subscribers 50 --profile cm --feedback-ms 0
  tongtang-bench limit --subscribers 500,3000 --no-gro

The server runs on the first cores, the bench on the others (with one core: on the same). Medians of the runs and their
spread are written to bench/report.json."
)]
struct Arguments {
    /// What to measure [default: engine, one-teacher, wall and bell]
    #[arg(value_enum, value_name = "SCENARIO")]
    scenarios: Vec<Name>,

    /// How many screens, one row each; what the server refuses is left out, and said
    #[arg(long, value_delimiter = ',', default_values_t = [50, 500, 3_000])]
    subscribers: Vec<usize>,

    /// How many lessons at once
    #[arg(long, default_value_t = 100, value_name = "LESSONS")]
    lessons: usize,

    /// Runs of each row; the report has the medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,

    /// Seconds that are measured in a run
    #[arg(long, default_value_t = 6.0, value_name = "SECONDS")]
    seconds: f64,

    /// Seconds from the last join to the measurement
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS")]
    warm_up: f64,

    /// What cameras send
    #[arg(long, value_enum, default_value_t)]
    clip: ClipName,

    /// Rate of publishers' access links, over which their packets are spread [default: as recorded]
    #[arg(long, value_name = "MBIT/S")]
    uplink_mbit: Option<f64>,

    /// SRTP profile that clients offer
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,

    /// Between a subscriber's transport-wide feedbacks; 0: it sends none. Chromium's is 50
    #[arg(long, default_value_t = 50, value_name = "MILLISECONDS")]
    feedback_ms: u64,

    /// Receive each datagram by itself (without UDP_GRO): the server's kernel then cuts its runs, as for a network
    /// card that cannot
    #[arg(long)]
    no_gro: bool,

    /// The server [default: the tongtang-sfu beside this program]
    #[arg(long, value_name = "PROGRAM")]
    sfu: Option<PathBuf>,

    /// A further argument for the server; may be repeated
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    sfu_arg: Vec<String>,

    /// Cores for the server
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    workers: u16,

    /// Where the report is written
    #[arg(long, default_value = "bench/report.json", value_name = "FILE")]
    report: PathBuf,

    /// Keep the rows of an earlier report of the same build that are not measured now
    #[arg(long)]
    add: bool,

    /// Also write this page, and its pictures into images/ beside it
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// The server's engine alone, without sockets, in simulated time
    Engine,
    /// One teacher with camera and microphone, many screens
    OneTeacher,
    /// The same for 500 screens that agree to AES-CM only
    AesCm,
    /// 30 small pictures on the walls of 50 teachers
    Wall,
    /// 500 screens join one lesson within 10 s
    Bell,
    /// Lessons of a teacher and 4 classrooms, pictures both ways, that all open within 30 s
    Lessons,
    /// One of 501 floods, sends garbage or is dead; then 100 of 500 ask for keyframes 20 times a second
    BadSubscriber,
    /// One teacher without simulcast for 100 screens, at our server and at Debian's Janus (as root)
    Janus,
    /// The bare loop alone, without any server; only when it is asked for
    Limit,
}

/// What is measured when nothing is said.
const DEFAULT: [Name; 4] = [Name::Engine, Name::OneTeacher, Name::Wall, Name::Bell];

/// Screens that join at the bell, and within how long.
const BELL: (usize, Duration) = (500, Duration::from_secs(10));
/// Screens that agree to AES-CM only.
const AES_CM_SUBSCRIBERS: usize = 500;

/// Subscribers of the engine without sockets.
const ENGINE_SUBSCRIBERS: [usize; 3] = [5, 50, 500];

impl Arguments {
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut cores = cpu::cores();
        let path = match &self.sfu {
            Some(path) => std::path::absolute(path)?,
            None => Program::beside_us()?,
        };
        let workers = usize::from(self.workers).min(cores.len());
        let rest = cores.split_off(workers);
        let own_cores = if rest.is_empty() { cores.clone() } else { rest };
        Ok(Settings {
            program: Program { path, cores, arguments: self.sfu_arg.clone() },
            workers: usize::from(self.workers),
            own_cores,
            clip: self.clip,
            uplink_mbit: self.uplink_mbit,
            profile: self.profile,
            reception: Reception {
                sends_feedback: self.feedback_ms > 0,
                feedback_interval: Duration::from_millis(if self.feedback_ms > 0 {
                    self.feedback_ms
                } else {
                    50
                }),
                joins_datagrams: !self.no_gro,
            },
            warm_up: Duration::from_secs_f64(self.warm_up),
            window: Duration::from_secs_f64(self.seconds),
            limit_packets: 600_000,
        })
    }
}

/// A socket for each of thousands of subscribers: as many as this user may have.
fn allow_sockets() -> anyhow::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(())
}

/// Measures what was chosen, row by row.
fn measure(arguments: &Arguments) -> anyhow::Result<Vec<Scenario>> {
    let chosen = |name: Name| match arguments.scenarios.as_slice() {
        [] => DEFAULT.contains(&name),
        scenarios => scenarios.contains(&name),
    };
    let settings = arguments.settings()?;
    let workers = settings.workers;
    let runs = |run: &dyn Fn() -> anyhow::Result<Measured>| -> anyhow::Result<Vec<Measured>> {
        (0..arguments.runs).map(|_| run()).collect()
    };
    let mut rows: Vec<Scenario> = Vec::new();
    let mut add = |name: &str, workers: usize, runs: &[Measured]| {
        let row = Scenario::of(name, workers, runs);
        report::print_row(&row);
        rows.push(row);
    };
    report::print_head();
    if chosen(Name::Engine) {
        for subscribers in ENGINE_SUBSCRIBERS {
            let runs: Vec<Measured> =
                (1..=arguments.runs).map(|seed| engine::measure(subscribers, u64::from(seed))).collect();
            add("engine_without_sockets", 1, &runs);
        }
    }
    if chosen(Name::OneTeacher) {
        for &subscribers in &arguments.subscribers {
            let measured = runs(&|| one_teacher::run(&settings, subscribers, None))?;
            add("one_teacher", workers, &measured);
            if measured.iter().any(|run| run.refusal.is_some()) {
                println!("  larger audiences are left out");
                break;
            }
        }
    }
    if chosen(Name::AesCm) {
        let settings = Settings { profile: Profile::Cm, ..settings.clone() };
        add("one_teacher_aes_cm", workers, &runs(&|| one_teacher::run(&settings, AES_CM_SUBSCRIBERS, None))?);
    }
    if chosen(Name::Wall) {
        add("wall", workers, &runs(&|| wall::run(&settings))?);
    }
    if chosen(Name::Bell) {
        add("bell", workers, &runs(&|| one_teacher::run(&settings, BELL.0, Some(BELL.1)))?);
    }
    if chosen(Name::Lessons) {
        add("lessons", workers, &runs(&|| lessons::run(&settings, arguments.lessons))?);
    }
    if chosen(Name::BadSubscriber) {
        let measured = (0..arguments.runs).map(|_| bad_subscriber::run(&settings));
        let measured = measured.collect::<anyhow::Result<Vec<_>>>()?;
        for (n, name) in bad_subscriber::ROWS.into_iter().enumerate() {
            let runs: Vec<Measured> = measured.iter().map(|run| run[n].clone()).collect();
            add(name, workers, &runs);
        }
    }
    if chosen(Name::Janus) {
        if let Some(why) = janus::is_missing() {
            println!("  janus is left out: {why}");
        } else {
            let measured = (0..arguments.runs).map(|_| against_janus::run(&settings));
            let measured = measured.collect::<anyhow::Result<Vec<_>>>()?;
            for (n, name) in ["one_teacher_one_layer", "janus_one_layer"].into_iter().enumerate() {
                let runs: Vec<Measured> = measured.iter().map(|run| run[n].clone()).collect();
                add(name, workers, &runs);
            }
        }
    }
    if chosen(Name::Limit) {
        for &subscribers in &arguments.subscribers {
            add("limit", workers, &runs(&|| bare_loop::run(&settings, subscribers))?);
        }
    }
    Ok(rows)
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    allow_sockets()?;
    let mut report = Report::of(measure(&arguments)?);
    let is_corrupt = report.scenarios.iter().any(Scenario::is_corrupt);
    if arguments.add {
        report.add_to(Report::read(&arguments.report).context("--add wants an earlier report")?)?;
    }
    report.write(&arguments.report)?;
    println!("written to {}", arguments.report.display());
    if let Some(path) = &arguments.page {
        page::write(path, &report).with_context(|| format!("cannot write {}", path.display()))?;
        println!("and {}", path.display());
    }
    anyhow::ensure!(!is_corrupt, "subscribers got packets that nobody published");
    Ok(())
}
