//! `post-login`: whoever authenticated, before tokens.

use countersign_auth0::{
    factor::FactorType,
    trigger::post_login::{Effect, IdentityKind, PostLogin},
};
use countersign_core::{Channel, ClientId, OrganizationId, TenantId, Trigger};
use countersign_policy::Circumstances;

use crate::decide::asked::{Asked, Who, is_contained, of_person};

impl Asked for PostLogin {
    type Effect = Effect;

    const TRIGGER: Trigger = Trigger::PostLogin;

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
        Some(&self.connection.id)
    }

    fn organization(&self) -> Option<&OrganizationId> {
        self.organization.as_option().and_then(|organization| organization.id.as_option())
    }

    fn client(&self) -> Option<&ClientId> {
        Some(&self.client.client_id)
    }

    fn circumstances(&self, basis: Circumstances) -> Circumstances {
        let passed = self.passed_factors();
        let is_usable =
            |factor: &FactorType| !passed.contains(factor) && self.independent_of_first_factor(factor);
        let person = of_person(basis, &self.authorization, self.enrolled_factors(), is_usable);
        Circumstances {
            is_federated: self.identity_kind() == IdentityKind::Federated,
            newest_mfa_at: self.newest_mfa_at(),
            can_redirect: self.channel().can_ask(),
            is_contained: is_contained(&self.user.app_metadata),
            ..person
        }
    }
}
