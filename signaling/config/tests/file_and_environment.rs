//! Conditions: files and environments as people write them. Check: what comes out, or what is said.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use tongtang_config::{Config, ConfigError, LogFormat, keys};

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tongtang.toml");
    std::fs::write(&path, text).unwrap();
    Config::load_with(Some(&path), environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
}

fn error(text: &str, environment: &[(&str, &str)]) -> String {
    load(text, environment).unwrap_err().to_string()
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(load("", &[]).unwrap(), Config::default());
}

#[test]
fn every_key_stands_in_the_example_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tongtang.example.toml");
    let example = std::fs::read_to_string(path).unwrap();
    assert_eq!(load(&example, &[]).unwrap(), Config::default());
    let table: toml::Table = example.parse().unwrap();
    for key in keys::KEYS {
        let written = match key.name.split_once('.') {
            None => table.get(key.name),
            Some((section, name)) => table.get(section).and_then(|section| section.get(name)),
        };
        assert!(written.is_some(), "{} is missing in tongtang.example.toml", key.name);
    }
}

#[test]
fn every_key_of_the_configuration_is_described_and_its_example_works() {
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    let mut names = Vec::new();
    for (name, value) in &defaults {
        match value {
            toml::Value::Table(section) => names.extend(section.keys().map(|key| format!("{name}.{key}"))),
            _ => names.push(name.clone()),
        }
    }
    let mut described: Vec<String> = keys::KEYS.iter().map(|key| key.name.to_owned()).collect();
    names.sort();
    described.sort();
    assert_eq!(names, described);
    for key in keys::KEYS {
        let section =
            key.name.split_once('.').map(|(section, _)| format!("[{section}]\n")).unwrap_or_default();
        match load(&format!("{section}{}", key.example), &[]) {
            Ok(_) | Err(ConfigError::Contradiction { .. }) => {}
            Err(error) => panic!("{}: {error}", key.name),
        }
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let said = error("[http]\nlissten = \"127.0.0.1:80\"", &[]);
    assert!(said.contains("unknown key `http.lissten`; did you mean `http.listen`?"), "{said}");
    let said = error("[http]\nudp_port = 1", &[]);
    assert!(said.contains("did you mean `sfu.udp_port`?"), "{said}");
    let said = error("datadir = \"x\"", &[]);
    assert!(said.contains("did you mean `data_dir`?"), "{said}");
    let said = error("[recorders]\nmin_free_bytes = 1", &[]);
    assert!(said.contains("did you mean `recorder.min_free_bytes`?"), "{said}");
    let said = error("[zzz]\nqqq = 1", &[]);
    assert!(said.contains("tongtang.example.toml"), "{said}");
}

#[test]
fn a_wrong_value_names_file_key_expectation_and_example() {
    let said = error("[sfu]\nudp_port = \"many\"", &[]);
    for part in ["tongtang.toml", "`sfu.udp_port`", "a port, 1 to 65535", "\"many\"", "udp_port = 7880"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    for wrong in [
        "[sfu]\nudp_port = 0",
        "[sfu]\nudp_port = 70000",
        "[recorder]\ncompose_jobs = 0",
        "[sfu]\nnode_id = \"a/b\"",
    ] {
        assert!(matches!(load(wrong, &[]), Err(ConfigError::BadValue { .. })), "{wrong}");
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let config = load(
        "[http]\nlisten = \"127.0.0.1:1000\"",
        &[
            ("TONGTANG_HTTP__LISTEN", "127.0.0.1:2000"),
            ("TONGTANG_DATA_DIR", "/srv/t"),
            ("TONGTANG_SFU__UDP_PORT", "9000"),
            ("TONGTANG_SFU__ADDRESSES", "10.0.0.1, ::1"),
            ("TONGTANG_HTTPS__ENABLED", "false"),
            ("TONGTANG_LOG__FORMAT", "json"),
            ("TONGTANG_SOMETHING", "of somebody else"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(config.http.listen.port(), 2000);
    assert_eq!(config.data_dir, Path::new("/srv/t"));
    assert_eq!(config.sfu.udp_port, 9000);
    assert_eq!(config.sfu.addresses.len(), 2);
    assert!(!config.https.enabled);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn a_list_of_tables_can_come_from_the_environment() {
    let servers =
        r#"[{ url = "turn:turn.example.cn", username = "u", credential = "p" }, { url = "stun:s" }]"#;
    let config = load("", &[("TONGTANG_SFU__ICE_SERVERS", servers)]).unwrap();
    assert_eq!(config.sfu.ice_servers[0].username, "u");
    assert_eq!(config.sfu.ice_servers[1].url, "stun:s");
    let said = error("", &[("TONGTANG_SFU__ICE_SERVERS", "turn:turn.example.cn")]);
    let example = said.split("TONGTANG_SFU__ICE_SERVERS='").nth(1).unwrap_or_else(|| panic!("{said}"));
    let example = example.split_once('\'').unwrap().0;
    load("", &[("TONGTANG_SFU__ICE_SERVERS", example)]).unwrap();
}

#[test]
fn every_example_for_the_environment_works_there() {
    for key in keys::KEYS {
        let variable = format!("TONGTANG_{}", key.name.replace('.', "__").to_ascii_uppercase());
        let value = key.example.split_once(" = ").unwrap().1.trim_matches('"');
        match load("", &[(&variable, value)]) {
            Ok(_) | Err(ConfigError::Contradiction { .. }) => {}
            Err(error) => panic!("{variable}: {error}"),
        }
    }
}

#[test]
fn a_key_inside_an_entry_is_named_and_a_slip_in_a_variable_is_no_silence() {
    let said = error("[sfu]\nice_servers = [{ url = \"turn:t\", user = \"u\" }]", &[]);
    for part in ["`user`", "`sfu.ice_servers`", "did you mean `username`?"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    for (slip, meant) in [
        ("TONGTANG_DATADIR", "TONGTANG_DATA_DIR"),
        ("TONGTANG_DATA_DIRR", "TONGTANG_DATA_DIR"),
        ("TONGTANG_HTTP_LISTEN", "TONGTANG_HTTP__LISTEN"),
        ("TONGTANG_SFU_UDP_PORT", "TONGTANG_SFU__UDP_PORT"),
    ] {
        let said = error("", &[(slip, "x")]);
        assert!(said.contains(slip) && said.contains(&format!("did you mean {meant}?")), "{said}");
    }
    // What the tools around the programs use.
    for other in ["CONFIG", "BIN", "URL", "E2E_PATIENCE", "CHROMIUM", "FIREFOX", "SOMETHING"] {
        load("", &[(&format!("TONGTANG_{other}"), "x")]).unwrap();
    }
}

#[test]
fn a_wrong_variable_is_named() {
    let said = error("", &[("TONGTANG_HTTP__LISTN", "127.0.0.1:1")]);
    assert!(said.contains("TONGTANG_HTTP__LISTN") && said.contains("`http.listen`"), "{said}");
    let said = error("", &[("TONGTANG_SFU__UDP_PORT", "many")]);
    assert!(said.contains("TONGTANG_SFU__UDP_PORT") && said.contains("a port"), "{said}");
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    let said = error("[https]\ncertificate_file = \"a.pem\"", &[]);
    assert!(said.contains("https.key_file"), "{said}");
    let said = error("[sfu]\nhttp_listen = \"127.0.0.1:8080\"", &[]);
    assert!(said.contains("http.listen and sfu.http_listen are both 127.0.0.1:8080"), "{said}");
}

#[test]
fn a_missing_or_broken_file_says_which_and_where() {
    let said = Config::load_with(Some(Path::new("/nowhere/t.toml")), []).unwrap_err().to_string();
    assert!(said.contains("/nowhere/t.toml"), "{said}");
    let said = error("[http\n", &[]);
    assert!(said.contains("not valid TOML") && said.contains("line 1"), "{said}");
    let said = error(&"# not a setting\n".repeat(20_000), &[]);
    assert!(said.contains("320000 bytes is no configuration"), "{said}");
}

#[test]
fn an_address_with_a_password_is_taken_and_never_said_again() {
    let url = "postgres://tongtang:geheim@db.example.cn/tongtang";
    for config in [
        load(&format!("database_url = \"{url}\""), &[]).unwrap(),
        load("", &[("TONGTANG_DATABASE_URL", url)]).unwrap(),
    ] {
        assert_eq!(config.database_url.address(), Some(url));
        let printed = toml::Table::try_from(&config).unwrap().to_string();
        assert!(printed.contains("postgres://tongtang:***@db.example.cn/tongtang"), "{printed}");
        assert!(!format!("{printed}{config:?}").contains("geheim"));
    }
    for said in [
        error("database_url = \"mysql://tongtang:geheim@db\"", &[]),
        error("", &[("TONGTANG_DATABASE_URL", "tongtang:geheim@db")]),
        error("\ndatabase_url = postgres://tongtang:geheim@db", &[]),
    ] {
        assert!(said.contains("database_url") && !said.contains("geheim"), "{said}");
    }
    assert!(error("\ndatabase_url = postgres://db", &[]).contains("line 2"));
}
