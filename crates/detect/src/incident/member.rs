//! What an incident remembers of an alert.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Involved, story};
use crate::{About, Alert, AlertId, Entity, EntityKind, Event, Seq, Severity};

/// The most accounts, addresses and organizations, each, that are remembered of one alert.
pub const MAX_NAMES: usize = 20;

/// Of the entries that show an alert, the timeline tells so many of the first.
const FIRST_LINES: usize = 4;

/// And so many of the newest.
const LAST_LINES: usize = 6;

/// The most entries that tell of a failed attempt, of each log type, that are remembered of one alert.
const MAX_FAILURES: usize = 200;

/// What stands in the place of an account that was erased.
pub const ERASED: &str = "erased";

/// A line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    /// When, in event time.
    pub at: Timestamp,
    /// The log entry that tells it, by its place in the journal; `None` for what was found.
    pub seq: Option<Seq>,
    /// What happened; it names accounts and addresses as the log does.
    pub text: String,
}

/// What an incident remembers of an alert; everything that it tells is computed from these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The alert.
    pub alert: AlertId,
    /// The detector's id.
    pub detector: String,
    /// The detector's title, which names nobody.
    pub title: String,
    /// The worst of its findings.
    pub severity: Severity,
    /// What it is about.
    pub entity: Entity,
    /// When its first finding became true.
    pub first: Timestamp,
    /// When its newest finding became true.
    pub last: Timestamp,
    /// How many findings it has.
    pub findings: u32,
    /// The detector's techniques of MITRE ATT&CK.
    pub techniques: Vec<String>,
    /// What the detector says is to be done about it.
    pub steps: Vec<String>,
    /// Accounts, at most 20.
    pub users: BTreeSet<Entity>,
    /// Addresses, at most 20.
    pub addresses: BTreeSet<Entity>,
    /// Organizations, at most 20.
    pub organizations: BTreeSet<Entity>,
    /// The user id of the one account that it is about.
    pub person: Option<String>,
    /// When the first attempt failed among the entries that show it.
    pub failed: Option<Timestamp>,
    /// When the last attempt failed among them.
    #[serde(default)]
    pub failed_last: Option<Timestamp>,
    /// Those of them that tell of a failed attempt, by log type; at most 200 each, so that an entry that several alerts name counts once.
    #[serde(default)]
    pub failures: BTreeMap<String, BTreeSet<Seq>>,
    /// When the last attempt went through among them.
    pub passed: Option<Timestamp>,
    /// The first and the newest entries that show it.
    pub lines: Vec<Line>,
    /// How many entries between those are not told.
    pub untold: usize,
}

impl Member {
    /// What to remember of `alert`, by its detector and the entries that show it.
    #[must_use]
    pub fn new(alert: &Alert, about: &About, involved: &Involved, evidence: &[Event<'_>]) -> Self {
        let at = |is: fn(&str) -> bool| evidence.iter().filter(move |event| is(event.kind())).map(Event::at);
        let mut lines: Vec<Line> = evidence.iter().map(story::line).collect();
        lines.sort();
        let untold = lines.len().saturating_sub(FIRST_LINES + LAST_LINES);
        lines.drain(FIRST_LINES.min(lines.len())..(FIRST_LINES + untold).min(lines.len()));
        Self {
            alert: alert.id,
            detector: alert.detector.clone(),
            title: about.title.to_string(),
            severity: alert.severity,
            entity: alert.entity.clone(),
            first: alert.first,
            last: alert.last,
            findings: alert.findings,
            techniques: about.techniques.iter().map(|&technique| technique.to_owned()).collect(),
            steps: about.steps.iter().map(|&step| step.to_owned()).collect(),
            users: involved.accounts().take(MAX_NAMES).cloned().collect(),
            addresses: involved.addresses.iter().take(MAX_NAMES).cloned().collect(),
            organizations: involved.organizations.iter().take(MAX_NAMES).cloned().collect(),
            person: involved.person().map(str::to_owned),
            failed: at(story::is_failure).min(),
            failed_last: at(story::is_failure).max(),
            failures: failures(evidence),
            passed: at(story::is_success).max(),
            lines,
            untold,
        }
    }

    /// Puts [`ERASED`] in the place of accounts, and tells nothing of the entries at `theirs`; whether it named any.
    pub(super) fn forget(&mut self, is_erased: &impl Fn(&str) -> bool, theirs: &BTreeSet<Seq>) -> bool {
        let before = self.clone();
        let is = |entity: &Entity| entity.kind == EntityKind::User && is_erased(&entity.name);
        let erased = |entity: &Entity| {
            if is(entity) { Entity::new(EntityKind::User, ERASED) } else { entity.clone() }
        };
        let names: Vec<String> = self
            .users
            .iter()
            .chain([&self.entity])
            .filter(|entity| is(entity))
            .map(|entity| story::shown(&entity.name))
            .collect();
        self.users = self.users.iter().map(erased).collect();
        self.entity = erased(&self.entity);
        self.person = self.person.take().filter(|person| !is_erased(person));
        for entries in self.failures.values_mut() {
            entries.retain(|seq| !theirs.contains(seq));
        }
        for line in &mut self.lines {
            if line.seq.is_some_and(|seq| theirs.contains(&seq)) {
                ERASED.clone_into(&mut line.text);
            }
            for name in &names {
                line.text = line.text.replace(name, ERASED);
            }
        }
        *self != before
    }

    /// Keeps what the same alert said before it grew and its older evidence made room.
    pub(super) fn remember(&mut self, earlier: &Self) {
        for (ours, theirs) in [
            (&mut self.users, &earlier.users),
            (&mut self.addresses, &earlier.addresses),
            (&mut self.organizations, &earlier.organizations),
        ] {
            let room = MAX_NAMES.saturating_sub(ours.len());
            let more: Vec<_> = theirs.difference(ours).take(room).cloned().collect();
            ours.extend(more);
        }
        if self.users.len() > 1 || self.person != earlier.person {
            self.person = None;
        }
        self.failed = self.failed.into_iter().chain(earlier.failed).min();
        self.failed_last = self.failed_last.max(earlier.failed_last);
        for (kind, theirs) in &earlier.failures {
            let ours = self.failures.entry(kind.clone()).or_default();
            let room = MAX_FAILURES.saturating_sub(ours.len());
            let more: Vec<_> = theirs.difference(ours).take(room).copied().collect();
            ours.extend(more);
        }
        self.passed = self.passed.max(earlier.passed);
    }
}

/// The entries that tell of a failed attempt, by log type.
fn failures(evidence: &[Event<'_>]) -> BTreeMap<String, BTreeSet<Seq>> {
    let mut failures: BTreeMap<String, BTreeSet<Seq>> = BTreeMap::new();
    for event in evidence.iter().filter(|event| story::is_failure(event.kind())) {
        let entries = failures.entry(event.kind().to_owned()).or_default();
        if entries.len() < MAX_FAILURES {
            entries.insert(event.seq);
        }
    }
    failures
}
