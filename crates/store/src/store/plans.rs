//! Reads of plans.

use countersign_core::{TenantId, Timestamp};

use super::{Backend, Store};
use crate::{DuePlans, OldPlan, PlanFilter, PlanReviewRow, PlanRow, PlanStepRow, PlansSpent, StoreError};

impl Store {
    /// A plan by its id.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_plan(&self, tenant: &TenantId, id: &str) -> Result<Option<PlanRow>, StoreError> {
        backend!(self.find_plan(tenant, id).await)
    }

    /// Plans, the greatest id first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_plans(
        &self,
        tenant: &TenantId,
        filter: PlanFilter,
        limit: u32,
    ) -> Result<Vec<PlanRow>, StoreError> {
        backend!(self.list_plans(tenant, filter, limit).await)
    }

    /// Ids of plans that are due, the least first; no plan is read for it.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_due_plans(
        &self,
        tenant: &TenantId,
        due: DuePlans,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        backend!(self.list_due_plans(tenant, due, limit).await)
    }

    /// Plans in none of the `open` states that changed last before a time, the oldest first: but for those that are about an incident or marked
    /// by a review which is not closed, or that an open plan takes back.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_old_plans(
        &self,
        tenant: &TenantId,
        (before, open): (Timestamp, Vec<String>),
        most: u32,
    ) -> Result<Vec<OldPlan>, StoreError> {
        backend!(self.list_old_plans(tenant, (before, open), most).await)
    }

    /// What was said about a plan, in its order.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_plan_reviews(
        &self,
        tenant: &TenantId,
        plan: &str,
        limit: u32,
    ) -> Result<Vec<PlanReviewRow>, StoreError> {
        backend!(self.list_plan_reviews(tenant, plan, limit).await)
    }

    /// How far the steps of a plan came, in the plan's order, from `from` on.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_plan_steps(
        &self,
        tenant: &TenantId,
        plan: &str,
        from: u64,
        limit: u32,
    ) -> Result<Vec<PlanStepRow>, StoreError> {
        backend!(self.list_plan_steps(tenant, plan, from, limit).await)
    }

    /// The step whose intent is this leaf.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_plan_step(
        &self,
        tenant: &TenantId,
        record: &str,
    ) -> Result<Option<PlanStepRow>, StoreError> {
        backend!(self.find_plan_step(tenant, record).await)
    }

    /// What the runs reach that were begun at `since` or later without that a person was asked.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn plans_spent(&self, tenant: &TenantId, since: Timestamp) -> Result<PlansSpent, StoreError> {
        backend!(self.plans_spent(tenant, since).await)
    }

    /// What the tenant's breaker knows, with its version; `None`: nothing yet.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_breaker(&self, tenant: &TenantId) -> Result<Option<(u64, String)>, StoreError> {
        backend!(self.find_breaker(tenant).await)
    }
}
