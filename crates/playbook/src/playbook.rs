//! What an incident is answered with.

use std::collections::BTreeSet;

use countersign_core::{Mode, words};
use countersign_detect::Severity;

use crate::Confidence;

/// The first-level key of `app_metadata` by which the Actions know an account that is contained. Why a key of its own: the Action
/// writes the mark of each sign-in under another, and a plan's precondition must not move with it.
pub const CONTAINED: &str = "countersign_contained";

words!(
    /// What can be wanted of an account.
    UserChange, "change of users", {
        /// Marks it in `app_metadata`, for the Actions.
        MarkContained = "mark_contained",
        /// Keeps it from signing in.
        BlockUser = "block_user",
        /// Makes it set a new password.
        ForcePasswordReset = "force_password_reset",
        /// Removes its second factors.
        ResetMfa = "reset_mfa",
        /// Ends its sessions.
        RevokeSessions = "revoke_sessions",
        /// Ends its refresh tokens.
        RevokeRefreshTokens = "revoke_refresh_tokens",
        /// Ends its sessions and its refresh tokens.
        RevokeAccess = "revoke_access",
    }
);

words!(
    /// What can be wanted of an application.
    ClientChange, "change of clients", {
        /// Gives it a new secret.
        RotateClientSecret = "rotate_client_secret",
    }
);

words!(
    /// What can be wanted of addresses.
    AddressChange, "change of addresses", {
        /// Keeps them out.
        BlockNetworks = "block_networks",
    }
);

/// What an incident is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playbook {
    /// Its name: that of its file, without folder and extension.
    pub name: String,
    /// What it is for, in a line.
    pub title: String,
    /// Whether it answers nothing: how one that is built in is switched off.
    pub is_off: bool,
    /// The detectors and rules whose alerts it answers.
    pub detectors: BTreeSet<String>,
    /// How grave such an alert is at the least.
    pub least_severity: Severity,
    /// How sure the incident is at the least.
    pub least_confidence: Confidence,
    /// The mode of the tenant at the least.
    pub least_mode: Mode,
    /// What is wanted of each account, in the order of the words.
    pub users: BTreeSet<UserChange>,
    /// What is wanted of each application.
    pub clients: BTreeSet<ClientChange>,
    /// What is wanted of the addresses.
    pub addresses: BTreeSet<AddressChange>,
    /// The receivers that are told, by name.
    pub notify: BTreeSet<String>,
    /// The most accounts of one plan: beyond them nothing is wanted, and people decide.
    pub most_users: usize,
    /// In whose queue its plans stand.
    pub audience: String,
}

impl Playbook {
    /// Whether it wants something of anybody or anything.
    #[must_use]
    pub fn wants(&self) -> bool {
        !(self.users.is_empty() && self.clients.is_empty() && self.addresses.is_empty())
    }
}
