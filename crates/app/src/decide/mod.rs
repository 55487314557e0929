//! A sign-in to a recorded, signed-off decision.
//!
//! ask → features → assessment → decision → leaf → answer. Everything between reading the profile and committing the
//! leaf is a pure function; a failure on the way is part of the decision (`degraded`), never a reason not to answer,
//! except for the ledger: without a leaf there is no decision.

mod answer;
mod context;
mod late;
pub mod record;

use std::{sync::Arc, time::Duration};

use countersign_auth0::trigger::post_login::PostLogin;
use countersign_core::{IdKind, Level, Mode, Timestamp, Trigger, Verdict};
use countersign_policy::{Decision, Snapshot};
use countersign_privacy::Sealed;
use countersign_risk::{Assessment, Features, Profile};
use countersign_store::{Commit, Conflict, ProfileRow, StoreError, Urgency, Write};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{App, Error, Live, Tenant, leaves, subjects::PersonKey};

pub use context::circumstances;
pub(crate) use context::judge;
pub(crate) use late::Late;

/// Time in which the leaf must be on disk, at the most and within the deadline (docs/architecture.md, "One decision").
pub const LEDGER_BUDGET: Duration = Duration::from_millis(250);

/// Of the caller's deadline, what is left for the answer's way back.
const WAY_BACK: Duration = Duration::from_millis(50);

/// How long an answer may be applied, in milliseconds.
const VALID_FOR_MS: u32 = 2_000;

/// The Action that asks, by its own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionInfo {
    /// Its name, at most 64 characters.
    pub name: String,
    /// Its version, at most 64 characters.
    pub version: String,
    /// The policy it last saw; `None` when none.
    #[serde(default)]
    pub policy_etag: Option<String>,
}

/// A request for a decision, parsed and authenticated.
pub struct Ask {
    /// The signed request's id; answered once.
    pub request_id: String,
    /// The event as it came, for the record.
    pub raw_event: Box<RawValue>,
    /// The event.
    pub event: PostLogin,
    /// The Action that asks.
    pub action: ActionInfo,
    /// The caller's deadline, counted from `received`.
    pub deadline: Duration,
    /// When the request arrived, on the monotonic clock.
    pub received: Duration,
    /// Paths of the fields that the Action cut.
    pub truncated: Vec<String>,
}

/// A decision that is on disk, and its answer.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The answer's JSON, to be signed.
    pub answer: Vec<u8>,
    /// The mode that held.
    pub mode: Mode,
    /// The level; `None` when nothing was assessed.
    pub level: Option<Level>,
    /// The verdict; `None` when nothing was assessed.
    pub verdict: Option<Verdict>,
    /// Whether operators should be told at once.
    pub is_alert: bool,
    /// What went missing on the way, as codes.
    pub degraded: Vec<&'static str>,
}

/// What deciding works with, gathered before anything is computed.
struct Gathered {
    at: Timestamp,
    id: String,
    key: Arc<PersonKey>,
    snapshot: Arc<Snapshot>,
    features: Features,
    profile: Option<Profile>,
    degraded: Vec<&'static str>,
}

impl App {
    /// Decides about a post-login, records it, and answers once the record is on disk.
    ///
    /// # Errors
    /// `WrongTenant`; `Replayed` when the request's id was answered before; `LedgerUnavailable` when the leaf could not
    /// be written in time.
    pub async fn decide(&self, tenant: &Tenant, ask: Ask) -> Result<Decided, Error> {
        if ask.event.tenant.id != tenant.id {
            return Err(Error::WrongTenant);
        }
        if tenant.is_off(Trigger::PostLogin)
            || context::settings(&ask.event, &tenant.policy()).mode == Mode::Off
        {
            return Ok(answer::switched_off());
        }
        let gathered = self.gather(tenant, &ask).await?;
        let circumstances =
            circumstances(&ask.event, &tenant.keys, &gathered.key.subject, gathered.at, &gathered.id);
        let channel = circumstances.channel;
        let Gathered { snapshot, features, profile, .. } = &gathered;
        let (assessment, decision) =
            judge(snapshot, circumstances, features, profile.as_ref(), &self.model, &ask.truncated);
        let answer = answer::render(&gathered.id, &assessment, &decision, channel, &gathered.degraded)?;
        let commit = self.commit(tenant, &ask, &gathered, &assessment, &decision)?;
        let row = self.append(tenant, &ask, &gathered, commit).await?;
        self.feed.tell(|| Live { tenant: tenant.id.clone(), row });
        if decision.is_alert {
            tracing::warn!(tenant.id = %tenant.id, decision.id = %gathered.id, level = %decision.level, "a risky sign-in");
        }
        Ok(Decided {
            answer,
            mode: decision.mode,
            level: Some(decision.level),
            verdict: Some(decision.verdict),
            is_alert: decision.is_alert,
            degraded: gathered.degraded,
        })
    }

    async fn gather(&self, tenant: &Tenant, ask: &Ask) -> Result<Gathered, Error> {
        let at = self.ports.clock.now();
        let subject = tenant.keys.subject(&ask.event.user.user_id);
        let getting = self.get_key(tenant, &subject, Some(ask.ledger_deadline()));
        let key = match tokio::time::timeout(self.left(ask), getting).await {
            Ok(Ok(key)) => key,
            Ok(Err(error)) => {
                tracing::error!(tenant.id = %tenant.id, detail = error.detail(), "no key to seal a decision with");
                return Err(self.note_gap(tenant));
            }
            Err(_) => {
                tracing::error!(tenant.id = %tenant.id, "no key to seal a decision with within its budget");
                return Err(self.note_gap(tenant));
            }
        };
        let mut degraded = Vec::new();
        let profile = match self.read_profile(tenant, &key).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.id, detail = error.detail(), "a profile could not be read");
                degraded.push("history_unavailable");
                None
            }
        };
        if !ask.truncated.is_empty() {
            degraded.push("truncated");
        }
        let features = countersign_risk::extract(&ask.event, at);
        Ok(Gathered {
            at,
            id: self.make_id(IdKind::Decision)?,
            key,
            snapshot: tenant.policy(),
            features,
            profile,
            degraded,
        })
    }

    /// The person's profile; `None` when there is none.
    async fn read_profile(&self, tenant: &Tenant, key: &PersonKey) -> Result<Option<Profile>, Error> {
        let row = self.ports.store.find_profile(&tenant.id, &key.subject).await?;
        row.map(|row| Self::open_profile(tenant, key, &row)).transpose()
    }

    /// Opens a profile as stored.
    pub(crate) fn open_profile(tenant: &Tenant, key: &PersonKey, row: &ProfileRow) -> Result<Profile, Error> {
        let bytes = Sealed::open_bytes(&row.sealed, &key.key, &leaves::context(tenant, "profile"))
            .map_err(Error::internal)?;
        Profile::decode(&bytes).map_err(Error::internal)
    }

    fn commit(
        &self,
        tenant: &Tenant,
        ask: &Ask,
        gathered: &Gathered,
        assessment: &Assessment,
        decision: &Decision,
    ) -> Result<Commit, Error> {
        let body = record::body(ask, gathered, assessment, decision).map_err(Error::internal)?;
        let draft = record::draft(ask, gathered, assessment);
        let leaf = self.personal_leaf(tenant, draft, &gathered.key, &body)?;
        let row = record::row(ask, gathered, assessment, decision)?;
        Ok(Commit {
            tenant: tenant.id.clone(),
            urgency: Urgency::Decision,
            expires_at: Some(ask.ledger_deadline()),
            leaves: vec![leaf],
            writes: vec![
                Write::Request { id: ask.request_id.clone(), at: gathered.at },
                Write::Decision(row),
            ],
        })
    }

    /// What is left of the budget in which the leaf must be on disk.
    fn left(&self, ask: &Ask) -> Duration {
        ask.ledger_deadline().saturating_sub(self.ports.clock.monotonic())
    }

    /// Waits for the leaf as long as the budget lasts.
    async fn append(
        &self,
        tenant: &Tenant,
        ask: &Ask,
        gathered: &Gathered,
        commit: Commit,
    ) -> Result<countersign_store::DecisionRow, Error> {
        let row = commit.writes.iter().find_map(|write| match write {
            Write::Decision(row) => Some(row.clone()),
            _ => None,
        });
        let store = self.ports.store.clone();
        let mut committing: late::Committing = Box::pin(async move { store.commit(commit).await });
        let committed = match tokio::time::timeout(self.left(ask), &mut committing).await {
            Ok(Ok(committed)) => committed,
            Ok(Err(StoreError::Conflict(Conflict::Request))) => return Err(Error::Replayed),
            Ok(Err(error)) => {
                tracing::error!(tenant.id = %tenant.id, %error, "a decision could not be recorded");
                return Err(self.note_gap(tenant));
            }
            Err(_) => {
                tracing::error!(tenant.id = %tenant.id, "a decision could not be recorded within its budget");
                return Err(self.await_late(tenant, committing, row.map(|row| row.id)));
            }
        };
        let decision = row.ok_or_else(|| Error::internal("a commit without its decision"))?;
        Ok(countersign_store::DecisionRow {
            decision,
            leaf_index: committed.first_index,
            subject: Some(gathered.key.subject.clone()),
            standing: countersign_store::Standing::Open,
            granted: 0,
        })
    }
}

impl Ask {
    /// When the leaf must be on disk, on the monotonic clock.
    fn ledger_deadline(&self) -> Duration {
        self.received + ledger_budget(self.deadline)
    }
}

/// The time from arrival in which the leaf must be on disk.
fn ledger_budget(deadline: Duration) -> Duration {
    // Why: of the shortest deadlines the way back would take all, and nothing could be recorded in time.
    deadline.saturating_sub(WAY_BACK).max(deadline / 2).min(LEDGER_BUDGET)
}
