//! What is made once, at first start, and shared by the programs of one installation.
//!
//! `data_dir/secrets/`, one file a secret, readable by its owner only. The programs start at the
//! same time, so making them is guarded by a file lock, and each file appears whole or not at all.
//! Nodes on other machines get a copy of `control-secret` and of the `tap-*` files.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Folder below the data folder.
pub const FOLDER: &str = "secrets";

/// The name in the certificates of the tap; what its clients ask for.
pub const TAP_SERVER_NAME: &str = "tongtang-tap";

/// Largest secret file read, in bytes; a larger one is not ours and is refused.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

const CONTROL_SECRET: &str = "control-secret";
const ADMIN_TOKEN: &str = "admin-api-token";
const SETUP_SECRET: &str = "setup-secret";
const MEDIA_URL_KEY: &str = "media-url-key";
const TOKEN_KEY: &str = "token-key.pem";
const TOKEN_PUBLIC_KEY: &str = "token-public-key.pem";
const TAP_CA: &str = "tap-ca.pem";
const TAP_CA_KEY: &str = "tap-ca-key.pem";
const TAP_SFU: &str = "tap-sfu.pem";
const TAP_SFU_KEY: &str = "tap-sfu-key.pem";
const TAP_RECORDER: &str = "tap-recorder.pem";
const TAP_RECORDER_KEY: &str = "tap-recorder-key.pem";

/// Why the secrets are not there.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The folder or a file cannot be read or written.
    #[error("cannot use {path}: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not contain what it should.
    #[error("{path} is damaged ({what}); restore it from a backup, or remove it and a new one is made", path = path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A key or certificate could not be made.
    #[error("cannot make a key or certificate: {0}")]
    Generate(#[from] rcgen::Error),
}

/// A certificate and its private key.
#[derive(Clone)]
pub struct CertKey {
    /// PEM certificate.
    pub cert_pem: String,
    /// PKCS#8 PEM private key.
    pub key_pem: String,
}

/// All secrets of an installation. Never printed: there is no `Debug`.
#[derive(Clone)]
pub struct Secrets {
    /// Bearer token between signaling and its nodes, both directions: 32 random bytes as hex.
    pub control_secret: String,
    /// Bearer token of the command line: 32 random bytes as hex.
    pub admin_token: String,
    /// In the one-time link that makes the administrator: 16 random bytes as hex.
    pub setup_secret: String,
    /// Key of the HMAC over media addresses.
    pub media_url_key: [u8; 32],
    /// Ed25519 private key of room tokens, PKCS#8 PEM.
    pub token_private_key_pem: String,
    /// Its public key, SubjectPublicKeyInfo PEM.
    pub token_public_key_pem: String,
    /// Certificate of the authority that both ends of a tap trust, and nothing else.
    pub tap_ca_pem: String,
    /// The sfu's end of a tap.
    pub tap_sfu: CertKey,
    /// The recorder's end of a tap.
    pub tap_recorder: CertKey,
}

impl Secrets {
    /// Reads the secrets below `data_dir`, making those that are missing.
    pub fn ensure(data_dir: &Path) -> Result<Self, SecretsError> {
        let folder = Folder::open(data_dir)?;
        folder.tokens()?;
        folder.token_key()?;
        folder.tap()?;
        Ok(Self {
            control_secret: folder.hex(CONTROL_SECRET, 32)?,
            admin_token: folder.hex(ADMIN_TOKEN, 32)?,
            setup_secret: folder.hex(SETUP_SECRET, 16)?,
            media_url_key: folder.key_bytes(MEDIA_URL_KEY)?,
            token_private_key_pem: folder.pem(TOKEN_KEY)?,
            token_public_key_pem: folder.pem(TOKEN_PUBLIC_KEY)?,
            tap_ca_pem: folder.pem(TAP_CA)?,
            tap_sfu: folder.pair(TAP_SFU, TAP_SFU_KEY)?,
            tap_recorder: folder.pair(TAP_RECORDER, TAP_RECORDER_KEY)?,
        })
    }

    /// Reads one token without making anything: for the command line.
    pub fn read_admin_token(data_dir: &Path) -> Result<String, SecretsError> {
        read(&data_dir.join(FOLDER).join(ADMIN_TOKEN))
    }
}

/// The folder, locked against the other programs while this lives.
struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    fn open(data_dir: &Path) -> Result<Self, SecretsError> {
        let path = data_dir.join(FOLDER);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| SecretsError::Io { path, source }
        };
        fs::create_dir_all(data_dir).map_err(failed(data_dir))?;
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(&path)(error)),
            _ => {}
        }
        let lock_path = path.join(".lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        lock.lock().map_err(failed(&lock_path))?;
        Ok(Self { path, _lock: lock })
    }

    fn has(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    /// Writes a file that is complete from the moment it has its name.
    fn write(&self, name: &str, content: &str) -> Result<(), SecretsError> {
        let target = self.path.join(name);
        let draft = self.path.join(format!(".{name}.new"));
        let attempt = || {
            let mut file =
                OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&draft)?;
            file.write_all(content.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &target)?;
            File::open(&self.path)?.sync_all()
        };
        attempt().map_err(|source| SecretsError::Io { path: target.clone(), source })
    }

    fn tokens(&self) -> Result<(), SecretsError> {
        for (name, bytes) in
            [(CONTROL_SECRET, 32), (ADMIN_TOKEN, 32), (SETUP_SECRET, 16), (MEDIA_URL_KEY, 32)]
        {
            if !self.has(name) {
                let mut random = vec![0; bytes];
                rand::RngCore::fill_bytes(&mut rand::rng(), &mut random);
                self.write(name, &hex::encode(random))?;
            }
        }
        Ok(())
    }

    /// The public key is written last: when it is there, the pair is.
    fn token_key(&self) -> Result<(), SecretsError> {
        if self.has(TOKEN_KEY) && self.has(TOKEN_PUBLIC_KEY) {
            return Ok(());
        }
        let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
        self.write(TOKEN_KEY, &pair.serialize_pem())?;
        self.write(TOKEN_PUBLIC_KEY, &pair.public_key_pem())
    }

    /// The authority and both ends are made together: certificates of two authorities do not fit. A
    /// node that was given only its own end (no authority's key) keeps what it was given.
    fn tap(&self) -> Result<(), SecretsError> {
        let all = [TAP_SFU, TAP_SFU_KEY, TAP_RECORDER, TAP_RECORDER_KEY, TAP_CA];
        if all.iter().all(|name| self.has(name)) {
            return Ok(());
        }
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Tongtang tap authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        self.write(TAP_CA_KEY, &authority.key().serialize_pem())?;
        for (who, cert_name, key_name) in
            [("sfu", TAP_SFU, TAP_SFU_KEY), ("recorder", TAP_RECORDER, TAP_RECORDER_KEY)]
        {
            let key = KeyPair::generate()?;
            let mut params = CertificateParams::new(vec![TAP_SERVER_NAME.to_owned()])?;
            params.distinguished_name.push(DnType::CommonName, format!("Tongtang {who}"));
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            let certificate = params.signed_by(&key, &authority)?;
            self.write(key_name, &key.serialize_pem())?;
            self.write(cert_name, &certificate.pem())?;
        }
        self.write(TAP_CA, &authority.pem())
    }

    fn hex(&self, name: &str, bytes: usize) -> Result<String, SecretsError> {
        let text = read(&self.path.join(name))?;
        if hex::decode(&text).is_ok_and(|decoded| decoded.len() == bytes) {
            return Ok(text);
        }
        Err(SecretsError::Damaged {
            path: self.path.join(name),
            what: "not the expected number of hex digits",
        })
    }

    fn key_bytes(&self, name: &str) -> Result<[u8; 32], SecretsError> {
        let mut key = [0; 32];
        hex::decode_to_slice(self.hex(name, 32)?, &mut key).map_err(|_| SecretsError::Damaged {
            path: self.path.join(name),
            what: "not the expected number of hex digits",
        })?;
        Ok(key)
    }

    fn pem(&self, name: &str) -> Result<String, SecretsError> {
        let text = read(&self.path.join(name))?;
        if text.starts_with("-----BEGIN ") {
            return Ok(text);
        }
        Err(SecretsError::Damaged { path: self.path.join(name), what: "not PEM" })
    }

    fn pair(&self, cert: &str, key: &str) -> Result<CertKey, SecretsError> {
        Ok(CertKey { cert_pem: self.pem(cert)?, key_pem: self.pem(key)? })
    }
}

fn read(path: &Path) -> Result<String, SecretsError> {
    let failed = |source| SecretsError::Io { path: path.to_owned(), source };
    let mut text = String::new();
    File::open(path).map_err(failed)?.take(MAX_SECRET_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text.trim().to_owned())
}
