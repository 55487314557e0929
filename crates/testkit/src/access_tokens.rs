//! Applications with access tokens: a tenant that grants whatever a token says of itself.

use countersign_app::{
    access::provider::{AccessTokens, Flaw, Granted, TokenError},
    management::Pending,
};

/// Grants what a token says, such as `at.shop.decide+read:ledger` or, held to an organization, `at.shop.decide.org_a`. What
/// really verifies tokens is tested where it is; here it is what a verified one may do.
pub struct Granting;

/// The token of a client with these scopes.
#[must_use]
pub fn access_token(client: &str, scopes: &[&str]) -> String {
    format!("at.{client}.{}", scopes.join("+"))
}

impl AccessTokens for Granting {
    fn are_of(&self, _: Option<&str>) -> bool {
        true
    }

    fn verify<'a>(&'a self, token: &'a str) -> Pending<'a, Result<Granted, TokenError>> {
        Box::pin(async move {
            let mut parts = token.split('.');
            let (Some("at"), Some(client), Some(scopes)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(TokenError::Invalid(Flaw::Signature));
            };
            let client = client.parse().map_err(|_| TokenError::Invalid(Flaw::Claim("azp")))?;
            let organization = parts.next().and_then(|id| id.parse().ok());
            let scopes = scopes.split('+').map(str::to_owned).collect();
            Ok(Granted { client, scopes, organization })
        })
    }
}
