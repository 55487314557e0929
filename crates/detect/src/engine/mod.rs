//! Runs detectors over one tenant's log, and joins what they find into alerts.

mod episodes;
mod saved;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tagger;

use crate::{
    Alert, ConfirmedSource, Context, Detector, Entity, Event, Finding, HOUR, MINUTE, Marks, Memory, Person,
    World,
    state::{Door, Table},
};
use episodes::Episodes;

/// What an operator set for the watching of a tenant, beside the detectors' thresholds.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineSettings {
    /// The most accounts that are remembered.
    pub people: usize,
    /// The most alerts of medium severity of one detector and day (UTC) that people are told of. What is worse is always told;
    /// what is less opens no incident.
    pub daily_alerts: u32,
    /// The same of single detectors, by id.
    pub budgets: BTreeMap<String, u32>,
    /// How long after a person's first login what a detector finds of them is recorded only, by the detector's id; those that are
    /// not named tell from the first day.
    pub learning: BTreeMap<String, Micros>,
    /// What nobody is to be told of.
    pub suppressions: Vec<Suppression>,
    /// What the operator and the tenant's configuration say.
    pub context: Context,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            people: 1_000_000,
            daily_alerts: 200,
            budgets: BTreeMap::new(),
            learning: BTreeMap::new(),
            suppressions: Vec::new(),
            context: Context::default(),
        }
    }
}

impl EngineSettings {
    /// Whether too little of the person was seen at `at` for what the detector finds of them to be told.
    fn is_learning(&self, detector: &str, person: Option<&Person<'_>>, at: Timestamp) -> bool {
        let span = self.learning.get(detector).filter(|span| **span > 0);
        span.is_some_and(|span| person.is_none_or(|person| person.is_learning(at, *span)))
    }

    /// The most alerts of a detector and day that people are told of.
    fn budget(&self, detector: &str) -> u32 {
        self.budgets.get(detector).copied().unwrap_or(self.daily_alerts)
    }
}

/// The detector that finds whoever puts out the eyes that watch a tenant: what suppresses without naming it leaves it awake.
pub const SENSORS: &str = "sensor_tampering";

/// Alerts that an operator does not want to be told of, for a while and for a reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppression {
    /// Of this detector; `None` means any but [`SENSORS`], which is suppressed by its name alone.
    pub detector: Option<String>,
    /// About this; `None` means anything.
    pub entity: Option<Entity>,
    /// From this event time on.
    pub from: Timestamp,
    /// Until then, exclusive.
    pub until: Timestamp,
    /// Why, in the operator's words.
    pub reason: String,
}

/// The detectors of one tenant with their state.
pub struct Engine {
    tagger: Tagger,
    settings: EngineSettings,
    detectors: Vec<Box<dyn Detector>>,
    by_kind: HashMap<String, Vec<usize>>,
    for_all: Vec<usize>,
    people: Table<Memory>,
    door: Door,
    marks: Marks,
    episodes: Episodes,
    /// The newest event time that was seen.
    frontier: Timestamp,
    /// The minute up to which absence was looked at.
    passed: Timestamp,
}

impl Engine {
    /// Detectors without state.
    #[must_use]
    pub fn new(tagger: Tagger, settings: EngineSettings, detectors: Vec<Box<dyn Detector>>) -> Self {
        let mut for_all = Vec::new();
        let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, detector) in detectors.iter().enumerate() {
            let about = detector.about();
            if about.kinds.is_empty() {
                for_all.push(index);
            }
            for kind in about.kinds.iter() {
                kinds.entry((*kind).to_owned()).or_default().push(index);
            }
        }
        // Why merged and sorted: detectors run in one order, so that what one marks the later ones see.
        let merge = |(kind, mut indices): (String, Vec<usize>)| {
            indices.extend(&for_all);
            indices.sort_unstable();
            indices.dedup();
            (kind, indices)
        };
        let by_kind = kinds.into_iter().map(merge).collect();
        let people = Table::new(settings.people);
        Self {
            tagger,
            settings,
            detectors,
            by_kind,
            for_all,
            people,
            door: Door::default(),
            marks: Marks::default(),
            episodes: Episodes::default(),
            frontier: Timestamp::default(),
            passed: Timestamp::default(),
        }
    }

    /// Takes an entry; returns the alerts that are new or that changed, each as it is now.
    pub fn observe(&mut self, event: &Event<'_>) -> Vec<Alert> {
        let mut changed = self.reach(event.at());
        let indices = self.by_kind.get(event.kind()).unwrap_or(&self.for_all);
        let mut findings = Vec::new();
        let identity = event.tags.identity;
        let is_admitted = !event.is_typed() || identity.is_some_and(|name| self.door.admit(name));
        let person = identity.and_then(|identity| self.people.get(identity)).map(Memory::person);
        for index in indices {
            let Some(detector) = self.detectors.get_mut(*index) else { continue };
            let (marks, context) = (&self.marks, &self.settings.context);
            let world = World { person: person.as_ref(), is_admitted, marks, context };
            detector.observe(event, &world, &mut findings);
            let is_learning = !findings.is_empty()
                && self.settings.is_learning(&detector.about().id, person.as_ref(), event.at());
            for mut finding in findings.drain(..) {
                finding.is_learning |= is_learning;
                changed.push(take(
                    &mut self.episodes,
                    &mut self.marks,
                    &self.tagger,
                    &self.settings,
                    &**detector,
                    finding,
                ));
            }
        }
        if event.kind() == "s"
            && let Some(identity) = event.tags.identity
        {
            self.people.entry(identity).see(event);
        }
        changed
    }

    /// Learns that event time has reached `now`, as an entry of that time would say it.
    pub fn reach(&mut self, now: Timestamp) -> Vec<Alert> {
        self.frontier = self.frontier.max(now);
        let minute = Timestamp::from_micros(now.micros().div_euclid(MINUTE).saturating_mul(MINUTE));
        if minute <= self.passed {
            return Vec::new();
        }
        let hour = |at: Timestamp| at.micros().div_euclid(HOUR);
        // Why hourly: with alerts by the hundred thousand, to look through them at every minute is most of the work.
        let is_new_hour = hour(minute) != hour(self.passed);
        self.passed = minute;
        let mut changed = Vec::new();
        let mut findings = Vec::new();
        let (marks, context) = (&Marks::default(), &self.settings.context);
        let world = World { person: None, is_admitted: true, marks, context };
        for detector in &mut self.detectors {
            detector.pass(minute, &world, &mut findings);
            for finding in findings.drain(..) {
                changed.push(take(
                    &mut self.episodes,
                    &mut self.marks,
                    &self.tagger,
                    &self.settings,
                    &**detector,
                    finding,
                ));
            }
        }
        if is_new_hour {
            self.episodes.forget(minute);
            self.marks.forget(minute);
            self.detectors.iter_mut().for_each(|detector| detector.forget(minute));
        }
        changed
    }

    /// Takes what nobody is to be told of from now on.
    pub fn suppress(&mut self, suppressions: Vec<Suppression>) {
        self.settings.suppressions = suppressions;
    }

    /// Takes where attacks came from that people confirmed; what was taken before counts no more.
    pub fn confirm_sources(&mut self, sources: Vec<ConfirmedSource>) {
        self.marks.confirm(sources);
    }

    /// Takes the alerts that ended by `until` from `other` in place of its own: what was told is told, and what was not is not.
    pub fn recall(&mut self, other: &Self, until: Timestamp) {
        self.episodes.recall(&other.episodes, until);
    }

    /// Takes what is known of the tenant from now on.
    pub fn inform(&mut self, context: Context) {
        self.settings.context = context;
    }

    /// The newest event time that was seen.
    #[must_use]
    pub const fn frontier(&self) -> Timestamp {
        self.frontier
    }

    /// How many keys each detector had to forget for want of room since its state began; `people`, `typed_names` and
    /// `open_alerts` are the engine's own.
    pub fn evictions(&self) -> impl Iterator<Item = (&str, u64)> {
        let own = [
            ("people", self.people.evicted()),
            ("typed_names", self.door.forgotten()),
            ("open_alerts", self.episodes.evicted()),
        ];
        own.into_iter()
            .chain(self.detectors.iter().map(|detector| (&*detector.about().id, detector.evicted())))
    }

    /// The detectors, in the order in which they run.
    pub fn detectors(&self) -> impl Iterator<Item = &dyn Detector> {
        self.detectors.iter().map(|detector| &**detector)
    }
}

fn take(
    episodes: &mut Episodes,
    marks: &mut Marks,
    tagger: &Tagger,
    settings: &EngineSettings,
    detector: &dyn Detector,
    finding: Finding,
) -> Alert {
    for source in &finding.marks {
        marks.mark(*source, finding.at);
    }
    episodes.take(tagger, settings, detector.about(), finding)
}
