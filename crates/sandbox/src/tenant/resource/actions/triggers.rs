//! Where Actions run: the triggers of a tenant, with their versions and runtimes (as recorded in August 2026).

use serde_json::{Value, json};

use crate::tenant::{Context, Fault, Item, Reply};

/// A version of a trigger.
struct Trigger {
    id: &'static str,
    version: &'static str,
    is_current: bool,
    runtimes: &'static [&'static str],
    default_runtime: &'static str,
    is_bound_by_entity: bool,
    compatible: &'static [&'static str],
}

const BOTH: &[&str] = &["node18-actions", "node22"];
const NEWEST: &[&str] = &["node22"];

const fn current(id: &'static str, version: &'static str) -> Trigger {
    let (runtimes, default_runtime) = (BOTH, "node22");
    Trigger {
        id,
        version,
        is_current: true,
        runtimes,
        default_runtime,
        is_bound_by_entity: false,
        compatible: &[],
    }
}

const fn old(id: &'static str) -> Trigger {
    Trigger { is_current: false, runtimes: NEWEST, default_runtime: "node12", ..current(id, "v1") }
}

const fn of_entity(id: &'static str) -> Trigger {
    Trigger { runtimes: NEWEST, is_bound_by_entity: true, ..current(id, "v1") }
}

const TRIGGERS: &[Trigger] = &[
    Trigger { compatible: &["v2"], ..current("post-login", "v3") },
    old("post-login"),
    Trigger {
        is_current: false,
        runtimes: &["node18", "node22"],
        default_runtime: "node16",
        ..current("post-login", "v2")
    },
    current("credentials-exchange", "v2"),
    old("credentials-exchange"),
    current("pre-user-registration", "v2"),
    old("pre-user-registration"),
    old("post-user-registration"),
    current("post-user-registration", "v2"),
    old("post-change-password"),
    current("post-change-password", "v2"),
    current("send-phone-message", "v2"),
    old("send-phone-message"),
    current("password-reset-post-challenge", "v1"),
    current("custom-phone-provider", "v1"),
    current("custom-email-provider", "v1"),
    Trigger { runtimes: &["node18", "node22"], ..of_entity("custom-token-exchange") },
    of_entity("event-stream"),
    of_entity("password-hash-migration"),
    of_entity("mcp-tool"),
];

pub fn list(_: &mut Context<'_>) -> Result<Reply, Fault> {
    let triggers: Vec<Value> = TRIGGERS
        .iter()
        .map(|trigger| {
            let compatible = trigger.compatible.iter();
            json!({
                "id": trigger.id,
                "version": trigger.version,
                "status": if trigger.is_current { "CURRENT" } else { "DEPRECATED" },
                "runtimes": trigger.runtimes,
                "default_runtime": trigger.default_runtime,
                "binding_policy": if trigger.is_bound_by_entity { "entity-bound" } else { "trigger-bound" },
                "compatible_triggers":
                    compatible.map(|version| json!({"id": trigger.id, "version": version})).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(Reply::ok(json!({"triggers": triggers})))
}

/// Whether Actions are bound at the trigger or at an object of another kind; `None` for no trigger.
pub fn is_bound_by_entity(id: &str) -> Option<bool> {
    TRIGGERS.iter().find(|trigger| trigger.id == id).map(|trigger| trigger.is_bound_by_entity)
}

/// Trigger and version of an Action.
pub fn of(action: &Item) -> (&str, &str) {
    let first = action.shown.get("supported_triggers").and_then(|list| list.get(0));
    let text = |name: &str| first.and_then(|trigger| trigger.get(name)).and_then(Value::as_str);
    (text("id").unwrap_or_default(), text("version").unwrap_or_default())
}

/// The triggers that a body names, with versions, and the runtime that goes with them. Without a version it is the current
/// one.
pub fn resolve(named: &Value) -> Result<(Value, &'static str), Fault> {
    let first = named.get(0);
    let text = |name: &str| first.and_then(|trigger| trigger.get(name)).and_then(Value::as_str);
    let (id, version) = (text("id").unwrap_or_default(), text("version"));
    let mut known = TRIGGERS.iter().filter(|trigger| trigger.id == id);
    let found =
        known.find(|trigger| version.map_or(trigger.is_current, |version| trigger.version == version));
    let Some(trigger) = found else {
        let version = version.unwrap_or("current");
        return Err(Fault::invalid_body(format!("Trigger '{id}' with version '{version}' does not exist.")));
    };
    Ok((json!([{"id": trigger.id, "version": trigger.version}]), trigger.default_runtime))
}
