//! How often passwords and second factors may be tried. Pure: told the time.
//!
//! Three counts grow with wrong tries, each with a delay that doubles: one login from one network, one network, and one login
//! from all networks. A right password clears only the first: it takes nothing back of what other networks did to the
//! login. But it makes its network *known* to the login, and known networks do not wait for the third count. So guessers
//! who have many addresses are slowed down, and cannot shut the owner out of where the owner works.
//!
//! A login is a word that was typed; whether there is such an account makes no difference here.

use crate::auth::SecretHash;
use crate::device::guessing::key_of;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use tongtang_protocol::units::UnixMillis;

/// After this long without a try a count starts afresh, in milliseconds.
const FORGET_MS: i64 = 24 * 3_600_000;

/// Entries of each count. At the limit the one that was tried longest ago is forgotten.
const MAX_ENTRIES: usize = 16_384;

/// How a count delays.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Wrong tries without a delay.
    free: u32,
    /// The longest delay, in seconds.
    max_wait_s: i64,
}

const LOGIN_FROM_NETWORK: Rule = Rule { free: 4, max_wait_s: 600 };

/// A whole school sits behind one address.
const NETWORK: Rule = Rule { free: 30, max_wait_s: 600 };

const LOGIN: Rule = Rule { free: 20, max_wait_s: 300 };

/// Who tried what how often.
#[derive(Debug, Default)]
pub struct Delay {
    pairs: Counts<(SecretHash, IpAddr)>,
    networks: Counts<IpAddr>,
    logins: Counts<SecretHash>,
    /// Where a login was right, and when.
    known: HashMap<(SecretHash, IpAddr), UnixMillis>,
}

impl Delay {
    /// May `login` be tried from there now? Otherwise: in how many seconds. A try that is allowed counts as wrong until
    /// [`Delay::right`] says otherwise, so that tries made at once all count.
    pub fn try_now(&mut self, login: &str, ip: IpAddr, now: UnixMillis) -> Result<(), u64> {
        let (login, network) = (SecretHash::of(login), key_of(ip));
        let pair = (login.clone(), network);
        let is_known = self.known.contains_key(&pair);
        let mut wait_ms = self.pairs.wait_ms(&pair, now).max(self.networks.wait_ms(&network, now));
        if !is_known {
            wait_ms = wait_ms.max(self.logins.wait_ms(&login, now));
        }
        if wait_ms > 0 {
            return Err(u64::try_from((wait_ms + 999) / 1000).unwrap_or(1));
        }
        self.pairs.wrong(pair, LOGIN_FROM_NETWORK, now);
        self.networks.wrong(network, NETWORK, now);
        if !is_known {
            self.logins.wrong(login, LOGIN, now);
        }
        Ok(())
    }

    /// The last try of this login from there was neither right nor wrong: it came to nothing.
    pub fn void(&mut self, login: &str, ip: IpAddr) {
        let (login, network) = (SecretHash::of(login), key_of(ip));
        let pair = (login.clone(), network);
        self.pairs.take_back(&pair, LOGIN_FROM_NETWORK);
        self.networks.take_back(&network, NETWORK);
        if !self.known.contains_key(&pair) {
            self.logins.take_back(&login, LOGIN);
        }
    }

    /// The last try of this login from there was right.
    pub fn right(&mut self, login: &str, ip: IpAddr, now: UnixMillis) {
        let (login, network) = (SecretHash::of(login), key_of(ip));
        let pair = (login.clone(), network);
        self.pairs.0.remove(&pair);
        // One's own right try is taken back, others' wrong ones are not: whoever has one account would guess for ever.
        self.networks.take_back(&network, NETWORK);
        if !self.known.contains_key(&pair) {
            self.logins.take_back(&login, LOGIN);
        }
        make_room(&mut self.known, &pair, |at| *at);
        self.known.insert(pair, now);
    }
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: UnixMillis,
    free_at: UnixMillis,
}

#[derive(Debug)]
struct Counts<K>(HashMap<K, Tries>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> Counts<K> {
    fn wait_ms(&self, key: &K, now: UnixMillis) -> i64 {
        // A clock that was set back makes nobody wait longer than the rule does.
        self.0.get(key).map_or(0, |tries| tries.free_at.0 - now.0.max(tries.last.0))
    }

    fn wrong(&mut self, key: K, rule: Rule, now: UnixMillis) {
        make_room(&mut self.0, &key, |tries| tries.last);
        let tries = self.0.entry(key).or_insert(Tries { wrong: 0, last: now, free_at: now });
        if now.0 - tries.last.0 >= FORGET_MS {
            tries.wrong = 0;
        }
        tries.wrong = tries.wrong.saturating_add(1);
        tries.last = now;
        tries.free_at = UnixMillis(now.0 + rule.wait_ms(tries.wrong));
    }

    fn take_back(&mut self, key: &K, rule: Rule) {
        if let Some(tries) = self.0.get_mut(key) {
            tries.wrong = tries.wrong.saturating_sub(1);
            tries.free_at = UnixMillis(tries.last.0 + rule.wait_ms(tries.wrong));
        }
    }
}

impl Rule {
    fn wait_ms(self, wrong: u32) -> i64 {
        match wrong.saturating_sub(self.free) {
            0 => 0,
            over => (1_i64 << over.min(20)).min(self.max_wait_s) * 1000,
        }
    }
}

fn make_room<K: Hash + Eq + Clone, V>(map: &mut HashMap<K, V>, key: &K, age: impl Fn(&V) -> UnixMillis) {
    if map.len() >= MAX_ENTRIES
        && !map.contains_key(key)
        && let Some(oldest) = map.iter().min_by_key(|(_, value)| age(value)).map(|(key, _)| key.clone())
    {
        map.remove(&oldest);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ip(n: u16) -> IpAddr {
        IpAddr::from([10, 0, (n >> 8) as u8, n as u8])
    }

    /// Tries until `tries` were allowed; the waits on the way.
    fn waits(delay: &mut Delay, login: &str, tries: u32) -> Vec<u64> {
        let (mut now, mut waits) = (0, Vec::new());
        for _ in 0..tries {
            while let Err(wait) = delay.try_now(login, ip(1), UnixMillis(now)) {
                waits.push(wait);
                now += i64::try_from(wait).unwrap() * 1000;
            }
        }
        waits
    }

    #[test]
    fn one_login_from_one_network_waits_longer_after_each_wrong_password() {
        let mut delay = Delay::default();
        assert_eq!(waits(&mut delay, "li", 16), [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert!(delay.try_now("wang", ip(1), UnixMillis(0)).is_ok(), "the network's others do not wait yet");
    }

    #[test]
    fn one_network_does_not_try_all_logins() {
        let mut delay = Delay::default();
        let allowed =
            (0..200).filter(|n| delay.try_now(&format!("user{n}"), ip(1), UnixMillis(0)).is_ok()).count();
        assert_eq!(allowed, 31);
    }

    #[test]
    fn many_networks_do_not_try_one_login() {
        let mut delay = Delay::default();
        let allowed = (0..200).filter(|n| delay.try_now("li", ip(*n), UnixMillis(0)).is_ok()).count();
        assert_eq!(allowed, 21);
    }

    #[test]
    fn many_guessers_do_not_shut_the_owner_out_of_where_the_owner_works() {
        let mut delay = Delay::default();
        let home = ip(999);
        delay.try_now("li", home, UnixMillis(0)).unwrap();
        delay.right("li", home, UnixMillis(0));
        for n in 0..200 {
            let _ = delay.try_now("li", ip(n), UnixMillis(1));
        }
        assert!(delay.try_now("li", ip(300), UnixMillis(2)).is_err(), "the guessers wait");
        for _ in 0..10 {
            delay.try_now("li", home, UnixMillis(2)).unwrap();
            delay.right("li", home, UnixMillis(2));
        }
        assert!(
            delay.try_now("li", ip(301), UnixMillis(3)).is_err(),
            "and the owner's success frees them not"
        );
    }

    #[test]
    fn the_owners_own_mistakes_count_where_the_owner_works_too() {
        let mut delay = Delay::default();
        delay.try_now("li", ip(1), UnixMillis(0)).unwrap();
        delay.right("li", ip(1), UnixMillis(0));
        let allowed = (0..20).filter(|_| delay.try_now("li", ip(1), UnixMillis(1)).is_ok()).count();
        assert_eq!(allowed, 5);
    }

    #[test]
    fn a_try_that_came_to_nothing_does_not_count() {
        let mut delay = Delay::default();
        for _ in 0..100 {
            delay.try_now("li", ip(1), UnixMillis(0)).unwrap();
            delay.void("li", ip(1));
        }
        assert!(delay.known.is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let mut delay = Delay::default();
        for n in 0..MAX_ENTRIES as u32 + 100 {
            let (login, from) = (format!("u{n}"), IpAddr::from(n.to_be_bytes()));
            delay.try_now(&login, from, UnixMillis(i64::from(n))).unwrap();
            delay.right(&login, from, UnixMillis(i64::from(n)));
            delay.try_now(&login, from, UnixMillis(i64::from(n))).unwrap();
        }
        assert!(delay.pairs.0.len() <= MAX_ENTRIES && delay.networks.0.len() <= MAX_ENTRIES);
        assert!(delay.logins.0.len() <= MAX_ENTRIES && delay.known.len() <= MAX_ENTRIES);
    }
}
