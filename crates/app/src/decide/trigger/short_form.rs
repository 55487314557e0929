//! The short form: an address, an IP address and a user agent, from a customer's own Action.

use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Timestamp, Trigger};
use countersign_policy::NoEffect;
use countersign_risk::{Context, Extract, Features, ShortForm, Sightings};

use crate::decide::asked::{Asked, Who};

/// The short form and whose token it came with.
#[derive(Debug, Clone)]
pub struct QuickAsk {
    /// The tenant whose token it is.
    pub tenant: TenantId,
    /// What is asked.
    pub form: ShortForm,
}

impl Extract for QuickAsk {
    /// None: it must not even feed a counter.
    fn sightings(&self) -> Sightings {
        Sightings::default()
    }

    fn extract(&self, at: Timestamp, context: &Context<'_>) -> Features {
        self.form.extract(at, context)
    }
}

impl Asked for QuickAsk {
    type Effect = NoEffect;

    const TRIGGER: Trigger = Trigger::ShortForm;

    const ASKS_BY_ADDRESS: bool = true;

    fn channel(&self) -> Channel {
        Channel::Interactive
    }

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant.clone())
    }

    fn who(&self) -> Who<'_> {
        Who::Address(&self.form.email)
    }

    fn address(&self) -> Option<&str> {
        Some(&self.form.email)
    }

    fn organization(&self) -> Option<&OrganizationId> {
        None
    }

    fn client(&self) -> Option<&ClientId> {
        None
    }
}
