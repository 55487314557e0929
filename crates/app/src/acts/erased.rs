//! A plan of which what it says was erased while it waited or was carried out: it ends, once, and says so.

use countersign_core::IdKind;
use countersign_plan::{
    review::{Act, Status},
    run::{Halt, StepState, Why},
};
use countersign_store::{Fence, PlanRow, PlanWrite, Write};

use super::{
    beside::Beside,
    review::Next,
    run::EXECUTOR,
    told::{Actor, row_draft, word},
};
use crate::{App, Error, Tenant};

/// Steps that are read at once.
const PAGE: u32 = 1_000;

impl App {
    /// Fails a plan that can't be opened any more. What was done of it stands in its steps' rows, which name nobody. It counts for no
    /// breaker: nothing went wrong.
    pub(super) async fn fail_erased(
        &self,
        tenant: &Tenant,
        fence: &Fence,
        row: PlanRow,
    ) -> Result<(), Error> {
        let (id, now) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        let step = self.steps_through(tenant, &row).await?;
        let halt = Halt { step, why: Why::Erased };
        let failed = PlanRow {
            version: row.version.saturating_add(1),
            state: Status::Failed.as_str().to_owned(),
            halt: Some(serde_json::to_string(&halt).map_err(Error::internal)?),
            changed: now,
            waits: None,
            try_at: None,
            ..row
        };
        let draft = row_draft((&id, now), word(&Act::Fail), &failed)
            .fact("reason", &halt.why.code())
            .fact("step", &step);
        // Why the day's key: the plan's own is gone.
        let key = self.get_key(tenant, &tenant.keys.log_day(now.days()), None).await?;
        let by = Actor::Automation(EXECUTOR);
        let said = self.said(tenant, (&failed, now), (Act::Fail, EXECUTOR), (by, &key))?;
        let mut writes = self.tell_of_erased_plan(tenant, &failed, (&key, now))?;
        writes.push(Write::Plan(PlanWrite::Review(said)));
        let next = Next { leaf: Self::public_leaf(tenant, draft)?, row: failed, writes };
        tracing::warn!(tenant.id = %tenant.id, plan = next.row.id, "a plan failed, since what it says was erased");
        self.keep_next_with(tenant, (next, Beside::default()), Some(fence.clone())).await
    }

    /// How many of a plan's first steps came to an end.
    async fn steps_through(&self, tenant: &Tenant, row: &PlanRow) -> Result<usize, Error> {
        let mut through = 0_u64;
        loop {
            let page = self.ports.store.list_plan_steps(&tenant.id, &row.id, through, PAGE).await?;
            let is_last = u32::try_from(page.len()).is_ok_and(|length| length < PAGE);
            for step in page {
                let is_over = matches!(step.state.parse(), Ok(StepState::Done | StepState::Already));
                if step.step != through || !is_over {
                    return usize::try_from(through).map_err(Error::internal);
                }
                through += 1;
            }
            if is_last {
                return usize::try_from(through).map_err(Error::internal);
            }
        }
    }
}
