//! Which tenants a client certificate is bound to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::Context;
use aws_lc_rs::digest;
use countersign_core::TenantId;
use countersign_server::PeerTenants;
use rustls::{
    client::verify_server_name,
    pki_types::{CertificateDer, ServerName},
    server::ParsedCertificate,
};

use crate::config::Tenant;

/// The bindings of all tenants that have one.
pub struct Peers {
    bindings: BTreeMap<TenantId, Binding>,
    bound: Arc<BTreeSet<TenantId>>,
}

struct Binding {
    fingerprints: Vec<[u8; 32]>,
    names: Vec<ServerName<'static>>,
}

impl Peers {
    /// Reads the bindings; a tenant without any is not among them.
    pub fn new<'a>(tenants: impl IntoIterator<Item = (&'a TenantId, &'a Tenant)>) -> anyhow::Result<Self> {
        let mut bindings = BTreeMap::new();
        for (id, tenant) in tenants.into_iter().filter(|(_, tenant)| tenant.is_bound()) {
            let binding = Binding {
                fingerprints: tenant.fingerprints()?,
                names: tenant
                    .names()
                    .collect::<Result<_, _>>()
                    .with_context(|| format!("`tenants.{id}.client_names`"))?,
            };
            bindings.insert(id.clone(), binding);
        }
        let bound = Arc::new(bindings.keys().cloned().collect());
        Ok(Self { bindings, bound })
    }

    /// The tenants that a peer with this certificate may sign for. The certificate was verified before.
    pub fn tenants_of(&self, certificate: Option<&CertificateDer<'static>>) -> PeerTenants {
        let of_peer = certificate.map(|certificate| {
            let fits = |(_, binding): &(&TenantId, &Binding)| binding.fits(certificate);
            self.bindings.iter().filter(fits).map(|(id, _)| id.clone()).collect()
        });
        PeerTenants::new(of_peer.unwrap_or_default(), Arc::clone(&self.bound))
    }
}

impl Binding {
    /// Whether the certificate is one of those listed, or is valid for one of the names (RFC 9525, section 6).
    fn fits(&self, certificate: &CertificateDer<'static>) -> bool {
        let fingerprint = digest::digest(&digest::SHA256, certificate);
        self.fingerprints.iter().any(|known| known == fingerprint.as_ref())
            || ParsedCertificate::try_from(certificate)
                .is_ok_and(|parsed| self.names.iter().any(|name| verify_server_name(&parsed, name).is_ok()))
    }
}
