//! A simulated browser with one session: ICE, DTLS, SRTP around a sender or a receiver.

use crate::client::{Ask, CM_80, Client, GCM, Names};
use crate::receiver::Receiver;
use crate::sender::Sender;
use std::time::{Duration, Instant};
use tongtang_protocol::ids::SessionId;
use tongtang_sfu::demux::{Kind, classify};
use tongtang_sfu::engine::Path;

const CHECK_INTERVAL: Duration = Duration::from_millis(2_500);

pub enum Half {
    Sends(Sender),
    Receives(Receiver),
}

pub struct Browser {
    pub client: Client,
    pub path: Path,
    pub session: SessionId,
    pub names: Names,
    pub half: Half,
    next_check: Instant,
    is_started: bool,
    /// Datagrams to put on the network.
    pub outgoing: Vec<Vec<u8>>,
    /// No more connectivity checks: the network is gone.
    pub is_silent: bool,
}

fn attribute(sdp: &str, name: &str) -> String {
    sdp.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
}

impl Browser {
    pub fn client() -> Client {
        Client::new(&[CM_80, GCM], 1_200)
    }

    pub fn new(
        client: Client,
        path: Path,
        session: SessionId,
        answer: &str,
        half: Half,
        now: Instant,
    ) -> Browser {
        let names = Names { ufrag: attribute(answer, "a=ice-ufrag:"), pwd: attribute(answer, "a=ice-pwd:") };
        Browser {
            client,
            path,
            session,
            names,
            half,
            next_check: now,
            is_started: false,
            outgoing: Vec::new(),
            is_silent: false,
        }
    }

    pub fn sender(&mut self) -> &mut Sender {
        match &mut self.half {
            Half::Sends(sender) => sender,
            Half::Receives(_) => panic!("this browser receives"),
        }
    }

    pub fn receiver(&mut self) -> &mut Receiver {
        match &mut self.half {
            Half::Receives(receiver) => receiver,
            Half::Sends(_) => panic!("this browser sends"),
        }
    }

    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        match classify(datagram) {
            Kind::Stun if !self.is_started => {
                assert!(self.client.success(datagram, &self.names).is_some());
                self.is_started = true;
                self.client.start_dtls(now);
            }
            Kind::Stun | Kind::Other => {}
            Kind::Dtls => self.client.handle_dtls(now, datagram),
            kind => {
                let Some((receive, _)) = &mut self.client.srtp else { return };
                if kind == Kind::Rtp {
                    let plain = receive.decrypt_rtp(datagram).expect("the server sealed it for us");
                    match &mut self.half {
                        Half::Receives(receiver) => receiver.handle_rtp(now, &plain),
                        Half::Sends(_) => panic!("media for a publisher"),
                    }
                } else {
                    let plain = receive.decrypt_rtcp(datagram).expect("the server sealed it for us");
                    match &mut self.half {
                        Half::Receives(receiver) => receiver.handle_rtcp(now, &plain),
                        Half::Sends(sender) => sender.handle_rtcp(now, &plain),
                    }
                }
            }
        }
        self.collect();
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        if self.is_silent {
            return None;
        }
        let media = if self.client.connected {
            match &self.half {
                Half::Sends(sender) => Some(sender.next_timeout()),
                Half::Receives(receiver) => {
                    receiver.next_timeout().or(Some(self.next_check - CHECK_INTERVAL))
                }
            }
        } else {
            None
        };
        [Some(self.next_check), self.client.poll_timeout(), media].into_iter().flatten().min()
    }

    pub fn handle_timeout(&mut self, now: Instant, unix_us: u64) {
        if self.next_check <= now {
            self.next_check = now + CHECK_INTERVAL;
            self.outgoing.push(self.client.check(&self.names, Ask::Nominate));
        }
        if self.client.poll_timeout().is_some_and(|at| at <= now) {
            self.client.handle_timeout(now);
        }
        if self.client.connected {
            match &mut self.half {
                Half::Sends(sender) if sender.next_timeout() <= now => sender.handle_timeout(now, unix_us),
                Half::Receives(receiver) if receiver.next_timeout().is_none_or(|at| at <= now) => {
                    receiver.handle_timeout(now);
                }
                _ => {}
            }
        }
        self.collect();
    }

    pub fn collect(&mut self) {
        while let Some(datagram) = self.client.poll_transmit() {
            self.outgoing.push(datagram);
        }
        let Some((_, send)) = &mut self.client.srtp else { return };
        let (rtp, rtcp) = match &mut self.half {
            Half::Sends(sender) => (std::mem::take(&mut sender.outgoing), &mut sender.outgoing_rtcp),
            Half::Receives(receiver) => (Vec::new(), &mut receiver.outgoing_rtcp),
        };
        for plain in rtp {
            self.outgoing.push(send.encrypt_rtp(&plain).unwrap().to_vec());
        }
        for plain in std::mem::take(rtcp) {
            self.outgoing.push(send.encrypt_rtcp(&plain).unwrap().to_vec());
        }
    }
}
