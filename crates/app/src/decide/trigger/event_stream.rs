//! `event-stream`: something changed in the tenant. New accounts are screened here that no registration trigger saw.

use countersign_auth0::trigger::event_stream::{Effect, EventStream};
use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Trigger};

use crate::decide::asked::{Asked, Who};

impl Asked for EventStream {
    type Effect = Effect;

    const TRIGGER: Trigger = Trigger::EventStream;

    fn channel(&self) -> Channel {
        self.channel()
    }

    fn tenant(&self) -> Option<TenantId> {
        self.tenant()
    }

    fn who(&self) -> Who<'_> {
        // Why: a message about no user is about nobody, who has a record and no history.
        self.user_id().map_or(Who::Address(""), Who::User)
    }

    fn address(&self) -> Option<&str> {
        self.email()
    }

    fn is_sign_up(&self) -> bool {
        self.is_new_user()
    }

    fn organization(&self) -> Option<&OrganizationId> {
        None
    }

    fn client(&self) -> Option<&ClientId> {
        None
    }
}
