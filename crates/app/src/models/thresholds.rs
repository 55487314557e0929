//! How a tenant's labeled decisions would fall at other thresholds, by the scores of their rows. Nothing is changed by it.

use countersign_core::{Score, Timestamp, Trigger};
use countersign_policy::Thresholds;
use countersign_risk::{
    thresholds::{Explored, LEAST_LABELS, explore},
    train::Fate,
};
use countersign_store::{DecisionFilter, Scope};
use serde::Serialize;

use super::train::{MOST, PAGE, end};
use crate::{App, Error, Tenant};

/// What whoever reads the figures must know of them.
const CAUTION: &str = "Labels are few and chosen: people say who it was where somebody looked. What was denied, or challenged without an \
    answer, has a label only where a person judged it, so that at high thresholds attacks and honest people are missing; silence is a label of \
    what teaches alone, such as sign-ins. Shares of labels are not shares of all decisions.";

/// What labeled decisions say of thresholds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exploration {
    /// What asked for the decisions.
    pub trigger: Trigger,
    /// When the oldest decision of the trigger was made that was looked at; `None` without any.
    pub since: Option<Timestamp>,
    /// Decisions of the trigger since then, labeled or not.
    pub decisions: u32,
    /// The thresholds of the tenant's policy; an organization's or a client's own are not among them.
    pub in_force: Thresholds,
    /// The greatest share of the honest that a suggested threshold may step up.
    pub at_most: f64,
    /// With fewer labels on a side nothing is suggested.
    pub least_labels: u32,
    /// Labels and thresholds.
    #[serde(flatten)]
    pub explored: Explored,
    /// What to know of the figures.
    pub caution: &'static str,
}

/// What was read.
#[derive(Default)]
struct Read {
    since: Option<Timestamp>,
    decisions: u32,
    labeled: Vec<(Score, Fate)>,
}

impl App {
    /// How the labeled decisions of a trigger would fall at thresholds, by the scores that decided, of the newest 100,000
    /// decisions. Labels are those by which a tenant's model is fitted, also of people who were erased since.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn explore_thresholds(
        &self,
        tenant: &Tenant,
        trigger: Trigger,
        at_most: f64,
    ) -> Result<Exploration, Error> {
        let Read { since, decisions, labeled } = self.read_labeled(tenant, trigger).await?;
        let in_force = tenant.policy().document().settings(trigger, None, None).thresholds;
        let Thresholds { medium, high, critical } = in_force;
        Ok(Exploration {
            trigger,
            since,
            decisions,
            in_force,
            at_most,
            least_labels: LEAST_LABELS,
            explored: explore(&labeled, &[medium, high, critical], at_most),
            caution: CAUTION,
        })
    }

    async fn read_labeled(&self, tenant: &Tenant, trigger: Trigger) -> Result<Read, Error> {
        let at = self.ports.clock.now();
        let (mut before, mut looked_at, mut read) = (None, 0, Read::default());
        while looked_at < MOST {
            let filter = DecisionFilter { before, ..DecisionFilter::default() };
            let rows = self.ports.store.list_decisions(Scope::Tenant(&tenant.id), filter, PAGE).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.leaf_index);
            looked_at += rows.len();
            for row in rows.iter().filter(|row| row.decision.trigger == trigger) {
                read.since = Some(row.decision.at);
                read.decisions += 1;
                read.labeled.extend(end(row, at).map(|fate| (row.decision.score, fate)));
            }
        }
        Ok(read)
    }
}
