//! H.264 payloads (RFC 6184): only where a keyframe begins matters to us.

/// NAL unit types (ITU-T H.264 table 7-1) and packet types (RFC 6184 table 1).
const NAL_SPS: u8 = 7;
const STAP_A: u8 = 24;

/// Most NAL units of an aggregation that are looked at; a keyframe hidden behind more is found at its next packet.
const MAX_AGGREGATED: usize = 16;

/// Does a decoder that has seen nothing yet start with this packet?
///
/// Only its sequence parameter set counts (Chromium: a STAP-A of SPS and PPS, 24 bytes; GStreamer: SPS alone): a decoder
/// cannot start with an IDR slice whose parameter sets were lost, and when those are retransmitted later, they must not
/// be older than the packet the slot has switched at. WebRTC peers send them in band (RFC 7742 §6.2).
pub fn begins_keyframe(payload: &[u8]) -> bool {
    let Some(&first) = payload.first() else { return false };
    match first & 0x1F {
        NAL_SPS => true,
        STAP_A => aggregated_types(&payload[1..]).any(|nal| nal == NAL_SPS),
        _ => false,
    }
}

/// Types of the NAL units of a STAP-A: each is preceded by its 16-bit length (RFC 6184 §5.7.1).
fn aggregated_types(mut rest: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let len = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
        let nal = *rest.get(2)? & 0x1F;
        rest = rest.get(2 + len..).unwrap_or_default();
        Some(nal)
    })
    .take(MAX_AGGREGATED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_begins_with_its_parameter_sets() {
        assert!(begins_keyframe(&[STAP_A | 0x60, 0, 2, 0x67, 1, 0, 2, 0x68, 1]));
        assert!(begins_keyframe(&[STAP_A | 0x60, 0, 1, 0x09, 0, 1, 0x67]));
        assert!(begins_keyframe(&[0x67, 0x42, 0xE0]));
    }

    #[test]
    fn an_aggregation_is_walked_only_so_far() {
        let behind = |others: usize| {
            let mut payload = vec![STAP_A | 0x60];
            (0..others).for_each(|_| payload.extend([0, 1, 0x06]));
            payload.extend([0, 1, 0x67]);
            begins_keyframe(&payload)
        };
        assert!(behind(MAX_AGGREGATED - 1));
        assert!(!behind(MAX_AGGREGATED));
    }

    #[test]
    fn the_middle_of_a_keyframe_and_other_frames_do_not_begin_one() {
        for payload in [
            &[][..],
            &[28, 0x85, 1],
            &[28, 0x05, 1],
            &[0x65, 1],
            &[0x41, 1],
            &[STAP_A, 0, 1, 0x41],
            &[0x68, 1],
        ] {
            assert!(!begins_keyframe(payload), "{payload:?}");
        }
    }
}
