//! A publisher whose SSRCs never end.

use crate::offers::{MID, VP8_PT, VP8_RTX_PT};
use std::time::Instant;
use tongtang_protocol::lesson::Source;
use tongtang_sfu::ingress::{Accepted, Dropped, Ingress, MAX_SSRCS_PER_PUBLISHER, MAX_TRACKS_PER_PUBLISHER};
use tongtang_sfu::now::Now;
use tongtang_sfu::packet::rtp::{FixedHeader, HeaderWriter};
use tongtang_sfu::sdp::{Codec, ExtensionIds, PublishedTrack};

const CAMERA_MID: &str = "1";

fn camera() -> PublishedTrack {
    PublishedTrack {
        mid: CAMERA_MID.into(),
        source: Source::Camera,
        codec: Codec::Vp8,
        payload_type: VP8_PT,
        rtx_payload_type: Some(VP8_RTX_PT),
        clock_rate_hz: 90_000,
        ext: ExtensionIds { mid: Some(MID), ..ExtensionIds::default() },
        rids: Vec::new(),
        ssrcs: Vec::new(),
        fid: Vec::new(),
        nack: true,
        transport_cc: false,
        remb: false,
    }
}

struct Publisher {
    now: Now,
    ingress: Ingress,
    sequence: u16,
}

impl Publisher {
    fn sends(&mut self, ssrc: u32, payload_type: u8) -> Result<Accepted, Dropped> {
        self.sequence += 1;
        let mut packet = Vec::new();
        let fixed = FixedHeader { marker: true, payload_type, sequence: self.sequence, timestamp: 0, ssrc };
        let mut header = HeaderWriter::begin(&mut packet, fixed);
        header.extension(MID, CAMERA_MID.as_bytes());
        header.finish();
        // Of a retransmission: which packet it was.
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&[0x10; 100]);
        self.ingress.accept(self.now, &mut packet, &mut 0)
    }
}

#[test]
fn tracks_and_ssrcs_beyond_their_limits_are_dropped_and_those_that_are_there_go_on() {
    let now = Now { mono: Instant::now(), unix_us: 0 };
    let ingress = Ingress::new(now.mono, vec![camera()]);
    let mut publisher = Publisher { now, ingress, sequence: 0 };
    let (tracks, ssrcs) = (MAX_TRACKS_PER_PUBLISHER as u32, MAX_SSRCS_PER_PUBLISHER as u32);
    for ssrc in 0..tracks {
        assert!(publisher.sends(ssrc, VP8_PT).unwrap().is_new_track);
    }
    assert_eq!(publisher.sends(tracks, VP8_PT).err(), Some(Dropped::TooMany));
    assert_eq!(publisher.ingress.tracks().len(), MAX_TRACKS_PER_PUBLISHER);

    // Tracks have an SSRC each; the others retransmit.
    for ssrc in 1_000..1_000 + ssrcs - tracks {
        assert_eq!(publisher.sends(ssrc, VP8_RTX_PT).err(), None);
    }
    assert_eq!(publisher.sends(2_000, VP8_RTX_PT).err(), Some(Dropped::TooMany));
    assert_eq!(publisher.sends(1_000, VP8_RTX_PT).err(), None, "one that is there");
    assert_eq!(publisher.sends(tracks - 1, VP8_PT).err(), None, "and the track itself");
}
