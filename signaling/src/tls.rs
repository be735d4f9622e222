//! The certificate of the HTTPS listener: configured files, or one made for this machine.
//!
//! Owns `data_dir/tls/`. A made certificate names the machine's addresses and host name and is kept
//! as long as it covers them, so that browsers which were told to trust it need not be told again. One
//! made anew keeps the key and the earlier addresses: a machine that moves between two networks has one
//! certificate for both.

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tongtang_config::Config;

/// Browsers refuse certificates that live longer (Apple: 825 days for those of local authorities).
const LIFE: Duration = Duration::days(820);

/// A made certificate is renewed when it has less than this left.
const RENEW_BEFORE: Duration = Duration::days(60);

/// Names in a made certificate. Beyond, earlier addresses are left out.
const MAX_NAMES: usize = 32;

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";
/// What the made certificate was made for; when it does not cover what is now, another is made.
const MADE_FOR: &str = "made-for.json";

/// Why there is no HTTPS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("cannot use {path}: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no certificate or key.
    #[error("{path} is no PEM {what}", path = path.display())]
    NotPem {
        /// Which.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
    },
    /// Certificate and key do not work together.
    #[error(
        "the certificate cannot be used: {0}; do https.certificate_file and https.key_file belong together?"
    )]
    Unusable(#[from] rustls::Error),
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
}

#[derive(PartialEq, serde::Serialize, serde::Deserialize)]
struct MadeFor {
    names: Vec<String>,
    until_unix_s: i64,
}

/// TLS as configured, or with the certificate of this machine.
pub fn server_config(
    config: &Config,
    host_name: Option<String>,
    addresses: &[IpAddr],
) -> Result<Arc<ServerConfig>, TlsError> {
    let (certificate, key) = if config.https.certificate_file.as_os_str().is_empty() {
        made(&config.data_dir.join("tls"), host_name, addresses, OffsetDateTime::now_utc())?
    } else {
        (config.https.certificate_file.clone(), config.https.key_file.clone())
    };
    from_files(&certificate, &key)
}

fn from_files(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<_, _>>()
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .ok_or_else(|| TlsError::NotPem { path: certificate.to_owned(), what: "certificate" })?;
    let key = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|_| TlsError::NotPem { path: key.to_owned(), what: "private key" })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The paths of this machine's certificate and key, made now if they do not fit any more.
fn made(
    folder: &Path,
    host_name: Option<String>,
    addresses: &[IpAddr],
    now: OffsetDateTime,
) -> Result<(PathBuf, PathBuf), TlsError> {
    let mut names: Vec<String> = vec!["localhost".into(), "127.0.0.1".into(), "::1".into()];
    if let Some(host) = host_name {
        names.push(format!("{host}.local"));
        names.push(host);
    }
    names.extend(addresses.iter().map(IpAddr::to_string));
    let paths = (folder.join(CERTIFICATE), folder.join(KEY));
    let note = folder.join(MADE_FOR);
    let known: Option<MadeFor> = fs::read(&note).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let young = known.filter(|known| known.until_unix_s > (now + RENEW_BEFORE).unix_timestamp());
    if let Some(known) = &young
        && names.iter().all(|name| known.names.contains(name))
        && from_files(&paths.0, &paths.1).is_ok()
    {
        return Ok(paths);
    }
    for earlier in young.into_iter().flat_map(|known| known.names) {
        if names.len() < MAX_NAMES && !names.contains(&earlier) {
            names.push(earlier);
        }
    }
    let kept = fs::read_to_string(&paths.1).ok().and_then(|pem| KeyPair::from_pem(&pem).ok());
    let key = kept.map_or_else(KeyPair::generate, Ok)?;
    let mut params = CertificateParams::new(names.clone())?;
    params.distinguished_name.push(DnType::CommonName, "Tongtang");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = now - Duration::days(1);
    params.not_after = now + LIFE;
    let certificate = params.self_signed(&key)?;
    fs::create_dir_all(folder).map_err(|source| TlsError::Io { path: folder.to_owned(), source })?;
    let made_for = MadeFor { names, until_unix_s: params.not_after.unix_timestamp() };
    write(&paths.1, &key.serialize_pem())?;
    write(&paths.0, &certificate.pem())?;
    write(&note, &serde_json::to_string(&made_for).unwrap_or_default())?;
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Io { path: path.to_owned(), source })
}

fn write(path: &Path, text: &str) -> Result<(), TlsError> {
    let attempt = || {
        let mut file =
            fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    attempt().map_err(|source| TlsError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(folder: &Path, address: &str, days_later: i64) -> String {
        let now = OffsetDateTime::now_utc() + Duration::days(days_later);
        let (certificate, _) = made(folder, Some("school".into()), &[address.parse().unwrap()], now).unwrap();
        fs::read_to_string(certificate).unwrap()
    }

    #[test]
    fn a_certificate_stays_while_it_covers_the_addresses_and_is_young_and_its_key_stays_longer() {
        let folder = tempfile::tempdir().unwrap();
        let key = || fs::read_to_string(folder.path().join(KEY)).unwrap();
        let first = make(folder.path(), "192.168.1.20", 0);
        let first_key = key();
        assert_eq!(make(folder.path(), "192.168.1.20", 1), first);
        let moved = make(folder.path(), "192.168.1.21", 1);
        assert_ne!(moved, first);
        assert_eq!(make(folder.path(), "192.168.1.20", 2), moved, "back again: it covers both");
        let fewer = made(folder.path(), Some("school".into()), &[], OffsetDateTime::now_utc()).unwrap().0;
        assert_eq!(fs::read_to_string(fewer).unwrap(), moved, "an address that went away changes nothing");
        assert_ne!(make(folder.path(), "192.168.1.21", 800), moved, "it grew old");
        assert_eq!(key(), first_key);
    }

    #[test]
    fn a_damaged_certificate_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let first = make(folder.path(), "192.168.1.20", 0);
        fs::write(folder.path().join(KEY), "nonsense").unwrap();
        assert_ne!(make(folder.path(), "192.168.1.20", 0), first);
    }

    #[test]
    fn wrong_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cert.pem");
        let said = from_files(&path, &path).unwrap_err().to_string();
        assert!(said.contains("cert.pem"), "{said}");
        fs::write(&path, "hello").unwrap();
        let said = from_files(&path, &path).unwrap_err().to_string();
        assert!(said.contains("is no PEM certificate"), "{said}");
    }
}
