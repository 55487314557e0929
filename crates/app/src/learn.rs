//! What a sign-in teaches its person's profile once its outcome is known.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use countersign_core::{Mode, SubjectId, Timestamp, Verdict};
use countersign_privacy::Sealed;
use countersign_risk::{
    Profile,
    learning::{self, Earlier, Event, Intervention, Situation},
};
use countersign_store::{DecisionRow, NewDecision, Standing, Write};

use crate::{App, Error, Tenant, decide::record::Record, leaves, subjects::PersonKey};

/// Turns to be had at once; people who share one wait for each other a little.
const TURNS: usize = 256;

/// Lets what is told of one person be folded one after the other: of many at once all but one would be in vain.
pub(crate) struct Turns([tokio::sync::Mutex<()>; TURNS]);

impl Turns {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| tokio::sync::Mutex::new(())))
    }

    /// Waits for the person's turn, which lasts as long as what is returned.
    pub(crate) async fn wait(&self, subject: &SubjectId) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let mut hasher = std::hash::DefaultHasher::new();
        subject.hash(&mut hasher);
        let place = usize::try_from(hasher.finish()).unwrap_or(0) % TURNS;
        match self.0.get(place) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }
}

/// A profile being folded: read once, changed by one or more outcomes, written once.
pub(crate) struct Fold {
    pub(crate) key: Arc<PersonKey>,
    version: u64,
    profile: Profile,
    writes: Vec<Write>,
}

impl Fold {
    /// Counts a failed attempt to sign in.
    pub(crate) fn fail(&mut self, at: Timestamp) {
        self.profile.failure(at);
    }

    /// Weighs a decision anew after `event`.
    pub(crate) fn weigh(&mut self, row: &DecisionRow, record: &Record, event: Event, standing: Standing) {
        let at = record.features.at;
        let granted = learning::weight(&Situation {
            below_threshold: row.decision.is_trusted,
            intervention: intervention(&row.decision),
            event,
            earlier: earlier(row.standing),
            granted_milli: row.granted,
            provisional_milli: self.profile.provisional_milli(at),
        });
        self.profile.regrant(&record.features, key_of(row), row.granted, granted);
        self.writes.push(Write::Standing {
            decision: row.decision.id.clone(),
            expected_granted: row.granted,
            standing: settled(row.standing, standing),
            granted,
        });
    }
}

/// What is known after `told` follows on `known`: a verdict yields to a verdict alone, and a failed challenge to a
/// passed one too. Else the next outcome would be weighed as if nothing had settled the matter.
const fn settled(known: Standing, told: Standing) -> Standing {
    match (known, told) {
        (_, Standing::Legitimate | Standing::Fraudulent) => told,
        (Standing::Legitimate | Standing::Fraudulent, _) => known,
        (Standing::Failed, Standing::Completed | Standing::Silent) => known,
        (_, _) => told,
    }
}

fn intervention(decision: &NewDecision) -> Intervention {
    match (decision.is_censored, decision.mode, decision.verdict) {
        (true, Mode::Enforce, Verdict::Deny) => Intervention::Denied,
        (true, _, _) => Intervention::Challenged,
        (false, _, _) => Intervention::None,
    }
}

const fn earlier(standing: Standing) -> Earlier {
    match standing {
        Standing::Failed => Earlier::ChallengeFailed,
        Standing::Legitimate | Standing::Fraudulent => Earlier::Verdict,
        Standing::Open | Standing::Completed | Standing::Passed | Standing::Silent => Earlier::Nothing,
    }
}

/// A short name of the decision within one profile: its place in the ledger.
const fn key_of(row: &DecisionRow) -> u64 {
    row.leaf_index
}

impl App {
    /// Reads a person's profile to fold into; an empty one when there is none, or none that the key opens.
    pub(crate) async fn begin_fold(&self, tenant: &Tenant, key: Arc<PersonKey>) -> Result<Fold, Error> {
        let found = self.ports.store.find_profile(&tenant.id, &key.subject).await?;
        let (version, profile) = match found {
            None => (0, Profile::default()),
            Some(row) => {
                let opened = Self::open_profile(tenant, &key, &row);
                if opened.is_err() {
                    // Why: damaged, or sealed by a key that an erasure destroyed meanwhile; learning begins anew.
                    tracing::warn!(tenant.id = %tenant.id, "a profile does not open and is begun anew");
                }
                (row.version, opened.unwrap_or_default())
            }
        };
        Ok(Fold { key, version, profile, writes: Vec::new() })
    }

    /// The writes that store a fold; they fail as `Stale` when the profile or a decision changed meanwhile.
    pub(crate) fn end_fold(&self, tenant: &Tenant, fold: Fold, at: Timestamp) -> Result<Vec<Write>, Error> {
        let Fold { key, version, profile, mut writes } = fold;
        let context = leaves::context(tenant, "profile");
        let sealed = Sealed::seal(&key.key, &context, &profile.encode(), self.ports.entropy.as_ref())
            .map_err(Error::internal)?;
        writes.push(Write::Profile {
            subject: key.subject.clone(),
            expected_version: version,
            sealed: sealed.as_bytes().to_vec(),
            at,
        });
        Ok(writes)
    }

    /// Opens a decision's record.
    pub(crate) async fn open_record(&self, tenant: &Tenant, row: &DecisionRow) -> Result<Record, Error> {
        let (_, body) = self.open_body(tenant, row.leaf_index, row.decision.id.as_str()).await?;
        serde_json::from_slice(&body).map_err(Error::internal)
    }
}
