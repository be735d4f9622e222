//! How many wrong codes may be typed: from one address with a growing delay, and by all together,
//! because many addresses guess as well as one.
//!
//! Pure: told the time. A million codes and twenty open lessons: at the global rate of [`REFILL_S`]
//! a guess succeeds once in three days, and then the teacher sees an unknown room and removes it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use tongtang_protocol::units::UnixMillis;

/// Wrong codes of one address before it has to wait.
const FREE_TRIES: u32 = 4;

/// The longest wait of one address, in seconds.
const MAX_WAIT_S: i64 = 600;

/// After this long without a wrong code an address starts afresh, in milliseconds.
const FORGET_MS: i64 = 3_600_000;

/// Addresses remembered. At the limit the one that erred longest ago is forgotten; the global
/// limit still counts what it did.
const MAX_ADDRESSES: usize = 4_096;

/// Wrong codes all addresses together may type at once; a district's rooms coming in at 8:00.
const GLOBAL_TRIES: f64 = 60.0;

/// Seconds until one more is free for all.
const REFILL_S: f64 = 6.0;

/// Who typed how many wrong codes.
#[derive(Debug)]
pub struct Guessing {
    addresses: HashMap<IpAddr, Tries>,
    global: f64,
    refilled_at: UnixMillis,
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: UnixMillis,
    free_at: UnixMillis,
}

impl Guessing {
    /// Nobody typed anything yet.
    pub fn new(now: UnixMillis) -> Self {
        Self { addresses: HashMap::new(), global: GLOBAL_TRIES, refilled_at: now }
    }

    /// May this address try now? Otherwise: in how many seconds. A try that is allowed counts as
    /// wrong until [`Guessing::right`] says otherwise, so that tries made at once all count.
    pub fn try_now(&mut self, ip: IpAddr, now: UnixMillis) -> Result<(), u64> {
        let key = key_of(ip);
        self.refill(now);
        if let Some(tries) = self.addresses.get(&key)
            && tries.free_at > now
            && now.0 - tries.last.0 < FORGET_MS
        {
            return Err(seconds(tries.free_at.0 - now.0));
        }
        if self.global < 1.0 {
            return Err(seconds(((1.0 - self.global) * REFILL_S * 1000.0) as i64));
        }
        self.global -= 1.0;
        self.make_room(&key);
        let tries = self.addresses.entry(key).or_insert(Tries { wrong: 0, last: now, free_at: now });
        if now.0 - tries.last.0 >= FORGET_MS {
            tries.wrong = 0;
        }
        tries.wrong += 1;
        tries.last = now;
        let over = tries.wrong.saturating_sub(FREE_TRIES);
        let wait_s = if over == 0 { 0 } else { (1_i64 << over.min(20)).min(MAX_WAIT_S) };
        tries.free_at = UnixMillis(now.0 + wait_s * 1000);
        Ok(())
    }

    /// The last try of this address was right.
    pub fn right(&mut self, ip: IpAddr) {
        self.global = (self.global + 1.0).min(GLOBAL_TRIES);
        let key = key_of(ip);
        if let Some(tries) = self.addresses.get_mut(&key) {
            // Not forgiven altogether: an insider with one right code would guess for ever.
            tries.wrong = tries.wrong.saturating_sub(1);
            tries.free_at = tries.last;
        }
    }

    fn refill(&mut self, now: UnixMillis) {
        let passed_ms = (now.0 - self.refilled_at.0).max(0);
        self.refilled_at = now;
        self.global = (self.global + passed_ms as f64 / 1000.0 / REFILL_S).min(GLOBAL_TRIES);
    }

    fn make_room(&mut self, key: &IpAddr) {
        if self.addresses.len() >= MAX_ADDRESSES
            && !self.addresses.contains_key(key)
            && let Some(oldest) = self.addresses.iter().min_by_key(|(_, tries)| tries.last).map(|(ip, _)| *ip)
        {
            self.addresses.remove(&oldest);
        }
    }
}

/// An IPv6 subscriber has a /64, not an address.
pub(crate) fn key_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        },
    }
}

fn seconds(ms: i64) -> u64 {
    u64::try_from((ms + 999) / 1000).unwrap_or(1).max(1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn one_address_waits_longer_after_each_wrong_code() {
        let mut guessing = Guessing::new(UnixMillis(0));
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..16 {
            while let Err(wait) = guessing.try_now(ip(1), UnixMillis(now)) {
                waits.push(wait);
                now += i64::try_from(wait).unwrap() * 1000;
            }
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert!(guessing.try_now(ip(2), UnixMillis(now)).is_ok(), "others do not wait");
    }

    #[test]
    fn many_addresses_together_are_limited_too() {
        let mut guessing = Guessing::new(UnixMillis(0));
        let allowed = (0..250).filter(|n| guessing.try_now(ip(*n), UnixMillis(0)).is_ok()).count();
        assert_eq!(allowed, 60);
        let later = (0..250).filter(|n| guessing.try_now(ip(*n), UnixMillis(60_000)).is_ok()).count();
        assert_eq!(later, 10, "ten a minute");
    }

    #[test]
    fn right_codes_cost_nothing() {
        let mut guessing = Guessing::new(UnixMillis(0));
        for _ in 0..500 {
            guessing.try_now(ip(1), UnixMillis(0)).unwrap();
            guessing.right(ip(1));
        }
    }

    #[test]
    fn a_network_of_addresses_is_one_and_memory_is_bounded() {
        let mut guessing = Guessing::new(UnixMillis(0));
        let six = |last: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
        for n in 0..5 {
            guessing.try_now(six(n), UnixMillis(0)).unwrap();
        }
        assert!(guessing.try_now(six(99), UnixMillis(0)).is_err());
        for n in 0..10_000_u32 {
            let now = UnixMillis(i64::from(n) * 10_000);
            guessing.try_now(IpAddr::from(n.to_be_bytes()), now).unwrap();
        }
        assert!(guessing.addresses.len() <= MAX_ADDRESSES);
    }
}
