//! Service accounts and their tokens: scoped, expiring, kept as digests, two at a time while one is rotated.

use std::collections::BTreeSet;

use countersign_core::{IdKind, Timestamp};
use countersign_privacy::Token;
use countersign_rights::{Action, How, Principal, PrincipalKind};
use countersign_store::{AccessWrite, AccountRow, AccountTokenRow, Commit, PersonRow, Write};

use super::{AccountView, Caller, InstallationPermit, TokenView, grants::found, told::Fact};
use crate::{App, Error};

/// What a service account's token begins with.
const PREFIX: &str = "csa_";

/// The longest time a token holds, in days.
pub const MAX_TOKEN_DAYS: u16 = 365;

/// Tokens of an account that may hold at once: one, and the one that follows it.
const MOST: u32 = 2;

/// Programs that made one another and are followed to a person.
const MOST_MAKERS: usize = 16;

/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// Every scope at once; personal data and approvals are never in it.
const ANY: &str = "*";

const DAY_MICROS: i64 = 86_400_000_000;

/// How old the time of a token's last use may become before it is written again.
const TOUCH_MICROS: i64 = 3_600_000_000;

/// A token that is to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it may be used for: names of actions, or `*`.
    pub scopes: BTreeSet<String>,
    /// How long it holds, 1 to 365 days.
    pub days: u16,
}

/// A token that was made; its text is told this once.
#[derive(Debug)]
pub struct TokenMade {
    /// Its id.
    pub id: String,
    /// Its text.
    pub token: Token,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl App {
    /// Makes a service account that may do nothing until it is granted a role; returns its id.
    ///
    /// # Errors
    /// `Text`, `NameTaken`, `Unavailable`.
    pub async fn make_account(&self, permit: &InstallationPermit, name: &str) -> Result<String, Error> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
        if name.trim().is_empty() || name.len() > MAX_NAME_BYTES || !name.chars().all(is_name) {
            return Err(Error::Text("name", MAX_NAME_BYTES));
        }
        if self.ports.store.list_accounts().await?.iter().any(|account| account.name == name) {
            return Err(Error::NameTaken);
        }
        let id = self.make_id(IdKind::Account)?;
        let row = AccountRow {
            id: id.clone(),
            name: name.to_owned(),
            created_at: self.ports.clock.now(),
            created_by: permit.caller().id().to_owned(),
            disabled_at: None,
        };
        let facts = [Fact("by", permit.caller().id()), Fact("principal", &id)];
        let writes = vec![AccessWrite::AddAccount(row)];
        match self.change_access(&self.everywhere(), "account_made", &facts, writes).await {
            Ok(()) => Ok(id),
            Err(Error::Stale) => Err(Error::NameTaken),
            Err(error) => Err(error),
        }
    }

    /// Ends a service account with all of its tokens.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn disable_account(&self, permit: &InstallationPermit, account: &str) -> Result<(), Error> {
        let facts = [Fact("by", permit.caller().id()), Fact("principal", account)];
        let at = self.ports.clock.now();
        let write = AccessWrite::DisableAccount { id: account.to_owned(), at };
        let done = self.change_access(&self.everywhere(), "account_disabled", &facts, vec![write]).await;
        found(done, "service account")
    }

    /// Makes a token of a service account. Two may hold at once, so that one can be replaced without a gap.
    ///
    /// # Errors
    /// `Scope` for a scope that is none, `Text` for a time that is none, `NotFound`, `TooMany`, `Unavailable`.
    pub async fn make_account_token(
        &self,
        permit: &InstallationPermit,
        account: &str,
        new: &NewToken,
    ) -> Result<TokenMade, Error> {
        let is_scope = |scope: &String| scope == ANY || scope.parse::<Action>().is_ok();
        if new.scopes.is_empty() || !new.scopes.iter().all(is_scope) {
            return Err(Error::Scope);
        }
        if !(1..=MAX_TOKEN_DAYS).contains(&new.days) {
            return Err(Error::Days(MAX_TOKEN_DAYS));
        }
        let accounts = self.ports.store.list_accounts().await?;
        if !accounts.iter().any(|row| row.id == account && row.disabled_at.is_none()) {
            return Err(Error::NotFound("service account"));
        }
        let created_at = self.ports.clock.now();
        let expires_at = Timestamp::from_micros(created_at.micros() + i64::from(new.days) * DAY_MICROS);
        let token = Token::generate(PREFIX, self.ports.entropy.as_ref()).map_err(Error::internal)?;
        let id = self.make_id(IdKind::Token)?;
        let row = AccountTokenRow {
            id: id.clone(),
            account: account.to_owned(),
            digest: token.digest(),
            scopes: serde_json::to_string(&new.scopes).map_err(Error::internal)?,
            created_at,
            created_by: Some(permit.caller().id().to_owned()),
            expires_at,
            seen_at: None,
            revoked_at: None,
        };
        let facts = [Fact("by", permit.caller().id()), Fact("principal", account), Fact("token", &id)];
        let writes = vec![AccessWrite::AddToken { row, most: MOST }];
        match self.change_access(&self.everywhere(), "token_made", &facts, writes).await {
            Ok(()) => Ok(TokenMade { id, token, expires_at }),
            Err(Error::Stale) => Err(Error::TooMany("tokens of this service account", MOST)),
            Err(error) => Err(error),
        }
    }

    /// Ends a token.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn revoke_account_token(&self, permit: &InstallationPermit, token: &str) -> Result<(), Error> {
        let facts = [Fact("by", permit.caller().id()), Fact("token", token)];
        let write = AccessWrite::RevokeToken { id: token.to_owned(), at: self.ports.clock.now() };
        let done = self.change_access(&self.everywhere(), "token_revoked", &facts, vec![write]).await;
        found(done, "token")
    }

    /// Service accounts with their tokens, without the tokens' texts, which nobody keeps.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn accounts(&self, _: &InstallationPermit) -> Result<Vec<AccountView>, Error> {
        let mut views = Vec::new();
        for account in self.ports.store.list_accounts().await? {
            let tokens = self.ports.store.list_account_tokens(&account.id).await?;
            let tokens = tokens.into_iter().map(TokenView::from).collect();
            views.push(AccountView::new(account, tokens));
        }
        Ok(views)
    }

    /// Which service account a token is of; `None` when it does not hold.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn caller_of_account_token(&self, token: &Token) -> Result<Option<Caller>, Error> {
        if !token.expose().starts_with(PREFIX) {
            return Ok(None);
        }
        let now = self.ports.clock.now();
        let Some((row, account)) = self.ports.store.find_account_token(&token.digest()).await? else {
            return Ok(None);
        };
        if row.revoked_at.is_some() || row.expires_at <= now || account.disabled_at.is_some() {
            return Ok(None);
        }
        self.touch_token(&row, now).await;
        let scopes: BTreeSet<String> = serde_json::from_str(&row.scopes).map_err(Error::internal)?;
        let principal = Principal {
            kind: PrincipalKind::ServiceAccount,
            grants: self.grants_of(&account.id, &[]).await?,
            id: account.id,
            scopes,
            how: How::Token,
            tenant: None,
            organization: None,
        };
        let maker = row.created_by.unwrap_or(account.created_by);
        Ok(Some(Caller::new(principal, &account.name, None).made_by(&maker)))
    }

    /// The person behind a program, as far as is known: whoever made the token by which it came, or of a program that did, whoever made that.
    pub(crate) async fn person_behind(&self, caller: &Caller) -> Result<Option<PersonRow>, Error> {
        match caller.maker() {
            Some(maker) => self.person_behind_id(maker).await,
            None => Ok(None),
        }
    }

    /// The person of an id: their own, or of a program, whoever made that.
    pub(crate) async fn person_behind_id(&self, id: &str) -> Result<Option<PersonRow>, Error> {
        let mut maker = id.to_owned();
        let accounts = self.ports.store.list_accounts().await?;
        for _ in 0..MOST_MAKERS {
            if let Some(account) = accounts.iter().find(|account| account.id == maker) {
                maker.clone_from(&account.created_by);
                continue;
            }
            return Ok(self.ports.store.get_person(&maker).await?);
        }
        Ok(None)
    }

    /// Why no error: what works is not to be stopped because the time of it could not be written.
    async fn touch_token(&self, row: &AccountTokenRow, now: Timestamp) {
        let is_fresh = |seen: Timestamp| now.micros().saturating_sub(seen.micros()) < TOUCH_MICROS;
        if row.seen_at.is_some_and(is_fresh) {
            return;
        }
        let Some(tenant) = self.tenants.iter().next() else { return };
        let write = Write::Access(AccessWrite::TouchToken { id: row.id.clone(), at: now });
        let commit = Commit { writes: vec![write], ..Commit::background(tenant.id.clone()) };
        if let Err(error) = self.ports.store.commit(commit).await {
            tracing::warn!(%error, "the use of a token could not be written");
        }
    }
}
