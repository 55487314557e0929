//! What is told of access: rows without digests.

use countersign_core::{OrganizationId, TenantId, Timestamp};
use countersign_store::{AccountRow, AccountTokenRow, GrantRow, PersonRow, SessionRow};
use serde::Serialize;

/// Somebody who can sign in.
#[derive(Debug, Clone, Serialize)]
pub struct PersonView {
    /// `per_…`
    pub id: String,
    /// Who says who it is.
    pub issuer: String,
    /// The issuer's id of the person.
    pub subject: String,
    /// A name to show.
    pub name: String,
    /// When the person became known.
    pub created_at: Timestamp,
    /// When they signed in last.
    pub seen_at: Timestamp,
    /// Since when they may not sign in.
    pub disabled_at: Option<Timestamp>,
}

/// A role that somebody has.
#[derive(Debug, Clone, Serialize)]
pub struct GrantView {
    /// `rec_…`
    pub id: String,
    /// Whose it is.
    pub principal: String,
    /// The role.
    pub role: String,
    /// At which tenant; `None`: at all.
    pub tenant: Option<TenantId>,
    /// At which organization of it; `None`: at all.
    pub organization: Option<OrganizationId>,
    /// Since when.
    pub given_at: Timestamp,
    /// By whom.
    pub given_by: String,
}

/// A session that holds.
#[derive(Debug, Clone, Serialize)]
pub struct SessionView {
    /// `ses_…`
    pub id: String,
    /// Whose it is: a person's id, or `local`.
    pub principal: String,
    /// How they came: `oidc`, `link`, `break_glass`.
    pub how: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
}

/// A service account.
#[derive(Debug, Clone, Serialize)]
pub struct AccountView {
    /// `sva_…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// Since when it may do nothing.
    pub disabled_at: Option<Timestamp>,
    /// Its tokens.
    pub tokens: Vec<TokenView>,
}

/// A token of a service account.
#[derive(Debug, Clone, Serialize)]
pub struct TokenView {
    /// `tok_…`
    pub id: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used last, to the hour.
    pub seen_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

impl From<PersonRow> for PersonView {
    fn from(row: PersonRow) -> Self {
        let PersonRow { id, issuer, subject, name, created_at, seen_at, disabled_at } = row;
        Self { id, issuer, subject, name, created_at, seen_at, disabled_at }
    }
}

impl From<GrantRow> for GrantView {
    fn from(row: GrantRow) -> Self {
        let GrantRow {
            id,
            principal,
            role,
            tenant,
            organization,
            given_at,
            given_by,
            ended_at: _,
            ended_by: _,
        } = row;
        Self { id, principal, role, tenant, organization, given_at, given_by }
    }
}

impl From<SessionRow> for SessionView {
    fn from(row: SessionRow) -> Self {
        let SessionRow {
            id,
            principal,
            how,
            created_at,
            seen_at,
            ends_at,
            digest: _,
            claimed: _,
            idle_micros: _,
            ended_at: _,
        } = row;
        Self { id, principal, how, created_at, seen_at, ends_at }
    }
}

impl From<AccountTokenRow> for TokenView {
    fn from(row: AccountTokenRow) -> Self {
        let AccountTokenRow {
            id,
            scopes,
            created_at,
            expires_at,
            seen_at,
            revoked_at,
            account: _,
            created_by: _,
            digest: _,
        } = row;
        let scopes = serde_json::from_str(&scopes).unwrap_or_default();
        Self { id, scopes, created_at, expires_at, seen_at, revoked_at }
    }
}

impl AccountView {
    pub(super) fn new(row: AccountRow, tokens: Vec<TokenView>) -> Self {
        let AccountRow { id, name, created_at, created_by, disabled_at } = row;
        Self { id, name, created_at, created_by, disabled_at, tokens }
    }
}
