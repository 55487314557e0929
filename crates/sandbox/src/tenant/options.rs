//! How a tenant begins.

use super::Plan;

/// How a tenant begins.
#[derive(Clone)]
pub struct Options {
    /// The tenant's name.
    pub name: String,
    /// Scheme and host under which it is reached, without a final slash.
    pub base_url: String,
    /// What it pays for.
    pub plan: Plan,
    /// Where its chance comes from.
    pub seed: u64,
    /// The client that is there from the start, with all scopes of the Management API.
    pub client_id: String,
    /// That client's secret.
    pub client_secret: String,
}

impl Options {
    /// The identifier of the Management API, which its tokens are asked for by.
    #[must_use]
    pub fn audience(&self) -> String {
        format!("{}/api/v2/", self.base_url)
    }
}
