//! Which findings belong to one alert: those of one detector about one entity, none further apart than the detector's cooldown.

use std::collections::BTreeMap;

use countersign_core::Timestamp;
use countersign_privacy::{Tag, Tagger};
use serde::{Deserialize, Serialize};

use super::{EngineSettings, MAX_EPISODE, entity_tag};
use crate::{About, Alert, AlertId, Audience, Finding, MAX_EVIDENCE};

/// Alerts that may still grow, and how many each detector raised by day.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Episodes {
    open: BTreeMap<(String, Tag), Alert>,
    raised: BTreeMap<(String, i64), u32>,
}

impl Episodes {
    /// Joins a finding to its alert, or begins one; returns the alert as it is now.
    pub(super) fn take(
        &mut self,
        tagger: &Tagger,
        settings: &EngineSettings,
        about: &About,
        finding: Finding,
    ) -> Alert {
        let key = (about.id.to_string(), entity_tag(tagger, &finding.entity));
        if let Some(alert) = self.open.get_mut(&key)
            && joins(alert, about, &finding)
        {
            grow(alert, finding);
            return alert.clone();
        }
        let audience = self.audience(settings, about, &finding);
        let alert = begin(tagger, about, finding, audience);
        // Why: an entry that comes late must not close the episode that is under way.
        if self.open.get(&key).is_none_or(|open| open.first < alert.first) {
            self.open.insert(key, alert.clone());
        }
        alert
    }

    fn audience(&mut self, settings: &EngineSettings, about: &About, finding: &Finding) -> Audience {
        if finding.is_learning {
            return Audience::Learning;
        }
        let is_suppressed = settings.suppressions.iter().any(|suppression| {
            suppression.detector.as_ref().is_none_or(|id| *id == about.id)
                && suppression.entity.as_ref().is_none_or(|entity| *entity == finding.entity)
                && (suppression.from..suppression.until).contains(&finding.at)
        });
        if is_suppressed {
            return Audience::Suppressed;
        }
        let today = self.raised.entry((about.id.to_string(), finding.at.days())).or_default();
        *today = today.saturating_add(1);
        if *today > settings.budget(&about.id) { Audience::OverBudget } else { Audience::Raised }
    }

    /// Takes what ended by `until` from `other` in place of its own.
    pub(super) fn recall(&mut self, other: &Self, until: Timestamp) {
        self.open.retain(|_, alert| alert.last > until);
        for (key, alert) in other.open.iter().filter(|(_, alert)| alert.last <= until) {
            self.open.entry(key.clone()).or_insert_with(|| alert.clone());
        }
    }

    /// Forgets what ended two days before `now`.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.open.retain(|_, alert| now.since(alert.last) < 2 * MAX_EPISODE);
        self.raised.retain(|(_, day), _| *day >= now.days() - 2);
    }
}

fn joins(alert: &Alert, about: &About, finding: &Finding) -> bool {
    let is_near =
        finding.at.since(alert.last) <= about.cooldown && alert.first.since(finding.at) <= about.cooldown;
    // Why: what was told to nobody must not swallow what somebody has to be told.
    let is_told_alike = finding.is_learning || alert.audience != Audience::Learning;
    is_near && is_told_alike && finding.at.since(alert.first) < MAX_EPISODE
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
