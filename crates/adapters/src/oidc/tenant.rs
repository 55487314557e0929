//! Access tokens of a tenant for our own API, in Auth0's profile and in that of RFC 9068.

use std::{collections::BTreeSet, sync::Arc};

use countersign_app::{
    access::provider::{AccessTokens, Flaw, Granted, TokenError},
    management::Pending,
};
use countersign_core::{ClientId, Clock, OrganizationId};
use jsonwebtoken::Algorithm;
use reqwest::Url;

use super::{
    BuildError, TenantSettings,
    claims::Claims,
    jws::Unverified,
    keys::{KeyError, Keys},
};
use crate::http;

/// What a tenant signs access tokens with that anybody can check.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::PS256];

/// The access tokens of one tenant.
pub struct TenantTokens {
    /// The names of the tenant as its tokens give them, each with a slash at the end.
    issuers: Vec<String>,
    audience: String,
    keys_at: Url,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl TenantTokens {
    /// Builds it; nothing is asked yet.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(settings: TenantSettings, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let TenantSettings { tenant, custom_domains, audience, authorities, timeout } = settings;
        let all = || std::iter::once(&tenant).chain(&custom_domains);
        if all().any(|domain| domain.url().path() != "/" || domain.url().query().is_some()) {
            return Err(BuildError::Tenant);
        }
        if audience.is_empty() {
            return Err(BuildError::Empty);
        }
        let issuers = all().map(|domain| domain.url().to_string()).collect();
        let keys_at = tenant.url().join("/.well-known/jwks.json").map_err(|_| BuildError::Tenant)?;
        let client = http::client(&tenant, authorities.as_deref(), timeout)?;
        Ok(Self { issuers, audience, keys_at, keys: Keys::new(client, Arc::clone(&clock)), clock })
    }

    async fn granted(&self, token: &str) -> Result<Granted, TokenError> {
        let token = Unverified::read(token, &ALGORITHMS).map_err(TokenError::Invalid)?;
        if !self.are_of(token.issuer()) {
            return Err(TokenError::Invalid(Flaw::Issuer));
        }
        let claims = self.keys.verify(&self.keys_at, &token).await.map_err(|error| match error {
            KeyError::Unavailable(why) => TokenError::Unavailable(why),
            KeyError::Flaw(flaw) => TokenError::Invalid(flaw),
        })?;
        claims.audiences(&self.audience).map_err(TokenError::Invalid)?;
        claims.check_times(self.clock.now()).map_err(TokenError::Invalid)?;
        read(claims).map_err(TokenError::Invalid)
    }
}

/// What the claims grant, and to which application.
pub(super) fn read(claims: &Claims) -> Result<Granted, Flaw> {
    let client = match (claims.text("azp")?, claims.text("client_id")?) {
        (Some(party), Some(client)) if party != client => return Err(Flaw::Party),
        (Some(client), _) | (None, Some(client)) => client,
        (None, None) => return Err(Flaw::Claim("azp")),
    };
    // Why: who may sign in at an application must not be able to call us by its name.
    let subject = claims.text("sub")?.ok_or(Flaw::Claim("sub"))?;
    if subject.strip_suffix("@clients").unwrap_or(subject) != client {
        return Err(Flaw::Person);
    }
    let scopes: BTreeSet<String> =
        claims.text("scope")?.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
    let organization: Option<OrganizationId> =
        claims.text("org_id")?.map(|id| id.parse().map_err(|_| Flaw::Claim("org_id"))).transpose()?;
    let client: ClientId = client.parse().map_err(|_| Flaw::Claim("azp"))?;
    Ok(Granted { client, scopes, organization })
}

impl AccessTokens for TenantTokens {
    fn are_of(&self, issuer: Option<&str>) -> bool {
        issuer.is_some_and(|issuer| self.issuers.iter().any(|known| known == issuer))
    }

    fn verify<'a>(&'a self, token: &'a str) -> Pending<'a, Result<Granted, TokenError>> {
        Box::pin(self.granted(token))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
    fn read_with(changes: Value) -> Result<Granted, Flaw> {
        let mut claims = json!({"sub": "billing@clients", "azp": "billing", "scope": "decide  read:ledger"});
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        read(&Claims(claims.as_object().unwrap().clone()))
    }

    #[test]
    fn a_token_grants_its_scopes_to_its_application() {
        let granted = read_with(json!({"org_id": "org_1"})).unwrap();
        assert_eq!(granted.client.as_str(), "billing");
        assert_eq!(granted.scopes.into_iter().collect::<Vec<_>>(), ["decide", "read:ledger"]);
        assert_eq!(granted.organization.unwrap().as_str(), "org_1");
        let profile = json!({"sub": "billing", "azp": null, "client_id": "billing", "scope": null});
        assert!(read_with(profile).unwrap().scopes.is_empty());
    }

    #[test]
    fn a_persons_token_is_not_the_applications() {
        assert_eq!(read_with(json!({"sub": "auth0|1"})), Err(Flaw::Person));
        assert_eq!(read_with(json!({"sub": "other@clients"})), Err(Flaw::Person));
        assert_eq!(read_with(json!({"sub": null})), Err(Flaw::Claim("sub")));
    }

    #[test]
    fn an_unreadable_organization_does_not_widen_what_is_granted() {
        assert_eq!(read_with(json!({"org_id": ""})), Err(Flaw::Claim("org_id")));
        assert_eq!(read_with(json!({"org_id": 1})), Err(Flaw::Claim("org_id")));
    }

    #[test]
    fn the_two_names_of_a_client_agree() {
        assert_eq!(read_with(json!({"client_id": "other"})), Err(Flaw::Party));
        assert_eq!(read_with(json!({"azp": null})), Err(Flaw::Claim("azp")));
    }
}
