//! What is put into the queue: a decision that somebody names, and sign-ups of high risk.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::{DecisionId, IdKind, Level, Timestamp, Trigger};
use countersign_ledger::leaf::Kind;
use countersign_store::{
    Commit, DecisionFilter, DecisionRow, ReviewRow, ReviewWrite, Scope, Standing, StoreError, Write,
};

use super::{ReviewBody, ReviewHead, ReviewStatus};
use crate::{
    App, Error, Tenant,
    access::Permit,
    acts::{Handing, MOST_PRIORITY},
    leaves::Draft,
    writes::told,
};

/// The longest reason, in bytes.
pub(super) const MAX_REASON_BYTES: usize = 1_000;

/// Decisions on one page of a scan, and so many pages when a process begins.
const PAGE: u32 = 500;
const PAGES: usize = 20;

/// How far back a process looks when it begins: what came while none ran.
const DAY: i64 = 24 * 3_600 * 1_000_000;

/// The name of the service's own part in records.
pub(super) const QUEUE: &str = "reviews";

/// What is put into the queue.
struct New<'a> {
    decision: &'a DecisionRow,
    origin: &'static str,
    opener: &'a str,
    audience: String,
    priority: u8,
    because: Option<String>,
}

impl App {
    /// Puts a decision into the queue.
    ///
    /// # Errors
    /// `NotFound` for no such decision; `ReviewExists` where it is there already; `Text`, `Audience` or `Priority` for what can't be;
    /// `Erased`, `Unavailable`.
    pub async fn open_review(
        &self,
        permit: &Permit,
        decision: &DecisionId,
        (handing, reason): (Handing, &str),
    ) -> Result<ReviewHead, Error> {
        if reason.trim().is_empty() || reason.len() > MAX_REASON_BYTES {
            return Err(Error::Text("reason", MAX_REASON_BYTES));
        }
        let change = handing.checked()?;
        let row = self.find_decision(permit, decision).await?;
        let settings = permit.reviews();
        let new = New {
            decision: &row,
            origin: "person",
            opener: permit.caller().id(),
            audience: change.audience.clone().unwrap_or_else(|| settings.audience.clone()),
            priority: change.priority.unwrap_or_else(|| priority(row.decision.level)),
            because: Some(reason.to_owned()),
        };
        let review = self.new_review(permit, new).await?;
        let review = ReviewRow { assignee: change.assignee.flatten(), ..review };
        if !self.add_review(permit, review.clone()).await? {
            return Err(Error::ReviewExists);
        }
        self.mark_reviewed(permit, &review, &row).await;
        let marked = self.ports.store.find_review(&permit.id, &review.id).await?;
        Ok(ReviewHead::from(marked.unwrap_or(review)))
    }

    /// Puts the sign-ups of high risk into the queue that came since the last turn; how many.
    ///
    /// # Errors
    /// `Unavailable`; the next turn takes them up.
    pub async fn queue_sign_ups(&self, tenant: &Tenant) -> Result<usize, Error> {
        let Some(least) = tenant.reviews().sign_ups_from else { return Ok(0) };
        let levels: Vec<Level> = Level::ALL.iter().copied().filter(|level| *level >= least).collect();
        let mut queued = 0;
        let (rows, until) = self.decisions_anew(tenant, levels, &tenant.scanned).await?;
        for row in rows {
            let is_sign_up =
                matches!(row.decision.trigger, Trigger::PreUserRegistration | Trigger::PostUserRegistration);
            let is_judged = matches!(row.standing, Standing::Legitimate | Standing::Fraudulent);
            if is_sign_up && !is_judged {
                queued += usize::from(self.queue_sign_up(tenant, &row).await?);
            }
            tenant.scanned.fetch_max(row.leaf_index.saturating_add(1), Ordering::Relaxed);
        }
        tenant.scanned.fetch_max(until, Ordering::Relaxed);
        Ok(queued)
    }

    /// Decisions of these levels from the leaf on where this process stopped, as `scanned` counts them; of the last day when it begins. The
    /// oldest first, so that what is left after a failure is what is newest; and up to which leaf, exclusive, there is no other.
    pub(crate) async fn decisions_anew(
        &self,
        tenant: &Tenant,
        levels: Vec<Level>,
        scanned: &AtomicU64,
    ) -> Result<(Vec<DecisionRow>, u64), Error> {
        // Why before: what comes meanwhile is looked at in the next turn.
        let head = self.ports.store.get_ledger_head(&tenant.id).await?.frontier.size();
        let mut found = match scanned.load(Ordering::Relaxed) {
            // Why one more: leaves are counted from 0, and nothing was scanned yet.
            0 => self.recent(tenant, levels).await?,
            next => self.since(tenant, levels, next - 1).await?,
        };
        found.reverse();
        // Why: the next turn need not go through what is of no such level once more.
        let is_whole = u32::try_from(found.len()).is_ok_and(|count| count < PAGE);
        Ok((found, if is_whole { head } else { 0 }))
    }

    /// Decisions of these levels after a leaf, the newest first.
    async fn since(
        &self,
        tenant: &Tenant,
        levels: Vec<Level>,
        after: u64,
    ) -> Result<Vec<DecisionRow>, Error> {
        let filter = DecisionFilter { levels, after: Some(after), ..DecisionFilter::default() };
        let mut rows = self.ports.store.list_decisions(Scope::Tenant(&tenant.id), filter, PAGE).await?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.leaf_index));
        Ok(rows)
    }

    /// Decisions of these levels of the last day, the newest first.
    async fn recent(&self, tenant: &Tenant, levels: Vec<Level>) -> Result<Vec<DecisionRow>, Error> {
        let from = self.ports.clock.now().plus(-DAY);
        let mut all: Vec<DecisionRow> = Vec::new();
        for _ in 0..PAGES {
            let before = all.last().map(|row| row.leaf_index);
            let filter = DecisionFilter { levels: levels.clone(), before, ..DecisionFilter::default() };
            let page = self.ports.store.list_decisions(Scope::Tenant(&tenant.id), filter, PAGE).await?;
            let is_last = u32::try_from(page.len()).is_ok_and(|count| count < PAGE);
            let young = page.iter().filter(|row| row.decision.at >= from).count();
            let is_old = young < page.len();
            all.extend(page.into_iter().take(young));
            if is_last || is_old {
                break;
            }
        }
        Ok(all)
    }

    async fn queue_sign_up(&self, tenant: &Tenant, row: &DecisionRow) -> Result<bool, Error> {
        // Why not another: it is the same sign-up, and now there is an account that can be marked.
        match self.review_of_sign_up(tenant, row).await {
            Ok(Some(review)) => {
                if review.mark.is_none() {
                    self.mark_reviewed(tenant, &review, row).await;
                }
                return Ok(false);
            }
            Ok(None) => {}
            Err(Error::Erased) => return Ok(false),
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(tenant.id = %tenant.id, decision.id = %row.decision.id, code = error.code(), detail = error.detail(), "the sign-up of an account could not be looked up");
            }
        }
        let new = New {
            decision: row,
            origin: "risk",
            opener: QUEUE,
            audience: tenant.reviews().sign_up_audience.clone(),
            priority: priority(row.decision.level),
            because: None,
        };
        let review = match self.new_review(tenant, new).await {
            Ok(review) => review,
            // Why not told: who was erased is nobody to look at.
            Err(Error::Erased) => return Ok(false),
            Err(error) => return Err(error),
        };
        let is_new = self.add_review(tenant, review.clone()).await?;
        if is_new {
            self.mark_reviewed(tenant, &review, row).await;
        }
        Ok(is_new)
    }

    async fn new_review(&self, tenant: &Tenant, new: New<'_>) -> Result<ReviewRow, Error> {
        let New { decision, origin, opener, audience, priority, because } = new;
        let (now, id) = (self.ports.clock.now(), self.make_id(IdKind::Review)?);
        let key = match &decision.subject {
            Some(subject) => self.find_key(tenant, subject).await?.ok_or(Error::Erased)?,
            None => self.get_key(tenant, &tenant.keys.log_day(decision.decision.at.days()), None).await?,
        };
        let body = ReviewBody { because, closing: None };
        Ok(ReviewRow {
            version: 1,
            decision: decision.decision.id.to_string(),
            origin: origin.to_owned(),
            audience,
            priority,
            status: ReviewStatus::Open.as_str().to_owned(),
            verdict: None,
            opener: opener.to_owned(),
            assignee: None,
            opened: now,
            due: now.plus(tenant.reviews().waits(priority)),
            escalated: None,
            closed: None,
            mark: None,
            clearing: None,
            is_settled: false,
            key_id: key.id.clone(),
            sealed: self.seal(tenant, &key, &id, &body)?,
            id,
        })
    }

    /// Keeps a new review; false where there is one of its decision.
    async fn add_review(&self, tenant: &Tenant, row: ReviewRow) -> Result<bool, Error> {
        let record = self.make_id(IdKind::Record)?;
        let draft = review_draft((&record, row.opened), "review_opened", &row)
            .fact("decision", &row.decision)
            .fact("origin", &row.origin)
            .fact("principal", &told(&row.opener))
            .fact("audience", &row.audience)
            .fact("priority", &row.priority);
        let put = ReviewWrite::Put { expected_version: 0, row: Box::new(row) };
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::Review(put)],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(true),
            Err(StoreError::Stale) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// How much a decision of a level presses.
const fn priority(level: Level) -> u8 {
    match level {
        Level::Low => 0,
        Level::Medium => 1,
        Level::High => 2,
        Level::Critical => MOST_PRIORITY,
    }
}

/// A leaf about a review: ids and words.
pub(super) fn review_draft<'a>((id, at): (&'a str, Timestamp), change: &str, row: &ReviewRow) -> Draft<'a> {
    Draft::new(id, at, Kind::Administration).fact("change", &change).fact("review", &row.id)
}
