//! Which findings belong to one alert: those of one detector about one entity, none further apart than the detector's cooldown.

use std::collections::BTreeMap;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::{Tag, Tagger};
use serde::{Deserialize, Serialize};

use super::{EngineSettings, SENSORS};
use crate::{
    About, Alert, AlertId, Audience, DAY, Entity, Finding, HOUR, MAX_EVIDENCE, Measure, Seq, Severity,
    state::{Entry, Table},
};

/// How long an episode lasts at the most: an attack of a week is told once a day.
const MAX_EPISODE: Micros = DAY;

/// How much longer than its cooldown an episode stays open, for entries that come late before a replay puts them in their place.
const LATE: Micros = HOUR;

/// The most episodes that are open at once; some 50 MB of a tenant.
const MAX_OPEN: usize = 100_000;

/// Alerts that may still grow, and how many each detector raised by day.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Episodes {
    open: Table<Open>,
    raised: BTreeMap<(String, i64), u32>,
}

/// An alert that may still grow. It has no name: whom it is about the next finding says, and the key is a keyed tag.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Open {
    id: AlertId,
    severity: Severity,
    first: Timestamp,
    last: Timestamp,
    findings: u32,
    evidence: Vec<Seq>,
    measures: Vec<Measure>,
    audience: Audience,
    /// When nothing can join it any more.
    until: Timestamp,
}

impl Entry for Open {
    /// Why: what nobody was told of makes room first, then what is least grave.
    fn weight(&self) -> usize {
        if self.audience == Audience::Raised { 1 + usize::from(self.severity.rank()) } else { 0 }
    }

    fn last(&self) -> Timestamp {
        self.last
    }
}

impl Default for Episodes {
    fn default() -> Self {
        Self::new(MAX_OPEN)
    }
}

impl Episodes {
    /// None yet, and at most `most` open at once.
    pub(super) fn new(most: usize) -> Self {
        Self { open: Table::new(most), raised: BTreeMap::new() }
    }

    /// Joins a finding to its alert, or begins one; returns the alert as it is now.
    pub(super) fn take(
        &mut self,
        tagger: &Tagger,
        settings: &EngineSettings,
        about: &About,
        finding: Finding,
    ) -> Alert {
        let key = key(tagger, about, &finding.entity);
        let entity = finding.entity.clone();
        if let Some(open) = self.open.get_mut(key)
            && open.is_joined_by(about, &finding)
            && !open.must_be_told_anew(settings, about, &finding)
        {
            open.grow(about, finding);
            return open.alert(about, entity);
        }
        let audience = self.audience(settings, about, &finding);
        let open = Open::begin(tagger, about, finding, audience);
        let alert = open.alert(about, entity);
        // Why: an entry that comes late must not close the episode that is under way.
        if self.open.get(key).is_none_or(|before| before.first <= open.first) {
            self.open.insert(key, open);
        }
        alert
    }

    fn audience(&mut self, settings: &EngineSettings, about: &About, finding: &Finding) -> Audience {
        if finding.is_learning {
            return Audience::Learning;
        }
        if is_suppressed(settings, about, finding) {
            return Audience::Suppressed;
        }
        // Why only these: signals open no incident, and cheap alerts must not use up what a grave one needs.
        if finding.severity != Severity::Medium {
            return Audience::Raised;
        }
        let today = self.raised.entry((about.id.to_string(), finding.at.days())).or_default();
        *today = today.saturating_add(1);
        if *today > settings.budget(&about.id) { Audience::OverBudget } else { Audience::Raised }
    }

    /// Takes what ended by `until` from `other` in place of its own.
    pub(super) fn recall(&mut self, other: &Self, until: Timestamp) {
        self.open.retain(|_, open| open.last > until);
        for (key, open) in other.open.iter().filter(|(_, open)| open.last <= until) {
            if self.open.get(key).is_none() {
                self.open.insert(key, open.clone());
            }
        }
    }

    /// Forgets what nothing can join any more.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.open.retain(|_, open| now <= open.until);
        self.raised.retain(|(_, day), _| *day >= now.days() - 2);
    }

    /// How many episodes made room for others while something could still join them.
    pub(super) const fn evicted(&self) -> u64 {
        self.open.evicted()
    }

    /// How many are open.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}

fn key(tagger: &Tagger, about: &About, entity: &Entity) -> Tag {
    tagger.tag(&format!("episode {} {:?}", about.id, entity.kind), entity.name.as_bytes())
}

fn is_suppressed(settings: &EngineSettings, about: &About, finding: &Finding) -> bool {
    settings.suppressions.iter().any(|suppression| {
        suppression.detector.as_ref().map_or(about.id != SENSORS, |id| *id == about.id)
            && suppression.entity.as_ref().is_none_or(|entity| *entity == finding.entity)
            && (suppression.from..suppression.until).contains(&finding.at)
    })
}

fn until(last: Timestamp, about: &About) -> Timestamp {
    last.plus(about.cooldown.min(MAX_EPISODE).saturating_add(LATE))
}

impl Open {
    fn begin(tagger: &Tagger, about: &About, finding: Finding, audience: Audience) -> Self {
        Self {
            id: AlertId::new(tagger, &about.id, about.version, &finding.entity, finding.at),
            severity: finding.severity,
            first: finding.at,
            last: finding.at,
            findings: 1,
            evidence: finding.evidence,
            measures: finding.measures,
            audience,
            until: until(finding.at, about),
        }
    }

    fn alert(&self, about: &About, entity: Entity) -> Alert {
        Alert {
            id: self.id,
            detector: about.id.to_string(),
            version: about.version,
            entity,
            severity: self.severity,
            first: self.first,
            last: self.last,
            findings: self.findings,
            evidence: self.evidence.clone(),
            measures: self.measures.clone(),
            audience: self.audience,
        }
    }

    fn is_joined_by(&self, about: &About, finding: &Finding) -> bool {
        let is_near =
            finding.at.since(self.last) <= about.cooldown && self.first.since(finding.at) <= about.cooldown;
        is_near && finding.at.since(self.first) < MAX_EPISODE
    }

    /// Why: what was told to nobody must not swallow what somebody has to be told.
    fn must_be_told_anew(&self, settings: &EngineSettings, about: &About, finding: &Finding) -> bool {
        let is_so = match self.audience {
            Audience::Raised => false,
            Audience::Learning => true,
            Audience::Suppressed => !is_suppressed(settings, about, finding),
            Audience::OverBudget => finding.severity > self.severity,
        };
        is_so && !finding.is_learning
    }

    fn grow(&mut self, about: &About, finding: Finding) {
        self.last = self.last.max(finding.at);
        self.until = until(self.last, about);
        self.findings = self.findings.saturating_add(1);
        // Why both: what rested on a mark once does so whatever joins it.
        let (told, other) = if finding.severity >= self.severity {
            self.severity = finding.severity;
            (finding.measures, std::mem::take(&mut self.measures))
        } else {
            (std::mem::take(&mut self.measures), finding.measures)
        };
        self.measures = told;
        for mark in other.into_iter().filter(Measure::tells_of_mark) {
            let is_it = |known: &&mut Measure| known.name == mark.name;
            match self.measures.iter_mut().find(is_it) {
                Some(known) => *known = mark,
                None => self.measures.push(mark),
            }
        }
        for seq in finding.evidence {
            if !self.evidence.contains(&seq) {
                self.evidence.push(seq);
            }
        }
        self.evidence.drain(..self.evidence.len().saturating_sub(MAX_EVIDENCE));
    }
}
