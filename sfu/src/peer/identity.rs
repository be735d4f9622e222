//! Who this node is to browsers: certificate, key and crypto provider, made once and shared.

use rtc_crypto::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::crypto::Certificate;
use std::sync::Arc;

/// The identity cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No usable crypto provider.
    #[error("no crypto provider: {0}")]
    Provider(String),
    /// The certificate could not be made.
    #[error("cannot make a DTLS certificate: {0}")]
    Certificate(String),
}

/// A self-signed ECDSA P-256 certificate, valid as long as the process runs. Browsers do not check who signed it but
/// its SHA-256, which the answer carries over HTTPS.
pub struct Identity {
    pub(super) provider: Arc<dyn RTCCryptoProvider>,
    pub(super) certificate: Certificate,
    fingerprint: String,
}

impl std::fmt::Debug for Identity {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Identity {
    /// A new identity.
    ///
    /// # Errors
    /// The crypto provider fails.
    pub fn generate() -> Result<Arc<Identity>, IdentityError> {
        let provider = rtc_crypto::default_provider().map_err(|e| IdentityError::Provider(e.to_string()))?;
        let certificate = Certificate::generate_self_signed(vec!["tongtang".to_owned()], provider.crypto())
            .map_err(|e| IdentityError::Certificate(e.to_string()))?;
        let der = certificate
            .certificate
            .first()
            .ok_or_else(|| IdentityError::Certificate("it is empty".to_owned()))?;
        let digest = provider
            .crypto()
            .hash(HashAlgorithm::Sha256, der.as_ref())
            .map_err(|e| IdentityError::Certificate(e.to_string()))?;
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        Ok(Arc::new(Identity { provider, certificate, fingerprint: pairs.join(":") }))
    }

    /// SHA-256 of the certificate as `a=fingerprint` writes it: `AB:CD:…`.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}
