//! `[retention]`: for how many days what records say about people is kept.

use countersign_app::Kept;
use serde::Deserialize;

/// The least days: decisions are learned from for one, and a clock may be off.
const LEAST: u32 = 2;

/// `[retention]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days that decisions' records are kept; `None`: for ever.
    pub decisions_days: Option<u32>,
    /// Days that outcomes' records are kept, likewise.
    pub outcomes_days: Option<u32>,
}

impl Retention {
    /// What is not kept for ever, and for how many days.
    pub fn kept(&self) -> Vec<(Kept, u32)> {
        let kinds = [(Kept::Decisions, self.decisions_days), (Kept::Outcomes, self.outcomes_days)];
        kinds.into_iter().filter_map(|(kept, days)| Some((kept, days?))).collect()
    }

    /// Everything that is wrong, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        [("decisions_days", self.decisions_days), ("outcomes_days", self.outcomes_days)]
            .into_iter()
            .filter(|(_, days)| days.is_some_and(|days| days < LEAST))
            .map(|(name, _)| format!("`retention.{name}`: at least {LEAST} days"))
            .collect()
    }
}
