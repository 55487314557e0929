//! `send-phone-message`: a message is about to be sent.

use countersign_auth0::trigger::send_phone_message::{Effect, SendPhoneMessage};
use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Trigger};

use crate::decide::asked::{Asked, Who};

impl Asked for SendPhoneMessage {
    type Effect = Effect;

    const TRIGGER: Trigger = Trigger::SendPhoneMessage;

    fn channel(&self) -> Channel {
        self.channel()
    }

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant.id.clone())
    }

    fn who(&self) -> Who<'_> {
        Who::User(&self.user.user_id)
    }

    fn address(&self) -> Option<&str> {
        self.user.email.as_option().map(String::as_str)
    }

    fn is_verified(&self) -> bool {
        self.user.email_verified.as_option() == Some(&true)
    }

    fn organization(&self) -> Option<&OrganizationId> {
        None
    }

    fn client(&self) -> Option<&ClientId> {
        self.client.as_option().map(|client| &client.client_id)
    }
}
