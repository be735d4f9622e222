//! How many TCP connections there may be: in all, and of those that have not said yet what they want.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections at once, those that wait included; one more is closed at once. A browser opens one for each of our addresses.
/// The number of files this process may have open sets a lower bound: half of it, so that pages still get through.
pub const MAX_CONNECTIONS: usize = 4_096;

/// Connections that have not sent their first frame; one more is closed at once.
pub const MAX_WAITING: usize = 512;

/// Of these from one address (IPv6: from one network of 64 bits). A school behind one address opens its screens together.
pub const MAX_WAITING_PER_ADDRESS: usize = MAX_WAITING / 4;

/// Counts who is there.
#[derive(Debug)]
pub struct Places {
    most: usize,
    taken: AtomicUsize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub struct Place(Arc<Places>);

/// The place of one that has not sent its first frame; free again when dropped.
#[derive(Debug)]
pub struct WaitingPlace {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    /// All free; at most `most` will be taken.
    #[must_use]
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: AtomicUsize::new(0), waiting: Mutex::default() })
    }

    /// As many as this process may have: [`MAX_CONNECTIONS`].
    #[must_use]
    pub fn of_process() -> Arc<Self> {
        use nix::sys::resource::{Resource, getrlimit};
        let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(1_024, |(soft, _)| soft);
        Self::new(MAX_CONNECTIONS.min(usize::try_from(files / 2).unwrap_or(MAX_CONNECTIONS)))
    }

    /// How many connections there are.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// A place for a connection from `address`, if there is one.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<(Place, WaitingPlace)> {
        let address = counted_as(address);
        // Dropped at once when there are too many: that frees it again.
        let is_free = self.taken.fetch_add(1, Ordering::Relaxed) < self.most;
        let place = Place(self.clone());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = waiting.by_address.get(&address).copied().unwrap_or_default();
        if !is_free || waiting.total >= MAX_WAITING || of_address >= MAX_WAITING_PER_ADDRESS {
            return None;
        }
        waiting.total += 1;
        waiting.by_address.insert(address, of_address + 1);
        Some((place, WaitingPlace { places: self.clone(), address }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for WaitingPlace {
    fn drop(&mut self) {
        let mut waiting = self.places.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.total -= 1;
        if let Some(of_address) = waiting.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                waiting.by_address.remove(&self.address);
            }
        }
    }
}

/// Who has one IPv6 address has a whole network of them.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_all_places_and_a_place_is_free_again() {
        let places = Places::new(MAX_CONNECTIONS);
        let school = address("192.0.2.1");
        let mut taken: Vec<_> = (0..MAX_WAITING_PER_ADDRESS).map(|_| places.take(school).unwrap()).collect();
        assert!(places.take(school).is_none());
        assert_eq!(places.taken(), MAX_WAITING_PER_ADDRESS, "who was refused has no place");
        let other = places.take(address("192.0.2.2"));
        assert!(other.is_some(), "another address still gets in");
        let (_place, waiting) = taken.pop().unwrap();
        drop(waiting);
        assert!(places.take(school).is_some(), "one that has sent its first frame waits no more");
        drop((taken, other));
    }

    #[test]
    fn a_network_of_ipv6_addresses_is_one() {
        let places = Places::new(MAX_CONNECTIONS);
        let of = |n: usize| address(&format!("2001:db8::{n:x}"));
        let _taken: Vec<_> = (0..MAX_WAITING_PER_ADDRESS).map(|n| places.take(of(n)).unwrap()).collect();
        assert!(places.take(of(MAX_WAITING_PER_ADDRESS)).is_none());
        assert!(places.take(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn so_many_connections_and_no_more() {
        let places = Places::new(2);
        let first = places.take(address("192.0.2.1")).unwrap();
        let (_second, waiting) = places.take(address("192.0.2.2")).unwrap();
        drop(waiting);
        assert!(places.take(address("192.0.2.3")).is_none(), "those that wait no more count too");
        drop(first);
        assert!(places.take(address("192.0.2.3")).is_some());
    }
}
