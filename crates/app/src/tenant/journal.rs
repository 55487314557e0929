//! The journal of what was done at a tenant.

use std::collections::BTreeMap;

use countersign_core::{TenantId, Timestamp};
use countersign_plan::{Answers, Plan, Step, sha256};
use serde::{Deserialize, Serialize};

use super::Installed;

/// How many runs are kept. What older ones left is folded into one state.
const RUNS: usize = 8;

/// How far a write came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It was about to be sent.
    Intent,
    /// It was done, and seen.
    Result,
}

/// How far a step came, forwards and backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    /// Doing it.
    pub done: Option<Mark>,
    /// Undoing it.
    pub undone: Option<Mark>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It goes forwards.
    Applying,
    /// It was carried out.
    Applied,
    /// It goes backwards.
    RollingBack,
    /// It was undone.
    RolledBack,
    /// It was left as it stood, and nothing goes on with it.
    Abandoned,
}

/// One plan that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Joins what was sent for it.
    pub correlation_id: String,
    /// The plan.
    pub plan: Plan,
    /// Where it stands.
    pub state: State,
    /// How far each step came.
    pub entries: BTreeMap<String, Entry>,
    /// What is kept of the answers; never a secret.
    pub answers: Answers,
}

/// What was done at a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// The version of this form, 1.
    pub v: u8,
    /// The tenant.
    pub tenant: TenantId,
    /// What the runs left that are not kept any more; `None` where there were none. A journal of before has it not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folded: Option<Installed>,
    /// The runs, the newest last.
    pub runs: Vec<Run>,
    /// Fingerprints of the secrets that were set.
    pub fingerprints: BTreeMap<String, String>,
    /// The SHA-256 of the code that was deployed last, by step.
    pub deployed: BTreeMap<String, String>,
}

impl Journal {
    /// A journal in which nothing stands.
    #[must_use]
    pub const fn new(tenant: TenantId) -> Self {
        Self {
            v: 1,
            tenant,
            folded: None,
            runs: Vec::new(),
            fingerprints: BTreeMap::new(),
            deployed: BTreeMap::new(),
        }
    }

    /// The newest run.
    #[must_use]
    pub fn newest(&self) -> Option<&Run> {
        self.runs.last()
    }

    /// The run that did not come to its end, if there is one.
    #[must_use]
    pub fn unfinished(&self) -> Option<&Run> {
        self.newest().filter(|run| matches!(run.state, State::Applying | State::RollingBack))
    }

    /// What was installed, by every run there ever was; `None` where nothing was.
    #[must_use]
    pub fn installed(&self) -> Option<Installed> {
        let mut folded = self.folded.clone();
        for run in self.runs.iter().filter(|run| run.is_of_account()) {
            folded.get_or_insert_default().fold(run);
        }
        folded
    }

    /// Begins a run; of the oldest ones what they left is kept.
    pub fn begin(&mut self, run: Run) {
        self.runs.push(run);
        let beyond = self.runs.len().saturating_sub(RUNS);
        for old in self.runs.drain(..beyond).filter(Run::is_of_account) {
            self.folded.get_or_insert_default().fold(&old);
        }
    }

    pub(super) fn run_mut(&mut self) -> Option<&mut Run> {
        self.runs.last_mut()
    }

    /// Remembers what a step set that can't be read.
    pub(super) fn remember(&mut self, step: &Step) {
        if let Some(remember) = &step.remember {
            self.fingerprints.remove(&remember.key);
            let fingerprint = remember.fingerprint.iter().cloned();
            self.fingerprints.extend(fingerprint.map(|fingerprint| (remember.key.clone(), fingerprint)));
        }
        let code = step
            .act
            .request
            .body
            .as_ref()
            .and_then(|body| body.field("code")?.shown().as_str().map(str::to_owned));
        if let Some(code) = code {
            self.deployed.insert(step.name.clone(), sha256(code.as_bytes()));
        }
    }
}

impl Run {
    /// How far a step came.
    #[must_use]
    pub fn entry(&self, step: &str) -> Entry {
        self.entries.get(step).copied().unwrap_or_default()
    }

    /// The steps that were done.
    pub fn done(&self) -> impl Iterator<Item = &Step> {
        self.plan.steps.iter().filter(|step| self.entry(&step.name).done == Some(Mark::Result))
    }
}
