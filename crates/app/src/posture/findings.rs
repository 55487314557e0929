//! What is found at a tenant now: raised, cleared, and told to the ledger.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};

use countersign_core::{IdKind, Timestamp, Trigger};
use countersign_ledger::leaf::Kind;
use countersign_plan::posture::{Finding, Posture, known};
use countersign_store::{Commit, Write};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::asking::Asking;
use crate::{App, Error, Tenant, lead::Lead, leaves::Draft};

/// The most findings that are kept: more say no more.
const MOST: usize = 500;

/// A finding that is so now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// When it was first seen.
    pub since: Timestamp,
}

/// What is so at a tenant, as far as this process looked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct State {
    /// When it was last looked; `None` when this process never did.
    pub checked_at: Option<Timestamp>,
    /// Whether the tenant itself is looked at, and not our own side alone.
    pub reads_tenant: bool,
    /// When this process last read everything of the tenant that it may; `None` when it never did.
    pub tenant_read_at: Option<Timestamp>,
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

/// One look at a tenant.
pub struct Look<'a> {
    /// What was read.
    pub posture: &'a Posture,
    /// Whether there is a client that the tenant is read by.
    pub reads_tenant: bool,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// A finding on record. Its severity is that of its code in this version.
#[derive(Serialize, Deserialize)]
struct Kept {
    code: String,
    about: String,
    text: String,
    fix: String,
    since: Timestamp,
}

impl Kept {
    fn of(Standing { finding, since }: &Standing) -> Self {
        let Finding { code, severity: _, about, text, fix } = finding;
        let (about, text, fix) = (about.clone(), text.clone(), fix.clone());
        Self { code: (*code).to_owned(), about, text, fix, since: *since }
    }

    /// The finding; `None` when this version knows no such code.
    fn standing(self) -> Option<Standing> {
        let Self { code, about, text, fix, since } = self;
        let rule = known().find(|rule| rule.code == code)?;
        let finding = Finding { code: rule.code, severity: rule.severity, about, text, fix };
        Some(Standing { finding, since })
    }
}

/// One tenant's findings.
#[derive(Default)]
pub(crate) struct Findings {
    state: Mutex<State>,
    since: Mutex<Option<Timestamp>>,
    /// Whether what is on record was read.
    is_recalled: AtomicBool,
    pub(super) asking: Mutex<Asking>,
}

impl Findings {
    /// Since when it was looked; `now` at the first look.
    pub(super) fn since(&self, now: Timestamp) -> Timestamp {
        *self.since.lock().get_or_insert(now)
    }

    /// Keeps that code asked for a decision.
    pub(crate) fn asked(&self, trigger: Trigger, code: Option<&str>, at: Timestamp) {
        self.asking.lock().note(trigger, code, at);
    }

    /// What would be otherwise, and the state after it. What could not be looked at is as it was.
    fn next(&self, look: Look<'_>, now: Timestamp) -> (Change, State) {
        let before = self.state.lock().clone();
        let Look { posture, reads_tenant, mut findings } = look;
        let is_kept = |earlier: &Finding| {
            !posture.looked_at(earlier.code) && findings.iter().all(|finding| finding.key() != earlier.key())
        };
        let earlier = before.findings.iter().map(|standing| &standing.finding);
        let kept: Vec<Finding> = earlier.filter(|earlier| is_kept(earlier)).cloned().collect();
        findings.extend(kept);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
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
        let after = State {
            checked_at: Some(now),
            reads_tenant,
            tenant_read_at: if posture.is_whole() { Some(now) } else { before.tenant_read_at },
            findings: findings.iter().cloned().map(standing).collect(),
        };
        (change, after)
    }
}

impl App {
    /// Takes what was found now: logs what is new and what is gone, tells the ledger, by code alone, and keeps what stands, so
    /// that it is not new after a start. What could not be looked at may still be so, and is not gone.
    ///
    /// # Errors
    /// `Unavailable`: then nothing was taken, and the next look takes it.
    pub async fn take_findings(&self, tenant: &Tenant, lead: &Lead, look: Look<'_>) -> Result<Change, Error> {
        self.recall_findings(tenant).await?;
        let (change, after) = tenant.findings.next(look, self.ports.clock.now());
        if change != Change::default() {
            self.record_findings(tenant, lead, &change, &after).await?;
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

    /// Reads what stood when the process before ended, once.
    async fn recall_findings(&self, tenant: &Tenant) -> Result<(), Error> {
        if tenant.findings.is_recalled.load(Ordering::Relaxed) {
            return Ok(());
        }
        let kept = self.ports.store.find_findings(&tenant.id).await?;
        let kept: Vec<Kept> = match kept.as_deref().map(serde_json::from_str) {
            Some(Err(_)) => {
                tracing::error!(tenant.id = %tenant.id, "the findings on record can't be read; what stands is told again");
                Vec::new()
            }
            Some(Ok(kept)) => kept,
            None => Vec::new(),
        };
        tenant.findings.state.lock().findings = kept.into_iter().filter_map(Kept::standing).collect();
        tenant.findings.is_recalled.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn record_findings(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        change: &Change,
        after: &State,
    ) -> Result<(), Error> {
        let mut leaves = Vec::new();
        for (word, found) in [("finding_raised", &change.raised), ("finding_cleared", &change.cleared)] {
            for finding in found {
                let id = self.make_id(IdKind::Record)?;
                let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
                    .fact("change", &word)
                    .fact("code", &finding.code)
                    .fact("severity", &finding.severity);
                leaves.push(Self::public_leaf(tenant, draft)?);
            }
        }
        let kept: Vec<Kept> = after.findings.iter().map(Kept::of).collect();
        let document = serde_json::to_string(&kept).map_err(Error::internal)?;
        let writes = vec![Write::Findings { document }];
        let commit = Commit { fence: lead.fence(), leaves, writes, ..Commit::background(tenant.id.clone()) };
        self.ports.store.commit(commit).await?;
        Ok(())
    }

    /// What is found at a tenant now.
    #[must_use]
    pub fn findings(&self, tenant: &Tenant) -> State {
        tenant.findings.state.lock().clone()
    }

    /// Forgets what was found: another process looks from now on.
    pub fn forget_findings(&self, tenant: &Tenant) {
        tenant.findings.is_recalled.store(false, Ordering::Relaxed);
        *tenant.findings.state.lock() = State::default();
    }
}

#[cfg(test)]
mod tests {
    use countersign_plan::posture::{Area, Severity, Why};

    use super::*;

    fn finding(code: &'static str, about: &str) -> Finding {
        let text = String::new();
        Finding { code, severity: Severity::Warning, about: about.to_owned(), text: text.clone(), fix: text }
    }

    /// What is otherwise and what is so after a look.
    fn take(findings: &Findings, posture: &Posture, found: Vec<Finding>, seconds: i64) -> (Change, State) {
        let look = Look { posture, reads_tenant: true, findings: found };
        let (change, after) = findings.next(look, Timestamp::from_seconds(seconds));
        *findings.state.lock() = after.clone();
        (change, after)
    }

    fn whole() -> Posture {
        Posture { read: Area::ALL.to_vec(), ..Posture::default() }
    }

    #[test]
    fn what_is_new_is_raised_what_is_gone_cleared_and_the_rest_keeps_its_time() {
        let findings = Findings::default();
        let at = Timestamp::from_seconds;
        let (change, _) = take(&findings, &whole(), vec![finding("a", "x"), finding("a", "y")], 1);
        assert_eq!((change.raised.len(), change.cleared.len()), (2, 0));
        let mut told_otherwise = finding("a", "y");
        told_otherwise.text = "181 days".to_owned();
        let (change, after) = take(&findings, &whole(), vec![told_otherwise.clone(), finding("b", "x")], 2);
        assert_eq!(change, Change { raised: vec![finding("b", "x")], cleared: vec![finding("a", "x")] });
        assert_eq!(after.findings[0], Standing { finding: told_otherwise, since: at(1) });
        assert_eq!(after.findings[1].since, at(2));
        assert_eq!((after.checked_at, after.tenant_read_at), (Some(at(2)), Some(at(2))));
    }

    #[test]
    fn what_was_not_looked_at_is_not_gone_and_the_rest_is() {
        let findings = Findings::default();
        take(&findings, &whole(), vec![finding("action.edited", "x"), finding("hook.leftover", "y")], 1);
        let mut posture = whole();
        posture.unread = [(Area::Hooks, Why::NoAnswer)].into();
        let (change, after) = take(&findings, &posture, vec![], 2);
        assert_eq!(change.cleared, [finding("action.edited", "x")]);
        assert_eq!(after.findings.len(), 1);
        assert_eq!(after.tenant_read_at, Some(Timestamp::from_seconds(1)), "it was not read whole since");
        let (change, _) = take(&findings, &whole(), vec![], 3);
        assert_eq!(change.cleared, [finding("hook.leftover", "y")]);
    }

    #[test]
    fn a_scope_that_is_lost_clears_nothing() {
        let findings = Findings::default();
        let critical = ["action.edited", "action.unbound"];
        take(&findings, &whole(), critical.map(|code| finding(code, "x")).into(), 1);
        let mut posture = whole();
        posture.unread = [(Area::Actions, Why::Scope)].into();
        let (change, after) = take(&findings, &posture, vec![finding("tenant.unscoped", "actions")], 2);
        assert_eq!((change.cleared.len(), after.findings.len()), (0, 3));
        let (change, _) = take(&findings, &whole(), vec![], 3);
        assert_eq!(change.cleared.len(), 3);
    }

    #[test]
    fn a_finding_on_record_is_what_it_was_and_one_that_nobody_knows_is_none() {
        let standing =
            Standing { finding: finding("action.outdated", "x"), since: Timestamp::from_seconds(5) };
        assert_eq!(Kept::of(&standing).standing(), Some(standing.clone()));
        let unknown = Standing { finding: finding("no.such", "x"), ..standing };
        assert_eq!(Kept::of(&unknown).standing(), None);
    }
}
