//! What bad subscribers do, which must be nobody else's trouble; and what reports cost when there is nothing else.

use super::Subscriber;
use crate::peer::Srtp;
use tongtang_sfu::packet::rtcp::build;

/// How a subscriber behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conduct {
    /// As a browser does.
    #[default]
    Fair,
    /// It is gone without a word: reads nothing, says nothing.
    Dead,
    /// Takes a fifth of what comes out of a small socket, and asks for the rest again, as a page on a weak machine does.
    Slow,
    /// Asks again, and again, for everything it got of late.
    FloodsNacks,
    /// Sends what means nothing, dressed as each protocol of the port.
    SendsGarbage,
    /// Asks for a keyframe in every turn.
    AsksForKeyframes,
    /// Sends no reports.
    Silent,
    /// Reports as one that gets pictures does, although none come: again and again on the last that came.
    Reports,
}

/// How far back one that is slow asks for what it has lost: half a second of the largest picture.
const ASKED_BACK: u64 = 64;
/// Datagrams a turn of one that floods: 2,000 a second with Chromium's 50 ms between feedbacks.
const FLOOD_DATAGRAMS: usize = 100;
/// Packets that each of its NACKs names.
const NACKED_PACKETS: u16 = 64;
/// Packets that each report of one that only reports names: those of 50 ms of a camera of 2 Mbit/s.
const REPORTED_PACKETS: u64 = 10;
/// Between their arrivals, in microseconds.
const REPORTED_SPACING_US: i64 = 5_000;
/// It asks for a packet again, and for a keyframe, once in so many turns (of 50 ms: each 6.4 and 12.8 s).
const TURNS_A_NACK: usize = 128;
const TURNS_A_PLI: usize = 256;
/// Bytes of garbage: a full packet's.
const GARBAGE_BYTES: usize = 1_100;
/// How the protocols of the port begin (RFC 7983 §7): STUN, DTLS, RTP, RTCP.
const FIRST_BYTES: [[u8; 2]; 4] = [[0x00, 0x01], [22, 0xFE], [0x80, 102], [0x80, 205]];

impl Subscriber {
    /// What it sends in its turn besides.
    pub(super) fn misbehave(&mut self, send: &mut impl FnMut(&[u8])) {
        match self.conduct {
            Conduct::Fair | Conduct::Dead | Conduct::Silent => {}
            Conduct::Reports => self.report_again(send),
            Conduct::Slow => self.ask_for_lost(send),
            Conduct::FloodsNacks => self.flood_nacks(send),
            Conduct::SendsGarbage => garbage(send),
            Conduct::AsksForKeyframes => self.ask_for_keyframes(send),
        }
    }

    fn ask_for_lost(&mut self, send: &mut impl FnMut(&[u8])) {
        let Some(heard) = self.heard.iter().find(|heard| heard.stream.is_video) else { return };
        let lost: Vec<u16> = heard.received.missing(ASKED_BACK).collect();
        let Some(Srtp { seal, .. }) = &mut self.peer.srtp else { return };
        let mut plain = Vec::with_capacity(128);
        build::nack(&mut plain, self.ssrc, heard.stream.ssrc, &lost);
        if !lost.is_empty()
            && let Ok(sealed) = seal.encrypt_rtcp(&plain)
        {
            send(&sealed);
        }
    }

    fn flood_nacks(&mut self, send: &mut impl FnMut(&[u8])) {
        self.nack_newest(NACKED_PACKETS, FLOOD_DATAGRAMS, send);
    }

    /// So many datagrams that ask for the newest packets of its picture.
    fn nack_newest(&mut self, packets: u16, datagrams: usize, send: &mut impl FnMut(&[u8])) {
        let Some(heard) = self.heard.iter().find(|heard| heard.stream.is_video) else { return };
        let highest = heard.received.extended_highest() as u16;
        let lost: Vec<u16> = (0..packets).map(|behind| highest.wrapping_sub(behind)).collect();
        let Some(Srtp { seal, .. }) = &mut self.peer.srtp else { return };
        let mut plain = Vec::with_capacity(128);
        build::nack(&mut plain, self.ssrc, heard.stream.ssrc, &lost);
        for _ in 0..datagrams {
            if let Ok(sealed) = seal.encrypt_rtcp(&plain) {
                send(&sealed);
            }
        }
    }

    fn report_again(&mut self, send: &mut impl FnMut(&[u8])) {
        let Some(highest) = self.highest_transport else { return };
        let turn = usize::from(self.feedbacks) + self.number;
        let since_us = i64::from(self.feedbacks) * REPORTED_SPACING_US * REPORTED_PACKETS as i64;
        let arrival = |n: u64| (highest - REPORTED_PACKETS + n, since_us + n as i64 * REPORTED_SPACING_US);
        self.arrivals.extend((1..=REPORTED_PACKETS).map(arrival));
        self.feedback(send);
        if turn.is_multiple_of(TURNS_A_PLI) {
            self.ask_for_keyframes(send);
        } else if turn.is_multiple_of(TURNS_A_NACK) {
            self.nack_newest(1, 1, send);
        }
    }

    fn ask_for_keyframes(&mut self, send: &mut impl FnMut(&[u8])) {
        let Some(Srtp { seal, .. }) = &mut self.peer.srtp else { return };
        let mut plain = Vec::with_capacity(64);
        for heard in self.heard.iter().filter(|heard| heard.stream.is_video) {
            build::pli(&mut plain, self.ssrc, heard.stream.ssrc);
        }
        if let Ok(sealed) = seal.encrypt_rtcp(&plain) {
            send(&sealed);
        }
    }
}

fn garbage(send: &mut impl FnMut(&[u8])) {
    let mut datagram = [0; GARBAGE_BYTES];
    for first in FIRST_BYTES.iter().cycle().take(FLOOD_DATAGRAMS) {
        rand::fill(&mut datagram);
        datagram[..2].copy_from_slice(first);
        send(&datagram);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongtang_sfu::demux::{Kind, classify};

    #[test]
    fn garbage_comes_to_every_door_of_the_port() {
        let mut kinds = Vec::new();
        garbage(&mut |datagram| kinds.push(classify(datagram)));
        assert_eq!(kinds.len(), FLOOD_DATAGRAMS);
        for kind in [Kind::Stun, Kind::Dtls, Kind::Rtp, Kind::Rtcp] {
            assert!(kinds.contains(&kind), "{kind:?}");
        }
    }
}
