//! What an entry that belongs to a decision says of it.

use countersign_auth0::log::LogEvent;
use countersign_core::DecisionId;
use countersign_store::{JoinHow, JoinRow};

use super::{
    entry::{Seen, What},
    matching::Candidate,
};
use crate::{App, Error, Tenant, outcomes::Outcome};

/// Outcomes of a decision, the first of which comes first.
pub(super) type Outcomes = Vec<Outcome>;

impl App {
    /// What is to be recorded of a decision after an entry was joined to it; nothing where the entry is no label.
    pub(super) async fn outcomes_of(
        &self,
        tenant: &Tenant,
        seen: &Seen,
        (candidate, how): (&Candidate, JoinHow),
    ) -> Result<Outcomes, Error> {
        let decision_id = candidate.decision.clone();
        Ok(match &seen.what {
            // Why: a sign-in that we refused and that went through all the same went around us.
            What::Login { .. } if candidate.is_denied => Vec::new(),
            What::Login { shows_mfa } => {
                let passed = if *shows_mfa { self.factor_of(tenant, &decision_id).await? } else { None };
                let completed = Outcome::Completed { decision_id: decision_id.clone() };
                let passed = passed.map(|factor| Outcome::ChallengePassed { decision_id, factor });
                std::iter::once(completed).chain(passed).collect()
            }
            What::Passed { factor } => {
                // Why time alone is not enough: the person may have passed it in another sign-in than the one that is doubted.
                let is_its_own = how != JoinHow::Time || self.has_mfa(tenant, &decision_id).await?;
                let factor = factor.map(str::to_owned);
                is_its_own.then_some(Outcome::ChallengePassed { decision_id, factor }).into_iter().collect()
            }
            What::Failed => {
                let is_its_own = how != JoinHow::Time || candidate.is_censored;
                is_its_own.then_some(Outcome::ChallengeFailed { decision_id }).into_iter().collect()
            }
            // Why: our own denials are no labels, and who else refused, and why, says nothing of who it was.
            What::Refused
            | What::WrongPassword
            | What::PasswordLeaked
            | What::PasswordChanged
            | What::Enrolled { .. } => Vec::new(),
        })
    }

    /// The second factor that was passed in a decision's sign-in; the inner `None` where it is not told which, or several were.
    async fn factor_of(
        &self,
        tenant: &Tenant,
        decision: &DecisionId,
    ) -> Result<Option<Option<String>>, Error> {
        let mut passed = Vec::new();
        for seen in self.seen_of(tenant, decision).await? {
            if let What::Passed { factor } = seen.what {
                passed.push(factor.map(str::to_owned));
            }
        }
        Ok(match passed.as_slice() {
            [] => None,
            [factor] => Some(factor.clone()),
            _ => Some(None),
        })
    }

    /// Whether the sign-in that belongs to a decision shows that a second factor was passed in it.
    async fn has_mfa(&self, tenant: &Tenant, decision: &DecisionId) -> Result<bool, Error> {
        let seen = self.seen_of(tenant, decision).await?;
        Ok(seen.iter().any(|seen| seen.what == What::Login { shows_mfa: true }))
    }

    /// What entries say that belong to a decision.
    async fn seen_of(&self, tenant: &Tenant, decision: &DecisionId) -> Result<Vec<Seen>, Error> {
        let joins = self.ports.store.list_joins_of(&tenant.id, vec![decision.clone()]).await?;
        let mut all = Vec::with_capacity(joins.len());
        for JoinRow { log_id, .. } in joins {
            let Some(row) = self.ports.store.find_log_entry(&tenant.id, &log_id).await? else { continue };
            let Some(raw) = self.open_entry(tenant, &row).await? else { continue };
            all.extend(LogEvent::parse(&raw, Some(log_id.into())).ok().and_then(|log| Seen::of(&log)));
        }
        Ok(all)
    }
}
