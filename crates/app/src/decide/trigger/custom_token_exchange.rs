//! `custom-token-exchange`: a client wants to exchange a token; whose is not known yet.

use countersign_auth0::trigger::custom_token_exchange::{CustomTokenExchange, Effect};
use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Trigger};

use crate::decide::asked::{Asked, Who};

impl Asked for CustomTokenExchange {
    type Effect = Effect;

    const TRIGGER: Trigger = Trigger::CustomTokenExchange;

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
}
