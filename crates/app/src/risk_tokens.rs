//! Tokens by which a customer's own Action asks the short form; each can be ended by itself.

use std::sync::Arc;

use countersign_core::{IdKind, TenantId};
use countersign_ledger::leaf::Kind;
use countersign_privacy::Token;
use countersign_store::{Commit, RiskTokenRow, Store, StoreError, Write};

use crate::{
    App, Error, Tenant,
    access::{Caller, Permit},
    leaves::Draft,
};

/// What a token begins with.
const PREFIX: &str = "rsk_";

/// Tokens that may hold at once: each costs a comparison a request.
const MOST: u32 = 32;

/// The tokens that hold.
pub(crate) async fn held(store: &Store, tenant: &TenantId) -> Result<Vec<RiskTokenRow>, StoreError> {
    let known = store.list_risk_tokens(tenant).await?;
    Ok(known.into_iter().filter(|row| row.revoked_at.is_none()).collect())
}

impl App {
    /// Makes a token of the short form; its text is told this once.
    ///
    /// # Errors
    /// `TooMany` when there are 32 that hold; `Unavailable`.
    pub async fn make_risk_token(&self, permit: &Permit) -> Result<(String, Token), Error> {
        let tenant: &Tenant = permit;
        let at = self.ports.clock.now();
        let (id, record) = (self.make_id(IdKind::Record)?, self.make_id(IdKind::Record)?);
        let token = Token::generate(PREFIX, self.ports.entropy.as_ref()).map_err(Error::internal)?;
        let row = RiskTokenRow { id: id.clone(), digest: token.digest(), at, revoked_at: None };
        let draft = Draft::new(&record, at, Kind::Administration)
            .fact("change", &"risk_token_made")
            .fact("token", &id)
            .by(permit.caller());
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::RiskToken { row, most: MOST }],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => {}
            Err(StoreError::Stale) => return Err(Error::TooMany("tokens of the short form", MOST)),
            Err(error) => return Err(error.into()),
        }
        // Why without the error: its text is told this once, and the next look takes it.
        if let Err(error) = self.look_at_tokens(tenant, None).await {
            tracing::warn!(tenant.id = %tenant.id, detail = error.detail(), "a token was made that does not hold here yet");
        }
        Ok((id, token))
    }

    /// Ends a token: here at once, in other processes within a second. It is done to its end also when the caller goes away.
    ///
    /// # Errors
    /// `NotFound` when there is none of this id that still holds; `Unavailable`.
    pub async fn revoke_risk_token(self: &Arc<Self>, permit: &Permit, id: &str) -> Result<(), Error> {
        let (app, permit, id) = (Arc::clone(self), permit.clone(), id.to_owned());
        self.late.finish(async move { app.end_token(&permit, permit.caller(), &id).await }).await?
    }

    async fn end_token(&self, tenant: &Tenant, by: &Caller, id: &str) -> Result<(), Error> {
        let ended = self.record_end(tenant, by, id).await;
        let is_ended = matches!(ended, Ok(()) | Err(Error::NotFound(_)));
        // Why also after an error: another process may have ended it, or the commit be done without a word of it.
        if let Err(error) = self.look_at_tokens(tenant, is_ended.then_some(id)).await {
            tracing::warn!(tenant.id = %tenant.id, detail = error.detail(), "the tokens of the short form could not be read");
        }
        ended
    }

    async fn record_end(&self, tenant: &Tenant, by: &Caller, id: &str) -> Result<(), Error> {
        // Why first: what is no id of ours has no place in a leaf.
        if !self.ports.store.list_risk_tokens(&tenant.id).await?.iter().any(|row| row.id == id) {
            return Err(Error::NotFound("token"));
        }
        let at = self.ports.clock.now();
        let record = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&record, at, Kind::Administration)
            .fact("change", &"risk_token_revoked")
            .fact("token", &id)
            .by(by);
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![Write::RevokeRiskToken { id: id.to_owned(), at }],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale) => Err(Error::NotFound("token")),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the tokens as they are on record; the one that `ended` is forgotten also where they can't be read.
    async fn look_at_tokens(&self, tenant: &Tenant, ended: Option<&str>) -> Result<(), Error> {
        // Why: a look that began before the change must not bring back what it read.
        let _turn = tenant.switching.lock().await;
        if let Some(ended) = ended {
            let held = tenant.risk_tokens.load().iter().filter(|row| row.id != ended).cloned().collect();
            tenant.risk_tokens.store(Arc::new(held));
        }
        tenant.risk_tokens.store(Arc::new(held(&self.ports.store, &tenant.id).await?));
        Ok(())
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
    pub fn tenant_of_risk_token(&self, token: &Token) -> Option<&Arc<Tenant>> {
        self.tenants.iter().find(|tenant| {
            let known = tenant.risk_tokens.load();
            // Why: every one is compared, so that the time tells nothing of which one it was.
            known.iter().filter(|row| token.is(&row.digest)).count() > 0
        })
    }
}
