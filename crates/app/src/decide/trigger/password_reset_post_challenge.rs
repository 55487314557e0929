//! `password-reset-post-challenge`: a password is about to be replaced.

use countersign_auth0::{
    factor::FactorType,
    trigger::password_reset_post_challenge::{Effect, PasswordResetPostChallenge},
};
use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Trigger};
use countersign_policy::Circumstances;

use crate::decide::asked::{Asked, Who, is_contained, of_person};

impl Asked for PasswordResetPostChallenge {
    type Effect = Effect;

    const TRIGGER: Trigger = Trigger::PasswordResetPostChallenge;

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
        self.organization.as_option().and_then(|organization| organization.id.as_option())
    }

    fn client(&self) -> Option<&ClientId> {
        self.client.as_option().map(|client| &client.client_id)
    }

    fn circumstances(&self, basis: Circumstances) -> Circumstances {
        let passed = self.passed_factors();
        let is_usable =
            |factor: &FactorType| !passed.contains(factor) && self.independent_of_first_factor(factor);
        let person = of_person(basis, &self.authorization, self.enrolled_factors(), is_usable);
        Circumstances {
            newest_mfa_at: self.newest_mfa_at(),
            can_redirect: true,
            is_contained: is_contained(&self.user.app_metadata),
            ..person
        }
    }
}
