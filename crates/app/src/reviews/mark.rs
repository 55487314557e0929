//! A user under review is marked at the tenant by a plan, and the mark is taken back by another.

use countersign_plan::change::{Change, Evidence, Order, Origin, Wanted};
use countersign_store::{DecisionRow, ReviewRow};
use serde::Deserialize;
use serde_json::json;

use super::{Mark, queue::QUEUE};
use crate::{App, Error, Tenant, access::Permit, acts::Asked};

/// To what the key of `app_metadata` is set.
const UNDER_REVIEW: &str = "under_review";

/// How often a review is read anew while somebody acts on it.
const TRIES: u32 = 3;

/// What is read of an event.
#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    user_id: Option<String>,
}

/// Which of the two plans of a review one is.
#[derive(Clone, Copy)]
enum Which {
    Mark,
    Clearing,
}

impl App {
    /// Proposes to mark the user, where that is configured and can be done. A review stands without it: what fails is told in the log.
    pub(super) async fn mark_reviewed(&self, tenant: &Tenant, review: &ReviewRow, decision: &DecisionRow) {
        let Some(mark) = tenant.reviews().mark.as_ref().filter(|_| tenant.has_hands()) else { return };
        let marked = async {
            let Some(user) = self.user_of(tenant, decision).await? else { return Ok(()) };
            let order = order(tenant, (mark, &user), decision)?;
            let asked = Asked { order, by: QUEUE, incident: None, asks_people: false, audience: None };
            let head = self.propose_order(tenant, asked).await?;
            self.note_plan(tenant, &review.id, (Which::Mark, &head.id)).await.map(drop)
        };
        if let Err(error) = marked.await {
            tracing::warn!(tenant.id = %tenant.id, review = review.id, code = error.code(), "a user under review could not be marked");
        }
    }

    /// Proposes to take the mark back that was set: that belongs to the verdict, and nothing else can be taken back by it.
    pub(super) async fn clear_mark(&self, permit: &Permit, review: ReviewRow) -> ReviewRow {
        let Some(mark) = review.mark.clone().filter(|_| permit.has_hands()) else { return review };
        let cleared = async {
            let head = self.take_back_own(permit, &mark, QUEUE).await?;
            self.note_plan(permit, &review.id, (Which::Clearing, &head.id)).await
        };
        match cleared.await {
            Ok(cleared) => cleared,
            Err(error) => {
                // Why no error: a mark that was never set, or whose plan still waits, is nothing to take back.
                tracing::warn!(tenant.id = %permit.id, review = review.id, code = error.code(), "no plan takes a mark back");
                review
            }
        }
    }

    /// Whose sign-in or sign-up it was; `None` where there was no account yet.
    async fn user_of(&self, tenant: &Tenant, decision: &DecisionRow) -> Result<Option<String>, Error> {
        let record = self.open_record(tenant, decision).await?;
        let event: Event = serde_json::from_str(record.event.get())
            .map_err(|_| Error::internal("an event of a record can't be read"))?;
        Ok(event.user.and_then(|user| user.user_id))
    }

    async fn note_plan(
        &self,
        tenant: &Tenant,
        review: &str,
        (which, plan): (Which, &str),
    ) -> Result<ReviewRow, Error> {
        let mut tries = TRIES;
        loop {
            let mut row = self.get_review(tenant, review).await?;
            let place = match which {
                Which::Mark => &mut row.mark,
                Which::Clearing => &mut row.clearing,
            };
            *place = Some(plan.to_owned());
            let expected = row.version;
            row.version = expected.saturating_add(1);
            tries -= 1;
            match self.put_review(tenant, (expected, row.clone()), (Vec::new(), Vec::new())).await {
                Err(Error::Stale) if tries > 0 => {}
                other => return other.map(|()| row),
            }
        }
    }
}

fn order(tenant: &Tenant, (mark, user): (&Mark, &str), decision: &DecisionRow) -> Result<Order, Error> {
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
        evidence: vec![Evidence::Decision { id: decision.decision.id.clone() }],
    };
    Ok(Order {
        tenant: tenant.id.clone(),
        title: "Mark a user as under review".to_owned(),
        origin: Origin::Workflow { workflow: QUEUE.to_owned(), person: None },
        wanted: vec![wanted],
    })
}
