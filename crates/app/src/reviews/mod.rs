//! Decisions that wait for a person: put there by hand, or as sign-ups of high risk; looked at in time, or told of; ended by a verdict,
//! which is an outcome of the decision. `docs/acting.md` is the design.

mod account;
mod act;
mod escalate;
mod forget;
mod mark;
mod queue;
mod settle;
mod sign_up;
mod view;

use countersign_core::{Level, Micros};
use countersign_plan::change::Person;
use countersign_store::ReviewRow;
use serde::{Deserialize, Serialize};

pub use self::{
    act::VerdictGiven,
    view::{ReviewHead, ReviewListed, ReviewShown},
};
pub use countersign_store::ReviewFilter;

use crate::{Error, Tenant};

/// How a tenant's reviews go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whose queue something is put into by hand where nobody says, and plans of playbooks.
    pub audience: String,
    /// Whose queue sign-ups are put into.
    pub sign_up_audience: String,
    /// The least level of a sign-up that is put there by itself; `None`: none is.
    pub sign_ups_from: Option<Level>,
    /// Within how many hours somebody should have looked, by priority: 0 first.
    pub hours: [u16; 4],
    /// How a user is marked while a review of theirs is open; `None`: not at all.
    pub mark: Option<Mark>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            audience: "security".to_owned(),
            sign_up_audience: "security".to_owned(),
            sign_ups_from: Some(Level::High),
            hours: [72, 24, 8, 2],
            mark: None,
        }
    }
}

impl Settings {
    /// How long something of a priority may wait.
    const fn waits(&self, priority: u8) -> Micros {
        let [low, normal, high, urgent] = self.hours;
        let hours = match priority {
            0 => low,
            1 => normal,
            2 => high,
            _ => urgent,
        };
        hours as Micros * 3_600_000_000
    }
}

/// How a user is marked at the tenant, by a plan as everything that is written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// By a role of this id.
    Role(String),
    /// By `app_metadata` under this key, which is set to `"under_review"`.
    AppMetadata(String),
}

/// Where a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// Nobody said yet what it is.
    Open,
    /// Somebody did.
    Closed,
}

impl ReviewStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// What is sealed of a review.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ReviewBody {
    /// Why somebody put it there.
    because: Option<String>,
    /// Who said what it is, and why.
    closing: Option<Closing>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Closing {
    by: String,
    reason: String,
    /// The same person as the identity provider knows them, so that they don't countersign what follows of it; `None`: nobody is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<Person>,
}

impl Tenant {
    /// Says how the tenant's reviews go. Once; later ones are not taken.
    pub fn set_reviews(&self, settings: Settings) {
        if self.reviews.set(settings).is_err() {
            tracing::error!(tenant.id = %self.id, "a tenant's reviews were set twice");
        }
    }

    pub(crate) fn reviews(&self) -> &Settings {
        self.reviews.get_or_init(Settings::default)
    }
}

fn is_open(row: &ReviewRow) -> Result<(), Error> {
    if row.status == ReviewStatus::Open.as_str() { Ok(()) } else { Err(Error::ReviewClosed) }
}
