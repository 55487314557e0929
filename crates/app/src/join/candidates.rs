//! The decisions that an entry may belong to, and what their sealed events tell.

use std::collections::BTreeSet;

use countersign_core::{Channel, DecisionId, Mode, SubjectId, Verdict};
use countersign_store::{DecisionRow, JoinRow, Scope};
use serde::Deserialize;

use super::{
    entry::{REFUSED, Seen, What, address},
    matching::{Candidate, LONGEST, SKEW},
    work::Turn,
};
use crate::Error;

/// The most decisions of one person that an entry is held against, the newest: far more than people make in a quarter of an hour.
const MOST_CANDIDATES: u32 = 64;

/// What a decision's sealed event tells that joins it. A correlation id is none of it: a client chooses that.
#[derive(Default, Deserialize)]
struct Names {
    #[serde(default)]
    transaction: Option<Named>,
    #[serde(default)]
    session: Option<Named>,
    #[serde(default)]
    request: Option<Request>,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    ip: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<String>,
}

impl Turn<'_> {
    /// The decisions that an entry about a person may belong to.
    pub(super) async fn candidates(&self, subject: &SubjectId, seen: &Seen) -> Result<Vec<Candidate>, Error> {
        let Some(key) = self.app.find_key(self.tenant, subject).await? else { return Ok(Vec::new()) };
        let (store, tenant) = (&self.app.ports.store, &self.tenant.id);
        let between = (seen.at.plus(-LONGEST), seen.at.plus(SKEW));
        let ids = store.list_join_candidates(tenant, &key.id, between, MOST_CANDIDATES).await?;
        let joins = store.list_joins_of(tenant, ids.clone()).await?;
        let refused = if seen.what == What::Refused { self.refused(&joins).await? } else { BTreeSet::new() };
        let mut candidates = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(row) = store.find_decision(Scope::Tenant(tenant), &id).await? else { continue };
            if row.decision.channel != Channel::Interactive {
                continue;
            }
            let has_login = joins.iter().any(|join| join.is_login && join.decision.as_ref() == Some(&id));
            let has_refusal = refused.contains(&id);
            candidates.extend(self.candidate(row, (has_login, has_refusal)).await?);
        }
        Ok(candidates)
    }

    /// The decisions to which a sign-in belongs that was refused.
    async fn refused(&self, joins: &[JoinRow]) -> Result<BTreeSet<DecisionId>, Error> {
        let mut refused = BTreeSet::new();
        for join in joins.iter().filter(|join| !join.is_login) {
            let entry = self.app.ports.store.find_log_entry(&self.tenant.id, &join.log_id).await?;
            if entry.is_some_and(|row| row.entry.kind == REFUSED) {
                refused.extend(join.decision.clone());
            }
        }
        Ok(refused)
    }

    async fn candidate(
        &self,
        row: DecisionRow,
        (has_login, has_refusal): (bool, bool),
    ) -> Result<Option<Candidate>, Error> {
        let names = match self.app.open_record(self.tenant, &row).await {
            Ok(record) => serde_json::from_str(record.event.get()).unwrap_or_default(),
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            // Why: what was erased, is not kept or can't be read tells its time and client all the same.
            Err(_) => Names::default(),
        };
        let Names { transaction, session, request } = names;
        let id = |named: Option<Named>| named.and_then(|named| named.id).filter(|id| !id.is_empty());
        let decision = row.decision;
        let is_denied = decision.mode == Mode::Enforce && decision.verdict == Verdict::Deny;
        Ok(row.subject.map(|subject| Candidate {
            subject,
            at: decision.at,
            client: decision.client,
            transaction: id(transaction),
            session: id(session),
            address: request.and_then(|from| from.ip).as_deref().and_then(address),
            is_denied,
            is_censored: decision.is_censored,
            has_login,
            has_refusal,
            decision: decision.id,
        }))
    }
}
