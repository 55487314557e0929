//! What is known of the session, or the refresh token, that a sign-in belongs to.

use serde::{Deserialize, Serialize};

use super::Device;
use crate::{Short, hash};

/// A session or refresh token, without its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOf {
    /// Hash of its id; odd for a refresh token, even for a session.
    pub key: u32,
    /// Where it began by Auth0's account; `None` below the Enterprise plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<Initial>,
    /// Where it was last used by Auth0's account; `None` below the Enterprise plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Initial>,
}

impl SessionOf {
    /// The key of a session, or refresh token, by its id.
    pub(crate) fn key_of(id: &str, is_token: bool) -> u32 {
        (hash::key(&[id]) & !1) | u32::from(is_token)
    }

    /// Whether a key is that of a refresh token.
    pub(crate) const fn is_token(key: u32) -> bool {
        key & 1 == 1
    }
}

/// Circumstances of a use; `None` for what Auth0 did not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Initial {
    /// Network as `as64500`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Short>,
    /// The address's block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<Short>,
    /// The program and machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
}

impl Initial {
    /// The same without blocks of addresses.
    pub(super) fn without_address(self) -> Self {
        Self { network: self.network.filter(super::is_system), block: None, ..self }
    }
}
