//! Who asks the installation for something, and what they were granted, as it is stored.
//!
//! These rows are of the installation and not of a tenant. Times are compared in one way everywhere: what ends at a time does not
//! hold at that time any more.

use countersign_core::{OrganizationId, TenantId, Timestamp};

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// `per_…`.
    pub id: String,
    /// Who vouches for them: the issuer's identifier, as it is in its tokens.
    pub issuer: String,
    /// What the issuer calls them; with it at most 2,048 bytes.
    pub subject: String,
    /// What to call them on a page; stands nowhere else.
    pub name: String,
    /// When they came first.
    pub created_at: Timestamp,
    /// When they signed in last.
    pub seen_at: Timestamp,
    /// Since when they may not sign in; `None`: they may.
    pub disabled_at: Option<Timestamp>,
}

/// A role that a principal has somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// `rec_…`.
    pub id: String,
    /// The person's or service account's id.
    pub principal: String,
    /// The role, a word.
    pub role: String,
    /// At which tenant; `None`: at the installation.
    pub tenant: Option<TenantId>,
    /// At which organization of the tenant; `None`: at all of the tenant.
    pub organization: Option<OrganizationId>,
    /// When it was given.
    pub given_at: Timestamp,
    /// By whom: a principal's id.
    pub given_by: String,
    /// When it ended; `None` while it holds.
    pub ended_at: Option<Timestamp>,
    /// Who ended it; `None` while it holds.
    pub ended_by: Option<String>,
}

/// Somebody's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// `ses_…`; says nothing about the token.
    pub id: String,
    /// SHA-256 of the session's token.
    pub digest: Vec<u8>,
    /// Whose it is: a principal's id.
    pub principal: String,
    /// How they came, a word.
    pub how: String,
    /// What they came with: claimed values that the configuration grants roles for, and when they last showed who they are; JSON.
    pub claimed: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// After how many microseconds without use it does not hold any more; above 0.
    pub idle_micros: i64,
    /// When it ends in any case.
    pub ends_at: Timestamp,
    /// When it was ended before its time; `None`: it was not.
    pub ended_at: Option<Timestamp>,
}

impl SessionRow {
    /// Whether whoever has the token is its principal at `now`.
    #[must_use]
    pub const fn holds_at(&self, now: Timestamp) -> bool {
        let idle = now.micros().saturating_sub(self.seen_at.micros());
        self.ended_at.is_none() && now.micros() < self.ends_at.micros() && idle < self.idle_micros
    }
}

/// A program that may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// `sva_…`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom: a principal's id.
    pub created_by: String,
    /// Since when none of its tokens holds; `None`: they may.
    pub disabled_at: Option<Timestamp>,
}

/// A token of a service account; only its digest is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountTokenRow {
    /// `tok_…`.
    pub id: String,
    /// The service account's id.
    pub account: String,
    /// SHA-256 of the token.
    pub digest: Vec<u8>,
    /// What it is for, a JSON array of actions.
    pub scopes: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom: a principal's id; `None`: it was made before this was kept.
    pub created_by: Option<String>,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// When it was last used; `None`: never.
    pub seen_at: Option<Timestamp>,
    /// When it was ended before its time; `None`: it was not.
    pub revoked_at: Option<Timestamp>,
}

impl AccountTokenRow {
    /// Whether whoever has the token is its service account at `now`, as long as that is not disabled.
    #[must_use]
    pub const fn holds_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now.micros() < self.expires_at.micros()
    }
}

/// A link that makes one session; only the digest of its token is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Its id.
    pub id: String,
    /// SHA-256 of the token.
    pub digest: Vec<u8>,
    /// How whoever uses it comes: `link` or `break_glass`.
    pub how: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends in any case.
    pub ends_at: Timestamp,
    /// When it was used; `None`: not yet.
    pub used_at: Option<Timestamp>,
}

/// One change of access. What is to be added and is there already is `Stale`, with everything else in its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessWrite {
    /// Adds a person, or says their name and that they were seen; `Stale` when they are disabled, or kept under another id.
    PutPerson(PersonRow),
    /// Lets a person in no more; `Stale` when there is none, or they are disabled. Their sessions are ended by a write of its own.
    DisablePerson {
        /// The person's id.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// Lets a person in again; `Stale` when there is none, or they are not disabled.
    EnablePerson {
        /// The person's id.
        id: String,
    },
    /// Adds a grant; `Stale` also when the same principal has the same role at the same place.
    AddGrant(GrantRow),
    /// Ends a grant; `Stale` when none of this id holds.
    EndGrant {
        /// Its id.
        id: String,
        /// When.
        at: Timestamp,
        /// By whom: a principal's id.
        by: String,
    },
    /// Adds a session.
    AddSession(SessionRow),
    /// Says that a session was used, so that it goes on; `Stale` when it does not hold at that time. Needs no leaf.
    TouchSession {
        /// Its id.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// Ends a session; `Stale` when there is none of this id that was not ended.
    EndSession {
        /// Its id.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// Ends all sessions of a principal; nothing where there is none.
    EndSessionsOf {
        /// The principal's id.
        principal: String,
        /// When.
        at: Timestamp,
    },
    /// Adds a service account.
    AddAccount(AccountRow),
    /// Lets a service account in no more; `Stale` when there is none, or it is disabled.
    DisableAccount {
        /// Its id.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// Adds a token of a service account; `Stale` also when there is no such account, it is disabled, or as many hold as may.
    AddToken {
        /// The token.
        row: AccountTokenRow,
        /// How many may hold at once, this one included.
        most: u32,
    },
    /// Ends a token; `Stale` when there is none of this id that was not ended.
    RevokeToken {
        /// Its id.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// Says that a token was used; `Stale` when it does not hold at that time. Needs no leaf.
    TouchToken {
        /// Its id.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// Adds a one-time link.
    AddLink(LinkRow),
    /// Uses a link up; `Stale` when there is none of this token that holds. Of several who try at once one succeeds.
    UseLink {
        /// SHA-256 of its token.
        digest: Vec<u8>,
        /// When.
        at: Timestamp,
    },
    /// Forgets sessions and links that could not hold from a time on, had they been ended or used or not.
    Prune {
        /// What ends at this time or later is kept.
        before: Timestamp,
    },
}

impl From<AccessWrite> for crate::Write {
    fn from(write: AccessWrite) -> Self {
        Self::Access(write)
    }
}
