//! How many others did the same lately: bounded counters in memory, hints and never authoritative.

mod counts;
mod crowd;
mod local;
mod readings;
mod sightings;
mod table;

use countersign_core::Timestamp;
pub use counts::{Count, Counts, Window};
pub use local::{Delta, LocalCounts, MAX_COUNTS_BYTES, Mark};
pub use readings::Readings;
pub(crate) use sightings::Kind;
pub use sightings::Sightings;
pub(crate) use table::Table;

/// The counters of one tenant; bounded in memory whatever comes.
///
/// Whoever fills them with noise can make us forget, which is why no decision may rest on them alone.
#[derive(Debug, Clone)]
pub struct Velocity<C = LocalCounts> {
    counts: C,
}

impl Default for Velocity {
    fn default() -> Self {
        Self::new(LocalCounts::default())
    }
}

impl<C: Counts> Velocity<C> {
    /// Counters that keep their counts there.
    #[must_use]
    pub const fn new(counts: C) -> Self {
        Self { counts }
    }

    /// Where the counts are kept.
    #[must_use]
    pub const fn counts(&self) -> &C {
        &self.counts
    }

    /// The same, to exchange them with other processes.
    pub const fn counts_mut(&mut self) -> &mut C {
        &mut self.counts
    }

    /// What others did alike before `at`; what happens at `at` itself is not there unless noted.
    #[must_use]
    pub fn read(&self, sightings: &Sightings, at: Timestamp) -> Readings {
        let Sightings { account, block, domain, ja4, skeleton, .. } = *sightings;
        let user = sightings.user.unwrap_or(account);
        let count = |of, key: Option<u32>, own, window| {
            let others = key.map_or(0, |key| self.counts.others(of, key, own, window, at));
            u16::try_from(others).unwrap_or(u16::MAX)
        };
        let both = |of, key, own| {
            let hour = count(of, key, own, Window::Hour);
            // Why: two estimates of many may differ the wrong way round.
            (hour, count(of, key, own, Window::Day).max(hour))
        };
        let (block_hour, block_day) = both(Count::SignUpsByBlock, block, account);
        let (domain_hour, domain_day) = both(Count::SignUpsByDomain, domain, account);
        let (ja4_hour, ja4_day) = both(Count::SignUpsByJa4, ja4, account);
        let (skeleton_hour, skeleton_day) = both(Count::SignUpsBySkeleton, skeleton, account);
        let (name_hour, name_day) = both(Count::SignUpsByName, sightings.name, account);
        let (range_hour, range_day) = both(Count::SignUpsByRange, sightings.range, account);
        let (block_failures_hour, failures_day) = both(Count::FailuresByBlock, block, user);
        let source = block.unwrap_or_default();
        Readings {
            block_hour,
            block_day,
            domain_hour,
            domain_day,
            ja4_hour,
            ja4_day,
            skeleton_hour,
            skeleton_day,
            resets_day: count(Count::ResetsByBlock, block, account, Window::Day),
            failures_day,
            name_hour,
            name_day,
            range_hour,
            range_day,
            frauds_day: count(Count::FraudsByBlock, block, account, Window::Day),
            client_blocks_hour: block
                .map_or(0, |own| count(Count::BlocksByClient, sightings.client, own, Window::Hour)),
            client_requests_hour: count(Count::RequestsByClient, sightings.client, account, Window::Hour),
            block_failures_hour,
            network_failures_day: count(Count::FailuresByNetwork, self.network(sightings), user, Window::Day),
            ja4_failures_day: count(Count::FailuresByJa4, ja4, user, Window::Day),
            user_failures_hour: count(Count::FailuresByUser, sightings.user, source, Window::Hour),
            block_successes_day: count(Count::SuccessesByBlock, block, user, Window::Day),
            ja4_successes_day: count(Count::SuccessesByJa4, ja4, user, Window::Day),
        }
    }

    /// Counts a transaction, and remembers which network its block is in where it tells; what only reads counts nothing.
    pub fn note(&mut self, sightings: &Sightings, at: Timestamp) {
        let Sightings { kind, account, user, block, domain, ja4, skeleton, .. } = *sightings;
        if let (Some(block), Some(network)) = (block, sightings.network) {
            self.counts.learn(block, network, at);
        }
        let who = user.unwrap_or(account);
        let network = self.network(sightings);
        let mut count = |of, key: Option<u32>, member| {
            if let Some(key) = key {
                self.counts.note(of, key, member, at);
            }
        };
        match kind {
            Kind::Nothing => {}
            Kind::SignUp => {
                count(Count::SignUpsByBlock, block, account);
                count(Count::SignUpsByDomain, domain, account);
                count(Count::SignUpsByJa4, ja4, account);
                count(Count::SignUpsBySkeleton, skeleton, account);
                count(Count::SignUpsByName, sightings.name, account);
                count(Count::SignUpsByRange, sightings.range, account);
            }
            Kind::Reset => count(Count::ResetsByBlock, block, account),
            Kind::Failure => {
                count(Count::FailuresByBlock, block, who);
                count(Count::FailuresByNetwork, network, who);
                count(Count::FailuresByJa4, ja4, who);
                count(Count::FailuresByUser, user, block.unwrap_or_default());
            }
            Kind::Fraud => count(Count::FraudsByBlock, block, account),
            Kind::Request => {
                if let Some(block) = block {
                    count(Count::BlocksByClient, sightings.client, block);
                }
                count(Count::RequestsByClient, sightings.client, moment(at));
            }
            Kind::Success => {
                count(Count::SuccessesByBlock, block, who);
                count(Count::SuccessesByJa4, ja4, who);
            }
        }
    }

    /// Takes back what was called fraudulent: a person said otherwise since. Accounts are counted and not what they did, so that
    /// nothing else of the account's counts there any more either.
    pub fn forgive(&mut self, fraud: &Sightings) {
        if let (Kind::Fraud, Some(block)) = (fraud.kind, fraud.block) {
            self.counts.forget(Count::FraudsByBlock, block, fraud.account);
        }
    }

    /// The network that is told, else the one that the block was last seen in: Auth0's log tells none.
    fn network(&self, sightings: &Sightings) -> Option<u32> {
        sightings.network.or_else(|| self.counts.network(sightings.block?))
    }
}

/// What tells one request of a client from its others: the 32 low bits of its microsecond, which come again in 71 minutes.
fn moment(at: Timestamp) -> u32 {
    u32::try_from(at.micros() & 0xffff_ffff).unwrap_or(0)
}

#[cfg(test)]
mod tests;
