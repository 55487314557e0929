//! Reads of access. They are of the installation: no tenant has people, accounts or links of its own.

use countersign_core::Timestamp;

use super::{Backend, Store};
use crate::{AccountRow, AccountTokenRow, GrantRow, LinkRow, PersonRow, SessionRow, StoreError};

impl Store {
    /// The person whom an issuer calls so.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_person(&self, issuer: &str, subject: &str) -> Result<Option<PersonRow>, StoreError> {
        backend!(self.find_person(issuer, subject).await)
    }

    /// The person of an id.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn get_person(&self, id: &str) -> Result<Option<PersonRow>, StoreError> {
        backend!(self.get_person(id).await)
    }

    /// People in the order of their ids, after `after`.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_people(&self, limit: u32, after: Option<&str>) -> Result<Vec<PersonRow>, StoreError> {
        backend!(self.list_people(limit, after).await)
    }

    /// The session of a token, whether it holds or not; `digest` is the token's SHA-256.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_session(&self, digest: &[u8]) -> Result<Option<SessionRow>, StoreError> {
        backend!(self.find_session(digest).await)
    }

    /// The sessions that hold at `now`, of a principal or of all, oldest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_sessions(
        &self,
        principal: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        backend!(self.list_sessions(principal, now).await)
    }

    /// The grants that hold, of a principal or of all, by principal, role, tenant and organization.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_grants(&self, principal: Option<&str>) -> Result<Vec<GrantRow>, StoreError> {
        backend!(self.list_grants(principal).await)
    }

    /// All service accounts, in the order of their ids.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        backend!(self.list_accounts().await)
    }

    /// The row of a service account's token and the account, whether they hold or not; `digest` is the token's SHA-256.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_account_token(
        &self,
        digest: &[u8],
    ) -> Result<Option<(AccountTokenRow, AccountRow)>, StoreError> {
        backend!(self.find_account_token(digest).await)
    }

    /// All tokens that a service account ever had, oldest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_account_tokens(&self, account: &str) -> Result<Vec<AccountTokenRow>, StoreError> {
        backend!(self.list_account_tokens(account).await)
    }

    /// The one-time link of a token, whether it holds or not; `digest` is the token's SHA-256.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_link(&self, digest: &[u8]) -> Result<Option<LinkRow>, StoreError> {
        backend!(self.find_link(digest).await)
    }
}
