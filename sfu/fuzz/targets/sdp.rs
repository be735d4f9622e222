//! Offers and fragments: whatever can be read can be answered, line by line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongtang_protocol::lesson::{Source, VideoCodec};
use tongtang_sfu::sdp::{
    LocalDescription, MediaKind, Offer, PublishPolicy, SlotPlan, answer_publish, answer_subscribe, parse_fragment,
};

fn well_formed(offer: &Offer, answer: &str) {
    assert!(answer.ends_with("\r\n"));
    assert!(answer.split("\r\n").all(|line| line.is_empty() || line.as_bytes()[1] == b'='));
    assert!(!answer.replace("\r\n", "").contains(['\r', '\n']));
    assert_eq!(answer.matches("\r\nm=").count(), offer.media_count());
}

fuzz_target!(|text: &str| {
    let _ = parse_fragment(text);
    let Ok(offer) = Offer::parse(text) else { return };
    let candidates = ["192.0.2.1:3478".parse().unwrap()];
    let local = LocalDescription {
        ufrag: "ours",
        pwd: "ourpasswordourpasswordour",
        fingerprint: "00:11",
        candidates: &candidates,
        tcp_candidates: &candidates,
        version: 1,
    };
    for video_codec in [VideoCodec::H264, VideoCodec::Vp8] {
        let sources = [Source::Microphone, Source::Camera, Source::Board];
        if let Ok(answer) = answer_publish(&offer, &local, &PublishPolicy { video_codec, sources: &sources }) {
            well_formed(&offer, &answer.sdp);
        }
    }
    let plan: Vec<SlotPlan> = (0..6)
        .map(|n| SlotPlan {
            name: format!("slot{n}"),
            kind: if n % 2 == 0 { MediaKind::Video } else { MediaKind::Audio },
            ssrc: n,
            rtx_ssrc: 100 + n,
            stream: "lesson".to_owned(),
        })
        .collect();
    if let Ok(answer) = answer_subscribe(&offer, &local, &plan) {
        well_formed(&offer, &answer.sdp);
    }
});
