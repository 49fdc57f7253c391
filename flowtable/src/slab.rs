//! Sessions by number: a slab of fixed chunks, so that growing it moves nothing.

/// Slots in a chunk.
const CHUNK: usize = 1024;

/// The number of a slot.
pub type Index = u32;

/// No slot.
pub const NIL: Index = Index::MAX;

/// A slab. Freed slots are used again, the last freed first.
#[derive(Debug)]
pub struct Slab<T> {
    chunks: Vec<Vec<Option<T>>>,
    free: Vec<Index>,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), free: Vec::new(), len: 0 }
    }
}

impl<T> Slab<T> {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many slots there are, free ones included: numbers are below it.
    pub fn slots(&self) -> usize {
        self.chunks.len().saturating_sub(1) * CHUNK + self.chunks.last().map_or(0, Vec::len)
    }

    /// Bytes of all slots.
    pub fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<Option<T>>()
    }

    /// Puts a value into a free slot. `None` where there are no numbers left.
    pub fn insert(&mut self, value: T) -> Option<Index> {
        if let Some(index) = self.free.pop() {
            *self.slot(index)? = Some(value);
            self.len = self.len.saturating_add(1);
            return Some(index);
        }
        let index = Index::try_from(self.slots()).ok().filter(|index| *index != NIL)?;
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        self.chunks.last_mut()?.push(Some(value));
        self.len = self.len.saturating_add(1);
        Some(index)
    }

    /// Frees a slot and drops its value where it lies.
    pub fn free(&mut self, index: Index) {
        if let Some(slot) = self.slot(index).filter(|slot| slot.is_some()) {
            *slot = None;
            self.free.push(index);
            self.len = self.len.saturating_sub(1);
        }
    }

    /// The value of a slot.
    #[inline]
    pub fn get(&self, index: Index) -> Option<&T> {
        let index = index as usize;
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)?.as_ref()
    }

    /// The value of a slot.
    #[inline]
    pub fn get_mut(&mut self, index: Index) -> Option<&mut T> {
        self.slot(index)?.as_mut()
    }

    fn slot(&mut self, index: Index) -> Option<&mut Option<T>> {
        let index = index as usize;
        self.chunks.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_slot_is_used_again() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert('a').unwrap(), slab.insert('b').unwrap());
        slab.free(a);
        slab.free(a);
        assert_eq!((slab.get(a), slab.len()), (None, 1));
        assert_eq!(slab.insert('c'), Some(a));
        assert_eq!((slab.get(a), slab.get(b), slab.len()), (Some(&'c'), Some(&'b'), 2));
    }

    #[test]
    fn it_grows_by_chunks() {
        let mut slab = Slab::default();
        for number in 0..CHUNK * 2 + 1 {
            assert_eq!(slab.insert(number), Some(number as Index));
        }
        assert_eq!((slab.slots(), slab.chunks.len()), (CHUNK * 2 + 1, 3));
    }
}
