//! The port: what keeps the counts, for one process or for several.

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

/// What is counted, and by which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Sign-ups from a block of addresses.
    SignUpsByBlock,
    /// Sign-ups at an e-mail domain.
    SignUpsByDomain,
    /// Sign-ups with a TLS fingerprint.
    SignUpsByJa4,
    /// Sign-ups with a pattern of the local part.
    SignUpsBySkeleton,
    /// Sign-ups with a full name.
    SignUpsByName,
    /// Sign-ups from a /16 (IPv4) or /32 (IPv6).
    SignUpsByRange,
    /// Resets from a block of addresses.
    ResetsByBlock,
    /// Transactions from a block of addresses that were called fraudulent.
    FraudsByBlock,
    /// Requests of a machine's client: blocks of addresses are counted.
    BlocksByClient,
    /// Requests of a machine's client, each by its moment.
    RequestsByClient,
    /// Failed sign-ins from a block of addresses.
    FailuresByBlock,
    /// Failed sign-ins from an autonomous system.
    FailuresByNetwork,
    /// Failed sign-ins with a TLS fingerprint.
    FailuresByJa4,
    /// Failed sign-ins as an account: blocks of addresses are counted, not accounts.
    FailuresByUser,
    /// Sign-ins from a block of addresses.
    SuccessesByBlock,
    /// Sign-ins with a TLS fingerprint.
    SuccessesByJa4,
}

impl Count {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::SignUpsByBlock,
        Self::SignUpsByDomain,
        Self::SignUpsByJa4,
        Self::SignUpsBySkeleton,
        Self::SignUpsByName,
        Self::SignUpsByRange,
        Self::ResetsByBlock,
        Self::FraudsByBlock,
        Self::BlocksByClient,
        Self::RequestsByClient,
        Self::FailuresByBlock,
        Self::FailuresByNetwork,
        Self::FailuresByJa4,
        Self::FailuresByUser,
        Self::SuccessesByBlock,
        Self::SuccessesByJa4,
    ];
}

/// The time back from now in which is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// 60 seconds.
    Minute,
    /// 600 seconds.
    TenMinutes,
    /// 3,600 seconds.
    Hour,
    /// 86,400 seconds.
    Day,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Minute, Self::TenMinutes, Self::Hour, Self::Day];

    /// Its length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::TenMinutes => 600,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// What keeps the counts; [`Velocity`](super::Velocity) asks nothing else, so that another one changes nothing of the model.
///
/// Nothing here waits or fails: an implementation that several processes share answers from memory and exchanges what was noted
/// apart from decisions, as [`LocalCounts`](super::LocalCounts) does with its deltas. Keys and accounts are hashes.
pub trait Counts {
    /// How many accounts other than `own` were noted with `key` in the `window` that ends at `at`.
    fn others(&self, of: Count, key: u32, own: u32, window: Window, at: Timestamp) -> u32;

    /// Notes that `account` was seen with `key` at `at`, which may be late by less than a day: what was noted with the key for a
    /// later time than a day after it is taken for the work of a clock that ran ahead.
    fn note(&mut self, of: Count, key: u32, account: u32, at: Timestamp);

    /// Takes back that `account` was noted with `key`, where it still is; what other processes were told of it stays there.
    fn forget(&mut self, of: Count, key: u32, account: u32);

    /// The network that a block of addresses was last seen in; `None` where that was never told or is forgotten.
    fn network(&self, block: u32) -> Option<u32>;

    /// Notes which network a block of addresses is in.
    fn learn(&mut self, block: u32, network: u32, at: Timestamp);
}
