//! Offers as Chromium makes them, cut down to what matters.

use crate::content::Video;
use std::fmt::Write;

pub const MID: u8 = 1;
pub const RID: u8 = 2;
pub const REPAIRED_RID: u8 = 3;
pub const TRANSPORT_CC: u8 = 4;
pub const AUDIO_LEVEL: u8 = 5;
pub const VIDEO_PT: u8 = 96;
pub const VIDEO_RTX_PT: u8 = 97;
pub const VP8_PT: u8 = 98;
pub const VP8_RTX_PT: u8 = 99;
pub const OPUS_PT: u8 = 111;

/// Mids of a publisher's m-lines.
pub const MIC_MID: &str = "0";
pub const CAMERA_MID: &str = "1";
pub const BOARD_MID: &str = "2";

fn head(ufrag: &str, fingerprint: &str, mids: usize) -> String {
    let bundle: Vec<String> = (0..mids).map(|mid| mid.to_string()).collect();
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\na=ice-ufrag:{ufrag}\r\n\
         a=ice-pwd:the-password-of-the-browser\r\na=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\n",
        bundle.join(" ")
    )
}

fn audio(sdp: &mut String, mid: usize, direction: &str) {
    let _ = write!(
        sdp,
        "m=audio 9 UDP/TLS/RTP/SAVPF {OPUS_PT}\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=mid:{mid}\r\na={direction}\r\n\
         a=rtpmap:{OPUS_PT} opus/48000/2\r\na=rtcp-fb:{OPUS_PT} transport-cc\r\n\
         a=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a=extmap:{TRANSPORT_CC} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
         a=extmap:{AUDIO_LEVEL} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    );
}

fn video(sdp: &mut String, mid: usize, direction: &str, rids: &[&str]) {
    let _ = write!(
        sdp,
        "m=video 9 UDP/TLS/RTP/SAVPF {VIDEO_PT} {VIDEO_RTX_PT} {VP8_PT} {VP8_RTX_PT}\r\nc=IN IP4 0.0.0.0\r\n\
         a=rtcp-mux\r\na=rtcp-rsize\r\na=mid:{mid}\r\na={direction}\r\na=rtpmap:{VIDEO_PT} H264/90000\r\n\
         a=fmtp:{VIDEO_PT} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
         a=rtpmap:{VIDEO_RTX_PT} rtx/90000\r\na=fmtp:{VIDEO_RTX_PT} apt={VIDEO_PT}\r\n\
         a=rtpmap:{VP8_PT} VP8/90000\r\na=rtpmap:{VP8_RTX_PT} rtx/90000\r\na=fmtp:{VP8_RTX_PT} apt={VP8_PT}\r\n"
    );
    for payload_type in [VIDEO_PT, VP8_PT] {
        for feedback in ["transport-cc", "nack", "nack pli", "ccm fir", "goog-remb"] {
            let _ = write!(sdp, "a=rtcp-fb:{payload_type} {feedback}\r\n");
        }
    }
    let _ = write!(
        sdp,
        "a=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a=extmap:{RID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
         a=extmap:{REPAIRED_RID} urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n\
         a=extmap:{TRANSPORT_CC} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    );
    for rid in rids {
        let _ = write!(sdp, "a=rid:{rid} send\r\n");
    }
    if !rids.is_empty() {
        let _ = write!(sdp, "a=simulcast:send {}\r\n", rids.join(";"));
    }
}

/// Microphone, camera with these layers, board.
pub fn publish(ufrag: &str, fingerprint: &str, rids: &[&str]) -> String {
    let mut sdp = head(ufrag, fingerprint, 3);
    audio(&mut sdp, 0, "sendonly");
    video(&mut sdp, 1, "sendonly", rids);
    video(&mut sdp, 2, "sendonly", &[]);
    sdp
}

/// The same of a peer that knows REMB alone.
pub fn without_transport_feedback(offer: &str) -> String {
    offer.split_inclusive("\r\n").filter(|line| !line.contains("transport-")).collect()
}

/// So many receiving m-lines.
pub fn subscribe(ufrag: &str, fingerprint: &str, pictures: usize, voices: usize) -> String {
    let mut sdp = head(ufrag, fingerprint, pictures + voices);
    for mid in 0..pictures {
        video(&mut sdp, mid, "recvonly", &[]);
    }
    for mid in pictures..pictures + voices {
        audio(&mut sdp, mid, "recvonly");
    }
    sdp
}

/// Payload types under which a codec is sent.
pub fn payload_types(codec: Video) -> (u8, u8) {
    match codec {
        Video::H264 => (VIDEO_PT, VIDEO_RTX_PT),
        Video::Vp8 => (VP8_PT, VP8_RTX_PT),
    }
}
