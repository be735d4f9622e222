//! The JSON lines of the tap's control stream.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tongtang_protocol::ids::{ParticipantId, RecordingId, RoomId};
use tongtang_protocol::lesson::Source;

/// Longest control line, in bytes: a subscription that goes on with as many flows as a recorder keeps of one lesson. The
/// connection of a peer that sends a longer one is closed.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// Identity of a flow: one SSRC of one publisher, in one life of the sfu. Also the RoQ flow identifier.
///
/// The packets of a flow, RTP and RTCP alike, are numbered from 0 in the order of their arrival: the *index*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlowId(pub u64);

/// What the recorder says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromRecorder {
    /// First line.
    Subscribe {
        /// Which room.
        room: RoomId,
        /// For which recording: what the sfu retains after a lost connection is kept for it.
        recording: RecordingId,
        /// The life of the sfu that `next` speaks of. In another life flow identifiers mean other
        /// tracks: the sfu refuses, and the recorder waits until signaling has told it the new epoch.
        sfu_epoch: u64,
        /// For flows already known: index of the first packet that is not yet on disk.
        #[serde(with = "pairs")]
        next: BTreeMap<FlowId, u64>,
    },
    /// All packets of the flow before `next` are on disk; the sfu may forget them.
    Durable {
        /// The flow.
        flow: FlowId,
        /// Index of the first packet that is not.
        next: u64,
    },
    /// The recording goes on after a pause of which nothing is kept: pictures cannot be decoded before their next
    /// keyframe, so ask for one of every track.
    Keyframes,
    /// The recording is finished: retain nothing, close.
    Finish,
}

/// What the sfu says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromSfu {
    /// A stream for this flow follows (or goes on after a reconnect).
    FlowStarted {
        /// The flow.
        flow: Flow,
        /// Index of the first packet on the stream that follows. Larger than asked for: the packets between are lost.
        first: u64,
    },
    /// Nothing more comes on this flow; its stream is finished.
    FlowEnded {
        /// The flow.
        flow: FlowId,
    },
    /// The recorder was too slow: these packets were dropped. The flow's stream goes on after them, with a
    /// mark ([`crate::arrival`]) that says so in its place.
    Lost {
        /// The flow.
        flow: FlowId,
        /// Index of the first dropped packet.
        from: u64,
        /// Index of the first packet behind the gap.
        to: u64,
    },
    /// Refused: unknown room, another epoch, too many taps. The connection closes.
    Refused {
        /// Why.
        reason: String,
    },
}

/// A codec on a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowCodec {
    /// RFC 6184, packetization-mode 1.
    H264,
    /// RFC 7741.
    Vp8,
    /// RFC 7587.
    Opus,
}

/// What a flow carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Identity.
    pub id: FlowId,
    /// Who publishes it.
    pub participant: ParticipantId,
    /// Which of the participant's tracks.
    pub source: Source,
    /// Codec.
    pub codec: FlowCodec,
    /// Simulcast layer (`rid`), if any; `l` is smaller than `m` is smaller than `h`.
    pub rid: Option<String>,
    /// SSRC of its packets.
    pub ssrc: u32,
    /// RTP payload type of its packets.
    pub payload_type: u8,
    /// RTP clock in Hz.
    pub clock_rate_hz: u32,
}

/// A map as a list of pairs: JSON's keys are strings, and serde does not turn them back into numbers
/// inside a tagged enum.
mod pairs {
    use super::{BTreeMap, FlowId};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<FlowId, u64>, to: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<BTreeMap<FlowId, u64>, D::Error> {
        Ok(Vec::<(FlowId, u64)>::deserialize(from)?.into_iter().collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_resuming_subscription_reads_back() {
        let line = FromRecorder::Subscribe {
            room: RoomId::new("room").unwrap(),
            recording: RecordingId::new("rec").unwrap(),
            sfu_epoch: u64::MAX,
            next: BTreeMap::from([(FlowId(1), 70_000), (FlowId(1 << 60), 0)]),
        };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<FromRecorder>(&text).unwrap(), line);
    }
}
