//! What simulated packets carry: enough for a receiver to know whether it could decode.

/// Who made a frame, which one it is, and which of its packets this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Content {
    pub publisher: u8,
    pub layer: u8,
    pub frame: u32,
    pub packet: u16,
    pub packets: u16,
    pub is_keyframe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Video {
    H264,
    Vp8,
}

const TAG_BYTES: usize = 11;
/// The first packet of a frame has so many; the next ones one and two more, and again.
pub const PAYLOAD_BYTES: usize = 200;

impl Content {
    fn tag(&self) -> [u8; TAG_BYTES] {
        let mut tag = [0; TAG_BYTES];
        tag[0] = self.publisher;
        tag[1] = self.layer;
        tag[2..6].copy_from_slice(&self.frame.to_be_bytes());
        tag[6..8].copy_from_slice(&self.packet.to_be_bytes());
        tag[8..10].copy_from_slice(&self.packets.to_be_bytes());
        tag[10] = u8::from(self.is_keyframe);
        tag
    }

    fn read(tag: &[u8]) -> Content {
        Content {
            publisher: tag[0],
            layer: tag[1],
            frame: u32::from_be_bytes(tag[2..6].try_into().unwrap()),
            packet: u16::from_be_bytes(tag[6..8].try_into().unwrap()),
            packets: u16::from_be_bytes(tag[8..10].try_into().unwrap()),
            is_keyframe: tag[10] == 1,
        }
    }

    /// A payload as an encoder's packetizer makes it.
    pub fn payload(&self, codec: Video, vp8: Vp8Counters, len: usize) -> Vec<u8> {
        let mut payload = match codec {
            Video::Vp8 => {
                let [high, low] = (vp8.picture_id | 0x8000).to_be_bytes();
                let start = if self.packet == 0 { 0x10 } else { 0 };
                vec![0x80 | start, 0xF0, high, low, vp8.tl0, 0x20 | vp8.key, u8::from(!self.is_keyframe)]
            }
            // A keyframe begins with a STAP-A of its parameter sets; everything else looks like FU-A.
            Video::H264 if self.is_keyframe && self.packet == 0 => vec![0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68],
            Video::H264 => vec![0x7C, if self.is_keyframe { 0x05 } else { 0x01 }],
        };
        payload.extend_from_slice(&self.tag());
        payload.resize(len.max(payload.len()), 0xAB);
        payload
    }

    pub fn of_payload(codec: Video, payload: &[u8]) -> (Content, Option<Vp8Counters>) {
        match codec {
            Video::Vp8 => {
                let counters = Vp8Counters {
                    picture_id: u16::from_be_bytes([payload[2], payload[3]]) & 0x7FFF,
                    tl0: payload[4],
                    key: payload[5] & 31,
                };
                (Content::read(&payload[7..]), Some(counters))
            }
            Video::H264 if payload[0] & 31 == 24 => (Content::read(&payload[8..]), None),
            Video::H264 => (Content::read(&payload[2..]), None),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vp8Counters {
    pub picture_id: u16,
    pub tl0: u8,
    pub key: u8,
}
