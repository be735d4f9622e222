//! Which track of which publisher, and the name of its folder.
//!
//! A flow identifier is unique in one life of an sfu only, so a track's key carries the sfu's epoch.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use tongtang_roq::control::{Flow, FlowId};

/// Identity of a track within a recording; its text form names the track's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrackKey {
    /// The life of the sfu.
    pub sfu_epoch: u64,
    /// The flow in it.
    pub flow: FlowId,
}

/// What a track carries. Stands in the header of each of its fragments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// The life of the sfu.
    pub sfu_epoch: u64,
    /// As the sfu described it.
    pub flow: Flow,
}

impl Track {
    /// Its identity.
    pub fn key(&self) -> TrackKey {
        TrackKey { sfu_epoch: self.sfu_epoch, flow: self.flow.id }
    }
}

/// Text that names no track.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a track is named SFU_EPOCH-FLOW, both decimal numbers")]
pub struct InvalidTrackKey;

impl fmt::Display for TrackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.sfu_epoch, self.flow.0)
    }
}

impl FromStr for TrackKey {
    type Err = InvalidTrackKey;

    fn from_str(text: &str) -> Result<Self, InvalidTrackKey> {
        let (epoch, flow) = text.split_once('-').ok_or(InvalidTrackKey)?;
        Ok(Self {
            sfu_epoch: epoch.parse().map_err(|_| InvalidTrackKey)?,
            flow: FlowId(flow.parse().map_err(|_| InvalidTrackKey)?),
        })
    }
}

impl TryFrom<String> for TrackKey {
    type Error = InvalidTrackKey;

    fn try_from(text: String) -> Result<Self, InvalidTrackKey> {
        text.parse()
    }
}

impl From<TrackKey> for String {
    fn from(key: TrackKey) -> String {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_name_of_a_track_reads_back() {
        let key = TrackKey { sfu_epoch: u64::MAX, flow: FlowId(17) };
        assert_eq!(key.to_string().parse(), Ok(key));
        for bad in ["", "1", "1-", "-1", "1-2-3", "../1"] {
            assert_eq!(bad.parse::<TrackKey>(), Err(InvalidTrackKey), "{bad:?}");
        }
    }
}
