//! How much is done without a person.

use serde::{Deserialize, Serialize};

use crate::change::Radius;

words!(
    /// What a cap counts.
    Count {
        /// Different users.
        Users = "users",
        /// Different organizations.
        Organizations = "organizations",
        /// Steps.
        Steps = "steps",
    }
);

/// How much, of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spent {
    /// Users, each plan's counted apart.
    pub users: usize,
    /// Organizations, each plan's counted apart.
    pub organizations: usize,
    /// Steps.
    pub steps: usize,
}

impl Spent {
    /// What a plan takes.
    #[must_use]
    pub const fn of(radius: &Radius) -> Self {
        Self { users: radius.users, organizations: radius.organizations, steps: radius.steps }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            users: self.users.saturating_add(other.users),
            organizations: self.organizations.saturating_add(other.organizations),
            steps: self.steps.saturating_add(other.steps),
        }
    }

    const fn get(self, count: Count) -> usize {
        match count {
            Count::Users => self.users,
            Count::Organizations => self.organizations,
            Count::Steps => self.steps,
        }
    }

    /// What of it is more than the most.
    fn beyond(self, most: Self) -> impl Iterator<Item = Count> {
        Count::ALL.iter().copied().filter(move |count| self.get(*count) > most.get(*count))
    }
}

/// How much is done without a person, in a run and in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// In a run.
    pub run: Spent,
    /// In a day, by all runs that no person approved.
    pub day: Spent,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            run: Spent { users: 25, organizations: 5, steps: 200 },
            day: Spent { users: 100, organizations: 20, steps: 1_000 },
        }
    }
}

/// Which cap a plan is beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The one for a run.
    Run(Count),
    /// The one for a day.
    Day(Count),
}

impl Caps {
    /// The caps that a plan is beyond, with what was spent today.
    #[must_use]
    pub fn over(&self, radius: &Radius, today: Spent) -> Vec<Over> {
        let plan = Spent::of(radius);
        let run = plan.beyond(self.run).map(Over::Run);
        let day = plan.plus(today).beyond(self.day).map(Over::Day);
        run.chain(day).collect()
    }

    /// The smaller of each.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        let least = |one: Spent, other: Spent| Spent {
            users: one.users.min(other.users),
            organizations: one.organizations.min(other.organizations),
            steps: one.steps.min(other.steps),
        };
        Self { run: least(self.run, other.run), day: least(self.day, other.day) }
    }
}
