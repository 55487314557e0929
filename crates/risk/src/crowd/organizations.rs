//! The counts of a tenant's organizations, bounded together.

use std::collections::BTreeMap;

use super::scope::Scope;

/// Half-life of an organization's weights in days; RISK model, section 4.1.
const DAYS: u32 = 45;

/// Most values of one feature of an organization.
const CELLS: usize = 256;

/// Most organizations that are told apart.
const MAX_ORGANIZATIONS: usize = 4_096;

/// Most values of all organizations together, at some 24 bytes. Judgement: 1,000 organizations of 100 people have less than
/// a tenth of it, and without it 4,096 whose tables are all full would take 200 MB.
const MAX_CELLS: usize = 2_000_000;

/// Counts by organization; what was quiet longest goes first.
#[derive(Debug, Clone)]
pub(super) struct Organizations {
    scopes: BTreeMap<u32, Scope>,
    /// Values of all of them.
    cells: usize,
    most_cells: usize,
}

impl Default for Organizations {
    fn default() -> Self {
        Self { scopes: BTreeMap::new(), cells: 0, most_cells: MAX_CELLS }
    }
}

impl Organizations {
    pub(super) fn get(&self, organization: u32) -> Option<&Scope> {
        self.scopes.get(&organization)
    }

    /// Changes the counts of an organization, which need not be known yet.
    pub(super) fn change(&mut self, organization: u32, change: impl FnOnce(&mut Scope)) {
        if self.scopes.len() >= MAX_ORGANIZATIONS && !self.scopes.contains_key(&organization) {
            self.forget_quietest(organization);
        }
        let scope = self.scopes.entry(organization).or_insert_with(|| Scope::new(DAYS, CELLS));
        let before = scope.cells();
        change(scope);
        self.cells = self.cells.saturating_sub(before) + scope.cells();
        while self.cells > self.most_cells && self.forget_quietest(organization) {}
    }

    /// Changes the counts of an organization that is known.
    pub(super) fn change_known(&mut self, organization: u32, change: impl FnOnce(&mut Scope)) {
        if self.scopes.contains_key(&organization) {
            self.change(organization, change);
        }
    }

    /// Forgets the organization that was quiet longest; never `kept`. Whether there was one.
    fn forget_quietest(&mut self, kept: u32) -> bool {
        let others = self.scopes.iter().filter(|(key, _)| **key != kept);
        let quietest = others.min_by_key(|(key, scope)| (scope.latest(), **key)).map(|(key, _)| *key);
        let forgotten = quietest.and_then(|key| self.scopes.remove(&key));
        self.cells = self.cells.saturating_sub(forgotten.as_ref().map_or(0, Scope::cells));
        forgotten.is_some()
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.scopes.values().map(Scope::size_bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Channel, Timestamp};

    use super::*;
    use crate::{Features, crowd::scope::Keyed};

    const DAY_S: i64 = 86_400;

    /// A confirmed sign-in from one of many networks.
    fn credit(organizations: &mut Organizations, organization: u32, day: i64, network: u32) {
        let mut features = Features::new(Timestamp::from_seconds(day * DAY_S), Channel::Interactive);
        features.network = Some(format!("as{network}").as_str().into());
        organizations.change(organization, |scope| scope.credit(&Keyed::of(&features), features.at, 1_000));
    }

    #[test]
    fn values_of_all_organizations_together_are_bounded_and_the_quietest_goes_first() {
        let mut known = Organizations { most_cells: 1_000, ..Organizations::default() };
        for network in 0..200 {
            credit(&mut known, 1, 20_000, network);
            credit(&mut known, 2, 20_001, network);
        }
        for organization in 3..50 {
            for network in 0..200 {
                credit(&mut known, organization, 20_002, network);
                assert!(known.cells <= 1_000);
            }
        }
        assert_eq!(known.cells, known.scopes.values().map(Scope::cells).sum::<usize>());
        assert!(known.get(1).is_none() && known.get(2).is_none());
        assert_eq!(known.get(49).map(Scope::cells), Some(200), "the one that is at it is kept whole");
    }

    #[test]
    fn what_is_taken_back_is_room_again() {
        let mut known = Organizations::default();
        credit(&mut known, 1, 20_000, 7);
        let mut features = Features::new(Timestamp::from_seconds(20_000 * DAY_S), Channel::Interactive);
        features.network = Some("as7".into());
        known.change_known(1, |scope| scope.debit(&Keyed::of(&features), features.at, 1_000));
        known.change_known(2, |_| unreachable!("it is not known"));
        assert_eq!((known.cells, known.scopes.len()), (0, 1));
    }
}
