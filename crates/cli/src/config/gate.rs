//! `[acting]`, `[tenants.<name>.acting.tenant]`, `…organizations.<id>`, `…workflows.<name>`: how far plans go by themselves, and
//! who has to agree.

use std::collections::BTreeMap;

use countersign_plan::{
    change::Kind,
    gate::{Approvals, Autonomy, Caps, Layer, Spent},
};
use countersign_rights::Role;
use serde::Deserialize;

/// The longest that a plan may wait for people, in hours: a month.
const MOST_HOURS: u32 = 31 * 24;

/// Microseconds in an hour.
const HOUR: i64 = 3_600_000_000;

/// What one place says of the gate; what it does not say is inherited.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateLayer {
    /// How far kinds of steps go by themselves.
    pub autonomy: BTreeMap<Kind, Autonomy>,
    /// How far kinds go at the most, whatever a narrower place says.
    pub at_most: BTreeMap<Kind, Autonomy>,
    /// How far anything goes at the most.
    pub all_at_most: Option<Autonomy>,
    /// How much is done without a person.
    pub caps: Option<Limits>,
    /// Who has to agree.
    pub approvals: Option<Approvals>,
    /// Who has to agree to kinds as well.
    pub approvals_of: BTreeMap<Kind, Approvals>,
    /// Whether undoing one's own run needs another person.
    pub undo_needs_another: Option<bool>,
    /// How long a plan waits for people, in hours.
    pub waits_hours: Option<u32>,
}

/// Caps for a run and for a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    run: Reach,
    day: Reach,
}

/// How much, of each: all of them are said, so that none is 0 by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reach {
    users: usize,
    organizations: usize,
    steps: usize,
}

impl From<Reach> for Spent {
    fn from(Reach { users, organizations, steps }: Reach) -> Self {
        Self { users, organizations, steps }
    }
}

impl From<GateLayer> for Layer {
    fn from(layer: GateLayer) -> Self {
        let GateLayer {
            autonomy,
            at_most,
            all_at_most,
            caps,
            approvals,
            approvals_of,
            undo_needs_another,
            waits_hours,
        } = layer;
        Self {
            autonomy,
            at_most,
            all_at_most,
            caps: caps.map(|Limits { run, day }| Caps { run: run.into(), day: day.into() }),
            approvals,
            approvals_of,
            undo_needs_another,
            waits_for: waits_hours.map(|hours| i64::from(hours) * HOUR),
        }
    }
}

impl GateLayer {
    /// Everything that is wrong, a line each; `place` is where it stands.
    pub(super) fn faults(&self, place: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if self.waits_hours.is_some_and(|hours| !(1..=MOST_HOURS).contains(&hours)) {
            faults.push(format!("{place}.waits_hours`: from 1 to {MOST_HOURS}"));
        }
        let all = self.approvals.iter().map(|approvals| ("approvals".to_owned(), approvals));
        let of_kinds = self
            .approvals_of
            .iter()
            .map(|(kind, approvals)| (format!("approvals_of.{}", kind.as_str()), approvals));
        for (key, approvals) in all.chain(of_kinds) {
            if !approvals.is_sound() {
                let right = "at least one person, or at least one of the roles and no more than there are";
                faults.push(format!("{place}.{key}`: {right}"));
            }
            let Approvals::Roles { of, .. } = approvals else { continue };
            for role in of.iter().filter(|role| role.parse::<Role>().is_err()) {
                faults.push(format!("{place}.{key}`: `{role}` is no role; see `docs/roles.md`"));
            }
        }
        faults
    }
}
