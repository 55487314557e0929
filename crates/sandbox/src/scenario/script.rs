//! Everything that happens in a scenario, in order.

use std::{collections::BTreeMap, sync::Arc};

use countersign_core::{Channel, Micros, Timestamp};
use serde_json::Value;

use super::{Planned, Scenario, Share};
use crate::{
    attack::GUESSING_S,
    dice::Dice,
    people::Person,
    sign_in::{Label, SignIn},
    traffic::Traffic,
};

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;
/// An attack that finds nobody is tried again after so long …
const RETRY: Micros = 10 * MINUTE;
/// … and given up after so long.
const PATIENCE: Micros = 2 * 86_400 * SECOND;

/// Something that somebody does.
pub(crate) struct Deed {
    /// When.
    pub(crate) at: Timestamp,
    /// Who it really is.
    pub(crate) label: Label,
    /// What.
    pub(crate) what: What,
}

/// What somebody does.
pub(crate) enum What {
    /// Signs in.
    SignIn(Box<SignIn>),
    /// Gives a wrong password for a user, on the way to a sign-in.
    Guess(String, Arc<SignIn>),
}

enum Beat {
    /// A person signs in; whether it is the day's first time.
    Honest(usize, bool),
    /// An attack begins, which is given up after an instant.
    Attack(usize, Timestamp),
    /// What an attack came to.
    Ready(Deed),
}

/// What is to come, planned a few days ahead. Beats of one instant come in the order in which they were planned.
pub(crate) struct Script {
    traffic: Traffic,
    dice: Dice,
    attacks: Vec<Planned>,
    beats: BTreeMap<(Timestamp, u64), Beat>,
    planned: u64,
    /// The last local day whose sign-ins are planned, counted from 1970.
    last_day: i64,
    from: Timestamp,
    /// From here on nobody but attackers come.
    honest_until: Timestamp,
}

impl Script {
    /// What happens from `from` on in a scenario that counts `now` as now.
    pub(crate) fn new(scenario: &Scenario, seed: u64, now: Timestamp, from: Timestamp) -> Self {
        let mut script = Self {
            traffic: Traffic::new(scenario.population(seed), seed),
            dice: Dice::new(seed ^ 0x0DD5_0000_7EA5_0000),
            attacks: scenario.attacks.clone(),
            beats: BTreeMap::new(),
            planned: 0,
            last_day: from.days() - 2,
            from,
            honest_until: if scenario.is_live { Timestamp::from_micros(i64::MAX) } else { now },
        };
        for (place, attack) in scenario.attacks.iter().enumerate() {
            let own = u64::try_from(place).unwrap_or(0).wrapping_add(1).wrapping_mul(0xD6E8_FEB8_6659_FD93);
            let mut dice = Dice::new(seed ^ own);
            let step = attack.lasts / i64::from(attack.times.max(1));
            for n in 0..i64::from(attack.times) {
                let within = step / 1000 * i64::from(dice.below(1000));
                let at = now.plus(attack.start).plus(n * step + within);
                if at >= from {
                    script.add(at, Beat::Attack(place, at.plus(PATIENCE)));
                }
            }
        }
        script
    }

    /// Whoever goes on from here.
    pub(crate) fn into_traffic(self) -> Traffic {
        self.traffic
    }

    fn add(&mut self, at: Timestamp, beat: Beat) {
        self.beats.insert((at, self.planned), beat);
        self.planned = self.planned.saturating_add(1);
    }

    /// What happens next, if it does until an instant, this included.
    pub(crate) fn next(&mut self, until: Timestamp) -> Option<Deed> {
        loop {
            // Why two days ahead: a local day may begin a day before or end a day after the one in UTC.
            self.plan(until.days().saturating_add(2));
            let first = self.beats.first_entry().filter(|first| first.key().0 <= until)?;
            let ((at, _), beat) = first.remove_entry();
            match beat {
                Beat::Ready(deed) => return Some(deed),
                Beat::Honest(person, is_first) => {
                    if let Some(sign_in) = self.traffic.honest_of(person, at, is_first) {
                        return Some(self.honest(sign_in));
                    }
                }
                Beat::Attack(place, end) => self.attack(place, at, end),
            }
        }
    }

    /// Plans the sign-ins of all days up to one.
    fn plan(&mut self, day: i64) {
        while self.last_day < day {
            self.last_day += 1;
            for person in 0..self.traffic.population().people().len() {
                for (at, is_first) in self.traffic.plan(person, self.last_day) {
                    if at >= self.from && at < self.honest_until {
                        self.add(at, Beat::Honest(person, is_first));
                    }
                }
            }
        }
    }

    /// What a person does to sign in, who may mistype the password at first.
    fn honest(&mut self, sign_in: SignIn) -> Deed {
        let person = self.traffic.population().person(sign_in.person);
        let types = |person: &&Person| sign_in.channel == Channel::Interactive && !person.is_federated();
        let mistypes = person.filter(types).map_or(Share::NONE, |person| person.mistypes);
        if !self.dice.happens(mistypes) {
            return deed(sign_in);
        }
        let (at, label) = (sign_in.at, sign_in.label);
        let user =
            sign_in.event.pointer("/user/user_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let what = What::Guess(user, Arc::new(sign_in.clone()));
        let next = at.plus(i64::from(self.dice.between(4, 20)) * SECOND);
        self.add(next, Beat::Ready(Deed { at: next, ..deed(sign_in) }));
        Deed { at, label, what }
    }

    fn attack(&mut self, place: usize, at: Timestamp, end: Timestamp) {
        let Some(Planned { kind, organization, .. }) = self.attacks.get(place) else { return };
        let lead = if kind.guesses() { i64::from(GUESSING_S) * SECOND } else { 0 };
        let came = self.traffic.attack(*kind, *organization, at.plus(lead));
        if came.as_ref().is_none_or(|sign_in| sign_in.label == Label::Honest) && at < end {
            self.add(at.plus(RETRY), Beat::Attack(place, end));
        }
        let Some(mut sign_in) = came else { return };
        let failures = std::mem::take(&mut sign_in.failures);
        let shared = Arc::new(sign_in);
        for failure in failures {
            let what = What::Guess(failure.user_id, Arc::clone(&shared));
            self.add(failure.at, Beat::Ready(Deed { at: failure.at, label: shared.label, what }));
        }
        let sign_in = Arc::unwrap_or_clone(shared);
        self.add(sign_in.at, Beat::Ready(deed(sign_in)));
    }
}

fn deed(sign_in: SignIn) -> Deed {
    Deed { at: sign_in.at, label: sign_in.label, what: What::SignIn(Box::new(sign_in)) }
}
