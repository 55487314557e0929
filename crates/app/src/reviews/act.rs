//! What people do with a review: other hands, comments, and the verdict that ends it.

use countersign_core::{DecisionId, IdKind};
use countersign_store::{Commit, NewLeaf, ReviewRow, ReviewWrite, StoreError, Write};

use super::{Closing, ReviewBody, ReviewHead, ReviewStatus, is_open, queue::review_draft};
use crate::{
    App, Error, Tenant,
    access::{Permit, ScopedPermit},
    acts::Handing,
    outcomes::{Outcome, PersonVerdict, Taken},
    writes::told,
};

use super::queue::MAX_REASON_BYTES;

/// What somebody says that a decision was.
#[derive(Debug, Clone)]
pub struct VerdictGiven<'a> {
    /// What.
    pub verdict: PersonVerdict,
    /// Why.
    pub reason: &'a str,
    /// Who, where the caller speaks for several people.
    pub actor: Option<&'a str>,
    /// The review's version that was looked at.
    pub version: u64,
}

const fn word(verdict: PersonVerdict) -> &'static str {
    match verdict {
        PersonVerdict::Legitimate => "legitimate",
        PersonVerdict::Fraudulent => "fraudulent",
    }
}

impl App {
    pub(super) async fn get_review(&self, tenant: &Tenant, id: &str) -> Result<ReviewRow, Error> {
        self.ports.store.find_review(&tenant.id, id).await?.ok_or(Error::NotFound("review"))
    }

    /// Gives a review into other hands.
    ///
    /// # Errors
    /// `Stale` where it changed since; `ReviewClosed`; `Text`, `Audience` or `Priority` for what can't be; `NotFound`, `Unavailable`.
    pub async fn hand_review(
        &self,
        permit: &Permit,
        id: &str,
        (version, handing): (u64, Handing),
    ) -> Result<ReviewHead, Error> {
        let mut change = handing.checked()?;
        let row = self.get_review(permit, id).await?;
        is_open(&row)?;
        if let Some(priority) = change.priority.filter(|priority| *priority != row.priority) {
            change.due = Some(row.opened.plus(permit.reviews().waits(priority)));
        }
        let record = self.make_id(IdKind::Record)?;
        let at = self.ports.clock.now();
        let draft =
            review_draft((&record, at), "review_handed", &row).fact("principal", &permit.caller().id());
        let leaf = Self::public_leaf(permit, crate::acts::hand_facts(draft, &change))?;
        let row = ReviewRow { version: version.saturating_add(1), ..row.in_hands(change) };
        self.put_review(permit, (version, row.clone()), (vec![leaf], Vec::new())).await?;
        Ok(ReviewHead::from(row))
    }

    /// Writes something about a review; the id of the leaf that says so.
    ///
    /// # Errors
    /// `Text` for one that is empty or too long; `TooMany`, `NotFound`, `Erased`, `Unavailable`.
    pub async fn remark_review(
        &self,
        permit: &Permit,
        id: &str,
        (by, text): (&str, &str),
    ) -> Result<String, Error> {
        let row = self.get_review(permit, id).await?;
        let key = self.key_named(permit, &row.key_id).await?.ok_or(Error::Erased)?;
        self.remark(permit, (&row.id, &key), (by, text)).await
    }

    /// Says what the decision was: an outcome of it, which the person's profile learns from, and the end of the review. What marked the
    /// user is taken back by a plan.
    ///
    /// # Errors
    /// `Stale` where it changed since; `ReviewClosed`; `Text` for a reason that is none; `NotFound`, also for a decision of another
    /// organization; `Erased`, `Unavailable`.
    pub async fn close_review(
        &self,
        scoped: &ScopedPermit,
        id: &str,
        given: VerdictGiven<'_>,
    ) -> Result<(ReviewHead, Taken), Error> {
        let VerdictGiven { verdict, reason, actor, version } = given;
        if reason.trim().is_empty() || reason.len() > MAX_REASON_BYTES {
            return Err(Error::Text("reason", MAX_REASON_BYTES));
        }
        let permit = scoped.unscoped();
        let by = permit.actor(actor)?;
        let row = self.get_review(permit, id).await?;
        let decision: DecisionId = row.decision.parse().map_err(Error::internal)?;
        // Why: whoever administers one organization is held to its decisions.
        let about = self.find_decision(scoped, &decision).await.map_err(|error| match error {
            Error::NotFound(_) => Error::NotFound("review"),
            other => other,
        })?;
        is_open(&row)?;
        if row.version != version {
            return Err(Error::Stale);
        }
        let mut body: ReviewBody = self.open_sealed(permit, &row.id, (&row.key_id, &row.sealed)).await?;
        let key = self.key_named(permit, &row.key_id).await?.ok_or(Error::Erased)?;
        // Why first: told again it counts once, while a review that is closed is not looked at again.
        let taken = self.report_within(scoped, &Outcome::Verdict { decision_id: decision, verdict }).await?;
        // Why those too: a sign-up is held by its address, and what came of it by the account, whose risk learns of it.
        for decision_id in self.accounts_made(permit, &about).await? {
            self.report_within(scoped, &Outcome::Verdict { decision_id, verdict }).await?;
        }
        let person = self.answerable(permit.caller()).await?;
        body.closing = Some(Closing { by: told(&by), reason: reason.to_owned(), person });
        let (record, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        let leaf = Self::public_leaf(
            permit,
            review_draft((&record, at), "review_closed", &row)
                .fact("decision", &row.decision)
                .fact("verdict", &word(verdict))
                .fact("principal", &permit.caller().id()),
        )?;
        let closed = ReviewRow {
            version: version.saturating_add(1),
            status: ReviewStatus::Closed.as_str().to_owned(),
            verdict: Some(word(verdict).to_owned()),
            closed: Some(at),
            sealed: self.seal(permit, &key, &row.id, &body)?,
            is_settled: row.mark.is_none(),
            ..row
        };
        self.put_review(permit, (version, closed.clone()), (vec![leaf], Vec::new())).await?;
        let closed = self.clear_mark(permit, closed).await;
        Ok((ReviewHead::from(closed), taken))
    }

    /// Keeps what a review became, of the version that was read.
    pub(super) async fn put_review(
        &self,
        tenant: &Tenant,
        (expected_version, row): (u64, ReviewRow),
        (leaves, mut writes): (Vec<NewLeaf>, Vec<Write>),
    ) -> Result<(), Error> {
        writes.push(Write::Review(ReviewWrite::Put { expected_version, row: Box::new(row) }));
        let commit = Commit { leaves, writes, ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale) => Err(Error::Stale),
            Err(error) => Err(error.into()),
        }
    }
}
