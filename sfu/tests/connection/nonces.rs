//! Whatever happens to tracks, packets and requests: a slot's number is sealed once, for ever. A second time with other bytes
//! would give the key away (RFC 7714 §8.4).

use crate::client::{Client, GCM};
use crate::network::World;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tongtang_sfu::egress::slot::{Slot, SlotName, TrackKey};
use tongtang_sfu::egress::{Egress, Forwarded};
use tongtang_sfu::engine::Outbox;
use tongtang_sfu::engine::slab::Slab;
use tongtang_sfu::ingress::cache::{Cache, Media, Meta, VIDEO_CELLS};
use tongtang_sfu::now::Now;
use tongtang_sfu::packet::sequence::Unwrapper;
use tongtang_sfu::packet::vp8::Descriptor;
use tongtang_sfu::peer::Peer;
use tongtang_sfu::sdp::{Codec, ExtensionIds, MediaKind, PayloadTypes, SubscribedSlot};

const STEPS: usize = 6_000;
const NAMES: [SlotName; 3] = [SlotName::Teacher, SlotName::Stage, SlotName::Board];

/// A track with its cache, as a publisher's ingress keeps it.
struct Source {
    key: TrackKey,
    codec: Codec,
    cache: Cache,
    next: u64,
    timestamp: u32,
    picture: u16,
}

impl Source {
    fn new(key: TrackKey, codec: Codec, rng: &mut StdRng) -> Self {
        // Near a wrap, now and then.
        let next = if rng.random_bool(0.3) { 65_530 + 65_536 } else { rng.random_range(65_536..1 << 20) };
        Self {
            key,
            codec,
            cache: Cache::new(VIDEO_CELLS),
            next,
            timestamp: rng.random(),
            picture: rng.random(),
        }
    }

    /// Takes a frame's packets into the cache; their numbers.
    fn frame(&mut self, rng: &mut StdRng) -> Vec<u64> {
        let is_keyframe = rng.random_bool(0.2);
        let packets = rng.random_range(1..12);
        self.timestamp = self.timestamp.wrapping_add(3_600);
        self.picture = self.picture.wrapping_add(1) & 0x7FFF;
        let numbers = self.next..self.next + packets;
        self.next += packets;
        for sequence in numbers.clone() {
            let [high, low] = (self.picture | 0x8000).to_be_bytes();
            let mut payload = vec![0x90, 0xF0, high, low, self.picture as u8, self.picture as u8 & 31];
            payload.resize(rng.random_range(7..60), rng.random());
            let meta = Meta {
                sequence,
                timestamp: self.timestamp,
                marker: sequence + 1 == numbers.end,
                begins_keyframe: is_keyframe && sequence == numbers.start,
                audio_level: None,
                vp8: (self.codec == Codec::Vp8).then(|| Descriptor::parse(&payload)).flatten(),
            };
            self.cache.put(&Media { meta, payload: &payload });
        }
        numbers.collect()
    }
}

fn slot(name: SlotName, number: u32, rng: &mut StdRng) -> Slot {
    let types = |media| Some(PayloadTypes { media, rtx: Some(media + 1) });
    let agreed = SubscribedSlot {
        name: name.to_string(),
        mid: number.to_string(),
        kind: MediaKind::Video,
        ssrc: 100 + number,
        rtx_ssrc: 200 + number,
        h264: types(102),
        vp8: types(96),
        opus: None,
        ext: ExtensionIds { mid: Some(1), transport_cc: Some(3), ..ExtensionIds::default() },
        transport_cc: true,
        remb: false,
        nack: true,
    };
    Slot::new(name, agreed, rng.random())
}

/// What was sealed so far.
#[derive(Default)]
struct Sealed {
    unwrappers: HashMap<u32, Unwrapper>,
    by_index: HashMap<(u32, u64), Vec<u8>>,
}

impl Sealed {
    fn take(&mut self, outbox: &mut Outbox) {
        for (_, datagram) in outbox.iter() {
            let sequence = u16::from_be_bytes([datagram[2], datagram[3]]);
            let ssrc = u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]]);
            let index = self.unwrappers.entry(ssrc).or_default().unwrap(sequence);
            let before = self.by_index.insert((ssrc, index), datagram.to_vec());
            assert!(before.is_none(), "SSRC {ssrc}, index {index}: sealed a second time");
        }
        outbox.clear();
    }

    fn highest(&self, ssrc: u32) -> Option<u16> {
        self.unwrappers.get(&ssrc)?.highest().map(|highest| highest as u16)
    }
}

/// One subscriber with three slots, and the tracks that feed them.
struct Lesson {
    rng: StdRng,
    now: Now,
    egress: Egress,
    peer: Peer,
    outbox: Outbox,
    sources: Vec<Source>,
    keys: Slab<()>,
    /// Packets that come later than their successors.
    late: VecDeque<(TrackKey, u64)>,
    first_of_segments: usize,
    refused: usize,
    repeated: usize,
}

impl Lesson {
    fn offer(&mut self, key: TrackKey, sequence: u64) {
        let Some(source) = self.sources.iter().find(|source| source.key == key) else { return };
        let Some(media) = source.cache.get(sequence) else { return };
        for index in 0..NAMES.len() {
            let padding = if self.rng.random_bool(0.5) { self.rng.random_range(0..=64) } else { 0 };
            let Self { egress, peer, outbox, .. } = self;
            let forwarded = egress.forward(self.now, index, key, source.codec, &media, padding, peer, outbox);
            self.first_of_segments += usize::from(forwarded == Forwarded::SentFirst);
            self.refused += usize::from(forwarded == Forwarded::Dropped);
        }
    }

    fn frame(&mut self) {
        let at = self.rng.random_range(0..self.sources.len());
        let key = self.sources[at].key;
        let mut numbers = self.sources[at].frame(&mut self.rng);
        if self.rng.random_bool(0.2) {
            numbers.shuffle(&mut self.rng);
        }
        for sequence in numbers {
            match self.rng.random_range(0..20) {
                // Lost for good: it may only be asked for again.
                0 => {}
                1 | 2 => self.late.push_back((key, sequence)),
                // Twice on the way.
                3 => {
                    self.offer(key, sequence);
                    self.offer(key, sequence);
                }
                _ => self.offer(key, sequence),
            }
        }
    }

    /// A slot is aimed at another track (of another publisher, layer or codec) or at none.
    fn switch(&mut self) {
        let slot = self.rng.random_range(0..NAMES.len());
        let target = self.sources.choose(&mut self.rng).map(|source| source.key);
        let target = target.filter(|_| self.rng.random_bool(0.9));
        self.egress.slots_mut()[slot].aim(target);
    }

    /// A publisher leaves and comes again: its track is another one, whose numbers begin anew.
    fn publisher_again(&mut self) {
        let at = self.rng.random_range(0..self.sources.len());
        let gone = self.sources[at].key;
        for slot in self.egress.slots_mut() {
            slot.forget(|track| track == gone);
        }
        let key = TrackKey { publisher: self.keys.insert(()), track: 0 };
        self.sources[at] = Source::new(key, self.sources[at].codec, &mut self.rng);
    }

    /// Asks for packets again: of late, long past, never sent; and some of them twice.
    fn nack(&mut self, sealed: &Sealed) {
        let index = self.rng.random_range(0..NAMES.len());
        let ssrc = self.egress.slots()[index].agreed.ssrc;
        let Some(highest) = sealed.highest(ssrc) else { return };
        for _ in 0..self.rng.random_range(1..20) {
            let behind = match self.rng.random_range(0..10) {
                0 => self.rng.random(),
                1 => self.rng.random_range(0..2_000),
                _ => self.rng.random_range(0..40),
            };
            let asked = highest.wrapping_add(5).wrapping_sub(behind);
            for _ in 0..self.rng.random_range(1..3) {
                let Some((track, source)) = self.egress.slots()[index].rewriter.source_of(asked) else {
                    continue;
                };
                let Some(from) = self.sources.iter().find(|source| source.key == track) else { continue };
                let Some(media) = from.cache.get(source) else { continue };
                let Self { egress, peer, outbox, now, .. } = self;
                self.repeated += usize::from(egress.retransmit(*now, index, track, &media, peer, outbox));
            }
        }
    }

    fn step(&mut self, sealed: &Sealed) {
        self.now.mono += Duration::from_micros(self.rng.random_range(0..30_000));
        match self.rng.random_range(0..40) {
            0..=23 => self.frame(),
            24..=27 => {
                for _ in 0..self.rng.random_range(0..20) {
                    let Some((key, sequence)) = self.late.pop_front() else { break };
                    self.offer(key, sequence);
                }
            }
            // Something long past comes again, as after a network's hiccup.
            28 => {
                let at = self.rng.random_range(0..self.sources.len());
                let source = &self.sources[at];
                let (key, from) = (source.key, source.next - self.rng.random_range(1..700));
                (from..from + 30).for_each(|sequence| self.offer(key, sequence));
            }
            29..=31 => self.switch(),
            32 => self.publisher_again(),
            _ => self.nack(sealed),
        }
    }
}

#[test]
fn no_number_is_ever_sealed_twice_whatever_is_switched_lost_repeated_and_asked_for() {
    for seed in 0..4 {
        println!("seed {seed}");
        let mut world = World::new(Client::new(&[GCM], 1_200));
        world.connect();
        let now = world.now();
        let mut rng = StdRng::seed_from_u64(seed);
        let mut peer = world.peer;
        let slots: Vec<Slot> = (0..).zip(NAMES).map(|(number, name)| slot(name, number, &mut rng)).collect();
        for slot in &slots {
            peer.register_ssrc(slot.agreed.ssrc).unwrap();
            peer.register_ssrc(slot.agreed.rtx_ssrc).unwrap();
        }
        let mut keys = Slab::default();
        let sources = [Codec::Vp8, Codec::Vp8, Codec::H264, Codec::H264, Codec::Vp8]
            .map(|codec| Source::new(TrackKey { publisher: keys.insert(()), track: 0 }, codec, &mut rng));
        let mut lesson = Lesson {
            rng,
            now,
            egress: Egress::new(slots),
            peer,
            outbox: Outbox::default(),
            sources: sources.into(),
            keys,
            late: VecDeque::new(),
            first_of_segments: 0,
            refused: 0,
            repeated: 0,
        };
        let mut sealed = Sealed::default();
        for _ in 0..STEPS {
            lesson.step(&sealed);
            sealed.take(&mut lesson.outbox);
        }
        let Lesson { first_of_segments, refused, repeated, .. } = lesson;
        let told = format!(
            "{} sealed, {first_of_segments} switches, {refused} refused, {repeated} sent again",
            sealed.by_index.len()
        );
        assert!(sealed.by_index.len() > 10_000 && first_of_segments > 100, "{told}");
        assert!(refused > 300 && repeated > 1_000, "{told}");
    }
}
