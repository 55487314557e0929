//! What stands in a flow after a call that sets its bindings.

use serde_json::Value;

use crate::admin::Call;

/// The Actions in a flow after a call.
pub(super) struct Flow<'c> {
    /// By their ids. Only ids count: whoever edits a flow chooses the names.
    pub known: Vec<&'c str>,
    /// How many are told otherwise.
    pub unknown: usize,
}

impl<'c> Flow<'c> {
    /// `None` where the call does not tell what is in the flow.
    pub(super) fn of(call: &'c Call) -> Option<Self> {
        let body = [&call.response, &call.request]
            .into_iter()
            .find(|body| body.get("bindings").is_some_and(Value::is_array))?;
        let bindings = body.get("bindings")?.as_array()?;
        let known: Vec<&str> = bindings.iter().filter_map(id).collect();
        let unknown = bindings.len() - known.len();
        Some(Self { known, unknown })
    }
}

fn id(binding: &Value) -> Option<&str> {
    if let Some(id) = binding.pointer("/action/id") {
        return id.as_str();
    }
    let by = binding.get("ref")?;
    if by.get("type")?.as_str()? == "action_id" { by.get("value")?.as_str() } else { None }
}
