//! How often a person's key is still unwrapped in memory, and how often their profile is: a month of a million people, through caches
//! as the service has them, at their size.
//!
//! `cargo bench -p countersign-app --bench subject_keys` (a number is how many people instead).

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use countersign_app::CACHED_KEYS;
use moka::sync::Cache;

/// Profiles that the store keeps: what 32 MiB hold of the mean size that `benches/people` of the risk model measures, each with 256
/// bytes around it.
const KEPT_PROFILES: u64 = 32 * 1_024 * 1_024 / (894 + 256);

/// Sign-ins, renewals and exchanges on a day on which somebody comes at all; whether they come, in thousandths on a work
/// day; and how many of 100 people are so: daily, several days a week, weekly, monthly, less.
const KINDS: [(u64, u64, u64); 5] = [(4, 900, 34), (3, 450, 26), (2, 150, 20), (2, 40, 13), (1, 12, 7)];

/// Parts in which work days see fewer people on a weekend.
const WEEKEND: u64 = 5;

const DAYS: u64 = 30;

/// A number that only its inputs decide (the mix of SplitMix64).
const fn mix(seed: u64) -> u64 {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What somebody does on a day: seconds at which they are decided about.
fn decisions(who: u64, day: u64) -> impl Iterator<Item = u64> {
    let mut rest = mix(who) % 100;
    let kind = KINDS.into_iter().find(|(_, _, share)| {
        let is_it = rest < *share;
        rest = rest.saturating_sub(*share);
        is_it
    });
    let (times, chance, _) = kind.unwrap_or((1, 12, 7));
    let chance = if day % 7 < 5 { chance } else { chance / WEEKEND };
    let dice = mix((who << 9) | day);
    let comes = dice % 1_000 < chance;
    // From seven to eleven, some of them at night; the others within eight hours.
    let begins =
        if (dice >> 20).is_multiple_of(10) { mix(dice) % 86_400 } else { 25_200 + mix(dice) % 14_400 };
    (0..if comes { times } else { 0 }).map(move |n| begins + if n == 0 { 0 } else { mix(dice + n) % 28_800 })
}

/// Looks that found what they looked for, of all.
#[derive(Default)]
struct Found {
    looks: u64,
    hits: u64,
}

impl Found {
    fn look(&mut self, cache: &Cache<u64, ()>, who: u64) {
        self.looks += 1;
        match cache.get(&who) {
            Some(()) => self.hits += 1,
            None => cache.insert(who, ()),
        }
    }

    fn percent(&self) -> u64 {
        (100 * self.hits + self.looks / 2) / self.looks.max(1)
    }
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let people: u64 = asked.unwrap_or(1_000_000);
    for (what, kept) in [("keys", CACHED_KEYS), ("profiles", KEPT_PROFILES)] {
        through(people, what, kept);
    }
}

/// Sends the month through a cache of one size.
fn through(people: u64, what: &str, kept: u64) {
    let cache = Cache::new(kept);
    let (mut decided, mut logged, mut seen) = (Found::default(), Found::default(), 0);
    for day in 0..DAYS {
        let all = (0..people).flat_map(|who| decisions(who, day).map(move |second| (second, false, who)));
        // Auth0's log tells of each within a minute, and the outcome is counted with the same key in the same profile.
        let mut events: Vec<(u64, bool, u64)> =
            all.flat_map(|event| [event, (event.0 + 2 + mix(event.2 + day) % 58, true, event.2)]).collect();
        events.sort_unstable();
        for (_, is_log, who) in events {
            let found = if is_log { &mut logged } else { &mut decided };
            found.look(&cache, who);
        }
        if day == 6 {
            // The first week warms the cache.
            seen = decided.looks;
            (decided, logged) = (Found::default(), Found::default());
        }
    }
    println!("{people} people, {} decisions in {DAYS} days, {kept} {what} kept", seen + decided.looks);
    println!(
        "at hand after the first week: {} % of decisions, {} % of log entries",
        decided.percent(),
        logged.percent()
    );
}
