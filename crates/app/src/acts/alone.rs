//! Whether a run is still its proposer's own to take back: without anybody else only what nothing came after.

use countersign_core::{Micros, Timestamp};
use countersign_plan::{
    change::{ChangePlan, Origin},
    gate::is_about_the_same,
};
use countersign_store::{PlanFilter, PlanRow};

use super::kept::KeptPlan;
use crate::{App, Error, Tenant};

/// Plans that are read at once, and how many pages of them; beyond, somebody else is asked.
const PAGE: u32 = 50;
const PAGES: usize = 20;

/// For how long before its last change a plan may have been proposed: the longest time to wait for people, and to resume a run.
const LONGEST: Micros = 62 * 24 * 60 * 60 * 1_000_000;

impl App {
    /// Whether nothing came after a run that its proposer wants to take back by `back`: it was not taken back before, and no other run that
    /// was under way since is about the same users, organizations or other things.
    pub(super) async fn is_last_word(
        &self,
        tenant: &Tenant,
        (run, plan): (&PlanRow, &ChangePlan),
        back: &ChangePlan,
    ) -> Result<bool, Error> {
        let Some(begun) = run.begun else { return Ok(false) };
        let undos = PlanFilter { undoes: Some(run.id.clone()), ..PlanFilter::default() };
        let undos = self.ports.store.list_plans(&tenant.id, undos, PAGE).await?;
        let are_all = u32::try_from(undos.len()).is_ok_and(|count| count < PAGE);
        if !are_all || undos.iter().any(|undo| undo.begun.is_some()) {
            return Ok(false);
        }
        let mut filter = PlanFilter::default();
        for _ in 0..PAGES {
            let page = self.ports.store.list_plans(&tenant.id, filter.clone(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(true) };
            filter.before = Some(last.id.clone());
            let is_past = last.proposed < begun.plus(-LONGEST);
            for row in page.iter().filter(|row| row.id != run.id && was_under_way(row, begun)) {
                match self.open_plan_body(tenant, (&row.id, &row.key_id), &row.sealed).await {
                    Ok(body) if is_about_the_same(&[plan, back], &body.plan) => return Ok(false),
                    Ok(_) => {}
                    // Why: nobody knows any more what it was about.
                    Err(Error::Erased) => return Ok(false),
                    Err(error) => return Err(error),
                }
            }
            if is_past {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A plan as it is to be judged now: what takes back one's own run is one's own no more once something came after it.
    pub(super) async fn as_of_now(&self, tenant: &Tenant, kept: &KeptPlan) -> Result<ChangePlan, Error> {
        let mut plan = kept.plan().clone();
        if let Origin::Undo { is_own, .. } = &mut plan.origin
            && *is_own
        {
            *is_own = match &kept.row.undoes {
                Some(run) => self.is_own_still(tenant, run, kept.plan()).await?,
                None => false,
            };
        }
        Ok(plan)
    }

    async fn is_own_still(&self, tenant: &Tenant, run: &str, back: &ChangePlan) -> Result<bool, Error> {
        let Some(row) = self.ports.store.find_plan(&tenant.id, run).await? else { return Ok(false) };
        match self.open_plan_body(tenant, (&row.id, &row.key_id), &row.sealed).await {
            Ok(body) => self.is_last_word(tenant, (&row, &body.plan), back).await,
            Err(Error::Erased) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether a plan's run was under way at a time or since; one that is not over may still do something.
fn was_under_way(row: &PlanRow, since: Timestamp) -> bool {
    row.begun.is_some() && row.changed >= since
}
