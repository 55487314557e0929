//! Whether two plans are about the same things of a tenant.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Part, change::ChangePlan};

/// What a plan reaches: whom its steps touch, and what their requests name in their paths. Rather too much than too little.
fn reached(plan: &ChangePlan) -> BTreeSet<&str> {
    let mut reached = BTreeSet::new();
    for step in &plan.steps {
        let scope = &step.scope;
        reached.extend(scope.users.iter().map(countersign_auth0::management::UserId::as_str));
        reached.extend(scope.organizations.iter().map(crate::change::Organization::as_str));
        reached.extend(scope.clients.iter().map(countersign_core::ClientId::as_str));
        let named = step.write.template().into_iter().flat_map(|template| &template.parameters);
        reached.extend(named.filter_map(|part| match part {
            Part::Value(Value::String(text)) => Some(text.as_str()),
            _ => None,
        }));
    }
    reached
}

/// Whether one of the plans is about something that `other` is about too.
#[must_use]
pub fn is_about_the_same(plans: &[&ChangePlan], other: &ChangePlan) -> bool {
    let theirs = reached(other);
    let is_other_for_all = other.radius().is_everybody;
    plans
        .iter()
        .any(|plan| is_other_for_all && plan.radius().is_everybody || !reached(plan).is_disjoint(&theirs))
}
