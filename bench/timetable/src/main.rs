//! `make bench-timetable`: a term of 100,000 lessons on SQLite and PostgreSQL, and how long the server takes for a week page,
//! a conflict check and a change: routing, authority, SQL and JSON, without the network.
//!
//! ```text
//!  county ─▶ store (publications) ─▶ router ◀─requests─ main ─▶ bench/timetable.json, a table
//! ```

mod county;

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use clap::Parser;
use fastrand::Rng;
use serde::Serialize;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;
use tongtang::app::{App, router};
use tongtang::clock;
use tongtang::nodes::Nodes;
use tongtang::store::Store;
use tongtang_config::Config;
use tongtang_config::secrets::Secrets;
use tongtang_protocol::day::Day;
use tongtang_testing::postgres::Database;
use tower::ServiceExt;

/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// Measures a term's pages and conflict checks.
#[derive(Debug, Parser)]
struct Cli {
    /// Lessons of the term
    #[arg(long, default_value_t = 100_000)]
    lessons: usize,
    /// Requests of each kind
    #[arg(long, default_value_t = 200)]
    requests: usize,
    /// What is asked for, and in which order
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the figures go
    #[arg(long, default_value = "bench/timetable.json")]
    report: PathBuf,
}

#[derive(Debug, Serialize)]
struct Report {
    lessons: usize,
    cores: usize,
    optimised: bool,
    databases: Vec<OfDatabase>,
}

#[derive(Debug, Serialize)]
struct OfDatabase {
    database: &'static str,
    /// Of each publication of up to 20,000 lessons.
    publish_seconds: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(Debug, Serialize)]
struct Case {
    what: &'static str,
    requests: usize,
    p50_ms: f64,
    p95_ms: f64,
    worst_ms: f64,
    largest_answer_bytes: usize,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Asks {
    Teacher,
    Class,
    Classroom,
    School,
    County,
    Check,
    Change,
}

const KINDS: [(Asks, &str); 7] = [
    (Asks::Teacher, "week of a teacher"),
    (Asks::Class, "week of a class"),
    (Asks::Classroom, "week of a classroom"),
    (Asks::School, "week of a school"),
    (Asks::County, "week of the county (the first 2,000 lessons)"),
    (Asks::Check, "conflict check of a move"),
    (Asks::Change, "a move, made or refused"),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut databases = Vec::new();
    for name in ["SQLite", "PostgreSQL"] {
        databases.push(measure(&cli, name).await.context(name)?);
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let optimised = !cfg!(debug_assertions);
    let report = Report { lessons: cli.lessons, cores, optimised, databases };
    std::fs::write(&cli.report, serde_json::to_string_pretty(&report)? + "\n")?;
    Ok(())
}

async fn measure(cli: &Cli, name: &'static str) -> anyhow::Result<OfDatabase> {
    let folder = tempfile::tempdir()?;
    let server = if name == "PostgreSQL" { Some(Database::fresh().await) } else { None };
    let file = folder.path().join("tongtang.db");
    let (store, url) = match &server {
        Some(server) => (Store::connect(server.url()).await?, server.url().to_owned()),
        None => (Store::open(&file).await?, format!("sqlite://{}", file.display())),
    };
    let today = Day::of(clock::now());
    let first_day = today.plus(8 - i64::from(today.weekday()));
    county::plant(&url, first_day).await?;
    let publish_seconds = county::publish(&store, first_day, cli.lessons).await?;
    println!("{name}: {} lessons, published in {publish_seconds:.1?} s", cli.lessons);
    let config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
    let secrets = Secrets::ensure(folder.path())?;
    let nodes = Nodes::new(&secrets.control_secret, secrets.token_public_key_pem.clone());
    let router = router(App::new(config, &secrets, store.clone(), nodes)?);
    let mut asker = Asker { router, token: secrets.admin_token, rng: Rng::with_seed(cli.seed), first_day };
    let mut cases = Vec::new();
    for (asks, what) in KINDS {
        let case = asker.case(asks, what, cli).await?;
        println!("  {what:<46} p50 {:7.2} ms   p95 {:7.2} ms", case.p50_ms, case.p95_ms);
        cases.push(case);
    }
    store.close().await;
    Ok(OfDatabase { database: name, publish_seconds, cases })
}

struct Asker {
    router: Router,
    token: String,
    rng: Rng,
    first_day: Day,
}

impl Asker {
    async fn case(&mut self, asks: Asks, what: &'static str, cli: &Cli) -> anyhow::Result<Case> {
        let mut times = Vec::new();
        let mut largest = 0;
        for _ in 0..cli.requests {
            let request = self.request(asks, cli).await?;
            let begun = Instant::now();
            let (status, size) = self.ask(request).await?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            largest = largest.max(size.len());
            let expected =
                status == StatusCode::OK || matches!(asks, Asks::Change) && status == StatusCode::CONFLICT;
            ensure!(expected, "{what}: {status}");
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
        Ok(Case {
            what,
            requests: times.len(),
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            worst_ms: at(1.0),
            largest_answer_bytes: largest,
        })
    }

    async fn ask(&self, request: Request<Body>) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let answer = self.router.clone().oneshot(request).await?;
        let status = answer.status();
        Ok((status, to_bytes(answer.into_body(), MAX_ANSWER).await?.to_vec()))
    }

    fn build(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> anyhow::Result<Request<Body>> {
        let here = SocketAddr::from(([127, 0, 0, 1], 1));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .extension(ConnectInfo(here));
        Ok(request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?)
    }

    async fn request(&mut self, asks: Asks, cli: &Cli) -> anyhow::Result<Request<Body>> {
        let rng = &mut self.rng;
        let whose = match asks {
            Asks::Teacher => format!("teacher_id=per-{}", rng.usize(..county::TEACHERS)),
            Asks::Class => format!("class_id=cls-{}", rng.usize(..county::SITES)),
            Asks::Classroom => format!("classroom_id=room-{}", rng.usize(..county::TEACHERS)),
            Asks::School => format!("org_id=school-{}", rng.usize(..county::SCHOOLS)),
            Asks::County => "org_id=county".to_owned(),
            Asks::Check | Asks::Change => {
                let lesson = format!("/api/timetable-lessons/tl-{}", rng.usize(..cli.lessons));
                let days = rng.usize(..county::WEEKS) * 7 + rng.usize(..5);
                let day = self.first_day.plus(i64::try_from(days)?);
                let period = rng.usize(1..=county::PERIODS);
                let (_, seen) = self.ask(self.build(Method::GET, &lesson, None)?).await?;
                let version = serde_json::from_slice::<serde_json::Value>(&seen)?["version"].clone();
                let body = json!({"do": "move", "day": day, "period": period, "version": version});
                let what = if matches!(asks, Asks::Check) { "checks" } else { "changes" };
                return self.build(Method::POST, &format!("{lesson}/{what}"), Some(body));
            }
        };
        let week = rng.usize(1..=county::WEEKS);
        self.build(Method::GET, &format!("/api/terms/{}/weeks/{week}?{whose}", county::TERM), None)
    }
}
