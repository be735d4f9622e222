//! The file and the environment become a [`Config`], or an error that teaches.
//!
//! Enters: `tongtang.toml` and variables `TONGTANG_SECTION__KEY`. Leaves: a [`Config`] whose every
//! value was checked, or a [`ConfigError`] naming the place, the key, what is expected there and a
//! line that works. The environment wins over the file, the file over the defaults.

use crate::Config;
use crate::keys::{self, Key};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Read when no `--config` is given and it is there.
pub const DEFAULT_FILE: &str = "tongtang.toml";

/// Variables of the environment that begin so are settings.
pub const ENV_PREFIX: &str = "TONGTANG_";

/// The one key whose value is never repeated: it may hold a password.
const DATABASE_URL: &str = "database_url";
const CLIENT_SECRET: &str = "oidc.client_secret";

/// Said in its place.
const UNSHOWN: &str = "something else (not shown, for it may hold a password)";

/// Largest configuration file read, in bytes. A larger one is refused: it is some other file.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{path} is not valid TOML: {message}", path = path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and cause.
        message: String,
    },
    /// A key nobody knows.
    #[error("{place}: unknown key `{key}`{hint}")]
    UnknownKey {
        /// File or variable.
        place: String,
        /// As written.
        key: String,
        /// `; did you mean …?` or nothing.
        hint: String,
    },
    /// A value of the wrong kind.
    #[error("{place}: `{key}` expects {expected}, but is {found}; for example: {example}")]
    BadValue {
        /// File or variable.
        place: String,
        /// Dotted.
        key: String,
        /// In words.
        expected: String,
        /// As written.
        found: String,
        /// A line that works.
        example: String,
    },
    /// Values that are fine alone and wrong together.
    #[error("{place}: {what}")]
    Contradiction {
        /// File or environment.
        place: String,
        /// The keys and what to do.
        what: String,
    },
}

/// A value, and where it was written.
struct Setting {
    key: &'static Key,
    value: Value,
    place: String,
    /// What would work there.
    example: String,
}

impl Config {
    /// Reads `path`, or `tongtang.toml` here if it exists, then the environment.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load_with(
            path,
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))),
        )
    }

    /// The same with a given environment.
    pub fn load_with(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut settings = Vec::new();
        let default = Path::new(DEFAULT_FILE);
        if let Some(path) = path.or_else(|| default.exists().then_some(default)) {
            from_file(path, &mut settings)?;
        }
        from_environment(environment, &mut settings)?;
        let place = path.map_or_else(|| DEFAULT_FILE.to_owned(), |path| path.display().to_string());
        let config = build(settings)?;
        contradiction(&config).map_or(Ok(config), |what| Err(ConfigError::Contradiction { place, what }))
    }
}

fn from_file(path: &Path, settings: &mut Vec<Setting>) -> Result<(), ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MAX_FILE_BYTES {
        let message = format!("{bytes} bytes is no configuration (at most {MAX_FILE_BYTES})");
        return Err(ConfigError::Syntax { path: path.to_owned(), message });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
        path: path.to_owned(),
        message: said(&error, &text),
    })?;
    let place = path.display().to_string();
    for (name, value) in table {
        match value {
            Value::Table(section) => {
                for (key, value) in section {
                    settings.push(setting(&format!("{name}.{key}"), value, &place)?);
                }
            }
            value => settings.push(setting(&name, value, &place)?),
        }
    }
    Ok(())
}

/// What is wrong with the file, with the line it stands in unless that is [`DATABASE_URL`]'s.
fn said(error: &toml::de::Error, text: &str) -> String {
    let whole = error.to_string();
    if !whole.contains(DATABASE_URL) {
        return whole;
    }
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {} ({DATABASE_URL}, not shown): {}", before.matches('\n').count() + 1, error.message())
}

fn setting(name: &str, value: Value, place: &str) -> Result<Setting, ConfigError> {
    let key = keys::find(name).ok_or_else(|| unknown(name, place.to_owned()))?;
    for entry in value.as_array().into_iter().flatten().filter_map(Value::as_table) {
        if let Some((odd, near)) = keys::unknown_in_entry(name, entry) {
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let key = format!("{odd}` in an entry of `{name}");
            return Err(ConfigError::UnknownKey { place: place.to_owned(), key, hint });
        }
    }
    Ok(Setting { key, value, place: place.to_owned(), example: key.example.to_owned() })
}

fn unknown(name: &str, place: String) -> ConfigError {
    let hint = keys::nearest(name).map_or_else(
        || "; every key stands in tongtang.example.toml".to_owned(),
        |near| format!("; did you mean `{}`?", near.name),
    );
    ConfigError::UnknownKey { place, key: name.to_owned(), hint }
}

/// `TONGTANG_HTTP__LISTEN` is `http.listen`; `TONGTANG_DATA_DIR` is `data_dir`. A name without `__`
/// that is no key is somebody else's variable and is left alone, unless it is one of ours but for a
/// slip (`TONGTANG_DATADIR`, `TONGTANG_HTTP_LISTEN`).
fn from_environment(
    environment: impl IntoIterator<Item = (String, String)>,
    settings: &mut Vec<Setting>,
) -> Result<(), ConfigError> {
    for (variable, text) in environment {
        let Some(name) = variable.strip_prefix(ENV_PREFIX) else { continue };
        let name = name.to_ascii_lowercase().replace("__", ".");
        let place = format!("environment variable {variable}");
        if !name.contains('.') && keys::find(&name).is_none() {
            let Some(near) = keys::nearest_of_variable(&name) else { continue };
            let hint = format!("; did you mean {}?", variable_of(near));
            return Err(ConfigError::UnknownKey { place, key: variable, hint });
        }
        let value = typed(&name, text);
        let mut setting = setting(&name, value, &place)?;
        setting.example = example_of(setting.key);
        settings.push(setting);
    }
    Ok(())
}

/// The variable that is this key.
fn variable_of(key: &Key) -> String {
    format!("{ENV_PREFIX}{}", key.name.replace('.', "__").to_ascii_uppercase())
}

/// As it is written in a shell.
fn example_of(key: &Key) -> String {
    let value = key.example.split_once(" = ").map_or(key.example, |(_, value)| value);
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    format!("{}='{bare}'", variable_of(key))
}

/// The variable's text as the kind of value its key has; a text that is not of that kind stays text
/// and is refused with the others.
fn typed(name: &str, text: String) -> Value {
    match lookup(&defaults(), name) {
        Some(Value::Integer(_)) => text.trim().parse().map(Value::Integer).unwrap_or(Value::String(text)),
        Some(Value::Boolean(_)) => text.trim().parse().map(Value::Boolean).unwrap_or(Value::String(text)),
        Some(Value::Array(_)) => as_toml_list(&text).unwrap_or_else(|| {
            Value::Array(
                text.trim_matches(['[', ']'])
                    .split(',')
                    .map(|item| item.trim().trim_matches('"'))
                    .filter(|item| !item.is_empty())
                    .map(|item| Value::String(item.to_owned()))
                    .collect(),
            )
        }),
        _ => Value::String(text),
    }
}

/// A list written as in the file; one of addresses may also be written without quotes.
fn as_toml_list(text: &str) -> Option<Value> {
    let table: Table = format!("list = {text}").parse().ok()?;
    table.get("list").filter(|list| list.is_array()).cloned()
}

/// Every key with its default value.
fn defaults() -> Table {
    Table::try_from(Config::default()).expect("the defaults are plain values")
}

fn lookup<'a>(table: &'a Table, name: &str) -> Option<&'a Value> {
    match name.split_once('.') {
        None => table.get(name),
        Some((section, key)) => table.get(section)?.as_table()?.get(key),
    }
}

fn put(table: &mut Table, name: &str, value: Value) {
    match name.split_once('.') {
        None => _ = table.insert(name.to_owned(), value),
        Some((section, key)) => {
            if let Some(Value::Table(section)) = table.get_mut(section) {
                section.insert(key.to_owned(), value);
            }
        }
    }
}

/// Sets one value after the other, so that the first wrong one can be named.
fn build(settings: Vec<Setting>) -> Result<Config, ConfigError> {
    let mut table = defaults();
    let mut config = Config::default();
    for Setting { key, value, place, example } in settings {
        let found = if [DATABASE_URL, CLIENT_SECRET].contains(&key.name) {
            UNSHOWN.to_owned()
        } else {
            value.to_string()
        };
        put(&mut table, key.name, value);
        config =
            table.clone().try_into().ok().filter(|config| in_range(config, key.name)).ok_or_else(|| {
                ConfigError::BadValue {
                    place,
                    key: key.name.to_owned(),
                    expected: key.expected.to_owned(),
                    found,
                    example,
                }
            })?;
    }
    Ok(config)
}

/// Bounds that the types do not say.
fn in_range(config: &Config, key: &str) -> bool {
    let is_url = |text: &str| text.starts_with("http://") || text.starts_with("https://");
    let is_id = |text: &str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match key {
        "data_dir" => !config.data_dir.as_os_str().is_empty(),
        DATABASE_URL => config.database_url.is_plausible(),
        "http.public_url" => config.http.public_url.is_empty() || is_url(&config.http.public_url),
        "oidc.issuer" => config.oidc.is_issuer_safe(),
        "oidc.groups" => config.oidc.are_roles_known(),
        "sfu.udp_port" => config.sfu.udp_port != 0,
        "sfu.workers" => config.sfu.workers <= 64,
        "sfu.dscp" => config.sfu.dscp <= 63,
        "sfu.node_id" => is_id(&config.sfu.node_id),
        "sfu.signaling_url" => is_url(&config.sfu.signaling_url),
        "recorder.node_id" => is_id(&config.recorder.node_id),
        "recorder.signaling_url" => is_url(&config.recorder.signaling_url),
        "recorder.compose_jobs" => (1..=16).contains(&config.recorder.compose_jobs),
        _ => true,
    }
}

fn contradiction(config: &Config) -> Option<String> {
    let certificate = !config.https.certificate_file.as_os_str().is_empty();
    let key = !config.https.key_file.as_os_str().is_empty();
    if certificate != key {
        let (has, lacks) =
            if certificate { ("certificate_file", "key_file") } else { ("key_file", "certificate_file") };
        return Some(format!(
            "https.{has} is set but https.{lacks} is not; set both, or neither for a generated certificate"
        ));
    }
    if !config.oidc.issuer.is_empty() && config.oidc.client_id.is_empty() {
        return Some("oidc.issuer is set but oidc.client_id is not; set both, or neither".to_owned());
    }
    let mut listeners = vec![
        ("http.listen", config.http.listen),
        ("sfu.http_listen", config.sfu.http_listen),
        ("recorder.http_listen", config.recorder.http_listen),
    ];
    if config.https.enabled {
        listeners.push(("https.listen", config.https.listen));
    }
    for (at, (name, address)) in listeners.iter().enumerate() {
        let twin = listeners[..at].iter().find(|(_, other)| other == address && address.port() != 0);
        if let Some((other, _)) = twin {
            return Some(format!("{other} and {name} are both {address}; give one of them another port"));
        }
    }
    None
}
