//! The counts of one organization, or of a whole tenant.

use countersign_core::Timestamp;

use super::table::Table;
use crate::{
    Features, Share, Shares, hash,
    number::{nearest, real_unsigned},
    profile::{Keys, decay},
};

/// Weight of the tenant's share in an organization's, in sign-ins; RISK model, section 4.2.
const TENANT_PRIOR: f64 = 6.0;

/// Values that are assumed to exist and were never seen.
const UNSEEN: f64 = 20.0;

/// What a value takes in memory, roughly: key, weight, and its part of a tree whose nodes are two thirds full.
const CELL_BYTES: usize = 24;

/// Weights of the same hour, its two neighbors and theirs.
const KERNEL: [(u32, f64); 5] = [(22, 0.12), (23, 0.22), (0, 0.32), (1, 0.22), (2, 0.12)];

/// The keys of a sign-in among a crowd.
pub(super) struct Keyed {
    country: Option<u32>,
    network: Option<u32>,
    pub(super) block: Option<u32>,
    machine: Option<u32>,
    browser: Option<u32>,
    language: Option<u32>,
    fingerprint: Option<u32>,
    /// The fingerprint with the browser, and the browser with any fingerprint.
    pair: Option<(u32, u32)>,
    hour: Option<u32>,
}

impl Keyed {
    pub(super) fn of(features: &Features) -> Self {
        let Keys { country, network, block, machine, browser, language, fingerprint, hour, .. } =
            Keys::of(features);
        let pair = browser
            .zip(fingerprint)
            .map(|(browser, fingerprint)| (hash::mix(browser, fingerprint), hash::mix(browser, 0)));
        Self { country, network, block, machine, browser, language, fingerprint, pair, hour }
    }
}

/// Counts by feature, with forward decay.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    half_life_days: u32,
    landmark_day: i64,
    latest_day: i64,
    countries: Table,
    networks: Table,
    blocks: Table,
    machines: Table,
    browsers: Table,
    languages: Table,
    fingerprints: Table,
    pairs: Table,
    hours: Table,
    attacks: Table,
}

impl Scope {
    pub(super) const fn new(half_life_days: u32, most: usize) -> Self {
        Self {
            half_life_days,
            landmark_day: 0,
            latest_day: 0,
            countries: Table::new(most),
            networks: Table::new(most),
            blocks: Table::new(most),
            machines: Table::new(most),
            browsers: Table::new(most),
            languages: Table::new(most),
            fingerprints: Table::new(most),
            pairs: Table::new(most),
            hours: Table::new(24),
            attacks: Table::new(most),
        }
    }

    pub(super) const fn latest(&self) -> i64 {
        self.latest_day
    }

    pub(super) fn credit(&mut self, keys: &Keyed, at: Timestamp, weight_milli: u32) {
        let amount = self.amount(at, weight_milli);
        self.each(keys, |table, key| table.add(key, amount));
    }

    pub(super) fn debit(&mut self, keys: &Keyed, at: Timestamp, weight_milli: u32) {
        let amount = self.amount(at, weight_milli);
        self.each(keys, |table, key| table.remove(key, amount));
    }

    pub(super) fn blame(&mut self, keys: &Keyed, at: Timestamp, weight_milli: u32) {
        let amount = self.amount(at, weight_milli);
        for key in [keys.network, keys.fingerprint].into_iter().flatten() {
            self.attacks.add(key, amount);
        }
    }

    pub(super) fn pardon(&mut self, keys: &Keyed, at: Timestamp, weight_milli: u32) {
        let amount = self.amount(at, weight_milli);
        for key in [keys.network, keys.fingerprint].into_iter().flatten() {
            self.attacks.remove(key, amount);
        }
    }

    fn each(&mut self, keys: &Keyed, change: impl Fn(&mut Table, u32)) {
        let cells = [
            (&mut self.countries, keys.country),
            (&mut self.networks, keys.network),
            (&mut self.blocks, keys.block),
            (&mut self.machines, keys.machine),
            (&mut self.browsers, keys.browser),
            (&mut self.languages, keys.language),
            (&mut self.fingerprints, keys.fingerprint),
            (&mut self.hours, keys.hour),
        ];
        for (table, key) in cells {
            key.inspect(|key| change(table, *key));
        }
        if let Some((pair, any)) = keys.pair {
            change(&mut self.pairs, pair);
            change(&mut self.pairs, any);
        }
    }

    /// The scaled weight of a sign-in; moves the landmark where it lies too far back.
    fn amount(&mut self, at: Timestamp, weight_milli: u32) -> u64 {
        let day = decay::day(at);
        if self.landmark_day == 0 {
            // Why earlier: older records may still come, and a weight long before the landmark is rounded away.
            self.landmark_day = day - 2 * i64::from(self.half_life_days);
        }
        let halvings = decay::overdue_by(self.landmark_day, day, self.half_life_days);
        if halvings > 0 {
            self.landmark_day += i64::from(halvings) * i64::from(self.half_life_days);
            for table in self.tables() {
                table.halve(halvings);
            }
        }
        self.latest_day = self.latest_day.max(day);
        self.scale(day).saturating_mul(u64::from(weight_milli.min(1_000)))
    }

    fn scale(&self, day: i64) -> u64 {
        decay::scale_by(day.saturating_sub(self.landmark_day), self.half_life_days)
    }

    fn tables(&mut self) -> [&mut Table; 10] {
        [
            &mut self.countries,
            &mut self.networks,
            &mut self.blocks,
            &mut self.machines,
            &mut self.browsers,
            &mut self.languages,
            &mut self.fingerprints,
            &mut self.pairs,
            &mut self.hours,
            &mut self.attacks,
        ]
    }

    /// Values that are held.
    pub(super) fn cells(&self) -> usize {
        let Self {
            half_life_days: _,
            landmark_day: _,
            latest_day: _,
            countries,
            networks,
            blocks,
            machines,
            browsers,
            languages,
            fingerprints,
            pairs,
            hours,
            attacks,
        } = self;
        [countries, networks, blocks, machines, browsers, languages, fingerprints, pairs, hours, attacks]
            .into_iter()
            .map(Table::distinct)
            .sum()
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.cells() * CELL_BYTES
    }

    /// A stored weight as of `at`, in sign-ins.
    fn sign_ins(&self, scaled: u64, at: Timestamp) -> f64 {
        real_unsigned(scaled) / real_unsigned(self.scale(decay::day(at)).max(1)) / 1_000.0
    }

    fn milli(&self, scaled: u64, at: Timestamp) -> u32 {
        u32::try_from(nearest(self.sign_ins(scaled, at) * 1_000.0)).unwrap_or(u32::MAX)
    }
}

/// A value's weight and what it is a share of, in one scope, both scaled.
#[derive(Clone, Copy)]
struct Part {
    weight: u64,
    of: u64,
    distinct: usize,
}

/// How common the features are, in the tenant and in one of its organizations.
pub(super) fn shares(keys: &Keyed, tenant: &Scope, organization: Option<&Scope>, at: Timestamp) -> Shares {
    let share = |part: &dyn Fn(&Scope) -> Part| {
        let Part { weight, of, distinct } = part(tenant);
        let distinct = real_unsigned(u64::try_from(distinct).unwrap_or(0));
        let all = (tenant.sign_ins(weight, at) + 0.5)
            / (tenant.sign_ins(of.max(weight), at) + 0.5 * (distinct + UNSEEN));
        let (weight, of) = organization.map_or((0.0, 0.0), |scope| {
            let Part { weight, of, .. } = part(scope);
            (scope.sign_ins(weight, at), scope.sign_ins(of.max(weight), at))
        });
        Share {
            organization_ppb: ppb((weight + TENANT_PRIOR * all) / (of + TENANT_PRIOR)),
            tenant_ppb: ppb(all),
        }
    };
    let of_all = |key: u32, table: fn(&Scope) -> &Table| {
        share(&|scope| {
            let table = table(scope);
            Part { weight: table.weight(key), of: table.total(), distinct: table.distinct() }
        })
    };
    // Of the values that come with one parent nobody counts how many there are.
    let given = |key: u32, parent: u32, table: fn(&Scope) -> &Table, parents: fn(&Scope) -> &Table| {
        share(&|scope| Part {
            weight: table(scope).weight(key),
            of: parents(scope).weight(parent),
            distinct: 0,
        })
    };
    let network = keys
        .network
        .map(|key| (key, organization.map_or(0, |scope| scope.milli(scope.networks.weight(key), at))));
    // What the tenant knows of, and what one organization told of itself alone.
    let attacks = |key: u32| {
        let of = |scope: &Scope| scope.milli(scope.attacks.weight(key), at);
        of(tenant).saturating_add(organization.map_or(0, of))
    };
    Shares {
        country: keys.country.map(|key| of_all(key, |scope| &scope.countries)),
        network: keys.network.map(|key| match keys.country {
            Some(country) => given(key, country, |scope| &scope.networks, |scope| &scope.countries),
            None => of_all(key, |scope| &scope.networks),
        }),
        block: keys.block.map(|key| match keys.network {
            Some(network) => given(key, network, |scope| &scope.blocks, |scope| &scope.networks),
            None => of_all(key, |scope| &scope.blocks),
        }),
        machine: keys.machine.map(|key| of_all(key, |scope| &scope.machines)),
        browser: keys
            .browser
            .zip(keys.machine)
            .map(|(key, machine)| given(key, machine, |scope| &scope.browsers, |scope| &scope.machines)),
        language: keys.language.map(|key| of_all(key, |scope| &scope.languages)),
        fingerprint: keys.fingerprint.map(|key| of_all(key, |scope| &scope.fingerprints)),
        pair: keys.pair.map(|(pair, any)| given(pair, any, |scope| &scope.pairs, |scope| &scope.pairs)),
        hour: keys.hour.map(|hour| {
            share(&|scope| Part {
                weight: smoothed(&scope.hours, hour),
                of: scope.hours.total(),
                distinct: 24,
            })
        }),
        tenant_milli: tenant.milli(tenant.countries.total(), at),
        block_others: 0,
        network_here_milli: network.map_or(0, |(_, weight)| weight),
        network_milli: network.map_or(0, |(key, _)| tenant.milli(tenant.networks.weight(key), at)),
        network_attacks_milli: network.map_or(0, |(key, _)| attacks(key)),
        fingerprint_attacks_milli: keys.fingerprint.map_or(0, attacks),
    }
}

/// Weight of an hour and its neighbors.
fn smoothed(hours: &Table, hour: u32) -> u64 {
    let near: f64 =
        KERNEL.iter().map(|(shift, part)| real_unsigned(hours.weight((hour + shift) % 24)) * part).sum();
    u64::try_from(nearest(near)).unwrap_or(0)
}

fn ppb(share: f64) -> u32 {
    u32::try_from(nearest(share.clamp(0.0, 1.0) * 1e9)).unwrap_or(1).max(1)
}
