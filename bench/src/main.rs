//! Measures what the other programs claim: real processes under a real load, beside the practical limit of the machine.
//!
//! ```text
//!  main ─▶ scenario ─▶ sfu (a process of its own) ◀── whip, sdp ── join
//!              │             ▲ RTP           │ RTP
//!              │   studio ───┘               └──▶ audience     peer: ICE, DTLS, SRTP of both
//!              │   (publisher ◀ schedule ◀ media) (subscriber ▶ received)
//!              ├─▶ limit: the bare loop over the same packets
//!              └─▶ cpu, metrics, stats ─▶ report: bench/report.json and a table ─▶ page: docs/performance.md
//! ```
//!
//! [`course`] says which rows are measured and how long that takes. Payloads are as Chromium made them: [`departures`] knows
//! when each packet left its publisher, [`decode`] makes pictures of what a subscriber got, [`link`] is an access link in
//! between.
//!
//! [`engine`] measures the server's engine without sockets, under the simulated browsers of its own tests.

mod audience;
mod course;
mod cpu;
mod decode;
mod departures;
mod engine;
mod foreign;
mod janus;
mod join;
mod limit;
mod link;
mod media;
mod metrics;
mod mmsg;
mod netns;
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
use clap::Parser;
use course::{Course, Name};
use foreign::{Against, Server};
use media::ClipName;
use peer::Profile;
use report::{Report, Scenario};
use scenario::Settings;
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
until all have media, and measures for some seconds. Publishers replay what Chromium's encoders made, packet by packet;
every packet that arrives is counted, a sample (in large audiences one in 64) is opened and compared with what was
published, in small audiences one picture is decoded. Beside it stands the bare loop that seals and sends the same packets
to as many sockets: what counts is the ratio.

  ns/pkt    CPU time of the server's process for each packet of media that arrived
  limit     the same of the bare loop
  p50 p99   from the publisher's send call to the subscriber's socket, in microseconds
  join      from the request to the first packet of media, in milliseconds
  server    the server's use of a core; bench: for how much of the time the receiving thread had something to do

Examples:
  tongtang-bench                                          what matters most, some six minutes
  tongtang-bench --full                                   everything, some twenty minutes
  tongtang-bench one-teacher --subscribers 10,50 --runs 1 a quick look
  tongtang-bench one-teacher --subscribers 50 --uplink-mbit 10 --clip vp8-720p
  tongtang-bench one-teacher --subscribers 50 --profile cm --feedback-ms 0
  tongtang-bench limit --subscribers 500,3000 --no-gro
  tongtang-bench --against-whip 'http://127.0.0.1:8900/whip?app=live&stream=s' \\
    --against-whep 'http://127.0.0.1:8900/whep?app=live&stream=s' --server-command 'other-server --port 8900'

The server runs on the first cores, the bench on the others (with one core, and in two-workers: on the same). Medians of
the runs and their spread are written to bench/report.json."
)]
struct Arguments {
    /// What to measure [default: one-teacher, aes-cm, two-workers, far, wall and bell]
    #[arg(value_enum, value_name = "SCENARIO")]
    scenarios: Vec<Name>,

    /// Measure everything, for audiences from 10 to 3,000
    #[arg(long, conflicts_with = "scenarios")]
    full: bool,

    /// Leave a scenario out; may be repeated
    #[arg(long, value_enum, value_name = "SCENARIO")]
    skip: Vec<Name>,

    /// How many screens, one row each; what the server refuses is left out, and said [default: 50, 500 and 3,000]
    #[arg(long, value_delimiter = ',')]
    subscribers: Vec<usize>,

    /// How many lessons at once
    #[arg(long, default_value_t = 100, value_name = "LESSONS")]
    lessons: usize,

    /// Runs of each row; the report has the medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,

    /// Seconds that are measured in a run
    #[arg(long, default_value_t = 4.0, value_name = "SECONDS")]
    seconds: f64,

    /// Seconds from the last join to the measurement
    #[arg(long, default_value_t = 1.5, value_name = "SECONDS")]
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

    /// Media threads of the server, and cores for it
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    workers: u16,

    #[command(flatten)]
    against: AgainstArguments,

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

/// The same lesson at another server.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Another server, beside ours")]
struct AgainstArguments {
    /// Where one publishes at another server, over WHIP; measured is then one teacher without simulcast, there and at our
    /// server in turn
    #[arg(long, value_name = "URL", requires = "against_whep")]
    against_whip: Option<String>,

    /// Where one subscribes there, over WHEP; {n} becomes each subscriber's number
    #[arg(long, value_name = "URL", requires = "against_whip")]
    against_whep: Option<String>,

    /// How many screens, there and here
    #[arg(long, default_value_t = 100, value_name = "SCREENS", requires = "against_whip")]
    against_subscribers: usize,

    /// Bearer token of both
    #[arg(long, value_name = "TOKEN", requires = "against_whip")]
    token: Option<String>,

    /// Its process, which with all it has started is measured
    #[arg(long, value_name = "PID", requires = "against_whip", conflicts_with = "server_command")]
    server_pid: Option<u32>,

    /// Or what a shell is told to start it, for each run anew and on the same cores as ours
    #[arg(long, value_name = "COMMAND", requires = "against_whip")]
    server_command: Option<String>,

    /// Start it in a network namespace of its own, where its address is 10.213.77.2: for servers that give no loopback
    /// candidates on machines that have no other address (as root)
    #[arg(long, requires = "server_command")]
    server_namespace: bool,

    /// From one join there to the next: for servers that cannot tell apart who comes at the same time
    #[arg(long, default_value_t = 0, value_name = "MILLISECONDS", requires = "against_whip")]
    join_interval_ms: u64,

    /// What its row is called [default: after its program]
    #[arg(long, value_name = "NAME", requires = "against_whip")]
    against_name: Option<String>,
}

impl AgainstArguments {
    fn server(&self) -> anyhow::Result<Option<Against>> {
        let Some((whip, whep)) = self.against_whip.clone().zip(self.against_whep.clone()) else {
            return Ok(None);
        };
        let in_namespace = self.server_namespace;
        if let Some(why) = in_namespace.then(netns::is_missing).flatten() {
            anyhow::bail!("no network namespace: {why}");
        }
        let server = match (self.server_pid, &self.server_command) {
            (Some(pid), _) => Server::Runs(pid),
            (None, Some(command)) => Server::Starts { command: command.clone(), in_namespace },
            (None, None) => anyhow::bail!("what is to be measured? --server-pid or --server-command tells"),
        };
        let name = match (&self.against_name, &server) {
            (Some(name), _) => name.clone(),
            (None, Server::Runs(pid)) => std::fs::read_to_string(format!("/proc/{pid}/comm"))?,
            (None, Server::Starts { command, .. }) => {
                let program = command.split_whitespace().next().unwrap_or("server");
                program.rsplit('/').next().unwrap_or(program).to_owned()
            }
        };
        let is_plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let name = name.trim().chars().map(is_plain).collect();
        let join_interval = Duration::from_millis(self.join_interval_ms);
        let (token, subscribers) = (self.token.clone(), self.against_subscribers);
        let against = Against { name, whip, whep, token, server, subscribers, join_interval };
        against.check()?;
        Ok(Some(against))
    }
}

impl Arguments {
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut cores = cpu::cores();
        let path = match &self.sfu {
            Some(path) => std::path::absolute(path)?,
            None => Program::beside_us()?,
        };
        let workers = usize::from(self.workers);
        let rest = cores.split_off(workers.min(cores.len()));
        let own_cores = if rest.is_empty() { cores.clone() } else { rest };
        Ok(Settings {
            program: Program { path, cores, workers, arguments: self.sfu_arg.clone() },
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

    fn course(&self, settings: &Settings) -> anyhow::Result<Course> {
        let against = self.against.server()?;
        let asked = course::Asked {
            scenarios: &self.scenarios,
            skip: &self.skip,
            is_full: self.full,
            subscribers: &self.subscribers,
            lessons: self.lessons,
            against: against.as_ref(),
            runs: self.runs,
        };
        Course::plan(&asked, settings)
    }
}

/// How long the machine is watched before anything is measured.
const LOOK_AT_OTHERS: Duration = Duration::from_secs(1);
/// Of all cores: what others may use without harm.
const TOLERATED_OTHERS: f64 = 0.1;

/// A socket for each of thousands of subscribers: as many as this user may have.
fn allow_sockets(wanted: usize) -> anyhow::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    anyhow::ensure!(
        hard > wanted as u64 + 256,
        "{wanted} subscribers need as many sockets, and this user may have {hard} files open (ulimit -n)"
    );
    Ok(())
}

/// Files are written at the end: better to hear now that they cannot be.
fn may_write(path: &std::path::Path) -> anyhow::Result<()> {
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(path);
    opened.map(drop).with_context(|| format!("cannot write {}", path.display()))
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let settings = arguments.settings()?;
    let course = arguments.course(&settings)?;
    allow_sockets(course.most_subscribers())?;
    let earlier = arguments.add.then(|| Report::read(&arguments.report)).transpose();
    let earlier = earlier.context("--add wants an earlier report")?;
    std::iter::once(&arguments.report).chain(&arguments.page).try_for_each(|path| may_write(path))?;
    if cfg!(debug_assertions) {
        println!("this program was built without optimisation: its figures are worthless (make bench-build)");
    }
    let others = cpu::machine_share(LOOK_AT_OTHERS)?;
    if others > TOLERATED_OTHERS {
        println!(
            "other processes use {:.0} % of this machine: what is measured now is worse than it is",
            others * 100.0
        );
    }
    let mut report = Report::of(course.run(&settings)?);
    report.others_share = Some(others);
    report.left_out = course.left_out().to_vec();
    let is_corrupt = report.scenarios.iter().any(Scenario::is_corrupt);
    if let Some(earlier) = earlier {
        report.add_to(earlier)?;
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
