//! One source against members of several organizations that have nothing to do with each other.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{
    crowd::{Counted, Crowd, Outcome, Try, crowd_of},
    failure,
    measure::number,
    relations::group_of,
    source::{is_common, is_new_network, is_trusted, sources},
};
use crate::{
    About, Detector, Entity, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Shares, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Coordinated::new(params)) };

const ORGS: Param = Param {
    name: "min_orgs",
    default: 3.0,
    least: 2.0,
    most: 50.0,
    text: "unrelated organizations with a failure within the window",
};
const USERS: Param = Param {
    name: "min_users",
    default: 15.0,
    least: 3.0,
    most: 100.0,
    text: "different accounts with a failure within the window",
};
const WINDOW: Param =
    Param { name: "window_minutes", default: 60.0, least: 5.0, most: 240.0, text: "the window in minutes" };
const RATIO: Param = Param {
    name: "min_failure_ratio",
    default: 0.6,
    least: 0.0,
    most: 1.0,
    text: "the share of accounts that fail among those that try from the source in an organization",
};
const COMMON: Param = Param {
    name: "common_share",
    default: 0.01,
    least: 0.0,
    most: 1.0,
    text: "the share of logins from which on a TLS fingerprint says nothing",
};

static ABOUT: About = About {
    id: Cow::Borrowed("cross_org_coordinated"),
    version: 2,
    title: Cow::Borrowed("One source against several organizations"),
    text: Cow::Borrowed(
        "Counts unrelated organizations and accounts with failures by address, network (/24, /64) and rare TLS fingerprint, so that an \
         attack shows that stays small in each organization. Organizations that are declared to share people count as one. Critical \
         once somebody gets in from there who never did before. A source from which most get in is a carrier or a shared egress. \
         What an entry does not say to belong to an organization is passed over: a leaked password, a blocked address and a \
         password grant among them. State holds keyed tags of accounts and organizations, and only of this tenant.",
    ),
    kinds: Cow::Borrowed(&["s", "f", "fp", "fu", "fepft", "fepotpft"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1110.003", "T1110.004"]),
    false_positives: Cow::Borrowed(&[
        "organizations that share an egress; declare them as related or the network as trusted",
        "a carrier's gateway with many of the tenant's people behind it",
    ]),
    steps: Cow::Borrowed(&[
        "block the source",
        "tell each organization about its own accounts only",
        "reset the passwords of accounts that it got into",
    ]),
    params: &[ORGS, USERS, WINDOW, RATIO, COMMON],
    cooldown: HOUR,
};

/// The most sources that are watched; each entry counts for up to three.
const SOURCES: usize = 60_000;

#[derive(Debug, Clone, Copy)]
struct Limits {
    orgs: usize,
    users: usize,
    window: Micros,
    ratio: f64,
    common: f64,
}

struct Coordinated {
    limits: Limits,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    sources: Table<Crowd>,
    shares: Shares,
}

impl Coordinated {
    fn new(params: &Params) -> Self {
        let limits = Limits {
            orgs: params.count(&ORGS),
            users: params.count(&USERS),
            window: params.span(&WINDOW, MINUTE),
            ratio: params.number(&RATIO),
            common: params.number(&COMMON),
        };
        Self { limits, state: State { sources: Table::new(SOURCES), shares: Shares::default() } }
    }
}

impl Limits {
    fn judge(self, crowd: &mut Crowd, event: &Event<'_>, entity: Entity) -> Option<Finding> {
        let counted = crowd.count(event.at(), self.window);
        let ratio = counted.ratio();
        let Counted { users, units, strangers, evidence, .. } = counted;
        let missing = self.users.saturating_sub(users).max(self.orgs.saturating_sub(units));
        if missing > 0 {
            crowd.lacks(missing);
            return None;
        }
        if ratio < self.ratio {
            return None;
        }
        crowd.tell(event.at());
        let severity = if strangers > 0 { Severity::Critical } else { Severity::High };
        let finding = Finding::new(severity, entity, event.at()).shown_by(evidence);
        let finding = finding.measured("min_orgs", number(units), number(self.orgs));
        let finding = finding.measured("min_users", number(users), number(self.users));
        Some(finding.measured("min_failure_ratio", ratio, self.ratio))
    }
}

impl Detector for Coordinated {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(outcome) = outcome(event, world) else { return };
        let State { sources: crowds, shares } = &mut self.state;
        if outcome != Outcome::Failed {
            shares.learn(event);
        }
        let (Some(who), Some(organization)) = (event.tags.identity, event.tags.organization) else { return };
        if is_trusted(event, world) {
            return;
        }
        let unit = group_of(event, world).unwrap_or(organization);
        let rare = event.tags.fingerprint.filter(|_| !is_common(event, world, shares, self.limits.common));
        let mut is_found = false;
        for (tag, name) in sources(event, rare) {
            let Some(crowd) = crowd_of(crowds, tag, outcome) else { continue };
            let is_due = crowd.take(event, Try { who, unit, outcome }, self.limits.window);
            // Why: an attack from one address would be told of its network and of its tool as well.
            if !is_due || is_found {
                is_found |= crowd.explains(event.at(), self.limits.window);
                continue;
            }
            let Some(entity) = name(event) else { continue };
            if let Some(finding) = self.limits.judge(crowd, event, entity) {
                is_found = true;
                findings.push(finding.marking(marks(tag, event)));
            }
        }
    }

    fn forget(&mut self, now: Timestamp) {
        let window = self.limits.window;
        self.state.sources.retain(|_, crowd| crowd.forget(now, window));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.sources.evicted()
    }
}

/// The source and the address at hand: who attacks with one tool comes back from an address that it used.
fn marks(source: Tag, event: &Event<'_>) -> impl Iterator<Item = Tag> {
    [Some(source), event.tags.address.filter(|address| *address != source)].into_iter().flatten()
}

fn outcome(event: &Event<'_>, world: &World<'_>) -> Option<Outcome> {
    match event.kind() {
        "s" if is_new_network(event, world) => Some(Outcome::Stranger),
        "s" => Some(Outcome::Known),
        "fu" => Some(Outcome::Failed),
        _ => failure::is_wrong_password(&event.log).then_some(Outcome::Failed),
    }
}

#[cfg(test)]
mod tests;
