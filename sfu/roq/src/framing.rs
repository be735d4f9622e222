//! A RoQ stream: flow identifier, then length-prefixed RTP or RTCP packets
//! (draft-ietf-avtcore-rtp-over-quic §5.2).

use crate::control::FlowId;
use crate::varint;
use bytes::{BufMut, Bytes, BytesMut};

/// Longest packet on a stream, in bytes. A longer one is an error of the peer.
pub const MAX_PACKET_BYTES: usize = 2048;

/// Why a stream cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// A packet longer than [`MAX_PACKET_BYTES`] was announced.
    #[error("packet of {0} bytes on a RoQ stream; at most {MAX_PACKET_BYTES} are accepted")]
    TooLong(u64),
    /// A packet too short to be RTP or RTCP was announced.
    #[error("packet of {0} bytes on a RoQ stream; RTCP has at least 4")]
    TooShort(u64),
}

/// Starts a stream.
pub fn put_flow(out: &mut BytesMut, flow: FlowId) {
    varint::put(out, flow.0);
}

/// Appends one packet of at most [`MAX_PACKET_BYTES`].
pub fn put_packet(out: &mut BytesMut, packet: &[u8]) {
    varint::put(out, packet.len() as u64);
    out.put_slice(packet);
}

/// Is a packet RTCP rather than RTP? RFC 5761 §4.
pub fn is_rtcp(packet: &[u8]) -> bool {
    packet.get(1).is_some_and(|second| (192..=223).contains(second))
}

/// Takes a stream apart as its bytes arrive. Holds at most one incomplete packet and what was pushed.
#[derive(Debug, Default)]
pub struct StreamReader {
    flow: Option<FlowId>,
    buffered: BytesMut,
}

impl StreamReader {
    /// Adds bytes as they arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffered.extend_from_slice(bytes);
    }

    /// The stream's flow, once its identifier has arrived.
    pub fn flow(&mut self) -> Option<FlowId> {
        if self.flow.is_none() {
            let mut rest = &self.buffered[..];
            let before = rest.len();
            self.flow = varint::get(&mut rest).map(FlowId);
            let used = before - rest.len();
            let _ = self.buffered.split_to(used);
        }
        self.flow
    }

    /// The next complete packet.
    pub fn next_packet(&mut self) -> Result<Option<Bytes>, FramingError> {
        if self.flow().is_none() {
            return Ok(None);
        }
        let mut rest = &self.buffered[..];
        let Some(len) = varint::get(&mut rest) else {
            return Ok(None);
        };
        if len > MAX_PACKET_BYTES as u64 {
            return Err(FramingError::TooLong(len));
        }
        if len < 4 {
            return Err(FramingError::TooShort(len));
        }
        let prefix = self.buffered.len() - rest.len();
        if rest.len() < len as usize {
            return Ok(None);
        }
        let _ = self.buffered.split_to(prefix);
        Ok(Some(self.buffered.split_to(len as usize).freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_out_whole_however_the_stream_is_cut() {
        let mut stream = BytesMut::new();
        put_flow(&mut stream, FlowId(700));
        let packets: Vec<Vec<u8>> = (4..200).map(|n| vec![n as u8; n * 7]).collect();
        for packet in &packets {
            put_packet(&mut stream, packet);
        }
        for step in [1, 2, 3, 61, 997, stream.len()] {
            let mut reader = StreamReader::default();
            let mut seen = Vec::new();
            for piece in stream.chunks(step) {
                reader.push(piece);
                while let Some(packet) = reader.next_packet().unwrap() {
                    seen.push(packet.to_vec());
                }
            }
            assert_eq!(reader.flow(), Some(FlowId(700)));
            assert_eq!(seen, packets, "cut every {step} bytes");
        }
    }

    #[test]
    fn an_oversized_packet_is_refused_before_it_is_buffered() {
        let mut reader = StreamReader::default();
        let mut stream = BytesMut::new();
        put_flow(&mut stream, FlowId(1));
        varint::put(&mut stream, 1 << 40);
        reader.push(&stream);
        assert_eq!(reader.next_packet(), Err(FramingError::TooLong(1 << 40)));
    }
}
