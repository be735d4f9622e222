//! Conditions: one data folder, many starts. Check: the same secrets every time, for their owner only.
#![allow(clippy::unwrap_used, missing_docs)]

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use std::os::unix::fs::PermissionsExt;
use tongtang_config::Secrets;

fn fingerprint(secrets: &Secrets) -> Vec<String> {
    vec![
        secrets.control_secret.clone(),
        secrets.admin_token.clone(),
        secrets.setup_secret.clone(),
        hex::encode(secrets.media_url_key),
        secrets.token_private_key_pem.clone(),
        secrets.token_public_key_pem.clone(),
        secrets.tap_ca_pem.clone(),
        secrets.tap_sfu.cert_pem.clone(),
        secrets.tap_recorder.key_pem.clone(),
    ]
}

#[test]
fn programs_that_start_at_once_get_the_same_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let data = data.clone();
            std::thread::spawn(move || fingerprint(&Secrets::ensure(&data).unwrap()))
        })
        .collect();
    let seen: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
    assert!(seen.iter().all(|secrets| secrets == &seen[0]));
    assert_eq!(fingerprint(&Secrets::ensure(&data).unwrap()), seen[0]);
}

#[test]
fn only_the_owner_can_read_them() {
    let folder = tempfile::tempdir().unwrap();
    Secrets::ensure(folder.path()).unwrap();
    let secrets = folder.path().join("secrets");
    assert_eq!(std::fs::metadata(&secrets).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(secrets).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn the_token_key_signs_what_its_public_key_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Secrets::ensure(folder.path()).unwrap();
    let signing = EncodingKey::from_ed_pem(secrets.token_private_key_pem.as_bytes()).unwrap();
    let verifying = DecodingKey::from_ed_pem(secrets.token_public_key_pem.as_bytes()).unwrap();
    let claims = serde_json::json!({ "sub": "p-1", "exp": u32::MAX });
    let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &signing).unwrap();
    let read: jsonwebtoken::TokenData<serde_json::Value> =
        jsonwebtoken::decode(&token, &verifying, &Validation::new(Algorithm::EdDSA)).unwrap();
    assert_eq!(read.claims["sub"], "p-1");
}

#[test]
fn a_damaged_secret_is_named_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    Secrets::ensure(folder.path()).unwrap();
    let path = folder.path().join("secrets/control-secret");
    std::fs::write(&path, "short").unwrap();
    let said = Secrets::ensure(folder.path()).err().unwrap().to_string();
    assert!(said.contains("control-secret") && said.contains("damaged"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "short");
    std::fs::write(&path, "f".repeat(1 << 20)).unwrap();
    let said = Secrets::ensure(folder.path()).err().unwrap().to_string();
    assert!(said.contains("control-secret") && said.contains("damaged"), "{said}");
}

#[test]
fn what_a_crash_left_half_made_is_made_whole() {
    let folder = tempfile::tempdir().unwrap();
    let before = Secrets::ensure(folder.path()).unwrap();
    std::fs::remove_file(folder.path().join("secrets/tap-ca.pem")).unwrap();
    std::fs::remove_file(folder.path().join("secrets/setup-secret")).unwrap();
    let after = Secrets::ensure(folder.path()).unwrap();
    assert_eq!(before.control_secret, after.control_secret);
    assert_ne!(before.tap_ca_pem, after.tap_ca_pem);
    assert_ne!(before.tap_sfu.cert_pem, after.tap_sfu.cert_pem);
}
