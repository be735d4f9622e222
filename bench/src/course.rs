//! Which rows are measured, in which order, and how long that takes.
//!
//! Enters: what was asked for. Leaves: the rows, and on the terminal where it stands. What was asked for by name and cannot
//! be measured here fails before anything is; what only belongs to a list is left out, and that is said.

use crate::cpu;
use crate::engine;
use crate::foreign::Against;
use crate::janus;
use crate::peer::Profile;
use crate::report::{self, Scenario};
use crate::scenario::one_teacher::Crowd;
use crate::scenario::{
    Measured, Settings, access, against, bad_subscriber, bare_loop, lessons, one_teacher, reports,
    two_workers, wall,
};
use anyhow::Context;
use std::time::{Duration, Instant};

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Name {
    /// The server's engine alone, without sockets, in simulated time
    Engine,
    /// One teacher with camera and microphone, many screens
    OneTeacher,
    /// The same for 500 screens that agree to AES-CM only
    AesCm,
    /// The same for 500 and 1,000 screens at a server with one media thread and with two
    TwoWorkers,
    /// The same for 200 screens behind 10 Mbit/s, the teacher behind 5, 10 and 50 Mbit/s
    AccessLinks,
    /// The same for 20 screens that are 200 ms away: round trips of a join
    Far,
    /// 30 small pictures on the walls of 50 teachers
    Wall,
    /// 500 screens join one lesson within 10 s
    Bell,
    /// Lessons of a teacher and 4 classrooms, pictures both ways, that all open within 30 s
    Lessons,
    /// One of 501 floods, sends garbage, is dead or slow; then 100 of 500 ask for keyframes 20 times a second
    BadSubscriber,
    /// Reports of 500 screens (and 3,000 with --full) while no media flow
    Rtcp,
    /// One teacher without simulcast for 100 screens, at our server and at Debian's Janus (as root)
    Janus,
    /// The bare loop alone, without any server; only when it is asked for
    Limit,
    /// The same as `janus` at the server that --against-whip and --against-whep name
    #[value(skip)]
    Against,
}

/// What is measured when nothing is said.
const DEFAULT: [Name; 6] =
    [Name::OneTeacher, Name::AesCm, Name::TwoWorkers, Name::Far, Name::Wall, Name::Bell];
/// Everything.
const FULL: [Name; 12] = [
    Name::Engine,
    Name::OneTeacher,
    Name::AesCm,
    Name::TwoWorkers,
    Name::AccessLinks,
    Name::Far,
    Name::Wall,
    Name::Bell,
    Name::Lessons,
    Name::BadSubscriber,
    Name::Rtcp,
    Name::Janus,
];
/// Audiences, in screens.
const DEFAULT_SUBSCRIBERS: [usize; 3] = [50, 500, 3_000];
const FULL_SUBSCRIBERS: [usize; 6] = [10, 50, 200, 500, 1_000, 3_000];

/// Screens that join at the bell, and within how long.
const BELL: (usize, Duration) = (500, Duration::from_secs(10));
/// Screens that agree to AES-CM only.
const AES_CM_SUBSCRIBERS: usize = 500;
/// Screens that only report.
const DEFAULT_REPORTERS: [usize; 1] = [500];
const FULL_REPORTERS: [usize; 2] = [500, 3_000];
/// Subscribers of the engine without sockets.
const ENGINE_SUBSCRIBERS: [usize; 3] = [5, 50, 500];

/// What was asked for.
pub struct Asked<'a> {
    /// By name; none: a list.
    pub scenarios: &'a [Name],
    /// Not these.
    pub skip: &'a [Name],
    /// Which list.
    pub is_full: bool,
    /// Audiences of one teacher; none: those of the list.
    pub subscribers: &'a [usize],
    /// How many.
    pub lessons: usize,
    /// At which other server too.
    pub against: Option<&'a Against>,
    /// Runs of each row.
    pub runs: u32,
}

/// Rows that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    name: Name,
    /// Its subscribers, lessons or Mbit/s, where there are several of its kind.
    size: usize,
    /// About how long a run takes.
    run: Duration,
}

/// What will be measured.
pub struct Course {
    parts: Vec<Part>,
    left_out: Vec<String>,
    against: Option<Against>,
    runs: u32,
}

/// Sessions that a server opens at once and then a second (`pace.rs` of the sfu), which decides how long audiences take.
const OFFERS: (f64, f64) = (400.0, 100.0);

/// About how long an audience takes to come.
fn join_seconds(subscribers: usize) -> f64 {
    let subscribers = subscribers as f64;
    (subscribers / 200.0).max((subscribers - OFFERS.0) / OFFERS.1) + 1.0
}

/// About how long a run takes, in seconds.
fn estimate(name: Name, size: usize, settings: &Settings) -> f64 {
    // A start, a warm-up, a window, two looks at memory, an end.
    let window = settings.window.as_secs_f64();
    let quiet = settings.warm_up.as_secs_f64() + window + 2.5;
    let limit = |subscribers: usize| (subscribers as f64 * 0.001_5).max(1.2) + 0.5;
    let room = |subscribers: usize| join_seconds(subscribers) + quiet;
    match name {
        Name::Engine => 0.3 + size as f64 * 0.003,
        Name::OneTeacher => room(size) + limit(size),
        Name::AesCm => room(AES_CM_SUBSCRIBERS) + 2.0 * limit(AES_CM_SUBSCRIBERS),
        Name::TwoWorkers => 2.0 * room(size.max(500)) + limit(size),
        Name::AccessLinks => room(200) + limit(200),
        Name::Far => quiet + 6.0 + limit(20),
        Name::Wall => room(50) + 1.5 + 3.0 * limit(50),
        Name::Bell => BELL.1.as_secs_f64() + quiet + limit(BELL.0),
        Name::Lessons => 32.0 + quiet + limit(500),
        Name::BadSubscriber => room(500) + 6.0 * (window + 1.5 + limit(500)),
        Name::Rtcp => room(size.max(500)) + 2.0 * window + 3.0,
        Name::Janus => 2.0 * room(100) + limit(100) + 15.0,
        Name::Limit => limit(size),
        // Where joins have no interval, as at Janus.
        Name::Against => 2.0 * room(size) + limit(size) + 15.0,
    }
}

/// Why this cannot be measured here.
fn is_missing(name: Name, settings: &Settings) -> anyhow::Result<Option<String>> {
    Ok(match name {
        Name::Janus => janus::is_missing(),
        Name::TwoWorkers if cpu::cores().len() < 2 => Some("this machine has one core".to_owned()),
        Name::TwoWorkers if !settings.program.has_workers()? => {
            Some(format!("{} has one media thread only", settings.program.path.display()))
        }
        _ => None,
    })
}

impl Course {
    /// Looks at what there is, before anything is measured.
    pub fn plan(asked: &Asked<'_>, settings: &Settings) -> anyhow::Result<Self> {
        let listed: &[Name] = match (asked.scenarios, asked.is_full) {
            // Another server is what was asked for.
            ([], false) if asked.against.is_some() => &[],
            ([], false) => &DEFAULT,
            ([], true) => &FULL,
            (named, _) => named,
        };
        let listed = [listed, if asked.against.is_some() { &[Name::Against] } else { &[] }].concat();
        let mut left_out = Vec::new();
        let mut parts = Vec::new();
        for name in listed.into_iter().filter(|name| !asked.skip.contains(name)) {
            if let Some(why) = is_missing(name, settings)? {
                let word = word(name);
                anyhow::ensure!(asked.scenarios.is_empty(), "{word} cannot be measured: {why}");
                left_out.push(format!("{word}: {why}"));
                continue;
            }
            let sizes: Vec<usize> = match name {
                Name::Engine => ENGINE_SUBSCRIBERS.to_vec(),
                Name::OneTeacher | Name::Limit | Name::Against | Name::Rtcp
                    if !asked.subscribers.is_empty() =>
                {
                    asked.subscribers.to_vec()
                }
                Name::OneTeacher if asked.is_full => FULL_SUBSCRIBERS.to_vec(),
                Name::OneTeacher | Name::Limit => DEFAULT_SUBSCRIBERS.to_vec(),
                Name::TwoWorkers => two_workers::SUBSCRIBERS.to_vec(),
                Name::AccessLinks => access::UPLINKS_MBIT.iter().map(|mbit| *mbit as usize).collect(),
                Name::Lessons => vec![asked.lessons],
                Name::Rtcp if asked.is_full => FULL_REPORTERS.to_vec(),
                Name::Rtcp => DEFAULT_REPORTERS.to_vec(),
                Name::Against => asked.against.iter().map(|against| against.subscribers).collect(),
                _ => vec![0],
            };
            let joins = asked.against.filter(|_| name == Name::Against);
            let joins = joins.map_or(Duration::ZERO, |one| one.join_interval * one.subscribers as u32);
            let run = |size| Duration::from_secs_f64(estimate(name, size, settings)) + joins;
            let part = |size| Part { name, size, run: run(size) };
            parts.extend(sizes.into_iter().map(part));
        }
        anyhow::ensure!(!parts.is_empty(), "there is nothing to measure");
        let against = asked.against.cloned();
        Ok(Self { parts, left_out, against, runs: asked.runs })
    }

    /// What is left out, and why.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Of any row.
    pub fn most_subscribers(&self) -> usize {
        let sizes = self.parts.iter().map(|part| match part.name {
            Name::OneTeacher | Name::Limit | Name::TwoWorkers | Name::Against | Name::Rtcp => part.size,
            // Publishers and subscribers.
            Name::Lessons => 2 * 5 * part.size,
            _ => 600,
        });
        sizes.max().unwrap_or_default()
    }

    fn seconds(&self, parts: &[Part]) -> f64 {
        parts.iter().map(|part| part.run.as_secs_f64() * f64::from(self.runs)).sum()
    }

    /// Measures it all, row by row.
    pub fn run(&self, settings: &Settings) -> anyhow::Result<Vec<Scenario>> {
        for why in &self.left_out {
            println!("left out: {why}");
        }
        let begin = Instant::now();
        println!(
            "{} parts, {} runs each, about {} in all",
            self.parts.len(),
            self.runs,
            minutes(self.seconds(&self.parts))
        );
        report::print_head();
        let mut rows: Vec<Scenario> = Vec::new();
        let mut refused = false;
        for (n, part) in self.parts.iter().enumerate() {
            if refused && part.name == Name::OneTeacher {
                println!("  larger audiences are left out");
                continue;
            }
            let (done, rest) = self.parts.split_at(n);
            // As much slower or faster as it went until now.
            let pace = if n == 0 { 1.0 } else { begin.elapsed().as_secs_f64() / self.seconds(done) };
            println!(
                "[{}/{}] {}: about {}, {} to go",
                n + 1,
                self.parts.len(),
                title(part),
                minutes(self.seconds(&rest[..1]) * pace),
                minutes(self.seconds(rest) * pace)
            );
            for row in self.measure(part, settings)? {
                report::print_row(&row);
                refused |= row.is_refused;
                rows.push(row);
            }
        }
        println!("measured in {}", minutes(begin.elapsed().as_secs_f64()));
        Ok(rows)
    }

    fn runs(&self, run: impl Fn(u32) -> anyhow::Result<Measured>) -> anyhow::Result<Vec<Measured>> {
        (0..self.runs).map(run).collect()
    }

    /// Of each run the figures of several rows.
    fn rows<const N: usize>(
        &self,
        names: [(&str, usize); N],
        run: impl Fn() -> anyhow::Result<[Measured; N]>,
    ) -> anyhow::Result<Vec<Scenario>> {
        let measured = (0..self.runs).map(|_| run()).collect::<anyhow::Result<Vec<_>>>()?;
        let row = |(n, (name, workers)): (usize, &(&str, usize))| {
            let runs: Vec<Measured> = measured.iter().map(|run| run[n].clone()).collect();
            Scenario::of(name, *workers, &runs)
        };
        Ok(names.iter().enumerate().map(row).collect())
    }

    fn measure(&self, part: &Part, settings: &Settings) -> anyhow::Result<Vec<Scenario>> {
        let workers = settings.program.workers;
        let row = |name: &str, runs: Vec<Measured>| Ok(vec![Scenario::of(name, workers, &runs)]);
        let crowd = Crowd::of(part.size);
        match part.name {
            Name::Engine => {
                let measured = self.runs(|seed| Ok(engine::measure(part.size, u64::from(seed) + 1)))?;
                Ok(vec![Scenario::of("engine_without_sockets", 1, &measured)])
            }
            Name::OneTeacher => row("one_teacher", self.runs(|_| one_teacher::run(settings, crowd))?),
            Name::AesCm => {
                let settings = Settings { profile: Profile::Cm, ..settings.clone() };
                let crowd = Crowd::of(AES_CM_SUBSCRIBERS);
                row("one_teacher_aes_cm", self.runs(|_| one_teacher::run(&settings, crowd))?)
            }
            Name::TwoWorkers => {
                let names = [("one_worker", 1), ("two_workers", 2)];
                self.rows(names, || two_workers::run(settings, part.size))
            }
            Name::AccessLinks => {
                let name = format!("access_links_{}_mbit_up", part.size);
                row(&name, self.runs(|_| access::run(settings, part.size as u32))?)
            }
            Name::Far => row("far", self.runs(|_| access::far(settings))?),
            Name::Wall => row("wall", self.runs(|_| wall::run(settings))?),
            Name::Bell => {
                let crowd = Crowd { within: Some(BELL.1), ..Crowd::of(BELL.0) };
                row("bell", self.runs(|_| one_teacher::run(settings, crowd))?)
            }
            Name::Lessons => row("lessons", self.runs(|run| lessons::run(settings, part.size, run == 0))?),
            Name::BadSubscriber => {
                let names = bad_subscriber::ROWS.map(|name| (name, workers));
                self.rows(names, || bad_subscriber::run(settings))
            }
            Name::Rtcp => row("rtcp", self.runs(|_| reports::run(settings, part.size))?),
            Name::Janus => {
                let names = [("one_teacher_one_layer", workers), ("janus_one_layer", 1)];
                self.rows(names, || against::janus(settings))
            }
            Name::Against => {
                let against = self.against.as_ref().context("no other server is named")?;
                let [ours, theirs] = ["beside", "against"].map(|word| format!("{word}_{}", against.name));
                let names = [(ours.as_str(), workers), (theirs.as_str(), 1)];
                self.rows(names, || against::any(settings, against))
            }
            Name::Limit => row("limit", self.runs(|_| bare_loop::run(settings, part.size))?),
        }
    }
}

/// As it is given on the command line.
fn word(name: Name) -> String {
    use clap::ValueEnum;
    name.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn title(part: &Part) -> String {
    let word = word(part.name);
    match part.name {
        Name::Against => format!("against another server × {}", part.size),
        Name::AccessLinks => format!("{word}, {} Mbit/s up", part.size),
        _ if part.size > 0 => format!("{word} × {}", part.size),
        _ => word,
    }
}

fn minutes(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.1} min", seconds / 60.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::Reception;
    use crate::media::ClipName;
    use crate::sfu::Program;

    fn settings() -> Settings {
        Settings {
            program: Program {
                path: "/no/such/tongtang-sfu".into(),
                cores: vec![0],
                workers: 1,
                arguments: Vec::new(),
            },
            own_cores: vec![0],
            clip: ClipName::default(),
            uplink_mbit: None,
            profile: Profile::default(),
            reception: Reception {
                sends_feedback: true,
                feedback_interval: Duration::from_millis(50),
                joins_datagrams: true,
            },
            warm_up: Duration::from_secs_f64(1.5),
            window: Duration::from_secs(4),
            limit_packets: 600_000,
        }
    }

    fn plan(scenarios: &[Name], skip: &[Name], is_full: bool) -> anyhow::Result<Course> {
        let against = None;
        let asked = Asked { scenarios, skip, is_full, subscribers: &[], lessons: 100, against, runs: 3 };
        Course::plan(&asked, &settings())
    }

    #[test]
    fn a_course_is_as_short_as_it_is_said_to_be() {
        let skip = [Name::TwoWorkers, Name::Janus];
        for (is_full, list, most) in [(false, &DEFAULT[..], 8.0), (true, &FULL[..], 30.0)] {
            let course = plan(&[], &skip, is_full).unwrap();
            let others = skip.iter().filter(|name| list.contains(name));
            let others: f64 = others.map(|name| estimate(*name, 0, &settings()) * 3.0).sum();
            let seconds = course.seconds(&course.parts) + others;
            assert!(seconds < most * 60.0, "{}", minutes(seconds));
        }
    }

    #[test]
    fn rows_come_in_the_order_they_were_asked_for_and_what_is_skipped_does_not() {
        let course = plan(&[Name::Wall, Name::OneTeacher, Name::Bell], &[Name::Bell], false).unwrap();
        let parts: Vec<(Name, usize)> = course.parts.iter().map(|part| (part.name, part.size)).collect();
        let teacher = DEFAULT_SUBSCRIBERS.map(|size| (Name::OneTeacher, size));
        assert_eq!(parts, [vec![(Name::Wall, 0)], teacher.to_vec()].concat());
        assert_eq!(course.most_subscribers(), 3_000);
        assert!(plan(&[Name::Wall], &[Name::Wall], false).is_err());
    }

    #[test]
    fn what_is_asked_for_by_name_and_is_not_there_fails_at_once() {
        assert!(plan(&[Name::TwoWorkers], &[], false).is_err());
    }
}
