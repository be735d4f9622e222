//! The way of a packet: opened in place, taken in, tapped, fanned out; and of RTCP both ways.

use super::Engine;
use super::session::{Origin, Publisher, SessionKey};
use super::slab::Key;
use crate::ingress::{Accepted, Dropped, SenderReportOf};
use crate::now::Now;
use crate::packet::rtcp::{self, Nacked, Part, build};
use tongtang_protocol::lesson::Source;

impl Engine {
    pub(super) fn handle_rtp(&mut self, now: Now, key: SessionKey, datagram: &mut [u8]) {
        // A subscriber sends no media.
        let SessionKey::Publisher(key) = key else {
            self.counters.unknown_track_packets += 1;
            return;
        };
        let Some(publisher) = self.publishers.get_mut(key) else { return };
        if !publisher.ingress.pass(now.mono) {
            self.counters.rate_limited_packets += 1;
            return;
        }
        let Origin::Session(session) = &mut publisher.origin else { return };
        let Ok(opened) = session.peer.open_rtp(datagram) else {
            self.counters.srtp_open_failed += 1;
            return;
        };
        self.counters.rtp_in_packets += 1;
        self.counters.rtp_in_bytes += opened.len as u64;
        let packet = &mut datagram[..opened.len];
        let accepted = match publisher.ingress.accept(now, packet, &mut self.next_flow) {
            Ok(accepted) => accepted,
            Err(dropped) => return self.count_dropped(dropped),
        };
        let room = session.room;
        if accepted.is_new_track {
            self.announce(key, accepted.track);
            self.mirror_track(key, accepted.track);
            // The first packet is often the first of a keyframe: whoever waits for it shall have it.
            self.reroute(now, room);
        }
        self.tap(now, key, &accepted, &packet[accepted.start..]);
        self.mirror_packet(key, &accepted, &packet[accepted.start..]);
        self.gather(now, key, &accepted);
    }

    pub(super) fn count_dropped(&mut self, dropped: Dropped) {
        let counter = match dropped {
            Dropped::Malformed => &mut self.counters.malformed_packets,
            Dropped::Unknown => &mut self.counters.unknown_track_packets,
            Dropped::TooMany => &mut self.counters.too_many_tracks_packets,
            Dropped::Duplicate => &mut self.counters.duplicate_packets,
            Dropped::TooLate => &mut self.counters.late_packets,
            Dropped::Probe => return,
        };
        *counter += 1;
    }

    /// Tells the taps of the room about a new flow.
    fn announce(&mut self, key: Key, track: usize) {
        let Some(publisher) = self.publishers.get(key) else { return };
        let Some(room) = self.rooms.get_mut(publisher.room()) else { return };
        let Some(flow) = publisher.ingress.flow(publisher.participant(), track) else { return };
        for (_, tap) in &mut room.taps {
            tap.flow_started(&flow);
        }
    }

    fn tap(&mut self, now: Now, key: Key, accepted: &Accepted, packet: &[u8]) {
        let Some(publisher) = self.publishers.get(key) else { return };
        let Some(room) = self.rooms.get_mut(publisher.room()) else { return };
        if room.taps.is_empty() {
            return;
        }
        let track = &publisher.ingress.tracks()[accepted.track];
        if is_silenced(publisher, track.source) {
            return;
        }
        for (_, tap) in &mut room.taps {
            tap.packet(track.flow, now.unix_us, packet);
        }
    }

    pub(super) fn handle_rtcp(&mut self, now: Now, key: SessionKey, datagram: &mut [u8]) {
        let Some(session) = self.session_mut(key) else { return };
        if !session.rtcp_limit.pass(now.mono) {
            self.counters.rate_limited_rtcp += 1;
            return;
        }
        let Ok(len) = session.peer.open_rtcp(datagram) else {
            self.counters.srtcp_open_failed += 1;
            return;
        };
        session.peer.heard(now);
        let compound = &datagram[..len];
        match key {
            SessionKey::Publisher(key) => self.rtcp_of_publisher(now, key, compound),
            SessionKey::Subscriber(key) => self.rtcp_of_subscriber(now, key, compound),
        }
    }

    fn rtcp_of_publisher(&mut self, now: Now, key: Key, compound: &[u8]) {
        for part in rtcp::parts(compound) {
            let Some(publisher) = self.publishers.get_mut(key) else { return };
            let mut ended = 0u32;
            let report = publisher.ingress.handle_rtcp(now, &part, |track| ended |= 1 << track);
            for track in (0..u32::BITS).filter(|track| ended & 1 << track != 0) {
                self.mirror_track_ended(key, track as usize);
            }
            if let Some(report) = report {
                self.tap_report(now, key, report);
                self.mirror_report(now, key, report);
            }
        }
    }

    /// The recorder keeps picture and sound together by the publisher's own reports.
    fn tap_report(&mut self, now: Now, key: Key, report: SenderReportOf) {
        let Some(publisher) = self.publishers.get(key) else { return };
        let track = &publisher.ingress.tracks()[report.track];
        let Some(room) = self.rooms.get_mut(publisher.room()).filter(|room| !room.taps.is_empty()) else {
            return;
        };
        let mut bytes = Vec::with_capacity(28);
        build::sender_report(&mut bytes, track.ssrc, report.ntp, report.rtp, 0, 0);
        for (_, tap) in &mut room.taps {
            tap.packet(track.flow, now.unix_us, &bytes);
        }
    }

    fn rtcp_of_subscriber(&mut self, now: Now, key: Key, compound: &[u8]) {
        let mut is_rerouted = false;
        for part in rtcp::parts(compound) {
            match part {
                Part::ReceiverReport(reports) => is_rerouted |= self.reports(now, key, reports),
                Part::SenderReport(report) => is_rerouted |= self.reports(now, key, report.reports),
                Part::Nack { media, lost } => self.retransmit(now, key, media, lost),
                Part::Pli(ssrc) => self.keyframe_for(now, key, ssrc),
                Part::Fir(entries) => entries.for_each(|(ssrc, _)| self.keyframe_for(now, key, ssrc)),
                Part::Sdes | Part::Bye(_) | Part::Remb(_) | Part::TransportCc(_) | Part::Other => {}
            }
        }
        if is_rerouted && let Some(room) = self.subscribers.get(key).map(|subscriber| subscriber.session.room)
        {
            self.reroute_one(now, room, key);
        }
    }

    fn reports(&mut self, now: Now, key: Key, reports: rtcp::Reports<'_>) -> bool {
        self.subscribers.get_mut(key).is_some_and(|subscriber| subscriber.egress.handle_reports(now, reports))
    }

    /// Answers a NACK from the publisher's cache.
    fn retransmit(&mut self, now: Now, key: Key, ssrc: u32, lost: Nacked<'_>) {
        let Self { publishers, subscribers, outbox, counters, fan, .. } = self;
        let Some(subscriber) = subscribers.get_mut(key) else { return };
        let Some(index) = subscriber.egress.slot_of_ssrc(ssrc) else { return };
        if fan.is_behind(now.mono) {
            counters.nacks_cut += 1;
            return;
        }
        for sequence in lost {
            // What is asked for and not to be had costs as much: it is counted all the same.
            if !subscriber.egress.may_ask_again(now) {
                counters.nacks_cut += 1;
                return;
            }
            let found = subscriber.egress.slots()[index].rewriter.source_of(sequence);
            let is_sent = found.is_some_and(|(track, source)| {
                let publisher = publishers.get(track.publisher);
                let cached = publisher
                    .and_then(|publisher| publisher.ingress.tracks().get(track.track)?.cache.get(source));
                let peer = &mut subscriber.session.peer;
                cached.is_some_and(|media| {
                    subscriber.egress.retransmit(now, index, track, &media, peer, outbox)
                })
            });
            if is_sent {
                counters.retransmitted_packets += 1;
            } else {
                counters.retransmissions_failed += 1;
            }
        }
    }

    /// A subscriber's decoder cannot go on.
    fn keyframe_for(&mut self, now: Now, key: Key, ssrc: u32) {
        self.counters.keyframe_requests_in += 1;
        let Some(subscriber) = self.subscribers.get(key) else { return };
        let track =
            subscriber.egress.slot_of_ssrc(ssrc).and_then(|index| subscriber.egress.slots()[index].target());
        if let Some(track) = track
            && let Some(publisher) = self.publishers.get_mut(track.publisher)
        {
            publisher.ingress.want_keyframe(track.track);
            self.clocks.wake(now.mono);
        }
    }
}

pub(super) fn is_silenced(publisher: &Publisher, source: Source) -> bool {
    publisher.is_muted && source == Source::Microphone
}
