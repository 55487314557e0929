//! What is known of a password's reset or change.

use serde::{Deserialize, Serialize};

use super::LookAlike;

/// A reset's own features; `Default` knows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reset {
    /// Whole hours since the password was last reset; `None` when not told, and after a change, which would be itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_since_reset: Option<u32>,
    /// Other accounts whose password was reset from the same block in 24 hours, at most 32.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub accounts_from_block: u16,
    /// Accounts at which sign-ins failed from the same block in 24 hours, at most 32.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures_from_block: u16,
    /// Accounts of which transactions from the same block were called fraudulent in 24 hours, at most 32.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub frauds_from_block: u16,
    /// Whether a second factor is enrolled; `None` when not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_second_factor: Option<bool>,
    /// How the domain of the person's own address imitates a known organization's; `None` when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_alike: Option<LookAlike>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(crate) const fn is_zero(value: &u16) -> bool {
    *value == 0
}
