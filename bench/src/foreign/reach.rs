//! Of several addresses of a server the one that answers a connectivity check first.

use crate::mmsg;
use crate::peer::{Identity, Peer};
use crate::sdp::Local;
use crate::sdp::any::Reply;
use anyhow::Context;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an address is waited for, and how often all are asked.
const PATIENCE: Duration = Duration::from_millis(250);
const ROUNDS: usize = 8;
/// Between looks at the sockets.
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// Asks all of them, each from a socket of its own that is not used again, without nominating any.
pub fn first_to_answer(identity: &Arc<Identity>, local: &Local, reply: &Reply) -> anyhow::Result<SocketAddr> {
    let asked = |server: &SocketAddr| -> Option<(UdpSocket, Peer, SocketAddr)> {
        let socket = mmsg::bind_towards(*server).ok()?;
        // An address that there is no way to is none.
        socket.connect(server).ok()?;
        socket.set_nonblocking(true).ok()?;
        let peer = Peer::asking(identity.clone(), local, &reply.at(*server), Instant::now());
        Some((socket, peer, *server))
    };
    let mut asked: Vec<_> = reply.candidates.iter().filter_map(asked).collect();
    let mut buffer = [0; 2_048];
    for _ in 0..ROUNDS {
        let since = Instant::now();
        for (socket, peer, _) in &mut asked {
            peer.handle_timeout(since);
            while let Some(check) = peer.poll_transmit() {
                let _ = socket.send(&check);
            }
        }
        while since.elapsed() < PATIENCE {
            for (socket, peer, server) in &mut asked {
                while let Ok(len) = socket.recv(&mut buffer) {
                    peer.handle_stun(Instant::now(), &buffer[..len]);
                    if peer.is_validated() {
                        return Ok(*server);
                    }
                }
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }
    None.with_context(|| format!("none of the server's addresses answers: {:?}", reply.candidates))
}
