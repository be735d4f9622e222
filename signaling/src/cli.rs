//! The command line: what can be typed, and what `--help` teaches.
//!
//! Enters: arguments. Leaves: an exit status, an answer on standard output, and on standard error
//! what went wrong, why, and what to do.

mod account;
pub mod api;
pub mod demo;
pub mod lesson;
pub mod links;
pub mod plan;
mod print;
mod read_sheet;
pub mod serve;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use tongtang_config::{Config, log};

const EXAMPLES: &str = "\
Examples:
  tongtang serve                         start everything and print the address to open
  tongtang check-config                  is tongtang.toml right?
  tongtang setup-link                    a fresh link that makes its first visitor the administrator
  tongtang account invite li.na          a link by which the person with this login sets a password
  tongtang lesson create --title 茉莉花    a lesson, with its links and its code
  tongtang demo                          a made-up county to look at
  tongtang plan --instance county.json --out plan.json
  tongtang lesson create --title 茉莉花 --json | jq -r .teacher.whip_url

Configuration: ./tongtang.toml if it exists, or --config FILE; every key is explained in
tongtang.example.toml. A variable of the environment wins: TONGTANG_HTTP__LISTEN=127.0.0.1:9000.";

/// 同堂 Tongtang: live lessons for classrooms that have no teacher of their own.
#[derive(Debug, Parser)]
#[command(name = "tongtang", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    /// Configuration file [default: ./tongtang.toml if it exists]
    #[arg(long, short, global = true, value_name = "FILE", env = "TONGTANG_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server, with the media router and the recorder beside it
    ///
    /// Prints the addresses to open and, until somebody has used it, the set-up link (not into the
    /// journal of systemd: `tongtang setup-link` prints one there). Ctrl-C stops everything. If only this program is killed, lessons go on, and the next `serve` takes over.
    Serve,
    /// Say whether the configuration is right, and what is wrong with it
    CheckConfig {
        /// Print the whole configuration with all defaults and overrides, as TOML
        #[arg(long)]
        print: bool,
    },
    /// Create, list, show and end lessons on the running server
    Lesson(LessonArgs),
    /// Print a fresh one-time link that makes its first visitor the administrator
    ///
    /// Run it on the server, as the user that runs it: after a lost cookie, for another browser, for
    /// the address of the local network. It works once, and ends the link before it.
    SetupLink {
        /// Where the server is [default: http.listen of the configuration]
        #[arg(long, value_name = "URL")]
        server: Option<String>,
    },
    /// Get people into their accounts on the running server
    Account(AccountArgs),
    /// Plan a county's pairings and lessons from a file (no server needed)
    ///
    /// docs/planner.md describes both files. Ctrl-C ends it with the best plan so far.
    Plan(plan::PlanArgs),
    /// Fill an empty database with a made-up county, to look at
    ///
    /// Places, people, bell times, this term, what is taught on site; no lessons yet. The server may run meanwhile. Refused
    /// where there are places already.
    Demo(demo::DemoArgs),
    /// Print the OpenAPI document of the HTTP API (no server needed)
    Openapi,
    /// Read a spreadsheet from standard input; the server starts this for itself
    #[command(hide = true)]
    ReadSheet(read_sheet::ReadSheetArgs),
}

#[derive(Debug, Args)]
struct LessonArgs {
    /// Where the server is [default: http.listen of the configuration]
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    /// Print JSON, for scripts
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: lesson::LessonCommand,
}

#[derive(Debug, Args)]
struct AccountArgs {
    /// Where the server is [default: http.listen of the configuration]
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    #[command(subcommand)]
    command: account::AccountCommand,
}

/// Why a command failed: words for a person.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] tongtang_config::ConfigError),
    /// The log.
    #[error(transparent)]
    Log(#[from] log::FilterError),
    /// The running server.
    #[error(transparent)]
    Api(#[from] api::ApiError),
    /// Starting the server, or running it.
    #[error(transparent)]
    Serve(#[from] serve::ServeError),
    /// The secrets' files.
    #[error(transparent)]
    Secrets(#[from] tongtang_config::secrets::SecretsError),
    /// Standard output.
    #[error("the answer cannot be written: {0}")]
    Output(std::io::Error),
    /// Anything else, in words.
    #[error("{0}")]
    Said(String),
}

/// Does what the arguments ask for.
pub fn run(cli: Cli) -> Result<(), CliError> {
    let path = cli.config.as_deref();
    let answer = match cli.command {
        Command::Openapi => openapi()?,
        Command::ReadSheet(args) => return read_sheet::run(&args),
        Command::Plan(args) => plan::run(&args)?,
        Command::Demo(args) => {
            let config = Config::load(path)?;
            runtime()?.block_on(demo::run(&config, &args))?
        }
        Command::CheckConfig { print } => check_config(path, print)?,
        Command::Serve => {
            let config = Config::load(path)?;
            let shape = log::start(&config.log, &[])?;
            // Before the first thread asks for it: one crypto provider for the whole process.
            let _ = rustls::crypto::ring::default_provider().install_default();
            return Ok(runtime()?.block_on(serve::serve(config, cli.config, shape))?);
        }
        Command::Lesson(args) => {
            let config = Config::load(path)?;
            let api = api::Api::new(&config, args.server.as_deref())?;
            runtime()?.block_on(lesson::run(&api, args.command, args.json))?
        }
        Command::Account(args) => {
            let config = Config::load(path)?;
            let api = api::Api::new(&config, args.server.as_deref())?;
            runtime()?.block_on(account::run(&api, args.command))?
        }
        Command::SetupLink { server } => {
            let config = Config::load(path)?;
            let api = api::Api::new(&config, server.as_deref())?;
            let secret = runtime()?.block_on(api.setup_secret())?;
            let base = server.unwrap_or_else(|| links::base_url(&config));
            links::setup(&base, &secret)
        }
    };
    print::print(&answer).map_err(CliError::Output)
}

fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Said(format!("cannot start: {error}")))
}

fn openapi() -> Result<String, CliError> {
    serde_json::to_string_pretty(&crate::http::openapi())
        .map_err(|error| CliError::Said(format!("cannot write the document: {error}")))
}

fn check_config(path: Option<&std::path::Path>, print: bool) -> Result<String, CliError> {
    let config = Config::load(path)?;
    log::check(&config.log)?;
    if print {
        return toml::to_string(&config).map_err(|error| CliError::Said(error.to_string()));
    }
    let default = std::path::Path::new(tongtang_config::load::DEFAULT_FILE);
    let source = match path {
        Some(path) => path.display().to_string(),
        None if default.exists() => default.display().to_string(),
        None => "no file, so the defaults".to_owned(),
    };
    let https = match config.https.enabled {
        true => config.https.listen.to_string(),
        false => "off".to_owned(),
    };
    let (data, http) = (config.data_dir.display(), config.http.listen);
    Ok(format!("The configuration is right ({source}).\n  data:  {data}\n  http:  {http}\n  https: {https}"))
}
