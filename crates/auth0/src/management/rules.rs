//! Rules: read, so that an installation can say that there are some.

use super::{Endpoint, Operation, Page, Paging, Request, RuleId};
use crate::Json;

model! {
    /// A rule.
    Rule {
        required {
            /// The id.
            id: RuleId,
        }
        maybe {
            /// The name.
            name: String,
            /// Whether it runs.
            enabled: bool,
            /// Its place among the rules.
            order: Json,
        }
    }
}
item!(Rule, "rules", id);

static LIST: Endpoint<Page<Rule>, 0> = Endpoint::get("rules.list", "/rules")
    .scopes(&["read:rules"])
    .query(&["page", "per_page", "include_totals"])
    .paging(Paging::Offset);
static GET: Endpoint<Rule, 1> = Endpoint::get("rules.get", "/rules/{id}").scopes(&["read:rules"]);

pub(super) static OPERATIONS: &[&Operation] = &[&LIST.operation, &GET.operation];

/// Lists rules.
#[must_use]
pub fn list() -> Request<Page<Rule>> {
    Request::new(&LIST, [])
}

/// Reads a rule.
#[must_use]
pub fn get(id: &RuleId) -> Request<Rule> {
    Request::new(&GET, [id.as_str()])
}
