//! A timing wheel of intrusive lists: when to look at a session again.
//!
//! Deadlines are lazy. A packet only notes when it came; the slot is looked at when its old deadline passes and goes back in if the
//! session has lived on. So a packet costs the wheel nothing, and a session is moved a few times in its life.

use crate::slab::{Index, NIL};

/// A tick: 2^27 ns, about 0.13 s.
const TICK_SHIFT: u32 = 27;
/// Ticks in a turn: about 73 minutes. A later deadline waits at the end of the turn and is then put off again.
const TICKS: u64 = 32_768;

/// A session's place in the wheel.
#[derive(Clone, Copy, Debug)]
pub struct Links {
    next: Index,
    /// The slot before, or [`NIL`] at the head of its list.
    previous: Index,
    /// The tick's lowest bits: it lies within a turn of the wheel's `now`, of which there are two in these.
    tick: u16,
}

impl Default for Links {
    fn default() -> Self {
        Self { next: NIL, previous: NIL, tick: 0 }
    }
}

/// Gives the wheel access to the links that lie in the slots.
pub trait Linked {
    /// The links of a slot.
    fn links(&mut self, index: Index) -> Option<&mut Links>;
}

/// The wheel.
#[derive(Debug)]
pub struct Wheel {
    heads: Box<[Index]>,
    /// The next tick to look at. Everything before it has been looked at.
    now: u64,
}

impl Default for Wheel {
    fn default() -> Self {
        Self { heads: vec![NIL; TICKS as usize].into(), now: 0 }
    }
}

impl Wheel {
    /// Whether [`Wheel::expired`] may have something to give at `clock`.
    #[inline]
    pub fn is_due(&self, clock: u64) -> bool {
        clock >> TICK_SHIFT > self.now
    }

    /// Everything before this instant has been looked at.
    pub fn reached(&self) -> u64 {
        self.now << TICK_SHIFT
    }

    /// Bytes of the wheel.
    pub fn bytes(&self) -> usize {
        self.heads.len() * size_of::<Index>()
    }

    /// Puts a slot in, to be looked at when `deadline` has passed.
    pub fn insert(&mut self, slots: &mut impl Linked, index: Index, deadline: u64) {
        let tick = (deadline >> TICK_SHIFT).clamp(self.now, self.now.saturating_add(TICKS - 1));
        let Some(head) = self.heads.get_mut((tick % TICKS) as usize) else { return };
        let next = std::mem::replace(head, index);
        if let Some(links) = slots.links(next) {
            links.previous = index;
        }
        if let Some(links) = slots.links(index) {
            *links = Links { next, previous: NIL, tick: tick as u16 };
        }
    }

    /// Takes a slot out.
    pub fn remove(&mut self, slots: &mut impl Linked, index: Index) {
        let Some(links) = slots.links(index).map(std::mem::take) else { return };
        if links.previous == NIL {
            if let Some(head) = self.heads.get_mut(usize::from(links.tick) % TICKS as usize)
                && *head == index
            {
                *head = links.next;
            }
        } else if let Some(previous) = slots.links(links.previous) {
            previous.next = links.next;
        }
        if let Some(next) = slots.links(links.next) {
            next.previous = links.previous;
        }
    }

    /// Whether a slot that is in would be looked at later than `deadline` asks for.
    #[inline]
    pub fn is_later_than(&self, links: Links, deadline: u64) -> bool {
        let ahead = links.tick.wrapping_sub(self.now as u16) as i16;
        i64::from(ahead) > ((deadline >> TICK_SHIFT) as i64).saturating_sub(self.now as i64)
    }

    /// Takes out the slots of the next tick that has passed at `clock`, as the head of a list to walk with [`Links::next`]; `None`
    /// when nothing more has passed. A wheel that is empty jumps ahead.
    pub fn expired(&mut self, clock: u64, empty: bool) -> Option<Index> {
        let reached = clock >> TICK_SHIFT;
        if empty || reached.saturating_sub(self.now) > TICKS {
            self.now = if empty { reached } else { reached.saturating_sub(TICKS).max(self.now) };
        }
        while self.now < reached {
            let head = self.heads.get_mut((self.now % TICKS) as usize).map(|head| std::mem::replace(head, NIL));
            match head {
                Some(head) if head != NIL => return Some(head),
                _ => self.now = self.now.saturating_add(1),
            }
        }
        None
    }
}

impl Links {
    /// The slot after this one.
    pub const fn next(&self) -> Index {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Slots(Vec<Links>);

    impl Linked for Slots {
        fn links(&mut self, index: Index) -> Option<&mut Links> {
            self.0.get_mut(index as usize)
        }
    }

    const SECOND: u64 = 1_000_000_000;

    fn passed(wheel: &mut Wheel, slots: &mut Slots, clock: u64) -> Vec<Index> {
        let mut all = Vec::new();
        while let Some(mut index) = wheel.expired(clock, false) {
            while index != NIL {
                all.push(index);
                index = slots.0[index as usize].next();
            }
        }
        all.sort();
        all
    }

    #[test]
    fn a_slot_comes_out_once_its_deadline_has_passed() {
        let (mut wheel, mut slots) = (Wheel::default(), Slots(vec![Links::default(); 4]));
        for (index, second) in [(0, 1), (1, 2), (2, 2), (3, 9)] {
            wheel.insert(&mut slots, index, second * SECOND);
        }
        assert_eq!(passed(&mut wheel, &mut slots, SECOND / 2), vec![]);
        assert_eq!(passed(&mut wheel, &mut slots, 3 * SECOND), vec![0, 1, 2]);
        assert_eq!(passed(&mut wheel, &mut slots, 20 * SECOND), vec![3]);
    }

    #[test]
    fn a_removed_slot_does_not_come_out() {
        let (mut wheel, mut slots) = (Wheel::default(), Slots(vec![Links::default(); 3]));
        for index in 0..3 {
            wheel.insert(&mut slots, index, SECOND);
        }
        wheel.remove(&mut slots, 1);
        assert_eq!(passed(&mut wheel, &mut slots, 2 * SECOND), vec![0, 2]);
    }

    #[test]
    fn a_deadline_beyond_the_turn_comes_out_early_to_be_put_off() {
        let (mut wheel, mut slots) = (Wheel::default(), Slots(vec![Links::default(); 1]));
        wheel.insert(&mut slots, 0, 100_000 * SECOND);
        assert_eq!(passed(&mut wheel, &mut slots, 5000 * SECOND), vec![0]);
    }
}
