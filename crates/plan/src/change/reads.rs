//! What a tenant answered before a plan was made.

use std::collections::BTreeMap;

use countersign_auth0::management::AnyRequest;
use countersign_core::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What came of one read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// This; of a list all items, as an array.
    Document(Value),
    /// It is not there: 404.
    Absent,
    /// The tenant does not let it be read, though the client has the scope: 403, as for what its subscription lacks.
    Denied,
}

/// What a tenant answered to [`super::Order::reads`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// The tenant.
    pub tenant: TenantId,
    /// Where its Management API is.
    pub domain: String,
    found: BTreeMap<String, Found>,
}

impl Reads {
    /// Nothing was read yet.
    #[must_use]
    pub const fn new(tenant: TenantId, domain: String) -> Self {
        Self { tenant, domain, found: BTreeMap::new() }
    }

    /// Keeps what came of a read.
    pub fn insert(&mut self, request: &AnyRequest, found: Found) {
        self.found.insert(key(request), found);
    }

    /// What came of a read; `None`: it was not made.
    #[must_use]
    pub fn get(&self, request: &AnyRequest) -> Option<&Found> {
        self.found.get(&key(request))
    }

    /// How many reads were made.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether none was made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// Operation, path and query: what tells one read from another.
fn key(request: &AnyRequest) -> String {
    let mut key = format!("{} {}", request.operation().name, request.path());
    for (name, value) in request.query() {
        key.push_str(&format!("\n{name}={value}"));
    }
    key
}
