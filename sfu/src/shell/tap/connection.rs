//! One recorder's connection: its control stream, and a unidirectional stream for each flow.

use crate::shell::http::Node;
use crate::shell::tap::shelf::Shelf;
use crate::shell::tap::store::Cursor;
use crate::shell::tap::{Shelves, TapError};
use bytes::BytesMut;
use quinn::{Connection, RecvStream, SendStream, VarInt};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tongtang_protocol::ids::RoomId;
use tongtang_roq::control::{Flow, FromRecorder, FromSfu, MAX_LINE_BYTES};
use tongtang_roq::framing;

/// A recorder says within this time what it wants.
const SUBSCRIBE_PATIENCE: Duration = Duration::from_secs(5);

/// Bytes taken from the store at once; while they are on their way the store is not locked.
const BATCH_BYTES: usize = 64 * 1024;

/// Lines waiting for the control stream; beyond it the flows wait, not the packet thread.
const MAX_LINES: usize = 64;

/// QUIC application error codes.
const CODE_DONE: VarInt = VarInt::from_u32(0);
const CODE_REFUSED: VarInt = VarInt::from_u32(1);
const CODE_REPLACED: VarInt = VarInt::from_u32(2);
const CODE_PROTOCOL: VarInt = VarInt::from_u32(3);

/// Serves until the recorder finishes or is gone.
pub async fn serve(node: Arc<Node>, shelves: Arc<Shelves>, connection: Connection) -> Result<(), TapError> {
    let opened = timeout(SUBSCRIBE_PATIENCE, async {
        let (send, receive) = connection.accept_bi().await?;
        let mut lines = Lines::new(receive);
        Ok::<_, TapError>((send, lines.next().await?, lines))
    });
    let (mut send, first, lines) = opened.await.map_err(|_| TapError::Silent)??;
    let Some(FromRecorder::Subscribe { room, recording, sfu_epoch, next }) = first else {
        connection.close(CODE_PROTOCOL, b"the first line must be subscribe");
        return Err(TapError::Protocol("the first line must be subscribe"));
    };
    let key = (room, recording);
    let shelf = if sfu_epoch == node.epoch {
        shelves.open(&node, &key, &next).await
    } else {
        Err(format!("this is another life of the sfu: {}, not {sfu_epoch}", node.epoch))
    };
    let shelf = match shelf {
        Ok(shelf) => shelf,
        Err(reason) => {
            write_line(&mut send, &FromSfu::Refused { reason }).await?;
            let _ = send.finish();
            // The line must have arrived before the connection goes.
            let _ = timeout(SUBSCRIBE_PATIENCE, send.stopped()).await;
            connection.close(CODE_REFUSED, b"refused");
            return Ok(());
        }
    };
    static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
    let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    let mut replaced = shelf.take_over(number);
    tracing::info!(room = %key.0, recording = %key.1, known = next.len(), "recorder connected");
    let outcome = tokio::select! {
        outcome = feed(&connection, &shelf, send, &next) => outcome.map(|()| Said::Nothing),
        outcome = listen(&node, &key.0, &shelf, lines) => outcome,
        _ = replaced.wait_for(|current| *current != number) => Ok(Said::Replaced),
    };
    shelf.leave(number);
    tracing::info!(room = %key.0, recording = %key.1, ?outcome, "recorder gone");
    match outcome? {
        Said::Finish => {
            shelves.close(&node, &key).await;
            connection.close(CODE_DONE, b"finished");
        }
        Said::Replaced => connection.close(CODE_REPLACED, b"another connection of this recording has come"),
        Said::Nothing => {}
    }
    Ok(())
}

/// How listening ended.
#[derive(Debug)]
enum Said {
    Finish,
    Replaced,
    Nothing,
}

/// Reads the control stream.
async fn listen(node: &Node, room: &RoomId, shelf: &Shelf, mut lines: Lines) -> Result<Said, TapError> {
    loop {
        match lines.next().await? {
            Some(FromRecorder::Durable { flow, next }) => shelf.durable(&BTreeMap::from([(flow, next)])),
            Some(FromRecorder::Keyframes) => {
                let room = room.clone();
                // A stopped engine has no pictures.
                let _ = node.workers.each(move |engine, now| engine.refresh_pictures(now, &room)).await;
            }
            Some(FromRecorder::Finish) => return Ok(Said::Finish),
            Some(FromRecorder::Subscribe { .. }) => return Err(TapError::Protocol("subscribe comes once")),
            None => return Ok(Said::Nothing),
        }
    }
}

/// Starts a stream for each flow that is there or comes, and writes the control stream.
async fn feed(
    connection: &Connection,
    shelf: &Arc<Shelf>,
    control: SendStream,
    known: &BTreeMap<tongtang_roq::control::FlowId, u64>,
) -> Result<(), TapError> {
    shelf.durable(known);
    let (say, said) = mpsc::channel(MAX_LINES);
    let mut tasks = JoinSet::new();
    tasks.spawn(write_lines(control, said));
    let mut changes = shelf.changes();
    let (mut flows, mut seen) = shelf.resume(known);
    loop {
        for (flow, cursor) in flows {
            tasks.spawn(send_flow(connection.clone(), shelf.clone(), say.clone(), flow, cursor));
        }
        tokio::select! {
            Some(ended) = tasks.join_next() => ended.map_err(|_| TapError::Protocol("a stream's task panicked"))??,
            changed = changes.changed() => changed.map_err(|_| TapError::Gone)?,
        }
        flows = shelf.started_after(&mut seen);
    }
}

/// Sends one flow to its end. A slow recorder stops this task alone.
async fn send_flow(
    connection: Connection,
    shelf: Arc<Shelf>,
    say: mpsc::Sender<FromSfu>,
    flow: Flow,
    mut cursor: Cursor,
) -> Result<(), TapError> {
    let _sending = shelf.sending();
    let id = flow.id;
    let mut changes = shelf.changes();
    say.send(FromSfu::FlowStarted { flow, first: cursor.next }).await.map_err(|_| TapError::Gone)?;
    let mut stream = connection.open_uni().await?;
    let mut head = BytesMut::new();
    framing::put_flow(&mut head, id);
    stream.write_all(&head).await?;
    loop {
        changes.mark_unchanged();
        let Some(batch) = shelf.batch(id, &mut cursor, BATCH_BYTES) else { break };
        if let Some((from, to)) = batch.lost {
            say.send(FromSfu::Lost { flow: id, from, to }).await.map_err(|_| TapError::Gone)?;
        }
        if !batch.bytes.is_empty() {
            stream.write_all(&batch.bytes).await?;
        }
        if batch.is_last {
            break;
        }
        if batch.bytes.is_empty() && batch.lost.is_none() {
            changes.changed().await.map_err(|_| TapError::Gone)?;
        }
    }
    // Finishing a stream fails only when it is reset already.
    let _ = stream.finish();
    let _ = stream.stopped().await;
    say.send(FromSfu::FlowEnded { flow: id }).await.map_err(|_| TapError::Gone)
}

async fn write_lines(mut control: SendStream, mut said: mpsc::Receiver<FromSfu>) -> Result<(), TapError> {
    while let Some(line) = said.recv().await {
        write_line(&mut control, &line).await?;
    }
    Ok(())
}

async fn write_line(control: &mut SendStream, line: &FromSfu) -> Result<(), TapError> {
    let mut text =
        serde_json::to_vec(line).map_err(|_| TapError::Protocol("a line of ours cannot be written"))?;
    text.push(b'\n');
    control.write_all(&text).await?;
    Ok(())
}

/// JSON lines of at most [`MAX_LINE_BYTES`].
struct Lines {
    receive: RecvStream,
    buffered: Vec<u8>,
}

impl Lines {
    fn new(receive: RecvStream) -> Self {
        Self { receive, buffered: Vec::new() }
    }

    /// `None`: the recorder has closed its side.
    async fn next(&mut self) -> Result<Option<FromRecorder>, TapError> {
        loop {
            if let Some(end) = self.buffered.iter().position(|byte| *byte == b'\n') {
                let line = serde_json::from_slice(&self.buffered[..end]);
                self.buffered.drain(..=end);
                return line.map(Some).map_err(|_| TapError::Protocol("a line is not what is expected"));
            }
            if self.buffered.len() > MAX_LINE_BYTES {
                return Err(TapError::Protocol("a line is too long"));
            }
            match self.receive.read_chunk(MAX_LINE_BYTES, true).await? {
                Some(chunk) => self.buffered.extend_from_slice(&chunk.bytes),
                None => return Ok(None),
            }
        }
    }
}
