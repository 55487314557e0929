//! Plans that ended and that nothing needs any more are forgotten; their leaves stay.

use countersign_core::{IdKind, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_plan::review::Status;
use countersign_store::{Commit, OldPlan, PlanWrite, Write};

use crate::{App, Error, Lead, Tenant, leaves::Draft};

/// The most plans that are forgotten in one transaction, and the most steps of them, but for those of one plan: so many rows take some
/// 10 ms, in which sign-ins wait.
const PLANS: u32 = 32;
const STEPS: u64 = 2_000;

impl App {
    /// Forgets a batch of plans that ended before `oldest_kept`, with what was said and written about them and how far their steps came, and
    /// once there are none left, of closed reviews; how many. What an undo or a verdict still needs stays: a plan that an open one takes back, that marks a user whose mark is not cleared, or
    /// that is about an incident which is not closed.
    pub(crate) async fn forget_plans(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        (oldest_kept, days): (Timestamp, u32),
    ) -> Result<u64, Error> {
        // Why what halted goes too: nobody let it go on in all that time.
        let open = Status::ALL.iter().filter(|status| !status.is_final() && **status != Status::Halted);
        let open = open.map(|status| status.as_str().to_owned()).collect();
        let found = self.ports.store.list_old_plans(&tenant.id, (oldest_kept, open), PLANS).await?;
        let dropped = a_turn(found);
        let count = u64::try_from(dropped.len()).unwrap_or(u64::MAX);
        if count == 0 {
            return self.forget_reviews(tenant, lead, (oldest_kept, days)).await;
        }
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
            .fact("change", &"retention")
            .fact("records", &"plans")
            .fact("days", &days)
            .fact("count", &count);
        let commit = Commit {
            fence: lead.fence(),
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: dropped.into_iter().map(|plan| Write::Plan(PlanWrite::Drop(plan.id))).collect(),
            ..Commit::background(tenant.id.clone())
        };
        Ok(if self.is_committed(commit).await? { count } else { 0 })
    }
}

/// As many of these as one transaction takes, and one at the least.
fn a_turn(found: Vec<OldPlan>) -> Vec<OldPlan> {
    let (mut taken, mut steps) = (Vec::new(), 0_u64);
    for plan in found {
        steps = steps.saturating_add(plan.steps);
        if steps > STEPS && !taken.is_empty() {
            break;
        }
        taken.push(plan);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_takes_few_steps_and_one_plan_at_the_least() {
        let plan = |steps| OldPlan { id: "pln_1".to_owned(), steps };
        assert_eq!(a_turn(vec![plan(5_000), plan(1)]).len(), 1);
        assert_eq!(a_turn(vec![plan(1_000), plan(1_000), plan(1)]).len(), 2);
        assert_eq!(a_turn(vec![]).len(), 0);
    }
}
