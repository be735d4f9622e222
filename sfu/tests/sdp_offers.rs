//! What real peers offer is answered as they need it; what nobody should offer is refused in words.
//!
//! The offers stand in `offers/` as Chromium 156, Firefox 153, GStreamer 1.22 and aiortc made them.
#![allow(clippy::unwrap_used, missing_docs)]

use tongtang_protocol::lesson::{Source, VideoCodec};
use tongtang_sfu::sdp::{
    Codec, LocalDescription, MAX_CODECS, MAX_EXTENSIONS, MAX_LINES, MAX_MEDIA, MAX_NAME_BYTES, MAX_RIDS,
    MAX_SDP_BYTES, MAX_SSRCS, MediaKind, Offer, PayloadTypes, PublishAnswer, PublishPolicy, RemoteSetup,
    SdpError, SlotPlan, SubscribeAnswer, answer_publish, answer_subscribe,
};

macro_rules! offer {
    ($name:literal) => {
        include_str!(concat!("offers/", $name, ".sdp"))
    };
}

const ALL: [(&str, &str); 10] = [
    ("chromium-whip-simulcast", offer!("chromium-whip-simulcast")),
    ("chromium-plain", offer!("chromium-plain")),
    ("chromium-whep-22", offer!("chromium-whep-22")),
    ("firefox-whip-simulcast", offer!("firefox-whip-simulcast")),
    ("firefox-whep-22", offer!("firefox-whep-22")),
    ("gstreamer-whip-h264", offer!("gstreamer-whip-h264")),
    ("gstreamer-whip-vp8-alone", offer!("gstreamer-whip-vp8-alone")),
    ("gstreamer-whep", offer!("gstreamer-whep")),
    ("aiortc-whip", offer!("aiortc-whip")),
    ("aiortc-whep", offer!("aiortc-whep")),
];

const EVERYTHING: [Source; 3] = [Source::Microphone, Source::Camera, Source::Board];

fn with_local<T>(answer: impl FnOnce(&LocalDescription<'_>) -> T) -> T {
    let candidates = ["192.0.2.1:3478".parse().unwrap()];
    answer(&LocalDescription {
        ufrag: "ourufrag",
        pwd: "ourpasswordourpassword12",
        fingerprint: "00:11:22",
        candidates: &candidates,
        tcp_candidates: &[],
        version: 1,
    })
}

fn publish(sdp: &str, video_codec: VideoCodec, sources: &[Source]) -> Result<PublishAnswer, SdpError> {
    let offer = Offer::parse(sdp)?;
    let answer = with_local(|local| answer_publish(&offer, local, &PublishPolicy { video_codec, sources }))?;
    well_formed(&offer, sdp, &answer.sdp);
    Ok(answer)
}

fn plan(video: u32, audio: u32) -> Vec<SlotPlan> {
    let slot = |kind, name: String, n: u32, stream: &str| SlotPlan {
        name,
        kind,
        ssrc: 1_000 + n,
        rtx_ssrc: 2_000 + n,
        stream: stream.to_owned(),
    };
    let videos = (0..video)
        .map(|n| slot(MediaKind::Video, format!("video{n}"), n, if n == 0 { "lesson" } else { "other" }));
    let audios = (0..audio).map(|n| {
        slot(MediaKind::Audio, format!("audio{n}"), 100 + n, if n == 0 { "lesson" } else { "other" })
    });
    videos.chain(audios).collect()
}

fn subscribe(sdp: &str, plan: &[SlotPlan]) -> Result<SubscribeAnswer, SdpError> {
    let offer = Offer::parse(sdp)?;
    let answer = with_local(|local| answer_subscribe(&offer, local, plan))?;
    well_formed(&offer, sdp, &answer.sdp);
    Ok(answer)
}

fn m_lines(sdp: &str) -> Vec<&str> {
    sdp.lines().filter(|line| line.starts_with("m=")).collect()
}

/// What every answer owes to its offer (RFC 3264 §6, RFC 8829 §5.3.1).
fn well_formed(offer: &Offer, offered: &str, answer: &str) {
    assert!(answer.starts_with("v=0\r\no=") && answer.ends_with("\r\n"));
    assert!(answer.lines().all(|line| line.as_bytes()[1] == b'='), "{answer}");
    let (theirs, ours) = (m_lines(offered), m_lines(answer));
    assert_eq!(theirs.len(), ours.len(), "one m-line for each");
    assert_eq!(offer.media_count(), ours.len());
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs.split(' ').next(), ours.split(' ').next());
        let offered: Vec<_> = theirs.split(' ').skip(3).collect();
        assert!(ours.split(' ').skip(3).all(|format| offered.contains(&format)), "{theirs} / {ours}");
    }
    let bundle = answer.lines().find_map(|line| line.strip_prefix("a=group:BUNDLE "));
    let bundled = bundle.map_or(1, |mids| mids.split(' ').count());
    assert_eq!(bundled, ours.iter().filter(|line| line.split(' ').nth(1) != Some("0")).count());
    assert_eq!(answer.matches("a=setup:passive\r\n").count(), bundled);
    assert!(answer.contains("a=ice-lite\r\n"));
}

/// The lines of one m-section of an answer.
fn section(answer: &str, index: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut at = None;
    for line in answer.lines() {
        if line.starts_with("m=") {
            at = Some(at.map_or(0, |at: usize| at + 1));
        }
        if at == Some(index) {
            lines.push(line);
        }
    }
    lines
}

#[test]
fn every_real_offer_is_read_with_its_transport() {
    for (name, sdp) in ALL {
        let offer = Offer::parse(sdp).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(offer.remote().setup, RemoteSetup::Actpass, "{name}");
        assert!(sdp.contains(&format!("a=ice-ufrag:{}", offer.remote().ufrag)), "{name}");
        assert!(sdp.contains(&format!("a=ice-pwd:{}", offer.remote().pwd)), "{name}");
        let fingerprint: Vec<_> =
            offer.remote().fingerprint_sha256.iter().map(|byte| format!("{byte:02X}")).collect();
        assert!(sdp.contains(&format!("a=fingerprint:sha-256 {}", fingerprint.join(":"))), "{name}");
    }
}

#[test]
fn chromium_publishes_microphone_simulcast_camera_and_board() {
    let answer = publish(offer!("chromium-whip-simulcast"), VideoCodec::H264, &EVERYTHING).unwrap();
    let [microphone, camera, board] = &answer.tracks[..] else { panic!("{:?}", answer.tracks) };
    assert_eq!((microphone.source, microphone.codec), (Source::Microphone, Codec::Opus));
    assert_eq!((camera.source, camera.codec), (Source::Camera, Codec::H264));
    assert_eq!((board.source, board.codec), (Source::Board, Codec::H264));
    assert_eq!(camera.rids, ["q", "h", "f"]);
    assert!(board.rids.is_empty());
    assert!(camera.rtx_payload_type.is_some() && camera.nack && camera.transport_cc && !camera.remb);
    let ext = camera.ext;
    assert!(
        ext.mid.is_some() && ext.rid.is_some() && ext.repaired_rid.is_some() && ext.transport_cc.is_some()
    );
    assert!(microphone.ext.audio_level.is_some() && microphone.transport_cc);
    let lines = section(&answer.sdp, 1);
    assert!(lines.contains(&"a=simulcast:recv q;h;f") && lines.contains(&"a=rid:q recv"), "{lines:?}");
    assert!(lines.contains(&"a=recvonly"));
    let fmtp = format!("a=fmtp:{} ", camera.payload_type);
    let fmtp = lines.iter().find(|line| line.starts_with(&fmtp)).unwrap();
    assert!(fmtp.contains("packetization-mode=1") && fmtp.contains("profile-level-id=42e0"), "{fmtp}");
}

#[test]
fn the_lessons_codec_decides_and_a_peer_without_it_is_told_so() {
    let answer = publish(offer!("chromium-whip-simulcast"), VideoCodec::Vp8, &EVERYTHING).unwrap();
    assert!(answer.tracks[1..].iter().all(|track| track.codec == Codec::Vp8));
    let answer = publish(offer!("firefox-whip-simulcast"), VideoCodec::Vp8, &EVERYTHING).unwrap();
    assert_eq!(answer.tracks.len(), 3);
    assert_eq!(answer.tracks[1].rids, ["q", "h", "f"]);
    assert_eq!(answer.tracks[1].fid.len(), 3, "Firefox declares its SSRCs although it uses rids");
    let refused = publish(offer!("gstreamer-whip-vp8-alone"), VideoCodec::H264, &EVERYTHING).unwrap_err();
    assert!(refused.to_string().contains("H264"), "{refused}");
}

#[test]
fn firefox_extensions_that_go_one_way_are_answered_the_other_way() {
    let answer = publish(offer!("firefox-whip-simulcast"), VideoCodec::Vp8, &EVERYTHING).unwrap();
    let lines = section(&answer.sdp, 1);
    assert!(
        lines.contains(&"a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
        "{lines:?}"
    );
    assert_eq!(answer.tracks[1].ext.rid, Some(9));
}

#[test]
fn what_a_participant_may_not_publish_is_rejected_and_the_rest_is_not() {
    let answer = publish(offer!("chromium-whip-simulcast"), VideoCodec::H264, &[Source::Camera]).unwrap();
    assert_eq!(answer.tracks.len(), 1);
    assert_eq!(answer.tracks[0].source, Source::Camera);
    assert!(answer.sdp.contains("a=group:BUNDLE 1\r\n"));
    let ports: Vec<_> = m_lines(&answer.sdp).iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(ports, ["0", "9", "0"]);
    let refused = publish(offer!("chromium-whip-simulcast"), VideoCodec::H264, &[]).unwrap_err();
    assert!(matches!(refused, SdpError::NothingToDo { .. }));
}

#[test]
fn gstreamer_publishes_without_extensions_rtx_or_nack() {
    let answer = publish(offer!("gstreamer-whip-h264"), VideoCodec::H264, &EVERYTHING).unwrap();
    let [camera, microphone] = &answer.tracks[..] else { panic!("{:?}", answer.tracks) };
    assert_eq!((camera.source, camera.codec, camera.payload_type), (Source::Camera, Codec::H264, 96));
    assert_eq!(
        (microphone.source, microphone.payload_type),
        (Source::Microphone, 97),
        "port 0, but bundle-only"
    );
    assert_eq!(camera.ssrcs.len(), 1);
    assert!(!camera.nack && !camera.transport_cc && camera.rtx_payload_type.is_none());
    assert!(answer.sdp.contains("a=rtcp-fb:96 nack pli\r\n"));
    assert!(!answer.sdp.contains("transport-cc"), "it names the feedback but not the extension");

    let answer = publish(offer!("gstreamer-whip-vp8-alone"), VideoCodec::Vp8, &EVERYTHING).unwrap();
    assert_eq!(answer.tracks[0].mid, "video0");
    assert!(!answer.sdp.contains("BUNDLE"), "the offer stands alone");
}

#[test]
fn aiortc_publishes_with_remb_and_rtx() {
    for (codec, payload_type, rtx) in [(VideoCodec::Vp8, 97, 98), (VideoCodec::H264, 101, 102)] {
        let answer = publish(offer!("aiortc-whip"), codec, &EVERYTHING).unwrap();
        let camera = answer.tracks.iter().find(|track| track.source == Source::Camera).unwrap();
        assert_eq!((camera.payload_type, camera.rtx_payload_type), (payload_type, Some(rtx)));
        assert!(camera.remb && camera.nack && !camera.transport_cc);
        assert_eq!(camera.fid, [(camera.ssrcs[0], camera.ssrcs[1])]);
        assert!(camera.ext.abs_send_time.is_some());
    }
}

#[test]
fn chromium_and_firefox_receive_22_slots() {
    for (name, sdp, has_h264) in
        [("Chromium", offer!("chromium-whep-22"), true), ("Firefox", offer!("firefox-whep-22"), false)]
    {
        let plan = plan(19, 3);
        let answer = subscribe(sdp, &plan).unwrap();
        assert_eq!(answer.slots.len(), 22, "{name}");
        for (index, (slot, planned)) in answer.slots.iter().zip(&plan).enumerate() {
            assert_eq!(
                (&slot.name, slot.ssrc, slot.rtx_ssrc),
                (&planned.name, planned.ssrc, planned.rtx_ssrc)
            );
            assert_eq!(slot.mid, index.to_string());
            assert!(slot.transport_cc && !slot.remb && slot.ext.mid.is_some(), "{name} {slot:?}");
            let lines = section(&answer.sdp, index);
            assert!(lines.contains(&"a=sendonly"));
            assert!(lines.contains(&format!("a=msid:{} {}", planned.stream, planned.name).as_str()));
            assert!(lines.contains(&format!("a=ssrc:{} cname:tongtang", planned.ssrc).as_str()));
            match slot.kind {
                MediaKind::Video => {
                    assert_eq!(slot.h264.is_some(), has_h264, "{name}");
                    assert!(slot.vp8.is_some_and(|types| types.rtx.is_some()) && slot.nack);
                    let fid = format!("a=ssrc-group:FID {} {}", planned.ssrc, planned.rtx_ssrc);
                    assert!(lines.contains(&fid.as_str()));
                    assert!(lines.iter().any(|line| line.ends_with(" nack")));
                }
                MediaKind::Audio => assert!(
                    !lines.iter().any(|line| line.ends_with(" nack"))
                        && slot.opus.is_some()
                        && slot.h264.is_none()
                        && !slot.nack
                ),
            }
        }
    }
}

#[test]
fn slots_and_m_lines_that_find_no_partner_are_left_out() {
    let few_slots = subscribe(offer!("chromium-whep-22"), &plan(2, 1)).unwrap();
    assert_eq!(few_slots.slots.iter().map(|slot| slot.mid.as_str()).collect::<Vec<_>>(), ["0", "1", "19"]);
    let few_lines = subscribe(offer!("gstreamer-whep"), &plan(5, 3)).unwrap();
    assert_eq!(
        few_lines.slots.iter().map(|slot| slot.name.as_str()).collect::<Vec<_>>(),
        ["video0", "audio0"]
    );
    assert_eq!(few_lines.slots[0].h264, Some(PayloadTypes { media: 102, rtx: None }));
    assert!(!few_lines.slots[0].nack && few_lines.slots[0].ext.mid.is_none());
    assert!(offer!("gstreamer-whep").contains("a=rtcp-fb:102 nack\r\n"), "it would send NACKs");
    assert!(!few_lines.sdp.contains(" nack\r\n"), "what is not answered is not promised");
    assert!(few_lines.sdp.contains("a=rtcp-fb:102 nack pli\r\n"));
    let aiortc = subscribe(offer!("aiortc-whep"), &plan(2, 1)).unwrap();
    assert_eq!(aiortc.slots.len(), 3);
    assert!(aiortc.slots[0].remb && aiortc.slots[0].h264.is_some() && aiortc.slots[0].vp8.is_some());
    let none = subscribe(offer!("chromium-whep-22"), &[]).unwrap_err();
    assert!(matches!(none, SdpError::NothingToDo { .. }));
}

#[test]
fn one_who_only_sends_gets_no_slots_and_one_who_only_receives_publishes_nothing() {
    assert!(matches!(
        subscribe(offer!("chromium-whip-simulcast"), &plan(3, 3)),
        Err(SdpError::NothingToDo { .. })
    ));
    let answer = publish(offer!("chromium-whep-22"), VideoCodec::H264, &EVERYTHING);
    assert!(matches!(answer, Err(SdpError::NothingToDo { .. })));
}

#[test]
fn h264_is_found_in_every_spelling_that_means_baseline_with_fragmentation_units() {
    let base = offer!("gstreamer-whip-h264");
    let fmtp = base.lines().find(|line| line.starts_with("a=fmtp:96 ")).unwrap();
    for (parameters, accepted) in [
        ("packetization-mode=1", true),
        ("packetization-mode=1;profile-level-id=42E01F", true),
        ("profile-level-id=42e01f; packetization-mode=1", true),
        ("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f", true),
        ("PACKETIZATION-MODE=1;PROFILE-LEVEL-ID=42C015", true),
        ("packetization-mode=0;profile-level-id=42e01f", false),
        ("profile-level-id=42e01f", false),
        ("packetization-mode=1;profile-level-id=640c1f", false),
        ("packetization-mode=1;profile-level-id=xyz", false),
    ] {
        let sdp = base.replace(fmtp, &format!("a=fmtp:96 {parameters}"));
        let answer = publish(&sdp, VideoCodec::H264, &EVERYTHING).unwrap();
        assert_eq!(answer.tracks.iter().any(|track| track.codec == Codec::H264), accepted, "{parameters}");
    }
}

#[test]
fn extensions_beyond_the_one_byte_form_are_not_answered() {
    let sdp = offer!("chromium-whip-simulcast").replace("a=extmap:4 ", "a=extmap:15 ");
    let answer = publish(&sdp, VideoCodec::H264, &EVERYTHING).unwrap();
    assert!(answer.tracks.iter().all(|track| track.ext.mid != Some(15)));
    assert!(!answer.sdp.contains("a=extmap:15"));
}

#[test]
fn transport_attributes_at_session_level_count_for_all() {
    let media = offer!("chromium-plain");
    let is_transport = |line: &&str| {
        ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"].iter().any(|name| line.starts_with(name))
    };
    let transport: Vec<_> = media.lines().filter(is_transport).take(4).collect();
    let mut lines: Vec<_> = media.lines().filter(|line| !is_transport(line)).collect();
    let at = lines.iter().position(|line| line.starts_with("m=")).unwrap();
    lines.splice(at..at, transport);
    let moved = Offer::parse(&lines.join("\n")).unwrap();
    assert_eq!(moved.remote(), Offer::parse(media).unwrap().remote());
}

#[test]
fn of_several_transports_the_first_m_lines_is_the_bundles() {
    let offer = offer!("chromium-plain");
    let ufrag = Offer::parse(offer).unwrap().remote().ufrag.clone();
    let at = offer.rfind(&format!("a=ice-ufrag:{ufrag}")).unwrap();
    let (before, after) = offer.split_at(at);
    let other = format!("{before}{}", after.replacen(&ufrag, "othr", 1));
    assert_eq!(Offer::parse(&other).unwrap().remote().ufrag, ufrag);
}

#[test]
fn what_no_peer_should_offer_is_refused_with_the_rule() {
    let good = offer!("chromium-plain");
    let without =
        |prefix: &str| good.lines().filter(|line| !line.starts_with(prefix)).collect::<Vec<_>>().join("\r\n");
    let ufrag = good.lines().find(|line| line.starts_with("a=ice-ufrag")).unwrap();
    for (sdp, words) in [
        (String::new(), "m-line"),
        ("hello".to_owned(), "line 1"),
        (without("m="), "m-line"),
        (without("a=ice-ufrag"), "a=ice-ufrag"),
        (without("a=ice-pwd"), "a=ice-pwd"),
        (without("a=fingerprint"), "a=fingerprint"),
        (without("a=rtcp-mux"), "a=rtcp-mux"),
        (without("a=group"), "BUNDLE"),
        (good.replace("a=fingerprint:sha-256", "a=fingerprint:sha-1"), "sha-256"),
        (good.replace("a=setup:actpass", "a=setup:passive"), "DTLS server"),
        (good.replace("a=mid:1", "a=mid:0"), "a=mid"),
        (good.replace(ufrag, "a=ice-ufrag:x"), "ice-char"),
        (good.replace(ufrag, "a=ice-ufrag:a b\tc d"), "ice-char"),
        (good.replacen("m=audio 9 ", "m=audio nine ", 1), "port"),
        (good.replace("a=mid:0", "a=mid:\"><script>"), "token"),
        (good.replacen("s=-", "s=-\u{1}", 1), "control character"),
        (good.replacen("t=0 0", "t=0 0\r\na=ice-lite", 1), "ICE-lite"),
        (good.replacen("t=0 0", "nonsense", 1), "x=value"),
    ] {
        let error = Offer::parse(&sdp).unwrap_err().to_string();
        assert!(error.contains(words), "{error:?} should speak of {words:?}");
    }
}

#[test]
fn limits_are_named_and_enforced() {
    let audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtcp-mux\r\n";
    let thousand = format!("v=0\r\n{}", audio.repeat(1_000));
    assert_eq!(
        Offer::parse(&thousand),
        Err(SdpError::Limit { what: "the number of m-lines", limit: MAX_MEDIA })
    );
    let long = format!("v=0\r\n{}", "a=x\r\n".repeat(MAX_SDP_BYTES / 5));
    assert!(matches!(Offer::parse(&long), Err(SdpError::Limit { limit: MAX_SDP_BYTES, .. })));
    let lines = format!("v=0\r\n{}", "a=x\r\n".repeat(MAX_LINES));
    assert!(lines.len() < MAX_SDP_BYTES);
    assert!(matches!(Offer::parse(&lines), Err(SdpError::Limit { limit: MAX_LINES, .. })));
    let video = |formats: usize, more: &str| {
        let formats: String = (0..formats).map(|n| format!(" {n}")).collect();
        Offer::parse(&format!("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF{formats}\r\n{more}"))
    };
    assert!(!matches!(video(MAX_CODECS, ""), Err(SdpError::Limit { .. })), "so many are read");
    assert!(matches!(video(MAX_CODECS + 1, ""), Err(SdpError::Limit { limit: MAX_CODECS, .. })));
    let rids = |count: usize| (0..count).map(|n| format!("a=rid:{n} send\r\n")).collect::<String>();
    assert!(!matches!(video(1, &rids(MAX_RIDS)), Err(SdpError::Limit { .. })), "so many are read");
    assert!(matches!(video(1, &rids(MAX_RIDS + 1)), Err(SdpError::Limit { limit: MAX_RIDS, .. })));
    let mid = |bytes: usize| video(1, &format!("a=mid:{}\r\n", "m".repeat(bytes)));
    assert!(!matches!(mid(MAX_NAME_BYTES), Err(SdpError::Line { .. })), "so long a name is read");
    assert!(matches!(mid(MAX_NAME_BYTES + 1), Err(SdpError::Line { line: 3, .. })));
}

#[test]
fn extensions_and_ssrcs_beyond_their_number_are_as_if_they_had_not_been_offered() {
    let offer = offer!("chromium-plain");
    let answer = |text: &str| {
        let offer = Offer::parse(text).unwrap();
        let policy = PublishPolicy { video_codec: VideoCodec::H264, sources: &EVERYTHING };
        with_local(|local| answer_publish(&offer, local, &policy)).unwrap()
    };
    // Behind everything that the browser says of its last m-line.
    let noise: String =
        (0..2_000).map(|n| format!("a=ssrc:{n} cname:x\r\na=extmap:{} urn:x:{n}\r\n", n % 14 + 1)).collect();
    assert!(noise.lines().count() > MAX_EXTENSIONS + MAX_SSRCS);
    let (plain, noisy) = (answer(offer), answer(&format!("{offer}{noise}")));
    assert_eq!(noisy.sdp, plain.sdp);
    let ssrcs =
        |answer: &PublishAnswer| answer.tracks.iter().map(|track| track.ssrcs.len()).collect::<Vec<_>>();
    assert!(ssrcs(&noisy).iter().all(|count| *count <= MAX_SSRCS), "{:?}", ssrcs(&noisy));
}

#[test]
fn an_offer_cut_anywhere_or_with_any_line_gone_never_panics() {
    for (_, sdp) in ALL.iter().filter(|(_, sdp)| sdp.len() < 12_000) {
        let lines: Vec<_> = sdp.lines().collect();
        for gone in 0..lines.len() {
            let mut rest = lines.clone();
            rest.remove(gone);
            let text = rest.join("\r\n");
            if let Ok(offer) = Offer::parse(&text) {
                with_local(|local| {
                    let policy = PublishPolicy { video_codec: VideoCodec::Vp8, sources: &EVERYTHING };
                    let _ = answer_publish(&offer, local, &policy);
                    let _ = answer_subscribe(&offer, local, &plan(3, 3));
                });
            }
        }
        for cut in (0..sdp.len()).step_by(97) {
            let _ = Offer::parse(&sdp[..cut]);
        }
    }
}
