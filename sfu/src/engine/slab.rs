//! A vector with holes whose keys never come to name something else.

/// Names a thing in a [`Slab`], for ever: once it is removed the key finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// The key as a number that no other key of its slab ever has.
    pub fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// The other way.
    pub fn from_bits(bits: u64) -> Self {
        Self { index: bits as u32, generation: (bits >> 32) as u32 }
    }
}

/// Things by [`Key`].
#[derive(Debug)]
pub struct Slab<T> {
    cells: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { cells: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Puts a thing in.
    pub fn insert(&mut self, value: T) -> Key {
        if let Some(index) = self.free.pop() {
            let (generation, cell) = &mut self.cells[index as usize];
            *cell = Some(value);
            return Key { index, generation: *generation };
        }
        self.cells.push((0, Some(value)));
        Key { index: (self.cells.len() - 1) as u32, generation: 0 }
    }

    /// Takes a thing out.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let (generation, cell) = self.cells.get_mut(key.index as usize)?;
        if *generation != key.generation {
            return None;
        }
        let value = cell.take()?;
        *generation += 1;
        self.free.push(key.index);
        Some(value)
    }

    /// The thing, if it is still there.
    pub fn get(&self, key: Key) -> Option<&T> {
        let (generation, cell) = self.cells.get(key.index as usize)?;
        cell.as_ref().filter(|_| *generation == key.generation)
    }

    /// The thing, if it is still there.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let (generation, cell) = self.cells.get_mut(key.index as usize)?;
        if *generation == key.generation { cell.as_mut() } else { None }
    }

    /// All things.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.cells.iter().enumerate().filter_map(|(index, (generation, cell))| {
            Some((Key { index: index as u32, generation: *generation }, cell.as_ref()?))
        })
    }

    /// All things.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Key, &mut T)> {
        self.cells.iter_mut().enumerate().filter_map(|(index, (generation, cell))| {
            Some((Key { index: index as u32, generation: *generation }, cell.as_mut()?))
        })
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        self.cells.len() - self.free.len()
    }

    /// Is there nothing?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_something_removed_finds_nothing_even_when_its_place_is_taken() {
        let mut slab = Slab::default();
        let old = slab.insert("a");
        assert_eq!(slab.remove(old), Some("a"));
        let new = slab.insert("b");
        assert_eq!((slab.get(old), slab.get(new), slab.len()), (None, Some(&"b"), 1));
        assert_eq!(slab.remove(old), None);
    }
}
