//! Which Actions stand in which flow.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Event, Severity, admin::Call, state::History};

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
        let now: BTreeSet<String> =
            bound(call)?.into_iter().filter(|id| guarded.contains(*id)).map(str::to_owned).collect();
        let is_elsewhere = |id: &String| {
            self.0.iter().any(|(other, history)| {
                other != trigger && history.newest().is_some_and(|ids| ids.contains(id))
            })
        };
        let is_missing = !guarded.is_empty() && now.is_empty() && !guarded.iter().all(is_elsewhere);
        let before = self.0.get(trigger).and_then(|history| history.before(event.at()).cloned());
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

/// The ids of the Actions in the flow after the call; `None` where that can't be told. Only ids count: whoever edits a flow chooses
/// the names.
fn bound(call: &Call) -> Option<Vec<&str>> {
    let body = [&call.response, &call.request]
        .into_iter()
        .find(|body| body.get("bindings").is_some_and(Value::is_array))?;
    let bindings = body.get("bindings")?.as_array()?;
    let ids: Vec<&str> = bindings.iter().filter_map(id).collect();
    (ids.len() == bindings.len()).then_some(ids)
}

fn id(binding: &Value) -> Option<&str> {
    if let Some(id) = binding.pointer("/action/id") {
        return id.as_str();
    }
    let by = binding.get("ref")?;
    if by.get("type")?.as_str()? == "action_id" { by.get("value")?.as_str() } else { None }
}
