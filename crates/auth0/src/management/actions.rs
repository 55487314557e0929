//! Actions, their versions and where they are bound.

use serde_json::json;

use super::{
    ActionId, ActionVersionId, Endpoint, ExecutionId, Nothing, Operation, Page, Paging, Request, TriggerId,
};
use crate::{Dictionary, Json};

model! {
    /// An Action. Its secrets come without their values.
    Action {
        required {
            /// The id.
            id: ActionId,
        }
        maybe {
            /// The name.
            name: String,
            /// The draft's code.
            code: String,
            /// What it runs on, such as `node22`.
            runtime: String,
            /// `built` when it can be deployed.
            status: String,
            /// Where it can be bound.
            supported_triggers: Vec<ActionTrigger>,
            /// Whether the draft is what runs.
            all_changes_deployed: bool,
            /// What runs, if it was deployed.
            deployed_version: ActionVersion,
        }
    }
}
item!(Action, "actions", id);

model! {
    /// A version of an Action.
    ActionVersion {
        required {
            /// The id.
            id: ActionVersionId,
        }
        maybe {
            /// The Action.
            action_id: ActionId,
            /// The code.
            code: String,
            /// Whether it is what runs.
            deployed: bool,
            /// The how-manieth it is; JSON on purpose, because examples have fractions.
            number: Json,
            /// `built` when it can run.
            status: String,
            /// What it runs on.
            runtime: String,
        }
    }
}
item!(ActionVersion, "versions", id);

model! {
    /// A trigger, or a version of one.
    ActionTrigger {
        required {
            /// The id.
            id: TriggerId,
        }
        maybe {
            /// The version, such as `v3`.
            version: String,
            /// `CURRENT` or `DEPRECATED`.
            status: String,
            /// What its Actions can run on.
            runtimes: Vec<String>,
        }
    }
}
item!(ActionTrigger, "triggers", id);

model! {
    /// An Action's place in a trigger's order.
    Binding {
        required {
            /// The id.
            id: String,
        }
        maybe {
            /// The trigger.
            trigger_id: TriggerId,
            /// The Action.
            action: Action,
            /// What the binding is called.
            display_name: String,
        }
    }
}
item!(Binding, "bindings", id);

model! {
    /// One run of a trigger's Actions.
    Execution {
        required {
            /// The id.
            id: ExecutionId,
        }
        maybe {
            /// The trigger.
            trigger_id: TriggerId,
            /// How it ended.
            status: String,
            /// How each Action ended.
            results: Vec<Dictionary>,
        }
    }
}

/// An Action to be bound, as a request names it.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
pub struct Bound {
    #[serde(rename = "ref")]
    reference: Reference,
    display_name: String,
}

#[derive(Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
enum Reference {
    ActionId(ActionId),
    BindingId(String),
}

impl Bound {
    /// The Action of that id.
    #[must_use]
    pub const fn action(id: ActionId, display_name: String) -> Self {
        Self { reference: Reference::ActionId(id), display_name }
    }

    /// A binding that is there already, kept as it is.
    #[must_use]
    pub const fn kept(id: String, display_name: String) -> Self {
        Self { reference: Reference::BindingId(id), display_name }
    }
}

static LIST: Endpoint<Page<Action>, 0> = Endpoint::get("actions.list", "/actions/actions")
    .scopes(&["read:actions"])
    .query(&["page", "per_page", "triggerId", "actionName"])
    .paging(Paging::Offset);
static GET: Endpoint<Action, 1> =
    Endpoint::get("actions.get", "/actions/actions/{id}").scopes(&["read:actions"]);
static CREATE: Endpoint<Action, 0> = Endpoint::post("actions.create", "/actions/actions")
    .scopes(&["create:actions"])
    .required(&["name", "supported_triggers"]);
static UPDATE: Endpoint<Action, 1> =
    Endpoint::patch("actions.update", "/actions/actions/{id}").scopes(&["update:actions"]);
static DELETE: Endpoint<Nothing, 1> =
    Endpoint::delete("actions.delete", "/actions/actions/{id}").scopes(&["delete:actions"]).query(&["force"]);
static DEPLOY: Endpoint<ActionVersion, 1> =
    Endpoint::post("actions.deploy", "/actions/actions/{id}/deploy").scopes(&["create:actions"]);
static VERSIONS: Endpoint<Page<ActionVersion>, 1> =
    Endpoint::get("actions.versions", "/actions/actions/{actionId}/versions")
        .scopes(&["read:actions"])
        .query(&["page", "per_page"])
        .paging(Paging::Offset);
static VERSION: Endpoint<ActionVersion, 2> =
    Endpoint::get("actions.version", "/actions/actions/{actionId}/versions/{id}").scopes(&["read:actions"]);
static ROLL_BACK: Endpoint<ActionVersion, 2> =
    Endpoint::post("actions.roll_back", "/actions/actions/{actionId}/versions/{id}/deploy")
        .scopes(&["create:actions"]);
static TRIGGERS: Endpoint<Page<ActionTrigger>, 0> =
    Endpoint::get("actions.triggers", "/actions/triggers").scopes(&["read:actions"]);
static BINDINGS: Endpoint<Page<Binding>, 1> =
    Endpoint::get("actions.bindings", "/actions/triggers/{triggerId}/bindings")
        .scopes(&["read:actions"])
        .query(&["page", "per_page"])
        .paging(Paging::Offset);
static SET_BINDINGS: Endpoint<Page<Binding>, 1> =
    Endpoint::patch("actions.set_bindings", "/actions/triggers/{triggerId}/bindings")
        .scopes(&["update:actions"]);
static TEST: Endpoint<Json, 1> = Endpoint::post("actions.test", "/actions/actions/{id}/test")
    .scopes(&["create:actions"])
    .required(&["payload"]);
static EXECUTION: Endpoint<Execution, 1> =
    Endpoint::get("actions.execution", "/actions/executions/{id}").scopes(&["read:actions"]);

pub(super) static OPERATIONS: &[&Operation] = &[
    &LIST.operation,
    &GET.operation,
    &CREATE.operation,
    &UPDATE.operation,
    &DELETE.operation,
    &DEPLOY.operation,
    &VERSIONS.operation,
    &VERSION.operation,
    &ROLL_BACK.operation,
    &TRIGGERS.operation,
    &BINDINGS.operation,
    &SET_BINDINGS.operation,
    &TEST.operation,
    &EXECUTION.operation,
];

/// Lists Actions.
#[must_use]
pub fn list() -> Request<Page<Action>> {
    Request::new(&LIST, [])
}

/// Lists the Actions of that name.
#[must_use]
pub fn named(name: &str) -> Request<Page<Action>> {
    Request::new(&LIST, []).with("actionName", name)
}

/// Reads an Action.
#[must_use]
pub fn get(id: &ActionId) -> Request<Action> {
    Request::new(&GET, [id.as_str()])
}

/// Creates an Action as a draft.
#[must_use]
pub fn create(fields: Dictionary) -> Request<Action> {
    Request::new(&CREATE, []).fields(fields)
}

/// Sets fields of an Action's draft; `secrets` are replaced whole.
#[must_use]
pub fn update(id: &ActionId, fields: Dictionary) -> Request<Action> {
    Request::new(&UPDATE, [id.as_str()]).fields(fields)
}

/// Deletes an Action that is bound nowhere.
#[must_use]
pub fn delete(id: &ActionId) -> Request<Nothing> {
    Request::new(&DELETE, [id.as_str()])
}

/// Makes a version of the draft, which runs some time after the answer.
#[must_use]
pub fn deploy(id: &ActionId) -> Request<ActionVersion> {
    Request::new(&DEPLOY, [id.as_str()])
}

/// Lists an Action's versions.
#[must_use]
pub fn versions(id: &ActionId) -> Request<Page<ActionVersion>> {
    Request::new(&VERSIONS, [id.as_str()])
}

/// Reads a version.
#[must_use]
pub fn version(id: &ActionId, version: &ActionVersionId) -> Request<ActionVersion> {
    Request::new(&VERSION, [id.as_str(), version.as_str()])
}

/// Makes a new version of an older one, which runs some time after the answer.
#[must_use]
pub fn roll_back(id: &ActionId, version: &ActionVersionId) -> Request<ActionVersion> {
    Request::new(&ROLL_BACK, [id.as_str(), version.as_str()]).json(json!({}))
}

/// Lists the triggers, an entry a version.
#[must_use]
pub fn triggers() -> Request<Page<ActionTrigger>> {
    Request::new(&TRIGGERS, [])
}

/// Lists what is bound to a trigger, in order.
#[must_use]
pub fn bindings(trigger: &TriggerId) -> Request<Page<Binding>> {
    Request::new(&BINDINGS, [trigger.as_str()])
}

/// Binds these to a trigger, in this order, and nothing else.
#[must_use]
pub fn set_bindings(trigger: &TriggerId, bindings: &[Bound]) -> Request<Page<Binding>> {
    Request::new(&SET_BINDINGS, [trigger.as_str()]).json(json!({ "bindings": bindings }))
}

/// Runs an Action's draft, once it is built, with an event of one's own; what it asks for is shown and not done. The form
/// of the answer is not documented.
#[must_use]
pub fn test(id: &ActionId, event: &Dictionary) -> Request<Json> {
    Request::new(&TEST, [id.as_str()]).json(json!({ "payload": { "event": event } }))
}

/// Reads how a run of Actions went.
#[must_use]
pub fn execution(id: &ExecutionId) -> Request<Execution> {
    Request::new(&EXECUTION, [id.as_str()])
}
