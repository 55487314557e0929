//! Access tokens that a guarded tenant gave out for our own API.

use countersign_rights::{How, Principal, PrincipalKind};

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
        let mut unavailable = None;
        for (tenant, tokens) in &self.access.tokens {
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
