//! `pre-user-registration`: somebody signs up, and there is no account yet.

use countersign_auth0::trigger::pre_user_registration::{Effect, PreUserRegistration};
use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Trigger};

use crate::decide::asked::{Asked, Who};

impl Asked for PreUserRegistration {
    type Effect = Effect;

    const TRIGGER: Trigger = Trigger::PreUserRegistration;

    fn channel(&self) -> Channel {
        self.channel()
    }

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant.id.clone())
    }

    fn who(&self) -> Who<'_> {
        // Why: who signs up without an e-mail address is known by a phone number or a user name alone.
        Who::by_first_of([&self.user.email, &self.user.phone_number, &self.user.username])
    }

    fn address(&self) -> Option<&str> {
        self.user.email.as_option().map(String::as_str)
    }

    fn connection(&self) -> Option<&str> {
        self.connection.as_option().map(|connection| connection.id.as_str())
    }

    fn is_sign_up(&self) -> bool {
        true
    }

    fn organization(&self) -> Option<&OrganizationId> {
        None
    }

    fn client(&self) -> Option<&ClientId> {
        self.client.as_option().map(|client| &client.client_id)
    }
}
