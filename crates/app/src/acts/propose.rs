//! Proposing: what is wanted, read at the tenant, planned and let in.

use countersign_plan::{
    change::{Frame, Order, Origin, Person, Wanted, own_faults, plan_changes},
    review::PlanState,
};
use countersign_rights::{How, PrincipalKind};
use countersign_store::{PlanRow, Write};

use super::{Hands, PlanHead, PlanRefusal, admit::Candidate, beside::Beside, look, told::Actor};
use crate::{
    App, Error, Lead, Tenant,
    access::{Caller, Permit},
};

/// What somebody wants of a tenant.
#[derive(Debug, Clone)]
pub struct NewPlan {
    /// What they call it.
    pub title: String,
    /// The changes.
    pub wanted: Vec<Wanted>,
    /// The incident that it is about.
    pub incident: Option<String>,
}

/// An order of the service itself: a playbook's or a workflow's.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// What is wanted.
    pub order: Order,
    /// Which part of the service asks.
    pub by: &'a str,
    /// The incident that it is about.
    pub incident: Option<String>,
    /// Whether people are asked in any case.
    pub asks_people: bool,
    /// In whose queue its plan stands; `None`: in that of security.
    pub audience: Option<String>,
}

/// How an order is let in.
struct Entry<'a> {
    actor: Actor<'a>,
    asks_people: bool,
    audience: Option<String>,
}

impl App {
    /// Who a caller is to the identity provider; `None` for programs, commands beside the data and links.
    pub(super) async fn person(&self, caller: &Caller) -> Result<Option<Person>, Error> {
        let principal = caller.principal();
        if principal.kind != PrincipalKind::Person || principal.how != How::Oidc {
            return Ok(None);
        }
        let row = self.ports.store.get_person(&principal.id).await?;
        Ok(row.map(|row| Person { issuer: row.issuer, subject: row.subject }))
    }

    /// As `answerable`, of a principal by id: who did something before, in whose name the service goes on.
    pub(crate) async fn answerable_by_id(&self, principal: &str) -> Result<Option<Person>, Error> {
        let row = self.person_behind_id(principal).await?;
        Ok(row.map(|row| Person { issuer: row.issuer, subject: row.subject }))
    }

    /// Whose own a plan of a caller's is, so that they can't approve it: theirs, or of a program theirs who made its token. `None` where
    /// nobody is known: a command beside the data says a name that nothing proves, and an access token names a client.
    pub(crate) async fn answerable(&self, caller: &Caller) -> Result<Option<Person>, Error> {
        if let Some(person) = self.person(caller).await? {
            return Ok(Some(person));
        }
        let behind = self.person_behind(caller).await?;
        Ok(behind.map(|row| Person { issuer: row.issuer, subject: row.subject }))
    }

    /// Plans what a caller wants, and lets it in.
    ///
    /// # Errors
    /// `Plan` where it can't be planned or is not taken; `Unavailable`.
    pub async fn propose_plan(&self, permit: &Permit, wanted: NewPlan) -> Result<PlanHead, Error> {
        let caller = permit.caller();
        let origin = match self.person(caller).await? {
            Some(person) => Origin::Person { person },
            None => {
                Origin::Workflow { workflow: caller.id().to_owned(), person: self.answerable(caller).await? }
            }
        };
        let NewPlan { title, wanted, incident } = wanted;
        let order = Order { tenant: permit.id.clone(), title, origin, wanted };
        let hands = permit.hands()?;
        let entry = Entry { actor: Actor::Person(caller.id()), asks_people: false, audience: None };
        self.let_in(permit, hands, (order, incident), entry).await
    }

    /// The same, where the incident that it is about has to be there.
    ///
    /// # Errors
    /// As `propose_plan`, and `NotFound`.
    pub async fn propose_about(&self, permit: &Permit, wanted: NewPlan) -> Result<PlanHead, Error> {
        if let Some(incident) = &wanted.incident {
            let found = self.ports.store.find_incident(&permit.id, incident).await?;
            found.ok_or(Error::NotFound("incident"))?;
        }
        self.propose_plan(permit, wanted).await
    }

    /// Plans what a part of the service wants, and lets it in.
    ///
    /// # Errors
    /// As `propose_plan`.
    pub async fn propose_order(&self, tenant: &Tenant, asked: Asked<'_>) -> Result<PlanHead, Error> {
        self.propose_order_with(tenant, asked, |_| Vec::new()).await
    }

    /// As `propose_order`, by a process that has to have the lead.
    pub(super) async fn propose_order_by(
        &self,
        tenant: &Tenant,
        asked: Asked<'_>,
        lead: &Lead,
    ) -> Result<PlanHead, Error> {
        let (row, _, beside) = self.let_in_order(tenant, asked).await?;
        self.keep_admitted(tenant, &row, (beside, lead.fence())).await?;
        Ok(PlanHead::from(row))
    }

    /// Plans what a part of the service wants, with what has to be kept in the caller's commit.
    pub(super) async fn let_in_order(
        &self,
        tenant: &Tenant,
        asked: Asked<'_>,
    ) -> Result<(PlanRow, PlanState, Beside), Error> {
        let Asked { order, by, incident, asks_people, audience } = asked;
        let hands = tenant.hands()?;
        let entry = Entry { actor: Actor::Automation(by), asks_people, audience };
        let candidate = self.candidate(tenant, hands, (order, incident), entry).await?;
        self.let_in_later(tenant, hands, candidate).await
    }

    /// As `propose_order`, with more that stands or falls with the plan of the id that is told.
    pub(crate) async fn propose_order_with(
        &self,
        tenant: &Tenant,
        asked: Asked<'_>,
        more: impl FnOnce(&str) -> Vec<Write> + Send,
    ) -> Result<PlanHead, Error> {
        let (row, _, mut beside) = self.let_in_order(tenant, asked).await?;
        beside.writes.extend(more(&row.id));
        self.keep_admitted(tenant, &row, (beside, None)).await?;
        Ok(PlanHead::from(row))
    }

    async fn let_in(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        wanted: (Order, Option<String>),
        entry: Entry<'_>,
    ) -> Result<PlanHead, Error> {
        let candidate = self.candidate(tenant, hands, wanted, entry).await?;
        let (row, _) = self.admit(tenant, hands, candidate).await?;
        Ok(PlanHead::from(row))
    }

    /// What is wanted as a plan of what the tenant says now.
    async fn candidate<'a>(
        &self,
        tenant: &Tenant,
        hands: &Hands,
        (order, incident): (Order, Option<String>),
        Entry { actor, asks_people, audience }: Entry<'a>,
    ) -> Result<Candidate<'a>, Error> {
        let faults = own_faults(&order, &self.own(tenant).await?);
        if !faults.is_empty() {
            return Err(Error::Plan(PlanRefusal::Faults(faults)));
        }
        let reads = look::read(tenant, hands, &order).await?;
        let good_for = hands.settings.rules(None, order.origin.workflow()).waits_for();
        let frame = Frame { at: self.ports.clock.now(), good_for, receivers: hands.receivers() };
        let plan = plan_changes(&order, &reads, &frame)
            .map_err(|faults| Error::Plan(PlanRefusal::Faults(faults)))?;
        Ok(Candidate { plan, order: Some(order), actor, incident, undoes: None, asks_people, audience })
    }
}
