//! 24 hours without a word: weak evidence that a sign-in was honest.

use std::collections::BTreeMap;

use countersign_core::{IdKind, SubjectId, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_risk::learning::Event;
use countersign_store::{Commit, DecisionFilter, DecisionRow, Scope, Standing, StoreError, Write};

use crate::{
    App, Error, Lead, Tenant,
    crowd::Lesson,
    learn::{Fold, Told},
    leaves::Draft,
};

/// How long a sign-in must go without a word, in microseconds (docs/architecture.md, "Outcome and
/// learning").
const SILENCE_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Decisions looked at in one transaction.
const BATCH: u32 = 64;

/// How far ahead of now a time may lie, in microseconds; beyond it the clock ran ahead then and was set back since.
const AHEAD_MICROS: i64 = 3_600 * 1_000_000;

/// How long ids of signed requests are remembered, in microseconds: twice the replay window.
const REQUEST_MEMORY_MICROS: i64 = 10 * 60 * 1_000_000;

impl App {
    /// Counts the silence of one batch of decisions; returns how many were looked at. Call it until it returns 0.
    ///
    /// # Errors
    /// `Unavailable`; the batch is looked at again next time.
    pub async fn count_silence(&self, tenant: &Tenant, lead: &Lead) -> Result<usize, Error> {
        let now = self.ports.clock.now();
        let store = &self.ports.store;
        let cursor = store.find_silence_cursor(&tenant.id).await?;
        // Why: `after` is exclusive; the first leaf of a ledger is its policy, never a decision.
        let filter = DecisionFilter { after: Some(cursor.unwrap_or(0)), ..DecisionFilter::default() };
        let rows = store.list_decisions(Scope::Tenant(&tenant.id), filter, BATCH).await?;
        let old: Vec<DecisionRow> = rows.into_iter().take_while(|row| !is_young(row, now)).collect();
        let Some(last) = old.last() else { return Ok(0) };
        let until = last.leaf_index;
        // Why: an erasure must find no profile that is about to be written under the dead key.
        let _turns = self.turns.wait_for_all(old.iter().filter_map(|row| row.subject.as_ref())).await;
        let (mut writes, lessons) = self.fold_silence(tenant, &old, now).await?;
        writes.push(Write::SilenceCursor(until));
        let id = self.make_id(IdKind::Outcome)?;
        let draft = Draft::new(&id, now, Kind::Outcome)
            .fact("outcome", &"silence")
            .fact("after_leaf", &cursor.unwrap_or(0))
            .fact("until_leaf", &until);
        let commit = Commit {
            fence: lead.fence(),
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes,
            ..Commit::background(tenant.id.clone())
        };
        let _learning = tenant.crowd.learning().await;
        match store.commit(commit).await {
            Ok(_) => {
                tenant.teach(&lessons);
                Ok(old.len())
            }
            // Why: an outcome came between, and the next call reads the batch again; or another process leads now.
            Err(StoreError::Stale | StoreError::Fenced) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    async fn fold_silence(
        &self,
        tenant: &Tenant,
        rows: &[DecisionRow],
        now: Timestamp,
    ) -> Result<(Vec<Write>, Vec<Lesson>), Error> {
        let mut folds: BTreeMap<SubjectId, Fold> = BTreeMap::new();
        let is_silent = |row: &&DecisionRow| {
            let is_old = now.since(row.decision.at) >= SILENCE_MICROS;
            row.standing == Standing::Open && row.decision.trigger.teaches() && is_old
        };
        for row in rows.iter().filter(is_silent) {
            let Some(subject) = &row.subject else { continue };
            let Some(key) = self.find_key(tenant, subject).await? else { continue };
            let record = match self.open_record(tenant, row).await {
                Ok(record) => record,
                Err(error @ Error::Unavailable { .. }) => return Err(error),
                Err(error) => {
                    // Why: one that can't be read, or was erased meanwhile, must not hold up all that come after it.
                    tracing::error!(tenant.id = %tenant.id, decision.id = %row.decision.id, detail = error.detail(), "a record could not be learned from");
                    continue;
                }
            };
            if !folds.contains_key(subject) {
                folds.insert(subject.clone(), self.begin_fold(tenant, key).await?);
            }
            // INVARIANT: the decision is read after the profile, so that whatever settles it from now on is noticed
            // by the profile's version.
            let row = self.ports.store.find_decision(Scope::Tenant(&tenant.id), &row.decision.id).await?;
            let row = row.filter(|row| row.standing == Standing::Open);
            if let (Some(fold), Some(row)) = (folds.get_mut(subject), row) {
                let told = Told { standing: Standing::Silent, is_scoped: false };
                fold.weigh(&row, &record, Event::Silence, told);
            }
        }
        let (mut writes, mut lessons) = (Vec::new(), Vec::new());
        for mut fold in folds.into_values() {
            lessons.extend(fold.take_lessons());
            writes.extend(self.end_fold(tenant, fold, now)?);
        }
        Ok((writes, lessons))
    }

    /// Forgets the ids of signed requests that are too old to be replayed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_requests(&self, tenant: &Tenant, lead: &Lead) -> Result<(), Error> {
        let now = self.ports.clock.now();
        let prune =
            Write::PruneRequests { from: now.plus(-REQUEST_MEMORY_MICROS), until: now.plus(AHEAD_MICROS) };
        let fence = lead.fence();
        let commit = Commit { fence, writes: vec![prune], ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            // Why: another process leads now, and does it.
            Ok(_) | Err(StoreError::Fenced) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether a decision's 24 hours may still pass. One from far ahead is not waited for, and teaches nothing either: how
/// long it was silent is not known.
const fn is_young(row: &DecisionRow, now: Timestamp) -> bool {
    let age = now.since(row.decision.at);
    age < SILENCE_MICROS && age >= -AHEAD_MICROS
}
