//! The decisions that an entry may belong to, and what their sealed events tell.

use countersign_core::{Channel, Mode, SubjectId, Timestamp, Verdict};
use countersign_store::{DecisionRow, Scope};
use serde::Deserialize;

use super::{
    matching::{Candidate, LONGEST, SKEW},
    work::Turn,
};
use crate::Error;

/// The most decisions of one person that an entry is held against, the newest: far more than people make in a quarter of an hour.
const MOST_CANDIDATES: u32 = 64;

/// What a decision's sealed event tells that joins it. A correlation id is none of it: a client chooses that.
#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    transaction: Option<Named>,
    #[serde(default)]
    session: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<String>,
}

impl Turn<'_> {
    /// The decisions that an entry about a person may belong to.
    pub(super) async fn candidates(
        &self,
        subject: &SubjectId,
        at: Timestamp,
    ) -> Result<Vec<Candidate>, Error> {
        let Some(key) = self.app.find_key(self.tenant, subject).await? else { return Ok(Vec::new()) };
        let (store, tenant) = (&self.app.ports.store, &self.tenant.id);
        let between = (at.plus(-LONGEST), at.plus(SKEW));
        let ids = store.list_join_candidates(tenant, &key.id, between, MOST_CANDIDATES).await?;
        let joins = store.list_joins_of(tenant, ids.clone()).await?;
        let mut candidates = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(row) = store.find_decision(Scope::Tenant(tenant), &id).await? else { continue };
            if row.decision.channel != Channel::Interactive {
                continue;
            }
            let has_login = joins.iter().any(|join| join.is_login && join.decision.as_ref() == Some(&id));
            candidates.extend(self.candidate(row, has_login).await?);
        }
        Ok(candidates)
    }

    async fn candidate(&self, row: DecisionRow, has_login: bool) -> Result<Option<Candidate>, Error> {
        let names = match self.app.open_record(self.tenant, &row).await {
            Ok(record) => serde_json::from_str(record.event.get()).ok(),
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            // Why: what was erased, is not kept or can't be read tells its time and client all the same.
            Err(_) => None,
        };
        let Names { transaction, session } = names.unwrap_or(Names { transaction: None, session: None });
        let id = |named: Option<Named>| named.and_then(|named| named.id).filter(|id| !id.is_empty());
        let decision = row.decision;
        let is_denied = decision.mode == Mode::Enforce && decision.verdict == Verdict::Deny;
        Ok(row.subject.map(|subject| Candidate {
            subject,
            at: decision.at,
            client: decision.client,
            transaction: id(transaction),
            session: id(session),
            is_denied,
            is_censored: decision.is_censored,
            has_login,
            decision: decision.id,
        }))
    }
}
