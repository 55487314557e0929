//! How common the features of a sign-in are among other people, as read from the crowd when it was decided.

use serde::{Deserialize, Serialize};

/// How common one value is, in parts of a thousand million; each at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// In the organization, smoothed by the tenant's share.
    #[serde(rename = "o")]
    pub organization_ppb: u32,
    /// In the tenant.
    #[serde(rename = "t")]
    pub tenant_ppb: u32,
}

/// What the crowd says of one sign-in; `Default` knows nothing. `None` where the feature is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shares {
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Share>,
    /// The network among those of its country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Share>,
    /// The block among those of its network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<Share>,
    /// The kind of machine and its system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<Share>,
    /// The browser among those of such machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser: Option<Share>,
    /// The browser's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Share>,
    /// The TLS fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Share>,
    /// The TLS fingerprint among those of the same browser on the same system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<Share>,
    /// The hour of the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<Share>,
    /// Weight of all sign-ins of the tenant that told a country, in thousandths: how much the shares rest on.
    pub tenant_milli: u32,
    /// Others of the organization on the same block in 30 days, at most 8.
    pub block_others: u8,
    /// Weight of the network in the organization, in thousandths of a sign-in.
    pub network_here_milli: u32,
    /// Weight of the network in the tenant, in thousandths of a sign-in.
    pub network_milli: u32,
    /// Weight of the confirmed attacks from the network, in thousandths.
    pub network_attacks_milli: u32,
    /// Weight of the confirmed attacks with the TLS fingerprint, in thousandths.
    pub fingerprint_attacks_milli: u32,
}
