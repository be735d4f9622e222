//! One peer against a client of our own, in simulated time on a scripted network: every trap of
//! ICE-lite, DTLS and SRTP that was met with real browsers, one scenario a file.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod client;
mod dtls_loss;
mod hostile;
mod media;
mod network;
mod nonces;
mod paths;
mod profiles;
mod restart;
