//! How the programs call one another.

use reqwest::Client;
use std::time::Duration;

/// Longest wait for a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_000);

/// A client that speaks to our own programs only: never through a proxy of the environment, never redirected, and
/// usable on a machine without any installed certificate authority (then for plain HTTP). How long a call may take
/// is each call's own.
pub fn client() -> Client {
    // An error says that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
    };
    builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build())
        .expect("a client without certificate authorities needs nothing of the machine")
}
