//! Letting a plan in: what the gate says of it, kept with its leaf.

use countersign_core::{IdKind, Micros};
use countersign_plan::{
    change::{ChangePlan, Order, Origin},
    gate::{Breaker, Outcome, Reason, Spent, Verdict, judge},
    review::PlanState,
};
use countersign_store::{Commit, Fence, NewLeaf, PlanRow, PlanWrite, PlansSpent, StoreError, Write};

use super::{
    Hands, PlanRefusal,
    beside::Beside,
    kept::{AUDIENCE, PlanBody, due, hash_of, row_version},
    send::is_containment,
    told::{Actor, draft},
};
use crate::{App, Error, Tenant};

/// In which what was done without a person is counted.
const DAY: Micros = 24 * 60 * 60 * 1_000_000;

/// A plan that is to be let in.
pub(super) struct Candidate<'a> {
    pub(super) plan: ChangePlan,
    pub(super) order: Option<Order>,
    /// By whom.
    pub(super) actor: Actor<'a>,
    /// The incident that it is about.
    pub(super) incident: Option<String>,
    /// The plan whose run it takes back.
    pub(super) undoes: Option<String>,
    /// Whether people are asked in any case: what went wrong once is not tried again by itself.
    pub(super) asks_people: bool,
    /// In whose queue it stands; `None`: in that of security.
    pub(super) audience: Option<String>,
}

fn spent(row: PlansSpent) -> Spent {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Spent { users: count(row.users), organizations: count(row.organizations), steps: count(row.steps) }
}

/// The word for where a plan comes from.
const fn origin(origin: &Origin) -> &'static str {
    match origin {
        Origin::Person { .. } => "person",
        Origin::Assistant { .. } => "assistant",
        Origin::Incident { .. } => "incident",
        Origin::Workflow { .. } => "workflow",
        Origin::Undo { .. } => "undo",
    }
}

impl App {
    /// What the gate says of a plan now.
    pub(super) async fn judge_plan(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        (plan, asks_people): (&ChangePlan, bool),
    ) -> Result<Verdict, Error> {
        let now = self.ports.clock.now();
        let (_, breaker) = self.breaker(tenant).await?;
        let breaker: Breaker = if asks_people { breaker.harmed(now) } else { breaker };
        let today = spent(self.ports.store.plans_spent(&tenant.id, now.plus(-DAY)).await?);
        Ok(judge(plan, &tenant.id, &hands.settings, today, &breaker))
    }

    /// Lets a plan in, or says why not; what it stands as is in the answer.
    pub(super) async fn admit(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        candidate: Candidate<'_>,
    ) -> Result<(PlanRow, PlanState), Error> {
        let (row, state, beside) = self.let_in_later(tenant, hands, candidate).await?;
        self.keep_admitted(tenant, &row, (beside, None)).await?;
        Ok((row, state))
    }

    /// Keeps a plan that is let in; under a fence where only who leads may.
    pub(super) async fn keep_admitted(
        &self,
        tenant: &Tenant,
        row: &PlanRow,
        (Beside { leaves, writes }, fence): (Beside, Option<Fence>),
    ) -> Result<(), Error> {
        let commit = Commit { fence, leaves, writes, ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) => {
                tenant.bell.tell(row);
                Ok(())
            }
            Err(StoreError::Stale) => Err(Error::Stale),
            Err(error) => Err(error.into()),
        }
    }

    /// The same, with what has to be kept in the caller's commit.
    pub(super) async fn let_in_later(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        candidate: Candidate<'_>,
    ) -> Result<(PlanRow, PlanState, Beside), Error> {
        let verdict = self.judge_plan(tenant, hands, (&candidate.plan, candidate.asks_people)).await?;
        let Some(state) = PlanState::new(&candidate.plan, &verdict) else {
            return Err(Error::Plan(PlanRefusal::Gate(verdict.reasons)));
        };
        let (row, leaf, told) = self.admitted(tenant, candidate, (&state, verdict)).await?;
        let put = PlanWrite::Put { expected_version: 0, row: Box::new(row.clone()) };
        let writes = told.into_iter().chain([Write::Plan(put)]).collect();
        Ok((row, state, Beside { leaves: vec![leaf], writes }))
    }

    async fn admitted(
        &self,
        tenant: &Tenant,
        candidate: Candidate<'_>,
        (state, verdict): (&PlanState, Verdict),
    ) -> Result<(PlanRow, NewLeaf, Vec<Write>), Error> {
        let Candidate { plan, order, actor, incident, undoes, audience, .. } = candidate;
        let (now, radius) = (self.ports.clock.now(), plan.radius());
        let id = self.make_id(IdKind::Plan)?;
        let key = self.plan_key(tenant, &plan).await?;
        let is_by_policy = verdict.outcome == Outcome::Auto;
        let mut told = draft((&id, now), "proposed", (&id, state), actor)
            .fact("origin", &origin(&plan.origin))
            .fact("outcome", &verdict.outcome)
            .fact("reasons", &codes(&verdict.reasons))
            .fact("users", &radius.users)
            .fact("organizations", &radius.organizations)
            .fact("steps", &radius.steps)
            .fact("irreversible", &radius.irreversible);
        for (name, value) in [("incident", &incident), ("undoes", &undoes)] {
            if let Some(value) = value {
                told = told.fact(name, value);
            }
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let mut row = PlanRow {
            version: row_version(state),
            state: state.status.as_str().to_owned(),
            hash: hash_of(state)?,
            origin: origin(&plan.origin).to_owned(),
            incident,
            undoes,
            audience: audience.unwrap_or_else(|| AUDIENCE.to_owned()),
            priority: u8::from(plan.steps.iter().any(is_containment)),
            proposer: actor.principal().to_owned(),
            assignee: None,
            steps: count(radius.steps),
            users: count(radius.users),
            organizations: count(radius.organizations),
            proposed: now,
            due: due(plan.made_at, state.begin_by),
            expires: state.begin_by,
            begun: None,
            halt: None,
            is_by_policy,
            changed: now,
            waits: None,
            try_at: None,
            key_id: key.id.clone(),
            sealed: Vec::new(),
            id: id.clone(),
        };
        let messages = self.tell_of_new_plan(tenant, (&row, &plan, state), (&key, now))?;
        let reasons = verdict.reasons;
        let body = PlanBody { plan, state: state.clone(), reasons, order, redacted: None };
        row.sealed = self.seal_plan(tenant, &key, (&id, &body))?;
        Ok((row, Self::public_leaf(tenant, told)?, messages))
    }
}

fn codes(reasons: &[Reason]) -> String {
    let mut codes: Vec<&str> = reasons.iter().map(Reason::code).collect();
    codes.dedup();
    codes.join(" ")
}
