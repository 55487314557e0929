//! What a rule says that its author can hardly have meant.

use super::{
    condition::Expr,
    document::Detection,
    located::{Faults, Spot, quoted},
    selection::{Kinds, Selection, kinds},
};

/// The fields at the top of a log entry, by the vendor's schemas.
const TOP: &[&str] = &[
    "$event_schema",
    "_id",
    "agent_id",
    "audience",
    "auth0_client",
    "client_id",
    "client_ip",
    "client_name",
    "connection",
    "connection_id",
    "date",
    "description",
    "details",
    "environment_name",
    "external_agent_id",
    "hostname",
    "id",
    "identity_user_id",
    "ip",
    "isMobile",
    "is_mobile",
    "location_info",
    "log_id",
    "organization_id",
    "organization_name",
    "references",
    "scope",
    "security_context",
    "session_id",
    "strategy",
    "strategy_type",
    "tenant_name",
    "transaction_linking_id",
    "type",
    "user_agent",
    "user_id",
    "user_name",
];

/// Warns of fields that no entry has.
pub(super) fn fields(selection: &Selection, faults: &mut Faults) {
    let mut items = Vec::new();
    selection.test.items(&mut items);
    for item in items {
        let Some(field) = &item.field else { continue };
        let path = field.path();
        let first = path.split('.').next().unwrap_or_default();
        if !TOP.contains(&first) {
            let what = format!("entries have no `{}` at the top", quoted(first));
            let right = if matches!(first, "request" | "response") {
                format!("`details.{}`", quoted(&path))
            } else {
                "a field of the log's schema".to_owned()
            };
            faults.warn(item.spot, what, right);
        }
    }
}

/// The most selections whose combinations are tried.
const MAX_TRIED: usize = 10;

/// Tells of selections that nothing uses, and of conditions that hold always, never, or for what nobody named.
pub(super) fn condition(detection: &Detection, also_used: &[usize], faults: &mut Faults) {
    let mut used = also_used.to_vec();
    detection.condition.selections(&mut used);
    for (index, selection) in detection.selections.iter().enumerate() {
        if !used.contains(&index) {
            let what = format!("the condition does not use `{}`", quoted(&selection.name));
            faults.warn(selection.spot, what, "name it in the condition, or take it out");
        }
    }
    let spot = detection.spot;
    match always(&detection.condition, detection.selections.len()) {
        Some(true) => faults.error(spot, "the condition holds for every entry", "it must tell entries apart"),
        Some(false) => {
            faults.error(spot, "the condition can never hold", "what is demanded must not be excluded");
        }
        None => types(detection, spot, faults),
    }
}

fn types(detection: &Detection, spot: Spot, faults: &mut Faults) {
    match kinds(&detection.condition, &detection.selections) {
        Kinds::Only(kinds) if kinds.is_empty() => {
            faults.error(
                spot,
                "no log type fulfills the condition",
                "an entry has one `type`, and it is always told",
            );
        }
        Kinds::Any => {
            let right = "`type: sapi` in a selection that each way to fulfill the condition demands";
            faults.warn(spot, "the condition can hold for entries of any type", right);
        }
        Kinds::Only(_) => {}
    }
}

/// What the condition says of every combination of selections, if it says one thing.
fn always(expr: &Expr, selections: usize) -> Option<bool> {
    if selections > MAX_TRIED {
        return None;
    }
    let mut said =
        (0..1_u32 << selections).map(|combination| expr.eval(&mut |index| combination >> index & 1 == 1));
    let first = said.next()?;
    said.all(|next| next == first).then_some(first)
}
