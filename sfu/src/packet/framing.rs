//! Datagrams on a TCP connection: each behind its length (RFC 4571 §2), both ways.
//!
//! ```text
//!   0                   1
//!   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//!  ├───────────────────────────────┼─────────────┄
//!  │   LENGTH of what follows      │  a datagram
//! ```
//!
//! Enters and leaves: bytes as a socket gives and takes them, cut anywhere. [`FrameReader`] keeps what was cut off until
//! the rest comes. [`FrameQueue`] keeps what the peer has not taken yet: what waits too long is dropped, whole frame by
//! whole frame, for a live picture that comes late is worth less than the next one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Longest datagram that is looked at. A peer that announces a longer one speaks something else: its connection ends.
pub const MAX_FRAME_BYTES: usize = 2_048;

/// Bytes that wait for a peer to read; the frame that would be one too many is dropped. [`MAX_FRAME_AGE`] of 4 Mbit/s.
pub const MAX_WAITING_BYTES: usize = 256 * 1024;

/// A frame that has waited so long is dropped instead of sent. NACKs and reports of loss then do what they do on a slow UDP path.
pub const MAX_FRAME_AGE: Duration = Duration::from_millis(500);

const LENGTH_BYTES: usize = 2;

/// The peer announces a frame longer than [`MAX_FRAME_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes is longer than anything we speak")]
pub struct TooLong(pub usize);

/// The length that stands before a frame.
pub fn frame_len(prefix: [u8; LENGTH_BYTES]) -> Result<usize, TooLong> {
    let len = usize::from(u16::from_be_bytes(prefix));
    if len > MAX_FRAME_BYTES { Err(TooLong(len)) } else { Ok(len) }
}

/// Cuts what arrives into frames.
#[derive(Debug, Default)]
pub struct FrameReader {
    /// The beginning of a frame, with its length, whose rest has not come.
    partial: Vec<u8>,
}

impl FrameReader {
    /// `each` gets every frame that is complete now, in place where it lies in `bytes` as a whole. Empty frames are skipped
    /// (RFC 4571 §2 allows them).
    ///
    /// # Errors
    /// The rest cannot be read any more: the connection is of no use.
    pub fn read(&mut self, bytes: &mut [u8], mut each: impl FnMut(&mut [u8])) -> Result<(), TooLong> {
        let taken = self.complete(bytes, &mut each)?;
        let mut rest = &mut bytes[taken..];
        while let Some(&prefix) = rest.first_chunk() {
            let len = frame_len(prefix)?;
            if rest.len() < LENGTH_BYTES + len {
                break;
            }
            let (frame, behind) = rest.split_at_mut(LENGTH_BYTES + len);
            if len > 0 {
                each(&mut frame[LENGTH_BYTES..]);
            }
            rest = behind;
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    /// Completes the frame that was cut off; how many bytes that took.
    fn complete(&mut self, bytes: &[u8], each: &mut impl FnMut(&mut [u8])) -> Result<usize, TooLong> {
        let mut taken = 0;
        while !self.partial.is_empty() && taken < bytes.len() {
            let wanted = match self.partial.first_chunk() {
                Some(&prefix) => LENGTH_BYTES + frame_len(prefix)?,
                None => LENGTH_BYTES,
            };
            let more = (wanted - self.partial.len()).min(bytes.len() - taken);
            self.partial.extend_from_slice(&bytes[taken..taken + more]);
            taken += more;
            let Some(&prefix) = self.partial.first_chunk() else { continue };
            if self.partial.len() == LENGTH_BYTES + frame_len(prefix)? {
                if self.partial.len() > LENGTH_BYTES {
                    each(&mut self.partial[LENGTH_BYTES..]);
                }
                self.partial.clear();
            }
        }
        Ok(taken)
    }
}

/// A frame that waits.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    since: Instant,
    /// With its length before it.
    bytes: usize,
}

/// Frames on their way to a peer.
#[derive(Debug, Default)]
pub struct FrameQueue {
    bytes: VecDeque<u8>,
    frames: VecDeque<Waiting>,
    /// Bytes of the first frame that the socket has taken: it must get the others too.
    begun: usize,
}

impl FrameQueue {
    /// Appends a frame; `false`: it is dropped, because [`MAX_WAITING_BYTES`] wait already.
    pub fn push(&mut self, now: Instant, frame: &[u8]) -> bool {
        let bytes = LENGTH_BYTES + frame.len();
        let Ok(len) = u16::try_from(frame.len()) else { return false };
        if self.bytes.len() + bytes > MAX_WAITING_BYTES {
            return false;
        }
        self.bytes.extend(len.to_be_bytes());
        self.bytes.extend(frame);
        self.frames.push_back(Waiting { since: now, bytes });
        true
    }

    /// Drops the frames that have waited for [`MAX_FRAME_AGE`]; how many. One of which the peer has a part stays.
    pub fn drop_stale(&mut self, now: Instant) -> u64 {
        let from = usize::from(self.begun > 0);
        let mut dropped = 0;
        while let Some(waiting) = self.frames.get(from)
            && now.saturating_duration_since(waiting.since) >= MAX_FRAME_AGE
        {
            let start = if from == 0 { 0 } else { self.frames[0].bytes - self.begun };
            self.bytes.drain(start..start + waiting.bytes);
            self.frames.remove(from);
            dropped += 1;
        }
        dropped
    }

    /// What the socket shall take, in order.
    #[must_use]
    pub fn as_slices(&self) -> (&[u8], &[u8]) {
        self.bytes.as_slices()
    }

    /// The socket has taken so many bytes; how many frames are complete with them.
    pub fn taken(&mut self, bytes: usize) -> u64 {
        self.bytes.drain(..bytes.min(self.bytes.len()));
        self.begun += bytes;
        let mut complete = 0;
        while let Some(first) = self.frames.front()
            && self.begun >= first.bytes
        {
            self.begun -= first.bytes;
            self.frames.pop_front();
            complete += 1;
        }
        complete
    }

    /// Does nothing wait?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(frames: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for frame in frames {
            bytes.extend((frame.len() as u16).to_be_bytes());
            bytes.extend(frame);
        }
        bytes
    }

    fn read_in(cuts: &[usize], mut bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, TooLong> {
        let (mut reader, mut out) = (FrameReader::default(), Vec::new());
        let mut rest = &mut bytes[..];
        for cut in cuts.iter().copied().chain([usize::MAX]) {
            let (now, later) = rest.split_at_mut(cut.min(rest.len()));
            reader.read(now, |frame| out.push(frame.to_vec()))?;
            rest = later;
        }
        Ok(out)
    }

    fn frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
        proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..12)
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_the_bytes_are_cut(
            frames in frames(),
            cuts in proptest::collection::vec(0usize..400, 0..40),
        ) {
            let wanted: Vec<_> = frames.iter().filter(|frame| !frame.is_empty()).cloned().collect();
            prop_assert_eq!(read_in(&cuts, framed(&frames)).unwrap(), wanted);
        }

        /// Whatever the socket takes at a time and whatever is dropped between: a reader sees whole frames, in order.
        #[test]
        fn what_is_dropped_is_dropped_whole(
            steps in proptest::collection::vec((0usize..1_400, 0usize..2_000, 0u64..300), 1..200),
        ) {
            let start = Instant::now();
            let (mut queue, mut sent, mut dropped, mut elapsed_ms) = (FrameQueue::default(), Vec::new(), 0, 0);
            let take = |queue: &mut FrameQueue, sent: &mut Vec<u8>, most: usize| {
                let (first, second) = queue.as_slices();
                let bytes: Vec<u8> = first.iter().chain(second).copied().take(most).collect();
                queue.taken(bytes.len());
                sent.extend(bytes);
            };
            for (n, &(size, most, ms)) in steps.iter().enumerate() {
                elapsed_ms += ms;
                let now = start + Duration::from_millis(elapsed_ms);
                let mut frame = (n as u32).to_be_bytes().to_vec();
                frame.resize(size.max(4), n as u8);
                dropped += u64::from(!queue.push(now, &frame));
                dropped += queue.drop_stale(now);
                take(&mut queue, &mut sent, most);
            }
            take(&mut queue, &mut sent, usize::MAX);
            prop_assert!(queue.is_empty() && queue.frames.is_empty());
            let seen = read_in(&[], sent).unwrap();
            prop_assert_eq!(seen.len() as u64 + dropped, steps.len() as u64);
            let numbers: Vec<u32> =
                seen.iter().map(|frame| u32::from_be_bytes(*frame.first_chunk().unwrap())).collect();
            prop_assert!(numbers.is_sorted());
            for (number, frame) in numbers.iter().zip(&seen) {
                prop_assert_eq!(frame.len(), steps[*number as usize].0.max(4));
                prop_assert!(frame[4..].iter().all(|byte| *byte == *number as u8));
            }
        }
    }

    #[test]
    fn a_frame_longer_than_anything_we_speak_is_refused_as_soon_as_its_length_is_there() {
        let too_long = ((MAX_FRAME_BYTES + 1) as u16).to_be_bytes();
        assert_eq!(read_in(&[], too_long.to_vec()), Err(TooLong(MAX_FRAME_BYTES + 1)));
        assert_eq!(read_in(&[1], too_long.to_vec()), Err(TooLong(MAX_FRAME_BYTES + 1)));
        assert_eq!(read_in(&[], framed(&[vec![7; MAX_FRAME_BYTES]])).unwrap().len(), 1);
    }

    #[test]
    fn a_peer_that_does_not_read_costs_so_many_bytes_and_gets_what_is_new_when_it_reads_again() {
        let start = Instant::now();
        let mut queue = FrameQueue::default();
        let taken = (0..1_000).filter(|_| queue.push(start, &[1; 1_000])).count();
        assert_eq!(taken, MAX_WAITING_BYTES / 1_002);
        assert_eq!(queue.taken(300), 0);
        let later = start + MAX_FRAME_AGE;
        assert!(!queue.push(later, &[2; 1_000]), "nothing was dropped yet");
        assert_eq!(queue.drop_stale(later), taken as u64 - 1, "the begun one stays");
        assert!(queue.push(later, &[2; 1_000]));
        let (first, second) = queue.as_slices();
        let mut rest: Vec<u8> = first.iter().chain(second).copied().collect();
        assert_eq!(rest.len(), 702 + 1_002);
        let begun = [1_000u16.to_be_bytes().as_slice(), &[1; 298]].concat();
        rest.splice(..0, begun);
        let seen = read_in(&[], rest).unwrap();
        assert_eq!(seen, [vec![1; 1_000], vec![2; 1_000]]);
    }
}
