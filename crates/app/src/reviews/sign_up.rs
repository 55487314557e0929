//! One sign-up, one review: what is decided before an account is made, and what is decided about the account that came of it.

use countersign_core::{DecisionId, Trigger};
use countersign_store::{DecisionRow, ReviewFilter, ReviewRow, Scope};
use serde_json::Value;

use super::ReviewStatus;
use crate::{App, Error, Tenant, decide::MADE_WITHIN};

impl App {
    /// The open review of the sign-up by which an account came to be, if the decision is about such an account and somebody asked
    /// before it was made.
    pub(super) async fn review_of_sign_up(
        &self,
        tenant: &Tenant,
        account: &DecisionRow,
    ) -> Result<Option<ReviewRow>, Error> {
        if account.decision.trigger != Trigger::PostUserRegistration {
            return Ok(None);
        }
        let record = self.open_record(tenant, account).await?;
        // Why no error: what is malformed was decided about all the same, and one event may not hold up all reviews.
        let event: Value = serde_json::from_str(record.event.get()).unwrap_or_default();
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let (Some(email), Some(connection)) = (text("/user/email"), text("/connection/id")) else {
            return Ok(None);
        };
        let store = &self.ports.store;
        let asked = store.find_sign_up(&tenant.id, &tenant.keys.address(email), connection).await?;
        let Some(asked) = asked else { return Ok(None) };
        let filter = ReviewFilter {
            status: Some(ReviewStatus::Open.as_str().to_owned()),
            decision: Some(asked.decision.to_string()),
            ..ReviewFilter::default()
        };
        Ok(store.list_reviews(&tenant.id, filter, 1).await?.pop())
    }

    /// The decisions about accounts that came of a sign-up, at the same connection; none for a decision about anything else.
    pub(super) async fn accounts_made(
        &self,
        tenant: &Tenant,
        sign_up: &DecisionRow,
    ) -> Result<Vec<DecisionId>, Error> {
        let Some(address) = sign_up.subject.as_ref() else { return Ok(Vec::new()) };
        if sign_up.decision.trigger != Trigger::PreUserRegistration {
            return Ok(Vec::new());
        }
        let (store, mut made) = (&self.ports.store, Vec::new());
        let asked_at = self.connection_of(tenant, sign_up).await?;
        for holder in store.list_address_holders(&tenant.id, address).await? {
            let account = store.find_sign_up(&tenant.id, &holder.subject, "").await?;
            // Why held to the time: an older account of that address did not come of it.
            let is_of = |at| (0..MADE_WITHIN).contains(&at);
            let Some(row) = account.filter(|row| is_of(row.at.since(sign_up.decision.at))) else { continue };
            let decision = store.find_decision(Scope::Tenant(&tenant.id), &row.decision).await?;
            let Some(decision) = decision else { continue };
            let made_at = self.connection_of(tenant, &decision).await?;
            // Why: whoever has the address may have made another account at the same time, elsewhere. What is not told is no other.
            if asked_at.as_ref().zip(made_at.as_ref()).is_none_or(|(asked, made)| asked == made) {
                made.push(row.decision);
            }
        }
        Ok(made)
    }

    /// The connection that a decision is about, by its id; `None` where its event does not tell, or can't be read any more.
    async fn connection_of(&self, tenant: &Tenant, row: &DecisionRow) -> Result<Option<String>, Error> {
        let record = match self.open_record(tenant, row).await {
            Ok(record) => record,
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            // Why no error: a verdict is taken of what can't be read, too.
            Err(_) => return Ok(None),
        };
        // Why no error: as above.
        let event: Value = serde_json::from_str(record.event.get()).unwrap_or_default();
        Ok(event.pointer("/connection/id").and_then(Value::as_str).map(str::to_owned))
    }
}
