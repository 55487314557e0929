//! What the sign-ins of an organization and of a whole tenant look like: capped, decayed counts of hashed values.
//!
//! The same fold over outcomes as a profile, for many people at once: it is credited, debited and blamed when a profile
//! is, and read when a sign-in is decided. Nothing crosses tenants. It may forget (a restart, a cap) and loses only
//! warmth by it.

mod organizations;
mod others;
mod scope;
mod table;

use organizations::Organizations;
use others::Others;
use scope::{Keyed, Scope};

use crate::{Features, Shares, hash, learning::FULL_MILLI};

/// Half-life of a tenant's weights in days: short, since browsers are released to everybody within weeks.
const TENANT_DAYS: u32 = 14;

/// Most values of one feature of a tenant.
const TENANT_CELLS: usize = 4_096;

/// The crowd of one tenant.
#[derive(Debug, Clone)]
pub struct Crowd {
    tenant: Scope,
    organizations: Organizations,
    others: Others,
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            tenant: Scope::new(TENANT_DAYS, TENANT_CELLS),
            organizations: Organizations::default(),
            others: Others::default(),
        }
    }
}

/// Whose sign-in it is, as the crowd tells people apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    organization: u32,
    user: u32,
}

impl Member {
    /// The member of an organization (`None`: of none) by a pseudonym.
    #[must_use]
    pub fn new(organization: Option<&str>, user: &str) -> Self {
        Self {
            organization: organization.map_or(0, |organization| hash::key(&[organization])),
            user: hash::key(&[user]),
        }
    }
}

impl Crowd {
    /// What others say of a sign-in that is being decided.
    #[must_use]
    pub fn read(&self, features: &Features, member: Member) -> Shares {
        let keys = Keyed::of(features);
        let organization = self.organizations.get(member.organization);
        let mut shares = scope::shares(&keys, &self.tenant, organization, features.at);
        if let Some(block) = keys.block {
            shares.block_others = self.others.count(member, block, features.at);
        }
        shares
    }

    /// Counts a sign-in that counts fully, with 1,000 `weight_milli` thousandths; what counts less teaches nobody else: of one
    /// that looked risky, the person's own history may learn a little, and colleagues must not.
    pub fn credit(&mut self, features: &Features, member: Member, weight_milli: u32) {
        self.credit_tenant(features, weight_milli);
        self.credit_organization(features, member, weight_milli);
    }

    /// Takes a credit of the same features and weight back.
    pub fn debit(&mut self, features: &Features, member: Member, weight_milli: u32) {
        self.debit_tenant(features, weight_milli);
        self.debit_organization(features, member, weight_milli);
    }

    /// The tenant's part of [`Self::credit`].
    pub fn credit_tenant(&mut self, features: &Features, weight_milli: u32) {
        if teaches_others(features, weight_milli) {
            self.tenant.credit(&Keyed::of(features), features.at, weight_milli);
        }
    }

    /// The tenant's part of [`Self::debit`].
    pub fn debit_tenant(&mut self, features: &Features, weight_milli: u32) {
        if teaches_others(features, weight_milli) {
            self.tenant.debit(&Keyed::of(features), features.at, weight_milli);
        }
    }

    /// The organization's part of [`Self::credit`].
    pub fn credit_organization(&mut self, features: &Features, member: Member, weight_milli: u32) {
        if !teaches_others(features, weight_milli) {
            return;
        }
        let keys = Keyed::of(features);
        self.organizations
            .change(member.organization, |scope| scope.credit(&keys, features.at, weight_milli));
        if let Some(block) = keys.block {
            self.others.note(member, block, features.at);
        }
    }

    /// The organization's part of [`Self::debit`].
    pub fn debit_organization(&mut self, features: &Features, member: Member, weight_milli: u32) {
        if !teaches_others(features, weight_milli) {
            return;
        }
        let keys = Keyed::of(features);
        self.organizations
            .change_known(member.organization, |scope| scope.debit(&keys, features.at, weight_milli));
        if let Some(block) = keys.block {
            self.others.forget(member, block);
        }
    }

    /// Holds an attack against its network and TLS client in the whole tenant: a confirmed one with 1,000 thousandths.
    pub fn blame(&mut self, features: &Features, weight_milli: u32) {
        self.tenant.blame(&Keyed::of(features), features.at, weight_milli);
    }

    /// Takes a blame of the same features and weight back.
    pub fn pardon(&mut self, features: &Features, weight_milli: u32) {
        self.tenant.pardon(&Keyed::of(features), features.at, weight_milli);
    }

    /// As [`Self::blame`], for the people of one organization alone: so said somebody who speaks for no other.
    pub fn blame_within(&mut self, features: &Features, member: Member, weight_milli: u32) {
        let keys = Keyed::of(features);
        self.organizations.change(member.organization, |scope| scope.blame(&keys, features.at, weight_milli));
    }

    /// Takes a blame within the organization back.
    pub fn pardon_within(&mut self, features: &Features, member: Member, weight_milli: u32) {
        let keys = Keyed::of(features);
        self.organizations
            .change_known(member.organization, |scope| scope.pardon(&keys, features.at, weight_milli));
    }

    /// Bytes that the counts take, roughly.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.tenant.size_bytes() + self.organizations.size_bytes() + self.others.size_bytes()
    }
}

/// Whether a sign-in teaches anybody but its person.
const fn teaches_others(features: &Features, weight_milli: u32) -> bool {
    weight_milli >= FULL_MILLI && features.machine.is_none()
}

#[cfg(test)]
mod tests;
