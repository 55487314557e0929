//! A user under review is marked at the tenant by a plan of the workflow `reviews`.

use countersign_core::DecisionId;
use countersign_plan::change::{Change, Evidence, Order, Origin, Person, Wanted};
use countersign_store::{DecisionRow, ReviewRow, ReviewWrite, Write};
use serde_json::json;

use super::{Mark, account::Account, is_open, queue::QUEUE};
use crate::{
    App, Error, Tenant,
    acts::{Asked, PlanRefusal},
};

/// To what the key of `app_metadata` is set.
const UNDER_REVIEW: &str = "under_review";

/// How often a review is read anew while somebody acts on it.
const TRIES: u32 = 3;

impl App {
    /// Proposes to mark the user, where that is configured and can be done. A review stands without it: what fails is told in the log, and
    /// the job tries again.
    pub(super) async fn mark_reviewed(&self, tenant: &Tenant, review: &ReviewRow, decision: &DecisionRow) {
        if let Err(error) = self.mark_now(tenant, &review.id, decision).await {
            tracing::warn!(tenant.id = %tenant.id, review = review.id, code = error.code(), "a user under review could not be marked yet");
        }
    }

    /// The same; whether the review is marked, or can't be.
    pub(super) async fn mark_now(
        &self,
        tenant: &Tenant,
        review: &str,
        decision: &DecisionRow,
    ) -> Result<bool, Error> {
        let Some(mark) = tenant.reviews().mark.as_ref().filter(|_| tenant.has_hands()) else {
            return Ok(false);
        };
        let user = match self.account_of(tenant, decision).await? {
            Account::Known(user) => user,
            Account::NotYet => return Ok(false),
            Account::Never => return self.never_marked(tenant, review).await,
        };
        let mut tries = TRIES;
        loop {
            let row = self.get_review(tenant, review).await?;
            if row.mark.is_some() || is_open(&row).is_err() {
                return Ok(true);
            }
            // Why the review's: a sign-up that two Actions ask about has two decisions, and the plan is found again by this one.
            let of: DecisionId = row.decision.parse().map_err(Error::internal)?;
            // Why: whoever put it there chose the user, and somebody else has to agree.
            let opener = self.answerable_by_id(&row.opener).await?;
            let order = order(tenant, (mark, &user), (of, opener))?;
            let asked = Asked { order, by: QUEUE, incident: None, asks_people: false, audience: None };
            tries -= 1;
            // Why in one commit: a verdict that comes meanwhile finds the mark, or there is none.
            let more = |plan: &str| vec![marked(&row, plan)];
            match self.propose_order_with(tenant, asked, more).await {
                Ok(_) => return Ok(true),
                Err(Error::Stale) if tries > 0 => {}
                Err(Error::Plan(PlanRefusal::Faults(_) | PlanRefusal::Gate(_))) => {
                    tracing::warn!(tenant.id = %tenant.id, review, "a user under review can't be marked");
                    return self.never_marked(tenant, review).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Keeps that a review needs no mark any more.
    async fn never_marked(&self, tenant: &Tenant, review: &str) -> Result<bool, Error> {
        let row = self.get_review(tenant, review).await?;
        match self.put_settled(tenant, row).await {
            Ok(_) | Err(Error::Stale) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// What notes the plan that marks the user.
fn marked(row: &ReviewRow, plan: &str) -> Write {
    let next =
        ReviewRow { version: row.version.saturating_add(1), mark: Some(plan.to_owned()), ..row.clone() };
    Write::Review(ReviewWrite::Put { expected_version: row.version, row: Box::new(next) })
}

fn order(
    tenant: &Tenant,
    (mark, user): (&Mark, &str),
    (decision, opener): (DecisionId, Option<Person>),
) -> Result<Order, Error> {
    let change = match mark {
        Mark::Role(role) => json!({ "change": "assign_roles", "user": user, "roles": [role] }),
        Mark::AppMetadata(key) => {
            json!({ "change": "set_app_metadata", "user": user, "keys": { key: UNDER_REVIEW } })
        }
    };
    let change: Change = serde_json::from_value(change).map_err(|_| Error::NotFound("account"))?;
    let wanted = Wanted {
        change,
        reason: "A person looks at a decision about this user.".to_owned(),
        evidence: vec![Evidence::Decision { id: decision }],
    };
    Ok(Order {
        tenant: tenant.id.clone(),
        title: "Mark a user as under review".to_owned(),
        origin: Origin::Workflow { workflow: QUEUE.to_owned(), person: opener },
        wanted: vec![wanted],
    })
}
