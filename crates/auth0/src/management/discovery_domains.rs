//! Domains by which an organization is found.

use countersign_core::OrganizationId;

use super::{DiscoveryDomainId, Endpoint, Nothing, Operation, Page, Paging, Request};
use crate::Dictionary;

model! {
    /// A domain.
    DiscoveryDomain {
        required {
            /// The id.
            id: DiscoveryDomainId,
        }
        maybe {
            /// The domain.
            domain: String,
            /// `pending` or `verified`.
            status: String,
            /// The name at which the proof is looked for.
            verification_host: String,
            /// What stands there.
            verification_txt: String,
        }
    }
}
item!(DiscoveryDomain, "domains", id);

static LIST: Endpoint<Page<DiscoveryDomain>, 1> =
    Endpoint::get("discovery_domains.list", "/organizations/{id}/discovery-domains")
        .scopes(&["read:organization_discovery_domains"])
        .query(&["from", "take"])
        .paging(Paging::Checkpoint);
static GET: Endpoint<DiscoveryDomain, 2> =
    Endpoint::get("discovery_domains.get", "/organizations/{id}/discovery-domains/{discovery_domain_id}")
        .scopes(&["read:organization_discovery_domains"]);
static CREATE: Endpoint<DiscoveryDomain, 1> =
    Endpoint::post("discovery_domains.create", "/organizations/{id}/discovery-domains")
        .scopes(&["create:organization_discovery_domains"])
        .required(&["domain"]);
static UPDATE: Endpoint<DiscoveryDomain, 2> = Endpoint::patch(
    "discovery_domains.update",
    "/organizations/{id}/discovery-domains/{discovery_domain_id}",
)
.scopes(&["update:organization_discovery_domains"]);
static DELETE: Endpoint<Nothing, 2> = Endpoint::delete(
    "discovery_domains.delete",
    "/organizations/{id}/discovery-domains/{discovery_domain_id}",
)
.scopes(&["delete:organization_discovery_domains"]);

pub(super) static OPERATIONS: &[&Operation] =
    &[&LIST.operation, &GET.operation, &CREATE.operation, &UPDATE.operation, &DELETE.operation];

/// Lists an organization's domains.
#[must_use]
pub fn list(organization: &OrganizationId) -> Request<Page<DiscoveryDomain>> {
    Request::new(&LIST, [organization.as_str()])
}

/// Reads a domain.
#[must_use]
pub fn get(organization: &OrganizationId, id: &DiscoveryDomainId) -> Request<DiscoveryDomain> {
    Request::new(&GET, [organization.as_str(), id.as_str()])
}

/// Gives an organization a domain. The API takes the status `verified` at its word.
#[must_use]
pub fn create(organization: &OrganizationId, fields: Dictionary) -> Request<DiscoveryDomain> {
    Request::new(&CREATE, [organization.as_str()]).fields(fields)
}

/// Sets fields of a domain. The API takes the status `verified` at its word.
#[must_use]
pub fn update(
    organization: &OrganizationId,
    id: &DiscoveryDomainId,
    fields: Dictionary,
) -> Request<DiscoveryDomain> {
    Request::new(&UPDATE, [organization.as_str(), id.as_str()]).fields(fields)
}

/// Takes a domain from an organization.
#[must_use]
pub fn delete(organization: &OrganizationId, id: &DiscoveryDomainId) -> Request<Nothing> {
    Request::new(&DELETE, [organization.as_str(), id.as_str()])
}
