//! Who may have state of their own: names that were typed into a login form are an attacker's to invent.

use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

/// Remembers which names came lately, so that only those that come again are given state of their own.
///
/// It holds a 16-bit mark of each of the newest 32,768 names or so in 64 KiB. A name that comes again before some 30,000 others came
/// is known; one that never came passes for known once in 16,000. The tags are keyed, so nobody can choose names that push out a
/// given other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Door {
    marks: Vec<u16>,
    forgotten: u64,
}

/// Names that share a place in memory, the newest first.
const WAYS: usize = 4;

/// How many such places there are.
const PLACES: u64 = 8_192;

impl Default for Door {
    fn default() -> Self {
        Self { marks: vec![0; WAYS * usize::try_from(PLACES).unwrap_or(0)], forgotten: 0 }
    }
}

impl Door {
    /// Whether `name` came before; remembers that it came now.
    pub fn admit(&mut self, name: Tag) -> bool {
        let place = usize::try_from(name.0 % PLACES).unwrap_or(0) * WAYS;
        // Why 1 in place of 0: 0 stands for an empty place.
        let mark = u16::try_from(name.0 >> 48).unwrap_or(u16::MAX).max(1);
        let Some(marks) = self.marks.get_mut(place..place + WAYS) else { return true };
        let found = marks.iter().position(|known| *known == mark);
        let Some(moved) = marks.get_mut(..=found.unwrap_or(WAYS - 1)) else { return true };
        if found.is_none() && moved.last().is_some_and(|last| *last != 0) {
            self.forgotten = self.forgotten.saturating_add(1);
        }
        moved.rotate_right(1);
        if let Some(first) = moved.first_mut() {
            *first = mark;
        }
        found.is_some()
    }

    /// How many names were forgotten for want of room.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spreads numbers over all bits, as keyed tags are spread.
    fn name(n: u64) -> Tag {
        let mixed = (n ^ (n >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Tag((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9))
    }

    #[test]
    fn a_name_is_let_in_when_it_comes_again_however_many_others_came_once() {
        let mut door = Door::default();
        assert!(!door.admit(name(0)) && door.admit(name(0)));
        let let_in = (1..=200_000).filter(|n| door.admit(name(*n))).count();
        assert!(let_in < 50, "{let_in} of 200,000 names that came once were let in");
        assert!(door.forgotten() > 150_000);
        assert_eq!(door.marks.len() * size_of::<u16>(), 64 * 1024);
    }

    #[test]
    fn a_name_that_keeps_coming_stays_known() {
        let mut door = Door::default();
        door.admit(name(0));
        for n in 1..=100_000 {
            door.admit(name(n));
            assert!(n % 500 != 0 || door.admit(name(0)), "forgotten after {n}");
        }
    }
}
