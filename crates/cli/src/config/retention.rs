//! `[retention]`: for how many days what is known about people is kept.

use countersign_app::Kept;
use serde::Deserialize;

/// The least days of records: decisions are learned from for one, and a clock may be off.
const LEAST: u32 = 2;

/// The least days of what comes from the log: Auth0 sends again what it could not deliver for seven, and an entry that was deleted
/// would be taken for a new one.
const LEAST_OF_LOG: u32 = 8;

/// `[retention]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days that decisions' records are kept; `None`: for ever.
    pub decisions_days: Option<u32>,
    /// Days that outcomes' records are kept, likewise.
    pub outcomes_days: Option<u32>,
    /// Days that entries of the log are kept; 0: for ever.
    pub log_days: u32,
    /// Days after their newest finding that alerts are kept, likewise.
    pub alert_days: u32,
    /// Days after their newest finding and their closing that incidents are kept, likewise.
    pub incident_days: u32,
    /// Days after they ended that plans are kept, likewise.
    pub plan_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        // Why so long: three times what Auth0 itself keeps at the most, and enough to look into what began a quarter ago; alerts,
        // incidents and plans, which are few, past the year that an audit looks at.
        Self {
            decisions_days: None,
            outcomes_days: None,
            log_days: 90,
            alert_days: 400,
            incident_days: 400,
            plan_days: 400,
        }
    }
}

impl Retention {
    /// What is not kept for ever, and for how many days.
    pub fn kept(&self) -> Vec<(Kept, u32)> {
        let limited = |days: u32| (days > 0).then_some(days);
        let kinds = [
            (Kept::Decisions, self.decisions_days),
            (Kept::Outcomes, self.outcomes_days),
            // Why in this order: an alert outlives its incident, and the key of a day what was sealed under it.
            (Kept::Incidents, limited(self.incident_days)),
            (Kept::Plans, limited(self.plan_days)),
            (Kept::Alerts, limited(self.alert_days)),
            (Kept::Log, limited(self.log_days)),
        ];
        kinds.into_iter().filter_map(|(kept, days)| Some((kept, days?))).collect()
    }

    /// Everything that is wrong, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        let records = [("decisions_days", self.decisions_days), ("outcomes_days", self.outcomes_days)];
        let records = records.into_iter().filter(|(_, days)| days.is_some_and(|days| days < LEAST));
        let of_log = [
            ("log_days", self.log_days),
            ("alert_days", self.alert_days),
            ("incident_days", self.incident_days),
            ("plan_days", self.plan_days),
        ];
        let of_log = of_log.into_iter().filter(|(_, days)| (1..LEAST_OF_LOG).contains(days));
        let records = records.map(|(name, _)| format!("`retention.{name}`: at least {LEAST} days"));
        let of_log = of_log
            .map(|(name, _)| format!("`retention.{name}`: at least {LEAST_OF_LOG} days, or 0 for ever"));
        records.chain(of_log).collect()
    }
}
