//! Settings and other documents that nothing in the tenant acts upon: kept, checked for their form, shown again.
//!
//! Two mechanisms. A `Settings` is one document a path (`single`): read, merged into, replaced. A `Kind` is a collection of
//! documents with ids (`many`). What each is stands in a file a resource.

mod attack_protection;
mod branding;
mod custom_domains;
mod emails;
mod guardian;
mod guardian_providers;
pub(super) mod many;
mod network_acls;
mod phone;
mod prompts;
mod risk;
mod self_service;
mod single;
mod stats;
mod tenants;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::tenant::{check::Rule, state::Object};

pub(crate) use attack_protection::{OPERATIONS as ATTACK_PROTECTION, blocks_brute_force};
pub(crate) use branding::OPERATIONS as BRANDING;
pub(crate) use custom_domains::OPERATIONS as CUSTOM_DOMAINS;
pub(crate) use emails::OPERATIONS as EMAILS;
pub(crate) use guardian::{FACTORS, OPERATIONS as GUARDIAN};
pub(crate) use guardian_providers::OPERATIONS as GUARDIAN_PROVIDERS;
pub(crate) use network_acls::OPERATIONS as NETWORK_ACLS;
pub(crate) use phone::OPERATIONS as PHONE;
pub(crate) use prompts::OPERATIONS as PROMPTS;
pub(crate) use risk::OPERATIONS as RISK;
pub(crate) use self_service::OPERATIONS as SELF_SERVICE;
pub(crate) use stats::OPERATIONS as STATS;
pub(crate) use tenants::OPERATIONS as TENANTS;

/// Any object.
const OPEN: Rule = Rule::Open(&[]);

/// Any object, for a row's body.
static ANY_OBJECT: Rule = OPEN;

/// Merges changes into an object at all depths; `null` removes.
fn merge(object: &mut Object, changes: Object) {
    for (name, change) in changes {
        match (object.get_mut(&name), change) {
            (_, Value::Null) => {
                object.remove(&name);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, new) => {
                object.insert(name, new);
            }
        }
    }
}

/// Replaces what is named; `null` removes.
fn replace(object: &mut Object, changes: Object) {
    for (name, change) in changes {
        if change.is_null() {
            object.remove(&name);
        } else {
            object.insert(name, change);
        }
    }
}
