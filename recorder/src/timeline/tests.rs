use super::*;
use tongtang_protocol::lesson::Source;
use tongtang_roq::control::{Flow, FlowCodec, FlowId};

const START_US: u64 = 1_795_000_000_000_000;

fn track(id: u64, codec: FlowCodec, clock_rate_hz: u32) -> Track {
    let source = if codec == FlowCodec::Opus { Source::Microphone } else { Source::Camera };
    let participant = ParticipantId::new("teacher").expect("valid");
    let flow = Flow {
        id: FlowId(id),
        participant,
        source,
        codec,
        rid: None,
        ssrc: id as u32,
        payload_type: 96,
        clock_rate_hz,
    };
    Track { sfu_epoch: 1, flow }
}

fn rtp_packet(timestamp: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 96, 0, 0];
    packet.extend(timestamp.to_be_bytes());
    packet.extend([0; 8]);
    packet
}

fn sender_report(ssrc: u32, ntp_unix_us: u64, timestamp: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(((ntp_unix_us / 1_000_000 + 2_208_988_800) as u32).to_be_bytes());
    packet.extend((((ntp_unix_us % 1_000_000) << 32).div_ceil(1_000_000) as u32).to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend([0; 8]);
    packet
}

/// A track as a network delivers it.
struct Way {
    track: Track,
    frame_us: u64,
    first_timestamp: u32,
    delay_us: u64,
    jitter_us: u64,
    drift_ppm: i64,
    /// The publisher's clock minus ours, when it sends reports.
    reports_with_offset_us: Option<i64>,
}

impl Way {
    fn timestamp(&self, captured_us: u64) -> u32 {
        let elapsed_us = (captured_us - START_US) as i64;
        let ticks = (elapsed_us + elapsed_us * self.drift_ppm / 1_000_000)
            * i64::from(self.track.flow.clock_rate_hz)
            / 1_000_000;
        self.first_timestamp.wrapping_add(ticks as u32)
    }

    fn arrival_us(&self, captured_us: u64) -> u64 {
        let noise = captured_us.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        captured_us + self.delay_us + noise % self.jitter_us.max(1)
    }

    fn play(&self, builder: &mut TimelineBuilder, seconds: u64) {
        let frames = seconds * 1_000_000 / self.frame_us;
        for frame in 0..frames {
            let captured_us = START_US + frame * self.frame_us;
            let packet = rtp_packet(self.timestamp(captured_us));
            let arrival_unix_us = self.arrival_us(captured_us);
            let index = frame * 2;
            let record = Record { kind: PacketKind::Rtp, index, arrival_unix_us, packet: &packet };
            builder.record(&self.track, &record);
            if let (0, Some(offset_us)) = (captured_us % 1_000_000, self.reports_with_offset_us) {
                let ntp_us = captured_us.checked_add_signed(offset_us).expect("in range");
                let packet = sender_report(self.track.flow.ssrc, ntp_us, self.timestamp(captured_us));
                let record =
                    Record { kind: PacketKind::Rtcp, index: index + 1, arrival_unix_us, packet: &packet };
                builder.record(&self.track, &record);
            }
        }
    }

    /// How far the timeline is from the truth, worst frame, after the least delay.
    fn worst_error_us(&self, timeline: &Timeline, seconds: u64, least_delay_us: u64) -> i64 {
        (0..seconds * 1_000_000 / self.frame_us)
            .map(|frame| {
                let captured_us = START_US + frame * self.frame_us;
                let at = timeline.at_unix_us(
                    self.track.key(),
                    self.timestamp(captured_us),
                    self.arrival_us(captured_us),
                );
                (at as i64 - (captured_us + least_delay_us) as i64).abs()
            })
            .max()
            .unwrap_or(0)
    }
}

#[test]
fn a_drifting_jittery_wrapping_track_stays_on_the_clock() {
    let way = Way {
        track: track(1, FlowCodec::H264, 90_000),
        frame_us: 40_000,
        // Wraps after ten seconds.
        first_timestamp: u32::MAX - 900_000,
        delay_us: 30_000,
        jitter_us: 60_000,
        drift_ppm: 60,
        reports_with_offset_us: None,
    };
    let mut builder = TimelineBuilder::default();
    way.play(&mut builder, 600);
    let error = way.worst_error_us(&builder.build(), 600, 30_000);
    assert!(error < 10_000, "{error} us");
}

#[test]
fn sound_and_picture_stay_together_though_the_picture_arrives_late() {
    let sound = Way {
        track: track(1, FlowCodec::Opus, 48_000),
        frame_us: 20_000,
        first_timestamp: 77,
        delay_us: 25_000,
        jitter_us: 15_000,
        drift_ppm: -30,
        reports_with_offset_us: Some(-9_000_000_000),
    };
    let picture = Way {
        track: track(2, FlowCodec::H264, 90_000),
        frame_us: 40_000,
        first_timestamp: u32::MAX - 5,
        delay_us: 280_000,
        jitter_us: 90_000,
        drift_ppm: 20,
        reports_with_offset_us: Some(-9_000_000_000),
    };
    let mut builder = TimelineBuilder::default();
    sound.play(&mut builder, 120);
    picture.play(&mut builder, 120);
    let timeline = builder.build();
    let errors =
        (sound.worst_error_us(&timeline, 120, 25_000), picture.worst_error_us(&timeline, 120, 25_000));
    assert!(errors.0 < 5_000 && errors.1 < 5_000, "{errors:?} us");
}

#[test]
fn absurd_sender_reports_are_not_believed() {
    let mut way = Way {
        track: track(1, FlowCodec::Opus, 48_000),
        frame_us: 20_000,
        first_timestamp: 0,
        delay_us: 25_000,
        jitter_us: 10_000,
        drift_ppm: 0,
        reports_with_offset_us: Some(0),
    };
    let mut builder = TimelineBuilder::default();
    way.play(&mut builder, 20);
    // The same publisher's other track claims to be an hour late.
    way.track = track(2, FlowCodec::Opus, 48_000);
    way.reports_with_offset_us = Some(3_600_000_000);
    way.play(&mut builder, 20);
    let timeline = builder.build();
    for id in [1, 2] {
        way.track = track(id, FlowCodec::Opus, 48_000);
        let error = way.worst_error_us(&timeline, 20, 25_000);
        assert!(error < 10_000, "track {id}: {error} us");
    }
}

#[test]
fn a_jump_of_the_timestamps_begins_a_new_piece() {
    let mut way = Way {
        track: track(1, FlowCodec::H264, 90_000),
        frame_us: 40_000,
        first_timestamp: 1000,
        delay_us: 30_000,
        jitter_us: 1,
        drift_ppm: 0,
        reports_with_offset_us: None,
    };
    let track = way.track.clone();
    let mut builder = TimelineBuilder::default();
    way.play(&mut builder, 10);
    let old_timestamp = way.timestamp(START_US + 9_960_000);
    way.first_timestamp = 3_000_000_000;
    for frame in 250..500 {
        let captured_us = START_US + frame * 40_000;
        let packet = rtp_packet(way.timestamp(captured_us));
        let arrival_unix_us = way.arrival_us(captured_us);
        builder.record(
            &track,
            &Record { kind: PacketKind::Rtp, index: frame, arrival_unix_us, packet: &packet },
        );
    }
    let timeline = builder.build();
    let captured_us = START_US + 15_000_000;
    let at = timeline.at_unix_us(track.key(), way.timestamp(captured_us), way.arrival_us(captured_us));
    assert!((at as i64 - (captured_us + 30_000) as i64).abs() < 1000);
    let late = START_US + 10_500_000;
    assert_eq!(
        timeline.at_unix_us(track.key(), old_timestamp, late),
        late,
        "a late packet goes by its arrival"
    );
}
