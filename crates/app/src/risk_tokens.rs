//! Tokens by which a customer's own Action asks the short form; each can be ended by itself.

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_privacy::Token;
use countersign_store::{Commit, RiskTokenRow, StoreError, Write};

use crate::{App, Error, Tenant, leaves::Draft};

/// What a token begins with.
const PREFIX: &str = "rsk_";

/// Tokens that may hold at once: each costs a comparison a request.
const MOST: usize = 32;

impl App {
    /// Makes a token of the short form; its text is told this once.
    ///
    /// # Errors
    /// `TooMany` when there are 32 that hold; `Unavailable`.
    pub async fn make_risk_token(&self, tenant: &Tenant) -> Result<(String, Token), Error> {
        if self.risk_tokens(tenant).await?.iter().filter(|row| row.revoked_at.is_none()).count() >= MOST {
            return Err(Error::TooMany("tokens of the short form", MOST));
        }
        let at = self.ports.clock.now();
        let (id, record) = (self.make_id(IdKind::Record)?, self.make_id(IdKind::Record)?);
        let token = Token::generate(PREFIX, self.ports.entropy.as_ref()).map_err(Error::internal)?;
        let row = RiskTokenRow { id: id.clone(), digest: token.digest(), at, revoked_at: None };
        let draft = Draft::new(&record, at, Kind::Administration)
            .fact("change", &"risk_token_made")
            .fact("token", &id);
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::RiskToken(row)],
            ..Commit::background(tenant.id.clone())
        };
        self.ports.store.commit(commit).await?;
        self.refresh(tenant).await?;
        Ok((id, token))
    }

    /// Ends a token: here at once, in other processes within a second.
    ///
    /// # Errors
    /// `NotFound` when there is none of this id that still holds; `Unavailable`.
    pub async fn revoke_risk_token(&self, tenant: &Tenant, id: &str) -> Result<(), Error> {
        let at = self.ports.clock.now();
        let record = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&record, at, Kind::Administration)
            .fact("change", &"risk_token_revoked")
            .fact("token", &id);
        let known = self.risk_tokens(tenant).await?;
        if !known.iter().any(|row| row.id == id && row.revoked_at.is_none()) {
            return Err(Error::NotFound("token"));
        }
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::RevokeRiskToken { id: id.to_owned(), at }],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => self.refresh(tenant).await,
            Err(StoreError::Stale) => Err(Error::NotFound("token")),
            Err(error) => Err(error.into()),
        }
    }

    /// The tokens that were ever made, oldest first; without their texts, which nobody keeps.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn risk_tokens(&self, tenant: &Tenant) -> Result<Vec<RiskTokenRow>, Error> {
        Ok(self.ports.store.list_risk_tokens(&tenant.id).await?)
    }

    /// The tenant whose token this is.
    #[must_use]
    pub fn tenant_of_risk_token(&self, token: &Token) -> Option<&std::sync::Arc<Tenant>> {
        self.tenants.iter().find(|tenant| {
            let known = tenant.risk_tokens.load();
            // Why: every one is compared, so that the time tells nothing of which one it was.
            let held = known.iter().filter(|row| row.revoked_at.is_none());
            held.filter(|row| token.is(&row.digest)).count() > 0
        })
    }
}
