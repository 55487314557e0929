//! Plans about somebody who is erased: what waits or runs comes to its end, and what is about others, too, is kept without them.

use countersign_core::{IdKind, SubjectId, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_plan::{
    change::ChangePlan,
    review::{Act, PlanState, Status, review},
};
use countersign_store::{Commit, NewLeaf, PlanFilter, PlanRow, PlanWrite, StoreError, Write};

use super::{
    beside::Beside,
    kept::{KeptPlan, PlanBody},
    told::{Actor, word},
};
use crate::{App, Error, Tenant, leaves::Draft};

/// Plans that are read at once: a long one has some megabytes.
const PAGE: u32 = 16;

/// Rows of steps that are read at once.
const STEPS: u32 = 1_000;

/// How often a plan is changed anew that somebody acts on meanwhile.
const TRIES: u32 = 5;

/// Who acts, in records.
const ERASURE: &str = "erasure";

/// Who is erased.
struct Erased<'a> {
    tenant: &'a Tenant,
    /// The person and the addresses that are theirs alone.
    whole: &'a [SubjectId],
    key_ids: &'a [String],
}

impl Erased<'_> {
    fn is(&self, text: &str) -> bool {
        let keys = &self.tenant.keys;
        self.whole.contains(&keys.subject(text))
            || text.contains('@') && self.whole.contains(&keys.address(text))
    }
}

impl App {
    /// Takes a person out of plans that are sealed under keys of days, since they are about others, too, and ends those that wait or run
    /// and are about them. `key_ids` are the names of the person's keys.
    pub(crate) async fn unname_plans(
        &self,
        tenant: &Tenant,
        whole: &[SubjectId],
        key_ids: &[String],
    ) -> Result<(), Error> {
        let erased = Erased { tenant, whole, key_ids };
        let mut filter = PlanFilter::default();
        loop {
            let rows = self.ports.store.list_plans(&tenant.id, filter.clone(), PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            filter.before = Some(last.id.clone());
            for row in rows {
                self.unname_plan(&erased, row).await?;
            }
        }
    }

    async fn unname_plan(&self, erased: &Erased<'_>, row: PlanRow) -> Result<(), Error> {
        let (store, id) = (&self.ports.store, row.id.clone());
        let mut current = Some(row);
        for _ in 0..TRIES {
            let Some(row) = current else { return Ok(()) };
            let done = match erased.key_ids.contains(&row.key_id) {
                // Why not taken out: what is sealed under their key goes with it.
                true => self.end_erased(erased.tenant, row).await.map(drop),
                false => self.redact_plan(erased, row).await,
            };
            match done {
                Err(Error::Stale) => {}
                done => return done,
            }
            current = store.find_plan(&erased.tenant.id, &id).await?;
        }
        Err(Error::Unavailable { detail: "a plan is being changed all the time".to_owned() })
    }

    /// Keeps what is left of a plan without the person; one that waits or runs comes to its end in the same commit, so that nothing more of it
    /// is sent.
    async fn redact_plan(&self, erased: &Erased<'_>, row: PlanRow) -> Result<(), Error> {
        let tenant = erased.tenant;
        let kept = match self.open_plan_row(tenant, row).await {
            Ok(kept) => kept,
            Err(Error::Erased) => return Ok(()),
            // Why on: what nobody can read names nobody, and must not keep anybody from being erased.
            Err(error @ Error::Internal { .. }) => {
                tracing::error!(tenant.id = %tenant.id, detail = error.detail(), "a plan can't be read");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let Some(left) = kept.plan().without(&|text| erased.is(text)) else { return Ok(()) };
        let now = self.ports.clock.now();
        let (version, Beside { mut leaves, mut writes }) = match kept.state.status.is_final() {
            true => (kept.row.version, Beside::default()),
            false => self.erased_end(tenant, (&kept.row, Some((&left, &kept.state))), now).await?,
        };
        leaves.push(self.redaction(tenant, (&kept, &left), now)?);
        writes.extend(self.without_answers(tenant, &kept, &left).await?);
        let key = self.key_of_plan(tenant, &kept.row).await?;
        let plan = kept.row.id.clone();
        let PlanBody { state, reasons, order, .. } = kept.body;
        // Why it stays: a playbook would propose again what was wanted of the others, also what somebody took back.
        let order = order.map(|order| order.without(&|text| erased.is(text)));
        let body = PlanBody { redacted: Some(left.hash()), plan: left, state, reasons, order };
        let sealed = self.seal_plan(tenant, &key, (&plan, &body))?;
        writes.push(Write::Plan(PlanWrite::Redact { plan, version, sealed }));
        self.commit_erased(Commit { leaves, writes, ..Commit::background(tenant.id.clone()) }).await
    }

    /// Forgets what is kept of the tenant's answers to steps that touched the person alone.
    async fn without_answers(
        &self,
        tenant: &Tenant,
        kept: &KeptPlan,
        left: &ChangePlan,
    ) -> Result<Vec<Write>, Error> {
        let (mut writes, mut from) = (Vec::new(), 0);
        loop {
            let rows = self.ports.store.list_plan_steps(&tenant.id, &kept.row.id, from, STEPS).await?;
            let Some(last) = rows.last() else { return Ok(writes) };
            from = last.step.saturating_add(1);
            for mut row in rows {
                if !row.kept.is_empty() && usize::try_from(row.step).is_ok_and(|step| left.is_erased(step)) {
                    row.kept.clear();
                    let expected = Some(row.state.clone());
                    writes.push(Write::Plan(PlanWrite::Step { expected, row }));
                }
            }
        }
    }

    /// The leaf that says of which plan what is left: both hashes, and nothing of whom it was about.
    fn redaction(
        &self,
        tenant: &Tenant,
        (kept, left): (&KeptPlan, &ChangePlan),
        now: Timestamp,
    ) -> Result<NewLeaf, Error> {
        let record = self.make_id(IdKind::Record)?;
        let mut draft = erasure_draft((&record, now), "redacted", &kept.row);
        draft.hashes.insert("left".to_owned(), left.hash());
        Self::public_leaf(tenant, draft)
    }

    /// Ends a plan that waits or runs and that nobody can read any more, or will; whether it did.
    pub(super) async fn end_erased(&self, tenant: &Tenant, row: PlanRow) -> Result<bool, Error> {
        let status: Status = row.state.parse().map_err(Error::internal)?;
        if status.is_final() {
            return Ok(false);
        }
        let now = self.ports.clock.now();
        let kept = match self.open_plan_row(tenant, row.clone()).await {
            Ok(kept) => Some(kept),
            Err(Error::Erased) => None,
            Err(error) => return Err(error),
        };
        let told = kept.as_ref().map(|kept| (kept.plan(), &kept.state));
        let (_, Beside { leaves, writes }) = self.erased_end(tenant, (&row, told), now).await?;
        self.commit_erased(Commit { leaves, writes, ..Commit::background(tenant.id.clone()) }).await?;
        Ok(true)
    }

    /// The same for a plan that could not be opened.
    pub(super) async fn end_unread(&self, tenant: &Tenant, plan: &str) -> Result<bool, Error> {
        let Some(row) = self.ports.store.find_plan(&tenant.id, plan).await? else { return Ok(false) };
        match self.end_erased(tenant, row).await {
            // Somebody acted at the same time.
            Err(Error::Stale) => Ok(false),
            ended => ended,
        }
    }

    /// What ends a plan because somebody was erased, and the version that it leads to. It is sealed under the key of the day, so that
    /// it stays when the person's key goes.
    async fn erased_end(
        &self,
        tenant: &Tenant,
        (row, told): (&PlanRow, Option<(&ChangePlan, &PlanState)>),
        now: Timestamp,
    ) -> Result<(u64, Beside), Error> {
        let row = PlanRow {
            version: row.version.saturating_add(1),
            state: Status::Erased.as_str().to_owned(),
            changed: now,
            sealed: Vec::new(),
            ..row.clone()
        };
        let key = self.get_key(tenant, &tenant.keys.log_day(now.days()), None).await?;
        let record = self.make_id(IdKind::Record)?;
        let leaf = Self::public_leaf(tenant, erasure_draft((&record, now), word(&Act::Erase), &row))?;
        let mut writes = match told {
            Some((plan, state)) => {
                let ended = review(state, &Act::Erase, now).map_err(Error::internal)?;
                self.tell_of_act(tenant, &Act::Erase, (&row, plan, &ended), (&key, now))?
            }
            None => Vec::new(),
        };
        let actor = Actor::Automation(ERASURE);
        let said = self.said(tenant, (&row, now), (Act::Erase, ERASURE), (actor, &key))?;
        writes.push(Write::Plan(PlanWrite::Review(said)));
        let version = row.version;
        let expected_version = version.saturating_sub(1);
        writes.push(Write::Plan(PlanWrite::Put { expected_version, row: Box::new(row) }));
        Ok((version, Beside { leaves: vec![leaf], writes }))
    }

    async fn commit_erased(&self, commit: Commit) -> Result<(), Error> {
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale) => Err(Error::Stale),
            Err(error) => Err(error.into()),
        }
    }
}

/// A leaf about what an erasure did to a plan, of its row alone.
fn erasure_draft<'a>((id, at): (&'a str, Timestamp), change: &str, row: &PlanRow) -> Draft<'a> {
    let mut draft = Draft::new(id, at, Kind::Plan)
        .fact("change", &change)
        .fact("plan", &row.id)
        .fact("state", &row.state)
        .fact("actor_type", &Actor::Automation(ERASURE).kind())
        .fact("principal", &ERASURE);
    let digits = row.hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    draft.hashes.insert("plan".to_owned(), digits);
    draft
}
