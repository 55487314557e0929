//! By which keys a transaction is counted.

use crate::{Short, extract::block, hash};

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
    /// A sign-in that went through.
    Success,
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
    pub(crate) network: Option<u32>,
    pub(crate) skeleton: Option<u32>,
}

impl Sightings {
    /// A failed sign-in from `ip` as `account` (whatever names it), which only the tenant's logs tell.
    #[must_use]
    pub fn failure(ip: &str, account: &str, ja4: Option<&str>) -> Self {
        Self {
            kind: Kind::Failure,
            account: hash::key(&[account]),
            ja4: ja4.map(|ja4| hash::key(&[ja4])),
            ..Self::from(ip)
        }
    }

    /// The same sightings, of a sign-in that went through.
    #[must_use]
    pub fn succeeded(self) -> Self {
        Self { kind: Kind::Success, ..self }
    }

    /// Reads by the address's block alone.
    pub(crate) fn from(ip: &str) -> Self {
        Self {
            block: block(ip).as_ref().map(Short::as_str).map(|block| hash::key(&[block])),
            ..Self::default()
        }
    }
}
