//! What follows of an answer: of a "no" the verdict, then the plan that it leads to; at once, and again until the tenant could be asked, for
//! some hours.

use std::collections::BTreeSet;

use countersign_auth0::management::UserId;
use countersign_core::{IdKind, Micros};
use countersign_detect::{HOUR, MINUTE};
use countersign_ledger::leaf::Kind;
use countersign_plan::{
    change::{Change, Evidence, OneUser, Order, Origin, Wanted},
    gate::Reason,
};
use countersign_store::{
    Commit, Follow, InquiryFilter, InquiryRow, InquiryState, InquiryWrite, StoreError, Write,
};

use super::{Body, OnNo, Settings};
use crate::{
    App, Error, Tenant,
    acts::{Asked, PlanRefusal},
    leaves::Draft,
    outcomes::{Outcome, PersonVerdict},
};

/// What asks for plans here.
const WORKFLOW: &str = "was_this_you";

/// After so many tries it is given up: some seven hours after the answer.
const LAST_TRY: u32 = 12;

/// Between two tries at first, and twice as long each time, up to an hour.
const PAUSE: Micros = MINUTE;

/// What a try came to.
enum Tried {
    /// The plan is kept, and so is that it is.
    Proposed,
    /// Another process was faster, or the person was erased.
    Moot,
    /// Nothing of it has to be done.
    Needless,
    /// It can't be planned, now or later.
    Never(&'static str),
    /// The tenant could not be asked, or the database.
    Later(&'static str),
}

impl Settings {
    /// What is proposed where a question stands so.
    fn wanted(&self, state: InquiryState) -> Option<&BTreeSet<OnNo>> {
        let wanted = match state {
            InquiryState::No => &self.on_no,
            InquiryState::NoAnswer => &self.on_no_answer,
            _ => return None,
        };
        (!wanted.is_empty()).then_some(wanted)
    }

    /// Whether something follows where a question stands so: of a "no" the verdict in any case. Of "yes" nothing does, and it lifts nothing.
    pub(super) fn is_followed(&self, state: InquiryState) -> bool {
        state == InquiryState::No || self.wanted(state).is_some()
    }
}

impl App {
    /// Does what follows of an answer that was given just now. Why no error: the answer is kept, and the job tries again.
    pub(super) async fn follow_answer(&self, tenant: &Tenant, id: &str) {
        let followed = async {
            let filter = InquiryFilter::Id(id.to_owned());
            let row = self.ports.store.list_inquiries(&tenant.id, filter, 1).await?.pop();
            match row.filter(|row| row.follow == Some(Follow::Pending)) {
                Some(row) => self.follow(tenant, &row).await.map(drop),
                None => Ok(()),
            }
        };
        if let Err(error) = followed.await {
            tracing::warn!(tenant.id = %tenant.id, inquiry.id = id, code = error.code(), "what follows of a user's answer is done later");
        }
    }

    /// Tries to do what follows of an answer; whether it came to an end.
    pub(super) async fn follow(&self, tenant: &Tenant, row: &InquiryRow) -> Result<bool, Error> {
        let (follow, why) = match self.try_plan(tenant, row).await {
            Tried::Proposed | Tried::Moot => return Ok(true),
            Tried::Needless => (Follow::Needless, "empty"),
            Tried::Never(why) => (Follow::Failed, why),
            Tried::Later(why) if row.follow_tries + 1 < LAST_TRY => (Follow::Pending, why),
            Tried::Later(why) => (Follow::Failed, why),
        };
        let now = self.ports.clock.now();
        let pause = PAUSE.saturating_mul(1_i64 << row.follow_tries.min(16)).min(HOUR);
        let write = Write::Inquiry(follow_write(row, (follow, None), now.plus(pause)));
        let record = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&record, now, Kind::Outcome)
            .fact("outcome", &format!("inquiry_plan_{}", follow.as_str()))
            .fact("inquiry", &row.id)
            .fact("decision", &row.decision)
            .fact("reason", &why);
        let is_over = follow != Follow::Pending;
        let leaf = is_over.then(|| Self::public_leaf(tenant, draft)).transpose()?;
        if follow == Follow::Failed {
            tracing::error!(tenant.id = %tenant.id, inquiry.id = row.id, code = why, "no plan could be proposed of a user's answer: look at it");
        }
        let leaves = leaf.into_iter().collect();
        let commit = Commit { leaves, writes: vec![write], ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(is_over),
            Err(StoreError::Stale) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    async fn try_plan(&self, tenant: &Tenant, row: &InquiryRow) -> Tried {
        if let Err(error) = self.tell_verdict(tenant, row).await {
            return Tried::Later(error.code());
        }
        let order = match self.order_of(tenant, row).await {
            Ok(Some(order)) => order,
            Ok(None) if is_verdict_alone(tenant, row) => return Tried::Needless,
            Ok(None) => return Tried::Never("not_configured"),
            Err(Error::Erased) => return Tried::Moot,
            Err(error) => return Tried::Later(error.code()),
        };
        let asked = Asked { order, by: WORKFLOW, incident: None, asks_people: true, audience: None };
        let now = self.ports.clock.now();
        // Why in one commit: it is proposed once, also where the process ends in between or another one tries as well.
        let more = |plan: &str| {
            let follow = (Follow::Proposed, Some(plan.to_owned()));
            vec![Write::Inquiry(follow_write(row, follow, now))]
        };
        match self.propose_order_with(tenant, asked, more).await {
            Ok(_) => Tried::Proposed,
            Err(Error::Stale | Error::Erased) => Tried::Moot,
            Err(Error::Plan(PlanRefusal::Gate(reasons))) if reasons == [Reason::Empty] => Tried::Needless,
            Err(
                error @ Error::Plan(PlanRefusal::Faults(_) | PlanRefusal::Gate(_) | PlanRefusal::NoHands),
            ) => Tried::Never(error.code()),
            Err(error) => Tried::Later(error.code()),
        }
    }

    /// Tells the verdict of a "no". It is told with each try, and counts once.
    async fn tell_verdict(&self, tenant: &Tenant, row: &InquiryRow) -> Result<(), Error> {
        if row.state != InquiryState::No {
            return Ok(());
        }
        let verdict =
            Outcome::Verdict { decision_id: row.decision.clone(), verdict: PersonVerdict::Fraudulent };
        match self.report_own(tenant, &verdict).await {
            Ok(_) | Err(Error::Erased | Error::NotKept | Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What is wanted after an answer; `None` where nothing is any more.
    async fn order_of(&self, tenant: &Tenant, row: &InquiryRow) -> Result<Option<Order>, Error> {
        let Some(wanted) = tenant.inquiry_settings()?.wanted(row.state) else { return Ok(None) };
        let body: Body = self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await?;
        let Ok(user) = body.user.parse::<UserId>() else { return Ok(None) };
        let (title, reason) = match row.state {
            InquiryState::No => {
                ("A user says that a sign-in was not theirs", "the user says that a sign-in was not theirs")
            }
            _ => (
                "A user does not say whether a sign-in was theirs",
                "the user was asked, and did not answer in time",
            ),
        };
        let one = |what: &OnNo| Wanted {
            change: change(what, &user),
            reason: reason.to_owned(),
            evidence: vec![Evidence::Decision { id: row.decision.clone() }],
        };
        Ok(Some(Order {
            tenant: tenant.id.clone(),
            title: title.to_owned(),
            origin: Origin::Workflow { workflow: WORKFLOW.to_owned(), person: None },
            wanted: wanted.iter().map(one).collect(),
        }))
    }
}

fn change(what: &OnNo, user: &UserId) -> Change {
    let one = OneUser { user: user.clone() };
    match what {
        OnNo::BlockUser => Change::BlockUser(one),
        OnNo::RevokeAccess => Change::RevokeAccess(one),
        OnNo::ForcePasswordReset => Change::ForcePasswordReset(one),
    }
}

fn follow_write(
    row: &InquiryRow,
    (follow, plan): (Follow, Option<String>),
    next: countersign_core::Timestamp,
) -> InquiryWrite {
    InquiryWrite::Follow { id: row.id.clone(), tries: row.follow_tries, follow, next, plan }
}

/// Whether an answer leads to a verdict and to no plan.
fn is_verdict_alone(tenant: &Tenant, row: &InquiryRow) -> bool {
    let is_planned = tenant.inquiry_settings().is_ok_and(|settings| settings.wanted(row.state).is_some());
    row.state == InquiryState::No && !is_planned
}
