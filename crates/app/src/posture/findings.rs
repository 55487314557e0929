//! What is found at a tenant now: raised, cleared, and told to the ledger.

use std::collections::BTreeSet;

use countersign_core::{IdKind, Timestamp};
use countersign_ledger::leaf::Kind;
use countersign_plan::posture::Finding;
use parking_lot::Mutex;
use serde::Serialize;

use crate::{App, Error, Tenant, leaves::Draft};

/// The most findings that are kept: more say no more.
const MOST: usize = 500;

/// A finding that is so now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// When it was first seen by this process.
    pub since: Timestamp,
}

/// What is so at a tenant, as far as this process looked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct State {
    /// When it was last looked; `None` when this process never did.
    pub checked_at: Option<Timestamp>,
    /// What was found, the gravest first.
    pub findings: Vec<Standing>,
}

/// What is otherwise than at the look before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// What is new.
    pub raised: Vec<Finding>,
    /// What is gone.
    pub cleared: Vec<Finding>,
}

/// One tenant's findings.
#[derive(Default)]
pub(crate) struct Findings {
    state: Mutex<State>,
    since: Mutex<Option<Timestamp>>,
}

impl Findings {
    /// Since when it was looked; `now` at the first look.
    pub(super) fn since(&self, now: Timestamp) -> Timestamp {
        *self.since.lock().get_or_insert(now)
    }

    /// What would be otherwise, and the state after it.
    fn next(&self, mut findings: Vec<Finding>, is_whole: bool, now: Timestamp) -> (Change, State) {
        let before = self.state.lock().clone();
        if !is_whole {
            let is_new = |known: &Finding| findings.iter().all(|finding| finding.key() != known.key());
            let kept: Vec<Finding> = before
                .findings
                .iter()
                .map(|known| &known.finding)
                .filter(|known| is_new(known))
                .cloned()
                .collect();
            findings.extend(kept);
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        }
        findings.truncate(MOST);
        let keys: BTreeSet<_> = findings.iter().map(Finding::key).collect();
        let known: BTreeSet<_> = before.findings.iter().map(|standing| standing.finding.key()).collect();
        let change = Change {
            raised: findings.iter().filter(|finding| !known.contains(&finding.key())).cloned().collect(),
            cleared: before
                .findings
                .iter()
                .map(|standing| &standing.finding)
                .filter(|finding| !keys.contains(&finding.key()))
                .cloned()
                .collect(),
        };
        let since = |finding: &Finding| {
            let earlier = before.findings.iter().find(|standing| standing.finding.key() == finding.key());
            earlier.map_or(now, |standing| standing.since)
        };
        let standing = |finding: Finding| Standing { since: since(&finding), finding };
        let after =
            State { checked_at: Some(now), findings: findings.iter().cloned().map(standing).collect() };
        (change, after)
    }
}

impl App {
    /// Takes what was found now: logs what is new and what is gone, and tells the ledger, by code alone. Unless the look was
    /// whole, nothing is gone: what could not be looked at may still be so.
    ///
    /// # Errors
    /// `Unavailable`: then nothing was taken, and the next look takes it.
    pub async fn take_findings(
        &self,
        tenant: &Tenant,
        findings: Vec<Finding>,
        is_whole: bool,
    ) -> Result<Change, Error> {
        let (change, after) = tenant.findings.next(findings, is_whole, self.ports.clock.now());
        for (word, found) in [("finding_raised", &change.raised), ("finding_cleared", &change.cleared)] {
            for finding in found {
                let id = self.make_id(IdKind::Record)?;
                let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
                    .fact("change", &word)
                    .fact("code", &finding.code)
                    .fact("severity", &finding.severity);
                self.tell(tenant, draft).await?;
            }
        }
        *tenant.findings.state.lock() = after;
        for finding in &change.raised {
            let Finding { code, severity, about, text, fix } = finding;
            tracing::warn!(tenant.id = %tenant.id, code, %severity, about, text, fix, "a finding was raised");
        }
        for finding in &change.cleared {
            tracing::info!(tenant.id = %tenant.id, code = finding.code, about = finding.about, "a finding is gone");
        }
        Ok(change)
    }

    /// What is found at a tenant now.
    #[must_use]
    pub fn findings(&self, tenant: &Tenant) -> State {
        tenant.findings.state.lock().clone()
    }

    /// Forgets what was found: another process looks from now on.
    pub fn forget_findings(&self, tenant: &Tenant) {
        *tenant.findings.state.lock() = State::default();
    }
}

#[cfg(test)]
mod tests {
    use countersign_plan::posture::Severity;

    use super::*;

    fn finding(code: &'static str, about: &str) -> Finding {
        let text = String::new();
        Finding { code, severity: Severity::Warning, about: about.to_owned(), text: text.clone(), fix: text }
    }

    #[test]
    fn what_is_new_is_raised_what_is_gone_cleared_and_the_rest_keeps_its_time() {
        let findings = Findings::default();
        let at = Timestamp::from_seconds;
        let (change, after) = findings.next(vec![finding("a", "x"), finding("a", "y")], true, at(1));
        assert_eq!((change.raised.len(), change.cleared.len()), (2, 0));
        *findings.state.lock() = after;
        let mut told_otherwise = finding("a", "y");
        told_otherwise.text = "181 days".to_owned();
        let (change, after) = findings.next(vec![told_otherwise.clone(), finding("b", "x")], true, at(2));
        assert_eq!(change, Change { raised: vec![finding("b", "x")], cleared: vec![finding("a", "x")] });
        assert_eq!(after.findings[0], Standing { finding: told_otherwise, since: at(1) });
        assert_eq!(after.findings[1].since, at(2));
        assert_eq!(after.checked_at, Some(at(2)));
        let (change, after) = findings.next(vec![], false, at(3));
        assert_eq!(
            (change, after.findings.len()),
            (Change::default(), 2),
            "a look that was not whole clears nothing"
        );
    }
}
