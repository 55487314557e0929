//! Far more machine traffic for one organization than is usual at this hour.

use std::{borrow::Cow, collections::VecDeque};

use countersign_core::Timestamp;
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{
    About, DAY, Detector, Entity, EntityKind, Event, Finding, HOUR, MAX_EVIDENCE, Param, Params, Severity,
    StateError, World,
    admin::Method,
    detectors::Native,
    state::{self, Entry, Recent, Seen, Table, Traffic},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(OrgApi::new(params)) };

const BASELINE: Param = Param {
    name: "baseline_hours",
    default: 48.0,
    least: 24.0,
    most: 672.0,
    text: "hours after which what is usual is taken to be known",
};
const MIN_COUNT: Param = Param {
    name: "min_count",
    default: 100.0,
    least: 10.0,
    most: 1_000_000.0,
    text: "the least that counts within an hour",
};
const Z: Param = Param {
    name: "z",
    default: 6.0,
    least: 3.0,
    most: 50.0,
    text: "how many robust deviations above the middle of this hour of the week",
};
const COLD_COUNT: Param = Param {
    name: "cold_count",
    default: 500.0,
    least: 10.0,
    most: 1_000_000.0,
    text: "the least that counts within an hour while what is usual is not known",
};
const COLD_RATIO: Param = Param {
    name: "cold_ratio",
    default: 10.0,
    least: 2.0,
    most: 1_000.0,
    text: "how many times the middle of the hours before, while what is usual is not known",
};
const RAMP: Param = Param {
    name: "ramp_ratio",
    default: 3.0,
    least: 1.5,
    most: 100.0,
    text: "how many times the level of 28 days the mean of a day is, where it rose slowly",
};

static ABOUT: About = About {
    id: Cow::Borrowed("org_api_anomaly"),
    version: 1,
    title: Cow::Borrowed("Far more machine traffic for an organization than usual"),
    text: Cow::Borrowed(
        "Counts token grants of clients, refused ones too, refresh-token exchanges and calls of the Management API on one \
         organization within the last hour, and holds them against the median of this hour of the week in median deviations; with \
         few weeks, also against the same hour of other days. What rises slowly, so that each week looks like the one before, is \
         held against the level of 28 days. Hours that were found unusual teach little.",
    ),
    kinds: Cow::Borrowed(&["seccft", "feccft", "sertft", "sapi"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1078.004", "T1528", "T1499"]),
    false_positives: Cow::Borrowed(&[
        "a client that was created within the last day: medium",
        "an import or a migration that was planned",
        "a weekly job in its first week",
        "traffic that has grown for good: it is told daily until it is suppressed, and learned slowly",
    ]),
    steps: Cow::Borrowed(&[
        "see which client and which network the traffic comes from",
        "ask the owner of the client; if nobody knows it, rotate its secret and take its grant away",
        "look at what was read or changed in the organization within the hour",
    ]),
    params: &[BASELINE, MIN_COUNT, Z, COLD_COUNT, COLD_RATIO, RAMP],
    cooldown: HOUR,
};

/// The most organizations that are watched, at some 4 KB each.
const ORGANIZATIONS: usize = 5_000;

/// The most new clients that are remembered.
const NEW_CLIENTS: usize = 64;

/// The hours after which slow growth can be told.
const RAMP_HOURS: i64 = 14 * 24;

#[derive(Serialize, Deserialize)]
struct State {
    organizations: Table<Organization>,
    created: VecDeque<(Tag, Timestamp)>,
}

struct OrgApi {
    baseline_hours: i64,
    min_count: u32,
    z: f64,
    cold_count: u32,
    cold_ratio: f64,
    ramp: f64,
    state: State,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Organization {
    traffic: Traffic,
    recent: Recent,
    /// The count that was told last, and when: after that it is told when it doubled, or an hour later.
    told: Option<(Timestamp, u32)>,
    ramp_told: Option<Timestamp>,
    last: Timestamp,
}

impl Entry for Organization {
    fn weight(&self) -> usize {
        usize::try_from(self.traffic.age(self.last)).unwrap_or_default()
    }

    fn last(&self) -> Timestamp {
        self.last
    }
}

impl OrgApi {
    fn new(params: &Params) -> Self {
        let count = |param| u32::try_from(params.count(param)).unwrap_or(u32::MAX);
        Self {
            baseline_hours: i64::from(count(&BASELINE)),
            min_count: count(&MIN_COUNT),
            z: params.number(&Z),
            cold_count: count(&COLD_COUNT),
            cold_ratio: params.number(&COLD_RATIO),
            ramp: params.number(&RAMP),
            state: State { organizations: Table::new(ORGANIZATIONS), created: VecDeque::new() },
        }
    }

    fn learn_client(&mut self, event: &Event<'_>) {
        let Some(call) = event.call().filter(|call| call.is_change()) else { return };
        if call.method != Method::Post || call.path() != ["clients"] {
            return;
        }
        let Some(id) = call.field("client_id").and_then(|id| id.as_str()) else { return };
        self.state.created.push_back((event.tag("client", id.as_bytes()), event.at()));
        while self.state.created.len() > NEW_CLIENTS {
            self.state.created.pop_front();
        }
    }

    fn is_new(&self, client: Option<Tag>, at: Timestamp) -> bool {
        let mut created = self.state.created.iter();
        created.any(|(tag, since)| Some(*tag) == client && (0..=DAY).contains(&at.since(*since)))
    }

    /// The hour up to `at`, if it is unusual: the name of the threshold, the value, the threshold.
    fn judge(&self, traffic: &Traffic, at: Timestamp) -> Option<(&'static str, f64, f64)> {
        let (rate, norm) = (traffic.rate(at), traffic.most(at)?);
        if traffic.age(at) < self.baseline_hours {
            let ratio = f64::from(rate) / norm.middle.max(1.0);
            let is_unusual = rate >= self.cold_count && ratio >= self.cold_ratio;
            return is_unusual.then_some((COLD_RATIO.name, ratio, self.cold_ratio));
        }
        let deviation = norm.deviation(rate);
        (rate >= self.min_count && deviation >= self.z).then_some((Z.name, deviation, self.z))
    }

    /// The growth of a day against 28 days, if it is unusual.
    fn growth(&self, traffic: &Traffic, at: Timestamp) -> Option<f64> {
        let (day, level) = (traffic.baseline().day(), traffic.baseline().level());
        let is_much = day * 24.0 >= f64::from(self.min_count);
        let ratio = day / level.max(1.0);
        (traffic.age(at) >= RAMP_HOURS && is_much && ratio >= self.ramp).then_some(ratio)
    }
}

/// The organization that an entry is about.
fn organization(event: &Event<'_>) -> Option<Entity> {
    match event.call() {
        Some(call) => match call.path()[..] {
            ["organizations", id, ..] if id.starts_with("org_") => {
                Some(Entity::new(EntityKind::Organization, id))
            }
            _ => None,
        },
        None => event.organization(),
    }
}

impl Detector for OrgApi {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        self.learn_client(event);
        let Some(entity) = organization(event) else { return };
        let (at, key) = (event.at(), event.tag("organization", entity.name.as_bytes()));
        let organization = self.state.organizations.entry(key);
        organization.traffic.count(at);
        organization.recent.insert(Seen { at, seq: event.seq, what: () }, HOUR, MAX_EVIDENCE);
        organization.last = organization.last.max(at);
        let Some(organization) = self.state.organizations.get(key) else { return };
        let unusual = self.judge(&organization.traffic, at);
        let growth = self.growth(&organization.traffic, at);
        let severity = if self.is_new(event.tags.client, at) { Severity::Medium } else { Severity::High };
        let severity = event.call().map_or(severity, |call| call.severity(severity, world.context));
        let organization = self.state.organizations.entry(key);
        let evidence: Vec<_> = organization.recent.within(at, HOUR).map(|seen| seen.seq).collect();
        let rate = organization.traffic.rate(at);
        if let Some((name, value, threshold)) = unusual {
            organization.traffic.flag(at);
            let is_told = organization.told.is_some_and(|(told, count)| {
                (0..HOUR).contains(&at.since(told)) && rate < count.saturating_mul(2)
            });
            if !is_told {
                organization.told = Some((at, rate));
                let finding = Finding::new(severity, entity.clone(), at).shown_by(evidence.iter().copied());
                let finding = finding.measured(name, value, threshold);
                findings.push(finding.measured(MIN_COUNT.name, rate.into(), self.min_count.into()));
            }
        }
        if let Some(ratio) = growth
            && organization.ramp_told.is_none_or(|told| at.since(told) >= DAY)
        {
            organization.ramp_told = Some(at);
            let finding = Finding::new(severity.min(Severity::Medium), entity, at).shown_by(evidence);
            findings.push(finding.measured(RAMP.name, ratio, self.ramp));
        }
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.organizations.evicted()
    }
}

#[cfg(test)]
mod tests;
