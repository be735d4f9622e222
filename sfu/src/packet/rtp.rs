//! The RTP header (RFC 3550 §5.1) and its extensions (RFC 8285).

/// Longest RTP packet that is routed, in bytes, without its SRTP tag. A publisher whose packets are longer loses
/// them: they would not fit an IPv6 tunnel's MTU after our rewriting anyway.
pub const MAX_PACKET_BYTES: usize = 1_440;

/// Shortest header.
pub const MIN_HEADER_BYTES: usize = 12;

/// One-byte extension headers (RFC 8285 §4.2).
const PROFILE_ONE_BYTE: u16 = 0xBEDE;
/// Two-byte extension headers (RFC 8285 §4.3), but the four application bits.
const PROFILE_TWO_BYTE: u16 = 0x1000;

/// A parsed header.
///
/// ```text
///  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
///  |                           timestamp                           |
///  |                             SSRC                              |
///  |                         CSRC × CC, extension                  |
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// M.
    pub marker: bool,
    /// PT.
    pub payload_type: u8,
    /// As it stands in the packet.
    pub sequence: u16,
    /// As it stands in the packet.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Bytes before the payload.
    pub len: usize,
    /// Bytes of padding behind the payload.
    pub padding: usize,
    extension: Extension,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extension {
    None,
    OneByte { start: usize, end: usize },
    TwoByte { start: usize, end: usize },
}

impl Header {
    /// Reads the header of a packet; `None` when it is no RTP or is cut short.
    pub fn parse(packet: &[u8]) -> Option<Header> {
        let fixed: &[u8; MIN_HEADER_BYTES] = packet.first_chunk()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut len = MIN_HEADER_BYTES + 4 * usize::from(fixed[0] & 0x0F);
        let mut extension = Extension::None;
        if fixed[0] & 0x10 != 0 {
            let head: &[u8; 4] = packet.get(len..)?.first_chunk()?;
            let profile = u16::from_be_bytes([head[0], head[1]]);
            let start = len + 4;
            let end = start + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
            if profile == PROFILE_ONE_BYTE {
                extension = Extension::OneByte { start, end };
            } else if profile & 0xFFF0 == PROFILE_TWO_BYTE {
                extension = Extension::TwoByte { start, end };
            }
            len = end;
        }
        let padding = if fixed[0] & 0x20 != 0 { usize::from(*packet.last()?) } else { 0 };
        if len + padding > packet.len() || (fixed[0] & 0x20 != 0 && padding == 0) {
            return None;
        }
        Some(Header {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7F,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            len,
            padding,
            extension,
        })
    }

    /// The payload without padding. `packet` is what was parsed.
    pub fn payload<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        packet.get(self.len..packet.len() - self.padding).unwrap_or_default()
    }

    /// All extension elements `(id, data)`. `packet` is what was parsed.
    pub fn extensions<'a>(&self, packet: &'a [u8]) -> Extensions<'a> {
        match self.extension {
            Extension::None => Extensions { rest: &[], two_byte: false },
            Extension::OneByte { start, end } => {
                Extensions { rest: packet.get(start..end).unwrap_or_default(), two_byte: false }
            }
            Extension::TwoByte { start, end } => {
                Extensions { rest: packet.get(start..end).unwrap_or_default(), two_byte: true }
            }
        }
    }
}

/// Iterates over `(id, data)` of a header extension; ends at the first element that is cut short.
#[derive(Debug, Clone)]
pub struct Extensions<'a> {
    rest: &'a [u8],
    two_byte: bool,
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&first, rest) = self.rest.split_first()?;
            if first == 0 {
                self.rest = rest;
                continue;
            }
            let (id, len, rest) = if self.two_byte {
                let (&len, rest) = rest.split_first()?;
                (first, usize::from(len), rest)
            } else {
                // Id 15 ends the list (RFC 8285 §4.2).
                if first >> 4 == 15 {
                    self.rest = &[];
                    return None;
                }
                (first >> 4, usize::from(first & 0x0F) + 1, rest)
            };
            if rest.len() < len {
                self.rest = &[];
                return None;
            }
            let (data, rest) = rest.split_at(len);
            self.rest = rest;
            return Some((id, data));
        }
    }
}

/// Turns a retransmission (RFC 4588 §4) into the packet it repeats, in place: the packet then begins at the returned
/// offset. `None` when it is padding only, and so repeats nothing.
///
/// ```text
///  | header of the RTX stream |  OSN  | original payload |
///                             |◀─ 2 ─▶|
/// ```
pub fn unwrap_rtx(packet: &mut [u8], header: &Header, ssrc: u32, payload_type: u8) -> Option<usize> {
    let payload = header.payload(packet);
    let osn = *payload.first_chunk::<2>()?;
    packet.copy_within(..header.len, 2);
    packet[3] = (packet[3] & 0x80) | payload_type;
    packet[4..6].copy_from_slice(&osn);
    packet[10..14].copy_from_slice(&ssrc.to_be_bytes());
    Some(2)
}

/// Appends header extension elements in one-byte form behind a fixed header.
///
/// Bytes are appended to `out` from the fixed header on; [`HeaderWriter::finish`] gives the header's length.
#[derive(Debug)]
pub struct HeaderWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

/// What stands in the fixed header.
#[derive(Debug, Clone, Copy)]
pub struct FixedHeader {
    /// M.
    pub marker: bool,
    /// PT.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl<'a> HeaderWriter<'a> {
    /// Begins a header at the end of `out`.
    pub fn begin(out: &'a mut Vec<u8>, fixed: FixedHeader) -> Self {
        let start = out.len();
        let mut head = [0u8; MIN_HEADER_BYTES + 4];
        head[0] = 0x90;
        head[1] = u8::from(fixed.marker) << 7 | fixed.payload_type;
        head[2..4].copy_from_slice(&fixed.sequence.to_be_bytes());
        head[4..8].copy_from_slice(&fixed.timestamp.to_be_bytes());
        head[8..12].copy_from_slice(&fixed.ssrc.to_be_bytes());
        head[12..14].copy_from_slice(&PROFILE_ONE_BYTE.to_be_bytes());
        out.extend_from_slice(&head);
        Self { out, start }
    }

    /// Appends an element of 1 to 16 bytes under an id of 1 to 14; others cannot be written and are left out.
    pub fn extension(&mut self, id: u8, data: &[u8]) {
        if (1..=14).contains(&id) && (1..=16).contains(&data.len()) {
            self.out.push(id << 4 | (data.len() - 1) as u8);
            self.out.extend_from_slice(data);
        }
    }

    /// Completes the header and gives its length.
    pub fn finish(self) -> usize {
        let extensions = self.start + MIN_HEADER_BYTES + 4;
        if self.out.len() == extensions {
            self.out.truncate(extensions - 4);
            self.out[self.start] = 0x80;
            return MIN_HEADER_BYTES;
        }
        while !(self.out.len() - extensions).is_multiple_of(4) {
            self.out.push(0);
        }
        let words = ((self.out.len() - extensions) / 4) as u16;
        self.out[extensions - 2..extensions].copy_from_slice(&words.to_be_bytes());
        self.out.len() - self.start
    }
}

/// Appends `bytes` of padding to the packet that begins at `start` and ends `out` (RFC 3550 §5.1); 0: nothing.
pub fn pad(out: &mut Vec<u8>, start: usize, bytes: u8) {
    if bytes > 0 {
        out[start] |= 0x20;
        out.resize(out.len() + usize::from(bytes) - 1, 0);
        out.push(bytes);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FIXED: FixedHeader =
        FixedHeader { marker: true, payload_type: 96, sequence: 7, timestamp: 90_000, ssrc: 0xABCD };

    #[test]
    fn what_is_written_is_read_back() {
        let mut out = vec![0xEE; 3];
        let mut writer = HeaderWriter::begin(&mut out, FIXED);
        writer.extension(4, b"cam");
        writer.extension(3, &[1, 2]);
        let len = writer.finish();
        out.extend_from_slice(b"payload");
        let packet = &out[3..];
        let header = Header::parse(packet).unwrap();
        assert_eq!((header.len, header.marker, header.payload_type), (len, true, 96));
        assert_eq!((header.sequence, header.timestamp, header.ssrc), (7, 90_000, 0xABCD));
        assert_eq!(header.payload(packet), b"payload");
        let extensions: Vec<_> = header.extensions(packet).collect();
        assert_eq!(extensions, [(4, &b"cam"[..]), (3, &[1, 2][..])]);
    }

    #[test]
    fn a_header_without_extensions_has_twelve_bytes() {
        let mut out = Vec::new();
        assert_eq!(HeaderWriter::begin(&mut out, FIXED).finish(), 12);
        assert_eq!(Header::parse(&out).unwrap().len, 12);
    }

    #[test]
    fn two_byte_extensions_are_read() {
        let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x10, 0, 0, 2];
        packet.extend_from_slice(&[20, 2, 7, 8, 0, 21, 0, 0]);
        let header = Header::parse(&packet).unwrap();
        let extensions: Vec<_> = header.extensions(&packet).collect();
        assert_eq!(extensions, [(20, &[7, 8][..]), (21, &[][..])]);
    }

    #[test]
    fn a_retransmission_becomes_the_packet_it_repeats() {
        let mut packet = Vec::new();
        let mut writer = HeaderWriter::begin(&mut packet, FIXED);
        writer.extension(1, b"0");
        writer.finish();
        packet.extend_from_slice(&[0x12, 0x34]);
        packet.extend_from_slice(b"media");
        let header = Header::parse(&packet).unwrap();
        let start = unwrap_rtx(&mut packet, &header, 77, 102).unwrap();
        let packet = &packet[start..];
        let header = Header::parse(packet).unwrap();
        assert_eq!((header.ssrc, header.payload_type, header.sequence), (77, 102, 0x1234));
        assert_eq!(header.payload(packet), b"media");
        assert_eq!(header.extensions(packet).next(), Some((1, &b"0"[..])));
    }

    #[test]
    fn no_bytes_make_the_parser_panic() {
        let mut state = 1u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for len in 0..64 {
            for _ in 0..200 {
                let mut packet: Vec<u8> = (0..len).map(|_| next()).collect();
                if let Some(first) = packet.first_mut() {
                    *first = 0x80 | *first & 0x3F;
                }
                if let Some(header) = Header::parse(&packet) {
                    let _ = header.extensions(&packet).count();
                    let _ = header.payload(&packet);
                    let _ = unwrap_rtx(&mut packet, &header, 1, 2);
                }
            }
        }
    }
}
