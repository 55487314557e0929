//! Bytes of a million profiles, each half a year of sign-ins by the real fold; no two people are alike, and none is kept.
//!
//! `cargo bench -p countersign-risk --bench people` (some minutes; a number is how many people instead).

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use countersign_core::{Channel, Timestamp};
use countersign_risk::{
    Features, MAX_PROFILE_BYTES, NetworkKind, Place, Profile, SessionOf, crowd::Crowd, crowd::Member,
    parse_agent,
};

/// 2026-08-20T00:00:00Z, after the half year.
const NOW: i64 = 1_787_184_000;

const DAY_S: i64 = 86_400;

/// Four half-lives: what is older has a sixteenth of its weight.
const DAYS: u64 = 180;

/// Sign-ins a day of each kind of person, in thousandths, and how many of 100 are of it.
const KINDS: [(&str, u64, u64); 5] = [
    ("daily", 1_000, 34),
    ("on several days a week", 500, 26),
    ("weekly", 150, 20),
    ("monthly", 40, 13),
    ("less", 12, 7),
];

const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/@.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/@.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:@.0) Gecko/20100101 Firefox/@.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/@.0.0.0 Safari/537.36 Edg/@.0.0.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/@.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:@.0) Gecko/20100101 Firefox/@.0",
];

/// A sequence of numbers that a seed decides (SplitMix64).
struct Numbers(u64);

impl Numbers {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    fn is_one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

fn pick<T: Copy>(from: &[T], place: u64) -> Option<T> {
    from.get(usize::try_from(place).ok()?).copied()
}

/// Somebody's habits: homes, machines and hours, more of them for those who travel.
struct Habits {
    home: u64,
    machines: u64,
    travels_one_in: u64,
    lease_days: u64,
}

impl Habits {
    fn new(numbers: &mut Numbers) -> Self {
        Self {
            home: numbers.next(),
            machines: 1 + numbers.below(3),
            travels_one_in: pick(&[4, 20, 60, 400], numbers.below(4)).unwrap_or(60),
            lease_days: pick(&[3, 14, 30, 90], numbers.below(4)).unwrap_or(30),
        }
    }

    fn sign_in(&self, at: i64, day: u64, numbers: &mut Numbers) -> Features {
        let is_away = numbers.is_one_in(self.travels_one_in);
        let home = if is_away { numbers.below(2_000) } else { self.home % 2_000 };
        let machine = numbers.below(self.machines) + self.home % 5;
        let lease =
            self.home / 2_000 + day / self.lease_days + if is_away { numbers.below(1_000) } else { machine };
        let place = Place {
            lat: i32::try_from(home * 317 % 1_200_000).unwrap_or(0) - 500_000,
            lon: i32::try_from(home * 911 % 3_000_000).unwrap_or(0) - 1_500_000,
        };
        let major = (120 + day / 28).to_string();
        let agent = pick(&AGENTS, machine % 6).unwrap_or("").replace('@', &major);
        let at = Timestamp::from_seconds(at);
        let mut features = Features::new(at, Channel::Interactive);
        features.is_login = true;
        features.country = Some(format!("C{}", home % 60).as_str().into());
        features.network = Some(format!("as{}", 64_500 + home * 7 % 3_000 + machine % 2).as_str().into());
        features.block = Some(format!("10.{}.{}.0/24", lease % 250, home % 250).as_str().into());
        features.place = Some(place);
        features.local_hour = Some(place.local_hour(at));
        features.device = parse_agent(&agent);
        features.ja4 = Some(format!("t13d1516h2_{machine:04}{:04}", day / 60).as_str().into());
        features.language = Some(format!("l{}-{}", home % 30, machine % 2).as_str().into());
        features.network_kind = Some(NetworkKind::Residential);
        features.session = Some(SessionOf {
            key: (self.home ^ (day / 5)).to_le_bytes()[0].into(),
            initial: None,
            last: None,
        });
        features
    }
}

/// How often somebody signs in, in thousandths a day.
fn rate(numbers: &mut Numbers) -> u64 {
    let mut rest = numbers.below(100);
    for (_, rate, share) in KINDS {
        if rest < share {
            return rate * (50 + numbers.below(100)) / 100;
        }
        rest -= share;
    }
    0
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let people: u64 = asked.unwrap_or(1_000_000);
    let (mut sizes, mut sign_ins, mut crowd) = (vec![0_u64; MAX_PROFILE_BYTES + 1], 0_u64, Crowd::default());
    for who in 0..people {
        let mut numbers = Numbers(who);
        let (rate, habits) = (rate(&mut numbers), Habits::new(&mut numbers));
        let member = Member::new(Some(&format!("org_{}", who % 1_000)), &format!("person{who}"));
        let mut profile = Profile::default();
        let mut due = numbers.below(1_000);
        for day in 0..DAYS {
            due += rate;
            while due >= 1_000 {
                due -= 1_000;
                let second = 25_200 + numbers.below(43_200);
                let at =
                    NOW - i64::try_from(DAYS - day).unwrap_or(0) * DAY_S + i64::try_from(second).unwrap_or(0);
                let features = habits.sign_in(at, day, &mut numbers);
                sign_ins += 1;
                profile.credit(&features, sign_ins, 1_000);
                if day + 30 > DAYS && who.is_multiple_of(10) {
                    crowd.credit(&features, member, 1_000);
                }
                if numbers.is_one_in(14) {
                    profile.failure(features.at);
                }
            }
        }
        if let Some(count) = sizes.get_mut(profile.encode().len()) {
            *count += 1;
        }
    }
    report(&sizes, people, sign_ins);
    println!("crowd of a tenth of them in 1,000 organizations: {} KiB", crowd.size_bytes() / 1_024);
}

fn report(sizes: &[u64], people: u64, sign_ins: u64) {
    let quantile = |thousandths: u64| {
        let mut left = people * thousandths / 1_000;
        sizes.iter().position(|count| {
            let is_here = left < *count;
            left = left.saturating_sub(*count);
            is_here
        })
    };
    let bytes: u64 = (0_u64..).zip(sizes).map(|(size, count)| size * count).sum();
    println!("{people} people, {sign_ins} sign-ins");
    println!(
        "bytes of a profile: mean {}, p50 {:?}, p90 {:?}, p99 {:?}, max {:?}",
        bytes / people.max(1),
        quantile(500),
        quantile(900),
        quantile(990),
        sizes.iter().rposition(|count| *count > 0),
    );
}
