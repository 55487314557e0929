//! What the counters tell of one transaction.

use serde::{Deserialize, Serialize};

use crate::features::is_zero;

/// How many other accounts were seen with the same key: exact below 128 accounts of the key in the time, within the error of
/// [`LocalCounts`](super::LocalCounts) beyond; 65,535 reads "so many or more". A day's count is never below its hour's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Readings {
    /// Sign-ups from the block in an hour.
    pub block_hour: u16,
    /// Sign-ups from the block in 24 hours.
    pub block_day: u16,
    /// Sign-ups at the e-mail domain in an hour.
    pub domain_hour: u16,
    /// Sign-ups at the e-mail domain in 24 hours.
    pub domain_day: u16,
    /// Sign-ups with the same TLS fingerprint in an hour.
    pub ja4_hour: u16,
    /// Sign-ups with the same TLS fingerprint in 24 hours.
    pub ja4_day: u16,
    /// Sign-ups with the local part's pattern in an hour.
    pub skeleton_hour: u16,
    /// Sign-ups with the local part's pattern in 24 hours.
    pub skeleton_day: u16,
    /// Accounts reset from the block in 24 hours.
    pub resets_day: u16,
    /// Accounts at which sign-ins failed from the block in 24 hours.
    pub failures_day: u16,
    /// Sign-ups with the same full name in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub name_hour: u16,
    /// Sign-ups with the same full name in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub name_day: u16,
    /// Sign-ups from the /16 (IPv4) or /32 (IPv6) around the block in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub range_hour: u16,
    /// Sign-ups from the /16 (IPv4) or /32 (IPv6) around the block in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub range_day: u16,
    /// Accounts of which transactions from the block were called fraudulent in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub frauds_day: u16,
    /// Other blocks that the machine's client was seen from in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub client_blocks_hour: u16,
    /// Requests of the machine's client in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub client_requests_hour: u16,
    /// Accounts at which sign-ins failed from the block in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub block_failures_hour: u16,
    /// Accounts at which sign-ins failed from the network in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub network_failures_day: u16,
    /// Accounts at which sign-ins failed with the same TLS fingerprint in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub ja4_failures_day: u16,
    /// Other blocks of addresses from which sign-ins as this very account failed in an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub user_failures_hour: u16,
    /// Accounts that signed in from the block in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub block_successes_day: u16,
    /// Accounts that signed in with the same TLS fingerprint in 24 hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub ja4_successes_day: u16,
}

impl Readings {
    /// Whether nobody else did anything alike.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
