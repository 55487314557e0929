//! Which Actions stand in the flows that may ask for a second factor.

use std::collections::BTreeSet;

use countersign_privacy::Tag;

use crate::{
    Event, Finding, Severity, World,
    admin::Call,
    detectors::bound::Flow,
    state::{History, Table},
};

/// The most Actions of a flow that are kept.
const ACTIONS: usize = 64;

/// Finds Actions that are no longer in their flow. Why not by their number: who replaces the one that asks for the factor by one
/// that does nothing keeps it.
pub(super) fn lost(
    flows: &mut Table<History<BTreeSet<Tag>>>,
    call: &Call,
    event: &Event<'_>,
    world: &World<'_>,
) -> Option<Finding> {
    let ["actions", "triggers", trigger @ ("post-login" | "post-challenge"), "bindings"] = call.path()[..]
    else {
        return None;
    };
    let Flow { known, unknown } = Flow::of(call)?;
    let now: BTreeSet<Tag> =
        known.iter().take(ACTIONS).map(|id| event.tag("action", id.as_bytes())).collect();
    let history = flows.entry(event.tag("flow", trigger.as_bytes()));
    let before = history.before(event.at()).cloned();
    if unknown == 0 {
        history.set(event.at(), event.seq, now.clone());
    }
    let (severity, was) = match before {
        Some(before) if before.difference(&now).count() > unknown => (Severity::Medium, before.len()),
        // Why low: an empty flow may never have asked for a factor.
        None if now.is_empty() && unknown == 0 => (Severity::Low, 1),
        _ => return None,
    };
    let severity = call.severity(severity, world.context);
    let finding = Finding::new(severity, event.tenant(), event.at()).shown_by([event.seq]);
    Some(finding.counted("actions", now.len() + unknown, was))
}
