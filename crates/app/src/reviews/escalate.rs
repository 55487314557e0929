//! What nobody looked at in time: it presses more from then on, and receivers are told.

use countersign_core::{IdKind, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_store::{
    Commit, DeskChange, PlanFilter, PlanRow, PlanWrite, ReviewFilter, ReviewRow, StoreError, Write,
};
use serde_json::json;

use super::{ReviewStatus, queue::review_draft};
use crate::{
    App, Error, Tenant,
    acts::MOST_PRIORITY,
    hooks::{Notice, Topic},
    leaves::Draft,
};

/// What is looked at in one turn.
const MOST: u32 = 500;

/// A plan whose rest is shorter is not told of again: it ends by itself.
const LEAST_REST: i64 = 10 * 60 * 1_000_000;

impl App {
    /// Raises what is overdue, and tells receivers; how much it was.
    ///
    /// # Errors
    /// `Unavailable`; the next turn takes it up.
    pub async fn escalate(&self, tenant: &Tenant) -> Result<usize, Error> {
        let now = self.ports.clock.now();
        let mut raised = 0;
        let status = Some(ReviewStatus::Open.as_str().to_owned());
        let filter = ReviewFilter { status, overdue_at: Some(now), ..ReviewFilter::default() };
        for row in self.ports.store.list_reviews(&tenant.id, filter, MOST).await? {
            // Why not again: whatever presses most was told of already.
            if row.priority < MOST_PRIORITY || row.escalated.is_none() {
                raised += usize::from(self.escalate_review(tenant, row, now).await?);
            }
        }
        let states = vec!["proposed".to_owned()];
        let filter = PlanFilter { states, overdue_at: Some(now), ..PlanFilter::default() };
        for row in self.ports.store.list_plans(&tenant.id, filter, MOST).await? {
            if row.expires > now && row.due < row.expires {
                raised += usize::from(self.escalate_plan(tenant, &row, now).await?);
            }
        }
        Ok(raised)
    }

    async fn escalate_review(&self, tenant: &Tenant, row: ReviewRow, now: Timestamp) -> Result<bool, Error> {
        let record = self.make_id(IdKind::Record)?;
        let priority = row.priority.saturating_add(1).min(MOST_PRIORITY);
        let draft = review_draft((&record, now), "review_overdue", &row).fact("priority", &priority);
        let leaf = Self::public_leaf(tenant, draft)?;
        let told = Told { subject: "review", id: &row.id, audience: &row.audience, due: row.due };
        let writes = self.tell_overdue(tenant, told, now).await?;
        let expected = row.version;
        let raised = ReviewRow {
            version: expected.saturating_add(1),
            priority,
            escalated: Some(now),
            due: now.plus(tenant.reviews().waits(priority)),
            ..row
        };
        match self.put_review(tenant, (expected, raised), (vec![leaf], writes)).await {
            Ok(()) => Ok(true),
            // Somebody acted at the same time.
            Err(Error::Stale) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn escalate_plan(&self, tenant: &Tenant, row: &PlanRow, now: Timestamp) -> Result<bool, Error> {
        let record = self.make_id(IdKind::Record)?;
        let priority = row.priority.saturating_add(1).min(MOST_PRIORITY);
        let rest = row.expires.since(now);
        let due = if rest < LEAST_REST { row.expires } else { now.plus(rest / 2) };
        let draft = Draft::new(&record, now, Kind::Plan)
            .fact("change", &"overdue")
            .fact("plan", &row.id)
            .fact("priority", &priority);
        let told = Told { subject: "plan", id: &row.id, audience: &row.audience, due: row.due };
        let mut writes = self.tell_overdue(tenant, told, now).await?;
        let change = DeskChange { priority: Some(priority), due: Some(due), ..DeskChange::default() };
        writes.push(Write::Plan(PlanWrite::Desk { plan: row.id.clone(), change }));
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes,
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(true),
            Err(StoreError::Stale) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// What tells each receiver that hears of reviews; it names nobody.
    async fn tell_overdue(
        &self,
        tenant: &Tenant,
        told: Told<'_>,
        at: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        if tenant.hooks.is_empty() {
            return Ok(Vec::new());
        }
        let Told { subject, id, audience, due } = told;
        let key = self.get_key(tenant, &tenant.keys.log_day(at.days()), None).await?;
        let path = format!("/{subject}s/{id}?tenant={}", tenant.id);
        let data =
            json!({ "review_id": id, "subject": subject, "audience": audience, "due": due, "path": path });
        let notice = Notice {
            kind: "review.escalated",
            // Why of its own: what is changed in its place is told to nobody.
            about: format!("{id} overdue"),
            event: format!("review.escalated {}", at.micros()),
            topic: Some((Topic::Reviews, audience.to_owned())),
            data,
        };
        self.notices(tenant, notice, (&key, at))
    }
}

/// What receivers are told of.
struct Told<'a> {
    /// `review` or `plan`.
    subject: &'static str,
    id: &'a str,
    audience: &'a str,
    /// When somebody should have looked.
    due: Timestamp,
}
