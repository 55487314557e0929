//! No entry where there should be many.

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Entity, Event, Finding, HOUR, MINUTE, Severity,
    state::{Traffic, hour_of},
};

/// When silence is one.
pub(super) struct Limits {
    /// The shortest.
    pub least: Micros,
    /// The entries that the hour must usually have.
    pub norm: f64,
    /// The entries that must be missing.
    pub missed: f64,
}

/// What is usual for the tenant, and the newest entry.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Silence {
    traffic: Traffic,
    newest: Option<(Timestamp, u64)>,
    tenant: Option<Entity>,
    is_told: bool,
}

/// The hours after which what is usual is taken to be known.
const KNOWN_HOURS: i64 = 48;

impl Silence {
    /// Takes an entry, which ends a silence if it is new.
    pub(super) fn end(&mut self, event: &Event<'_>) {
        self.traffic.count(event.at());
        if self.newest.is_none_or(|(newest, _)| event.at() > newest) {
            self.newest = Some((event.at(), event.seq));
            self.is_told = false;
        }
        if self.tenant.is_none() {
            self.tenant = Some(event.tenant());
        }
    }

    /// The finding that is due at `now`, once for each silence.
    pub(super) fn finding(&mut self, now: Timestamp, limits: &Limits, name: &str) -> Option<Finding> {
        let (newest, seq) = self.newest.filter(|_| !self.is_told)?;
        if now.since(newest) < limits.least || self.traffic.age(newest) < KNOWN_HOURS {
            return None;
        }
        let length = self.length(newest, limits)?;
        let due = newest.plus(length);
        if due > now {
            return None;
        }
        self.is_told = true;
        self.traffic.flag(newest);
        let minutes = |span: Micros| f64::from(i32::try_from(span / MINUTE).unwrap_or(i32::MAX));
        let finding = Finding::new(Severity::High, self.tenant.clone()?, due).shown_by([seq]);
        Some(finding.measured(name, minutes(length), minutes(limits.least)))
    }

    /// How long nothing must come after `newest`; `None` where silence means nothing at these hours.
    fn length(&self, newest: Timestamp, limits: &Limits) -> Option<Micros> {
        let usual = |at| self.traffic.baseline().least(hour_of(at)).map(|norm| norm.middle);
        let norm = usual(newest)?.min(usual(newest.plus(limits.least))?);
        if norm < limits.norm {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and a norm is at least 10")]
        let missed = (limits.missed / norm * 3_600.0) as i64;
        let length = limits.least.max(missed.saturating_mul(1_000_000));
        // Why again: a longer silence may reach into hours that are usually quiet.
        (length <= HOUR && usual(newest.plus(length))? >= limits.norm).then_some(length)
    }
}
