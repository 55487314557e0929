//! Access tokens that a guarded tenant gave out for our own API.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use countersign_rights::{How, Principal, PrincipalKind};
use serde::Deserialize;

use super::{
    Caller,
    provider::{Granted, TokenError},
};
use crate::{App, Error};

impl App {
    /// Which application an access token is of; `None` when no tenant of ours gave it out for us.
    ///
    /// # Errors
    /// `Unavailable` when a tenant's keys can't be had.
    pub async fn caller_of_access_token(&self, token: &str) -> Result<Option<Caller>, Error> {
        let (issuer, mut unavailable) = (issuer_of(token), None);
        // Why not each: what one costs must not grow with the number of tenants, since anybody can send any.
        for (tenant, tokens) in
            self.access.tokens.iter().filter(|(_, tokens)| tokens.are_of(issuer.as_deref()))
        {
            match tokens.verify(token).await {
                Ok(Granted { client, scopes, organization }) => {
                    let principal = Principal {
                        kind: PrincipalKind::Application,
                        id: client.to_string(),
                        grants: Vec::new(),
                        scopes,
                        how: How::AccessToken,
                        tenant: Some(tenant.clone()),
                        organization,
                    };
                    return Ok(Some(Caller::new(principal, client.as_str(), None)));
                }
                Err(TokenError::Unavailable(detail)) => unavailable = Some(detail),
                Err(_) => {}
            }
        }
        match unavailable {
            Some(detail) => Err(Error::Unavailable { detail: detail.to_string() }),
            None => Ok(None),
        }
    }
}

/// Who a token says that it is from, whether that is so or not.
fn issuer_of(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        iss: String,
    }
    let payload = token.split('.').nth(1)?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok().map(|Claims { iss }| iss)
}
