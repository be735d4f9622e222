//! What the three programs do over HTTP in the same way.
//!
//! * [`bearer`]: who has the token, who has the control secret
//! * [`problem`]: refusals as RFC 9457 says
//! * [`client`]: calling one another
//! * [`register`]: a node tells signaling, again and again, that it is there

pub mod bearer;
pub mod client;
pub mod problem;
pub mod register;
