//! The fragment file: at most two seconds of one track, exactly as its packets arrived.
//!
//! ```text
//!  header  "TTFR" version:u16 number:u32 len:u16 description:JSON crc32
//!  record  kind:u8 index:u64 arrival_unix_us:u64 len:u16 packet crc32
//!  record  …
//! ```
//!
//! Big-endian; each crc32 covers everything of its header or record before it. A file is only ever
//! appended to. Whatever a crash left behind the last whole record is the *torn tail*: the reader
//! reports it and yields the records before it. [`read`] is pure: bytes in, records out.

use crate::track::Track;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

/// First bytes of a fragment.
pub const MAGIC: [u8; 4] = *b"TTFR";
/// Version written; readers refuse others.
pub const VERSION: u16 = 1;
/// Longest track description in a header. A longer one is no fragment of ours.
pub const MAX_DESCRIPTION_BYTES: usize = 4096;
/// Extension of fragment files.
pub const EXTENSION: &str = "ttf";

const FIXED_HEADER_BYTES: usize = 4 + 2 + 4 + 2;
const RECORD_HEAD_BYTES: usize = 1 + 8 + 8 + 2;
const CRC_BYTES: usize = 4;

/// RTP or RTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PacketKind {
    /// RTP, RFC 3550 §5.1.
    Rtp = 1,
    /// A compound RTCP packet, RFC 3550 §6.1.
    Rtcp = 2,
}

/// One packet as it stands in a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// RTP or RTCP.
    pub kind: PacketKind,
    /// Place in the flow, without holes unless packets were lost between sfu and disk.
    pub index: u64,
    /// When the packet arrived at the sfu, microseconds since 1970.
    pub arrival_unix_us: u64,
    /// The packet, untouched.
    pub packet: &'a [u8],
}

/// How a fragment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Behind a whole record.
    Clean,
    /// A crash cut a record; what follows `valid_bytes` is not readable.
    Torn {
        /// Length of header and whole records.
        valid_bytes: usize,
    },
}

/// A fragment read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Number of the fragment in its track, from 1.
    pub number: u32,
    /// What the track carries.
    pub track: Track,
    /// Whole records, in file order.
    pub records: Vec<Record<'a>>,
    /// How the file ends.
    pub tail: Tail,
}

/// Why bytes are no fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// The header is cut or damaged; nothing behind it can be trusted.
    #[error("the fragment's header is incomplete or damaged")]
    Header,
    /// Written by another version.
    #[error("fragment version {0} is not {VERSION}")]
    Version(u16),
}

/// Reads a whole fragment. Never fails behind the header: a damaged record ends the fragment.
pub fn read(bytes: &[u8]) -> Result<Fragment<'_>, SegmentError> {
    let (number, track, mut at) = read_header(bytes)?;
    let mut records = Vec::new();
    while let Some((record, next)) = read_record(bytes, at) {
        records.push(record);
        at = next;
    }
    let tail = if at == bytes.len() { Tail::Clean } else { Tail::Torn { valid_bytes: at } };
    Ok(Fragment { number, track, records, tail })
}

fn read_header(bytes: &[u8]) -> Result<(u32, Track, usize), SegmentError> {
    let fixed = bytes.get(..FIXED_HEADER_BYTES).ok_or(SegmentError::Header)?;
    if fixed[..4] != MAGIC {
        return Err(SegmentError::Header);
    }
    let version = u16::from_be_bytes([fixed[4], fixed[5]]);
    if version != VERSION {
        return Err(SegmentError::Version(version));
    }
    let number = u32::from_be_bytes([fixed[6], fixed[7], fixed[8], fixed[9]]);
    let len = usize::from(u16::from_be_bytes([fixed[10], fixed[11]]));
    if len > MAX_DESCRIPTION_BYTES {
        return Err(SegmentError::Header);
    }
    let end = FIXED_HEADER_BYTES + len;
    checked(bytes, 0, end).ok_or(SegmentError::Header)?;
    let track = serde_json::from_slice(&bytes[FIXED_HEADER_BYTES..end]).map_err(|_| SegmentError::Header)?;
    Ok((number, track, end + CRC_BYTES))
}

fn read_record(bytes: &[u8], at: usize) -> Option<(Record<'_>, usize)> {
    let head = bytes.get(at..at + RECORD_HEAD_BYTES)?;
    let kind = match head[0] {
        1 => PacketKind::Rtp,
        2 => PacketKind::Rtcp,
        _ => return None,
    };
    let end = at + RECORD_HEAD_BYTES + usize::from(u16::from_be_bytes([head[17], head[18]]));
    checked(bytes, at, end)?;
    let record = Record {
        kind,
        index: u64::from_be_bytes(head[1..9].try_into().ok()?),
        arrival_unix_us: u64::from_be_bytes(head[9..17].try_into().ok()?),
        packet: &bytes[at + RECORD_HEAD_BYTES..end],
    };
    Some((record, end + CRC_BYTES))
}

/// Does the crc32 at `end` agree with `start..end`?
fn checked(bytes: &[u8], start: usize, end: usize) -> Option<()> {
    let crc = bytes.get(end..end + CRC_BYTES)?;
    (crc32fast::hash(&bytes[start..end]).to_be_bytes() == crc).then_some(())
}

/// Appends a fragment's header.
pub fn put_header(out: &mut Vec<u8>, number: u32, track: &Track) {
    let start = out.len();
    let description = serde_json::to_vec(track).expect("a track has only string keys");
    debug_assert!(description.len() <= MAX_DESCRIPTION_BYTES);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&number.to_be_bytes());
    out.extend_from_slice(&(description.len() as u16).to_be_bytes());
    out.extend_from_slice(&description);
    put_crc(out, start);
}

/// Appends a record. Its packet has at most 65,535 bytes; the tap's framing admits far less.
pub fn put_record(out: &mut Vec<u8>, record: &Record<'_>) {
    let start = out.len();
    out.push(record.kind as u8);
    out.extend_from_slice(&record.index.to_be_bytes());
    out.extend_from_slice(&record.arrival_unix_us.to_be_bytes());
    let len = u16::try_from(record.packet.len()).expect("the tap's framing bounds a packet");
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(record.packet);
    put_crc(out, start);
}

fn put_crc(out: &mut Vec<u8>, start: usize) {
    let crc = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&crc.to_be_bytes());
}

/// A fragment being written: records gather in memory until [`Writer::write_through`].
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: Option<File>,
    pending: Vec<u8>,
    written_bytes: u64,
    has_failed: bool,
}

impl Writer {
    /// A fragment that starts with its header. Its file, which must not exist, is made by the first
    /// [`Writer::write_through`].
    pub fn new(path: PathBuf, number: u32, track: &Track) -> Self {
        let mut pending = Vec::with_capacity(4 * 1024);
        put_header(&mut pending, number, track);
        Self { path, file: None, pending, written_bytes: 0, has_failed: false }
    }

    /// Adds a record; it is not safe yet.
    pub fn append(&mut self, record: &Record<'_>) {
        put_record(&mut self.pending, record);
    }

    /// Bytes that a kill of this process would lose.
    pub fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Hands all records to the kernel: from here on they survive a kill of this process. After an
    /// error the writer is of no more use and says so: the file may end in half a record, behind which
    /// nothing would ever be found again. It is read back as after a crash.
    pub fn write_through(&mut self) -> io::Result<()> {
        if self.has_failed {
            return Err(io::Error::other("an earlier write to this fragment failed"));
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        self.write_pending().inspect_err(|_| self.has_failed = true)
    }

    fn write_pending(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().append(true).create_new(true).open(&self.path)?),
        };
        file.write_all(&self.pending)?;
        self.written_bytes += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// Bytes that were handed to the kernel.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Writes through and waits for the disk: from here on the records survive a power cut, once
    /// the folder is synced too.
    pub fn sync(&mut self) -> io::Result<()> {
        self.write_through()?;
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_data);
        // The kernel forgets what it could not write: a second sync would succeed without it.
        synced.inspect_err(|_| self.has_failed = true)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tongtang_protocol::ids::ParticipantId;
    use tongtang_protocol::lesson::Source;
    use tongtang_roq::control::{Flow, FlowCodec, FlowId};

    fn track() -> Track {
        Track {
            sfu_epoch: 7,
            flow: Flow {
                id: FlowId(3),
                participant: ParticipantId::new("teacher").unwrap(),
                source: Source::Camera,
                codec: FlowCodec::H264,
                rid: Some("h".into()),
                ssrc: 0xdead_beef,
                payload_type: 96,
                clock_rate_hz: 90_000,
            },
        }
    }

    fn packets() -> Vec<Vec<u8>> {
        // Lengths from RTCP's smallest to the longest packet; contents that differ.
        (0..40u64).map(|n| (0..4 + n * n).map(|i| (i * 31 + n) as u8).collect()).collect()
    }

    fn fragment(packets: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_header(&mut bytes, 9, &track());
        for (n, packet) in packets.iter().enumerate() {
            let kind = if n % 5 == 4 { PacketKind::Rtcp } else { PacketKind::Rtp };
            let (index, arrival_unix_us) = (100 + n as u64, 1_795_000_000_000_000 + n as u64 * 1000);
            put_record(&mut bytes, &Record { kind, index, arrival_unix_us, packet });
        }
        bytes
    }

    #[test]
    fn a_fragment_reads_back_as_written() {
        let packets = packets();
        let bytes = fragment(&packets);
        let read = read(&bytes).unwrap();
        assert_eq!((read.number, &read.track, read.tail), (9, &track(), Tail::Clean));
        assert_eq!(read.records.len(), packets.len());
        for (n, (record, packet)) in read.records.iter().zip(&packets).enumerate() {
            assert_eq!(record.packet, packet);
            assert_eq!(record.index, 100 + n as u64);
        }
    }

    #[test]
    fn a_description_that_is_too_long_is_no_fragment_of_ours() {
        let described = |bytes: usize| {
            let mut description = serde_json::to_vec(&track()).unwrap();
            description.resize(bytes, b' ');
            let mut out = Vec::new();
            out.extend_from_slice(&MAGIC);
            out.extend_from_slice(&VERSION.to_be_bytes());
            out.extend_from_slice(&9u32.to_be_bytes());
            out.extend_from_slice(&(bytes as u16).to_be_bytes());
            out.extend_from_slice(&description);
            put_crc(&mut out, 0);
            out
        };
        assert_eq!(read(&described(MAX_DESCRIPTION_BYTES)).unwrap().track, track());
        assert_eq!(read(&described(MAX_DESCRIPTION_BYTES + 1)), Err(SegmentError::Header));
    }

    #[test]
    fn any_truncation_yields_a_prefix_of_the_records() {
        let bytes = fragment(&packets());
        let whole = read(&bytes).unwrap();
        let mut header = Vec::new();
        put_header(&mut header, 9, &track());
        for cut in 0..bytes.len() {
            match read(&bytes[..cut]) {
                Err(error) => assert!(cut < header.len() && error == SegmentError::Header, "cut at {cut}"),
                Ok(part) => {
                    assert_eq!(part.records, whole.records[..part.records.len()], "cut at {cut}");
                    let valid = match part.tail {
                        Tail::Clean => cut,
                        Tail::Torn { valid_bytes } => valid_bytes,
                    };
                    assert_eq!(read(&bytes[..valid]).unwrap().tail, Tail::Clean);
                    assert_eq!(read(&bytes[..valid]).unwrap().records, part.records);
                }
            }
        }
    }

    #[test]
    fn a_flipped_byte_never_yields_a_changed_record() {
        let bytes = fragment(&packets()[..12]);
        let whole = read(&bytes).unwrap().records;
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x41;
            if let Ok(part) = read(&damaged) {
                assert_eq!(part.records, whole[..part.records.len()], "flipped at {at}");
                assert_ne!(part.tail, Tail::Clean, "flipped at {at}");
            }
        }
    }

    #[test]
    fn what_was_written_through_is_in_the_file_while_the_writer_lives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("000001.ttf");
        let mut writer = Writer::new(path.clone(), 1, &track());
        let record = Record { kind: PacketKind::Rtp, index: 0, arrival_unix_us: 1, packet: &[1; 20] };
        writer.append(&record);
        assert!(writer.pending_bytes() > 20);
        writer.write_through().unwrap();
        assert_eq!(writer.pending_bytes(), 0);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(read(&bytes).unwrap().records, [record]);
        writer.sync().unwrap();
        assert_eq!(bytes.len() as u64, writer.written_bytes());
        let mut second = Writer::new(path, 1, &track());
        assert!(second.write_through().is_err(), "a fragment is never overwritten");
    }

    #[test]
    fn nothing_is_ever_written_behind_half_a_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("000001.ttf");
        let mut writer = Writer::new(path.clone(), 1, &track());
        let record = |index| Record { kind: PacketKind::Rtp, index, arrival_unix_us: 1, packet: &[1; 20] };
        writer.append(&record(0));
        writer.write_through().unwrap();

        // A disk that takes half a record, then nothing, and a moment later everything again.
        writer.append(&record(1));
        let half = writer.pending[..writer.pending.len() / 2].to_vec();
        let mut file = writer.file.replace(File::open(&path).unwrap()).unwrap();
        file.write_all(&half).unwrap();
        writer.write_through().unwrap_err();
        writer.file = Some(file);
        writer.append(&record(2));
        writer.write_through().unwrap_err();
        writer.sync().unwrap_err();

        let bytes = std::fs::read(&path).unwrap();
        let read = read(&bytes).unwrap();
        assert_eq!(read.records, [record(0)]);
        assert_eq!(read.tail, Tail::Torn { valid_bytes: bytes.len() - half.len() });
    }
}
