//! What a receiver hears of.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A sort of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Incidents: opened, raised, reopened, closed.
    Incidents,
    /// Plans: proposed, and whatever became of them.
    Plans,
    /// What waits too long for somebody's look.
    Reviews,
}

/// Whose queue something stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those who watch over the tenant.
    Security,
    /// Those who look after customers.
    CustomerSuccess,
    /// Those whose tenant it is.
    TenantOwner,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Security, Self::CustomerSuccess, Self::TenantOwner];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::CustomerSuccess => "customer_success",
            Self::TenantOwner => "tenant_owner",
        }
    }

    /// The audience of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.as_str() == word)
    }
}

/// What a receiver hears of, beside what concerns everybody: breakers that opened and glass that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hears {
    /// Of these sorts of events.
    pub topics: BTreeSet<Topic>,
    /// For these audiences.
    pub audiences: BTreeSet<Audience>,
}

impl Default for Hears {
    /// Everything there is.
    fn default() -> Self {
        let topics = BTreeSet::from([Topic::Incidents, Topic::Plans, Topic::Reviews]);
        Self { topics, audiences: Audience::ALL.into() }
    }
}

impl Hears {
    /// Whether it hears of such events for an audience; one of no known name is everybody's.
    #[must_use]
    pub fn of(&self, topic: Topic, audience: &str) -> bool {
        let is_for = Audience::parse(audience).is_none_or(|audience| self.audiences.contains(&audience));
        self.topics.contains(&topic) && is_for
    }
}
