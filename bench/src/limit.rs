//! The practical limit on this machine: header, copy, seal and send of the same packets to as many sockets, and nothing
//! else. No sessions, no loss recovery, no timers: one loop over prepared frames.
//!
//! Frame by frame, subscriber by subscriber: the packets of a frame are padded to equal size, sealed into one buffer and
//! sent as runs (`UDP_SEGMENT`), eight runs a system call. Another thread drains the sockets as the audience does.

mod drain;
pub mod plan;

use crate::cpu;
use crate::mmsg::{self, Destination, MAX_MESSAGES, Message};
use crate::peer::Profile;
use drain::Drain;
pub use plan::{Burst, Calls};
use plan::{Packet, Run};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rtc_crypto::{HmacAlgorithm, Mac, RTCCrypto, StreamCipher, StreamCipherAlgorithm};
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::time::Duration;

/// Fixed header, and extensions for the m-line and the transport-wide number.
const HEADER_BYTES: usize = 24;
/// Before the measurement: caches, branch predictors and the drain's buffers are warm then.
const WARM_UP_SHARE: usize = 10;

/// What the loop reached.
#[derive(Debug, Clone, Copy)]
pub struct Reached {
    /// CPU time of the sending thread for each packet.
    pub cpu_ns_per_packet: f64,
    /// Of what was sent, so much was taken out of the sockets.
    pub delivered_ratio: f64,
}

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Load<'a> {
    /// What is sent: see [`plan`].
    pub bursts: &'a [Burst],
    /// How.
    pub calls: Calls,
    /// To how many in a room: whom the bursts name.
    pub people: usize,
    /// How many rooms, all of which get the same.
    pub rooms: usize,
    /// Sealed how.
    pub profile: Profile,
    /// At least so many packets, and once around.
    pub packets: usize,
    /// Does the receiving side get runs joined?
    pub joins_datagrams: bool,
}

/// Runs the loop on these cores.
pub fn measure(load: &Load<'_>, cores: &[usize]) -> anyhow::Result<Reached> {
    let drain = Drain::start(load.people * load.rooms, load.joins_datagrams)?;
    let mut sender = Sender::new(load, &drain)?;
    let bursts = load.bursts;
    let one_round = packets(bursts) * load.rooms;
    anyhow::ensure!(one_round > 0, "nothing to send");
    let rounds = load.packets.div_ceil(one_round).max(1);
    let (sent, used) = cpu::on_cores(cores, || -> anyhow::Result<(usize, Duration)> {
        sender.round(&bursts[..bursts.len().div_ceil(WARM_UP_SHARE)])?;
        drain.forget();
        let from = cpu::thread_time();
        let mut sent = 0;
        for _ in 0..rounds {
            sent += sender.round(bursts)?;
        }
        Ok((sent, cpu::thread_time() - from))
    })??;
    Ok(Reached {
        cpu_ns_per_packet: used.as_nanos() as f64 / sent as f64,
        delivered_ratio: drain.finish()? as f64 / sent as f64,
    })
}

/// How many of them a room gets.
fn packets(bursts: &[Burst]) -> usize {
    bursts.iter().map(|burst| burst.packets.len() * burst.to.len()).sum()
}

#[expect(
    clippy::large_enum_variant,
    reason = "as in the server: no pointer to follow for what almost every peer uses"
)]
enum Cipher {
    Gcm { key: LessSafeKey, salt: [u8; 12] },
    Cm { stream: Box<dyn StreamCipher>, mac: Box<dyn Mac>, salt: [u8; 14] },
}

/// What changes from packet to packet for one subscriber.
struct Recipient {
    to: Destination,
    ssrc: u32,
    index: u64,
    transport_number: u16,
    timestamp_offset: u32,
    cipher: Cipher,
}

struct Sender {
    socket: UdpSocket,
    recipients: Vec<Recipient>,
    people: usize,
    messages_a_call: usize,
    out: Vec<u8>,
}

impl Sender {
    fn new(load: &Load<'_>, drain: &Drain) -> anyhow::Result<Self> {
        let provider = rtc_crypto::default_provider()?;
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::SndBuf, &(4 << 20))?;
        let recipients = drain.addresses.iter().enumerate().map(|(n, address)| {
            let mut key = [0x5A; 16];
            key[..8].copy_from_slice(&(n as u64).to_le_bytes());
            anyhow::Ok(Recipient {
                to: (*address).into(),
                ssrc: 0x1000 + n as u32,
                index: n as u64 * 7,
                transport_number: 0,
                timestamp_offset: n as u32 * 991,
                cipher: cipher(provider.crypto(), load.profile, key)?,
            })
        });
        Ok(Self {
            socket,
            recipients: recipients.collect::<anyhow::Result<_>>()?,
            people: load.people,
            messages_a_call: if load.calls == Calls::OneDatagram { 1 } else { MAX_MESSAGES },
            out: Vec::with_capacity(1 << 20),
        })
    }

    /// Sends these bursts to every room: how many packets.
    fn round(&mut self, bursts: &[Burst]) -> anyhow::Result<usize> {
        let rooms = self.recipients.len() / self.people;
        for burst in bursts {
            for room in 0..rooms {
                self.burst(burst, room * self.people)?;
            }
        }
        Ok(packets(bursts) * rooms)
    }

    /// Sends a burst to the room whose first recipient is this one.
    fn burst(&mut self, burst: &Burst, first: usize) -> anyhow::Result<()> {
        // So many runs, then a system call.
        let mut waiting: [(usize, usize, u16, usize); MAX_MESSAGES] = [(0, 0, 0, 0); MAX_MESSAGES];
        let mut count = 0;
        self.out.clear();
        for index in burst.to.clone().map(|person| first + person) {
            for run in &burst.runs {
                let start = self.out.len();
                write_run(&mut self.recipients[index], &mut self.out, burst, run);
                let segment = (HEADER_BYTES + run.payload_bytes + tag_bytes(&self.recipients[index])) as u16;
                waiting[count] = (start, self.out.len(), segment, index);
                count += 1;
                if count == self.messages_a_call {
                    self.flush(&waiting[..count])?;
                    count = 0;
                }
            }
        }
        self.flush(&waiting[..count])
    }

    fn flush(&mut self, waiting: &[(usize, usize, u16, usize)]) -> anyhow::Result<()> {
        let Some((first, _)) = waiting.split_first() else { return Ok(()) };
        let message = |&(start, end, segment, index): &(usize, usize, u16, usize)| Message {
            bytes: &self.out[start..end],
            to: &self.recipients[index].to,
            segment: (end - start > usize::from(segment)).then_some(segment),
        };
        let messages: [Message<'_>; MAX_MESSAGES] =
            std::array::from_fn(|n| message(waiting.get(n).unwrap_or(first)));
        mmsg::send(self.socket.as_fd(), &messages[..waiting.len()])?;
        self.out.clear();
        Ok(())
    }
}

fn cipher(crypto: &dyn RTCCrypto, profile: Profile, key: [u8; 16]) -> anyhow::Result<Cipher> {
    Ok(match profile {
        Profile::Gcm => {
            let key = UnboundKey::new(&AES_128_GCM, &key)
                .map_err(|_| anyhow::anyhow!("an AES-128 key has 16 bytes"))?;
            Cipher::Gcm { key: LessSafeKey::new(key), salt: [7; 12] }
        }
        Profile::Cm => Cipher::Cm {
            stream: crypto.new_stream_cipher(StreamCipherAlgorithm::Aes128Ctr, &key)?,
            mac: crypto.new_hmac(HmacAlgorithm::Sha1, &[9; 20])?,
            salt: [7; 14],
        },
    })
}

fn tag_bytes(recipient: &Recipient) -> usize {
    match recipient.cipher {
        Cipher::Gcm { .. } => 16,
        Cipher::Cm { .. } => 10,
    }
}

fn write_run(recipient: &mut Recipient, out: &mut Vec<u8>, burst: &Burst, run: &Run) {
    for (n, packet) in burst.packets[run.packets.clone()].iter().enumerate() {
        let is_last = n + 1 == run.packets.len();
        let padding = if is_last { 0 } else { run.payload_bytes - packet.payload.len() };
        write_packet(recipient, out, burst, packet, padding);
    }
}

/// Header, payload, padding, tag.
fn write_packet(
    recipient: &mut Recipient,
    out: &mut Vec<u8>,
    burst: &Burst,
    packet: &Packet,
    padding: usize,
) {
    recipient.index += 1;
    recipient.transport_number = recipient.transport_number.wrapping_add(1);
    let (index, ssrc) = (recipient.index, recipient.ssrc);
    let start = out.len();
    let mut header = [0; HEADER_BYTES];
    header[0] = 0x90 | u8::from(padding > 0) << 5;
    header[1] = u8::from(packet.marker) << 7 | burst.payload_type;
    header[2..4].copy_from_slice(&(index as u16).to_be_bytes());
    let timestamp = burst.timestamp.wrapping_add(recipient.timestamp_offset);
    header[4..8].copy_from_slice(&timestamp.to_be_bytes());
    header[8..12].copy_from_slice(&ssrc.to_be_bytes());
    header[12..18].copy_from_slice(&[0xBE, 0xDE, 0, 2, 0x10, b'0']);
    header[18] = 0x41;
    header[19..21].copy_from_slice(&recipient.transport_number.to_be_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(packet.payload);
    if padding > 0 {
        out.resize(out.len() + padding - 1, 0);
        out.push(padding as u8);
    }
    let (aad, body) = out[start..].split_at_mut(HEADER_BYTES);
    match &mut recipient.cipher {
        Cipher::Gcm { key, salt } => {
            // RFC 7714 §8.1.
            let mut nonce = [0; 12];
            nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
            nonce[6..].copy_from_slice(&index.to_be_bytes()[2..]);
            nonce.iter_mut().zip(&*salt).for_each(|(byte, salt)| *byte ^= salt);
            let nonce = Nonce::assume_unique_for_key(nonce);
            let tag = key
                .seal_in_place_separate_tag(nonce, Aad::from(&*aad), body)
                .expect("a packet is shorter than AES-GCM's limit");
            out.extend_from_slice(tag.as_ref());
        }
        Cipher::Cm { stream, mac, salt } => {
            // RFC 3711 §4.1.1 and §4.2.
            let mut counter = [0; 16];
            counter[..14].copy_from_slice(&*salt);
            let id = u128::from(ssrc) << 64 | u128::from(index) << 16;
            counter.iter_mut().zip(id.to_be_bytes()).for_each(|(byte, id)| *byte ^= id);
            stream.apply_keystream(&counter, body).expect("a packet is shorter than AES-CM's limit");
            let rollover = (index >> 16) as u32;
            let mut tag = [0; 20];
            mac.sign(&[&out[start..], &rollover.to_be_bytes()], &mut tag).expect("a tag of 20 bytes");
            out.extend_from_slice(&tag[..10]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Clip, ClipName, Layers};

    #[test]
    fn everything_that_is_sent_arrives() {
        let load = |which| Clip::load(ClipName::H264Simulcast, which).unwrap();
        let (clip, small) = (load(Layers::All), load(Layers::Smallest));
        for profile in [Profile::Gcm, Profile::Cm] {
            for (bursts, calls, people, rooms) in [
                (plan::screen(&clip, 3), Calls::Runs, 3, 1),
                (plan::wall(&clip, 5, Calls::Runs, 3), Calls::Runs, 3, 1),
                (plan::wall(&clip, 5, Calls::OneDatagram, 3), Calls::OneDatagram, 3, 1),
                (plan::lesson(&clip, &small), Calls::Runs, plan::LESSON_PEOPLE, 2),
            ] {
                let bursts = &bursts;
                let load =
                    Load { bursts, calls, people, rooms, profile, packets: 600, joins_datagrams: true };
                let reached = measure(&load, &cpu::cores()).unwrap();
                assert!(reached.cpu_ns_per_packet > 0.0);
                assert!((0.99..=1.0).contains(&reached.delivered_ratio), "{calls:?}: {reached:?}");
            }
        }
    }

    #[test]
    fn packets_are_sealed_as_srtp() {
        let provider = rtc_crypto::default_provider().unwrap();
        let mut recipient = Recipient {
            to: Destination::from(std::net::SocketAddrV4::new([127, 0, 0, 1].into(), 9)),
            ssrc: 5,
            index: 65_535,
            transport_number: 0,
            timestamp_offset: 0,
            cipher: cipher(provider.crypto(), Profile::Gcm, [3; 16]).unwrap(),
        };
        let burst = Burst {
            packets: vec![Packet { payload: &[1; 100], marker: true }],
            runs: Vec::new(),
            payload_type: 96,
            timestamp: 0,
            to: 0..1,
        };
        let mut out = Vec::new();
        write_packet(&mut recipient, &mut out, &burst, &burst.packets[0], 4);
        assert_eq!(out.len(), HEADER_BYTES + 104 + 16);
        let mut nonce = [0; 12];
        nonce[5] = 5;
        nonce[6..].copy_from_slice(&65_536u64.to_be_bytes()[2..]);
        nonce.iter_mut().for_each(|byte| *byte ^= 7);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[3; 16]).unwrap());
        let (aad, body) = out.split_at_mut(HEADER_BYTES);
        let plain = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&*aad), body).unwrap();
        assert_eq!(plain, [vec![1; 100], vec![0, 0, 0, 4]].concat());
    }
}
