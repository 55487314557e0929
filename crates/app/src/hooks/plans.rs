//! What receivers are told of plans.

use std::collections::BTreeMap;

use countersign_core::Timestamp;
use countersign_plan::{
    change::{ChangePlan, Origin},
    review::{Act, PlanState, Status},
};
use countersign_store::{PlanRow, Write};
use serde_json::{Value, json};

use super::{Topic, notice::Notice, words::faceless};
use crate::{App, Error, Tenant, subjects::PersonKey};

/// The most characters of a title.
const MAX_TITLE: usize = 200;

/// The event of an act on a plan; `None`: nobody is told of it.
const fn kind(act: &Act) -> Option<&'static str> {
    Some(match act {
        Act::Settle => return None,
        Act::Approve { .. } => "plan.approved",
        Act::Reject { .. } => "plan.rejected",
        Act::Withdraw { .. } | Act::Recall => "plan.withdrawn",
        Act::Expire => "plan.expired",
        Act::Supersede { .. } => "plan.superseded",
        Act::Begin { .. } => "plan.begun",
        Act::Finish => "plan.done",
        Act::Halt => "plan.halted",
        Act::Resume => "plan.resumed",
        Act::Fail => "plan.failed",
        Act::Erase => "plan.erased",
        // The fresh plan is told of by itself.
        Act::Renew { .. } => return None,
    })
}

impl App {
    /// What is told of a plan that was let in; of one that is a report alone nothing is.
    pub(crate) fn tell_of_new_plan(
        &self,
        tenant: &Tenant,
        (row, plan, state): (&PlanRow, &ChangePlan, &PlanState),
        (key, at): (&PersonKey, Timestamp),
    ) -> Result<Vec<Write>, Error> {
        let kind = match state.status {
            Status::Reported => return Ok(Vec::new()),
            Status::Approved => "plan.approved",
            _ => "plan.proposed",
        };
        self.notices(tenant, notice(tenant, kind, (row, plan, state)), (key, at))
    }

    /// What is told of an act on a plan, and of the plan that it took back.
    pub(crate) fn tell_of_act(
        &self,
        tenant: &Tenant,
        act: &Act,
        (row, plan, state): (&PlanRow, &ChangePlan, &PlanState),
        (key, at): (&PersonKey, Timestamp),
    ) -> Result<Vec<Write>, Error> {
        let Some(kind) = kind(act) else { return Ok(Vec::new()) };
        let mut writes = self.notices(tenant, notice(tenant, kind, (row, plan, state)), (key, at))?;
        if let (Act::Finish, Some(undone)) = (act, &row.undoes) {
            let about = Notice {
                about: undone.clone(),
                event: format!("plan.undone {}", row.id),
                ..notice(tenant, "plan.undone", (row, plan, state))
            };
            writes.extend(self.notices(tenant, about, (key, at))?);
        }
        Ok(writes)
    }
}

/// What is told of a plan's text.
struct Said {
    title: String,
    changes: Vec<String>,
    irreversible: usize,
    approvals: usize,
}

fn notice(
    tenant: &Tenant,
    kind: &'static str,
    (row, plan, state): (&PlanRow, &ChangePlan, &PlanState),
) -> Notice {
    Notice {
        kind,
        about: row.id.clone(),
        event: format!("{kind} {}", row.version),
        topic: Some((Topic::Plans, row.audience.clone())),
        data: data(tenant, (row, plan, state)),
    }
}

fn data(tenant: &Tenant, (row, plan, state): (&PlanRow, &ChangePlan, &PlanState)) -> Value {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for step in &plan.steps {
        *kinds.entry(step.kind.as_str()).or_default() += 1;
    }
    let changes: Vec<_> = kinds.iter().map(|(kind, times)| format!("{kind} ×{times}")).collect();
    // Why not a person's own words: on pages they are opened with a reason.
    let title = match &plan.origin {
        Origin::Incident { .. } => faceless(&plan.title, MAX_TITLE),
        _ => changes.join(", "),
    };
    let (irreversible, approvals) = (plan.radius().irreversible, state.approvals.len());
    told(tenant, row, Said { title, changes, irreversible, approvals })
}

fn told(tenant: &Tenant, row: &PlanRow, said: Said) -> Value {
    let Said { title, changes, irreversible, approvals } = said;
    json!({
        "plan_id": row.id,
        "title": title,
        "state": row.state,
        "changes": changes,
        "steps": row.steps,
        "users": row.users,
        "organizations": row.organizations,
        "irreversible": irreversible,
        "approvals": approvals,
        "by_policy": row.is_by_policy,
        "audience": row.audience,
        "origin": row.origin,
        "incident_id": row.incident,
        "undoes": row.undoes,
        "expires": row.expires,
        "path": format!("/plans/{}?tenant={}", row.id, tenant.id),
    })
}
