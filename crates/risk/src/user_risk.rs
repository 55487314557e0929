//! User risk: what is held against a person for a while, whatever their next sign-in looks like.
//!
//! It is made of confirmed signals alone, decays, and is kept apart from the score of an event: an ordinary sign-in of a
//! person at risk is an ordinary sign-in, and what follows from the risk is the policy's matter. One fact of it is also read
//! by itself: that a password which is now reset was found in a breach is evidence about this reset.

use countersign_core::{Level, Score, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Features, Profile, number, profile::decay::seconds};

/// Signals kept of one person; beyond, the one that counts least goes.
pub const MAX_SIGNALS: usize = 8;

/// Days in which a signal loses half of its weight. Judgement: whoever took an account over comes back within days or a few
/// weeks, and a person must not be asked for months because of one event that nobody looked at again.
pub const HALF_LIFE_DAYS: i64 = 14;

/// The same in seconds.
const HALF_LIFE_S: i64 = HALF_LIFE_DAYS * 86_400;

/// Half-lives after which eight signals of the greatest weight are below medium: 8 · 2^-8 is.
const LONGEST_HALVINGS: i64 = 8;

/// Where medium begins: a leaked password is medium for two weeks, one failed challenge is not.
const MEDIUM: Score = Score::from_percent(25);

/// Where high begins: a fraudulent sign-in is high for six days.
const HIGH: Score = Score::from_percent(60);

/// Below it nothing is said to count any more, some three months after the heaviest signal.
const FORGOTTEN: Score = Score::from_percent(1);

/// What was confirmed about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserSignalKind {
    /// A person said that a sign-in was not theirs.
    FraudulentSignIn,
    /// A challenge was failed or refused, and not passed in the same sign-in. Whoever is asked has the first factor.
    FailedChallenge,
    /// Auth0 found the password in a breach (log type `pwd_leak`).
    LeakedPassword,
    /// An incident that is about them was closed as a true positive.
    Incident,
    /// The account's sign-up would have been challenged or refused, and no sign-in was confirmed since.
    RiskySignUp,
    /// An operator marked them as compromised.
    MarkedCompromised,
    /// A person said that the account's sign-up was fraud.
    FraudulentSignUp,
}

impl UserSignalKind {
    /// Every kind, in the order of their numbers in a profile.
    pub const ALL: &'static [Self] = &[
        Self::FraudulentSignIn,
        Self::FailedChallenge,
        Self::LeakedPassword,
        Self::Incident,
        Self::RiskySignUp,
        Self::MarkedCompromised,
        Self::FraudulentSignUp,
    ];

    /// The word in answers and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FraudulentSignIn => "fraudulent_sign_in",
            Self::FailedChallenge => "failed_challenge",
            Self::LeakedPassword => "leaked_password",
            Self::Incident => "incident",
            Self::RiskySignUp => "risky_sign_up",
            Self::MarkedCompromised => "marked_compromised",
            Self::FraudulentSignUp => "fraudulent_sign_up",
        }
    }

    /// Of a new signal, in hundredths: how sure it makes us that somebody else has the account. Judgement.
    const fn weight(self) -> u8 {
        match self {
            Self::MarkedCompromised => 95,
            Self::FraudulentSignIn | Self::FraudulentSignUp => 80,
            Self::Incident => 60,
            Self::LeakedPassword | Self::RiskySignUp => 50,
            Self::FailedChallenge => 15,
        }
    }

    /// What is left of a signal, in halves, once the password is another than it was then.
    const fn after_change(self) -> u8 {
        match self {
            // Why: the password that leaked opens nothing any more.
            Self::LeakedPassword => 0,
            // Why not nothing: whoever is in the account can change its password, too.
            Self::FraudulentSignIn | Self::FailedChallenge | Self::Incident => 1,
            // Why all: none is about a password.
            Self::RiskySignUp | Self::FraudulentSignUp | Self::MarkedCompromised => 2,
        }
    }
}

/// One signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UserSignal {
    /// When it was confirmed, as a second since 1970.
    pub(crate) second: i64,
    pub(crate) kind: UserSignalKind,
    /// What it is about, by which it is taken back; 0 where a person has one of the kind at the most.
    pub(crate) key: u64,
    /// Its weight when new, in hundredths.
    pub(crate) weight: u8,
}

/// The signals of one person, the oldest first, and when the password was last changed after one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserRisk {
    pub(crate) signals: Vec<UserSignal>,
    pub(crate) changed: Option<i64>,
}

/// How much is held against a person at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRiskAt {
    /// `low`, `medium` or `high`.
    pub level: Level,
    /// 0 to 1: one less the product of what each signal leaves.
    pub score: Score,
    /// When the oldest signal that still counts was confirmed.
    pub since: Timestamp,
}

/// One signal as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserSignalAt {
    /// What was confirmed.
    pub kind: UserSignalKind,
    /// When.
    pub at: Timestamp,
    /// What it counts at the time of asking, 0 to 1.
    pub weight: Score,
}

impl UserRisk {
    /// Whether there is nothing to count.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.signals.is_empty()
    }

    /// Counts a signal confirmed at `at`; one of the same kind and `key` begins anew.
    pub fn add(&mut self, kind: UserSignalKind, at: Timestamp, key: u64) {
        self.signals.retain(|other| (other.kind, other.key) != (kind, key));
        let signal = UserSignal { second: seconds(at), kind, key, weight: kind.weight() };
        let index = self.signals.partition_point(|other| *other <= signal);
        self.signals.insert(index, signal);
        if self.signals.len() > MAX_SIGNALS {
            let now = self.signals.iter().map(|signal| signal.second).max().unwrap_or(0);
            let weights = self.signals.iter().map(|signal| self.weight(*signal, now)).enumerate();
            let least = weights.min_by(|one, other| one.1.total_cmp(&other.1)).map_or(0, |(index, _)| index);
            self.signals.remove(least);
        }
        self.settle();
    }

    /// Whether a signal of this kind counts.
    #[must_use]
    pub fn has(&self, kind: UserSignalKind) -> bool {
        self.signals.iter().any(|signal| signal.kind == kind)
    }

    /// How many whole days ago Auth0 found the password in a breach; `None` where it did not, or the password was changed since.
    #[must_use]
    pub fn leaked_days_ago(&self, at: Timestamp) -> Option<u32> {
        let holds = |signal: &&UserSignal| self.changed.is_none_or(|changed| changed <= signal.second);
        let leaks = self.signals.iter().filter(|signal| signal.kind == UserSignalKind::LeakedPassword);
        let newest = leaks.filter(holds).map(|signal| signal.second).max()?;
        u32::try_from(seconds(at).saturating_sub(newest).max(0) / 86_400).ok()
    }

    /// Takes the signal of this kind and key back, exactly: unless it displaced another, all is as before it. Says whether
    /// there was one.
    pub fn take_back(&mut self, kind: UserSignalKind, key: u64) -> bool {
        self.retain(|signal| (signal.kind, signal.key) != (kind, key))
    }

    /// Takes all signals of a kind back. Says whether there was one.
    pub fn end(&mut self, kind: UserSignalKind) -> bool {
        self.retain(|signal| signal.kind != kind)
    }

    /// Forgets all signals, as an operator says who knows better.
    pub fn clear(&mut self) -> bool {
        self.retain(|_| false)
    }

    /// Notes that the password was changed or reset: what was confirmed before counts half, a leaked password nothing. Told
    /// twice it counts once. Says whether anything counts otherwise now.
    pub fn change_password(&mut self, at: Timestamp) -> bool {
        let second = seconds(at);
        let counts = self.signals.iter().any(|signal| signal.second < second)
            && self.changed.is_none_or(|changed| changed < second);
        if counts {
            self.changed = Some(second);
        }
        counts
    }

    /// What is held against the person; `None` where nothing is.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<UserRiskAt> {
        let now = seconds(at);
        let safe: f64 = self.signals.iter().map(|signal| 1.0 - self.weight(*signal, now)).product();
        let score = score(1.0 - safe);
        let counting = self.signals.iter().filter(|signal| self.weight(**signal, now) > 0.0);
        let since = counting.map(|signal| signal.second).min()?;
        let level = if score >= HIGH {
            Level::High
        } else if score >= MEDIUM {
            Level::Medium
        } else {
            Level::Low
        };
        (score >= FORGOTTEN).then(|| UserRiskAt { level, score, since: Timestamp::from_seconds(since) })
    }

    /// When the person falls below this level, `medium` or `high`, if nothing more is confirmed; `None` where they are below it
    /// from the first signal on.
    #[must_use]
    pub fn until(&self, level: Level) -> Option<Timestamp> {
        let is_held =
            |second| self.at(Timestamp::from_seconds(second)).is_some_and(|held| held.level >= level);
        let seconds = || self.signals.iter().map(|signal| signal.second);
        let (mut held, newest) = (seconds().min()?, seconds().max()?);
        // INVARIANT: no signal ever grows, and after the newest all of them halve, so that there is one end and it is found by halves.
        let mut over = newest.saturating_add(LONGEST_HALVINGS * HALF_LIFE_S);
        if !is_held(held) {
            return None;
        }
        while over - held > 1 {
            let between = held + (over - held) / 2;
            *(if is_held(between) { &mut held } else { &mut over }) = between;
        }
        Some(Timestamp::from_seconds(over))
    }

    /// The signals that still count, the oldest first.
    #[must_use]
    pub fn signals_at(&self, at: Timestamp) -> Vec<UserSignalAt> {
        let now = seconds(at);
        let shown = self.signals.iter().map(|signal| UserSignalAt {
            kind: signal.kind,
            at: Timestamp::from_seconds(signal.second),
            weight: score(self.weight(*signal, now)),
        });
        shown.filter(|signal| signal.weight > Score::default()).collect()
    }

    /// What a signal counts at a second, 0 to 1; a signal from the future as if it were of now.
    fn weight(&self, signal: UserSignal, now: i64) -> f64 {
        let age = now.saturating_sub(signal.second).max(0);
        let halvings = number::real(age) / number::real(HALF_LIFE_S);
        let halves = match self.changed {
            Some(changed) if signal.second < changed => signal.kind.after_change(),
            _ => 2,
        };
        f64::from(signal.weight) / 100.0 * f64::from(halves) / 2.0 * libm::exp2(-halvings)
    }

    fn retain(&mut self, keep: impl FnMut(&UserSignal) -> bool) -> bool {
        let before = self.signals.len();
        self.signals.retain(keep);
        self.settle();
        self.signals.len() < before
    }

    /// Forgets a change of the password that no signal is older than: equal risks are equal states.
    fn settle(&mut self) {
        let signals = &self.signals;
        self.changed = self.changed.filter(|changed| signals.iter().any(|signal| signal.second < *changed));
    }

    /// Whether the state is as this module leaves it; it may have come from outside.
    pub(crate) fn is_sound(&self, is_second: impl Fn(&i64) -> bool) -> bool {
        self.signals.len() <= MAX_SIGNALS
            && self.signals.is_sorted()
            && self.signals.iter().all(|signal| is_second(&signal.second) && signal.weight <= 100)
            && self.changed.as_ref().is_none_or(&is_second)
            && self.changed.is_none_or(|changed| self.signals.iter().any(|signal| signal.second < changed))
    }
}

/// What is held against the person of a sign-in, a sign-up that nobody confirmed included; `None` where nothing is, and of
/// machines.
#[must_use]
pub fn user_risk(profile: Option<&Profile>, features: &Features) -> Option<UserRiskAt> {
    if features.machine.is_some() {
        return None;
    }
    let known = profile.map(Profile::user_risk);
    let is_carried = features.owes_challenge && features.new_account(profile).is_some();
    if !is_carried || known.is_some_and(|risk| risk.has(UserSignalKind::RiskySignUp)) {
        return known?.at(features.at);
    }
    let mut risk = known.cloned().unwrap_or_default();
    risk.add(UserSignalKind::RiskySignUp, features.at, 0);
    risk.at(features.at)
}

/// A part of one as a score.
fn score(part: f64) -> Score {
    let millionths = u32::try_from(number::nearest(part.clamp(0.0, 1.0) * 1_000_000.0)).unwrap_or(0);
    Score::from_millionths(millionths).unwrap_or_default()
}

#[cfg(test)]
mod tests;
