//! No entry where there should be many.

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    DAY, Entity, Event, Finding, HOUR, MINUTE, Severity,
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
    /// The shortest of one group.
    pub group: Micros,
}

/// What is usual for the tenant, and the newest entries.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Silence {
    all: Watch,
    groups: [Watch; GROUPS.len()],
    tenant: Option<Entity>,
}

/// Entries whose coming is watched.
#[derive(Default, Serialize, Deserialize)]
struct Watch {
    traffic: Traffic,
    newest: Option<(Timestamp, u64)>,
    /// A newer one, far from it, that no other entry confirms yet: its clock may be ahead.
    ahead: Option<(Timestamp, u64)>,
    is_told: bool,
}

/// Types by the category of log streams' filters; whoever narrows a stream leaves one of them out.
const GROUPS: [(&str, &[&str]); 4] = [
    ("auth.login.success", &["s"]),
    ("auth.login.fail", &["f", "fp", "fu"]),
    ("management.success", &["sapi", "mgmt_api_read"]),
    (
        "other",
        &[
            "gd_auth_failed",
            "gd_auth_rejected",
            "gd_auth_succeed",
            "gd_send_email",
            "gd_send_pn",
            "gd_send_sms",
            "gd_send_voice",
            "gd_start_auth",
        ],
    ),
];

/// The hours after which what is usual is taken to be known.
const KNOWN_HOURS: i64 = 48;

/// The same for a group, of which there is less.
const GROUP_KNOWN_HOURS: i64 = 14 * DAY / HOUR;

impl Silence {
    /// Takes an entry, which ends a silence if it is new.
    pub(super) fn end(&mut self, event: &Event<'_>, limits: &Limits) {
        self.all.end(event, limits);
        let group = GROUPS.iter().position(|(_, kinds)| kinds.contains(&event.kind()));
        if let Some(watch) = group.and_then(|group| self.groups.get_mut(group)) {
            watch.end(event, limits);
        }
        if self.tenant.is_none() {
            self.tenant = Some(event.tenant());
        }
    }

    /// The findings that are due at `now`, once for each silence; `name` is what the minutes are called.
    pub(super) fn find(&mut self, now: Timestamp, limits: &Limits, name: &str, findings: &mut Vec<Finding>) {
        let Some(tenant) = self.tenant.as_ref() else { return };
        let minutes = |span: Micros| f64::from(i32::try_from(span / MINUTE).unwrap_or(i32::MAX));
        if let Some((due, length, seq)) = self.all.due(now, limits) {
            let finding = Finding::new(Severity::High, tenant.clone(), due).shown_by([seq]);
            findings.push(finding.measured(name, minutes(length), minutes(limits.least)));
        }
        for ((name, _), watch) in GROUPS.iter().zip(&mut self.groups) {
            if let Some((due, usual, seq)) = watch.due_while(&self.all, limits) {
                let finding = Finding::new(Severity::Medium, tenant.clone(), due).shown_by([seq]);
                findings.push(finding.measured(name, 0.0, usual));
            }
        }
    }
}

impl Watch {
    fn end(&mut self, event: &Event<'_>, limits: &Limits) {
        self.traffic.count(event.at());
        let seen = (event.at(), event.seq);
        let Some((newest, _)) = self.newest else {
            self.newest = Some(seen);
            return;
        };
        if event.at() <= newest {
            return;
        }
        let (near, far) = match self.ahead.take() {
            Some(ahead) if ahead.0 <= seen.0 => (Some(ahead), seen),
            Some(ahead) => (Some(seen), ahead),
            None => (None, seen),
        };
        let from = near.map_or(newest, |(at, _)| at);
        // Why not at once: one entry from a clock that is ahead would hide a silence until then.
        let is_far = far.0.since(from) > limits.least;
        self.ahead = is_far.then_some(far);
        if let Some(reached) = if is_far { near } else { Some(far) } {
            self.newest = Some(reached);
            self.is_told = false;
        }
    }

    /// When the silence of all became one, how long it was then, and the entry before it.
    fn due(&mut self, now: Timestamp, limits: &Limits) -> Option<(Timestamp, Micros, u64)> {
        let (newest, seq) = self.newest.filter(|_| !self.is_told)?;
        if now.since(newest) < limits.least || self.traffic.age(newest) < KNOWN_HOURS {
            return None;
        }
        let length = self.length(newest, limits)?;
        let due = newest.plus(length);
        if let Some(ahead) = self.ahead.filter(|(at, _)| *at < due) {
            self.newest = Some(ahead);
            self.ahead = None;
            return None;
        }
        if due > now {
            return None;
        }
        self.is_told = true;
        self.traffic.flag(newest);
        Some((due, length, seq))
    }

    /// When the silence of a group became one while others came, what is usual in its hour, and the entry before it.
    fn due_while(&mut self, all: &Self, limits: &Limits) -> Option<(Timestamp, f64, u64)> {
        let (reached, _) = all.newest?;
        if let Some(confirmed) = self.ahead.take_if(|(at, _)| *at <= reached) {
            self.newest = Some(confirmed);
            self.is_told = false;
        }
        let (newest, seq) = self.newest.filter(|_| !self.is_told)?;
        let due = newest.plus(limits.group);
        if reached < due || self.traffic.age(newest) < GROUP_KNOWN_HOURS {
            return None;
        }
        let hours = 0..=limits.group / HOUR;
        let usual = hours.filter_map(|hours| self.usual(newest.plus(hours * HOUR)).or(Some(0.0)));
        let usual = usual.min_by(f64::total_cmp).filter(|usual| *usual >= limits.norm)?;
        if f64::from(all.traffic.rate(due)) < limits.missed {
            return None;
        }
        self.is_told = true;
        Some((due, usual, seq))
    }

    fn usual(&self, at: Timestamp) -> Option<f64> {
        self.traffic.baseline().least(hour_of(at)).map(|norm| norm.middle)
    }

    /// How long nothing must come after `newest`; `None` where silence means nothing at these hours.
    fn length(&self, newest: Timestamp, limits: &Limits) -> Option<Micros> {
        let norm = self.usual(newest)?.min(self.usual(newest.plus(limits.least))?);
        if norm < limits.norm {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and a norm is at least 10")]
        let missed = (limits.missed / norm * 3_600.0) as i64;
        let length = limits.least.max(missed.saturating_mul(1_000_000));
        // Why again: a longer silence may reach into hours that are usually quiet.
        (length <= HOUR && self.usual(newest.plus(length))? >= limits.norm).then_some(length)
    }
}
