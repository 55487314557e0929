//! What logins have shown of an account, kept small: there are millions.

use std::marker::PhantomData;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{
    Country, DAY, Event,
    state::{Entry, Minute},
};

/// How many different values of each sort are remembered of an account.
const REMEMBERED: usize = 8;

/// What is kept of an account. One with two devices, three networks, two systems and one country takes 200 to 240 bytes with its
/// place in the table: 32 of its own, 16 a value, and what the table and the allocator add.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    first: Minute,
    last: Minute,
    logins: u32,
    kept: Box<[Kept]>,
}

/// A value that was seen. Its 32 bits say which it is: of the eight of an account two are alike by chance once in 10^8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    value: u32,
    first: Minute,
    last: Minute,
    days: u16,
    sort: Sort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Sort {
    Device,
    Network,
    System,
    Country,
}

/// What logins have shown of an account, before the entry at hand. Times are to the minute.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The first login.
    pub first: Option<Timestamp>,
    /// The newest login.
    pub last: Option<Timestamp>,
    /// Logins.
    pub logins: u32,
    /// Devices.
    pub devices: Known<'a, Tag>,
    /// Networks: /24 and /64.
    pub networks: Known<'a, Tag>,
    /// Autonomous systems.
    pub systems: Known<'a, u32>,
    /// Countries.
    pub countries: Known<'a, Country>,
}

/// The values of one sort that were seen: eight, those of the most days and the newest.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a, T> {
    kept: &'a [Kept],
    sort: Sort,
    of: PhantomData<T>,
}

/// When a value was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// On how many days (UTC).
    pub days: u16,
}

/// What can be remembered in 32 bits.
pub trait Value: Copy {
    /// The bits.
    fn bits(self) -> u32;
}

impl Value for Tag {
    fn bits(self) -> u32 {
        u32::try_from(self.0 & u64::from(u32::MAX)).unwrap_or_default()
    }
}

impl Value for u32 {
    fn bits(self) -> u32 {
        self
    }
}

impl Value for Country {
    fn bits(self) -> u32 {
        self.number()
    }
}

impl Kept {
    fn sighting(&self) -> Sighting {
        Sighting { first: self.first.start(), last: self.last.start(), days: self.days }
    }
}

impl<T: Value> Known<'_, T> {
    /// When `value` was seen; `None` when it was not, or is forgotten.
    #[must_use]
    pub fn find(&self, value: T) -> Option<Sighting> {
        let is_it = |kept: &&Kept| kept.sort == self.sort && kept.value == value.bits();
        self.kept.iter().find(is_it).map(Kept::sighting)
    }

    /// Whether `value` was seen on at least `days` days before `at`.
    #[must_use]
    pub fn is_familiar(&self, value: Option<T>, days: u16, at: Timestamp) -> bool {
        let seen = value.and_then(|value| self.find(value));
        seen.is_some_and(|seen| seen.days >= days && seen.first < at)
    }

    /// Whether `value` is the account's own: seen on three days before `at`, or two weeks ago, or on the account's first day. One
    /// visit of yesterday does not make it so: that may have been a thief's. `began` is the account's first login.
    #[must_use]
    pub fn is_settled(&self, value: Option<T>, began: Option<Timestamp>, at: Timestamp) -> bool {
        let seen = value.and_then(|value| self.find(value)).filter(|seen| seen.first < at);
        let is_first = |seen: &Sighting| began.is_some_and(|began| seen.first.since(began) < DAY);
        seen.is_some_and(|seen| seen.days >= 3 || at.since(seen.first) >= 14 * DAY || is_first(&seen))
    }

    /// The times of the values.
    pub fn iter(&self) -> impl Iterator<Item = Sighting> {
        self.kept.iter().filter(|kept| kept.sort == self.sort).map(Kept::sighting)
    }
}

impl Person<'_> {
    /// Whether the account was first seen less than `span` before `at`, so that "unseen" means little.
    #[must_use]
    pub fn is_learning(&self, at: Timestamp, span: Micros) -> bool {
        self.first.is_none_or(|first| at.since(first) < span)
    }
}

impl Memory {
    /// What detectors may ask of it.
    #[must_use]
    pub fn person(&self) -> Person<'_> {
        let is_known = self.logins > 0;
        Person {
            first: is_known.then(|| self.first.start()),
            last: is_known.then(|| self.last.start()),
            logins: self.logins,
            devices: self.known(Sort::Device),
            networks: self.known(Sort::Network),
            systems: self.known(Sort::System),
            countries: self.known(Sort::Country),
        }
    }

    /// Learns from a login.
    pub fn see(&mut self, event: &Event<'_>) {
        let at = Minute::of(event.at());
        self.first = if self.logins == 0 { at } else { self.first.min(at) };
        self.last = self.last.max(at);
        self.logins = self.logins.saturating_add(1);
        let place = event.place.unwrap_or_default();
        self.keep(Sort::Device, event.tags.device.map(Value::bits), at);
        self.keep(Sort::Network, event.tags.network.map(Value::bits), at);
        self.keep(Sort::System, place.asn, at);
        self.keep(Sort::Country, place.country.map(Value::bits), at);
    }

    fn known<T>(&self, sort: Sort) -> Known<'_, T> {
        Known { kept: &self.kept, sort, of: PhantomData }
    }

    fn keep(&mut self, sort: Sort, value: Option<u32>, at: Minute) {
        let Some(value) = value else { return };
        if let Some(seen) = self.kept.iter_mut().find(|kept| kept.sort == sort && kept.value == value) {
            let is_new_day = at.day() > seen.last.day() || at.day() < seen.first.day();
            seen.days = seen.days.saturating_add(u16::from(is_new_day));
            seen.first = seen.first.min(at);
            seen.last = seen.last.max(at);
            return;
        }
        let mut kept = std::mem::take(&mut self.kept).into_vec();
        let of_sort = kept.iter().enumerate().filter(|(_, kept)| kept.sort == sort);
        if of_sort.clone().count() >= REMEMBERED
            && let Some((index, _)) = of_sort.min_by_key(|(_, kept)| (kept.days, kept.last))
        {
            kept.remove(index);
        }
        kept.reserve_exact(1);
        kept.push(Kept { value, first: at, last: at, days: 1, sort });
        self.kept = kept.into_boxed_slice();
    }
}

impl Entry for Memory {
    fn weight(&self) -> usize {
        usize::try_from(self.logins).unwrap_or(usize::MAX)
    }

    fn last(&self) -> Timestamp {
        self.last.start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u32) -> Minute {
        Minute::of(Timestamp::from_seconds(i64::from(minute) * 60))
    }

    /// What the table's slot takes at its emptiest (7 of 16 full), and what the values take with the allocator's own.
    fn bytes(memory: &Memory) -> usize {
        let slot = (size_of::<(Tag, Memory)>() + 1) * 16 / 7;
        slot + size_of_val(&*memory.kept) + 16
    }

    #[test]
    fn a_typical_account_takes_at_most_250_bytes() {
        let mut memory = Memory::default();
        for (sort, values) in [(Sort::Device, 2), (Sort::Network, 3), (Sort::System, 2), (Sort::Country, 1)] {
            (0..values).for_each(|value| memory.keep(sort, Some(value), at(5)));
        }
        assert_eq!(memory.kept.len(), 8);
        assert!(bytes(&memory) <= 250, "{} bytes", bytes(&memory));
    }

    #[test]
    fn days_are_counted_and_the_least_seen_value_makes_room() {
        let mut memory = Memory::default();
        for day in 0..3 {
            (0..2).for_each(|minute| memory.keep(Sort::Network, Some(7), at(day * 1_440 + minute)));
        }
        memory.keep(Sort::Network, Some(7), at(4 * 1_440));
        (10..30).for_each(|value| memory.keep(Sort::Network, Some(value), at(5 * 1_440 + value)));
        memory.keep(Sort::System, Some(7), at(9));
        let systems = memory.known::<u32>(Sort::System);
        assert_eq!(systems.find(7).map(|seen| seen.days), Some(1));
        let networks = memory.known::<u32>(Sort::Network);
        assert_eq!(networks.iter().count(), REMEMBERED);
        let seen = networks.find(7).unwrap();
        assert_eq!((seen.days, seen.first, seen.last), (4, at(0).start(), at(4 * 1_440).start()));
        assert!(networks.find(29).is_some() && networks.find(10).is_none());
        let later = at(6 * 1_440).start();
        assert!(networks.is_familiar(Some(7), 4, later) && !networks.is_familiar(Some(7), 5, later));
        assert!(!networks.is_familiar(Some(7), 1, at(0).start()) && !networks.is_familiar(None, 0, later));
    }

    #[test]
    fn absurd_dates_do_no_harm() {
        let mut memory = Memory::default();
        for micros in [i64::MIN, i64::MAX, 0] {
            memory.keep(Sort::Device, Some(1), Minute::of(Timestamp::from_micros(micros)));
        }
        assert!(memory.known::<u32>(Sort::Device).find(1).unwrap().last > Timestamp::default());
    }
}
