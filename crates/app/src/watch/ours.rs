//! What is our own doing at the tenant: the tokens that we wrote with, and the Actions that stand there for us.

use std::{collections::BTreeSet, sync::Arc};

use countersign_core::Timestamp;
use countersign_detect::Context;
use countersign_store::{Commit, Write};
use serde::{Deserialize, Serialize};

use crate::{App, Error, Tenant, management::Maker};

/// Where the store keeps the tokens.
const CURSOR: &str = "own_tokens";

/// How many tokens are remembered, the newest: a token lives a day, the log is kept for ninety, and each process has its own.
const REMEMBERED: usize = 256;

/// A token that something was written with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Token {
    client: String,
    id: String,
    at: Timestamp,
}

/// What is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ours {
    tokens: Vec<Token>,
    client: Option<String>,
    actions: Arc<BTreeSet<String>>,
}

/// Says to detectors what is ours.
pub(super) fn inform(mut context: Context, ours: &Ours) -> Context {
    if let Some(client) = &ours.client {
        context.own_clients.entry(client.clone()).or_default();
    }
    for Token { client, id, .. } in &ours.tokens {
        let is_service = ours.client.as_ref() == Some(client);
        let clients = if is_service { &mut context.own_clients } else { &mut context.installers };
        clients.entry(client.clone()).or_default().insert(id.clone());
    }
    context.guarded_actions.extend(ours.actions.iter().cloned());
    context
}

impl App {
    pub(super) async fn ours(&self, tenant: &Tenant) -> Result<Ours, Error> {
        let (client, actions) = (tenant.watch.client.clone(), tenant.watch.actions.load_full());
        Ok(Ours { tokens: self.own_tokens(tenant).await?, client, actions })
    }

    async fn own_tokens(&self, tenant: &Tenant) -> Result<Vec<Token>, Error> {
        let kept = self.ports.store.find_log_cursor(&tenant.id, CURSOR).await?;
        Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default())
    }

    /// Whether something was written with a token.
    pub(crate) async fn wrote_with(&self, tenant: &Tenant, maker: &Maker) -> Result<bool, Error> {
        let is_it = |token: &Token| token.client == maker.client_id && token.id == maker.token_id;
        Ok(self.own_tokens(tenant).await?.iter().any(is_it))
    }

    /// Remembers by which token something is about to be written, so that the log's entry of it is known as ours.
    pub(crate) async fn remember_token(&self, tenant: &Tenant, maker: &Maker) -> Result<(), Error> {
        let mut tokens = self.own_tokens(tenant).await?;
        if tokens.iter().any(|token| token.client == maker.client_id && token.id == maker.token_id) {
            return Ok(());
        }
        let (client, id) = (maker.client_id.clone(), maker.token_id.clone());
        tokens.push(Token { client, id, at: self.ports.clock.now() });
        tokens.drain(..tokens.len().saturating_sub(REMEMBERED));
        let cursor = serde_json::to_string(&tokens).map_err(Error::internal)?;
        let writes = vec![Write::LogCursor { name: CURSOR, cursor }];
        self.ports.store.commit(Commit { writes, ..Commit::background(tenant.id.clone()) }).await?;
        Ok(())
    }

    /// Takes the ids of the Actions that stand at the tenant for us: what is done to them is told.
    pub fn guard_actions(&self, tenant: &Tenant, actions: BTreeSet<String>) {
        if **tenant.watch.actions.load() != actions {
            tenant.watch.actions.store(Arc::new(actions));
        }
    }
}
