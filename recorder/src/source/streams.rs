//! The streams of one tap, each read or written by a task of its own.
//!
//! A flow's stream may arrive before the control line that describes the flow, so its reader waits
//! for that line: in the queue of items a flow's start always stands in front of its packets.

use bytes::Bytes;
use quinn::{Connection, RecvStream, SendStream, VarInt};
use std::collections::BTreeSet;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tongtang_roq::arrival;
use tongtang_roq::control::{Flow, FlowId, FromRecorder, FromSfu, MAX_LINE_BYTES};
use tongtang_roq::framing::StreamReader;
use tongtang_roq::varint;

/// Bytes read from a stream at once.
const READ_BYTES: usize = 64 * 1024;
/// Closing code of a connection whose peer broke the protocol.
const PROTOCOL_ERROR: VarInt = VarInt::from_u32(1);

/// What comes out of a tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TapItem {
    /// A flow begins or goes on.
    Started {
        /// Which.
        flow: Flow,
        /// Index of its first packet.
        first: u64,
    },
    /// A packet of a flow that has started.
    Packet {
        /// The flow.
        flow: FlowId,
        /// Place in the flow.
        index: u64,
        /// When it arrived at the sfu, microseconds since 1970.
        arrival_unix_us: u64,
        /// RTP or RTCP.
        packet: Bytes,
    },
    /// The sfu says that nothing more comes on this flow; packets may still be on their way.
    Ended {
        /// Which.
        flow: FlowId,
    },
    /// The sfu dropped packets because we were too slow.
    Lost {
        /// Of which flow.
        flow: FlowId,
        /// Index of the first dropped packet.
        from: u64,
        /// Index of the first packet behind them.
        to: u64,
    },
    /// The sfu does not serve us.
    Refused {
        /// Why.
        reason: String,
    },
    /// The connection is over.
    Closed {
        /// Why.
        reason: String,
    },
}

type Items = mpsc::Sender<TapItem>;

/// Writes control lines until the connection ends.
pub(super) async fn write_lines(
    mut stream: SendStream,
    first: FromRecorder,
    mut lines: mpsc::Receiver<FromRecorder>,
) {
    let mut next = Some(first);
    while let Some(line) = next {
        let mut text = serde_json::to_vec(&line).expect("control lines have only string keys");
        text.push(b'\n');
        if stream.write_all(&text).await.is_err() {
            return;
        }
        if line == FromRecorder::Finish {
            let _ = stream.finish();
        }
        next = lines.recv().await;
    }
}

/// Reads control lines until the connection ends, and says how it ended.
pub(super) async fn read_lines(
    connection: Connection,
    mut stream: RecvStream,
    items: Items,
    started: watch::Sender<BTreeSet<FlowId>>,
) {
    let reason = match read_all_lines(&mut stream, &items, &started).await {
        Ok(()) => {
            connection.close_reason().map_or("the sfu closed the tap".into(), |error| error.to_string())
        }
        Err(reason) => {
            connection.close(PROTOCOL_ERROR, reason.as_bytes());
            reason
        }
    };
    let _ = items.send(TapItem::Closed { reason }).await;
}

async fn read_all_lines(
    stream: &mut RecvStream,
    items: &Items,
    started: &watch::Sender<BTreeSet<FlowId>>,
) -> Result<(), String> {
    let mut buffered = Vec::new();
    loop {
        match stream.read_chunk(READ_BYTES, true).await {
            Ok(Some(chunk)) => buffered.extend_from_slice(&chunk.bytes),
            Ok(None) | Err(_) => return Ok(()),
        }
        while let Some(end) = buffered.iter().position(|byte| *byte == b'\n') {
            let line: FromSfu = serde_json::from_slice(&buffered[..end])
                .map_err(|error| format!("unreadable control line from the sfu: {error}"))?;
            buffered.drain(..=end);
            let start = if let FromSfu::FlowStarted { flow, .. } = &line { Some(flow.id) } else { None };
            if items.send(item(line)).await.is_err() {
                return Ok(());
            }
            if let Some(flow) = start {
                started.send_modify(|started| {
                    started.insert(flow);
                });
            }
        }
        if buffered.len() > MAX_LINE_BYTES {
            return Err(format!("a control line of the sfu is longer than {MAX_LINE_BYTES} bytes"));
        }
    }
}

fn item(line: FromSfu) -> TapItem {
    match line {
        FromSfu::FlowStarted { flow, first } => TapItem::Started { flow, first },
        FromSfu::FlowEnded { flow } => TapItem::Ended { flow },
        FromSfu::Lost { flow, from, to } => TapItem::Lost { flow, from, to },
        FromSfu::Refused { reason } => TapItem::Refused { reason },
    }
}

/// Reads every flow's stream until the connection ends.
pub(super) async fn accept_flows(
    connection: Connection,
    items: Items,
    started: watch::Receiver<BTreeSet<FlowId>>,
) {
    let mut readers = JoinSet::new();
    while let Ok(stream) = connection.accept_uni().await {
        while readers.try_join_next().is_some() {}
        readers.spawn(read_flow(connection.clone(), stream, items.clone(), started.clone()));
    }
    // What the streams still hold is read to its end; sending fails once nobody wants it.
    while readers.join_next().await.is_some() {}
}

async fn read_flow(
    connection: Connection,
    mut stream: RecvStream,
    items: Items,
    started: watch::Receiver<BTreeSet<FlowId>>,
) {
    if let Err(reason) = read_packets(&mut stream, &items, started).await {
        connection.close(PROTOCOL_ERROR, reason.as_bytes());
    }
}

async fn read_packets(
    stream: &mut RecvStream,
    items: &Items,
    mut started: watch::Receiver<BTreeSet<FlowId>>,
) -> Result<(), String> {
    let mut reader = StreamReader::default();
    let mut next: Option<arrival::Mark> = None;
    let mut is_started = false;
    loop {
        match stream.read_chunk(READ_BYTES, true).await {
            Ok(Some(chunk)) => reader.push(&chunk.bytes),
            Ok(None) | Err(_) => return Ok(()),
        }
        let Some(flow) = reader.flow() else {
            continue;
        };
        if !is_started {
            if started.wait_for(|started| started.contains(&flow)).await.is_err() {
                return Ok(());
            }
            is_started = true;
        }
        while let Some(packet) = reader.next_packet().map_err(|error| error.to_string())? {
            if let Some(mark) = arrival::get(&packet) {
                if mark.index > varint::MAX {
                    return Err(format!("flow {} has a mark with an absurd index", flow.0));
                }
                next = Some(mark);
                continue;
            }
            let Some(mark) = &mut next else {
                return Err(format!("flow {} has a packet in front of its first mark", flow.0));
            };
            let item = TapItem::Packet { flow, index: mark.index, arrival_unix_us: mark.unix_us, packet };
            mark.index += 1;
            if items.send(item).await.is_err() {
                return Ok(());
            }
        }
    }
}
