//! Hooks: read, so that an installation can say that there are some.

use super::{Endpoint, HookId, Operation, Page, Paging, Request};

model! {
    /// A hook.
    Hook {
        required {
            /// The id.
            id: HookId,
        }
        maybe {
            /// The name.
            name: String,
            /// Where it runs.
            #[serde(rename = "triggerId")]
            trigger_id: String,
            /// Whether it runs.
            enabled: bool,
        }
    }
}
item!(Hook, "hooks", id);

static LIST: Endpoint<Page<Hook>, 0> = Endpoint::get("hooks.list", "/hooks")
    .scopes(&["read:hooks"])
    .query(&["page", "per_page", "include_totals"])
    .paging(Paging::Offset);
static GET: Endpoint<Hook, 1> = Endpoint::get("hooks.get", "/hooks/{id}").scopes(&["read:hooks"]);

pub(super) static OPERATIONS: &[&Operation] = &[&LIST.operation, &GET.operation];

/// Lists hooks.
#[must_use]
pub fn list() -> Request<Page<Hook>> {
    Request::new(&LIST, [])
}

/// Reads a hook.
#[must_use]
pub fn get(id: &HookId) -> Request<Hook> {
    Request::new(&GET, [id.as_str()])
}
