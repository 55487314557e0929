//! By which keys a transaction is counted.

use crate::{
    Short,
    extract::{account, block, range},
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
    /// A sign-in that failed, since something was wrong that only the person would know.
    Failure,
    /// A sign-in that went through.
    Success,
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
    /// Who signs up or resets; 0 for nobody.
    pub(crate) account: u32,
    /// Who signs in, or is tried; `None` where that is nobody, or somebody who is yet to sign up.
    pub(crate) user: Option<u32>,
    pub(crate) block: Option<u32>,
    /// The autonomous system, where it was told.
    pub(crate) network: Option<u32>,
    pub(crate) domain: Option<u32>,
    pub(crate) ja4: Option<u32>,
    pub(crate) skeleton: Option<u32>,
    pub(crate) name: Option<u32>,
    pub(crate) range: Option<u32>,
    pub(crate) client: Option<u32>,
}

impl Sightings {
    /// A failed sign-in from `ip` as `account` (the user's id, else the name that was typed), which only the tenant's logs tell; with
    /// the TLS fingerprint, and the network as `as64500` where something else than our memory knows it.
    ///
    /// No address counts by no block, and no account as one that nobody has.
    #[must_use]
    pub fn failure(ip: &str, account: &str, ja4: Option<&str>, network: Option<&str>) -> Self {
        Self { kind: Kind::Failure, ..Self::sign_in(ip, account, ja4, network) }
    }

    /// A sign-in that went through; as [`Sightings::failure`] else.
    #[must_use]
    pub fn success(ip: &str, account: &str, ja4: Option<&str>, network: Option<&str>) -> Self {
        Self { kind: Kind::Success, ..Self::sign_in(ip, account, ja4, network) }
    }

    /// A transaction of `account` (whatever names it) from `block` that a person called fraudulent.
    #[must_use]
    pub fn fraud(block: &Short, account: &str) -> Self {
        Self { kind: Kind::Fraud, account: hash::key(&[account]), block: Some(key(block)), ..Self::default() }
    }

    /// A request of the machine `client` from `ip`.
    pub(crate) fn request(ip: &str, client: &str) -> Self {
        Self { kind: Kind::Request, client: Some(hash::key(&[client])), ..Self::from(ip) }
    }

    /// Reads by the address's block, and what lies around it, alone.
    pub(crate) fn from(ip: &str) -> Self {
        Self {
            block: block(ip).as_ref().map(key),
            range: range(ip).as_deref().map(|range| hash::key(&[range])),
            ..Self::default()
        }
    }

    /// Reads by all that a sign-in tells.
    pub(crate) fn sign_in(ip: &str, user: &str, ja4: Option<&str>, network: Option<&str>) -> Self {
        let told = |text: Option<&str>| text.filter(|text| !text.trim().is_empty()).map(Short::new);
        Self {
            user: Some(account(&[Some(user)])).filter(|account| *account != 0),
            network: told(network).as_ref().map(key),
            ja4: told(ja4).as_ref().map(key),
            ..Self::from(ip)
        }
    }
}

fn key(text: &Short) -> u32 {
    hash::key(&[text.as_str()])
}
