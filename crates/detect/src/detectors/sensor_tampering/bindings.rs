//! Which Actions stand in which flow.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Event, Severity, admin::Call, detectors::bound::Flow, state::History};

/// The most flows that are followed; Auth0 has some twenty triggers.
const TRIGGERS: usize = 64;

/// The guarded Actions in each flow.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Bindings(BTreeMap<String, History<BTreeSet<String>>>);

impl Bindings {
    /// How bad it is what the call made of a flow.
    pub(super) fn change(
        &mut self,
        trigger: &str,
        call: &Call,
        event: &Event<'_>,
        guarded: &BTreeSet<String>,
    ) -> Option<Severity> {
        let Flow { known, unknown } = Flow::of(call)?;
        let now: BTreeSet<String> =
            known.into_iter().filter(|id| guarded.contains(*id)).map(str::to_owned).collect();
        let before = self.0.get(trigger).and_then(|history| history.before(event.at()).cloned());
        if unknown > 0 {
            // Why not kept: what was there before may be there still.
            return lost(before, &now, unknown);
        }
        let is_elsewhere = |id: &String| {
            self.0.iter().any(|(other, history)| {
                other != trigger && history.newest().is_some_and(|ids| ids.contains(id))
            })
        };
        let is_missing = !guarded.is_empty() && now.is_empty() && !guarded.iter().all(is_elsewhere);
        if self.0.len() < TRIGGERS || self.0.contains_key(trigger) {
            self.0.entry(trigger.to_owned()).or_default().set(event.at(), event.seq, now.clone());
        }
        match before {
            Some(before) => (!before.is_subset(&now)).then_some(Severity::High),
            // Why by the flow: every sign-in passes this one, and an Action of ours is in it wherever there is one. What was in the
            // others nobody knows.
            None if is_missing && trigger == "post-login" => Some(Severity::High),
            None => is_missing.then_some(Severity::Low),
        }
    }
}

/// How bad it is where some in the flow are not told by their ids: any of these may be ours, and no more than their number.
fn lost(before: Option<BTreeSet<String>>, now: &BTreeSet<String>, unknown: usize) -> Option<Severity> {
    match before?.difference(now).count() {
        0 => None,
        missing if missing <= unknown => Some(Severity::Medium),
        _ => Some(Severity::High),
    }
}
