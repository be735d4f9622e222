//! What is measured: each scenario puts a load on a fresh server and gives one [`Measured`] a run.
//!
//! * [`bare_loop`]: the practical limit alone
//! * [`one_teacher`]: one camera and microphone, many screens; they may all come at the bell
//! * [`two_workers`]: the same at servers with one and two media threads
//! * [`access`]: over access links, and from far away
//! * [`wall`]: many small pictures for many teachers
//! * [`lessons`]: a district's lessons, pictures both ways
//! * [`bad_subscriber`]: one that misbehaves among many, and many that ask for keyframes
//! * [`against`]: the same packets for the same screens at another server
//! * [`reports`]: what subscribers' reports cost while no media flow
//! * [`hall`]: what all begin with
//! * [`window`]: a span of time in which nothing joins, with all counters before and after

pub mod access;
pub mod against;
pub mod bad_subscriber;
pub mod bare_loop;
mod hall;
pub mod lessons;
pub mod one_teacher;
pub mod reports;
pub mod two_workers;
pub mod wall;
mod window;

use crate::audience::Reception;
use crate::media::ClipName;
use crate::peer::Profile;
use crate::sfu::Program;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What all scenarios share.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server.
    pub program: Program,
    /// Cores of publishers and subscribers.
    pub own_cores: Vec<usize>,
    /// What cameras send.
    pub clip: ClipName,
    /// Their access links; `None`: as recorded.
    pub uplink_mbit: Option<f64>,
    /// How packets are sealed.
    pub profile: Profile,
    /// How the audience receives.
    pub reception: Reception,
    /// From the last join to the measurement.
    pub warm_up: Duration,
    /// How long is measured.
    pub window: Duration,
    /// Packets over which the bare loop is measured.
    pub limit_packets: usize,
}

/// One run of a scenario. `None`: not measured.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// How many subscribers took part.
    pub subscribers: usize,
    /// Why it were not more.
    pub refusal: Option<String>,
    /// Packets of media that arrived.
    pub packets: Option<f64>,
    /// The same, a second.
    pub packets_per_second: Option<f64>,
    /// The server's CPU time for each of them.
    pub cpu_ns_per_packet: Option<f64>,
    /// The same of the bare loop.
    pub limit_cpu_ns_per_packet: Option<f64>,
    /// The same of Janus.
    pub janus_cpu_ns_per_packet: Option<f64>,
    /// The same of our server, beside another's.
    pub our_cpu_ns_per_packet: Option<f64>,
    /// The same where each packet is a system call of its own.
    pub one_datagram_a_call_cpu_ns_per_packet: Option<f64>,
    /// Of the bare loop's packets, so many arrived.
    pub limit_delivered_ratio: Option<f64>,
    /// Packets that arrived, of those that should.
    pub delivered_ratio: Option<f64>,
    /// The same in the same run before anybody misbehaved.
    pub undisturbed_delivered_ratio: Option<f64>,
    /// Packets of the largest picture and the sound that were published for them.
    pub expected_packets: Option<f64>,
    /// What the server says it has sent for the first time.
    pub server_packets_out: Option<f64>,
    /// Packets of pictures that the server says it has dropped whole, each for all who were to get it.
    pub fan_out_dropped_packets: Option<f64>,
    /// Of the pictures' packets that arrived, so many were of smaller layers, by the samples.
    pub smaller_layer_share: Option<f64>,
    /// Of what was expected, so much was not to be sent because subscribers had been turned to smaller pictures.
    pub turned_down_ratio: Option<f64>,
    /// RTCP packets that the server was sent.
    pub rtcp_packets_per_second: Option<f64>,
    /// Those that it lost or refused.
    pub rtcp_lost: Option<f64>,
    /// What each costs it: CPU time beyond that in the same time without them.
    pub cpu_ns_per_rtcp_packet: Option<f64>,
    /// All of them together, of a core.
    pub rtcp_core_share: Option<f64>,
    /// What the server uses of a core while nobody sends anything.
    pub quiet_core_share: Option<f64>,
    /// Packets that came again.
    pub duplicates: Option<f64>,
    /// Packets behind a later one.
    pub reordered: Option<f64>,
    /// From the publisher's send call to the subscriber's socket.
    pub latency_p50_us: Option<f64>,
    /// See above.
    pub latency_p99_us: Option<f64>,
    /// From the request to the first packet of media.
    pub join_p50_ms: Option<f64>,
    /// See above.
    pub join_p95_ms: Option<f64>,
    /// What a join waited for, as most did.
    pub round_trips: Vec<Trip>,
    /// The most that any join waited for.
    pub join_round_trips: Option<f64>,
    /// How often something of a join was sent again.
    pub join_repeats: Option<f64>,
    /// Joins took so many times what their access link takes there and back.
    pub join_p50_round_trip_times: Option<f64>,
    /// What the server's memory grew by for each subscriber, without what its publishers' sessions grew by meanwhile.
    pub memory_bytes_per_subscriber: Option<f64>,
    /// The same with them.
    pub memory_growth_bytes_per_subscriber: Option<f64>,
    /// Latency before the subscribers' access links.
    pub latency_at_socket_p50_us: Option<f64>,
    /// See above.
    pub latency_at_socket_p99_us: Option<f64>,
    /// Datagrams of a run, as the kernel handed them over.
    pub packets_a_run: Option<f64>,
    /// Datagrams that found the queue of a subscriber's access link full.
    pub lost_at_links: Option<f64>,
    /// Workers' shares of the packets, largest less smallest over their mean, by the ports of the answers.
    pub worker_packets_imbalance: Option<f64>,
    /// The same of their CPU time, as the server tells it.
    pub worker_cpu_imbalance: Option<f64>,
    /// Frames of one subscriber's picture.
    pub frames: Option<f64>,
    /// Those of which FFmpeg made a picture.
    pub decoded_frames: Option<f64>,
    /// The server's use of a core.
    pub server_core_share: Option<f64>,
    /// For so much of the time the receiving thread had something to do.
    pub generator_core_share: Option<f64>,
    /// How late publishers sent.
    pub publisher_late_p99_us: Option<f64>,
    /// Datagrams that were lost because the bench did not read them in time.
    pub generator_drops: Option<f64>,
    /// Datagrams that were lost because the server did not read them in time.
    pub server_drops: Option<f64>,
    /// Keyframes of the publishers' largest layers.
    pub keyframes: Option<f64>,
    /// Requests for keyframes that reached publishers.
    pub keyframe_requests: Option<f64>,
    /// Packets that publishers were asked for again.
    pub retransmitted_in: Option<f64>,
    /// Packets that publishers were asked for again and did not send, because they had sent as much again as they may.
    pub refused_retransmissions: Option<f64>,
    /// Packets that the server sent again.
    pub retransmitted_out: Option<f64>,
    /// Sampled packets that were not what was published.
    pub corrupt: Option<f64>,
    /// Sampled packets that were.
    pub intact: Option<f64>,
}

/// A round trip of a join.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// What went to the server.
    pub asked: String,
    /// What came back.
    pub answered: String,
    /// How long that took, the median of all.
    pub p50_ms: f64,
}

/// A receiving thread that uses more of its core than this may itself be late.
const BUSY_CORE_SHARE: f64 = 0.85;
/// Of all packets: more drops at the bench's own sockets are the bench's fault.
const TOLERATED_DROPS: f64 = 0.000_5;

impl Measured {
    /// Is the bench itself the bottleneck, so that the figures of delivery and latency say nothing of the server?
    pub fn generator_limited(&self) -> Option<String> {
        let drops = self.generator_drops.unwrap_or_default();
        if self.generator_core_share.is_some_and(|share| share > BUSY_CORE_SHARE) {
            let share = self.generator_core_share.unwrap_or_default();
            return Some(format!(
                "generator limited: its receiving thread uses {:.0} % of a core",
                share * 100.0
            ));
        }
        if drops > self.packets.unwrap_or_default() * TOLERATED_DROPS {
            return Some(format!("generator limited: {drops:.0} datagrams were not read in time"));
        }
        None
    }
}

/// One packet in so many is opened and compared: in a large audience one in [`MAX_SAMPLE_EVERY`], in a small one more, so
/// that there are enough to speak of latencies.
pub fn sample_every(subscribers: usize) -> u32 {
    (subscribers as u32 / 8).clamp(1, MAX_SAMPLE_EVERY)
}

/// See [`sample_every`].
pub const MAX_SAMPLE_EVERY: u32 = 64;
