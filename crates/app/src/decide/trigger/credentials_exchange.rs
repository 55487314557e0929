//! `credentials-exchange`: a machine wants a token.

use std::collections::BTreeSet;

use countersign_auth0::trigger::credentials_exchange::{CredentialsExchange, Effect};
use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Trigger};
use countersign_policy::Circumstances;
use countersign_risk::requested_scopes;

use crate::decide::asked::{Asked, Who};

/// The longest scope that is looked at, in bytes: as for the `value` of an API's scope (Management API, resource servers).
const MAX_SCOPE_BYTES: usize = 280;

/// The most scopes that are looked at: as many as the shipped Action tells.
const MAX_SCOPES: usize = 200;

impl Asked for CredentialsExchange {
    type Effect = Effect;

    const TRIGGER: Trigger = Trigger::CredentialsExchange;

    fn channel(&self) -> Channel {
        self.channel()
    }

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant.id.clone())
    }

    fn who(&self) -> Who<'_> {
        Who::Client(&self.client.client_id)
    }

    fn address(&self) -> Option<&str> {
        None
    }

    fn organization(&self) -> Option<&OrganizationId> {
        self.organization.as_option().and_then(|organization| organization.id.as_option())
    }

    fn client(&self) -> Option<&ClientId> {
        Some(&self.client.client_id)
    }

    /// All scopes that are asked for; which of them are new is judged with the client's history. None at all when one
    /// can't be looked at: it would stay when the others are taken away, so policy must not take it for reduced.
    fn circumstances(&self, basis: Circumstances) -> Circumstances {
        let mut scopes: BTreeSet<&str> = requested_scopes(self).collect();
        if scopes.len() > MAX_SCOPES || scopes.iter().any(|scope| scope.len() > MAX_SCOPE_BYTES) {
            scopes.clear();
        }
        Circumstances { new_scopes: scopes.into_iter().map(str::to_owned).collect(), ..basis }
    }
}
