//! What a path that is a TCP connection asks of the engine: it can end.

use super::Engine;
use super::api::Path;

impl Engine {
    /// Does a session own this path? A connection whose path nobody owns is of no use.
    pub fn knows_path(&self, path: Path) -> bool {
        self.by_path.contains_key(&path)
    }

    /// The connection has ended: nothing is sent there any more. Media waits for the path that the peer chooses next.
    pub fn path_closed(&mut self, path: Path) {
        let Some(key) = self.by_path.remove(&path) else { return };
        if let Some(session) = self.session_mut(key) {
            session.paths.retain(|known| *known != path);
            session.peer.path_closed(path);
        }
    }
}
