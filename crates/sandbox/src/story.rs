//! A live run: honest sign-ins at a steady rate, and an attack to watch every half minute.

use countersign_core::Timestamp;

use crate::{
    dice::Dice,
    sign_in::{AttackKind, Label, SignIn},
    traffic::Traffic,
};

/// How often things happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Honest sign-ins a minute, on average; 0 for none, at most 60,000.
    pub honest_per_minute: u32,
    /// The shortest and the longest time between two attacks, in seconds.
    pub attack_after_s: (u32, u32),
}

impl Default for Pace {
    /// Two honest sign-ins a second, an attack every 20 to 40 seconds: enough to watch, slow enough to read.
    fn default() -> Self {
        Self { honest_per_minute: 120, attack_after_s: (20, 40) }
    }
}

/// An attack that found nobody to build on is tried again after so long.
const RETRY: i64 = 15_000_000;
/// A caller that comes later than this has been asleep: what it missed is dropped.
const ASLEEP: i64 = 5_000_000;

/// Sign-ins on a schedule; attacks go around the organizations and the kinds, so that each pair comes in turn.
#[derive(Debug, Clone)]
pub struct Story {
    traffic: Traffic,
    pace: Pace,
    dice: Dice,
    next_honest: Timestamp,
    next_attack: Timestamp,
    attacks: usize,
}

impl Story {
    /// A story that begins at `start`; the first attack comes after one interval.
    #[must_use]
    pub fn new(traffic: Traffic, pace: Pace, seed: u64, start: Timestamp) -> Self {
        let dice = Dice::new(seed ^ 0x5709_1100_0000_0000);
        let mut story = Self { traffic, pace, dice, next_honest: start, next_attack: start, attacks: 0 };
        story.next_honest = story.honest_after(start);
        story.next_attack = story.attack_after(start);
        story
    }

    /// When the next sign-in is due.
    #[must_use]
    pub fn next_at(&self) -> Timestamp {
        self.next_honest.min(self.next_attack)
    }

    /// Who signs in.
    #[must_use]
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The sign-ins that fell due up to `now`, in order; at most five seconds' worth.
    pub fn due(&mut self, now: Timestamp) -> Vec<SignIn> {
        self.next_honest = self.next_honest.max(now.plus(-ASLEEP));
        self.next_attack = self.next_attack.max(now.plus(-ASLEEP));
        let mut due = Vec::new();
        while self.next_at() <= now {
            let at = self.next_at();
            if self.next_attack <= self.next_honest {
                due.extend(self.attack(at));
            } else {
                due.extend(self.traffic.honest(at));
                self.next_honest = self.honest_after(at);
            }
        }
        due
    }

    fn attack(&mut self, at: Timestamp) -> Option<SignIn> {
        let organizations = self.traffic.population().organizations().len();
        // Why from the last: there the demo audits only, so that its first attack gets in.
        let turn = self.attacks.checked_rem(organizations).unwrap_or(0);
        let organization = organizations.saturating_sub(turn.saturating_add(1));
        let sign_in = self.traffic.attack(kind_of(self.attacks), organization, at);
        if sign_in.as_ref().is_none_or(|sign_in| sign_in.label == Label::Honest) {
            self.next_attack = at.plus(RETRY);
        } else {
            self.attacks = self.attacks.wrapping_add(1);
            self.next_attack = self.attack_after(at);
        }
        sign_in
    }

    fn attack_after(&mut self, at: Timestamp) -> Timestamp {
        let (shortest, longest) = self.pace.attack_after_s;
        let millis = self.dice.between(shortest.saturating_mul(1000).max(1), longest.saturating_mul(1000));
        at.plus(i64::from(millis) * 1000)
    }

    fn honest_after(&mut self, at: Timestamp) -> Timestamp {
        let Some(mean) = 60_000_000_u32.checked_div(self.pace.honest_per_minute.min(60_000)) else {
            return Timestamp::from_micros(i64::MAX);
        };
        at.plus(i64::from(self.dice.between(mean / 2, mean.saturating_add(mean / 2)).max(1)))
    }
}

/// The kind of the attack of a number: five kinds, so fifteen pairs with three organizations.
const fn kind_of(count: usize) -> AttackKind {
    match count % 5 {
        0 => AttackKind::CredentialStuffing,
        1 => AttackKind::ImpossibleTravel,
        2 => AttackKind::PasswordSpray,
        3 => AttackKind::StolenPassword,
        _ => AttackKind::TokenReplay,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::population::Population;

    fn start() -> Timestamp {
        "2026-08-20T14:00:00Z".parse().unwrap()
    }

    /// A story with a month behind it.
    fn story(pace: Pace) -> Story {
        let mut traffic = Traffic::new(Population::new(1), 1);
        drop(traffic.history(30, start()));
        Story::new(traffic, pace, 1, start())
    }

    fn run(story: &mut Story, seconds: i64) -> Vec<SignIn> {
        (1..=seconds * 10).flat_map(|tenth| story.due(start().plus(tenth * 100_000))).collect()
    }

    fn is_attack(sign_in: &SignIn) -> bool {
        sign_in.label != Label::Honest
    }

    #[test]
    fn two_sign_ins_a_second_and_an_attack_every_20_to_40_seconds() {
        let all = run(&mut story(Pace::default()), 1800);
        assert!(all.is_sorted_by_key(|sign_in| sign_in.at));
        let attacks: Vec<&SignIn> = all.iter().filter(|s| is_attack(s)).collect();
        assert!((3300..3900).contains(&(all.len() - attacks.len())), "{}", all.len());
        for pair in attacks.windows(2) {
            let seconds = pair[1].at.since(pair[0].at) / 1_000_000;
            assert!((20..=100).contains(&seconds), "{seconds}");
        }
        assert!((40..=90).contains(&attacks.len()), "{}", attacks.len());
    }

    #[test]
    fn attacks_go_around_every_kind_in_every_organization() {
        let all = run(&mut story(Pace::default()), 900);
        let pairs: BTreeSet<String> = all
            .iter()
            .filter(|sign_in| is_attack(sign_in))
            .map(|s| format!("{:?} {}", s.label, s.event["organization"]["name"]))
            .collect();
        assert_eq!(pairs.len(), 15, "{pairs:?}");
    }

    #[test]
    fn a_pace_of_none_leaves_the_attacks() {
        let mut story = story(Pace { honest_per_minute: 0, attack_after_s: (1, 1) });
        let all = run(&mut story, 10);
        assert!(!all.is_empty() && all.len() <= 10);
        assert!(story.next_at() < Timestamp::from_micros(i64::MAX));
    }

    #[test]
    fn a_caller_that_slept_gets_no_flood() {
        let mut story = story(Pace::default());
        let late = story.due(start().plus(86_400_000_000));
        assert!(late.len() < 40, "{}", late.len());
        assert!(story.next_at() > start().plus(86_400_000_000));
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut story = story(Pace::default());
        let next = story.next_at();
        assert!(story.due(next.plus(-1)).is_empty());
        assert_eq!(story.due(next).len(), 1);
    }
}
