//! Opening the database: which one it is, how its connections are set, and what is wrong with it in words.
//!
//! The SQL of all modules is written once; this file and `transaction` are the only ones that know which
//! database it runs on.

use super::{Store, StoreError};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, ConnectOptions, Connection};
use std::path::Path;
use std::time::Duration;
use url::Url;

/// Connections to SQLite: it has one writer, so more only help reading.
const MAX_SQLITE_CONNECTIONS: u32 = 4;

/// Connections to PostgreSQL from one signaling process; its own limit is 100 unless told otherwise.
const MAX_POSTGRES_CONNECTIONS: u32 = 16;

/// The oldest PostgreSQL whose SQL ours was tested with, as `server_version_num` counts.
const OLDEST_POSTGRES: i64 = 150_000;

/// Longest wait for PostgreSQL's first answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Parameters of `database_url` that are passed on. Others are refused: a slip would be silent.
const PARAMETERS: &[&str] =
    &["application_name", "host", "port", "sslcert", "sslkey", "sslmode", "sslrootcert"];

/// `busy_timeout`: how long a statement waits for another process' lock (a backup, the command line).
/// `synchronous=FULL`: what was answered survives a power cut.
const SQLITE_PRAGMAS: &str =
    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
     PRAGMA foreign_keys = ON";

/// A process that is cut off in the middle of a transaction holds what it locked no longer than a minute.
const POSTGRES_SETTINGS: &str =
    "SET client_min_messages = warning; SET idle_in_transaction_session_timeout = '60s'";

/// Which database the truth is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// A file of our own.
    Sqlite,
    /// A server, shared by several signaling processes.
    Postgres,
}

/// Why there is no connection. The address is shown without user and password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// `database_url` is no address of PostgreSQL.
    #[error(
        "database_url: {0}; it looks like this: postgres://tongtang:PASSWORD@db.example.cn:5432/tongtang"
    )]
    Address(String),
    /// Nobody answers there.
    #[error(
        "PostgreSQL at {place} cannot be reached ({why}): see that it runs, that database_url names its host and port, \
         and that no firewall stands between"
    )]
    Unreachable {
        /// Host, port and database.
        place: String,
        /// What the network said.
        why: String,
    },
    /// It answers, and there is no TLS with it.
    #[error(
        "PostgreSQL at {place} is not trusted ({why}): name the authority of its certificate in database_url \
         (sslrootcert=FILE), and use a host name that stands in it"
    )]
    Untrusted {
        /// Host, port and database.
        place: String,
        /// What TLS said.
        why: String,
    },
    /// It answers, and does not let us in.
    #[error(
        "PostgreSQL at {place} refuses the connection ({why}): see that the user, password and database of database_url \
         exist, and that its pg_hba.conf lets this machine in"
    )]
    Refused {
        /// Host, port and database.
        place: String,
        /// What PostgreSQL said.
        why: String,
    },
    /// Its SQL is not ours.
    #[error("PostgreSQL at {place} is version {found}; use version {needed} or newer", needed = OLDEST_POSTGRES / 10_000)]
    TooOld {
        /// Host, port and database.
        place: String,
        /// As it says.
        found: String,
    },
    /// Chinese would not fit.
    #[error(
        "the database at {place} has the encoding {found}, which cannot hold every text; make one with: \
         CREATE DATABASE tongtang ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
    )]
    Encoding {
        /// Host, port and database.
        place: String,
        /// As it says.
        found: String,
    },
}

impl Store {
    /// Opens the SQLite file `path`, creates it if it is missing, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let options = AnyConnectOptions::from_url(&sqlite_url(path)?)?;
        let pool = AnyPoolOptions::new()
            .max_connections(MAX_SQLITE_CONNECTIONS)
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::raw_sql(SQLITE_PRAGMAS).execute(connection).await.map(|_| ()) })
            })
            .connect_with(options)
            .await?;
        sqlx::migrate!("./migrations/sqlite").run(&pool).await?;
        Ok(Self { pool, dialect: Dialect::Sqlite })
    }

    /// Connects to the PostgreSQL database at `url` (`postgres://user:password@host:port/database`, or a socket's
    /// folder as `?host=`), and brings its schema up to date; other signaling processes wait meanwhile.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let url = postgres_url(url)?;
        let place = place(&url);
        let options = AnyConnectOptions::from_url(&url)?;
        check(&options, &place).await?;
        let pool = AnyPoolOptions::new()
            .max_connections(MAX_POSTGRES_CONNECTIONS)
            .after_connect(|connection, _| {
                Box::pin(
                    async move { sqlx::raw_sql(POSTGRES_SETTINGS).execute(connection).await.map(|_| ()) },
                )
            })
            .connect_with(options)
            .await?;
        sqlx::migrate!("./migrations/postgres").run(&pool).await?;
        Ok(Self { pool, dialect: Dialect::Postgres })
    }
}

/// One connection, whose failure is told as it is: the pool would try again and then say that time is over.
async fn check(options: &AnyConnectOptions, place: &str) -> Result<(), StoreError> {
    let place = || place.to_owned();
    let connecting = tokio::time::timeout(ANSWERS_WITHIN, AnyConnection::connect_with(options));
    let mut connection = match connecting.await {
        Ok(Ok(connection)) => connection,
        Ok(Err(sqlx::Error::Database(error))) => {
            return Err(ConnectError::Refused { place: place(), why: error.message().to_owned() }.into());
        }
        Ok(Err(error)) if is_about_trust(&error) => {
            return Err(ConnectError::Untrusted { place: place(), why: error.to_string() }.into());
        }
        Ok(Err(error)) => {
            return Err(ConnectError::Unreachable { place: place(), why: error.to_string() }.into());
        }
        Err(_) => {
            let why = format!("no answer within {} s", ANSWERS_WITHIN.as_secs());
            return Err(ConnectError::Unreachable { place: place(), why }.into());
        }
    };
    let (number, found, encoding): (String, String, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num'), current_setting('server_version'),
             current_setting('server_encoding')",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(fits(place(), &number, found, encoding)?)
}

/// What rustls refuses comes as an error of reading.
fn is_about_trust(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}

fn fits(place: String, number: &str, found: String, encoding: String) -> Result<(), ConnectError> {
    if number.parse().unwrap_or(0) < OLDEST_POSTGRES {
        return Err(ConnectError::TooOld { place, found });
    }
    if encoding != "UTF8" {
        return Err(ConnectError::Encoding { place, found: encoding });
    }
    Ok(())
}

fn sqlite_url(path: &Path) -> Result<Url, StoreError> {
    let absolute = std::path::absolute(path).map_err(sqlx::Error::Io)?;
    let unusable = || sqlx::Error::Configuration(format!("{} is no path of a file", path.display()).into());
    let file = Url::from_file_path(absolute).map_err(|()| unusable())?;
    Ok(Url::parse(&format!("sqlite://{}?mode=rwc", file.path())).map_err(|_| unusable())?)
}

fn postgres_url(text: &str) -> Result<Url, ConnectError> {
    let url =
        Url::parse(text).map_err(|error| ConnectError::Address(format!("it is no address ({error})")))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(ConnectError::Address("it does not begin with postgres://".to_owned()));
    }
    match url.query_pairs().find(|(name, _)| !PARAMETERS.contains(&&**name)) {
        Some((name, _)) => Err(ConnectError::Address(format!(
            "unknown parameter `{name}`; there are {}",
            PARAMETERS.join(", ")
        ))),
        None => Ok(url),
    }
}

/// The address without what is secret in it.
fn place(url: &Url) -> String {
    let socket = url.query_pairs().find(|(name, _)| name == "host").map(|(_, folder)| folder.into_owned());
    let host = socket.unwrap_or_else(|| url.host_str().unwrap_or("localhost").to_owned());
    format!("{host}:{}{}", url.port().unwrap_or(5432), url.path())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_and_one_that_has_no_room_for_chinese_are_told_what_to_do() {
        let said = |number, found: &str, encoding: &str| {
            fits("db:5432/t".to_owned(), number, found.to_owned(), encoding.to_owned())
                .map_err(|error| error.to_string())
        };
        assert_eq!(said("150000", "15.0", "UTF8"), Ok(()));
        let old = said("140012", "14.12 (Debian)", "UTF8").unwrap_err();
        assert_eq!(old, "PostgreSQL at db:5432/t is version 14.12 (Debian); use version 15 or newer");
        assert!(said("150000", "15.0", "SQL_ASCII").unwrap_err().contains("ENCODING 'UTF8'"));
    }

    #[test]
    fn an_address_is_shown_without_what_is_secret_in_it() {
        for (url, shown) in [
            ("postgres://u:p@db.example.cn/t", "db.example.cn:5432/t"),
            ("postgresql://u:p@127.0.0.1:5433/t?sslmode=require", "127.0.0.1:5433/t"),
            ("postgres://u@localhost/t?host=/run/postgresql", "/run/postgresql:5432/t"),
        ] {
            assert_eq!(place(&postgres_url(url).unwrap()), shown);
        }
    }
}
