//! Which findings belong to one alert: those of one detector about one entity, none further apart than the detector's cooldown.

use std::collections::BTreeMap;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::{Tag, Tagger};
use serde::{Deserialize, Serialize};

use super::EngineSettings;
use crate::{
    About, Alert, AlertId, Audience, DAY, Entity, Finding, HOUR, MAX_EVIDENCE, Severity,
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

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Open {
    alert: Alert,
    /// When nothing can join it any more.
    until: Timestamp,
}

impl Entry for Open {
    /// Why: what nobody was told of makes room first, then what is least grave.
    fn weight(&self) -> usize {
        let is_told = self.alert.audience == Audience::Raised;
        if is_told { 1 + usize::from(self.alert.severity.rank()) } else { 0 }
    }

    fn last(&self) -> Timestamp {
        self.alert.last
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
        if let Some(open) = self.open.get_mut(key)
            && joins(&open.alert, about, &finding)
            && !must_be_told_anew(&open.alert, settings, about, &finding)
        {
            grow(&mut open.alert, finding);
            open.until = until(&open.alert, about);
            return open.alert.clone();
        }
        let audience = self.audience(settings, about, &finding);
        let alert = begin(tagger, about, finding, audience);
        // Why: an entry that comes late must not close the episode that is under way.
        if self.open.get(key).is_none_or(|open| open.alert.first <= alert.first) {
            self.open.insert(key, Open { until: until(&alert, about), alert: alert.clone() });
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
        if *today > settings.daily_alerts { Audience::OverBudget } else { Audience::Raised }
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

fn until(alert: &Alert, about: &About) -> Timestamp {
    alert.last.plus(about.cooldown.min(MAX_EPISODE).saturating_add(LATE))
}

fn is_suppressed(settings: &EngineSettings, about: &About, finding: &Finding) -> bool {
    settings.suppressions.iter().any(|suppression| {
        suppression.detector.as_ref().is_none_or(|id| *id == about.id)
            && suppression.entity.as_ref().is_none_or(|entity| *entity == finding.entity)
            && (suppression.from..suppression.until).contains(&finding.at)
    })
}

fn joins(alert: &Alert, about: &About, finding: &Finding) -> bool {
    let is_near =
        finding.at.since(alert.last) <= about.cooldown && alert.first.since(finding.at) <= about.cooldown;
    is_near && finding.at.since(alert.first) < MAX_EPISODE
}

/// Why: what was told to nobody must not swallow what somebody has to be told.
fn must_be_told_anew(alert: &Alert, settings: &EngineSettings, about: &About, finding: &Finding) -> bool {
    let is_so = match alert.audience {
        Audience::Raised => false,
        Audience::Learning => true,
        Audience::Suppressed => !is_suppressed(settings, about, finding),
        Audience::OverBudget => finding.severity > alert.severity,
    };
    is_so && !finding.is_learning
}

fn begin(tagger: &Tagger, about: &About, finding: Finding, audience: Audience) -> Alert {
    Alert {
        id: AlertId::new(tagger, &about.id, about.version, &finding.entity, finding.at),
        detector: about.id.to_string(),
        version: about.version,
        entity: finding.entity,
        severity: finding.severity,
        first: finding.at,
        last: finding.at,
        findings: 1,
        evidence: finding.evidence,
        measures: finding.measures,
        audience,
    }
}

fn grow(alert: &mut Alert, finding: Finding) {
    alert.last = alert.last.max(finding.at);
    alert.findings = alert.findings.saturating_add(1);
    if finding.severity >= alert.severity {
        alert.severity = finding.severity;
        alert.measures = finding.measures;
    }
    for seq in finding.evidence {
        if !alert.evidence.contains(&seq) {
            alert.evidence.push(seq);
        }
    }
    alert.evidence.drain(..alert.evidence.len().saturating_sub(MAX_EVIDENCE));
}
