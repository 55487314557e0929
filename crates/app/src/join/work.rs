//! Joining what was journaled: in the order of arrival, each entry with its outcome and the place reached in one commit.

use countersign_auth0::log::LogEvent;
use countersign_core::{DecisionId, Micros, Mode, SubjectId, Timestamp, Trigger};
use countersign_store::{
    Commit, DecisionFilter, JoinHow, JoinRow, JoinState, JoinWrite, LogEntryRow, Scope, StoreError, Write,
};

use super::{
    bypass::Bypassed,
    entry::{Seen, What, is_of_use},
    matching::{self, LONGEST},
};
use crate::{
    App, Error, Lead, Tenant,
    outcomes::{FromLog, Outcome},
};

/// Entries that are joined in one turn, and commits wait for no more than what came of them.
const BATCH: u32 = 64;

/// Decisions that are made findable in one commit. Few, since decisions wait for it: 1,000 held them up for some 20 ms.
const PAGE: u32 = 16;

/// How long a sign-in waits for its decision, in microseconds by Auth0's clock.
pub(super) const GRACE: Micros = 10 * 60 * 1_000_000;

/// How long decisions can be found, in microseconds; judgement: a log that did not come for a weekend is joined all the same. Older
/// entries are passed over.
const FINDABLE: Micros = 3 * 24 * 3_600 * 1_000_000;

/// Pages of decisions that are made findable in one turn, so that a long ledger does not hold up the stop.
const PAGES: u32 = 1_024;

/// What one turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Joined {
    /// Entries that were looked at for the first time.
    pub entries: u64,
    /// Those of them, and of what had waited, that belong to a decision.
    pub joined: u64,
    /// Sign-ins of which it is certain now that nobody decided about them.
    pub bypassed: u64,
}

/// One turn at work.
pub(super) struct Turn<'a> {
    pub(super) app: &'a App,
    pub(super) tenant: &'a Tenant,
    pub(super) lead: &'a Lead,
    /// As committed.
    state: JoinState,
    /// What is to be committed with the next place that is reached.
    pending: Vec<Write>,
    pub(super) joined: Joined,
    pub(super) bypassed: Bypassed,
}

impl App {
    /// Joins the next entries of a tenant's journal to decisions, and tells what they say of them; call it until it says 0 entries.
    ///
    /// # Errors
    /// `Unavailable` and `Internal`: what was not committed is joined again.
    pub async fn join_next(&self, tenant: &Tenant, lead: &Lead) -> Result<Joined, Error> {
        let _turn = tenant.joining.turn.lock().await;
        let state = self.ports.store.get_join_state(&tenant.id).await?;
        // INVARIANT: entries are read before decisions, so that the decision of whoever is among them is found.
        let rows = self.ports.store.list_log(&tenant.id, state.seq, BATCH).await?;
        let bypassed = Bypassed(tenant.joining.take_untold(self.ports.clock.now()));
        let (pending, joined) = (Vec::new(), Joined::default());
        let mut turn = Turn { app: self, tenant, lead, state, pending, joined, bypassed };
        let done = turn.work(&rows).await;
        // Why: what was committed of the turn is not looked at again.
        tenant.joining.keep_untold(turn.bypassed.0);
        done.map(|()| turn.joined)
    }

    /// How often sign-ins of a tenant's log were joined how in this process since the last call; those that wait are not counted.
    #[must_use]
    pub fn take_join_counts(&self, tenant: &Tenant) -> super::JoinCounts {
        tenant.joining.take_counts()
    }
}

impl Turn<'_> {
    async fn work(&mut self, rows: &[LogEntryRow]) -> Result<(), Error> {
        if !self.find_decisions().await? {
            return Ok(());
        }
        self.retry_waiting().await?;
        for row in rows {
            self.entry(row).await?;
            self.joined.entries += 1;
        }
        if let Some(last) = rows.last() {
            self.reach(last.seq + 1).await?;
        }
        self.tell_bypassed().await
    }

    /// Makes the decisions findable that were made since the last turn; whether that is all of them.
    async fn find_decisions(&mut self) -> Result<bool, Error> {
        let store = &self.app.ports.store;
        let oldest = self.app.ports.clock.now().plus(-FINDABLE);
        if self.state == JoinState::default() {
            let first = store.first_leaf_since(&self.tenant.id, oldest).await?;
            let state = JoinState { leaf: first.saturating_sub(1), ..self.state };
            self.commit(Vec::new(), state).await?;
        }
        for _ in 0..PAGES {
            // Why: `after` is exclusive; the first leaf of a ledger is its policy, never a decision.
            let filter = DecisionFilter { after: Some(self.state.leaf), ..DecisionFilter::default() };
            let rows = store.list_decisions(Scope::Tenant(&self.tenant.id), filter, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(true) };
            let (count, mut state) = (rows.len(), JoinState { leaf: last.leaf_index, ..self.state });
            let mut writes = vec![JoinWrite::PruneCandidates { before: oldest }.into()];
            for row in rows.iter().filter(|row| row.decision.trigger == Trigger::PostLogin) {
                state.since = Some(state.since.map_or(row.decision.at, |since| since.min(row.decision.at)));
                let Some(subject) = row.subject.as_ref().filter(|_| row.decision.at >= oldest) else {
                    continue;
                };
                let Some(key) = self.app.find_key(self.tenant, subject).await? else { continue };
                let (key_id, decision) = (key.id.clone(), row.decision.id.clone());
                writes.push(JoinWrite::Candidate { key_id, decision, at: row.decision.at }.into());
            }
            self.commit(writes, state).await?;
            if count < PAGE as usize {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks again at sign-ins that waited, once.
    async fn retry_waiting(&mut self) -> Result<(), Error> {
        let until = self.app.ports.clock.now().plus(-GRACE);
        let between = (Timestamp::from_micros(i64::MIN), until);
        let waiting =
            self.app.ports.store.list_logins(&self.tenant.id, JoinHow::Waiting, between, BATCH).await?;
        for join in waiting {
            let row = self.app.ports.store.find_log_entry(&self.tenant.id, &join.log_id).await?;
            // Why: one that is not kept, or whose person was erased, says nothing any more; it must not wait for ever.
            self.pending.push(JoinWrite::Put(JoinRow { how: JoinHow::Exempt, ..join }).into());
            if let Some(row) = row {
                self.entry(&row).await?;
            }
        }
        self.reach(self.state.seq).await
    }

    /// Joins one entry.
    async fn entry(&mut self, row: &LogEntryRow) -> Result<(), Error> {
        // Why: what happened before we decided about anything has no decision, and teaches nothing.
        let is_too_old = self.app.ports.clock.now().since(row.entry.at) > FINDABLE - LONGEST;
        let is_before = self.state.since.is_none_or(|since| row.entry.at < since);
        if is_too_old || is_before || !is_of_use(&row.entry.kind) {
            return Ok(());
        }
        let Some(raw) = self.app.open_entry(self.tenant, row).await? else { return Ok(()) };
        let log_id = row.entry.log_id.as_str();
        let Ok(log) = LogEvent::parse(&raw, Some(log_id.into())) else { return Ok(()) };
        let Some(seen) = Seen::of(&log) else { return Ok(()) };
        let subject = self.tenant.keys.subject(&seen.user);
        let next = self.state.seq.max(row.seq + 1);
        if seen.what == What::WrongPassword {
            if self.tenant.joining.may_fail(&subject, seen.at) {
                let failed = Outcome::LoginFailed { user_id: seen.user, at: Some(seen.at) };
                self.record(vec![failed], seen.at, next).await?;
            }
            return Ok(());
        }
        if let What::PasswordLeaked | What::PasswordChanged = seen.what {
            return self.password(seen, &subject, next).await;
        }
        if let What::Enrolled { factor } = seen.what {
            let (user_id, factor) = (seen.user, factor.map(str::to_owned));
            return self
                .record(vec![Outcome::FactorEnrolled { user_id, factor, at: seen.at }], seen.at, next)
                .await;
        }
        let candidates = self.candidates(&subject, &seen).await?;
        let found = matching::find(&seen, &subject, &candidates);
        let is_login = matches!(seen.what, What::Login { .. });
        if let Some((candidate, how)) = found {
            let outcomes = self.app.outcomes_of(self.tenant, &seen, (candidate, how)).await?;
            self.put(row, is_login, (Some(candidate.decision.clone()), how));
            self.record(outcomes, seen.at, next).await?;
            self.joined.joined += 1;
        } else if is_login {
            let how = self.without_decision(&seen);
            self.put(row, true, (None, how));
        }
        Ok(())
    }

    /// Tells what the log says of a person's password.
    async fn password(&mut self, seen: Seen, subject: &SubjectId, next: u64) -> Result<(), Error> {
        let Seen { what, user: user_id, at, .. } = seen;
        let told = if what == What::PasswordLeaked {
            Outcome::PasswordLeaked { user_id, at }
        } else if self.app.is_held(self.tenant, subject).await? {
            Outcome::PasswordChanged { user_id, at }
        } else {
            // Why: of whom nothing is held, nothing becomes less.
            return Ok(());
        };
        self.record(vec![told], at, next).await
    }

    /// What a sign-in is that no decision belongs to.
    fn without_decision(&mut self, seen: &Seen) -> JoinHow {
        let policy = self.tenant.policy();
        let (organization, client) = (seen.organization.as_ref(), seen.client.as_ref());
        let mode = policy.document().settings(Trigger::PostLogin, organization, client).mode;
        if self.tenant.is_off(Trigger::PostLogin) || mode == Mode::Off {
            return JoinHow::Exempt;
        }
        if self.app.ports.clock.now().since(seen.at) < GRACE {
            return JoinHow::Waiting;
        }
        self.joined.bypassed += 1;
        self.bypassed.add(seen.at);
        JoinHow::None
    }

    fn put(&mut self, row: &LogEntryRow, is_login: bool, (decision, how): (Option<DecisionId>, JoinHow)) {
        if is_login && how != JoinHow::Waiting {
            self.tenant.joining.count(how);
        }
        let (log_id, seq, at) = (row.entry.log_id.clone(), row.seq, row.entry.at);
        self.pending.push(JoinWrite::Put(JoinRow { log_id, seq, at, is_login, decision, how }).into());
    }

    /// Records outcomes one after the other, with the last of them the place that is reached.
    async fn record(&mut self, mut outcomes: Vec<Outcome>, at: Timestamp, seq: u64) -> Result<(), Error> {
        let last = outcomes.pop();
        for outcome in outcomes {
            let alone = FromLog { at, fence: self.lead.fence(), writes: Vec::new() };
            self.app.report_from_log(self.tenant, &outcome, &alone).await?;
        }
        let Some(last) = last else { return self.reach(seq).await };
        let state = JoinState { seq, ..self.state };
        let mut writes = std::mem::take(&mut self.pending);
        writes.push(JoinWrite::Reached { expected: self.state, state }.into());
        let with_place = FromLog { at, fence: self.lead.fence(), writes };
        self.app.report_from_log(self.tenant, &last, &with_place).await?;
        self.state = state;
        Ok(())
    }

    async fn reach(&mut self, seq: u64) -> Result<(), Error> {
        if seq == self.state.seq && self.pending.is_empty() {
            return Ok(());
        }
        let writes = std::mem::take(&mut self.pending);
        self.commit(writes, JoinState { seq, ..self.state }).await
    }

    async fn commit(&mut self, mut writes: Vec<Write>, state: JoinState) -> Result<(), Error> {
        writes.push(JoinWrite::Reached { expected: self.state, state }.into());
        self.app.commit_join(self.tenant, self.lead, writes).await?;
        self.state = state;
        Ok(())
    }
}

impl App {
    /// Commits what joining came to, if this process still leads.
    pub(super) async fn commit_join(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        writes: Vec<Write>,
    ) -> Result<(), Error> {
        let commit = Commit { fence: lead.fence(), writes, ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale | StoreError::Fenced) => {
                Err(Error::Unavailable { detail: "another process joins this log".to_owned() })
            }
            Err(error) => Err(error.into()),
        }
    }
}
