//! `tongtang demo`: a made-up county in an empty database, whether or not the server runs.

use super::{CliError, links, serve};
use crate::clock;
use crate::demo::{County, Scale, county};
use clap::Args;
use tongtang_config::Config;
use tongtang_protocol::day::Day;
use tongtang_protocol::places::OrgKind;

/// What stands behind `tongtang demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Another number, another county
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

const REFUSED: &str = "\
数据库里已有单位，没有写入演示数据。演示县只用于空数据库：请在配置中换一个 data_dir 或 database_url。
There are places in the database already, so nothing was written. The demo is for an empty database: name another data_dir or database_url.";

/// Writes the county, and says what it is and what to open.
pub async fn run(config: &Config, args: &DemoArgs) -> Result<String, CliError> {
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|error| CliError::Said(format!("cannot use {}: {error}", config.data_dir.display())))?;
    let store = serve::open_store(config).await?;
    let now = clock::now();
    let made = county(Scale::default(), args.seed, Day::of(now));
    let founded = store.found_county(&made, now).await;
    store.close().await;
    match founded.map_err(|error| CliError::Said(error.to_string()))? {
        true => Ok(said(&made, &links::base_url(config))),
        false => Err(CliError::Said(REFUSED.to_owned())),
    }
}

fn said(made: &County, base: &str) -> String {
    let schools = made.orgs.iter().filter(|org| org.kind == OrgKind::School).count();
    let masters = made.teachers.iter().filter(|teacher| teacher.max_delivered > 0).count();
    let capture = made.classrooms.iter().filter(|room| room.max_receivers > 0).count();
    let name = made.orgs.iter().find(|org| org.id == made.county).map_or("", |org| org.name.as_str());
    let (rooms, classes, teachers) = (made.classrooms.len(), made.classes.len(), made.teachers.len());
    let (term, first_day, bells) = (&made.term.name, made.term.first_day, made.bells.len());
    format!(
        "已写入演示数据 · a made-up county is in the database: {name}
  学校与教学点 schools      {schools}
  教室 classrooms           {rooms} (可主讲 to teach from: {capture})
  班级 classes              {classes}
  教师 teachers             {teachers} (可专递 who deliver: {masters})
  作息时间 bell schedules   {bells}
  学期 term                 {term} ({first_day})

  接下来 next
  1. 启动服务 start the server, if it does not run:  tongtang serve
  2. 取得管理员链接 get the administrator's link:     tongtang setup-link
  3. 打开 open it; the pages are at                   {base}"
    )
}
