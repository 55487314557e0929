//! `post-change-password`: a password is another now.

use countersign_auth0::trigger::post_change_password::{Effect, PostChangePassword};
use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Trigger};

use crate::decide::asked::{Asked, Who};

impl Asked for PostChangePassword {
    type Effect = Effect;

    const TRIGGER: Trigger = Trigger::PostChangePassword;

    fn channel(&self) -> Channel {
        self.channel()
    }

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant.id.clone())
    }

    fn who(&self) -> Who<'_> {
        let user = &self.user;
        match user.user_id.as_option() {
            Some(id) => Who::User(id),
            // Why: Auth0 documents no field of this user as always there.
            None => Who::by_first_of([&user.email, &user.phone_number, &user.username]),
        }
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
        None
    }
}
