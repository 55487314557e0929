//! What is the service's own at a tenant.

use std::collections::BTreeSet;

use countersign_plan::change::Own;
use countersign_rights::Role;

use crate::{App, Error, Tenant};

impl App {
    /// What no plan for a tenant may lock out.
    pub(super) async fn own(&self, tenant: &Tenant) -> Result<Own, Error> {
        let clients = tenant.own_clients.get().cloned().unwrap_or_default();
        Ok(Own { clients, administrators: self.administrators_at(tenant).await? })
    }

    /// Everybody who administers the tenant here and signs in by it; nobody where somebody else does too, who is not locked out by it.
    async fn administrators_at(
        &self,
        tenant: &Tenant,
    ) -> Result<BTreeSet<countersign_auth0::management::UserId>, Error> {
        let mut found = BTreeSet::new();
        let (Some(provider), Some(_)) = (&self.access.provider, &tenant.console_client) else {
            return Ok(found);
        };
        let store = &self.ports.store;
        for grant in store.list_grants(None).await? {
            let is_here =
                grant.tenant.as_ref().is_none_or(|at| *at == tenant.id) && grant.organization.is_none();
            if grant.ended_at.is_some() || grant.role != Role::Administrator.as_str() || !is_here {
                continue;
            }
            let Some(person) = store.get_person(&grant.principal).await? else { continue };
            if person.disabled_at.is_some() {
                continue;
            }
            match person.subject.parse() {
                Ok(user) if person.issuer == provider.issuer() => {
                    found.insert(user);
                }
                _ => return Ok(BTreeSet::new()),
            }
        }
        Ok(found)
    }
}
