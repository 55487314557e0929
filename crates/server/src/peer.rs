//! Which tenants the other end of a connection may ask for, by its client certificate.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use axum::http::{Extensions, StatusCode};
use countersign_app::access::Refusal;
use countersign_core::TenantId;

use crate::{Problem, Server};

/// Which tenants a connection's peer may sign for; whoever accepts connections puts it into each request's extensions.
///
/// A peer that is bound to some tenants may sign for these alone; any other peer may sign for tenants without a binding.
/// Absence means that no client certificates are asked for, so that any peer may sign for any tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerTenants {
    of_peer: BTreeSet<TenantId>,
    bound: Arc<BTreeSet<TenantId>>,
}

impl PeerTenants {
    /// A peer whose certificate is bound to the tenants `of_peer`, where the tenants `bound` have bindings at all.
    ///
    /// `of_peer` is empty when there is no certificate, or one that is bound to no tenant.
    #[must_use]
    pub const fn new(of_peer: BTreeSet<TenantId>, bound: Arc<BTreeSet<TenantId>>) -> Self {
        Self { of_peer, bound }
    }

    /// Whether this peer may send what is signed for `tenant`.
    #[must_use]
    pub fn admits(&self, tenant: &TenantId) -> bool {
        if self.of_peer.is_empty() { !self.bound.contains(tenant) } else { self.of_peer.contains(tenant) }
    }
}

/// The address that a connection comes from, or that the proxy before us says it comes from; whoever accepts connections puts
/// it into each request's extensions. Absence means that nobody knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

impl PeerAddress {
    /// What one client has for itself: an address in IPv4, a /64 in IPv6 (RFC 6177, section 2).
    #[must_use]
    pub const fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(six) if !six.is_loopback() => {
                IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !(u64::MAX as u128)))
            }
            other => other,
        }
    }
}

/// Refuses, and counts, a request that was signed for `tenant` and came from a peer that is not the tenant's.
pub(crate) fn check(server: &Server, extensions: &Extensions, tenant: &TenantId) -> Result<(), Problem> {
    if is_admitted(extensions, tenant) {
        return Ok(());
    }
    server.0.app.count_refused_at(tenant, Refusal::Certificate);
    let detail = "the connection's client certificate is not one that this tenant's requests may come with";
    Err(Problem::new(StatusCode::UNAUTHORIZED, "peer.foreign", detail))
}

fn is_admitted(extensions: &Extensions, tenant: &TenantId) -> bool {
    extensions.get::<PeerTenants>().is_none_or(|peer| peer.admits(tenant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants(names: &[&str]) -> BTreeSet<TenantId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_bound_peer_is_admitted_for_its_tenants_alone() {
        let bound = Arc::new(tenants(&["one", "two"]));
        for (of_peer, admitted) in
            [(&["one"][..], &["one"][..]), (&["one", "two"], &["one", "two"]), (&[], &["free"])]
        {
            let peer = PeerTenants::new(tenants(of_peer), Arc::clone(&bound));
            for tenant in tenants(&["one", "two", "free"]) {
                assert_eq!(peer.admits(&tenant), admitted.contains(&tenant.as_str()), "{of_peer:?} {tenant}");
            }
        }
    }

    #[test]
    fn without_client_certificates_any_peer_is_admitted() {
        assert!(is_admitted(&Extensions::new(), &"one".parse().unwrap()));
    }
}
