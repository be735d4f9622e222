//! A simulated browser's receiving half: jitter buffers that check continuity, NACK, reports.

use crate::content::{Content, PAYLOAD_BYTES, Video, Vp8Counters};
use crate::offers::{MID, OPUS_PT, TRANSPORT_CC, VIDEO_PT, VIDEO_RTX_PT, VP8_PT, VP8_RTX_PT};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};
use tongtang_sfu::packet::Header;
use tongtang_sfu::packet::rtcp::{self, Part, ReportBlock, build};
use tongtang_sfu::packet::sequence::Unwrapper;

const NACK_INTERVAL: Duration = Duration::from_millis(60);
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
const MAX_TRIES: u8 = 12;

/// A packet that came, in order of decoding.
#[derive(Debug, Clone, Copy)]
pub struct Played {
    pub at: Instant,
    pub timestamp: u32,
    pub content: Content,
    pub codec: Video,
    pub vp8: Option<Vp8Counters>,
    pub marker: bool,
    /// Something before it was given up.
    pub is_after_gap: bool,
}

/// What came on one SSRC.
#[derive(Default)]
pub struct Slot {
    pub ssrc: u32,
    pub mid: String,
    unwrapper: Unwrapper,
    first: Option<u64>,
    received: u64,
    /// Missing: when asked last, how often.
    missing: BTreeMap<u64, (Instant, u8)>,
    waiting: BTreeMap<u64, Played>,
    next: Option<u64>,
    pub played: Vec<Played>,
    /// Who was heard, for audio: publisher and when.
    pub heard: Vec<(Instant, u8, u32)>,
    /// Timestamp and frame of what was heard last.
    pub heard_at: Option<(u32, u32)>,
    /// The stream that the answer puts it into: slots of one stream are played in sync.
    pub stream: String,
    last_sr: Option<(u32, Instant)>,
    /// RTP and NTP of the sender reports.
    pub sender_reports: Vec<(u64, u32)>,
    pub recovered: u64,
    pub given_up: u64,
    expected_before: u64,
    received_before: u64,
}

impl Slot {
    /// Publisher and layer of the last played packet.
    pub fn shows(&self) -> Option<(u8, u8)> {
        self.played.last().map(|played| (played.content.publisher, played.content.layer))
    }

    pub fn frames(&self) -> usize {
        self.played.iter().filter(|played| played.content.packet + 1 == played.content.packets).count()
    }

    /// How often the source changed.
    pub fn switches(&self) -> usize {
        let source = |p: &Played| (p.content.publisher, p.content.layer, p.codec);
        self.played.windows(2).filter(|w| source(&w[0]) != source(&w[1])).count()
    }

    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.waiting.is_empty() && self.given_up == 0
    }

    /// Plays what can be decoded: from a keyframe on, without holes.
    fn play(&mut self, now: Instant) {
        if self.next.is_none() {
            let starts =
                |(_, played): &(&u64, &Played)| played.content.is_keyframe && played.content.packet == 0;
            self.next = self.waiting.iter().find(starts).map(|(sequence, _)| *sequence);
            if let Some(next) = self.next {
                self.waiting.retain(|sequence, _| *sequence >= next);
                if let Some(played) = self.waiting.get_mut(&next) {
                    played.is_after_gap = !self.played.is_empty();
                }
            }
        }
        let Some(next) = &mut self.next else { return };
        while let Some(mut played) = self.waiting.remove(next) {
            played.at = now;
            self.played.push(played);
            *next += 1;
        }
    }

    /// Everything that came could be decoded: frames whole and in order, sources changed at keyframes only, time and
    /// VP8 counters never stood or jumped.
    pub fn check(&self) {
        for pair in self.played.windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            if b.is_after_gap {
                assert!(b.content.is_keyframe && b.content.packet == 0);
                continue;
            }
            let (before, after) = (a.content, b.content);
            let whole = format!("{before:?} then {after:?}, mid {}", self.mid);
            let is_same_source = (before.publisher, before.layer) == (after.publisher, after.layer);
            if is_same_source && before.frame == after.frame {
                assert_eq!(after.packet, before.packet + 1, "{whole}");
                assert_eq!(a.timestamp, b.timestamp, "{whole}");
                assert_eq!(a.vp8, b.vp8, "{whole}");
                continue;
            }
            assert_eq!(after.packet, 0, "{whole}");
            let step = b.timestamp.wrapping_sub(a.timestamp) as i32;
            assert!(step > 0, "time went on: {whole} {step}");
            if is_same_source && after.frame == before.frame + 1 {
                assert_eq!(before.packet + 1, before.packets, "{whole}");
                assert!((3_000..4_500).contains(&step), "one frame is 40 ms: {step}");
            } else {
                assert!(after.is_keyframe, "a jump or another source begins with a keyframe: {whole}");
            }
            if let (Some(before), Some(after)) = (a.vp8, b.vp8) {
                assert_eq!(after.picture_id, (before.picture_id + 1) & 0x7FFF, "{whole}");
                assert_eq!(after.tl0, before.tl0.wrapping_add(1), "{whole}");
                if b.content.is_keyframe {
                    assert_eq!(after.key, (before.key + 1) & 31, "{whole}");
                } else {
                    assert_eq!(after.key, before.key, "{whole}");
                }
            }
        }
        for pair in self.played.windows(2) {
            if pair[0].marker {
                assert_ne!(pair[0].timestamp, pair[1].timestamp, "the marker ends a frame");
            }
        }
    }
}

#[derive(Default)]
pub struct Receiver {
    /// By mid.
    pub slots: BTreeMap<usize, Slot>,
    rtx: HashMap<u32, usize>,
    pub outgoing_rtcp: Vec<Vec<u8>>,
    seen: HashSet<(u32, u64)>,
    unwrappers: HashMap<u32, Unwrapper>,
    transport: Unwrapper,
    pub transport_numbers: Vec<u64>,
    next_report: Option<Instant>,
    next_nack: Option<Instant>,
    /// Retransmissions that came, needed or not.
    pub retransmissions: u64,
    pub sends_nack: bool,
    /// Adds this fraction (of 256) of losses to its reports, as a bad link would.
    pub claims_lost: u8,
}

impl Receiver {
    /// From the answer: the SSRCs of each mid.
    pub fn new(answer: &str) -> Receiver {
        let mut receiver = Receiver { sends_nack: true, ..Receiver::default() };
        let mut mid = None;
        let mut stream = String::new();
        for line in answer.lines() {
            if let Some(text) = line.strip_prefix("a=mid:") {
                mid = text.parse::<usize>().ok();
            } else if let Some(text) = line.strip_prefix("a=msid:") {
                stream = text.split(' ').next().unwrap().to_owned();
            } else if let (Some(text), Some(mid)) = (line.strip_prefix("a=ssrc-group:FID "), mid) {
                let (_, rtx) = text.split_once(' ').unwrap();
                receiver.rtx.insert(rtx.parse().unwrap(), mid);
            } else if let (Some(text), Some(mid)) = (line.strip_prefix("a=ssrc:"), mid) {
                let ssrc: u32 = text.split(' ').next().unwrap().parse().unwrap();
                if !receiver.rtx.contains_key(&ssrc) {
                    let slot = Slot { ssrc, mid: mid.to_string(), stream: stream.clone(), ..Slot::default() };
                    receiver.slots.insert(mid, slot);
                }
            }
        }
        receiver
    }

    pub fn handle_rtp(&mut self, now: Instant, packet: &[u8]) {
        let header = Header::parse(packet).unwrap();
        let index = self.unwrappers.entry(header.ssrc).or_default().unwrap(header.sequence);
        assert!(self.seen.insert((header.ssrc, index)), "SSRC {} index {index} came twice", header.ssrc);
        let extension = |id| header.extensions(packet).find(|(found, _)| *found == id).map(|(_, data)| data);
        let number = extension(TRANSPORT_CC).expect("every packet is counted");
        self.transport_numbers.push(self.transport.unwrap(u16::from_be_bytes([number[0], number[1]])));
        let payload = header.payload(packet);
        let (mid, sequence, payload, is_rtx) = match self.rtx.get(&header.ssrc) {
            Some(&mid) => {
                assert!([VIDEO_RTX_PT, VP8_RTX_PT].contains(&header.payload_type));
                (mid, u16::from_be_bytes([payload[0], payload[1]]), &payload[2..], true)
            }
            None => {
                let (&mid, _) = self.slots.iter().find(|(_, slot)| slot.ssrc == header.ssrc).unwrap();
                (mid, header.sequence, payload, false)
            }
        };
        assert_eq!(extension(MID).unwrap(), mid.to_string().as_bytes());
        let slot = self.slots.get_mut(&mid).unwrap();
        let highest = slot.unwrapper.highest();
        let sequence = slot.unwrapper.unwrap(sequence);
        slot.first.get_or_insert(sequence);
        if is_rtx {
            self.retransmissions += 1;
            if slot.missing.contains_key(&sequence) {
                slot.recovered += 1;
            }
        } else {
            slot.received += 1;
        }
        if let Some(highest) = highest.filter(|highest| sequence > *highest) {
            slot.missing.extend((highest + 1..sequence).map(|missing| (missing, (now, 0))));
        }
        slot.missing.remove(&sequence);
        if header.payload_type == OPUS_PT {
            let frame = u32::from_be_bytes(payload[1..5].try_into().unwrap());
            assert_eq!(payload.len(), 5, "no byte of padding is content");
            slot.heard.push((now, payload[0], frame));
            slot.heard_at = Some((header.timestamp, frame));
            return;
        }
        let codec = match header.payload_type {
            VIDEO_PT | VIDEO_RTX_PT => Video::H264,
            VP8_PT | VP8_RTX_PT => Video::Vp8,
            other => panic!("payload type {other}"),
        };
        let (content, vp8) = Content::of_payload(codec, payload);
        let bytes = PAYLOAD_BYTES + usize::from(content.packet % 3);
        assert_eq!(payload.len(), bytes, "no byte of padding is content");
        let played = Played {
            at: now,
            timestamp: header.timestamp,
            content,
            codec,
            vp8,
            marker: header.marker,
            is_after_gap: false,
        };
        // Both the late original and its retransmission came.
        if slot.next.is_some_and(|next| sequence < next) {
            return;
        }
        slot.waiting.insert(sequence, played);
        slot.play(now);
    }

    pub fn handle_rtcp(&mut self, now: Instant, compound: &[u8]) {
        for part in rtcp::parts(compound) {
            if let Part::SenderReport(report) = part {
                let slot = self.slots.values_mut().find(|slot| slot.ssrc == report.ssrc).unwrap();
                slot.last_sr = Some(((report.ntp >> 16) as u32, now));
                slot.sender_reports.push((report.ntp, report.rtp));
            }
        }
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        self.next_report.into_iter().chain(self.next_nack).min()
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_nack.is_none_or(|due| due <= now) {
            self.next_nack = Some(now + NACK_INTERVAL / 3);
            self.nack(now);
        }
        if self.next_report.is_none_or(|due| due <= now) {
            self.next_report = Some(now + REPORT_INTERVAL);
            self.report(now);
        }
    }

    fn nack(&mut self, now: Instant) {
        for slot in self.slots.values_mut().filter(|_| self.sends_nack) {
            let mut lost = Vec::new();
            let mut given_up = Vec::new();
            for (&sequence, (asked, tries)) in &mut slot.missing {
                if *tries >= MAX_TRIES {
                    given_up.push(sequence);
                } else if *tries == 0 || now >= *asked + NACK_INTERVAL {
                    (*asked, *tries) = (now, *tries + 1);
                    lost.push(sequence as u16);
                }
            }
            for sequence in given_up {
                slot.missing.remove(&sequence);
                slot.given_up += 1;
                if slot.next == Some(sequence) {
                    slot.next = None;
                    slot.play(now);
                }
            }
            if !lost.is_empty() {
                let mut nack = Vec::new();
                build::nack(&mut nack, 1, slot.ssrc, &lost);
                self.outgoing_rtcp.push(nack);
            }
        }
    }

    fn report(&mut self, now: Instant) {
        let claimed = u64::from(self.claims_lost);
        let mut blocks = Vec::new();
        for slot in self.slots.values_mut() {
            let (Some(first), Some(highest)) = (slot.first, slot.unwrapper.highest()) else { continue };
            let expected = highest - first + 1;
            let interval = expected - slot.expected_before;
            let lost =
                interval.saturating_sub(slot.received - slot.received_before) + interval * claimed / 256;
            slot.expected_before = expected;
            slot.received_before = slot.received;
            let (last_sr, delay) =
                slot.last_sr.map_or((0, 0), |(sr, at)| (sr, ((now - at).as_secs_f64() * 65_536.0) as u32));
            let fake = if claimed > 0 { expected as i64 * claimed as i64 / 256 } else { 0 };
            blocks.push(ReportBlock {
                ssrc: slot.ssrc,
                fraction_lost: (lost * 256).checked_div(interval).unwrap_or(0).min(255) as u8,
                total_lost: (expected as i64 - slot.received as i64 + fake) as i32,
                highest: (highest - 65_536) as u32,
                jitter: 0,
                last_sr,
                delay_since_last_sr: delay,
            });
        }
        let mut report = Vec::new();
        build::receiver_report(&mut report, 1, &blocks);
        build::sdes_cname(&mut report, 1, "browser");
        self.outgoing_rtcp.push(report);
    }

    /// Asks again for the last packets of a slot, though they came.
    pub fn ask_again(&mut self, mid: usize, packets: u16) {
        let slot = &self.slots[&mid];
        let last = slot.unwrapper.highest().unwrap() as u16;
        let asked: Vec<u16> = (0..packets).rev().map(|back| last.wrapping_sub(back)).collect();
        let mut nack = Vec::new();
        build::nack(&mut nack, 1, slot.ssrc, &asked);
        self.outgoing_rtcp.push(nack);
    }

    /// Full Intra Request (RFC 5104 §4.3.1).
    pub fn ask_keyframe_by_fir(&mut self, mid: usize) {
        let mut fir = vec![0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0];
        fir.extend_from_slice(&self.slots[&mid].ssrc.to_be_bytes());
        fir.extend_from_slice(&[1, 0, 0, 0]);
        self.outgoing_rtcp.push(fir);
    }

    pub fn ask_keyframe(&mut self, mid: usize) {
        let mut pli = Vec::new();
        build::pli(&mut pli, 1, self.slots[&mid].ssrc);
        self.outgoing_rtcp.push(pli);
    }
}
