//! What is left to be done about marks: set late, and cleared after the verdict, by the same workflow and its settings.

use countersign_core::DecisionId;
use countersign_plan::review::Status;
use countersign_store::{DecisionRow, ReviewFilter, ReviewRow, ReviewWrite, Scope, Write};

use super::{ReviewBody, is_open, queue::QUEUE};
use crate::{
    App, Error, Tenant,
    acts::{OwnPlan, PlanRefusal},
};

/// Reviews that are read at once, and how many pages of them in one turn.
const PAGE: u32 = 100;
const PAGES: usize = 20;

/// What is left to be done about the mark of a review that is closed.
enum Left {
    Nothing,
    /// A run is under way, or a person has to settle it first.
    Waits,
    /// This plan's run is to be taken back; whether it is over, or may still go on.
    TakeBack(String, bool),
}

impl App {
    /// Marks whom nobody could mark before, and clears marks of reviews that are closed; how many reviews came on.
    ///
    /// # Errors
    /// `Plan` where the tenant can't be read; `Unavailable`. The next turn takes them up.
    pub async fn settle_marks(&self, tenant: &Tenant) -> Result<usize, Error> {
        if !tenant.has_hands() {
            return Ok(0);
        }
        let mut filter = ReviewFilter { is_unsettled: true, ..ReviewFilter::default() };
        let (mut done, mut failed) = (0, None);
        for _ in 0..PAGES {
            let rows = self.ports.store.list_reviews(&tenant.id, filter.clone(), PAGE).await?;
            let Some(last) = rows.last() else { break };
            filter.before = Some(last.id.clone());
            for row in rows {
                let came_on = match is_open(&row).is_ok() {
                    true => self.mark_late(tenant, &row).await,
                    false => self.settle_mark(tenant, row).await.map(|row| row.is_settled),
                };
                match came_on {
                    Ok(came_on) => done += usize::from(came_on),
                    // Why on: who was erased, what can't be read, or what somebody acts on now, holds up no other.
                    Err(
                        Error::Stale
                        | Error::Erased
                        | Error::NotKept
                        | Error::NotFound(_)
                        | Error::Internal { .. },
                    ) => {}
                    // Why on: the tenant answers nothing that can be used, and maybe to this one alone.
                    Err(error @ Error::Plan(_)) => failed = failed.or(Some(error)),
                    Err(error) => return Err(error),
                }
            }
        }
        failed.map_or(Ok(done), Err)
    }

    async fn mark_late(&self, tenant: &Tenant, row: &ReviewRow) -> Result<bool, Error> {
        if row.mark.is_some() || tenant.reviews().mark.is_none() {
            return Ok(false);
        }
        let Some(decision) = self.decision_of(tenant, row).await? else { return Ok(false) };
        self.mark_now(tenant, &row.id, &decision).await
    }

    async fn decision_of(&self, tenant: &Tenant, row: &ReviewRow) -> Result<Option<DecisionRow>, Error> {
        let id: DecisionId = row.decision.parse().map_err(Error::internal)?;
        Ok(self.ports.store.find_decision(Scope::Tenant(&tenant.id), &id).await?)
    }

    /// What the verdict means for the mark, as far as it can be done now. Why no error: the verdict stands, and the job tries again.
    pub(super) async fn clear_mark(&self, tenant: &Tenant, review: ReviewRow) -> ReviewRow {
        if !tenant.has_hands() || review.is_settled {
            return review;
        }
        match self.settle_mark(tenant, review.clone()).await {
            Ok(settled) => settled,
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.id, review = review.id, code = error.code(), "a mark is cleared later");
                review
            }
        }
    }

    /// Goes on with the mark of a review that is closed: a plan that waits is withdrawn, what was done is taken back, and what is under way
    /// is waited for.
    async fn settle_mark(&self, tenant: &Tenant, review: ReviewRow) -> Result<ReviewRow, Error> {
        let Some(mark) = review.mark.clone() else { return self.put_settled(tenant, review).await };
        let decision: DecisionId = review.decision.parse().map_err(Error::internal)?;
        let plans = self.plans_of_workflow(tenant, (QUEUE, &decision), &mark).await?;
        match self.left_of(tenant, plans).await? {
            Left::Nothing => self.put_settled(tenant, review).await,
            Left::Waits => Ok(review),
            Left::TakeBack(plan, is_over) => self.take_mark_back(tenant, review, (&plan, is_over)).await,
        }
    }

    async fn left_of(&self, tenant: &Tenant, plans: Vec<OwnPlan>) -> Result<Left, Error> {
        let mut left = Left::Nothing;
        for plan in plans.into_iter().filter(|plan| !plan.is_undo) {
            match plan.status {
                Status::Proposed | Status::Approved => {
                    let is_withdrawn = self.recall_plan(tenant, &plan.id, QUEUE).await?;
                    left = if is_withdrawn { left } else { Left::Waits };
                }
                Status::Running => left = Left::Waits,
                // Why the newest alone: an older one that another took the place of did not come to its end.
                Status::Done | Status::Halted | Status::Failed if matches!(left, Left::Nothing) => {
                    left = Left::TakeBack(plan.id, !(plan.status == Status::Halted && plan.may_go_on));
                }
                _ => {}
            }
        }
        Ok(left)
    }

    async fn take_mark_back(
        &self,
        tenant: &Tenant,
        review: ReviewRow,
        (plan, is_over): (&str, bool),
    ) -> Result<ReviewRow, Error> {
        let cleared = |clearing: &str| ReviewRow {
            version: review.version.saturating_add(1),
            clearing: Some(clearing.to_owned()),
            is_settled: true,
            ..review.clone()
        };
        // Why in one commit: it is taken back once, also where the process ends in between or another one tries as well.
        let more = |clearing: &str| {
            let row = Box::new(cleared(clearing));
            vec![Write::Review(ReviewWrite::Put { expected_version: review.version, row })]
        };
        let body: ReviewBody = self.open_sealed(tenant, &review.id, (&review.key_id, &review.sealed)).await?;
        // Why: whoever gave the verdict chose what is taken back, and somebody else has to agree.
        let judge = body.closing.and_then(|closing| closing.person);
        match self.take_back(tenant, (plan, QUEUE), judge, more).await {
            Ok(Some(head)) => Ok(cleared(&head.id)),
            Ok(None) if is_over => self.put_settled(tenant, review).await,
            // Why waited for: a run that halted before it marked anybody may be let go on.
            Ok(None) => Ok(review),
            // Why waited for: a person has to say first whether a step was done.
            Err(Error::Plan(PlanRefusal::Faults(_))) => Ok(review),
            Err(Error::Plan(refusal @ PlanRefusal::Gate(_))) => {
                tracing::error!(tenant.id = %tenant.id, review = review.id, code = refusal.code(), "no plan takes a mark back: look at it");
                self.put_settled(tenant, review).await
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps that nothing is left to be done about a review's mark.
    pub(super) async fn put_settled(&self, tenant: &Tenant, review: ReviewRow) -> Result<ReviewRow, Error> {
        let expected = review.version;
        let row = ReviewRow { version: expected.saturating_add(1), is_settled: true, ..review };
        self.put_review(tenant, (expected, row.clone()), (Vec::new(), Vec::new())).await?;
        Ok(row)
    }
}
