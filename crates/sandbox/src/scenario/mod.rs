//! Scenarios: who is in the tenant, what they have been doing for how long, and who attacks them when.
//!
//! A scenario is a file of TOML. `Scenario::parse` reads it and says where it is wrong; `Scenario::population` makes its
//! people; `Script` is everything that happens, in order: what lies before now is the past, the rest comes as time passes.
//! What happens follows from the file, the seed and the instant that counts as now.

mod error;
mod file;
pub(crate) mod habit;
mod script;
#[cfg(test)]
mod tests;
mod time;
pub(crate) mod values;

use countersign_core::{Micros, Timestamp};

pub use self::{error::ScenarioError, values::Share};
pub(crate) use self::{
    file::{OrganizationForm, PeopleForm},
    script::{Deed, Script, What},
};
use crate::{AttackKind, Population, stream::Mishaps};

/// The scenario of `--people`: three companies, and attacks on them.
const BUILT_IN: &str = include_str!("../../../../scenarios/three-companies.toml");

/// The scenario of the demo.
const DEMO: &str = include_str!("../../../../scenarios/demo.toml");

const DAY: Micros = 86_400_000_000;

/// A scenario that holds together.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(crate) days: u16,
    pub(crate) is_live: bool,
    pub(crate) mishaps: Mishaps,
    pub(crate) organizations: Vec<OrganizationForm>,
    pub(crate) attacks: Vec<Planned>,
}

/// An attack as a scenario plans it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) kind: AttackKind,
    /// The organization's place in the scenario.
    pub(crate) organization: usize,
    /// When it begins, after what counts as now.
    pub(crate) start: Micros,
    /// Over how long it is spread.
    pub(crate) lasts: Micros,
    /// How often it is carried out.
    pub(crate) times: u16,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// What is wrong, where, and what would be right.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        file::read(text)
    }

    /// The scenario that is built in, with so many days of history; attacks before it are left out.
    ///
    /// # Errors
    /// None that is known: the file is tested.
    pub fn built_in(days: u16) -> Result<Self, ScenarioError> {
        let mut scenario = Self::parse(BUILT_IN)?;
        scenario.days = days;
        let begin = scenario.begin(Timestamp::default()).micros();
        scenario.attacks.retain(|attack| attack.start >= begin);
        Ok(scenario)
    }

    /// The scenario of the demo, which is built in as well.
    ///
    /// # Errors
    /// None that is known: the file is tested.
    pub fn demo() -> Result<Self, ScenarioError> {
        Self::parse(DEMO)
    }

    /// Its people; the same seed makes the same people.
    #[must_use]
    pub fn population(&self, seed: u64) -> Population {
        Population::make(self, seed)
    }

    /// How log and event streams go wrong.
    #[must_use]
    pub const fn mishaps(&self) -> Mishaps {
        self.mishaps
    }

    /// When the history begins that ends at `now`.
    pub(crate) fn begin(&self, now: Timestamp) -> Timestamp {
        now.plus(-i64::from(self.days) * DAY)
    }
}
