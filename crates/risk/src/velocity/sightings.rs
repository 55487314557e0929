//! By which keys a transaction is counted.

use crate::{
    Short,
    extract::{block, range},
    hash,
};

/// What a transaction counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// Nothing: it only reads.
    #[default]
    Nothing,
    /// A new account.
    SignUp,
    /// A reset or change of a password.
    Reset,
    /// A sign-in that failed.
    Failure,
    /// A transaction that a person called fraudulent.
    Fraud,
    /// A machine's request.
    Request,
}

/// The hashed keys by which [`Velocity`](super::Velocity) counts one transaction; `Default` has none and counts nothing.
///
/// It holds no address and no name. Two transactions of one account count once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sightings {
    pub(crate) kind: Kind,
    pub(crate) account: u32,
    pub(crate) block: Option<u32>,
    pub(crate) domain: Option<u32>,
    pub(crate) ja4: Option<u32>,
    pub(crate) skeleton: Option<u32>,
    pub(crate) name: Option<u32>,
    pub(crate) range: Option<u32>,
    pub(crate) client: Option<u32>,
}

impl Sightings {
    /// A failed sign-in from `ip` as `account` (whatever names it), which only the tenant's logs tell.
    #[must_use]
    pub fn failure(ip: &str, account: &str) -> Self {
        Self { kind: Kind::Failure, account: hash::key(&[account]), ..Self::from(ip) }
    }

    /// A transaction of `account` (whatever names it) from `block` that a person called fraudulent.
    #[must_use]
    pub fn fraud(block: &Short, account: &str) -> Self {
        let (block, account) = (hash::key(&[block.as_str()]), hash::key(&[account]));
        Self { kind: Kind::Fraud, account, block: Some(block), ..Self::default() }
    }

    /// A request of the machine `client` from `ip`.
    pub(crate) fn request(ip: &str, client: &str) -> Self {
        Self { kind: Kind::Request, client: Some(hash::key(&[client])), ..Self::from(ip) }
    }

    /// Reads by the address's block alone.
    pub(crate) fn from(ip: &str) -> Self {
        Self {
            block: block(ip).as_ref().map(Short::as_str).map(|block| hash::key(&[block])),
            range: range(ip).as_deref().map(|range| hash::key(&[range])),
            ..Self::default()
        }
    }
}
