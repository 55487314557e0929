//! The tenant's organizations and their applications; every name is invented, every domain ends in `.example`.

use crate::{city::City, network::Network};

/// The tenant's id, as `event.tenant.id`.
pub const TENANT: &str = "countersign-sandbox";

/// An organization of the tenant: what the events say about it, and where its people sit.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// `org_…`.
    pub id: String,
    /// The machine-readable name.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// The domain of its addresses, below `.example`.
    pub domain: String,
    /// The language of its browsers, two letters.
    pub language: String,
    /// The client that its people use.
    pub client: Client,
    /// The client of handheld scanners that still uses the password grant; `None` where nobody has one.
    pub legacy_client: Option<Client>,
    /// Whether Auth0's own risk assessment and custom domain come with its plan.
    pub is_enterprise: bool,
    /// Where its office stands.
    pub office_city: City,
    /// The office's network.
    pub office: Network,
    /// The two providers of its people's homes.
    pub home_asns: [u32; 2],
    /// The network of its people's telephones.
    pub mobile: Network,
}

/// An application of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The `client_id`.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The audience of its access tokens.
    pub audience: String,
    /// Where a browser is sent back to; empty for a client without a browser.
    pub callback: String,
}
