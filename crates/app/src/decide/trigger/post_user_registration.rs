//! `post-user-registration`: there is a new account.

use countersign_auth0::trigger::post_user_registration::{Effect, PostUserRegistration};
use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Trigger};

use crate::decide::asked::{Asked, Who};

impl Asked for PostUserRegistration {
    type Effect = Effect;

    const TRIGGER: Trigger = Trigger::PostUserRegistration;

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
        None
    }
}
