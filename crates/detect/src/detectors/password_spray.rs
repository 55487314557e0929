//! A few passwords tried on many accounts from one source.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{
    crowd::{Counted, Crowd, Outcome, Try, crowd_of},
    failure,
    measure::number,
    relations::group_of,
    source::{is_common, is_new_network, is_trusted, sources, tool},
};
use crate::{
    About, Detector, Entity, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Shares, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Spray::new(params)) };

const USERS: Param = Param {
    name: "distinct_users",
    default: 20.0,
    least: 5.0,
    most: 100.0,
    text: "different accounts with a failure within the window",
};
const WINDOW: Param =
    Param { name: "window_minutes", default: 30.0, least: 1.0, most: 240.0, text: "the window in minutes" };
const RATIO: Param = Param {
    name: "min_failure_ratio",
    default: 0.7,
    least: 0.1,
    most: 1.0,
    text: "the share of accounts that fail among those that try from the source",
};
const COMMON: Param = Param {
    name: "common_share",
    default: 0.01,
    least: 0.0,
    most: 1.0,
    text: "the share of logins from which on a TLS fingerprint says nothing",
};

static ABOUT: About = About {
    id: Cow::Borrowed("password_spray"),
    version: 2,
    title: Cow::Borrowed("A few passwords tried on many accounts"),
    text: Cow::Borrowed(
        "Counts different accounts with failures by address, by network (/24, /64) and by rare TLS fingerprint within an autonomous \
         system; the narrowest of them is named. How often each is tried makes no difference, nor does how often one signs in. A source \
         where most accounts get in is an office or a carrier. High if somebody got in who never signed in from there. One step lower \
         where ten people have signed in from there for a week, which is known of a source that somebody mistyped at. Low where a network or a fingerprint is held against members of three unrelated organizations, \
         which is told as a coordinated attack.",
    ),
    kinds: Cow::Borrowed(&["s", "sepft", "f", "fp", "fu", "fepft", "fepotpft"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1110.003"]),
    false_positives: Cow::Borrowed(&[
        "an office behind one address after a change of passwords",
        "a monitor that tries to sign in; declare its network as trusted",
    ]),
    steps: Cow::Borrowed(&[
        "block the source",
        "reset the passwords of accounts that it got into",
        "ask for a second factor where there is none",
    ]),
    params: &[USERS, WINDOW, RATIO, COMMON],
    cooldown: HOUR,
};

/// The most sources that are watched; each login counts for up to three.
const SOURCES: usize = 60_000;

/// From how many earlier people on a source counts as shared.
const SHARED_BY: usize = 10;

/// From how many unrelated organizations on `cross_org_coordinated` tells of the attack.
const ORGANIZATIONS: usize = 3;

#[derive(Debug, Clone, Copy)]
struct Limits {
    users: usize,
    window: Micros,
    ratio: f64,
    common: f64,
}

struct Spray {
    limits: Limits,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    sources: Table<Crowd>,
    shares: Shares,
}

impl Spray {
    fn new(params: &Params) -> Self {
        let limits = Limits {
            users: params.count(&USERS),
            window: params.span(&WINDOW, MINUTE),
            ratio: params.number(&RATIO),
            common: params.number(&COMMON),
        };
        Self { limits, state: State { sources: Table::new(SOURCES), shares: Shares::default() } }
    }
}

impl Limits {
    fn judge(self, crowd: &mut Crowd, event: &Event<'_>, entity: Entity, is_wide: bool) -> Option<Finding> {
        let counted = crowd.count(event.at(), self.window);
        if counted.users < self.users {
            crowd.lacks(self.users - counted.users);
            return None;
        }
        let ratio = counted.ratio();
        if ratio < self.ratio {
            return None;
        }
        crowd.tell(event.at());
        let is_shared = crowd.regulars(event.at()) >= SHARED_BY;
        let Counted { users, strangers, units, median, evidence, .. } = counted;
        let is_told_elsewhere = is_wide && units >= ORGANIZATIONS;
        let severity = match (is_shared, strangers > 0) {
            _ if is_told_elsewhere => Severity::Low,
            (true, false) => Severity::Low,
            (true, true) | (false, false) => Severity::Medium,
            (false, true) => Severity::High,
        };
        let finding = Finding::new(severity, entity, event.at()).shown_by(evidence);
        let finding = finding.measured("distinct_users", number(users), number(self.users));
        let finding = finding.measured("min_failure_ratio", ratio, self.ratio);
        Some(finding.measured("median_tries", f64::from(median), 1.0))
    }
}

impl Detector for Spray {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(outcome) = outcome(event, world) else { return };
        let State { sources: crowds, shares } = &mut self.state;
        if outcome != Outcome::Failed {
            shares.learn(event);
        }
        let Some(who) = event.tags.identity.filter(|_| !is_trusted(event, world)) else { return };
        let rare = tool(event).filter(|_| !is_common(event, world, shares, self.limits.common));
        let unit = group_of(event, world).or(event.tags.organization).unwrap_or(Tag(0));
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
            if let Some(finding) = self.limits.judge(crowd, event, entity, event.tags.address != Some(tag)) {
                is_found = true;
                findings.push(finding.marking([Some(tag), rare].into_iter().flatten()));
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

fn outcome(event: &Event<'_>, world: &World<'_>) -> Option<Outcome> {
    match event.kind() {
        "s" | "sepft" if is_new_network(event, world) => Some(Outcome::Stranger),
        "s" | "sepft" => Some(Outcome::Known),
        "fu" => Some(Outcome::Failed),
        _ => failure::is_wrong_password(&event.log).then_some(Outcome::Failed),
    }
}

#[cfg(test)]
mod tests;
