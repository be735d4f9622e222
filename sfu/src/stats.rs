//! What the engine counts. The shell turns it into `/metrics`.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Counts since start.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl Counters {
            /// All counters by name, in a fixed order.
            pub fn list(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),+]
            }
        }
    };
}

counters! {
    /// Datagrams that are nothing we speak.
    foreign_datagrams,
    /// Datagrams from addresses no peer has validated, and STUN for nobody.
    unauthenticated_packets,
    /// STUN from unknown addresses beyond what is looked at in a second.
    rate_limited_strangers,
    /// STUN that did not pass its integrity check.
    stun_failed,
    /// DTLS datagrams that were refused.
    dtls_refused,
    /// RTP packets that arrived and were authentic.
    rtp_in_packets,
    /// Their bytes.
    rtp_in_bytes,
    /// RTP packets sent for the first time.
    rtp_out_packets,
    /// RTP packets whose authentication failed, replays included.
    srtp_open_failed,
    /// RTCP packets whose authentication failed, replays included.
    srtcp_open_failed,
    /// RTP packets beyond a publisher's packets a second.
    rate_limited_packets,
    /// RTCP packets beyond a session's packets a second.
    rate_limited_rtcp,
    /// RTP packets that were malformed or too long.
    malformed_packets,
    /// RTP packets that belong to no agreed track.
    unknown_track_packets,
    /// RTP packets beyond the tracks or SSRCs a publisher may have.
    too_many_tracks_packets,
    /// RTP packets that had arrived before: late originals and needless retransmissions.
    duplicate_packets,
    /// RTP packets that came too late to be of use.
    late_packets,
    /// Packets older than the keyframe that their slot switched at, or refused by the sealer.
    egress_dropped_packets,
    /// Packets that left for nobody, because their burst found the fan-out's queue full, had waited too long, or followed one
    /// that had: the machine is too slow for its lessons.
    fan_out_dropped_packets,
    /// Packets of other workers' publishers that were taken in for subscribers of this one.
    mirrored_packets,
    /// Packets that found the ring to another worker full: its subscribers missed them.
    mirror_packets_lost,
    /// News to another worker that were lost: its thread has died.
    mirror_news_lost,
    /// Switches of slots to another track.
    slot_switches,
    /// Packets sent again.
    retransmitted_packets,
    /// Packets asked for again that could not be: too old, or of another segment.
    retransmissions_failed,
    /// NACKs not read to their end: the subscriber had asked for more than it may in a second, or the machine was too slow
    /// for its lessons already.
    nacks_cut,
    /// NACKs sent to publishers.
    nacks_sent,
    /// PLIs and FIRs received from subscribers.
    keyframe_requests_in,
    /// PLIs sent to publishers.
    plis_sent,
    /// Sessions opened.
    sessions_opened,
    /// Sessions that ended, for whatever reason.
    sessions_ended,
    /// Commands refused because of a limit.
    limit_refusals,
}
