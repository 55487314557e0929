//! How a tenant's labeled decisions would fall at other thresholds, read from their records. Nothing is changed by it.

use countersign_core::{Timestamp, Trigger};
use countersign_policy::Thresholds;
use countersign_risk::{
    thresholds::{Explored, LEAST_LABELS, explore},
    train::Fate,
};
use countersign_store::{DecisionFilter, DecisionRow, Scope};
use serde::Serialize;

use super::train::{MOST, PAGE, end};
use crate::{App, Error, Tenant};

/// Records that are opened at the most; judgement: some seconds, for somebody waits for the answer.
const OPENED: usize = 10_000;

/// What whoever reads the figures must know of them.
const CAUTION: &str = "Labels are few and chosen: people say who it was where somebody looked, and what was denied, or challenged \
    without an answer, has no label. Shares of them are not shares of all sign-ins.";

/// What the records of labeled decisions say of thresholds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exploration {
    /// What asked for the decisions.
    pub trigger: Trigger,
    /// When the oldest decision was made that was looked at; `None` without any.
    pub since: Option<Timestamp>,
    /// Decisions of the trigger since then, labeled or not.
    pub decisions: u32,
    /// Labeled ones whose records can't be read: of erased people, no longer kept, or damaged. They count nowhere else.
    pub unread: u32,
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
    unread: u32,
    labeled: Vec<(countersign_core::Score, Fate)>,
}

impl App {
    /// How the labeled decisions of a trigger would fall at thresholds, by the scores that decided, of the newest 100,000
    /// decisions and at most 10,000 labeled ones. Labels are those by which a tenant's model is fitted.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn explore_thresholds(
        &self,
        tenant: &Tenant,
        trigger: Trigger,
        at_most: f64,
    ) -> Result<Exploration, Error> {
        let Read { since, decisions, unread, labeled } = self.read_labeled(tenant, trigger).await?;
        let in_force = tenant.policy().document().settings(trigger, None, None).thresholds;
        let Thresholds { medium, high, critical } = in_force;
        Ok(Exploration {
            trigger,
            since,
            decisions,
            unread,
            in_force,
            at_most,
            least_labels: LEAST_LABELS,
            explored: explore(&labeled, &[medium, high, critical], at_most),
            caution: CAUTION,
        })
    }

    async fn read_labeled(&self, tenant: &Tenant, trigger: Trigger) -> Result<Read, Error> {
        let at = self.ports.clock.now();
        let (mut before, mut looked_at, mut opened, mut read) = (None, 0, 0, Read::default());
        while looked_at < MOST && opened < OPENED {
            let filter = DecisionFilter { before, ..DecisionFilter::default() };
            let rows = self.ports.store.list_decisions(Scope::Tenant(&tenant.id), filter, PAGE).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.leaf_index);
            looked_at += rows.len();
            for row in rows.iter().filter(|row| row.decision.trigger == trigger) {
                read.since = Some(row.decision.at);
                read.decisions += 1;
                if let Some(fate) = end(row, at) {
                    opened += 1;
                    self.add_labeled(tenant, row, fate, &mut read).await?;
                }
            }
        }
        if read.unread > 0 {
            tracing::warn!(tenant.id = %tenant.id, unread = read.unread, "records could not be read for exploring thresholds");
        }
        Ok(read)
    }

    async fn add_labeled(
        &self,
        tenant: &Tenant,
        row: &DecisionRow,
        fate: Fate,
        read: &mut Read,
    ) -> Result<(), Error> {
        match self.open_record(tenant, row).await {
            Ok(record) => read.labeled.push((record.assessment.score, fate)),
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            // Why no end: one that is erased, of an older shape, or damaged, must not keep the others from being counted.
            Err(_) => read.unread += 1,
        }
        Ok(())
    }
}
