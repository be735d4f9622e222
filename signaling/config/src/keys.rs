//! What each key expects, in words, with an example: the text of error messages.
//!
//! A test holds this list, [`Config`](crate::Config) and `tongtang.example.toml` together.

/// One key of `tongtang.toml`.
pub struct Key {
    /// Dotted, e.g. `http.listen`.
    pub name: &'static str,
    /// What stands there, in words.
    pub expected: &'static str,
    /// A line that works.
    pub example: &'static str,
}

const ADDRESS: &str = "an IP address and a port";
const BOOLEAN: &str = "true or false";
const PATH: &str = "a path";
const URL: &str = "the address signaling's HTTP listens on";
const NODE_ID: &str = "a name of letters, digits, - and _, unique among nodes";

const fn key(name: &'static str, expected: &'static str, example: &'static str) -> Key {
    Key { name, expected, example }
}

/// All keys.
pub const KEYS: &[Key] = &[
    key("data_dir", PATH, r#"data_dir = "/var/lib/tongtang""#),
    key(
        "database_url",
        "the address of a PostgreSQL database, or nothing for SQLite in data_dir",
        r#"database_url = "postgres://tongtang:PASSWORD@db.example.cn:5432/tongtang""#,
    ),
    key("log.filter", "a tracing filter", r#"filter = "info,tongtang_sfu=debug""#),
    key("log.format", r#""auto", "text" or "json""#, r#"format = "json""#),
    key("http.listen", ADDRESS, r#"listen = "127.0.0.1:8080""#),
    key(
        "http.public_url",
        "the address people type, or nothing",
        r#"public_url = "https://lessons.example.cn""#,
    ),
    key(
        "http.trusted_proxies",
        "a list of the IP addresses of reverse proxies",
        r#"trusted_proxies = ["10.0.0.5"]"#,
    ),
    key("https.enabled", BOOLEAN, "enabled = true"),
    key("https.listen", ADDRESS, r#"listen = "0.0.0.0:8443""#),
    key(
        "https.certificate_file",
        "the path of a PEM certificate chain, or nothing",
        r#"certificate_file = "/etc/tongtang/fullchain.pem""#,
    ),
    key(
        "https.key_file",
        "the path of a PEM private key, or nothing",
        r#"key_file = "/etc/tongtang/privkey.pem""#,
    ),
    key(
        "oidc.issuer",
        "the https:// address of an OpenID provider, or nothing",
        r#"issuer = "https://sso.example.cn/realms/county""#,
    ),
    key("oidc.client_id", "what the provider calls this server", r#"client_id = "tongtang""#),
    key("oidc.client_secret", "the secret the provider gave this server", r#"client_secret = "SECRET""#),
    key("oidc.name", "what the button on the sign-in page says", r#"name = "教育云""#),
    key("oidc.groups_claim", "the claim that lists a person's groups", r#"groups_claim = "groups""#),
    key(
        "oidc.groups",
        "a list of groups, each with a role (administrator, scheduler, master_teacher, assistant, researcher, it, auditor) and a place's code",
        r#"groups = [{ group = "county-it", role = "it", org = "331121" }]"#,
    ),
    key("supervise.sfu", BOOLEAN, "sfu = true"),
    key("supervise.recorder", BOOLEAN, "recorder = true"),
    key("sfu.node_id", NODE_ID, r#"node_id = "sfu-1""#),
    key("sfu.http_listen", ADDRESS, r#"http_listen = "127.0.0.1:8081""#),
    key("sfu.udp_port", "a port, 1 to 65535", "udp_port = 7880"),
    key("sfu.workers", "a number, 0 (one for each core) to 64", "workers = 4"),
    key("sfu.pin_workers", BOOLEAN, "pin_workers = true"),
    key("sfu.tcp", BOOLEAN, "tcp = true"),
    key("sfu.tcp_port", "a port, or 0 for the number of udp_port", "tcp_port = 443"),
    key("sfu.dscp", "a number, 0 to 63", "dscp = 34"),
    key("sfu.addresses", "a list of this machine's IP addresses", r#"addresses = ["192.168.1.20"]"#),
    key(
        "sfu.ice_servers",
        "a list of STUN and TURN servers",
        r#"ice_servers = [{ url = "turn:turn.example.cn", username = "u", credential = "p" }]"#,
    ),
    key("sfu.tap_listen", ADDRESS, r#"tap_listen = "127.0.0.1:7879""#),
    key("sfu.signaling_url", URL, r#"signaling_url = "http://127.0.0.1:8080""#),
    key("recorder.node_id", NODE_ID, r#"node_id = "recorder-1""#),
    key("recorder.http_listen", ADDRESS, r#"http_listen = "127.0.0.1:8082""#),
    key("recorder.media_dir", PATH, r#"media_dir = "/srv/lessons""#),
    key("recorder.min_free_bytes", "a number of bytes", "min_free_bytes = 2147483648"),
    key("recorder.compose_jobs", "a number, 1 to 16", "compose_jobs = 1"),
    key("recorder.signaling_url", URL, r#"signaling_url = "http://127.0.0.1:8080""#),
];

/// The key of that dotted name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The known key that looks most like `name`, if any looks like it at all.
///
/// A key in the wrong section (`udp_port` under `[http]`) counts as near.
pub fn nearest(name: &str) -> Option<&'static Key> {
    let last = |dotted: &str| dotted.rsplit('.').next().unwrap_or_default().to_owned();
    let whole = |key: &Key| strsim::jaro_winkler(name, key.name);
    let tail = |key: &Key| strsim::jaro_winkler(&last(name), &last(key.name)) * 0.98;
    let section = |dotted: &str| dotted.split_once('.').map_or("", |(section, _)| section).to_owned();
    let home = |key: &Key| strsim::jaro_winkler(&section(name), &section(key.name)) * 0.02;
    KEYS.iter()
        .map(|key| (whole(key).max(tail(key)) + home(key), key))
        .filter(|(score, _)| *score >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

/// The keys of a list's entries.
const ENTRIES: &[(&str, &[&str])] =
    &[("sfu.ice_servers", &["url", "username", "credential"]), ("oidc.groups", &["group", "role", "org"])];

/// A key inside an entry of the list `name` that no entry has, and the one that looks most like it.
pub fn unknown_in_entry(name: &str, entry: &toml::Table) -> Option<(String, Option<&'static str>)> {
    let (_, known) = ENTRIES.iter().find(|(list, _)| *list == name)?;
    let odd = entry.keys().find(|key| !known.contains(&key.as_str()))?;
    let near = known
        .iter()
        .map(|key| (strsim::jaro_winkler(odd, key), *key))
        .filter(|(score, _)| *score >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Some((odd.clone(), near.map(|(_, key)| key)))
}

/// The key that a variable of the environment without `__` was meant to be, if it looks like one:
/// `datadir` or `http_listen`, written without the dot's two underscores.
pub fn nearest_of_variable(name: &str) -> Option<&'static Key> {
    let squeezed = |name: &str| name.replace(['.', '_'], "");
    KEYS.iter()
        .map(|key| (strsim::jaro_winkler(&squeezed(name), &squeezed(key.name)), key))
        .filter(|(score, _)| *score >= SAME_BUT_FOR_A_SLIP)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

/// Similarity from which a variable is a slip of ours and not somebody else's variable.
const SAME_BUT_FOR_A_SLIP: f64 = 0.92;

/// Jaro-Winkler similarity from which a suggestion helps more than it misleads.
const NEAR: f64 = 0.8;
