//! Countersigning: each act on a plan is a row under its version, and a leaf, in one commit.

use std::{collections::BTreeSet, fmt::Display};

use countersign_core::{IdKind, Timestamp};
use countersign_plan::{
    review::{Act, How as Came, Refused, Signed, Status, review},
    run::Halt,
};
use countersign_rights::{Action, How, Place};
use countersign_store::{Commit, Fence, NewLeaf, PlanReviewRow, PlanRow, PlanWrite, StoreError, Write};

use super::{
    PlanHead, PlanRefusal,
    beside::Beside,
    kept::{KeptPlan, ReviewBody, review_context, row_version},
    renew::{NEVER, leads_to_a_fresh_plan},
    told::{Actor, draft, word},
};
use crate::{
    App, Error, Tenant,
    access::{Caller, Permit},
    subjects::PersonKey,
    writes::told,
};

/// What a leaf tells more: a code or a number, and nobody's name.
pub(super) type Fact<'a> = (&'static str, &'a (dyn Display + Sync));

/// What a plan becomes by an act, and the writes that say so.
pub(super) struct Next {
    pub(super) row: PlanRow,
    pub(super) leaf: NewLeaf,
    pub(super) writes: Vec<Write>,
}

impl App {
    /// A person agrees to the plan of this hash.
    ///
    /// # Errors
    /// `Plan` where it does not count, `Stale` where somebody acted at the same time; `NotFound`, `Erased`, `Unavailable`.
    pub async fn approve_plan(&self, permit: &Permit, id: &str, hash: &str) -> Result<PlanHead, Error> {
        self.may_approve(permit).await?;
        let by = self.signed(permit).await?;
        self.act_on(permit, id, Act::Approve { by, hash: hash.to_owned() }).await
    }

    /// A person refuses the plan of this hash, and says why.
    ///
    /// # Errors
    /// As `approve_plan`.
    pub async fn reject_plan(
        &self,
        permit: &Permit,
        id: &str,
        (hash, reason): (&str, &str),
    ) -> Result<PlanHead, Error> {
        self.may_approve(permit).await?;
        let by = self.signed(permit).await?;
        let act = Act::Reject { by, hash: hash.to_owned(), reason: reason.to_owned() };
        self.act_on(permit, id, act).await
    }

    /// Whoever proposed a plan takes it back.
    ///
    /// # Errors
    /// As `approve_plan`.
    pub async fn withdraw_plan(&self, permit: &Permit, id: &str) -> Result<PlanHead, Error> {
        self.ports.store.find_plan(&permit.id, id).await?.ok_or(Error::NotFound("plan"))?;
        let by = self.signed(permit).await?;
        self.act_on(permit, id, Act::Withdraw { by }).await
    }

    /// A permit for something else approves nothing.
    async fn may_approve(&self, permit: &Permit) -> Result<(), Error> {
        self.permit(permit.caller(), Action::ApprovePlans, &permit.id).await.map(drop)
    }

    async fn act_on(&self, permit: &Permit, id: &str, act: Act) -> Result<PlanHead, Error> {
        let kept = self.open_plan(permit, id).await?;
        let actor = Actor::Person(permit.caller().id());
        let by = permit.actor(permit.caller().is_shared().then_some("local"))?;
        let next = self.next(permit, &kept, (act, &by), actor).await?;
        let row = next.row.clone();
        self.keep_next(permit, next, None).await?;
        Ok(PlanHead::from(row))
    }

    /// Who acts as a person, with their roles at the tenant.
    async fn signed(&self, permit: &Permit) -> Result<Signed, Error> {
        let caller: &Caller = permit.caller();
        let person = self.person(caller).await?.ok_or(Error::Plan(PlanRefusal::NotAPerson))?;
        let place = Place::Tenant(permit.id.clone());
        let roles: BTreeSet<String> =
            caller.principal().roles_at(&place).iter().map(ToString::to_string).collect();
        let how = match caller.principal().how {
            How::Oidc => Came::Oidc,
            How::Link | How::BreakGlass => Came::Link,
            How::Token | How::AccessToken | How::File | How::Process => Came::Token,
        };
        Ok(Signed { person, how, roles })
    }

    /// What a plan becomes by an act.
    pub(super) async fn next(
        &self,
        tenant: &Tenant,
        kept: &KeptPlan,
        act: (Act, &str),
        actor: Actor<'_>,
    ) -> Result<Next, Error> {
        self.next_telling(tenant, kept, act, (actor, &[])).await
    }

    /// What a plan becomes that halts: at which step and why is told, and that it is looked at again where that leads to a fresh plan.
    pub(super) async fn next_halted(
        &self,
        tenant: &Tenant,
        (kept, halt): (&KeptPlan, &Halt),
        (by, actor): (&str, Actor<'_>),
    ) -> Result<Next, Error> {
        let why = halt.why.code();
        let facts: [Fact<'_>; 2] = [("step", &halt.step), ("reason", &why)];
        let mut next = self.next_telling(tenant, kept, (Act::Halt, by), (actor, &facts)).await?;
        next.row.halt = Some(serde_json::to_string(halt).map_err(Error::internal)?);
        if leads_to_a_fresh_plan(&halt.why) && kept.body.order.is_some() {
            next.row.try_at = Some(next.row.changed);
        }
        Ok(next)
    }

    /// What a plan becomes by an act of which the leaf tells more.
    pub(super) async fn next_telling(
        &self,
        tenant: &Tenant,
        kept: &KeptPlan,
        (act, by): (Act, &str),
        (actor, facts): (Actor<'_>, &[Fact<'_>]),
    ) -> Result<Next, Error> {
        let now = self.ports.clock.now();
        let refused = |refused: Refused| Error::Plan(PlanRefusal::Review(refused));
        let state = review(&kept.state, &act, now).map_err(refused)?;
        let id = self.make_id(IdKind::Record)?;
        let told = draft((&id, now), word(&act), (&kept.row.id, &state), actor)
            .fact("approvals", &state.approvals.len());
        let told = facts.iter().fold(told, |told, (name, value)| told.fact(name, *value));
        let leaf = Self::public_leaf(tenant, told)?;
        let mut row = PlanRow {
            version: row_version(&state),
            state: state.status.as_str().to_owned(),
            changed: now,
            // Why: whatever kept it is looked at anew.
            waits: None,
            try_at: (state.status == Status::Halted).then_some(NEVER),
            ..kept.row.clone()
        };
        if matches!(act, Act::Begin { .. }) {
            row.begun = Some(now);
        }
        if matches!(act, Act::Resume) {
            row.halt = None;
        }
        let key = self.key_of_plan(tenant, &row).await?;
        let mut writes = self.tell_of_act(tenant, &act, (&row, kept.plan(), &state), (&key, now))?;
        let said = self.said(tenant, (&row, now), (act, by), (actor, &key))?;
        writes.push(Write::Plan(PlanWrite::Review(said)));
        Ok(Next { row, leaf, writes })
    }

    /// What somebody did, as it is kept.
    pub(super) fn said(
        &self,
        tenant: &Tenant,
        (row, at): (&PlanRow, Timestamp),
        (act, by): (Act, &str),
        (actor, key): (Actor<'_>, &PersonKey),
    ) -> Result<PlanReviewRow, Error> {
        let mut said = PlanReviewRow {
            plan: row.id.clone(),
            version: row.version,
            act: word(&act).to_owned(),
            principal: actor.principal().to_owned(),
            at,
            key_id: key.id.clone(),
            sealed: Vec::new(),
        };
        let body = ReviewBody { act, by: told(by) };
        said.sealed = self.seal(tenant, key, &review_context(&said), &body)?;
        Ok(said)
    }

    /// Keeps what a plan became.
    pub(super) async fn keep_next(
        &self,
        tenant: &Tenant,
        next: Next,
        fence: Option<Fence>,
    ) -> Result<(), Error> {
        self.keep_next_with(tenant, (next, Beside::default()), fence).await
    }

    /// The same, with more in the same commit.
    pub(super) async fn keep_next_with(
        &self,
        tenant: &Tenant,
        (next, beside): (Next, Beside),
        fence: Option<Fence>,
    ) -> Result<(), Error> {
        let (Next { row, leaf, mut writes }, Beside { mut leaves, writes: more }) = (next, beside);
        let expected_version = row.version.saturating_sub(1);
        leaves.push(leaf);
        writes.push(Write::Plan(PlanWrite::Put { expected_version, row: Box::new(row.clone()) }));
        writes.extend(more);
        let commit = Commit { fence, leaves, writes, ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) => {
                tenant.bell.tell(&row);
                Ok(())
            }
            Err(StoreError::Stale) => Err(Error::Stale),
            Err(error) => Err(error.into()),
        }
    }
}
