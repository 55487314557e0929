//! Into a tenant and out again.
//!
//! [`plan`] compares what is wanted with what was read. Ours is what was made or taken over from here, by its id
//! ([`Owned`]); what merely is called as ours is keeps a plan from being applied. Nothing else is touched, but that the
//! order of a trigger's Actions, which Auth0 takes as a whole, is written with ours in its place.

mod actions;
mod api;
mod bindings;
mod capability;
mod client;
mod event_stream;
mod foreign;
mod goal;
mod log_stream;
mod observed;
mod owned;
mod strangers;
mod streams;

use std::collections::BTreeMap;

use countersign_core::TenantId;

pub use self::{
    actions::{RUNTIME, action_name, trigger_version},
    api::{API_NAME, API_SCOPES, TOKEN_SECONDS},
    bindings::{Slot, splice},
    capability::{Autonomy, Capability, is_read, needs},
    client::{CLIENT_DESCRIPTION, CLIENT_NAME, CLIENT_SECRET, audience},
    event_stream::{EVENT_STREAM_NAME, EVENT_TOKEN, EVENT_TYPES},
    foreign::{Collision, collisions},
    goal::{ActionGoal, ApiGoal, ClientGoal, EventStreamGoal, Goal, LogStreamGoal, Place, PlaceError},
    log_stream::{LOG_CATEGORIES, LOG_STREAM_NAME, LOG_TOKEN},
    observed::{Observed, TRIGGERS, code, deployed_code, is_our_code, name},
    owned::Owned,
    strangers::adoptable,
};
pub use crate::WordError;
use crate::{Finding, Need, Phase, Plan, Purpose, Step};

/// Under what the fingerprint of something's secrets is kept: of `log_stream`, `event_stream`, `client`, whose kept secret it
/// is, and `actions`, which stands for all Actions where it is wanted, and for one, as `actions.post-login`, where it was set.
#[must_use]
pub fn secret_key(of: &str, tenant: &TenantId) -> String {
    format!("{of}@{tenant}")
}

/// Steps and findings, as they are collected.
#[derive(Default)]
pub(crate) struct Draft {
    /// What is created and changed.
    steps: Vec<Step>,
    /// What is deleted, after everything that could refer to it.
    deletes: Vec<Step>,
    findings: Vec<Finding>,
}

/// What has to be done so that a tenant is as wanted, with what [`Goal::adopt`] names taken over. Empty when it is.
#[must_use]
pub fn plan(goal: &Goal, observed: &Observed) -> Plan {
    let mut needs: Vec<Need> =
        goal.capabilities.iter().flat_map(|(capability, autonomy)| needs(*capability, *autonomy)).collect();
    if goal.client.is_some() {
        needs.extend(capability::client_needs());
    }
    let strangers::Adoption { adopts, findings } = strangers::adopt(goal, observed);
    let mut observed = observed.clone();
    adopts.iter().for_each(|(what, id)| observed.owned.add(what, id));
    let mut plan = make(Purpose::Install, goal, &observed, needs);
    plan.findings.splice(0..0, findings);
    plan.adopts = adopts;
    plan
}

/// The order of a trigger's Actions as it is wanted; `None` when our place is told by an Action that is not there.
#[must_use]
pub fn order(goal: &Goal, observed: &Observed, trigger: countersign_core::Trigger) -> Option<Vec<Slot>> {
    bindings::wanted(goal, observed, trigger)
}

/// The scopes of the service's client, each once, in order.
#[must_use]
pub fn client_scopes(goal: &Goal) -> Vec<String> {
    let needs: Vec<Need> =
        goal.capabilities.iter().flat_map(|(capability, autonomy)| needs(*capability, *autonomy)).collect();
    serve_scopes(&needs)
}

/// What has to be done so that nothing of us is left: what is called as ours is and is not stays, and is told.
#[must_use]
pub fn remove(tenant: &TenantId, domain: &str, observed: &Observed) -> Plan {
    let of = |capability| needs(capability, Autonomy::Report);
    let mut needs: Vec<Need> = [Capability::Decide, Capability::Ingest, Capability::Events, Capability::Api]
        .into_iter()
        .flat_map(of)
        .collect();
    needs.extend(capability::client_needs());
    needs.retain(|need| {
        need.phase == Phase::Install && !need.scope.starts_with("create:") && need.scope != "read:client_keys"
    });
    make(Purpose::Remove, &Goal::nothing(tenant.clone(), domain), observed, needs)
}

fn make(purpose: Purpose, goal: &Goal, observed: &Observed, mut needs: Vec<Need>) -> Plan {
    needs.sort();
    needs.dedup();
    let mut draft = Draft::default();
    api::plan(goal, observed, &mut draft);
    client::plan(goal, observed, &serve_scopes(&needs), &mut draft);
    log_stream::plan(goal, observed, &mut draft);
    event_stream::plan(goal, observed, &mut draft);
    actions::plan(goal, observed, &mut draft);
    draft.findings.extend(match purpose {
        Purpose::Install => foreign::findings(goal, observed),
        Purpose::Remove => strangers::left(goal, observed),
    });
    let Draft { mut steps, deletes, findings } = draft;
    steps.extend(deletes);
    needs.extend(further_needs(&steps, &needs));
    needs.sort();
    needs.dedup();
    Plan {
        v: 1,
        purpose,
        tenant: goal.tenant.clone(),
        domain: goal.domain.clone(),
        adopts: BTreeMap::new(),
        places: goal.actions.iter().map(|(trigger, wanted)| (*trigger, wanted.place.clone())).collect(),
        steps,
        needs,
        findings,
    }
}

/// What steps need beyond the capabilities that are wanted: to take out what is wanted no more.
fn further_needs(steps: &[Step], needs: &[Need]) -> Vec<Need> {
    let is_known = |scopes: &[&str]| {
        needs.iter().any(|need| need.phase == Phase::Install && scopes.contains(&need.scope.as_str()))
    };
    let requests = steps.iter().flat_map(|step| {
        [&step.act.request, &step.act.before.read, &step.act.after.read].map(|request| (step, request))
    });
    let further = requests.filter_map(|(step, request)| {
        let scopes = request.operation()?.scopes;
        let scope = scopes.first().filter(|_| !is_known(scopes))?;
        let why = if is_read(scope) { "look before and after".to_owned() } else { step.reason.clone() };
        Some(Need {
            phase: Phase::Install,
            scope: (*scope).to_owned(),
            capability: "left over".to_owned(),
            why,
        })
    });
    further.collect()
}

/// The scopes of the service's client, each once.
fn serve_scopes(needs: &[Need]) -> Vec<String> {
    let scopes = needs.iter().filter(|need| need.phase == Phase::Serve).map(|need| (need.scope.clone(), ()));
    scopes.collect::<BTreeMap<_, _>>().into_keys().collect()
}
