//! What kind of network an address belongs to.

use serde::{Deserialize, Serialize};

/// The kind of a network, as far as a list names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// Homes, phones and offices.
    Access,
    /// Rented machines.
    Hosting,
    /// A VPN, proxy or Tor exit that hides who is behind it.
    Anonymizer,
    /// A gateway through which organizations send their people.
    Gateway,
    /// On no list, though lists of the operator name those of homes and offices; or on one that does not know.
    Unknown,
}
